"""A kernel on its way over an image, played in the browser: image, kernel grid and output, and the sum of one place.

The core has computed every output before anything moves (`cnn_core.insight.sweep`). The browser only goes through
them, so that Play is smooth and asks the server nothing. The kernel's cells can be edited; what was typed comes back
as plain numbers, which the core checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.drawing.palette import ACTIVATION, MARK, MARK_EDGE, SIGNED
from pages.ui.frame.components import component_file

if TYPE_CHECKING:
    from cnn_core.lesson.convolution import Sweep

_component = st.components.v2.component(
    "kernel_sweep",
    html=component_file("sweep.html"),
    css=component_file("sweep.css"),
    js=component_file("sweep.js"),
)


def kernel_sweep(
    swept: Sweep,
    *,
    key: str,
    title: str,
    geometry: str,
    formula: Sequence[str],
    relu: bool,
    on_edit: Callable[[], None],
) -> Any:
    """Draw a sweep that can be played, and whose kernel can be edited.

    title:    what the image shows, in a word or two.
    geometry: changes when the image or the way over it does; the place is then chosen anew.
    formula:  lines of text about the output's size.
    relu:     draw what is left after it, else the sums themselves.
    on_edit:  called when a cell was changed; `st.session_state[key].edit` then holds
              {"kernel": grids of numbers not yet checked, "geometry": the one they were typed for}.
    """
    output = swept.output.clamp_min(0) if relu else swept.output
    channels, height, width = swept.image.shape
    return _component(
        key=key,
        data=[
            {
                "title": title,
                "geometry": geometry,
                "image": [[round(v, 4) for v in channel.flatten().tolist()] for channel in swept.image],
                "size": [height, width],
                "channels": ["red", "green", "blue"] if channels == 3 else [""] * channels,
                "kernel": [[[round(v, 6) for v in row] for row in grid] for grid in swept.kernel.tolist()],
                "output": [round(v, 5) for v in swept.output.flatten().tolist()],
                "shape": list(swept.output.shape),
                "padding": list(swept.padding),
                "stride": swept.stride,
                "dilation": swept.dilation,
                "relu": relu,
                "limit": round(float(output.abs().max()), 5),
                "start": swept.loudest(),
                "formula": list(formula),
                "activation": ACTIVATION,
                "signed": SIGNED,
                "mark": [MARK, MARK_EDGE],
            }
        ],
        on_edit_change=on_edit,
    )
