"""A map of the test set: what the last hidden layer makes of each image, laid out on a plane.

Images the network finds alike lie close together. PCA shows the two directions in which they differ most; t-SNE keeps
neighbours together and says nothing about distances. Both by scikit-learn. Source: van der Maaten & Hinton 2008.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.features import feature_maps_batch

METHODS = ("pca", "t-sne")


def last_hidden_layer(net: nn.Module) -> str:
    """The layer whose output the last one reads; of a network with a single layer, that one."""
    names = [name for name, _ in net.named_children()]
    return names[-2] if len(names) > 1 else names[-1]


def map_of_images(
    net: nn.Module, images: Tensor, method: str = "pca", layer: str | None = None, seed: int = 0
) -> np.ndarray:
    """Where each image lies: (N, 2) float32, each axis scaled to [-1, 1].

    images: (N, C, H, W) in [0, 1].  layer: None takes the last hidden one.  seed: t-SNE's, whose map depends on it.
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
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    wide = min(30, *values.shape)
    if method == "pca":
        places = (
            PCA(2, random_state=seed).fit_transform(values) if values.shape[1] > 1 else np.c_[values, values]
        )
    else:
        # t-SNE on the 30 strongest directions, as its authors do: the rest is noise that costs time.
        reduced = PCA(wide, random_state=seed).fit_transform(values)
        few = min(30.0, (len(values) - 1) / 3)
        places = TSNE(2, perplexity=few, init="pca", random_state=seed, max_iter=500).fit_transform(reduced)
    span = np.abs(places).max(axis=0)
    return (places / np.where(span > 0, span, 1)).astype(np.float32)
