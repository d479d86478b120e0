"""What the One step page asks: which stage, which moment of the training, which four images, which weight.

All of it stands in the address. What is chosen is kept under names of the page, and the widgets follow: stage, weight
and marked image are changed by more than one of them.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import streamlit as st

from pages.one_step import words
from pages.one_step.course import END, MOMENTS, OPTIMISERS, OWN, Course, Moment
from pages.ui.frame import address
from pages.ui.frame.controlled import controlled

STAGES = ("forward", "loss", "backward", "step", "again")
FORWARD, LOSS, BACKWARD, STEP, AGAIN = range(1, 6)
BATCH = 4  # images in the batch
PACE = 2.5  # seconds a stage stands while it plays

_STAGE, _AFTER, _BATCH, _MARKED = "one_step_stage", "one_step_after", "one_step_batch", "one_step_marked"
_WEIGHT, _OPTIMISER, _FASTER = "one_step_weight", "one_step_optimiser", "one_step_faster"
_PLAYS_ON_AT = (
    "one_step_plays_on_at"  # of the monotonic clock, when the next stage is due; None while nothing plays
)

Weight = tuple[
    str, tuple[int, ...] | None
]  # a layer, and a place in its kernels; None: the one that moves farthest

_A_WEIGHT = re.compile(r"([a-z0-9_]{1,40})((?:\.\d{1,6}){0,4})", re.ASCII)


def _read_weight(text: str) -> Weight | None:
    """
    >>> _read_weight("conv2d_2.41.23.2.1"), _read_weight("dense_1"), _read_weight("-1")
    (('conv2d_2', (41, 23, 2, 1)), ('dense_1', None), None)
    """
    found = _A_WEIGHT.fullmatch(text)
    if found is None:
        return None
    place = tuple(int(number) for number in found[2].split(".")[1:])
    return found[1], place or None


def _written_weight(weight: Weight) -> str:
    layer, place = weight
    return ".".join([layer, *map(str, place or ())])


_PARTS = (
    address.whole("stage", _STAGE, FORWARD, AGAIN, FORWARD),
    address.whole("batch", _BATCH, 0, 9999, 0),
    address.whole("marked", _MARKED, 0, BATCH - 1, 0),
    address.Part("weight", _WEIGHT, None, _read_weight, _written_weight),
    address.one_of("optimizer", _OPTIMISER, {name: name for name in OPTIMISERS}, OWN),
    address.switch("faster", _FASTER),
)
_AFTER_PART = address.one_of("after", _AFTER, {str(moment): moment for moment in (*MOMENTS, END)}, None)


@dataclass(frozen=True)
class Asked:
    """stage: from FORWARD to AGAIN.

    after:  the moment of the training.
    batch:  which four images; `marked` is the one that is followed.
    weight: the one whose rule is shown; None is where the page begins.
    faster: ten times the learning rate.
    """

    stage: int
    after: Moment
    batch: int
    marked: int
    weight: Weight | None
    faster: bool


def follow() -> str:
    """Take over what the address says. Returns the optimiser that is asked for."""
    address.follow(*_PARTS, _AFTER_PART)
    return str(st.session_state.get(_OPTIMISER, OWN))


def tell() -> None:
    """Let the address say what was chosen."""
    address.tell(*_PARTS, _AFTER_PART)


def ask(course: Course) -> Asked:
    """Draw the control strip."""
    _play_on()
    stage = int(st.session_state.get(_STAGE, FORWARD))
    after = _after(course)
    st.html(words.STRIP_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", key="one_step_strip"):
        st.button(
            "Back", key="one_step_back", icon=":material/chevron_left:", disabled=stage == FORWARD,
            on_click=go, args=(stage - 1,),
        )  # fmt: skip
        label, icon = ("Pause", ":material/pause:") if is_playing() else ("Play", ":material/play_arrow:")
        st.button(label, key="one_step_play", icon=icon, on_click=_play_or_pause)
        st.button(
            "Next", key="one_step_next", icon=":material/chevron_right:", disabled=stage == AGAIN,
            on_click=go, args=(stage + 1,),
        )  # fmt: skip
        with st.container(key="one_step_stages", width="content"):
            st.segmented_control(
                "Stage",
                range(FORWARD, AGAIN + 1),
                format_func=lambda stage: f"**{stage}** *{STAGES[stage - 1]}*",
                required=True,
                label_visibility="collapsed",
                **controlled("one-step-stage", stage, go),
            )
        st.space("stretch")
        _moment(course, after)
    return Asked(
        stage,
        after,
        int(st.session_state.get(_BATCH, 0)),
        int(st.session_state.get(_MARKED, 0)),
        st.session_state.get(_WEIGHT),
        bool(st.session_state.get(_FASTER, False)),
    )


def _after(course: Course) -> Moment:
    """The moment that is asked for, where this training has it; else the one at which the page begins."""
    asked: Moment | None = st.session_state.get(_AFTER)
    return asked if asked is not None and asked in course.moments else course.standard


def _moment(course: Course, after: Moment) -> None:
    names = {moment: words.moment(moment, course) for moment in course.moments}
    st.selectbox(
        "Moment of the training",
        list(names),
        format_func=lambda moment: names.get(moment, str(moment)),
        label_visibility="collapsed",
        filter_mode=None,
        width=156,
        **controlled("one-step-after", after, _look_at, words=tuple(names.values())),
    )


# ---------------------------------------------------------------- what is chosen, for callbacks


def go(stage: int) -> None:
    """To another stage; what plays stops."""
    st.session_state[_PLAYS_ON_AT] = None
    st.session_state[_STAGE] = min(AGAIN, max(FORWARD, int(stage)))


def _look_at(moment: Moment) -> None:
    st.session_state[_AFTER] = moment


def four_others() -> None:
    """The next four images."""
    st.session_state[_BATCH] = (int(st.session_state.get(_BATCH, 0)) + 1) % 10_000
    st.session_state[_MARKED] = 0


def mark(image: int) -> None:
    """Follow this one of the four."""
    st.session_state[_MARKED] = image


def choose_weight(weight: Weight | None) -> None:
    """Show the rule of this weight."""
    st.session_state[_WEIGHT] = weight


def choose_optimiser(optimiser: str) -> None:
    """Let this one do the steps."""
    st.session_state[_OPTIMISER] = optimiser


def let_it_jump(faster: bool) -> None:
    """Ten times the learning rate, or the usual one."""
    st.session_state[_FASTER] = faster


# ---------------------------------------------------------------- Play


def is_playing() -> bool:
    """Whether it goes from stage to stage by itself."""
    return st.session_state.get(_PLAYS_ON_AT) is not None


def _play_or_pause() -> None:
    if is_playing():
        st.session_state[_PLAYS_ON_AT] = None
        return
    if st.session_state.get(_STAGE, FORWARD) == AGAIN:
        st.session_state[_STAGE] = FORWARD
    st.session_state[_PLAYS_ON_AT] = time.monotonic() + PACE


def _play_on() -> None:
    """Go on to the next stage where it is due."""
    due = st.session_state.get(_PLAYS_ON_AT)
    if due is None or time.monotonic() < due - 0.2:
        return
    stage = int(st.session_state.get(_STAGE, FORWARD)) + 1
    go(stage)
    if stage < AGAIN:
        st.session_state[_PLAYS_ON_AT] = time.monotonic() + PACE
