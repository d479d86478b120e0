"""Deep Dream: what if a net repainted a picture with what it sees in it?

The picture is changed, step by step, so that a layer answers louder: not to one filter, as in `ascent`, but as a
whole. It is done small first, then larger (octaves), so that large and small structures appear.
Source: Mordvintsev, Olah & Tyka 2015, "Inceptionism", and their notebook (gradient over its mean size, jitter, octaves,
detail carried from octave to octave); the gradient softened at three scales is from ProGamerGov's neural-dream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.checks import plain_number, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.look.fields import receptive_field
from cnn_core.insight.look.twin import (
    as_weights,
    checked_image,
    frozen,
    frozen_up_to,
    known_layer,
    layer_names,
)

MAX_SIDE = 1_024  # pixels: above, a step takes a second and the memory of a small server
MAX_STEPS = 200  # in an octave
SIGMAS = (
    0.5,
    1.0,
    2.0,
)  # of the gradient's three softened copies, in pixels; they grow while an octave lasts


def dream(
    net: nn.Module,
    image: Tensor,
    layers: Mapping[str, float] | Iterable[str] | str,
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

    net:    a Network (its layers up to flatten work on any size), or `photo_network()`.
    image:  (C, H, W) in [0, 1], of any size up to 1,024 pixels; enlarge a digit first (`enlarged`).
    layers: {name: weight}, or names that then weigh 1.
    octaves: how often the picture is dreamt, each time `octave_scale` times larger; sizes too small for the net are
             left out.  steps: in each.  step_size: mean change of a pixel at each step, in units of full contrast.
    jitter: pixels by which the picture is shaken at each step.
    on_octave(picture): after each octave, with the picture so far, (C, h, w) in [0, 1].
    on_step(fraction): after each step, with the fraction of all steps done.  cancel(): asked before each step; once it
    says True, what was dreamt so far is returned.
    Raises StudentError for layers without maps, and for numbers that make no sense.
    """
    weights = _weights(net, layers)
    x = as_weights(net, checked_image(image, None))
    _check_size(net, x)
    whole_number(octaves, "The number of octaves", 1, 10)
    whole_number(steps, "The number of steps", 1, MAX_STEPS)
    whole_number(jitter, "The jitter", 0, 256)
    whole_number(seed, "The seed", 0, 2**63 - 1)
    plain_number(octave_scale, "The octave scale", 1.05, 4)
    plain_number(step_size, "The strength of a step", 0, 1)
    responses = _responses(net, tuple(weights))
    sizes = _sizes(x.shape[2], x.shape[3], octaves, octave_scale, _least_side(net, weights))
    generator = torch.Generator().manual_seed(seed)
    detail = torch.zeros_like(x[:, :, :1, :1])
    done, cancelled = 0, False
    for size in sizes:
        base = _resized(x, size).clamp(0, 1)  # bicubic swings a little beyond, and that would count as dreamt
        picture = (base + _resized(detail, size)).clamp(0, 1)
        for step in range(steps):
            cancelled = cancelled or bool(cancel is not None and cancel())
            if cancelled:
                break
            shake = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
            picture = _step(responses, weights, picture, shake, step_size, step / steps)
            done += 1
            if on_step is not None:
                on_step(done / (steps * len(sizes)))
        # What was dreamt, without the picture: enlarged it is added to a sharp picture, so nothing gets blurred.
        detail = picture - base
        if cancelled:
            break
        if on_octave is not None:
            on_octave(picture[0].cpu())
    return (x + _resized(detail, (x.shape[2], x.shape[3]))).clamp(0, 1)[0].cpu()


def dream_layers(net: nn.Module) -> tuple[str, ...]:
    """The layers of a net that can be dreamt of: those that have maps, whatever the size of the picture."""
    depths = getattr(net, "depths", None)
    if depths is not None:
        return tuple(depths)
    names = layer_names(net)
    spec: Any = getattr(net, "spec", None)
    if spec is None:
        return names
    # From there on a layer has no map, or one of fixed size.
    flat = [i for i, layer in enumerate(spec.layers) if layer.makes_list or layer.needs == "list"]
    return names[: flat[0]] if flat else names


def enlarged(image: Tensor, side: int) -> Tensor:
    """(C, H, W) in [0, 1], resized smoothly so that its longer side has `side` pixels; also makes photos smaller."""
    x = checked_image(image, None)
    height, width = x.shape[2:]
    scale = whole_number(side, "The side", 1, 4_096) / max(height, width)
    return _resized(x, (max(round(height * scale), 1), max(round(width * scale), 1))).clamp(0, 1)[0]


def loudness(net: nn.Module, image: Tensor, layers: Mapping[str, float] | Iterable[str] | str) -> float:
    """What a dream makes grow: the mean square of the layers' maps, weighted and added. image: (C, H, W) in [0, 1]."""
    weights = _weights(net, layers)
    x = as_weights(net, checked_image(image, None))
    _check_size(net, x)
    with torch.no_grad():
        return float(_loudness(_responses(net, tuple(weights))(x), weights))


Responses = Callable[[Tensor], dict[str, Tensor]]


def _responses(net: nn.Module, layers: tuple[str, ...]) -> Responses:
    """A function from images (1, C, H, W) to the maps of the wanted layers, which runs no further than the last."""
    if hasattr(net, "maps_at"):
        twin: Any = frozen(net)
        return lambda x: twin.maps_at(x, layers)
    names = layer_names(net)
    prefix = frozen_up_to(net, max(layers, key=names.index))

    def run(x: Tensor) -> dict[str, Tensor]:
        maps = {}
        for name, layer in prefix.named_children():
            x = layer(x)
            if name in layers:
                maps[name] = x
        return maps

    return run


def _step(
    responses: Responses,
    weights: Mapping[str, float],
    picture: Tensor,
    shake: list[int],
    step_size: float,
    progress: float,
) -> Tensor:
    down, right = shake
    with torch.inference_mode(False), torch.enable_grad():
        seen = picture.detach().clone().roll((down, right), (2, 3)).requires_grad_()
        (gradient,) = torch.autograd.grad(_loudness(responses(seen), weights), seen)
    gradient = _softened(gradient, 0.5 + 0.5 * progress)
    change = step_size * gradient / gradient.abs().mean().clamp_min(1e-12)
    return (picture + change.roll((-down, -right), (2, 3))).clamp(0, 1)


def _loudness(maps: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    return torch.stack([weight * maps[name].square().mean() for name, weight in weights.items()]).sum()


def _softened(gradient: Tensor, width: float) -> Tensor:
    """The mean of the gradient's copies blurred at three scales, each brought to one size: noise goes, forms stay."""
    copies = [_blurred(gradient, sigma * width) for sigma in SIGMAS]
    return torch.stack([copy / copy.abs().mean().clamp_min(1e-12) for copy in copies]).mean(0)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (1, C, H, W), rows and columns one after the other; the edge repeats."""
    reach = min(math.ceil(3 * sigma), x.shape[2] - 1, x.shape[3] - 1)
    at = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    weights = torch.softmax(-at.square() / (2 * sigma**2), 0)
    maps = F.pad(x, (reach, reach, reach, reach), mode="replicate").transpose(0, 1)  # channels as a batch
    maps = F.conv2d(maps, weights.view(1, 1, -1, 1))
    return F.conv2d(maps, weights.view(1, 1, 1, -1)).transpose(0, 1)


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


def _least_side(net: Any, weights: Mapping[str, float]) -> int:
    """The smallest side worth dreaming at: what one number of the deepest layer sees."""
    if getattr(net, "spec", None) is None:
        return getattr(net, "least_side", 1)
    fields = [receptive_field(net.spec, layer) for layer in weights]
    return max(field.rows[1] - field.rows[0] + 1 for field in fields)


def _weights(net: nn.Module, layers: Mapping[str, float] | Iterable[str] | str) -> dict[str, float]:
    if isinstance(layers, str):
        layers = [layers]
    weights = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    possible = dream_layers(net)
    for layer, weight in weights.items():
        if layer not in possible:
            if getattr(net, "depths", None) is None:
                known_layer(net, layer)
            raise StudentError(
                f"{quoted(layer)} cannot be dreamt of: it has no maps of any size.",
                hint=f"Choose one of {', '.join(possible)}."
                if possible
                else "Choose a network with convolutions.",
            )
        plain_number(weight, f"The weight of {layer}", -100, 100)
    if not any(weights.values()):
        raise StudentError("No layer was chosen to dream of.", hint=f"Choose one of {', '.join(possible)}.")
    return {layer: float(weight) for layer, weight in weights.items() if weight}


def _check_size(net: Any, x: Tensor) -> None:
    channels, height, width = x.shape[1:]
    wanted = net.spec.input_shape[0] if getattr(net, "spec", None) is not None else 3
    if channels != wanted:
        raise StudentError(
            f"The picture has {channels} channels, and this network sees {wanted}.",
            hint="Use a grey digit for a digit network, a colour photo for the photo network.",
        )
    if max(height, width) > MAX_SIDE:
        raise StudentError(
            f"The picture is {width}×{height} pixels.",
            hint=f"Make its longer side {MAX_SIDE:,} pixels or less.",
        )
