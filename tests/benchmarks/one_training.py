"""One training in a process of its own: `python -m tests.benchmarks.one_training IMAGES THREADS`.

It prints a line when it is warm, and then one after each training, which it begins when a line comes in.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def trainer(images: int, threads: int) -> Iterator[subprocess.Popen[str]]:
    """Such a process, warm."""
    command = [sys.executable, "-m", "tests.benchmarks.one_training", str(images), str(threads)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    try:
        _hear(process, "warm")
        yield process
    finally:
        process.kill()
        process.wait()


def work(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Tell all to train, and wait for all."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _hear(process, "done")


def _hear(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    if (heard := process.stdout.readline()) != f"{word}\n":
        raise RuntimeError(f"A training in a process of its own ended early: {heard or process.wait()}")


def _serve(count: int, threads: int) -> None:
    from cnn_core.machine import wait_briefly

    wait_briefly()  # before torch is loaded, as in a worker
    import torch

    from cnn_core.data import load_images
    from cnn_core.model import PRESETS, build
    from cnn_core.training import RECIPES, train

    torch.set_num_threads(threads)
    data = load_images("mnist", "train").take(count)
    once = RECIPES["lesson"].replace(epochs=1)
    for _ in train(build(PRESETS["lesson"]), data.take(640), once):
        pass
    print("warm", flush=True)
    for _line in sys.stdin:
        for _ in train(build(PRESETS["lesson"]), data, once):
            pass
        print("done", flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
