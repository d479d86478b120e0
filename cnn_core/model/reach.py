"""Which part of what comes in is read: rows and columns at the right and at the bottom may never reach the output.

A window that moves by more than one place leaves over what is too little for one more step. A 2×2 pooling of 11×11
places makes 5×5 of 10×10; nobody reads the last row and column, nor the pixels that only they were computed from.
By arithmetic alone. No torch.
"""

from __future__ import annotations

from cnn_core.model.layers import Layer
from cnn_core.model.shapes import Shape, Sliding
from cnn_core.model.spec import ModelSpec, summarize

Size = tuple[int, ...]  # (rows, columns) of a map from its top left; () of a list of numbers


def read_sizes(spec: ModelSpec, *, learning: bool, last: str = "") -> list[Size]:
    """How much of the image is read, and of what each layer leaves: the rest can be left out, and no number changes.

    learning: whether the network is in training: then batch normalisation takes a mean over whole maps, and dropout
              draws one number for each place.
    last:     the name of the layer all of whose numbers are asked for; if empty, the last.
    Returns one size for the image, and one for each layer up to that one.
    """
    count = spec.layer_names.index(last) + 1 if last else len(spec.layers)
    shapes = [spec.input_shape, *(row.output_shape for row in summarize(spec)[:count])]
    sizes = [_whole(shapes[-1])]
    for layer, below in zip(reversed(spec.layers[:count]), reversed(shapes[:-1]), strict=True):
        sizes.insert(0, _read(layer, below, sizes[0], learning))
    return sizes


def read_of_image(spec: ModelSpec, *, learning: bool = False, last: str = "") -> tuple[int, int]:
    """(rows, columns) of an image, from its top left, that are read. Arguments as for `read_sizes`.

    >>> from cnn_core.model import PRESETS
    >>> read_of_image(PRESETS["lesson"]), read_of_image(PRESETS["lenet5"])
    ((26, 26), (28, 28))
    """
    rows, columns = read_sizes(spec, learning=learning, last=last)[0]
    return rows, columns


def _read(layer: Layer, below: Shape, above: Size, learning: bool) -> Size:
    """What a layer reads of `below` for the part `above` of what it leaves."""
    if window := layer.window():
        rows, columns = (_under(window, read, side) for read, side in zip(above, below[1:], strict=True))
        return rows, columns
    if layer.each_alone and not (learning and layer.learns_from_all):
        return above
    return _whole(below)


def _under(window: Sliding, read: int, side: int) -> int:
    """Places along one side that lie under the first `read` positions of the window."""
    # The border lies around the whole map: of a smaller one, padding would take real neighbours' places.
    return side if any(window.border(side)) else (read - 1) * window.stride + window.reach


def _whole(shape: Shape) -> Size:
    return shape[1:]
