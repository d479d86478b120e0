"""Which changes make another digit of a digit, so that its label becomes a lie."""

from __future__ import annotations

import streamlit as st
import torch

from cnn_core.lesson import Reading, lies
from cnn_core.lesson.augment_evidence import Example, Lie
from pages.augmentation import words
from pages.augmentation.trial import Trial
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import ChosenImage, article
from pages.ui.visitor import server
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import probability_tile


def where_the_label_breaks(trial: Trial) -> None:
    """Draw a warning for each way in which these settings make wrong labels, with the network's word on examples."""
    if trial.network.dataset != "mnist" or trial.network.spec.classes != 10:
        return
    wrong_labels = lies(trial.spec, trial.label, trial.size)
    if not wrong_labels:
        return
    st.header("Where the label becomes wrong", anchor=False)
    for lie in wrong_labels:
        st.markdown(f":yellow[:material/warning:] {words.LIES[lie.kind]}")
        _examples(lie, trial)
    caption(words.RED_IS_ANOTHER)


def _examples(lie: Lie, trial: Trial) -> None:
    digits = [(example, digit) for example in lie.examples if (digit := example_digit(example, trial))]
    if not digits:
        return
    readings = [trial.read((example.change,), digit=digit) for example, digit in digits]
    sheet(
        image_sheet(torch.cat([reading.images for reading in readings]).numpy()),
        key=f"lie_{lie.kind}",
        alt=words.LIES[lie.kind],
        tile_px=84,
        columns=len(digits),
        captions=[
            _caption(example, reading, trial.classes)
            for (example, _), reading in zip(digits, readings, strict=True)
        ],
        labels=[f"{digit.title}: {words.in_full(example.change)}" for example, digit in digits],
        wrong={i for i, reading in enumerate(readings) if reading.answers[0] != digits[i][0].label},
        clickable=False,
    )


def _caption(example: Example, reading: Reading, classes: tuple[str, ...]) -> tuple[str, str]:
    read_as = f"{classes[reading.answers[0]]} · {probability_tile(reading.certainty[0])}"
    return read_as, f"{article(str(example.label))}, {words.in_short(example.change)}"


def example_digit(example: Example, trial: Trial) -> ChosenImage | None:
    """The chosen digit where it is of that class, else the first test digit that is; None where there is none."""
    if trial.label == example.label:
        return trial.digit
    test = server.images("mnist", "test")
    places = (test.labels == example.label).nonzero()
    if not len(places):
        return None
    index = int(places[0])
    return ChosenImage(
        test.images[index].float() / 255,
        f"mnist/{len(test)}/{index}",
        f"no. {index}, {article(str(example.label))}",
        example.label,
        index,
    )
