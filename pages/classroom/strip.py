"""The line on every page for whoever sits in a class: which class, who one is, and a question that waits.

Above the page's title, in the page's own flow: it covers nothing. On a wall it is not shown.
"""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import Seat, asks
from pages.classroom import place, words
from pages.classroom.live import live
from pages.ui.frame.screens import is_on_wall
from pages.ui.frame.shell import ROOT, entry
from pages.ui.visitor import entering, server, who

PAGE, VIEW = "classroom", "class_view"  # its url_path, and the key of the choice among its views
_STYLE = """<style>
.st-key-class_strip { gap: 0.25rem 1rem; margin-bottom: -0.75rem; font-size: 0.9375rem }
.st-key-class_strip :is(p, [data-testid="stMarkdownContainer"]) { font-size: 0.9375rem; margin: 0 }
.st-key-class_strip [data-testid="stMarkdownContainer"] > p { overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap }
.st-key-class_strip > :first-child { min-width: 0; flex: 0 1 auto }
.st-key-class_strip a[data-testid="stPageLink-NavLink"] { padding: 0 0.25rem; margin: 0 }
.st-key-class_strip a p { text-decoration: underline; text-underline-offset: 3px }
.st-key-class_asks a[data-testid="stPageLink-NavLink"] { padding: 0.2rem 0.75rem; border-radius: 6px;
  border: 1px solid color-mix(in srgb, currentColor 40%, transparent); color: inherit }
.st-key-class_asks a p { text-decoration: none; font-weight: 600 }
@media (max-width: 768px) { .st-key-class_strip { margin-bottom: 0 } }
</style>"""


def seat() -> Seat | None:
    """Where the visitor sits; for dashboard.py. Costs the look for one file."""
    return server.classes().seat(who.visitor())


def in_bar(sits: Seat | None) -> frozenset[str]:
    """What stands in the top bar beside the pages that everybody has there."""
    return frozenset({PAGE}) if sits is not None and sits.is_open else frozenset()


def draw(sits: Seat | None, page: str) -> None:
    """Draw the line; for who sits in no class, nothing.  page: url_path of the page that is open.  For dashboard.py.

    Of a class that has ended the page Class alone speaks.
    """
    if sits is None or not (sits.is_open or page == PAGE):
        return
    place.sits_in(sits)
    st.html(_STYLE)
    classes, class_id = server.classes(), sits.classroom.id
    live(lambda: _line(sits, page), lambda: classes.shown_stamp(class_id), ("shown", class_id))


def _line(before: Seat, page: str) -> None:
    """before: the seat when the page was drawn."""
    if entering.has_changed():
        st.rerun()  # the teacher has set a scene for all, or ended it
    sits = seat()
    if page == PAGE and _kind(sits) != _kind(before):
        st.rerun()  # it has ended, or is gone: the page says so
    if sits is None or is_on_wall() or not (sits.is_open or page == PAGE):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="class_strip"):
        st.markdown(words.line(sits), width="content")
        if page != PAGE:
            _link(words.TO_THE_CLASS, "board")
        # A link that names the view is read after this line is drawn.
        is_there = page == PAGE and st.session_state.get(VIEW, st.query_params.get("view")) == "questions"
        if (question := question_for(sits)) and not is_there:
            with st.container(key="class_asks", width="content"):
                _link(words.asks(question), "questions", icon=":material/help:")


def _kind(sits: Seat | None) -> tuple[str, bool, bool, bool] | None:
    """What the page depends on."""
    if sits is None:
        return None
    return (sits.classroom.id, sits.is_open, sits.is_teacher, sits.member is not None)


def _link(label: str, view: str, icon: str | None = None) -> None:
    st.page_link(
        ROOT / entry(PAGE).file, label=label, icon=icon, width="content", query_params={"view": view}
    )


def question_for(sits: Seat) -> str:
    """The question that waits for this student's answer, in its own words; "" where none does."""
    asked = asks.waiting(sits.classroom)
    if sits.member is None or not asked:
        return ""
    answers = server.classes().kept_of(who.visitor(), asks.TOPIC)
    return "" if asks.now_of(sits.classroom) in answers else asked
