"""A picture of the visitor's own beside the test images: how familiar it is, and a limit for "I do not know".

Folded until it is asked for; then the scores of the test images are computed once per network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.sources import dataset_of
from cnn_core.insight import Familiarity, familiarity, last_activation, refusals_at, share_below
from pages.ui.drawing.evaluation_charts import energy_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.visitor import server
from pages.ui.wording import none_of_these as words
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from torch import Tensor

    from pages.ui.visitor.networks import LoadedNetwork

COMPARED = 2_000  # test images beside which the picture is put
PASSED = 0.95  # of the test images pass the limit that the slider begins with


def section(network: LoadedNetwork, image: Tensor, place: str) -> None:
    """Draw the section; nothing is computed while it is closed.

    image: (1, H, W) in [0, 1], of the visitor's own.
    place: the page, for the keys of the widgets.
    """
    box = st.expander(words.TITLE, key=f"none_open_{place}", on_change="rerun")
    if box.open:
        with box:
            _inside(network, image, place)


def _inside(network: LoadedNetwork, image: Tensor, place: str) -> None:
    own = familiarity(network.net, image[None])
    largest, energy = own.largest.item(), own.energy.item()
    st.markdown(words.no_none(network.spec.classes, last_activation(network.spec)))
    if server.why_no_images(network.dataset) is not None:
        st.markdown(words.nothing_beside(largest, energy))
        return
    known: Familiarity = look(network, "familiarity", COMPARED)
    noun = dataset_of(network.dataset).noun
    higher = share_below(-known.energy, -energy)
    st.markdown(words.this_picture(largest, energy, share_below(known.largest, largest), higher, noun))
    threshold = _ask_threshold(known, energy, f"none_limit_{place}_{network.weights_key}")
    show(
        energy_chart(known.energy.tolist(), energy, threshold, mode()),
        key=f"none_chart_{place}",
        alt=f"The energies of the test {noun}, and that of your picture",
    )
    st.markdown(words.at_threshold(threshold, energy, refusals_at(known, threshold), noun))
    what_you_see(words.what_you_see(len(known.energy), noun))
    caption(words.honest(dataset_of(network.dataset).of_strokes))


def _ask_threshold(known: Familiarity, energy: float, key: str) -> float:
    """Draw the slider: from the lowest to the highest energy of the test images, or of the picture."""
    low = round(min(float(known.energy.min()), energy), 1) - 0.1
    high = round(max(float(known.energy.max()), energy), 1) + 0.1
    before = st.session_state.get(key)
    if before is not None:  # another drawing has other ends
        low, high = min(low, before), max(high, before)
    start = round(float(known.energy.quantile(PASSED)), 1)
    return float(
        st.slider(
            words.THRESHOLD,
            low,
            high,
            min(max(start, low), high),
            0.1,
            key=key,
            help=words.HELP,
            format="%.1f",
        )
    )
