"""The test set as a map: neighbours are what the last hidden layer takes for alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from cnn_core.data import ImageSet
from cnn_core.insight import map_of_images
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.evaluation_charts import scatter_of_images
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import article
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.numbers import count

MAPPED = 1_000  # test images on the map


@st.cache_data(show_spinner=False, max_entries=16)
def places_of(weights_key: str, dataset: str, size: int, method: str, _shown: Any) -> np.ndarray:
    images = server.images(dataset, "test").images[:MAPPED].float() / 255
    return map_of_images(_shown.net, images, method)


def map_view(shown: networks.LoadedNetwork, test: ImageSet, classes: tuple[str, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        method = st.segmented_control(
            "Method",
            ["pca", "t-sne"],
            format_func={"pca": "PCA", "t-sne": "t-SNE"}.get,
            default="pca",
            required=True,
            key="map_method",
            label_visibility="collapsed",
        )
        untrained = st.toggle("The same net, untrained", key="map_untrained")
    one = networks.untrained(shown.spec) if untrained else shown
    with st.spinner("Laying out the test set …"):
        places = places_of(one.weights_key, shown.dataset, len(test), str(method or "pca"), one)
    labels = test.labels[:MAPPED].tolist()
    said = one.net.predict(test.images[: len(labels)].float() / 255).argmax(1).tolist()
    left, right = st.columns([576, 292], gap="medium")
    with left:
        picked = show(
            # Before any training nearly all are wrong, and red would hide what the picture is about.
            scatter_of_images(places, labels, said if one.trained else labels, classes, mode()),
            key="test_map",
            alt="The test set on a plane, each image a figure of its class",
            on_select="rerun",
        )
        what_you_see(
            f"Each of {count(len(labels))} test images is written as its class, where the last hidden layer puts it. "
            f"{'Red ones are read wrongly. ' if one.trained else ''}Untrained, the classes lie in one heap; "
            "trained, they are apart."
        )
    with right:
        points = ((picked or {}).get("selection") or {}).get("points") or []
        chosen = [
            int(point["customdata"][0] if isinstance(point["customdata"], list) else point["customdata"])
            for point in points[:12]
        ]
        clicked = "The image you clicked" if len(chosen) == 1 else "The images you clicked"
        st.markdown(f"**{clicked}**" if chosen else "**Click a figure to see its image**")
        if chosen:
            sheet(
                contact_sheet(test.images[chosen, 0].numpy() / 255, "grey", (0.0, 1.0)),
                key="map_images",
                alt="Chosen test images",
                tile_px=84,
                columns=3,
                captions=[(f"{classes[said[i]]}", f"no. {i}, {article(classes[labels[i]])}") for i in chosen],
                wrong={k for k, i in enumerate(chosen) if said[i] != labels[i]},
                clickable=False,
            )
        hint = (
            "neighbours are kept together; distances mean nothing"
            if method == "t-sne"
            else "the two directions of most variance"
        )
        caption(f"{'t-SNE' if method == 't-sne' else 'PCA'}: {hint}.")
