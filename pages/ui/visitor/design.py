"""The design a visitor edits, and which network they look at: kept in the session, and written into the address.

The address carries both on every page (`?net=…&design=…`), so F5, a bookmark, the Back button and a link sent to a
friend all find them again. Only a bound widget of dashboard.py keeps its place in every page's address, hence the two
text fields nobody sees. A draft is the dictionary of a ModelSpec that need not be possible: an impossible one is worth
keeping too, for it is where a student gets stuck and asks.

This module draws nothing that can be seen; sidebar.py does.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, links
from cnn_core.model.draft_edits import DraftDict as Draft
from cnn_core.model.draft_edits import readable
from pages.ui.visitor import server

DESIGN = "design"  # the network that is being edited, as a value of "network"
_NETWORK = "network"  # "pretrained:lesson" | "run:<id>" | "design"; a page may set it, at any time
_LINK = "design_link"  # the design as it stands in the address; "" is the lesson's convnet
_UNDO = "design_undo"  # (network, link) before each edit, the latest last
_BROKEN = "design_broken_link"  # the sentence about a link that could not be followed

MOST_UNDO = 50


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
    link = st.session_state.get(_LINK, "")
    return links.decode(link) if link else lesson()


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


# ---------------------------------------------------------------- edits of the session, for callbacks


def commit(edited: Draft) -> None:
    """Take `edited` as the design, and look at it. A trained network that was edited is itself left as it is."""
    stack = [*st.session_state.get(_UNDO, []), (looked_at(), st.session_state.get(_LINK, ""))]
    st.session_state[_UNDO] = stack[-MOST_UNDO:]
    st.session_state[_LINK] = "" if edited == lesson() else links.encode(edited)
    look_at(DESIGN)


def undo() -> None:
    """Back to before the last edit: the design, and the network that was being looked at."""
    stack = list(st.session_state.get(_UNDO, []))
    if stack:
        network, link = stack.pop()
        st.session_state.update({_UNDO: stack, _LINK: link})
        look_at(network)


def can_undo() -> bool:
    """Whether there is an edit to take back."""
    return bool(st.session_state.get(_UNDO))


def broken_link() -> str:
    """One sentence about a link that could not be followed, until the visitor does something; else ""."""
    return st.session_state.get(_BROKEN, "")


# ---------------------------------------------------------------- the address


# Containers whose key starts so are not there for the eye; nor is the wrapper that would leave a gap.
_HIDDEN = (
    '.st-key-address, [class*="st-key-nothing"], '
    '[data-testid="stLayoutWrapper"]:has(> .st-key-address, > [class*="st-key-nothing"]) { display: none }'
)


def keep_in_address() -> None:
    """Read design and network from the address when it is the address that changed, else write them there.

    Once in each run, before anything asks for them. The address changed when the page was opened and when the
    visitor went back or forward; at any other time a difference is only a browser that has not heard of the latest
    edit yet, and it must not undo that edit.
    """
    ctx = get_script_run_ctx()
    opened = _LINK not in st.session_state
    went_back = bool(ctx and getattr(ctx, "is_history_navigation", False))
    if not (opened or went_back):
        _write("design", st.session_state[_LINK])
        _write("net", _network_in_address())
    with st.container(key="address"):
        # Streamlit has no hidden widget. Order matters: a design that appears together with its "net" makes two steps
        # in the browser's history, and the one between them is then the network that was being looked at.
        st.html(f"<style>{_HIDDEN}</style>")
        link = st.text_input("design", key="design", bind="query-params") or ""
        network = st.text_input("net", key="net", bind="query-params") or ""
    if opened or went_back:
        _read(link, network)


def _write(key: str, text: str) -> None:
    if st.session_state.get(key) != text:
        st.session_state[key] = text


def _network_in_address() -> str:
    """Left out where it says nothing new: a link with a design in it means that design."""
    implied = DESIGN if st.session_state[_LINK] else server.DEFAULT
    return "" if looked_at() == implied else looked_at()


def _read(link: str, network: str) -> None:
    # A complaint stays until the visitor does something; with that, the address no longer promises what is not there.
    st.session_state[_BROKEN] = _read_design(link) or _read_network(network)


def _read_design(link: str) -> str:
    st.session_state[_LINK] = ""
    try:
        if link and not is_lesson(readable(links.decode(link))):
            st.session_state[_LINK] = link
    except StudentError as error:
        st.session_state[_NETWORK] = server.DEFAULT
        return (
            f"The design in this link cannot be read: {error.message} This is the lesson’s convnet instead."
        )
    return ""


def _read_network(network: str) -> str:
    st.session_state[_NETWORK] = network or (DESIGN if st.session_state[_LINK] else server.DEFAULT)
    try:
        shown()
    except StudentError:
        st.session_state[_NETWORK] = DESIGN if st.session_state[_LINK] else server.DEFAULT
        return "The network in this link is not on this server, or not any more."
    return ""


def is_lesson(edited: Draft) -> bool:
    """Whether it is the design everybody starts from, which needs no place in the address."""
    return edited == lesson()
