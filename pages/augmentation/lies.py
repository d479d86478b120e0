"""Which changes make another digit of a digit, so that its label becomes a lie."""

from __future__ import annotations

import streamlit as st
import torch

from cnn_core.lesson import lies
from cnn_core.lesson.augment_evidence import Example
from pages.augmentation.reading import Asked
from pages.augmentation.words import LIES, in_full, told_short
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import Chosen, article
from pages.ui.visitor import server
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import probability_tile


def where_the_label_breaks(asked: Asked) -> None:
    """Draw a warning for each way in which these settings make wrong labels, with the network's word on examples."""
    if asked.shown.dataset != "mnist" or asked.shown.spec.classes != 10:
        return
    found = lies(asked.spec, asked.label)
    if not found:
        return
    st.markdown("### Where the label becomes a lie")
    for lie in found:
        st.markdown(f":yellow[:material/warning:] {LIES[lie.kind]}")
        pictures = [(example, one) for example in lie.examples if (one := example_digit(example, asked))]
        read = [asked.read((example.change,), chosen=one) for example, one in pictures]
        if not read:
            continue
        answers = [reading.answers[0] for reading in read]
        sheet(
            contact_sheet(torch.cat([reading.images for reading in read])[:, 0].numpy(), "grey", (0.0, 1.0)),
            key=f"lie_{lie.kind}",
            alt=LIES[lie.kind],
            tile_px=84,
            columns=len(read),
            captions=[
                (
                    f"{asked.classes[reading.answers[0]]} · {probability_tile(reading.certainty[0])}",
                    f"{article(str(example.label))}, {told_short(example.change)}",
                )
                for (example, _), reading in zip(pictures, read, strict=True)
            ],
            labels=[f"{one.title}: {in_full(example.change)}" for example, one in pictures],
            wrong={
                i
                for i, (said, (example, _)) in enumerate(zip(answers, pictures, strict=True))
                if said != example.label
            },
            clickable=False,
        )
    caption(
        "Red: this network reads another digit than the label says. Trained on such pictures, it is told it is wrong."
    )


def example_digit(example: Example, asked: Asked) -> Chosen | None:
    """The chosen digit where it is of that class, else the first test digit that is."""
    if asked.label == example.label:
        return asked.chosen
    test = server.images("mnist", "test")
    places = (test.labels == example.label).nonzero()
    if not len(places):
        return None
    index = int(places[0])
    return Chosen(
        test.images[index].float() / 255,
        f"mnist/{len(test)}/{index}",
        f"no. {index}, {article(str(example.label))}",
        example.label,
        index,
    )
