"""What one of a layer's own is called, and whether it has maps; which layers can be asked says `cnn_core.looking`."""

from __future__ import annotations

from cnn_core.model.layer_files import kind_named


def has_maps(layer: str) -> bool:
    """Whether what its filters output are maps; else they are plain numbers."""
    return kind_named(layer).has_filters


def word(layer: str) -> str:
    """What one of a layer's own is called.

    >>> word("conv2d_2"), word("dense_1")
    ('filter', 'unit')
    """
    return "filter" if has_maps(layer) else "unit"
