"""When each test image was first read rightly, and which were forgotten again; a click opens one in Feature maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight import NEVER
from pages.runs import replay_guessing as guessing
from pages.runs import replay_words as words
from pages.runs.course import Course, why_no_test
from pages.runs.words import looking
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.over_time_charts import gains_and_losses
from pages.ui.drawing.sheets import sheet
from pages.ui.forms import choice
from pages.ui.forms.digit_input import look_at_digit
from pages.ui.frame import address
from pages.ui.frame.shell import turn_to
from pages.ui.wording.blocks import answer, caption, what_you_see

if TYPE_CHECKING:
    from cnn_core.insight import AnswersOverTime

MOST = 24  # images drawn at once
_MOMENT = "replay_moment"  # the step at which the images shown were first right
_OPENS = "replay_opens"  # an image was clicked
_GROUP = address.one_of("which", "replay_which", {group: group for group in words.GROUPS}, "forgotten")


def learnt(course: Course) -> str | None:
    """Draw it. Returns the line above it; None, and why, where nobody can know. Raises StudentError."""
    if course.why_not:
        caption(course.why_not)
        return None
    with st.spinner(looking(len(course.files))):
        answers = course.answers()
    of = words.images(len(answers.labels), course.noun)
    forgotten, never = int(answers.forgettings.gt(0).sum()), len(answers.first_right_at(NEVER))
    if not guessing.ask_forgotten(course, forgotten, never, of):
        return None
    answer(said := words.what_became_of_them(int(answers.unforgettable.sum()), forgotten, never, of))
    if why := why_no_test(course.network):
        caption(why)
    show(
        gains_and_losses(answers.steps, answers.gained, answers.lost, mode()),
        key="replay_gains",
        alt=words.bars_alt(sum(answers.gained), sum(answers.lost)),
    )
    what_you_see(words.what_forgotten_means(len(answers.steps)))
    group, indices = _ask(answers)
    _images(course, answers, indices, words.none_in(group, of))
    return said


def open_clicked() -> None:
    """Turn to Feature maps where an image was clicked. For the page: out of a fragment the network would be lost."""
    if st.session_state.pop(_OPENS, False):
        turn_to("feature_maps")


def _ask(answers: AnswersOverTime) -> tuple[str, list[int]]:
    """Draw the choice of a group. Returns its name and the numbers of its images."""
    with st.container(horizontal=True, vertical_alignment="center", key="replay_learnt_strip"):
        group = choice.in_address(_GROUP, "Which images", words.GROUPS)
        indices = {
            "forgotten": lambda: answers.most_forgotten(len(answers.labels)),
            "never": lambda: answers.first_right_at(NEVER),
            "first": lambda: answers.first_right_at(_ask_moment(answers)),
        }[group]()
    if group != "first":
        address.write("moment", "")
    return group, indices


def _ask_moment(answers: AnswersOverTime) -> int:
    """Draw the list of moments at which images were right for the first time. Returns the place of one."""
    numbers = {place: len(answers.first_right_at(place)) for place in range(len(answers.steps))}
    offered = [place for place, number in numbers.items() if number] or [0]
    steps = {answers.steps[place]: place for place in offered}
    # By its step, not by its place: a training that goes on gets more moments, and some are left out again.
    usual = answers.steps[max(offered, key=numbers.__getitem__)]
    part = address.one_of("moment", _MOMENT, {str(step): step for step in steps}, usual)
    address.follow(part)
    if st.session_state.get(_MOMENT, usual) not in steps:
        address.reset(part)
    step = st.selectbox(
        "Moment",
        list(steps),
        index=list(steps).index(usual),
        format_func=lambda step: words.first_at(step, numbers[steps[step]]),
        key=_MOMENT,
        label_visibility="collapsed",
        filter_mode=None,
        width=180,
        persist_state="session",
    )
    address.tell(part)
    return steps[step]


def _images(course: Course, answers: AnswersOverTime, indices: list[int], if_none: str) -> None:
    if not indices:
        caption(if_none)
        return
    shown = indices[:MOST]
    st.markdown(words.shown_of(len(shown), len(indices)))
    first = [
        None if place == NEVER else answers.steps[place] for place in answers.first_right[shown].tolist()
    ]
    told = [
        (course.classes[label], step, times)
        for label, step, times in zip(
            answers.labels[shown].tolist(), first, answers.forgettings[shown].tolist(), strict=True
        )
    ]
    # An MLP has no maps to open.
    has_maps = any(layer.has_filters for layer in course.network.spec.layers)
    clicked = sheet(
        image_sheet(course.test.images[shown].numpy() / 255),
        key="replay_images",
        alt="Test images, and when they were first read rightly",
        tile_px=84,
        columns=8,
        captions=[words.tile(*one) for one in told],
        labels=[words.tile_label(number, *one) for number, one in zip(shown, told, strict=True)],
        clickable=has_maps,
        on_click=lambda place: look_at_digit(shown[place]),
    )
    if has_maps:
        caption(words.CLICK)
    if clicked is not None:
        st.session_state[_OPENS] = True
        st.rerun()
