"""What do I take away? A student's record of the lesson, to print or hand in; and worksheets for a class."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from pages.tour.take_away import record, worksheets
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell

require_shell()

VIEWS = {"record": ("My record", record), "worksheets": ("Worksheets for a class", worksheets)}
VIEW = address.one_of("view", "take_away_view", {view: view for view in VIEWS}, "record")


def ask() -> str:
    """Which of the two views: a key of VIEWS. A link can name it."""
    return choice.in_address(VIEW, "View", {view: name for view, (name, _) in VIEWS.items()})


def page(summary: DeltaGenerator) -> None:
    """One of the two views.  summary: the place for it."""
    _, draw = VIEWS[ask()]
    draw(summary)


page(page_head("tour"))
