"""A recipe in the address: what differs from the lesson's, one short name for each number.

A link that names one of them means the lesson's for the others, whatever the visitor chose last.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.settings import settings
from cnn_core.training import RECIPES
from cnn_core.training.spec import MAX_BATCH_SIZE, MONITORS, OPTIMIZERS, PRECISIONS, SCHEDULES
from pages.ui.frame import address

_LESSON = RECIPES["lesson"]


def of_every_recipe(datasets: Sequence[str]) -> tuple[address.Part, ...]:
    """What the address says of any recipe; the number of images, which goes with the data set, is `size`.

    datasets: keys of those that can be chosen.
    """
    return (
        _named("recipe", "recipe_kind", ("lesson", "fast", "example", "own")),
        _named("data", "recipe_dataset", datasets, "mnist"),
        address.whole("seed", "recipe_seed", 0, 2**31, 0),
    )


def of_own_recipe(augmentations: Sequence[str]) -> tuple[address.Part, ...]:
    """The numbers of a recipe of the visitor's own; those of a ready one need no place there.

    augmentations: names of the random changes, the first of them none.
    """
    most = settings().max_epochs
    return (
        _named("optimizer", "own_optimizer", OPTIMIZERS, _LESSON.optimizer),
        address.decimal("rate", "own_rate", 0.0, 1.0, _LESSON.learning_rate),
        address.decimal("momentum", "own_momentum", 0.0, 0.99, 0.0),
        address.switch("nesterov", "own_nesterov"),
        address.whole("epochs", "own_epochs", 1, most, min(most, _LESSON.epochs)),
        address.whole("batch", "own_batch", 1, MAX_BATCH_SIZE, _LESSON.batch_size),
        _named("schedule", "own_schedule", SCHEDULES),
        _named("precision", "own_precision", PRECISIONS),
        _named("changes", "own_augment", augmentations),
        address.one_of("wrong", "own_noise", {str(share): share for share in range(0, 91, 5)}, 0),
        address.whole("patience", "own_patience", 0, most, 0),
        _named("better", "own_monitor", MONITORS),
        address.decimal("l2", "own_l2", 0.0, 1.0, 0.0),
        address.decimal("decay", "own_decay", 0.0, 1.0, 0.0),
        address.decimal("smoothing", "own_smoothing", 0.0, 0.5, 0.0),
        address.decimal("against", "own_against", 0.0, 0.5, 0.0),
    )


def sizes(images: int) -> list[int]:
    """How many images one may choose to learn from, of so many; the last is all of them.

    >>> sizes(4_500)
    [100, 300, 1000, 3000, 4500]
    """
    return [size for size in (100, 300, 1_000, 3_000, 10_000, 30_000) if size < images] + [images]


def size(sizes: Sequence[int], key: str) -> address.Part:
    """How many images are learnt from; all of them, the last, is the standard.  key: of the widget."""
    return address.one_of("images", key, {str(count): count for count in sizes}, sizes[-1])


def _named(name: str, key: str, options: Sequence[str], standard: str | None = None) -> address.Part:
    return address.one_of(name, key, {option: option for option in options}, standard or options[0])
