"""One student: a websocket that speaks Streamlit's protocol as the browser does, without drawing anything.

A request is a BackMsg that asks for a script run; the answer is a stream of ForwardMsg that ends with
`script_finished`. What the browser would do besides is done too: the address carries the bound widgets, live
fragments tick, messages that were seen before are not sent twice.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from pages.ui.visitor.who import COOKIE

PATIENCE = 30.0  # seconds to wait for an answer before it counts as lost
KEPT_MESSAGES = 400  # seen messages that need not be sent again; a browser's cache is larger
MAIN = 0  # first number of a delta's path: the page's body; 1 is the sidebar
LABEL = re.compile(r"[:\[\]*]")


@dataclass
class Answer:
    """What one request came to. seconds: from asking to `script_finished`; size: bytes received."""

    page: str  # address of the page, "" is home
    kind: str  # "page" | "click" | "tick"
    seconds: float
    size: int
    errors: list[str]


@dataclass
class Widget:
    """A widget on the page: its element, where it stands, and the fragment that owns it ("" for none)."""

    kind: str
    element: Any
    in_body: bool
    fragment: str

    @property
    def key(self) -> str:
        """The key it has in the page's code; ids end with it. "None" where it has none."""
        return self.element.id.rpartition("-")[2]


@dataclass
class Student:
    """A visitor with one tab. `await open("train")`, then `turn_to`, `choose`, `press` and `think`, then `close`."""

    host: str  # "127.0.0.1:8501"
    token: str  # the visitor's cookie
    answers: list[Answer] = field(default_factory=list)
    page: str = ""
    address: dict[str, str] = field(default_factory=dict)  # the query: bound widgets and what a link brought
    pages: dict[str, str] = field(default_factory=dict)  # address -> the page's hash
    widgets: dict[str, Widget] = field(default_factory=dict)  # by id
    _values: dict[str, WidgetState] = field(default_factory=dict)
    _timers: dict[str, tuple[float, float]] = field(default_factory=dict)  # fragment -> interval, next tick
    _seen: OrderedDict[str, ForwardMsg] = field(default_factory=OrderedDict)
    _socket: ClientConnection | None = None

    async def open(self, page: str = "", **address: str) -> Answer:
        """Open the tab at an address, as a typed or a sent link does."""
        await self.close()
        self._values, self.widgets, self.pages, self._timers = {}, {}, {}, {}
        self.address = dict(address)
        self._socket = await connect(
            f"ws://{self.host}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{COOKIE}={self.token}"},
            max_size=None,
            open_timeout=PATIENCE,
            proxy=None,  # whatever the environment says: the server is on this machine
        )
        return await self._ask("page", page)

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def turn_to(self, page: str) -> Answer:
        """A click on the page's word in the top bar."""
        return await self._ask("page", page)

    async def press(self, key: str) -> Answer:
        """A click on the button of that key. LookupError if it is not there, or cannot be pressed."""
        for widget in self.widgets.values():
            if widget.kind == "button" and widget.key == key and not widget.element.disabled:
                trigger = WidgetState(id=widget.element.id, trigger_value=True)
                return await self._ask("click", self.page, widget.fragment, trigger)
        raise LookupError(f"no button {key!r} on the page {self.page!r}")

    def choices(self) -> list[Widget]:
        """Select boxes, pills and switches in the page's body that can be changed now."""
        kinds = {"selectbox", "button_group", "checkbox"}
        return [
            widget
            for widget in self.widgets.values()
            if widget.in_body and widget.kind in kinds and not widget.element.disabled
        ]

    async def choose(self, widget: Widget, number: int) -> Answer:
        """Change a widget of `choices()`: to one of its options (counted round), or over for a switch."""
        element, state = widget.element, WidgetState(id=widget.element.id)
        if widget.kind == "checkbox":
            before = self._values.get(element.id)
            state.bool_value = not (before.bool_value if before else element.default)
        elif widget.kind == "selectbox":
            state.string_value = element.options[number % len(element.options)]
        else:
            # A pill is known by what is written on it, its icon not counted.
            state.string_array_value.data.append(element.options[number % len(element.options)].content)
        self._values[element.id] = state
        return await self._ask("click", self.page, widget.fragment)

    async def tell(self, key: str, **state: Any) -> Answer:
        """What the browser's part of a component says, in the page's own words. LookupError if it is not there."""
        for widget in self.widgets.values():
            if widget.kind == "bidi_component" and widget.key == key:
                said = json.dumps(state)
                self._values[widget.element.id] = WidgetState(id=widget.element.id, json_value=said)
                return await self._ask("click", self.page, widget.fragment)
        raise LookupError(f"no component {key!r} on the page {self.page!r}")

    async def think(self, seconds: float) -> None:
        """Look at the page for a while; its live parts go on."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            fragment, due = min(
                ((name, at) for name, (_, at) in self._timers.items()), key=_due, default=("", end)
            )
            if min(due, end) > now:
                await asyncio.sleep(min(due, end) - now)
            if due >= end:
                return
            interval, _ = self._timers[fragment]
            self._timers[fragment] = interval, max(due, now) + interval
            await self._ask("tick", self.page, fragment)

    # ------------------------------------------------------------ the protocol

    async def _ask(
        self, kind: str, page: str, fragment: str = "", trigger: WidgetState | None = None
    ) -> Answer:
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string = urlencode(self.address)
        if page in self.pages:
            ask.page_script_hash = self.pages[page]
        else:
            ask.page_name = page  # the first request: the browser knows no hashes yet
        ask.widget_states.widgets.extend([*self._values.values(), *([trigger] if trigger else [])])
        ask.fragment_id, ask.is_auto_rerun = fragment, kind == "tick"
        ask.cached_message_hashes.extend(self._seen)
        ask.context_info.timezone, ask.context_info.locale = "UTC", "en"
        ask.context_info.url = f"http://{self.host}/{page}"
        if page != self.page:
            self._timers.clear()
        self.page = page
        answer = Answer(page, kind, 0.0, 0, [])
        began = time.monotonic()
        assert self._socket is not None
        try:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send(message.SerializeToString())
                while not self._take(await self._socket.recv(), answer):
                    pass
        except TimeoutError:
            answer.errors.append(f"no answer within {PATIENCE:.0f} s")
        answer.seconds = time.monotonic() - began
        self.answers.append(answer)
        return answer

    def _take(self, data: Any, answer: Answer) -> bool:
        """Read one message into what the browser knows; True when it ends the answer."""
        message = ForwardMsg.FromString(data)
        answer.size += len(data)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            seen = self._seen.get(message.ref_hash)
            if seen is None:
                answer.errors.append("refers to a message that was never sent")
                return False
            path, message = message.metadata.delta_path, ForwardMsg.FromString(seen.SerializeToString())
            message.metadata.delta_path[:] = path
            kind = message.WhichOneof("type")
        elif message.metadata.cacheable:
            self._seen[message.hash] = message
            if len(self._seen) > KEPT_MESSAGES:
                self._seen.popitem(last=False)
        if kind == "delta":
            self._draw(message, answer)
        elif kind == "new_session" and not message.metadata.run.fragment_ids:
            self.widgets.clear()
            self._timers.clear()
        elif kind == "navigation":
            self.pages = {
                "" if page.is_default else page.url_pathname: page.page_script_hash
                for page in message.navigation.app_pages
            }
        elif kind == "auto_rerun":
            timer = message.auto_rerun
            self._timers[timer.fragment_id] = timer.interval, time.monotonic() + timer.interval
        elif kind == "stop_auto_rerun":
            self._timers.pop(message.stop_auto_rerun.fragment_id, None)
        elif kind == "page_not_found":
            answer.errors.append("page not found")
        elif (
            kind == "session_event"
            and message.session_event.WhichOneof("type") == "script_compilation_exception"
        ):
            answer.errors.append(message.session_event.script_compilation_exception.message)
        # A script that asked for another run of itself is not done yet.
        return kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def _draw(self, message: ForwardMsg, answer: Answer) -> None:
        delta = message.delta
        if not delta.HasField("new_element"):
            return
        kind = delta.new_element.WhichOneof("type") or ""
        element = getattr(delta.new_element, kind, None)
        if kind == "exception":
            answer.errors.append(f"{element.type}: {element.message}")
        if kind not in ("button", "selectbox", "button_group", "checkbox", "text_input", "bidi_component"):
            return
        self.widgets[element.id] = Widget(
            kind, element, message.metadata.delta_path[0] == MAIN, delta.fragment_id
        )
        if getattr(element, "set_value", False):
            self._values.pop(element.id, None)  # the script has set it: our own value is out of date
            if kind == "text_input" and element.query_param_key:
                self._write_address(element)

    def _write_address(self, element: Any) -> None:
        if element.value == element.default:
            self.address.pop(element.query_param_key, None)
        else:
            self.address[element.query_param_key] = element.value


def _due(timer: tuple[str, float]) -> float:
    return timer[1]
