"""Questions for a student to check themselves with: fresh numbers each time, an answer, and why it is that.

A question knows the usual mistakes for its own numbers, so that a student learns what went wrong. The numbers
are drawn from the generator that the caller gives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from cnn_core.lesson.convolution import output_size


@dataclass(frozen=True)
class Question:
    """A question with its answer.

    kind:     a key of KINDS.
    text:     ends with a question mark.
    answer:   a whole number.
    because:  how the answer comes about, with the numbers put in.
    mistakes: {wrong answer: what whoever gives it has overlooked}; the answer itself is never among them.
    """

    kind: str
    text: str
    answer: int
    because: str
    mistakes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What to say to an answer.

    is_right: None when what was typed is not a number.
    comment:  sentences for the student.
    """

    is_right: bool | None
    comment: str


def ask(kind: str, chance: random.Random) -> Question:
    """A new question of one kind. KeyError for an unknown kind."""
    return KINDS[kind](chance)


def mark(question: Question, typed: str, may_try_again: bool = False) -> Verdict:
    """What to say to an answer.

    typed:         as the student typed it: "26", "26×26" and "1,024" are all understood.
    may_try_again: a wrong answer is told what it overlooked, and not yet the right one.
    """
    number = number_of(typed)
    if number is None:
        return Verdict(None, "Answer with one whole number.")
    if number == question.answer:
        return Verdict(True, f"Right. {question.because}")
    mistake = question.mistakes.get(number)
    hint = f"{mistake} " if mistake else ""
    if may_try_again:
        return Verdict(False, f"Not {number:,}. {hint}Try once more.")
    return Verdict(False, f"Not {number:,}. {hint}{question.because}")


def number_of(typed: str) -> int | None:
    """The whole number that a student typed, or None where it is none.

    >>> number_of("26×26"), number_of(" 1,024 "), number_of("about 3")
    (26, 1024, None)
    """
    text = typed.strip().lower().replace("x", "×").replace(" ", "").replace(" ", "").replace(",", "")
    sides = text.split("×")
    if len(sides) == 2 and sides[0] == sides[1]:  # both sides of a square map
        text = sides[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _without_answer(answer: int, mistakes: dict[int, str]) -> dict[int, str]:
    return {wrong: why for wrong, why in mistakes.items() if wrong != answer and wrong > 0}


def _ask_output_size(chance: random.Random) -> Question:
    size, kernel, stride = chance.randint(9, 32), chance.choice([2, 3, 4, 5, 7]), chance.choice([1, 1, 2, 3])
    answer = output_size(size, kernel, stride)
    moves = "" if stride == 1 else f" with strides {stride}"
    rest = f"; {(size - kernel) / stride:.1f} is rounded down" if (size - kernel) % stride else ""
    because = f"({size} − {kernel}) / {stride} + 1 = {answer}{rest}."
    mistakes = {
        size: "That would need padding “same”.",
        output_size(size, kernel): "That is without the strides.",
        answer - 1: "The first place counts too: + 1.",
        answer + 1: "The last window must still fit: a broken one does not count.",
        size - kernel: "The first place counts too: + 1.",
        size // kernel: "Windows may overlap; they need not stand side by side.",
    }
    text = (
        f"A {kernel}×{kernel} kernel sweeps a {size}×{size} image{moves}, padding “valid”. "
        "How many pixels does each side of the output have?"
    )
    return Question("output size", text, answer, because, _without_answer(answer, mistakes))


def _ask_same_size(chance: random.Random) -> Question:
    size, kernel, stride = chance.randint(9, 32), chance.choice([3, 5, 7]), chance.choice([1, 2, 3])
    answer = output_size(size, kernel, stride, "same")
    because = f"“same” means the side divided by the strides, rounded up: {size} / {stride} → {answer}."
    mistakes = {
        output_size(size, kernel, stride): "That is padding “valid”, which adds no zeros.",
        size: "“same” keeps the size only with strides 1.",
        size // stride: "Rounded up, not down: the odd pixel gets a window too.",
    }
    text = (
        f"A {kernel}×{kernel} kernel sweeps a {size}×{size} image with strides {stride}, padding “same”. "
        "How many pixels does each side of the output have?"
    )
    return Question("padding", text, answer, because, _without_answer(answer, mistakes))


def _ask_parameters(chance: random.Random) -> Question:
    channels, filters = chance.choice([1, 3, 8, 16, 32]), chance.choice([4, 8, 16, 32, 64])
    kernel, size = chance.choice([3, 3, 5]), chance.randint(10, 30)
    weights = kernel * kernel * channels
    answer = (weights + 1) * filters
    because = (
        f"Each filter has {kernel} × {kernel} × {channels} = {weights:,} weights and 1 bias, and there are "
        f"{filters}: {weights + 1:,} × {filters} = {answer:,}. The size of the map does not matter."
    )
    mistakes = {
        weights * filters: "Each filter also has a bias.",
        (kernel * kernel + 1) * filters: "A filter looks at all the maps below it, not at one.",
        kernel * kernel * filters: "A filter looks at all the maps below it, and has a bias.",
        weights + 1: "That is one filter.",
        answer * output_size(size, kernel) ** 2: "The same weights are used at every place.",
    }
    maps = "1 map" if channels == 1 else f"{channels} maps"
    text = (
        f"A convolution with {filters} filters of {kernel}×{kernel} reads {maps} of {size}×{size}. "
        "How many parameters does it have?"
    )
    return Question("parameters", text, answer, because, _without_answer(answer, mistakes))


def _ask_pooling(chance: random.Random) -> Question:
    size, filters = chance.randint(7, 29), chance.choice([8, 16, 32])
    side = size // 2
    answer = side * side * filters
    edge = f" (the odd row and column are dropped: {size} → {side})" if size % 2 else ""
    product = f"{side} × {side} × {filters} = {answer:,}"
    because = f"{size} / 2 = {side} for each side{edge}, and there are as many maps as before: {product}."
    mistakes = {
        side * side: "That is one map; there are as many after pooling as before.",
        size * size * filters // 2: "Halved along both sides is a quarter.",
        -((-size // 2) ** 2) * filters: "With padding “valid” a broken window is dropped.",
        size * size * filters: "That is before pooling.",
    }
    text = (
        f"Max pooling, 2×2 with strides 2, reads {filters} maps of {size}×{size}. "
        "How many numbers come out in all?"
    )
    return Question("pooling", text, answer, because, _without_answer(answer, mistakes))


def _ask_field(chance: random.Random) -> Question:
    first, second, pooled = chance.choice([3, 5]), chance.choice([3, 5]), chance.choice([True, False])
    if pooled:
        answer = first + 1 + (second - 1) * 2
        between = ", then 2×2 max pooling,"
        because = (
            f"One pixel after the pooling sees a square with a side of {first} + 1 = {first + 1} pixels, and the "
            f"next one begins 2 pixels further: {first + 1} + ({second} − 1) × 2 = {answer}."
        )
    else:
        answer = first + second - 1
        between = ", then"
        because = (
            f"{first} pixels, and 1 more for each of the other {second - 1} places: "
            f"{first} + {second} − 1 = {answer}."
        )
    mistakes = {
        second: "That is how many pixels it sees of the layer below, not of the image.",
        first * second: "Neighbouring windows overlap.",
        first + second: "Neighbouring windows overlap.",
        first + second - 1: "The pooling between them makes each step twice as wide.",
    }
    text = (
        f"A {first}×{first} convolution{between} a {second}×{second} convolution; both with strides 1. "
        "One output value sees a square of the image. How many pixels long is its side?"
    )
    return Question("what it sees", text, answer, because, _without_answer(answer, mistakes))


KINDS: dict[str, Callable[[random.Random], Question]] = {
    "output size": _ask_output_size,
    "padding": _ask_same_size,
    "parameters": _ask_parameters,
    "pooling": _ask_pooling,
    "what it sees": _ask_field,
}
