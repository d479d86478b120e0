"""The lesson's steps as worksheets: the same questions, of the lesson's convnet, with numbers drawn by one seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from cnn_core.errors import StudentError
from cnn_core.export.worksheet import Sheet, SheetQuestion
from cnn_core.lesson import NAMED_KERNELS
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, GuessQuestion, NumberQuestion
from pages.tour import words
from pages.tour import worksheet_words as said
from pages.tour.asking import NEEDS, About, Asked
from pages.tour.questions import QUESTIONS
from pages.tour.steps import GROUPS, STEPS, Step
from pages.ui.frame.shell import entry
from pages.ui.trained.report import enlarged_png
from pages.ui.visitor import networks, server
from pages.ui.wording import guesses
from pages.ui.wording.classes import article
from pages.ui.wording.screen_summary import spoken

if TYPE_CHECKING:
    import numpy as np

TASKS = {"training": words.TRAIN_IT, "with_and_without": words.TRAIN_BOTH}
PICTURE = 168  # pixels, at most


def sheets_of(seed: int, with_answers: bool = False) -> list[Sheet]:
    """One sheet for each group of steps.

    seed: of the numbers in the questions.
    with_answers: whether they are worked out too; what takes long is computed elsewhere while a bar is drawn.
    """
    network = networks.ours("lesson")
    return [
        Sheet(
            title,
            network.title,
            [
                question
                for step in STEPS
                if step.group == group and (question := _question(step, network, seed, with_answers))
            ],
        )
        for group, title in GROUPS.items()
    ]


def _question(
    step: Step, network: networks.LoadedNetwork, seed: int, with_answers: bool
) -> SheetQuestion | None:
    """A step as a question on paper; None where it cannot be asked on this machine."""
    make = QUESTIONS.get(step.id)
    if make is None:
        return _in_words(step)
    if not NEEDS[step.needs](network):
        return None
    try:
        asked = make(About(network, random.Random(f"worksheet/{seed}/{step.id}")))
        return SheetQuestion(
            title=step.title,
            asked=spoken(asked.question.asked),
            page=entry(step.page).title,
            image=_image(step, asked),
            **_room(asked.question),
            **(_answer(asked) if with_answers else {}),
        )
    except StudentError:
        return None


def _in_words(step: Step) -> SheetQuestion | None:
    if step.id in words.EXPLANATIONS:
        image = (said.CAT, _cat_png()) if step.id == "cat_face" else None
        asked = spoken(words.EXPLANATIONS[step.id])
        return SheetQuestion(step.title, asked, image=image, page=entry(step.page).title)
    task = TASKS.get(step.id)
    if task is None:
        return None
    return SheetQuestion(step.title, spoken(task), answer=said.NO_ANSWER, page=entry(step.page).title)


def _room(question: GuessQuestion) -> dict[str, Any]:
    """What a sheet needs to know of how it is answered."""
    if isinstance(question, ChoiceQuestion):
        return {"kind": "choice", "options": tuple(spoken(option) for option in question.options)}
    if isinstance(question, NumberQuestion):
        return {"kind": "number", "least": question.least, "most": question.most, "unit": question.unit}
    if isinstance(question, CurveQuestion):
        ends = {"least": question.least, "most": question.most, "unit": question.unit}
        return {"kind": "curve", "ticks": question.ticks, **ends}
    return {"kind": "point"}


def _answer(asked: Asked) -> dict[str, Any]:
    measured = asked.measure()
    guess = asked.question.skipped()
    is_curve = isinstance(asked.question, CurveQuestion) and isinstance(measured.value, tuple)
    return {
        "answer": "" if is_curve else spoken(guesses.value_words(guess, measured.value)),
        "measured": measured.value if is_curve else (),
        "why": spoken(measured.why),
    }


# ---------------------------------------------------------------- what the page shows before the answer


def _image(step: Step, asked: Asked) -> tuple[str, bytes] | None:
    """The picture that the question speaks of: a kernel, a test image; None where words do."""
    # A page shows the digit in question after the guess, where showing it before would be the answer.
    state = {**step.state, **asked.state, **asked.after}
    kernel = state.get("kernel", "").replace("-", " ")
    if kernel in NAMED_KERNELS and step.id == "kernel":
        return said.kernel(kernel, NAMED_KERNELS[kernel]), _kernel_png(kernel)
    if not state.get("digit", "").isdigit():
        return None
    test = server.images("mnist", "test")
    index = int(state["digit"])
    name = article(test.classes[int(test.labels[index])])
    return said.test_image(index, name), _png(test.images[index].numpy() / 255)


def _kernel_png(name: str) -> bytes:
    from cnn_core.lesson import named_kernel
    from pages.ui.drawing.contact_sheet import signed_sheet

    return enlarged_png(signed_sheet(named_kernel(name)[None, None].numpy()).png, PICTURE)


def _cat_png() -> bytes:
    from cnn_core.lesson import cat_photo
    from pages.ui.drawing.contact_sheet import as_picture, png

    return png(as_picture(cat_photo().numpy()))


def _png(image: np.ndarray) -> bytes:
    from pages.ui.drawing.contact_sheet import as_picture, png

    return enlarged_png(png(as_picture(image)), PICTURE)
