"""From the click on Train to the first step: cold, on a server that was just started, and warm, on the same one later.

Its peer is the least that a cold training needs: a process of Python that imports torch and nothing else. The student
of a cold server clicks as soon as the page is there.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, seconds
from tests.benchmarks.pages import checked, visitor
from tests.browser.conftest import Server, serving
from tests.load.classroom import end_runner

LEAST = "a bare import of torch"
IS_SEEN = b" images/s"  # on the page, from the first step on
PATIENCE = 60.0  # seconds until a first step counts as lost
WARM_CLICKS = 3


class Click(NamedTuple):
    """Seconds from a click on Train until the first step was told, and until the page showed it."""

    step: float
    page: float


def lines(plan: Plan, _keras: KerasPeer | None) -> Iterator[Line]:
    """Cold and warm: the step, and the page."""
    cold, warm, bare = [], [], []
    for _ in range(plan.pick(1, 3)):
        bare.append(seconds(bare_import))
        # A runner may still be writing when the folder goes.
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            serving(Path(folder), CONVSCOPE_WARM="1") as server,
        ):
            cold.append(asyncio.run(a_click(server)))
            clicks = [asyncio.run(a_click(server)) for _ in range(WARM_CLICKS)]
            end_runner(server.runs)  # a training would go on, beside the next turn and the next theme
        warm.append(Click(median(one.step for one in clicks), median(one.page for one in clicks)))
    for name, found, most in (("cold", cold, 4.0), ("warm", warm, 0.5)):
        for what, values in (("told", [one.step for one in found]), ("seen", [one.page for one in found])):
            yield Line(
                "first_step",
                f"first step after a click on Train, {what}, {name}",
                "s",
                tuple(values),
                tuple(bare),
                LEAST,
                most=most,
            )


def bare_import() -> None:
    """A cold training cannot begin before that."""
    subprocess.run([sys.executable, "-c", "import torch"], check=True)


async def a_click(server: Server) -> Click:
    """Open the page, press Train, look at the page until it shows a step; then stop the training."""
    student = visitor(server)
    try:
        checked(await student.open("train"))
        student.sees = {IS_SEEN: None}
        began, told = time.monotonic(), asyncio.create_task(first_told(server.runs))
        checked(await student.press("train"))
        while (seen := student.sees[IS_SEEN]) is None:
            if time.monotonic() - began > PATIENCE:
                raise RuntimeError("No step was seen.")
            await student.think(0.05)
        with suppress(LookupError):  # it may be done by now
            await student.press("stop")
    finally:
        await student.close()
    return Click(await told - began, seen - began)


async def first_told(runs: Path) -> float:
    """When a run that is not there yet tells its first step, of the monotonic clock."""
    before = set(runs.glob("*/events.jsonl"))
    while not any(file.stat().st_size for file in set(runs.glob("*/events.jsonl")) - before):
        await asyncio.sleep(0.002)
    return time.monotonic()
