"""Fetching a data set: torchvision's files from torchvision's servers, or its makers' one archive, all or nothing.

Nothing is at its final place before all files were checked, so whoever looks sees a complete data set or
none. Two processes that fetch at once take turns, and the second finds the work done. No torch, and no torchvision:
what it knows of addresses and checksums is written down (`data.catalog`).
"""

from __future__ import annotations

import gzip
import logging
import re
import shutil
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock, Timeout

from cnn_core.data.catalog.record import Archive
from cnn_core.data.idx import file_size, read_idx
from cnn_core.data.network import (
    FetchFailed,
    Patience,
    answering,
    download,
    forget_failure,
    recent_failure,
    remember_failure,
)
from cnn_core.data.packed import unpack
from cnn_core.data.sources import SPLITS, Dataset, dataset_of, find_files, raw_folder
from cnn_core.errors import StudentError
from cnn_core.settings import settings

Progress = Callable[[float, str], None]  # fraction done, a sentence
_LONGEST_TURN = 600.0  # seconds to wait for another process that fetches the same
_asking = threading.Lock()


class RemoteFile(NamedTuple):
    """A file, by its name and its checksum."""

    name: str
    md5: str


@dataclass(frozen=True)
class Remote:
    """Where a data set can be fetched from.

    mirrors: addresses ending in /.
    files:   the four .gz files, in the order images, labels, to train with and to test with; or the one archive.
    """

    mirrors: tuple[str, ...]
    files: tuple[RemoteFile, ...]


log = logging.getLogger("convscope.data")
_OF_A_SERVER = re.compile(r"^[\w-]+(\.[\w-]+)+(:\d+)?: ")  # how a server's name stands before what it said
_SIGNS_OF_NO_NETWORK = (
    "resol",
    "not known",
    "nodename",
    "unreachable",
    "refused",
    "no answer within",
    "silent for",
)


@dataclass
class Fetch:
    """A fetch in the background, as far as it has come. Read it as often as you like.

    state:    "running", "done" or "failed".
    fraction: 0 to 1.
    message:  a sentence for people.
    """

    state: Literal["running", "done", "failed"] = "running"
    fraction: float = 0.0
    message: str = ""


def remote_of(dataset: Dataset) -> Remote:
    """The makers' archive, or the files one by one, where torchvision fetches them from."""
    if dataset.archive is not None:
        mirror, name = dataset.archive.address.rsplit("/", 1)
        return Remote((mirror + "/",), (RemoteFile(name, dataset.archive.md5),))
    names = [f"{name}.gz" for split in SPLITS for name in dataset.names(split)]
    return Remote(dataset.mirrors, tuple(map(RemoteFile, names, dataset.md5)))


def not_here(dataset: Dataset, reason: str) -> str:
    """That a data set is not on this machine and cannot be fetched, in one sentence; servers stay unnamed.

    reason: of a FetchFailed; what servers said begins with their names.
    """
    log.info("%s cannot be fetched: %s", dataset.name, reason)
    said = dict.fromkeys(_OF_A_SERVER.sub("", part) for part in reason.split("; "))
    if not reason or settings().offline:
        why = "there is no internet"
    elif any(sign in reason for sign in _SIGNS_OF_NO_NETWORK):
        why = "there is no internet, or the servers that have it do not answer"
    else:
        why = f"it cannot be fetched: {'; '.join(said)}"
    return f"{dataset.name} is not on this machine, and {why}."


def fetch(
    dataset: Dataset,
    root: Path,
    on_progress: Progress | None = None,
    remote: Remote | None = None,
    patience: Patience | None = None,
) -> None:
    """Have a data set in a folder, in torchvision's layout, fetching it if it is not there yet.

    root:        the data folder.
    on_progress: called as the bytes come.
    remote:      where to fetch from; None asks the catalogue.
    patience:    how long to wait for a server.
    Takes as long as the download takes, but never waits longer than `patience` for a server that is silent.
    Raises FetchFailed, in words for people; at once and without trying if a recent attempt failed.
    """
    patience, on_progress = patience or Patience(), on_progress or (lambda fraction, message: None)
    if settings().offline:
        raise FetchFailed("CONVSCOPE_OFFLINE is set")
    # One thread asks the servers; those who come meanwhile wait for its answer, so that an absent network
    # costs its seconds once.
    with _asking:
        if reason := recent_failure(dataset.key):
            raise FetchFailed(reason)
        with _remembering(dataset):
            remote = remote or remote_of(dataset)
            mirrors = _answering_mirrors(remote, patience)
    with _remembering(dataset), _our_turn(_workplace(dataset, root), on_progress):
        if find_files(dataset, root) is None:  # else another process was quicker
            _fetch_all(dataset, root, mirrors, remote, patience, on_progress)


_fetches: dict[tuple[str, Path], Fetch] = {}
_fetches_lock = threading.Lock()


def fetch_in_background(name: str, again: bool = False) -> Fetch:
    """Begin to fetch a data set, once per process however often this is called, and return how far it is.

    name:  a key of DATASETS.
    again: True after a failure, when a person asked for another attempt.
    Raises StudentError for an unknown name; every other failure is in the Fetch.
    """
    return _fetch_in_background(dataset_of(name), settings().data_dir, again)


def fetch_begun(name: str) -> Fetch | None:
    """The fetch of a data set that this process has begun, as `fetch_in_background` returned it; None before that."""
    with _fetches_lock:
        return _fetches.get((name, settings().data_dir.absolute()))


def _fetch_in_background(
    dataset: Dataset, root: Path, again: bool, remote: Remote | None = None, patience: Patience | None = None
) -> Fetch:
    with _fetches_lock:
        earlier = _fetches.get((dataset.key, root.absolute()))
        if earlier is not None and (earlier.state == "running" or not again):
            return earlier
        progress = _fetches[dataset.key, root.absolute()] = Fetch(message=f"Looking for {dataset.title}.")
        if again:
            forget_failure(dataset.key)
        # A daemon: closing the server does not wait for a download; half a one is thrown away by the next.
        threading.Thread(
            target=_report,
            args=(progress, dataset, root, remote, patience),
            name=f"fetch-{dataset.key}",
            daemon=True,
        ).start()
        return progress


def _report(
    progress: Fetch, dataset: Dataset, root: Path, remote: Remote | None, patience: Patience | None
) -> None:
    def on_progress(fraction: float, message: str) -> None:
        progress.fraction, progress.message = fraction, message

    try:
        if find_files(dataset, root) is None:
            fetch(dataset, root, on_progress, remote, patience)
        progress.fraction, progress.message, progress.state = 1.0, f"{dataset.title}: all here.", "done"
    except FetchFailed as error:
        progress.message, progress.state = not_here(dataset, str(error)), "failed"
    except StudentError as error:  # a damaged file of the student's own
        progress.message, progress.state = str(error), "failed"
    finally:
        if progress.state == "running":  # our bug: let it fail loudly, but not as a bar that never ends
            progress.message, progress.state = f"{dataset.title} could not be fetched.", "failed"


@contextmanager
def _remembering(dataset: Dataset) -> Iterator[None]:
    """Note what goes wrong inside, so that it is not tried again at once, and raise it as FetchFailed."""
    try:
        yield
    except FetchFailed as error:
        remember_failure(dataset.key, str(error))
        raise
    except (OSError, NotImplementedError) as error:  # a full disk, a folder that cannot be written or locked
        reason = f"the data folder cannot be written ({getattr(error, 'strerror', None) or error})"
        remember_failure(dataset.key, reason)
        raise FetchFailed(reason) from error


def _answering_mirrors(remote: Remote, patience: Patience) -> list[str]:
    smallest = remote.files[-1][0]
    urls = answering([mirror + smallest for mirror in remote.mirrors], patience.answer)
    return [url.removesuffix(smallest) for url in urls]


@contextmanager
def _our_turn(folder: Path, on_progress: Progress) -> Iterator[None]:
    """Hold the folder's lock; the operating system returns it even if this process is killed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock, deadline = FileLock(folder / ".fetch.lock"), time.monotonic() + _LONGEST_TURN
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            if time.monotonic() > deadline:
                raise FetchFailed("another process has been fetching it for too long") from None
            on_progress(0.0, "Another process is fetching the same files; waiting for it.")
    try:
        yield
    finally:
        lock.release()


def _workplace(dataset: Dataset, root: Path) -> Path:
    """The folder for the lock and for drafts: never the one that the files end in, which has to come at one stroke."""
    return root / dataset.in_torchvision


def _fetch_all(
    dataset: Dataset,
    root: Path,
    mirrors: list[str],
    remote: Remote,
    patience: Patience,
    on_progress: Progress,
) -> None:
    folder, raw = _workplace(dataset, root), raw_folder(dataset, root)
    # Drafts of a process that was killed: we hold the lock, so nobody uses them.
    for abandoned in folder.glob(".fetch-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    draft = folder / f".fetch-{time.time_ns()}"
    draft.mkdir()
    try:
        if dataset.archive is not None:
            _fetch_archive(dataset, dataset.archive, draft, mirrors, remote.files[0], patience, on_progress)
        else:
            _fetch_files(dataset, draft, mirrors, remote, patience, on_progress)
        if raw.exists():
            for path in draft.iterdir():
                path.replace(raw / path.name)
        else:
            draft.rename(raw)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fetch_archive(
    dataset: Dataset,
    archive: Archive,
    draft: Path,
    mirrors: list[str],
    file: RemoteFile,
    patience: Patience,
    on_progress: Progress,
) -> None:
    packed = draft / file.name
    report = partial(_report_bytes, on_progress, file.name, 0.0, 1.0, archive.size)
    _download(file.name, file.md5, packed, archive.size, mirrors, patience, report)
    on_progress(1.0, f"Unpacking {file.name}.")
    try:
        unpack(dataset, archive, packed, draft)
    except StudentError as error:
        raise FetchFailed(f"{file.name} is not what it should be ({error.message})") from error
    packed.unlink()


def _fetch_files(
    dataset: Dataset,
    draft: Path,
    mirrors: list[str],
    remote: Remote,
    patience: Patience,
    on_progress: Progress,
) -> None:
    shapes = [shape for split in SPLITS for shape in dataset.shapes(split)]  # in the order of remote.files
    total, done = sum(map(file_size, shapes)), 0
    for (name, md5), shape in zip(remote.files, shapes, strict=True):
        size = file_size(shape)
        report = partial(_report_bytes, on_progress, name, done / total, size / total, size)
        _fetch_one(name, md5, shape, draft, mirrors, patience, report)
        done += size


def _report_bytes(
    on_progress: Progress,
    name: str,
    before: float,
    share: float,
    size: int,
    received: int,
    length: int | None,
) -> None:
    part = min(1.0, received / (length or size))
    on_progress(before + share * part, f"Fetching {name}, {received / 1e6:.1f} MB.")


def _fetch_one(
    name: str,
    md5: str,
    shape: tuple[int, ...],
    folder: Path,
    mirrors: list[str],
    patience: Patience,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    """Download from the first mirror that has it, unpack and check."""
    packed = folder / name
    _download(name, md5, packed, 2 * file_size(shape), mirrors, patience, on_bytes)
    unpacked = folder / packed.stem
    try:
        with gzip.open(packed) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target)
        read_idx(unpacked, shape)
    except (EOFError, gzip.BadGzipFile, zlib.error, StudentError) as error:
        raise FetchFailed(f"{name} is not what it should be ({error})") from error
    packed.unlink()


def _download(
    name: str,
    md5: str,
    path: Path,
    largest: int,
    mirrors: list[str],
    patience: Patience,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    """From the first mirror that has it."""
    reasons = []
    for mirror in mirrors:
        try:
            return download(mirror + name, path, md5, largest, patience, on_bytes)
        except FetchFailed as error:
            reasons.append(str(error))
    raise FetchFailed("; ".join(reasons))
