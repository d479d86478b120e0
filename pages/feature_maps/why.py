"""Why this answer? Four methods side by side, each with what it can say and what it cannot. LoadedNetwork on demand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.errors import StudentError
from pages.ui.drawing.sheets import picture
from pages.ui.wording.blocks import caption, plain
from pages.ui.wording.numbers import number

if TYPE_CHECKING:
    from pages.ui.forms.digit_input import Chosen
    from pages.ui.visitor.networks import LoadedNetwork

# For each method: its name, its scale, what it says, what it cannot say.
METHODS: dict[str, tuple[str, str, str, str]] = {
    "saliency": (
        "Saliency",
        "activation",
        "Where a tiny change of a pixel would change the score most.",
        "It is a slope at one point: a pixel that matters a lot can be flat there, and noise looks important.",
    ),
    "integrated_gradients": (
        "Integrated gradients",
        "signed",
        "Orange pixels raise the score above that of an empty picture, blue ones lower it; together they add up to it.",
        "“Empty” means black here. Black pixels are the baseline, so they can never count, even where a gap matters.",
    ),
    "occlusion": (
        "Occlusion",
        "signed",
        "How much the score falls (orange) when a 4×4 patch is painted black.",
        "Only patches alone: where two strokes could stand in for each other, neither seems to matter.",
    ),
    "grad_cam": (
        "Grad-CAM",
        "activation",
        "Which region the maps of one layer speak for the answer.",
        "It is as coarse as those maps, and shows only what speaks for the class, never what speaks against it.",
    ),
}


@st.cache_data(show_spinner=False, max_entries=64)
def _attribution(
    weights_key: str, image_key: str, method: str, target: int, _shown: LoadedNetwork, _chosen: Chosen
) -> tuple[np.ndarray, float | None, str | None]:
    from cnn_core.insight import attribute

    found = attribute(_shown.net, _chosen.image, method=method, target=target)
    return found.values.numpy(), found.completeness_error, found.layer


def section(shown: LoadedNetwork, chosen: Chosen, classes: tuple[str, ...]) -> None:
    """Draw the section, folded until it is asked for: nothing is computed while it is closed."""
    why = st.expander(
        "Why this answer? Four ways to ask which pixels count", key="why_open", on_change="rerun"
    )
    if not why.open:
        return
    with why:
        best = int(shown.net.predict(chosen.image[None])[0].argmax())
        target = st.selectbox(
            "Class to explain",
            list(range(len(classes))),
            index=best,
            format_func=lambda i: f"Why {classes[i]}?" + (" (its answer)" if i == best else ""),
            key=f"why_target_{best}",
            filter_mode=None,
            width=240,
            label_visibility="collapsed",
        )
        for column, method in zip(st.columns(4, gap="medium"), METHODS, strict=True):
            with column:
                _one(method, shown, chosen, int(target))


def _one(method: str, shown: LoadedNetwork, chosen: Chosen, target: int) -> None:
    title, scale, says, cannot = METHODS[method]
    st.markdown(f"**{title}**")
    try:
        values, error, layer = _attribution(shown.weights_key, chosen.key, method, target, shown, chosen)
    except StudentError as refused:
        caption(plain(str(refused)))
        return
    picture(values, f"why_{method}", alt=f"{title}: how much each pixel counts", px=168, scale=scale)
    facts = f"{short(float(values.min()))} to {short(float(values.max()))}"
    if layer:
        facts += f" · at {layer}"
    if error is not None:
        facts += f" · adds up to the score but for {short(error)}"
    caption(facts)
    caption(f"{says} **But:** {cannot[0].lower()}{cannot[1:]}")


def short(value: float) -> str:
    """A number in two figures, however small it is: the scores of an untrained net differ by thousandths.

    >>> short(1.3412), short(-0.00213), short(0.0), short(3.2e-7), short(12.6)
    ('1.3', '−0.0021', '0', '0.00000032', '13')
    """
    if value == 0 or not math.isfinite(value):
        return "0"
    return number(value, max(0, min(8, 1 - math.floor(math.log10(abs(value))))))
