"""The sentences of the Augmentation page, without running it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.lesson import PARAMETERS, Change
from cnn_core.runs import gain
from cnn_core.training import RECIPES
from pages.augmentation import pair_words, words
from pages.augmentation.dragged import nearest
from pages.augmentation.sheets import evenly

LESSON = AugmentSpec.lesson()
NONE = AugmentSpec()


def test_the_lessons_settings_in_short():
    assert words.short_words(LESSON) == ["±90°", "shifts ±20 %", "zoom 0.8 to 1.2", "shear ±0.2°"]
    assert words.short_words(NONE) == ["no change at all"]


def test_two_different_shifts_are_said_apart_and_one_of_pixels_in_pixels():
    spec = AugmentSpec(width_shift_range=0.2, height_shift_range=3, horizontal_flip=True)
    assert words.short_words(spec) == ["sideways ±20 %", "up and down ±3 px", "flipped left to right"]


def test_the_lessons_shear_is_almost_nothing_and_twenty_degrees_are_not():
    assert words.shear_in_words(LESSON) == (
        "Keras counts shear in degrees. 0.2° moves no pixel by more than 0.05 pixels: almost nothing. Try 20."
    )
    assert "almost nothing" not in words.shear_in_words(AugmentSpec(shear_range=20))


CHANGE = Change(turn=25.2, right=-3.0, up=0.2, across=1.1, down=0.9, shear=0.1)


def test_a_draw_says_what_its_settings_draw_and_nothing_else():
    assert words.lines_of(CHANGE, LESSON) == ["+25°", "−3 → 0 ↑", "zoom 1.1·0.9"]
    assert words.lines_of(CHANGE, LESSON, short=True)[-1] == "z 1.1·0.9"
    assert words.lines_of(CHANGE, AugmentSpec(rotation_range=10)) == ["+25°"]
    assert words.lines_of(replace(CHANGE, shear=20, mirrored=True), NONE) == ["shear +20°", "mirrored"]


def test_a_reader_who_cannot_see_is_told_all_of_it():
    assert words.in_full(replace(CHANGE, mirrored=True, upside_down=True)) == (
        "turned +25°, −3.0 px right, +0.2 px up, zoom 1.10 across, 0.90 down, shear +0.1°, flipped twice"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(turn=180.0), "turned +180°"),
        (Change(mirrored=True), "mirrored"),
        (Change(right=14.0), "+14 → +0 ↑"),
    ],
)
def test_an_example_says_the_one_thing_that_was_done(change, said):
    assert words.in_short(change) == said


@pytest.mark.parametrize(
    ("still", "opening"),
    [
        (20, "All of these."),
        (17, "Nearly all."),
        (13, "Most of them."),
        (12, "About half of them."),
        (8, "Fewer than half of them."),
        (1, "Only one of them."),
        (2, "Only a few of them."),
        (0, "None of these."),
    ],
)
def test_the_answer_opens_with_what_the_count_means(still, opening):
    assert words.verdict(still, 20, "a 7", "lesson") == (
        f"{opening} With the lesson’s settings this network still reads **{still} of 20** draws as a 7."
    )


def test_an_untouched_digit_that_is_misread_is_said_too():
    assert words.verdict(3, 4, "a 7", "own", "a 1").endswith(
        "With your own settings this network still reads **3 of 4** draws as a 7. "
        "But it reads even the untouched one as a 1."
    )


def test_zoom_is_explained_only_where_there_is_some():
    assert "above 1 makes it smaller" in words.what_draws_show(LESSON, "a 7")
    assert "zoom" not in words.what_draws_show(AugmentSpec(rotation_range=10), "a 7")


def test_each_setting_is_named_with_its_value():
    assert words.setting_in_words("rotation_range", LESSON) == "rotation 90"
    assert words.setting_in_words("zoom_range", AugmentSpec(zoom_range=(0.5, 1.5))) == "zoom 0.5 to 1.5"
    assert words.setting_in_words("horizontal_flip", AugmentSpec(horizontal_flip=True)) == "horizontal flip"
    assert words.moves_by(0.049) == "moves a pixel by up to 0.05: almost nothing"
    assert words.moves_by(21.2) == "moves a pixel by up to 21"


@pytest.mark.parametrize(
    ("setting", "change", "said"),
    [
        ("rotation_range", Change(turn=-90.0), "−90°"),
        ("width_shift_range", Change(right=5.6), "+5.6 px"),
        ("height_shift_range", Change(), "0 px"),
        ("shear_range", Change(shear=0.2), "+0.20°"),
        ("zoom_range", Change(across=0.8), "0.80"),
        ("vertical_flip", Change(upside_down=True), "upside down"),
    ],
)
def test_one_setting_alone_says_its_value(setting, change, said):
    assert words.value_alone(setting, change) == said


def test_every_parameter_that_can_be_dragged_has_its_words():
    assert words.PARAMETER_WORDS.keys() == PARAMETERS.keys()
    assert words.is_it_still("turn", "an 8") == "Only turned: is it an 8?"


def test_how_far_it_stays_what_it_is():
    def said(limits, all_the_way=False):
        return words.how_far_it_stays("turn", "a 7", limits, all_the_way)

    assert said((-35.0, 25.0)) == "It stays a 7 from −35° to +25°."
    assert said((-90.0, 90.0), all_the_way=True) == "It stays a 7 all the way."
    assert said(None) == "Even untouched, this network does not read it as a 7."


def test_what_a_network_saw_in_training():
    assert words.trained_with("right", 0.0, 0.0) == "This network was trained without shifts."
    assert words.trained_with("zoom", 0.8, 1.2) == "It was trained with zoom from 0.8 to 1.2."
    assert words.trained_with("turn", -90.0, 90.0) == "It was trained with turns from −90° to +90°."


def test_the_first_the_last_and_those_between():
    assert evenly(17, 6) == [0, 3, 6, 9, 12, 16]
    assert evenly(0, 6) == []
    assert nearest([-90, 0, 90], 1) == 1


# Two trainings


def test_where_it_helped_what_it_cost_and_what_may_be_chance():
    clear = gain([0, 45, 90], [0.90, 0.90, 0.80], [0.98, 0.60, 0.75], count=2000)
    assert pair_words.where_it_helped("rotation", clear) == (
        "Turned by 45°: 90.0 % with changes, 60.0 % without, **+30.0 points**."
    )
    assert pair_words.its_price(clear) == (
        "Untouched: 90.0 % with changes, 98.0 % without, **−8.0 points**. Large changes often take longer to learn. "
        "Try more images, more epochs, or smaller changes."
    )
    same = gain([0, 1], [0.9, 0.8], [0.9, 0.8], count=2000)
    assert pair_words.where_it_helped("shift", same) == (
        "Shifted by 1 pixel: 80.0 % with changes, 80.0 % without, a difference that **could be chance**."
    )
    assert pair_words.its_price(same).endswith("without, a difference that could be chance.")


def test_where_it_only_harmed_the_least_harm_is_named():
    worse = gain([0, 2, 4], [0.5, 0.5, 0.5], [0.9, 0.9, 0.8], count=2000)
    assert pair_words.where_it_helped("shift", worse) == (
        "Shifted by 4 pixels, where it lost least: 50.0 % with changes, 80.0 % without, **−30.0 points**."
    )


def test_a_pair_is_told_from_others_by_what_can_differ():
    recipe = RECIPES["lesson"].replace(train_size=3000, seed=4)
    pair = SimpleNamespace(plain=SimpleNamespace(recipe=recipe), augment=AugmentSpec(rotation_range=10))
    assert pair_words.pair_title(pair) == "±10° · 3,000 images, lesson recipe, seed 4"


def test_a_recipe_of_ones_own_is_not_called_by_a_name_of_ours():
    recipe = RECIPES["lesson"].replace(learning_rate=0.05, epochs=2)
    pair = SimpleNamespace(plain=SimpleNamespace(recipe=recipe), augment=AugmentSpec(rotation_range=10))
    assert pair_words.pair_title(pair) == "±10° · all images, rate 0.05 · 2 epochs, seed 0"


def test_the_end_of_a_training_with_and_without_a_result():
    assert pair_words.end_of_training({"accuracy": 0.987, "count": 10_000}, 43) == (
        "98.7 % of 10,000 test images, in 43 s"
    )
    assert pair_words.end_of_training(None, 43) == "Finished, in 43 s"


def test_two_runs_cost_twice_one():
    assert pair_words.price_of_both(2, 4000, "digits", 30.0) == (
        "Two runs of 2 epochs over 4,000 digits, about 1 min. You may leave this page."
    )
    assert pair_words.price_of_both(2, 4000, "digits", None) == (
        "Two runs of 2 epochs over 4,000 digits. You may leave this page."
    )


# What is true for every network, data set and setting


def test_what_stands_under_a_draw_is_what_is_said_to_stand_there():
    said = words.what_draws_show(AugmentSpec(width_shift_range=0.1), "a bag")
    assert "the shift in pixels" in said
    assert "turn" not in said
    assert words.draws_heading(17, AugmentSpec(width_shift_range=0.1)) == "17 draws"
    assert words.draws_heading(17, LESSON) == "17 draws, sorted by their turn"


def test_the_page_says_what_augmentation_is_before_anything_else():
    assert words.WHAT_IT_IS.startswith("**Augmentation** makes more of few images.")
    assert "The label stays" in words.WHAT_IT_IS


def test_a_shift_that_is_called_a_loss_takes_a_large_part_of_a_digit():
    from cnn_core.lesson.augment_evidence import HALF_LOST

    digit, side = 20, 28  # MNIST puts a digit of 20 pixels in the middle of 28
    assert (HALF_LOST * side - (side - digit) / 2) / digit > 1 / 3


def test_the_link_to_the_result_leads_to_its_heading():
    assert f"(#{pair_words.RESULT})" in pair_words.RESULT_STANDS_BELOW
