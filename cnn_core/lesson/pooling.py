"""What a pooling layer saves the convolution after it, by arithmetic alone: no network is built. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnn_core.model import summarize

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec


@dataclass(frozen=True)
class PoolingSaving:
    """The convolution after a pooling layer, in numbers."""

    convolution: str  # its name
    kernel_size: int  # pixels per side
    receptive_field: int  # pixels per side of the image that one of its values sees
    macs: int  # its multiply-adds for one image
    macs_without: int  # the same, were it laid on the map before the pooling


def pooling_saving(spec: ModelSpec, pooling: str) -> PoolingSaving | None:
    """What the pooling layer of that name saves; None where no convolution comes after it.

    pooling: the name of a layer of `spec`. ValueError if there is none.
    """
    rows = summarize(spec)
    place = [row.name for row in rows].index(pooling)
    _, *before = rows[place - 1].output_shape if place else spec.input_shape
    for row, layer in zip(rows[place + 1 :], spec.layers[place + 1 :], strict=True):
        window = layer.window()
        if layer.has_filters and window is not None:
            _, height, width = row.output_shape
            tall, wide = (window.output_size(side) for side in before)
            # Each place of its output costs the same.
            without = row.macs // (height * width) * tall * wide
            return PoolingSaving(row.name, window.side, row.receptive_field, row.macs, without)
    return None
