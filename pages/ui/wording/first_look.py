"""What everybody looks at first, there before anybody does: so that thirty who open a page at once find it.

It asks the very questions that the pages ask when they are opened and nothing on them is touched; a test opens them
afterwards and finds that nothing is asked any more. Most of it a process of the runner has computed, now or at an
earlier start, and here it is read (`cnn_core.runs.jobs.looking_ahead`). What a page's own room computes the room itself
names (`also`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from cnn_core.errors import StudentError
from cnn_core.looking import (
    WATCHED,
    Question,
    first_questions,
    layers_of,
    pictures,
    sheet_of,
    standard_filter,
)
from cnn_core.model.layer_files import kind_named
from cnn_core.runs import is_wished
from pages.ui.frame.process import spare_what_stays
from pages.ui.frame.shell import load_rooms
from pages.ui.visitor import networks, server
from pages.ui.wording import looking
from pages.ui.wording.looking import await_ahead, look

log = logging.getLogger("convscope.server")

WORKERS_FIRST = 10.0  # seconds, at most: somebody may press Train before anybody looks at pictures
AHEAD_SECONDS = 30.0  # at most: where no process computes it, or a class is here already, it is computed here

LESSON = server.DEFAULT.partition(":")[2]

F = TypeVar("F", bound=Callable[..., object])  # called with a network alone
_also: dict[str, Callable[..., object]] = {}
_meanwhile: set[str] = set()  # those of `_also` that ask nothing of what is computed ahead


def also(compute: F) -> F:
    """Decorator, in a page's room: what it keeps of a network when the page is opened and nothing on it is touched."""
    _also[_name(compute)] = compute
    return compute


def meanwhile(compute: F) -> F:
    """The same, for what asks nothing that a process computes ahead: it is done while that is at work."""
    also(compute)
    _meanwhile.add(_name(compute))
    return compute


def _name(compute: Callable[..., object]) -> str:
    return f"{compute.__module__}.{compute.__qualname__}"


def begin(is_for_many: bool = False) -> None:
    """Begin, in a thread of its own, unless that was done, CONVSCOPE_WARM is 0 or the machine is small.

    is_for_many: then a process is there afterwards for what nobody could compute ahead.
    """
    if is_wished():
        _begin(is_for_many)


_begun = threading.Lock()


def _begin(is_for_many: bool) -> None:
    if _begun.acquire(blocking=False):
        threading.Thread(target=_warm_up, args=(is_for_many,), name="warm-up", daemon=True).start()


def _warm_up(is_for_many: bool) -> None:
    try:
        if server.wait_for_workers(WORKERS_FIRST):
            for compute in [_also[name] for name in list(_meanwhile)]:
                compute(networks.ours(LESSON))
            await_ahead(networks.ours(LESSON), questions(), AHEAD_SECONDS)
        warm_up()
        load_rooms()  # late: whoever came first imports some of them at this moment
        warm_up()  # what these rooms name; the rest is there
    except StudentError as error:  # no images, say: the pages tell it whoever looks
        log.info("not everything could be computed before somebody looks: %s", error)
    finally:
        spare_what_stays()
        if is_for_many:
            looking.be_ready()  # late: two seconds of a processor, which the pages and the workers have first


def warm_up() -> None:
    """Compute it, or read it, what is looked at first before what a click leads to."""
    network = networks.ours(LESSON)
    for question in questions():
        look(network, question.job, question.images, **question.arguments)
    for compute in list(_also.values()):  # of the rooms that are there by now
        compute(network)
    before = networks.untrained(network.spec)
    for layer, width in layers_of(network.spec).items():
        if kind_named(layer).has_filters:
            one = pictures(layer, (standard_filter(width),), before.dataset, WATCHED)
            look(before, one.job, one.images, **one.arguments)


def questions() -> list[Question]:
    """What Evaluate, Feature maps and Filters ask of the lesson's network, and what a click on Filters leads to."""
    network = networks.ours(LESSON)
    dataset, images = network.dataset, len(server.images(network.dataset))
    first = first_questions(network.spec, dataset, images)
    convolutions = [layer for layer in layers_of(network.spec) if kind_named(layer).has_filters]
    sheets = [sheet_of(network.spec, dataset, images, layer) for layer in convolutions]
    return first + [question for sheet in sheets for question in sheet if question not in first]
