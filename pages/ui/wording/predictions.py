"""A guess in the words in which a page told it, for what is taken away or handed in."""

from __future__ import annotations

from cnn_core.export.record import CurveOfRecord, PredictionOfRecord
from cnn_core.lesson.guesses import Guess, surprise, was_right
from pages.ui.wording import guesses as words
from pages.ui.wording.screen_summary import spoken


def prediction(guess: Guess) -> PredictionOfRecord:
    """A guess in the words in which the page told it."""
    said, measured = spoken(words.said_words(guess)), spoken(words.measured_words(guess))
    if guess.tries:
        said = f"first {spoken(guess.tries[0])}, then {said}"
    return PredictionOfRecord(
        asked=spoken(guess.asked),
        said=said,
        measured=measured,
        off=_off(guess),
        network=guess.network,
        surprise=surprise(guess),
        is_right=was_right(guess),
        curve=_curve(guess),
    )


def _off(guess: Guess) -> str:
    if guess.state != "measured":
        return ""
    far = words.off_words(guess)
    return f"{far} on average" if far and guess.kind == "curve" else far


def _curve(guess: Guess) -> CurveOfRecord | None:
    if guess.kind != "curve":
        return None
    said, measured = (value if isinstance(value, tuple) else () for value in (guess.said, guess.measured))
    return CurveOfRecord(guess.ticks, guess.unit, guess.least, guess.most, said, measured)
