"""Deep Dream: what if a net repainted a picture with what it sees in it?

The picture is changed, step by step, so that a layer answers louder: not to one filter, as in `ascent`, but as a
whole. It is done small first, then larger (octaves), so that large and small structures appear.
Source: Mordvintsev, Olah & Tyka 2015, "Inceptionism", and their notebook (gradient over its mean size, jitter, octaves,
detail carried from octave to octave); the gradient softened at three scales is from ProGamerGov's neural-dream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.checks import plain_number, whole_number
from cnn_core.errors import StudentError
from cnn_core.insight.dream.dreamers import Dreamer, dream_layers, dreamer_of, known_dream_layer
from cnn_core.insight.dream.photo import PhotoNetwork
from cnn_core.insight.look.twin import as_weights, checked_image
from cnn_core.model.network import Network
from cnn_core.training.fast.aside import idle_core_too
from cnn_core.training.fast.memory import holding_all_freed

MAX_SIDE = 1_024  # pixels: above, a step takes a second and the memory of a small server
MAX_STEPS = 200  # in an octave
# Of the gradient's three softened copies, in pixels; they grow while an octave lasts.
SIGMAS = (0.5, 1.0, 2.0)

Layers = Mapping[str, float] | Iterable[str] | str  # {name: weight}, or names that then weigh 1


@holding_all_freed()
def dream(
    net: Network | PhotoNetwork,
    image: Tensor,
    layers: Layers,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 12,
    step_size: float = 0.012,
    jitter: int = 16,
    seed: int = 0,
    on_octave: Callable[[Tensor], object] | None = None,
    *,
    on_step: Callable[[float], object] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Tensor:
    """The picture as the net's `layers` would have it: (C, H, W) in [0, 1], as large as `image`.

    net: a Network (its layers up to flatten work on any size), or `photo_network()`.
    image: (C, H, W) in [0, 1], of any size up to 1,024 pixels; enlarge a digit first (`enlarged`).
    layers: {name: weight}, or names that then weigh 1.
    octaves: how often the picture is dreamt; sizes too small for the net are left out.
    octave_scale: how much larger each octave is than the one before.
    steps: in each octave.
    step_size: mean change of a pixel at each step, in units of full contrast.
    jitter: pixels by which the picture is shaken at each step.
    seed: of the shaking; the same seed gives the same dream.
    on_octave: called after each octave with the picture so far, (C, h, w) in [0, 1].
    on_step: called after each step with the fraction of all steps done.
    cancel: asked before each step; once it says True, what was dreamt so far is returned.
    Raises StudentError for layers without maps, and for numbers that make no sense.
    """
    weights = _weights(net, layers)
    x = as_weights(net, checked_image(image, None))
    dreamer = dreamer_of(net)
    _check_size(dreamer, x)
    _check_numbers(octaves, octave_scale, steps, step_size, jitter, seed)
    sizes = _sizes(x.shape[2], x.shape[3], octaves, octave_scale, dreamer.least_side(weights))
    climb = _Climb(dreamer, weights, step_size, jitter, seed)
    progress = _Progress(steps * len(sizes), on_step, cancel)
    detail = torch.zeros_like(x[:, :, :1, :1])
    for size in sizes:
        base = _resized(x, size).clamp(0, 1)  # bicubic swings a little beyond, and that would count as dreamt
        picture = (base + _resized(detail, size)).clamp(0, 1)
        for step in range(steps):
            if progress.is_cancelled():
                break
            picture = climb.step(picture, step / steps)
            progress.one_step_done()
        # What was dreamt, without the picture: enlarged it is added to a sharp picture, so nothing gets blurred.
        detail = picture - base
        if progress.cancelled:
            break
        if on_octave is not None:
            on_octave(picture[0].cpu())
    return (x + _resized(detail, (x.shape[2], x.shape[3]))).clamp(0, 1)[0].cpu()


def enlarged(image: Tensor, side: int) -> Tensor:
    """The picture, resized smoothly so that its longer side has `side` pixels; also makes photos smaller.

    image: (C, H, W) in [0, 1].
    side: from 1 to 4,096 pixels.
    Returns (C, h, w) in [0, 1].
    Raises StudentError for another side, or what is no picture.
    """
    x = checked_image(image, None)
    height, width = x.shape[2:]
    scale = whole_number(side, "The side", 1, 4_096) / max(height, width)
    return _resized(x, (max(round(height * scale), 1), max(round(width * scale), 1))).clamp(0, 1)[0]


def loudness(net: Network | PhotoNetwork, image: Tensor, layers: Layers) -> float:
    """What a dream makes grow: the mean square of the layers' maps, weighted and added.

    net, layers: as in `dream`.
    image: (C, H, W) in [0, 1].
    Raises StudentError for layers without maps, and for a picture the net cannot look at.
    """
    weights = _weights(net, layers)
    x = as_weights(net, checked_image(image, None))
    dreamer = dreamer_of(net)
    _check_size(dreamer, x)
    with torch.no_grad():
        return float(_loudness(dreamer.maps_at(x, tuple(weights)), weights))


class _Climb:
    """One step after another up the slope of the layers' loudness, each time from a freshly shaken picture."""

    def __init__(
        self, dreamer: Dreamer, weights: Mapping[str, float], step_size: float, jitter: int, seed: int
    ) -> None:
        self._dreamer, self._weights, self._layers = dreamer, weights, tuple(weights)
        self._step_size, self._jitter = step_size, jitter
        self._generator = torch.Generator().manual_seed(seed)

    def step(self, picture: Tensor, progress: float) -> Tensor:
        """The picture (1, C, H, W) in [0, 1] after one step.  progress: the fraction of the octave's steps done."""
        down, right = torch.randint(-self._jitter, self._jitter + 1, (2,), generator=self._generator).tolist()
        gradient = self._gradient(picture.roll((down, right), (2, 3)))
        gradient = _softened(gradient, 0.5 + 0.5 * progress)
        change = self._step_size * gradient / gradient.abs().mean().clamp_min(1e-12)
        return (picture + change.roll((-down, -right), (2, 3))).clamp(0, 1)

    def _gradient(self, picture: Tensor) -> Tensor:
        # The rest of a step stays with the caller's threads: more of them would add up means in another order.
        has_more = self._dreamer.same_by_any_threads
        threads: AbstractContextManager[None] = idle_core_too() if has_more else nullcontext()
        with threads, torch.inference_mode(False), torch.enable_grad():
            leaf = picture.detach().clone().requires_grad_()
            maps = self._dreamer.maps_at(leaf, self._layers)
            return torch.autograd.grad(_loudness(maps, self._weights), leaf)[0]


class _Progress:
    """Counts the steps of all octaves for the listener, and asks whether to go on."""

    def __init__(
        self, total: int, on_step: Callable[[float], object] | None, cancel: Callable[[], bool] | None
    ) -> None:
        self._total, self._on_step, self._cancel = total, on_step, cancel
        self._done = 0
        self.cancelled = False

    def is_cancelled(self) -> bool:
        """Asks the listener, until it has said yes once."""
        self.cancelled = self.cancelled or bool(self._cancel is not None and self._cancel())
        return self.cancelled

    def one_step_done(self) -> None:
        self._done += 1
        if self._on_step is not None:
            self._on_step(self._done / self._total)


def _loudness(maps: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    return torch.stack([weight * maps[name].square().mean() for name, weight in weights.items()]).sum()


def _softened(gradient: Tensor, width: float) -> Tensor:
    """The mean of the gradient's copies blurred at three scales, each brought to one size: noise goes, forms stay."""
    copies = [_blurred(gradient, sigma * width) for sigma in SIGMAS]
    return torch.stack([copy / copy.abs().mean().clamp_min(1e-12) for copy in copies]).mean(0)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (1, C, H, W), rows and columns one after the other; the edge repeats.

    As a sum of shifted pictures: that takes a tenth of the time of a convolution of one channel.
    """
    reach = min(math.ceil(3 * sigma), x.shape[2] - 1, x.shape[3] - 1)
    at = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.softmax(-at.square() / (2 * sigma**2), 0).tolist()
    maps = F.pad(x, (reach, reach, reach, reach), mode="replicate")
    for side in (2, 3):
        length = maps.shape[side] - 2 * reach
        total = maps.narrow(side, 0, length) * weights[0]
        for place, weight in enumerate(weights[1:], start=1):
            total.add_(maps.narrow(side, place, length), alpha=weight)
        maps = total
    return maps


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(x.shape[2:]) == size:
        return x
    if x.shape[2:] == (1, 1):
        return x.expand(-1, -1, *size)
    return F.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False)


def _sizes(height: int, width: int, octaves: int, scale: float, least: int) -> list[tuple[int, int]]:
    """From the smallest octave to the picture's own size, which is always there."""
    shrunk = [(round(height / scale**i), round(width / scale**i)) for i in range(octaves)]
    return [size for i, size in reversed(list(enumerate(shrunk))) if i == 0 or min(size) >= least]


def _weights(net: Network | PhotoNetwork, layers: Layers) -> dict[str, float]:
    """The layers to dream of, each with its weight; those that weigh nothing are left out."""
    if isinstance(layers, str):
        layers = [layers]
    weights = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    for layer, weight in weights.items():
        known_dream_layer(net, layer)
        plain_number(weight, f"The weight of {layer}", -100, 100)
    if not any(weights.values()):
        raise StudentError(
            "No layer was chosen to dream of.", hint=f"Choose one of {', '.join(dream_layers(net))}."
        )
    return {layer: float(weight) for layer, weight in weights.items() if weight}


def _check_size(dreamer: Dreamer, x: Tensor) -> None:
    channels, height, width = x.shape[1:]
    if channels != dreamer.channels:
        raise StudentError(
            f"The picture has {channels} channels, and this network sees {dreamer.channels}.",
            hint="Use a grey digit for a digit network, a colour photo for the photo network.",
        )
    if max(height, width) > MAX_SIDE:
        raise StudentError(
            f"The picture is {width}×{height} pixels.",
            hint=f"Make its longer side {MAX_SIDE:,} pixels or less.",
        )


def _check_numbers(
    octaves: int, octave_scale: float, steps: int, step_size: float, jitter: int, seed: int
) -> None:
    whole_number(octaves, "The number of octaves", 1, 10)
    whole_number(steps, "The number of steps", 1, MAX_STEPS)
    whole_number(jitter, "The jitter", 0, 256)
    whole_number(seed, "The seed", 0, 2**63 - 1)
    plain_number(octave_scale, "The octave scale", 1.05, 4)
    plain_number(step_size, "The strength of a step", 0, 1)
