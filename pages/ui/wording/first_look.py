"""What everybody looks at first, computed before anybody does: so that thirty who open a page at once find it there.

It asks the very questions that the pages ask when they are opened and nothing on them is touched; a test opens them
afterwards and finds that nothing is asked any more. What a page's own room computes the room itself names (`also`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from cnn_core.errors import StudentError
from cnn_core.model import summarize
from pages.ui.frame.process import spare_what_stays
from pages.ui.frame.shell import load_rooms
from pages.ui.visitor import networks, server
from pages.ui.wording.looking import look

log = logging.getLogger("convscope.server")

WORKERS_FIRST = 10.0  # seconds, at most: somebody may press Train before anybody looks at pictures
WATCHED = 2_000  # test images that Filters and Feature maps ask
# Filters begins with the second convolution, and a click leads to the others.
LAYERS, STEPS, CHOSEN = ("conv2d_2", "conv2d_1", "conv2d_3"), 40, 41

F = TypeVar("F", bound=Callable[..., object])  # called with a network alone
_also: dict[str, Callable[..., object]] = {}


def also(compute: F) -> F:
    """Decorator, in a page's room: what it keeps of a network when the page is opened and nothing on it is touched."""
    _also[f"{compute.__module__}.{compute.__qualname__}"] = compute
    return compute


def begin() -> None:
    """Begin, in a thread of its own, unless that was done or CONVSCOPE_WARM is 0."""
    from cnn_core.settings import settings

    if settings().warm:
        _begin()


@cache
def _begin() -> None:
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    try:
        server.wait_for_workers(WORKERS_FIRST)
        warm_up()
        load_rooms()  # late: whoever came first imports some of them at this moment
        warm_up()  # what these rooms name; the rest is there
    except StudentError as error:  # no images, say: the pages tell it whoever looks
        log.info("not everything could be computed before somebody looks: %s", error)
    finally:
        spare_what_stays()


def warm_up() -> None:
    """Compute it, what is looked at first before what a click leads to."""
    network = networks.ours(server.DEFAULT.partition(":")[2])
    look(network, "ranges", WATCHED)
    look(network, "evaluation", len(server.images(network.dataset)))
    for compute in list(_also.values()):  # of the rooms that are there by now
        compute(network)
    widths = {row.name: row.output_shape[0] for row in summarize(network.spec)}
    for layer in LAYERS:
        _filters(network, layer, widths[layer])


def _filters(network: networks.LoadedNetwork, layer: str, width: int) -> None:
    """A layer of so many filters: their pictures, what excites them, and one picture from before its training."""
    from cnn_core.insight import RECIPES

    look(network, "examples", WATCHED, layer=layer)
    how: dict[str, Any] = {"layer": layer, "recipe": RECIPES["clean"], "steps": STEPS, "seed": 0}
    look(network, "pictures", WATCHED, filters=tuple(range(width)), **how)
    chosen = min(CHOSEN, width - 1)
    look(networks.untrained(network.spec), "pictures", WATCHED, filters=(chosen,), **how)
