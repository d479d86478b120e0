"""Young moving averages: why a network with batch normalisation first reads worse than it has learnt.

In training, batch normalisation uses the mean and spread of the batch at hand. New images are read by averages that
follow those of the batches slowly, so at first they still remember the numbers they began with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.model.spec import ModelSpec
from cnn_core.training.history import History

if TYPE_CHECKING:
    from cnn_core.data import ImageSet
    from cnn_core.model import Network

SETTLED = 500  # steps after which nobody sees the difference any more: under 1 % of the beginning is left
MEASURING_BATCH = 250  # images: their mean and spread are close to those of all
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


def batches_of_one(spec: ModelSpec) -> str:
    """What batch normalisation does with a batch of one image: "nothing is left", "by itself", or "" without any.

    Where a layer leaves one number for each unit (or a map of 1x1), that number is its own mean: what is left of it is
    0. A larger map still has a mean and a spread of its own places; but new images are read by averages over many
    images, which is something else.
    """
    from cnn_core.model.spec import summarize

    rows, words = summarize(spec), ""
    for row, layer in zip(rows, spec.layers, strict=True):
        if layer.keeps_averages:
            shape = row.output_shape
            if len(shape) == 1 or shape[1] * shape[2] == 1:
                return "nothing is left"
            words = "by itself"
    return words


def measure_averages(net: Network, data: ImageSet) -> None:
    """Replace the moving averages of batch normalisation by plain ones, from one pass over `data`.

    net:  changed in place: its averages alone; modes and weights are left as found.
    data: the images it learnt from, (N, C, H, W). They are read unchanged and in batches of 250.
    Each layer's new mean is the mean of the batches' means, weighted by their sizes, and its variance that of their
    variances. Without batch normalisation nothing happens.
    Source: Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", section 3.2.
    """
    import torch
    from torch import nn

    from cnn_core.model.modes import in_mode
    from cnn_core.training.inputs import as_input, check_fit

    check_fit(net, data.images, data.labels)
    norms = [module for module in net.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms or not len(data):
        return
    momenta = [norm.momentum for norm in norms]
    with in_mode(net.modules(), training=False), torch.no_grad():
        for norm in norms:
            norm.train()
        done = 0
        try:
            for batch in data.images.split(MEASURING_BATCH):
                done += len(batch)
                for norm in norms:
                    norm.momentum = len(batch) / done  # the first batch replaces all that was there
                net(as_input(batch))
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
