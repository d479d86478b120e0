"""Jobs that touch a network and see what follows: surgery, attacks, who decided, what flows. As `jobs` has them.

What is ranked is ranked on training images, and judged on test images.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

import torch

from cnn_core.data import ImageSet, load_images
from cnn_core.data.pixels import as_fractions
from cnn_core.insight import (
    OperatingTable,
    accuracies_at_random,
    close_calls,
    compared,
    flows_to,
    given_to_classes,
    leaning,
    more_of,
    muting_check,
    need_of_layer,
    pruning,
    reading,
    relevance,
    robustness,
    smallest_steps,
    under_attack,
)
from cnn_core.kept import Kept
from cnn_core.looking.answers import hash_of
from cnn_core.machine import is_small

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import (
        Climb,
        Flows,
        Leaning,
        MutingCheck,
        Need,
        Operation,
        Outcome,
        Pruning,
        Reading,
        RecipePictures,
        Relevance,
        Robustness,
        Trial,
    )
    from cnn_core.looking.question import Pixels
    from cnn_core.model.network import Network

Tell = Callable[[float], None]
SEED = 0  # of which training images a ranking is made on
# That one table keeps, half of it for maps, and all of them together: maps of the lesson's conv2d_2 and 2,000 digits
# are 13 MB, of the modern net's conv2d_4 20.
TABLE_BYTES = 25_000_000 if is_small() else 44_000_000

_tables: Kept[OperatingTable] = Kept(TABLE_BYTES)


def outcome(net: Network, test: ImageSet, count: int, tell: Tell, operation: Operation) -> Outcome:
    """What it makes of the first so many test images with this operation."""
    # Asked once, so nothing is kept: one pass, a few images at a time.
    return OperatingTable(net, test.images[:count], test.labels[:count], most_bytes=0).outcome(operation)


def cut(
    net: Network,
    test: ImageSet,
    count: int,
    tell: Tell,
    operation: Operation,
    looked_at: str,
    here: Hashable,
) -> Outcome:
    """The same, by a table that is kept for the next cut: so it takes some hundredths of a second.

    looked_at: the layer in which the next cut will most likely be; read where nothing is cut yet.
    here:      tells these images from others that have the data set's name at another time.
    """
    key = hash_of(net), here, count
    table = _tables.of(
        key, lambda: OperatingTable(net, test.images[:count], test.labels[:count], most_bytes=TABLE_BYTES)
    )
    found = table.outcome(operation) if operation.layers else table.whole_by(looked_at)
    _tables.put(key, table)  # it has grown by what was asked of it
    return found


def at_random(
    net: Network, test: ImageSet, count: int, tell: Tell, operation: Operation
) -> tuple[float, ...]:
    """Its accuracies on as many test images without as many filters at random as the operation mutes."""
    table = OperatingTable(net, test.images[:count], test.labels[:count])
    return accuracies_at_random(table, operation, tell=tell)


def need(net: Network, test: ImageSet, count: int, tell: Tell, layer: str) -> Need:
    """How much it needs each filter of a layer, on so many training images."""
    return need_of_layer(_training(test, net, count), layer, tell)


def pruning_curve(net: Network, test: ImageSet, count: int, tell: Tell, layer: str) -> Pruning:
    """Accuracy against filters taken out: ranked on so many training images, judged on as many test images."""
    ranked = need_of_layer(_training(test, net, count), layer, lambda done: tell(0.2 * done))
    judged = OperatingTable(net, test.images[:count], test.labels[:count])
    return pruning(judged, ranked, tell=lambda done: tell(0.2 + 0.8 * done))


def robustness_curve(
    net: Network, test: ImageSet, count: int, tell: Tell, attack: str, sizes: Sequence[float]
) -> Robustness:
    """The fraction of a choice of so many test images that it reads rightly at each size of an attack."""
    chosen = test.take(count)
    return robustness(net, chosen.images, chosen.labels, attack, sizes, tell=tell)


def smallest_step_of_each(net: Network, test: ImageSet, count: int, tell: Tell) -> Tensor:
    """The smallest step that misleads it, for each of the first so many test images."""
    return smallest_steps(net, test.images[:count], test.labels[:count])


def one_under_attack(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Tell,
    image: bytes,
    attack: str,
    sizes: Sequence[float],
    label: int | None,
    centre: tuple[float, float],
    direction: float | None,
    patterns: int,
) -> Trial:
    """One image at each size of an attack. It asks about no test image.

    image: its float32 numbers in [0, 1], of the shape that the network takes.
    """
    pixels = torch.frombuffer(bytearray(image), dtype=torch.float32).view(net.spec.input_shape)
    return under_attack(
        net, pixels, attack, sizes, label, centre=centre, direction=direction, patterns=patterns
    )


def answers_that_were_close(net: Network, test: ImageSet, count: int, tell: Tell) -> list[int]:
    """Of the first so many test images, places of some that it reads rightly with a rival not far behind."""
    return close_calls(net, test.images[:count], test.labels[:count])


def who_decided(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Tell,
    image: Pixels,
    layer: str,
    answer: int | None,
    rival: int | None,
    way: str,
) -> tuple[Relevance, MutingCheck]:
    """What each filter of a layer adds to an answer's lead for one image; and the check, by muting them."""
    found = relevance(net, image.tensor(), layer, answer, rival, way=way)
    return found, muting_check(net, image.tensor(), found)


def images_that_lean(net: Network, test: ImageSet, count: int, tell: Tell, layer: str) -> Leaning:
    """Of the first so many test images, those whose answers leaned most on each filter of a layer."""
    return leaning(net, test.images[:count], layer)


def what_a_filter_reads(
    net: Network, test: ImageSet, count: int, tell: Tell, layer: str, filter: int
) -> Reading:
    """What it adds up at its strongest places in the first so many test images."""
    return reading(net, test.images[:count], layer, filter)


def flows(net: Network, test: ImageSet, count: int, tell: Tell, target: int) -> Flows:
    """What flows towards one answer, over the first so many test images of that class; of all where it has none."""
    own = test.images[test.labels == target][:count]
    return flows_to(net, own if len(own) else test.images[:count], target)


def given_to_each_class(net: Network, test: ImageSet, count: int, tell: Tell) -> dict[str, Tensor]:
    """What every filter gives to the lead of every class, over the first so many test images of each."""
    return given_to_classes(net, test.images, test.labels, count, tell)


def more_of_a_class(
    net: Network, test: ImageSet | None, count: int, tell: Tell, image: bytes, target: int, hold: float
) -> Climb:
    """A picture of one's own, changed towards a class.  image: the bytes of its float32 numbers, (C, H, W)."""
    pixels = torch.frombuffer(bytearray(image), dtype=torch.float32).view(net.spec.input_shape)
    return more_of(net, pixels, target, hold=hold)


def recipes_compared(
    net: Network, test: ImageSet, count: int, tell: Tell, layer: str, filters: Sequence[int], seed: int
) -> list[RecipePictures]:
    """The pictures of these filters by each recipe; magnitudes are those of the first so many test images."""
    return compared(net, layer, filters, as_fractions(test.images[:count]), seed=seed)


def _training(test: ImageSet, net: Network, count: int) -> OperatingTable:
    chosen = load_images(test.name, "train", fetch=False).take(count, seed=SEED)
    return OperatingTable(net, chosen.images, chosen.labels)
