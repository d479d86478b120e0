"""What many screens show at once and follow by themselves: computed once, sent to each without a run of its script.

One thread of the server asks each channel a few times a second whether anything is new. Where it is, the new values go
to every screen that shows them, in place of those that it has.

    show(component, channel, ...)   a component of ours that is given the channel's values, now and whenever they change
    wake(name, stamp, key)          runs the fragment again in which it is called first, whenever the stamp changes

Who closes the tab, turns to another page or may no longer see it is sent nothing more.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.ui.frame import streamlit_inside, streamlit_places
from pages.ui.frame.components import component_file
from pages.ui.frame.streamlit_places import Place

LOOK_SECONDS = 0.3  # between two looks
DRAWN_SECONDS = 60.0  # within which what a script draws has gone through the server's loop
MOST_VALUES = 100  # channels whose values are kept
WITHOUT_SECONDS = 2.0  # where nothing can be sent by itself, a timer asks

log = logging.getLogger("convscope.server")

_woken = st.components.v2.component(
    "woken",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js=component_file("woken.js"),
)


_feed = st.components.v2.component(
    "feed",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js=component_file("feed.js"),
)


@dataclass(frozen=True)
class Channel:
    """What is shown on many screens. Both are called without a visitor, and often by the server's own thread.

    name:   one for each sort of values; whoever shows a channel of the same name shows the same values.
    stamp:  another value whenever there may be news; cheap.
    values: JSON-ready.
    """

    name: Hashable
    stamp: Callable[[], Hashable]
    values: Callable[[], Any]


@dataclass
class _Shown:
    """A channel on one screen.

    own:  JSON of what is this screen's alone.
    seen: the stamp at which it was looked at last; sent: what was sent last.
    """

    channel: Channel
    own: str
    may_see: Callable[[], bool]
    seen: Hashable
    sent: str
    drawn: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class _Values:
    """at: when they were computed, in milliseconds since 1970."""

    stamp: Hashable
    json: str
    at: int


_lock = threading.Lock()
_drawn: dict[tuple[str, str], _Shown] = {}  # (tab, key): drawn by a script, and not yet on its way
_places: dict[Place, _Shown] = {}
_values: dict[Hashable, _Values] = {}  # by a channel's name
_keys: set[str] = set()  # of all components that were ever shown
_watcher: list[threading.Thread] = []  # the one that looks, or none


def show(
    component: Any,
    channel: Channel,
    own: Any,
    *,
    key: str,
    may_see: Callable[[], bool] = lambda: True,
    **arguments: Any,
) -> Any:
    """Draw a component that follows the channel; returns what it returns.

    Its data is a list of four: the channel's values (null once the visitor may no longer see them), `own`, its key, and
    when that was computed. What comes later comes by a small component beside it, and is found by `newest` and
    `onNews` of components/common.js.
    may_see:   asked anew before each sending; without a visitor, so it must know whom it is about.
    arguments: what else the component takes.
    """
    now = _current(channel)
    with st.container(key=f"nothing_{key}"):
        _follow(_feed, now, channel, key, f"{key}_feed", may_see)
    return component(key=key, data=[json.loads(now.json), own, key, now.at], **arguments)


def values(channel: Channel) -> Any:
    """What whoever shows the channel is given now."""
    return json.loads(_current(channel).json)


def wake(name: Hashable, stamp: Callable[[], Hashable], key: str) -> None:
    """Run the fragment in which this stands again, soon after `stamp()` has changed and not otherwise.

    The first call of the fragment: what changes while it is drawn wakes it again.
    name:  of what the stamp is about; the stamp is asked once for all who name the same.
    stamp: cheap, and without a visitor.
    Where Streamlit does not let us, give the fragment a timer: `run_every=every()`.
    """
    # As text: JavaScript counts no nanoseconds.
    channel = Channel(("wake", name), stamp, lambda: str(stamp()))
    now = _current(channel)
    drawn = json.loads(now.json)
    with st.container(key=f"nothing_{key}"):
        _follow(_woken, now, channel, drawn, key, lambda: True, on_woken_change=lambda: None)


def _follow(
    component: Any,
    now: _Values,
    channel: Channel,
    own: Any,
    key: str,
    may_see: Callable[[], bool],
    **arguments: Any,
) -> None:
    """Draw a component that is sent, whenever the channel changes: its values, `own`, and when that was."""
    _expect(key, _Shown(channel, json.dumps(own), may_see, now.stamp, now.json))
    component(key=key, data=[json.loads(now.json), own, now.at], height=1, **arguments)


def every() -> float | None:
    """The `run_every` of a fragment with `wake` in it: None, for it needs no timer, where it is woken."""
    return None if is_live() else WITHOUT_SECONDS


def is_live() -> bool:
    """Whether this server can send anything by itself."""
    return streamlit_places.watch(_is_ours, _came)


def _expect(key: str, shown: _Shown) -> None:
    tab = streamlit_inside.session_id()
    if tab is not None and is_live():
        with _lock:
            _keys.add(key)
            _drawn[tab, key] = shown


def _is_ours(key: str) -> bool:
    return key in _keys


def _came(place: Place) -> None:
    """A component of ours is on its way to a screen; on the server's loop."""
    with _lock:
        shown = _drawn.pop((place.session_id, place.key), None)
        if shown is None:
            return
        _places[place] = shown
        late = time.monotonic() - DRAWN_SECONDS
        for name in [name for name, one in _drawn.items() if one.drawn < late]:
            del _drawn[name]  # its tab was closed
        if not _watcher:
            _watcher.append(threading.Thread(target=_watch, name="broadcast", daemon=True))
            _watcher[0].start()


def _watch() -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        look()
        with _lock:
            if not _places:
                _watcher.clear()
                return


def look() -> int:
    """Send what is new to whoever shows it; returns to how many screens."""
    with _lock:
        for place in [place for place in _places if not streamlit_places.is_open(place)]:
            del _places[place]
        here = list(_places.items())
    by_channel: dict[Hashable, list[tuple[Place, _Shown]]] = {}
    for place, shown in here:
        by_channel.setdefault(shown.channel.name, []).append((place, shown))
    given = []
    for screens in by_channel.values():
        given += _news(screens)
    streamlit_places.put(given)
    return len(given)


def _news(screens: list[tuple[Place, _Shown]]) -> list[tuple[Place, str]]:
    """What those who show one channel are to be given now."""
    try:
        stamp = screens[0][1].channel.stamp()
        late = [(place, shown) for place, shown in screens if shown.seen != stamp]
        now = _current(screens[0][1].channel) if late else None
        given = []
        for place, shown in late:
            shown.seen = stamp
            news = now.json if now is not None and shown.may_see() else "null"
            if news != shown.sent:
                shown.sent = news
                given.append((place, f"[{news}, {shown.own}, {_milliseconds()}]"))
        return given
    except Exception:
        # The thread serves other classes too, and must not end with this one.
        log.exception("what a channel shows could not be told")
        return []


def _current(channel: Channel) -> _Values:
    """The channel's values, computed once for each stamp."""
    stamp = channel.stamp()
    kept = _values.get(channel.name)
    if kept is not None and kept.stamp == stamp:
        return kept
    # Two may compute it at the same moment; both are right.
    if len(_values) >= MOST_VALUES:
        _values.clear()
    _values[channel.name] = new = _Values(stamp, json.dumps(channel.values()), time.time_ns() // 1_000_000)
    return new


def _milliseconds() -> int:
    """Now, since 1970: of two that came, the browser takes the later."""
    return time.time_ns() // 1_000_000
