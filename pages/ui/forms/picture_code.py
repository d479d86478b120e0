"""“The code of this picture”: an unobtrusive way to the lines that make what a page shows, in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from cnn_core.data.own.names import is_own
from cnn_core.export import picture_code
from cnn_core.export.picture_code import ImageInCode, NetInCode
from pages.ui.drawing.contact_sheet import png
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, networks, server
from pages.ui.wording.blocks import caption

TITLE = "The code of this picture"
OURS, PYTORCH = "With Convscope's core", "In plain PyTorch"


def net_in_code(network: networks.LoadedNetwork) -> NetInCode:
    """Where code finds the network that the page looks at: in the file of “Save”, or in its link."""
    stem = Trained.named(_name(network)).stem if network.trained else ""
    return NetInCode(network.spec, stem, network.dataset)


def image_in_code(chosen: ChosenImage, dataset: str) -> ImageInCode:
    """Where code finds the image that a page shows."""
    pixels = (chosen.image.numpy() * 255).round().astype(np.uint8)
    pixels = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    if chosen.index is None or is_own(dataset):  # a visitor's own images are nowhere but here
        return ImageInCode(png=png(pixels))
    test = server.images(dataset, "test")
    return ImageInCode(chosen.index, png(pixels), len(test), test.is_sample)


# {how it is written: the code}, the first of them first, and {how it is written: what lies beside the notebook}.
Programs = tuple[Mapping[str, str], Mapping[str, str]]


def code_of(key: str, write: Callable[[], Programs]) -> None:
    """Draw the way to the code, closed; it is written when somebody opens it.

    key:   tells it from another on the page.
    """
    with st.popover(
        TITLE, icon=":material/code:", type="tertiary", key=f"code_{key}", on_change="rerun"
    ) as way:
        if not way.open:
            return
        texts, needs = write()
        for tab, (how, text) in zip(st.tabs(list(texts)), texts.items(), strict=True):
            with tab:
                caption(needs[how])
                st.code(text, language="python")


def needs_of(net: NetInCode) -> dict[str, str]:
    """What has to lie beside the notebook, for each way to write it."""
    ours = picture_code.NEEDS if net.stem else picture_code.NEEDS_DESIGN
    return {OURS: ours, PYTORCH: picture_code.NEEDS_PROGRAM}


def _name(network: networks.LoadedNetwork) -> str:
    return "pretrained:lesson" if network.note and network.kind == "pretrained" else design.looked_at()
