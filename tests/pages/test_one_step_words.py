"""The One step page's sentences: true of any step, and what is printed of a rule can be typed into a calculator."""

import re
from math import sqrt

import pytest
import torch

from cnn_core.data import ImageSet
from cnn_core.insight import farthest_weight, moment_after, one_step, rule_of, watched
from cnn_core.model import PRESETS, build
from cnn_core.training import TrainSpec
from pages.one_step import explained_words, rule_words, words
from pages.one_step.asking import _read_weight, _written_weight
from pages.one_step.layers import below_max_pooling

RECIPES = {
    "rmsprop": TrainSpec(batch_size=8),
    "adam": TrainSpec(batch_size=8, optimizer="adam", weight_decay=0.01),
    "adamw": TrainSpec(batch_size=8, optimizer="adamw", weight_decay=0.1),
    "nesterov": TrainSpec(batch_size=8, optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True),
    "adadelta": TrainSpec(batch_size=8, optimizer="adadelta", learning_rate=1.0),
}


@pytest.fixture(scope="module")
def digits():
    chance = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8, generator=chance)
    return ImageSet("mnist", "train", images, torch.arange(32) % 10, tuple("0123456789"), "by lot", True)


def typed(printed):
    """What a calculator makes of a printed sum."""
    text = re.sub(r"√([a-z0-9.×⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"√(\1)", printed)
    text = re.sub(
        r"(\d(?:[\d.]*))×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?<![\d.])10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{2,})",
        lambda m: (
            f"({m[1] or 1}*10**({(m[2] or m[3]).translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789'))}))"
        ),
        text,
    )
    text = re.sub(
        r"([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: f"**{m[1].translate(str.maketrans('⁰¹²³⁴⁵⁶⁷⁸⁹', '0123456789'))}", text
    )
    for sign, meant in (("·", "*"), ("÷", "/"), ("−", "-"), ("√", "sqrt")):
        text = text.replace(sign, meant)
    return eval(text, {"sqrt": sqrt})  # our own text


@pytest.mark.parametrize("name", RECIPES)
def test_each_printed_line_of_a_rule_gives_the_number_behind_it(name, digits):
    recipe = RECIPES[name]
    moment = moment_after(build(PRESETS["tiny"], seed=1), digits, recipe, 2)
    step = one_step(moment.net, digits.images[:4], digits.labels[:4], recipe, memory=moment.memory)
    for layer in ("conv2d_2", "dense_1"):
        rule = rule_of(step, *farthest_weight(step, layer))
        for line in rule.lines:
            assert typed(rule_words.with_numbers(line)) == pytest.approx(line.value, rel=2e-3)
            assert typed(rule_words.figure(line.value)) == pytest.approx(line.value, rel=1e-3)
            assert rule_words.is_for(line, rule)
        assert f"{rule.after:.7f}".replace("-", "−") in rule_words.outcome(rule)


def test_each_stage_says_its_own_number_of_the_step(digits):
    recipe = TrainSpec(optimizer="sgd", learning_rate=0.5)
    moment = moment_after(build(PRESETS["tiny"], seed=1), digits, recipe.replace(batch_size=8), 2)
    step = watched(moment, digits.take(4), recipe)
    told = [words.answer(stage, 2, step, "digit", True) for stage in range(1, 6)]
    right = int((step.probabilities.argmax(1) == step.labels).sum())
    assert told[0] == f"After 2 steps of training, this network reads **{right} of these 4 digits** rightly."
    assert f"**{step.losses.mean():.2f}**" in told[1]
    assert "has 2.30" in told[1]
    largest = max(step.sizes, key=step.sizes.get)
    assert f"largest in {largest}, **" in told[2]
    assert "weights move" in told[3]
    falls = sum(after < before for before, after in zip(step.losses, step.losses_after, strict=True))
    assert f"**{step.losses_after.mean():#.3g}**" in told[4]
    assert told[4].endswith(f"{words.falls_and_rises(falls, 4)}.")
    assert words.answer(5, 2, step, "digit", False) == "Once more these 4 digits, with the new weights."
    for image in range(4):
        read, loss = words.tile(2, image, step, digits.classes, True)
        assert words.is_wrong(2, image, step, True) == (", is a " in read)
        assert loss == f"loss {words.loss_text(float(step.losses[image]))}"


def test_the_formula_of_the_loss_is_printed_so_that_it_holds(digits):
    step = watched(moment_after(build(PRESETS["tiny"]), digits, TrainSpec(), 0), digits.take(4), TrainSpec())
    for image in range(4):
        said = explained_words.what_you_see(2, step, image, True, True, "digit")
        p, loss = re.search(r"−ln ([\d.]+) = ([\d.]+)\.", said).groups()
        assert -torch.tensor(float(p)).log().item() == pytest.approx(float(loss), abs=0.006)


@pytest.mark.parametrize("weight", [("conv2d_2", (41, 23, 2, 1)), ("dense_1", None), ("dense_1", (5, 70))])
def test_a_weight_in_an_address_comes_back(weight):
    assert _read_weight(_written_weight(weight)) == weight


def test_what_is_said_of_pooling_averages_and_dropout_is_said_where_it_is_so():
    pooled = {name: below_max_pooling(PRESETS[name]) for name in ("lesson", "mlp", "modern")}
    assert pooled == {
        "lesson": True,
        "mlp": False,
        "modern": False,
    }  # a normalisation lies between, and spreads it
    assert explained_words.as_in_training(PRESETS["lesson"]) == ""
    assert "batch normalisation goes by the averages" in explained_words.as_in_training(PRESETS["modern"])
    assert "Dropout rests" in explained_words.as_in_training(PRESETS["mnist_cnn"])
