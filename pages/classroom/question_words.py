"""The sentences of a class's questions: who has answered, what was said, what is so, and where most went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.classroom.question_file import ClassQuestion
from cnn_core.classroom.tally import Bin, Verdict, bars, bins, middle_curve, spots
from cnn_core.lesson.guess_questions import (
    ChoiceQuestion,
    CurveQuestion,
    GuessQuestion,
    NumberQuestion,
    PointQuestion,
)
from cnn_core.lesson.guesses import CLOSE, Guess, Value
from pages.ui.wording.blocks import plain
from pages.ui.wording.guesses import amount, value_words
from pages.ui.wording.numbers import plural
from pages.ui.wording.screen_summary import summary

NOTHING_ASKED = "Your teacher has asked nothing yet. A question for the class will stand here."
NOTHING_NOW = "No question is open now. The next one will stand here by itself."
ENDED = "The class has ended: answers are not taken any more."
SHOW_ANSWERS, SHOW_MEASURED = "Show the answers", "Show what was measured"
PUT_AWAY, NEXT = "Put it away", "Ask something else"
BRING_BACK, TAKE_AWAY = "Show again", "Delete"
ASK, OTHER_NUMBERS = "Ask the class", "Other numbers"
CHANGE, KEEP_IT = "Say something else", "Leave it as it was"
WAIT = "Everybody sees the answers when your teacher shows them. Until then you can say something else."
LOOK_AT_IT = "Look at it"
BEFORE = "Asked before"
STAGES = {"asked": "not shown yet", "answers": "answers shown", "measured": "measured shown"}
WHICH = "Which prediction of the lesson?"
NO_LESSON = "This network can be asked none of the lesson’s predictions. Choose another in the sidebar."
WHAT_THEY_GET = "This is what your students will get:"
THIN_LINES = "Thin: each of you. Dotted: the middle of all."
AND_YOURS = "Dark: yours."
AND_MEASURED = "Thick: measured."
DOTS = "Dots: where you pointed; a larger one is several."
YOUR_RING = "Dashed ring: what you said."
THE_RING = "Whole ring: measured."


def network_of(title: str) -> str:
    """title: of the network that is asked about."""
    return f"About “{plain(title)}”" if title else ""


def choose_network(title: str) -> str:
    """For the teacher: whom the next question is about."""
    return f"About **{plain(title)}**. Another network is chosen in the sidebar."


def answered(count: int, members: int) -> str:
    """How many have said something.

    >>> answered(17, 24), answered(0, 1), answered(0, 0)
    ('**17 of 24** have answered.', '**0 of 1** has answered.', 'Nobody is in the class yet.')
    """
    if not members:
        return "Nobody is in the class yet."
    return f"**{count} of {members}** {'has' if members == 1 else 'have'} answered."


def you_said(guess: Guess) -> str:
    """What the student said, while the answers are not shown."""
    return f"You said **{plain(value_words(guess, guess.said))}**."


def how_many(count: int) -> str:
    """Above the answers, before anything measured is shown.

    >>> how_many(24), how_many(1), how_many(0)
    ('24 of you have answered.', 'One of you has answered.', 'Nobody has answered.')
    """
    if not count:
        return "Nobody has answered."
    return "One of you has answered." if count == 1 else f"{count} of you have answered."


def too_late() -> str:
    """Under the answers, for a student who has said nothing."""
    return "You have not answered this one. The next question is yours too."


def announced(stage: str) -> str:
    """What a screen reader says when the teacher goes on.  stage: of the question, "" without one."""
    return {
        "asked": "A question is open.",
        "answers": "The answers are shown.",
        "measured": "What was measured is shown.",
    }.get(stage, "")


def of_before(count: int, stage: str) -> str:
    """Behind a question of before, for the teacher.  stage: a value of STAGES."""
    return f":gray[{plural(count, 'answer')}, {stage}]"


def legend(kind: str, is_measured: bool, is_own: bool = False) -> str:
    """What the marks of a picture are; "" where its words say it.

    kind:        of the question.
    is_measured: whether what was measured is drawn.
    is_own:      whether what the visitor said is drawn.
    """
    marks = {"curve": (THIN_LINES, AND_YOURS, AND_MEASURED), "point": (DOTS, YOUR_RING, THE_RING)}.get(kind)
    if marks is None:
        return ""
    return " ".join(mark for mark, holds in zip(marks, (True, is_own, is_measured), strict=True) if holds)


# ---------------------------------------------------------------- what most got wrong


def what_most_said(question: GuessQuestion, told: Verdict, measured: Value) -> str:
    """One or two sentences, in Markdown: what most said, and what is so."""
    if isinstance(question, ChoiceQuestion):
        return _of_choice(told, str(measured))
    so = _words(question, measured)
    if not told.answered:
        return (
            "Nobody has answered."
            if isinstance(question, CurveQuestion)
            else f"Nobody has answered. It is {so}."
        )
    if isinstance(question, PointQuestion):
        return _of_points(question, told)
    if told.right == told.answered and not (isinstance(question, CurveQuestion) and told.wrong):
        return _all_right(question, told, so)
    if isinstance(question, CurveQuestion):
        return _of_curves(question, told)
    return _of_numbers(question, told, so)


def _words(question: GuessQuestion, value: Value) -> str:
    return value_words(question.skipped(), value)


def close(question: GuessQuestion) -> str:
    """How far off still counts as right, with its unit.

    >>> close(NumberQuestion(id="x", asked="?", least=0, most=100, unit="%"))
    '5 points'
    """
    guess = question.skipped()
    unit = "points" if guess.unit == "%" else guess.unit
    return amount(CLOSE * (guess.most - guess.least), unit, 2 if not unit and guess.most <= 1 else 1)


def _of_choice(told: Verdict, measured: str) -> str:
    so = f"**“{plain(measured)}”**"
    if not told.answered:
        return f"Nobody has answered. It is {so}."
    if told.answered == 1:
        if told.right:
            return f"The one answer is {so}, and so it is."
        return f"The one answer is “{plain(told.common[0])}”; it is {so}."
    if told.right == told.answered:
        return f"All {told.answered} said {so}, and so it is."
    wrong = " or ".join(f"“{plain(one)}”" for one in told.common)
    each = f", {told.wrong} each" if len(told.common) > 1 else ""
    count = told.wrong * len(told.common)
    if told.wrong >= told.right:
        right = "which nobody said" if not told.right else f"which {told.right} said"
        return f"{count} of {told.answered} said {wrong}{each}; it is {so}, {right}."
    return f"{told.right} of {told.answered} said {so}, and so it is. {count} said {wrong}{each}."


def _all_right(question: GuessQuestion, told: Verdict, so: str) -> str:
    what = "what was measured" if isinstance(question, CurveQuestion) else f"**{so}**"
    if told.answered == 1:
        return f"The one answer is no more than {close(question)} from {what}."
    return f"All {told.answered} answers are no more than {close(question)} from {what}."


def _of_numbers(question: NumberQuestion, told: Verdict, so: str) -> str:
    middle = _words(question, told.middle)
    if told.answered == 1:
        return f"The one answer is {middle}; it is **{so}**."
    near = f" {told.right} came within {close(question)}." if told.right else ""
    if told.side:
        how = "too much" if told.side > 0 else "too little"
        return f"{told.wrong} of {told.answered} said {how}: the middle answer is {middle}; it is **{so}**.{near}"
    return f"As many said too much as too little, {told.wrong} each; it is **{so}**.{near}"


def _of_points(question: PointQuestion, told: Verdict) -> str:
    if told.answered == 1:
        return f"The one answer is {amount(told.middle, 'pixels')} away."
    far = f"{told.wrong} of {told.answered} pointed more than {close(question)} away"
    return f"{far}; the middle distance is **{amount(told.middle, 'pixels')}**."


def _of_curves(question: CurveQuestion, told: Verdict) -> str:
    tick, unit = plain(question.ticks[told.at]), question.unit
    middle, so = amount(told.middle, unit), amount(told.measured, unit)
    if told.answered == 1:
        return f"The one curve is furthest off at {tick}: {middle} there, measured **{so}**."
    if told.side:
        how = "too high" if told.side > 0 else "too low"
        drew = f"At {tick}, {told.wrong} of {told.answered} drew it {how}"
        return f"{drew}: the middle of your curves is at {middle} there, measured **{so}**."
    return f"The middle of your curves is furthest off at {tick}: {middle} there, measured **{so}**."


# ---------------------------------------------------------------- for those who cannot see the picture


def in_words(asked: ClassQuestion, said: Sequence[Value], measured: Value = None) -> str:
    """The answers, one after the other; then what was measured."""
    question = asked.question
    if isinstance(question, ChoiceQuestion):
        parts = [f"{option}: {count}" for option, count in bars(question, said)]
    elif isinstance(question, NumberQuestion):
        parts = [f"{_range(question, one)}: {one.count}" for one in bins(question, said) if one.count]
    elif isinstance(question, PointQuestion):
        parts = [f"row {place[0]}, column {place[1]}: {count}" for place, count in spots(said)]
    else:
        middle = zip(question.ticks, middle_curve(said), strict=False)
        parts = [f"middle at {tick}: {amount(value, question.unit)}" for tick, value in middle]
    words = f"{plural(len(said), 'answer')}. {', '.join(parts)}".strip().rstrip(".") + "."
    return words if measured is None else f"{words} Measured: {_words(question, measured)}."


def _range(question: NumberQuestion, one: Bin) -> str:
    low = _words(question, one.low)
    return (
        low
        if one.high - one.low == question.step
        else f"{low} to {_words(question, min(one.high, question.most))}"
    )


def page_summary(asked: str, stage: str, count: int, members: int) -> str:
    """What the page says in one paragraph.  asked: "" where no question is open."""
    if not asked:
        return summary(NOTHING_NOW)
    if stage == "asked":
        return summary(f"The class is asked: {asked}", answered(count, members))
    return summary(f"The class was asked: {asked}", how_many(count))
