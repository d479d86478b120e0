"""What an operator may set, each by one environment variable. Recipes and designs are not here: those are a student's.

A setting is read when it is asked for, so a test or a notebook can change the environment at any time.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from cnn_core.errors import StudentError, quoted
from cnn_core.machine import is_small

T = TypeVar("T")
DEVICES = ("auto", "cpu", "cuda", "mps")
# Workers, and threads of each; on a machine with more than four processors four times as many as those. A worker takes
# 300 MB, and as many are started as are set: ten thousand would take the machine down before any page could say so.
MOST_PROCESSES = 16


@dataclass(frozen=True)
class Settings:
    """The machine's side of the bargain. Every field has a default that suits two cores and 4 GB of memory."""

    data_dir: Path  # CONVSCOPE_DATA: data sets in torchvision's layout
    runs_dir: Path  # CONVSCOPE_RUNS: one folder a run
    offline: bool  # CONVSCOPE_OFFLINE: never try the network
    device: str  # CONVSCOPE_DEVICE: auto takes CUDA or MPS where there is one
    workers: int  # CONVSCOPE_WORKERS: trainings at once
    threads: int  # CONVSCOPE_THREADS: for each worker
    ray: str  # CONVSCOPE_RAY: the cluster that does the work, or nothing: this machine does it
    max_parameters: int  # CONVSCOPE_MAX_PARAMETERS: of one network
    max_macs: int  # CONVSCOPE_MAX_MACS: multiply-adds for one image
    max_epochs: int  # CONVSCOPE_MAX_EPOCHS: of one run
    max_queue: int  # CONVSCOPE_MAX_QUEUE: unfinished runs of one visitor
    max_store_mb: (
        int  # CONVSCOPE_MAX_STORE_MB: of all that is kept; beyond it what nobody has used for longest goes
    )
    max_visitor_mb: int  # CONVSCOPE_MAX_VISITOR_MB: the same of one visitor
    reserve_mb: int  # CONVSCOPE_RESERVE_MB: of the disk; with less free no work is given out
    max_waiting: int  # CONVSCOPE_MAX_WAITING: runs of all visitors that wait or are at work
    slice_seconds: (
        float  # CONVSCOPE_SLICE_SECONDS: a training at work for so long makes room for those who wait
    )
    idle_seconds: (
        float  # CONVSCOPE_IDLE_SECONDS: a runner with nothing to do, and nobody here, ends after this
    )
    away_seconds: float  # CONVSCOPE_AWAY_SECONDS: a visitor whose page was silent for so long counts as gone
    log: str  # CONVSCOPE_LOG: json writes one line of JSON for each run, refusal and error
    metrics_token: str  # CONVSCOPE_METRICS_TOKEN: who knows it may read /metrics; nobody where it is empty
    source_url: str  # CONVSCOPE_SOURCE_URL: where the project's files can be read on the web, if anywhere
    embed_on: tuple[str, ...]  # CONVSCOPE_EMBED_ON: sites that may show the app in a frame
    max_classes: int  # CONVSCOPE_MAX_CLASSES: open at a time on this server
    max_students: int  # CONVSCOPE_MAX_STUDENTS: of one class
    class_days: int  # CONVSCOPE_CLASS_DAYS: after its end a class is kept for so long, then wiped
    teachers: tuple[str, ...]  # CONVSCOPE_TEACHERS: addresses and domains of those who may open a class
    warm: bool  # CONVSCOPE_WARM: whether workers, and what everybody looks at first, are there before they are needed


def settings() -> Settings:
    """Read the environment. Raises StudentError that names the variable which makes no sense."""
    return _settings(tuple(map(_look_up, _KEYS)))


_NAMES = (
    "DATA RUNS OFFLINE DEVICE WORKERS THREADS RAY MAX_PARAMETERS MAX_MACS MAX_EPOCHS MAX_QUEUE "
    "MAX_STORE_MB MAX_VISITOR_MB RESERVE_MB MAX_WAITING SLICE_SECONDS IDLE_SECONDS AWAY_SECONDS "
    "LOG METRICS_TOKEN SOURCE_URL EMBED_ON MAX_CLASSES MAX_STUDENTS CLASS_DAYS TEACHERS WARM"
)
_VARIABLES = tuple(f"CONVSCOPE_{name}" for name in _NAMES.split())


def _reading() -> tuple[tuple[Any, ...], Callable[[Any], Any]]:
    """How the variables are asked for: their keys, and the function that has a value for each, or None.

    A page asks for the settings some forty times. `os.environ` spells each name anew, in all 2 of a page's 36 ms; what
    it holds the values in is asked for directly, where there is such a thing.
    """
    held = getattr(os.environ, "_data", None)
    if isinstance(held, dict) and callable(spell := getattr(os.environ, "encodekey", None)):
        return tuple(map(spell, _VARIABLES)), held.get
    return _VARIABLES, os.environ.get


_KEYS, _look_up = _reading()


@lru_cache(maxsize=8)  # a page asks some twenty times
def _settings(environment: tuple[str | bytes | None, ...]) -> Settings:
    texts = (os.fsdecode(value) if isinstance(value, bytes) else value for value in environment)
    given = dict(zip(_VARIABLES, texts, strict=True))
    cores = os.cpu_count() or 1
    # Measured: one thread each costs these small nets little, so more runs at once beat more threads in one.
    most = max(MOST_PROCESSES, 4 * cores)
    workers = _read(
        given, "CONVSCOPE_WORKERS", _at_least(1, most), 1 if is_small() else max(1, min(cores, 4))
    )
    return Settings(
        data_dir=_read(given, "CONVSCOPE_DATA", Path, Path("data")),
        runs_dir=_read(given, "CONVSCOPE_RUNS", Path, Path("runs")),
        offline=_read(given, "CONVSCOPE_OFFLINE", _yes_or_no, False),
        device=_read(given, "CONVSCOPE_DEVICE", _one_of(*DEVICES), "auto"),
        workers=workers,
        threads=_read(given, "CONVSCOPE_THREADS", _at_least(1, most), max(1, cores // workers)),
        ray=_read(given, "CONVSCOPE_RAY", _cluster, ""),
        max_parameters=_read(given, "CONVSCOPE_MAX_PARAMETERS", _at_least(1), 5_000_000),
        max_macs=_read(given, "CONVSCOPE_MAX_MACS", _at_least(1), 200_000_000),
        max_epochs=_read(given, "CONVSCOPE_MAX_EPOCHS", _at_least(1), 50),
        max_queue=_read(given, "CONVSCOPE_MAX_QUEUE", _at_least(1), 5),
        # A run of the lesson takes 8 MB, one of 5 million parameters 300.
        max_store_mb=_read(given, "CONVSCOPE_MAX_STORE_MB", _at_least(1), 20_000),
        max_visitor_mb=_read(given, "CONVSCOPE_MAX_VISITOR_MB", _at_least(1), 2_000),
        reserve_mb=_read(given, "CONVSCOPE_RESERVE_MB", _at_least(1), 300),
        max_waiting=_read(given, "CONVSCOPE_MAX_WAITING", _at_least(1), 200),
        slice_seconds=_read(given, "CONVSCOPE_SLICE_SECONDS", _seconds, 600.0),
        idle_seconds=_read(given, "CONVSCOPE_IDLE_SECONDS", _seconds, 300.0),
        away_seconds=_read(given, "CONVSCOPE_AWAY_SECONDS", _seconds, 300.0),
        log=_read(given, "CONVSCOPE_LOG", _one_of("text", "json"), "text"),
        metrics_token=_read(given, "CONVSCOPE_METRICS_TOKEN", str, ""),
        source_url=_read(given, "CONVSCOPE_SOURCE_URL", _web_address, ""),
        embed_on=_read(given, "CONVSCOPE_EMBED_ON", _origins, ()),
        max_classes=_read(given, "CONVSCOPE_MAX_CLASSES", _at_least(1), 50),
        max_students=_read(given, "CONVSCOPE_MAX_STUDENTS", _at_least(1), 60),
        class_days=_read(given, "CONVSCOPE_CLASS_DAYS", _at_least(1), 30),
        teachers=_read(given, "CONVSCOPE_TEACHERS", _people, ()),
        warm=_read(given, "CONVSCOPE_WARM", _yes_or_no, True),
    )


def _read(given: Mapping[str, str | None], variable: str, convert: Callable[[str], T], default: T) -> T:
    text = (given[variable] or "").strip()
    if not text:
        return default
    try:
        return convert(text)
    except ValueError as error:
        raise StudentError(
            f"{variable} is {quoted(text)}, which is not usable: {error}.", hint="Change it or unset it."
        ) from error


def _one_of(*words: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return text

    return convert


def _origins(text: str) -> tuple[str, ...]:
    # They become part of a header, so nothing but an origin may be one.
    origins = tuple(text.replace(",", " ").split())
    if not all(re.fullmatch(r"https?://[\w.*-]+(:(\d+|\*))?", origin, re.ASCII) for origin in origins):
        raise ValueError("it must be addresses such as https://moodle.example.org, with a space between two")
    return origins


def _people(text: str) -> tuple[str, ...]:
    # Whoever these are may open a class, so one that was mistyped must not come to mean everybody.
    people = tuple(text.lower().replace(",", " ").split())
    if not people or not all(re.fullmatch(r"([^\s@]+@)?[\w-]+(\.[\w-]+)+", one) for one in people):
        raise ValueError("it must be e-mail addresses or domains, such as ada@example.org example.edu")
    return people


def _web_address(text: str) -> str:
    # It becomes part of a link on a page.
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w.~%@+-]*)*", text, re.ASCII):
        raise ValueError("it must be an address such as https://example.org/convscope/blob/main/")
    return text


def _cluster(text: str) -> str:
    if not re.fullmatch(r"auto|[\w.-]+:\d+", text, re.ASCII):
        raise ValueError("it must be auto, or an address such as 192.0.2.7:6379")
    if find_spec("ray") is None:
        raise ValueError("the package ray is not installed (see requirements-ray.txt)")
    return text


def _at_least(least: int, most: int | None = None) -> Callable[[str], int]:
    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:  # Python's own words for it are not for an operator
            number = least - 1
        if number < least or (most is not None and number > most):
            raise ValueError(
                f"it must be a whole number, {least} or more"
                if most is None
                else f"it must be a whole number from {least} to {most}"
            )
        return number

    return convert


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1e9:
        raise ValueError("it must be a number of seconds")
    return number


def _yes_or_no(text: str) -> bool:
    meaning = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(
        text.lower()
    )
    if meaning is None:
        raise ValueError("it must be 1 or 0")
    return meaning
