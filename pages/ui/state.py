"""What a page may ask about the visitor: who they are, which network they look at, which digits there are.

Widgets live elsewhere (sidebar.py); this module reads their choice and loads what was chosen, once for all
visitors. Networks that come from here are shared: in eval mode, frozen, and for reading only.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import streamlit as st

from cnn_core.errors import StudentError
from pages.ui.shell import give_memory_back

if TYPE_CHECKING:  # torch stays out until a page needs a network
    from cnn_core.data import ImageSet
    from cnn_core.model import ModelSpec
    from cnn_core.model.network import Network
    from cnn_core.runs import Run, RunStore

P, T = ParamSpec("P"), TypeVar("T")

# ---------------------------------------------------------------- who

COOKIE = "convscope_visitor"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)  # what secrets.token_urlsafe(16) makes

_remember = st.components.v2.component(
    "remember_visitor",
    html="<span hidden></span>\n<!-- nothing to see -->",
    js="""
export default function ({ data: [data] }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.token}; path=/; max-age=31536000; SameSite=Lax${secure}`;
}
""",
)


def visitor() -> str:
    """The visitor's token: owner of their runs. A secret, known to this browser and to us; never print it.

    It outlives F5 and is the same in every tab, by a cookie; where cookies are refused it lasts as long as
    the session.
    """
    if "visitor" not in st.session_state:
        cookie = st.context.cookies.get(COOKIE, "")
        st.session_state["visitor"] = cookie if is_token(cookie) else secrets.token_urlsafe(16)
    return st.session_state["visitor"]


def is_token(text: object) -> bool:
    """Whether it looks like a token of ours; a cookie can hold anything."""
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def remember_visitor() -> None:
    """Let the browser keep the token, unless it does already. Draws nothing; for dashboard.py."""
    token = visitor()
    if st.context.cookies.get(COOKIE) != token:
        _remember(key="remember_visitor", data=[{"name": COOKIE, "token": token}], height=1)


# ---------------------------------------------------------------- runs


def store() -> RunStore:
    """The run store of this server's settings."""
    from cnn_core.settings import settings

    return _store(settings().runs_dir)


@lru_cache(maxsize=4)  # Streamlit's cache takes longer to look a thing up than the store to answer
def _store(path: Path) -> RunStore:
    from cnn_core.runs import RunStore

    return RunStore(path)


# ---------------------------------------------------------------- the network being looked at

DEFAULT = "pretrained:lesson"
# How long the weights of a run in training stay the ones that are looked at, in seconds: a fifth of the time it has
# trained so far, for a network changes ever more slowly; but so long at least, and so long at most.
HELD_SHARE, HELD_AT_LEAST, HELD_AT_MOST = 0.2, 6.0, 30.0
PRETRAINED = {
    "lesson": "Lesson convnet, ready trained",
    "mlp": "MLP, ready trained",
    "modern": "Modern convnet, ready trained",
}


@dataclass(frozen=True)
class Shown:
    """The network a page looks at. `net` is shared by all visitors: eval mode, frozen, for reading only."""

    net: Network
    spec: ModelSpec
    title: str  # "Lesson convnet, ready trained"
    kind: str  # "pretrained" | "run" | "design"
    run_id: str | None
    step: int | None  # of a run: which snapshot
    trained: bool
    weights_key: str  # the same key, the same weights: what a page may cache by
    dataset: str = "mnist"  # what it was trained on
    note: str = ""  # a sentence, when something else is shown than was asked for


def network() -> Shown:
    """The network the sidebar chose, or the lesson's convnet with a sentence in `.note`."""
    choice = st.session_state.get("network") or DEFAULT
    return network_named(str(choice))


def network_named(name: str) -> Shown:
    """The network of that name ("pretrained:lesson", "run:<id>", "design"), with the same fallback."""
    try:
        return _chosen(name)
    except StudentError as error:
        return replace(
            _pretrained("lesson"), note=f"{error} You are looking at the lesson’s convnet, trained by us."
        )


def untrained(spec: ModelSpec, seed: int = 0) -> Shown:
    """A network of this design as it is before any training."""
    return replace(_built(spec.to_link(), seed), title=f"{spec.name}, untrained")


def is_training() -> bool:
    """Whether the network being looked at is a run that goes on, so that its weights will change."""
    kind, _, run_id = str(st.session_state.get("network") or DEFAULT).partition(":")
    try:
        return kind == "run" and store().run(run_id).status.unfinished
    except StudentError:
        return False


def _chosen(choice: str) -> Shown:
    kind, _, name = choice.partition(":")
    if kind == "pretrained" and name in PRETRAINED:
        return _pretrained(name)
    if kind == "run":
        return _newest(name)
    if choice == "design":
        return _untrained()
    raise StudentError("There is no network of that name.", hint="Choose one in the sidebar.")


@st.cache_resource(max_entries=len(PRETRAINED), show_spinner=False)
def _pretrained(name: str) -> Shown:
    from cnn_core.pretrained import load_pretrained

    net, spec = load_pretrained(name)
    return Shown(_frozen(net), spec, PRETRAINED[name], "pretrained", None, None, True, f"pretrained:{name}")


def _newest(run_id: str) -> Shown:
    run = store().run(run_id)
    if run.kind != "training":
        raise StudentError("That run trained no network.", hint="Choose another in the sidebar.")
    status = run.status
    if not status.saved_step and not run.snapshots():
        before = _built(run.spec.to_link(), run.recipe.seed)
        return replace(before, title=run_title(run), kind="run", run_id=run_id, step=0, dataset=run.dataset)
    path = run.snapshot_path("last")
    try:
        stamp, step = (
            _held(run_id, str(path)) if status.unfinished else (path.stat().st_mtime_ns, status.saved_step)
        )
        net, spec = _read(str(path), stamp)
    except FileNotFoundError as error:
        raise StudentError(
            "That run has just been deleted.", hint="Choose another in the sidebar."
        ) from error
    key = f"run:{run_id}:{stamp}"
    return Shown(net, spec, run_title(run), "run", run_id, step, step > 0, key, run.dataset)


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


def run_title(run: Run) -> str:
    """A run's own name, and whether it is still in training."""
    going_on = {"queued": "waiting", "running": "in training", "paused": "paused"}.get(run.status.state)
    return f"{run.name}, {going_on}" if going_on else run.name


@st.cache_resource(max_entries=24, show_spinner=False)
def _read(path: str, stamp: int) -> tuple[Network, ModelSpec]:
    # `stamp` makes the weights of a later moment another entry.
    from cnn_core.training import load_model

    net, spec = load_model(path)
    return _frozen(net), spec


def _untrained() -> Shown:
    from cnn_core.model import ModelSpec

    return _built(ModelSpec.from_dict(design()).to_link(), 0)


@st.cache_resource(max_entries=16, show_spinner=False)
def _built(link: str, seed: int) -> Shown:
    from cnn_core.model import ModelSpec, build

    spec = ModelSpec.from_link(link)
    key = f"design:{spec.fingerprint}:{seed}"
    return Shown(
        _frozen(build(spec, seed)), spec, "My design, not trained yet", "design", None, None, False, key
    )


def _frozen(net: Network) -> Network:
    return net.eval().requires_grad_(False)


# ---------------------------------------------------------------- the design being edited


def design() -> dict:
    """The draft in the sidebar, which may be impossible; the lesson's convnet where there is none.

    It lives in the address, so that a link carries it. A link that cannot be read counts as none, and
    the sidebar says so.
    """
    from pages.ui.design import draft

    return draft()


# ---------------------------------------------------------------- images


def images(dataset: str = "mnist", split: str = "test") -> ImageSet:
    """The images that are on this machine now, for looking only: shared by all visitors, never to be changed.

    Never waits for a network; `.is_sample` and `.source` say what they are. A second call costs nothing.
    Raises StudentError where there are none (Fashion-MNIST before it was fetched).
    """
    from cnn_core.data import load_images

    return load_images(dataset, split, fetch=False)


def classes_of(shown: Shown) -> tuple[str, ...]:
    """What the network's outputs are called: the data set's classes, or numbers where it has another number of them."""
    from cnn_core.data.sources import dataset_of

    known = dataset_of(shown.dataset).classes
    return known if len(known) == shown.spec.classes else tuple(str(i) for i in range(shown.spec.classes))


# ---------------------------------------------------------------- heavy work

_places = threading.BoundedSemaphore(os.cpu_count() or 1)


def in_turn(compute: Callable[P, T]) -> Callable[P, T]:
    """Decorator for what reads thousands of images: as many at once as there are processors, the others wait.

    More at once would be done no sooner, and each needs a hundred megabytes for a moment (the figures are in
    shell.keep_memory_together). Goes below st.cache_data.
    """

    @wraps(compute)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        with _places:
            try:
                return compute(*args, **kwargs)
            finally:
                give_memory_back()

    return waiting
