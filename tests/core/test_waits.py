"""What a waiting visitor is told holds: on machines whose speed we know, for we play them."""

import os
import random
import time
from dataclasses import replace

import pytest

from cnn_core.data import ImagesLearntFrom, Portion
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.expectation import Speeds, predicted_speed
from cnn_core.runs.files import write_json
from cnn_core.runs.status import Status
from cnn_core.runs.waits import Job, Places, pace_of_the_machine, seconds_left, starts
from cnn_core.training import TrainSpec
from tests.core.simulated_queue import Server, Wish


@pytest.mark.parametrize("slice_seconds", [60.0, float("inf")])
def test_where_all_lengths_are_known_each_is_told_when_it_will_begin(slice_seconds):
    for seed in range(40):
        lot = random.Random(seed)
        server = Server(workers=lot.randint(1, 3), slice_seconds=slice_seconds)
        wishes = [
            Wish(0, f"v{lot.randint(0, 8)}", lot.uniform(5, 200), "training")
            for _ in range(lot.randint(2, 20))
        ]
        for wish in wishes:
            server.ask(wish)
        server.tick()
        told = starts(server.queue(), Places(server.workers, 1, slice_seconds), dict(server.needs))
        asked_at = server.now
        server.play([])
        for run_id, wait in told.items():
            begins = server.began[run_id] - asked_at
            # Two who come back in the same second may do so in the other order; of a slice that is the rest.
            assert begins == pytest.approx(wait, rel=0.5, abs=30 if slice_seconds < 100 else 5)


NEW = Status()
JOB = Job(PRESETS["lesson"], images=60_000, batch=60)


def running(pace, job=JOB, done=0.5):
    """The status of such a training half way, at so many images a second."""
    steps = job.images // job.batch
    left = steps - int(steps * done)
    return Status(state="running", step=steps - left, steps=steps, eta=left * job.batch / pace)


def left(store, at_work=(), job=JOB, status=NEW):
    """Seconds, as the store would reckon them."""
    return seconds_left(Speeds(store.path), pace_of_the_machine(store, at_work), job, status)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def remember(store, spec, images_per_second, at_work=()):
    """As at the end of a training beside those."""
    pace = pace_of_the_machine(store, at_work)
    Speeds(store.path).remember_pace(spec, images_per_second, pace)
    Speeds(store.path).remember(spec, images_per_second)


def test_a_training_is_told_by_the_last_of_its_design(store):
    assert left(store) == float("inf")
    remember(store, JOB.spec, 6000.0)
    assert left(store) == pytest.approx(10)
    remember(store, JOB.spec, 3000.0)
    assert left(store) == pytest.approx(20)


def test_on_a_machine_that_has_become_busy_all_who_wait_are_told_so(store):
    remember(store, JOB.spec, 6000.0)
    at_work = [(JOB, running(2000.0)), (JOB, running(2100.0))]
    assert left(store, at_work) == pytest.approx(60_000 / 2050)
    # Also those of a design that was never trained here: our arithmetic says how much slower it is.
    other = replace(JOB, spec=PRESETS["modern"])
    slower = predicted_speed(JOB.spec) / predicted_speed(other.spec)
    assert left(store, at_work, other) == pytest.approx(slower * 60_000 / 2050)
    # And it is not the design that has become slow: on the idle machine it is as fast as it was.
    remember(store, JOB.spec, 2000.0, at_work)
    assert left(store, [(JOB, running(6000.0))]) == pytest.approx(10, rel=0.03)


def test_before_the_first_training_is_done_those_at_work_tell_the_pace(store):
    assert left(store, [(JOB, running(2000.0))]) == pytest.approx(30)


def test_a_run_that_has_begun_before_needs_only_the_rest(store):
    remember(store, JOB.spec, 6000.0)
    assert left(store, status=Status(step=750, steps=1000)) == pytest.approx(2.5)


def test_what_a_training_takes_beside_its_learning_counts_too(store):
    remember(store, JOB.spec, 6000.0)
    for seconds in (1.0, 4.0, 5.0):
        Speeds(store.path).remember_seconds("aside", seconds)
    assert left(store) == pytest.approx(14)
    assert left(store, [(JOB, running(6000.0))], status=running(6000.0)) == pytest.approx(5 + 4)


def test_nonsense_in_the_file_of_speeds_is_passed_over(store):
    store.path.joinpath("speeds.json").write_text(
        '{"paces": [7, [1, "x"], []], "seconds: aside": "long", "per pace: x": null}'
    )
    assert left(store) == float("inf")
    remember(store, JOB.spec, 6000.0)
    assert left(store) == pytest.approx(10)


class BusyMachine:
    """Trainings of three designs, on a machine that others use too; what it learns of its speed it remembers.

    load: what is left of the speed of the idle machine.
    """

    def __init__(self, store, lot, load):
        self.store, self.lot, self.load = store, lot, load
        self.server = Server(workers=2, slice_seconds=600.0, speed=load)
        # Our arithmetic errs for each design.
        self.true = {spec: predicted_speed(spec) * lot.uniform(0.6, 1.6) for spec in DESIGNS}
        self.jobs = {}

    def ask(self, visitor):
        job = Job(self.lot.choice(DESIGNS), self.lot.choice([60_000, 120_000, 300_000]), 60)
        ticket = self.server.ask(Wish(0, visitor, job.images / self.true[job.spec]))
        self.jobs[ticket.run_id] = job

    def told(self):
        """{run: seconds} as the store would say it now."""
        server = self.server
        statuses = {ticket.run_id: Status() for ticket in server.waiting}
        for ticket, since in server.at_work.items():
            statuses[ticket.run_id] = self.status(ticket.run_id) if server.now - since > 3 else Status()
        needs = {
            name: left(self.store, self.measured(), self.jobs[name], status)
            for name, status in statuses.items()
        }
        return starts(server.queue(), Places(server.workers, 1, server.slice_seconds), needs)

    def measured(self):
        """Those at work for more than the first seconds."""
        return [
            (self.jobs[ticket.run_id], self.status(ticket.run_id))
            for ticket, since in self.server.at_work.items()
            if self.server.now - since > 3
        ]

    def status(self, run_id):
        """Of one at work: its pace is measured within a fifth."""
        job = self.jobs[run_id]
        done = 1 - self.server.needs[run_id] * self.true[job.spec] / job.images
        return running(
            self.true[job.spec] * self.load * self.lot.uniform(0.85, 1.15), job, max(0.0, min(0.99, done))
        )

    def remember(self, run_id):
        """Of one that has ended."""
        spec = self.jobs[run_id].spec
        remember(self.store, spec, self.true[spec] * self.load, self.measured())


DESIGNS = [PRESETS[name] for name in ("lesson", "tiny", "modern")]


@pytest.mark.parametrize("load", [0.3, 0.5, 0.8])
def test_on_a_busy_machine_waits_hold_within_a_factor_of_one_and_a_half(store, load):
    lot = random.Random(1)
    machine = BusyMachine(store, lot, load)
    for spec in DESIGNS:  # before the class came each was trained once, alone on the idle machine
        remember(store, spec, machine.true[spec])
    for i in range(24):
        machine.ask(f"student {i}")
    server, told, remembered = machine.server, {}, 0
    while server.waiting or server.at_work:
        server.tick(server.now + 10)
        for run_id in list(server.ended)[remembered:]:
            machine.remember(run_id)
        remembered = len(server.ended)
        told[server.now] = machine.told()
    assert len(told) > 20
    del told[min(told)]  # the first two have only just begun, and nothing is measured yet
    for now, waits in told.items():
        for run_id, wait in waits.items():
            real = server.began[run_id] - now
            assert wait / 1.5 - 10 <= real <= wait * 1.5 + 10, (now, wait, real)


def test_a_store_tells_the_same_by_what_its_workers_wrote_down(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "1")
    recipe = TrainSpec(epochs=1, batch_size=60)
    first, second, third = (store.submit(PRESETS["lesson"], recipe, owner=owner) for owner in "abc")
    remember(store, PRESETS["lesson"], 6000.0)
    store.take(store.next_ticket())
    [ticket] = (store.path / "taken").iterdir()
    os.utime(ticket, (time.time() - 100,) * 2)
    store.set_status(store.run(first), **vars_of(running(2000.0)))
    assert store.expected_wait(first) == 0
    assert store.expected_wait(second) == pytest.approx(15, rel=0.02)
    assert store.expected_wait(third) == pytest.approx(15 + 30, rel=0.02)


def vars_of(status):
    return {name: getattr(status, name) for name in ("state", "step", "steps", "eta")}


def test_where_only_a_sample_is_here_nobody_is_told_the_time_of_the_whole_data_set(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "1")
    first, second, third = (
        store.submit(PRESETS["lesson"], TrainSpec(epochs=3), owner=owner) for owner in "abc"
    )
    remember(store, PRESETS["lesson"], 4000.0)
    whole = store.expected_wait(third) - store.expected_wait(second)
    assert whole == pytest.approx(3 * 60_000 / 4000)
    store.take(store.next_ticket())
    portion = Portion("mnist", "sample", count=4_000, kept_aside=500)
    write_json(store.run(first).folder / "learnt_from.json", ImagesLearntFrom((portion,)).to_dict())
    store.set_status(store.run(first), state="running")
    assert store.expected_wait(third) - store.expected_wait(second) == pytest.approx(3 * 4_000 / 4000)
