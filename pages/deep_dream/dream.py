"""Which dream is on the page: begun in this session, or named by the address."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.first_dream import PHOTO, first_dream
from cnn_core.runs import Run, Status
from pages.ui.visitor import server, who
from pages.ui.wording import refusals

PLACE = "dream"  # where this page says a refusal
_ON_PAGE = "dream_shown"  # id of the dream on the page
_FOR = "dream_for"  # key of the picture that was chosen when it came there; another picture sends it away
_ADDRESS = "dream_address"  # the id as we last wrote it into the address
_FRAME = "dream_frame"  # (dream, octave) that was clicked


@dataclass(frozen=True)
class Picture:
    """The picture a dream would begin with.

    png: at the size at which it would be dreamt.
    key: the same key, the same picture and network.
    """

    png: bytes
    key: str
    title: str

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, as the PNG's first bytes say."""
        width, height = struct.unpack(">II", self.png[16:24])
        return height, width


@dataclass(frozen=True)
class Dream:
    """A dream as the page shows it, of the store or the one that is in the project.

    key: another one, another dream.
    photo: the picture it began with.
    frames: what was dreamt after each octave, so far.
    result: sizes of the octaves, loudness before and after, mean change; what is not known yet is absent.
    run, status: as they stood when the page was drawn; None for the one in the project.
    """

    key: str
    spec: DreamSpec
    photo: Path
    frames: Sequence[Path]
    result: dict[str, Any]
    run: Run | None = None
    status: Status | None = None

    @property
    def octaves(self) -> int:
        """How many there will be: those too small for the network are left out, which shows once it has begun."""
        if self.status is None:
            return len(self.frames)
        steps = self.status.steps
        return max(1, round(steps / self.spec.steps)) if steps else self.spec.octaves

    @property
    def is_going_on(self) -> bool:
        return self.status is not None and self.status.unfinished

    @property
    def is_mine(self) -> bool:
        """Whether this visitor began it."""
        return self.run is not None and self.run.is_owner(who.visitor())

    @property
    def is_being_cancelled(self) -> bool:
        return self.run is not None and self.run.control.get("action") == "stop"


def follow_address() -> None:
    """A dream in the address that we did not write there (a link, F5, the Back button) is the one to show."""
    run_id = st.query_params.get("dream")
    if run_id and run_id != st.session_state.get(_ADDRESS):
        st.session_state.update({_ON_PAGE: run_id, _FOR: None, _ADDRESS: run_id})


def write_address() -> None:
    """Let the address name the dream on the page."""
    run_id = st.session_state.get(_ON_PAGE)
    if run_id and st.query_params.get("dream") != run_id:
        st.query_params["dream"] = run_id
    elif not run_id and "dream" in st.query_params:
        del st.query_params["dream"]
    st.session_state[_ADDRESS] = run_id


def put_on_page(run_id: str, picture: Picture) -> None:
    """Show the dream that was begun with this picture; for callbacks."""
    st.session_state.update({_ON_PAGE: run_id, _FOR: picture.key})
    st.session_state.pop(_FRAME, None)


def choose_frame(dream: Dream, octave: int) -> None:
    """Show this octave's picture large; for callbacks."""
    st.session_state[_FRAME] = (dream.key, octave)


def frame_on_page(dream: Dream) -> int:
    """The octave whose picture is large, from 0: the clicked one, else the last; -1 where there is none yet."""
    key, octave = st.session_state.get(_FRAME, (None, -1))
    is_one = key == dream.key and 0 <= octave < len(dream.frames)
    return octave if is_one else len(dream.frames) - 1


def is_going_on() -> bool:
    """Whether the dream on the page is not done yet, so that the page has to look again."""
    try:
        run_id = st.session_state.get(_ON_PAGE)
        return run_id is not None and server.store().run(str(run_id)).status.unfinished
    except StudentError:
        return False


def dream_on_page(picture: Picture | None) -> Dream | None:
    """The dream this page is about; None where another picture was chosen since, or none was ever dreamt.

    picture: the one chosen now. For the cat, there is a dream in the project.
    A dream that is not there, or has settings that no page of ours wrote, leaves a sentence among the refusals.
    """
    run = _run_on_page(picture)
    if run is not None:
        with refusals.collect(PLACE):
            return _dream_of(run)
        return None
    if picture is not None and picture.key == f"efficientnet_lite0/{PHOTO}":
        first = first_dream()
        return Dream("first", first.spec, first.photo, first.frames, first.result)
    return None


def _run_on_page(picture: Picture | None) -> Run | None:
    run_id = st.session_state.get(_ON_PAGE)
    if run_id and picture is not None:
        if st.session_state.get(_FOR) is None:
            st.session_state[_FOR] = picture.key
        elif st.session_state[_FOR] != picture.key:
            run_id = None
    if run_id:
        with refusals.collect(PLACE):
            return _run_of_a_dream(run_id)
    st.session_state[_ON_PAGE] = None
    return None


def _run_of_a_dream(run_id: str) -> Run:
    """The run of that id. Raises StudentError where it is no dream, or not there."""
    try:
        run = server.store().run(run_id)
    except StudentError:
        run = None
    if run is None or run.kind != "dream":
        raise StudentError("There is no such dream here (any more).", hint="Start one of your own.")
    return run


def _dream_of(run: Run) -> Dream:
    """Raises StudentError for settings that make no sense."""
    server.use([f"run:{run.id}"])
    spec, status = DreamSpec.from_dict(run.dream_settings), run.status
    return Dream(run.id, spec, run.folder / "image.png", run.frames(), _checked(status.result), run, status)


def _checked(result: dict[str, Any] | None) -> dict[str, Any]:
    """A result as the worker writes it; what another hand wrote counts as absent."""
    checked = dict(result or {})
    for name in ("before", "after", "change"):
        value = checked.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            checked.pop(name, None)
    sizes = checked.get("sizes")
    are_sizes = isinstance(sizes, list) and all(
        isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) for side in size)
        for size in sizes
    )
    return checked | {"sizes": sizes if are_sizes else []}
