"""The number: how much the network still reads, beside the whole and beside chance; and what broke, as pictures."""

from __future__ import annotations

import streamlit as st

from cnn_core.data.sources import dataset_of
from pages.break_it import words
from pages.break_it.outcomes import Cut
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption
from pages.ui.wording.classes import has_long_name
from pages.ui.wording.numbers import direction, percent

_ARROWS = {1: "up", 0: "off", -1: "down"}
SIDE, WIDE = 56, 84  # pixels of a broken image; the second where a class has a long name
CLASSES = 4  # of which two broken images each are shown


def number(cut: Cut, chance: tuple[float, ...] | None, out: int, judged: int, is_coming: bool) -> None:
    """Draw it.

    chance: accuracies without as many at random; None while nobody knows.
    out:    how many are out; 0 where chance is no fair comparison.
    judged: images that chance was judged on.
    is_coming: whether the cut will be judged on all test images in a moment.
    """
    with st.container(gap="xsmall"):
        _number(cut, chance, out, judged, is_coming)


def _number(cut: Cut, chance: tuple[float, ...] | None, out: int, judged: int, is_coming: bool) -> None:
    way = direction(-cut.fall)
    st.metric(
        "Accuracy now",
        percent(cut.after.accuracy),
        delta=words.difference(cut.fall) if cut.operation.layers else None,
        delta_arrow=_ARROWS[way],  # type: ignore[arg-type]
        delta_color={1: "green", 0: "gray", -1: "red"}[way],  # type: ignore[arg-type]
    )
    if cut.operation.layers:
        caption(words.compared(cut.before.accuracy, chance, out, judged))
    caption(words.judged_on(cut.images, len(cut.test), dataset_of(cut.test.name).noun, is_coming))


def broken(network: networks.LoadedNetwork, cut: Cut) -> None:
    """Draw some images that were read rightly before, two of each of the classes that lost most."""
    damage, classes = cut.damage, networks.classes_of(network)
    noun = dataset_of(network.dataset).noun
    with st.container(gap="xsmall"):
        mostly = words.mostly(damage.broken_of.tolist(), classes)
        st.markdown(words.broken_heading(len(damage.broken), noun, mostly))
        some = damage.some_broken(cut.after.labels, CLASSES)
        if len(some):
            answers, truths = cut.after.answers[some].tolist(), cut.after.labels[some].tolist()
            said = [words.wrong_answer(classes[a], classes[t]) for a, t in zip(answers, truths, strict=True)]
            sheet(
                image_sheet(cut.test.images[some].numpy() / 255),
                key="break_it_broken",
                alt=words.BROKEN_ALT,
                tile_px=WIDE if has_long_name(classes) else SIDE,
                captions=[(one, "") for one in said],
                wrong=range(len(said)),
                keeps_gap=True,
                clickable=False,
                columns=3 if has_long_name(classes) else 4,
            )
        if mended := words.mended(len(damage.mended)):
            caption(mended)
