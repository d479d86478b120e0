"""The sentences of the Evaluate page, held against counts done by hand."""

import pytest
import torch

from cnn_core.data import ImagesLearntFrom, Overlap, Portion
from cnn_core.training import CHANGES, ClassScore, Evaluation
from pages.evaluate import words
from pages.evaluate.clicks import clicked_points, index_of

A_TEST = Overlap(500, 0, True)


def evaluation(right: int, of: int) -> Evaluation:
    return Evaluation(right / of, 0.0443, torch.zeros(2, 2), torch.zeros(of, 2))


def test_the_answer_counts_mistakes_and_says_how_sure_one_can_be():
    assert words.verdict(evaluation(495, 500), trained=True, overlap=A_TEST) == (
        "It misreads **5** of 500 test images: **99.0 %** right. With many more digits like these it would very likely "
        "be between 97.7 % and 99.6 %. Its loss is 0.0443: 0 would be right and sure everywhere."
    )


@pytest.mark.parametrize(
    ("seen", "is_known", "expected"),
    [
        (500, True, "It learnt from all of these 500 digits: this is no test."),
        (88, True, "88 of these 500 digits are among those it learnt from: this is no test."),
        (1, False, "1 of these 500 digits is among those it learnt from: this is no test."),
        (0, False, "It may have learnt from some of these 500 digits, so this may be no test."),
    ],
)
def test_of_images_it_learnt_from_it_says_so_and_nothing_of_other_images(seen, is_known, expected):
    said = words.verdict(evaluation(495, 500), trained=True, overlap=Overlap(500, seen, is_known))
    assert expected in said
    assert "very likely" not in said
    assert "97.7" not in said


def test_under_the_answer_stands_which_images_it_learnt_from():
    everything = ImagesLearntFrom((Portion("mnist", "complete", 59_500, left_out=500),))
    sample = ImagesLearntFrom((Portion("mnist", "sample", 4_000, kept_aside=500),))
    assert words.of_which_images(everything, A_TEST, "digits") == (
        "It learnt from 59,500 of MNIST’s 60,000 training images. None of the 500 test digits is among them."
    )
    assert words.of_which_images(sample, Overlap(10_000, 4, True), "digits") == (
        "It learnt from 4,000 of the 5,000 digits that come with Convscope."
    )
    assert words.of_which_images(ImagesLearntFrom(), A_TEST, "digits") == ""


def test_a_race_on_different_images_is_called_unfair_with_their_numbers():
    own = ImagesLearntFrom((Portion("mnist", "sample", 4_000, kept_aside=500),))
    ours = ImagesLearntFrom((Portion("mnist", "complete", 59_500, left_out=500),))
    said = words.unfair([("Mine", own), ("MLP", ours)])
    assert "no fair race" in said
    assert said.endswith("Images learnt from: Mine: 4,000; MLP: 59,500.")


def test_an_untrained_network_is_wrong_everywhere():
    said = words.verdict(evaluation(50, 500), trained=False, overlap=A_TEST)
    assert said.startswith(
        "This network has not been trained, so it can only guess. It misreads **450** of 500"
    )


def test_the_commonest_mistake_is_bold_and_the_rest_follow():
    cells = [words.cell_words("4", "9", 12), words.cell_words("7", "2", 5)]
    assert (
        words.most_often(cells)
        == "Its commonest mistakes: **4 taken for 9: 12 times** :gray[ · 7 taken for 2: 5 times]"
    )
    assert words.most_often(cells[:1]) == "Its commonest mistakes: **4 taken for 9: 12 times** :gray[]"


def test_a_cell_of_the_diagonal_is_read_rightly():
    assert words.in_this_cell(1, "a 4", "a 9", 24) == "**1 image**: a 4, taken for a 9"
    assert words.in_this_cell(24, "a 4", None, 24) == "**24 images**: a 4, read rightly"


def test_a_network_without_mistakes_is_not_said_to_have_some():
    assert words.surest(0, 24) == "**No mistakes**"
    assert words.surest(1, 24) == "**Its 1 mistake, the surest first**"


def test_where_more_is_counted_than_drawn_the_words_say_how_much_is_drawn():
    assert words.surest(24, 24) == "**Its 24 mistakes, the surest first**"
    assert words.surest(25, 24) == "**The 24 surest of its 25 mistakes**"
    assert "here are" not in words.in_this_cell(24, "a 4", "a 9", 24)
    assert (
        words.in_this_cell(1200, "a 4", None, 24)
        == "**1,200 images**: a 4, read rightly; here are 24 of them"
    )


def test_what_a_shift_shows_is_not_said_of_noise():
    assert "dense layer" in words.what_robustness_shows(500, "shift")
    assert "dense layer" not in words.what_robustness_shows(500, "noise")
    assert all(len(words.what_robustness_shows(500, change)) > 90 for change in CHANGES)


def test_a_class_that_never_occurs_has_a_dash():
    table = words.class_table(["0", "1"], [ClassScore(1000, 0.99, 0.5), ClassScore(0, None, None)])
    assert table.splitlines()[2:] == ["| 0 | 1,000 | 99.0 % | 50.0 % |", "| 1 | 0 | – | – |"]


def test_whoever_reads_most_is_named_first_and_the_others_in_their_order():
    accuracies = [("Mine", 0.4), ("Lesson convnet", 0.9), ("MLP", 0.3)]
    assert words.who_holds_out("shift", 3, accuracies) == (
        "At 3 pixels: **Lesson convnet 90.0 %**, Mine 40.0 %, MLP 30.0 %."
    )
    assert words.who_holds_out("noise", 0.3, [("A", 0.5), ("B", 0.5)]).startswith(
        "At 0.3 standard deviation: **A 50.0 %**"
    )


@pytest.mark.parametrize("change", CHANGES)
def test_the_short_unit_begins_the_long_one(change):
    _, unit = CHANGES[change]
    assert unit.startswith(words.UNITS[change])


def test_red_is_explained_where_there_is_red():
    assert "Red ones are read wrongly." in words.what_the_map_shows(1000, trained=True)
    assert "Red ones" not in words.what_the_map_shows(1000, trained=False)


@pytest.mark.parametrize("event", [None, {}, {"selection": None}, {"selection": {"points": []}}])
def test_nothing_clicked_is_an_empty_list(event):
    assert clicked_points(event) == []


def test_a_clicked_mark_says_which_image_it_is():
    [first, second] = clicked_points({"selection": {"points": [{"customdata": [7]}, {"customdata": 8}]}})
    assert (index_of(first), index_of(second)) == (7, 8)
