"""A third recipe for a filter's picture: its Fourier magnitudes are held at those of the data, only phases may move.

So a picture has as much of each fineness as real images have, and cannot become the fine noise that excites a filter
best. Beside it the importance mask: where the climb's gradients were large. Fel et al. 2023, "Unlocking Feature
Visualization for Deeper Networks with MAgnitude Constrained Optimization". Beside the other recipes (`compared`; the
shipped lesson's net, looked at): of the ten classes its pictures are nearer to digits, and the mask leaves the strokes
alone; of conv2d_2's filters "clean" shows the pattern better, and excites them four times as much.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import whole_number
from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError
from cnn_core.insight.filters.ascent import MAX_STEPS, maximize_filters
from cnn_core.insight.filters.recipes import RECIPES
from cnn_core.insight.filters.response import Response
from cnn_core.insight.look.twin import checked_images, known_layer
from cnn_core.model.network import Network

STEPS = 60
RATE = 0.3  # radians, a phase's largest step
SHAKE = 2  # pixels to each side, at each step
LEAK = 0.01  # of the relu climbed by, as in "clean"


@dataclass(frozen=True, eq=False)
class MacoPictures:
    """Pictures of F filters with the data's magnitudes.

    images:     (F, C, H, W) in [0, 1].
    importance: (F, H, W), 0 to 1: how large the gradients were at each pixel, over all steps.
    scores:     (F,), the mean of the filter's map for its picture.
    dead:       (F,) bool, the picture does not excite its filter.
    """

    layer: str
    filters: tuple[int, ...]
    images: Tensor
    importance: Tensor
    scores: Tensor
    dead: Tensor


def mean_magnitudes(images: Tensor) -> Tensor:
    """The mean size of each frequency over some images: (C, H, W // 2 + 1).

    images: (N, C, H, W) in [0, 1] or uint8.
    """
    return torch.fft.rfft2(as_fractions(images)).abs().mean(0)


def maco_pictures(
    net: Network, layer: str, filters: Sequence[int], images: Tensor, *, steps: int = STEPS, seed: int = 0
) -> MacoPictures:
    """Climb by the phases alone.

    layer:   any of the net's; of a dense one the filters are its units.
    filters: which.
    images:  (N, C, H, W), whose mean magnitudes are held; a few hundred will do.
    steps:   of the climb.
    seed:    of the first phases.
    Raises StudentError for images of another shape, and for an unknown layer or filter.
    """
    whole_number(steps, "The number of steps", 1, MAX_STEPS)
    known_layer(net, layer)
    numbers = [int(filter) for filter in filters]
    if not numbers:
        raise StudentError("No filter was chosen.", hint="Choose one or more.")
    magnitudes = mean_magnitudes(checked_images(images, net.spec.input_shape)).cpu()
    response, chosen = Response(net, layer), torch.tensor(numbers)
    phases = torch.stack([_first_phases(magnitudes, seed, layer, number) for number in numbers])
    spread = torch.zeros(len(numbers), *net.spec.input_shape[1:])
    momentum, size = torch.zeros_like(phases), torch.zeros_like(phases)
    shakes = torch.Generator().manual_seed(seed)
    for number in range(1, steps + 1):
        down, right = torch.randint(-SHAKE, SHAKE + 1, (2,), generator=shakes).tolist()
        with torch.inference_mode(False), torch.enable_grad():
            angle = phases.clone().requires_grad_()
            picture = _picture(magnitudes, angle, net.spec.input_shape)
            picture.retain_grad()
            shaken = picture.roll((down, right), (2, 3)).to(response.device, response.dtype)
            objective, _ = response(shaken, chosen.to(response.device), LEAK)
            objective.sum().backward()
        assert angle.grad is not None
        assert picture.grad is not None
        spread += picture.grad.abs().sum(1)
        # Adam, whose steps are of one size for coarse and fine phases alike; they become shorter towards the end.
        momentum = 0.9 * momentum + 0.1 * angle.grad
        size = 0.99 * size + 0.01 * angle.grad.square()
        step = (momentum / (1 - 0.9**number)) / ((size / (1 - 0.99**number)).sqrt() + 1e-12)
        phases = phases + RATE * (1 - (number - 1) / steps) * step
    final = _picture(magnitudes, phases, net.spec.input_shape).clamp(0, 1)
    with torch.no_grad():
        scores, answers = response.final(
            final.to(response.device, response.dtype), chosen.to(response.device)
        )
    strongest = spread.flatten(1).amax(1).clamp_min(1e-30)[:, None, None]
    return MacoPictures(
        layer, tuple(numbers), final, spread / strongest, scores.float().cpu(), ~answers.cpu()
    )


@dataclass(frozen=True, eq=False)
class RecipePictures:
    """The pictures of the same filters by one recipe, to stand beside those of others.

    images:        (F, C, H, W) in [0, 1], as they are drawn.
    scores:        (F,), the mean of the filter's map for that.
    probabilities: (F, classes), what the network reads in it.
    fineness:      (F,), which part of the picture's changes lies in the finer half of the frequencies; 0 to 1.
    importance:    (F, H, W) of maco; else None.
    """

    recipe: str
    images: Tensor
    scores: Tensor
    probabilities: Tensor
    fineness: Tensor
    importance: Tensor | None = None


def compared(
    net: Network, layer: str, filters: Sequence[int], images: Tensor, *, seed: int = 0
) -> list[RecipePictures]:
    """The recipes "lesson" and "clean" and "maco", side by side. Arguments and errors as `maco_pictures`."""
    response, chosen = Response(net, layer), torch.tensor([int(one) for one in filters])
    third = maco_pictures(net, layer, filters, images, seed=seed)
    every = {
        name: maximize_filters(net, layer, filters, seed=seed, recipe=name).images.clamp(0, 1)
        for name in RECIPES
    } | {"maco": third.images}
    rows = []
    for name, drawn in every.items():
        with torch.no_grad():
            _, scores = response(drawn.to(response.device, response.dtype), chosen.to(response.device))
        rows.append(
            RecipePictures(
                recipe=name,
                images=drawn,
                scores=scores.float().cpu(),
                probabilities=net.predict(drawn).cpu(),
                fineness=fineness(drawn),
                importance=third.importance if name == "maco" else None,
            )
        )
    return rows


def fineness(images: Tensor) -> Tensor:
    """Which part of what changes in a picture does so more than H/4 times over its height or width: (N,), 0 to 1."""
    power = torch.fft.fft2(images).abs().square().sum(1)  # (N, H, W)
    rows, columns = (torch.fft.fftfreq(length).abs() for length in images.shape[-2:])
    fine = torch.maximum(rows[:, None], columns[None, :]) > 0.25
    power[:, 0, 0] = 0  # the mean brightness is no change
    return (power * fine).sum((1, 2)) / power.sum((1, 2)).clamp_min(1e-30)


def _picture(magnitudes: Tensor, phases: Tensor, shape: Sequence[int]) -> Tensor:
    """(F, C, H, W) from phases (F, C, H, W // 2 + 1); the mean brightness keeps its sign."""
    keeps = torch.ones_like(magnitudes)
    keeps[:, 0, 0] = 0
    return torch.fft.irfft2(torch.polar(magnitudes.expand_as(phases), phases * keeps), s=tuple(shape[1:]))


def _first_phases(magnitudes: Tensor, seed: int, layer: str, filter: int) -> Tensor:
    digest = hashlib.blake2b(f"maco/{seed}/{layer}/{filter}".encode(), digest_size=7).digest()
    chance = torch.Generator().manual_seed(int.from_bytes(digest, "little"))
    return (2 * torch.rand(magnitudes.shape, generator=chance) - 1) * torch.pi
