"""One kernel swept over one image, position by position."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.lesson.convolution import NAMED_KERNELS, Sweep, checked_kernel, named_kernel, sweep
from cnn_core.lesson.small_pictures import ring, small_cat
from pages.ui.drawing.sweep import kernel_sweep
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import problem, what_you_see
from pages.ui.wording.numbers import count

MINE, LEARNT = "my own", "learnt by the network"


KERNELS = [*NAMED_KERNELS, LEARNT, MINE]


IMAGES = ["test digit", "ring, 8×8", "cat, grey", "cat, in colour"]


KEPT = {"persist_state": "session"}  # this page's widgets come back as they were


SWEEP, EDIT, REFUSED = "convolution_sweep", "convolution_edit", "convolution_refused"


def image_of(kind: str, index: int) -> tuple[str, Tensor]:
    """What is swept over: its name, and (C, H, W) in [0, 1]."""
    if kind == "ring, 8×8":
        return "ring", ring()
    if kind.startswith("cat"):
        return "cat", small_cat(color=kind == "cat, in colour")
    digits = server.images()
    return f"a {digits.classes[int(digits.labels[index])]}", digits.images[index].float() / 255


def first_kernels() -> Tensor | None:
    """The first layer's kernels of the network in the sidebar, (filters, 1, k, k); None if it has none."""
    name, child = next(iter(networks.current().net.named_children()))
    weights = child.conv.weight if name.startswith("conv2d") else None
    return weights if weights is not None and weights.shape[1] == 1 and weights.shape[-1] <= 7 else None


def kernel_of(name: str, size: int, channels: int, learnt: int) -> Tensor:
    """The kernel to lay on, (channels, k, k)."""
    if name == MINE:
        edited = st.session_state.get(EDIT)
        if edited is not None and len(edited) == channels:
            return torch.tensor(edited)
        if edited is not None and channels > 1:  # made for a grey image: a third of it for each colour
            return (torch.tensor(edited) / channels).expand(channels, -1, -1)
        if edited is not None:  # made for colours: what it does to grey
            return torch.tensor(edited).sum(dim=0, keepdim=True)
        name = "vertical edges"
    if name == LEARNT:
        kernels = first_kernels()
        if kernels is None:
            raise StudentError(
                "This network does not begin with a convolution, so it has no kernel to show.",
                hint="Choose the lesson’s convnet in the sidebar.",
            )
        one = kernels[learnt % len(kernels), 0].detach()
    else:
        one = named_kernel(name, size)
    return (one / channels).expand(channels, -1, -1)  # in colour: a third of the weight for each channel


def adopt_edit() -> None:
    """A cell was changed in the browser: check it, and from now on the kernel is the visitor's own."""
    edit = st.session_state[SWEEP].get("edit")
    try:
        values = edit.get("kernel") if isinstance(edit, dict) else None
        kernel = checked_kernel(values, channels=3 if isinstance(values, list) and len(values) == 3 else 1)
    except StudentError as error:
        st.session_state[REFUSED] = error
        return
    st.session_state[EDIT] = kernel.tolist()
    st.session_state["convolution_kernel"] = MINE


def size_lines(swept: Sweep, padding: str) -> list[str]:
    """The formula of the output's size with the numbers put in, for the height and, where it differs, the width."""
    k, left_right, top_bottom = swept.kernel.shape[-1], sum(swept.padding[:2]), sum(swept.padding[2:])
    span = swept.dilation * (k - 1) + 1
    lines = ["(side + padding − kernel) / strides + 1"]
    if swept.dilation > 1:
        lines.append(f"kernel: {k} cells spread over {swept.dilation} × ({k} − 1) + 1 = {span} pixels")
    sides = {(swept.image.shape[1], top_bottom, swept.output.shape[0])}
    sides.add((swept.image.shape[2], left_right, swept.output.shape[1]))
    for side, padded, result in sorted(sides):
        rest = (side + padded - span) % swept.stride
        down = ", rounded down" if rest else ""
        lines.append(f"({side} + {padded} − {span}) / {swept.stride} + 1 = {result}{down}")
    if padding == "same":
        lines.append(f"“same” adds just enough for {swept.image.shape[1]} / {swept.stride}, rounded up.")
    return lines


@st.fragment
def one_kernel() -> None:
    """The strip, the sweep, and what there is to notice."""
    line = st.empty()
    strip = st.container(horizontal=True, vertical_alignment="center", key="convolution_strip")
    with strip:
        name = st.selectbox(
            "Kernel", KERNELS, key="convolution_kernel", label_visibility="collapsed", width=210,
            format_func=lambda kernel: f"kernel: {kernel}", **KEPT,
        )  # fmt: skip
        padding = st.segmented_control(
            "Padding", ["valid", "same"], default="valid", required=True, key="convolution_padding",
            label_visibility="collapsed", format_func=lambda word: f"padding “{word}”", **KEPT,
        )  # fmt: skip
        stride = st.selectbox(
            "Strides", [1, 2, 3], key="convolution_stride", label_visibility="collapsed", width=120,
            format_func=lambda moves: f"strides {moves}", **KEPT,
        )  # fmt: skip
        with st.popover("Options", icon=":material/tune:"):
            kind = st.selectbox("Image", IMAGES, key="convolution_image", **KEPT)
            digits = server.images()
            index = st.number_input(
                "Test digit, number", 0, len(digits) - 1, 0, key="convolution_digit",
                disabled=kind != IMAGES[0], **KEPT,
            )  # fmt: skip
            size = st.segmented_control(
                "Kernel size", [3, 5, 7], default=3, required=True, key="convolution_size",
                format_func=lambda side: f"{side}×{side}", **KEPT,
            )  # fmt: skip
            dilation = st.segmented_control(
                "Dilation", [1, 2, 3], default=1, required=True, key="convolution_dilation",
                help="2 leaves a pixel free between the kernel’s cells: a wider view for the same weights.", **KEPT,
            )  # fmt: skip
            learnt = st.number_input(
                "Learnt kernel, number", 0, 511, 0, key="convolution_learnt", disabled=name != LEARNT, **KEPT
            )
            relu = st.toggle(
                "relu after the sum, as in the lesson", value=True, key="convolution_relu", **KEPT
            )
    try:
        title, image = image_of(kind, int(index))
        kernel = kernel_of(name, size, len(image), int(learnt))
        swept = sweep(image, kernel, stride, padding, dilation)
    except StudentError as error:
        problem(error)
        return
    each = swept.kernel.numel()
    line.markdown(
        f"It asks every place the same question, “does it look like me here?” "
        f"**{count(swept.count)} places**, {each} products each: {count(each * swept.count)} multiply-adds."
    )
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        problem(refused)
    kernel_sweep(
        swept,
        key=SWEEP,
        title=title,
        geometry=f"{kind}/{index}/{padding}/{stride}/{dilation}/{kernel.shape[-1]}",
        formula=size_lines(swept, padding),
        relu=relu,
        on_edit=adopt_edit,
    )
    bright = (
        "black is zero or less, pale yellow the largest sum" if relu else "orange is above zero, blue below"
    )
    what_you_see(
        f"The teal frame is where the kernel lies, and the pixel it makes. In the output {bright}. "
        "Point at a pixel of the output, or press Play; change a weight in the grid and see all of it change."
    )
