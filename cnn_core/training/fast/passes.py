"""A faster forward and backward pass, for our networks where no hook is waiting.

The numbers are those of `net(images)` and autograd: bit for bit in float32, and in bfloat16 no further from float32's
than autocast's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_core.model import ModelSpec, Network, build
from cnn_core.model.network import Activated, MaxPoolLayer
from cnn_core.model.reach import read_of_image
from cnn_core.training.fast import onednn
from cnn_core.training.fast.onednn import Row, Tape
from cnn_core.training.inputs import as_input
from cnn_core.training.seeds import borrowed_random_state

TRIED_AT = 10  # batches of one size before a part of them is tried: a trial takes as long as two, and a tenth is saved


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

    Three things are shortened. ReLU never changes which value of a window is the largest, or makes all of them 0. So
    the largest may be taken first, and ReLU then has a quarter of the work: the same values and the same gradients. The
    maps between the two layers are never made, so this is done only where no hook waits for them. In bfloat16 on the
    CPU a row of layers is left to oneDNN, in a memory order of its own and without autograd. And rows and columns of
    the images that never reach the logits (`model.reach`) are left out. In exact arithmetic that changes nothing, but
    where there is less to add a sum may be grouped in another way. So the part takes the place of the whole only after
    a trial on this machine in which not one bit was different.
    """

    def __init__(self, net: nn.Module, half: bool) -> None:
        self.half = half
        self.modules, self.weights = list(net.modules()), list(net.parameters())
        self.plain: list[_Step] = [_ByAutograd(net, half, is_first=True)]
        self.short = self._shortened(net, half) if isinstance(net, Network) else self.plain
        self.tapes: list[tuple[_Step, Tape]] = []  # of the last `forward`, step by step
        self.parts: dict[
            bool, tuple[int, int]
        ] = {}  # in training mode or not -> rows and columns that are read; of others' networks nothing is known
        if isinstance(net, Network):
            self.spec = net.spec
            self.parts = {trains: read_of_image(net.spec, learning=trains) for trains in (True, False)}
        self.met: Counter[int] = Counter()  # batches, by their number of images

    def logits(self, images: Tensor) -> Tensor:
        """Logits (B, classes), float32, for images (B, C, H, W) in [0, 1]; `backward` cannot follow."""
        steps = self._steps()
        values = self._read(images, learn=False) if steps is self.short else images
        for step in steps:
            values, _ = step.forward(values, learn=False)
        return values.float()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes), float32, for images (B, C, H, W) in [0, 1]; `backward` may follow, once."""
        steps, self.tapes = self._steps(), []
        values = self._read(images, learn=True) if steps is self.short else images
        for step in steps:
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

    def share_with(self, aside: ThreadPoolExecutor | None) -> None:
        """Have one more thread, where there is one, for what no layer waits for; the numbers are the same."""
        for step in self.short:
            if isinstance(step, Row):
                step.aside = aside

    def is_hooked(self) -> bool:
        """Whether somebody's function waits for what passes a layer or a weight."""
        return any(map(_has_hooks, self.modules)) or any(weight._backward_hooks for weight in self.weights)

    def _read(self, images: Tensor, learn: bool) -> Tensor:
        """The images, or the part of them that the logits depend on. In another order than `as_input`'s: the images."""
        if not self.parts or images.stride(1) != 1 or images.device.type != "cpu":
            return images  # a GPU waits for its launches, and fewer pixels save none
        count, trains = len(images), any(module.training for module in self.modules)
        rows, columns = self.parts[trains]
        self.met[count] += 1
        if (rows, columns) == images.shape[2:] or self.met[count] <= TRIED_AT:
            return images
        if not _part_is_exact(self.spec, self.half, learn, trains, count, torch.get_num_threads()):
            return images
        return as_input(images[:, :, :rows, :columns])

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


@lru_cache(maxsize=64)
def _part_is_exact(spec: ModelSpec, half: bool, learn: bool, trains: bool, count: int, threads: int) -> bool:
    """Whether the part of the images that is read gives the same bits as the whole: logits, and gradients if `learn`.

    trains:  whether the network is in training mode.
    count:   of images in a batch.
    threads: torch's, on which it depends as well who adds up what.
    On a network and images of its own, drawn by lot: how a sum is grouped follows from shapes, not from values.
    """
    net = build(spec).train(trains)
    network = FastNetwork(net, half)
    network.parts = {}  # it takes what it is given
    images = as_input(torch.rand(count, *spec.input_shape, generator=torch.Generator().manual_seed(0)))
    rows, columns = read_of_image(spec, learning=trains)

    def numbers(images: Tensor) -> list[Tensor]:
        with borrowed_random_state(0, images.device):
            if not learn:
                return [network.logits(images)]
            logits = network.forward(images)
            network.backward(logits.softmax(1))
        grads = [weight.grad.clone() for weight in net.parameters() if weight.grad is not None]
        net.zero_grad()
        return [logits, *grads]

    whole, part = numbers(images), numbers(as_input(images[:, :, :rows, :columns]))
    return all(map(torch.equal, whole, part))


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
