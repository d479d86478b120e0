"""What the views of Filters say that follow ways through a network, without a screen."""

import doctest
from dataclasses import replace

import pytest
import torch

from cnn_core.insight import RECIPES, Around, Climb, FilterPictures, Neighbour, PictureAnswers, Reading
from cnn_core.model import PRESETS
from pages.filters import made_of_guessing, made_of_words, more_words, own_answer_words
from pages.filters.upstream import Upstream
from pages.ui.visitor.networks import LoadedNetwork

ONE = torch.zeros(1, dtype=torch.int64)


def reading_of(given, bias=0.01, source="conv2d_1", layer="conv2d_2", kernels=True):
    given = torch.tensor(given)
    return Reading(
        layer=layer, filter=41, source=source, maps=torch.arange(len(given)), given=given, bias=bias,
        total=float(given.sum()) + bias, weight=torch.linspace(0, 1, len(given)),
        kernels=torch.full((len(given), 3, 3), -0.17) if kernels else None,
        images=ONE, rows=ONE, columns=ONE, strength=torch.ones(1),
    )  # fmt: skip


def around_of(read, shown=6, **more):
    order = read.order[:shown]
    below = tuple(Neighbour(read.source, row, float(read.given[row])) for row in order)
    others = float(read.given.sum()) - sum(one.flow for one in below)
    return Around(
        **{"layer": read.layer, "filter": 41, "target": 1, "below": below, "others": others, "above": (), "onward": 0.5}
        | more
    )  # fmt: skip


EIGHT = reading_of([0.15, 0.13, 0.12, 0.11, 0.08, 0.08, 0.2, -0.01])


@pytest.mark.parametrize("module", [made_of_guessing, made_of_words, more_words, own_answer_words])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


def test_what_is_asked_first_has_the_filter_that_gives_most_among_its_answers_and_no_picture_no_question():
    network = LoadedNetwork(None, PRESETS["lesson"], "Mine", "design", None, None, True, "w")
    pictures = FilterPictures(
        layer="conv2d_1", filters=tuple(range(8)), images=torch.zeros(8, 1, 4, 4), scores=torch.zeros(8, 1),
        dead=torch.zeros(8, dtype=torch.bool), why=[None] * 8, begun=["noise"] * 8, starts=torch.zeros(8, 1, 4, 4),
        recipe=RECIPES["clean"],
    )  # fmt: skip
    found = Upstream(EIGHT, around_of(EIGHT), False, {"conv2d_1": pictures}, torch.zeros(1, 4, 4), "1", 500)
    asked = made_of_guessing.question(network, found)
    assert (asked.options, asked.answer) == (("filter 0", "filter 2", "filter 4", "filter 6"), "filter 6")
    pictures.why[6] = "no slope"
    assert made_of_guessing.question(network, found) is None
    pictures.why[6] = None
    of_image = replace(EIGHT, source="image")
    assert made_of_guessing.question(network, replace(found, read=of_image)) is None


def test_the_first_line_adds_up_to_the_numbers_of_the_table():
    said = made_of_words.verdict(EIGHT, around_of(EIGHT), True, 1)
    assert said == (
        "Made of other filters. Where filter 41 answers most, **6** of the 8 that it reads give +0.79 together; the "
        "whole sum is **0.87**."
    )
    # 0.87 = 0.79 + (0.08 - 0.01) + 0.01
    assert made_of_words.foot(EIGHT, around_of(EIGHT), 2) == [
        ("2 other kernels", "+0.07"), ("bias", "+0.01"), ("sum", "0.87"),
    ]  # fmt: skip
    few = reading_of([0.5, -0.9], bias=0.1)
    said = made_of_words.verdict(few, around_of(few), False, 1)
    assert (
        "all 2 that it reads give −0.40 together; the whole sum is **−0.30**. So even there it is below zero."
        in said
    )
    assert said.endswith("Not trained yet: whom it reads is chance.")


def test_a_filter_of_the_image_and_one_of_a_single_map_have_their_own_first_line():
    first = reading_of([0.4], bias=-0.1, source="image")
    assert made_of_words.verdict(first, around_of(first), True, 1) == (
        "Made of the image alone. Where filter 41 answers most, its sum is **0.30**: the image gives +0.40, and the "
        "bias −0.10."
    )
    alone = reading_of([0.4], bias=-0.1)
    assert "**0.30**: filter 0 of conv2d_1 gives +0.40, and the bias −0.10." in made_of_words.verdict(
        alone, around_of(alone), True, 1
    )


def test_what_is_drawn_of_how_many_and_for_whom_is_said():
    above = tuple(Neighbour("conv2d_3", i, 1.0, 2.0) for i in range(5))
    way = around_of(EIGHT, above=above)
    widths = {"conv2d_1": 8, "conv2d_2": 64, "conv2d_3": 64}
    said = made_of_words.what_you_see(way, "1", widths, is_chosen=False, is_class=False)
    assert "on the way to a 1, the class it helps most." in said
    assert "Drawn: the strongest 6 of 8 and 5 of 64." in said
    said = made_of_words.what_you_see(replace(way, onward=-0.1), "1", widths, is_chosen=False, is_class=False)
    assert "the class it hinders least" in said
    said = made_of_words.what_you_see(way, "1", widths, is_chosen=True, is_class=False)
    assert "on the way to a 1. A band" in said
    assert "leave the middle" in made_of_words.measured(way, "1", "digit", 100, 2000, 60, is_class=False)
    assert "Right of it" not in made_of_words.measured(way, "1", "digit", 100, 2000, 60, is_class=True)


def test_the_heaviest_is_named_where_another_gives_most():
    said = made_of_words.table_says(EIGHT, 2000, "digit")
    assert "Kernels on one scale, ±0.17." in said
    assert "The heaviest weights lie on filter 7, but filter 6 gives most" in said
    assert "filter 1 takes most" in made_of_words.table_says(reading_of([0.1, -0.9, 0.3]), 2000, "digit")
    assert "heaviest" not in made_of_words.table_says(reading_of([0.1, 0.9]), 2000, "digit")
    assert made_of_words.about_filter(reading_of([0.1, 0.9], kernels=False, layer="dense_1")).startswith(
        "dense_1 · reads 2 maps"
    )


def climb_of(*towards):
    rows = torch.tensor([[1 - one, one] for one in towards])
    images = torch.zeros(len(towards), 1, 2, 2)
    images[-1, 0, 0, 0] = 0.2
    rightly = rows.argmax(1).eq(1).nonzero()[:, 0].tolist()
    return Climb(1, images, rows, rightly[0] if rightly else None)


def test_a_picture_on_its_way_to_a_class_is_told_with_its_numbers():
    said = more_words.verdict(climb_of(0.1, 0.4, 0.8), "no. 0, a 7", "9", True)
    assert said == (
        "After **2 steps** the network reads “9” in no. 0, a 7: 10 % before, **80 %** after 2 steps. A pixel has "
        "changed by 5.0 % of full contrast on average."
    )
    assert "already" in more_words.verdict(climb_of(0.6, 0.9), "your drawing", "9", True)
    never = more_words.verdict(climb_of(0.1, 0.2), "your drawing", "9", False)
    assert (
        "does not come to read “9” in your drawing: 10 % before, **20 %** after 1 step. Hold it loosely."
        in never
    )
    assert never.endswith("its answers are chance.")
    assert "Hold" not in more_words.verdict(climb_of(0.1, 0.2), "your drawing", "9", True, is_loose=True)
    assert more_words.captions(climb_of(0.1, 0.4, 0.8), ["4", "9"]) == [
        "As it was: read as 4, 90 % sure; 9 10 %.",
        "After 1 step: read as 4, 60 % sure; 9 40 %.",
        "After 2 steps: read as 9, 80 % sure.",
    ]


def test_being_sure_of_what_began_as_noise_is_said_and_of_nothing_else():
    answers = PictureAnswers(torch.tensor([[0.9, 0.1], [0.002, 0.998]]), torch.tensor([False, False]))
    said = own_answer_words.class_pictures(answers, (0, 1), ("4", "8"), ["noise", "noise"])
    assert (
        "In **2** of 2 pictures the class that it was made for; in one it reads “8” and is 99.8 % sure."
        in said
    )
    assert "Nobody drew that “8”: it began as noise." in said
    said = own_answer_words.class_pictures(answers, (0, 1), ("4", "8"), ["noise", "example"])
    assert "Nobody drew that “4”" in said
    said = own_answer_words.class_pictures(answers, (0, 1), ("4", "8"), ["example", "example"])
    assert "Nobody" not in said
    dead = replace(answers, dead=torch.tensor([True, True]))
    assert own_answer_words.class_pictures(dead, (0, 1), ("4", "8"), ["noise", "noise"]) == ""
