"""A guess before the answer: one question with its control, then what was said beside what was measured.

    question = NumberQuestion(id="pooling.share", asked="How much of it moves?", least=0, most=100, unit="%")
    if guess.first(question):                 # a page: asks, unless the visitor has guessed, skipped, or wishes not to
        ...                                   # draws its answer
        guess.shown(question, 28.0, "The largest of four stays the largest while it moves inside its field.")
    else:
        unknown("the share after pooling", 96)  # the answer's place, dashed

The lesson's tour uses `ask` and `shown` alone. Guesses are kept with the visitor (`cnn_core.runs.notebooks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import (
    ChoiceQuestion,
    CurveQuestion,
    GuessQuestion,
    NumberQuestion,
    PointQuestion,
)
from cnn_core.lesson.guesses import Guess, with_measured
from cnn_core.runs.notebooks import Notebook
from pages.ui.drawing.said_and_measured import scale, two_points
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms import class_question
from pages.ui.forms.guess_curve import draw_curve, show_curves
from pages.ui.forms.guess_look import Look as Look
from pages.ui.forms.guess_look import plain_value
from pages.ui.frame.announcement import announce
from pages.ui.visitor import server, who
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import guesses as words
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, on_primary, plain, small

_TRIES = "guess_tries"  # {a question's key: the wrong answers given so far}
_POINTS = "guess_points"  # {a question's key: (row, column) that is marked, and not said yet}
_UNKEPT = "guess_unkept"  # {key: guess} that the disk would not take: they last as long as the session
_TOUR = "guess_tour"  # what pages hide until the tour's question is guessed; None where no tour is on
_SWITCH = "guess_switch"
_OFF = "guess_off"  # True where the wish not to be asked could not be kept on the disk

_TARGETS = (
    """<style>@media (max-width: 640px) { [class*="st-key-guess"] button { min-height: 44px } }</style>"""
)


_PLAIN = Look()
Tell = Callable[[Guess], object]


# ---------------------------------------------------------------- what is known


def guess_of(question: GuessQuestion) -> Guess | None:
    """What the visitor has said to this question, in whatever tab and session; None where they have not."""
    unkept = st.session_state.get(_UNKEPT, {})
    return unkept.get(question.key) or notebook().guess(question.key)


def has_said(question: GuessQuestion) -> bool:
    """Whether the visitor has guessed, and not only asked for the answer."""
    guess = guess_of(question)
    return guess is not None and guess.said is not None


def notebook() -> Notebook:
    """The visitor's notebook as it is now."""
    return server.store().notebooks.of(who.visitor())


def asks_first() -> bool:
    """Whether pages are to ask this visitor before they answer."""
    return _OFF not in st.session_state and notebook().asks_first


def set_asks_first(wished: bool) -> None:
    """Let pages ask before they answer, or not; for callbacks."""
    if _SWITCH in st.session_state:
        st.session_state[_SWITCH] = wished
    st.session_state.pop(_OFF, None)
    if not wished:
        st.session_state[_OFF] = True
    with refusals.collect("guess"):
        server.store().notebooks.ask_first(who.visitor(), wished)
        st.session_state.pop(_OFF, None)


def switch() -> None:
    """Draw the switch for all pages; for Home."""
    st.toggle(words.ASK_FIRST, value=asks_first(), key=_SWITCH, on_change=_switched)


def _switched() -> None:
    set_asks_first(bool(st.session_state[_SWITCH]))


def about(network: LoadedNetwork, *what: object) -> str:
    """What a question about this network is about.

    what: the layer, the digit, the settings that the answer also depends on.
    """
    told = "/".join(str(one) for one in what)
    if len(told) > 40:  # settings, or a drawing
        told = blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{network.run_id or network.title}/{told}"


def let_tour_ask(hides: Collection[str] | None) -> None:
    """While the tour is on, it asks, and no page does: one support at a time. In each run, before the page.

    hides: what pages keep to themselves until it is guessed: ids of their questions, or names that they ask
        `is_hidden` for; None where no tour is on.
    """
    st.session_state[_TOUR] = None if hides is None else set(hides)


def is_hidden(what: str) -> bool:
    """Whether the tour's question asks for just this number of a page, and is not guessed yet."""
    return what in (st.session_state.get(_TOUR) or ())


# ---------------------------------------------------------------- a page asks


def first(question: GuessQuestion, look: Look = _PLAIN) -> bool:
    """Draw the question, unless its answer may be seen already. Returns whether it may.

    It may once the visitor has guessed or asked for the answer, and always where they wish not to be asked. Of one
    network a page asks once: whoever goes on to another digit or layer simply looks.
    """
    if may_tell(question):
        return True
    if st.session_state.get(_TOUR) is not None:
        return False  # it stands in the tour's bar
    with st.container(key=f"guess_{_name(question)}", gap="small"):
        ask(question, look, is_main=False)
        with st.container(horizontal=True, gap="medium"):
            name = _name(question)
            show, off = small(words.SKIP if look.is_open else words.SHOW), small(words.DO_NOT_ASK)
            st.button(show, key=f"guess_skip_{name}", type="tertiary", on_click=skip, args=(question,))
            st.button(off, key=f"guess_off_{name}", type="tertiary", on_click=_no_more_questions)
    return False


def may_tell(question: GuessQuestion) -> bool:
    """What `first` returns; draws nothing."""
    if guess_of(question) is not None:
        return True
    if st.session_state.get(_TOUR) is not None:
        return not is_hidden(question.id)
    book = notebook()
    wants_none = _OFF in st.session_state or not book.asks_first
    return wants_none or book.has_answered(question.id, question.skipped().network)


def _no_more_questions() -> None:
    set_asks_first(False)
    st.toast(words.NO_MORE_QUESTIONS)


def skip(question: GuessQuestion) -> None:
    """The visitor wants to see the answer at once; for callbacks."""
    _keep(question.skipped())


# ---------------------------------------------------------------- one question


def ask(
    question: GuessQuestion, look: Look = _PLAIN, is_main: bool = True, tell: Tell | None = None
) -> Guess | None:
    """Draw one question with its control and the button that repeats the guess; once it is guessed, nothing.

    is_main: whether that button is the main one on the page.
    tell:    who else is told a guess, before it is kept; a StudentError of theirs leaves the question open.
    Returns the guess, or None while there is none.
    """
    guess = guess_of(question)
    if guess is not None:
        return guess
    st.html(_TARGETS)
    if is_main and isinstance(question, ChoiceQuestion):
        # In a fragment a click would wait for the page below, which may have a layer's pictures to compute.
        with st.container():
            refusals.draw("guess")
            _ask_choice(question, look, tell)
    else:
        _control(question, look, is_main, tell)
    return None


@st.fragment
def _control(question: GuessQuestion, look: Look, is_main: bool, tell: Tell | None) -> None:
    """A fragment: while the slider moves or the pen draws, the page stays as it is."""
    if guess_of(question) is not None:
        st.rerun()  # said in this very fragment: now the whole page knows
    refusals.draw("guess")
    if isinstance(question, ChoiceQuestion):
        _ask_choice(question, look, tell)
    elif isinstance(question, NumberQuestion):
        _ask_number(question, look, is_main, tell)
    elif isinstance(question, PointQuestion):
        _ask_point(question, look, is_main, tell)
    else:
        _ask_curve(question, look, is_main, tell)


def _ask_choice(question: ChoiceQuestion, look: Look, tell: Tell | None) -> None:
    name, tries = _name(question), _tries(question)
    hint = words.not_yet(tries[-1], question.hint_for(tries[-1])) if tries else ""
    with st.container(gap=None):  # the announcement is not seen
        st.markdown(words.question(question.asked))
        announce(f"guess-hint-{name}", hint)
    if hint:
        caption(hint)
    if look.pictures is not None:
        sheet(
            look.pictures,
            f"guess_choice_{name}",
            alt=look.alt or question.asked,
            tile_px=look.px,
            labels=list(question.options),
            captions=[(option, "") for option in question.options],
            badges=["not" if option in tries else "" for option in question.options],
            on_click=lambda index: _choose(question, question.options[index], tell),
        )
        return
    with st.container(horizontal=True, gap="small"):
        for index, option in enumerate(question.options):
            st.button(
                plain(option),
                key=f"guess_{name}_{index}",
                disabled=option in tries,
                on_click=_choose,
                args=(question, option, tell),
            )


def _choose(question: ChoiceQuestion, said: str, tell: Tell | None) -> None:
    tries = _tries(question)
    with refusals.collect("guess"):
        guess = question.guess(said, tries)
        if question.hint_for(said, tries):
            st.session_state.setdefault(_TRIES, {})[question.key] = (*tries, said)
            return
        if tell is not None:
            tell(guess)
        _keep(guess)


def _tries(question: GuessQuestion) -> tuple[str, ...]:
    return st.session_state.get(_TRIES, {}).get(question.key, ())


def _places(look: Look, *widths: int) -> Sequence[DeltaGenerator]:
    """Places beside each other, or below each other in a narrow column."""
    if look.narrow:
        return [st.container() for _ in widths]
    return st.columns(list(widths), vertical_alignment="center", gap="medium")


def _ask_number(question: NumberQuestion, look: Look, is_main: bool, tell: Tell | None) -> None:
    name = _name(question)
    text, control, button = _places(look, 5, 3, 2)
    text.markdown(words.question(question.asked))
    kind = int if all(float(part).is_integer() for part in (question.least, question.step)) else float
    unit = f" {question.unit}".rstrip().replace("%", "%%")
    said = control.slider(
        question.asked,
        kind(question.least),
        kind(question.most),
        kind(question.middle),
        kind(question.step),
        format=("%d" if kind is int else "%.2f") + unit,
        key=f"guess_number_{name}",
        label_visibility="collapsed",
    )
    _say(button, question, said, words.i_say(words.said_words(question.guess(said))), is_main, tell)


def _ask_point(question: PointQuestion, look: Look, is_main: bool, tell: Tell | None) -> None:
    name, marked = _name(question), st.session_state.get(_POINTS, {}).get(question.key)
    st.markdown(words.question(question.asked))
    if look.image is not None:
        picture(
            look.image,
            f"guess_point_{name}",
            alt=look.alt or question.asked,
            px=look.px,
            clickable=True,
            grid=(question.rows, question.columns),
            read_out=False,
            rects=[] if marked is None else [_around(marked, question, look.image)],
            on_click=lambda row, column: _mark(question, row, column),
        )
    if marked is None:
        caption(words.TAP)
    _say(st.container(), question, marked, words.i_say("it is here"), is_main, tell)


def _around(
    marked: tuple[int, int], question: PointQuestion, image: np.ndarray | bytes
) -> tuple[int, int, int, int]:
    """The marked cell in pixels of the image."""
    row, column = marked
    if isinstance(image, bytes):
        return row, column, row + 1, column + 1
    down, right = image.shape[0] / question.rows, image.shape[1] / question.columns
    return round(row * down), round(column * right), round((row + 1) * down), round((column + 1) * right)


def _mark(question: PointQuestion, row: int, column: int) -> None:
    st.session_state.setdefault(_POINTS, {})[question.key] = (row, column)


def _ask_curve(question: CurveQuestion, look: Look, is_main: bool, tell: Tell | None) -> None:
    st.markdown(words.question(question.asked))
    drawn = draw_curve(question, f"guess_curve_{_name(question)}", look.pictures, look.marks)
    _say(st.container(), question, drawn, words.SAY_IT_DRAWN, is_main, tell)


def _say(
    place: DeltaGenerator,
    question: GuessQuestion,
    said: object,
    label: str,
    is_main: bool,
    tell: Tell | None,
) -> None:
    """The button that commits; it cannot be pressed while nothing is said."""
    place.button(
        on_primary(label, said is not None) if is_main else label,
        key=f"guess_say_{_name(question)}",
        type="primary" if is_main else "secondary",
        disabled=said is None,
        on_click=_commit,
        args=(question, said, tell),
    )


def _commit(question: GuessQuestion, said: object, tell: Tell | None) -> None:
    with refusals.collect("guess"):
        guess = question.guess(said)
        if tell is not None:
            tell(guess)
        _keep(guess)


def ask_again(question: GuessQuestion) -> None:
    """What was said is taken back, and the question is open once more; for callbacks."""
    st.session_state.get(_UNKEPT, {}).pop(question.key, None)
    with refusals.collect("guess"):
        server.store().notebooks.forget_guess(who.visitor(), question.key)


def keep(guess: Guess, measured: object) -> None:
    """Keep a guess that was asked for in another way than here, with what it came to; for callbacks."""
    _keep(with_measured(guess, measured))


def _keep(guess: Guess) -> None:
    """Keep it with the visitor; where the disk does not take it, it lasts as long as the session."""
    try:
        server.store().notebooks.keep_guess(who.visitor(), guess)
        st.session_state.get(_UNKEPT, {}).pop(guess.key, None)
    except StudentError as error:
        st.session_state.setdefault(_UNKEPT, {})[guess.key] = guess
        refusals.refuse("guess", error)


# ---------------------------------------------------------------- and what it came to


def shown(question: GuessQuestion, measured: object, why: str, look: Look = _PLAIN) -> None:
    """Draw what was said beside what was measured, and one sentence of why. Nothing where nothing was said.

    measured: a value of the question's kind: the words of an option, a number, (row, column), a number for each tick.
    why:      one or two sentences in Markdown, with this network's numbers.
    """
    if look.is_whole and st.session_state.get(_TOUR) is None:  # in the lesson its bar has the button
        class_question.offer_shown(question, measured, why, look, _name(question))
    guess = guess_of(question)
    if guess is None:
        return
    after = with_measured(guess, plain_value(question, measured))
    if after.measured != guess.measured:
        _keep(after)
    refusals.draw("guess")
    if after.said is None:
        return  # who has not guessed sees the page as it is
    with st.container(gap=None):  # the announcement is not seen
        announce(f"guess-told-{_name(question)}", words.told(after))
        _show(question, after, why, look)


def _show(question: GuessQuestion, guess: Guess, why: str, look: Look) -> None:
    if isinstance(question, CurveQuestion):
        _show_curve(question, guess, why, look)
    elif isinstance(question, NumberQuestion):
        text, marks = _places(look, 5, 4)
        text.markdown(why)
        with marks:
            _show_number(question, guess)
    elif isinstance(question, PointQuestion) and look.image is not None:
        _show_point(question, guess, why, look, look.image)
    else:
        st.markdown(f"{plain(words.told(guess))} {why}")


def _show_point(
    question: PointQuestion, guess: Guess, why: str, look: Look, image: np.ndarray | bytes
) -> None:
    marked, text = st.columns([2, 5], gap="medium")
    with marked:
        points = [value if isinstance(value, tuple) else None for value in (guess.said, guess.measured)]
        two_points(image, (question.rows, question.columns), points[0], points[1], look.px, words.told(guess))
    with text:
        st.markdown(f"{plain(words.told(guess))} {why}")
        caption(words.WHAT_THE_RINGS_ARE)


def _show_number(question: NumberQuestion, guess: Guess) -> None:
    said, measured = (
        value if isinstance(value, int | float) else None for value in (guess.said, guess.measured)
    )
    labels = f"you said {words.said_words(guess)}", f"measured {words.measured_words(guess)}"
    scale(said, measured, question.least, question.most, labels, words.told(guess))


def _show_curve(question: CurveQuestion, guess: Guess, why: str, look: Look) -> None:
    if look.elsewhere:
        st.markdown(f"**{plain(words.told(guess))}** {why}")
        return
    curves, text = [st.container(), st.container()] if look.narrow else st.columns([5, 3], gap="medium")
    with curves:
        show_curves(question, guess, f"guess_shown_{_name(question)}", look.pictures, look.marks)
        caption(words.WHAT_A_CURVE_SHOWS)
    with text:
        st.metric("You were off by, on average", words.off_words(guess))
        st.markdown(why)


def _name(question: GuessQuestion) -> str:
    """What its widgets are called: another one for each key, without signs that a key may not have."""
    told = "\n".join(question.key).encode("utf-8", "replace")
    return blake2b(told, digest_size=6).hexdigest()
