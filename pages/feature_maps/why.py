"""Why this answer? Four methods side by side, each with what it can say and what it cannot; computed when opened."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.kept import kept
from pages.feature_maps import code, guessing, words
from pages.feature_maps.maps import Reading
from pages.ui.drawing.sheets import picture
from pages.ui.forms import guess
from pages.ui.wording.blocks import caption, plain

if TYPE_CHECKING:
    from cnn_core.insight import Attribution
    from pages.ui.forms.digit_input import ChosenImage
    from pages.ui.visitor.networks import LoadedNetwork


@kept(2)
def _attribution(
    weights_key: str, image_key: str, method: str, target: int, _network: LoadedNetwork, _chosen: ChosenImage
) -> Attribution:
    from cnn_core.insight import attribute

    return attribute(_network.net, _chosen.image, method=method, target=target)


def section(reading: Reading) -> None:
    """Draw the section, folded until it is asked for: nothing is computed while it is closed."""
    why = st.expander(words.WHY, key="why_open", on_change="rerun")
    if not why.open:
        return
    with why:
        target = _target(reading)
        if not guess.first(guessing.where(reading, target), guessing.look_of(reading)):
            return
        _show_where(reading, target)
        for column, method in zip(st.columns(4, gap="medium"), words.METHODS, strict=True):
            with column:
                _one(method, reading, target)
        code.of_attributions(reading, list(words.METHODS), target)


def _show_where(reading: Reading, target: int) -> None:
    network, chosen = reading.network, reading.chosen
    if guess.has_said(guessing.where(reading, target)):
        with suppress(StudentError):  # the column of occlusion says why
            found = _attribution(network.weights_key, chosen.key, "occlusion", target, network, chosen)
            guessing.show_where(reading, target, found.values.numpy())


def _target(reading: Reading) -> int:
    """Draw the choice of the class to explain."""
    best, classes = reading.best, reading.classes
    return int(
        st.selectbox(
            "Class to explain",
            list(range(len(classes))),
            index=best,
            format_func=lambda i: words.why_class(classes[i], i == best),
            key=f"why_target_{best}",
            filter_mode=None,
            width=240,
            label_visibility="collapsed",
        )
    )


def _one(name: str, reading: Reading, target: int) -> None:
    method, network, chosen = words.METHODS[name], reading.network, reading.chosen
    st.markdown(f"**{method.title}**")
    try:
        attribution = _attribution(network.weights_key, chosen.key, name, target, network, chosen)
    except StudentError as error:
        caption(plain(str(error)))
        return
    values = attribution.values.numpy()
    picture(values, f"why_{name}", alt=words.method_alt(method), px=168, scale=method.scale)
    low, high = float(values.min()), float(values.max())
    caption(
        words.method_facts(
            low,
            high,
            attribution.layer,
            attribution.completeness_error,
            attribution.places,
            method.of_colours if len(chosen.image) > 1 else "",
        )
    )
    caption(words.method_says(method))
