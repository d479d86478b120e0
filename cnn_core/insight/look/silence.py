"""When a filter may be called silent, and what is true of the others: the range of their numbers.

"Dead" and "never fires" are words for a relu. It makes an exact 0 of all that is below zero, so a filter whose sum is
always negative hands on nothing, whatever the picture. A tanh, an elu or a linear filter whose numbers all lie below
zero is another thing: −0.9 is as much of a message as +0.9, and such a map often weighs most in the next layer. Of
those only the range can be told; one that is the same number everywhere and for every picture says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from cnn_core.insight.look.features import BATCH, outputs
from cnn_core.insight.look.twin import checked_images, known_layers
from cnn_core.model.activations import parts_of
from cnn_core.model.layers import Layer
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec

SILENT = ("relu",)  # an exact 0 for everything below zero, and never less
KEEPS_ZERO = ("linear", "relu", "leaky_relu", "elu", "gelu", "tanh")  # 0 in, 0 out; sigmoid makes 0.5 of it
HARDLY = 0.001  # of the largest number of its layer: a filter that moves by less counts as unchanging


def can_be_silent(spec: ModelSpec, layer: str) -> bool:
    """Whether the numbers of a layer can be exactly 0 because nothing excites a filter: relu, or a pooling after one.

    layer: its name, one of `spec.layer_names`. Batch normalisation ends it: it moves the zeros to another number.

        >>> from cnn_core.model import PRESETS
        >>> [can_be_silent(PRESETS["lesson"], layer) for layer in ("conv2d_1", "max_pooling2d_1", "dense_2")]
        [True, True, False]
    """
    is_silent = False  # of the image itself: a black picture is no filter
    for below in spec.layers[: spec.layer_names.index(layer) + 1]:
        is_silent = _leaves_silence(below, is_silent)
    return is_silent


def _leaves_silence(layer: Layer, below: bool) -> bool:
    """below: whether what comes in can be silent."""
    activation = getattr(layer, "activation", "linear")
    if activation in SILENT:
        return True
    return below and layer.hands_on_zeros and parts_of(activation)[0] in KEEPS_ZERO


def ranges(net: Network, images: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
    """The smallest and the largest number of each filter, over all of its map and all images.

    images: (N, C, H, W) in [0, 1] or uint8.
    layers: names; None means all.
    Returns {layer: (C, 2)}; for a layer of plain numbers (units, 2).
    """
    images = checked_images(images, net.spec.input_shape)
    names = known_layers(net, layers)
    extremes: dict[str, Tensor] = {}
    for batch in images.split(BATCH):
        for layer, maps in outputs(net, batch, names):
            flat = maps.transpose(0, 1).flatten(1)  # (C, N·H·W)
            low, high = flat.aminmax(dim=1)
            if layer in extremes:
                low = torch.minimum(low, extremes[layer][:, 0])
                high = torch.maximum(high, extremes[layer][:, 1])
            extremes[layer] = torch.stack([low, high], 1)
    return extremes


def silent_in(spec: ModelSpec, layer: str, extremes: Tensor) -> Tensor:
    """Which filters of a layer were silent where these ranges were measured: (C,) bool.

    extremes: (C, 2), from `ranges`. All False for a layer whose numbers cannot be silent.
    """
    return extremes[:, 1].le(0) & can_be_silent(spec, layer)


def unchanging_in(spec: ModelSpec, layer: str, extremes: Tensor) -> Tensor:
    """Which filters gave the same number everywhere and for each image, of those that cannot be silent: (C,) bool.

    extremes: (C, 2), from `ranges`. The same but for a thousandth of the layer's largest number.
    """
    spread = extremes[:, 1] - extremes[:, 0]
    largest = extremes.abs().max()
    return spread.le(HARDLY * largest) & (not can_be_silent(spec, layer))


def never_fires(net: Network, images: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
    """Which filters output nothing but zeros, anywhere, on any of the images.

    images: (N, C, H, W). Say how many there were: a filter silent on 1,000 digits may fire on the next.
    layers: names; None means all.
    Returns {layer: (C,) bool}; for a layer of plain numbers (units,) bool. A filter whose numbers are below zero is not
    silent: of a layer that cannot be (`can_be_silent`) none is.
    """
    return {
        layer: silent_in(net.spec, layer, extremes) for layer, extremes in ranges(net, images, layers).items()
    }
