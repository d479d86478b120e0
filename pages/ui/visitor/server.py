"""What this server has for everybody: the run store, the images, the networks trained before."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from cnn_core.runs.ids import is_run_id
from pages.ui.visitor import sign_in

if TYPE_CHECKING:
    from cnn_core.classroom import Board, Classes, Scenes
    from cnn_core.data import ImageSet
    from cnn_core.runs import RunStore

log = logging.getLogger("convscope.server")

LOOK_SECONDS = 2.0  # how often it is looked for work that nobody does
EXPECT_SECONDS = 5.0  # how often a page that is opened has it looked whether workers are warm
TIDY_SECONDS = 3_600.0  # how often classes that ended long ago are wiped
DEFAULT = "pretrained:lesson"  # what everybody looks at first
PRETRAINED = {
    "lesson": "Lesson convnet, ready trained",
    "mlp": "MLP, ready trained",
    "modern": "Modern convnet, ready trained",
}


def store() -> RunStore:
    """The run store of this server's settings."""
    from cnn_core.settings import settings

    return _store(settings().runs_dir)


@lru_cache(maxsize=4)  # Streamlit's cache takes longer to look a thing up than the store to answer
def _store(path: Path) -> RunStore:
    from cnn_core.runs import RunStore

    return RunStore(path, rules=_scenes(path))


def classes() -> Classes:
    """The classes of this server. One guard for all of it: who guesses codes waits in every tab."""
    return _classes(store().path)


@lru_cache(maxsize=4)
def _classes(path: Path) -> Classes:
    from cnn_core.classroom import Classes

    return Classes(path, signs_in=sign_in.is_on())  # what it says holds until the server starts anew


def board() -> Board:
    """What the boards of all classes are made of; one for the server, for it remembers what it read."""
    return _board(store().path)


@lru_cache(maxsize=4)
def _board(path: Path) -> Board:
    from cnn_core.classroom import Board

    return Board(_classes(path), _store(path))


def scenes() -> Scenes:
    """The scenes of this server, which its store asks before it takes anything in."""
    return _scenes(store().path)


@lru_cache(maxsize=4)
def _scenes(path: Path) -> Scenes:
    from cnn_core.classroom import Scenes

    return Scenes(path.absolute(), _classes(path.absolute()))


def wake_runner() -> None:
    """Start the process that does the queued work, unless it is there. After each call that queues something.

    Raises StudentError where the folder of runs cannot be written.
    """
    from cnn_core.runs import ensure_runner

    ensure_runner(store())


def keep_workers_warm() -> None:
    """Somebody looks at a page: have workers warm before anything is asked of them. Cheap; raises nothing.

    Not where CONVSCOPE_WARM is 0, nor on a machine with no memory to spare for those that nobody may need.
    """
    from cnn_core.machine import is_small
    from cnn_core.runs import expect_work
    from cnn_core.settings import settings

    path, now = store().path, time.monotonic()
    if now < _expected.get(path, -EXPECT_SECONDS) + EXPECT_SECONDS or not settings().warm or is_small():
        return
    _expected[path] = now
    try:
        expect_work(store())
    except (StudentError, OSError) as error:  # whoever trains is told
        log.info("no worker is warm before somebody trains: %s", error)


def wait_for_workers(most: float) -> bool:
    """Where workers are expected, wait until they are warm; for what can wait, lest it take the processor from them.

    Returns whether they are: then their runner computes ahead, too.

    most: seconds; where no runner can be started it takes no longer.
    """
    from cnn_core.runs import runner_is_alive

    end = time.monotonic() + most
    while store().path in _expected and time.monotonic() < end:
        if runner_is_alive(store()) and (store().path / "runner.json").exists():
            return True
        time.sleep(0.1)
    return False


def use(networks: Iterable[str]) -> None:
    """These are looked at now: what is a run among them counts as used, and is not deleted to make room.

    networks: names, as `NetworkName` spells them.
    """
    from cnn_core.runs.tidying import use

    for name in networks:
        kind, _, run_id = name.partition(":")
        if kind == "run" and is_run_id(run_id):
            use(store().path / run_id)


def lack() -> str:
    """Why no work is given out: FULL or READ_ONLY of `cnn_core.files`, "" where there is room on the disk. Cheap."""
    from cnn_core.runs.disk import lack

    return lack(store().path)


def check_settings() -> None:
    """Raise StudentError, with the sentence, where the operator has set something that makes no sense."""
    from cnn_core.settings import settings

    try:
        settings()
    except StudentError as error:
        _tell_the_operator(f"This server cannot start. {error}")
        raise


@lru_cache(maxsize=16)  # once for each sentence, and not at every look
def _tell_the_operator(sentence: str) -> None:
    log.error("%s", sentence)


def take_up_work() -> None:
    """Start the runner where work was left and nobody does it: after a crash, whoever comes first sees to everybody's.

    Cheap: a look into two folders, at most once in LOOK_SECONDS. Where no runner can be started nothing is said
    here: the pages that wait for one say it.
    """
    path, now = store().path, time.monotonic()
    if now < _looked.get(path, 0.0) + LOOK_SECONDS:
        return
    _looked[path] = now
    tidy_classes()
    try:
        if store().has_work():
            wake_runner()
    except (StudentError, OSError) as error:
        _tell_the_operator(f"Work waits, and no runner can be started: {error}")


def tidy_classes() -> None:
    """Wipe classes that ended and scenes that were opened long ago, once in TIDY_SECONDS; raises nothing."""
    one, now = classes(), time.monotonic()
    if now < _tidied.get(one.path, -TIDY_SECONDS) + TIDY_SECONDS:
        return
    _tidied[one.path] = now
    try:
        one.tidy()
        scenes().tidy()
    except (StudentError, OSError) as error:
        _tell_the_operator(f"Classes that ended long ago are still there: {error}")


_looked: dict[Path, float] = {}  # a store's folder: when it was looked at, of the monotonic clock
_expected: dict[Path, float] = {}  # the same: when work was expected there
_tidied: dict[Path, float] = {}  # the folder of its classes: when it was tidied, of the same


def images(dataset: str = "mnist", split: str = "test") -> ImageSet:
    """The images that are on this machine now, for looking only: shared by all visitors, never to be changed.

    Never waits for a network; `.is_sample` and `.source` say what they are. A second call costs nothing.
    Raises StudentError where there are none (Fashion-MNIST before it was fetched).
    """
    from cnn_core.data import load_images
    from cnn_core.data.own.names import is_own
    from cnn_core.settings import settings

    if is_own(dataset):  # it grows while somebody draws
        return load_images(dataset, split, fetch=False)
    return _images(dataset, split, settings().data_dir, int(time.monotonic() / SAME_SECONDS))


def why_no_images(dataset: str, split: str = "test") -> StudentError | None:
    """What to say where there are no images of a data set on this machine now; None where there are. Cheap."""
    try:
        images(dataset, split)
    except StudentError as error:
        return error
    return None


# A page asks some eight times, and each time it is looked whether the files are still the same.
SAME_SECONDS = 0.5


@lru_cache(maxsize=4)
def _images(dataset: str, split: str, folder: Path, _moment: int) -> ImageSet:
    from cnn_core.data import load_images

    return load_images(dataset, split, fetch=False)
