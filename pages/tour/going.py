"""Which step the visitor is at: in the address, in the session, and kept with the visitor for another day.

A link names it (`?step=pooling`), and so does the address of every step's page. Whoever wanders to another page keeps
their step; whoever comes back days later, or with another device and the link, finds it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.runs.notebooks import Notebook
from pages.tour import in_scene
from pages.tour.asking import NEEDS, About, Asked
from pages.tour.steps import BY_ID, STEPS, Step, neighbour
from pages.ui.forms import guess
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording import refusals

STEP = "step"  # its name in the address
_AT = "tour_at"  # id of the step; END after the last one; "" out of the lesson
_READ = "tour_read"  # what the address was last found to say
_GOING = "tour_going"  # id of a step that its page must be opened for, in the next run
_ENTERED = "tour_entered"  # id of the step whose page was put into its state
_ASKED = "tour_asked"  # (what it was made for, the Asked): as long as that stays, so does the question
_TOLD = "tour_told"  # key of the question whose page shows what comes after the guess
_ATTEMPT = "tour_attempt"  # how often the lesson was begun anew: other numbers each time
_DOOR_SHUT = "tour_door_shut"  # who does not want to go on is not asked again
END = "end"


@dataclass(frozen=True, eq=False)
class Now:
    """The step as it stands in this run.

    is_here: the page that is open is the step's.
    asked:   the prediction; None of another kind of step, and where the network cannot be asked.
    why_not: a sentence where it cannot be computed.
    is_out:  a teacher's scene leaves the step out.
    """

    step: Step
    is_here: bool
    asked: Asked | None = None
    can_ask: bool = True
    why_not: StudentError | None = None
    is_out: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether the prediction is made."""
        return self.asked is not None and guess.guess_of(self.asked.question) is not None


# ---------------------------------------------------------------- in each run, before the page


def follow(page: str) -> Now | None:
    """The step of this run; opens its page where the visitor has just chosen it. None out of the lesson.

    page: the url_path of the page that is open.
    """
    _read_address()
    going = BY_ID.get(st.session_state.pop(_GOING, ""))
    step = here()
    if going is not None and going.page != page:
        turn_to(going.page, step=going.id, **going.state)
    if step is None or step.page != page:
        guess.let_tour_ask(None)
        return None if step is None else Now(step, is_here=False)
    if step not in in_scene.open_steps():
        guess.let_tour_ask(None)
        return Now(step, is_here=True, is_out=True)
    now = _asked(step)
    guess.let_tour_ask(() if now.asked is None or now.is_answered else now.asked.hides)
    _put_page_into_state(now)
    return now


def here() -> Step | None:
    """The step the visitor is at; None out of the lesson, and at its end."""
    return BY_ID.get(st.session_state.get(_AT, ""))


def is_at_the_end() -> bool:
    """Whether the last step is done and the visitor has not left yet."""
    return st.session_state.get(_AT) == END


def _read_address() -> None:
    """Take over the step of a link, or of the Back button; what is read once is no request any more."""
    text = st.query_params.get(STEP)
    if text is not None and text != st.session_state.get(_READ):
        st.session_state[_READ] = text
        if text in BY_ID and text != st.session_state.get(_AT):
            _be_at(text)


def _put_page_into_state(now: Now) -> None:
    """Let the address say what the step speaks of, once; and what comes after a guess, once it is made."""
    step, asked = now.step, now.asked
    key = asked.question.key if asked is not None else None
    state: dict[str, str] = {}
    if st.session_state.get(_ENTERED) != step.id:
        state |= {STEP: step.id, **step.state, **(asked.state if asked is not None else {})}
        st.session_state[_ENTERED], st.session_state[_READ] = step.id, step.id
        st.session_state.pop(_TOLD, None)
    if asked is not None and now.is_answered and st.session_state.get(_TOLD) != key:
        state |= asked.after
        st.session_state[_TOLD] = key
    _say(state)


def _say(state: Mapping[str, str]) -> None:
    if news := {name: text for name, text in state.items() if st.query_params.get(name) != text}:
        st.query_params.update(news)  # at once: each message is a step of the browser's Back button


# ---------------------------------------------------------------- what is asked


def _asked(step: Step) -> Now:
    """The step's prediction for the network that is looked at; the same one until step or network changes."""
    network = networks.current()
    if not NEEDS[step.needs](network):
        return Now(step, True, can_ask=False)
    if step.kind != "prediction":
        return Now(step, True)
    made_for = (step.id, design.looked_at(), attempt())
    last = st.session_state.get(_ASKED)
    if last is not None and last[0] == made_for:
        return Now(step, True, last[1])
    from pages.tour.questions import QUESTIONS  # and with them torch

    try:
        asked = QUESTIONS[step.id](About(network, random.Random(f"{who.visitor()}/{attempt()}/{step.id}")))
    except StudentError as error:
        return Now(step, True, why_not=error)
    st.session_state[_ASKED] = (made_for, asked)
    return Now(step, True, asked)


def attempt() -> int:
    """How often the lesson was begun anew."""
    return int(st.session_state.get(_ATTEMPT, 0))


# ---------------------------------------------------------------- the visitor's wishes, for callbacks


def go_to(step: str) -> None:
    """Be at this step, on its page, in its state. One that a scene leaves out leads to the next that it does not."""
    among = in_scene.open_steps()
    _turn_to(BY_ID[step] if BY_ID[step] in among else neighbour(BY_ID[step], 1, among))


def go_on(is_done: bool) -> None:
    """To the next step; after the last one to the end.  is_done: this one was, and not skipped."""
    if (step := here()) is not None:
        _turn_to(neighbour(step, 1, in_scene.open_steps()), done=[step.id] if is_done else [])


def go_back() -> None:
    """To the step before; at the first one nothing happens."""
    if (before := before_here()) is not None:
        _turn_to(before)


def before_here() -> Step | None:
    """The step that Back leads to; None at the first one."""
    step = here()
    return None if step is None else neighbour(step, -1, in_scene.open_steps())


def _turn_to(step: Step | None, done: list[str] | None = None) -> None:
    """Be at a step and open its page; None is the end."""
    _be_at(END if step is None else step.id, done)
    if step is not None:
        st.session_state[_GOING] = step.id


def leave() -> None:
    """Out of the lesson. Where one was is kept."""
    st.session_state[_AT] = ""
    st.session_state[_DOOR_SHUT] = True
    for key in (_GOING, _ENTERED, _ASKED, _TOLD):
        st.session_state.pop(key, None)
    if STEP in st.query_params:
        del st.query_params[STEP]
    st.session_state.pop(_READ, None)


def begin_anew() -> None:
    """From the first step, with other numbers."""
    st.session_state[_ATTEMPT] = attempt() + 1
    go_to(STEPS[0].id)


def _be_at(step: str, done: list[str] | None = None) -> None:
    st.session_state[_AT] = step
    for key in (_ENTERED, _ASKED, _DOOR_SHUT):
        st.session_state.pop(key, None)
    with refusals.collect("tour"):
        server.store().notebooks.be_at(who.visitor(), "" if step == END else step, done or [])


# ---------------------------------------------------------------- what is kept


def notebook() -> Notebook:
    """The visitor's notebook."""
    return guess.notebook()


def door() -> Step | None:
    """The step at which somebody who is not in the lesson once was; None for nobody, and for who has just left."""
    if here() is not None or is_at_the_end() or _DOOR_SHUT in st.session_state:
        return None
    return BY_ID.get(notebook().step)
