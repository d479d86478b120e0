"""What a network answered at each moment of its training: who was taken for whom, and a map of the images."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from cnn_core.insight import NEVER
from cnn_core.training import commonest_mistakes
from pages.runs import replay_words as words
from pages.runs.course import MAPPED, Course, why_no_test
from pages.runs.words import looking
from pages.ui.drawing.evaluation_charts import short_names
from pages.ui.drawing.figure import mode
from pages.ui.drawing.flipbook import CurveLine, Dots, Matrix, flipbook
from pages.ui.wording.blocks import answer, caption, what_you_see
from pages.ui.wording.numbers import count

NINE_OF_TEN = 0.9
_FPS = 4


def mistakes(course: Course) -> str | None:
    """Draw who was taken for whom. Returns the line above it; None, and why, where nobody can know.

    Raises StudentError as the network does.
    """
    if course.why_not:
        caption(course.why_not)
        return None
    with st.spinner(looking(len(course.files))):
        answers = course.answers()
    of = words.images(len(answers.labels), course.noun)
    answer(said := words.came_to_read(answers.steps, answers.accuracy, of))
    _say_no_test(course)
    places = [None if place == NEVER else answers.steps[place] for place in answers.stays_above(NINE_OF_TEN)]
    classes = course.classes
    there = [i for i in range(answers.classes) if (answers.labels == i).any()]
    st.markdown(words.order_of_classes([classes[i] for i in there], [places[i] for i in there]))
    confusion = answers.confusion
    flipbook(
        [],
        key="replay_mistakes",
        book=f"{course.key}/mistakes",
        places=_places(course),
        unit="steps of training",
        captions=[
            words.mistakes_then(right, of, _worst(counts, classes))
            for right, counts in zip(answers.accuracy, confusion, strict=True)
        ],
        curve=_curve(f"accuracy, % of {of}", answers.accuracy, course),
        start=len(answers.steps) - 1,
        fps=_FPS,
        figures=[
            Matrix(
                words.TABLE,
                classes,
                short_names(classes),
                confusion.numpy(),
                answers.accuracy_of_classes.numpy(),
                words.HEAD,
            )
        ],
    )
    what_you_see(words.WHAT_THE_TABLE_SHOWS)
    return said


def map_over_time(course: Course) -> str | None:
    """Draw where the images lay. Returns the line above it; None, and why, where nobody can know.

    Raises StudentError as the network does, and for fewer than two images.
    """
    if course.why_not:
        caption(course.why_not)
        return None
    with st.spinner(looking(len(course.files))):
        places, answers = course.places(), course.answers()
    labels = answers.labels[:MAPPED]
    wrong = ~answers.right[:, :MAPPED]
    alike = places.alike_beside(labels)
    of = words.images(len(labels), course.noun)
    answer(said := words.moved_together(places.steps, alike, of))
    _say_no_test(course)
    written = short_names(course.classes)
    signs = [written[label] for label in labels.tolist()]
    flipbook(
        [],
        key="replay_map",
        book=f"{course.key}/map",
        places=_places(course),
        unit="steps of training",
        captions=[
            words.neighbours_then(share, int(row.sum()), of) for share, row in zip(alike, wrong, strict=True)
        ],
        curve=_curve(words.NEIGHBOURS, alike, course),
        start=len(places.steps) - 1,
        fps=_FPS,
        figures=[Dots(words.MAP, signs, labels.tolist(), places.places, wrong.numpy(), mode())],
    )
    what_you_see(words.what_the_map_shows(course.classes, written))
    return said


def _say_no_test(course: Course) -> None:
    if said := why_no_test(course.network):
        caption(said)


def _places(course: Course) -> list[str]:
    return [f"step {count(step)}" for step in course.steps]


def _curve(title: str, fractions: list[float], course: Course) -> CurveLine:
    places = _places(course)
    return CurveLine(title, [100 * fraction for fraction in fractions], places[0], places[-1])


def _worst(counts: Tensor, classes: tuple[str, ...]) -> tuple[str, str, int] | None:
    """The commonest mistake of one moment.  counts: (K, K)."""
    for true, taken_for in commonest_mistakes(counts, 1):
        return classes[true], classes[taken_for], int(counts[true, taken_for])
    return None
