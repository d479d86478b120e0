"""Where a component stands on each screen, and how it is given other data there without a run of the script.

Streamlit knows no way to do so. What this leans on is in this file alone, and in the table of `streamlit_inside.py`:
`AppSession._enqueue_forward_msg`, through which each message to a browser goes, in order, on the server's loop;
`metadata.delta_path` of a drawn element and `metadata.run.fragment_ids` of the message that begins a run; and that a
browser puts an element where its message says, whenever it comes.
"""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from streamlit import runtime

if TYPE_CHECKING:
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.runtime.app_session import AppSession

MOST_KEPT = 8  # drawn messages that a browser may be told to take out of its memory, of one tab


@dataclass(eq=False)
class Place:
    """Where a component stands on one screen.

    session_id: of the tab.  key: of the component.  message: how it was drawn there.
    """

    session_id: str
    key: str
    message: ForwardMsg
    session: weakref.ref[AppSession]
    is_there: bool = True  # until its page, or what stands there, becomes another


@dataclass
class _Tab:
    places: dict[str, Place]  # by key
    drawn: dict[str, ForwardMsg]  # by hash


_tabs: weakref.WeakKeyDictionary[AppSession, _Tab] = (
    weakref.WeakKeyDictionary()
)  # touched by the server's loop alone


@cache
def watch(is_ours: Callable[[str], bool], came: Callable[[Place], None]) -> bool:
    """Call `came` for each component of ours that is drawn on a screen, on the server's loop; once in a process.

    is_ours: whether this is the key of one.
    Returns whether this Streamlit is made so that it can be.
    """
    try:
        from streamlit.runtime.app_session import AppSession

        enqueue = AppSession._enqueue_forward_msg
    except (ImportError, AttributeError):
        return False

    def enqueue_and_look(session: AppSession, message: ForwardMsg) -> None:
        enqueue(session, message)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            _begin(session, set(message.metadata.run.fragment_ids))
        elif kind in ("delta", "ref_hash"):
            _replace(session, list(message.metadata.delta_path))
            if place := _place(session, message, kind, is_ours):
                came(place)

    AppSession._enqueue_forward_msg = enqueue_and_look  # type: ignore[method-assign, assignment]
    return True


def _begin(session: AppSession, fragments: set[str]) -> None:
    """Forget the places that this run may give to something else.  fragments: that run; none is the whole page."""
    tab = _tabs.get(session)
    for key, place in list(tab.places.items()) if tab else ():
        if not fragments or place.message.delta.fragment_id in fragments:
            place.is_there = False
            del tab.places[key]  # type: ignore[union-attr]


def _replace(session: AppSession, path: list[int]) -> None:
    """Forget what stands at this place of the page and below it: it is drawn anew, or is there no more.

    In a browser something else may stand there by now, also where the run began somewhere else: a fragment that is
    drawn within another goes with it.
    """
    tab = _tabs.get(session)
    for key, place in list(tab.places.items()) if tab else ():
        if place.message.metadata.delta_path[: len(path)] == path:
            place.is_there = False
            del tab.places[key]  # type: ignore[union-attr]


def _place(
    session: AppSession, message: ForwardMsg, kind: str, is_ours: Callable[[str], bool]
) -> Place | None:
    if kind == "ref_hash":  # the browser has it already, and is told where it goes
        tab = _tabs.get(session)
        drawn = tab.drawn.get(message.ref_hash) if tab else None
        if drawn is None:
            return None
        again = type(message)()
        again.CopyFrom(drawn)
        again.metadata.CopyFrom(message.metadata)
        message = again
    elif message.delta.new_element.WhichOneof("type") != "bidi_component":
        return None
    key = _key(message.delta.new_element.bidi_component.id)
    if not is_ours(key):
        return None
    tab = _tabs.setdefault(session, _Tab({}, {}))
    tab.drawn[message.hash] = message
    while len(tab.drawn) > MOST_KEPT:
        del tab.drawn[next(iter(tab.drawn))]
    if (before := tab.places.get(key)) is not None:
        before.is_there = False
    place = tab.places[key] = Place(session.id, key, message, weakref.ref(session))
    return place


def _key(element_id: str) -> str:
    """The key of an element in our code: its id ends with it."""
    return element_id.split("-", 2)[-1]


def put(given: Iterable[tuple[Place, str]]) -> None:
    """Give components other data, JSON each; may be called from any thread. Who is gone meanwhile gets nothing."""
    alive = [(place, data) for place, data in given if place.session() is not None]
    if not alive:
        return
    first = alive[0][0].session()
    if first is not None:
        first._call_soon_on_event_loop(lambda: _put_all(alive))  # all screens have the same loop


def _put_all(given: list[tuple[Place, str]]) -> None:
    for place, data in given:
        _put(place, data)


def _put(place: Place, data: str) -> None:
    session = place.session()
    if session is None or not place.is_there:
        return
    message = type(place.message)()
    message.CopyFrom(place.message)
    message.delta.new_element.bidi_component.json = data
    message.hash = secrets.token_hex(
        16
    )  # by which the browser knows what is new; Streamlit's costs more than the rest
    message.metadata.cacheable = False  # it will not come again
    # Past our own look: the place stays what it is.
    session._browser_queue.enqueue(message)
    if session._message_enqueued_callback:
        session._message_enqueued_callback()


def is_open(place: Place) -> bool:
    """Whether the component still stands there, on a screen that somebody may look at."""
    if not place.is_there or place.session() is None:
        return False
    return not runtime.exists() or runtime.get_instance().is_active_session(place.session_id)
