"""The teacher's side of a question: choosing it, showing its answers and what was measured; and those of before.

What is clicked is checked by the core, by the visitor's token: a button that is not drawn is no lock.
"""

from __future__ import annotations

import secrets

import streamlit as st

from cnn_core.classroom import ClassQuestion
from cnn_core.errors import StudentError
from pages.classroom import question_words as words
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms import class_question
from pages.ui.forms.class_question import Prediction
from pages.ui.visitor import networks, who
from pages.ui.wording import guesses, refusals
from pages.ui.wording.blocks import caption, on_primary, plain, problem

_SEED = "questions_seed"  # chance of the question that is chosen: other numbers have another
_WHICH = "questions_which"


# ---------------------------------------------------------------- a question that is asked


def bar(asked: ClassQuestion, stage: str) -> None:
    """Draw the buttons of the question that the class is at."""
    with st.container(horizontal=True, key="questions_bar"):
        if stage == "asked":
            _main(words.SHOW_ANSWERS, _show, asked.id, "answers")
        elif stage == "answers":
            _main(words.SHOW_MEASURED, _show, asked.id, "measured")
        label = words.NEXT if stage == "measured" else words.PUT_AWAY
        st.button(label, key="questions_away", on_click=_bring_back, args=("",))


def _main(label: str, act: object, *args: str) -> None:
    st.button(on_primary(label), key="questions_show", type="primary", on_click=act, args=args)  # type: ignore[arg-type]


def _show(question_id: str, stage: str) -> None:
    with refusals.collect("questions"):
        class_question.asks().show(who.visitor(), question_id, stage)


def _bring_back(question_id: str) -> None:
    with refusals.collect("questions"):
        class_question.asks().bring_back(who.visitor(), question_id)


def _drop(question_id: str) -> None:
    with refusals.collect("questions"):
        class_question.asks().drop(who.visitor(), question_id)


def row(asked: ClassQuestion, stage: str, answered: tuple[int, int]) -> None:
    """Draw one of before, with its buttons.  answered: how many, of how many."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"questions_row_{asked.id}"):
        st.markdown(f"{asked.question.asked} {words.of_before(answered[0], stage)}", width="stretch")
        st.button(words.BRING_BACK, key=f"questions_back_{asked.id}", on_click=_bring_back, args=(asked.id,))
        st.button(
            words.TAKE_AWAY,
            key=f"questions_drop_{asked.id}",
            type="tertiary",
            on_click=_drop,
            args=(asked.id,),
        )


# ---------------------------------------------------------------- choosing one


def choose() -> None:
    """Draw the lesson's predictions about the network that is looked at, and the chosen one as students will get it."""
    lesson, network = class_question.lesson(), networks.current()
    titles = lesson.titles(network) if lesson is not None else {}
    st.markdown(words.choose_network(network.title))
    refusals.draw("class_question")
    if lesson is None or not titles:
        caption(words.NO_LESSON)
        return
    chosen = st.selectbox(words.WHICH, list(titles), format_func=titles.__getitem__, key=_WHICH)
    try:
        prediction = lesson.make(chosen, network, st.session_state.setdefault(_SEED, secrets.token_hex(4)))
    except StudentError as error:
        problem(error)
        return
    _preview(prediction)
    with st.container(horizontal=True):
        is_asked = st.button(on_primary(words.ASK), key="questions_ask", type="primary")
        st.button(words.OTHER_NUMBERS, key="questions_other", on_click=_other_numbers)
    if is_asked:
        _other_numbers()
        class_question.put(prediction)


def _other_numbers() -> None:
    st.session_state[_SEED] = secrets.token_hex(4)


def _preview(prediction: Prediction) -> None:
    question, look = prediction.question, prediction.look
    with st.container(border=True):
        caption(words.WHAT_THEY_GET)
        st.markdown(guesses.question(question.asked))
        if prediction.image:
            picture(prediction.image, "questions_preview", alt=prediction.alt, px=112, read_out=False)
        if look.pictures is not None:
            sheet(look.pictures, "questions_preview_tiles", alt=look.alt, tile_px=look.px, clickable=False)
        if options := getattr(question, "options", ()):
            st.markdown(" · ".join(plain(option) for option in options))
