"""A step's two passes on a GPU, recorded once and then replayed whole: one command instead of a hundred.

For our small networks a GPU is done with each kernel before Python has asked for the next, so that a step takes as long
as asking does. A CUDA graph asks once. The kernels are the same, and so are their numbers.
Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import torch
from torch import Tensor, nn

# images (B, C, H, W) and labels (B,) -> the loss and how many answers were right, scalars; sets each weight's `.grad`
Passes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

_PLAIN_FIRST = (
    3  # steps before the recording: libraries choose their algorithms and take their memory in them
)


class RecordedPasses:
    """`passes`, for batches of one size on a CUDA device; other sizes go the plain way.

    passes:    what to record; it may not wait for the GPU.
    weights:   those whose `.grad` it sets.
    is_plain:  asked before each step; True where somebody's Python has to run in between, as a hook does.
    """

    def __init__(self, passes: Passes, weights: list[nn.Parameter], is_plain: Callable[[], bool]) -> None:
        self.passes, self.weights, self.is_plain = passes, weights, is_plain
        self.plain_steps = count(1)
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What `passes` gives for this batch."""
        if self.is_plain() or (self.graph is None and next(self.plain_steps) <= _PLAIN_FIRST):
            return self.passes(images, labels)
        if self.graph is None:
            self._record(images, labels)
        elif images.shape != self.images.shape:
            return self.passes(images, labels)
        assert self.graph is not None
        self.images.copy_(images)
        self.labels.copy_(labels)
        self.graph.replay()
        for weight, grad in zip(self.weights, self.grads, strict=True):
            weight.grad = grad
        # The next replay writes into the same memory, and a listener may read these after it.
        return self.loss.clone(), self.correct.clone()

    def _record(self, images: Tensor, labels: Tensor) -> None:
        """Nothing is computed yet."""
        self.images, self.labels, self.graph = images.clone(), labels.clone(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss, self.correct = self.passes(self.images, self.labels)
        self.grads = [weight.grad for weight in self.weights]
