"""How numbers and states are written: the rules of the visual language, one by one."""

import doctest
import re
import tomllib
from pathlib import Path

import pytest

from cnn_core.errors import StudentError
from pages.ui.drawing import figure, learning_charts
from pages.ui.forms import canvas
from pages.ui.wording import blocks, numbers, run_states
from pages.ui.wording.blocks import plain, small
from pages.ui.wording.numbers import (
    about,
    big,
    count,
    duration,
    epochs,
    loss_text,
    number,
    percent,
    points,
    probability,
    probability_tile,
    shape_text,
    signed,
)


@pytest.mark.parametrize("module", [numbers, run_states, blocks, figure, learning_charts, canvas])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.987), "98.7 %"),
        (percent(1), "100.0 %"),  # an accuracy may be whole: every digit was read
        (points(0.003), "+0.3 points"),
        (points(-0.003), "−0.3 points"),  # a true minus sign
        (points(0.0), "0.0 points"),
        (points(-0.0001), "0.0 points"),  # never −0.0
        (count(60000), "60,000"),
        (big(2_786_000), "2.79 M"),
        (big(999), "999"),
        (big(999_999), "1.00 M"),  # not 1000 k
        (duration(22.4), "22 s"),
        (duration(59.7), "1 min"),
        (duration(100), "1 min 40 s"),
        (about(3.2), "about 3 s"),
        (about(0.0), "about 1 s"),
        (epochs(2.5), "2.5"),
        (epochs(3.0), "3"),
        (shape_text((32, 26, 26)), "26×26×32"),  # height×width×channels, from (C, H, W)
        (shape_text((576,)), "576"),
        (loss_text(0.044321), "0.0443"),
        (loss_text(float("nan")), "infinite"),
        (number(-0.001), "0.00"),
        (number(-3.5, 1), "−3.5"),
        (signed(0.47), "+0.47"),
        (small("map"), ":small[:gray[map]]"),
    ],
)
def test_numbers_are_written_as_the_visual_language_says(written, expected):
    assert written == expected


@pytest.mark.parametrize("fraction", [0.9985, 0.99899, 0.9991, 0.99999999, 1.0])
def test_no_answer_is_100_per_cent_sure(fraction):
    for text in (probability(fraction), probability_tile(fraction)):
        assert "100" not in text


@pytest.mark.parametrize("fraction", [0.0, 1e-12, 0.0009, 0.004])
def test_no_answer_is_impossible(fraction):
    assert not probability(fraction).startswith("0 ")
    assert probability_tile(fraction) == "<1 %"


def test_a_tile_says_how_sure_in_five_letters():
    assert all(len(probability_tile(i / 1000)) <= 5 for i in range(1001))


def test_text_from_elsewhere_cannot_format_the_page():
    hostile = "[x](http://y) :red[z] `c` $x$ <b> _i_ **b** # h"
    unescaped = [
        sign
        for i, sign in enumerate(plain(hostile))
        if sign in "[]`$<>_*#:" and plain(hostile)[i - 1] != "\\"
    ]
    assert unescaped == []


def test_the_states_use_the_exact_words():
    assert (
        run_states.queued(2, 61)
        == "Waiting: 2 runs are ahead of yours, about 1 min. You may leave this page."
    )
    assert run_states.queued(1).startswith("Waiting: 1 run is ahead of yours.")
    assert run_states.running(6382.0, 22) == "Running · 6,380 images/s · about 22 s left"
    assert run_states.paused(2.5) == "Paused after 2.5 epochs. Nothing is lost."
    assert run_states.stopped(1.0) == "Stopped by you after 1 epoch; the weights so far are kept."
    assert run_states.interrupted(2) == "The machine was restarted. It goes on from epoch 2."


def test_a_problem_says_what_happened_in_red_and_what_to_try_in_ink():
    from streamlit.testing.v1 import AppTest

    def page():
        from cnn_core.errors import StudentError
        from pages.ui.wording.blocks import problem

        problem(StudentError("A 3×3 kernel does not fit.", hint="Use a smaller one.", layer="conv2d_4"))

    (shown,) = AppTest.from_function(page).run().markdown
    red, ink = shown.value.split("  \n")
    assert red == r":red[:material/error: **conv2d\_4**: A 3×3 kernel does not fit.]"
    assert ink == "Use a smaller one."
    assert isinstance(StudentError("x"), ValueError)


# mdast-util-gfm-autolink-literal 2, lib/index.js: what it turns into links in a text that is parsed already, whatever
# was escaped in it.
LINKED = (
    re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE),
    re.compile(r"([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)"),
)


@pytest.mark.parametrize(
    "name",
    [
        "http://evil.example",
        "HTTPS://evil.example/a?b=c",
        "see www.evil.example",
        "me@evil.example",
        "a@b.c@d.e",
    ],
)
def test_an_address_in_a_name_is_no_link_and_reads_as_before(name):
    assert any(pattern.search(name) for pattern in LINKED)
    as_read = re.sub(r"\\(.)", r"\1", plain(name))  # Markdown takes the backslashes off
    assert not any(pattern.search(as_read) for pattern in LINKED)
    assert as_read.replace("\u2060", "") == name


def test_half_a_character_can_be_sent():
    assert plain("a\ud800b") == "a?b"


def test_without_being_told_otherwise_the_server_is_for_this_computer_alone():
    root = Path(__file__).parents[2]
    config = tomllib.loads((root / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "localhost"
    assert "--server.address 0.0.0.0" in (root / "README.md").read_text("utf-8")
