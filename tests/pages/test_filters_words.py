"""What the Filters page says, sentence by sentence, without a screen."""

import doctest

import pytest
import torch

from cnn_core.insight import FilterCard, FilterPictures
from cnn_core.insight.filters.examples import Examples
from cnn_core.insight.filters.recipes import RECIPES as ASCENT
from pages.filters import layers, words
from pages.filters.asking import SWITCHES
from pages.filters.climbing import Climb


@pytest.mark.parametrize("module", [words, layers])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


def test_pictures_slopes_and_silence_are_three_facts():
    why = [None, "no slope", "never fires", None]
    assert words.verdict("conv2d_2", why, True, 1, 2000) == (
        "**2 of 4** filters of conv2d_2 have a picture; for 1 the gradient stays zero; 1 could not be woken; "
        "1 filter never fires on 2,000 test images."
    )
    assert words.verdict("dense_1", [None], False) == (
        "**1 of 1** units of dense_1 have a picture. It has not been trained, so they are looking for nothing in "
        "particular."
    )
    assert words.verdict("conv2d_1", [None], True, 3, 500).endswith(
        "; 3 filters never fire on 500 test images."
    )


def test_what_the_sheet_shows_names_the_rescued_only_where_there_are_some():
    plain = words.what_you_see("conv2d_1", "digit", 40)
    assert plain.endswith("It is no digit: it shows what the filter answers to most.")
    assert "It is none of the test pictures: it shows" in words.what_you_see("conv2d_1", "picture", 40)
    assert words.what_you_see("dense_1", "garment", 1).startswith(
        "Each picture began as noise and was changed for 1 step so that one unit gives larger numbers. It is no garment"
    )
    rescued = words.what_you_see("conv2d_1", "digit", 40, began_as=(1, 2))
    assert "1 picture began as other noise" in rescued
    assert rescued.endswith(" 2 pictures began as a test image: noise gave no slope.")
    assert "dashed" in words.what_you_see("conv2d_1", "digit", 40, why={"no slope"})
    assert "“Silent”: it has a picture, but never fires" in words.what_you_see(
        "conv2d_1", "digit", 40, silent=True
    )


def test_no_slope_is_not_learnt_nothing_and_a_filter_proves_it():
    said = words.no_slope("conv2d_3", (41, 398), 500, is_lesson=True)
    assert "the gradient is exactly zero" in said
    assert "filter 41 has no slope here and fires on 398 of 500 test images" in said
    assert said.endswith("“Clean” tries other ways up.")
    assert "learnt nothing" not in words.no_slope("conv2d_3", None, 500, is_lesson=False)


def test_not_woken_is_said_of_a_filter_that_fires_on_test_images():
    assert words.tile_label("conv2d_1", 3, 0, 1, "never fires", False) == "filter 3, not woken"
    assert words.tile_label("conv2d_1", 3, 0, 1, "never fires", True) == "filter 3, never fires"
    assert (
        words.tile_label("conv2d_1", 3, 0, 1, None, True)
        == "filter 3, 0 to 1; never fires on the test images"
    )


def test_why_the_gradient_is_divided_is_told_in_the_filters_own_numbers():
    said = words.growth_explained("conv2d_2", 0.05, [0.001, 0.0024], [0.001, 0.0, 0.0005, 0.008])
    assert "For this filter it is 0.0010 at the first step and 0.0024 at the last." in said
    assert "from 0.00050 to 0.0080 at the first step, 16 times as much" in said
    assert "added to the denominator" in said
    assert "shrinks" not in said
    alike = words.growth_explained("dense_1", 0.05, [0.1], [0.1, 0.11])
    assert "too small" not in alike  # of filters that hardly differ nothing follows
    assert "exactly zero at every step" in words.growth_explained("conv2d_2", 1, [0.0, 0.0], [0.0])


def test_filters_that_hardly_change_are_told_apart_from_silent_ones():
    said = words.verdict("conv2d_1", [None, None], True, 0, 500, unchanging=1)
    assert said.endswith("; 1 filter hardly changes on 500 test images.")
    assert "never" not in said
    assert "(the layer has 1,000)" in words.verdict("dense_1", [None] * 128, True, width=1000)


def card_of_a(layer: str, kernel: torch.Tensor | None, peak: float | None = 3.0) -> FilterCard:
    one = torch.ones(1)
    examples = Examples(
        layer=layer,
        indices=one.long()[None],
        values=one[None],
        positions=torch.zeros(1, 1, 2),
        mean=one / 2,
        maximum=one * 2,
        fires=one.long() * 1200,
        boxes=torch.zeros(1, 1, 4),
        count=2000,
    )
    pictures = FilterPictures(
        layer, (4,), torch.zeros(1, 1, 2, 2), one[None], one == 0, [None], ["noise"], one, ASCENT["clean"]
    )
    ratio = None if peak is None else peak / 2
    return FilterCard(layer, 4, kernel, -0.25, pictures, examples, peak, 2.0, ratio, False)


def test_a_filter_is_made_of_kernels_and_a_unit_of_a_list():
    assert words.about_weights(card_of_a("conv2d_2", torch.full((32, 3, 3), -0.5))) == (
        "conv2d_2 · 32 kernels of 3×3, ±0.50 · bias −0.25"
    )
    assert words.about_weights(card_of_a("dense_1", torch.ones(1600))) == (
        "dense_1 · joined to 1,600 numbers · bias −0.25"
    )


def test_the_facts_of_a_card():
    assert words.facts(card_of_a("conv2d_2", None)) == [
        ("best test image reaches", "2.00"),
        ("the picture reaches", "3.00"),
        ("that is", "1.50 times as much"),
        ("mean over 2,000 test images", "0.50"),
        ("of them it fires on", "1,200"),
    ]
    asked = words.facts(card_of_a("conv2d_2", None), has_peaks=False)  # while it is being guessed
    assert asked[:3] == [
        ("best test image reaches", "2.00"),
        ("the picture reaches", "?"),
        ("mean over 2,000 test images", "0.50"),
    ]
    assert [name for name, _ in words.facts(card_of_a("dense_1", None, peak=None))] == [
        "best test image reaches",
        "mean over 2,000 test images",
        "of them above zero",
    ]


def test_each_switch_is_something_that_the_clean_recipe_adds():
    assert all(getattr(ASCENT["clean"], name) != getattr(ASCENT["lesson"], name) for name in SWITCHES)


def test_a_climb_is_what_the_core_is_asked_for():
    climb = Climb("lesson", 5, 3, (("clamp", True),))
    assert climb.arguments() == {"recipe": ASCENT["lesson"].replace(clamp=True), "steps": 5, "seed": 3}
    assert hash(climb) == hash(Climb("lesson", 5, 3, (("clamp", True),)))
