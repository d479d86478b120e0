"""The summary of each page, and what stands for a chart: its own sentences, true of any network; no page is drawn."""

import re

import numpy as np
import pytest
import torch

from cnn_core.data import AugmentSpec
from cnn_core.lesson import named_kernel, sweep
from cnn_core.model import PRESETS, summarize
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from cnn_core.training.history import Curve
from pages.augmentation import words as augmentation
from pages.convolution import words as convolution
from pages.deep_dream import words as deep_dream
from pages.evaluate import words as evaluate
from pages.feature_maps import words as feature_maps
from pages.filters import words as filters
from pages.home import words as home
from pages.my_data import words as my_data
from pages.runs import replay_words
from pages.runs import words as runs
from pages.train import words as train
from pages.ui.wording import picture_words, screen_summary
from tests.pages.test_deep_dream_words import dream
from tests.pages.test_train import OWNER, tell, validated

NETWORKS = {name: PRESETS[name] for name in ("lesson", "mlp", "tiny")}


def maps_of(spec):
    """(maps, height, width) of each layer of filters."""
    rows = zip(spec.layers, summarize(spec), strict=True)
    return {row.name: row.output_shape for layer, row in rows if layer.has_filters}


@pytest.mark.parametrize(
    ("md", "read"),
    [
        ("It reads **7**, 83 % sure.", "It reads 7, 83 % sure."),
        (":small[:gray[a **b** c]]", "a b c"),
        (":yellow[:material/warning: Look.]", "Look."),
        (':color[Train]{foreground="#14161A"}', "Train"),
        ("Done. [See the result](#with-and-without)", "Done. See the result"),
        (r"\*\*x\*\* \[1\] a\_b", "**x** [1] a_b"),  # of a visitor's own name nothing is taken for a sign
        ("one  \ntwo", "one two"),
        ("R\\Users", "R\\Users"),
    ],
)
def test_a_sentence_is_read_aloud_without_the_signs_of_markdown(md, read):
    assert screen_summary.spoken(md) == read


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_summary_of_a_sweep_has_the_size_that_torch_computes(padding, stride):
    image, kernel = torch.rand(1, 28, 28), named_kernel("blur", 3)
    swept = sweep(image, kernel[None], stride=stride, padding=padding)
    added = 2 if padding == "same" and stride == 1 else 1 if padding == "same" else 0
    padded = torch.nn.functional.pad(image, (0, added, 0, added))
    rows = torch.nn.functional.conv2d(padded[None], kernel[None, None], stride=stride).shape[-1]
    said = convolution.summary_of_sweep(swept, "blur", "a 7", padding, relu=False)
    assert f"Padding is {padding}, strides are {stride}, and the output has {rows}×{rows} numbers." in said
    assert "relu" not in said
    assert f"{rows * rows} places" in said


@pytest.mark.parametrize("name", NETWORKS)
def test_home_and_the_maps_say_of_each_network_what_it_has(name):
    spec, maps = NETWORKS[name], maps_of(NETWORKS[name])
    said = home.summary_of_home(spec.name, "a 7", maps, "The network reads a **7**, 83 % sure.")
    assert spec.name in said
    assert "reads a 7, 83 % sure." in said
    for layer, (count, height, width) in maps.items():
        assert f"{layer}, {count} maps of {height}×{width}" in said
    assert ("It has no convolution" in said) == (not maps)
    pixel = (next(iter(maps)), 3, 1, 2) if maps else None
    looked = feature_maps.summary_of_maps(spec.name, "no. 0, a 7", "The network answers **7**.", pixel, -0.5)
    assert ("−0.50, at conv2d_1, map 3, row 1, column 2" in looked) == bool(maps)
    assert ("choose a network with convolutions" in looked) == (not maps)


def test_a_dense_layer_has_units_in_its_summary():
    assert "each unit of dense_1" in filters.summary_of_filters("Net", "dense_1", 0, "**3 of 3**", False)
    grows = filters.summary_of_filters("Net", "conv2d_1", 4, "", True)
    assert "filter 4 of conv2d_1" in grows
    assert "The card" not in grows


def test_before_a_training_the_summary_says_what_is_possible():
    spec = PRESETS["lesson"]
    said = train.summary_before(spec, "mnist", RECIPES["lesson"], has_runs=False)
    assert f"{len(spec.layers)} layers, on MNIST" in said
    assert "5 epochs" in said
    assert "press Train" in said
    impossible = train.summary_before(None, "mnist", RECIPES["lesson"], has_runs=True)
    assert "cannot be trained as it is" in impossible
    assert "Try: mend the design" in impossible


def test_during_a_training_the_summary_says_what_the_curves_show():
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    tell(
        store,
        run_id,
        validated(31, 0.5, 0.31),
        validated(126, 2.0, 0.951),
        state="running",
        step=126,
        epoch=2.0,
    )
    run = store.run(run_id)
    said = train.summary_of_run(run, 500, mine=True)
    assert "Yes. After 2 of 5 epochs it reads 95.1 % of 500 digits" in said
    assert "Validation: accuracy 31.0 % after 0.5 epochs, 95.1 % after 2" in said
    assert "Training: nothing is measured yet." in said
    assert "pause it" in said
    watched = train.summary_of_run(run, 500, mine=False)
    assert train.WATCHING in watched
    assert "pause it" not in watched  # only its owner can


def test_a_dream_says_how_far_it_is_and_what_came_of_it():
    assert "nothing is dreamt yet" in deep_dream.summary_of_dream(None, "Not dreamt yet.")
    assert "Try: choose another picture" in deep_dream.summary_of_dream(dream(None), "Done.")
    assert "the dream goes on" in deep_dream.summary_of_dream(dream("running"), "It is being dreamt.")
    assert deep_dream.aloud(dream(None)) == ""  # ours is there from the beginning
    assert deep_dream.aloud(dream("running", frames=0)) == "The dream waits or begins."
    assert deep_dream.aloud(dream("running", frames=2)) == "2 octaves of 4 dreamt."
    ended = dream("finished", frames=4, result={"before": 1.0, "after": 3.0, "change": 0.1})
    assert deep_dream.aloud(ended).startswith(
        "Finished. The layer “fur + 0.3 × conv2d_1” now answers 3.0 times"
    )
    assert deep_dream.aloud(dream("stopped")) == "Cancelled."
    assert deep_dream.aloud(dream("failed")) == "This dream failed."


def test_other_summaries_hold_the_page_s_own_line_and_no_sign_of_a_name():
    line, name = "It misreads **9** of 500 test images.", "**x** _y_"
    rows = [my_data.Row(name, 3, 1), my_data.Row("dog", 0, 0)]
    every = [
        *(evaluate.summary_of_exam(name, line, "Map", view) for view in evaluate.TO_TRY),
        runs.summary_of_runs(2, [name], line),
        *(replay_words.summary_of(view, line, 12) for view in replay_words.VIEWS),
        augmentation.summary_of_changes(AugmentSpec.lesson(), "a 7", 17, line),
        my_data.summary_of_set(rows, name, "draw", is_owner=True) + " It misreads 9 of 500 test images.",
    ]
    for said in every:
        assert "It misreads 9 of 500 test images." in said
        assert not re.search(r":\w+\[|\\", said)
    assert all(name in said for said in every[: len(evaluate.TO_TRY) + 1])
    assert "2 runs of yours" in runs.summary_of_runs(2, [], line)
    assert "no change at all" in augmentation.summary_of_changes(AugmentSpec(), "a 7", 4, line)


def test_a_chart_of_answers_says_no_more_than_its_numbers():
    chances = np.random.default_rng(3).dirichlet(np.full(10, 0.5))
    said = picture_words.how_sure(chances.tolist(), [f"c{i}" for i in range(10)])
    order = np.argsort(-chances)
    assert said.startswith(f"Probability of each class: c{order[0]} ")
    assert f"all others at most {100 * chances[order[4]]:.0f} %" in said or chances[order[4]] < 0.01
    assert picture_words.how_sure([0.6, 0.4], "ab") == "Probability of each class: a 60 %, b 40 %."
    assert picture_words.course("Validation", Curve()) == "Validation: nothing is measured yet."
