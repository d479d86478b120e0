"""None of these: how much a picture looks like anything the network has learnt. Softmax itself never says "none".

Softmax divides one whole among the classes, so a letter A or a horse gets a digit too, often with near certainty. What
it divides away is the size of the scores: a digit's largest score is mostly larger than a doodle's. The energy
(Liu, Wang, Owens and Li 2020, "Energy-based Out-of-distribution Detection", equation 4, at temperature 1) gathers the
scores of all classes in one number; the lower, the more familiar.

It is a help and no proof. Measured on the shipped nets (`tests.benchmarks.familiarity`, 2,000 digits): at the
threshold that 95 % of the test digits pass, the energy refuses 45 to 74 % of printed letters and 65 to 78 % of doodles;
softmax's own certainty at such a threshold 41 to 69 % and 57 to 78 %. For the lesson's net and for the MLP's letters
the energy does better, for the modern net and the MLP's doodles worse. Static noise is refused always by the lesson's
net, never by the MLP, and never by the modern one, to which it looks more familiar than any digit. An A drawn like a 4
is a 4 by this measure too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.insight.look.features import BATCH, outputs
from cnn_core.insight.look.twin import checked_images
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Of N images: what the network's scores say before softmax makes shares of them.

    largest: (N,), the largest score (logit) of any class.
    energy:  (N,), −log of the sum of e to the power of each score; the lower, the more familiar.
    right:   (N,) bool, the answer is the label; None where no labels are known.
    """

    largest: Tensor
    energy: Tensor
    right: Tensor | None = None


@torch.no_grad()
def familiarity(net: Network, images: Tensor, labels: Tensor | None = None) -> Familiarity:
    """How familiar each image is to the network.

    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64, the classes they are.
    Raises StudentError for images of another shape.
    """
    images = checked_images(images, net.spec.input_shape)
    last = (net.spec.layer_names[-1],)
    scores = torch.cat(
        [part for batch in images.split(BATCH) for _, part in outputs(net, batch, last)]
    ).double()
    right = None if labels is None else scores.argmax(1).eq(labels.cpu())
    return Familiarity(scores.amax(1), -scores.logsumexp(1), right)


@dataclass(frozen=True)
class Refusals:
    """What a threshold costs on real images: so many of `images` are refused, `right` of them read rightly."""

    refused: int
    right: int
    images: int


def refusals_at(known: Familiarity, threshold: float) -> Refusals:
    """How many of the images have an energy above the threshold, so that "I do not know" would be said of them.

    known: of images with labels.
    """
    assert known.right is not None, "only with labels it is known which were read rightly"
    refused = known.energy > threshold
    return Refusals(int(refused.sum()), int((refused & known.right).sum()), len(refused))


def share_below(values: Tensor, value: float) -> float:
    """The fraction of values that are smaller than this one."""
    return (values < value).double().mean().item()


def last_activation(spec: ModelSpec) -> str:
    """The activation of the last layer: of a softmax the scores before it are looked at, of others what they leave."""
    return str(getattr(spec.layers[-1], "activation", "linear"))
