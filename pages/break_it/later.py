"""What the view shows as soon as it is known: all test images, as many filters at random, and the ranking.

The work is done beside the server (`wording/looking.py`); the page asks for it once nobody has clicked for a moment,
looks each second whether it is there, and is drawn anew when it is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, Outcome
from cnn_core.looking import LIGHT
from cnn_core.machine import is_small
from pages.break_it.outcomes import Cut, affordable, judged
from pages.ui.visitor import networks
from pages.ui.wording.looking import glance, peek

if TYPE_CHECKING:
    from cnn_core.insight import Need, Operation
    from pages.ui.visitor.networks import LoadedNetwork

CALM_SECONDS = 1.0  # without a click, before anything is asked for
LOOK_SECONDS = 1.0  # between two looks whether it is there
RANKED, RANKING_PASSES = 2_000, 10  # training images of a ranking; passes of all of them that it costs
# Multiply-adds of one question: half a minute at most, and where the server does it itself, a second or two.
HEAVY = LIGHT if is_small() else 10 * LIGHT
_CALM = "break_it_calm"  # (what is looked at, since when)
_REFUSED = "break_it_refused"  # {(weights, Wish): the StudentError that came of it}, the last one


@dataclass(frozen=True)
class Wish:
    """One question: its job, on how many images, and what else is asked."""

    job: str
    images: int
    asked: tuple[tuple[str, Any], ...]

    def known(self, network: LoadedNetwork) -> Any:
        """The answer, where it is known; a StudentError is one. Else None."""
        refused = st.session_state.get(_REFUSED, {}).get((network.weights_key, self))
        return refused or peek(network, self.job, self.images, **dict(self.asked))

    def ask(self, network: LoadedNetwork) -> Any:
        """The same, and have it answered beside the server where it is not known."""
        try:
            return glance(network, self.job, self.images, **dict(self.asked))
        except StudentError as error:  # asked again, it would be refused again
            st.session_state[_REFUSED] = {(network.weights_key, self): error}
            return error


@dataclass(frozen=True, eq=False)
class Later:
    """What is known by now; None for what is not.

    cut:    on all test images.
    chance: the accuracies without as many filters at random, on those it is judged on at once.
    need:   of the layer that is looked at, or why there is none.
    waits:  what is asked for.
    """

    cut: Cut | None
    chance: tuple[float, ...] | None
    need: Need | StudentError | None
    waits: tuple[Wish, ...]


def later(network: LoadedNetwork, layer: str, cut: Cut) -> Later:
    """What is known by now, and what is worth waiting for: of a network in training nothing, for it changes."""
    operation, everything = cut.operation, len(cut.test)
    is_light = affordable(network, 1, everything, HEAVY) >= everything
    wishes: dict[str, Wish] = {}
    if is_light and everything > cut.images:
        wishes["before"] = Wish("outcome", everything, (("operation", NOTHING),))
        wishes["after"] = Wish("outcome", everything, (("operation", operation),))
    if operation.only_mutes:
        wishes["chance"] = Wish("at_random", judged(network), (("operation", _as_many(operation)),))
    if network.trained:
        ranked = affordable(network, RANKING_PASSES, RANKED, HEAVY)
        wishes["need"] = Wish("need", ranked, (("layer", layer),))
    known = {name: wish.known(network) for name, wish in wishes.items()}
    before, after, chance = (known.get(name) for name in ("before", "after", "chance"))
    whole = None
    if isinstance(before, Outcome) and isinstance(after, Outcome):
        whole = Cut(operation, cut.test, before, after)
    return Later(
        whole,
        chance if isinstance(chance, tuple) else None,
        known.get("need"),
        () if networks.is_training() else tuple(wish for name, wish in wishes.items() if known[name] is None),
    )


def _as_many(operation: Operation) -> Operation:
    """The same for all that mute as many in each layer, so that chance is asked once for all of them."""
    same = NOTHING
    for one in operation.layers:
        same = same.mute(one, range(len(operation.muted(one))))
    return same


def fetch(network: LoadedNetwork, operation: Operation, waits: Sequence[Wish]) -> None:
    """Ask for what is waited for, and draw the page anew when there is more of it. Draws nothing."""
    st.fragment(_look, run_every=LOOK_SECONDS if waits else None)(network, operation, tuple(waits))


def _look(network: LoadedNetwork, operation: Operation, waits: tuple[Wish, ...]) -> None:
    if not waits or not _is_calm((network.weights_key, operation)):
        return
    if any(wish.ask(network) is not None for wish in waits):
        st.rerun()


def _is_calm(now: Any) -> bool:
    """Whether the same has been looked at for a moment: who clicks filter after filter waits for the last alone."""
    last, since = st.session_state.get(_CALM, (None, 0.0))
    if last != now:
        st.session_state[_CALM] = (now, time.monotonic())
        return False
    return time.monotonic() - since >= CALM_SECONDS
