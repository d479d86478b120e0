"""The moments of a training that were kept, and what one filter was at each: computed once, also while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.insight import Frame, replay
from cnn_core.kept import kept
from cnn_core.network_name import NetworkName
from cnn_core.pretrained.cards import replay_path
from cnn_core.training import load_model
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.model import Network

TESTED = 500  # test images that each moment of a replayed run reads

File = tuple[int, str, int]
Moment = tuple[int, "Callable[[], Network]"]  # (optimizer steps done, what loads the network of then)


@dataclass(frozen=True)
class Moments:
    """The moments of one training, in its order.

    key:      the same key, the same training; it may have got more moments since.
    saved:    the moments.
    accuracy: {step: fraction of all test images}; empty where nobody has measured it.
    files:    of each moment its step, the file that holds its weights, and that file's time in nanoseconds.
    """

    key: str
    saved: list[Moment] = field(default_factory=list)
    accuracy: dict[int, float] = field(default_factory=dict)
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class Look:
    """What is looked at in each moment: one filter of one layer, and what it makes of one image.

    reads_image: whether that layer lies on the image itself.
    """

    image: ChosenImage
    layer: str
    filter: int
    reads_image: bool = False

    @property
    def key(self) -> str:
        """The same key, the same look."""
        return f"{self.image.key}/{self.layer}/{self.filter}"


def moments_of(network: LoadedNetwork) -> Moments:
    """What was kept of its training; no moments where nothing was."""
    key = network.run_id or network.weights_key
    try:
        return _of_run(key, network.run_id) if network.run_id else _of_ours(key, network)
    except StudentError:
        return Moments(key)


def _of_run(key: str, run_id: str) -> Moments:
    snapshots = server.store().run(run_id).snapshots()
    saved: list[Moment] = [(snapshot.step, partial(_network_of, snapshot.path)) for snapshot in snapshots]
    return Moments(key, saved, files=tuple(_file(snapshot.step, snapshot.path) for snapshot in snapshots))


def _file(step: int, path: Path) -> File:
    try:
        return step, str(path), path.stat().st_mtime_ns
    except OSError:  # thinned out a moment ago: whoever reads it is told
        return step, str(path), 0


def _network_of(path: Path) -> Network:
    return load_model(path, check_limits=False)[0]


def _of_ours(key: str, network: LoadedNetwork) -> Moments:
    name = NetworkName.parse(network.weights_key).name if network.kind == "pretrained" else "lesson"
    course = pretrained.replay(name)
    accuracy = dict(zip(course.moments.step, course.moments.accuracy, strict=True))
    saved: list[Moment] = [(step, partial(course.load, step)) for step in course.steps]
    files = tuple((step, str(replay_path(name)), 0) for step in course.steps)
    return Moments(key, saved, accuracy, files)


def accuracy_of(moments: Moments, dataset: str) -> dict[int, float]:
    """{step: the fraction of `TESTED` test images it reads rightly}: validation comes only once an epoch."""
    return {step: _accuracy_at(moments.key, step, dataset, load) for step, load in moments.saved}


@kept(0.2)
def _accuracy_at(key: str, step: int, dataset: str, _load: Callable[[], Network]) -> float:
    net = _load()
    then = LoadedNetwork(net, net.spec, key, "run", None, step, step > 0, f"{key}:{step}", dataset)
    return look(then, "accuracy", TESTED)


def frames_of(moments: Moments, look: Look) -> list[Frame]:
    """One frame a moment; what was seen before is not computed again, also while a training goes on."""
    frames, lock = _frames_so_far(moments.key, look.image.key, look.layer, look.filter)
    with lock:
        last = frames[-1] if frames else None
        new = [(step, load) for step, load in moments.saved if last is None or step > last.step]
        frames.extend(replay(new, look.image.image, look.layer, look.filter, after=last))
        return list(frames)


@st.cache_resource(show_spinner=False, max_entries=24)
def _frames_so_far(key: str, image: str, layer: str, filter: int) -> tuple[list[Frame], threading.Lock]:
    return [], threading.Lock()
