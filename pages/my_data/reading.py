"""Many pictures at once are read beside the page: it says how far it has come, and nothing is lost by turning away.

What is read at once needs no bar: the page waits a moment before it draws one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from cnn_core.data.own.bringing_in import Brought, Told
from cnn_core.data.own.own_set import OwnSet
from pages.my_data import words
from pages.my_data.chosen import choose, renew
from pages.my_data.undoing import say
from pages.ui.frame.process import in_turn
from pages.ui.wording import refusals

Work = Callable[[Told], tuple[OwnSet, Brought]]

_READING = "data_reading"
_AT_ONCE = 1.5  # seconds
_LOOK_SECONDS = 1.0


@dataclass
class Reading:
    """One upload, while it is read and until its end was said.

    place:    where what is wrong with it is said.  failure: what ended it.
    is_a_set: whether it becomes a set of its own, which is shown then.
    """

    place: str
    is_a_set: bool = False
    done: int = 0
    count: int = 0
    came: tuple[OwnSet, Brought] | None = None
    failure: Exception | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def told(self, done: int, count: int) -> None:
        """Take note of how far it has come."""
        self.done, self.count = done, count

    def run(self, work: Work) -> None:
        """Read it, in its turn. Nothing of Streamlit in here: the visitor may have gone."""
        try:
            self.came = in_turn(work)(self.told)
        except Exception as error:  # whoever looks raises it where it can be seen
            self.failure = error
        finally:
            self.finished.set()


def begin(place: str, work: Work, is_a_set: bool = False) -> None:
    """Read an upload; ends this run of the page.  place, is_a_set: as in `Reading`."""
    say("")
    reading = st.session_state[_READING] = Reading(place, is_a_set)
    # No daemon: what was brought is added, also while the server is told to stop.
    threading.Thread(target=reading.run, args=(work,), name="own-pictures").start()
    reading.finished.wait(_AT_ONCE)
    renew()
    st.rerun()


def is_busy() -> bool:
    """Draw how far an upload is; whether one is read still. The end of one is told, and the page drawn anew."""
    reading: Reading | None = st.session_state.get(_READING)
    if reading is None:
        return False
    if not reading.finished.is_set():
        st.fragment(_bar, run_every=_LOOK_SECONDS)(reading)
        return True
    del st.session_state[_READING]
    with refusals.collect(reading.place):
        _say(reading)
    st.rerun()  # with the set as it is now


def _bar(reading: Reading) -> None:
    if reading.finished.is_set():
        st.rerun()
    share = reading.done / reading.count if reading.count else 0.0
    st.progress(min(1.0, share), words.reading(reading.done, reading.count))


def _say(reading: Reading) -> None:
    if reading.failure is not None:
        raise reading.failure
    assert reading.came is not None, "it ended well"
    one, came = reading.came
    if reading.is_a_set:
        choose(one.id)
    first = str(came.refused[0][1]) if came.refused else ""
    say(words.brought(came.added, came.already, len(came.refused), first, came.classes), came.ids)
