"""Forward and backward through a network that nobody is looking into, sooner than by calling it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_core.model import Network
from cnn_core.model.network import Activated, MaxPoolLayer
from cnn_core.training.fast import onednn
from cnn_core.training.fast.onednn import Kept, Row


class _Step(Protocol):
    """Some layers in a row."""

    def forward(self, values: Tensor, learn: bool) -> tuple[Tensor, Kept]:
        """What comes out, and what `backward` will be told, if `learn`."""

    def backward(self, grad: Tensor, kept: Kept, onward: bool) -> Tensor:
        """Give the weights their `.grad`; return the gradient of what went in, or anything, unless `onward`."""


class Passes:
    """What `net(images)` gives, and what `loss.backward()` would; for our networks sooner.

        passes = Passes(net, half=False)
        logits = passes.forward(images)  # images (B, C, H, W) in [0, 1]; logits (B, classes), float32, no graph
        passes.backward(gradient)  # of a loss, with respect to these logits: now each weight has its `.grad`

    half: in bfloat16 where autocast would be; weights and their gradients stay float32.
    Keep it for as long as the network keeps its layers: what can be shortened is looked up once.

    ReLU never changes which value of a window is the largest, or makes all of them 0. So the largest may be taken
    first, and ReLU then has a quarter of the work: the same values and the same gradients. The maps between the two
    layers are never made, so this is done only where no hook waits for them.

    In bfloat16 on the CPU a row of layers is left to oneDNN, in a memory order of its own and without autograd. The
    values are those of `net(images)` as far as bfloat16 can tell.
    """

    def __init__(self, net: nn.Module, half: bool) -> None:
        self.modules, self.weights = list(net.modules()), list(net.parameters())
        self.plain: list[_Step] = [_ByAutograd(net, half, is_first=True)]
        self.short = self._shortened(net, half) if isinstance(net, Network) else self.plain
        self.done: list[tuple[_Step, Kept]] = []  # by the last `forward`, and what each step kept

    def logits(self, images: Tensor) -> Tensor:
        """As `forward`, with no way back."""
        values = images
        for step in self._steps():
            values, _ = step.forward(values, learn=False)
        return values.float()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes), float32, for images (B, C, H, W) in [0, 1]."""
        values, self.done = images, []
        for step in self._steps():
            values, kept = step.forward(values, learn=True)
            self.done.append((step, kept))
        return values.float()

    def backward(self, gradient: Tensor) -> None:
        """Give each weight its `.grad`, which it must not have yet.

        gradient: of a loss with respect to the logits that `forward` gave last, (B, classes); once.
        """
        while self.done:
            step, kept = self.done.pop()
            gradient = step.backward(gradient, kept, onward=bool(self.done))

    def _steps(self) -> list[_Step]:
        watched = any(map(_watched, self.modules)) or any(weight._backward_hooks for weight in self.weights)
        return self.plain if watched else self.short

    @staticmethod
    def _shortened(net: Network, half: bool) -> list[_Step]:
        layers = list(net)
        swapped = {i for i, pair in enumerate(pairwise(layers)) if _can_swap(*pair)}
        device = next((weight.device for weight in net.parameters()), torch.device("cpu"))
        count = _layers_for_onednn(net) if half and onednn.can_run(device) else 0
        if not count:
            return [_ByAutograd(_in_turn(layers, swapped), half, is_first=True)]
        row, others = Row(layers[:count], swapped), layers[count:]
        return [row, _ByAutograd(_in_turn(others, set()), half, is_first=False)] if others else [row]


class _ByAutograd:
    """Whatever is not written out here."""

    def __init__(self, run: Callable[[Tensor], Tensor], half: bool, is_first: bool) -> None:
        self.run, self.half, self.is_first = run, half, is_first

    def forward(self, values: Tensor, learn: bool) -> tuple[Tensor, Kept]:
        with (
            torch.set_grad_enabled(learn),
            torch.autocast(values.device.type, torch.bfloat16, enabled=self.half),
        ):
            values = values.detach().requires_grad_(learn and not self.is_first)
            given = self.run(values)
        return given.detach(), (values, given)

    def backward(self, grad: Tensor, kept: Kept, onward: bool) -> Tensor:
        values, given = kept
        given.backward(grad.to(given.dtype))
        return values.grad if onward else grad


def _in_turn(layers: list[nn.Module], swapped: set[int]) -> Callable[[Tensor], Tensor]:
    """These layers one after the other; where it says so, a layer's ReLU comes after the pooling."""

    def run(values: Tensor) -> Tensor:
        for index, layer in enumerate(layers):
            values = layer.before(values) if index in swapped else layer(values)  # type: ignore[operator]
            if index - 1 in swapped:
                values = F.relu(values)
        return values

    return run


def _can_swap(layer: nn.Module, after: nn.Module) -> bool:
    return (
        isinstance(layer, Activated) and layer.activation_name == "relu" and isinstance(after, MaxPoolLayer)
    )


def _layers_for_onednn(net: Network) -> int:
    """How many layers at the start oneDNN can do in a row; 0 where that would not be all that have maps, or no work."""
    layers = net.spec.layers
    count = next((i for i, child in enumerate(net) if not onednn.suits(child)), len(layers))
    later = any(layer.window() for layer in layers[count:])
    work = any(layer.has_filters or layer.has_units for layer in layers[:count])
    return count if work and not later else 0


def _watched(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
