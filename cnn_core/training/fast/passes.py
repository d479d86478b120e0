"""A faster forward and backward pass, for our networks where no hook is waiting.

The numbers are those of `net(images)` and autograd: bit for bit in float32, and in bfloat16 no further from float32's
than autocast's.
"""

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
from cnn_core.training.fast.onednn import Row, Tape


class _Step(Protocol):
    """Some layers in a row."""

    def forward(self, values: Tensor, learn: bool) -> tuple[Tensor, Tape]:
        """The output, and what `backward` needs; with `learn` False that may be nothing."""

    def backward(self, grad: Tensor, tape: Tape, onward: bool) -> Tensor:
        """Set the weights' `.grad` and return the gradient of the input.

        grad:   of the output.
        tape:   what `forward` noted.
        onward: whether the gradient of the input is needed; if not, anything may be returned.
        """


class FastNetwork:
    """What `net(images)` gives, and what `loss.backward()` would; for our networks sooner.

        network = FastNetwork(net, half=False)
        logits = network.forward(images)  # images (B, C, H, W) in [0, 1]; logits (B, classes), float32, no graph
        network.backward(gradient)  # of a loss, with respect to these logits: now each weight has its `.grad`

    net:  any network; hooks on it are seen and called.
    half: in bfloat16 where autocast would be; weights and their gradients stay float32.
    Good for as long as the network keeps its layers: what can be shortened is looked up once.

    Two things are shortened. ReLU never changes which value of a window is the largest, or makes all of them 0. So the
    largest may be taken first, and ReLU then has a quarter of the work: the same values and the same gradients. The
    maps between the two layers are never made, so this is done only where no hook waits for them. And in bfloat16 on
    the CPU a row of layers is left to oneDNN, in a memory order of its own and without autograd.
    """

    def __init__(self, net: nn.Module, half: bool) -> None:
        self.modules, self.weights = list(net.modules()), list(net.parameters())
        self.plain: list[_Step] = [_ByAutograd(net, half, is_first=True)]
        self.short = self._shortened(net, half) if isinstance(net, Network) else self.plain
        self.tapes: list[tuple[_Step, Tape]] = []  # of the last `forward`, step by step

    def logits(self, images: Tensor) -> Tensor:
        """Logits (B, classes), float32, for images (B, C, H, W) in [0, 1]; `backward` cannot follow."""
        values = images
        for step in self._steps():
            values, _ = step.forward(values, learn=False)
        return values.float()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes), float32, for images (B, C, H, W) in [0, 1]; `backward` may follow, once."""
        values, self.tapes = images, []
        for step in self._steps():
            values, tape = step.forward(values, learn=True)
            self.tapes.append((step, tape))
        return values.float()

    def backward(self, gradient: Tensor) -> None:
        """Set each weight's `.grad`, which must be None before.

        gradient: (B, classes), of a loss with respect to the logits of the last `forward`.
        """
        while self.tapes:
            step, tape = self.tapes.pop()
            gradient = step.backward(gradient, tape, onward=bool(self.tapes))

    def is_hooked(self) -> bool:
        """Whether somebody's function waits for what passes a layer or a weight."""
        return any(map(_has_hooks, self.modules)) or any(weight._backward_hooks for weight in self.weights)

    def _steps(self) -> list[_Step]:
        return self.plain if self.is_hooked() else self.short

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
    """Layers as torch computes them, under autocast if `half`."""

    def __init__(self, run: Callable[[Tensor], Tensor], half: bool, is_first: bool) -> None:
        self.run, self.half, self.is_first = run, half, is_first

    def forward(self, values: Tensor, learn: bool) -> tuple[Tensor, Tape]:
        with (
            torch.set_grad_enabled(learn),
            torch.autocast(values.device.type, torch.bfloat16, enabled=self.half),
        ):
            values = values.detach().requires_grad_(learn and not self.is_first)
            output = self.run(values)
        return output.detach(), (values, output)

    def backward(self, grad: Tensor, tape: Tape, onward: bool) -> Tensor:
        values, output = tape
        inner_product(output, grad.to(output.dtype)).backward()
        return values.grad if onward else grad


def inner_product(output: Tensor, gradient: Tensor) -> Tensor:
    """A scalar whose `.backward()` does what `output.backward(gradient)` does, to the bit.

    gradient: shaped like `output`, and not computed from it.
    Where torch is handed a gradient it compares shapes by sympy: 40 MB of each process, and half a second.
    """
    return (output * gradient).sum()


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


def _has_hooks(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
