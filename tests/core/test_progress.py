"""How far a training is, and how long it still takes, as its `status.json` says."""

import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.jobs import progress
from cnn_core.training import BatchDone, TrainSpec


def test_the_time_to_go_is_that_of_its_steps_and_a_slow_beginning_is_none_of_them(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    store = RunStore(tmp_path / "runs")
    run = store.run(store.submit(PRESETS["tiny"], TrainSpec(epochs=2), owner="ada"))
    course = progress.Progress(run, epochs=2, steps_per_epoch=100, step=0, seconds=0.0, reason="")
    course.write()
    told = {}
    for step in range(1, 42):
        clock[0] = 5.0 + 0.1 * (step - 1)  # it began after 5 s, and does ten steps a second
        course.batch(BatchDone(step, step / 100, 2.0, 0.1, 0.001, 640.0))
        told[step] = run.status.eta
    assert {told[step] for step in range(1, 11)} == {None}
    assert told[41] == pytest.approx((200 - 41) * 0.1)
    assert all(abs(told[step] - (200 - step) * 0.1) < 1.0 for step in range(15, 42))
