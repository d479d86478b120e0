"""The step that is asked for, computed once for all who look: at once, or by a process beside the server."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.data.own.as_dataset import fingerprint
from cnn_core.data.own.names import is_own
from cnn_core.errors import StudentError
from cnn_core.insight import StepWatched, kernels_of
from pages.one_step import words
from pages.one_step.asking import FORWARD, Asked, Weight
from pages.one_step.course import END, Course, course_of
from pages.ui.forms.digit_input import singular
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import first_look
from pages.ui.wording.looking import look

MOST_RATE = 10.0  # that a recipe may have
FASTER = 10.0  # times the learning rate, to see it jump


@dataclass(frozen=True)
class View:
    """All that the page shows.  weight: the one that is shown, None where that is the usual one."""

    course: Course
    asked: Asked
    step: StepWatched
    weight: Weight | None
    classes: tuple[str, ...]

    @property
    def noun(self) -> str:
        """What one image shows."""
        return singular(self.course.now.dataset)

    @property
    def marked(self) -> int:
        """Which image is followed."""
        return min(self.asked.marked, len(self.step.labels) - 1)


def view_of(course: Course, asked: Asked) -> View:
    """The step, done.  Raises StudentError where it cannot be."""
    network, dataset = course.at(asked.after), course.now.dataset
    weight = fitting(asked.weight, course)
    step: StepWatched = look(
        network,
        "one_step",
        0,
        dataset=dataset,
        data=dataset,
        here=(len(server.images(dataset, "train")), fingerprint(dataset) if is_own(dataset) else ""),
        recipe=course.recipe,
        steps=None if asked.after == END else asked.after,
        batch=asked.batch,
        weight=weight,
        times=FASTER if asked.faster and can_be_faster(course) else 1.0,
    )
    if not bool(step.losses.isfinite().all()):
        raise StudentError(*words.NO_NUMBERS)
    return View(course, asked, step, weight, networks.classes_of(course.now))


@first_look.meanwhile
def first_view(network: LoadedNetwork) -> View:
    """What the page shows of a network while nothing on it was touched."""
    course = course_of(network)
    return view_of(course, Asked(FORWARD, course.standard, 0, 0, None, False))


def can_be_faster(course: Course) -> bool:
    """Whether ten times its learning rate is still one."""
    return course.recipe.learning_rate * FASTER <= MOST_RATE


def fitting(weight: Weight | None, course: Course) -> Weight | None:
    """The weight, where this network has it; else the usual one."""
    shapes = kernels_of(course.now.net)
    if weight is None or weight[0] not in shapes:
        return None
    layer, place = weight
    shape = shapes[layer]
    is_there = place is None or (
        len(place) == len(shape) and all(at < most for at, most in zip(place, shape, strict=True))
    )
    return weight if is_there else (layer, None)
