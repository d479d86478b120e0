"""What each layer sees: the output of every layer for one image, or for many.

A feature map is what one filter of a layer outputs, after the activation. Layers that output a plain list of numbers
(flatten, dense, global pooling) are given too, as (units,) vectors, so that nothing of the net is hidden.
Source: the lesson's section on intermediate activations; Chollet, "Deep Learning with R", section 5.4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from cnn_core.insight.look.twin import (
    as_weights,
    checked_image,
    checked_images,
    frozen_up_to,
    known_layers,
)
from cnn_core.model.network import Network

BATCH = 64  # images at a time: more does not get faster, and 2,000 digits at once need a gigabyte


def feature_maps(net: Network, image: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
    """The output of every layer for one image, in the net's order.

    image:  (C, H, W) floats in [0, 1], or uint8.
    layers: names; None means all.
    Returns {layer: (C, H, W)}, and (units,) for flatten, dense and global pooling, after the activation; the last
    layer gives what the net's `forward` gives, logits.
    Raises StudentError for an image of another shape, and for a layer the net does not have.
    """
    batch = checked_image(image, net.spec.input_shape)
    return {layer: maps[0] for layer, maps in outputs(net, batch, known_layers(net, layers))}


def feature_maps_batch(
    net: Network, images: Tensor, layers: Iterable[str] | None = None
) -> dict[str, Tensor]:
    """`feature_maps` for many images at once: {layer: (N, C, H, W)}, or (N, units) for a layer of plain numbers.

    images: (N, C, H, W).
    layers: names; None means all. They are held in memory: some 200 KB an image for all of the lesson's net.
    """
    images = checked_images(images, net.spec.input_shape)
    names = known_layers(net, layers)
    parts = [dict(outputs(net, batch, names)) for batch in images.split(BATCH)]
    return {layer: torch.cat([part[layer] for part in parts]) for layer in names}


def dark(maps: Tensor) -> Tensor:
    """Which channels are zero everywhere: (C,) bool.

    maps: (C, H, W), or (units,).
    """
    return maps.abs().flatten(1).amax(1).eq(0) if maps.ndim > 1 else maps.eq(0)


@torch.no_grad()
def outputs(net: Network, images: Tensor, layers: tuple[str, ...]) -> Iterator[tuple[str, Tensor]]:
    """(name, output) of each of the layers, one after the other; no layer after the last of them is run.

    images: (N, C, H, W) in [0, 1], checked already.
    layers: names, in the net's order.
    """
    if not layers:
        return
    x = as_weights(net, images)
    for name, layer in frozen_up_to(net, layers[-1]).named_children():
        x = layer(x)
        if name in layers:
            # Flatten hands on a view, and dropout its very input: what leaves here shares memory with nothing.
            yield name, x.cpu().clone()
