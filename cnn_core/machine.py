"""What this machine, or the container that we are in, lets us have: how much memory, and which manners it asks for."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SMALL = 1_500_000_000  # bytes; below it the pages and one worker nearly fill the machine
ROOMY = 2 * SMALL  # from which a process of 300 MB may wait for work

_LIMITS = (
    "memory.max",
    "memory/memory.limit_in_bytes",
)  # of the second and the first version of control groups


def memory_limit(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that all our processes may have together: the machine's, or less where a container's limit says so.

    groups: where the kernel shows the limits of control groups; a container sees its own at the top.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _LIMITS:
        try:
            limits.append(int((groups / name).read_text("ascii")))  # "max" where there is none
        except (OSError, ValueError):
            continue
    return min(limit for limit in limits if limit > 0)


def is_small() -> bool:
    """Whether there is no room for a second process with torch beside the pages and a worker."""
    return memory_limit() < SMALL


def is_roomy() -> bool:
    """Whether there is room for a process with torch that may have nothing to do for a while."""
    return memory_limit() >= ROOMY


def resident(pid: int) -> int:
    """Bytes of memory that a process has now; 0 where it has ended, or the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def children(pid: int) -> list[int]:
    """Ids of the processes that a process started, whichever of its threads did it; [] where the system is silent."""
    pids = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            pids += [int(word) for word in file.read_text("ascii").split()]
        except (OSError, ValueError):
            continue
    return pids


def processor_time(pid: int) -> float:
    """Seconds of a processor that a process has had; 0 where it has ended, or the system does not say."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def give_way() -> None:
    """Have this process take a processor only while nobody else wants it, where the system knows such a thing."""
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def need_not_give_way(pid: int) -> None:
    """Have a process that gives way take its turn as others do; only a privileged user may."""
    with suppress(OSError, AttributeError):
        if os.sched_getscheduler(pid) == os.SCHED_IDLE:
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


def wait_briefly() -> None:
    """Let torch's threads look for each other only briefly before they sleep; to be called before torch is loaded.

    By default they look for milliseconds, and whom they wait for may be the one that they keep from the processor.
    (Measured, the lesson's net with two threads on two cores, images a second beside 0, 1, 2 and 4 busy processes:
    5,800, 1,400, 1,500 and 600 as it is by default; 5,600, 1,700, 2,400 and 900 so.) Where the operator has a wish of
    his own, that holds. Source: https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html, of the library that
    torch brings for Linux; elsewhere it does nothing.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
