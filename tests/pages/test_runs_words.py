"""The sentences of the Runs page that no comparison makes; no page is drawn."""

import doctest

from pages.runs import compare, words
from pages.runs.verdicts import odd_ones


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0
    assert doctest.testmod(compare).failed == 0


def test_the_replay_says_how_it_began_and_where_it_is_now():
    assert words.came_to_see("3", "7", "no. 0, a 7", 0.99998) == (
        "At the start it read no. 0, a 7, as 3. Now it reads it as **7**, over 99.9 % sure."
    )


def test_a_moment_tells_of_the_image_and_of_all_others():
    of = words.share_of("digits", 500)
    assert words.moment("7", 0.83, 0.912, of, is_silent=False) == (
        "It reads 7, 83 % sure; 91.2 % of 500 test digits right."
    )
    assert words.moment("7", 0.83, 0.912, of, is_silent=True).endswith(
        "right. Its filter finds nothing to look for yet."
    )


def test_in_a_row_of_the_table_those_that_differ_stand_out():
    assert odd_ones(["64", "64", "32"]) == {2}
    assert odd_ones(["64", "32"]) == {0, 1}  # neither is the usual one
    assert odd_ones(["64", "64"]) == set()


def test_a_name_cannot_act():
    assert words.deleted("**x**") == r"Deleted “\*\*x\*\*”. It can be brought back for a day."


def test_whoever_wants_to_be_forgotten_reads_what_becomes_of_their_runs():
    none = words.what_forgetting_means([])
    assert "You have no runs here" in none
    one = words.what_forgetting_means(["finished"])
    assert "your 1 run stays on this server. Only their links" in one
    many = words.what_forgetting_means(["finished", "queued", "paused", "running", "failed"])
    assert "your 5 runs stay on this server; 2 that are not done yet go on; 1 paused stays so." in many
