"""The design a visitor edits, and which network they look at: kept in the session, and written into the address.

The address carries both on every page (`?net=…&design=…`), so F5, a bookmark, the Back button and a link sent to a
friend all find them again. Only a bound widget of dashboard.py keeps its place in every page's address, hence the two
text fields nobody sees. A draft is the dictionary of a ModelSpec that need not be possible: an impossible one is worth
keeping too, for it is where a student gets stuck and asks.

Three session keys go together: the draft, its link, and what the core says of it. A link is read only where one came
from outside, and a draft is checked once, however many pages and runs ask (`inspect`).

This module draws nothing that can be seen; sidebar.py does.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import NamedTuple

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, fitted, inspect_draft, links, preset_of
from cnn_core.model import Draft as Inspection
from cnn_core.model.draft_edits import DraftDict as Draft
from cnn_core.model.draft_edits import readable, well_named
from cnn_core.network_name import NetworkName
from cnn_core.settings import Settings, settings
from pages.ui.frame import streamlit_inside
from pages.ui.visitor import scene, server, who

CHOOSE = "Choose one in the sidebar (on a phone » at the top opens it)."
DESIGN = "design"  # the network that is being edited, as a value of "network"

# Keys of the session; the table of all keys is in visitor/__init__.py.
_NETWORK = "network"  # "pretrained:lesson" | "run:<id>" | "design"
_DRAFT = "design_draft"  # the design, a Draft
_LINK = "design_link"  # the same as it stands in the address; "" is the lesson's convnet
_INSPECTION = "design_inspection"  # (a draft, what the core says of it), of the draft that was asked for last
_UNDO = "design_undo"  # an _Edit for each, the latest last
_BROKEN = "design_broken_link"  # the sentence about a link that could not be followed

MOST_UNDO = 50


# ---------------------------------------------------------------- what is looked at


def looked_at() -> str:
    """The network in the sidebar: "pretrained:lesson", "run:<id>" or "design"."""
    return str(st.session_state.get(_NETWORK) or server.DEFAULT)


def look_at(network: str) -> None:
    """Look at another network from the next run on. Nothing is lost: the design stays in the address."""
    if not _may_look_at(network):
        return
    st.session_state[_NETWORK] = network
    st.session_state.pop(_BROKEN, None)


def _may_look_at(network: str) -> bool:
    if (refused := why_not_look_at(network)) is not None:
        scene.refuse(refused)
    return refused is None


def why_not_look_at(network: str) -> StudentError | None:
    """Why a teacher's scene does not let this network be looked at; what the visitor has trained it always does."""
    now = scene.bound()
    if now is None:
        return None
    try:
        now.scene.check_network(network, _is_own_run(network))
    except StudentError as error:
        return error
    return None


def _is_own_run(network: str) -> bool:
    kind, _, name = network.partition(":")
    try:
        return kind == "run" and server.store().run(name.partition(":")[0]).is_owner(who.visitor())
    except StudentError:
        return False


def draft() -> Draft:
    """The visitor's design, theirs to change. The lesson's convnet until they edit one."""
    own = st.session_state.get(_DRAFT)
    return lesson() if own is None else copy.deepcopy(own)


def lesson() -> Draft:
    """The design everybody starts from."""
    return PRESETS["lesson"].to_dict()


def for_images_of(other: Draft, preset: ModelSpec) -> Draft:
    """A preset for the images and the classes of another design; as it is, where it cannot stand on those."""
    try:
        shape, classes = tuple(other["input_shape"]), other["classes"]
        return fitted(preset, shape, classes, check_limits=False).to_dict()
    except (StudentError, KeyError, TypeError):
        return preset.to_dict()


def shown() -> Draft:
    """What the layer list shows: the design, or the design of the trained network that is being looked at.

    Raises StudentError where that network is not (any more) on this server.
    """
    if looked_at() == DESIGN:
        return draft()
    network = NetworkName.parse(looked_at(), hint=CHOOSE)
    if network.kind == "run" and network.step is None:
        return server.store().run(network.name).spec.to_dict()
    if network.kind == "pretrained" and network.name in server.PRETRAINED:
        # A card tells what was trained; without its weights (yet), the preset of that name is what it will be.
        is_here = network.name in pretrained.names()
        return (pretrained.card(network.name).spec if is_here else PRESETS[network.name]).to_dict()
    raise StudentError("There is no network of that name.", hint=CHOOSE)


def inspect(edited: Draft) -> Inspection:
    """What the core says of a draft: whether it can be built, its layers, what would mend it, and its ModelSpec.

    Checked once: as long as the draft is the same, another page, or another run of this one, is given the same answer.
    """
    latest = st.session_state.get(_INSPECTION)
    if latest is None or latest[0] != edited:
        latest = st.session_state[_INSPECTION] = (copy.deepcopy(edited), _inspected(edited))
    return latest[1]


@lru_cache(maxsize=16)
def of_a_preset(key: str, _settings: Settings) -> Inspection:
    """What the core says of a preset, once for everybody; again where the operator has set other limits."""
    return inspect_draft(PRESETS[key].to_dict())


def _inspected(edited: Draft) -> Inspection:
    # A preset as it comes is inspected once for everybody.
    key = preset_of(edited)
    if key is not None and edited == PRESETS[key].to_dict():
        return of_a_preset(key, settings())
    return inspect_draft(edited)


# ---------------------------------------------------------------- edits of the session, for callbacks


class _Edit(NamedTuple):
    """What Undo goes back to."""

    network: str
    draft: Draft
    link: str


def commit(edited: Draft) -> None:
    """Take `edited` as the design, and look at it. A trained network that was edited is itself left as it is.

    Where a teacher's scene keeps the layers, nothing happens, and it is said.
    """
    if scene.refuses("layers"):
        return
    link = "" if is_lesson(edited) else links.encode(edited)
    before = _Edit(looked_at(), draft(), st.session_state.get(_LINK, ""))
    st.session_state[_UNDO] = [*st.session_state.get(_UNDO, []), before][-MOST_UNDO:]
    _keep(edited, link)
    look_at(DESIGN)


def undo() -> None:
    """Back to before the last edit: the design, and the network that was being looked at."""
    stack = list(st.session_state.get(_UNDO, []))
    if stack and not scene.refuses("layers"):
        before = stack.pop()
        st.session_state[_UNDO] = stack
        _keep(before.draft, before.link)
        look_at(before.network)


def begin_with(link: str, network: str) -> None:
    """Take the design and the network of a teacher's scene; before `keep_in_address`. What was edited can be undone."""
    if _LINK in st.session_state:
        before = _Edit(looked_at(), draft(), st.session_state[_LINK])
        st.session_state[_UNDO] = [*st.session_state.get(_UNDO, []), before][-MOST_UNDO:]
    st.session_state[_BROKEN] = _read_design(link) or _read_network(network)


def _keep(edited: Draft, link: str) -> None:
    st.session_state[_DRAFT] = copy.deepcopy(edited)
    st.session_state[_LINK] = link


def can_undo() -> bool:
    """Whether there is an edit to take back."""
    return bool(st.session_state.get(_UNDO))


def broken_link() -> str:
    """One sentence about a link that could not be followed, until the visitor does something; else ""."""
    return st.session_state.get(_BROKEN, "")


# ---------------------------------------------------------------- the address


def keep_in_address() -> None:
    """Let session and address agree on design and network; once in each run, before anything asks for them.

    what happened                     who is right
    the page was opened               the address: the session knows nothing yet
    Back or Forward                   the address: the session still holds the later edit
    anything else, such as an edit    the session: the browser has not heard of the latest edit yet
    """
    is_address_right = _LINK not in st.session_state or streamlit_inside.went_through_history()
    if not is_address_right:
        _set_widget("design", st.session_state[_LINK])
        _set_widget("net", _network_in_address())
    link, network = _address()
    if is_address_right:
        # A complaint stays until the visitor does something; with that, the address promises only what is there.
        st.session_state[_BROKEN] = _read_design(link) or _read_network(network)
        _stay_in_the_scene()


def _stay_in_the_scene() -> None:
    """What a teacher's scene holds is not read from an address."""
    now = scene.bound()
    if now is None:
        return
    link = now.scene.state.get("design", "")
    if scene.holds("layers") and st.session_state[_LINK] != link:
        scene.refuses("layers")
        _read_design(link)
    if not _may_look_at(looked_at()):
        st.session_state[_NETWORK] = now.scene.network


def in_address() -> dict[str, str]:
    """What the address says of network and design: {"net": …, "design": …}, without what is usual."""
    said = {"net": _network_in_address(), "design": str(st.session_state.get(_LINK, ""))}
    return {name: text for name, text in said.items() if text}


def _address() -> tuple[str, str]:
    """(link, network) of the address, by two bound text fields nobody sees.

    Order matters: a design that appears together with its "net" makes two steps in the browser's history, and the one
    between them is then the network that was being looked at.
    """
    with streamlit_inside.address_container():
        link = st.text_input("design", key="design", bind="query-params") or ""
        network = st.text_input("net", key="net", bind="query-params") or ""
    return link, network


def _set_widget(key: str, text: str) -> None:
    if st.session_state.get(key) != text:
        st.session_state[key] = text


def _implied_network() -> str:
    """What is looked at where the address names no network: a link with a design in it means that design."""
    return DESIGN if st.session_state[_LINK] else server.DEFAULT


def _network_in_address() -> str:
    return "" if looked_at() == _implied_network() else looked_at()


def _read_design(link: str) -> str:
    """Take the design of a link. Returns a sentence where it cannot be read, else ""."""
    _keep(lesson(), "")
    try:
        if link:
            written = readable(links.decode(link))
            linked = well_named(
                written
            )  # an older version called a preset built by hand "Tiny convnet, changed"
            kept = link if linked is written else links.encode(linked)
            _keep(linked, "" if is_lesson(linked) else kept)
    except StudentError as error:
        st.session_state[_NETWORK] = server.DEFAULT
        return (
            f"The design in this link cannot be read: {error.message} This is the lesson’s convnet instead."
        )
    return ""


def _read_network(network: str) -> str:
    """Look at the network of that name. Returns a sentence where it is not here, else ""."""
    st.session_state[_NETWORK] = network or _implied_network()
    try:
        shown()
    except StudentError:
        st.session_state[_NETWORK] = _implied_network()
        return "The network in this link is not on this server, or not any more."
    return ""


def is_lesson(edited: Draft) -> bool:
    """Whether it is the design everybody starts from, which needs no place in the address."""
    return edited == lesson()
