"""The moments of a training that were kept, and what one filter was at each: computed once, also while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.insight import Frame, next_from
from cnn_core.looking import Pixels
from cnn_core.network_name import NetworkName
from cnn_core.pretrained.cards import replay_path
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import looking

TESTED = 500  # test images that each moment of a replayed run reads

File = tuple[int, str, int]


@dataclass(frozen=True)
class Moments:
    """The moments of one training, in its order.

    key:      the same key, the same training; it may have got more moments since.
    accuracy: {step: fraction of all test images}; empty where nobody has measured it.
    files:    of each moment its step, the file that holds its weights, and that file's time in nanoseconds.
    """

    key: str
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
    return Moments(key, files=tuple(_file(snapshot.step, snapshot.path) for snapshot in snapshots))


def _file(step: int, path: Path) -> File:
    try:
        return step, str(path), path.stat().st_mtime_ns
    except OSError:  # thinned out a moment ago: whoever reads it is told
        return step, str(path), 0


def _of_ours(key: str, network: LoadedNetwork) -> Moments:
    name = NetworkName.parse(network.weights_key).name if network.kind == "pretrained" else "lesson"
    course = pretrained.replay(name)
    accuracy = dict(zip(course.moments.step, course.moments.accuracy, strict=True))
    files = tuple((step, str(replay_path(name)), 0) for step in course.steps)
    return Moments(key, accuracy, files)


def asked_of(
    network: LoadedNetwork, key: str, job: str, images: int, files: Sequence[File], **asked: Any
) -> Any:
    """What a job answers of these moments of a training.  key: of its `Moments`. Raises StudentError."""
    snapshots = tuple((step, path) for step, path, _ in files)
    # The files say which weights they are, whatever the newest ones of the run are by now.
    of_files = replace(network, weights_key=f"{key}:{hash(tuple(files))}")
    return looking.look(of_files, job, images, snapshots=snapshots, **asked)


def accuracy_of(network: LoadedNetwork, moments: Moments) -> dict[int, float]:
    """{step: the fraction of `TESTED` test images it reads rightly}: validation comes only once an epoch."""
    so_far = _accuracy_so_far(moments.key, network.dataset)
    if new := [file for file in moments.files if file[0] not in so_far]:
        found = asked_of(network, moments.key, "accuracies_over", TESTED, new)
        so_far.update(zip([step for step, _, _ in new], found, strict=True))
    return dict(so_far)


def frames_of(network: LoadedNetwork, moments: Moments, look: Look) -> list[Frame]:
    """One frame a moment; what was seen before is not computed again, also while a training goes on."""
    so_far, lock = _frames_so_far(moments.key, look.image.key, look.layer, look.filter)
    last = so_far[-1] if so_far else None
    if new := [file for file in moments.files if last is None or file[0] > last.step]:
        start = None if last is None else next_from(last)
        found = asked_of(
            network,
            moments.key,
            "filter_over",
            0,
            new,
            image=Pixels.of(look.image.image),
            layer=look.layer,
            filter=look.filter,
            before=None if start is None else Pixels.of(start),
        )
        with lock:  # whoever asked for the same at the same time may have put it there
            known = so_far[-1].step if so_far else -1
            so_far.extend(frame for frame in found if frame.step > known)
    return list(so_far)


@st.cache_resource(show_spinner=False, max_entries=24)
def _accuracy_so_far(key: str, dataset: str) -> dict[int, float]:
    return {}


@st.cache_resource(show_spinner=False, max_entries=24)
def _frames_so_far(key: str, image: str, layer: str, filter: int) -> tuple[list[Frame], threading.Lock]:
    return [], threading.Lock()
