"""The bar of the lesson, at the bottom of every page: one question, one control, one button; then what was measured.

On the step's own page it is as high before the answer as after it. On any other page it is one thin line that leads
back.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import CurveQuestion
from cnn_core.lesson.guesses import most_surprising, right_ones
from pages.tour import for_class, going, in_scene, light, record_words, tasks, words
from pages.tour.asking import Asked
from pages.tour.going import Now
from pages.tour.steps import STEPS, Step, place
from pages.ui.forms import class_question, code_box, guess
from pages.ui.frame.shell import ROOT, entry
from pages.ui.frame.streamlit_screens import ACTION, BAR
from pages.ui.visitor import design, networks
from pages.ui.wording import refusals
from pages.ui.wording.blocks import on_primary, problem

_STYLE = f"""<style>
[data-testid="stBottomBlockContainer"]:has(.st-key-tour_bar) {{ padding-top: 0.6rem; padding-bottom: 0.7rem }}
[data-testid="stBottom"]:has(.st-key-tour_bar) > div {{ border-top: 1px solid color-mix(in srgb, currentColor 18%,
  transparent) }}
.st-key-tour_bar {{ gap: 0.2rem }}
:is(.st-key-tour_bar, .st-key-tour_wide) {{ outline: none }}
.st-key-tour_bar :is(p, [data-testid="stMarkdownContainer"]) {{ margin-bottom: 0 }}
.st-key-tour_bar [data-testid="stVerticalBlock"] {{ gap: 0.2rem }}
.st-key-tour_end > :first-child {{ flex: 1 1 24rem; width: auto }}
.st-key-tour_head {{ flex-wrap: nowrap }}
.st-key-tour_head > [data-testid="stElementContainer"]:first-child {{ min-width: 0; overflow: hidden }}
.st-key-tour_head [data-testid="stHtml"] > * {{ white-space: nowrap; flex: none }}
.st-key-tour_head [data-testid="stHtml"] {{ display: flex; align-items: center; gap: 1rem; font-size: 0.9375rem }}
.tour-dots {{ display: flex; align-items: center; gap: 3px; height: 8px }}
.tour-dots i {{ width: 9px; height: 3px; border-radius: 2px; background: currentColor; opacity: .2 }}
.tour-dots i.done {{ opacity: .75 }}
.tour-dots i.at {{ opacity: .75; height: 8px }}
.st-key-tour_head button {{ min-height: 1.75rem; padding-top: 0; padding-bottom: 0 }}
.st-key-tour_body {{ min-height: 3.75rem; justify-content: center }}
.st-key-tour_body > * {{ flex: none }}
@media (min-width: 901px) {{
  /* A choice: the question at the left, what can be chosen at the right, as a number's slider is. */
  .st-key-tour_question [data-testid="stVerticalBlock"]:has(> * > [data-testid="stHorizontalBlock"] >
    [class*="st-key-guess_"]) {{ display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: 1.5rem;
    align-items: center }}
  .st-key-tour_question [data-testid="stVerticalBlock"]:has(> * > [data-testid="stHorizontalBlock"] >
    [class*="st-key-guess_"]) > :last-child {{ grid-column: 2; grid-row: 1 / span 2; width: auto; max-width: 36rem }}
}}
@media (max-width: 900px) {{ .tour-dots {{ display: none !important }} }}
@media (max-width: 640px) {{
  [data-testid="stBottomBlockContainer"]:has(.st-key-tour_bar) {{ padding-left: 1rem; padding-right: 1rem }}
  /* One bar at the lower edge: the list of pages goes up, and the page's own button to its place. */
  [data-testid="stApp"]:has(.st-key-tour_bar) .st-key-{BAR} {{ inset: 0.5rem 3.25rem auto auto; height: auto;
    padding: 0; border: 0; background: none; z-index: 999991 }}
  /* Not over an open sidebar, whose own button to close it is there. Only a closed one can be expanded. */
  [data-testid="stApp"]:has(.st-key-tour_bar):not(:has([data-testid="stExpandSidebarButton"])) .st-key-{BAR} {{
    visibility: hidden }}
  [data-testid="stApp"]:has(.st-key-tour_bar) [class*="st-key-{ACTION}"] {{ position: static; flex: none }}
  [data-testid="stApp"]:has(.st-key-tour_bar) [data-testid="stMainBlockContainer"] {{ padding-bottom: 2rem }}
  .st-key-tour_head {{ flex-wrap: nowrap; gap: 0.5rem }}
  .st-key-tour_head button {{ min-height: 2.5rem; padding-left: 0.25rem; padding-right: 0.25rem }}
  /* Step 6 of 24 is 6/24 here, and a cross leaves: the step's name has room. */
  :is(.st-key-tour_back, .st-key-tour_leave, [class*="st-key-code_notebook"]) p, .st-key-tour_head .tour-word {{
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }}
  .tour-word + span::before {{ content: "/" }}
  .st-key-tour_end > :first-child {{ flex: 1 1 100% }}
  .st-key-tour_body [data-testid="stHorizontalBlock"] {{ flex-wrap: wrap; gap: 0.25rem 1rem }}
  .st-key-tour_body [data-testid="stColumn"] {{ min-width: 0; width: auto; flex: 1 1 auto }}
  .st-key-tour_body [data-testid="stColumn"]:first-child {{ flex: 1 1 100% }}
  .st-key-tour_question [data-testid="stColumn"]:nth-child(2) {{ flex: 1 1 40% }}
  .st-key-tour_told > * > [data-testid="stHorizontalBlock"] {{ flex-wrap: nowrap; align-items: flex-end }}
  .st-key-tour_told > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:first-child {{ flex: 1 1 0 }}
  .st-key-tour_told > * > [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:last-child {{ flex: none }}
}}
</style>"""


def before(page: str) -> Now | None:
    """Find the step of this run, before the page is drawn; a question that needs room is drawn here, above the page.

    page: url_path of the page that is open. For dashboard.py.
    """
    now = going.follow(page)
    if now is not None and now.asked is not None and isinstance(now.asked.question, CurveQuestion):
        with st.container(key="tour_wide"):
            _question(now.asked)
    return now


def bar(now: Now | None, page: str) -> None:
    """Draw the bar; out of the lesson nothing, but on Home a line for whoever was in it.  For dashboard.py."""
    if now is None and not going.is_at_the_end() and (page or going.door() is None):
        return
    with st.bottom, st.container(key="tour_bar"):
        st.html(_STYLE)
        refusals.draw("tour")
        if now is None:
            _end() if going.is_at_the_end() else _door(going.door())
        elif not now.is_here:
            _thin(now.step)
        else:
            _head(now)
            with st.container(key="tour_body"):
                _body(now)
            if not now.is_out:
                light.on(now.step.id, now.step.look_at, _name(now.step), opens=now.is_answered)


def _name(step: Step) -> str:
    """What a screen reader calls the bar."""
    return f"{words.LESSON}, {words.where(place(step), len(STEPS)).lower()}: {step.title}"


# ---------------------------------------------------------------- one line


def _thin(step: Step) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="tour_head"):
        st.html(_where(step), width="stretch")
        st.button(
            words.BACK_TO_IT,
            key="tour_return",
            type="tertiary",
            icon=":material/arrow_back:",
            on_click=going.go_to,
            args=(step.id,),
        )
        st.button(
            words.LEAVE, key="tour_leave", type="tertiary", icon=":material/close:", on_click=going.leave
        )


def _door(step: Step | None) -> None:
    """Whoever was in the lesson, on this device or another day, can go on."""
    if step is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="tour_head"):
        st.markdown(words.you_were_at(place(step), len(STEPS), step.title), width="stretch")
        st.button(words.NOT_NOW, key="tour_not_now", type="tertiary", on_click=going.leave)
        st.button(
            on_primary(words.GO_ON), key="tour_go_on", type="primary", on_click=going.go_to, args=(step.id,)
        )


def _end() -> None:
    """What came of all predictions."""
    told = [
        one
        for one in going.notebook().guesses
        if one.question.startswith("tour.") and one.state == "measured"
    ]
    worst = next(iter(most_surprising(told)), None)
    with st.container(horizontal=True, vertical_alignment="center", key="tour_end"):
        st.markdown(
            words.the_end(
                len(right_ones(told)),
                len(told),
                worst.asked if worst else "",
                is_whole=len(in_scene.open_steps()) == len(STEPS),
            ),
            width="stretch",
        )
        st.page_link(ROOT / entry("tour").file, label=record_words.MY_RECORD, icon=":material/description:")
        st.button(words.ANEW, key="tour_anew", type="tertiary", on_click=going.begin_anew)
        st.button(on_primary(words.FINISH), key="tour_finish", type="primary", on_click=going.leave)


# ---------------------------------------------------------------- a step on its page


def _head(now: Now) -> None:
    """Draw where one is, and the ways to leave."""
    is_done = _is_done(now)
    with st.container(horizontal=True, vertical_alignment="center", key="tour_head", gap="small"):
        st.html(
            _where(now.step) + _dots(now.step),
            width="stretch",
        )
        if now.asked is not None and class_question.teaches():
            class_question.button(for_class.prediction(now.step, now.asked, networks.current()), now.step.id)
        if is_done and not now.is_out:  # one support at a time: first the question
            code_box.beside_the_notebook(now.step.id)
        if going.before_here() is not None:
            st.button(
                words.BACK,
                key="tour_back",
                type="tertiary",
                icon=":material/arrow_back:",
                on_click=going.go_back,
            )
        if not is_done:
            st.button(words.SKIP, key="tour_skip", type="tertiary", on_click=going.go_on, args=(False,))
        st.button(
            words.LEAVE, key="tour_leave", type="tertiary", icon=":material/close:", on_click=going.leave
        )


def _where(step: Step) -> str:
    before, middle, steps = words.where(place(step), len(STEPS)).rpartition(" of ")
    word, _, at = before.partition(" ")
    of = f'<span class="tour-word">{escape(middle)}</span><span>{escape(steps)}</span>'
    told = f'<span class="tour-word">{escape(word)} </span>{escape(at)}{of}'
    return f'<span class="tour-where">{told} · <b>{escape(step.title)}</b></span>'


def _dots(at: Step) -> str:
    """One mark for each step: dark where it is done, taller where one is."""
    done = set(going.notebook().done)
    marks = "".join(f'<i class="{_mark(step, at, done)}"></i>' for step in STEPS)
    return f'<div class="tour-dots" aria-hidden="true">{marks}</div>'


def _mark(step: Step, at: Step, done: set[str]) -> str:
    return "at" if step is at else "done" if step.id in done else ""


def _is_done(now: Now) -> bool:
    """Whether there is nothing more to do at the step."""
    if now.is_out or now.step.kind == "explanation":
        return True
    if now.step.kind == "task":
        return tasks.is_done(now.step.id)
    return now.is_answered


def _body(now: Now) -> None:
    """Draw the question, or what came of it, or what is to be done."""
    if now.is_out:
        _with_next(lambda: st.markdown(words.NOT_IN_SCENE), is_done=False)
    elif not now.can_ask:
        _another_network(now.step)
    elif now.why_not is not None:
        why_not = now.why_not
        _with_next(lambda: problem(why_not), is_done=False)
    elif now.step.kind == "task":
        _task(now.step)
    elif now.step.kind == "explanation":
        _with_next(lambda: st.markdown(words.EXPLANATIONS[now.step.id]), is_done=True)
    elif now.asked is not None:
        _prediction(now.asked)


def _prediction(asked: Asked) -> None:
    is_wide = isinstance(asked.question, CurveQuestion)
    if guess.guess_of(asked.question) is None:
        if is_wide:
            st.markdown(words.DRAW_ABOVE)
        else:
            with st.container(key="tour_question"):
                _question(asked)
    else:
        _with_next(lambda: st.markdown(words.COMPARE_ABOVE) if is_wide else _question(asked), is_done=True)


def _question(asked: Asked) -> None:
    """Draw it, or, once it is guessed, what was measured beside what was said."""
    if guess.ask(asked.question, asked.look) is None:
        return
    try:
        measured = asked.measured
    except StudentError as error:
        problem(error)
        return
    guess.shown(asked.question, measured.value, measured.why, asked.look)


def _task(step: Step) -> None:
    """Draw what is to be done, anew every two seconds until it is."""
    is_done = tasks.is_done(step.id)

    def look() -> None:
        if tasks.is_done(step.id) != is_done:
            st.rerun()  # the head changes too
        st.markdown(tasks.text(step.id))

    _with_next(st.fragment(look, run_every=None if is_done else 2.0), is_done=is_done)


def _with_next(draw: Callable[[], object], is_done: bool) -> None:
    with st.container(key="tour_told"):
        text, button = st.columns([8, 1.25], vertical_alignment="center", gap="medium")
    with text:
        draw()
    with button:
        st.button(
            on_primary(words.NEXT),
            key="tour_next",
            type="primary",
            width="stretch",
            on_click=going.go_on,
            args=(is_done,),
        )


def _another_network(step: Step) -> None:
    """Say why the network cannot be asked, and offer one that can."""
    network, other = networks.current(), tasks.network_for(step)
    st.markdown(words.cannot_ask(network.title, step.needs))
    if other is not None:
        st.button(
            words.look_at(other[1]),
            key="tour_look",
            type="primary",
            on_click=design.look_at,
            args=(other[0],),
        )
