"""Thirty write into one data set at once, some are killed in the middle, and nothing that was added is lost."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cnn_core.data import load_images
from cnn_core.data.own import Shelf

ROOT = Path(__file__).parents[2]
OWNER = "o" * 22
WRITERS, EACH = 30, 12

# Adds pictures one after the other, as a student does, and says after each that it is there.
WRITER = textwrap.dedent(
    """
    import sys
    import numpy as np
    from cnn_core.data.own.own_set import NewPicture
    from cnn_core.data.own.shelf import Shelf
    key, name, count, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    token = name.ljust(22, "x")
    one = Shelf().open_link(key, token)
    rng = np.random.default_rng(int(name[1:]))
    for i in range(count):
        pixels = [rng.integers(0, 256, 784, dtype=np.uint8).tobytes() for _ in range(batch)]
        added = one.add(token, i % 3, [NewPicture(one_, "draw") for one_ in pixels], who=name)
        print(len(added.ids), flush=True)
    """
)


@pytest.fixture
def shared(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = Shelf().make(OWNER, classes=("house", "fish", "star"))
    return one, one.share(OWNER)


def writer(key, number, count=EACH, batch=1):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, key, f"w{number}", str(count), str(batch)],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_thirty_processes_add_at_once_and_nothing_is_lost(shared):
    one, key = shared
    processes = [writer(key, number) for number in range(WRITERS)]
    assert [process.communicate()[0].count("1\n") for process in processes] == [EACH] * WRITERS
    contents = one.contents()
    assert contents.count() == WRITERS * EACH
    assert sorted((person.who, person.count) for person in contents.contributors()) == sorted(
        (f"w{number}", EACH) for number in range(WRITERS)
    )
    assert len({picture.id for picture in contents.pictures}) == WRITERS * EACH
    for number in range(3):  # a quarter of each class, whoever came first
        assert len(contents.of_class(number, "test")) == WRITERS * EACH // 3 // 4


def test_writers_that_are_killed_lose_nothing_that_they_were_told_is_there(shared):
    one, key = shared
    rng_waits = [0.02, 0.05, 0.11, 0.17, 0.23]
    said = 0
    for turn, wait in enumerate(rng_waits):
        # 1,875 pictures at most: a set holds 2,000, and a fast machine would fill it
        processes = [writer(key, 10 * turn + number, count=25, batch=5) for number in range(3)]
        for process in processes:
            assert process.stdout.readline() == "5\n"
            said += 5
        time.sleep(wait)
        for process in processes:
            process.send_signal(signal.SIGKILL)
            said += 5 * process.communicate()[0].count("5\n")
    assert one.contents().count() >= said
    # Whatever was left half-written is no hindrance to the next.
    before = one.contents().count()
    assert writer(key, 99, count=3).communicate()[0] == "1\n" * 3
    assert one.contents().count() == before + 3
    assert len(load_images(one.key, "train")) + len(load_images(one.key, "test")) == before + 3


@pytest.mark.parametrize("cut", [1, 7, 300, 1_000])
def test_half_a_line_is_cut_off_by_the_next_writer(shared, cut):
    one, key = shared
    writer(key, 1, count=3).communicate()
    log = one.folder / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-cut])
    assert one.contents().count() == 2
    writer(key, 2, count=1).communicate()
    assert one.contents().count() == 3
    assert log.read_bytes().endswith(b"\n")
    assert all(line.startswith(b"{") for line in log.read_bytes().splitlines())


def test_a_writer_that_stands_still_with_the_lock_and_is_killed_lets_the_next_one_in(shared):
    one, key = shared
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys,time; from pathlib import Path; from cnn_core.files import locked\n"
            "with locked(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(600)",
            str(one.folder / "lock"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    waiting = writer(key, 1, count=1)
    time.sleep(1.0)
    assert waiting.poll() is None
    holder.kill()
    holder.communicate()
    assert waiting.communicate()[0] == "1\n"
