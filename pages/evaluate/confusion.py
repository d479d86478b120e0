"""Who is taken for whom, and the pictures behind it."""

from __future__ import annotations

import streamlit as st

from cnn_core.model.spec import MAX_CLASSES
from cnn_core.training import class_scores, commonest_mistake, commonest_mistakes, images_in_cell
from pages.evaluate import words
from pages.evaluate.clicks import clicked_points
from pages.evaluate.exam import Exam
from pages.evaluate.images import MOST, images_with_answers
from pages.ui.drawing.evaluation_charts import confusion_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.digit_input import article
from pages.ui.frame import address
from pages.ui.wording.blocks import caption, what_you_see

Cell = tuple[int, int]  # (true class, what it was taken for)

_CELL = "evaluate_cell"  # the Cell that was clicked


def read_cell(text: str) -> Cell | None:
    """The cell that a link names: the number of a class, and of the one it was taken for.

    >>> read_cell("4.9"), read_cell("4"), read_cell("4.x")
    ((4, 9), None, None)
    """
    true, _, taken_for = text.partition(".")
    numbers = [address.whole_number(number, MAX_CLASSES) for number in (true, taken_for)]
    return None if None in numbers else (numbers[0] or 0, numbers[1] or 0)


_CLICKED = address.Part("cell", _CELL, None, read_cell, "{0[0]}.{0[1]}".format)


def confusion(exam: Exam) -> None:
    """Draw the confusion matrix, the images of one of its cells, and how each class fares."""
    worst = [_words(exam, cell) for cell in commonest_mistakes(exam.evaluation.confusion, 5)]
    if worst:
        st.markdown(words.most_often(worst))
    address.follow(_CLICKED)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        _matrix(exam, worst)
    address.tell(_CLICKED)
    with right:
        _images_of(_ask_cell(exam), exam)
    with st.expander("Class by class"):
        caption(words.CLASS_TABLE)
        st.markdown(words.class_table(exam.classes, class_scores(exam.evaluation.confusion)))


def _matrix(exam: Exam, worst: list[str]) -> None:
    """worst: the commonest mistakes, in words."""
    right = int(exam.evaluation.confusion.diagonal().sum())
    event = show(
        confusion_chart(exam.evaluation.confusion.numpy(), exam.classes, mode()),
        key="confusion",
        alt=words.confusion_alt(right, exam.evaluation.count, worst),
        on_select="rerun",
    )
    for point in clicked_points(event)[:1]:
        st.session_state[_CELL] = (int(point["y"]), int(point["x"]))
    what_you_see(words.HOW_TO_READ_CONFUSION)


def _ask_cell(exam: Exam) -> Cell:
    """Draw the choice of a cell: the one that was clicked, and the commonest mistakes."""
    clicked = _clicked_cell(exam)
    labels = {cell: _words(exam, cell) for cell in [clicked, *commonest_mistakes(exam.evaluation.confusion)]}
    cell = st.selectbox(
        "The images in one cell",
        list(labels),
        index=0,
        format_func=lambda cell: labels.get(cell, ""),
        key=f"cell_{clicked[0]}_{clicked[1]}",
        filter_mode=None,
    )
    return cell or clicked


def _clicked_cell(exam: Exam) -> Cell:
    cell = st.session_state.get(_CELL)
    # It may have been clicked on a network of more classes.
    if cell is None or max(cell) >= len(exam.classes):
        return commonest_mistake(exam.evaluation.confusion)
    return cell


def _words(exam: Exam, cell: Cell) -> str:
    true, taken_for = cell
    return words.cell_words(
        exam.classes[true], exam.classes[taken_for], int(exam.evaluation.confusion[true, taken_for])
    )


def _images_of(cell: Cell, exam: Exam) -> None:
    true, taken_for = cell
    inside = images_in_cell(exam.evaluation.probabilities, exam.test.labels, true, taken_for)
    wrong_name = None if true == taken_for else article(exam.classes[taken_for])
    st.markdown(words.in_this_cell(len(inside), article(exam.classes[true]), wrong_name, MOST))
    images_with_answers(inside, exam, "cell", columns=4)
