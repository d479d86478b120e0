"""What the page for teachers says around its lessons."""

from __future__ import annotations

from pages.teachers.lessons import Lesson
from pages.ui.wording.screen_summary import summary

LESSON = "Lesson"
ANSWER = (
    "**Three lessons of 15 minutes**, each with a link that opens its scene: what your students see, and what they can "
    "change."
)
LINK = "**The link for your students**"
LOOK = "See what they see"
OPEN_CLASS = "Open a class with it"
SET_FOR_CLASS = "Set it for my class"
IS_SET = "Your class is in this scene now."
WORKSHEET = "Worksheet to print"
PLAN = "15 minutes"
QUESTIONS = "Questions, and what is true"
HOW = "Say what you expect first. Then look at it on the screen, and write down what you saw."
WORKSHEETS = "Worksheets of the whole lesson"
OWN = (
    "**A scene of your own.** On any page, put everything as you want it; then press “Make a link”, at the foot of the "
    "sidebar. It is there for you since you have opened this page."
)


def plan_table(lesson: Lesson) -> str:
    """The plan as Markdown: minutes, and what is done.

    >>> from pages.teachers.lessons import LESSONS
    >>> plan_table(LESSONS["five-kernels"]).splitlines()[0]
    '| minutes | what is done |'
    """
    rows = [f"| {minutes} | {what} |" for minutes, what in lesson.plan]
    return "\n".join(["| minutes | what is done |", "|---|---|", *rows])


def summary_of(lesson: Lesson) -> str:
    """What is here, for whoever cannot see it."""
    return summary(
        "Here are three lessons for a class, each with a link, a plan, questions with their answers, and a worksheet.",
        f"Chosen: {lesson.title}. {lesson.teaches}",
        "Try: copy the link, or open a class with it.",
    )
