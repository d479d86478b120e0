"""How what a script draws gets to the browser: what we use of Streamlit that it does not promise, as streamlit_inside.

trick                    what it leans on                                        what breaks without it
send_together()          `AppSession._on_scriptrunner_event`, its                 pages cost a tenth more, and
                         `flush_browser_queue`,                                   wait for one another
                         `_message_enqueued_callback`; `Runtime._send_message`
nothing_out_of_order()   `ForwardMsgQueue.clear`, its `_delta_index_map`          a busy page says "Bad delta path"
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

GATHER_SECONDS = 0.03  # in which what is drawn waits for more; to the eye it is at once
PARCEL = 100  # messages at most: a browser that takes none is given up at 500

_EVENTS, _IS_DUE = "convscope_events", "convscope_is_due"  # kept with a session


@dataclass(frozen=True)
class _Parcel:
    """Messages to one browser."""

    messages: list[Any]


@cache
def send_together() -> None:
    """Hand what a script draws to the server's loop, and to its browser, many messages at a time; once in a process.

    Streamlit wakes its loop twice for each element and lets it turn once more. At each turn the loop gives the
    interpreter away, and has to wait until one of the scripts that are drawing gives it back.
    A Streamlit that is made otherwise is left as it is.
    """
    try:
        from streamlit.runtime.app_session import AppSession
        from streamlit.runtime.runtime import Runtime
        from streamlit.runtime.scriptrunner import ScriptRunnerEvent

        handle = AppSession._handle_scriptrunner_event_on_event_loop
        flush, send, drawn = (
            AppSession.flush_browser_queue,
            Runtime._send_message,
            ScriptRunnerEvent.ENQUEUE_FORWARD_MSG,
        )
    except (ImportError, AttributeError):
        return

    def handle_all(session: AppSession) -> None:
        kept = vars(session)
        kept[_IS_DUE] = False  # before the first is taken: whoever adds one later asks again
        events = kept[_EVENTS]
        wake = kept.get("_message_enqueued_callback")
        session._message_enqueued_callback = None  # the loop is woken once for all of them
        try:
            while events:
                sender, event, told = events.popleft()
                handle(session, sender, event, **told)
        finally:
            session._message_enqueued_callback = wake
            if wake is not None:
                wake()

    def on_event(session: AppSession, sender: Any, event: Any, **told: Any) -> None:
        kept = vars(session)
        kept.setdefault(_EVENTS, deque()).append((sender, event, told))
        if event is not drawn or not _is_drawing(told.get("forward_msg")):
            session._call_soon_on_event_loop(lambda: handle_all(session))
        elif not kept.get(_IS_DUE):
            kept[_IS_DUE] = True
            loop = session._event_loop
            session._call_soon_on_event_loop(lambda: _later(loop, lambda: handle_all(session)))

    def parcels(session: AppSession) -> list[Any]:
        messages = flush(session)
        return [_Parcel(messages[start : start + PARCEL]) for start in range(0, len(messages), PARCEL)]

    def send_parcel(server: Runtime, receiver: Any, parcel: Any) -> None:
        for message in parcel.messages if isinstance(parcel, _Parcel) else [parcel]:
            send(server, receiver, message)

    # Whoever is being served at this moment goes on by what is replaced: signals hold it weakly, so it has to stay.
    _replaced.append(AppSession._on_scriptrunner_event)
    # In this order: it sends parcels before there are any.
    Runtime._send_message = send_parcel  # type: ignore[method-assign, assignment]
    AppSession.flush_browser_queue = parcels  # type: ignore[method-assign, assignment]
    AppSession._on_scriptrunner_event = on_event  # type: ignore[method-assign, assignment]


_replaced: list[Any] = []


def _is_drawing(message: Any) -> bool:
    """Whether it is a part of the page; anything else (where the browser is to go, say) does not wait."""
    return message is not None and message.WhichOneof("type") in ("delta", "ref_hash")


def _later(loop: Any, act: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the server has ended meanwhile
        loop.call_later(GATHER_SECONDS, act)


@cache
def nothing_out_of_order() -> None:
    """Let the run of a fragment take nothing out of what still waits for the browser; once in a process.

    Streamlit takes out what the fragment drew before, its place included, and leaves what the page drew behind that
    place: where the browser has not got the place yet, it refuses what comes behind it, and the page stands still.
    """
    try:
        from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

        clear = ForwardMsgQueue.clear
    except (ImportError, AttributeError):
        return

    def clear_whole_runs(
        queue: Any, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        if retain_lifecycle_msgs and fragment_ids_this_run:
            queue._delta_index_map = {}  # what comes now belongs to the new run, and stands behind its beginning
        else:
            clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)

    ForwardMsgQueue.clear = clear_whole_runs  # type: ignore[method-assign, assignment]
