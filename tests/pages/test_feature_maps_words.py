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
        "This network has not been trained, so its answer is a guess. The network answers **7**, 83 % sure."
    )


def test_the_story_is_told_in_the_networks_own_sizes_and_claims_nothing_else():
    same = [(8, 28, 28), (4, 28, 28)]  # padding “same”: the maps do not shrink, nor does their number grow
    assert words.story(same, "garment") == "2 layers of filters: 8 maps of 28×28, then 4 of 28×28."
    assert (
        words.story([(1, 26, 26)] * 9, "digit") == "9 layers of filters, from 1 map of 26×26 to 1 of 26×26."
    )


def test_the_legend_speaks_of_the_colours_that_can_be_seen():
    dark, signed, below = np.zeros((2, 3, 3)), np.array([[[-1.0, 1.0]]]), np.array([[[-1.0]]])
    assert words.legend([dark], "digit", 2000) == (
        "One tile is one map of this digit: black is zero, pale yellow the maximum. 0: dark for this digit. "
        "Dashed: never fires on 2,000 test images."
    )
    assert "pale yellow the maximum; where a map goes below zero, orange" in words.legend(
        [dark, signed], "digit", 500
    )
    assert "this digit: orange is above zero, blue below" in words.legend([below], "digit", 500)


def test_the_legend_calls_nothing_silent_that_cannot_be():
    below = np.array([[[-1.0]]])
    tanh = words.legend([below], "digit", 500, any_silent=False, all_silent=False)
    assert "never fires" not in tanh
    assert "dark" not in tanh
    assert "a number below zero counts like one above" in tanh
    mixed = words.legend([below], "digit", 500, any_silent=True, all_silent=False)
    assert "never fires on 500" in mixed
    assert "no map is silent" in mixed


def test_softmax_is_explained_with_the_images_own_numbers():
    assert "5.0 for **b**, 3.0 for c" in words.softmax(np.array([1.0, 5.0, 3.0]), ("a", "b", "c"))
    said = words.softmax(np.array([1.0, 5.0, 3.0]), ("a", "b", "c"))
    assert (
        "b leads by 2.0, and e to the power of 2.0 makes it about 7.4 times as likely" in said
    )  # e² = 7.389


def test_the_power_of_e_is_that_of_the_number_beside_it():
    # 12.34 − (−2.9) is 15.24, whose power is 4.16 million; printed are 12.3, −2.9 and 15.2: 3.99 million.
    said = words.softmax(np.array([12.34, -2.9]), ("7", "2"))
    assert "12.3 for **7**, −2.9 for 2" in said
    assert "7 leads by 15.2, and e to the power of 15.2 makes it about 4 million times as likely" in said
    # 2.04 − 0.06 is 1.98; printed are 2.0 and 0.1, whose difference is 1.9.
    assert "leads by 1.9, and e to the power of 1.9 makes it about 6.7 times" in words.softmax(
        np.array([2.04, 0.06]), ("7", "2")
    )
    assert "makes it just as likely" in words.softmax(np.array([1.0, 1.0]), ("7", "2"))


def test_every_method_of_the_core_has_its_words():
    assert tuple(words.METHODS) == METHODS
    assert words.method_says(words.METHODS["occlusion"]).startswith(
        "How much the score falls (orange) when a 4×4 patch is painted black. **But:** it covers one patch at a time."
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
