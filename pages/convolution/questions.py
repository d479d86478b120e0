"""Check yourself: questions with fresh numbers."""

from __future__ import annotations

import random
import secrets

import streamlit as st

from cnn_core.lesson.quiz import KINDS, ask, mark
from pages.convolution.kernel import KEPT
from pages.ui.wording.blocks import answer, on_primary


def new_question() -> None:
    kind = st.session_state.get("quiz_kind") or next(iter(KINDS))
    st.session_state["quiz_question"] = ask(kind, random.Random(secrets.randbits(64)))
    st.session_state["quiz_typed"] = ""
    st.session_state["quiz_verdict"] = None


def check_answer() -> None:
    question, typed = st.session_state["quiz_question"], st.session_state["quiz_typed"]
    verdict = mark(question, typed)
    if verdict.is_right is not None and st.session_state.get("quiz_verdict") is None:  # the first try counts
        right, asked = st.session_state.get("quiz_score", (0, 0))
        st.session_state["quiz_score"] = (right + verdict.is_right, asked + 1)
    st.session_state["quiz_verdict"] = verdict if verdict.is_right is not None else None
    st.session_state["quiz_hint"] = None if verdict.is_right is not None else verdict.comment


@st.fragment
def questions() -> None:
    """One question at a time, with fresh numbers; the answer is marked and explained."""
    st.session_state.setdefault("quiz_kind", next(iter(KINDS)))
    if "quiz_question" not in st.session_state:
        new_question()
    right, asked = st.session_state.get("quiz_score", (0, 0))
    answer(
        f"**{right} of {asked}** right at the first try."
        if asked
        else "Five kinds of questions, with new numbers each time."
    )
    st.segmented_control(
        "Kind of question", list(KINDS), required=True, key="quiz_kind", on_change=new_question,
        label_visibility="collapsed", **KEPT,
    )  # fmt: skip
    st.markdown(f"##### {st.session_state['quiz_question'].text}")
    with st.form("quiz", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Your answer", key="quiz_typed", width=200, placeholder="a whole number")
            st.form_submit_button(on_primary("Check"), type="primary", on_click=check_answer)
    verdict = st.session_state.get("quiz_verdict")
    if verdict is not None and verdict.is_right:
        st.markdown(f":green[:material/check: {verdict.comment}]")
    elif verdict is not None:
        st.markdown(f":red[:material/close: {verdict.comment}]")
    elif st.session_state.get("quiz_hint"):
        st.markdown(st.session_state["quiz_hint"])
    st.button("Another question", on_click=new_question)
