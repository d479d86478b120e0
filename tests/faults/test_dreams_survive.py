"""A dream in a real worker: pictures arrive one by one, it can be cancelled, a killed worker costs only time."""

import os
import secrets
import signal
from pathlib import Path

import pytest
import torch

from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.animation import to_png
from cnn_core.model import PRESETS
from tests.faults.conftest import go_on, stand_still, until

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)

LINK = PRESETS["lesson"].to_link()


def submit(machine, steps=10, side=112):
    """A dream of some visitor; their token beside it."""
    picture = torch.zeros(1, side, side)
    picture[:, side // 5 : side // 2, side // 3 : side // 2] = 1
    spec = DreamSpec(f"design:{LINK}", (("conv2d_3", 1.0),), octaves=3, steps=steps)
    owner = secrets.token_hex(8)
    run = machine.store.run(machine.store.submit_dream(spec.to_dict(), to_png(picture), owner=owner))
    machine.start()
    return run, owner


def finished(run):
    until(lambda: not run.status.unfinished)
    assert (run.status.state, run.status.reason) == ("finished", "")
    return [path.read_bytes() for path in run.frames()]


def test_its_pictures_arrive_while_it_works(shared):
    run, _ = submit(shared, steps=40, side=168)
    seen = []

    def look():
        seen.append((len(run.frames()), run.status.step, run.status.unfinished))
        return not seen[-1][2]

    until(look)
    assert len(finished(run)) == 3
    assert {1, 2} <= {count for count, _, unfinished in seen if unfinished}
    steps = [step for _, step, _ in seen]
    assert steps == sorted(steps)
    assert len(set(steps)) > 4


def test_it_is_cancelled_in_the_middle_and_keeps_its_pictures(shared):
    run, owner = submit(shared, steps=40, side=224)
    until(lambda: run.frames())
    shared.store.control(run.id, owner, "stop")
    until(lambda: not run.status.unfinished)
    assert run.status.state == "stopped"
    assert 1 <= len(run.frames()) < 3


def test_a_killed_worker_begins_it_again_and_it_ends_with_the_same_pictures(shared):
    undisturbed = finished(submit(shared, steps=40, side=224)[0])
    run, _ = submit(shared, steps=40, side=224)
    until(lambda: run.frames())
    assert run.status.state == "running"
    os.kill(run.status.pid, signal.SIGKILL)
    # A warm worker takes it up within milliseconds, so "interrupted" itself may be over before anybody looks.
    assert "begun again" in until(lambda: run.status.reason).lower()
    assert run.status.unfinished
    assert finished(run) == undisturbed


def test_a_dream_and_a_training_of_one_visitor_go_on_at_the_same_time(shared):
    from cnn_core.training import TrainSpec

    run, owner = submit(shared, steps=40, side=224)
    until(lambda: run.status.state == "running")
    assert stand_still(run)  # a dream that takes as long as it has to
    training = shared.store.run(
        shared.store.submit(PRESETS["tiny"], TrainSpec(epochs=3, train_size=2000), owner=owner)
    )
    until(lambda: not training.status.unfinished)
    assert (training.status.state, run.status.state) == ("finished", "running")
    go_on(run.status.pid)
    finished(run)
