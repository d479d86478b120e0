"""Looking back at a training: four views beside the one filter, and gradients under the curves of a run."""

import numpy as np
import orjson
import pytest
import torch

from cnn_core.doctor import Check
from cnn_core.doctor.health import LayerHealth
from cnn_core.insight import replay as follow
from cnn_core.insight.filters import replaying
from cnn_core.looking import jobs, work
from cnn_core.model import PRESETS, build
from cnn_core.runs import LayerSizes, RunStore, StepSizes
from cnn_core.runs.step_sizes import line_of
from pages.runs import course, moments, replay_words
from pages.train.sizes_words import why_steps_are_alike
from pages.ui.drawing.flipbook import Dots, Matrix
from pages.ui.drawing.over_time_charts import gains_and_losses, moment_axis, sizes_chart
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.visitor import networks, server
from pages.ui.wording import layer_sizes, looking
from tests.pages.app import kept_run, open_page, text


def test_each_way_to_look_back_says_what_the_kept_moments_answered(app, no_runner):
    spec = PRESETS["tiny"]
    app = open_page(
        app, "pages/8_runs.py", f"run:{kept_run(spec)}", runs_view="Replay", replay_view="mistakes"
    )
    test = server.images("mnist", "test")
    test = test.images[: course.READ], test.labels[: course.READ]
    rights = torch.stack([build(spec, seed).predict(test[0]).argmax(1) == test[1] for seed in range(3)])
    shares = [f"{100 * share:.1f} %" for share in rights.double().mean(1).tolist()]
    total = f"{len(test[1]):,} test digits"
    assert f"After 0 steps it read {shares[0]} of {total} rightly, after 62 steps **{shares[2]}**." in text(
        app
    )
    assert app.query_params["replay"] == "mistakes"

    app.session_state["replay_view"] = "map"
    app.run()
    assert "were next to one of their own class after 0 steps" in text(app)

    app.session_state["replay_view"] = "learnt"
    app.run()
    forgotten = (rights[:-1] & ~rights[1:]).any(0)
    never = int((~rights.any(0)).sum())
    assert (
        f"Of {total} **{int(forgotten.sum())}** were forgotten at least once, "
        f"{int((rights.any(0) & ~forgotten).sum())} stayed right from the first time, {never} were never right."
    ) in text(app)
    app.session_state["replay_which"] = "first"
    app.run()
    assert f"24 of {int(rights[0].sum())} images" in text(app)

    app.session_state["replay_view"] = "gradients"
    app.session_state["replay_size"] = "way"
    app.run()
    assert not app.exception
    net, first = build(spec, 2), build(spec, 0)
    apart = (net.conv2d_1.conv.weight - first.conv2d_1.conv.weight).square().mean().sqrt().item()
    assert layer_sizes.size(apart) in text(app)
    assert "After 62 steps" not in text(app)
    assert app.query_params["size"] == "way"


def test_one_filter_is_followed_beside_the_server_and_more_moments_are_asked_for_alone(
    app, no_runner, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("in the server")

    run_id = kept_run(PRESETS["tiny"], state="running")
    run, later = RunStore().run(run_id), []
    last = run.snapshots()[-1].path
    last.rename(last.with_suffix(".later"))
    monkeypatch.setattr(work, "LIGHT", 0)
    monkeypatch.setattr(jobs, "answer", never)  # of this process; the one beside it has its own
    monkeypatch.setattr(replaying, "maximize_filters", never)
    app = open_page(app, "pages/8_runs.py", f"run:{run_id}", runs_view="Replay", digit=3)
    last.with_suffix(".later").rename(last)
    ask = looking.look
    monkeypatch.setattr(
        looking,
        "look",
        lambda *of, **asked: later.append((of[1], asked.get("snapshots"))) or ask(*of, **asked),
    )
    app.run()
    assert not app.exception
    assert sorted(later) == [(job, ((62, str(last)),)) for job in ("accuracies_over", "filter_over")]
    network = networks.named(f"run:{run_id}")
    test = server.images("mnist", "test")
    look = moments.Look(ChosenImage(test.images[3].float() / 255, "mnist:3", ""), "conv2d_1", 7)
    frames = moments.frames_of(network, moments.moments_of(network), look)
    monkeypatch.undo()
    nets = [(step, build(PRESETS["tiny"], seed).eval()) for seed, step in enumerate((0, 1, 62))]
    for frame, expected in zip(frames, follow(nets, look.image.image, "conv2d_1", 7), strict=True):
        assert frame.picture.equal(expected.picture)
        assert frame.map.equal(expected.map)


def test_without_test_images_the_views_of_answers_say_why_and_of_an_odd_network_too(
    app, no_runner, monkeypatch
):
    run_id = kept_run(PRESETS["tiny"])
    monkeypatch.setattr(course.Course, "why_not", replay_words.OTHER_CLASSES)
    app = open_page(app, "pages/8_runs.py", f"run:{run_id}", runs_view="Replay", replay_view="learnt")
    assert replay_words.OTHER_CLASSES in text(app)


def test_under_the_curves_of_a_run_its_gradients_and_steps_are_folded_away(app, no_runner):
    store = RunStore()
    run = store.run(kept_run(PRESETS["tiny"], state="running"))
    lines = [
        line_of("gradient", LayerSizes(0, 0.0, {"conv2d_1": 0.5, "dense_1": 0.02})),
        line_of("moved", LayerSizes(1, 0.1, {"conv2d_1": 0.001, "dense_1": 0.0008})),
        Check(40, 0.6, 1.0, (LayerHealth("conv2d_1", 0.04), LayerHealth("dense_1", 0.004))).to_dict()
        | {"kind": "check"},
    ]
    (run.folder / "health.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    app = open_page(app, "pages/2_train.py", f"run:{run.id}")
    assert "the gradient is largest" not in text(app)
    app.session_state["train_sizes_open"] = True
    app.run()
    assert "After step 40 the gradient is largest in **conv2d_1** (0.0400) and smallest in" in text(app)
    app.session_state["train_sizes_what"] = "step"
    app.run()
    assert not app.exception
    assert "Step 1 moved the weights of **conv2d_1** farthest (0.00100)" in text(app)


# ---------------------------------------------------------------- words and charts


def test_it_is_said_why_steps_are_alike_only_where_they_are():
    uneven, even = {"a": 1.0, "b": 0.01}, {"a": 0.002, "b": 0.001}
    sizes = StepSizes((LayerSizes(4, 0.1, uneven),), (LayerSizes(5, 0.2, even),))
    assert "RMSprop divides" in why_steps_are_alike("step", "rmsprop", sizes)
    assert why_steps_are_alike("step", "sgd", sizes) == ""
    assert why_steps_are_alike("gradient", "rmsprop", sizes) == ""
    turned = StepSizes((LayerSizes(4, 0.1, even),), (LayerSizes(5, 0.2, uneven),))
    assert why_steps_are_alike("step", "rmsprop", turned) == ""


def test_what_is_equal_in_all_layers_is_said_once():
    assert layer_sizes.in_words("gradient", 9, {"a": 0.0, "b": 0.0}) == (
        "After step 9 the gradient of each layer is 0."
    )
    assert layer_sizes.in_words("step", 9, {"a": 0.5}) == "Step 9 moved the weights of **a** by 0.500."


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_charts_hold_every_size_on_a_log_axis_and_plotly_takes_them(mode):
    go = pytest.importorskip("plotly.graph_objects")
    lines = {f"conv2d_{i}": [None, 10.0**-i, 0.0] for i in range(8)}
    figure = sizes_chart([0, 1, 2], lines, moment_axis([0, 1, 64]), mode)
    go.Figure(figure)
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < -7 < 0 < high
    # 0 has no place on it.
    assert [trace["y"] for trace in figure["data"]] == [[None, 10.0**-i, None] for i in range(8)]
    looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"]}
    assert len(looks) == 8
    bars = gains_and_losses([0, 1, 64], [3, 2, 5], [0, 1, 0], mode)
    go.Figure(bars)
    assert [trace["y"] for trace in bars["data"]] == [[3, 2, 5], [0, -1, 0]]
    assert moment_axis([0, 1, 1000])["ticktext"] == ["0", "1", "1,000"]


def test_all_pages_of_a_map_have_one_scale_and_a_class_without_images_has_no_share():
    places = np.array([[[0, 0], [4, 2]], [[2, 1], [4, 0]]], np.float32)
    data = Dots("", "47", [4, 7], places, np.array([[True, False], [False, False]]), "light").data()
    assert data["places"] == [[[0, 1], [1, 0]], [[0.5, 0.5], [1, 1]]]
    assert data["wrong"] == [[1, 0], [0, 0]]
    table = Matrix("", "ab", "ab", np.arange(4).reshape(1, 2, 2), np.array([[0.25, np.nan]]), "").data()
    assert table["counts"] == [[0, 1, 2, 3]]
    assert table["shares"] == [[25.0, None]]
