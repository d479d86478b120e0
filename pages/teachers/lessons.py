"""The three lessons: what each teaches, how fifteen minutes go, what to ask and what is true.

Each has a scene of the same id (`cnn_core/classroom/ready_scenes.py`), which its link opens on any server. Numbers of
our own networks are taken from their cards; those of the third lesson are measured by `python -m
tests.benchmarks.under_10000`, and a test holds the sentences to what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnn_core import pretrained
from cnn_core.model import PRESETS, ModelSpec, summarize
from cnn_core.model.layers import Conv2D
from pages.ui.wording.numbers import count

SHIFT = 3  # pixels
READ_WHEN_SHIFTED = {"lesson": 0.8308, "mlp": 0.5747}  # of the 10,000 test digits, each shifted by so much
# Of the 10,000 test digits: the tiny convnet; and the way below, with seeds 0, 1 and 2.
BEGIN, SOLVED = 0.9852, (0.9902, 0.9912, 0.9904)
SOLVED_PARAMETERS = 6_898
# The same way, of the sample's 500 test digits, learnt from 4,000 others.
ON_THE_SAMPLE = (0.942, 0.958, 0.958)
SECONDS = 40  # of one core, for one training of the third lesson


def solution() -> ModelSpec:
    """One way to 99 % with fewer than 10,000 parameters: the tiny convnet, and a third convolution."""
    first, pool, second, _, flat, dense = PRESETS["tiny"].layers
    layers = (first, pool, replace(second, filters=16), pool, Conv2D(24, activation="relu"), flat, dense)  # type: ignore[call-arg]
    return ModelSpec("Three small convolutions", (1, 28, 28), 10, layers)


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    id:       of its scene, and in the address.
    teaches:  two sentences.
    plan:     (minutes, what is done then).
    answered: (question, answer).
    needs:    what has to be there for it; "" where nothing has.
    """

    id: str
    title: str
    teaches: str
    plan: Sequence[tuple[str, str]]
    answered: Callable[[], Sequence[tuple[str, str]]]
    needs: str = ""


def _share(fraction: float, decimals: int) -> str:
    """A fraction in per cent, with so many decimals.

    >>> _share(0.9906, 2)
    '99.06\\xa0%'
    """
    return f"{100 * fraction:.{decimals}f}\u00a0%"


def _kernels() -> list[tuple[str, str]]:
    return [
        (
            "The kernel has a 1 in the middle and zeros around it. What comes out?",
            "The image itself, without its outermost pixels: a 3×3 kernel fits on 26×26 places of a 28×28 image.",
        ),
        (
            "All nine numbers are 1/9 (type 0.111). What does each number of the output say?",
            "The mean of nine neighbours. So edges become soft, and nothing is brighter than the brightest pixel was.",
        ),
        (
            "Each row is −1, 0, 1. What is the sum of the nine numbers, and what comes out where all pixels are equal?",
            "The sum is 0, and so is the output: the kernel is silent where nothing changes.",
        ),
        (
            "The same kernel on a bright stroke: which of its two edges lights up, and why not the other?",
            "The left one: there it is dark at the left and bright at the right. At the right edge the sum is "
            "negative, and relu makes 0 of it.",
        ),
        (
            "How do you find the other edge? And edges that lie?",
            "Turn all signs: 1, 0, −1. For edges that lie, turn the kernel by a quarter: −1, −1, −1 above, 1, 1, 1 "
            "below.",
        ),
        (
            "The first layer of the lesson’s convnet has 32 such kernels. How many numbers does it learn?",
            "320: 9 weights and 1 bias for each of the 32.",
        ),
    ]


def _networks() -> list[tuple[str, str]]:
    convnet, mlp = pretrained.card("lesson"), pretrained.card("mlp")
    wrong = [round(card.test_images * (1 - card.test_accuracy)) for card in (convnet, mlp)]
    work = [sum(row.macs for row in summarize(PRESETS[name])) for name in ("lesson", "mlp")]
    return [
        (
            "Which of the two reads more digits?",
            f"The convnet: {_share(convnet.test_accuracy, 2)} against {_share(mlp.test_accuracy, 2)} of "
            f"{count(convnet.test_images)} test digits. It makes {wrong[0]} mistakes, the MLP {wrong[1]}. That is "
            "more than chance.",
        ),
        (
            "Which one has more parameters?",
            f"The MLP: {count(mlp.parameters)} against {count(convnet.parameters)}, more than four times as many. "
            "More parameters are not better by themselves.",
        ),
        (
            "Which one multiplies more for one image?",
            f"The convnet: {count(work[0])} times against {count(work[1])}. It uses each of its few kernels at many "
            "places.",
        ),
        (
            f"Page Evaluate, view “Shift and turn”: all digits are shifted by {SHIFT} pixels. What do you expect?",
            f"The convnet still reads {_share(READ_WHEN_SHIFTED['lesson'], 1)}, the MLP "
            f"{_share(READ_WHEN_SHIFTED['mlp'], 1)}.",
        ),
        (
            "Why does the shift hurt the MLP more?",
            "Each unit of the MLP has a weight of its own for each pixel, so a stroke at another place meets other "
            "weights. A kernel is the same at every place, and pooling forgives small shifts.",
        ),
    ]


def _parameters() -> list[tuple[str, str]]:
    solved = sorted(SOLVED)
    between = f"{_share(solved[0], 2)} to {_share(solved[-1], 2)}"
    return [
        (
            "The design at the beginning is the tiny convnet. Where are most of its 3,966 parameters?",
            "In the dense layer: 3,010. It joins 300 numbers to 10 answers, and has 10 biases.",
        ),
        (
            "It is trained once as it is. Does it read 99 %?",
            f"Not with seed 0: {_share(BEGIN, 2)}.",
        ),
        (
            "Add a convolution of 64 filters before flatten. Why is that too much?",
            "It alone has 12 × 9 × 64 + 64 = 6,976 parameters, and the dense layer then gets 5,770: 13,702 in all.",
        ),
        (
            "Find a way to 99 %.",
            f"One: 16 filters in the second convolution, and a third one of 24 before flatten. It has "
            f"{count(SOLVED_PARAMETERS)} parameters; with three seeds it read {between} of the test digits.",
        ),
        (
            "Two networks read 98.9 % and 99.1 % of 10,000 digits. Is the second one better?",
            "That may be chance: trained with another seed, the order may turn. The page Runs says which leads are "
            "more than chance.",
        ),
    ]


LESSONS: dict[str, Lesson] = {
    lesson.id: lesson
    for lesson in (
        Lesson(
            "five-kernels",
            "Five kernels by hand",
            "A convolution lays one small grid of numbers on every place of an image. What it finds is decided by "
            "these nine numbers alone.",
            (
                (
                    "0–3",
                    "Everybody opens the link. The kernel has a 1 in the middle. Ask what will come out, then "
                    "press Play.",
                ),
                (
                    "3–6",
                    "Type nine times 0.111. Ask first: will it be brighter, or softer?",
                ),
                (
                    "6–10",
                    "Each row −1, 0, 1. Who finds out which edges it answers to? Then turn the signs.",
                ),
                (
                    "10–13",
                    "In pairs: a kernel for edges that lie. Then one that nobody has tried yet.",
                ),
                (
                    "13–15",
                    "Go through the questions. In a network nobody types these numbers: it finds them while it is "
                    "trained.",
                ),
            ),
            _kernels,
        ),
        Lesson(
            "convnet-against-mlp",
            "Convnet against MLP",
            "Two networks learnt the same digits by the same recipe. The one with fewer parameters reads more, and "
            "small shifts hurt it less.",
            (
                (
                    "0–3",
                    "Everybody writes down a guess: which one reads more digits, which one has more parameters?",
                ),
                (
                    "3–6",
                    "The page Runs shows both. Compare with the guesses.",
                ),
                (
                    "6–10",
                    "Page Evaluate, view “Shift and turn”: guess first, then look what a shift does to each of them. "
                    "The sidebar changes the network.",
                ),
                (
                    "10–13",
                    "Page Feature maps, the convnet: what does its first layer show of a digit? The MLP has no "
                    "maps.",
                ),
                (
                    "13–15",
                    "Go through the questions.",
                ),
            ),
            _networks,
        ),
        Lesson(
            "ninety-nine-percent",
            "99 % with under 10,000 parameters",
            "What a layer costs, and what it brings. A third small convolution brings more than a large dense layer.",
            (
                (
                    "0–3",
                    "Groups of two or three. The sidebar counts parameters: change one number, and say beforehand "
                    "what happens to the count.",
                ),
                (
                    "3–7",
                    f"Each group trains one design. One training takes about {SECONDS} seconds of one processor "
                    f"core, so the groups wait for one another: with 8 groups and 4 cores a round takes about "
                    f"{SECONDS * 8 // 4} seconds.",
                ),
                (
                    "7–12",
                    "A second round, and a third where there is time. The page Runs shows who is above the "
                    "others.",
                ),
                (
                    "12–15",
                    "Who has 99 %, with how many parameters? Go through the questions.",
                ),
            ),
            _parameters,
            needs="It needs all of MNIST. From the 4,000 digits that are there without a network, the design that is "
            f"named below learns to read {_share(min(ON_THE_SAMPLE), 1)} to {_share(max(ON_THE_SAMPLE), 1)} (three "
            "seeds).",
        ),
    )
}
