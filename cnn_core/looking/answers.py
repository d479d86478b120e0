"""What networks answered to the questions that are asked first, kept in files: shared by all, within so many bytes.

A file goes by the weights, the images and the question, and by the code that computed it: after an update nothing of
before is found. Nobody misses what is not there, for it is computed when somebody looks. So a file that is torn, or was
given up for others, is no error, and neither is a disk without room.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cnn_core
from cnn_core.files import file_names, is_locked, locked, write_whole
from cnn_core.looking.question import Question
from cnn_core.machine import need_not_give_way, processor_time
from cnn_core.settings import settings

if TYPE_CHECKING:
    from cnn_core.model.network import Network

FOLDER = "looks"  # of a store of runs
# A lesson's network takes 0.8 MB: 250 of them. Of a small store it is a tenth at most.
MOST_BYTES, SHARE = 200_000_000, 0.1
KEPT_SECONDS = 30 * 86_400.0  # without anybody who asked for it
COMPUTED_BY = ("model", "training", "insight", "looking", "data")  # packages, in whose code an answer lies
_AT_WORK = ".at_work"


@dataclass(frozen=True)
class Worker:
    """A process that computes an answer.

    began: seconds of a processor that it had had before it began with this one.
    """

    pid: int
    began: float

    @property
    def done(self) -> float:
        """Seconds of a processor that it has spent on the answer."""
        return max(0.0, processor_time(self.pid) - self.began)

    def hurry(self) -> None:
        """Somebody waits: let it give way to nobody any more, where we may do that."""
        need_not_give_way(self.pid)


class Answers:
    """Those in a folder, which need not be there.  store: the folder of runs."""

    def __init__(self, store: Path) -> None:
        self.folder = store / FOLDER

    def get(self, key: str) -> Any | None:
        """The answer, or None. It is as good as new then: what nobody has asked for longest goes first."""
        file = self.folder / key
        try:
            content = file.read_bytes()
        except OSError:
            return None
        from cnn_core.looking.answer_files import decoded

        answer = decoded(content)
        with suppress(OSError):
            if answer is None:
                file.unlink()
            else:
                os.utime(file)
        return answer

    def has(self, key: str) -> bool:
        """Whether an answer is there, as far as one can tell without reading it."""
        return (self.folder / key).is_file()

    def put(self, key: str, answer: Any) -> None:
        """Keep an answer. Raises OSError where the disk is full or the folder cannot be written."""
        from cnn_core.looking.answer_files import encoded

        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / key, encoded(answer))

    @contextmanager
    def coming(self, key: str) -> Iterator[bool]:
        """Inside the `with` block an answer is being computed. Yields False where another process is at it.

        Raises OSError.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / f"{key}{_AT_WORK}"
        with locked(mark, wait=False) as mine:
            if mine:
                began = processor_time(os.getpid())
                mark.write_text(f"{socket.gethostname()} {os.getpid()} {began}", "utf-8")
            yield mine
            if mine:
                with suppress(OSError):
                    mark.unlink()

    def is_coming(self, key: str) -> bool:
        """Whether a process computes it at this moment; one that was killed does not."""
        return is_locked(self.folder / f"{key}{_AT_WORK}")

    def worker(self, key: str) -> Worker | None:
        """Who computes it, where that is a process of this machine, and the system says how it gets on."""
        try:
            host, pid, began = (self.folder / f"{key}{_AT_WORK}").read_text("utf-8").split()
            worker = Worker(int(pid), float(began))
        except (OSError, ValueError):
            return None
        return worker if host == socket.gethostname() and worker.began > 0 else None

    def tidy(self) -> None:
        """Bring the folder into its bounds; what cannot be removed stays until the next time."""
        most = min(MOST_BYTES, round(SHARE * settings().max_store_mb * 1_000_000))
        kept, total, now = [], 0, time.time()
        for name in file_names(self.folder):
            with suppress(OSError):
                found = os.stat(self.folder / name)
                kept.append((found.st_mtime, found.st_size, self.folder / name))
        for used, size, file in sorted(kept, reverse=True):
            total += size
            if (total > most or now - used > KEPT_SECONDS) and not is_locked(file):
                with suppress(OSError):
                    file.unlink()


def key_of(weights: str, images: Hashable, question: Question) -> str:
    """The name of an answer's file.

    weights: `hash_of` a network.
    images:  what tells the data set's test images of now from those that had its name at another time.
    """
    asked = repr((weights, images, question, _edition()))
    return hashlib.blake2b(asked.encode(), digest_size=20).hexdigest()


def hash_of(net: Network) -> str:
    """The same for equal designs with equal weights, wherever they come from."""
    whole = hashlib.blake2b(repr(net.spec).encode(), digest_size=16)
    for name, tensor in net.state_dict().items():
        whole.update(name.encode())
        whole.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return whole.hexdigest()


@cache
def _edition() -> str:
    """The same for the same code, and the same torch."""
    root, whole = Path(cnn_core.__file__).parent, hashlib.blake2b(version("torch").encode(), digest_size=16)
    for package in COMPUTED_BY:
        for file in sorted((root / package).rglob("*.py")):
            whole.update(file.read_bytes())
    return whole.hexdigest()
