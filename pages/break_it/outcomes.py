"""What the view "Take filters out" shows at once: what a network reads with an operation, and its filters' pictures.

What takes longer is asked for in later.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, RECIPES, Damage, OperatingTable
from cnn_core.kept import kept
from cnn_core.looking import LIGHT
from cnn_core.model import summarize
from pages.break_it.layers import layers_of, standard_layer
from pages.ui.frame import process
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import first_look
from pages.ui.wording.looking import look, which_images

if TYPE_CHECKING:
    from cnn_core.data import ImageSet
    from cnn_core.insight import FilterPictures, Operation, Outcome

JUDGED, AT_LEAST = 2_000, 200  # test images that an operation is judged on at once; of a heavy network fewer
DRAWN = 128  # filters of one sheet; a dense layer can have thousands of units
STEPS = 40  # of the climb to a picture, as on the page Filters, whose pictures these are


@dataclass(frozen=True, eq=False)
class Cut:
    """What an operation does to a network, on the same test images.

    before, after: without it, and with it.
    """

    operation: Operation
    test: ImageSet
    before: Outcome
    after: Outcome

    @cached_property
    def damage(self) -> Damage:
        """Which images it broke."""
        return Damage.between(self.before, self.after)

    @property
    def images(self) -> int:
        """How many it was judged on."""
        return len(self.after.labels)

    @property
    def fall(self) -> float:
        """How much of the accuracy is gone, a fraction; below 0 where it reads more."""
        return self.before.accuracy - self.after.accuracy


def cut_of(network: LoadedNetwork, layer: str, operation: Operation) -> Cut:
    """What an operation does to a network; judged at once, on some of the test images.

    layer: whose sheet is looked at, and where the next cut will most likely be.
    Raises StudentError where there are no test images on this machine.
    """
    test = server.images(network.dataset, "test")
    before, after = (_outcome(network, layer, one) for one in (NOTHING, operation))
    return Cut(operation, test, before, after)


@first_look.meanwhile
def untouched(network: LoadedNetwork) -> Cut:
    """What the page shows of a network while nothing of it is cut."""
    return cut_of(network, standard_layer(layers_of(network.spec)), NOTHING)


def affordable(network: LoadedNetwork, passes: int, most: int, work: float) -> int:
    """How many images go through a network so many times within so many multiply-adds; AT_LEAST where few do."""
    macs = max(1, sum(row.macs for row in summarize(network.spec)))
    return max(AT_LEAST, min(most, int(work / (passes * macs))))


def judged(network: LoadedNetwork) -> int:
    """How many test images an operation is judged on at once."""
    return affordable(network, 1, JUDGED, LIGHT)


def _outcome(network: LoadedNetwork, layer: str, operation: Operation) -> Outcome:
    found: Outcome = look(
        network,
        "cut",
        judged(network),
        operation=operation,
        looked_at="" if operation.layers else layer,
        here=(network.dataset, which_images(network.dataset)),
    )
    return found


def means_of(network: LoadedNetwork, layer: str) -> list[float]:
    """The mean number of each filter of a layer over the first test images, to four figures: where to hold one."""
    there = network.dataset, which_images(network.dataset)
    return _means(network.weights_key, there, judged(network), layer, network)


@kept(1)
@process.in_turn
def _means(weights_key: str, there: Hashable, count: int, layer: str, _network: LoadedNetwork) -> list[float]:
    test = server.images(_network.dataset, "test")
    table = OperatingTable(_network.net, test.images[:count], test.labels[:count], most_bytes=0)
    return [float(f"{mean:.4g}") for mean in table.mean_of(layer).tolist()]


def pictures_of(network: LoadedNetwork, layer: str, filters: Iterable[int]) -> FilterPictures:
    """A picture for each of these filters of a layer."""
    try:
        starts = min(JUDGED, len(server.images(network.dataset, "test")))
    except StudentError:
        starts = 0
    return look(
        network,
        "pictures",
        starts,
        layer=layer,
        filters=tuple(filters),
        recipe=RECIPES["clean"],
        steps=STEPS,
        seed=0,
    )
