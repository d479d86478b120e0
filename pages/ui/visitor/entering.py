"""Into a teacher's scene by its link, or because the class is shown it, and out of it again.

A scene is entered once: its page is opened in the state that the teacher chose. After that a student goes where the
scene lets them, and a reload keeps them where they are.

A preview (`?scene=…&preview=on`) shows a scene to whoever makes one, in a frame: it holds there, and binds nobody.
"""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import Bound
from cnn_core.errors import StudentError
from pages.ui.frame import address, held
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import design, scene, server, who

SCENE, PREVIEW = "scene", "preview"  # in the address
_READ = "scene_read"  # what the address was last found to say
_OPENED = "scene_opened"  # whether this run's address asks for a scene anew
_ENTERED = "scene_entered"  # id of the scene of the last run, "" for none
_RETURN = "scene_return"  # whether the visitor has asked for the scene's page
_OF_EVERY_PAGE = {SCENE, PREVIEW, "screen", "net", "design"}


def read_address() -> None:
    """Be in the scene of a link from now on; for dashboard.py, before it knows its pages."""
    text = st.query_params.get(SCENE)
    st.session_state[_OPENED] = False
    if text is None or text == st.session_state.get(_READ):
        return
    st.session_state[_READ] = text
    try:
        if PREVIEW in st.query_params:
            scene.preview(text)
        else:
            server.scenes().open(who.visitor(), text)
        st.session_state[_OPENED] = True
    except StudentError as error:
        scene.refuse(error)


def enter(page: str) -> None:
    """Put the page of a scene that is new into its state; for dashboard.py, before design and network are asked for.

    page: url_path of the page that is open.
    """
    now, before = scene.bound(), st.session_state.get(_ENTERED)
    st.session_state[_ENTERED] = "" if now is None else now.scene_id
    if now is None:
        return
    is_by_link = st.session_state.pop(_RETURN, False) or (
        st.session_state[_OPENED] and not _is_a_reload(now, page)
    )
    is_set_meanwhile = before is not None and before != now.scene_id
    if is_by_link or is_set_meanwhile:
        open_page(page)


def has_changed() -> bool:
    """Whether another scene binds the visitor than the page was drawn for, or none any more."""
    now = scene.bound()
    return _ENTERED in st.session_state and st.session_state[_ENTERED] != (
        "" if now is None else now.scene_id
    )


def _is_a_reload(now: Bound, page: str) -> bool:
    """Whether the address says where on the scene's page one was."""
    return page == now.scene.page and bool(set(st.query_params) - _OF_EVERY_PAGE)


def open_page(page: str) -> None:
    """Open the scene's page in its state; the rest of that page is as usual.

    page: url_path of the page that is open.
    """
    if (now := scene.bound()) is None:
        return
    where, state = now.scene.page, dict(now.scene.state)
    link = state.pop("design", "")
    state.pop("net", None)
    design.begin_with(link, now.scene.network)
    address.forget(where)
    scene.forget_choices(where)
    if not now.by_class:
        state[SCENE] = now.scene_id
    if scene.is_preview():
        state[PREVIEW] = "on"
    if where != page:
        turn_to(where, **state)
    if news := {name: text for name, text in state.items() if st.query_params.get(name) != text}:
        st.query_params.update(news)
    held.begin(page)


def return_to_it() -> None:
    """To the scene's page, as it was at first; for a callback."""
    st.session_state[_RETURN] = True


def leave() -> None:
    """Leave the scene; for a callback. What was made in it stays."""
    try:
        server.scenes().leave(who.visitor())
    except StudentError as error:
        scene.refuse(error)
        return
    st.session_state[_ENTERED] = ""
    if SCENE in st.query_params:
        del st.query_params[SCENE]
