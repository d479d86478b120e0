"""The sentences of the steps about learning; they hold for any numbers."""

from __future__ import annotations

from math import log

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural


def parameters_now(layer: str, parameters: int) -> str:
    """What the design has now."""
    return f"{layer} has {count(parameters)} parameters."


def twice_as_wide(first: str, filters: int, second: str) -> str:
    """filters: of the first layer now."""
    return f"With {count(2 * filters)} filters instead of {count(filters)} in {first}, how many would {second} have?"


def a_kernel_for_each_map(layer: str) -> str:
    """The first mistake: that a layer's size does not depend on the one before."""
    return f"Each filter of {layer} has a kernel for every map that it reads."


AS_MANY_FILTERS = "The number of its own filters stays; only what each of them reads doubles."


def parameters_answer(layer: str, filters: int, now: int, then: int) -> str:
    """now, then: parameters of the second layer."""
    if then == now:
        return f"**{count(then)}** as before: {layer} reads something else than those maps."
    return f"**{count(then)}**: each filter of {layer} reads {count(2 * filters)} maps, and has a kernel for every one."


def a_stored_pixel(digit: int, stored: int) -> str:
    """digit: number of the test image.  stored: the pixel in the file."""
    return f"In the file, a pixel of test image no. {digit} is {stored}, on a scale from 0 to 255."


WHAT_THE_NETWORK_GETS = "Which number does the network get?"
FROM_0_TO_1 = (
    "Such large numbers would make the first steps of the training too long: it is scaled to 0 to 1."
)
GREY_STAYS_GREY = "Grey stays grey: nothing is rounded."


def scaling_answer(stored: int, scaled: str) -> str:
    """scaled: as it is written."""
    return f"{stored} / 255 = **{scaled}**. Weights begin near 0, and get on best with numbers of their size."


def a_class(name: str, label: int, classes: int) -> str:
    """label: the class's number, from 0."""
    number_of = "" if name == str(label) else f" is class no. {label} of {classes}, counted from 0, and"
    return f"“{plain(name)}”{number_of} becomes a list of {classes} numbers."


WHICH_LABEL = "Which list is it?"
HOW_MANY_ZEROS = "How many of them are 0?"
ONE_AND_NOT_ITS_NUMBER = "The list holds a 1, and not the number of the class: 1 means “surely this one”."
A_NUMBER_FOR_EACH_CLASS = "There is one number for each class."
ONE_IS_NOT_ZERO = "The right class has another number."


def counted_from_0(label: int) -> str:
    """label: of the right class."""
    return f"Places are counted from 0: number {label} is the {_ordinal(label + 1)} in the list."


def _ordinal(place: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10 if place % 100 not in (11, 12, 13) else 0, "th")
    return f"{place}{ending}"


def one_hot_answer(label: int, classes: int) -> str:
    """What a one-hot label is for."""
    zeros = plural(classes - 1, "zero")
    return (
        f"A **1** at place {label}, counted from 0, and {zeros}: what a network says that is sure and right."
    )


WHAT_LOSS_IS = "The loss is −ln of the chance that the right class gets: 0 for “surely right”."
LOSS_BEFORE = "How large is it before the first step, on average?"


def loss_answer(classes: int, loss: float) -> str:
    """loss: of the untrained network, measured."""
    return (
        f"A network that knows nothing gives each of {classes} classes 1/{classes}: −ln(1/{classes}) = "
        f"{number(log(classes))}. "
        f"This design before any step, measured: **{number(loss)}**."
    )


TWO_WEIGHTS = "rmsprop has to move two weights."


def how_far_it_moves(times: int) -> str:
    """times: how many times as steep."""
    return (
        f"The slope of one is {times} times as steep. How far does that weight move in the first step, beside the "
        "other?"
    )


THAT_IS_SGD = "That is sgd: it follows the slope as it is. rmsprop divides each slope by its own size."
BOTH_ROOTS = "Close: it divides by the root of the slope’s square, which is the slope’s whole size."


def rmsprop_answer(near: float, far: float) -> str:
    """near, far: how far the two weights were moved."""
    return f"By {near:.4f} and **{far:.4f}**: it divides each slope by its recent size. Flat directions learn as fast."


def numbers_in_file(title: str, parameters: int) -> str:
    """title: of the network."""
    return f"“{plain(title)}” has {count(parameters)} parameters, and each is saved in 4 bytes."


HOW_LARGE_IS_THE_FILE = "How large is the file?"
FOUR_BYTES_EACH = "Four bytes each: multiply. 1,000 bytes are 1 kB, 1,000 kB are 1 MB."


def file_size(size: float) -> str:
    """Bytes in words, with two or three digits.

    >>> file_size(373_288), file_size(37_328), file_size(3_732_880), file_size(840)
    ('373 kB', '37 kB', '3.7 MB', '840 bytes')
    """
    if size < 1_000:
        return f"{size:.0f} bytes"
    value, unit = (size / 1e3, "kB") if size < 999_500 else (size / 1e6, "MB")
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def saving_answer(parameters: int, size: int) -> str:
    """size: of the file, bytes."""
    return (
        f"{count(parameters)} × 4 bytes, and a few that say what they are: **{file_size(size)}** hold all it has "
        "learnt. “Save” in the sidebar gives you the file."
    )


def it_misreads(missed: int, images: int, title: str) -> str:
    """missed: how many of so many test images."""
    if not missed:
        return f"“{plain(title)}” reads all {count(images)} test images rightly."
    return f"“{plain(title)}” misreads {count(missed)} of {count(images)} test images."


def how_sure_when_wrong(missed: int) -> str:
    """missed: how many images it misreads."""
    return (
        "How sure is it of its wrong answers, on average?"
        if missed
        else "How sure is it where it is least sure?"
    )


def sure_answer(missed: int, sure: float, is_trained: bool) -> str:
    """sure: per cent."""
    if not missed:
        return f"**{sure:.0f} %**, and right all the same."
    if not is_trained:
        return f"**{sure:.0f} %**: it is not trained yet, and no class is much ahead of the others."
    return f"**{sure:.0f} %** sure, and wrong. That number compares the classes; it does not promise to be right."


def all_are_shifted(pixels: int) -> str:
    """pixels: how far."""
    return f"Every test digit is shifted by {pixels} pixels, each in another direction."


MLP_READS = "How many of them does the MLP, trained by us, still read?"


def mlp_answer(own: float, mlp: float) -> str:
    """own, mlp: per cent of the shifted digits that each reads."""
    if own > mlp:
        why = "A kernel asks every place the same; the MLP learns each place anew."
    else:
        why = "The MLP holds out as well: this network’s kernels have not learnt enough."
    return f"The MLP **{mlp:.0f} %**, this network {own:.0f} %. {why}"
