"""Processes are killed, paused and restarted, and a run ends with the same weights, bit for bit, every time."""

import itertools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.model import ModelSpec
from cnn_core.runs import ensure_runner, runner_is_alive
from cnn_core.runs.files import is_locked
from cnn_core.training import TrainSpec
from tests.faults.conftest import go_on, processes, stand_still, until

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)

# Everything that could forget its state between two processes: moving averages, dropout, augmentation, noise.
SPEC = ModelSpec.from_dict(
    {
        "name": "forgetful",
        "input_shape": [1, 28, 28],
        "classes": 10,
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "strides": 2, "activation": "relu"},
            {"type": "batch_normalization"},
            {"type": "max_pooling2d", "pool_size": 2},
            {"type": "flatten"},
            {"type": "dropout", "rate": 0.25},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)
RECIPE = TrainSpec(
    epochs=4, batch_size=8, train_size=3_200, augment=AugmentSpec(rotation_range=15), label_noise=0.1, seed=5
)
STEPS_AN_EPOCH = 400


def submit(machine, recipe=RECIPE, owner=None):
    """A run of a visitor nobody else is; its owner's token beside it."""
    owner = owner or secrets.token_hex(8)
    run = machine.store.run(machine.store.submit(SPEC, recipe, owner=owner))
    machine.start()
    return run, owner


def finished(run):
    until(lambda: not run.status.unfinished)
    assert (run.status.state, run.status.reason) == ("finished", "")
    return run


def caught_at(machine, step, recipe=RECIPE):
    """A run whose worker stands still after `step`, until it is told to `go_on`; its owner's token beside it.

    A test that a busy machine wakes too late, when all is over, gets another run.
    """
    for _ in range(5):
        run, owner = submit(machine, recipe)
        until(lambda run=run: run.status.step >= step or not run.status.unfinished)
        if stand_still(run):
            assert step <= run.status.step < run.status.steps
            return run, owner
    raise AssertionError("always too late")


def weights(run):
    """Everything but the seconds: the weights of the end and the optimizer's tensors, as bytes."""
    content = run.snapshot_path("last").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return {
        name: content[slice(*_place(entry, content))]
        for name, entry in header.items()
        if "data_offsets" in entry
    }


def _place(entry, content):
    start = 8 + int.from_bytes(content[:8], "little")
    return [start + offset for offset in entry["data_offsets"]]


def told(run, kind):
    lines = (run.folder / "events.jsonl").read_text().splitlines()
    return [event["step"] for event in map(json.loads, lines) if event["kind"] == kind]


def assert_told_once(run):
    for kind in ("batch", "validated"):
        steps = told(run, kind)
        assert steps == sorted(set(steps))
    assert told(run, "batch")[-1] == 4 * STEPS_AN_EPOCH


@pytest.fixture(scope="module")
def undisturbed(shared):
    run, _ = submit(shared)
    return finished(run)


def test_an_undisturbed_run_tells_and_keeps_what_it_should(undisturbed):
    status = undisturbed.status
    assert (status.step, status.steps, status.epoch) == (1600, 1600, 4.0)
    assert status.result["count"] == 500
    assert status.result["accuracy"] > 0.7
    assert sum(map(sum, status.result["confusion"])) == 500
    steps = [snapshot.step for snapshot in undisturbed.snapshots()]
    assert steps == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 400, 512, 800, 1024, 1200, 1600]
    first = [step for step in told(undisturbed, "batch") if step <= STEPS_AN_EPOCH]
    assert max(b - a for a, b in itertools.pairwise(first)) <= 10
    assert_told_once(undisturbed)
    sample = undisturbed.sample()
    assert (sample.step, len(sample.indices)) == (1600, 12)
    assert all(abs(sum(row) - 1) < 1e-3 for row in sample.probabilities)


def test_a_killed_worker_loses_only_its_own_run_and_that_goes_on(shared, undisturbed):
    run, _ = caught_at(shared, STEPS_AN_EPOCH + 70)
    neighbour, _ = caught_at(shared, 1, replace(RECIPE, seed=6, epochs=6))
    os.kill(run.status.pid, signal.SIGKILL)
    go_on(neighbour.status.pid)
    with open(run.folder / "events.jsonl", "a") as file:
        file.write('{"kind": "batch", "step": 9')  # as if killed in the middle of a line
    # It says so from then to its end.
    until(lambda: run.status.reason)
    assert re.fullmatch(
        r"The training process ended unexpectedly\. It goes on from epoch [234]\.", run.status.reason
    )
    assert weights(finished(run)) == weights(undisturbed)
    assert_told_once(run)
    assert finished(neighbour).status.step == 6 * STEPS_AN_EPOCH


def test_a_paused_run_frees_its_worker_and_goes_on_where_it_was(shared, undisturbed):
    run, owner = caught_at(shared, 130)
    shared.store.control(run.id, owner, "pause")
    go_on(run.status.pid)
    until(lambda: run.status.state == "paused" and not is_locked(run.folder / "lock"))
    until(lambda: not shared.store.has_work())
    stands_at = run.status.step
    assert stands_at == run.status.saved_step > 0
    time.sleep(0.2)
    assert run.status.step == stands_at
    shared.store.control(run.id, owner, "resume")
    assert weights(finished(run)) == weights(undisturbed)
    assert_told_once(run)


def test_a_stopped_run_keeps_what_it_has_learnt(shared):
    run, owner = caught_at(shared, 130)
    worker = run.status.pid
    shared.store.control(run.id, owner, "stop")
    go_on(worker)
    until(lambda: run.status.state == "stopped")
    assert 130 <= run.status.step == run.status.saved_step < run.status.steps
    assert run.snapshot_path("last").is_file()
    until(lambda: not shared.store.has_work())


def test_a_learning_rate_changes_in_mid_run(shared):
    run, owner = caught_at(shared, 50)
    shared.store.control(run.id, owner, learning_rate=0.0001)
    go_on(run.status.pid)
    rates = finished(run).history().learning_rates
    assert (rates[0], rates[-1]) == (pytest.approx(0.001), pytest.approx(0.0001))


def test_two_epochs_and_two_more_are_four(shared, undisturbed):
    run, owner = submit(shared, replace(RECIPE, epochs=2))
    finished(run)
    until(lambda: not shared.store.has_work())
    shared.store.extend(run.id, owner, 2)
    assert weights(finished(run)) == weights(undisturbed)
    assert run.status.epochs == 4
    assert_told_once(run)


def test_an_idle_worker_may_be_killed_too(shared):
    run, _ = submit(shared, replace(RECIPE, epochs=1))
    finished(run)
    until(lambda: not shared.store.has_work())
    shared.kill(shared.workers())
    run, _ = submit(shared, replace(RECIPE, epochs=1))
    finished(run)


def test_a_folder_that_cannot_be_written_fails_the_run_with_a_sentence(shared):
    run, _ = caught_at(shared, 10, replace(RECIPE, epochs=20))
    os.rename(run.folder / "snapshots", run.folder / "gone")
    (run.folder / "snapshots").write_text("in the way")
    go_on(run.status.pid)
    until(lambda: not run.status.unfinished)
    assert run.status.state == "failed"
    assert "cannot be written" in run.status.reason
    assert "Traceback" in (run.folder / "error.txt").read_text()


def test_a_recipe_that_explodes_fails_with_the_loops_own_words(shared):
    run, _ = submit(shared, TrainSpec(optimizer="sgd", learning_rate=10.0, momentum=0.99, epochs=3))
    until(lambda: not run.status.unfinished)
    assert run.status.state == "failed"
    assert "learning rate" in run.status.reason
    assert not (run.folder / "error.txt").exists()


def test_a_run_that_took_three_workers_down_at_the_same_place_is_given_up(shared):
    run_id = shared.store.submit(SPEC, replace(RECIPE, seed=7), owner="unlucky")
    run = shared.store.run(run_id)
    shared.store.control(run_id, "unlucky", "pause")
    # Put aside, with nobody at work on it who might still write.
    until(lambda: run.status.state == "paused" and not shared.store.has_work())
    (run.folder / "tries.json").write_text('{"count": 3, "step": 0}')  # what three killed workers leave
    shared.store.set_status(run, saved_step=0)
    shared.store.control(run_id, "unlucky", "resume")
    shared.start()
    until(lambda: not run.status.unfinished)
    assert run.status.state == "failed"
    assert "3 times at the same place" in run.status.reason


def test_the_successor_of_a_killed_runner_takes_up_its_runs(shared, undisturbed):
    run, _ = caught_at(shared, STEPS_AN_EPOCH + 70)
    waiting, _ = submit(shared, replace(RECIPE, epochs=1))
    workers = shared.workers()
    shared.kill(shared.runners())
    go_on(run.status.pid)
    until(lambda: not set(workers) & set(shared.workers()))  # nobody trains for a dead runner
    until(lambda: not is_locked(run.folder / "lock"))
    assert run.status.unfinished
    ensure_runner(shared.store)
    until(lambda: run.status.reason)
    assert re.fullmatch(r"The machine was restarted\. It goes on from epoch [234]\.", run.status.reason)
    assert weights(finished(run)) == weights(undisturbed)
    assert_told_once(run)
    finished(waiting)


def test_when_the_process_that_workers_are_forked_from_is_killed_the_run_ends_with_the_same_weights(
    shared, undisturbed
):
    run, _ = caught_at(shared, 130)
    warm = set(processes(shared.mark, "forkserver import main")) - set(shared.workers())
    assert warm
    shared.kill(warm)
    go_on(run.status.pid)
    assert weights(finished(run)) == weights(undisturbed)
    assert_told_once(run)


def test_a_runner_that_dies_young_has_a_successor_at_once(lonely):
    assert ensure_runner(lonely.store)
    until(lambda: runner_is_alive(lonely.store))
    until(lambda: not (lonely.store.path / "starting.json").exists())
    lonely.kill(lonely.runners())
    until(lambda: not runner_is_alive(lonely.store))
    assert ensure_runner(lonely.store)  # though the dead one may still stand in the table of processes


def test_a_runner_that_is_asked_to_go_leaves_its_runs_where_they_are(shared, undisturbed):
    run, _ = caught_at(shared, 130)
    # With all that are no workers, as a service manager asks: the runner tells the workers itself.
    shared.kill(set(shared.everything()) - set(shared.workers()), signal.SIGTERM)
    go_on(run.status.pid)
    until(lambda: not shared.everything())
    assert run.status.state == "interrupted"
    assert run.status.step == run.status.saved_step >= 130
    shared.start()
    assert weights(finished(run)) == weights(undisturbed)
    assert_told_once(run)


def test_a_runner_that_is_asked_to_go_while_its_workers_begin_leaves_no_file_behind(lonely, monkeypatch):
    with tempfile.TemporaryDirectory() as short:  # the name of a socket may have 107 letters
        monkeypatch.setenv("TMPDIR", short)
        lonely.start()
        until(lambda: list(Path(short).rglob("listener*")))  # where it asks for workers
        lonely.kill(lonely.runners(), signal.SIGTERM)
        until(lambda: not lonely.everything())
        assert not list(Path(short).iterdir())
    assert not is_locked(lonely.store.path / "runner.lock")


def test_one_runner_serves_visitors_in_turn_and_ends_when_idle(lonely):
    recipe = TrainSpec(epochs=1, batch_size=64, train_size=640)
    ids = [lonely.store.submit(SPEC, replace(recipe, seed=seed), owner="ada") for seed in range(3)]
    ids.append(lonely.store.submit(SPEC, recipe, owner="bob"))
    starts = [
        subprocess.Popen([sys.executable, "-m", "cnn_core.runs", str(lonely.store.path)]) for _ in range(3)
    ]
    lonely.start()
    until(lambda: len(lonely.runners()) == 1)  # the others saw its lock and went
    runs = [finished(lonely.store.run(run_id)) for run_id in ids]
    in_order = sorted(runs, key=lambda run: run.status.ended)
    assert [run.id for run in in_order] == [ids[0], ids[3], ids[1], ids[2]]
    until(lambda: not lonely.everything())
    assert [start.wait(60) for start in starts] == [0, 0, 0]
    assert not lonely.store.has_work()
