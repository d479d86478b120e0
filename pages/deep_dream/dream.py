"""Which dream is on the page: picked in this session, or asked for by the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.first_dream import PHOTO, first_dream
from cnn_core.runs import Run
from pages.ui.visitor import server

SHOWN = "dream_shown"  # id of the dream on the page


FOR = "dream_for"  # key of the picture that was chosen when it came there; another picture sends it away


_ADDRESS = "dream_address"  # the id as we last wrote it into the address


FRAME = "dream_frame"  # (dream, octave) that was clicked


PROBLEM = "dream_problem"  # a StudentError of the last click, shown once


@dataclass(frozen=True)
class Picked:
    """The picture a dream would begin with.  key: the same key, the same picture."""

    png: bytes
    key: str
    title: str


@dataclass(frozen=True)
class Shown:
    """A dream as the page shows it, of the store or the one that is in the project."""

    key: str
    spec: DreamSpec
    photo: Path
    frames: Sequence[Path]  # one an octave, so far
    result: dict[str, Any]
    run: Run | None = None

    @property
    def octaves(self) -> int:
        """How many there will be: those too small for the network are left out, which shows once it has begun."""
        if self.run is None:
            return len(self.frames)
        steps = self.run.status.steps
        return max(1, round(steps / self.spec.steps)) if steps else self.spec.octaves


def follow_address() -> None:
    """A dream in the address that we did not write there (a link, F5, the Back button) is the one to show."""
    asked = st.query_params.get("dream")
    if asked and asked != st.session_state.get(_ADDRESS):
        st.session_state.update({SHOWN: asked, FOR: None, _ADDRESS: asked})


def write_address() -> None:
    run_id = st.session_state.get(SHOWN)
    if run_id and st.query_params.get("dream") != run_id:
        st.query_params["dream"] = run_id
    elif not run_id and "dream" in st.query_params:
        del st.query_params["dream"]
    st.session_state[_ADDRESS] = run_id


def run_on_page(picture: Picked | None) -> Run | None:
    """The dream this page is about; None where another picture was chosen since, or none was ever dreamt."""
    run_id = st.session_state.get(SHOWN)
    if run_id and picture is not None:
        came_for = st.session_state.get(FOR)
        if came_for is None:
            st.session_state[FOR] = picture.key
        elif came_for != picture.key:
            run_id = None
    if not run_id:
        st.session_state[SHOWN] = None
        return None
    try:
        run = server.store().run(run_id)
        if run.kind != "dream":
            raise StudentError("That run is a training.", hint="The Train page shows it.")
    except StudentError:
        st.session_state[SHOWN] = None
        st.session_state[PROBLEM] = StudentError(
            "There is no such dream here (any more).", hint="Start one of your own."
        )
        return None
    return run


def shown_dream(run: Run | None, picture: Picked | None, network: str) -> Shown | None:
    if run is not None:
        spec = DreamSpec.from_dict(run.dream_settings)
        return Shown(run.id, spec, run.folder / "image.png", run.frames(), _sensible(run.status.result), run)
    if picture is not None and picture.key == f"efficientnet_lite0/{PHOTO}":
        first = first_dream()
        return Shown("first", first.spec, first.photo, first.frames, first.result)
    return None


def _sensible(result: dict[str, Any] | None) -> dict[str, Any]:
    """A result as the worker writes it; what another hand wrote counts as absent."""
    found = dict(result or {})
    for name in ("before", "after", "change"):
        if isinstance(found.get(name), bool) or not isinstance(found.get(name), int | float):
            found.pop(name, None)
    sizes = found.get("sizes")
    whole = isinstance(sizes, list) and all(
        isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) for side in size)
        for size in sizes
    )
    return found | {"sizes": sizes if whole else []}
