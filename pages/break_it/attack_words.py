"""The sentences of the view "Attack a digit"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.break_it.attack_kinds import AIMED
from pages.ui.wording.blocks import plain
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import count, percent, plural, probability
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.insight import Robustness, Trial

MENU = {
    "fgsm": "Aimed: the gradient’s sign",
    "pgd": "Aimed: 20 small steps",
    "noise": "Noise",
    "blur": "Blur",
    "patch": "A patch that covers",
    "shift": "Shift",
    "turn": "Turn",
}
SLIDERS = {
    "fgsm": "Size of the pattern",
    "pgd": "Size of the pattern",
    "noise": "Strength of the noise",
    "blur": "Width of the blur",
    "patch": "Side of the patch",
    "shift": "How far it is shifted",
    "turn": "How far it is turned",
}
AXES = {
    "fgsm": "size of the pattern, black to white is 1",
    "pgd": "size of the pattern, black to white is 1",
    "noise": "standard deviation, black to white is 1",
    "blur": "standard deviation of the blur, pixels",
    "patch": "side of the patch, pixels",
    "shift": "shift, pixels",
    "turn": "turn, degrees",
}
GREY_LEVELS = 255


def size_text(kind: str, size: float) -> str:
    """A size with its unit, as short as under a slider.

    >>> size_text("fgsm", 0.11), size_text("noise", 0.3), size_text("blur", 1.5)
    ('±0.11', '0.30', '1.5 px')
    >>> size_text("patch", 6), size_text("shift", 1), size_text("turn", 30)
    ('6×6', '1 px', '30°')
    """
    return {
        "noise": f"{size:.2f}",
        "blur": f"{size:g} px",
        "patch": f"{size:g}×{size:g}",
        "shift": f"{size:g} px",
        "turn": f"{size:g}°",
    }.get(kind, f"±{size:.2f}")


def what_is_done(kind: str, size: float, direction: str = "") -> str:
    """An attack that is not aimed, in a sentence.

    >>> what_is_done("noise", 0.3), what_is_done("patch", 6), what_is_done("shift", 1, "left")
    ('noise of 0.30', 'a black patch of 6×6 pixels', 'a shift of 1 pixel to the left')
    >>> what_is_done("shift", 2, "up"), what_is_done("turn", 30, "right"), what_is_done("blur", 1.5)
    ('a shift of 2 pixels upwards', 'a turn of 30° to the right', 'a blur of 1.5 pixels')
    """
    if kind == "noise":
        return f"noise of {size:.2f}"
    if kind == "blur":
        return f"a blur of {size:g} {'pixel' if size == 1 else 'pixels'}"
    if kind == "patch":
        return f"a black patch of {size:g}×{size:g} pixels"
    where = {"up": "upwards", "down": "downwards"}.get(direction, f"to the {direction}")
    if kind == "shift":
        return f"a shift of {plural(round(size), 'pixel')} {where}"
    return f"a turn of {size:g}° {where}"


# ---------------------------------------------------------------- the answer in one line


def verdict(
    trial: Trial, place: int, classes: Sequence[str], direction: str, singular: str, *, is_trained: bool
) -> str:
    """What this size of the attack does, and what noise as large does.

    place:     of the size among the trial's.
    direction: of a shift or a turn.
    singular:  what the image shows.
    """
    was, now = (plain(article(classes[one])) for one in (trial.label, trial.answers[place]))
    if trial.is_misread:
        return misread(was, plain(article(classes[trial.answer])), singular)
    sure = probability(float(trial.probabilities[place].max()))
    size, kind = trial.sizes[place], trial.attack
    is_changed = trial.answers[place] != trial.label
    if size == 0:
        line = f"As it is, the network reads **{now}**, {sure} sure. Move the slider to attack it."
    elif kind in AIMED:
        line = _aimed(size_text(kind, size), was, now, sure, is_changed)
    else:
        what = what_is_done(kind, size, direction)
        line = (
            f"With {what} the network reads **{now}** where it read {was}."
            if is_changed
            else f"With {what} it still reads **{now}**, {sure} sure."
        )
    if is_changed and trial.control is not None:
        line = f"{line} {as_much_by_lot(int(trial.misled[place]), trial.patterns)}"
    return line if is_trained else f"{line} {NOT_TRAINED}"


NOT_TRAINED = "This network is not trained yet, so its answers mean nothing."


def _aimed(size: str, was: str, now: str, sure: str, is_changed: bool) -> str:
    if is_changed:
        return f"A change of **{size}** per pixel, aimed: the network reads **{now}** where it read {was}."
    return (
        f"A change of **{size}** per pixel, aimed, does not change the answer: still **{now}**, {sure} sure."
    )


def as_much_by_lot(misled: int, patterns: int) -> str:
    """The control of an aimed pattern.  misled: how many of the patterns of random signs change the answer.

    >>> as_much_by_lot(0, 5)
    'As much with random signs changes nothing, in 5 tries.'
    >>> as_much_by_lot(2, 5)
    'As much with random signs changes it too, in 2 of 5 tries.'
    >>> as_much_by_lot(5, 5)
    'As much with random signs changes it too, in all 5 tries: noise of this size is enough.'
    """
    if not misled:
        return f"As much with random signs changes nothing, in {patterns} tries."
    if misled == patterns:
        return f"As much with random signs changes it too, in all {patterns} tries: noise of this size is enough."
    return f"As much with random signs changes it too, in {misled} of {patterns} tries."


def misread(truth: str, answer: str, singular: str) -> str:
    """What is said of an image that is read wrongly before anything is done.

    >>> misread("a 4", "a 9", "digit")
    'Nothing to attack: the network reads **a 9** in this digit, and it is a 4. Take another one.'
    """
    return f"Nothing to attack: the network reads **{answer}** in this {singular}, and it is {truth}. Take another one."


NEXT_ONE = "Take the next one"


def nothing_given(singular: str) -> str:
    """
    >>> nothing_given("digit")
    'Give it a digit to attack.'
    """
    return f"Give it a {singular} to attack."


# ---------------------------------------------------------------- the equation


def above_pattern(kind: str, size: float) -> str:
    """
    >>> above_pattern("fgsm", 0.11), above_pattern("blur", 1.5)
    ('pattern of ±0.11', 'what a blur of 1.5 px adds')
    """
    text = size_text(kind, size)
    return {
        "noise": f"noise of {text}",
        "blur": f"what a blur of {text} adds",
        "patch": f"what a patch of {text} adds",
        "shift": f"what a shift of {text} adds",
        "turn": f"what a turn of {text} adds",
    }.get(kind, f"pattern of {text}")


def scale_text(end: float, is_colour: bool) -> str:
    """Below the pattern.

    >>> scale_text(0.3, False), scale_text(1.0, True)
    ('orange +, blue −, to ±0.30', 'grey: 0, to ±1.00')
    """
    return f"{'grey: 0' if is_colour else 'orange +, blue −'}, to ±{end:.2f}"


def read_as(answer: str, label: str, is_test_image: bool) -> str:
    """Below what the network is given.

    >>> read_as("9", "4", True), read_as("9", "4", False), read_as("4", "4", True)
    ('9, is a 4', '9, was a 4', '4')
    """
    if answer == label:
        return answer
    return f"{answer}, {'is' if is_test_image else 'was'} {article(label)}"


def equation_alt(title: str, pattern: str, answer: str, sure: str) -> tuple[str, str, str]:
    """What the three pictures show."""
    return (
        f"{title}, as it is",
        f"{pattern}, each pixel’s change",
        f"What it is given: read as {answer}, {sure} sure",
    )


WHAT_IT_IS_GIVEN = "what it is given"
CLICK_PATCH = "Click where the patch is to lie."
PATCH_ALT = "The image with the patch framed; a cell is a pixel."


def what_you_see(trial: Trial, was: str, is_colour: bool) -> str:
    """Under the pictures and the curve.  was: the class that is attacked, with its article."""
    numbers = "channel of a pixel" if is_colour else "pixel"
    stays = "Nothing gets darker than black or brighter than white."
    dotted = f"Dotted: as much with random signs, mean of {trial.patterns}." if trial.patterns else ""
    said = {
        "fgsm": f"Every {numbers} moves by the same amount, up or down, whichever weakens {was} against the next best "
        f"answer (FGSM, Goodfellow 2015). {stays}",
        "pgd": f"Twenty small steps, each of them up or down, whichever weakens {was} where the image then is; no "
        f"{numbers} ends farther from the original than the size says (PGD, Madry 2018). {stays}",
        "noise": f"To every {numbers} a random number is added; the strength is their standard deviation. The draw is "
        f"the same for every strength. {stays}",
        "blur": "Every pixel becomes a mean of its surroundings.",
        "patch": "A black square lies on the image, where the frame is.",
        "shift": "The image moves; what comes in from outside is black.",
        "turn": "The image turns about its middle; what comes in from outside is black.",
    }[trial.attack]
    unseen = int(trial.unseen.sum())
    none = (
        f"{'Grey' if is_colour else 'Pale'}: {plural(unseen, 'pixel')} without influence here."
        if unseen
        else ""
    )
    return " ".join(filter(None, [said, none, dotted]))


NO_PIXEL_COUNTS = "No pixel has any influence on this answer, so there is nothing to aim at."


# ---------------------------------------------------------------- the curve


def curve_alt(trial: Trial, classes: Sequence[str], rival: int) -> str:
    """The curve for those who cannot see it: at both ends, and where the answer changes."""
    first, last = trial.probabilities[0], trial.probabilities[-1]
    name, end = article(classes[trial.label]), size_text(trial.attack, trial.sizes[-1])
    where = (
        "the answer changes nowhere"
        if trial.smallest is None
        else f"the answer changes first at {size_text(trial.attack, trial.sizes[trial.smallest])}"
    )
    return (
        f"How sure the network is against the size: {name} {probability(float(first[trial.label]))} at 0, "
        f"{probability(float(last[trial.label]))} at {end}; {article(classes[rival])} "
        f"{probability(float(last[rival]))} there; {where}."
    )


HOW_SURE = "How sure the network is"
AIMED_LINE, BY_LOT = "aimed", "random signs"


# ---------------------------------------------------------------- the smallest, and other networks


SMALLEST = "Smallest that works"
GO_THERE = "Set the slider to it"
NONE = "none"


def about_smallest(trial: Trial) -> str:
    """Below the smallest size that changes the answer."""
    kind, end = trial.attack, size_text(trial.attack, trial.sizes[-1])
    if trial.smallest is None:
        return f"Nothing up to {end} changes its mind."
    if kind not in AIMED:
        return "The first size on the slider at which the answer changes."
    levels = round(GREY_LEVELS * trial.sizes[trial.smallest])
    step = trial.sizes[1] - trial.sizes[0]
    of_what = (
        f"{plural(levels, 'grey level')} of {GREY_LEVELS} per pixel"
        if len(trial.image) == 1
        else f"{plural(levels, 'level')} of {GREY_LEVELS} in each channel of a pixel"
    )
    return f"{of_what}, found in steps of {step:.2f}."


HOLDS_OUT = "Does another net hold out longer?"
CHOOSE_NETS = "Nets beside this one"
CHOOSE_HELP = "At most three. The same image, the same kind of attack, aimed at each net by its own gradient."
NO_OTHERS = "There is no other network for such images yet. Train one, or make a copy with another recipe."


def holds_out_until(trial: Trial, classes: Sequence[str]) -> tuple[str, str]:
    """(in bold, muted) for one network beside its bar.

    The second is empty where the bar says it all.
    """
    if trial.is_misread:
        return "–", f"reads {article(classes[trial.answer])} before anything is done"
    if trial.smallest is None:
        return f"over {size_text(trial.attack, trial.sizes[-1])}", "nothing on the slider changes its mind"
    read = article(classes[trial.answers[trial.smallest]])
    return size_text(trial.attack, trial.sizes[trial.smallest]), f"then reads {read}"


# Ours: MNIST's 60,000 digits, seed 0, the modern net's changes; `smallest_steps` on the first 500 test digits.
MODERN_AND_AUGMENTATION = (
    "The modern net learnt from turned and shifted digits. But this is hardly why it differs: we trained the lesson’s "
    "net for one epoch with such changes and without, from the same seed. Half of 500 digits gave way at ±0.18 with "
    "them, and at ±0.19 without."
)


def same_design(plain_one: str, changed_one: str) -> str:
    """Of two networks of one design, of which one learnt from images changed at random.

    >>> same_design("Mine", "Mine, turned")
    '“Mine” and “Mine, turned” have the same layers; the second learnt from images that were changed at random.'
    """
    return (
        f"“{plain(plain_one)}” and “{plain(changed_one)}” have the same layers; the second learnt from images that "
        "were changed at random."
    )


# ---------------------------------------------------------------- many digits


def many(images: int, noun: str) -> str:
    """The title of the folded part.

    >>> many(2_000, "digits")
    'How many of 2,000 test digits hold out?'
    """
    return f"How many of {count(images)} test {noun} hold out?"


def about_many(kind: str, has_others: bool) -> str:
    """Under the chart: how each of the images is changed.  has_others: whether other networks stand beside.

    >>> about_many("pgd", True)
    'Dotted: as much with random signs. Of this network alone: each image takes 20 steps at each size.'
    """
    if kind == "pgd" and has_others:
        return f"{about_many(kind, False)} Of this network alone: each image takes 20 steps at each size."
    return {
        "noise": "The noise of each image is drawn at random.",
        "blur": "Each image is blurred alike.",
        "shift": "Here each image is shifted in a direction of its own, drawn at random.",
        "turn": "Here each image is turned to the right or to the left, drawn at random.",
        "patch": "Here the patch lies in the middle of each image.",
    }.get(kind, "Dotted: as much with random signs.")


def many_alt(lines: Sequence[tuple[str, Robustness]]) -> str:
    """The chart: each line from its first to its last value."""
    said = [
        f"{name}: {percent(one.accuracy[0])} at {size_text(one.attack, one.sizes[0])}, {percent(one.accuracy[-1])} at "
        f"{size_text(one.attack, one.sizes[-1])}"
        for name, one in lines
    ]
    return f"Accuracy against the size. {'; '.join(said)}."


def what_is_lost(name: str, aimed: Robustness, control: Robustness | None) -> str:
    """One network's line in words, in the middle of the axis."""
    middle = len(aimed.sizes) // 2
    size, before, after = (
        size_text(aimed.attack, aimed.sizes[middle]),
        aimed.accuracy[0],
        aimed.accuracy[middle],
    )
    line = f"{plain(name)} reads {percent(before)} of them, and at {size} **{percent(after)}**"
    if control is None:
        return f"{line}."
    return f"{line}; with random signs as large {percent(control.accuracy[middle])}."


def half_give_way(size: float | None, images: int, most: float) -> str:
    """The median of the smallest steps.  size: None where fewer than half give way up to `most`.

    >>> half_give_way(0.07, 500, 0.5), half_give_way(None, 500, 0.5)
    ('Half of the first 500 give way at ±0.07 or less.', 'More than half of the first 500 hold out up to ±0.50.')
    >>> half_give_way(0.0, 500, 0.5)
    'Half of the first 500 are misread as they are.'
    """
    if size is None:
        return f"More than half of the first {count(images)} hold out up to ±{most:.2f}."
    if size == 0:
        return f"Half of the first {count(images)} are misread as they are."
    return f"Half of the first {count(images)} give way at ±{size:.2f} or less."


TRAIN_AGAINST = "Train a network against it"


def why_train_against(size: float) -> str:
    """Beside the way to the recipe.

    >>> why_train_against(0.1)
    'Every second image of each batch is then attacked by ±0.10 before the network learns from it.'
    """
    return (
        f"Every second image of each batch is then attacked by ±{size:.2f} before the network learns from it."
    )


def summary_of_attack(title: str, said: str, sentence: str) -> str:
    """The summary of the page.  said: the answer.  sentence: about the smallest size, or empty."""
    return summary(
        f"Here one image is changed until a network, {plain(title)}, reads something else.",
        said,
        sentence,
        "Try: move the slider, or choose another kind of attack.",
    )
