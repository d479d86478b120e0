"""What does the network read in its own picture? And what would make this picture more of another class?

A class picture that is read as "8, 100 %" and is no 8 to anybody says how little the certainty means. From a picture
of one's own as a start, held near it by a penalty, the same climb shows what the network misses in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import is_index, plain_number, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.filters.ascent import FilterPictures
from cnn_core.insight.look.twin import as_weights, checked_image, frozen
from cnn_core.model.network import Network
from cnn_core.training.adversarial import lead

STEP = 0.03  # typical change of a pixel at the first step, of full contrast; the last one is next to nothing
HOLD = 0.5  # what a pixel that is wholly changed costs, in scores
STEPS = 60


@dataclass(frozen=True, eq=False)
class PictureAnswers:
    """What the network reads in F pictures, drawn as a page draws them: with pixels from 0 to 1.

    probabilities: (F, classes).
    dead:          (F,) bool, pictures of nothing: what is read in them is chance.
    """

    probabilities: Tensor
    dead: Tensor

    @property
    def answers(self) -> Tensor:
        """(F,) int64."""
        return self.probabilities.argmax(1)

    @property
    def certainty(self) -> Tensor:
        """(F,): the probability of each answer."""
        return self.probabilities.amax(1)


def answers_to_pictures(net: Network, pictures: FilterPictures) -> PictureAnswers:
    """What the network answers to its filters' or classes' pictures."""
    return PictureAnswers(net.predict(pictures.images.clamp(0, 1)).cpu(), pictures.dead)


@dataclass(frozen=True, eq=False)
class Climb:
    """A picture on its way to be more of a class; S steps.

    target:        the class.
    images:        (S + 1, C, H, W) in [0, 1], the first one the start.
    probabilities: (S + 1, classes).
    reached:       the first of them that is read as the class; None where none is.
    """

    target: int
    images: Tensor
    probabilities: Tensor
    reached: int | None

    @property
    def change(self) -> Tensor:
        """(C, H, W): what was added to the start, and below 0 what was taken away."""
        return self.images[-1] - self.images[0]


def more_of(net: Network, image: Tensor, target: int, *, hold: float = HOLD, steps: int = STEPS) -> Climb:
    """Change a picture little by little so that the network reads more of a class in it, and leave it as it can.

    image:  (C, H, W) in [0, 1] or uint8.
    target: the class.
    hold:   the penalty for leaving it: a pixel changed by d costs hold · d², in units of the class's lead.
    steps:  of the climb.
    Raises StudentError for an image of another shape, and for a class there is not.
    """
    if not is_index(target, net.spec.classes):
        raise StudentError(
            f"There is no class {quoted(target)}.", hint=f"Choose one from 0 to {net.spec.classes - 1}."
        )
    plain_number(hold, "The penalty", 0.0, 1e4)
    whole_number(steps, "The number of steps", 1, 1_000)
    twin = frozen(net)
    start = as_weights(net, checked_image(image, net.spec.input_shape)).clamp(0, 1)
    label = torch.tensor([int(target)], device=start.device)
    images = [start]
    for number in range(steps):
        with torch.inference_mode(False), torch.enable_grad():
            now = images[-1].detach().clone().requires_grad_()
            worth = lead(twin(now), label).sum() - hold * (now - start).square().sum()
            (slope,) = torch.autograd.grad(worth, now)
        step = STEP * (1 - number / steps)
        moved = now.detach() + step * slope / slope.square().mean().sqrt().clamp_min(1e-8)
        images.append(moved.clamp(0, 1))
    path = torch.cat(images).float().cpu()
    probabilities = net.predict(path).cpu()
    rightly = probabilities.argmax(1).eq(int(target)).nonzero()[:, 0].tolist()
    return Climb(int(target), path, probabilities, rightly[0] if rightly else None)
