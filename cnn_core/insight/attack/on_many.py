"""How many of many images are still read rightly under each attack and size, the unaimed ones beside the aimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.attack.aimed import GRAIN, MOST, aimed_signs, pgd, with_pattern
from cnn_core.insight.attack.plain import DISTURBANCES, disturbed
from cnn_core.insight.look.twin import checked_images
from cnn_core.model.network import Network

AIMED = ("fgsm", "pgd")
ATTACKS = (*AIMED, *DISTURBANCES)
PART = 500  # images at a time

Tell = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Robustness:
    """The fraction of N images that is read rightly at each size of one attack."""

    attack: str
    sizes: tuple[float, ...]
    accuracy: tuple[float, ...]
    images: int


def robustness(
    net: Network,
    images: Tensor,
    labels: Tensor,
    attack: str,
    sizes: Sequence[float],
    *,
    seed: int = 0,
    tell: Tell | None = None,
) -> Robustness:
    """Read all images at each size of an attack.

    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64.
    attack: one of ATTACKS; shifts and turns go to a side by lot, a patch lies in the middle.
    sizes:  in the attack's own unit, as `disturbed` has it; of fgsm and pgd, of full contrast.
    tell:   called now and then with the fraction that is done.
    Raises StudentError as `aimed_signs` and `disturbed` do.
    """
    if attack not in ATTACKS:
        raise StudentError(f"There is no attack {quoted(attack)}.", hint=f"Choose {', '.join(ATTACKS)}.")
    pixels, labels = checked_images(images, net.spec.input_shape).cpu(), labels.cpu()
    right = torch.zeros(len(sizes), dtype=torch.int64)
    parts = list(zip(pixels.split(PART), labels.split(PART), strict=True))
    for number, (part, classes) in enumerate(parts):
        signs = aimed_signs(net, part, classes) if attack == "fgsm" else None
        for index, size in enumerate(sizes):
            if signs is not None:
                changed = with_pattern(part, signs, size)
            elif attack == "pgd":
                changed = pgd(net, part, classes, size)
            else:
                changed = disturbed(part, attack, size, seed=seed + number)
            right[index] += net.predict(changed).argmax(1).cpu().eq(classes).sum()
            if tell is not None:
                tell((number + (index + 1) / len(sizes)) / len(parts))
    accuracy = (right.double() / len(labels)).tolist()
    return Robustness(attack, tuple(map(float, sizes)), tuple(accuracy), len(labels))


def smallest_steps(
    net: Network, images: Tensor, labels: Tensor, *, most: float = MOST, grain: float = GRAIN
) -> Tensor:
    """For each image the smallest FGSM step that changes the answer: (N,); 0 of a misread one, inf where none does.

    Its median is one number for a network: how much of full contrast it takes to mislead it.
    """
    pixels, labels = checked_images(images, net.spec.input_shape).cpu(), labels.cpu()
    signs = aimed_signs(net, pixels, labels)
    smallest = torch.full((len(labels),), torch.inf)
    waiting = torch.arange(len(labels))
    for number in range(int(most / grain + 1e-9) + 1):
        size = round(grain * number, 6)
        answers = net.predict(with_pattern(pixels[waiting], signs[waiting], size)).argmax(1).cpu()
        fallen = answers.ne(labels[waiting])
        smallest[waiting[fallen]] = size
        waiting = waiting[~fallen]
        if not len(waiting):
            break
    return smallest
