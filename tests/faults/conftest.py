"""Real runners and workers on the digits that need no network, and a look at every process they leave behind."""

import os
import signal
import time
import uuid
from pathlib import Path

import pytest

from cnn_core.runs import RunStore, ensure_runner
from cnn_core.runs.jobs.worker import NAME

MARK = "CONVSCOPE_FAULTS_MARK"  # inherited by everything a test starts, so that it can be found again


def until(condition, seconds=120.0, every=0.01):
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(every)
    return found


def stand_still(run):
    """Freeze the worker of a run, if it is in the middle of it, so that a test need not be quick; True if it is."""
    if run.status.state != "running":
        return False
    pid = run.status.pid
    os.kill(pid, signal.SIGSTOP)
    until(lambda: "\nState:\tT" in Path(f"/proc/{pid}/status").read_text())
    if (status := run.status).state == "running" and not status.reason.startswith("Reading"):
        return True
    go_on(pid)
    return False


def go_on(pid):
    """The opposite."""
    os.kill(pid, signal.SIGCONT)


def processes(mark, command=""):
    """Ids of living processes that inherited `mark`, but for ourselves."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                f"{MARK}={mark}".encode() in (folder / "environ").read_bytes()
                and command.encode() in (folder / "cmdline").read_bytes()
                and "\nState:\tZ" not in (folder / "status").read_text()
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def called(pid):
    """What the process calls itself; "" where it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class Machine:
    """A store whose runner can be started and killed."""

    def __init__(self, folder, mark):
        self.store, self.mark = RunStore(folder), mark

    def start(self):
        ensure_runner(self.store)

    def runners(self):
        return processes(self.mark, "-m\0cnn_core.runs\0")

    def workers(self):
        return [pid for pid in processes(self.mark) if called(pid) == NAME]

    def everything(self):
        return processes(self.mark)

    def kill(self, pids, how=signal.SIGKILL):
        for pid in pids:
            os.kill(pid, how)


def machine(folder, **settings):
    """(the machine, a function that ends it); `settings` without CONVSCOPE_."""
    patch, mark = pytest.MonkeyPatch(), uuid.uuid4().hex
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    here = {
        "DATA": str(data),
        "OFFLINE": "1",
        "THREADS": "1",
        "DEVICE": "cpu",
        "FAULTS_MARK": mark,
    } | settings
    for name, value in here.items():
        patch.setenv(f"CONVSCOPE_{name}", str(value))
    found = Machine(folder / "runs", mark)

    def end():
        try:
            found.kill(found.runners(), signal.SIGTERM)
            until(lambda: not found.everything())
        finally:
            found.kill(found.everything())
            patch.undo()

    return found, end


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One machine with two workers for many tests: a warm worker costs seconds, a run only one."""
    found, end = machine(tmp_path_factory.mktemp("shared"), WORKERS=2, IDLE_SECONDS=60, MAX_QUEUE=20)
    yield found
    end()


@pytest.fixture
def lonely(tmp_path):
    """A machine of its own with one worker, whose runner ends when it has been idle for a second."""
    found, end = machine(tmp_path, WORKERS=1, IDLE_SECONDS=1)
    yield found
    end()
