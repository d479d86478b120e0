"""Images that a network reads rightly, and is nearly sure of, while another class is not far behind.

Where an answer leads by far, no few filters decide it: without them it stays as sure as it was. Here one can see what
each adds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cnn_core.checks import whole_number
from cnn_core.insight.decided.relevance import TOGETHER
from cnn_core.insight.look.twin import as_weights, at_a_time, checked_images, frozen
from cnn_core.model.network import Network

SURE = 0.95  # less, and muting anything at all changes how sure it is


@torch.no_grad()
def close_calls(net: Network, images: Tensor, labels: Tensor, count: int = 12) -> list[int]:
    """Places of images whose answer is right, at least 95 % sure and little ahead: the closest first.

    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64.
    count:  at most so many. Where too few are right and so sure, the others follow, the closest first.
    Raises StudentError for other images than the network takes.
    """
    whole_number(count, "The number of images", 1, 1_000)
    pixels, twin = checked_images(images, net.spec.input_shape), frozen(net)
    parts = pixels.split(at_a_time(net.spec, TOGETHER))
    scores = torch.cat([twin(as_weights(net, part)).float().cpu() for part in parts])
    (first, second), answers = scores.topk(2, dim=1).values.unbind(1), scores.argmax(1)
    is_sure = (answers == labels) & (scores.softmax(1).amax(1) >= SURE)
    order = sorted(range(len(scores)), key=lambda i: (not is_sure[i], (first[i] - second[i]).item()))
    return order[:count]
