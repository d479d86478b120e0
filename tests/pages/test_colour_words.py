"""What is said of colours, and of a photo that the big network looks at, sentence by sentence."""

import doctest

import numpy as np
import pytest
import torch

from cnn_core.insight import PhotoAnswer, explain_pixel
from cnn_core.insight.dream.dream_spec import DreamSpec
from pages.convolution import words as convolution
from pages.deep_dream import words as dream
from pages.feature_maps import image_words, words
from pages.ui.drawing.answer_charts import bars
from pages.ui.wording import classes, photo_seen
from tests.core.designs import lived_in
from tests.core.test_colour_inside import colour_spec

GREY = {"shape": (1, 28, 28)}


@pytest.mark.parametrize("module", [image_words, photo_seen, classes, convolution])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


def sum_of(layer="conv2d_1", **changes):
    net = lived_in(colour_spec(**changes))
    shape = net.spec.input_shape
    return explain_pixel(net, torch.rand(shape, generator=torch.Generator().manual_seed(0)), layer, 1, 6, 6)


def test_what_is_added_up_are_colours_the_image_or_maps():
    colours, grey, maps = sum_of(), sum_of(**GREY), sum_of("conv2d_2")
    assert [name for name, _ in words.terms(colours)] == ["red", "green", "blue", "bias"]
    assert [name for name, _ in words.terms(grey)] == ["the image", "bias"]
    assert [name for name, _ in words.terms(maps)][-2:] == ["2 other maps", "bias"]
    assert [image_words.is_in_colour(pixel) for pixel in (colours, grey, maps)] == [True, False, False]
    assert list(words.inputs(grey).values()) == ["the image below"]
    assert {text.partition(":")[0] for text in words.inputs(colours).values()} == {
        "the red of the image", "the green of the image", "the blue of the image"
    }  # fmt: skip


def test_three_maps_below_are_no_colours():
    layers = (
        {"type": "conv2d", "filters": 3},
        {"type": "conv2d", "filters": 2},
        {"type": "flatten"},
    )
    net = lived_in(colour_spec(*layers))
    pixel = explain_pixel(net, torch.rand(3, 32, 32), "conv2d_2", 0, 0, 0)
    assert not image_words.is_in_colour(pixel)
    assert {name for name, _ in words.terms(pixel)} == {"map 0", "map 1", "map 2", "bias"}


def test_the_terms_add_up_to_the_total():
    for pixel in (sum_of(), sum_of(**GREY), sum_of("conv2d_2")):
        assert sum(value for _, value in words.terms(pixel)) == pytest.approx(pixel.total, abs=1e-6)


def test_of_four_channels_nobody_says_colours():
    pixel = sum_of(shape=(4, 32, 32))
    assert not image_words.is_in_colour(pixel)
    assert all("channel" in name for name in words.inputs(pixel).values())
    assert image_words.how_kernels_are_drawn(4).endswith("Of the 4 weights of a place the mean is drawn.")


def test_a_kernel_is_named_with_its_own_range():
    weights = np.array([[[[-0.5, 0.25]]], [[[0.0, 1.0]]]])
    assert image_words.kernel_labels(weights) == ["kernel 0, −0.50 to 0.25", "kernel 1, 0.00 to 1.00"]


def test_a_wrong_answer_says_the_truth_beside_it_or_where_there_is_room():
    """ "is a 5" fits beside the bar; "is an automobile" does not, and would push the names off the chart."""

    def said(names, truth):
        return [note["text"] for note in bars([0.7, 0.3], names, truth=truth)["layout"]["annotations"]]

    assert said(("3", "5"), 1) == ["<b>70 %, is a 5</b>", "30 %"]
    assert said(("cat", "automobile"), 1) == ["<b>70 %, wrong</b>", "30 %, right"]
    assert said(("cat", "automobile"), 0) == ["<b>70 %</b>", "30 %"]


def answers(*names_and_chances, places=None):
    places = torch.ones(2, 3) if places is None else places
    return [PhotoAnswer(i, name, chance, places) for i, (name, chance) in enumerate(names_and_chances)]


def test_the_big_networks_answer_is_no_more_than_a_choice_among_its_classes():
    said = photo_seen.verdict(answers(("espresso", 0.55), ("cup", 0.1)), 1000)
    assert said == (
        "EfficientNet-Lite0 would call this photo **espresso**, 55 % sure. It must choose among the 1,000 classes of "
        "ImageNet, also where none of them fits."
    )


def test_an_answer_that_no_place_speaks_for_says_so():
    (lit,), (dark,) = answers(("cup", 0.1)), answers(("cup", 0.1), places=torch.zeros(2, 3))
    assert photo_seen.caption_of(lit) == ("cup", "10 %")
    assert photo_seen.caption_of(dark) == ("cup", "10 %\nno place speaks for it")


def test_a_dream_of_a_colour_network_is_not_told_as_one_of_strokes():
    spec = DreamSpec("run:x:1", (("conv2d_2", 1.0),))
    said = dream.what_you_see(spec, False, "cifar10", (3, 32, 32))
    assert "made for pictures of 32×32 pixels" in said
    assert "strokes" not in said
    assert "white strokes on black" in dream.what_you_see(spec, False, "mnist")
