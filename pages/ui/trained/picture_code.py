"""“The code of this picture”: unobtrusive beside a picture; what it holds is made when it is opened."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.export import picture_code as texts
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from pages.ui.forms.digit_input import ChosenImage

TITLE = "The code of this picture"
OURS, PYTORCH = "**With Convscope’s own code**", "**In plain PyTorch**"

# What a program needs, the program.
Written = tuple[str, str, str]


def code_of_picture(key: str, write: Callable[[], Sequence[Written]]) -> None:
    """Draw the button that opens the code.

    write: gives for each program its title, what it needs, and the program; asked only once it is open.
    """
    with st.popover(
        TITLE, icon=":material/code:", key=f"code_{key}", type="tertiary", on_change="rerun"
    ) as place:
        if place.open:
            for title, needs, code in write():
                with st.container(gap="xsmall", width=640):
                    caption(title)
                    caption(needs)
                    st.code(code, language="python", height=360)


def ours(net: texts.NetInCode, code: str) -> Written:
    """A program that calls our core."""
    return OURS, texts.NEEDS if net.stem else texts.NEEDS_DESIGN, code


def in_pytorch(code: str) -> Written:
    """A program that begins from the exported one."""
    return PYTORCH, texts.NEEDS_PROGRAM, code


def net_in_code(network: LoadedNetwork) -> texts.NetInCode:
    """Where a program finds this network, which the sidebar chose: in the file that “Save” offers for it."""
    return texts.NetInCode(network.spec, _stem(network), network.dataset)


def _stem(network: LoadedNetwork) -> str:
    if not network.trained:
        return ""
    try:
        return Trained.named(design.looked_at()).stem
    except StudentError:  # it is gone, and the lesson's is looked at instead
        return Trained.named(network.weights_key if network.kind == "pretrained" else server.DEFAULT).stem


def image_in_code(chosen: ChosenImage, dataset: str) -> texts.ImageInCode:
    """Where a program finds the image that was chosen."""
    test = server.images(dataset, "test")
    index = chosen.index if not texts.is_own(dataset) else None
    return texts.ImageInCode(index, _as_png(chosen), len(test), test.is_sample)


def _as_png(chosen: ChosenImage) -> bytes:
    from PIL import Image

    pixels = (chosen.image * 255).round().byte().numpy()
    out = io.BytesIO()
    Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()
