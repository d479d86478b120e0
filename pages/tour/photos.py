"""What the last steps ask: a dream, a digit that is turned, and the lesson's random changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.data import AugmentSpec
from cnn_core.insight.dream.animation import from_file
from cnn_core.insight.dream.first_dream import first_dream
from cnn_core.lesson import Change, drawn, read_changed, stays, walk
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion
from pages.tour import photo_words as words
from pages.tour.asking import About, Asked, Measured
from pages.tour.words import after
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.forms.guess import Look
from pages.ui.forms.photo_seen import answers_of
from pages.ui.wording.classes import article

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.lesson import Reading

MAX_TURN, TURNS = 90, 13  # degrees to either side; odd, so that the middle is the digit as it is
MARKS = (0, 3, 6, 9, 12)  # of the turns, those that are drawn below the curve
DRAWS, MORE_DRAWS = 4, 64
SEEDS = 1_000


def cat_and_dream(about: About) -> Asked:
    """What the photo network calls the cat after the dream."""
    dream = first_dream()
    before = answers_of("tour/cat", from_file(dream.photo.read_bytes()))[0]
    return Asked(
        ChoiceQuestion(
            id="tour.cat_and_dream",
            asked=after(words.before_the_dream(before.name, before.probability), words.WHAT_IS_IT_NOW),
            page="deep_dream",
            options=words.AFTER_THE_DREAM,
        ),
        lambda: _after_the_dream(before.name, before.probability),
    )


def _after_the_dream(name: str, sure: float) -> Measured:
    now = answers_of("tour/dream", from_file(first_dream().frames[-1].read_bytes()))[0]
    same, surer, other = words.AFTER_THE_DREAM
    value = other if now.name != name else surer if now.probability > sure else same
    return Measured(value, words.dream_answer(name, sure, now.name, now.probability))


# ---------------------------------------------------------------- one digit, changed


def _read(about: About, digit: int, changes: list[Change]) -> Reading:
    image: Tensor = about.test.images[digit].float() / 255
    spec = AugmentSpec.lesson()
    return read_changed(about.network.net, image, changes, spec.fill_mode, spec.cval)


def _digit_read_rightly(about: About) -> int:
    """A test image that the network reads rightly, as far as one is drawn soon."""
    digit = about.digit()
    for _ in range(20):
        if _read(about, digit, [Change()]).answers[0] == int(about.test.labels[digit]):
            break
        digit = about.digit()
    return digit


def turned(about: About) -> Asked:
    """How sure the network is of a digit that is turned, drawn as a curve."""
    digit, shown = _digit_read_rightly(about), about.digit()
    label = int(about.test.labels[digit])
    changes = list(walk("turn", -MAX_TURN, MAX_TURN, TURNS))
    turns = _read(about, digit, changes).images[list(MARKS)]
    name = about.classes[label]
    degrees = [round(-MAX_TURN + 2 * MAX_TURN * place / (TURNS - 1)) for place in range(TURNS)]
    return Asked(
        CurveQuestion(
            id="tour.turned",
            asked=after(words.another_digit(digit, article(name)), words.draw_the_curve(article(name))),
            network=about.network.title,
            page="augmentation",
            about=f"{about.network.weights_key}/{digit}",
            ticks=tuple(words.degrees(turn) for turn in degrees),
        ),
        lambda: _turned_answer(about, digit, changes, degrees),
        state={"digit": str(shown)},
        after={"digit": str(digit)},
        look=Look(
            pictures=image_sheet(turns.numpy()), alt=f"The image at {len(MARKS)} turns", marks=MARKS, px=44
        ),
    )


def _turned_answer(about: About, digit: int, changes: list[Change], degrees: list[int]) -> Measured:
    label = int(about.test.labels[digit])
    reading = _read(about, digit, changes)
    sure = tuple(round(100 * chance, 1) for chance in reading.probabilities[:, label].tolist())
    limits = stays(reading, label, TURNS // 2)
    names = [article(about.classes[answer]) for answer in reading.answers]
    at = None if limits is None else (degrees[limits[0]], degrees[limits[1]])
    return Measured(sure, words.turned_answer(article(about.classes[label]), at, names[0], names[-1]))


def four_draws(about: About) -> Asked:
    """How many of 64 random changes leave the digit what it is read as."""
    digit, seed = _digit_read_rightly(about), about.chance.randrange(SEEDS)
    label, spec = int(about.test.labels[digit]), AugmentSpec.lesson()
    size = about.spec.input_shape[1], about.spec.input_shape[2]
    first, more = (list(drawn(spec, draws, size, seed)) for draws in (DRAWS, MORE_DRAWS))
    name = article(about.classes[label])
    return Asked(
        NumberQuestion(
            id="tour.four_draws",
            asked=after(
                words.of_the_four(_read(about, digit, first).kept(label), DRAWS, name),
                words.how_many_of_draws(MORE_DRAWS, name),
            ),
            network=about.network.title,
            page="augmentation",
            about=f"{about.network.weights_key}/{digit}/{seed}",
            least=0,
            most=MORE_DRAWS,
            unit="draws",
        ),
        lambda: _kept_of(about, digit, more, name),
        state={"digit": str(digit), "draw_seed": str(seed), "draws": str(DRAWS)},
        after={"draws": str(MORE_DRAWS)},
    )


def _kept_of(about: About, digit: int, changes: list[Change], name: str) -> Measured:
    still = _read(about, digit, changes).kept(int(about.test.labels[digit]))
    return Measured(still, words.draws_answer(still, len(changes), name))
