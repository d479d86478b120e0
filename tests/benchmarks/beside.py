"""A light design on Evaluate alone, and beside two visitors whose designs take a minute each: who waits for whom.

Each look is at a design that nobody looked at before, so nothing of it is kept. The heavy ones are of 197 M
multiply-adds; with the full MNIST each is asked about 10,000 images.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cnn_core.model import ModelSpec, summarize
from cnn_core.model.layers import Conv2D, Dense, Flatten, MaxPooling2D
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, in_milliseconds
from tests.benchmarks.pages import checked, visitor
from tests.browser.conftest import Server, serving

BEGUN = 15.0  # seconds after which the heavy ones are surely at work: a process of theirs has imported torch


def lines(plan: Plan, _keras: KerasPeer | None) -> Iterator[Line]:
    """The one line."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        alone, beside = asyncio.run(alone_and_beside(server, plan.pick(4, 5)))
    macs = sum(row.macs for row in summarize(heavy(0)))
    yield Line(
        "beside",
        "Evaluate of a light design beside two heavy ones",
        "ms",
        in_milliseconds(beside),
        in_milliseconds(alone),
        "the same alone",
        most=500,
        note=f"the heavy ones: {macs / 1e6:.0f} M multiply-adds an image",
    )


def light(number: int) -> ModelSpec:
    """As large as the lesson's net, and another for each number."""
    layers = (
        Conv2D(32, 3, activation="relu"),
        MaxPooling2D(2),
        Conv2D(64, 3, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(64 + number, activation="relu"),
        Dense(10, activation="softmax"),
    )
    return ModelSpec("Light", (1, 28, 28), 10, layers)


def heavy(number: int) -> ModelSpec:
    """As many multiply-adds as a visitor may have."""
    layers = (
        Conv2D(64, 3, padding="same", activation="relu"),
        Conv2D(156 - number, 5, padding="same", activation="relu"),
        Flatten(),
        Dense(10, activation="softmax"),
    )
    return ModelSpec("Heavy", (1, 28, 28), 10, layers)


async def alone_and_beside(server: Server, turns: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of each look: without anybody else, and while two heavy ones are worked on."""
    first = visitor(server)
    await first.open("evaluate")  # the page itself is warm
    await first.close()
    alone = [await look_at(server, light(number)) for number in range(turns)]
    others = [visitor(server) for _ in range(2)]
    waiting = [
        asyncio.create_task(other.open("evaluate", design=heavy(number).to_link()))
        for number, other in enumerate(others)
    ]
    await asyncio.sleep(BEGUN)
    beside = [await look_at(server, light(turns + number)) for number in range(turns)]
    for task, other in zip(waiting, others, strict=True):
        task.cancel()
        await other.close()
    return tuple(alone), tuple(beside)


async def look_at(server: Server, spec: ModelSpec) -> float:
    """Seconds until a new tab has this design's Evaluate page."""
    student = visitor(server)
    try:
        return checked(await student.open("evaluate", design=spec.to_link())).seconds
    finally:
        await student.close()
