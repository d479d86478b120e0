"""The sentences of the Evaluate page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, loss_text, percent, plural, probability
from pages.ui.wording.screen_summary import summary
from pages.ui.wording.which_images import how_many, learnt_from_words, no_test

if TYPE_CHECKING:
    from cnn_core.data import ImagesLearntFrom, Overlap
    from cnn_core.training import ClassScore, Evaluation

# ---------------------------------------------------------------- the answer


def verdict(evaluation: Evaluation, trained: bool, overlap: Overlap, noun: str = "digits") -> str:
    """How many test images it misreads, and how sure one can be of that.

    overlap: how many of them it learnt from; where it did, or may have, nothing can be said about other images.
    noun:    what they show, plural.
    """
    wrong = round((1 - evaluation.accuracy) * evaluation.count)
    said = (
        f"It misreads **{count(wrong)}** of {plural(evaluation.count, 'test image')}: "
        f"**{percent(evaluation.accuracy)}** right. {_what_that_says(evaluation, overlap, noun)} "
        f"Its loss is {loss_text(evaluation.loss)}: 0 would be right and sure everywhere."
    )
    return said if trained else f"This network has not been trained, so it can only guess. {said}"


def _what_that_says(evaluation: Evaluation, overlap: Overlap, noun: str) -> str:
    if not overlap.is_test:
        return no_test(overlap, noun)
    low, high = evaluation.interval
    return f"With many more {noun} like these it would very likely be between {percent(low)} and {percent(high)}."


def of_which_images(learnt_from: ImagesLearntFrom, overlap: Overlap, noun: str) -> str:
    """Under the answer: which images the network learnt from; "" before any training.

    noun: what the images show, plural.
    """
    if not learnt_from.portions and learnt_from.is_known:
        return ""
    said = f"It learnt from {learnt_from_words(learnt_from)}."
    return (
        f"{said} None of the {count(overlap.count)} test {noun} is among them." if overlap.is_test else said
    )


TEST_IMAGES = "Test images"

TO_TRY = {  # of each view
    "confusion": "choose a cell of the table in the list “The images in one cell”, and open one of its images",
    "mistakes": "go through the images with the arrow keys, and open one with Enter",
    "robust": "choose another change",
    "map": "choose the other method, or the same network untrained",
    "draw": "give it a picture of your own",
}


def summary_of_exam(title: str, answer: str, view: str, key: str) -> str:
    """The summary of the page.

    title:  of the network.
    answer: the page's first line.
    view:   what the chosen view is called.
    key:    of the view, as in TO_TRY.
    """
    return summary(
        f"Here a network, {plain(title)}, reads test images, and what it misreads is shown.",
        answer,
        f"The view that is open: {view}.",
        f"Try: {TO_TRY[key]}; or choose another view.",
    )


def summary_untested(title: str) -> str:
    """The summary where there are no test images."""
    return summary(f"Here a network, {plain(title)}, would be tested.", NOT_TESTED, "Try: draw one.")


# ---------------------------------------------------------------- who for whom

HOW_TO_READ_CONFUSION = (
    "A row is what an image really is, a column what the network took it for. The diagonal is what it read rightly; it "
    "has no colour. Click a cell to see the images in it."
)
NOT_TESTED = "It cannot be tested here, but it can read a picture of your own."
NO_IMAGES = "There is no such image."
CLICK_AN_IMAGE = "Click an image to see its feature maps."  # of a network that has some


def cell_words(true: str, taken_for: str, images: int) -> str:
    """One cell of the confusion matrix, in words.

    >>> cell_words("4", "9", 12), cell_words("2", "2", 1)
    ('4 taken for 9: 12 times', '2 read rightly: once')
    """
    often = "once" if images == 1 else f"{count(images)} times"
    return f"{true} read rightly: {often}" if true == taken_for else f"{true} taken for {taken_for}: {often}"


def most_often(cells: Sequence[str]) -> str:
    """The commonest mistakes in one line.  cells: each in words, the commonest first; not empty."""
    return f"Its commonest mistakes: **{cells[0]}** :gray[{''.join(f' · {cell}' for cell in cells[1:])}]"


def confusion_alt(right: int, images: int, cells: Sequence[str]) -> str:
    """The confusion matrix, for whoever cannot see it.  cells: its commonest mistakes, in words.

    >>> confusion_alt(95, 100, ["4 taken for 9: 3 times"])
    'Confusion matrix of 100 test images, 95 of them on the diagonal, read rightly. Elsewhere: 4 taken for 9: 3 times.'
    """
    rest = f" Elsewhere: {'; '.join(cells)}." if cells else ""
    return (
        f"Confusion matrix of {plural(images, 'test image')}, {count(right)} of them on the diagonal, read rightly."
        f"{rest}"
    )


def calibration_alt(table: Sequence[tuple[float, float, int]]) -> str:
    """How often it is right, against how sure it is.  table: (how sure, how often right, images) of each group.

    >>> calibration_alt([(0.55, 0.5, 4), (0.9, 0.95, 20)])
    'Where it is 55 % sure, 50.0 % of 4 are right; where it is 90 % sure, 95.0 % of 20 are right.'
    """
    groups = [
        f"where it is {probability(sure)} sure, {percent(right)} of {count(images)} are right"
        for sure, right, images in table
        if images
    ]
    text = "; ".join(groups)
    return f"{text[:1].upper()}{text[1:]}."


def robustness_alt(
    change: str, strengths: Sequence[float], lines: Sequence[tuple[str, Sequence[float]]]
) -> str:
    """The curves under one change: each from its first point to its last.  lines: (network, accuracies).

    >>> robustness_alt("shift", [0, 2, 6], [("MLP", [0.98, 0.8, 0.2])])
    'Accuracy against shift, from 0 to 6 pixels. MLP: 98.0 % to 20.0 %.'
    """
    each = "; ".join(f"{name}: {percent(values[0])} to {percent(values[-1])}" for name, values in lines)
    return f"Accuracy against {change}, from {strengths[0]:g} to {strengths[-1]:g} {UNITS[change]}. {each}."


def what_is_dotted(name: str) -> str:
    """name: of the network that the visitor drew a curve for.

    >>> what_is_dotted("MLP")
    'Dotted: what you drew for “MLP”.'
    """
    return f"Dotted: what you drew for “{plain(name)}”."


def strength_label(change: str, strength: float, image: int) -> str:
    """One of the pictures that are asked about.  image: which, counted from 0.

    >>> strength_label("rotation", 30, 1)
    'test image 1, rotation of 30 degrees'
    """
    return f"test image {image}, {change} of {strength:g} {UNITS[change]}"


def in_this_cell(images: int, true: str, taken_for: str | None, drawn: int) -> str:
    """What a cell holds.

    true, taken_for: with their article ("a 4"); taken_for is None on the diagonal.
    drawn: how many are drawn at most.
    """
    words = "read rightly" if taken_for is None else f"taken for {taken_for}"
    part = f"; here are {count(drawn)} of them" if images > drawn else ""
    return f"**{plural(images, 'image')}**: {true}, {words}{part}"


def image_label(index: int, read: str, sure: str, has_maps: bool) -> str:
    """
    read, sure: as they stand under the image.

    >>> image_label(342, "9, is a 4", "87 %", True), image_label(342, "4", "91 %", False)
    ('9, is a 4, 87 %: no. 342, open its feature maps', '4, 91 %: no. 342')
    """
    return f"{read}, {sure}: no. {index}{', open its feature maps' if has_maps else ''}"


def class_table(classes: Sequence[str], scores: Sequence[ClassScore]) -> str:
    """Recall and precision of each class, as a table in Markdown."""
    rows = ["| class | images | recall | precision |", "|---|---:|---:|---:|"]
    rows += [
        f"| {name} | {count(score.images)} | {_percent(score.recall)} | {_percent(score.precision)} |"
        for name, score in zip(classes, scores, strict=True)
    ]
    return "\n".join(rows)


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else percent(fraction)


CLASS_TABLE = (
    "**Recall**: of all images of this class, how many were read as it. **Precision**: of all images that were read as "
    "this class, how many really are. A dash: there are no such images."
)

# ---------------------------------------------------------------- mistakes

TASTE = "The one it was surest of comes first. Could you read them? People disagree about some of the labels."
NO_MISTAKES = "It misreads none of these images."


def surest(mistakes: int, drawn: int) -> str:
    """The heading of the mistakes.  drawn: how many are drawn at most.

    >>> surest(9, 24), surest(58, 24), surest(0, 24)
    ('**Its 9 mistakes, the surest first**', '**The 24 surest of its 58 mistakes**', '**No mistakes**')
    """
    if mistakes > drawn:
        return f"**The {count(drawn)} surest of its {count(mistakes)} mistakes**"
    return f"**Its {plural(mistakes, 'mistake')}, the surest first**" if mistakes else "**No mistakes**"


def certainty_is_off_by(gap: float) -> str:
    """What the calibration means.  gap: the expected calibration error, a fraction."""
    return (
        "Where it is 90 % sure, 90 of 100 answers should be right: that is the dashed line. On average, how sure it is "
        f"and how often it is right differ by {100 * gap:.1f} points."
    )


# ---------------------------------------------------------------- shift and turn

FAIR_RACE = "Train a convnet and an MLP on the same images"
RACE_IS_ON = "They are being trained; look here again in a moment, or see them on the page Runs."


def unfair(contestants: Sequence[tuple[str, ImagesLearntFrom]]) -> str:
    """That the networks did not learn from the same images.  contestants: (a network's name, what it learnt from)."""
    each = "; ".join(f"{name}: {how_many(learnt_from)}" for name, learnt_from in contestants)
    return f"This is no fair race: they did not learn from the same images. Images learnt from: {each}."


def no_test_of(name: str, overlap: Overlap) -> str:
    """Why one network's curve is no test; "" where it is one."""
    said = no_test(overlap)
    return f"{name}: {said}" if said else ""


UNITS = {"shift": "pixels", "rotation": "degrees", "noise": "standard deviation"}


def reading_all(images: int, strengths: int) -> str:
    """Shown while the accuracies are computed."""
    return f"Reading {count(images)} test images, {plural(strengths, 'time')} …"


def what_robustness_shows(images: int, change: str) -> str:
    """What a point of the curves is, and what to notice.

    change: a key of CHANGES.
    """
    more = {
        "shift": "A convolution uses the same filters everywhere in the image; a dense layer has its own weights for "
        "each place. So a shift mostly costs a convnet less.",
        "rotation": "A turned edge is another edge to a filter. Only a network that learnt from turned images is "
        "prepared for it.",
        "noise": "Noise changes every pixel a little. What a network makes of it depends on its layers and on what it "
        "learnt from.",
    }
    point = (
        f"Each point is the accuracy on {count(images)} test images, all changed by that much. Beside each name stands "
        "its last point."
    )
    return f"{point} {more[change]}" if change in more else point


def who_holds_out(change: str, strength: float, accuracies: Sequence[tuple[str, float]]) -> str:
    """Which network reads best at one strength of a change.

    change:     a key of CHANGES.
    accuracies: (a network's name, its accuracy, a fraction), two or more; the best is named first.
    """
    best = max(range(len(accuracies)), key=lambda i: accuracies[i][1])
    texts = [f"{name} {percent(accuracy)}" for name, accuracy in accuracies]
    first = texts.pop(best)
    return f"At {strength:g} {UNITS[change]}: **{first}**, {', '.join(texts)}."


# ---------------------------------------------------------------- the map

METHODS = {"pca": "PCA", "t-sne": "t-SNE"}
METHOD_WORDS = {
    "pca": "PCA (principal component analysis): the two directions in which the images differ most.",
    "t-sne": "t-SNE: images that are alike stay neighbours. How far groups lie from each other means nothing.",
}


def what_the_map_shows(images: int, trained: bool, written: str = "its class") -> str:
    """What a sign on the map is, and what to notice.  written: as what each image is drawn."""
    return (
        f"Each of {count(images)} test images is written as {written}. Where it stands comes from the numbers of the "
        f"last layer before the answer. {'Red ones are read wrongly. ' if trained else ''}In a network that has learnt "
        "well, each class has a place of its own; untrained, they mix more."
    )


def map_alt(labels: Sequence[int], answers: Sequence[int] | None, classes: Sequence[str]) -> str:
    """The map, for whoever cannot see it.  answers: what is read in each image; None before any training.

    >>> map_alt([0, 1, 1], [0, 1, 0], ("cat", "dog"))
    'A map of 3 test images: cat 1, dog 2. 1 of them is read wrongly.'
    """
    each = ", ".join(f"{name} {labels.count(label)}" for label, name in enumerate(classes))
    text = f"A map of {plural(len(labels), 'test image')}: {each}."
    if answers is None:
        return text
    wrong = sum(label != answer for label, answer in zip(labels, answers, strict=True))
    return f"{text} {count(wrong)} of them {'is' if wrong == 1 else 'are'} read wrongly."


def written_as(classes: Sequence[str], drawn: Sequence[str]) -> str:
    """As what an image is drawn on the map.

    classes: their names.
    drawn:   what stands on the map for each.

    >>> written_as(("7",), ("7",)), written_as(("horse",), ("hor",)), written_as(("horse", "horses"), ("0", "1"))
    ('its class', 'the first three letters of its class', 'the number of its class, counted from 0')
    """
    if all(name.endswith(short) for name, short in zip(classes, drawn, strict=True)):
        return "its class"
    if all(name.startswith(short) for name, short in zip(classes, drawn, strict=True)):
        return "the first three letters of its class"
    return "the number of its class, counted from 0"


BY_NUMBER = "Show the image with number"


def clicked_heading(images: int) -> str:
    """The heading beside the map.

    >>> clicked_heading(0), clicked_heading(1)
    ('**Click a sign to see its image**', '**The image you clicked**')
    """
    if not images:
        return "**Click a sign to see its image**"
    return "**The image you clicked**" if images == 1 else "**The images you clicked**"


# ---------------------------------------------------------------- draw


def draw_one(singular: str) -> str:
    """
    >>> draw_one("digit")
    'Draw a digit: the bars follow your pen.'
    """
    return f"Draw a {singular}: the bars follow your pen."


def it_reads(name: str, sure: float) -> str:
    """What it reads in a drawing, and how sure it is.

    >>> it_reads("7", 0.83)
    'It reads **7**, 83 % sure.'
    """
    return f"It reads **{name}**, {probability(sure)} sure."


# ---------------------------------------------------------------- guessed first

_CHANGED_MORE = {"shift": "shifted further", "rotation": "turned further", "noise": "covered with more noise"}
_TICK = {"shift": "{:g} px", "rotation": "{:g}°", "noise": "{:g}"}


def how_will_it_fall(noun: str, change: str) -> str:
    """
    >>> how_will_it_fall("digits", "rotation")
    'How does its accuracy fall as the digits are turned further? Draw it.'
    """
    return f"How does its accuracy fall as the {noun} are {_CHANGED_MORE[change]}? Draw it."


def tick(strength: float, change: str) -> str:
    """
    >>> tick(30, "rotation"), tick(2, "shift"), tick(0.1, "noise")
    ('30°', '2 px', '0.1')
    """
    return _TICK[change].format(strength)


def why_it_falls(
    change: str, strengths: Sequence[float], accuracies: Sequence[float], is_trained: bool
) -> str:
    """What was measured, in three numbers, and why.  accuracies: at each strength, fractions."""
    middle = len(strengths) // 2
    told = (
        f"Unchanged it reads **{percent(accuracies[0])}**, at {tick(strengths[middle], change)} "
        f"{percent(accuracies[middle])}, at {tick(strengths[-1], change)} **{percent(accuracies[-1])}**."
    )
    if not is_trained:
        return f"{told} It has not been trained, so its answers have nothing to do with the images."
    return (
        f"{told} Its weights were fitted to the images it learnt from. The less an image is like those, the less they "
        "fit."
    )
