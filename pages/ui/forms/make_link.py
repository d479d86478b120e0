"""A teacher makes a link: this page as it is now, what stays so, what is not there; and sees what students will see.

What makes a scene, and who may not leave it, is checked by the core (`cnn_core/classroom/scenes.py`).
"""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from cnn_core.classroom import PAGES, PARTS, Scene, parts_of
from cnn_core.classroom.scene_parts import ALWAYS_OPEN, part_of_text
from cnn_core.errors import StudentError
from cnn_core.training.spec import TrainSpec
from pages.ui.frame import address
from pages.ui.visitor import design, entering, server, who
from pages.ui.visitor import scene as scene_of
from pages.ui.wording import make_link as words
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, on_primary

_OPEN = "make_link_open"  # whether the dialog is wanted by the next run
_MADE = "make_link_made"  # (id of the scene that was made in this dialog, whether the class is in it)
_TITLE, _NOTE, _FIXED, _HIDDEN = "make_link_title", "make_link_note", "make_link_fixed", "make_link_hidden"
_PAGES, _LEAVE = "make_link_pages", "make_link_leave"
_RECIPE = "make_link_recipe"  # the recipe that is chosen on the page Train
PREVIEW_PX = 420
_ONLY = "only"  # among the pages: this one alone
_GENERAL = ("net", "layers", "train", "dream", "save", "open")


def teaches() -> bool:
    """Whether this visitor makes links: who teaches a class, and who has looked at the page for teachers."""
    visitor = who.visitor()
    if scene_of.is_preview():
        return False
    if address.page() == "teachers":
        with suppress(StudentError):  # a disk that cannot be written: then in this look alone
            server.scenes().offer(visitor)
        return True
    seat = server.classes().seat(visitor)
    return (seat is not None and seat.is_teacher) or server.scenes().is_offered(visitor)


def remember_recipe(recipe: TrainSpec | None) -> None:
    """The page Train has this recipe, or none: a link that fixes it holds its numbers."""
    st.session_state[_RECIPE] = recipe


def recipe_of_train() -> TrainSpec | None:
    """The recipe that the page Train has in this session; None before it was seen, or where it has none."""
    return st.session_state.get(_RECIPE)


def button() -> None:
    """Draw the button, for whoever teaches."""
    if teaches():
        st.button(
            words.BUTTON,
            key="make_link",
            icon=":material/theater_comedy:",
            help=words.HELP,
            width="stretch",
            on_click=_open,
        )


def _open() -> None:
    st.session_state[_OPEN] = True
    st.session_state.pop(_MADE, None)


def dialog(page: str) -> None:
    """Draw the dialog where it was asked for.  page: url_path of the page that is open. For dashboard.py."""
    if st.session_state.pop(_OPEN, False):
        st.dialog(words.BUTTON, width="large")(_dialog)(page)


def _dialog(page: str) -> None:
    caption(words.WHAT)
    left, right = st.columns(2)
    left.text_input(words.TITLE, PAGES[page], max_chars=60, key=_TITLE)
    right.text_input(words.NOTE, max_chars=300, key=_NOTE, placeholder=words.NOTE_EXAMPLE)
    parts = [*(part.name for part in parts_of(page)), *_GENERAL]
    hidden = st.session_state.get(_HIDDEN, [])
    fixed = st.session_state.get(_FIXED, [])
    left.multiselect(
        words.FIXED,
        [part for part in parts if PARTS[part].kind == "part" and part not in hidden],
        format_func=words.option,
        key=_FIXED,
        help=words.FIXED_HELP,
    )
    right.multiselect(
        words.HIDDEN,
        [part for part in parts if part not in fixed],
        format_func=words.option,
        key=_HIDDEN,
        help=words.HIDDEN_HELP,
    )
    left.multiselect(
        words.PAGES_OPEN,
        [_ONLY, *(one for one in PAGES if one not in (*ALWAYS_OPEN, "teachers", page))],
        format_func=lambda one: words.ONLY_THIS if one == _ONLY else words.page_name(one),
        key=_PAGES,
        placeholder=words.ALL_PAGES,
        help=words.PAGES_HELP,
    )
    seat = server.classes().seat(who.visitor())
    has_class = seat is not None and seat.is_teacher and seat.is_open
    if has_class:
        right.toggle(words.LEAVE, True, key=_LEAVE, help=words.LEAVE_HELP)
    made = st.session_state.get(_MADE)
    refusals.draw("make_link")
    st.button(
        on_primary(words.MAKE if made is None else words.MAKE_AGAIN),
        key="make_link_make",
        type="primary",
        on_click=_make,
        args=(page,),
    )
    if made is not None:
        _made(made[0], made[1], has_class)


def _made(scene_id: str, is_set: bool, has_class: bool) -> None:
    """Draw the link, and what it opens."""
    st.markdown(words.LINK)
    st.code(link_to(scene_id), language=None, wrap_lines=True)
    if is_set:
        st.markdown(f":green[:material/check: {words.IS_SET}]")
    elif has_class:
        st.button(words.FOR_CLASS, key="make_link_class", on_click=_set_for_class, args=(scene_id,))
    caption(f"{words.PREVIEW}:")
    preview(scene_id)


def preview(scene_id: str) -> None:
    """Draw a frame in which the scene is as a student meets it; it binds nobody."""
    st.iframe(f"{link_to(scene_id)}&{entering.PREVIEW}=on", height=PREVIEW_PX, alt=words.PREVIEW)


def link_to(scene_id: str) -> str:
    """The short link of a scene."""
    return f"{address.of_the_app()}/?{entering.SCENE}={scene_id}"


def _set_for_class(scene_id: str) -> None:
    with refusals.collect("make_link"):
        server.scenes().show_class(who.visitor(), scene_id)
        st.session_state[_MADE] = (scene_id, True)


def _make(page: str) -> None:
    fixed, hidden = st.session_state.get(_FIXED, []), st.session_state.get(_HIDDEN, [])
    others = st.session_state.get(_PAGES, [])
    with refusals.collect("make_link"):
        scene = Scene(
            title=st.session_state.get(_TITLE) or PAGES[page],
            page=page,
            state=state_of(page),
            fixed=tuple(fixed),
            hidden=tuple(hidden),
            pages=tuple({page, *others} - {_ONLY}) if others else (),
            note=st.session_state.get(_NOTE) or "",
            recipe=st.session_state.get(_RECIPE) if {"train.recipe"} & {*fixed, *hidden} else None,
            may_leave=bool(st.session_state.get(_LEAVE, True)),
        )
        st.session_state[_MADE] = (server.scenes().make(who.visitor(), scene), False)


def state_of(page: str) -> dict[str, str]:
    """What the address of this page says now, as a scene keeps it: with the network and the design."""
    said = st.query_params.to_dict()
    of_page = {name: text for name, text in said.items() if name not in ("net", "design")}
    return design.in_address() | {
        name: text for name, text in of_page.items() if text and (name == "step" or part_of_text(page, name))
    }
