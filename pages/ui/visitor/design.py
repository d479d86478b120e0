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
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.model import LAYER_TYPES, PRESETS, inspect_draft, links
from cnn_core.model import Draft as Inspection
from cnn_core.model.spec import MAX_LAYERS
from pages.ui.frame import streamlit_inside
from pages.ui.visitor import server

Draft = dict[str, Any]  # a ModelSpec's to_dict(), possible or not

DESIGN = "design"  # the network that is being edited, as a value of "network"

# Keys of the session; the table of all keys is in visitor/__init__.py.
_NETWORK = "network"  # "pretrained:lesson" | "run:<id>" | "design"
_DRAFT = "design_draft"  # the design, a Draft
_LINK = "design_link"  # the same as it stands in the address; "" is the lesson's convnet
_INSPECTION = "design_inspection"  # (a draft, what the core says of it), of the draft that was asked for last
_UNDO = "design_undo"  # an _Edit for each, the latest last
_BROKEN = "design_broken_link"  # the sentence about a link that could not be followed

MOST_UNDO = 50
MOST_NUMBER = 1_000_000  # of filters, units, pixels: far above what can be trained, still a number to correct


# ---------------------------------------------------------------- what is looked at


def looked_at() -> str:
    """The network in the sidebar: "pretrained:lesson", "run:<id>" or "design"."""
    return str(st.session_state.get(_NETWORK) or server.DEFAULT)


def look_at(network: str) -> None:
    """Look at another network from the next run on. Nothing is lost: the design stays in the address."""
    st.session_state[_NETWORK] = network
    st.session_state.pop(_BROKEN, None)


def draft() -> Draft:
    """The visitor's design, theirs to change. The lesson's convnet until they edit one."""
    own = st.session_state.get(_DRAFT)
    return lesson() if own is None else copy.deepcopy(own)


def lesson() -> Draft:
    """The design everybody starts from."""
    return PRESETS["lesson"].to_dict()


def shown() -> Draft:
    """What the layer list shows: the design, or the design of the trained network that is being looked at.

    Raises StudentError where that network is not (any more) on this server.
    """
    kind, _, name = looked_at().partition(":")
    if kind == "run":
        return server.store().run(name).spec.to_dict()
    if kind == "pretrained" and name in server.PRETRAINED:
        # A card tells what was trained; without its weights (yet), the preset of that name is what it will be.
        return (pretrained.card(name).spec if name in pretrained.names() else PRESETS[name]).to_dict()
    if looked_at() == DESIGN:
        return draft()
    raise StudentError("There is no network of that name.", hint="Choose one above.")


def inspect(edited: Draft) -> Inspection:
    """What the core says of a draft: whether it can be built, its layers, what would mend it, and its ModelSpec.

    Checked once: as long as the draft is the same, another page, or another run of this one, is given the same answer.
    """
    latest = st.session_state.get(_INSPECTION)
    if latest is None or latest[0] != edited:
        latest = st.session_state[_INSPECTION] = (copy.deepcopy(edited), inspect_draft(edited))
    return latest[1]


# ---------------------------------------------------------------- edits of the session, for callbacks


class _Edit(NamedTuple):
    """What Undo goes back to."""

    network: str
    draft: Draft
    link: str


def commit(edited: Draft) -> None:
    """Take `edited` as the design, and look at it. A trained network that was edited is itself left as it is."""
    link = "" if is_lesson(edited) else links.encode(edited)
    before = _Edit(looked_at(), draft(), st.session_state.get(_LINK, ""))
    st.session_state[_UNDO] = [*st.session_state.get(_UNDO, []), before][-MOST_UNDO:]
    _keep(edited, link)
    look_at(DESIGN)


def undo() -> None:
    """Back to before the last edit: the design, and the network that was being looked at."""
    stack = list(st.session_state.get(_UNDO, []))
    if stack:
        before = stack.pop()
        st.session_state[_UNDO] = stack
        _keep(before.draft, before.link)
        look_at(before.network)


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
            linked = readable(links.decode(link))
            _keep(linked, "" if is_lesson(linked) else link)
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


def readable(found: Any) -> Draft:
    """`found`, if it is a draft that the layer list can show and its widgets can correct.

    The core refuses whatever cannot be built; here only what could not even be shown is refused: a layer that
    does not exist, a text where a number belongs, hundreds of layers. Raises StudentError.
    """
    layers = found.get("layers") if isinstance(found, dict) else None
    if not isinstance(layers, list) or not 0 < len(layers) <= MAX_LAYERS:
        raise StudentError("it holds no list of layers.")
    if found.get("input_shape") != [1, 28, 28] or found.get("classes") != 10:
        raise StudentError("it is not made for digits of 28×28 pixels.")
    if not isinstance(found.get("name", ""), str) or len(found.get("name", "")) > 80:
        raise StudentError("its name is not a name.")
    for layer in layers:
        _check_layer(layer)
    return found


def _check_layer(layer: Any) -> None:
    kind = layer.get("type") if isinstance(layer, dict) else None
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        raise StudentError("one of its layers is of no known kind.")
    known = {field.name: field.default is MISSING for field in fields(LAYER_TYPES[kind])}
    if not all(name in layer for name, is_required in known.items() if is_required):
        raise StudentError("one of its layers does not say how large it is.")
    for name, value in layer.items():
        if name == "type":
            continue
        if name not in known or not _is_plain(name, value):
            raise StudentError(
                f"one of its layers has “{str(name)[:40]}” {str(value)[:40]}, which means nothing."
            )


def _is_plain(name: str, value: Any) -> bool:
    if name in ("padding", "activation"):
        return isinstance(value, str) and len(value) <= 20
    if name == "rate":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if value is None:
        return name == "strides"
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_NUMBER


# ---------------------------------------------------------------- edits of a draft: pure, each returns a new one

CALLED = {
    "conv2d": "Convolution",
    "max_pooling2d": "Max pooling",
    "average_pooling2d": "Average pooling",
    "global_average_pooling2d": "Global average pooling",
    "batch_normalization": "Batch normalisation",
    "dropout": "Dropout",
    "flatten": "Flatten",
    "dense": "Dense",
}
_NEW: dict[str, Draft] = {  # what "Add a layer" adds: a choice that usually fits
    "conv2d": {"filters": 32, "kernel_size": 3, "strides": 1, "padding": "valid", "activation": "relu"},
    "max_pooling2d": {"pool_size": 2, "strides": 2, "padding": "valid"},
    "average_pooling2d": {"pool_size": 2, "strides": 2, "padding": "valid"},
    "global_average_pooling2d": {},
    "batch_normalization": {},
    "dropout": {"rate": 0.25},
    "flatten": {},
    "dense": {"units": 64, "activation": "relu"},
}
_MAKES_A_LIST = ("flatten", "global_average_pooling2d")
_NEEDS_MAPS = ("conv2d", "max_pooling2d", "average_pooling2d")


def changed(before: Draft, index: int, **settings: Any) -> Draft:
    """The draft with other settings of one layer. Where a pool's steps were as long as the pool, they stay so."""
    after = _mine(before)
    layer = after["layers"][index]
    if "pool_size" in settings and layer.get("strides") == layer.get("pool_size"):
        layer["strides"] = settings["pool_size"]
    layer.update(settings)
    return after


def inserted(before: Draft, kind: str, selected: int | None) -> tuple[Draft, int]:
    """The draft with a new layer of that kind, and its place: after the selected one, or the nearest that makes sense.

    A convolution needs maps, so it goes no further than before the first flatten; a dense layer needs a list of
    numbers, and the last layer stays the last.
    """
    after = _mine(before)
    kinds = [layer["type"] for layer in after["layers"]]
    last = max(0, len(kinds) - 1)
    maps_end = next((i for i, other in enumerate(kinds) if other in (*_MAKES_A_LIST, "dense")), last)
    first, furthest = 0, last
    if kind in _NEEDS_MAPS:
        furthest = maps_end
    elif kind in _MAKES_A_LIST:
        first = furthest = maps_end
    elif kind == "dense":
        first = min(last, maps_end + (kinds[maps_end] in _MAKES_A_LIST if kinds else 0))
    wanted = furthest if selected is None else selected + 1
    place = min(max(wanted, first), furthest)
    after["layers"].insert(place, {"type": kind, **_NEW[kind]})
    return after, place


def removed(before: Draft, index: int) -> Draft:
    """The draft without one layer."""
    after = _mine(before)
    del after["layers"][index]
    return after


def moved(before: Draft, index: int, by: int) -> tuple[Draft, int]:
    """The draft with one layer further up (by −1) or down (+1), and its new place; the ends hold it."""
    after = _mine(before)
    place = min(max(index + by, 0), len(after["layers"]) - 1)
    after["layers"].insert(place, after["layers"].pop(index))
    return after, place


def renamed(before: Draft, name: str) -> Draft:
    """The draft under another name; an empty one changes nothing."""
    name = " ".join(name.split())[:60]
    return {**copy.deepcopy(before), "name": name} if name else copy.deepcopy(before)


def _mine(before: Draft) -> Draft:
    """A copy that is the student's own: an edited preset no longer is that preset, and its name says so."""
    after = copy.deepcopy(before)
    if after.get("name") in {preset.name for preset in PRESETS.values()}:
        after["name"] = f"{after['name']}, changed"
    return after
