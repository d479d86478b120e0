"""A frozen twin of a network, to look into without touching the network itself; and the check of an image.

Every function of this package works on a twin that shares the weights' memory but is always in eval mode, asks for
no weight gradients and carries nobody's hooks. So there is nothing to restore afterwards, not even after an error,
and two visitors can look into the same net at the same time.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from math import prod
from typing import TypeVar

import torch
from torch import Tensor, nn

from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError, quoted
from cnn_core.model.spec import ModelSpec, summarize

ROUNDING = 1e-4  # a resized image may leave [0, 1] by this much
MAPS_BYTES = 13_000_000  # of one layer, for all images that go through a network at once
Module = TypeVar("Module", bound=nn.Module)


def frozen(net: Module) -> Module:
    """A twin of `net` in eval mode, sharing its weights, without weight gradients and without hooks.

    Costs a tenth of a millisecond: modules are copied, tensors are not. A later training step on `net` is seen by
    the twin too.
    """
    twin = copy.copy(net)
    state = twin.__dict__
    for name in list(state):
        if name.endswith("_hooks") or "_hooks_" in name:
            state[name] = OrderedDict()
    state["training"] = False
    state["_parameters"] = {n: None if p is None else p.detach() for n, p in net._parameters.items()}
    state["_buffers"] = dict(net._buffers)
    state["_modules"] = {n: None if m is None else frozen(m) for n, m in net._modules.items()}
    return twin


def put_layer(twin: nn.Module, name: str, layer: nn.Module) -> None:
    """Put another layer in the place of one in a frozen twin, whose list of layers is its own."""
    twin._modules[name] = layer


def with_weights(layer: Module, weight: Tensor, bias: Tensor | None) -> Module:
    """A copy of a frozen layer of ours with other weights: torch looks at their shape alone, so some may be left out.

    Its weights are in its one submodule (`conv`, `norm` or `dense`); the copy shares all else with the layer.
    """
    layer = copy.copy(layer)
    name, part = next(layer.named_children())
    part = copy.copy(part)
    part.__dict__["_parameters"] = {"weight": weight, "bias": bias}
    layer.__dict__["_modules"] = dict(layer._modules) | {name: part}
    return layer


def layer_names(net: nn.Module) -> tuple[str, ...]:
    """The layers of a net in order: the names of its children."""
    return tuple(name for name, _ in net.named_children())


def frozen_up_to(net: nn.Module, layer: str) -> nn.Sequential:
    """The frozen twin of a Sequential, cut after `layer`; later layers are neither copied nor run.

    Raises StudentError, naming the layers there are, if `layer` is none of them.
    """
    names = layer_names(net)
    children = list(net.children())[: names.index(known_layer(net, layer)) + 1]
    return nn.Sequential(OrderedDict(zip(names, map(frozen, children), strict=False)))


def known_layer(net: nn.Module, layer: str) -> str:
    """`layer` itself. Raises StudentError, naming the layers there are, if the net has no such layer."""
    names = layer_names(net)
    if layer not in names:
        raise StudentError(
            f"This network has no layer {quoted(layer)}.", hint=f"Its layers are {', '.join(names)}."
        )
    return layer


def known_layers(net: nn.Module, layers: Iterable[str] | None) -> tuple[str, ...]:
    """These layers in the net's order, or all of them.

    layers: names, or a single name; None means all.
    Raises StudentError for an unknown one.
    """
    if layers is None:
        return layer_names(net)
    if isinstance(layers, str):
        layers = [layers]
    known = {known_layer(net, layer) for layer in layers}
    return tuple(name for name in layer_names(net) if name in known)


def device_of(net: nn.Module) -> torch.device:
    """Where the weights are; the CPU for a net without any."""
    return next((p.device for p in net.parameters()), torch.device("cpu"))


def at_a_time(spec: ModelSpec, most: int) -> int:
    """How many images go through a network at once: `most`, or as few as keep each layer's maps to MAPS_BYTES.

    250 images had 50 MB of maps in the modern network's first layer, and as much again in its second; thirty students'
    server grew by them for a moment, and nothing was done any sooner.
    """
    largest = max(prod(row.output_shape) for row in summarize(spec))
    return max(1, min(most, MAPS_BYTES // (4 * largest)))


def as_weights(net: nn.Module, images: Tensor) -> Tensor:
    """`images` where the weights are, and as precise as they are."""
    weights = next(net.parameters(), None)
    return images if weights is None else images.to(weights.device, weights.dtype)


def checked_images(images: Tensor, shape: Sequence[int] | None, *, what: str = "The images") -> Tensor:
    """Images as every net takes them: float32 (N, C, H, W) in [0, 1]; the caller's tensor is not changed.

    images: (N, C, H, W) floats in [0, 1], or uint8 from 0 to 255.
    shape:  the (C, H, W) a net is made for; None accepts any.
    what:   to call them in an error.
    Raises StudentError for anything else.
    """
    if not isinstance(images, Tensor):
        raise StudentError(f"{what} must be a torch tensor, not {type(images).__name__}.")
    if (
        images.ndim != 4
        or 0 in images.shape
        or (shape is not None and tuple(images.shape[1:]) != tuple(shape))
    ):
        size = ", ".join(map(str, shape)) if shape is not None else "channels, height, width"
        raise StudentError(
            f"{what} have the shape {tuple(images.shape)}, and this network takes (N, {size}).",
            hint="Give one picture or more, of the network's own size.",
        )
    if images.dtype == torch.uint8:
        return as_fractions(images.detach())
    if not images.is_floating_point():
        raise StudentError(
            f"{what} hold numbers of type {images.dtype}.",
            hint="Use uint8 from 0 to 255, or floats from 0 to 1.",
        )
    images = images.detach().float()
    low, high = images.aminmax()
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # false for NaN too
        raise StudentError(
            f"{what} hold values from {low.item():.4g} to {high.item():.4g}, and pixels go from 0 to 1.",
            hint="Divide by 255 if yours go to 255.",
        )
    return images


def checked_image(image: Tensor, shape: Sequence[int] | None) -> Tensor:
    """One image as a batch of one: float32 (1, C, H, W) in [0, 1].

    image: (C, H, W), or already (1, C, H, W).
    shape: as in `checked_images`, and so are the errors.
    """
    if not isinstance(image, Tensor):
        raise StudentError(f"The image must be a torch tensor, not {type(image).__name__}.")
    batch = image.unsqueeze(0) if image.ndim == 3 else image
    if batch.ndim != 4 or len(batch) != 1:
        size = ", ".join(map(str, shape)) if shape is not None else "channels, height, width"
        raise StudentError(
            f"The image has the shape {tuple(image.shape)}, and this network takes ({size}).",
            hint="Give one picture of the network's own size.",
        )
    return checked_images(batch, shape, what="The image")
