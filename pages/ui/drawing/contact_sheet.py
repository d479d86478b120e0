"""Many small pictures as one PNG: numbers in the colours of a scale, or images of three channels as they look.

A picture with one channel is grey, one with three is in colour: red, green and blue, in this order. Of another number
of channels nobody knows the colours, so their mean is drawn in grey.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from cnn_core.kept import Kept
from pages.ui.drawing.palette import ACTIVATION, SIGNED

Limits = str | tuple[float, float]  # "own" | "shared" | (low, high)
IN_COLOUR = 3  # channels of a picture that has colours


@dataclass(frozen=True)
class Sheet:
    """Many tiles in one PNG, each at its native size, in rows of `columns`.

    ranges: (count, 2), each tile's smallest and largest value as they were before colouring.
    """

    png: bytes
    tile_height: int
    tile_width: int
    count: int
    columns: int
    ranges: np.ndarray

    @property
    def low(self) -> float:
        """Smallest value of all tiles."""
        return float(self.ranges[:, 0].min(initial=0))

    @property
    def high(self) -> float:
        """Largest value of all tiles."""
        return float(self.ranges[:, 1].max(initial=0))

    @property
    def dark(self) -> np.ndarray:
        """(count,) bool: tiles that are zero everywhere. One that lies below zero is not dark: it says something."""
        return (self.ranges == 0).all(axis=1)


@cache
def table(scale: str) -> np.ndarray:
    """The colours of a scale, (256, 3) uint8. In "signed", zero stands at exactly 127, the end at 254."""
    if scale == "grey":
        return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    colors = {"activation": ACTIVATION, "signed": SIGNED}[scale]
    anchors = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors], dtype=float)
    steps = 254 if scale == "signed" else 255
    places = np.minimum(np.arange(256), steps) / steps * (len(anchors) - 1)
    channels = [np.interp(places, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def indices(tiles: np.ndarray, scale: str, limits: Limits = "own") -> np.ndarray:
    """Where each value stands in the scale's table. tiles: (N, H, W) float. Returns (N, H, W) uint8.

    scale: "activation", 0 black to the maximum pale yellow; "signed", 0 in the middle and ± the largest
    absolute value at the ends; "grey", from the smallest, black, to the largest, white.
    limits: "own" of each tile, "shared" by all, or a pair of numbers. What is not a number counts as 0.
    """
    tiles = np.nan_to_num(np.asarray(tiles, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    axes = (1, 2) if limits == "own" else (0, 1, 2)
    if tiles.size == 0:
        return tiles.astype(np.uint8)
    if isinstance(limits, tuple):
        low, high = np.array(limits, dtype=np.float32)[:, None, None, None]
    else:
        low, high = tiles.min(axis=axes, keepdims=True), tiles.max(axis=axes, keepdims=True)
    if scale == "signed":
        largest = np.maximum(np.abs(low), np.abs(high))
        return (127 + 127 * np.clip(_share(tiles, largest), -1, 1)).round().astype(np.uint8)
    if scale == "activation" and not isinstance(limits, tuple):
        low = np.zeros_like(high)  # zero is always black
    return (255 * np.clip(_share(tiles - low, high - low), 0, 1)).round().astype(np.uint8)


def _share(values: np.ndarray, whole: np.ndarray) -> np.ndarray:
    # A tile of one value has no range to stretch to; it stays at the foot of its scale.
    return np.divide(values, whole, out=np.zeros_like(values), where=np.broadcast_to(whole > 0, values.shape))


def colour(values: np.ndarray, scale: str, limits: Limits = "own") -> np.ndarray:
    """One picture: (H, W) float to (H, W, 3) uint8."""
    return table(scale)[indices(np.asarray(values)[None], scale, limits)[0]]


def png(image: np.ndarray) -> bytes:
    """(H, W) or (H, W, 3) uint8 to PNG, quickly rather than small."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(out, "PNG", compress_level=1)
    return out.getvalue()


_sheets: Kept[Sheet] = Kept(32_000_000)


def _drawn_once(draw: str, numbers: np.ndarray, scale: str, limits: Limits) -> Sheet:
    """A sheet by what is on it: of thirty who look at the same, one has it drawn. A key takes a tenth of the time."""
    content = hashlib.blake2b(np.ascontiguousarray(numbers).data, digest_size=16).digest()
    key = (draw, scale, limits, numbers.shape, content)
    return _sheets.of(key, lambda: _DRAW[draw](numbers, scale, limits))


def contact_sheet(tiles: np.ndarray, scale: str = "activation", limits: Limits = "own") -> Sheet:
    """Many small pictures in one PNG, one picture pixel for each number.

    tiles: (N, H, W) float, or a torch tensor.  scale, limits: as in `indices`.
    64 maps of 11×11 take about 1 ms.
    """
    return _drawn_once("of one channel", np.asarray(tiles, dtype=np.float32), scale, limits)


def _contact_sheet(tiles: np.ndarray, scale: str, limits: Limits) -> Sheet:
    count, height, width = tiles.shape
    columns, rows = _across(count)
    filled = np.zeros((rows * columns, height, width), dtype=np.uint8)
    filled[:count] = indices(tiles, scale, limits)
    whole = (
        filled.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    )
    # One byte a pixel and a table of colours: a third of the work, and of the bytes, of full colour.
    picture = Image.frombytes("P", whole.shape[::-1], whole.tobytes())
    picture.putpalette(table(scale).tobytes())
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return Sheet(out.getvalue(), height, width, count, columns, _ranges(tiles))


def image_sheet(images: np.ndarray, limits: Limits = (0.0, 1.0)) -> Sheet:
    """Images, one tile an image: grey of one channel, in colour of three.

    images: (N, C, H, W) float, or a torch tensor.
    limits: what is black and what is white; as they are, images go from 0 to 1. "own" stretches each image to its own
            range, over all its channels together, so that a colour stays that colour.
    """
    images = np.asarray(images, dtype=np.float32)
    assert images.ndim == 4, f"(N, C, H, W) images, not {images.shape}"
    if images.shape[1] != IN_COLOUR:
        return contact_sheet(images.mean(axis=1), "grey", limits)
    return _drawn_once("in colour", images, "grey", limits)


def signed_sheet(values: np.ndarray, limits: Limits = "own") -> Sheet:
    """Kernels or gradients over an image's channels, one tile each: of three channels in colour, about grey.

    values: (N, C, H, W) float, or a torch tensor. Of one channel they are drawn in the scale "signed". Of three, 0 is
            the middle grey in each of red, green and blue; the largest absolute value gives full light, and minus that
            none.
    limits: "own" of each tile, "shared" by all, or a pair of numbers.
    """
    values = np.asarray(values, dtype=np.float32)
    assert values.ndim == 4, f"(N, C, H, W) values, not {values.shape}"
    if values.shape[1] != IN_COLOUR:
        return contact_sheet(values.mean(axis=1), "signed", limits)
    return _drawn_once("in colour", values, "signed", limits)


def as_picture(image: np.ndarray, limits: Limits = (0.0, 1.0)) -> np.ndarray:
    """One image as it looks: (C, H, W) float to (H, W, 3) uint8, grey of one channel, in colour of three.

    limits: as in `image_sheet`.
    """
    image = np.asarray(image, dtype=np.float32)
    if len(image) != IN_COLOUR:
        return colour(image.mean(axis=0), "grey", limits)
    return _light(image[None], "grey", limits)[0]


def signed_picture(values: np.ndarray, limits: Limits = "own") -> np.ndarray:
    """One tile of `signed_sheet`: (C, H, W) float to (H, W, 3) uint8."""
    values = np.asarray(values, dtype=np.float32)
    if len(values) != IN_COLOUR:
        return colour(values.mean(axis=0), "signed", limits)
    return _light(values[None], "signed", limits)[0]


def _light(tiles: np.ndarray, scale: str, limits: Limits) -> np.ndarray:
    """(N, 3, H, W) float to (N, H, W, 3) uint8. All channels of a tile have one range.

    scale: "grey", from the smallest number, no light, to the largest; "signed", with 0 in the middle.
    """
    count, channels, height, width = tiles.shape
    places = indices(tiles.reshape(count, channels * height, width), scale, limits)
    return places.reshape(tiles.shape).transpose(0, 2, 3, 1)


def _colour_sheet(tiles: np.ndarray, scale: str, limits: Limits) -> Sheet:
    count, _, height, width = tiles.shape
    columns, rows = _across(count)
    filled = np.zeros((rows * columns, height, width, 3), dtype=np.uint8)
    filled[:count] = _light(tiles, scale, limits)
    whole = (
        filled.reshape(rows, columns, height, width, 3)
        .swapaxes(1, 2)
        .reshape(rows * height, columns * width, 3)
    )
    return Sheet(png(whole), height, width, count, columns, _ranges(tiles))


_DRAW = {"of one channel": _contact_sheet, "in colour": _colour_sheet}


def _across(count: int) -> tuple[int, int]:
    """(columns, rows) of a sheet."""
    columns = max(1, min(count, int(np.ceil(np.sqrt(count)))))
    return columns, max(1, -(-count // columns))


def _ranges(tiles: np.ndarray) -> np.ndarray:
    if tiles.size == 0:
        return np.zeros((len(tiles), 2), dtype=np.float32)
    values = tiles.reshape(len(tiles), -1)
    return np.stack([values.min(axis=1), values.max(axis=1)], axis=1)


def mosaic(maps: np.ndarray) -> np.ndarray:
    """Maps side by side as one picture of numbers, each stretched to its own largest value, with a line of 0 after it.

    maps: (C, H, W) float.  Returns (rows · (H + 1), columns · (W + 1)) float32 in [-1, 1].
    """
    channels, height, width = maps.shape
    columns = int(np.ceil(np.sqrt(channels)))
    rows = -(-channels // columns)
    largest = np.maximum(np.abs(maps).max(axis=(1, 2), keepdims=True), 1e-9)
    picture = np.zeros((rows * (height + 1), columns * (width + 1)), np.float32)
    for i, tile in enumerate(maps / largest):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        picture[top : top + height, left : left + width] = tile
    return picture


def ink_on(color: np.ndarray) -> str:
    """Black or white, whichever has more contrast on an RGB colour (WCAG's relative luminance)."""
    channels = np.asarray(color, dtype=float) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"
