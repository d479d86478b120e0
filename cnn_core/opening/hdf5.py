"""What is in an HDF5 file, read by a process of its own (`hdf5_child`): names, shapes, texts, then chosen numbers.

The HDF5 library is large, old and written in C; a file that is made to harm it could end the server that serves
everybody. So it runs elsewhere, and whatever becomes of it there is a sentence here.
Format: https://docs.hdfgroup.org/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn_core.errors import StudentError, quoted

_CHILD = Path(__file__).with_name("hdf5_child.py")
_SECONDS = 15  # that the process may last; on a machine with nothing else to do it needs half of one
_MAX_REPLY = 64_000_000  # bytes
_ELSEWHERE = "Save the network again with Keras; it writes everything into one file."
_WHY = {
    "damaged": ("it is damaged, or its end is missing", "Download or copy it again."),
    "deep": ("its groups lie too deep inside one another", _ELSEWHERE),
    "many": ("it has more than 5,000 parts, or names without end", _ELSEWHERE),
    "external": ("{} leads to another file", _ELSEWHERE),
    "soft": ("{} is a link, not numbers", _ELSEWHERE),
    "cycle": ("the group {} holds itself", _ELSEWHERE),
    "virtual": ("the numbers of {} are put together from other files", _ELSEWHERE),
    "elsewhere": ("the numbers of {} lie in another file", _ELSEWHERE),
    "filter": ("the numbers of {} are packed in a way that needs a plugin", "Save it without compression."),
    "chunk": ("the numbers of {} are packed in too large pieces", "Save it without compression."),
    "text": ("a text in it is too long", _ELSEWHERE),
}


@dataclass(frozen=True)
class Numbers:
    """A dataset before it is read. type: NumPy's, as "<f4", or "<bf2" for bfloat16, which NumPy lacks."""

    shape: tuple[int, ...]
    type: str


class Hdf5:
    """An HDF5 file that is open in the other process; see `opened_hdf5`.

    attributes: by the path of a group, "" for the file itself: what its texts say, a text or a list of them.
    datasets:   by path, in the order of the file.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], survey: dict[str, Any]) -> None:
        self.name = name
        self.attributes: dict[str, dict[str, str | list[str]]] = survey["attributes"]
        self.datasets = {
            path: Numbers(tuple(shape), kind) for path, (shape, kind) in survey["datasets"].items()
        }
        self._process = process

    def read(self, paths: Sequence[str]) -> list[NDArray[np.float32]]:
        """The numbers of these datasets, in their shapes. Once only; whoever asks has checked how many they are."""
        _say(
            self._process,
            json.dumps([[path, self.datasets[path].shape] for path in paths]).encode(),
            self.name,
        )
        return [self._array(self.datasets[path].shape) for path in paths]

    def _array(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        size = 4 * int(np.prod(shape, dtype=np.int64))
        reply = _hear(self._process, self.name, most=max(size, 1_000))
        if len(reply) != size:
            raise _refusal(self.name, _parsed(reply, self.name))
        return np.frombuffer(reply, "<f4").reshape(shape)


@contextmanager
def opened_hdf5(content: bytes, name: str) -> Iterator[Hdf5]:
    """The file, while the `with` block lasts; the other process never outlives it.

    content: the whole file.  name: for sentences.
    Raises StudentError for a file that is damaged, or leads outside itself.
    """
    if importlib.util.find_spec("h5py") is None:
        raise StudentError(
            "This server lacks the package h5py, with which files of Keras are read.",
            hint="Ask whoever runs it for `pip install -r requirements.txt`.",
        )
    settings = {"HDF5_PLUGIN_PRELOAD": "::", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-I", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | settings,
    ) as process:
        timer = threading.Timer(_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        try:
            _say(process, content, name)
            survey = _parsed(_hear(process, name), name)
            if "refused" in survey:
                raise _refusal(name, survey)
            yield Hdf5(name, process, survey)
        finally:
            timer.cancel()
            process.kill()
            _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(
        OSError
    ):  # it died before it had read everything: nobody needs the rest any more
        process.stdin.close()


def _say(process: subprocess.Popen[bytes], message: bytes, name: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(len(message).to_bytes(8, "little"))
        process.stdin.write(message)
        process.stdin.flush()
    except OSError:
        raise _refusal(name) from None


def _hear(process: subprocess.Popen[bytes], name: str, most: int = _MAX_REPLY) -> bytes:
    assert process.stdout is not None
    size = int.from_bytes(process.stdout.read(8), "little")
    if not 0 < size <= most:
        raise _refusal(name)
    reply = process.stdout.read(size)
    if len(reply) < size:
        raise _refusal(name)
    return reply


def _parsed(reply: bytes, name: str) -> dict[str, Any]:
    try:
        said = json.loads(reply)
    except ValueError:
        raise _refusal(name) from None
    return said if isinstance(said, dict) else {}


def _refusal(name: str, said: dict[str, Any] | None = None) -> StudentError:
    """said: what the process answered; None when it ended without an answer."""
    why, hint = _WHY.get(str((said or {}).get("refused")), _WHY["damaged"])
    where = quoted(str((said or {}).get("where", "")))
    return StudentError(f"{quoted(name)} cannot be read: {why.format(where)}.", hint=hint)
