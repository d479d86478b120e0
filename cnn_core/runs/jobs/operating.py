"""What an operator can see and do: `python -m cnn_core.runs list | stop | check`.

    list  [FOLDER]         what waits, is at work or is paused, in the order in which it will be done
    stop  WHAT [FOLDER]    a run (its id), a visitor's runs (the start of the visitor's code in the list), or "all"
    check [FOLDER]         is the store sound, is there room on the disk, is the runner alive?

The folder is that of CONVSCOPE_RUNS, unless another is named. A run that is stopped keeps its weights, its page says
who stopped it, and its owner may let it go on.
"""

from __future__ import annotations

import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf, isinf
from pathlib import Path

from cnn_core.errors import StudentError, quoted
from cnn_core.runs.disk import lack
from cnn_core.runs.fairness import Ticket
from cnn_core.runs.files import file_names, is_locked, locked, read_json, write_json
from cnn_core.runs.ids import is_run_id
from cnn_core.runs.jobs.runner import runner_is_alive
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.tickets import PAUSED, QUEUE, TAKEN, Tickets
from cnn_core.runs.visitors import Visitors
from cnn_core.settings import settings

OWNER_SHOWN = 8  # characters of a visitor's code: enough to tell them apart
LEAST_FREE = 1_000_000_000  # bytes on the disk
USAGE = "usage: python -m cnn_core.runs [list | stop WHAT | check] [FOLDER OF RUNS]"


# ---------------------------------------------------------------- list


def listed(store: RunStore) -> list[str]:
    """A line for each unfinished run: those at work, those that wait in the order of their turns, those paused."""
    tickets = Tickets(store.path, Visitors(store.path))
    rows = [
        _row(store, ticket)
        for ticket in [*tickets.listed(TAKEN), *store.turns(), *tickets.listed(PAUSED)]
        if Run(store.path / ticket.run_id).card
    ]
    if not rows:
        return ["Nothing waits, and nothing is at work."]
    head = ("RUN", "VISITOR", "KIND", "STATE", "DONE", "STILL", "BEGINS", "NAME")
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]


def _row(store: RunStore, ticket: Ticket) -> tuple[str, ...]:
    run = Run(store.path / ticket.run_id)
    status = run.status
    wait = store.expected_wait(run.id)
    if wait is not None and status.state != "running" and lack(store.path):
        wait = inf  # until there is room on the disk
    done = f"{100 * min(1.0, status.step / status.steps):.0f} %" if status.steps else "0 %"
    still = _duration(status.eta) if status.eta is not None else "?"
    begins = "" if wait is None else "now" if wait < 1 else f"in {_duration(wait)}"
    return (
        run.id,
        run.owner[:OWNER_SHOWN],
        ticket.kind,
        status.state,
        done,
        still,
        begins,
        _printable(run.name),
    )


def _duration(seconds: float) -> str:
    """
    >>> _duration(12.4), _duration(150), _duration(9000), _duration(float("inf"))
    ('12 s', '2 min', '2.5 h', '?')
    """
    if isinf(seconds):
        return "?"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _printable(name: str) -> str:
    """A visitor chose it, and a terminal obeys some characters."""
    return "".join(c if c.isprintable() else "?" for c in name)[:40]


# ---------------------------------------------------------------- stop


def stop(store: RunStore, what: str) -> list[str]:
    """Stop a run, a visitor's runs, or all; returns their ids. Raises StudentError where `what` is none of these."""
    tickets = Tickets(store.path, Visitors(store.path)).listed(QUEUE, TAKEN, PAUSED)
    chosen = [ticket for ticket in tickets if _is_meant(ticket, what)]
    if len({ticket.owner for ticket in chosen}) > 1 and what != "all":
        raise StudentError(f"{quoted(what)} is the start of two visitors’ codes.", hint="Type more of it.")
    if not chosen and what != "all":
        raise StudentError(
            f"Nothing unfinished here is called {quoted(what)}.", hint="See python -m cnn_core.runs list."
        )
    for ticket in chosen:
        run = Run(store.path / ticket.run_id)
        with locked(run.folder / "control.lock"):
            write_json(run.folder / "control.json", run.control | {"action": "stop", "by": "operator"})
        store.grant(run)
    return [ticket.run_id for ticket in chosen]


def _is_meant(ticket: Ticket, what: str) -> bool:
    if what == "all" or ticket.run_id == what:
        return True
    return len(what) >= OWNER_SHOWN and ticket.owner.startswith(what)


# ---------------------------------------------------------------- check


def check(store: RunStore) -> list[tuple[bool, str]]:
    """(whether that is well, a sentence) for each thing that can be wrong with a server's runs."""
    return [finding for look in _LOOKS for finding in look(store)]


def _settings(_store: RunStore) -> Iterator[tuple[bool, str]]:
    try:
        machine = settings()
        workers = f"the Ray cluster at {machine.ray}" if machine.ray else f"{machine.workers} workers"
        yield True, f"Settings: {workers}, slices of {_duration(machine.slice_seconds)}."
    except StudentError as error:
        yield False, f"Settings: {error}"


def _folder(store: RunStore) -> Iterator[tuple[bool, str]]:
    probe = store.path / f".check.{secrets.token_hex(4)}"
    try:
        probe.write_bytes(b"x" * 4096)
        yield True, f"Folder: {store.path} can be written."
    except OSError as error:
        yield False, f"Folder: {store.path} cannot be written ({error.strerror})."
    finally:
        with suppress(OSError):
            probe.unlink()


def _disk(store: RunStore) -> Iterator[tuple[bool, str]]:
    with suppress(OSError):
        free = shutil.disk_usage(store.path).free
        yield free >= LEAST_FREE, f"Disk: {free / 1e9:.1f} GB are free."


def _runner(store: RunStore) -> Iterator[tuple[bool, str]]:
    alive, work = runner_is_alive(store), store.has_work()
    trouble = read_json(store.path / "runner.json").get("trouble")
    if alive and isinstance(trouble, str) and trouble:
        yield False, f"Runner: alive. {trouble}"
    elif alive:
        yield True, "Runner: alive."
    elif work:
        yield False, "Runner: none, though work waits; it starts when a page is opened, or by hand."
    else:
        yield True, "Runner: none, and none is needed."


def _queue(store: RunStore) -> Iterator[tuple[bool, str]]:
    queue, most = store.queue(), settings().max_waiting
    here = len(queue.waiting) + len(queue.at_work)
    oldest = max((time.time() - ticket.created / 1e9 for ticket in queue.waiting), default=0.0)
    since = f", the oldest asked for {_duration(oldest)} ago" if queue.waiting else ""
    yield here < most, f"Queue: {len(queue.at_work)} at work, {len(queue.waiting)} wait{since}; {most} fit."


def _tickets(store: RunStore) -> Iterator[tuple[bool, str]]:
    tickets = Tickets(store.path, Visitors(store.path)).listed(QUEUE, TAKEN, PAUSED)
    lost = [one.run_id for one in tickets if not Run(store.path / one.run_id).card]
    yield not lost, f"Tickets: {len(tickets)}; of runs that are not there: {', '.join(lost) or 'none'}."
    if runner_is_alive(store):
        idle = [t.run_id for t in store.taken() if not is_locked(store.path / t.run_id / "lock")]
        yield len(idle) <= 1, f"Workers: runs taken that nobody works at: {', '.join(idle) or 'none'}."


def _runs(store: RunStore) -> Iterator[tuple[bool, str]]:
    names = [name for name in file_names(store.path) if is_run_id(name)]
    spoiled = [name for name in names if not Run(store.path / name).card]
    yield not spoiled, f"Runs: {len(names)}; that cannot be read: {', '.join(spoiled[:9]) or 'none'}."
    waiting = {one.run_id for one in Tickets(store.path, Visitors(store.path)).listed(QUEUE, TAKEN, PAUSED)}
    left = [name for name in names if name not in waiting and Run(store.path / name).status.unfinished]
    left = [name for name in left if name not in spoiled]
    yield (
        not left,
        f"Runs: unfinished and without a ticket, until their owner looks: {', '.join(left[:9]) or 'none'}.",
    )


_LOOKS: tuple[Callable[[RunStore], Iterator[tuple[bool, str]]], ...] = (
    _settings,
    _folder,
    _disk,
    _runner,
    _queue,
    _tickets,
    _runs,
)


# ---------------------------------------------------------------- the command


def main(arguments: list[str]) -> int:
    """Do one of the three; returns 0 where all is well."""
    command, *rest = arguments
    what = rest.pop(0) if command == "stop" and rest else None
    if len(rest) > 1 or (command == "stop" and what is None) or any(one.startswith("-") for one in rest):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        store = RunStore(*(Path(one) for one in rest))
        if not store.path.is_dir():
            raise StudentError(f"There is no folder {store.path}.", hint="Name it, or set CONVSCOPE_RUNS.")
        return _done(command, store, what)
    except (StudentError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _done(command: str, store: RunStore, what: str | None) -> int:
    if command == "list":
        print("\n".join(listed(store)))
        return 0
    if command == "stop":
        print(
            "\n".join(f"{run_id} is stopped, or will be in a moment." for run_id in stop(store, what or ""))
        )
        return 0
    findings = check(store)
    print("\n".join(f"{'ok   ' if is_well else 'WRONG'} {sentence}" for is_well, sentence in findings))
    return 0 if all(is_well for is_well, _ in findings) else 1
