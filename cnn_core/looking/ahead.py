"""Ask a network what will be asked of it first, before anybody does, and keep the answers where the pages look."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

from cnn_core.data import load_images
from cnn_core.data.own.as_dataset import fingerprint
from cnn_core.data.own.names import is_own
from cnn_core.errors import StudentError
from cnn_core.looking.answers import Answers, hash_of, key_of
from cnn_core.looking.first import (
    OTHER_RECIPE,
    RECIPE,
    clicks_on_filters,
    first_questions,
    layers_of,
    pictures,
    sheet_of,
    standard_filter,
    standard_layer,
)
from cnn_core.looking.jobs import answer
from cnn_core.looking.question import Question
from cnn_core.model import build
from cnn_core.model.layer_files import kind_named

if TYPE_CHECKING:
    from cnn_core.model.network import Network

Before = Callable[[], None]
UNTRAINED_ON = "mnist"  # whose images a network before its training is asked about, on the card of a filter


def _nothing() -> None:
    pass


def look_ahead(
    net: Network, dataset: str, answers: Answers, *, every_sheet: bool = False, before: Before = _nothing
) -> int:
    """Ask what the pages ask when they are opened, but for what is kept; returns how many answers are new.

    net: in eval mode.
    dataset: what it was trained on.
    every_sheet: also what a click on Filters leads to.
    before: called before each question.
    Where there are no test images on this machine it asks nothing. Raises OSError where nothing can be kept.
    """
    images = test_images(dataset)
    if not images:
        return 0
    spec = net.spec
    layers = layers_of(spec)
    new = ask_ahead(net, first_questions(spec, dataset, images), answers, before)
    new += _before_training(net, standard_layer(layers), answers, before)
    if not every_sheet:
        return new
    for layer in layers:
        if kind_named(layer).has_filters:
            new += ask_ahead(net, sheet_of(spec, dataset, images, layer), answers, before)
            new += _before_training(net, layer, answers, before)
    new += ask_ahead(net, clicks_on_filters(spec, dataset, images), answers, before)
    for layer in layers:
        new += _before_training(net, layer, answers, before, OTHER_RECIPE)
    return new + _of_those_who_wait(net, answers, before)


def ask_ahead(
    net: Network, questions: Iterable[Question], answers: Answers, before: Before = _nothing
) -> int:
    """Ask these but for what is kept, or another process is at; returns how many answers are new. Raises OSError."""
    weights, new = hash_of(net), 0
    for question in questions:
        key = key_of(weights, which_images(question.dataset), question)
        if answers.has(key):
            continue
        with answers.coming(key) as mine:
            if not mine or answers.has(key):
                continue
            before()
            try:
                answers.put(key, answer(net, question, lambda fraction: None))
            except StudentError:  # a network for other images: whoever looks is told
                continue
            new += 1
    return new


def which_images(dataset: str) -> Hashable:
    """What tells the test images of now from others that had the data set's name at another time."""
    there = test_images(dataset)
    return (there, fingerprint(dataset)) if there and is_own(dataset) else there


def test_images(dataset: str) -> int:
    """How many there are on this machine."""
    try:
        return len(load_images(dataset, "test", fetch=False))
    except StudentError:
        return 0


def _of_those_who_wait(net: Network, answers: Answers, before: Before) -> int:
    """The same of a network like this that is not trained: all whose runs wait in a queue look at that."""
    asked = net.spec, UNTRAINED_ON, test_images(UNTRAINED_ON)
    questions = dict.fromkeys([*first_questions(*asked), *clicks_on_filters(*asked)])
    return ask_ahead(_untrained(net), questions, answers, before)


def _untrained(net: Network) -> Network:
    return build(net.spec, seed=0).eval().requires_grad_(False)


def _before_training(net: Network, layer: str, answers: Answers, before: Before, *also: str) -> int:
    """What the card of a filter shows beside its picture: the same one before the training of a network like this.

    also: recipes by which it is climbed to as well.
    """
    images = test_images(UNTRAINED_ON)
    one = (standard_filter(layers_of(net.spec)[layer]),)
    asked = [pictures(layer, one, UNTRAINED_ON, images, recipe) for recipe in (RECIPE, *also)]
    return ask_ahead(_untrained(net), asked, answers, before)
