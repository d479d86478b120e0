"""`python -m tests.load --plan`: what 30, 300 and 3,000 students need, worked out from what was measured.

Nothing is started. Each figure below says where it comes from; change one, and the table changes. It is arithmetic, no
promise: of more than 60 students nothing was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Of one core of the machine of docs/measurements.md. Time in seconds, memory and disk in MB."""

    page: float = (
        0.1  # of processor: a warm page takes 0.03 to 0.05, a first look up to 0.15 (docs/measurements.md)
    )
    think: float = 8.0  # between two clicks of a student (tests/load, Plan)
    busy: float = 0.5  # share of its core that a server may be at work; beyond it waits grow steeply
    images: float = (
        14_200.0  # images a second of one of two trainings at once, one thread each (docs/measurements.md)
    )
    run: float = 300_000.0  # images of the lesson's run: 5 epochs of MNIST
    around: float = 4.0  # of a run beside its steps: reading, measuring on the test images, snapshots
    server: float = (
        1_250.0  # memory; 773 with 30 students, 951 with 60 (docs/measurements.md, notes of the load test), and
        # 300 of the process beside it that looks into networks
    )
    worker: float = 400.0  # memory; with its images
    kept: float = 8.3  # on disk, of one lesson's run with its snapshots
    writes: float = (
        6.0  # files that a worker changes in a second: status twice, events, a reading, a snapshot
    )
    reads: float = 6.0  # files that a page which watches a run looks at in a second


@dataclass(frozen=True)
class Lesson:
    """How it goes. All press Train at once, and the last of them is to start within `patience` seconds."""

    patience: float = 300.0
    runs: int = 20  # of each student, kept for a term
    watching: float = 0.3  # share of the students who look at a run
    cores: int = 8  # of one machine
    memory: float = 16_000.0  # of one machine, MB


@dataclass(frozen=True)
class Needs:
    """What so many students need. Memory and disk in GB; `traffic` in files a second on the shared folder."""

    students: int
    servers: int
    workers: int
    machines: int
    memory: float
    disk: float
    proxies: int
    traffic: int


def needs(students: int, measured: Measured | None = None, how: Lesson | None = None) -> Needs:
    """What so many students need at once.

    >>> needs(30).servers, needs(30).workers, needs(30).machines
    (1, 3, 1)
    """
    measured, how = measured or Measured(), how or Lesson()
    servers = math.ceil(students * measured.page / measured.think / measured.busy)
    seconds = measured.run / measured.images + measured.around
    workers = math.ceil(students * seconds / how.patience)
    memory = servers * measured.server + workers * measured.worker
    # A machine's system needs something too: a tenth of its memory.
    machines = max(math.ceil((servers + workers) / how.cores), math.ceil(memory / (0.9 * how.memory)))
    return Needs(
        students=students,
        servers=servers,
        workers=workers,
        machines=machines,
        memory=memory / 1000,
        disk=students * how.runs * measured.kept / 1000,
        proxies=0 if servers == 1 else 1,
        traffic=round(workers * measured.writes + how.watching * students * measured.reads),
    )


def table(numbers: tuple[int, ...] = (30, 300, 3_000)) -> str:
    """The table of deploy/more_machines.md."""
    lines = [
        "| students | servers | trainings at once | machines of 8 cores, 16 GB "
        "| memory | disk for a term | proxies before them | files a second in the folder |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in map(needs, numbers):
        lines.append(
            f"| {one.students:,} | {one.servers} | {one.workers} | {one.machines} | {one.memory:.1f} GB "
            f"| {one.disk:,.0f} GB | {one.proxies} | {one.traffic:,} |"
        )
    return "\n".join(lines)
