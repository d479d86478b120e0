"""Where to go with an opened network: the pages that can show something of it."""

from __future__ import annotations

import streamlit as st

from cnn_core.model import ModelSpec, summarize
from cnn_core.model.layer_files import kind_named
from pages.open_network import words
from pages.ui.frame import streamlit_inside
from pages.ui.frame.shell import ROOT, entry
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import caption


def ways_on(one: Trained, told: bool) -> None:
    """Draw the links, each with what is to be seen there of this very network.

    told: whether the accuracy may be seen.
    """
    st.markdown(f"## {words.LOOK_INTO_IT}")
    for url_path, note in ways(one, told).items():
        page = entry(url_path)
        with st.container(gap=None):
            with streamlit_inside.words_in_a_line(f"from_opened_{url_path}"):
                st.page_link(ROOT / page.file, label=f":primary[{words.WAYS.get(url_path, page.question)}]")
            caption(note)


def ways(one: Trained, told: bool = True) -> dict[str, str]:
    """{address of a page: what is to be seen there}; a network without filters has no maps, pictures or dreams.

    one:  the network.
    told: whether its accuracy may be seen.
    """
    filters = filters_of(one.spec)
    notes = {}
    if filters:
        notes["feature_maps"] = words.MAPS
        notes["filters"] = words.pictures(filters)
    if one.accuracy is not None:
        notes["evaluate"] = (
            words.mistakes(one.accuracy, one.count, one.dataset) if told else words.MISTAKES_UNTOLD
        )
    if filters:
        notes["deep_dream"] = words.DREAM
    return notes | {"train": words.TRAIN_IT_ON}


def filters_of(spec: ModelSpec) -> list[int]:
    """How many filters each layer has that has any: a convolution's output channels."""
    return [row.output_shape[0] for row in summarize(spec) if kind_named(row.name).has_filters]
