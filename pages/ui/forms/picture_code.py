"""“The code of this picture”: an unobtrusive way to the lines that make what a page shows, in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnn_core.data.own.names import is_own
from cnn_core.export import picture_code
from cnn_core.export.picture_code import ImageInCode, NetInCode
from pages.ui.drawing.contact_sheet import png
from pages.ui.forms.code_box import Program, folded, of_the_notebook
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, networks, server

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


def code_of(key: str, write: Callable[[], Sequence[Program]], step: str = "") -> None:
    """Draw the way to the code of a picture, closed.

    key:   tells it from another on the page.
    write: the programs that make this very picture.
    step:  of the lesson, whose lines of the notebook stand beside them; "" where the lesson has none.
    """
    folded(TITLE, key, lambda: [*write(), *(of_the_notebook(step) if step else [])])


def with_our_core(text: str, net: NetInCode) -> Program:
    """A program that calls our core."""
    return Program.of(OURS, text, needs_of(net))


def in_pytorch(text: str) -> Program:
    """A program in plain PyTorch."""
    return Program.of(PYTORCH, text, picture_code.NEEDS_PROGRAM)


def needs_of(net: NetInCode) -> str:
    """What has to lie beside a notebook that calls our core."""
    return picture_code.NEEDS if net.stem else picture_code.NEEDS_DESIGN


def _name(network: networks.LoadedNetwork) -> str:
    return "pretrained:lesson" if network.note and network.kind == "pretrained" else design.looked_at()
