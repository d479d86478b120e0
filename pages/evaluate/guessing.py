"""Guess first: how accuracy falls as the test images are changed more and more. It is drawn, then measured."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cnn_core.data import ImageSet
from cnn_core.lesson.guess_questions import CurveQuestion
from cnn_core.training import CHANGES, changed_images
from pages.evaluate import words
from pages.evaluate.exam import Exam
from pages.ui.drawing.contact_sheet import Sheet, image_sheet
from pages.ui.forms import guess


def question(exam: Exam, change: str) -> CurveQuestion:
    """How this network's accuracy falls under one change.  change: a key of CHANGES."""
    strengths, _ = CHANGES[change]
    return CurveQuestion(
        id="evaluate.falls",
        asked=words.how_will_it_fall(exam.noun, change),
        network=exam.network.title,
        page="evaluate",
        about=guess.about(exam.network, change, *([exam.dataset] if exam.is_elsewhere else [])),
        ticks=tuple(words.tick(strength, change) for strength in strengths),
    )


def look_of(test: ImageSet, change: str) -> guess.Look:
    """One test image at each strength stands under the axis."""
    strengths, _ = CHANGES[change]
    return guess.Look(pictures=_pictures(test, change, strengths), marks=range(len(strengths)), is_whole=True)


def _pictures(test: ImageSet, change: str, strengths: Sequence[float]) -> Sheet:
    images = [changed_images(test.images[:1], change, strength, seed=1) for strength in strengths]
    return image_sheet(torch.cat(images).numpy())


def show(exam: Exam, change: str, accuracies: Sequence[float]) -> tuple[float, ...]:
    """Say how far off a drawn curve was, where one was drawn. Returns it, per cent: it belongs into the page's chart.

    accuracies: of this network at each strength, fractions.
    """
    measured = [100 * accuracy for accuracy in accuracies]
    why = words.why_it_falls(change, CHANGES[change][0], accuracies, exam.network.trained)
    asked = question(exam, change)
    guess.shown(asked, measured, why, guess.Look(elsewhere=True))
    told = guess.guess_of(asked)
    return told.said if told is not None and isinstance(told.said, tuple) else ()
