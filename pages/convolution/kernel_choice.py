"""Which kernel is laid on which image, and how it moves: the widgets of the strip, and what is made of their values."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from math import isqrt

import streamlit as st
import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.kept import kept
from cnn_core.lesson import (
    NAMED_KERNELS,
    Sweep,
    checked_kernel,
    for_channels,
    named_kernel,
    ring,
    small_cat,
    sweep,
)
from cnn_core.lesson.convolution import Padding
from cnn_core.model.layer_files import kind_named
from pages.convolution.choices import digit_number, test_digit
from pages.ui.forms.choice import one_of
from pages.ui.frame import address
from pages.ui.visitor import networks, scene, server
from pages.ui.wording import refusals
from pages.ui.wording.terms import help_of

MINE, LEARNT = "my own", "learnt by the network"
KERNELS = [*NAMED_KERNELS, LEARNT, MINE]
PADDINGS: list[Padding] = ["valid", "same"]
IMAGES = ["test digit", "ring, 8×8", "cat, grey", "cat, in colour"]
SWEEP = "convolution_sweep"  # the key of the component
_EDIT = "convolution_edit"  # the visitor's own kernel, (channels, k, k) as lists
_KERNEL = "convolution_kernel"  # one of KERNELS
MOST_LEARNT = 511
MOST_TEXT = 1_200  # characters of a kernel in an address: 7×7 numbers for each of three colours


@dataclass(frozen=True)
class KernelChoice:
    """What the widgets say, in plain values."""

    image: str  # one of IMAGES
    digit: int  # which test digit
    kernel: str  # one of KERNELS
    size: int  # of a kernel that has a name, pixels per side
    learnt: int  # which of the network's own kernels
    padding: Padding
    stride: int
    dilation: int
    relu: bool

    @property
    def geometry(self) -> str:
        """Changes when the image or the way over it does; the kernel's size comes on top."""
        return f"{self.image}/{self.digit}/{self.padding}/{self.stride}/{self.dilation}"

    def sweep(self) -> tuple[str, Sweep]:
        """What the image shows, in a word or two, and the kernel's way over it. StudentError where it does not fit."""
        title, image = image_of(self.image, self.digit)
        kernel = kernel_of(self.kernel, self.size, len(image), self.learnt)
        what = (image.numpy().tobytes(), tuple(image.shape), kernel.numpy().tobytes(), tuple(kernel.shape))
        return title, swept(what, self.stride, self.padding, self.dilation, image, kernel)


@kept(8)
def swept(
    what: tuple[Hashable, ...], stride: int, padding: Padding, dilation: int, _image: Tensor, _kernel: Tensor
) -> Sweep:
    """The kernel's way over the image, computed once for all who look at it.  what: the numbers of both."""
    return sweep(_image, _kernel, stride, padding, dilation)


# ---------------------------------------------------------------- what is chosen


def image_of(kind: str, digit: int) -> tuple[str, Tensor]:
    """What is swept over: its name, and (C, H, W) in [0, 1].  kind: one of IMAGES."""
    if kind == "ring, 8×8":
        return "ring", ring()
    if kind.startswith("cat"):
        return "cat", small_cat(color=kind == "cat, in colour")
    digits = server.images()
    return f"a {digits.classes[int(digits.labels[digit])]}", digits.images[digit].float() / 255


def kernel_of(name: str, size: int, channels: int, learnt: int) -> Tensor:
    """The kernel to lay on an image of so many channels, (channels, k, k).

    name:   one of KERNELS.
    size:   pixels per side, of one that has a name; 3, 5 or 7.
    learnt: number of a kernel of the network in the sidebar; counted on from the first where it has fewer.
    Raises StudentError where that network has no kernels.
    """
    if name == LEARNT:
        return for_channels(_learnt_kernel(learnt)[None], channels)
    own = st.session_state.get(_EDIT) if name == MINE else None
    if own is not None:
        return for_channels(torch.tensor(own), channels)
    return for_channels(named_kernel("vertical edges" if name == MINE else name, size)[None], channels)


def _learnt_kernel(number: int) -> Tensor:
    kernels = first_kernels()
    if kernels is None:
        raise StudentError(
            "This network does not begin with a convolution, so it has no kernel to show.",
            hint="Choose the lesson’s convnet in the sidebar.",
        )
    return kernels[number % len(kernels), 0].detach()


def first_kernels() -> Tensor | None:
    """The first layer's kernels of the network in the sidebar, (filters, 1, k, k); None if it has none."""
    network = networks.current()
    first = network.spec.layer_names[0]
    if not kind_named(first).has_filters or network.spec.input_shape[0] != 1:
        return None
    weights = network.net.get_parameter(f"{first}.conv.weight")
    return weights if weights.shape[-1] <= 7 else None


def adopt_edit() -> None:
    """A cell was changed in the browser: check it, and from now on the kernel is the visitor's own. A callback."""
    if scene.refuses("convolution.kernel"):
        return
    edit = st.session_state[SWEEP].get("edit")
    grids = edit.get("kernel") if isinstance(edit, dict) else None
    with refusals.collect("kernel"):
        kernel = checked_kernel(grids, channels=3 if isinstance(grids, list) and len(grids) == 3 else 1)
        st.session_state[_EDIT] = kernel.tolist()
        st.session_state[_KERNEL] = MINE


# ---------------------------------------------------------------- in the address

_NAMES = {name.replace(" ", "-"): name for name in NAMED_KERNELS} | {"learnt": LEARNT}
_OLD_NAMES = {f"kernel: {name}": name for name in KERNELS}


def read_kernel(text: str) -> str | None:
    """One of KERNELS that a link means: a name, or the numbers of one of the visitor's own, which are then kept.

    text: "blur", "learnt", or k·k numbers row by row: "1_0_-1_2_0_-2_1_0_-1"; for an image in colour 3·k·k of them.
    """
    if text in _NAMES or text in _OLD_NAMES:
        return (_NAMES | _OLD_NAMES)[text]
    grids = numbers_of(text)
    if grids is None:
        return None
    st.session_state[_EDIT] = grids
    return MINE


def numbers_of(text: str) -> list[list[list[float]]] | None:
    """The kernel (channels, k, k) whose numbers a link spells; None where they make none.

    >>> numbers_of("1_0_-1_2")
    [[[1.0, 0.0], [-1.0, 2.0]]]
    >>> numbers_of("1_0_x_2"), numbers_of("1_0")
    (None, None)
    """
    try:
        numbers = [float(number) for number in text[:MOST_TEXT].split("_")]
    except ValueError:
        return None
    for channels in (1, 3):
        size = isqrt(len(numbers) // channels)
        if channels * size**2 == len(numbers):
            grids = torch.tensor(numbers, dtype=torch.float64).reshape(channels, size, size).tolist()
            with suppress(StudentError):
                kernel: list[list[list[float]]] = checked_kernel(grids, channels=channels).tolist()
                return kernel
    return None


def written_kernel(name: str) -> str:
    """What a link says of one of KERNELS; of the visitor's own its numbers, four digits of each."""
    if name != MINE:
        return next(text for text, known in _NAMES.items() if known == name)
    own = st.session_state.get(_EDIT)
    numbers = torch.tensor(own).flatten().tolist() if own is not None else []
    text = "_".join(f"{number:.4g}" for number in numbers)
    return text if len(text) <= MOST_TEXT else ""


_IMAGES = dict(zip(("digit", "ring", "cat", "colour"), IMAGES, strict=True))
_PARTS = (
    address.Part("kernel", _KERNEL, KERNELS[0], read_kernel, written_kernel, before="convolution_kernel"),
    address.one_of(
        "padding",
        "convolution_padding",
        {padding: padding for padding in PADDINGS}
        | {f"padding “{padding}”": padding for padding in PADDINGS},
        "valid",
        before="convolution_padding",
    ),
    address.one_of(
        "strides",
        "convolution_stride",
        {text.format(number): number for text in ("{}", "strides {}") for number in (1, 2, 3)},
        1,
        before="convolution_stride",
    ),
    address.one_of("image", "convolution_image", _IMAGES, IMAGES[0]),
    address.one_of("size", "convolution_size", {"3": 3, "5": 5, "7": 7}, 3),
    address.one_of("dilation", "convolution_dilation", {"1": 1, "2": 2, "3": 3}, 1),
    address.whole("learnt", "convolution_learnt", 0, MOST_LEARNT, 0),
    address.switch("relu", "convolution_relu", True),
)


# ---------------------------------------------------------------- the strip


def ask_kernel() -> KernelChoice:
    """Draw the strip with its popover. Returns what is chosen."""
    parts = (*_PARTS, test_digit("convolution_digit"))
    address.follow(*parts)
    choice = _ask()
    address.tell(*parts)
    return choice


def _ask() -> KernelChoice:
    with st.container(horizontal=True, vertical_alignment="center", key="convolution_strip"):
        kernel = _ask_name()
        padding = one_of("Padding", {kind: f"padding “{kind}”" for kind in PADDINGS}, "convolution_padding")
        stride = _ask_stride()
        with st.popover("Options", icon=":material/tune:"):
            image = st.selectbox("Image", IMAGES, key="convolution_image", persist_state="session")
            digit = digit_number("convolution_digit", disabled=image != IMAGES[0])
            sizes = {size: f"{size}×{size}" for size in (3, 5, 7)}
            size = one_of("Kernel size", sizes, "convolution_size", is_labelled=True)
            dilation = _ask_dilation()
            learnt = _ask_learnt(kernel)
            relu = _ask_relu()
    return KernelChoice(
        image=image,
        digit=digit,
        kernel=kernel,
        size=size,
        learnt=learnt,
        padding=padding,
        stride=stride,
        dilation=dilation,
        relu=relu,
    )


def _ask_name() -> str:
    return st.selectbox(
        "Kernel",
        KERNELS,
        key=_KERNEL,
        label_visibility="collapsed",
        width=210,
        format_func="kernel: {}".format,
        persist_state="session",
    )


def _ask_stride() -> int:
    return st.selectbox(
        "Strides",
        [1, 2, 3],
        key="convolution_stride",
        label_visibility="collapsed",
        width=120,
        format_func="strides {}".format,
        persist_state="session",
    )


def _ask_dilation() -> int:
    return one_of(
        "Dilation",
        {dilation: str(dilation) for dilation in (1, 2, 3)},
        "convolution_dilation",
        is_labelled=True,
        help=help_of("dilation", "receptive field"),
    )


def _ask_learnt(kernel: str) -> int:
    return st.number_input(
        "Learnt kernel, number",
        0,
        MOST_LEARNT,
        0,
        key="convolution_learnt",
        disabled=kernel != LEARNT,
        persist_state="session",
    )


def _ask_relu() -> bool:
    return st.toggle(
        "relu after the sum, as in the lesson",
        value=True,
        key="convolution_relu",
        help=help_of("relu"),
        persist_state="session",
    )
