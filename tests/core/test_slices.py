"""A training makes room for others and goes on; and how much a server takes in at all."""

import os
import time

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, Status
from cnn_core.runs.fairness import Room
from cnn_core.runs.jobs.leaving import MADE_ROOM, ask_to_make_room
from cnn_core.runs.jobs.runner import Runner, expect_work
from cnn_core.runs.jobs.training_job import TrainingListener
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec
from cnn_core.training.checkpoint import load_model

RECIPE = TrainSpec(
    epochs=2, batch_size=16, train_size=640, augment=AugmentSpec(rotation_range=15), label_noise=0.1
)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


class OneWorker:
    """An engine that works at once, in this process, and whose run hears at step 25 that others wait."""

    trouble = ""  # all is well

    def __init__(self, store):
        self.store, self.back, self.log = store, [], []

    def room(self):
        return Room(free=1 - len(self.back))

    def start(self, run_id):
        self.back.append((run_id, work(self.store.path, run_id)))
        self.log += self.back[-1:]

    def returned(self):
        back, self.back = self.back, []
        return back


def test_a_runner_stays_while_somebody_is_here_who_may_ask_for_work(store, monkeypatch):
    asked = []
    monkeypatch.setattr("cnn_core.runs.jobs.runner.ensure_runner", lambda one: bool(asked.append(one.path)))
    runner = Runner(store, OneWorker(store), idle_seconds=60.0)
    assert not runner._idle()
    runner.last_work -= 61.0
    assert runner._idle()
    expect_work(store)
    assert asked == [store.path]
    assert not runner._idle()
    an_hour_ago = time.time() - 3600.0
    os.utime(store.path / "work.expected", (an_hour_ago, an_hour_ago))
    assert runner._idle()


def test_a_run_that_makes_room_goes_behind_the_others_and_ends_with_the_same_weights(store, monkeypatch):
    hear, heard = TrainingListener.hear, []

    def told_that_others_wait(listener, event):
        hear(listener, event)
        if listener.run.owner == store.run(long).owner and listener.progress.step == 25 and not heard:
            heard.append(True)
            ask_to_make_room(listener.run, 725.0)

    monkeypatch.setattr(TrainingListener, "hear", told_that_others_wait)
    long = store.submit(PRESETS["tiny"], RECIPE, owner="ada")
    other = store.submit(PRESETS["tiny"], RECIPE.replace(epochs=1), owner="bob")
    engine = OneWorker(store)
    runner = Runner(store, engine, idle_seconds=0)
    runner.tick()
    assert engine.log == [(long, MADE_ROOM)]
    status = store.run(long).status
    assert (status.state, status.saved_step) == ("queued", 30)  # asked every ten steps
    assert status.reason == "It has been at work for 12 minutes, so others who wait go first."
    for _ in range(3):
        runner.tick()
    assert engine.log[1:] == [(other, "done"), (long, "done")]
    assert (store.run(long).status.state, store.run(long).status.reason) == ("finished", "")
    alone = store.submit(PRESETS["tiny"], RECIPE, owner="eve")
    runner.tick()
    states = [load_model(store.run(one).snapshot_path("last"))[0].state_dict() for one in (long, alone)]
    assert all((states[0][name] == states[1][name]).all() for name in states[1])
    steps = list(store.run(long).history().train.step)
    assert steps == sorted(set(steps))  # nothing is told twice
    assert steps[-1] == 80


# What is taken in


def test_a_server_that_has_enough_to_do_takes_no_more_and_says_how_much_that_is(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_WAITING", "4")
    for owner in ("ada", "bob"):
        run_id = store.submit(PRESETS["tiny"], RECIPE, owner=owner)
        store.take(store.next_ticket())
        store.done(run_id)
    ids = [store.submit(PRESETS["tiny"], RECIPE.replace(seed=seed), owner="ada") for seed in range(1, 5)]
    with pytest.raises(StudentError, match="4 runs of all visitors wait on this server or are at work"):
        store.submit(PRESETS["tiny"], RECIPE.replace(seed=1), owner="bob")
    assert store.submit(PRESETS["tiny"], RECIPE.replace(seed=2), owner="ada") == ids[1]  # it is there already
    store.control(ids[0], "ada", "stop")
    store.submit(PRESETS["tiny"], RECIPE.replace(seed=1), owner="bob")


def test_new_names_cannot_fill_the_queue_for_those_who_were_served_before(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_WAITING", "10")
    known = store.submit(PRESETS["tiny"], RECIPE, owner="ada")
    store.take(store.next_ticket())
    store.set_status(store.run(known), state="finished")
    store.done(known)
    for i in range(5):
        store.submit(PRESETS["tiny"], RECIPE, owner=f"name {i}")
    with pytest.raises(StudentError, match="5 runs wait on this server for visitors who are new here"):
        store.submit(PRESETS["tiny"], RECIPE, owner="one more")
    store.submit(PRESETS["tiny"], RECIPE.replace(seed=1), owner="ada")
    store.take(store.next_ticket())  # the first of them begins: it is new no more
    store.submit(PRESETS["tiny"], RECIPE, owner="one more")


def test_thirty_new_students_at_once_are_all_taken_in_with_three_runs_each(store):
    ids = {
        store.submit(PRESETS["tiny"], RECIPE.replace(seed=seed), owner=f"student {i}")
        for seed in range(3)
        for i in range(30)
    }
    assert len(ids) == len(store.turns()) == 90


def test_whoever_extends_or_resumes_an_old_run_waits_behind_those_who_asked_before(store):
    old = store.submit(PRESETS["tiny"], RECIPE, owner="ada")
    store.take(store.next_ticket())
    store.set_status(store.run(old), state="paused")
    store.put_aside(old)
    new = store.submit(PRESETS["tiny"], RECIPE, owner="bob")
    store.control(old, "ada", "resume")
    assert [ticket.run_id for ticket in store.turns()] == [new, old]
    assert store.run(old).status == Status.from_dict(store.run(old).status.to_dict() | {"state": "queued"})
