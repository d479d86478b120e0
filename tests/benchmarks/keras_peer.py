"""Keras on TensorFlow as a peer: an environment of its own, and a process that works when told to.

TensorFlow is too large, and too particular about its neighbours, to be among our requirements.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnn_core.data import ImageSet

SIDE = Path(__file__).with_name("keras_side.py")


def environment() -> str:
    """The interpreter of an environment with Keras and TensorFlow, made with venv and pip where there is none yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "convscope" / "keras"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"Installing Keras and TensorFlow into {folder}; this takes some minutes, once.", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "tensorflow-cpu", "keras"], check=True)
        (folder / "ready").touch()  # last, so that an installation cut short is begun again
    return str(python)


class KerasPeer:
    """The process, inside a `with` block. Each call returns when the work is done."""

    def __init__(self, python: str) -> None:
        self.python = python

    def __enter__(self) -> KerasPeer:
        self.folder = tempfile.TemporaryDirectory()
        threads = str(torch.get_num_threads())  # as many for both
        self.process = subprocess.Popen(
            [self.python, str(SIDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads},
        )
        self.versions = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def fit(self, data: ImageSet) -> None:
        """One epoch of the notebook's training on `data`."""
        self._ask(do="fit", path=self._digits(data))

    def course(self, data: ImageSet, test: ImageSet, seed: int, epochs: int) -> dict[str, list[float]]:
        """The notebook's training from new weights; "seconds" so far and "accuracy" on `test` after each epoch."""
        order = {"path": self._digits(data), "test_path": self._digits(test), "seed": seed, "epochs": epochs}
        return self._ask(do="course", **order)["done"]

    def filters(self, starts: dict[str, Tensor], steps: int) -> None:
        """The notebook's filter pictures.  starts: {layer: (F, 1, 28, 28)}."""
        path = Path(self.folder.name) / f"starts_{sum(map(len, starts.values()))}.npz"
        if not path.exists():
            np.savez(path, **{layer: start.permute(0, 2, 3, 1).numpy() for layer, start in starts.items()})
        self._ask(do="filters", path=str(path), steps=steps)

    def _digits(self, data: ImageSet) -> str:
        path = Path(self.folder.name) / f"{data.split}_{len(data)}.npz"
        if not path.exists():
            np.savez(path, images=data.images[:, 0].numpy(), labels=data.labels.numpy())
        return str(path)

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"Keras ended early; try `{self.python} {SIDE}` to see why.")
        return json.loads(line)
