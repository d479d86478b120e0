"""Which layers of a network have filters to ask, what one of them is called, and which of them are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.model import summarize
from cnn_core.model.layer_files import kind_named

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec

MOST = 128  # filters of one sheet; a dense layer can have thousands of units
USUAL = 41  # the filter that is looked at first, where there are so many


def layers_of(spec: ModelSpec) -> dict[str, int]:
    """{name: filters} of the layers that can be asked: convolutions, and dense layers, whose units are filters too."""
    return {
        row.name: row.output_shape[0]
        for row, layer in zip(summarize(spec), spec.layers, strict=True)
        if layer.has_filters or layer.has_units
    }


def has_maps(layer: str) -> bool:
    """Whether what its filters output are maps; else they are plain numbers."""
    return kind_named(layer).has_filters


def word(layer: str) -> str:
    """What one of a layer's own is called.

    >>> word("conv2d_2"), word("dense_1")
    ('filter', 'unit')
    """
    return "filter" if has_maps(layer) else "unit"


def standard_layer(layers: dict[str, int]) -> str:
    """Where to begin: the second convolution, or the only one; without any, the last layer, whose units are classes.

    >>> standard_layer({"conv2d_1": 32, "conv2d_2": 64, "dense_1": 10}), standard_layer({"dense_1": 64, "dense_2": 10})
    ('conv2d_2', 'dense_2')
    """
    convolutions = [name for name in layers if has_maps(name)]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else list(layers)[-1]


def filters_of_sheet(width: int, chosen: int) -> tuple[int, ...]:
    """The filters that are drawn together: all, or the first of many, and always the chosen one.

    >>> filters_of_sheet(4, 2), filters_of_sheet(1000, 999)[-2:]
    ((0, 1, 2, 3), (126, 999))
    """
    filters = tuple(range(min(width, MOST)))
    return filters if chosen in filters else (*filters[:-1], chosen)
