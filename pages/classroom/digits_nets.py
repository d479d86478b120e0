"""The class's networks that learnt from MNIST, and those that came with Convscope, asked about the class's digits.

The work is done by processes beside the server (`looking.glance`): a page only fetches what is there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from cnn_core import pretrained
from cnn_core.classroom import Row, Seat
from cnn_core.classroom import drawn as core
from cnn_core.classroom.handwriting import Reader
from cnn_core.data.own import fingerprint
from cnn_core.errors import StudentError
from cnn_core.kept import Kept
from pages.classroom import digits_words as words
from pages.classroom.board_settings import BoardSettings
from pages.ui.visitor import networks, server
from pages.ui.wording.looking import glance

SAME_SECONDS = 2.0  # within which all who look see the same
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
    """Ask all networks; what is not there yet comes at a later look. Thirty students who look share what came.

    dataset: the key of the class's test set.
    count:   of its digits.
    """
    wanted = tuple(_networks(seat))
    key = (fingerprint(dataset), wanted)
    asked = _complete.get(key)
    if asked is None:
        asked = _ask(wanted, dataset, count, int(time.monotonic() / SAME_SECONDS))
        if not asked.waiting:
            _complete.put(key, asked)
    return asked


_complete: Kept[Asked] = Kept(4_000_000)


@lru_cache(maxsize=4)
def _ask(wanted: tuple[tuple[Reader, float], ...], dataset: str, count: int, _moment: int) -> Asked:
    readers: list[Reader] = []
    class_nets = waiting = 0
    for one, _ in wanted:
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


def _networks(seat: Seat) -> Iterator[tuple[Reader, float]]:
    """All networks that are asked, without answers, and when each was done.

    They are finished runs of the class that learnt from MNIST, and ours.
    """
    settings = BoardSettings.of(seat.classroom)  # whom the teacher has hidden there is not shown here
    for row in _rows(seat.classroom.id, int(time.monotonic() / SAME_SECONDS)):
        if row.member.id in settings.hidden:
            continue
        who = words.SOMEBODY if settings.names == "none" else row.member.name
        one = Reader(f"run:{row.run_id}", row.name, who, ())
        if row.is_test and row.accuracy is not None and row.exam is not None:
            one = replace(one, on_mnist=row.accuracy, of_mnist=row.exam.count, of_sample=row.exam.is_sample)
        yield one, row.ended
    for name in pretrained.names():
        card = pretrained.card(name)
        yield Reader(f"pretrained:{name}", card.title, "", (), card.test_accuracy, card.test_images), 0.0


@lru_cache(maxsize=8)
def _rows(class_id: str, _moment: int) -> tuple[Row, ...]:
    """The class's runs that can read digits, the newest first."""
    rows = [
        row
        for row in server.board().rows(class_id)
        if row.state == "finished"
        and row.dataset == _MNIST
        and (row.spec.input_shape, row.spec.classes) == (core.SHAPE, core.DIGITS)
    ]
    return tuple(rows[:MOST_NETS])
