"""What the view "Take filters out" computes at once: what a network reads with an operation, and its filters' pictures.

A table for each network keeps what lies below the cut (`cnn_core/insight/surgery/table.py`), so that the next cut in
the same layer takes some hundredths of a second. What takes longer is asked for in later.py.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, RECIPES, Damage, OperatingTable
from cnn_core.kept import Kept, kept
from cnn_core.looking import LIGHT, Question, work_of
from cnn_core.machine import is_small
from cnn_core.model import summarize
from pages.break_it.layers import layers_of, standard_layer
from pages.ui.frame import process
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import first_look
from pages.ui.wording.looking import here, look, which_images

if TYPE_CHECKING:
    from cnn_core.data import ImageSet
    from cnn_core.insight import FilterPictures, Operation, Outcome

JUDGED, AT_LEAST = 2_000, 200  # test images that an operation is judged on at once; of a heavy network fewer
DRAWN = 128  # filters of one sheet; a dense layer can have thousands of units
STEPS = 40  # of the climb to a picture, as on the page Filters, whose pictures these are
# That one table keeps, half of it for maps, and all of them together: maps of the lesson's conv2d_2 and 2,000 digits
# are 13 MB, of the modern net's conv2d_4 20. They count in what the server keeps of all kinds (`cnn_core/kept.py`):
# beside it, they were 44 MB more.
TABLE_BYTES = 25_000_000 if is_small() else 44_000_000

_tables: Kept[OperatingTable] = Kept(TABLE_BYTES)
_outcomes: Kept[Outcome] = Kept(16_000_000)


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
    count, there = judged(network), (network.dataset, which_images(network.dataset))
    key = network.weights_key, there, count, operation
    if (outcome := _outcomes.get(key)) is not None:
        return outcome
    question = Question.of("outcome", network.dataset, count, operation=operation)
    return here(key, question, work_of(question, network.spec), partial(_work_out, key, network, layer))


@process.in_turn
def _work_out(key: tuple[str, Hashable, int, Operation], network: LoadedNetwork, layer: str) -> Outcome:
    weights_key, there, count, operation = key

    def table() -> OperatingTable:
        test = server.images(network.dataset, "test")
        return OperatingTable(network.net, test.images[:count], test.labels[:count], most_bytes=TABLE_BYTES)

    one = _tables.of((weights_key, there, count), table)
    outcome = one.outcome(operation) if operation.layers else one.whole_by(layer)
    _tables.put((weights_key, there, count), one)  # it has grown by what was asked of it
    _outcomes.put(key, outcome)
    return outcome


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
