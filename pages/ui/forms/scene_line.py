"""One line above every page for whoever is in a teacher's scene: what it is, and the way out where there is one."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from pages.ui.frame import streamlit_inside
from pages.ui.visitor import entering, scene
from pages.ui.wording import scene as words
from pages.ui.wording.blocks import problem

_STYLE = """<style>
.st-key-scene_line { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding-bottom: 0.4rem;
  flex-wrap: wrap; row-gap: 0 }
.st-key-scene_line :is(p, [data-testid="stMarkdownContainer"]) { margin-bottom: 0 }
.st-key-scene_line > :first-child { flex: 1 1 16rem; min-width: 0 }
</style>"""


def scene_line() -> DeltaGenerator:
    """Draw it; nothing for whoever is in no scene. Returns the place for what is refused."""
    now = scene.bound()
    if now is None and (mine := scene.of_my_class()) is not None:
        with _line(words.of_class(mine)):
            st.button(
                words.END,
                key="scene_end",
                type="tertiary",
                icon=":material/logout:",
                on_click=scene.end_for_class,
            )
    elif now is None:
        streamlit_inside.hold_place("scene_line")
    else:
        with _line(words.line(now, scene.is_preview())):
            if now.may_leave:
                st.button(
                    words.LEAVE,
                    key="scene_leave",
                    type="tertiary",
                    icon=":material/logout:",
                    on_click=entering.leave,
                )
    return st.container(key="scene_refused")


def _line(text: str) -> DeltaGenerator:
    """Draw the words of the line, in Markdown. Returns the place for its button."""
    st.html(_STYLE)
    line = st.container(key="scene_line", horizontal=True, vertical_alignment="center")
    line.markdown(text, width="stretch")
    return line


def say_what_was_refused(place: DeltaGenerator) -> None:
    """Say it once the page has read what its address and its widgets ask for.  place: from `scene_line`."""
    if (refused := scene.take_refused()) is not None:
        with place:
            problem(refused)


def is_open(page: str) -> bool:
    """Whether the scene lets this page (its url_path) be drawn; says so where it does not, and where to go."""
    try:
        scene.check_page(page)
    except StudentError as error:
        problem(error)
        st.button(words.TO_ITS_PAGE, key="scene_page", on_click=entering.return_to_it)
        return False
    return True
