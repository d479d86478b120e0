"""Who is taken for whom, and the pictures behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from cnn_core.data import ImageSet
from cnn_core.training import Evaluation
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.evaluation_charts import confusion_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import article, look_at_digit
from pages.ui.frame.shell import ROOT, entry
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.numbers import count, percent, plural, probability_tile

MOST = 24  # images behind a cell, or mistakes, shown at once


_CELL = "evaluate_cell"  # (true class, what it was taken for)


def confusion(
    shown: networks.LoadedNetwork, test: ImageSet, found: Evaluation, classes: tuple[str, ...]
) -> None:
    matrix = found.confusion.numpy()
    if worst := list(worst_pairs(matrix, classes, 5).values()):
        st.markdown(f"Most often: **{worst[0]}** :gray[{''.join(f' · {pair}' for pair in worst[1:])}]")
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picked = show(
            confusion_chart(matrix, classes, mode()),
            key="confusion",
            alt="Confusion matrix: rows are what an image is, columns what it was taken for",
            on_select="rerun",
        )
        if points := ((picked or {}).get("selection") or {}).get("points"):
            st.session_state[_CELL] = (int(points[0]["y"]), int(points[0]["x"]))
        what_you_see(
            "A row is what an image really is, a column what the network took it for. The diagonal is right and left "
            "uncoloured. Click a cell to see the very images in it."
        )
    with right:
        true, taken = st.session_state.get(_CELL) or worst_cell(matrix)
        if true >= len(classes) or taken >= len(classes):
            true, taken = worst_cell(matrix)
        pairs = worst_pairs(matrix, classes)
        labels = {(true, taken): f"{classes[true]} taken for {classes[taken]}: {matrix[true, taken]}"} | pairs
        cell = st.selectbox(
            "The images in one cell",
            list(labels),
            index=0,
            format_func=lambda cell: labels.get(cell, ""),
            key=f"cell_{true}_{taken}",
            filter_mode=None,
        )
        true, taken = cell or (true, taken)
        said = found.probabilities.argmax(1)
        inside = ((test.labels == true) & (said == taken)).nonzero()[:, 0].tolist()
        words = "read rightly" if true == taken else f"taken for {article(classes[taken])}"
        st.markdown(f"**{plural(len(inside), 'image')}**: {article(classes[true])}, {words}")
        images_with_answers(inside[:MOST], test, found, classes, "cell")
    with st.expander("Class by class"):
        per_class(matrix, classes)


def worst_cell(matrix: np.ndarray) -> tuple[int, int]:
    """The commonest confusion; where there is none, the first cell of the diagonal."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    true, taken = np.unravel_index(wrong.argmax(), wrong.shape)
    return int(true), int(taken)


def worst_pairs(matrix: np.ndarray, classes: tuple[str, ...], most: int = 12) -> dict[tuple[int, int], str]:
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(wrong, axis=None)[::-1][:most]
    pairs = [tuple(int(i) for i in np.unravel_index(place, wrong.shape)) for place in order]
    return {(t, p): f"{classes[t]} taken for {classes[p]}: {wrong[t, p]}" for t, p in pairs if wrong[t, p]}


def per_class(matrix: np.ndarray, classes: tuple[str, ...]) -> None:
    right = matrix.diagonal()
    rows = ["| class | images | found (recall) | rightly called so (precision) |", "|---|---:|---:|---:|"]
    for i, name in enumerate(classes):
        of, called = int(matrix[i].sum()), int(matrix[:, i].sum())
        rows.append(
            f"| {name} | {count(of)} | {percent(right[i] / of) if of else '–'} "
            f"| {percent(right[i] / called) if called else '–'} |"
        )
    st.markdown("\n".join(rows))


def images_with_answers(
    indices: list[int],
    test: ImageSet,
    found: Evaluation,
    classes: tuple[str, ...],
    key: str,
    columns: Any = 4,
) -> None:
    """Draw test images with what was read; a click opens that image on the feature-maps page."""
    if not indices:
        caption("There is none.")
        return
    sure, said = found.probabilities[indices].max(1)
    truth = test.labels[indices]
    clicked = sheet(
        contact_sheet(test.images[indices, 0].numpy() / 255, "grey", (0.0, 1.0)),
        key=f"images_{key}",
        alt="Test images with the network’s answers",
        tile_px=56,
        columns=columns,
        labels=[f"no. {i}: open its feature maps" for i in indices],
        captions=[
            (classes[s] if s == t else f"{classes[s]}, is {article(classes[t])}", probability_tile(float(p)))
            for s, t, p in zip(said.tolist(), truth.tolist(), sure, strict=True)
        ],
        wrong={i for i, (s, t) in enumerate(zip(said, truth, strict=True)) if s != t},
        on_click=lambda place: look_at_digit(indices[place]),
    )
    caption("Click an image to see its feature maps.")
    if clicked is not None:
        st.switch_page(ROOT / entry("feature_maps").file)
