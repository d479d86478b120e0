"""The sentences of the One step page. Pure: a step's numbers in, text out."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from pages.one_step.course import END
from pages.ui.visitor.networks import GOING_ON
from pages.ui.wording.numbers import count, loss_text, plural, probability, short
from pages.ui.wording.picture_words import in_rows
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from cnn_core.insight import LayerWatched, StepWatched
    from cnn_core.training import TrainSpec
    from pages.one_step.course import Course, Moment

# On a phone the five words do not fit beside each other: their numbers do. A screen reader still reads both.
STRIP_STYLE = (
    "<style>.st-key-one_step_stages em { font-style: normal } @media (max-width: 640px) { "
    # Five names do not fit on a phone: there only the stage that is looked at has its own.
    ".st-key-one_step_stages button:not([aria-checked=true]) em { position: absolute; width: 1px; overflow: hidden; "
    "clip-path: inset(50%) } }</style>"
)

# ---------------------------------------------------------------- the moment


def moment(at: Moment, course: Course) -> str:
    """A moment of the training, in the list."""
    if at != END:
        return "before its first step" if at == 0 else f"after {plural(int(at), 'step')}"
    goes_on = course.now.title.endswith(tuple(f", {word}" for word in GOING_ON.values()))
    return "as it is now" if goes_on else "when trained"


def when(at: Moment) -> str:
    """The same at the beginning of a sentence.

    >>> when(0), when(10), when("end")
    ('Before its first step', 'After 10 steps of training', 'As the sidebar shows it')
    """
    if at == END:
        return "As the sidebar shows it"
    return "Before its first step" if at == 0 else f"After {plural(int(at), 'step')} of training"


def left_out(layers: int) -> str:
    """
    >>> left_out(1)
    '1 layer in the middle is left out.'
    """
    return f"{plural(layers, 'layer in the middle is', 'layers in the middle are')} left out."


NO_NUMBERS = (
    "The loss of this network is infinite at this moment, so no step can be shown.",
    "Choose an earlier moment, or a smaller learning rate for its training.",
)

# ---------------------------------------------------------------- the answer, stage by stage


def answer(stage: int, at: Moment, step: StepWatched, noun: str, may_tell: bool) -> str:
    """The one line under the title.  noun: what one image shows.  may_tell: whether the losses after may be said."""
    told = (_forward, _loss, _backward, _step, _again)
    if stage == len(told) and not may_tell:
        return f"Once more {these(step, noun)}, with the new weights."
    return told[stage - 1](at, step, noun)


def _forward(at: Moment, step: StepWatched, noun: str) -> str:
    right = int((step.probabilities.argmax(1) == step.labels).sum())
    return f"{when(at)}, this network reads **{right} of {these(step, noun)}** rightly."


def these(step: StepWatched, noun: str) -> str:
    """The images, in a sentence."""
    images = len(step.labels)
    return f"these {images} {noun}s" if images > 1 else f"this {noun}"


def _loss(at: Moment, step: StepWatched, noun: str) -> str:
    classes = step.probabilities.shape[1]
    return (
        f"The mean loss of {these(step, noun)} is **{loss_text(float(step.losses.mean()))}**. "
        f"A network that gives all {classes} classes the same has {loss_text(math.log(classes))}."
    )


def _backward(at: Moment, step: StepWatched, noun: str) -> str:
    sizes = step.sizes
    largest = max(sizes, key=lambda name: sizes[name])
    smallest = min(sizes, key=lambda name: sizes[name])
    if sizes[largest] == 0:
        return "**No layer** gets any gradient: there is nothing to learn from here."
    said = f"The gradient is largest in {largest}, **{short(sizes[largest])}**"
    if largest == smallest or sizes[smallest] == 0:
        return f"{said}."
    return f"{said}, {_times(sizes[largest] / sizes[smallest])} that of {smallest}."


def _times(ratio: float) -> str:
    """
    >>> _times(1.04), _times(7.2), _times(1_234)
    ('1.0 times', '7.2 times', '1,234 times')
    """
    return f"{ratio:.1f} times" if ratio < 10 else f"{count(round(ratio))} times"


def _step(at: Moment, step: StepWatched, noun: str) -> str:
    far = step.moves.values()
    low, high = short(min(far)), short(max(far))
    how_far = low if low == high else f"{low} to {high}"
    return f"**{count(step.moved)} of {count(step.weights)}** weights move, on average by {how_far} in each layer."


def _again(at: Moment, step: StepWatched, noun: str) -> str:
    before, after = float(step.losses.mean()), float(step.losses_after.mean())
    verb = "falls" if after < before else "rises" if after > before or after != after else "stays"
    way = f"from **{loss_text(before)}** to **{loss_text(after)}**"
    return (
        f"The mean loss of {these(step, noun)} {verb} {way}: {falls_and_rises(fell(step), len(step.labels))}."
    )


def fell(step: StepWatched) -> int:
    """How many of the losses are smaller after the step."""
    return int((step.losses_after < step.losses).sum())


def falls_and_rises(fallen: int, images: int) -> str:
    """
    >>> falls_and_rises(3, 4), falls_and_rises(4, 4), falls_and_rises(0, 4), falls_and_rises(1, 4)
    ('3 fall, 1 does not', 'all 4 fall', 'none falls', '1 falls, 3 do not')
    """
    rest = images - fallen
    if not rest:
        return f"all {images} fall"
    if not fallen:
        return "none falls"
    return f"{fallen} {'falls' if fallen == 1 else 'fall'}, {rest} {'does' if rest == 1 else 'do'} not"


# ---------------------------------------------------------------- the four


def heading(stage: int, images: int, noun: str, may_tell: bool) -> str:
    """Above the images."""
    what = {1: f"One {noun}", 4: f"Four {noun}s"}.get(images, f"{images} {noun}s")
    if stage == 1:
        return f"{what}: what it reads, and how sure it is"
    if stage == 5 and may_tell:
        return f"{what}: what it reads now, and the loss before → after"
    return f"{what}: what it reads, and its loss"


def tile(
    stage: int, image: int, step: StepWatched, classes: Sequence[str], may_tell: bool
) -> tuple[str, str]:
    """The words below an image: what is read, and its loss."""
    shows_after = stage == 5 and may_tell
    probabilities = (step.probabilities_after if shows_after else step.probabilities)[image]
    read, label = int(probabilities.argmax()), int(step.labels[image])
    said = classes[read] if read == label else f"{classes[read]}, is a {classes[label]}"
    if stage == 1:
        return said, f"{probability(float(probabilities[read]))} sure"
    before = loss_text(float(step.losses[image]))
    return (
        said,
        f"{before} → {loss_text(float(step.losses_after[image]))}" if shows_after else f"loss {before}",
    )


def is_wrong(stage: int, image: int, step: StepWatched, may_tell: bool) -> bool:
    """Whether it is misread, as `tile` says it."""
    shown = step.probabilities_after if stage == 5 and may_tell else step.probabilities
    return int(shown[image].argmax()) != int(step.labels[image])


# ---------------------------------------------------------------- a layer


def facts(layer: LayerWatched, image: int) -> str:
    """Which maps or units these are, and from where to where their numbers go."""
    kind = "maps" if layer.has_maps else "units"
    chosen = [str(int(one)) for one in layer.chosen[image]]
    which = (
        f"{kind} {', '.join(chosen)} of {layer.total}"
        if len(chosen) < layer.total
        else f"{layer.total} {kind}"
    )
    return f"{which} · {span(layer.values[image].numpy())}"


def span(values: np.ndarray) -> str:
    """
    >>> import numpy as np
    >>> span(np.array([0.0, 0.61])), span(np.array([-0.2, 0.1]))
    ('0–0.61', '−0.20 to 0.10')
    """
    low, high = float(values.min()), float(values.max())
    # Where it begins at 0, as after relu, it has to stand in one line beside the numbers of five maps.
    return f"0–{short(high)}" if low == 0 else f"{short(low)} to {short(high)}"


def limits(values: np.ndarray) -> str:
    """
    >>> import numpy as np
    >>> limits(np.array([-0.035, 0.01])), limits(np.zeros(2))
    ('±0.035', 'all 0')
    """
    largest = float(abs(values).max(initial=0))
    return f"±{short(largest)}" if largest > 0 else "all 0"


def unit_facts(layer: LayerWatched) -> str:
    """Of a layer without maps."""
    return f"ten of {layer.total} units" if layer.chosen.shape[1] < layer.total else f"{layer.total} units"


def gradient_heading(has_come: bool, values: np.ndarray) -> str:
    """Above what came back to a layer."""
    return f"their gradient · {limits(values)}" if has_come else NOT_YET


def scores_heading(values: np.ndarray, images: int, has_come: bool, smoothing: float) -> str:
    """Above the gradient of the scores."""
    if not has_come:
        return NOT_YET
    rule = "p − target" if smoothing else "p − 1 if right, else p"
    largest = float(abs(values).max(initial=0))
    small = f" · {limits(values)}" if largest < 0.005 else ""  # then no numbers stand in its cells
    return f"gradient: ({rule}) ÷ {images}{small}"


NOT_YET = "their gradient: not yet"
SCORES = "probabilities, in %"
PIXELS = "the image itself"


def map_label(layer: LayerWatched, image: int, place: int, values: np.ndarray) -> str:
    """One tile."""
    return f"map {int(layer.chosen[image, place])}, {span(values)}"


def layer_alt(layer: LayerWatched, image: str) -> str:
    """What a sheet of maps is."""
    return f"The maps of {layer.name} for {image}"


def gradient_alt(name: str, has_come: bool) -> str:
    """What a sheet of gradients is."""
    return f"The gradient of the loss by the maps of {name}" + (
        "" if has_come else ", which comes in stage 3"
    )


def cells_to_come(name: str) -> str:
    """A row of gradients that are not there yet, read aloud."""
    return f"{name}, gradient: it comes in stage 3"


def cells_alt(name: str, labels: Sequence[str], values: Sequence[str]) -> str:
    """A row of cells, read aloud."""
    return f"{name}: " + ", ".join(f"{label} {value}" for label, value in zip(labels, values, strict=True))


# ---------------------------------------------------------------- how large

HOW_LARGE = "How large is the gradient?"
SIZE = "Root mean square over a layer’s weights and biases."
HOW_FAR = "How far does a weight move?"
TEN_TIMES = "Ten times the learning rate"
OPTIMISERS = {
    "rmsprop": "rmsprop, rate 0.001",
    "adam": "adam, rate 0.001",
    "sgd": "sgd, rate 0.01",
    "momentum": "sgd with momentum 0.9, rate 0.01",
    "adadelta": "adadelta, rate 1",
}
FROM_THE_FIRST_STEP = "It then does all steps from the first one on, so the weights are others too."


def move_words(sizes: Mapping[str, float], moves: Mapping[str, float], recipe: TrainSpec) -> str:
    """What the two charts say beside each other."""
    big, small = _spread(sizes), _spread(moves)
    mean = "The mean over a layer’s kernels."
    if big is None or small is None:
        return mean
    return (
        f"{mean} From layer to layer the gradients differ up to {_times(big)}, the moves up to {_times(small)}: "
        f"{_makes(recipe)}"
    )


def _makes(recipe: TrainSpec) -> str:
    if recipe.optimizer == "sgd":
        what = "what its momentum has come to" if recipe.momentum else "the gradient"
        return f"sgd’s move is the learning rate times {what}."
    return f"{recipe.optimizer} divides by how large a weight’s gradients were lately."


def _spread(values: Mapping[str, float]) -> float | None:
    if len(values) < 2 or min(values.values()) <= 0 or not all(map(math.isfinite, values.values())):
        return None
    return max(values.values()) / min(values.values())


def bars_alt(title: str, values: Mapping[str, float]) -> str:
    """
    >>> bars_alt("How large?", {"conv2d_1": 0.062, "dense_1": 0.015})
    'How large? conv2d_1 0.062, dense_1 0.015'
    """
    return f"{title} " + ", ".join(f"{name} {short(value)}" for name, value in values.items())


# ---------------------------------------------------------------- on from here


def so_many_steps(steps: int) -> str:
    """
    >>> so_many_steps(4300)
    'Where do 4,300 such steps lead?'
    """
    return f"Where do {count(steps)} such steps lead?" if steps > 1 else "Where does such a step lead?"


def doing(at: Moment) -> str:
    """While it is computed."""
    return "Doing the step …" if at in (0, END) else f"Training {plural(int(at), 'step')} …"


def how_many_fall(images: int) -> str:
    """What is asked before the losses after the step are told."""
    return f"The step is made for all {images} at once. How many of the {images} losses fall?"


WHY_ONE_RISES = (
    "The step lowers the average, as far as the slope tells. What helps one image may harm another."
)


def onwards(step: StepWatched) -> str:
    """What further steps on the same images come to."""
    losses = [float(one) for one in step.onwards]
    told = ", ".join(loss_text(one) for one in losses[2:])
    end = (
        "It falls in every step: so few images can be learnt by heart."
        if all(later < earlier for earlier, later in pairwise(losses))
        else "It does not fall in every step: a step can jump too far."
    )
    return f"{len(losses) - 2} further steps on the same images: {told}. {end}"


def summary_of_step(title: str, stage: str, answer: str, noun: str, images: int) -> str:
    """The summary of the page."""
    return summary(
        f"Here one step of learning is shown in slow motion: {plural(images, noun)} and a network, {title}. The stage "
        f"now is {stage}, of forward, loss, backward, step and again.",
        answer,
        "Try: press Next, and read what has come back to each layer.",
    )


def rows_alt(name: str, values: np.ndarray) -> str:
    """Numbers of a kernel, read aloud."""
    return f"{name}, row by row: {in_rows(values, 4)}"
