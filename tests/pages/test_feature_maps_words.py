"""What the Feature maps page says, sentence by sentence, and which pixel it speaks of, without a screen."""

import doctest

import numpy as np
import pytest
import torch

from cnn_core.insight import METHODS, explain_pixel
from cnn_core.model import PRESETS, build
from pages.feature_maps import words
from pages.feature_maps.maps import mapped_layers
from pages.feature_maps.selection import Pixel, is_in, strongest


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


def said(**changes) -> str:
    facts = {"is_trained": True, "is_test_image": True, "truth": None, "story": "Strokes first."}
    return words.verdict("7", 0.83, **facts | changes)


def test_the_answer_says_what_can_be_known():
    assert said() == "Strokes first. The network answers **7**, 83 % sure."
    assert said(truth="8") == "Strokes first. The network answers **7**, 83 % sure, and is wrong: it is an 8."
    assert said(is_test_image=False) == "The network answers **7**, 83 % sure."
    assert said(is_trained=False) == (
        "Noise, as far as anyone can tell: this network has not been trained. The network answers **7**, 83 % sure."
    )


def test_the_story_has_as_many_chapters_as_convolutions():
    assert words.story(3, "mnist").startswith("Strokes first, then corners, then parts")
    assert words.story(2, "fashion_mnist").startswith("Edges first, then what they form")


def test_the_legend_speaks_of_the_colours_that_can_be_seen():
    dark, signed, below = np.zeros((2, 3, 3)), np.array([[[-1.0, 1.0]]]), np.array([[[-1.0]]])
    assert words.legend([dark], "digit", 2000) == (
        "One tile is one filter’s map of this digit: black is zero, pale yellow the maximum. 0: dark for this digit. "
        "Dashed: never fires on 2,000 test images."
    )
    assert "pale yellow the maximum; where a map goes below zero, orange" in words.legend(
        [dark, signed], "digit", 500
    )
    assert "this digit: orange is above zero, blue below" in words.legend([below], "digit", 500)


def test_softmax_is_explained_with_the_images_own_numbers():
    assert "5.0 for **b**, 3.0 for c" in words.softmax(np.array([1.0, 5.0, 3.0]), ("a", "b", "c"))
    assert "a lead of 2.0 means e to the 2.0, 7 times as likely" in words.softmax(
        np.array([1.0, 5.0, 3.0]), ("a", "b", "c")
    )


def test_every_method_of_the_core_has_its_words():
    assert tuple(words.METHODS) == METHODS
    assert words.method_says(words.METHODS["occlusion"]).startswith(
        "How much the score falls (orange) when a 4×4 patch is painted black. **But:** only patches alone"
    )


@pytest.fixture(scope="module")
def pixel():
    net = build(PRESETS["lesson"])
    return explain_pixel(net, image(), "conv2d_2", 3, 4, 5)


def image() -> torch.Tensor:
    return torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_the_terms_of_a_sum_add_up_to_it(pixel):
    terms = words.terms(pixel)
    assert [name for name, _ in terms][-2:] == ["28 other maps", "bias"]
    assert sum(part for _, part in terms) == pytest.approx(pixel.total, abs=1e-5)
    assert words.last_bar(pixel) == "sum, relu"
    assert words.window(pixel) == "8×8"
    assert next(iter(words.inputs(pixel).values())).startswith(
        f"map {pixel.contributions[0].channel} below: "
    )


MAPS = {
    "conv2d_1": np.arange(8.0).reshape(2, 2, 2),
    "max_pooling2d_1": -np.ones((2, 1, 1)),
    "dense_1": np.ones(3),
}


def test_the_strongest_pixel_of_a_layer_or_of_one_map():
    assert strongest(MAPS, "conv2d_1") == ("conv2d_1", 1, 1, 1)
    assert strongest(MAPS, "conv2d_1", 0) == ("conv2d_1", 0, 1, 1)


@pytest.mark.parametrize(
    "pixel",
    [
        ("conv2d_9", 0, 0, 0),
        ("dense_1", 0, 0, 0),
        ("conv2d_1", 2, 0, 0),
        ("conv2d_1", None, 0, 0),
        ("conv2d_1", 0),
    ],
)
def test_what_is_no_pixel_of_these_maps(pixel):
    assert not is_in(pixel, MAPS)
    assert is_in(Pixel("conv2d_1", 1, 0, 1), MAPS)


def test_layers_with_maps_are_convolutions_or_all():
    assert mapped_layers(MAPS, False) == ["conv2d_1"]
    assert mapped_layers(MAPS, True) == ["conv2d_1", "max_pooling2d_1"]
