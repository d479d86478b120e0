"""A map of the test set: what the last hidden layer makes of each image, laid out on a plane.

Images the network finds alike lie close together. PCA shows the two directions in which they differ most; t-SNE keeps
neighbours together and says nothing about distances. Source: van der Maaten & Hinton 2008.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.look.features import feature_maps_batch
from cnn_core.insight.look.layout import METHODS, laid_out_apart
from cnn_core.model.network import Network


def last_hidden_layer(net: Network) -> str:
    """The layer whose output the last one reads; of a network with a single layer, that one.

    Last is the one that has the answer's weights: an activation or a dropout after it is no layer to look behind.
    """
    spec = net.spec
    last = len(spec.layers) - 1
    while last > 0 and spec.layers[last].each_alone:
        last -= 1
    return spec.layer_names[max(last - 1, 0)]


def map_of_images(
    net: Network, images: Tensor, method: str = "pca", layer: str | None = None, seed: int = 0
) -> np.ndarray:
    """Where each image lies: (N, 2) float32, each axis scaled to [-1, 1].

    images: (N, C, H, W) in [0, 1].
    method: one of METHODS.
    layer:  None takes the last hidden one.
    seed:   of t-SNE, whose map depends on it.
    Raises StudentError for another method or too few images.
    """
    if method not in METHODS:
        raise StudentError(f"There is no map by {quoted(method)}.", hint=f"Choose {', '.join(METHODS)}.")
    if len(images) < 5:
        raise StudentError(f"{len(images)} images make no map.", hint="Use 5 or more.")
    layer = layer or last_hidden_layer(net)
    values = torch.cat(
        [feature_maps_batch(net, part, [layer])[layer].flatten(1) for part in images.split(500)]
    ).numpy()
    return laid_out_apart(values, method, seed)
