"""What the Runs page says of several runs: held against sums done by hand."""

from dataclasses import replace

import pytest

from cnn_core.data import NOT_KNOWN, ImagesLearntFrom, Portion
from cnn_core.model import PRESETS
from cnn_core.runs import Curve, History
from cnn_core.training import RECIPES
from pages.runs.band import band
from pages.runs.rows import told_apart
from pages.runs.verdicts import beyond_chance, differences, everything_is_known, seed_groups
from pages.runs.words import compare_box, look_inside, more, seeds_in_words, share_in_row, unfair, verdict
from pages.ui.drawing.legend import colours, names_in_colour
from pages.ui.drawing.palette import RUNS
from pages.ui.trained.exports import report
from pages.ui.trained.fair import is_fair
from pages.ui.trained.trained import Trained, file_stem

CURVE = Curve([100, 200], [0.5, 1.0], [0.3, 0.1], [0.9, 0.98])
ONE = Trained(
    name="run:1",
    title="One",
    spec=PRESETS["lesson"],
    recipe=RECIPES["lesson"],
    dataset="mnist",
    history=History(CURVE, CURVE, []),
    accuracy=0.990,
    count=10_000,
    seconds=40.0,
)


def test_the_best_is_named_with_its_lead():
    other = replace(ONE, title="Two", accuracy=0.985)
    assert verdict([other, ONE]) == (
        "**One**: 99.0 %, **Two**: 98.5 % of MNIST’s 10,000 test digits. One reads 50 more of the 10,000 "
        "test images rightly than Two. That is more than chance."
    )


def test_each_run_is_spoken_of_and_the_visitors_own_first():
    ours = replace(ONE, name="pretrained:mlp", title="MLP", accuracy=0.995)
    waiting = replace(ONE, name="run:3", title="Three", accuracy=None, state="running")
    said = verdict([ours, waiting, ONE])
    assert said.startswith("**One**: 99.0 %, **MLP, ours**: 99.5 % of MNIST’s 10,000 test digits. ")
    assert "Three has not finished." in said


def test_a_lead_that_would_be_written_as_nothing_is_called_the_same():
    said = verdict([ONE, replace(ONE, title="Two", accuracy=0.9899)])
    assert "One reads the same share as Two." in said
    assert "0.0 points" not in said


def test_of_a_run_that_learnt_from_test_images_no_lead_is_told():
    cheat = replace(ONE, title="Two", accuracy=0.999, seen=500)
    said = verdict([ONE, cheat])
    assert "Two learnt from 500 of its 10,000 test images: that is no test." in said
    assert "chance" not in said


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (0.985, True),  # 100 against 150 mistakes: z = 50 / sqrt(250) = 3.2
        (0.988, False),  # 100 against 120 mistakes: z = 20 / sqrt(220) = 1.35
    ],
)
def test_a_lead_counts_only_beyond_chance(theirs, expected):
    assert beyond_chance(ONE, replace(ONE, accuracy=theirs)) is expected


def test_accuracies_on_different_images_are_not_compared():
    assert "tested on different images" in verdict([ONE, replace(ONE, title="Two", accuracy=0.9, count=500)])


def test_only_what_differs_is_listed():
    other = replace(ONE, recipe=RECIPES["lesson"].replace(batch_size=32))
    assert differences([ONE, other]) == {"batch size": ["64", "32"]}
    assert differences([ONE, ONE]) == {}


def test_images_learnt_from_and_tested_on_are_settings_like_others():
    sample = replace(
        ONE,
        learnt_from=ImagesLearntFrom((Portion("mnist", "sample", 4_000, kept_aside=500),)),
        count=500,
        is_sample=True,
    )
    ours = replace(ONE, learnt_from=ImagesLearntFrom((Portion("mnist", "complete", 59_500, left_out=500),)))
    assert differences([sample, ours]) == {
        "images learnt from": ["4,000", "59,500"],
        "taken from": ["the 5,000 digits that come with Convscope", "MNIST’s 60,000 training images"],
        "tested on": ["500 test digits that come with Convscope", "MNIST’s 10,000 test digits"],
    }
    assert unfair([ours, sample]).endswith("Images learnt from: One: 59,500; One: 4,000.")
    assert not is_fair([sample, ours])
    assert is_fair([ours, replace(ours, title="Two")])
    assert not is_fair([ours, replace(ours, learnt_from=NOT_KNOWN)])
    assert is_fair([ours, replace(ONE, state="queued", accuracy=None)])


def test_a_row_says_of_how_many_images_its_accuracy_is():
    assert share_in_row(ONE) == "99.0 % :gray[of 10,000]"
    assert share_in_row(replace(ONE, seen=500)) == "99.0 % :gray[no test]"
    assert share_in_row(replace(ONE, accuracy=None, state="running")) == "running"


def test_no_two_rows_have_controls_of_the_same_name():
    assert compare_box("A *b*") == r"Compare A \*b\*"
    assert look_inside("One") == "Look inside :gray[One]"
    assert more("One") == "More :gray[about One]"


def test_a_choice_of_images_by_another_seed_is_another_choice():
    one, two = (
        replace(ONE, learnt_from=ImagesLearntFrom((Portion("mnist", "sample", 300, 500, 300, seed),)))
        for seed in (1, 2)
    )
    assert differences([one, two])["images learnt from"] == ["300, chosen by seed 1", "300, chosen by seed 2"]


def test_a_rate_that_was_changed_on_the_way_is_a_difference():
    changed = replace(ONE, own_rate=0.01)
    assert differences([ONE, changed]) == {"learning rate, changed on the way": ["–", "0.01"]}


def test_of_what_is_not_known_it_is_not_said_that_nothing_differs():
    assert everything_is_known([ONE, ONE])
    assert not everything_is_known([ONE, replace(ONE, learnt_from=NOT_KNOWN)])
    assert not everything_is_known([ONE, replace(ONE, recipe=None)])


def test_seeds_of_one_design_are_one_group_with_its_spread():
    runs = [
        replace(ONE, name=f"run:{s}", recipe=RECIPES["lesson"].replace(seed=s), accuracy=0.99 + s / 1000)
        for s in range(3)
    ]
    [group] = seed_groups([*runs, replace(ONE, spec=PRESETS["tiny"])])
    assert group == runs
    assert "between 99.0 % and 99.2 %" in seeds_in_words(group)
    upper, lower, mean = band(group, "light")["data"]
    assert max(upper["y"]) == pytest.approx(98)
    assert mean["y"][-1] == pytest.approx(98)
    assert min(lower["y"]) == pytest.approx(90)


def test_names_become_file_names():
    assert file_stem("Lesson convnet (2)") == "lesson_convnet_2"
    assert file_stem("../../etc/passwd") == "etc_passwd"
    assert file_stem("手書き") == "network"
    assert replace(ONE, count=500).source == "mnist_sample"
    assert ONE.source == "mnist"


def test_a_network_from_a_file_claims_no_recipe_and_is_no_seed_of_another():
    opened = replace(ONE, name="run:2", recipe=None)
    assert differences([ONE, opened])["recipe"] == ["–", "unknown, opened from a file"]
    cut = replace(opened, is_cut=True)
    assert differences([ONE, cut])["recipe"] == ["–", "unknown, cut out of another network"]
    assert differences([ONE, opened])["learning rate"] == ["0.001", "–"]
    assert seed_groups([ONE, opened]) == []


def test_a_colour_is_a_curve_and_a_name_cannot_act():
    silent = replace(ONE, name="run:2", title="No curve", history=History())
    other = replace(ONE, name="run:3", title="**[x](y)**")
    drawn = {run.name: run.label for run in (ONE, silent, other) if run.has_curve}
    assert colours(drawn, "light") == {"run:1": RUNS["light"][0], "run:3": RUNS["light"][1]}
    line = names_in_colour(drawn, "light")
    assert "No curve" not in line
    assert (
        names_in_colour(drawn, "light", {"run:1": "99.3 %"}).split(" &emsp; ")[0].endswith("** 99.3\u00a0%")
    )
    assert r"\*\*\[x\](y)\*\*" in line
    assert r"**\*\*\[x\](y)\*\***: 99.0 %" in verdict([other])


@pytest.mark.parametrize(("key", "curves"), [("lesson", 2), ("mlp", 2), ("modern", 2)])
def test_our_own_networks_are_exported_like_any_run(key, curves):
    one = Trained.named(f"pretrained:{key}")
    assert (one.source, one.count) == ("mnist", 10_000)
    page = report(one)
    assert page.count("<svg") == curves  # of the others no curve was kept
    assert f"{100 * one.accuracy:.1f}" in page


def test_two_runs_of_one_title_say_which_images_they_learnt_from():
    colour = replace(ONE, name="run:2", dataset="cifar10")
    elsewhere = replace(ONE, name="run:3", title="Two", dataset="cifar10")
    ours = replace(ONE, name="pretrained:lesson")
    labels = [one.label for one in told_apart([colour, ONE, elsewhere, ours])]
    assert labels == ["One, CIFAR-10", "One", "Two", "One, ours"]
