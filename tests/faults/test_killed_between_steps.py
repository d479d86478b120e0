"""Whoever submits, gives out or puts away a run may be killed after any change of a folder: it is still done."""

import itertools
import os
from pathlib import Path

import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.fairness import Room
from cnn_core.runs.jobs.runner import Runner
from cnn_core.training import TrainSpec

OWNER = "a" * 22


class Killed(BaseException):
    """What no handler of ours catches, as none would run after kill -9."""


@pytest.fixture
def killed_after(monkeypatch):
    """`killed_after(3, act)`: call act(), which dies before its fourth change of a folder; True if it did."""

    def killed_after(changes, act):
        left = iter(range(changes))

        def counted(change):
            def step(*args, **kwargs):
                if next(left, None) is None:
                    raise Killed
                return change(*args, **kwargs)

            return step

        with monkeypatch.context() as patch:
            for place, name in (
                (os, "mkdir"),
                (os, "rename"),
                (os, "replace"),
                (os, "unlink"),
                (Path, "touch"),
            ):
                patch.setattr(place, name, counted(getattr(place, name)))
            try:
                act()
            except Killed:
                return True
        return False

    return killed_after


class AtOnce:
    """An engine whose runs come back at once: done, or paused where their owner wants it so."""

    trouble = ""  # all is well

    def __init__(self, store):
        self.store, self.back = store, []

    def room(self):
        return Room(free=1 - len(self.back))

    def start(self, run_id):
        run = self.store.run(run_id)
        state = "paused" if run.control.get("action") == "pause" else "finished"
        self.store.set_status(run, state=state)
        self.back.append((run_id, "paused" if state == "paused" else "done"))

    def returned(self):
        back, self.back = self.back, []
        return back


def serve(store):
    """A new runner, for as long as it takes."""
    runner = Runner(store, AtOnce(store), idle_seconds=0)
    for _ in range(4):
        runner.tick()


def submit(store):
    return store.submit(PRESETS["tiny"], TrainSpec(epochs=2), owner=OWNER)


def look(store):
    """What the owner's page does at every look at an unfinished run."""
    for run in store.runs(OWNER):
        store.mend(run)


def assert_all_done(store):
    assert {run.status.state for run in store.runs(OWNER)} == {"finished"}
    for place in ("queue", "taken", "paused"):
        assert not list((store.path / place).glob("*"))


def stores(tmp_path):
    """One for each moment of death."""
    for changes in itertools.count():
        yield changes, RunStore(tmp_path / str(changes))


def test_a_server_killed_while_it_submits_leaves_nothing_that_waits_for_ever(tmp_path, killed_after):
    for changes, store in stores(tmp_path):
        died = killed_after(changes, lambda store=store: submit(store))
        again = submit(store)
        assert submit(store) == again
        look(store)
        serve(store)
        assert_all_done(store)
        if not died:
            break
    assert changes > 5


def test_a_runner_killed_between_taking_a_ticket_and_tearing_it_up_loses_no_run(tmp_path, killed_after):
    for changes, store in stores(tmp_path):
        submit(store)
        died = killed_after(changes, lambda store=store: serve(store))
        serve(store)
        assert_all_done(store)
        if not died:
            break
    assert changes > 5


def test_a_runner_killed_while_it_puts_a_paused_run_aside_can_still_resume_it(tmp_path, killed_after):
    for changes, store in stores(tmp_path):
        run_id = submit(store)
        store.take(store.next_ticket())
        store.control(run_id, OWNER, "pause")
        store.set_status(store.run(run_id), state="paused")
        died = killed_after(changes, lambda store=store: serve(store))
        serve(store)
        assert store.run(run_id).status.state == "paused"
        store.control(run_id, OWNER, "resume")
        serve(store)
        assert_all_done(store)
        if not died:
            break
    assert changes > 1


def test_a_server_killed_while_it_extends_a_run_leaves_a_run_that_ends(tmp_path, killed_after):
    for changes, store in stores(tmp_path):
        run_id = submit(store)
        serve(store)
        (store.run(run_id).folder / "snapshots" / "last.safetensors").touch()
        died = killed_after(changes, lambda store=store, run_id=run_id: store.extend(run_id, OWNER, 2))
        look(store)
        serve(store)
        assert_all_done(store)
        if not died:
            break
    assert store.run(run_id).recipe.epochs == 4
    assert changes > 3


def test_a_runner_killed_while_it_puts_a_run_behind_others_loses_no_run(tmp_path, killed_after):
    for changes, store in stores(tmp_path):
        run_id = submit(store)
        store.take(store.next_ticket())
        store.set_status(store.run(run_id), state="queued")
        died = killed_after(changes, lambda store=store, run_id=run_id: store.put_behind(run_id))
        serve(store)
        assert_all_done(store)
        if not died:
            break
    assert changes > 1
