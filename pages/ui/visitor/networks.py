"""The network that a page looks at, loaded once for all visitors.

Which one it is, the visitor chose in the sidebar (`design.looked_at`). Networks that come from here are shared: in eval
mode, frozen, and for reading only.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.learnt_from import ImagesLearntFrom
from cnn_core.errors import StudentError
from cnn_core.kept import kept
from cnn_core.network_name import NetworkName
from pages.ui.visitor import design
from pages.ui.visitor.server import PRETRAINED, store

if TYPE_CHECKING:  # torch stays out until a page needs a network
    from cnn_core.model import ModelSpec
    from cnn_core.model.network import Network
    from cnn_core.runs import Run


# ---------------------------------------------------------------- the network being looked at

# How long the weights of a run in training stay the ones that are looked at: a fifth of the time it has trained so far,
# for a network changes ever more slowly; but between HELD_AT_LEAST and HELD_AT_MOST seconds.
HELD_SHARE, HELD_AT_LEAST, HELD_AT_MOST = 0.2, 6.0, 30.0

NETWORKS = 60  # megabytes of weights that are kept, of runs and of designs each: three of the largest, or 150 lessons

# What a run that goes on is called, in one word. Here, because `LoadedNetwork.title` holds it; the sentences about a
# run's state are in wording/run_states.py.
_MOMENTS = {"best": ", best epoch", "last": ", last epoch", "remeasured": ", averages anew"}
GOING_ON = {"queued": "waiting", "running": "in training", "paused": "paused"}


@dataclass(frozen=True)
class LoadedNetwork:
    """The network a page looks at. `net` is shared by all visitors: eval mode, frozen, for reading only."""

    net: Network
    spec: ModelSpec
    title: str  # "Lesson convnet, ready trained"
    kind: str  # "pretrained" | "run" | "design"
    run_id: str | None
    step: int | None  # of a run: which snapshot
    trained: bool
    weights_key: str  # the same key, the same weights: what a page may cache by
    dataset: str = "mnist"  # what it was trained on; of a design what it could be
    note: str = ""  # a sentence, when something else is shown than was asked for
    learnt_from: ImagesLearntFrom = field(
        default_factory=ImagesLearntFrom
    )  # no images, where it is not trained


def current() -> LoadedNetwork:
    """The network the sidebar chose, or the lesson's convnet with a sentence in `.note`."""
    return named(design.looked_at())


def named(name: str) -> LoadedNetwork:
    """The network of that name ("pretrained:lesson", "run:<id>", "design"), with the same fallback."""
    try:
        return _chosen(name)
    except StudentError as error:
        return replace(
            _pretrained("lesson"), note=f"{error} You are looking at the lesson’s convnet, trained by us."
        )


def exactly(name: str) -> LoadedNetwork:
    """The network of that name, and no other in its place. Raises StudentError where there is none."""
    return _chosen(name)


def ours(name: str) -> LoadedNetwork:
    """One of the networks that come with Convscope. Raises StudentError where its weights are not here."""
    return _pretrained(name)


def untrained(spec: ModelSpec, seed: int = 0) -> LoadedNetwork:
    """A network of this design as it is before any training."""
    return replace(_built(spec, seed), title=f"{spec.name}, untrained")


def is_training() -> bool:
    """Whether the network being looked at is a run that goes on, so that its weights will change."""
    try:
        name = NetworkName.parse(design.looked_at())
        return name.kind == "run" and store().run(name.name).status.unfinished
    except StudentError:
        return False


def _chosen(choice: str) -> LoadedNetwork:
    name = NetworkName.parse(choice, hint=design.CHOOSE)
    if name.kind == "pretrained" and name.name in PRETRAINED:
        return _pretrained(name.name)
    if name.kind == "run" and name.step is None:
        return _newest(name.name, name.moment)
    if choice == design.DESIGN:
        return _untrained()
    raise StudentError("There is no network of that name.", hint=design.CHOOSE)


@kept(NETWORKS)
def _pretrained(name: str) -> LoadedNetwork:
    from cnn_core.pretrained import card, load_pretrained

    net, spec = load_pretrained(name)
    return LoadedNetwork(
        _frozen(net),
        spec,
        PRETRAINED[name],
        "pretrained",
        None,
        None,
        True,
        f"pretrained:{name}",
        learnt_from=card(name).learnt_from,
    )


def _newest(run_id: str, moment: str = "") -> LoadedNetwork:
    """moment: one of a run's weights that have a name, or "" for what it came to."""
    run = store().run(run_id)
    if run.kind != "training":
        raise StudentError("That run trained no network.", hint="Choose another in the sidebar.")
    status = run.status
    if not status.saved_step and not run.snapshots():
        before = _built(run.spec, run.recipe.seed)
        return replace(before, title=run_title(run), kind="run", run_id=run_id, step=0, dataset=run.dataset)
    which = moment or run.moment
    path = run.snapshot_path(which)
    step = best.step if which == "best" and (best := run.best()) else status.saved_step
    try:
        stamp, step = (
            _held(run_id, str(path))
            if status.unfinished and which == "last"
            else (path.stat().st_mtime_ns, step)
        )
        net, spec = _read(str(path), stamp)
    except FileNotFoundError as error:
        raise StudentError(
            "That run has just been deleted.", hint="Choose another in the sidebar."
        ) from error
    key = f"run:{run_id}:{which}:{stamp}"
    title = run_title(run) + moment_words(run, moment)
    return LoadedNetwork(
        net,
        spec,
        title,
        "run",
        run_id,
        step,
        step > 0,
        key,
        run.dataset,
        learnt_from=run.learnt_from,
    )


# A run in training saves new weights every 2 s, and everything a page computes of a network is computed anew for them.
# Everybody looks at the same ones for a while. Measured over 120 s, 30 students of whom 6 look at runs in training, on
# two cores: 64 s of processor time for the server with 6 s throughout, 89 s without it.
@dataclass
class _Held:
    stamp: int = 0
    step: int = 0
    until: float = 0.0  # of the monotonic clock


@st.cache_resource(max_entries=64, show_spinner=False)
def _holding(run_id: str, path: str) -> _Held:
    return _Held()


def _held(run_id: str, path: str) -> tuple[int, int]:
    """Which weights of a run in training are looked at now: their file's time in nanoseconds, and their step."""
    held = _holding(run_id, path)
    if time.monotonic() >= held.until:
        status = store().run(run_id).status
        held.stamp, held.step = os.stat(path).st_mtime_ns, status.saved_step
        held.until = time.monotonic() + min(HELD_AT_MOST, max(HELD_AT_LEAST, HELD_SHARE * status.seconds))
    return held.stamp, held.step


def moment_words(run: Run, moment: str) -> str:
    """What is added to a run's name for weights of it that are not what it came to: ", best epoch"."""
    return "" if moment in ("", run.moment) else _MOMENTS.get(moment, "")


def other_moments(run: Run) -> list[str]:
    """The weights of a run that have a name and are not what it came to."""
    best = run.best()
    others = [] if best is None or best.step >= run.status.saved_step else ["best", "last"]
    if run.remeasured().get("accuracy") is not None:
        others.append("remeasured")
    return [moment for moment in others if moment != run.moment]


def run_title(run: Run) -> str:
    """A run's own name, and whether it is still in training."""
    going_on = GOING_ON.get(run.status.state)
    return f"{run.name}, {going_on}" if going_on else run.name


@kept(NETWORKS)
def _read(path: str, stamp: int) -> tuple[Network, ModelSpec]:
    # `stamp` makes the weights of a later moment another entry.
    from cnn_core.training import load_model

    net, spec = load_model(path, check_limits=False)
    return _frozen(net), spec


def _untrained() -> LoadedNetwork:
    inspection = design.inspect(design.draft())
    if inspection.spec is None:
        raise inspection.problem or StudentError("This network cannot be built.")
    return replace(_built(inspection.spec, 0), dataset=_images_for(inspection.spec))


def _images_for(spec: ModelSpec) -> str:
    """The data set whose images an untrained design can look at: of its shape, with as many classes, and here."""
    from cnn_core.data.sources import KNOWN, available

    of_its_shape = [dataset for dataset in KNOWN.values() if dataset.shape == spec.input_shape]
    of_its_shape.sort(key=lambda dataset: len(dataset.classes) != spec.classes)
    here = next((dataset for dataset in of_its_shape if available(dataset.key).is_usable), None)
    return (here or next(iter(of_its_shape), KNOWN["mnist"])).key


# A spec is hashable, and equal specs are equal networks: it is the key itself.
@kept(NETWORKS)
def _built(spec: ModelSpec, seed: int) -> LoadedNetwork:
    from cnn_core.model import build

    key = f"design:{spec.fingerprint}:{seed}"
    return LoadedNetwork(
        _frozen(build(spec, seed)), spec, "My design, not trained yet", "design", None, None, False, key
    )


def _frozen(net: Network) -> Network:
    return net.eval().requires_grad_(False)


def classes_of(network: LoadedNetwork) -> tuple[str, ...]:
    """What the network's outputs are called: the data set's classes, or numbers where it has another number of them."""
    from cnn_core.data.sources import dataset_of

    names, outputs = dataset_of(network.dataset).classes, network.spec.classes
    return names if len(names) == outputs else tuple(str(i) for i in range(outputs))
