"""Check yourself: questions with fresh numbers."""

from __future__ import annotations

import random
import secrets

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.lesson.guess_questions import NumberQuestion
from cnn_core.lesson.quiz import KINDS, Question, ask, mark, number_of
from pages.convolution.words import score_text, summary_of_questions
from pages.ui.forms import guess
from pages.ui.frame import address
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, on_primary

MOST = 10**9  # what is worth keeping of an answer
_KIND = address.one_of(
    "question",
    "quiz_kind",
    {kind.replace(" ", "-"): kind for kind in KINDS},
    next(iter(KINDS)),
)


def new_question() -> None:
    """Ask another question of the chosen kind. A callback."""
    kind = st.session_state.get("quiz_kind") or next(iter(KINDS))
    st.session_state["quiz_question"] = ask(kind, random.Random(secrets.randbits(64)))
    st.session_state["quiz_typed"] = ""
    st.session_state["quiz_verdict"] = None


def check_answer() -> None:
    """Mark what was typed; the first try counts, and the second ends with the solution. A callback."""
    question, typed = st.session_state["quiz_question"], st.session_state["quiz_typed"]
    verdict = mark(question, typed, may_try_again=st.session_state.get("quiz_verdict") is None)
    is_number = verdict.is_right is not None
    if is_number and st.session_state.get("quiz_verdict") is None:
        right, answers = st.session_state.get("quiz_score", (0, 0))
        st.session_state["quiz_score"] = (right + bool(verdict.is_right), answers + 1)
        _keep(question, typed)
    st.session_state["quiz_verdict"] = verdict if is_number else None
    st.session_state["quiz_hint"] = None if is_number else verdict.comment


def _keep(question: Question, typed: str) -> None:
    """Keep the first answer in the visitor's notebook, beside the right one."""
    said = number_of(typed)
    if said is None or said > MOST:
        return
    asked = NumberQuestion(
        id=f"convolution.quiz_{question.kind.replace(' ', '_')}",
        asked=question.text,
        page="convolution",
        least=0,
        most=max(said, question.answer, 1),
    )
    guess.keep(asked.guess(said), question.answer)


@st.fragment
def questions(summary: DeltaGenerator) -> None:
    """Draw one question at a time, with fresh numbers; the answer is marked and explained.

    summary: the place for it.
    """
    st.session_state.setdefault("quiz_kind", next(iter(KINDS)))
    if address.follow(_KIND) or "quiz_question" not in st.session_state:
        new_question()
    address.tell(_KIND)
    question, score = st.session_state["quiz_question"].text, st.session_state.get("quiz_score", (0, 0))
    answer(score_text(*score))
    screen_summary.put(summary, summary_of_questions(question, *score))
    _ask_kind()
    st.markdown(f"## {question}")
    _ask_answer()
    _say_verdict()
    st.button("Another question", on_click=new_question)


def _ask_kind() -> None:
    st.segmented_control(
        "Kind of question",
        list(KINDS),
        required=True,
        key="quiz_kind",
        on_change=new_question,
        label_visibility="collapsed",
        persist_state="session",
    )


def _ask_answer() -> None:
    with st.form("quiz", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Your answer", key="quiz_typed", width=200, placeholder="a whole number")
            st.form_submit_button(on_primary("Check"), type="primary", on_click=check_answer)


def _say_verdict() -> None:
    verdict, hint = st.session_state.get("quiz_verdict"), st.session_state.get("quiz_hint")
    if verdict is not None:
        st.markdown(f":material/check: {verdict.comment}" if verdict.is_right else verdict.comment)
    elif hint:
        st.markdown(hint)
