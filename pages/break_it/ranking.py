"""Which filter does it need most? One bar a filter, with its picture: the rise of the loss without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.break_it import words
from pages.break_it.layers import word
from pages.break_it.outcomes import pictures_of
from pages.ui.drawing.picture_rows import PictureRow, picture_rows
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures, Need

TOP, FOOT = 6, 2  # rows at the head and at the foot


def ranking(
    network: networks.LoadedNetwork, layer: str, need: Need | StudentError | None, pictures: FilterPictures
) -> None:
    """Draw it, or why there is none.

    need: None while it is not known.
    """
    one = word(network.spec, layer)
    with st.container(gap="xsmall"):
        st.markdown(words.ranking_heading(one))
        if isinstance(need, StudentError):
            caption(need.message)
        elif not network.trained:
            caption(words.UNTRAINED)
        elif need is None:
            caption(words.IN_TRAINING if networks.is_training() else words.ranking(layer, one))
        else:
            caption(words.ranked_by(need.whole, need.images, dataset_of(network.dataset).noun))
            picture_rows(
                rows_of(need, _with_others(network, layer, need, pictures)), words.ranking_alt(layer, one)
            )
            if said := words.what_ranking_says(int((need.rises < 0).sum()), one):
                caption(said)


def _with_others(
    network: networks.LoadedNetwork, layer: str, need: Need, pictures: FilterPictures
) -> dict[int, np.ndarray]:
    """{filter: its picture}, of those in the rows that have no tile too; without those that have none."""
    order = need.most_needed
    rest = [filter for filter in (*order[:TOP], *order[-FOOT:]) if filter not in pictures.filters]
    found = [pictures, pictures_of(network, layer, sorted(set(rest)))] if rest else [pictures]
    return {
        filter: image
        for some in found
        for filter, image, why in zip(some.filters, some.images.numpy(), some.why, strict=True)
        if why is None
    }


def rows_of(need: Need, images: Mapping[int, np.ndarray]) -> list[PictureRow | str]:
    """The most needed filters, how many are left out, and the least needed ones.

    images: the pictures of those that have one, (C, H, W).
    """
    order, rises = need.most_needed, need.rises.tolist()

    def row(filter: int) -> PictureRow:
        return PictureRow(str(filter), images.get(filter), rises[filter], words.rise(rises[filter]))

    if len(order) <= TOP + FOOT + 1:
        return [row(filter) for filter in order]
    between = words.others(len(order) - TOP - FOOT)
    return [*map(row, order[:TOP]), between, *map(row, order[-FOOT:])]
