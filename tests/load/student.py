"""One student: a websocket that speaks Streamlit's protocol as the browser does, without drawing anything.

A request is a BackMsg that asks for a script run; the answer is a stream of ForwardMsg that ends with
`script_finished`. What the browser would do besides is done too: the address carries the bound widgets, live
fragments tick, messages that were seen before are not sent twice.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect

from pages.ui.visitor.who import COOKIE

PATIENCE = 30.0  # seconds to wait for an answer before it counts as lost
TOLD_PATIENCE = 150.0  # the same, where a bar says how long it takes
HOW_LONG = ("About ", "Another question")  # beginnings of `pages.ui.wording.looking.how_long`
XSRF = "_streamlit_xsrf"
KEPT_MESSAGES = 400  # seen messages that need not be sent again; a browser's cache is larger
MAIN = 0  # first number of a delta's path: the page's body; 1 is the sidebar
KINDS = {  # of elements that a visitor can say something of
    "button", "selectbox", "button_group", "checkbox", "text_input", "bidi_component", "file_uploader", "camera_input",
    "number_input", "slider", "multiselect", "radio", "text_area",
}  # fmt: skip


@dataclass
class Answer:
    """What one request came to. seconds: from asking to `script_finished`; size: bytes received.

    told_after: seconds until a bar said how long it takes; None where there was none.
    what:       the key of what was clicked.
    """

    page: str  # address of the page, "" is home
    kind: str  # "page" | "click" | "tick" | "act", a click for which more is done
    seconds: float
    size: int
    errors: list[str]
    runs: int = 0  # of the script, until it was answered
    is_told: bool = False  # that it takes a while
    says_how_long: bool = False
    told_after: float | None = None
    what: str = ""
    at: float = 0.0  # when it was asked, in the clock's seconds

    @property
    def blank(self) -> float:
        """Seconds without the answer and without a word of how long it takes."""
        return self.seconds if self.told_after is None else self.told_after


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
    session: str = ""  # Streamlit's id of the tab
    patience: float = PATIENCE
    is_acting: bool = False  # whether its clicks are parts of an act
    is_hasty: bool = False  # whether it goes on as soon as it is told how long something takes
    drawn: int = 0  # drawings that went into a data set
    said: list[str] = field(default_factory=list)  # texts of the page, as they came
    _values: dict[str, WidgetState] = field(default_factory=dict)
    _timers: dict[str, tuple[float, float]] = field(default_factory=dict)  # fragment -> interval, next tick
    _seen: OrderedDict[str, ForwardMsg] = field(default_factory=OrderedDict)
    is_waiting: bool = False  # for an answer
    code: str = ""  # of a class that may be joined
    sees: dict[bytes, float | None] = field(
        default_factory=dict
    )  # what is looked out for: when it came first
    _woken: dict[str, str] = field(
        default_factory=dict
    )  # ids of parts that ask to be run again: their stamps
    _heard: dict[str, str] = field(default_factory=dict)
    _socket: ClientConnection | None = None

    async def open(self, page: str = "", **address: str) -> Answer:
        """Open the tab at an address, as a typed or a sent link does."""
        await self.close()
        self._values, self.widgets, self.pages, self._timers = {}, {}, {}, {}
        self.address = dict(address)
        await self._connect()
        return await self._ask("page", page)

    async def _connect(self, session: str = "") -> None:
        """session: of a tab that was connected before, so that it goes on."""
        self._socket = await connect(
            f"ws://{self.host}/_stcore/stream",
            subprotocols=["streamlit", *(["none", session] if session else [])],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{COOKIE}={self.token}"},
            max_size=None,
            open_timeout=PATIENCE,
            proxy=None,  # whatever the environment says: the server is on this machine
        )

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def drop(self) -> None:
        """Lose the connection as a telephone does that goes to sleep: without a word."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def come_back(self) -> Answer:
        """The same tab, connected again: it asks for its page once more."""
        await self._connect(self.session)
        return await self._ask("page", self.page)

    async def visit_again(self) -> Answer:
        """Close the tab, and open its address another day: the last look of the visit before."""
        return await self.open(self.page, **self.address)

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
                return await self._ask("click", self.page, widget.fragment, trigger, what=key)
        raise LookupError(f"no button {key!r} on the page {self.page!r}")

    async def submit(self, form: str) -> Answer:
        """A click on the button of a form, with what was filled in. LookupError if it is not there."""
        for widget in self.widgets.values():
            if (
                widget.kind == "button"
                and widget.element.is_form_submitter
                and widget.element.form_id == form
            ):
                trigger = WidgetState(id=widget.element.id, trigger_value=True)
                return await self._ask("click", self.page, widget.fragment, trigger)
        raise LookupError(f"no form {form!r} on the page {self.page!r}")

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
        return await self._ask("click", self.page, widget.fragment, what=widget.key)

    async def tell(self, key: str, **state: Any) -> Answer:
        """What the browser's part of a component says, in the page's own words. LookupError if it is not there."""
        widget = self._of_key(key, "bidi_component")
        self._values[widget.element.id] = WidgetState(id=widget.element.id, json_value=json.dumps(state))
        return await self._ask("click", self.page, widget.fragment)

    async def upload(self, key: str, files: list[tuple[str, bytes]]) -> Answer:
        """Choose files, (name, bytes) each, in the place for files or photos of that key.

        LookupError if it is not there. A file that the server refuses (413) is an error of the answer.
        """
        widget = self._of_key(key, "file_uploader", "camera_input")
        state, refused = WidgetState(id=widget.element.id), []
        for name, content in files:
            file_id = str(uuid.uuid4())
            status = await asyncio.to_thread(self.put, file_id, name, content)
            if status != 204:
                refused.append(f"{name!r} was refused with status {status}")
                continue
            state.file_uploader_state_value.uploaded_file_info.append(
                UploadedFileInfo(file_id=file_id, name=name, size=len(content))
            )
        self._values[widget.element.id] = state
        answer = await self._ask("click", self.page, widget.fragment)
        answer.errors += refused
        return answer

    def put(self, file_id: str, name: str, content: bytes) -> int:
        """Send a file as the browser does; returns the status of the answer."""
        edge = secrets.token_hex(16)
        quoted = (
            name.encode(errors="replace").decode().replace('"', "%22").replace("\r", " ").replace("\n", " ")
        )
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        token = secrets.token_hex(16)  # of the older form, which is its own proof
        request = urllib.request.Request(
            f"http://{self.host}/_stcore/upload_file/{self.session}/{file_id}",
            data=body,
            method="PUT",
            headers={
                "Content-Type": f"multipart/form-data; boundary={edge}",
                "X-Xsrftoken": token,
                "Cookie": f"{XSRF}={token}; {COOKIE}={self.token}",
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    async def send(self, state: WidgetState) -> Answer:
        """Say anything of a widget that is on the page, also what no browser would."""
        self._values[state.id] = state
        return await self._ask("click", self.page, self.widgets[state.id].fragment)

    async def say(self, data: bytes) -> Answer:
        """Send bytes that need be no message; the answer is a page, or ConnectionClosed where the server hangs up."""
        return await self._answered(data, Answer(self.page, "said", 0.0, 0, []))

    async def throw(self, data: bytes) -> None:
        """Send bytes, and read nothing."""
        assert self._socket is not None
        await self._socket.send(data)

    def _of_key(self, key: str, *kinds: str) -> Widget:
        for widget in self.widgets.values():
            if widget.kind in kinds and widget.key == key:
                return widget
        # It may have refused, and told why.
        told = " / ".join([*(text[:80] for text in self.said[:8]), *self.answers[-1].errors])
        raise LookupError(f"no {' or '.join(kinds)} {key!r} on the page {self.page!r}, which says: {told}")

    def fill(self, key: str, text: str) -> None:
        """Type into the field of that key; it is said with the next click. LookupError if it is not there."""
        element = self._of_key(key, "text_input", "text_area").element
        self._values[element.id] = WidgetState(id=element.id, string_value=text)

    async def listen(self, seconds: float) -> None:
        """Take what the server sends by itself."""
        end, unasked = time.monotonic() + seconds, Answer(self.page, "unasked", 0.0, 0, [])
        while (left := end - time.monotonic()) > 0 and self._socket is not None:
            while self._woken:  # an answer is taken whole, however little time is left
                widget_id, now = self._woken.popitem()
                if widget_id in self.widgets:
                    await self.trigger(self.widgets[widget_id], "woken", now)
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    self._take(await self._socket.recv(), unasked)
        if unasked.errors:
            self.answers.append(unasked)

    async def trigger(self, widget: Widget, event: str, value: Any) -> Answer:
        """What the browser's part of a component tells once."""
        state = WidgetState(id=f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{widget.element.id}__events")
        state.json_trigger_value = json.dumps([{"event": event, "value": value}])
        return await self._ask("tick", self.page, widget.fragment, state)

    def _hear(self, element: Any) -> None:
        """What woken.js does: the fragment is run again where its stamp is another than it was drawn with."""
        now, drawn, *_ = json.loads(element.json)
        if now != drawn and self._heard.get(element.id) != now:
            self._heard[element.id] = now
            self._woken[element.id] = str(now)

    async def hear(self, seconds: float, key: str, tell: Callable[[Any], None]) -> None:
        """Look at the page while the server sends what is new by itself.

        tell: called with the data of each component of that key that comes.
        """
        assert self._socket is not None
        heard = Answer(self.page, "heard", 0.0, 0, [])
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    self._take(await self._socket.recv(), heard)
                    for widget in [one for one in self.widgets.values() if one.key == key]:
                        tell(json.loads(widget.element.json))
        self.answers.append(heard)

    async def think(self, seconds: float) -> None:
        """Look at the page for a while; its live parts go on."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            fragment, due = min(
                ((name, at) for name, (_, at) in self._timers.items()), key=_due, default=("", end)
            )
            if min(due, end) > now:
                await self.listen(min(due, end) - now)
            if due >= end:
                return
            interval, _ = self._timers[fragment]
            self._timers[fragment] = interval, max(due, now) + interval
            await self._ask("tick", self.page, fragment)

    # ------------------------------------------------------------ the protocol

    async def _ask(
        self, kind: str, page: str, fragment: str = "", trigger: WidgetState | None = None, what: str = ""
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
        answer = Answer(page, "act" if self.is_acting and kind == "click" else kind, 0.0, 0, [], what=what)
        return await self._answered(message.SerializeToString(), answer)

    async def _answered(self, data: bytes, answer: Answer) -> Answer:
        """Send what asks for an answer, and read that to its end. What came is kept, also where the server hangs up."""
        assert self._socket is not None
        answer.at, self.is_waiting = time.monotonic(), True
        try:
            async with asyncio.timeout(self.patience) as limit:
                await self._socket.send(data)
                while not self._take(await self._socket.recv(), answer):
                    if answer.told_after is None and answer.says_how_long:
                        answer.told_after = time.monotonic() - answer.at
                        limit.reschedule(asyncio.get_running_loop().time() + TOLD_PATIENCE)
                    if self.is_hasty and answer.is_told:
                        break
        except TimeoutError:
            patience = self.patience if answer.told_after is None else TOLD_PATIENCE
            answer.errors.append(f"no answer within {patience:.0f} s")
        finally:
            answer.seconds, self.is_waiting = time.monotonic() - answer.at, False
            self.answers.append(answer)
        return answer

    def _take(self, data: Any, answer: Answer) -> bool:
        """Read one message into what the browser knows; True when it ends the answer."""
        message = ForwardMsg.FromString(data)
        answer.size += len(data)
        for mark, at in self.sees.items():
            if at is None and mark in data:
                self.sees[mark] = time.monotonic()
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
        elif kind == "new_session":
            answer.runs += 1
            self.session = message.new_session.initialize.session_id or self.session
            if not message.metadata.run.fragment_ids:
                self.widgets.clear()
                self.said.clear()
                self._timers.clear()
        elif kind == "page_info_changed":
            self.address = dict(parse_qsl(message.page_info_changed.query_string))
        elif kind == "navigation":
            self.pages = {
                "" if page.is_default else page.url_pathname: page.page_script_hash
                for page in message.navigation.app_pages
            }
        elif kind == "auto_rerun":
            timer = message.auto_rerun
            self._timers[timer.fragment_id] = timer.interval, time.monotonic() + timer.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self._timers.pop(fragment, None)
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
        if kind == "progress":
            answer.is_told = True
            answer.says_how_long |= element.text.startswith(HOW_LONG)
        if kind in ("markdown", "alert"):
            self.said.append(element.body)
        if not getattr(element, "id", "") or kind not in KINDS:
            return
        self.widgets[element.id] = Widget(
            kind, element, message.metadata.delta_path[0] == MAIN, delta.fragment_id
        )
        if kind == "bidi_component" and element.component_name.rpartition(".")[2] == "woken":
            self._hear(element)
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
