"""What the steps about learning ask: parameters, pixels, labels, the loss, rmsprop, the file, mistakes, and the MLP."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from math import log
from pathlib import Path

import torch

from cnn_core.lesson import one_hot as one_hot_of
from cnn_core.lesson.guess_questions import ChoiceQuestion, NumberQuestion
from cnn_core.model import ModelSpec, summarize
from cnn_core.training import CHANGES, RECIPES, Evaluation, save_model
from cnn_core.training.optimizers import optimizer_for
from pages.tour import learning_words as words
from pages.tour.asking import About, Asked, Measured
from pages.tour.words import after
from pages.ui.visitor import networks
from pages.ui.wording.looking import look
from pages.ui.wording.numbers import count, number

SHIFTED = 2_000  # test images that are shifted: as many as the Evaluate page shifts
LISTED = 12  # classes; with more a label is too long to be read


def layers(about: About) -> Asked:
    """How many parameters the second convolution would have, were the first twice as wide."""
    first, second = about.convolutions[:2]
    rows = {row.name: row for row in summarize(about.spec)}
    now, filters = rows[second].parameters, rows[first].output_shape[0]
    then = _parameters_of(second, _twice_as_wide(about.spec, first))
    right = count(then)
    options = {now: count(now), then: right, 4 * now: count(4 * now)}
    return Asked(
        ChoiceQuestion(
            id="tour.layers",
            asked=after(words.parameters_now(second, now), words.twice_as_wide(first, filters, second)),
            network=about.network.title,
            page="train",
            about=about.spec.fingerprint,
            options=tuple(options[value] for value in sorted(options)),
            answer=right,
            hints={count(now): words.a_kernel_for_each_map(second), count(4 * now): words.AS_MANY_FILTERS},
        ),
        lambda: Measured(right, words.parameters_answer(second, filters, now, then)),
    )


def _twice_as_wide(spec: ModelSpec, layer: str) -> ModelSpec:
    """The design with twice as many filters in one of its layers, or twice as many kernels for each map."""
    place = spec.layer_names.index(layer)
    one = spec.layers[place]
    width = "filters" if hasattr(one, "filters") else "depth_multiplier"
    wider = replace(one, **{width: 2 * getattr(one, width)})
    return replace(spec, layers=(*spec.layers[:place], wider, *spec.layers[place + 1 :]))


def _parameters_of(layer: str, spec: ModelSpec) -> int:
    return next(row.parameters for row in summarize(spec) if row.name == layer)


def scaling(about: About) -> Asked:
    """What a pixel of the file is when the network gets it."""
    digit = about.digit()
    pixels = about.test.images[digit][0].flatten()
    grey = [int(value) for value in pixels if 20 <= value <= 235 and abs(int(value) - 128) > 8]
    stored = about.chance.choice(grey or [200])
    right, sign = number(stored / 255), "1" if stored > 127 else "0"
    return Asked(
        ChoiceQuestion(
            id="tour.scaling",
            asked=after(words.a_stored_pixel(digit, stored), words.WHAT_THE_NETWORK_GETS),
            page="train",
            about=str(stored),
            options=(sign, right, str(stored)),
            answer=right,
            hints={str(stored): words.FROM_0_TO_1, sign: words.GREY_STAYS_GREY},
        ),
        lambda: Measured(right, words.scaling_answer(stored, right)),
    )


def one_hot(about: About) -> Asked:
    """What the label of a class looks like."""
    classes = about.classes
    label = about.chance.randrange(2, len(classes)) if len(classes) > 2 else 1
    if len(classes) > LISTED:
        return _zeros_of_a_label(classes, label)
    right, before = (_written(one_hot_of(place, len(classes))) for place in (label, label - 1))
    itself = "".join(str(label if place == label else 0) for place in range(len(classes)))
    return Asked(
        ChoiceQuestion(
            id="tour.one_hot",
            asked=after(words.a_class(classes[label], label, len(classes)), words.WHICH_LABEL),
            page="train",
            about=f"{label}/{len(classes)}",
            options=tuple(sorted({right, before, itself})),
            answer=right,
            hints={before: words.counted_from_0(label), itself: words.ONE_AND_NOT_ITS_NUMBER},
        ),
        lambda: Measured(right, words.one_hot_answer(label, len(classes))),
    )


def _written(numbers: tuple[int, ...]) -> str:
    return "".join(map(str, numbers))


def _zeros_of_a_label(classes: tuple[str, ...], label: int) -> Asked:
    number_of = len(classes)
    right = str(number_of - 1)
    return Asked(
        ChoiceQuestion(
            id="tour.one_hot",
            asked=after(words.a_class(classes[label], label, number_of), words.HOW_MANY_ZEROS),
            page="train",
            about=f"{label}/{number_of}",
            options=("1", right, str(number_of)),
            answer=right,
            hints={"1": words.A_NUMBER_FOR_EACH_CLASS, str(number_of): words.ONE_IS_NOT_ZERO},
        ),
        lambda: Measured(right, words.one_hot_answer(label, number_of)),
    )


def compile(about: About) -> Asked:
    """The loss before the first step."""
    classes = about.spec.classes
    return Asked(
        NumberQuestion(
            id="tour.compile",
            asked=after(words.WHAT_LOSS_IS, words.LOSS_BEFORE),
            network=about.network.title,
            page="train",
            about=about.spec.fingerprint,
            least=0,
            most=round(2 * log(classes) + 0.5, 1),
            step=0.1,
            start=0,
        ),
        lambda: _loss_before(about),
    )


def _loss_before(about: About) -> Measured:
    before = networks.untrained(about.spec)
    found: Evaluation = look(before, "evaluation", len(about.test), dataset=about.network.dataset)
    return Measured(round(found.loss, 2), words.loss_answer(about.spec.classes, found.loss))


def rmsprop(about: About) -> Asked:
    """How much further rmsprop moves a weight whose slope is steeper."""
    times = about.chance.choice([4, 9, 25])
    root = round(times**0.5)
    options = ("just as far", f"{root} times as far", f"{times} times as far")
    return Asked(
        ChoiceQuestion(
            id="tour.rmsprop",
            asked=after(words.TWO_WEIGHTS, words.how_far_it_moves(times)),
            page="train",
            about=str(times),
            options=options,
            answer=options[0],
            hints={options[2]: words.THAT_IS_SGD, options[1]: words.BOTH_ROOTS},
        ),
        lambda: _first_steps(times, options),
    )


def _first_steps(times: int, options: tuple[str, ...]) -> Measured:
    """Both weights moved by the very optimiser of the lesson's recipe, from the same place."""
    weights = torch.nn.Parameter(torch.zeros(2))
    weights.grad = torch.tensor([0.1, 0.1 * times])
    optimizer_for(RECIPES["lesson"], [weights]).step()
    near, far = (-weights.detach()).tolist()
    ratios = (1.0, times**0.5, float(times))
    nearest = min(range(3), key=lambda i: abs(ratios[i] - far / near))
    return Measured(options[nearest], words.rmsprop_answer(near, far))


def saving(about: About) -> Asked:
    """How large the file is."""
    parameters = sum(row.parameters for row in summarize(about.spec))
    size = _size_of_file(about)
    right, less, more = (words.file_size(size * factor) for factor in (1, 0.1, 10))
    return Asked(
        ChoiceQuestion(
            id="tour.saving",
            asked=after(words.numbers_in_file(about.network.title, parameters), words.HOW_LARGE_IS_THE_FILE),
            network=about.network.title,
            page="train",
            about=about.network.weights_key,
            options=(less, right, more),
            answer=right,
            hints={less: words.FOUR_BYTES_EACH, more: words.FOUR_BYTES_EACH},
        ),
        lambda: Measured(right, words.saving_answer(parameters, size)),
    )


def _size_of_file(about: About) -> int:
    """Bytes of the file that Save gives."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        network = about.network
        save_model(path, network.net, network.spec, learnt_from=network.learnt_from, dataset=network.dataset)
        return path.stat().st_size


def evaluating(about: About) -> Asked:
    """How sure the network is of what it misreads."""
    network, test = about.network, about.test
    found: Evaluation = look(network, "evaluation", len(test))
    sure, answers = found.probabilities.max(1)
    wrong = sure[answers != test.labels[: len(sure)]]
    missed = len(wrong)
    measured = 100 * float(wrong.mean() if missed else sure.min())
    return Asked(
        NumberQuestion(
            id="tour.evaluating",
            asked=after(
                words.it_misreads(missed, len(sure), network.title), words.how_sure_when_wrong(missed)
            ),
            network=network.title,
            page="evaluate",
            about=network.weights_key,
            least=0,
            most=100,
            unit="%",
        ),
        lambda: Measured(round(measured, 1), words.sure_answer(missed, measured, network.trained)),
        after={"view": "mistakes"},
    )


def against_mlp(about: About) -> Asked:
    """How many shifted digits an MLP reads."""
    pixels = about.chance.choice([2, 3, 4])
    network, mlp = about.network, networks.ours("mlp")
    return Asked(
        NumberQuestion(
            id="tour.against_mlp",
            asked=after(words.all_are_shifted(pixels), words.MLP_READS),
            network=network.title,
            page="evaluate",
            about=f"{network.weights_key}/{pixels}",
            least=0,
            most=100,
            unit="%",
        ),
        lambda: _shifted(network, mlp, pixels),
        after={"view": "robust", "change": "shift"},
    )


def _shifted(network: networks.LoadedNetwork, mlp: networks.LoadedNetwork, pixels: int) -> Measured:
    place = CHANGES["shift"][0].index(pixels)
    own, other = (
        100 * look(one, "accuracy_curve", SHIFTED, dataset="mnist", change="shift")[place]
        for one in (network, mlp)
    )
    return Measured(round(other, 1), words.mlp_answer(own, other))
