"""One run, done: `work(store, run)` does its job, and says in the run's folder how it goes.

It may be killed at any instruction. Whoever starts the run again finds its last resumable snapshot, cuts the
events back to that step, and ends with the same weights, bit for bit, as if nothing had happened.

The jobs are imported when they are needed: importing torch takes a second, and signals are to be heard before that.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import orjson

from cnn_core import journal
from cnn_core.errors import Diverged, StudentError
from cnn_core.machine import wait_briefly
from cnn_core.runs.expectation import Speeds
from cnn_core.runs.files import condition_of, locked, read_json, write_json
from cnn_core.runs.jobs.leaving import (
    DONE,
    NO_ROOM,
    WAS_FULL,
    StopWork,
    forget_to_make_room,
    server_restarts,
)
from cnn_core.runs.openings import clear
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore

log = logging.getLogger("convscope.worker")

NAME = "convscope-work"  # of a worker, for the system; 15 letters at most
MAX_TRIES = 3  # a run that takes its worker down so often without getting on is given up
MAX_OPENINGS = 2  # a file likewise: the first time it may have been the machine


# ---------------------------------------------------------------- once per worker


def warm_up(store_path: str, threads: int) -> None:
    """Once per worker, before its first run: everything that takes long, so that the first step does not."""
    end_with_the_runner()
    settle(store_path, threads)
    if "CONVSCOPE_THREADS" not in os.environ:
        with suppress(Exception):  # torch cannot be imported: said already
            from cnn_core.training.fast.aside import use_idle_core

            use_idle_core()
    if _rehearsed.is_set():  # by the process that this one was forked from
        return
    try:
        rehearse()
    except Exception:  # the run will meet it again, and has a student to tell it to
        log.warning("warming up failed", exc_info=True)


def settle(store_path: str, threads: int) -> None:
    """Make this process a worker: SIGTERM keeps the run, the pages come first, and torch has its threads."""
    signal.signal(signal.SIGTERM, _keep_the_run)
    journal.begin()
    os.environ["CONVSCOPE_RUNS"] = (
        store_path  # visitors' own pictures lie there, whatever folder the runner was given
    )
    with suppress(OSError):
        os.nice(5 - os.getpriority(os.PRIO_PROCESS, 0))  # the pages answer first
    with suppress(OSError):  # so that `top` tells a worker from the process that it was forked from
        Path("/proc/self/comm").write_text(NAME, "ascii")
    with suppress(OSError):  # where memory runs out a worker goes first, for its run is taken up again
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    wait_briefly()
    try:
        import torch

        torch.set_num_threads(threads)
    except Exception:
        log.warning("torch cannot be imported", exc_info=True)


def rehearse() -> None:
    """Train, evaluate and measure a little: the first time of each imports and prepares much."""
    from cnn_core.data import Portion, load_images
    from cnn_core.doctor import CheckImages, check
    from cnn_core.model import PRESETS, build
    from cnn_core.runs.jobs.sampler import sample_digits
    from cnn_core.runs.jobs.training_job import divided
    from cnn_core.training import TrainSpec, evaluate, train

    images, test = (load_images("mnist", split, fetch=False) for split in ("train", "test"))
    few = images.take(128)
    for optimizer in ("rmsprop", "adamw"):  # the first step of each imports much of torch
        net = build(PRESETS["lesson"])
        for _ in train(net, few, TrainSpec(optimizer=optimizer, epochs=1)):
            pass
    evaluate(net, few)
    check(net, CheckImages.of(few, TrainSpec()), 0, 0.0)
    sample_digits(test)
    learnt_from, validation = divided(images)
    Portion.of(learnt_from, kept_aside=len(validation))  # its digest is remembered
    _rehearsed.set()


_rehearsed = threading.Event()


def _keep_the_run(_signal: int, _frame: FrameType | None) -> None:
    server_restarts.set()


def end_with_the_runner() -> None:
    """See to it that this process ends where its runner does.

    A worker without a runner would train a run that the next runner gives to somebody else.
    """
    threading.Thread(target=_die_with_the_runner, name="parent", daemon=True).start()


def _die_with_the_runner() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


# ---------------------------------------------------------------- one run


def work(store_path: str | Path, run_id: str) -> str:
    """Do a run from where it stands to its end, or until its owner or the runner wants otherwise.

    Returns "done" (finished, stopped or failed: its status says), "paused", "left", "made room" or "no_room"; raises
    nothing.
    """
    try:
        return _work(store_path, run_id)
    except OSError as error:
        if not condition_of(error):
            raise
        return NO_ROOM


def _work(store_path: str | Path, run_id: str) -> str:
    store = RunStore(store_path)
    run = store.run(run_id)
    # A predecessor whose runner was killed may take a moment to notice; two must never write one folder.
    with locked(run.folder / "lock"):
        forget_to_make_room(run)  # asked of a predecessor
        if run.status.state == "finished":
            return _do_more(run)
        kind, began = run.kind, time.monotonic()
        outcome = _do(store, run)
        if kind != "training" and run.status.state == "finished":
            with suppress(OSError):  # for those who wait behind the next one
                Speeds(store.path).remember_seconds(kind, time.monotonic() - began)
        with suppress(OSError):
            (run.folder / "tries.json").unlink()
    return outcome


def _do_more(run: Run) -> str:
    """It is over: all that can be wished for is another data set for an opened one, or other averages."""
    if not run.has_recipe:
        from cnn_core.runs.jobs.opening_job import choose_run

        return choose_run(run)
    from cnn_core.runs.jobs.remeasuring import remeasure_run

    return remeasure_run(run)


def _do(store: RunStore, run: Run) -> str:
    try:
        _count_try(run)
        return _job(store, run)
    except StopWork as stop:
        _end(store, run, stop.state, stop.reason)
        return stop.outcome
    except Diverged as error:
        _end(store, run, "failed", str(error), "diverged")
    except StudentError as error:
        _end(store, run, "failed", str(error))
    except Exception as error:
        if condition_of(error):
            _end(store, run, "interrupted", WAS_FULL)
            return NO_ROOM
        with suppress(OSError):
            (run.folder / "error.txt").write_text(traceback.format_exc(), "utf-8")
        _end(store, run, "failed", _sentence(error, run.kind))
        log.warning("run %s failed", run.id, exc_info=True)
    return DONE


def _job(store: RunStore, run: Run) -> str:
    if run.kind == "dream":
        from cnn_core.runs.jobs.dream_job import dream_run

        return dream_run(store, run)
    if run.kind == "opening" or not run.has_recipe:
        from cnn_core.runs.jobs.opening_job import open_run

        return open_run(run)
    from cnn_core.runs.jobs.training_job import train_run

    return train_run(store, run)


def _end(store: RunStore, run: Run, state: str, reason: str, cause: str = "") -> None:
    changes: dict[str, Any] = {
        "state": state,
        "reason": reason,
        "cause": cause,
        "eta": None,
        "images_per_second": 0.0,
        "ended": 0.0 if state in ("paused", "interrupted", "queued") else time.time(),
    }
    try:
        store.set_status(run, **changes)
    except OSError:
        # The disk is full: where there is no room for a new file there is still the old one's.
        with suppress(OSError):
            _write_over(run.folder / "status.json", orjson.dumps(replace(run.status, **changes).to_dict()))


def _write_over(path: Path, content: bytes) -> None:
    """In the place of the old content, and never shorter: a file that is emptied first may not find room again."""
    with open(path, "r+b") as file:
        file.write(content.ljust(path.stat().st_size))


def _count_try(run: Run) -> None:
    """Give up on a run that has taken down three workers from the same step, and on a file that has two."""
    tries, step = read_json(run.folder / "tries.json"), run.status.saved_step
    count = tries.get("count", 0) if tries.get("step") == step else 0
    if run.kind == "opening" and isinstance(count, int) and count >= MAX_OPENINGS:
        clear(run)
        raise StudentError(_DEADLY_FILE, hint="Save the network again, and open the new file.")
    if isinstance(count, int) and count >= MAX_TRIES:
        raise StudentError(
            f"This run ended its process {MAX_TRIES} times at the same place, perhaps because the memory was full.",
            hint=_LESS_MEMORY[run.kind],
        )
    write_json(run.folder / "tries.json", {"count": count + 1, "step": step})


_DEADLY_FILE = (
    "This file ended the process that read it, twice: it is damaged, or needs more memory than there is."
)
_LESS_MEMORY = {
    "training": "Try smaller batches or a smaller network.",
    "dream": "Try a smaller picture.",
    "opening": "Open a smaller network.",
}


def _sentence(error: Exception, kind: str) -> str:
    """What a run's owner reads of an error that is no StudentError."""
    text = str(error)
    if kind == "opening" and not isinstance(error, OSError | MemoryError):
        return f"This file could not be read ({type(error).__name__}). Save the network again, and open the new file."
    if isinstance(error, OSError):
        return (
            f"The run's folder cannot be written ({error.strerror or error}). Tell whoever runs this server."
        )
    if isinstance(error, MemoryError) or "not enough memory" in text or "out of memory" in text:
        return f"This machine has too little memory for the run. {_LESS_MEMORY[kind]}"
    return f"Something in Convscope went wrong ({type(error).__name__}). The run's error.txt says more."
