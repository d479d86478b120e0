"""What spares the server's processor leaves everything as it was: the order of messages, the theme, what is kept."""

import ast
import asyncio
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

from cnn_core.model import PRESETS, preset_of
from pages.ui.frame import process, shell
from tests import own_loop

PAGES = Path(shell.ROOT, "pages")
DRAWN = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG


class Client:
    """Instead of a browser."""

    def __init__(self):
        self.came = []

    def write_forward_msg(self, message):
        self.came.append(message)


def drawing(number):
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, number]
    message.delta.new_element.markdown.body = str(number)
    return message


class Tab(AppSession):
    """A session with nothing but what its messages go through."""

    def __init__(self, script):
        self._event_loop, self._scriptrunner = asyncio.get_running_loop(), script
        self._state, self._browser_queue = AppSessionState.APP_IS_RUNNING, ForwardMsgQueue()
        self._message_enqueued_callback = None

    def __del__(self):
        """There is nothing to shut down."""


def test_what_a_script_draws_comes_whole_and_in_order_while_the_loop_is_woken_a_few_times():
    address = ForwardMsg()
    address.page_info_changed.query_string = "net=design"
    messages = [*map(drawing, range(70)), address, *map(drawing, range(70, 250))]
    woken, script, client = [], object(), Client()

    async def main():
        loop = asyncio.get_running_loop()
        session = Tab(script)
        wake = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *args, **kwargs: (woken.append(1), wake(*args, **kwargs))[1]

        def draw():
            for message in messages:
                session._on_scriptrunner_event(script, DRAWN, forward_msg=message)

        thread = threading.Thread(target=draw)
        thread.start()
        while thread.is_alive() or len(client.came) < len(messages):
            await asyncio.sleep(0.005)
            for parcel in session.flush_browser_queue():
                server, receiver = Runtime.__new__(Runtime), type("Receiver", (), {"client": client})
                Runtime._send_message(server, receiver, parcel)

    own_loop.run(asyncio.wait_for(main(), 60))
    assert client.came == messages
    assert len(woken) < len(messages) / 4


def test_a_fragment_that_runs_again_leaves_no_gap_in_what_the_browser_has_not_got_yet():
    """As the browser takes it: what comes as number n of a page needs n before it."""

    def placed(number, fragment, whose):
        message = drawing(number)
        message.delta.fragment_id, message.delta.new_element.markdown.body = fragment, whose
        return message

    queue = ForwardMsgQueue()
    for number, fragment in enumerate(["", "pad", "", "answer"]):
        queue.enqueue(placed(number, fragment, "the page's run"))
    queue.clear(
        retain_lifecycle_msgs=True, fragment_ids_this_run=["pad"]
    )  # a stroke, before anything was sent
    started = ForwardMsg()
    started.new_session.name = "the fragment's run"
    queue.enqueue(started)
    queue.enqueue(placed(1, "pad", "the fragment's run"))

    page, run = [], "the page's run"
    for message in queue.flush():
        if message.HasField("new_session"):
            run = message.new_session.name
            continue
        place = message.metadata.delta_path[-1]
        assert place <= len(page)
        page[place : place + 1] = [message.delta.new_element.markdown.body]
        assert page[place] == run
    assert page == ["the page's run", "the fragment's run", "the page's run", "the page's run"]

    queue.enqueue(drawing(0))
    queue.clear(retain_lifecycle_msgs=True)  # the whole page runs again: it draws all of it
    assert queue.is_empty()


def test_what_a_script_that_was_given_up_draws_does_not_come():
    async def main():
        session = Tab(script=object())
        session._on_scriptrunner_event(object(), DRAWN, forward_msg=drawing(0))
        session._on_scriptrunner_event(session._scriptrunner, DRAWN, forward_msg=drawing(1))
        while session._browser_queue.is_empty():
            await asyncio.sleep(0.005)
        (parcel,) = session.flush_browser_queue()
        assert parcel.messages == [drawing(1)]
        assert session.flush_browser_queue() == []

    own_loop.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("section", ["theme.light", "theme.dark", "theme.light.sidebar"])
def test_the_theme_that_is_read_once_is_the_one_of_the_settings_each_time(section):
    messages = [CustomThemeConfig(), CustomThemeConfig()]
    for message in messages:
        app_session._populate_theme_msg(message, section)
        message.light.primary_color = "changed"  # what one session writes another does not see
    for message in messages:
        assert message.background_color == (config.get_option(f"{section}.backgroundColor") or "")
        assert message.border_color == (config.get_option(f"{section}.borderColor") or "")


def test_every_component_is_drawn_with_a_key_for_it_is_known_by_nothing_else():
    calls = 0
    for file in PAGES.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        named = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and "components.v2.component" in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in named:
                calls += 1
                assert "key" in {one.arg for one in node.keywords}, f"{file}:{node.lineno}"
    assert calls > 5


def test_what_is_there_once_everything_is_loaded_is_not_collected_again():
    circle = []
    circle.append(circle)
    try:
        process.spare_what_stays()
        assert gc.get_freeze_count() > 1_000
        assert not any(one is circle for one in gc.get_objects())
    finally:
        gc.unfreeze()


def test_spare_memory_goes_back_now_and_then_not_after_each_page(monkeypatch):
    clock, given = [1_000.0], []
    monkeypatch.setattr(process, "give_memory_back", lambda: given.append(clock[0]))
    monkeypatch.setattr(process, "_given_back", [0.0])
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    for _ in range(100):
        process.give_memory_back_now_and_then()
        clock[0] += 1.0
    assert given == [1_000.0, 1_020.0, 1_040.0, 1_060.0, 1_080.0]


def test_a_run_of_a_script_has_pages_of_its_own():
    mine, theirs = ([page for group in shell.build_pages().values() for page in group] for _ in range(2))
    assert len(mine) == len(theirs) == len(shell.PAGES)
    assert not any(one is other for one in mine for other in theirs)


def test_a_design_is_its_preset_however_often_it_is_asked_and_no_design_is_none():
    draft = PRESETS["lesson"].to_dict()
    assert preset_of(draft) == preset_of(dict(draft, name="Mine")) == "lesson"
    draft["layers"][0]["filters"] += 1
    assert preset_of(draft) is None
    assert preset_of({"layers": {1, 2}}) is None


# Two rounds of 200 numbers of images: how many of the programs for them oneDNN says that it made anew in the second.
ROUNDS = """
import os, subprocess, sys
from pages.ui.frame.process import keep_few_primitives
keep_few_primitives()
ask = "import os; print('child', os.environ.get('ONEDNN_PRIMITIVE_CACHE_CAPACITY'))"
subprocess.run([sys.executable, "-c", ask], env=os.environ | {"NEW": "1"})
import torch
layer = torch.nn.Conv2d(1, 2, 3)
with torch.no_grad():
    for begun in ("first", "second"):
        print("round", begun, flush=True)
        for count in range(2, 202):  # of one alone torch needs no oneDNN
            layer(torch.zeros(count, 1, 8, 8))
"""


@pytest.mark.parametrize("wish", [None, "4000"])
def test_onednn_keeps_few_programs_in_this_process_alone_unless_the_operator_wishes_otherwise(wish):
    torch = pytest.importorskip("torch")
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this torch has no oneDNN")
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    environment = {key: value for key, value in os.environ.items() if key != name}
    environment |= {"ONEDNN_VERBOSE": "2", "PYTHONPATH": str(shell.ROOT)} | ({name: wish} if wish else {})
    done = subprocess.run([sys.executable, "-c", ROUNDS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"child {wish}" in done.stdout
    made_anew = [
        sum("create:cache_miss" in line and "convolution" in line for line in part.splitlines())
        for part in done.stdout.split("round ")[1:]
    ]
    # Of 200 the 128 that were used last are not those that are needed next.
    assert made_anew == [200, 0 if wish else 200]
