"""What the server sees to before any page is drawn: its settings, and work that a crash has left."""

import os
import signal
import time

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, runner_is_alive
from cnn_core.runs.files import read_json
from cnn_core.training import RECIPES
from pages.ui.frame.shell import PAGES
from pages.ui.visitor import server
from tests.pages.app import OWNER, text

take_up_work = server.take_up_work  # as it is: in the other tests of pages nobody starts a runner by looking


@pytest.fixture
def takes_up(monkeypatch):
    monkeypatch.setattr(server, "take_up_work", take_up_work)
    monkeypatch.setattr(server, "_looked", {})


# Settings


@pytest.mark.parametrize("variable", ["WORKERS", "MAX_EPOCHS", "IDLE_SECONDS"])
def test_a_setting_that_makes_no_sense_is_all_that_any_page_says(app, monkeypatch, variable):
    monkeypatch.setenv(f"CONVSCOPE_{variable}", "abc")
    app.run()
    assert not app.exception
    assert [title.value for title in app.title] == ["This server cannot start"]
    assert f"CONVSCOPE_{variable} is “abc”, which is not usable" in text(app)
    assert "Change it or unset it." in text(app)
    assert not app.sidebar.selectbox


def test_it_says_so_on_each_page_and_all_is_well_once_it_is_mended(app, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "abc")
    app.run()
    for page in PAGES[1:]:
        app.switch_page(page.file).run()
        assert not app.exception
        assert [title.value for title in app.title] == ["This server cannot start"]
    monkeypatch.delenv("CONVSCOPE_WORKERS")
    app.run()
    assert app.sidebar.selectbox
    assert "This server cannot start" not in [title.value for title in app.title]


def test_the_operator_reads_it_once_and_not_at_every_look(monkeypatch, caplog):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "abc, once")
    for _ in range(3):
        with pytest.raises(StudentError):
            server.check_settings()
    assert caplog.text.count("CONVSCOPE_WORKERS") == 1


# Work that was left


def left_work() -> str:
    """A run that was taken when everything died."""
    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"].replace(epochs=1, train_size=100), owner="b" * 22)
    store.take(store.next_ticket())
    store.set_status(store.run(run_id), state="running", pid=2**22 - 1)
    return run_id


def test_whoever_comes_first_to_whatever_page_wakes_the_runner(app, takes_up, monkeypatch):
    woken = []
    monkeypatch.setattr(server, "wake_runner", lambda: woken.append(1))
    left_work()
    app.session_state["visitor"] = OWNER  # a stranger to the run
    app.run()
    assert woken == [1]
    for page in PAGES:
        woken.clear()
        monkeypatch.setattr(server, "_looked", {})
        app.switch_page(page.file).run()
        assert woken == [1], page
        assert not app.exception, page


def test_no_runner_is_woken_where_nothing_is_left(app, takes_up, monkeypatch):
    woken = []
    monkeypatch.setattr(server, "wake_runner", lambda: woken.append(1))
    app.run()
    assert woken == []


def test_many_looks_are_one(takes_up, monkeypatch):
    woken = []
    monkeypatch.setattr(server, "wake_runner", lambda: woken.append(1))
    left_work()
    for _ in range(30):
        server.take_up_work()
    assert woken == [1]


def test_workers_are_warm_before_anybody_trains_unless_the_operator_or_the_machine_is_against_it(monkeypatch):
    asked = []

    def expect(store):
        asked.append(store.path)
        raise StudentError("Training cannot be started (No space left on device).")  # is for whoever trains

    monkeypatch.setattr("cnn_core.runs.expect_work", expect)
    monkeypatch.setattr(server, "_expected", {})
    server.keep_workers_warm()
    assert asked == []
    monkeypatch.setenv("CONVSCOPE_WARM", "1")
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 1_000_000_000)
    server.keep_workers_warm()
    assert asked == []
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 4_000_000_000)
    for _ in range(30):
        server.keep_workers_warm()
    assert asked == [server.store().path]


def test_that_no_runner_can_be_started_breaks_no_page(app, takes_up, monkeypatch):
    def refuse():
        raise StudentError("Training cannot be started (No space left on device).")

    monkeypatch.setattr(server, "wake_runner", refuse)
    left_work()
    app.run()
    assert not app.exception


@pytest.mark.slow
def test_the_work_of_others_goes_on_once_anybody_looks(app, takes_up, monkeypatch):
    """The real thing: a runner is started, and it takes the run up that nobody does."""
    monkeypatch.setenv("CONVSCOPE_IDLE_SECONDS", "0")
    store, run_id = RunStore(), left_work()
    app.session_state["visitor"] = OWNER
    app.run()
    try:
        end = time.monotonic() + 90
        while store.run(run_id).status.state != "finished" and time.monotonic() < end:
            time.sleep(0.1)
        assert store.run(run_id).status.state == "finished"
        assert store.run(run_id).status.step > 0
    finally:
        pid = read_json(store.path / "runner.json").get("pid")
        if pid and runner_is_alive(store):
            os.kill(pid, signal.SIGTERM)
