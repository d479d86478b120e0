"""Two pictures of one size, one over the other, and a line between them to drag: before and after."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import streamlit as st
from PIL import Image

from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.sheets import component_source

_component = st.components.v2.component(
    "before_after",
    html="""
<div class="root"><div class="frame"><img alt="" draggable="false"><img alt="" draggable="false">
<div class="line"></div><button class="knob" type="button" role="slider" aria-valuemin="0" aria-valuemax="100"
 aria-orientation="horizontal">⇆</button></div>
<div class="sides" aria-hidden="true"><span></span><span></span></div></div>
""",
    css=component_source("css", "before_after"),
    js=component_source("js", "before_after"),
)


def before_after(
    before: bytes, after: bytes | None, *, key: str, book: str, left: str, right: str, alt: str, px: int = 576
) -> None:
    """Draw them; without `after` only the first, and no line.

    before, after: picture files of one size, as a browser reads them.
    book:  names the pair: the line starts in the middle for another one, and stays where it was for the same.
    left, right: a few words under either side.
    alt:   what the first picture shows.
    px:    the longer side at most, in CSS pixels.
    """
    with Image.open(io.BytesIO(before)) as opened:
        width, height = opened.size
    _component(
        key=key,
        data=[
            {
                "before": _uri(before),
                "after": _uri(after) if after is not None else None,
                "w": width,
                "h": height,
                "px": px,
                "book": book,
                "left": left,
                "right": right,
                "alt_before": alt,
                "alt_after": f"{alt}, {right}",
            }
        ],
    )


def for_browsers(picture: bytes) -> bytes:
    """A picture file as a WebP of a tenth of the size: good to look at, not to keep."""
    with Image.open(io.BytesIO(picture)) as opened:
        if opened.format == "WEBP":
            return picture
        content = io.BytesIO()
        opened.convert("RGB").save(content, "WEBP", quality=90, method=2)
    return content.getvalue()


def thumbnails(pictures: Sequence[bytes], width: int) -> Sheet:
    """Pictures of one size as one sheet in colour, each `width` pixels wide."""
    import numpy as np

    small = []
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as opened:
            height = max(1, round(opened.height * width / opened.width))
            small.append(opened.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    whole = Image.new("RGB", (width * len(small), small[0].height))
    for number, image in enumerate(small):
        whole.paste(image, (number * width, 0))
    content = io.BytesIO()
    whole.save(content, "PNG", compress_level=3)
    return Sheet(
        content.getvalue(), small[0].height, width, len(small), len(small), np.zeros((len(small), 2))
    )


def _uri(picture: bytes) -> str:
    kind = "webp" if picture[8:12] == b"WEBP" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
