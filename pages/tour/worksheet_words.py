"""The sentences around the worksheets."""

from __future__ import annotations

from pages.ui.wording.numbers import plural
from pages.ui.wording.screen_summary import summary

NUMBERS = "Which numbers"
NUMBERS_HELP = (
    "Each number draws other digits, kernels and values for the same questions. A sheet and its answers belong to one "
    "number."
)
DOWNLOAD = "Download the worksheets"
ANSWERS = "Work out the answers"
DOWNLOAD_ANSWERS = "Download the answers"
ANSWERS_TAKE = "The answers are computed with the lesson’s convnet, so they take a moment."
PREVIEW = "Preview of the worksheets"
PREVIEW_OF_ANSWERS = "Preview of the answers"
CAT = "The photo, as the network gets it"
NO_ANSWER = "it depends on the network that the student trains"


def what_they_are(sheets: int, questions: int) -> str:
    """The answer of the page.

    >>> what_they_are(5, 24)
    'For a class: **5 worksheets**, one page of A4 each, with the **24 steps** of the lesson as questions for paper.'
    """
    return (
        f"For a class: **{plural(sheets, 'worksheet')}**, one page of A4 each, with the "
        f"**{plural(questions, 'step')}** of the lesson as questions for paper."
    )


def summary_of_sheets(sheets: int, questions: int) -> str:
    """What is here, for whoever cannot see it."""
    return summary(
        "Here are worksheets to be downloaded and printed, and their answers for whoever teaches.",
        what_they_are(sheets, questions),
        "Try: choose a number, and download the sheets.",
    )


def test_image(index: int, name: str) -> str:
    """The caption of an image.  name: of its class, with its article."""
    return f"Test image no. {index}, {name}"


def kernel(name: str, rows: tuple[tuple[float, ...], ...]) -> str:
    """The caption of a kernel: its numbers.

    >>> kernel("vertical edges", ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)))
    'The kernel “vertical edges”: −1, 0, 1; −1, 0, 1; −1, 0, 1'
    """
    numbers = "; ".join(", ".join(f"{value:.2g}".replace("-", "−") for value in row) for row in rows)
    return f"The kernel “{name}”: {numbers}"
