"""Many test images under an attack: accuracy against the size, its control, and how far half of them hold out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.insight.attack.aimed import MOST
from pages.break_it import attack_words as words
from pages.break_it.attack_chart import many_chart
from pages.break_it.attack_kinds import AIMED, sizes_of
from pages.break_it.attack_others import called
from pages.ui.drawing.figure import mode
from pages.ui.drawing.figure import show as show_figure
from pages.ui.visitor import server
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import Robustness
    from pages.ui.visitor.networks import LoadedNetwork

Line = tuple[
    str, "Robustness", "Robustness | None"
]  # a network's name, its accuracies, those under the control

IMAGES = 2_000  # test images of the curves
HALF_OF = 500  # test images of which half give way
SIZES = {
    "fgsm": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3),
    "pgd": (0.0, 0.05, 0.1, 0.2),
    "turn": (0.0, 15.0, 30.0, 45.0, 60.0, 90.0),
}
PLACES = 6  # of the sizes of the other sliders


def section(network: LoadedNetwork, others: Sequence[LoadedNetwork], kind: str) -> None:
    """Draw the section, folded until it is asked for: nothing is computed while it is closed."""
    try:
        test = server.images(network.dataset, "test")
    except StudentError:  # said above by the choice of the image
        return
    noun, images = dataset_of(network.dataset).noun, min(IMAGES, len(test))
    part = st.expander(words.many(images, noun), key="attack_many", on_change="rerun")
    if not part.open:
        return
    with part:
        try:
            _lines(network, others, kind, min(network.spec.input_shape[1:]))
        except StudentError as error:
            problem(error)


def sizes_measured(kind: str, side: int) -> tuple[float, ...]:
    """At which sizes many images are read.  side: the image's shorter side, in pixels.

    >>> sizes_measured("shift", 28)
    (0.0, 3.0, 6.0, 8.0, 11.0, 14.0)
    """
    if kind in SIZES:
        return SIZES[kind]
    sizes = sizes_of(kind, side)
    return tuple(float(sizes[round(place * (len(sizes) - 1) / (PLACES - 1))]) for place in range(PLACES))


def _lines(network: LoadedNetwork, others: Sequence[LoadedNetwork], kind: str, side: int) -> None:
    sizes, everyone = sizes_measured(kind, side), (network, *(others if kind != "pgd" else ()))
    lines = [_line(one, network.dataset, kind, sizes) for one in everyone]
    show_figure(
        many_chart(
            sizes,
            [
                (name, one.accuracy, None if by_lot is None else by_lot.accuracy)
                for name, one, by_lot in lines
            ],
            words.AXES[kind],
            mode(),
        ),
        key="attack_many_chart",
        alt=words.many_alt([(name, one) for name, one, _ in lines]),
    )
    for one, (name, measured, by_lot) in zip(everyone, lines, strict=True):
        half = _half(one, network.dataset) if kind == "fgsm" else ""
        caption(f"{words.what_is_lost(name, measured, by_lot)} {half}")
    caption(words.about_many(kind, bool(others)))


def _line(network: LoadedNetwork, dataset: str, kind: str, sizes: tuple[float, ...]) -> Line:
    measured = look(network, "robustness", IMAGES, dataset=dataset, attack=kind, sizes=sizes)
    by_lot = (
        look(network, "robustness", IMAGES, dataset=dataset, attack="signs", sizes=sizes)
        if kind in AIMED
        else None
    )
    return called(network), measured, by_lot


def _half(network: LoadedNetwork, dataset: str) -> str:
    steps = look(network, "smallest_steps", HALF_OF, dataset=dataset)
    return words.half_give_way(half_at(steps), len(steps), MOST)


def half_at(steps: Tensor) -> float | None:
    """The smallest size by which at least half of the images have given way; None where fewer do.

    steps: (N,), for each image the smallest that changes its answer; inf where none does.

    >>> import torch
    >>> half_at(torch.tensor([0.3, 0.1, 0.2])), half_at(torch.tensor([0.1, torch.inf, torch.inf]))
    (0.2, None)
    """
    middle = round(float(steps.sort().values[math.ceil(len(steps) / 2) - 1]), 6)
    return middle if math.isfinite(middle) else None
