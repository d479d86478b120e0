"""Training mode and evaluation mode, borrowed for a block and given back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_mode(modules: Iterable[nn.Module], training: bool) -> Iterator[None]:
    """These modules in training or in evaluation mode inside the block, and each as it was after it.

    modules:  `net.modules()`, or a list of them where that walk would be felt.
    training: False for evaluation mode, in which nothing drops out and nothing is averaged.
    """
    # Only what must change is touched: a network in eval mode may be shared by threads that look into it at once.
    others = [module for module in modules if module.training != training]
    try:
        for module in others:
            module.training = training
        yield
    finally:
        for module in others:
            module.training = not training
