"""The sentences of the Feature maps page."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.feature_maps.maps import Maps, mapped_layers
from pages.ui.forms.digit_input import Chosen, article
from pages.ui.visitor import networks
from pages.ui.wording.numbers import count, number, probability


def story(shown: networks.LoadedNetwork) -> str:
    """What happens to the picture on its way through the layers, as far as this network has such layers."""
    convolutions = sum(layer.type == "conv2d" for layer in shown.spec.layers)
    first = "Strokes" if shown.dataset != "fashion_mnist" else "Edges"
    if convolutions > 2:
        return f"{first} first, then corners, then parts: fewer pixels, more questions."
    if convolutions == 2:
        return f"{first} first, then what they form: fewer pixels, more questions."
    return (
        f"{first}, asked for once everywhere."
        if convolutions
        else "All pixels at once, and no maps on the way."
    )


def verdict(
    shown: networks.LoadedNetwork, chances: list[float], chosen: Chosen, classes: tuple[str, ...]
) -> str:
    best = int(np.argmax(chances))
    said = f"The network answers **{classes[best]}**, {probability(chances[best])} sure"
    if chosen.index is None:  # no longer than one line: the pad must not move under the pen
        return f"{said}." if shown.trained else f"Untrained: {said[:1].lower()}{said[1:]}."
    if not shown.trained:
        return f"Noise, as far as anyone can tell: this network has not been trained. {said}."
    if chosen.label is not None and chosen.label != best:
        said += f", and is wrong: it is {article(classes[chosen.label])}"
    return f"{story(shown)} {said}."


def legend(maps: Maps, every: bool, what: str, watched: int) -> str:
    """What the colours and the marks of the sheets mean, of those that can be seen."""
    shown = [maps[name] for name in mapped_layers(maps, every)]
    signed = any(values.min() < 0 for values in shown)
    black = "" if all(values.min() < 0 for values in shown) else "black is zero, pale yellow the maximum"
    colours = "orange is above zero, blue below, white is zero" if signed else ""
    if signed and black:
        colours = f"where a map goes below zero, {colours}"
    return (
        f"One tile is one filter’s map of this {what}: {'; '.join(filter(None, [black, colours]))}. "
        f"0: dark for this {what}. Dashed: never fires on {count(watched)} test images."
    )


def softmax_explained(logits: np.ndarray, chances: list[float], classes: tuple[str, ...]) -> None:
    """What the ten probabilities are made of, with this image's own numbers."""
    best, second = (int(i) for i in np.argsort(logits)[::-1][:2])
    lead = float(logits[best] - logits[second])
    times = count(round(float(np.exp(min(lead, 20)))))
    st.markdown(
        f"The last layer gives one number a class, of any size: {number(float(logits[best]), 1)} for "
        f"**{classes[best]}**, {number(float(logits[second]), 1)} for {classes[second]}. **Softmax** makes "
        "probabilities of them: e to the power of each, divided by the sum of all. So a lead of "
        f"{number(lead, 1)} means e to the {number(lead, 1)}, {times} times as likely. It never says 0 or 1, "
        "and it is often surer than it should be."
    )
