"""The check: mute the filters that speak most for an answer, and as many others at random, and see how sure it stays.

Without it a list of relevances is a claim. Expect the certainty to fall sooner, not the answer to flip: on the shipped
lesson's net, of 200 test digits, muting the top five of conv2d_2 changes the answer of 4.5 %, five by lot of 0.3 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import whole_number
from cnn_core.insight.decided.relevance import Relevance, halves
from cnn_core.insight.look.twin import as_weights, checked_image
from cnn_core.insight.surgery.need import at_random
from cnn_core.model.network import Network


@dataclass(frozen=True, eq=False)
class MutingCheck:
    """How an answer stands when 0, 1, 2, ... n filters of a layer are muted; K classes, T tries at random.

    top:    (n + 1, K) scores, the most relevant muted first.
    chance: (T, n + 1, K) scores, muted in an order by lot.
    answer, rival: as in the `Relevance`.
    """

    top: Tensor
    chance: Tensor
    answer: int
    rival: int

    @property
    def certainty(self) -> Tensor:
        """(n + 1,): the probability of the answer."""
        return self.top.softmax(1)[:, self.answer]

    @property
    def certainty_by_chance(self) -> Tensor:
        """(T, n + 1): the same with filters at random."""
        return self.chance.softmax(2)[:, :, self.answer]

    @property
    def lead(self) -> Tensor:
        """(n + 1,): the answer's score less its rival's."""
        return self.top[:, self.answer] - self.top[:, self.rival]

    @property
    def lead_by_chance(self) -> Tensor:
        """(T, n + 1)."""
        return self.chance[:, :, self.answer] - self.chance[:, :, self.rival]


@torch.no_grad()
def muting_check(
    net: Network, image: Tensor, found: Relevance, most: int = 10, *, tries: int = 20, seed: int = 0
) -> MutingCheck:
    """Mute the filters that `found` names first, one after the other, and as many by lot.

    image: (C, H, W), the one that was asked about.
    most:  how many at most; with fewer filters, all of them.
    tries: orders at random.
    seed:  of those.
    Raises StudentError as `relevance` does.
    """
    filters = len(found.values)
    most = min(whole_number(most, "The number of filters to mute", 1, 10_000), filters)
    whole_number(tries, "The number of tries", 1, 1_000)
    below, above = halves(net, found.layer)
    maps = below(as_weights(net, checked_image(image, net.spec.input_shape)))
    orders = [found.order[:most], *(at_random(filters, most, seed, attempt) for attempt in range(tries))]
    scores = torch.stack([above(_muted_one_by_one(maps, order)).float().cpu() for order in orders])
    return MutingCheck(scores[0], scores[1:], found.answer, found.rival)


def _muted_one_by_one(maps: Tensor, order: list[int]) -> Tensor:
    """(1, F, ...) -> (n + 1, F, ...): the first with none of these filters muted, the last with all."""
    several = maps.repeat(len(order) + 1, *[1] * (maps.ndim - 1))
    for number, filter in enumerate(order, start=1):
        several[number:, filter] = 0
    return several
