"""The lesson's predictions for a teacher's class: each step that predicts, about the network that is looked at."""

from __future__ import annotations

import random

from cnn_core.lesson.guess_questions import PointQuestion
from pages.tour import words
from pages.tour.asking import NEEDS, About, Asked
from pages.tour.steps import BY_ID, GROUPS, STEPS, Step
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.forms import class_question
from pages.ui.forms.class_question import Lesson, Prediction
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork


def offer() -> None:
    """Let teachers choose from them; for dashboard.py."""
    class_question.offer(_LESSON)


def prediction(step: Step, asked: Asked, network: LoadedNetwork) -> Prediction:
    """A step's prediction, as a class is asked it: with the digit that it speaks of, and where it can be seen."""
    state = {**step.state, **asked.state, **asked.after}
    if network.kind != "design":  # whose weights no address holds
        state["net"] = f"run:{network.run_id}" if network.run_id else network.weights_key
    digit = asked.state.get("digit", "")
    shows_digit = (
        digit.isdigit() and asked.look.pictures is None and not isinstance(asked.question, PointQuestion)
    )
    return Prediction(
        asked.question,
        lambda: (asked.measured.value, asked.measured.why),
        asked.look,
        _digit(network.dataset, int(digit)) if shows_digit else b"",
        words.test_image(int(digit)) if shows_digit else "",
        step.page,
        state,
    )


def _digit(dataset: str, number: int) -> bytes:
    """A test image as a PNG; b"" where there are none here."""
    if server.why_no_images(dataset) is not None:
        return b""
    images = server.images(dataset, "test").images
    return image_sheet(images[number : number + 1].float().numpy() / 255).png


def _titles(network: LoadedNetwork) -> dict[str, str]:
    return {
        step.id: f"{step.title} · {GROUPS[step.group]}"
        for step in STEPS
        if step.kind == "prediction" and NEEDS[step.needs](network)
    }


def _make(step_id: str, network: LoadedNetwork, seed: str) -> Prediction:
    from pages.tour.questions import QUESTIONS  # and with them torch

    step = BY_ID[step_id]
    return prediction(step, QUESTIONS[step_id](About(network, random.Random(f"{seed}/{step_id}"))), network)


_LESSON = Lesson(_titles, {step.id: step.page for step in STEPS}, _make)
