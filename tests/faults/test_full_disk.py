"""A full disk is the machine's state: no run fails of it, and all go on when there is room."""

import errno
import os
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.disk import lack
from cnn_core.runs.files import FULL
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec
from tests.faults.conftest import go_on, machine, stand_still, until
from tests.faults.test_runs_survive import RECIPE, SPEC, weights

DISK_MB, RESERVE_MB = 24, 12
SHORT = replace(RECIPE, epochs=1, train_size=320)


@pytest.fixture
def small_disk(tmp_path):
    """A machine whose runs lie on a disk of their own."""
    disk = tmp_path / "runs"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("nobody here may mount a disk")
    found, end = machine(tmp_path, WORKERS=1, IDLE_SECONDS=1, RESERVE_MB=RESERVE_MB)
    yield found
    try:
        end()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Something else takes all that is left."""
    filling = disk / "a lecture.mp4"
    with suppress(OSError), open(filling, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert os.statvfs(disk).f_bavail == 0
    return filling


def test_a_full_disk_fails_no_run_and_all_go_on_when_there_is_room(small_disk, tmp_path):
    store, recipes = (
        small_disk.store,
        [replace(RECIPE, epochs=2), replace(SHORT, seed=1), replace(SHORT, seed=2)],
    )
    runs = [
        store.run(store.submit(SPEC, recipe, owner=name))
        for recipe, name in zip(recipes, ("ada", "bob", "eve"), strict=True)
    ]
    first, *waiting = runs
    small_disk.start()
    until(lambda: first.status.step > 10)
    assert stand_still(first)
    filling = fill(store.path)
    go_on(first.status.pid)
    until(lambda: first.status.state == "interrupted")
    assert first.status.reason.startswith("The disk of this server was full.")
    until(lambda: lack(store.path) == FULL)
    # Whoever waits goes on waiting, and the runner stays: it looks whether there is room.
    until(lambda: len(store.waiting()) == 3)
    assert [run.status.state for run in waiting] == ["queued", "queued"]
    assert small_disk.runners()
    filling.unlink()
    until(lambda: all(run.status.state == "finished" for run in runs))
    assert lack(store.path) == ""
    assert [weights(run) for run in runs] == [
        weights(worked(tmp_path / "undisturbed", SPEC, recipe)) for recipe in recipes
    ]


def worked(folder, spec, recipe):
    """A training done here, with nothing in its way."""
    store = RunStore(folder)
    run = store.run(store.submit(spec, recipe, owner="ada"))
    assert work(folder, run.id) == "done"
    return run


@pytest.fixture
def full_after(monkeypatch):
    """`full_after(3)`: the disk has room for three more files; `full_after(None)`: for all."""
    room = [None]
    for name in ("replace", "fsync"):
        change = getattr(os, name)

        def step(*args, change=change):
            if room[0] is not None:
                room[0] -= 1
                if room[0] < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return change(*args)

        monkeypatch.setattr(os, name, step)
    return lambda files: room.__setitem__(0, files)


def test_at_whichever_file_the_disk_is_full_the_run_waits_and_ends_with_the_same_weights(
    tmp_path, full_after
):
    recipe = TrainSpec(epochs=1, batch_size=64, train_size=640)

    undisturbed = worked(tmp_path / "undisturbed", PRESETS["tiny"], recipe)
    for files in (0, 1, 2, 3, 5, 8, 13, 21):
        store = RunStore(tmp_path / str(files))
        run = store.run(store.submit(PRESETS["tiny"], recipe, owner="ada"))
        full_after(files)
        assert work(run.folder.parent, run.id) == "no_room"
        full_after(None)
        assert run.status.state in ("queued", "interrupted", "running")
        assert work(run.folder.parent, run.id) == "done"
        assert run.status.state == "finished"
        assert weights(run) == weights(undisturbed)
