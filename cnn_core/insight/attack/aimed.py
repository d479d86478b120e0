"""The smallest change that is aimed: each pixel a little up or down, to wherever the network's lead shrinks.

FGSM goes one step along the sign of the gradient (Goodfellow, Shlens & Szegedy 2015), PGD many small ones, never
further than its size from the image (Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial
Attacks"). Both descend the lead: right score - best other score. Beside each stands an equal pattern of random signs;
without it nobody can know whether it is the aim or the noise that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import is_index, plain_number, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.attack.plain import random_signs
from cnn_core.insight.look.twin import as_weights, at_a_time, checked_image, checked_images, frozen
from cnn_core.model.network import Network
from cnn_core.training.adversarial import slope_against

TOGETHER = 128  # images at a time, at most
GRAIN = 0.01  # between two sizes that are tried
MOST = 0.5  # of full contrast: from there on every pixel can be grey
STEPS = 20  # of PGD


def aimed_signs(net: Network, images: Tensor, labels: Tensor) -> Tensor:
    """For each pixel +1 or -1, where up or down hurts the right answer; 0 where the network does not look.

    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64, the classes whose lead is to shrink.
    Returns float (N, C, H, W) on the CPU. Raises StudentError for images of another shape and classes there are none.
    """
    images, labels = _checked(net, images, labels)
    twin, few = frozen(net), at_a_time(net.spec, TOGETHER)
    slopes = [
        slope_against(twin, as_weights(net, part), classes.to(_device(net)))
        for part, classes in zip(images.split(few), labels.split(few), strict=True)
    ]
    return torch.cat(slopes).float().cpu().sign()


def with_pattern(images: Tensor, signs: Tensor, size: float) -> Tensor:
    """Images with a pattern of that size laid on, and pixels still from 0 to 1: float (N, C, H, W).

    images: float (N, C, H, W) in [0, 1].  signs: the same shape, from -1 to 1.
    """
    return (images + plain_number(size, "The size", 0.0, 1.0) * signs).clamp(0, 1)


def fgsm(net: Network, images: Tensor, labels: Tensor, size: float) -> Tensor:
    """Images changed by one step of `size` a pixel against the right answer. Arguments as `aimed_signs`."""
    pixels, labels = _checked(net, images, labels)
    return with_pattern(pixels.cpu(), aimed_signs(net, pixels, labels), size)


def pgd(net: Network, images: Tensor, labels: Tensor, size: float, steps: int = STEPS) -> Tensor:
    """Images changed by many small steps, each pixel by `size` at most: float (N, C, H, W).

    steps: how many, each 2.5 · size / steps long, as Madry et al. take them; it begins at the image itself.
    Other arguments as `aimed_signs`.
    """
    plain_number(size, "The size", 0.0, 1.0)
    whole_number(steps, "The number of steps", 1, 1_000)
    pixels, labels = _checked(net, images, labels)
    if size == 0:
        return pixels.clone().cpu()
    return _many_steps(net, pixels, labels, torch.full((len(pixels),), size, dtype=torch.float64), steps)


def pgd_at(net: Network, image: Tensor, label: int, sizes: Sequence[float], steps: int = STEPS) -> Tensor:
    """One image after `pgd` of each size, all of them side by side: (S, C, H, W).

    image: (C, H, W) in [0, 1] or uint8.  sizes: S of them.  Other arguments as `pgd`.
    """
    numbers = torch.tensor([plain_number(size, "The size", 0.0, 1.0) for size in sizes], dtype=torch.float64)
    whole_number(steps, "The number of steps", 1, 1_000)
    copies = checked_image(image, net.spec.input_shape).expand(len(numbers), -1, -1, -1)
    pixels, labels = _checked(net, copies, torch.full((len(numbers),), label))
    return _many_steps(net, pixels, labels, numbers, steps)


def _many_steps(net: Network, pixels: Tensor, labels: Tensor, sizes: Tensor, steps: int) -> Tensor:
    """sizes: (N,) float64, of each image."""
    twin, results, few = frozen(net), [], at_a_time(net.spec, TOGETHER)
    parts = zip(pixels.split(few), labels.split(few), sizes.split(few), strict=True)
    for part, classes, size in parts:
        start = as_weights(net, part)
        most, step = size.to(start).view(-1, 1, 1, 1), (2.5 * size / steps).to(start).view(-1, 1, 1, 1)
        low, high, moved = (start - most).clamp_min(0), (start + most).clamp_max(1), start
        for _ in range(steps):
            slope = slope_against(twin, moved, classes.to(start.device))
            moved = torch.minimum(torch.maximum(moved + step * slope.sign(), low), high)
        results.append(moved.float().cpu())
    return torch.cat(results)


@dataclass(frozen=True, eq=False)
class Attack:
    """One image under attack, at each of S sizes from 0 on.

    label:    the class whose lead is attacked.
    answer:   what the network reads in the image itself.
    signs:    (C, H, W), the aimed pattern at size 1: -1, 0 or 1. 0: the network does not see that pixel at all.
    control:  (C, H, W), as large a pattern of random signs.
    sizes:    S of them, of full contrast.
    aimed:    (S, classes), the network's probabilities with the aimed pattern of each size.
    random:   (S, classes), the same with random signs.
    smallest: the smallest of the sizes at which the answer is no longer `label`; None where none is.
    smallest_random: the same with random signs.
    """

    label: int
    answer: int
    signs: Tensor
    control: Tensor
    sizes: tuple[float, ...]
    aimed: Tensor
    random: Tensor
    smallest: float | None
    smallest_random: float | None

    @property
    def is_misread(self) -> bool:
        """Whether it is read wrongly before anything was done: then there is nothing to attack."""
        return self.answer != self.label

    @property
    def unseen(self) -> Tensor:
        """(H, W) bool: pixels whose gradient is exactly 0."""
        return self.signs.eq(0).all(0)


def attack_image(
    net: Network,
    image: Tensor,
    label: int | None = None,
    *,
    most: float = MOST,
    grain: float = GRAIN,
    seed: int = 0,
) -> Attack:
    """Attack one image by one gradient, at every size up to `most`.

    image: (C, H, W) in [0, 1] or uint8.
    label: what it shows; None takes the network's own answer.
    most:  the largest size, of full contrast.
    grain: from one size to the next.
    seed:  of the random signs.
    Raises StudentError for an image of another shape, and for a class there is not.
    """
    pixels = checked_image(image, net.spec.input_shape).cpu()
    answer = int(net.predict(pixels)[0].argmax())
    target = answer if label is None else label
    signs = aimed_signs(net, pixels, torch.tensor([_known_class(net, target)]))
    control = random_signs(pixels.shape, seed)
    plain_number(grain, "The step from size to size", 1e-3, 1.0)
    plain_number(most, "The largest size", 0.0, 1.0)
    sizes = tuple(round(grain * number, 6) for number in range(int(most / grain + 1e-9) + 1))
    aimed, random = (probabilities_at(net, pixels, pattern, sizes) for pattern in (signs, control))
    return Attack(
        label=int(target),
        answer=answer,
        signs=signs[0],
        control=control[0],
        sizes=sizes,
        aimed=aimed,
        random=random,
        smallest=_first_other(aimed, sizes, int(target)),
        smallest_random=_first_other(random, sizes, int(target)),
    )


def probabilities_at(net: Network, image: Tensor, signs: Tensor, sizes: Sequence[float]) -> Tensor:
    """What the network answers to an image with a pattern of each size: (S, classes).

    image, signs: (1, C, H, W).
    """
    return net.predict(torch.cat([with_pattern(image, signs, size) for size in sizes])).cpu()


def _first_other(probabilities: Tensor, sizes: Sequence[float], label: int) -> float | None:
    others = probabilities.argmax(1).ne(label).nonzero()[:, 0].tolist()
    return sizes[others[0]] if others else None


def _checked(net: Network, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    pixels = checked_images(images, net.spec.input_shape)
    if len(labels) != len(pixels):
        raise StudentError(f"There are {len(pixels)} images and {len(labels)} labels.")
    for label in labels.unique().tolist():
        _known_class(net, label)
    return pixels, labels.cpu()


def _known_class(net: Network, label: int) -> int:
    if not is_index(label, net.spec.classes):
        raise StudentError(
            f"There is no class {quoted(label)}.", hint=f"Choose one from 0 to {net.spec.classes - 1}."
        )
    return int(label)


def _device(net: Network) -> torch.device:
    return next((weight.device for weight in net.parameters()), torch.device("cpu"))
