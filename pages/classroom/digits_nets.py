"""The class's networks that learnt from MNIST, and those that came with Convscope, asked about the class's digits.

The work is done by processes beside the server (`looking.glance`): a page only fetches what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnn_core import pretrained
from cnn_core.classroom import Seat
from cnn_core.classroom import drawn as core
from cnn_core.classroom.handwriting import Reader
from cnn_core.errors import StudentError
from pages.classroom import digits_words as words
from pages.classroom.board_settings import BoardSettings
from pages.ui.visitor import networks, server
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
    for one in _networks(seat):
        try:
            network = networks.exactly(one.name)
            evaluation = glance(network, "evaluation", count, dataset=dataset)
        except StudentError:  # deleted a moment ago, or it cannot be read
            continue
        if evaluation is None:
            waiting += 1
            continue
        class_nets += bool(one.who)
        readers.append(replace(one, answers=tuple(evaluation.probabilities.argmax(1).tolist())))
    return Asked(tuple(readers), class_nets, waiting)


def _networks(seat: Seat) -> Iterator[Reader]:
    """All networks that are asked, without answers: finished runs of the class that learnt from MNIST, and ours."""
    settings = BoardSettings.of(seat.classroom)  # whom the teacher has hidden there is not shown here
    rows = [
        row
        for row in server.board().rows(seat.classroom.id)
        if row.state == "finished"
        and row.dataset == _MNIST
        and (row.spec.input_shape, row.spec.classes) == (core.SHAPE, core.DIGITS)
        and row.member.id not in settings.hidden
    ]
    for row in rows[:MOST_NETS]:
        who = words.SOMEBODY if settings.names == "none" else row.member.name
        name = f"run:{row.run_id}"
        if row.is_test and row.accuracy is not None and row.exam is not None:
            yield Reader(name, row.name, who, (), row.accuracy, row.exam.count)
        else:
            yield Reader(name, row.name, who, ())
    for name in pretrained.names():
        card = pretrained.card(name)
        yield Reader(f"pretrained:{name}", card.title, "", (), card.test_accuracy, card.test_images)
