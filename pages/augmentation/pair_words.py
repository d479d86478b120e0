"""The sentences of the Augmentation page about two trainings: one with random changes, one without. No Streamlit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.training.race import recipe_name
from pages.augmentation.words import short_words
from pages.ui.wording.numbers import about, count, duration, percent, plural, points

if TYPE_CHECKING:
    from cnn_core.data import AugmentSpec
    from cnn_core.runs import Gain, Pair
    from cnn_core.training import TrainSpec

SAME_NETWORK_TWICE = "These settings change nothing: both networks would be the same."
RESULT = "with-and-without"  # the anchor of its heading
RESULT_STANDS_BELOW = f"Done. [See the result: with and without](#{RESULT})"
NOT_LEARNT_YET = "Both networks are tested on turned and shifted images as soon as they have learnt."
NOT_TO_ITS_END = (
    "One of the two was not trained to its end, so there is nothing to compare. Start them again."
)
CHANGE_WORDS = {"rotation": "Turned", "shift": "Shifted"}


def price_of_both(epochs: int, images: int, noun: str, seconds: float | None) -> str:
    """What the two trainings will cost.  noun: of the images.  seconds: of one of them; None if nobody knows."""
    time = "" if seconds is None else f", {about(2 * seconds)}"
    return (
        f"Two runs of {plural(epochs, 'epoch')} over {count(images)} {noun}{time}. You may leave this page."
    )


def end_of_training(result: dict | None, seconds: float) -> str:
    """What a run reached, and how long that took.  result: of its status, with accuracy and count; None without."""
    if not result:
        return f"Finished, in {duration(seconds)}"
    return f"{percent(result['accuracy'])} of {count(result['count'])} test images, in {duration(seconds)}"


def aloud(pair: Pair) -> str:
    """What a screen reader says of two trainings: after each epoch of either, and at the end."""
    if pair.finished:
        return "Both are trained. The result is at the end of the page."
    if not pair.unfinished:
        return NOT_TO_ITS_END
    both = zip(("with changes", "without"), (pair.augmented, pair.plain), strict=True)
    return " ".join(
        f"The one {name}: {plural(int(run.status.epoch), 'epoch')} of {run.recipe.epochs} done."
        for name, run in both
    )


def asking_both(images: int) -> str:
    """Shown while the accuracies are computed."""
    return f"Testing both on {count(images)} changed images …"


def curves_heading(change: str, images: int) -> str:
    """The heading of a chart.  change: a key of CHANGE_WORDS."""
    return f"**{CHANGE_WORDS[change]}** :gray[accuracy on {count(images)} test images]"


def curves_alt(change: str, gain: Gain) -> str:
    """A chart, for those who cannot see it.  change: a key of CHANGE_WORDS."""
    return f"{CHANGE_WORDS[change]}: accuracy with and without augmentation. {where_it_helped(change, gain)}"


def what_the_curves_show(recipe: TrainSpec, augment: AugmentSpec) -> str:
    """What the two networks have in common, what not, and where the price stands."""
    return (
        f"Same design, same seed, {plural(recipe.epochs, 'epoch')}, one difference: one of them saw every "
        f"image changed ({', '.join(short_words(augment))}). At the left end the test images are not changed: a lower "
        "line there is the price of the changes. Beside each name stands the last point of its line."
    )


def pair_title(pair: Pair) -> str:
    """What tells this pair from the visitor's others of the same design."""
    recipe = pair.plain.recipe
    size = f"{count(recipe.train_size)} images" if recipe.train_size else "all images"
    return f"{', '.join(short_words(pair.augment))} · {size}, {recipe_name(recipe)}, seed {recipe.seed}"


def where_it_helped(change: str, gain: Gain) -> str:
    """Where augmentation helped most under "rotation" or "shift", in a sentence of Markdown."""
    best = gain.best
    by = f"{best.strength:g}°" if change == "rotation" else plural(round(best.strength), "pixel")
    where = f"{CHANGE_WORDS[change]} by {by}"
    numbers = f"{percent(best.augmented)} with changes, {percent(best.plain)} without"
    if best.is_chance:
        return f"{where}: {numbers}, a difference that **could be chance**."
    if best.difference < 0:
        return f"{where}, where it lost least: {numbers}, **{points(best.difference)}**."
    return f"{where}: {numbers}, **{points(best.difference)}**."


def its_price(gain: Gain) -> str:
    """What augmentation did to images that nobody changed, in a sentence or two of Markdown."""
    untouched = gain.untouched
    words = f"Untouched: {percent(untouched.augmented)} with changes, {percent(untouched.plain)} without"
    if untouched.is_chance:
        return f"{words}, a difference that could be chance."
    words += f", **{points(untouched.difference)}**."
    if untouched.difference > -0.05:
        return words
    return (
        f"{words} Large changes often take longer to learn. Try more images, more epochs, or smaller changes."
    )
