"""The sentences of the page that opens a network from elsewhere, each with numbers that can be checked by hand."""

import dataclasses

import pytest

from cnn_core.data import NOT_KNOWN, ImagesLearntFrom
from cnn_core.model import PRESETS
from cnn_core.opening import Trial
from cnn_core.runs.opened import OpenedFile
from pages.open_network import words
from pages.open_network.trials import bars
from pages.open_network.ways import ways
from pages.ui.trained.trained import Trained


def trials(**accuracies):
    return tuple(Trial("mnist", scale, accuracy, 1000) for scale, accuracy in accuracies.items())


FILE = OpenedFile("my_model.keras", 96_000, "keras", 0.2, dataset="mnist", by="measured")


def test_the_line_under_the_title_holds_the_one_number():
    line = words.answer(6, 13_066, 0.943, "MNIST’s 10,000 test digits", FILE)
    assert line == (
        "Six layers and **13,066** parameters. Measured here it reads **94.3 %** of MNIST’s 10,000 test digits."
    )
    assert words.answer(1, 7_850, 0.92, "x", FILE).startswith("One layer and **7,850**")


def test_without_a_number_the_line_says_why():
    tried = dataclasses.replace(FILE, dataset="", by="", trials=trials(unit=0.1))
    assert words.answer(6, 5, None, "", tried).endswith(words.NONE_OF_THEM)
    assert words.answer(6, 5, None, "", dataclasses.replace(tried, trials=())).endswith(words.NO_IMAGES)
    away = dataclasses.replace(FILE, dataset="kmnist", by="file")
    assert (
        "It says that it learnt from KMNIST characters, and it cannot be tested on those here."
        in words.answer(6, 5, None, "", away)
    )


def test_scales_that_read_alike_are_told_as_a_tie():
    tie = dataclasses.replace(FILE, trials=trials(unit=0.943, bytes=0.943, signed=0.877, inverted=0.058))
    assert words.preparations_told(tie) == (
        "The file does not say how its images were prepared, so four ways were tried, each on 1,000 test digits. "
        "0 to 1 and 0 to 255 cannot be told apart, so 0 to 1 is taken, as in the lesson. Change it if you know better."
    )
    mine = dataclasses.replace(tie, by="visitor", preparation="bytes")
    assert "cannot be told apart. Change it" in words.preparations_told(mine)
    chance = dataclasses.replace(FILE, trials=trials(unit=0.940, bytes=0.945, signed=0.8))
    assert "0 to 1 and 0 to 255 lie within 0.5 points, which may be chance, so 0 to 1" in (
        words.preparations_told(chance)
    )
    ahead = dataclasses.replace(
        FILE, trials=trials(unit=0.80, bytes=0.85)
    )  # beyond chance, not half the mistakes
    assert "0 to 255: 5.0 points more than 0 to 1. That is too little to be sure." in (
        words.preparations_told(ahead)
    )
    clear = dataclasses.replace(FILE, preparation="bytes", trials=trials(unit=0.1, bytes=0.943))
    assert "cannot be told apart" not in words.preparations_told(clear)
    said = dataclasses.replace(clear, said_scale="bytes")
    assert words.preparations_told(said).endswith("The file shows that it wants 0 to 255.")


def test_data_sets_are_told_with_who_decided():
    two = (Trial("mnist", "unit", 0.943, 1000), Trial("fashion_mnist", "unit", 0.08, 200))
    measured = dataclasses.replace(FILE, trials=two)
    assert words.data_sets_told(measured) == (
        "Each bar: the best way, on 200 test images or more. The file does not say what it was trained on. "
        "Change it if you know better."
    )
    said = dataclasses.replace(measured, said_dataset="fashion_mnist")
    assert words.data_sets_told(said).endswith("The file says Fashion-MNIST clothes.")
    none = dataclasses.replace(measured, dataset="", trials=(Trial("mnist", "unit", 0.2, 1000),))
    assert words.data_sets_told(none).endswith("It reads none of them. Choose what it was trained on.")


def test_what_the_file_does_not_say_is_counted_and_settled():
    file = dataclasses.replace(FILE, trials=trials(unit=0.943))
    sentences = words.not_said(file)
    assert (
        sentences[0]
        == "What it was trained on. It reads 94.3 % of the digits tried, so MNIST digits are taken."
    )
    assert (
        sentences[1] == "How its images were prepared. One way was tried: see “Which numbers does it expect?”"
    )
    untried = dataclasses.replace(file, by="visitor", dataset="own:abc", trials=())
    assert words.not_said(untried)[1] == "How its images were prepared. “0 to 1” is taken."
    assert words.not_said_title(sentences) == "Two things the file does not say"
    chosen = dataclasses.replace(file, by="visitor", dataset="fashion_mnist", said_scale="bytes")
    assert words.not_said(chosen) == ["What it was trained on. You said Fashion-MNIST clothes."]
    assert (
        words.not_said(dataclasses.replace(file, said_dataset="mnist", said_scale="bytes", by="file")) == []
    )


@pytest.mark.parametrize(
    ("said", "measured", "agrees"),
    [
        (0.9441, 0.9441, True),
        (0.944, 0.9449, True),
        (0.943, 0.9441, False),
        (0.99, 0.9, False),
        (0.9, 0.901, True),
    ],
)
def test_both_agree_to_a_tenth_of_a_point(said, measured, agrees):
    assert words.compared(said, measured, 10_000, False)[0] is agrees


def test_a_difference_is_told_with_its_size_and_what_to_look_at():
    assert words.compared(0.96, 0.943, 10_000, False)[1].startswith("Here −1.7 points.")
    assert "these are 500 other digits" in words.compared(0.96, 0.943, 500, True)[1]


NET = Trained("run:AbCdEfGhIjK", "net", PRESETS["lesson"], None, "mnist", accuracy=0.9434, count=10_000)


def test_an_accuracy_that_may_be_no_test_says_so():
    away = dataclasses.replace(NET, learnt_from=NOT_KNOWN)
    assert words.worth(away) == ""  # MNIST's own test images are what everybody keeps away
    assert "this may be no test" in words.worth(dataclasses.replace(away, is_sample=True, count=500))
    assert "this is no test" in words.worth(dataclasses.replace(away, seen=300))
    assert words.worth(dataclasses.replace(NET, learnt_from=ImagesLearntFrom())) == ""


def test_ways_on_are_those_that_have_something_to_show():
    assert list(ways(NET)) == ["feature_maps", "filters", "evaluate", "deep_dream", "train"]
    assert ways(NET)["filters"] == "32, 64 and 64 pictures"
    assert ways(NET)["evaluate"] == "the 566 digits it misreads"
    mlp = dataclasses.replace(NET, spec=PRESETS["mlp"], accuracy=None)
    assert list(ways(mlp)) == ["train"]


def test_names_from_a_file_are_harmless_in_bars_and_in_lines():
    assert "<script>" not in bars([("<script>", "<b>", 0.5, True)])
    assert "[x](" not in words.about_file(dataclasses.replace(FILE, name="[x](http://evil.example).h5"))
    assert "\\<img" in words.waiting("<img src=x>.h5", 0, False)


def test_a_bar_is_as_long_as_its_share():
    assert "width:94.30%" in bars([("0 to 1", "as in the lesson", 0.943, True)])
