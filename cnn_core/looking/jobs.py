"""What can be asked: each job a function of a network, test images and its own arguments, and of nothing else.

So it gives the same numbers wherever it is done. `tell(fraction)` may be called on the way.
"""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn_core.data import ImageSet, load_images
from cnn_core.errors import StudentError
from cnn_core.insight import (
    familiarity,
    map_of_images,
    maximize_filters,
    ranges,
    strongest_examples,
    strongest_for_units,
)
from cnn_core.looking import one_step, over_time, under_the_hood
from cnn_core.looking.first import first_questions
from cnn_core.looking.question import Question
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layer_files import kind_named
from cnn_core.training import Evaluation, accuracy_at, accuracy_under, evaluate

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from cnn_core.insight import AscentRecipe, Examples, Familiarity, FilterPictures
    from cnn_core.model.network import Network

Tell = Callable[[float], None]
Say = Callable[
    [tuple], None
]  # ("begun", None), ("far", fraction), and in the end ("answer", it) or what went wrong
TELL_SECONDS = 0.1  # between two words on how far it is


def answer(net: Network, question: Question, tell: Tell) -> Any:
    """Do a job. The test images are those that are on this machine. Raises StudentError as the job does."""
    test = load_images(question.dataset, "test", fetch=False) if question.images else None
    return JOBS[question.job](net, test, question.images, tell, **question.arguments)


def rehearse() -> None:
    """Answer a little of what is asked most: the first time of each imports and prepares much."""
    net = build(PRESETS["tiny"]).eval().requires_grad_(False)
    for question in first_questions(net.spec, "mnist", 10):
        with suppress(StudentError):  # no images are here
            answer(net, question, lambda fraction: None)


def answered(message: bytes, say: Say) -> tuple:
    """What is to be said to a message in the end; on the way it says that it has begun, and how far it is."""
    try:
        question, spec, weights = pickle.loads(message)
        net = _network(spec, weights)
        say(("begun", None))
        return "answer", answer(net, question, _teller(say))
    except StudentError as error:
        return "refusal", error
    except Exception:
        return "error", traceback.format_exc()


def _network(spec: object, weights: object) -> Network:
    assert isinstance(spec, ModelSpec)
    net = build(spec)
    net.load_state_dict(weights)  # type: ignore[arg-type]
    return net.eval().requires_grad_(False)


def _teller(say: Say) -> Tell:
    last = 0.0

    def tell(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            say(("far", fraction))

    return tell


def evaluation(net: Network, test: ImageSet, count: int, tell: Tell) -> Evaluation:
    """What it answers to all images."""
    return evaluate(net, test, tell=tell)


def accuracy(net: Network, test: ImageSet, count: int, tell: Tell) -> float:
    """The fraction that it reads rightly, of a choice of so many images."""
    return evaluate(net, test.take(count), tell=tell).accuracy


def accuracy_curve(net: Network, test: ImageSet, count: int, tell: Tell, change: str) -> list[float]:
    """The accuracy at each strength of a change, fractions, on a choice of so many images."""
    return accuracy_under(net, test.take(count), change, tell=tell)


def share_at(net: Network, test: ImageSet, count: int, tell: Tell, change: str, strength: float) -> float:
    """The accuracy at one strength of a change, a fraction, on a choice of so many images."""
    return accuracy_at(net, test.take(count), change, strength, tell=tell)


def pictures(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Tell,
    layer: str,
    filters: Sequence[int],
    recipe: AscentRecipe,
    steps: int,
    seed: int,
    keep_path: bool = False,
) -> FilterPictures:
    """A picture for each of these filters; a silent one may begin from one of the first images, if any are here."""
    starts = None if test is None else _first(test, count)
    return maximize_filters(net, layer, filters, steps, seed, recipe, examples=starts, keep_path=keep_path)


def slopes(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Tell,
    layer: str,
    filters: Sequence[int],
    recipe: AscentRecipe,
    seed: int,
) -> list[float]:
    """For each of these filters the RMS of the gradient at the first step, where nothing is rescued yet."""
    unaided = recipe.replace(rescue=False)
    return maximize_filters(net, layer, filters, 1, seed, unaided, keep_path=True).slopes[:, 0].tolist()


def examples(net: Network, test: ImageSet, count: int, tell: Tell, layer: str) -> Examples:
    """Those of the first images that excite each filter of a layer most."""
    if kind_named(layer).has_filters:
        return strongest_examples(net, _first(test, count), [layer])[layer]
    return strongest_for_units(net, _first(test, count), layer)


def ranges_of_filters(net: Network, test: ImageSet, count: int, tell: Tell) -> dict[str, Tensor]:
    """{layer: (C, 2)}: the smallest and the largest number of each filter, on a choice of so many images."""
    return ranges(net, test.take(count).images.float() / 255)


def how_familiar(net: Network, test: ImageSet, count: int, tell: Tell) -> Familiarity:
    """The scores of a choice of so many images."""
    chosen = test.take(count)
    return familiarity(net, chosen.images, chosen.labels)


@dataclass(frozen=True, eq=False)
class Plane:
    """The images on a plane, (N, 2), and what the network reads in each."""

    places: np.ndarray
    answers: list[int]


def plane(net: Network, test: ImageSet, count: int, tell: Tell, method: str) -> Plane:
    """Where each of the first images lies; method: "pca" or "t-sne"."""
    images = _first(test, count)
    return Plane(map_of_images(net, images, method), net.predict(images).argmax(1).tolist())


JOBS: dict[str, Callable[..., Any]] = {
    "evaluation": evaluation,
    "accuracy": accuracy,
    "accuracy_curve": accuracy_curve,
    "accuracy_at": share_at,
    "pictures": pictures,
    "slopes": slopes,
    "examples": examples,
    "ranges": ranges_of_filters,
    "familiarity": how_familiar,
    "plane": plane,
    "outcome": under_the_hood.outcome,
    "cut": under_the_hood.cut,
    "at_random": under_the_hood.at_random,
    "need": under_the_hood.need,
    "pruning": under_the_hood.pruning_curve,
    "robustness": under_the_hood.robustness_curve,
    "one_under_attack": under_the_hood.one_under_attack,
    "smallest_steps": under_the_hood.smallest_step_of_each,
    "close_calls": under_the_hood.answers_that_were_close,
    "decided": under_the_hood.who_decided,
    "leaning": under_the_hood.images_that_lean,
    "reading": under_the_hood.what_a_filter_reads,
    "flows": under_the_hood.flows,
    "given_to_each_class": under_the_hood.given_to_each_class,
    "more_of": under_the_hood.more_of_a_class,
    "recipes_compared": under_the_hood.recipes_compared,
    "answers_over": over_time.answers,
    "accuracies_over": over_time.accuracies,
    "filter_over": over_time.frames,
    "sizes_over": over_time.sizes,
    "places_over": over_time.places,
    "one_step": one_step.step_watched,
}


def _first(test: ImageSet, count: int) -> Tensor:
    """The first images, (N, C, H, W) in [0, 1]."""
    return test.images[:count].float() / 255
