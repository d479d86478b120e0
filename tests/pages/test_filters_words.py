"""What the Filters page says, sentence by sentence, without a screen."""

import doctest

import pytest
import torch

from cnn_core.insight import FilterCard, FilterPictures
from cnn_core.insight.filters.ascent import RECIPES as ASCENT
from cnn_core.insight.filters.examples import Examples
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
    assert words.what_you_see("conv2d_1", "digit", 40, 0).endswith("noise would look like an answer.")
    assert words.what_you_see("dense_1", "garment", 1, 2).startswith(
        "Each picture began as noise and was changed for 1 step to make one unit fire more: it is a question, not a "
        "garment."
    )
    assert words.what_you_see("conv2d_1", "digit", 40, 2).endswith(
        " 2 pictures began as a test image: noise gave no slope."
    )


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
        ("picture over image", "1.50"),
        ("mean over 2,000 test images", "0.50"),
        ("of them it fires on", "1,200"),
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
