"""The runner: one process per store that gives waiting runs to workers. It imports no torch and no Streamlit.

A page starts it with `ensure_runner`, an operator with `python -m cnn_core.runs`. It ends when nothing is
left to do. It may be killed at any moment: all it knows is in the store, and its successor goes on from there.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cnn_core
from cnn_core import journal
from cnn_core.errors import StudentError
from cnn_core.machine import is_small
from cnn_core.runs.disk import Disk
from cnn_core.runs.fairness import AtWork, to_make_room
from cnn_core.runs.files import (
    FULL,
    condition_of,
    explain_disk_errors,
    is_locked,
    locked,
    read_json,
    write_json,
)
from cnn_core.runs.jobs.engines import LOST, NOT_BEGUN, Engine, LocalEngine, how_processes_begin
from cnn_core.runs.jobs.leaving import (
    LEFT,
    MADE_ROOM,
    NO_ROOM,
    PAUSED,
    WAS_FULL,
    ask_to_make_room,
    forget_to_make_room,
)
from cnn_core.runs.jobs.looking_ahead import LookingAhead, is_free
from cnn_core.runs.jobs.looks import is_wished
from cnn_core.runs.jobs.ray_engine import RayEngine
from cnn_core.runs.jobs.tally import Tally
from cnn_core.runs.run import Run
from cnn_core.runs.status import GETTING_READY
from cnn_core.runs.store import RunStore
from cnn_core.runs.tidying import tidy
from cnn_core.settings import Settings, settings

log = logging.getLogger("convscope.runner")

POLL_SECONDS = 0.03  # how soon a submitted run is seen; looking costs about 0.1 ms
LOOK_SECONDS = 1.0  # how often it is looked whether a training has to make room for others
HEARTBEAT_SECONDS = 2.0
TIDY_SECONDS, TIDY_WHEN_FULL_SECONDS = 3600.0, 300.0
LEAVE_SECONDS = 15.0  # for workers to keep their runs after SIGTERM
LOG_BYTES = 1_000_000


def runner_is_alive(store: RunStore) -> bool:
    """Whether a runner serves this store now. The lock tells: the kernel frees it when its holder dies."""
    return is_locked(store.path / "runner.lock")


def ensure_runner(store: RunStore) -> bool:
    """Start a runner for this store, detached, unless one is alive; True if one was started.

    Cheap when one is alive (under 0.1 ms), so a page may ask at every look at an unfinished run. The runner
    survives the process that starts it. Raises StudentError where the folder for runs cannot be written.
    """
    with explain_disk_errors("Training cannot be started"):
        if runner_is_alive(store):
            return False
        store.path.mkdir(parents=True, exist_ok=True)
        with locked(store.path / "starting.lock", wait=False) as mine:
            if not mine or runner_is_alive(store) or _is_starting(store):
                return False
            _start(store)
            return True


def expect_work(store: RunStore) -> bool:
    """Somebody is here who may ask for work: have a runner with warm workers before they do; True if one was started.

    It stays for as long after that as it would after work. Raises StudentError as `ensure_runner` does.
    """
    with explain_disk_errors("Training cannot be started"):
        store.path.mkdir(parents=True, exist_ok=True)
        (store.path / _EXPECTED).touch()
        return ensure_runner(store)


_EXPECTED = "work.expected"  # a file of the store: when somebody was here last


def _is_starting(store: RunStore) -> bool:
    # Between its start and its lock a runner imports Python modules for a tenth of a second or two.
    starting = read_json(store.path / "starting.json")
    pid, since = starting.get("pid"), starting.get("since")
    if not isinstance(pid, int) or not isinstance(since, int | float) or not 0 <= time.time() - since < 10:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def _start(store: RunStore) -> None:
    root = Path(cnn_core.__file__).resolve().parent.parent
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")])),
        "CONVSCOPE_DATA": str(settings().data_dir.absolute()),  # the runner's working folder is another
    }
    log_file = store.path / "runner.log"
    with suppress(OSError):
        if log_file.stat().st_size > LOG_BYTES:
            os.replace(log_file, store.path / "runner.log.1")
    with open(log_file, "ab") as file:
        # Where the operator collects lines of JSON, the runner's go where the server's go.
        output = None if settings().log == "json" else file
        process = subprocess.Popen(
            [sys.executable, "-m", "cnn_core.runs", str(store.path)],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _started[store.path] = process
    write_json(store.path / "starting.json", {"pid": process.pid, "since": time.time()})
    # When it ends before us, somebody has to take note, or it stays in the table of processes.
    threading.Thread(target=process.wait, name="runner-wait", daemon=True).start()


_started: dict[
    Path, subprocess.Popen[bytes]
] = {}  # store's folder -> the runner that this process started last


def end_own_runner(store: RunStore, seconds: float = LEAVE_SECONDS + 5) -> None:
    """Ask the runner that this process started, if it lives, to keep its runs and end; wait for that.

    For a server whose end is the end of its machine (a container): else a runner goes on by itself.
    """
    process = _started.pop(store.path, None)
    if process is None or process.poll() is not None:
        return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


class Runner:
    """The loop: collect what came back, start what may start, take note of time, sleep for a moment."""

    def __init__(
        self,
        store: RunStore,
        engine: Engine,
        idle_seconds: float,
        asked: Sequence[int] = (),
        ahead: LookingAhead | None = None,
    ) -> None:
        """asked: the signals to leave that have come; it grows while we work."""
        self.store, self.engine, self.idle_seconds, self.asked = store, engine, idle_seconds, asked
        self.ahead = ahead
        self.tally = Tally()
        self.disk = Disk(store.path)
        self.returned: list[tuple[str, str, str]] = []  # (run id, outcome, why), not put away yet
        # At the start every taken ticket is a predecessor's, whose workers may live for a moment longer.
        self.orphans = {ticket.run_id for ticket in store.taken()}
        self.last_work = time.monotonic()
        self.tidied_at = -math.inf
        self.tidying: threading.Thread | None = None
        self.last_heartbeat = self.last_look = 0.0

    @property
    def leaving(self) -> bool:
        """Whether somebody wants us to leave."""
        return bool(self.asked)

    def serve(self) -> None:
        """Work until there has been nothing to do for `idle_seconds`, or until somebody wants it to leave."""
        while not self.leaving and not self._idle():
            self.tick()
            time.sleep(POLL_SECONDS)
        if self.ahead is not None:
            self.ahead.end()
        if self.leaving:
            self._leave()
        self.disk.close()
        if self.tidying is not None:
            self.tidying.join(LEAVE_SECONDS)

    def tick(self) -> None:
        """Once round the loop."""
        self._take_up_orphans()
        self._collect("The training process ended unexpectedly.")
        try:
            self._put_all_away()
            self._start_what_may_start()
        except OSError as error:  # a ticket could not be moved: that is tried again
            if not condition_of(error):
                raise
            self.disk.ran_out(condition_of(error))
        if self.ahead is not None and self.ahead.has_work:
            self.ahead.go_on(is_free(self.engine.room()) and self.disk.has_room())
        now = time.monotonic()
        if now - self.last_look > LOOK_SECONDS:
            self.last_look = now
            self._ask_to_make_room()
        if self.store.has_work():
            self.last_work = now
        if now - self.last_heartbeat > HEARTBEAT_SECONDS:
            self.last_heartbeat = now
            self._beat()
        if now - self.tidied_at > (TIDY_WHEN_FULL_SECONDS if self.disk.lack == FULL else TIDY_SECONDS):
            self.tidied_at = now
            self._tidy()

    def _tidy(self) -> None:
        # Beside the loop: ten thousand runs take seconds to be weighed.
        if self.tidying is None or not self.tidying.is_alive():
            self.tidying = threading.Thread(target=_tidied, args=(self.store.path,), name="tidy", daemon=True)
            self.tidying.start()

    def _collect(self, why: str) -> None:
        self.returned += [(run_id, outcome, why) for run_id, outcome in self.engine.returned()]

    def _put_all_away(self) -> None:
        while self.returned:
            self._put_away(*self.returned[0])
            del self.returned[0]

    def _start_what_may_start(self) -> None:
        if not self.disk.has_room():
            return
        while not self.leaving:
            ticket = self.store.next_ticket(self.engine.room())
            if ticket is None or not self.store.take(ticket):
                break
            log.info("run %s: starts", ticket.run_id)
            self._announce(ticket.run_id)
            self.engine.start(ticket.run_id)

    def _ask_to_make_room(self) -> None:
        """Trainings that have been at work for a slice of time let others go first; see `fairness`."""
        room, slice_seconds = self.engine.room(), settings().slice_seconds or math.inf
        if room.free > 0 or self.disk.lack or not self.store.waiting():
            return
        queue = self.store.queue()
        at_work = {one.ticket.run_id: self._with_time_left(one) for one in queue.at_work}
        for ticket in to_make_room(replace(queue, at_work=at_work.values()), room, slice_seconds):
            with suppress(StudentError, OSError):
                ask_to_make_room(self.store.run(ticket.run_id), at_work[ticket.run_id].seconds)

    def _with_time_left(self, one: AtWork) -> AtWork:
        with suppress(StudentError):
            return replace(one, left=self.store.run(one.ticket.run_id).status.eta)
        return one

    def _announce(self, run_id: str) -> None:
        # A cold worker takes seconds to import torch; whoever watches should know that something happens.
        with suppress(StudentError, OSError):
            run = self.store.run(run_id)
            if run.status.state == "queued":
                if not run.status.step:  # else it waited for something else as well
                    self.tally.starts(time.time() - run.created)
                self.store.set_status(run, reason=GETTING_READY)

    def _idle(self) -> bool:
        if time.monotonic() - self.last_work <= self.idle_seconds or self.store.has_work():
            return False
        if self.ahead is not None and self.ahead.has_work and not self.disk.lack:
            return False
        try:
            here = time.time() - (self.store.path / _EXPECTED).stat().st_mtime
        except OSError:  # nobody was here
            return True
        return here > self.idle_seconds

    def _take_up_orphans(self) -> None:
        for run_id in list(self.orphans):
            if not is_locked(self.store.path / run_id / "lock"):
                self.orphans.discard(run_id)
                self.returned.append((run_id, LOST, "The machine was restarted."))

    def _put_away(self, run_id: str, outcome: str, why: str) -> None:
        """Give the ticket of a run that came back to where it belongs now."""
        try:
            run = self.store.run(run_id)
        except StudentError:  # its folder was removed
            self.store.done(run_id)
            return
        state = run.status.state
        log.info("run %s: %s (%s)", run_id, outcome, state)
        forget_to_make_room(run)
        if state == "paused" or outcome == PAUSED:
            self.store.put_aside(run_id)
        elif outcome == NO_ROOM:
            self.disk.ran_out(FULL)
            self.store.put_back(run_id, f"{WAS_FULL} {_where_it_goes_on(run)}")
        elif outcome == MADE_ROOM and run.status.unfinished:
            self.store.put_behind(run_id)
        elif outcome == NOT_BEGUN and run.status.unfinished:
            self.store.put_back(run_id, "No machine was free for it.")
        elif outcome in (LOST, LEFT) and run.status.unfinished:
            self.store.put_back(run_id, f"{why} {_where_it_goes_on(run)}")
        else:
            self.store.done(run_id)
            self._tell_the_end(run)
            if self.ahead is not None and run.kind != "dream" and state in ("finished", "stopped"):
                self.ahead.add(run_id)

    def _tell_the_end(self, run: Run) -> None:
        status = run.status
        self.tally.end(run.kind, status.state)
        journal.tell(
            "run",
            run=run.id,
            kind=run.kind,
            state=status.state,
            cause=status.cause,
            visitor=run.owner[:8],
            step=status.step,
            seconds=round(status.seconds, 1),
            since_asked=round(time.time() - run.created, 1),
        )

    def _beat(self) -> None:
        room = self.engine.room()
        with suppress(OSError):
            write_json(
                self.store.path / "runner.json",
                {
                    "pid": os.getpid(),
                    "heartbeat": time.time(),
                    "free": room.free,
                    "workers": room.workers,
                    "spares": room.spares,
                    "trouble": self.engine.trouble,
                    "tally": self.tally.to_dict(),
                },
            )
        with suppress(OSError):
            log_file = self.store.path / "runner.log"
            if log_file.stat().st_size > 4 * LOG_BYTES:
                os.truncate(log_file, 0)

    def _leave(self) -> None:
        """Let the workers keep their runs where they are; whoever comes next goes on with them."""
        log.info("leaving")
        until = time.monotonic() + LEAVE_SECONDS
        while self.store.taken() and time.monotonic() < until:
            self.engine.leave()
            self._collect("The server was restarted.")
            with suppress(OSError):
                self._put_all_away()
            time.sleep(POLL_SECONDS)


def _tidied(path: Path) -> None:
    try:
        if gone := tidy(path):
            log.info("%d things that nobody had used for longest are gone, to make room", gone)
    except OSError as error:
        log.warning("the store could not be tidied: %s", error.strerror or error)


def _where_it_goes_on(run: Run) -> str:
    status = run.status
    if run.kind != "training":
        return "Begun again."
    if not status.saved_step and (run.folder / "snapshots" / "last.safetensors").is_file():
        return "It goes on from its last weights."  # a power cut took the status
    return f"It goes on from epoch {int(status.saved_epoch) + 1}."


def main(arguments: list[str] | None = None) -> int:
    """`python -m cnn_core.runs [folder]`: serve a store until idle; 0 also where another does already."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print("usage: python -m cnn_core.runs [list | stop WHAT | check] [FOLDER OF RUNS]", file=sys.stderr)
        return 2
    try:
        journal.begin()
        store = RunStore(*arguments)
        machine = settings()
        store.path.mkdir(parents=True, exist_ok=True)
    except (StudentError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    # A run submitted while we were leaving saw our lock and started nobody: look again, having let go of it.
    try:
        while _serve(store, machine) and store.has_work():
            pass
    except OSError as error:
        log.error("the store %s cannot be served: %s", store.path, error.strerror or error)
        return 1
    return 0


def _serve(store: RunStore, machine: Settings) -> bool:
    """Be the runner of this store until it is idle; False where another is, or when somebody wants us to leave."""
    # Whoever asks `runner_is_alive` holds the lock for a moment, so one refusal proves nothing.
    for _ in range(20):
        with locked(store.path / "runner.lock", wait=False) as mine:
            if mine:
                return _serve_locked(store, machine)
        time.sleep(0.02)
    return False


def _engine(store: RunStore, machine: Settings) -> Engine:
    if machine.ray:
        return RayEngine(store.path, machine.ray, machine.threads)
    return LocalEngine(store.path, machine.workers, machine.threads, spares=0 if is_small() else 1)


def _serve_locked(store: RunStore, machine: Settings) -> bool:
    asked: list[int] = []  # signals to leave

    def hear_signals() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: asked.append(got))

    # Before the engine begins: ended in the middle of that, its workers would live for seconds and leave files behind.
    hear_signals()
    engine = _engine(store, machine)
    hear_signals()  # Ray puts a handler of its own in the place of ours
    # Where a cluster does the work this machine may be none that can: nothing is computed ahead there.
    ahead = LookingAhead(store.path, how_processes_begin()) if is_wished() and not machine.ray else None
    runner = Runner(store, engine, machine.idle_seconds, asked, ahead)
    # From here on the lock tells; a note that outlives us would keep a successor waiting.
    with suppress(OSError):
        (store.path / "starting.json").unlink()
    by = f"the Ray cluster at {machine.ray}" if machine.ray else f"{machine.workers} workers"
    log.info("runner %d serves %s with %s", os.getpid(), store.path, by)
    try:
        runner.serve()
    finally:
        engine.stop()
        with suppress(OSError):
            (store.path / "runner.json").unlink()
    log.info("runner %d ends", os.getpid())
    return not runner.leaving
