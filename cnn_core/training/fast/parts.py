"""A step's two passes by several threads: each has a part of the batch, and their gradients are added up in order.

Torch would rather let all threads work at each layer and wait for each other after it, some eighty times a step. Where
somebody else has one of the processors, the thread that is not running holds up the others each time. Here they wait
for each other once. What is added to what depends on the number of parts and on nothing else, so the weights are the
same however busy the machine is.

Measured, images a second of the lesson's net on two cores (Xeon without AMX, float32), beside 0, 1, 2 and 4 processes
that never pause: 4,700, 3,400, 3,400 and 2,000; torch's way with its own waiting: 5,800, 1,400, 1,500 and 600.
Source: data parallelism, Goodfellow, Bengio and Courville 2016, section 12.1.3; within one process.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnn_core.model import Network
from cnn_core.training.fast.passes import FastNetwork

FEWEST = 16  # images of a part; with fewer, Python, which does one thing at a time, is what takes long

# logits (B, K), labels (B,) -> the mean loss, and its gradient by the logits
Slope = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def parts_for(net: nn.Module, batch_size: int, device: torch.device) -> int:
    """Into how many parts a batch goes: as many as torch has threads here; 1 where it has to stay whole.

    Whole it stays for a GPU, for a network that we do not know, and where images of a batch meet: batch normalization
    takes the mean of all, and dropout draws its zeros for all in one go.
    """
    apart = isinstance(net, Network) and not any(
        isinstance(module, nn.Dropout | nn.modules.batchnorm._BatchNorm) for module in net.modules()
    )
    if device.type != "cpu" or not apart:
        return 1
    return max(1, min(torch.get_num_threads(), batch_size // FEWEST))


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch's kernels work with the calling thread alone; takes less than a microsecond."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class PassesInParts:
    """Forward and backward of a batch: as `recorded.Passes` says. Goes inside `one_thread`.

    net:   it sees no batch itself; each part has a twin that shares its weights.
    half:  in bfloat16.
    slope: of the loss.
    parts: at least 2; a batch with fewer images has fewer.
    """

    def __init__(self, net: Network, half: bool, slope: Slope, parts: int) -> None:
        self.weights, self.slope = list(net.parameters()), slope
        self.twins = [_Twin(net, half) for _ in range(parts)]
        # They end with this object. Each leaves its kernels to itself, like the caller.
        self.others = ThreadPoolExecutor(parts - 1, "part", initializer=torch.set_num_threads, initargs=(1,))

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """images: (B, C, H, W); labels: (B,). The mean loss and how many were right; each weight has its `.grad`."""
        count, size = len(labels), len(self.twins)
        twins = self.twins[: len(labels.chunk(size))]
        for twin in twins:
            twin.share(self.weights)

        def learn(twin: _Twin, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
            return twin.learn(images, labels, self.slope, count)

        first, *others = zip(twins, images.chunk(size), labels.chunk(size), strict=True)
        waiting = [self.others.submit(learn, *part) for part in others]
        try:
            found = [learn(*first)]
        finally:
            wait(waiting)  # also after an error: nobody works on when the caller believes the step over
        found += [one.result() for one in waiting]
        grads = [twin.grads() for twin in twins]
        for weight, *of_parts in zip(self.weights, *grads, strict=True):
            weight.grad = _sum(of_parts)
        return torch.stack([loss for loss, _ in found]).sum(), torch.stack(
            [right for _, right in found]
        ).sum()


class _Twin:
    """A network with the weights of another, and gradients of its own."""

    def __init__(self, net: Network, half: bool) -> None:
        own = {id(weight): nn.Parameter(weight.detach(), weight.requires_grad) for weight in net.parameters()}
        self.net = copy.deepcopy(net, dict(own)).train()
        self.weights = list(self.net.parameters())
        self.network = FastNetwork(self.net, half)

    def share(self, weights: Sequence[nn.Parameter]) -> None:
        """Follow the other network where it has its weights at another place now."""
        for own, weight in zip(self.weights, weights, strict=True):
            if own.data_ptr() != weight.data_ptr():
                own.data = weight.detach()

    def learn(self, images: Tensor, labels: Tensor, slope: Slope, count: int) -> tuple[Tensor, Tensor]:
        """Both passes of one part of a batch of `count`: its share of the mean loss, and how many were right."""
        with torch.inference_mode(False):  # of the thread, not of the process
            for weight in self.weights:
                weight.grad = None
            logits = self.network.forward(images)
            loss, gradient = slope(logits, labels)
            share = len(labels) / count
            self.network.backward(gradient.mul_(share))
            return loss * share, (logits.argmax(1) == labels).sum()

    def grads(self) -> list[Tensor | None]:
        """Of each weight; None for one that may not change. Good until the next `learn`."""
        return [weight.grad for weight in self.weights]


def _sum(grads: Sequence[Tensor | None]) -> Tensor | None:
    """In the first one's memory, in this order."""
    total, *others = grads
    for grad in others:
        if total is not None and grad is not None:
            total.add_(grad)
    return total
