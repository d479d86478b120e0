"""Layer-wise relevance propagation with the epsilon rule: the answer's lead, handed down from layer to layer.

Each number of a layer gets from each number above as large a part of that one's relevance as it gave to its sum. What
is added to the sum's size (epsilon) takes up the relevance of sums that nearly cancel out, so what arrives is less
noisy, and less than what was sent. With an epsilon of nearly 0 the rule gives, in a net of relus, the very numbers of
activation × gradient (Ancona et al. 2018). Bach et al. 2015, "On Pixel-wise Explanations for Non-linear Classifier
Decisions by Layer-wise Relevance Propagation", equation 58; that an activation hands relevance on as it is: the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cnn_core.model.network import Activated

SHARE = 0.25  # epsilon, as a share of the typical size of a layer's sums (Montavon et al. 2019, section 10.3)


def propagated(layers: list[nn.Module], values: Tensor, relevance: Tensor, share: float = SHARE) -> Tensor:
    """The relevance of what comes into these layers: (N, ...) as `values`.

    layers:    frozen, one after the other, each in evaluation mode.
    values:    (N, ...), what comes in.
    relevance: of what the last of them leaves, the same shape as that.
    share:     epsilon over the root mean square of a layer's sums, for each image.
    """
    incoming, x = [], values
    with torch.no_grad():
        for layer in layers:
            incoming.append(x)
            x = layer(x)
    for layer, below in zip(reversed(layers), reversed(incoming), strict=True):
        relevance = _through(layer, below, relevance, share)
    return relevance


def _through(layer: Any, below: Tensor, relevance: Tensor, share: float) -> Tensor:
    if isinstance(layer, Activated) and not list(layer.children()):
        return relevance  # an activation by itself
    with torch.inference_mode(False), torch.enable_grad():
        values = below.clone().requires_grad_()
        sums = layer.before(values) if isinstance(layer, Activated) else layer(values)
        # A pooling only chooses or averages, and a list is its maps: nothing cancels out there.
        weighs = any(True for _ in layer.children())
        given = (relevance / stabilised(sums.detach(), share if weighs else 0.0)).detach()
        (slope,) = torch.autograd.grad((sums * given).sum(), values)
    return below * slope


def stabilised(sums: Tensor, share: float) -> Tensor:
    """Sums moved away from 0 by epsilon: (N, ...)."""
    size = sums.flatten(1).square().mean(1).sqrt().view(-1, *[1] * (sums.ndim - 1))
    epsilon = share * size + 1e-9
    return sums + torch.where(sums < 0, -epsilon, epsilon)
