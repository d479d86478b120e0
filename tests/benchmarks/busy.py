"""Training while other processes have the processors: none, one, two, four that never pause; ours and Keras in turns.

Both have a process of their own with as many threads, and the same priority as the others.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnn_core.data import load_images
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, alternate, per_second, repeat
from tests.benchmarks.one_training import trainer, work

OTHERS = (0, 1, 2, 4)
NEVER_PAUSES = [sys.executable, "-S", "-c", "while True: pass"]


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """One line for each number of others."""
    data = load_images("mnist", "train").take(plan.pick(1_280, 1_920))
    rounds = plan.pick(2, 7 if keras else 5)  # what must never be slower than Keras is asked more often
    with trainer(len(data), torch.get_num_threads()) as ours:
        for count in OTHERS:
            with others(count):
                if keras is None:
                    mine, theirs = repeat(lambda: work([ours]), rounds), ()
                else:
                    mine, theirs = alternate(lambda: work([ours]), lambda: keras.fit(data), rounds)
            yield Line(
                "busy", f"training beside {count} busy processes", "images/s",
                per_second(len(data), mine), per_second(len(data), theirs), "Keras's fit on TensorFlow",
                least=1.0, curve="busy processes", at=count,
            )  # fmt: skip


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many processes beside us that never pause."""
    processes = [subprocess.Popen(NEVER_PAUSES) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
