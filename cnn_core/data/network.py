"""Downloading one file, or failing within seconds with the reason. Knows nothing of data sets.

A network that is not there must not cost a class its patience: all servers are asked at once, for a few
seconds, and a "no" is remembered, by this process for good and by others on this machine for some minutes.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_REMEMBERED_ON_DISK = 600.0  # seconds
_CHUNK = 1 << 16  # bytes


class FetchFailed(Exception):
    """Why something could not be had, in words for people."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for others. The defaults suit a slow school network."""

    answer: float = 3.0  # seconds for a server's first byte, name look-up included
    silence: float = 10.0  # seconds without a byte in the middle of a file
    slowest: float = 3_000.0  # bytes per second, on average, once `silence` has passed


def answering(urls: Sequence[str], seconds: float) -> list[str]:
    """Those of `urls` worth trying, in the given order, after at most `seconds`.

    The first one's answer ends the waiting; then those that have not been heard of yet stay in reserve, behind
    those that answer. Raises FetchFailed, naming each server's reason, if none answers.
    """
    # Looking up a name cannot be interrupted, so each server is asked in a thread nobody has to wait for.
    answers: queue.Queue[tuple[str, str]] = queue.Queue()
    for url in urls:
        threading.Thread(target=lambda url=url: answers.put((url, _ask(url, seconds))), daemon=True).start()
    reasons: dict[str, str] = {}
    deadline = time.monotonic() + seconds
    while len(reasons) < len(urls) and reasons.get(urls[0]) != "":
        try:
            url, reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            reasons = dict.fromkeys(urls, f"no answer within {seconds:g} seconds") | reasons
        else:
            reasons[url] = reason
    if good := [url for url in urls if reasons.get(url) == ""]:
        return good + [url for url in urls if url not in reasons]
    raise FetchFailed("; ".join(f"{_host(url)}: {reasons[url]}" for url in urls))


def download(
    url: str,
    path: Path,
    md5: str,
    largest: int,
    patience: Patience,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    """Write the file at `url` to `path`, checking that it is the one whose md5 is known.

    largest: bytes after which it cannot be that file.  on_bytes(so far, in all or None): called as they come.
    Raises FetchFailed, naming the server, when it stops, is too slow, refuses or sends something else, and
    OSError when the disk is full.
    """
    try:
        _receive(url, path, md5, largest, patience, on_bytes)
    except FetchFailed as error:
        raise FetchFailed(f"{_host(url)}: {error}") from error


# What is remembered about failures: {what was wanted: reason}.

_failures: dict[str, str] = {}


def remember_failure(key: str, reason: str) -> None:
    """Note, for this process and for a few minutes for others on this machine, that `key` cannot be had."""
    _failures[key] = reason
    _write_notes({**_read_notes(), key: (time.time(), reason)})


def recent_failure(key: str) -> str:
    """The reason why `key` cannot be had, or "" if nobody has found that out lately."""
    noted, reason = _read_notes().get(key, (0.0, ""))
    age = time.time() - noted
    return _failures.get(key) or (reason if 0 <= age < _REMEMBERED_ON_DISK else "")


def forget_failure(key: str) -> None:
    """So that the next attempt is a real one."""
    _failures.pop(key, None)
    notes = _read_notes()
    if notes.pop(key, None):
        _write_notes(notes)


def _notes_file() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"convscope-network-{user}.json"


def _read_notes() -> dict[str, tuple[float, str]]:
    try:
        notes = json.loads(_notes_file().read_text(encoding="utf-8"))
        return {str(key): (float(noted), str(reason)) for key, (noted, reason) in notes.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # a note that is missing or torn costs another attempt, nothing more


def _write_notes(notes: dict[str, tuple[float, str]]) -> None:
    path = _notes_file()
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        draft.write_text(json.dumps(notes), encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)


def _ask(url: str, seconds: float) -> str:
    """Empty if the server sends anything, else the reason."""
    try:
        next(_chunks(url, seconds), None)
    except FetchFailed as error:
        return str(error)
    return ""


def _receive(
    url: str,
    path: Path,
    md5: str,
    largest: int,
    patience: Patience,
    on_bytes: Callable[[int, int | None], None],
) -> None:
    checksum, received, begun = hashlib.md5(usedforsecurity=False), 0, time.monotonic()
    with path.open("wb") as file:
        for chunk, length in _chunks(url, patience.silence):
            file.write(chunk)
            checksum.update(chunk)
            received += len(chunk)
            seconds = time.monotonic() - begun
            if received > largest:
                raise FetchFailed(f"it sends more than {largest:,} bytes, so this is not {_name(url)}")
            if seconds > patience.silence and received < patience.slowest * seconds:
                raise FetchFailed(f"too slow, {received / seconds:,.0f} bytes per second")
            on_bytes(received, length)
    if checksum.hexdigest() != md5:
        raise FetchFailed(f"the {received:,} bytes it sent are not {_name(url)}, or not all of it")


def _chunks(url: str, silence: float) -> Iterator[tuple[bytes, int | None]]:
    """Yield (bytes, length of the whole or None). Raises FetchFailed with the reason alone."""
    request = Request(url, headers={"User-Agent": "convscope"})
    try:
        answer = urlopen(request, timeout=silence)
    except HTTPError as error:
        raise FetchFailed(f"it answers {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchFailed(_reason(error, silence)) from error
    length = answer.headers.get("Content-Length", "")
    with answer:
        while True:
            try:
                chunk = answer.read1(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise FetchFailed(_reason(error, silence)) from error
            if not chunk:
                return
            yield chunk, int(length) if length.isdigit() else None


def _reason(error: Exception, silence: float) -> str:
    cause = getattr(error, "reason", error)  # urllib wraps what happened
    if isinstance(cause, TimeoutError):
        return f"silent for {silence:g} seconds"
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def _host(url: str) -> str:
    return url.split("/")[2]


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]
