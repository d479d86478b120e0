"""How well a network does on images it did not learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.data.datasets import ImageSet
from cnn_core.model.modes import in_mode
from cnn_core.significance import wilson_interval
from cnn_core.training.fast.passes import FastNetwork
from cnn_core.training.inputs import as_input, check_fit

BATCH_SIZE = 128  # small enough that a layer's maps stay in the cache; 1,000 at once were slower by a third


@dataclass(frozen=True)
class Evaluation:
    """The outcome of `evaluate`. N images, K classes."""

    accuracy: float  # fraction
    loss: float  # mean cross-entropy in nats
    confusion: Tensor  # (K, K) int64; confusion[t, p] counts images of class t taken for p
    probabilities: Tensor  # (N, K) float32, rows sum to 1

    @property
    def count(self) -> int:
        """How many images it rests on."""
        return len(self.probabilities)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on endlessly many such images lies, with 95 % confidence."""
        return wilson_interval(self.accuracy, self.count)


def evaluate(
    net: nn.Module,
    data: ImageSet,
    batch_size: int = BATCH_SIZE,
    precision: str = "float32",
    tell: Callable[[float], None] | None = None,
) -> Evaluation:
    """Ask the network about every image of `data`, without learning.

    net:        images (B, C, H, W) in [0, 1] -> logits (B, K). Left as found: modes, weights, gradients.
    data:       anything with .images (N, C, H, W), uint8 or float in [0, 1], and .labels (N,) int64.
    batch_size: images at a time; the result does not depend on it, but for rounding.
    precision:  "float32", or "bfloat16" for a quicker and slightly rougher look.
    tell:       called after each batch with the fraction of the images that are done.
    Raises ValueError when there is no image, StudentError when the network was designed for others.
    """
    if len(data.labels) == 0:
        raise ValueError("no images to evaluate on")
    check_fit(net, data.images, data.labels)
    device = next((p.device for p in net.parameters()), torch.device("cpu"))
    logits = _logits(net, data.images, batch_size, device, precision, tell)  # (N, K)
    labels = data.labels.cpu()
    classes = logits.shape[1]
    predicted = logits.argmax(1)
    confusion = torch.bincount(labels * classes + predicted, minlength=classes * classes).view(
        classes, classes
    )
    return Evaluation(
        accuracy=(predicted == labels).double().mean().item(),
        # In float64, or the sum of 10,000 nearly equal numbers would depend on the batches.
        loss=F.cross_entropy(logits.double(), labels).item(),
        confusion=confusion,
        probabilities=logits.softmax(1),
    )


def _logits(
    net: nn.Module,
    images: Tensor,
    batch_size: int,
    device: torch.device,
    precision: str,
    tell: Callable[[float], None] | None,
) -> Tensor:
    outputs = []
    network = FastNetwork(net, half=precision == "bfloat16")
    with in_mode(net.modules(), training=False), torch.no_grad():
        for first in range(0, len(images), batch_size):
            outputs.append(network.logits(as_input(images[first : first + batch_size].to(device))))
            if tell is not None:
                tell(min(1.0, (first + batch_size) / len(images)))
    return torch.cat(outputs).cpu()
