"""The class's networks that learnt from MNIST, and those that came with Convscope, asked about the class's digits.

The work is done by processes beside the server (`looking.glance`): a page only fetches what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnn_core import pretrained
from cnn_core.classroom import Seat
from cnn_core.classroom.handwriting import Reader
from cnn_core.errors import StudentError
from pages.ui.trained.trained import Trained
from pages.ui.visitor import networks
from pages.ui.wording.looking import glance

MOST_NETS = 150  # of a class, the newest
_MNIST = "mnist"


@dataclass(frozen=True)
class Asked:
    """What came of asking.

    readers:  networks whose answers are there.
    class_nets: how many of them are the class's.
    waiting:  networks whose answers are on their way.
    """

    readers: tuple[Reader, ...]
    class_nets: int
    waiting: int


def ask_all(seat: Seat, dataset: str, count: int) -> Asked:
    """Ask all networks; what is not there yet comes at a later look.

    dataset: the key of the class's test set.
    count:   of its digits.
    """
    readers: list[Reader] = []
    class_nets = waiting = 0
    for name, who in _names(seat):
        try:
            network = networks.exactly(name)
            if network.spec.input_shape != (1, 28, 28) or network.spec.classes != 10:
                continue
            evaluation = glance(network, "evaluation", count, dataset=dataset)
            trained = Trained.named(name)
        except StudentError:  # deleted a moment ago, or it cannot be read
            continue
        if evaluation is None:
            waiting += 1
            continue
        class_nets += bool(who)
        is_known = trained.is_tested and trained.dataset == _MNIST
        readers.append(
            Reader(
                name,
                trained.title,
                who,
                tuple(evaluation.probabilities.argmax(1).tolist()),
                trained.accuracy if is_known else None,
                trained.count if is_known else 0,
            )
        )
    return Asked(tuple(readers), class_nets, waiting)


def _names(seat: Seat) -> Iterator[tuple[str, str]]:
    """(name of a network, whose it is) of all that are asked; "" for ours."""
    yield from _of_class(seat)
    for name in pretrained.names():
        yield f"pretrained:{name}", ""


def _of_class(seat: Seat) -> Iterator[tuple[str, str]]:
    return iter(())
