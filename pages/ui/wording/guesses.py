"""The sentences of a guess: what its button says, how what was said and what was measured are told."""

from __future__ import annotations

from cnn_core.lesson.guesses import Guess, off
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import number, percent

SHOW = "Show the answer"
SKIP = "Skip"
DO_NOT_ASK = "Do not ask me first"
NO_MORE_QUESTIONS = "Pages show their answers at once from now on. On Home you can let them ask again."
ASK_FIRST = "Let each page ask me before it answers"
SAY_IT_DRAWN = "This is my curve"
DRAW_IT = "Draw your curve here"
UNKNOWN = "not guessed yet"
TAP = "Tap the place you mean."
WHAT_THE_RINGS_ARE = "Dashed ring: what you said. Whole ring: measured."
WHAT_A_CURVE_SHOWS = "Dotted: what you drew. Solid: measured. Shaded: where the two differ."


def question(asked: str) -> str:
    """A question as it is drawn: its last sentence in bold, what it needs before that plain.

    >>> question("A 7 moves by a pixel. How much changes?"), question("How much changes?")
    ('A 7 moves by a pixel. **How much changes?**', '**How much changes?**')
    """
    lead, stop, last = asked.rpartition(". ")
    return f"{lead}{stop}**{last}**"


def amount(value: float, unit: str, decimals: int = 1) -> str:
    """A number and its unit, no finer than a tenth.

    decimals: more of a scale that goes from 0 to 1.

    >>> amount(40.0, "%"), amount(28.04, "%"), amount(1, "digits"), amount(93322, "parameters"), amount(0.304, "", 2)
    ('40 %', '28 %', '1 digit', '93,322 parameters', '0.30')
    """
    text = number(value, decimals)
    text = text.removesuffix(".0")
    if text == "1" and unit.endswith("s"):
        unit = unit[:-1]
    return f"{text} {unit}".strip()


def said_words(guess: Guess) -> str:
    """What was said, in a few words; "" where nothing was.

    >>> said_words(Guess("x", "number", "How many?", 40, unit="%")), said_words(Guess("x", "point", "Where?", (3, 11)))
    ('40 %', 'row 3, column 11')
    """
    return value_words(guess, guess.said)


def measured_words(guess: Guess) -> str:
    """The same for what was measured."""
    return value_words(guess, guess.measured)


def value_words(guess: Guess, value: object) -> str:
    """A value of this guess in a few words."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        if guess.kind == "point":
            return f"row {value[0]:g}, column {value[1]:g}"
        return f"a curve from {amount(value[0], guess.unit)} to {amount(value[-1], guess.unit)}"
    return amount(value, guess.unit, _decimals(guess)) if isinstance(value, int | float) else ""


def _decimals(guess: Guess) -> int:
    return 2 if not guess.unit and guess.most - guess.least <= 1 else 1


def i_say(words: str) -> str:
    """The label of the button that commits.

    >>> i_say("40 %")
    'I say 40 %'
    """
    return f"I say {words}"


def not_yet(said: str, hint: str) -> str:
    """After a first answer that is wrong: what it overlooks, and one more try.

    >>> not_yet("dense_1", "A dense layer has no maps.")
    'Not dense\\\\_1. A dense layer has no maps. Try once more.'
    """
    return " ".join(part for part in (f"Not {plain(said)}.", hint, "Try once more.") if part)


def told(guess: Guess) -> str:
    """Both in one or two sentences, for the eye and for a screen reader.

    >>> told(Guess("x", "number", "How many?", 40, 28.0, "%")), told(Guess("x", "number", "How many?", None, 28.0, "%"))
    ('You said 40 %, measured 28 %.', 'Measured: 28 %.')
    """
    said, measured = said_words(guess), measured_words(guess)
    if guess.kind == "choice":
        told_it = f"The answer is {measured}."
        if not said:
            return told_it
        if said != measured:
            return f"You said {said}. {told_it}"
        return (
            f"You said {said} at your second try, and so it is."
            if guess.tries
            else f"You said {said}, and so it is."
        )
    if not said:
        return "Measured." if guess.kind == "curve" else f"Measured: {measured}."
    if guess.kind == "curve":
        return f"You were off by {off_words(guess)} on average."
    if guess.kind == "point":
        return f"You said {said}, measured {measured}: {off_words(guess)} away."
    return f"You said {said}, measured {measured}."


def off_words(guess: Guess) -> str:
    """How far off, with its unit; of per cents these are points.

    >>> off_words(Guess("x", "number", "How many?", 40, 28.0, "%"))
    '12 points'
    """
    far = off(guess)
    return "" if far is None else amount(far, "points" if guess.unit == "%" else guess.unit, _decimals(guess))


def curve_alt(guess: Guess) -> str:
    """A drawn curve beside the measured one, for those who cannot see it."""
    measured = guess.measured if isinstance(guess.measured, tuple) else ()
    pairs = [
        f"{tick} {amount(value, guess.unit)}" for tick, value in zip(guess.ticks, measured, strict=False)
    ]
    step = max(1, (len(pairs) - 1) // 6)
    return f"Measured: {', '.join(pairs[::step])}. {told(guess)}"


# ---------------------------------------------------------------- a training


def what_will_it_read(noun: str) -> str:
    """
    >>> what_will_it_read("digits")
    'What share of the test digits will it read rightly at the end of its training?'
    """
    return f"What share of the test {noun} will it read rightly at the end of its training?"


def blind_guessing(accuracy: float, classes: int) -> str:
    """What the accuracy is to be held against.

    >>> blind_guessing(0.944, 10)
    'It reads **94.4 %**. Someone who picks one of 10 classes at random is right in 10.0 % of cases.'
    """
    chance = percent(1 / classes)
    at_random = f"Someone who picks one of {classes} classes at random is right in {chance} of cases."
    return f"It reads **{percent(accuracy)}**. {at_random}"
