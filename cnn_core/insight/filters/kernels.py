"""Which of a filter's kernels say most: a filter over 64 maps has 64, and a page shows a few."""

from __future__ import annotations

from torch import Tensor


def heaviest_kernels(kernels: Tensor, count: int = 8) -> Tensor:
    """The places of the kernels with the largest sums of absolute weights, the heaviest first.

    kernels: (Cin, k, k), those of one filter, one for each map below it.
    count:   how many are wanted; where there are fewer, all of them come back.
    Returns (min(count, Cin),) int64. Of two that weigh the same, the earlier one is first.
    """
    return kernels.abs().sum(dim=(1, 2)).argsort(descending=True, stable=True)[:count]
