"""What the page "My data" says agrees with the numbers beside it."""

import pytest

from pages.my_data import words
from pages.my_data.words import Row


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([Row("first thing", 0, 0)], "Two things or more, and about ten pictures of each: that is enough to begin."),
        ([Row("house", 1, 0)], "One class, **1** picture. It needs a second thing to tell it from."),
        ([Row("house", 18, 5)], "One class, **18** pictures. It needs a second thing to tell it from."),
        ([Row("a", 9, 2), Row("b", 2, 1)], "Two classes, **11** pictures. Each class needs 3 or more, and b has 2."),
        (
            [Row("a", 9, 2), Row("b", 10, 3)],
            "Two classes, **19** pictures. Enough to begin; but only 5 are kept for testing, so that one mistake is "
            "20 points of accuracy.",
        ),
        (
            [Row("house", 18, 5), Row("fish", 16, 4), Row("star", 7, 2)],
            "Three classes, **41** pictures. Enough to begin; but of 7 pictures of star only 2 are kept for testing, "
            "and two say little.",
        ),
        (
            [Row("house", 40, 10), Row("star", 5, 1)],
            "Two classes, **45** pictures. Enough to begin; but of 5 pictures of star only 1 is kept for testing, and "
            "one says little.",
        ),
        (
            [Row("0", 9, 9), Row("1", 3, 3)],
            "Two classes, **12** pictures. All of it is for testing: nothing learns from it.",
        ),
        ([Row("a", 20, 5), Row("b", 20, 5)], "Two classes, **40** pictures. Enough to begin."),
        ([Row(str(i), 100, 25) for i in range(10)], "Ten classes, **1,000** pictures. Enough to begin."),
    ],
)  # fmt: skip
def test_the_line_under_the_question(rows, said):
    assert words.verdict(rows) == said


def test_what_a_training_does_with_the_pictures_adds_up():
    said = words.what_train_does(41, 30)
    assert said == (
        "Of the 41 pictures the network learns from 27. 3 show during training how it gets on, and 11 test it at the "
        "end."
    )
    assert 27 + 3 + 11 == 41


def test_the_reason_for_random_changes_counts_what_is_learnt_from():
    assert words.why_changes(30).startswith("A network soon knows 27 pictures by heart. Turned by up to 10°")


def test_the_sentence_about_changes_has_the_numbers_of_the_changes():
    from pages.ui.forms.recipe import GENTLE

    assert (GENTLE.rotation_range, GENTLE.width_shift_range, GENTLE.height_shift_range) == (10, 0.1, 0.1)
    assert GENTLE.zoom_range in (0.1, (0.9, 1.1))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, ":gray[no picture yet]"),
        (1, "**1** :gray[picture] :gray[· a few more would help]"),
        (9, "**9** :gray[pictures] :gray[· a few more would help]"),
        (10, "**10** :gray[pictures]"),
        (1200, "**1,200** :gray[pictures]"),
    ],
)
def test_the_count_beside_a_name(number, said):
    assert words.row_count(number) == said


@pytest.mark.parametrize(
    ("way", "photo", "colour", "part"),
    [
        ("draw", "thing", False, "made 28×28, light on dark, as MNIST’s digits are"),
        ("draw", "thing", True, "made 32×32"),
        ("camera", "thing", False, "the square in its middle is taken and made 28×28, grey"),
        ("upload", "thing", True, "the square in its middle is taken and made 32×32, in colour"),
        ("upload", "ink", False, "What is drawn is found on the paper"),
    ],
)
def test_how_a_picture_is_prepared_is_told(way, photo, colour, part):
    assert part in words.how_prepared(way, photo, colour)


def test_what_an_upload_came_to():
    assert words.brought(37, 0, 0, "", ()) == "37 pictures added."
    assert words.brought(1, 2, 1, "It is empty.", ("dog",)) == (
        "1 picture added. New: dog. 2 were in the set already. 1 was left out: It is empty."
    )


@pytest.mark.parametrize(
    ("right", "tests", "end"), [(9, 11, "."), (5, 5, ". 5 say little."), (1, 1, ". One says little.")]
)
def test_what_came_of_it_says_how_little_it_says(right, tests, end):
    noun = "picture" if tests == 1 else "pictures"
    assert (
        words.came_to("My set 1", right, tests)
        == f"**My set 1** reads **{right}** of {tests} test {noun}{end}"
    )
