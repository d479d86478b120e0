"""What the One step page explains below its pictures: what there is to see, and where these weights come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnn_core.model.layers import Dropout
from pages.one_step.course import END, OWN
from pages.ui.wording.numbers import count, loss_text, number, plural

if TYPE_CHECKING:
    from cnn_core.insight import StepWatched
    from cnn_core.model import ModelSpec
    from cnn_core.training import TrainSpec
    from pages.one_step.course import Course, Moment


def where_it_comes_from(
    at: Moment, course: Course, learning_rate: float, has_memory: bool, is_faster: bool
) -> str:
    """Which weights these are, and by which recipe the step is done.

    learning_rate: of this step.
    """
    if at == END:
        which = "These are the weights that the sidebar shows."
        forgot = (
            ""
            if has_memory
            else " What the optimiser remembered is not kept with them: its memory begins empty."
        )
    else:
        done = (
            f", trained here for {plural(int(at), 'step')} of {count(course.recipe.batch_size)} images"
            if at
            else ""
        )
        which, forgot = f"These weights begin as seed {course.recipe.seed} makes them{done}.", ""
    rate = f"This step has the learning rate {learning_rate:g}{', ten times its own' if is_faster else ''}."
    return f"{which}{forgot} {_by_which(course)}. {rate}"


def as_in_training(spec: ModelSpec) -> str:
    """What is otherwise than on the pages that look at a network in use; "" where nothing is."""
    told = []
    if any(layer.keeps_averages for layer in spec.layers):
        told.append("As in training, batch normalisation goes by the averages of these few images.")
    if any(isinstance(layer, Dropout) for layer in spec.layers):
        told.append("Dropout rests, so that the same images give the same numbers.")
    return " ".join(told)


def _by_which(course: Course) -> str:
    what = optimiser(course.recipe)
    if course.optimiser != OWN:
        return f"In the place of {optimiser(course.own)} the steps are done by {what}"
    if course.is_known:
        return f"The steps are done by its own recipe: {what}"
    return f"How it was trained nobody here knows, or it was not yet; so this is the lesson’s recipe: {what}"


def optimiser(recipe: TrainSpec) -> str:
    """Its name, with what is set of it."""
    return recipe.optimizer + (f" with momentum {recipe.momentum:g}" if recipe.momentum else "")


def what_you_see(
    stage: int, step: StepWatched, image: int, below_max_pooling: bool, has_maps: bool, noun: str
) -> str:
    """Two or three sentences under the picture.  image: the marked one."""
    parts = "maps" if has_maps else "units"
    p, loss = float(step.probabilities[image, int(step.labels[image])]), float(step.losses[image])
    last = step.scores.name
    if stage == 1:
        return (
            f"What the marked {noun} lights up on its way, from layer to layer. Of each layer the {parts} stand here "
            "to which the largest gradient will come back."
        )
    if stage == 2:
        return (
            f"The loss is −ln p, where p is what the right class gets: of the marked {noun}, −ln {_p(p)} = "
            f"{loss_text(loss)}. Learning begins at {last}, at the right: what the loss wants of each score."
        )
    if stage == 3:
        pooled = (
            " Where maps go into a max pooling, only the largest number of each window gets any; the others are 0."
            if below_max_pooling
            else ""
        )
        return (
            "Left, what went forward. Right, what came back: orange, the loss would rise if this number were larger; "
            f"blue, it would fall. It starts at {last} and is handed down from layer to layer.{pooled}"
        )
    if stage == 4:
        return (
            "Each weight has one gradient, added up over all places and images. The optimiser makes a move of it: look "
            f"at its numbers for one weight.{untouched(step)}"
        )
    return (
        f"The same images, with the new weights. One step is made for the average of {count(len(step.labels))}, so "
        "the loss of one of them may well rise."
    )


def untouched(step: StepWatched) -> str:
    """Why so many weights stay; "" where each has a gradient."""
    if not step.untouched:
        return ""
    return (
        f" {count(step.untouched)} weights have a gradient of 0: most often because what they read is 0 in each image, "
        "or because relu lets nothing back."
    )


def _p(value: float) -> str:
    """A probability to be put into a formula, so exact that the logarithm agrees.

    >>> _p(0.24311), _p(0.9999997), _p(0.0000123), _p(1.0)
    ('0.2431', '0.9999997', '0.0000123', '1')
    """
    apart = max(1e-9, min(value, 1 - value))
    text = number(value, min(9, 3 - math.floor(math.log10(apart))))
    return text.rstrip("0").rstrip(".")
