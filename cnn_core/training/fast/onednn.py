"""Layers as oneDNN computes them in bfloat16 on the CPU, forward and, by the chain rule written out, backward.

Autograd makes a node for each call, and autocast one more to round each weight. On 64 digits a layer's arithmetic
takes only 20 to 300 microseconds, so the overhead of the nodes is noticeable. (Measured, the lesson's step with two
threads: 3.1 ms before, 2.75 after.) The chain rule for convolutions: Goodfellow, Bengio and
Courville 2016, section 9.5.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_core.model.network import Activated, ConvLayer, DenseLayer, MaxPoolLayer

SMALL_MAP = 16  # places in a map
MANY_KERNELS = 64 * 64 * 32  # channels x filters x images

Tape = Any  # what a layer notes on its way forward for its way back

# What is used here and torch does not promise. Where another torch lacks one of them, autograd does the work.
TORCH_INTERNALS = (
    "_C._AutoDispatchBelowAutograd",
    "_foreach_copy_",
    "mkldnn_convolution",
    "mkldnn_max_pool2d",
    "ops.aten.convolution_backward.default",
    "ops.aten.mkldnn_max_pool2d_backward.default",
    "ops.aten.threshold_backward.default",
    "ops.mkldnn._is_mkldnn_bf16_supported",
)


def can_run(device: torch.device) -> bool:
    """Whether oneDNN multiplies bfloat16 there."""
    return (
        device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and _torch_has_all_names()
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # where not, it refuses rather than imitate
    )


@functools.cache
def _torch_has_all_names() -> bool:
    try:
        return all(attrgetter(name)(torch) is not None for name in TORCH_INTERNALS)
    except AttributeError:
        return False


def suits(child: nn.Module) -> bool:
    """Whether a `Row` may have this layer of a network."""
    if isinstance(child, Activated):
        knows_it = type(child) in _MIXES and not getattr(child, "pads", False) and not _is_dilated(child)
        return knows_it and child.activation_name in ("relu", "linear", "softmax")
    # Windows that overlap add up their gradients, which would be rounded in another order.
    return isinstance(child, nn.Flatten | nn.Dropout) or (
        isinstance(child, MaxPoolLayer) and not child.pads and child.size <= child.strides
    )


def _is_dilated(child: nn.Module) -> bool:
    return isinstance(child, ConvLayer) and child.window.dilation > 1


class Row:
    """The first layers of a network. Maps stay in oneDNN's memory order from one to the next.

    children: layers that `suits` allows.
    swapped:  the indices of convolutions whose ReLU comes after the pooling that follows them.
    """

    def __init__(self, children: Sequence[nn.Module], swapped: Set[int]) -> None:
        parts: list[_Part] = []
        for index, child in enumerate(children):
            parts += _parts(child, relu=index not in swapped)
            if index - 1 in swapped:
                parts.append(_Relu())
        for index, (part, after) in enumerate(pairwise(parts)):
            if isinstance(part, _Relu) and isinstance(after, _Flatten):
                parts[index : index + 2] = after, part  # the same, and sooner in torch's memory order
        self.parts = parts
        self.aside: ThreadPoolExecutor | None = None  # one more thread, for gradients of weights (`aside`)
        self.weights = [weight for part in self.parts for weight in part.weights]
        self.without_weights = next(i for i, part in enumerate(parts) if part.weights)  # so many come first
        with torch.inference_mode(False):  # whatever the caller is in: they are written to again and again
            self.rounded = [torch.empty(weight.shape, dtype=torch.bfloat16) for weight in self.weights]
            self.grads = [torch.empty_like(weight) for weight in self.weights]

    def forward(self, values: Tensor, learn: bool) -> tuple[Tensor, Tape]:
        """The last layer's output, in bfloat16, and the tape for `backward`, which is empty unless `learn`.

        values: images (B, C, H, W), or (B, numbers).
        """
        tape = []
        with _no_graph(learn):
            torch._foreach_copy_(self.rounded, self.weights)
            rounded = iter(self.rounded)
            for part in self.parts:
                own = [next(rounded) for _ in part.weights]
                values, parts_tape = part.forward(values, own, learn)
                if learn:
                    tape.append((part, own, parts_tape))
            return _dense(values), tape

    def backward(self, grad: Tensor, tape: Tape, onward: bool) -> Tensor:
        """Set each weight's `.grad` from the gradient of `forward`'s output; valid until the next call.

        tape:   of that `forward`; it is used up.
        Below the first weights nothing is computed, unless `onward`: nobody would read it. (The MLP's gradient by its
        pixels was a third of its multiply-adds.)
        Returns the gradient of the input if `onward`, else anything.
        """
        # Of the layers' weights, from the last layer to the first; some are still to come.
        grads: list[list[Tensor] | Future[list[Tensor]]] = []
        lowest = 0 if onward else self.without_weights
        with _no_graph(learn=False):
            while len(tape) > lowest:
                part, own, parts_tape = tape.pop()
                below = onward or len(tape) > lowest
                if self.aside is not None and below and isinstance(part, _Convolution):
                    grads.append(self.aside.submit(part.of_weights, grad, parts_tape, own))
                    grad = part.of_maps(grad, parts_tape, own)
                else:
                    grad, of_own = part.backward(grad, parts_tape, own, onward=below)
                    grads.append(of_own)
            ready = [one.result() if isinstance(one, Future) else one for one in reversed(grads)]
            torch._foreach_copy_(self.grads, [of_weight for of_layer in ready for of_weight in of_layer])
        for weight, of_weight in zip(self.weights, self.grads, strict=True):
            if weight.requires_grad:
                weight.grad = of_weight
        return grad


@contextmanager
def _no_graph(learn: bool) -> Iterator[None]:
    # Below autograd nothing is recorded, and each call is a little shorter than with `no_grad` alone. "Enabled" says
    # to oneDNN's pooling that it has to note, for the way back, where the largest stood.
    with torch.set_grad_enabled(learn), torch._C._AutoDispatchBelowAutograd():
        yield


class _Part:
    """A layer, or what it does first or last."""

    weights: tuple[Tensor, ...] = ()

    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        """The output, and the tape for `backward`.

        own:   the weights, in bfloat16.
        learn: whether `backward` will follow.
        """
        raise NotImplementedError

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        """The gradient of the input (anything, unless `onward`) and those of the weights, from that of the output."""
        raise NotImplementedError


def _parts(child: nn.Module, relu: bool) -> list[_Part]:
    if isinstance(child, Activated):
        return [*_MIXES[type(child)](child), *([_Relu()] if relu and child.activation_name == "relu" else [])]
    if isinstance(child, MaxPoolLayer):
        return [_MaxPooling(child.size, child.strides)]
    return [_Dropout(child) if isinstance(child, nn.Dropout) else _Flatten()]


class _Convolution(_Part):
    def __init__(self, conv: nn.Conv2d) -> None:
        assert conv.bias is not None
        assert isinstance(conv.padding, tuple)
        self.weights = (conv.weight, conv.bias)
        self.padding, self.stride, self.filters = conv.padding, conv.stride, [conv.out_channels]
        self.kernels = conv.in_channels * conv.out_channels

    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        maps = _as_maps(values)
        return self._convolve(maps, *own), maps

    def _convolve(self, maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return torch.mkldnn_convolution(
            maps, weight, bias, self.padding, self.stride, dilation=(1, 1), groups=1
        )

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        of_maps = self.of_maps(grad, tape, own) if onward else grad
        return of_maps, self.of_weights(grad, tape, own)

    def of_maps(self, grad: Tensor, maps: Tensor, own: list[Tensor]) -> Tensor:
        """The gradient of what came in."""
        return self._backward(grad, maps, own, (True, False, False))[0]

    def of_weights(self, grad: Tensor, maps: Tensor, own: list[Tensor]) -> list[Tensor]:
        """Those of kernels and biases, by whichever thread."""
        with _no_graph(learn=False):
            if self._has_few_places_for_many_kernels(grad):
                return self._as_a_convolution(_dense(grad), maps)
            _, of_weight, of_bias = self._backward(grad, maps, own, (False, True, True))
            return [_dense(of_weight), of_bias]

    def _backward(
        self, grad: Tensor, maps: Tensor, own: list[Tensor], output_mask: tuple[bool, bool, bool]
    ) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ops.aten.convolution_backward.default(
            _as_maps(grad),
            maps,
            own[0],
            self.filters,
            self.stride,
            self.padding,
            (1, 1),
            False,
            (0, 0),
            1,
            output_mask,
        )

    def _has_few_places_for_many_kernels(self, grad: Tensor) -> bool:
        # Measured from 8 to 128 channels, 2×2 to 11×11 places, 32 to 96 images, one thread: where it is so, the way
        # back through the layer takes 0.62 to 0.97 of the time; elsewhere 0.62 to 1.65.
        is_much = self.kernels * len(grad) >= MANY_KERNELS
        return self.stride == (1, 1) and is_much and grad.shape[2:].numel() <= SMALL_MAP

    def _as_a_convolution(self, grad: Tensor, maps: Tensor) -> list[Tensor]:
        """What `of_weights` gives, as a convolution of its own, for stride 1.

        Of the maps that came in, by the gradient of those that went out, where images and channels change places.
        oneDNN's function for this gradient sums over the images in threads that wait for each other, which on small
        maps takes longer than the sum. Its plain convolution does not. (Measured, the lesson's third convolution with
        64 images and two threads: 300 to 750 microseconds before, 150 after.)
        """
        per_filter = grad.bfloat16().transpose(0, 1).contiguous()  # (filters, B, H', W')
        of_weight = self._convolve(maps.transpose(0, 1), per_filter, None)  # (channels, filters, k, k)
        return [of_weight.transpose(0, 1).to_dense(), per_filter.flatten(1).sum(1)]


class _Dense(_Part):
    def __init__(self, dense: nn.Linear) -> None:
        self.weights = (dense.weight, dense.bias)

    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        values = values.bfloat16()
        return F.linear(values, *own), values

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        grad = grad.bfloat16()
        return grad.mm(own[0]) if onward else grad, [grad.t().mm(tape), grad.sum(0)]


class _Relu(_Part):
    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        if values.dtype != torch.bfloat16:  # nothing was computed yet: they are the caller's
            values = values.bfloat16()
        values = torch.relu_(values)  # nobody else has them, or looks at more than where the largest stood
        return values, values

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        grad = _as_maps(grad) if tape.is_mkldnn else _dense(grad)
        return torch.ops.aten.threshold_backward.default(grad, tape, 0), []


class _MaxPooling(_Part):
    def __init__(self, size: int, strides: int) -> None:
        self.size, self.strides = (size, size), (strides, strides)

    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        maps = _as_maps(values).requires_grad_(learn)
        largest = torch.mkldnn_max_pool2d(maps, self.size, self.strides)
        return largest, (maps, largest)

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        maps, largest = tape
        backward = torch.ops.aten.mkldnn_max_pool2d_backward.default
        return backward(_as_maps(grad), largest, maps, self.size, self.strides), []


class _Flatten(_Part):
    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        return _dense(values).flatten(1), values.shape

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        return grad.view(tape), []


class _Dropout(_Part):
    def __init__(self, dropout: nn.Dropout) -> None:
        self.dropout = dropout

    def forward(self, values: Tensor, own: list[Tensor], learn: bool) -> tuple[Tensor, Tape]:
        if not self.dropout.training:
            return values, None
        values = _dense(values)
        factors = F.dropout(torch.ones_like(values), self.dropout.p)
        return values * factors, factors

    def backward(
        self, grad: Tensor, tape: Tape, own: list[Tensor], onward: bool
    ) -> tuple[Tensor, list[Tensor]]:
        return grad if tape is None else _dense(grad) * tape, []


# What a layer does before its activation.
_MIXES: dict[type[Activated], Callable[[Any], list[_Part]]] = {
    Activated: lambda child: [],
    ConvLayer: lambda child: [_Convolution(child.conv)],
    DenseLayer: lambda child: [_Dense(child.dense)],
}


def _as_maps(values: Tensor) -> Tensor:
    """In oneDNN's memory order, and in bfloat16."""
    return values if values.is_mkldnn else values.contiguous().bfloat16().to_mkldnn()


def _dense(values: Tensor) -> Tensor:
    """In torch's memory order."""
    return values.to_dense() if values.is_mkldnn else values
