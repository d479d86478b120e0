"""Young moving averages: why a network with batch normalisation first reads worse than it has learnt.

In training, batch normalisation uses the mean and spread of the batch at hand. New images are read by averages that
follow those of the batches slowly, so at first they still remember the numbers they began with.
"""

from __future__ import annotations

from cnn_core.model.spec import ModelSpec
from cnn_core.training.history import History

SETTLED = 500  # steps after which nobody sees the difference any more: under 1 % of the beginning is left
MISLEADING = 0.05  # by so much less than on the batches a network reads new images: a fraction


def share_left(steps: int) -> float:
    """How much of their first values the averages still hold after so many optimizer steps, as a fraction."""
    from cnn_core.model.network import NORM_MOMENTUM  # here: it comes with torch

    return (1 - NORM_MOMENTUM) ** steps


def averages_mislead(spec: ModelSpec, history: History, step: int) -> bool:
    """Whether a network in training reads new images worse than it has learnt, because its averages are young.

    step: optimizer steps done. Where nothing was measured yet, it may mislead.
    """
    if not 0 < step < SETTLED:
        return False
    if not any(layer.keeps_averages for layer in spec.layers):
        return False
    learnt, read = history.train.accuracy[-1:], history.validation.accuracy[-1:]
    return not learnt or not read or read[0] < learnt[0] - MISLEADING
