"""The doctor on the pages: nothing while all is well, one finding and one button where it helps."""

import orjson
import pytest

from cnn_core.model import PRESETS, ModelSpec
from cnn_core.model.layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D, MaxPooling2D
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, TrainSpec
from pages.train.doctor_words import bar_text, bars_alt, chart_caption
from pages.train.gradient_chart import gradient_chart
from tests.core import doctor_cases as cases
from tests.pages.app import OWNER, open_page, text

BOTH = ("light", "dark")


def page_of_run(app, case, owner: str = OWNER):
    """The Train page with a run in which a worker has measured what stands in the case."""
    store = RunStore()
    run_id = store.submit(case.spec, case.recipe, owner=OWNER)
    assert store.take(store.next_ticket())
    run = store.run(run_id)
    train, validation = case.history.train, case.history.validation
    lines = [
        {"kind": "batch", "learning_rate": case.recipe.learning_rate, "images_per_second": 1.0}
        | {name: getattr(train, name)[i] for name in ("step", "epoch", "loss", "accuracy")}
        for i in range(len(train))
    ]
    lines += [
        {"kind": "validated", "count": 500}
        | {name: getattr(validation, name)[i] for name in ("step", "epoch", "loss", "accuracy")}
        for i in range(len(validation))
    ]
    (run.folder / "events.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    health = [{"kind": "check"} | one.to_dict() for one in case.health.checks]
    if case.health.with_relu is not None:
        health.append({"kind": "with_relu", "step": case.step} | case.health.with_relu.to_dict())
    (run.folder / "health.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in health))
    store.set_status(run, state="running", step=case.step, epoch=2.0, epochs=case.recipe.epochs)
    open_page(app, "pages/2_train.py", f"run:{run_id}", owner=owner)
    return run


@pytest.fixture(scope="module")
def recorded():
    return cases.recorded()


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def test_while_all_is_well_the_doctor_is_not_there(app, no_runner, recorded):
    page_of_run(app, recorded["preset lesson"])
    assert not [key for key in keys(app) if key.startswith("cure_")]
    assert "Why " not in text(app)


def test_a_starved_net_is_told_why_and_one_button_starts_it_with_relu(app, no_runner, recorded):
    run = page_of_run(app, recorded["sigmoid"])
    assert "## Why does it not learn?" in text(app)
    assert "four sigmoids in a row let almost nothing through" in text(app)
    assert "The run so far is kept. With relu this net read" in text(app)
    app.button(key="cure_vanishing_gradient").click().run()
    assert not app.exception
    store = RunStore()
    assert store.run(run.id).control["action"] == "stop"  # and nothing of it is deleted
    new = store.run(app.session_state["network"].removeprefix("run:"))
    assert new.id != run.id
    assert new.spec.layers == PRESETS["lesson"].layers
    assert new.recipe == run.recipe
    assert app.session_state["design_draft"] == new.spec.to_dict()


def test_others_are_behind_a_word_and_each_has_its_own_button(app, no_runner, recorded):
    page_of_run(app, recorded["sgd rate 1"])
    assert {"cure_dead_filters", "cure_one_class"} <= keys(app)
    assert sum(line.startswith("## ") for line in text(app).splitlines()) == 1


def test_a_rate_is_lowered_in_the_same_run(app, no_runner):
    from dataclasses import replace

    from cnn_core.training import Curve, History

    steps = list(range(10, 210, 10))
    losses = [2.3] * 10 + [2.8] * 10
    case = cases.Case(PRESETS["lesson"], RECIPES["lesson"].replace(learning_rate=0.02), 4_000)
    curve = Curve(steps, [step / 63 for step in steps], losses, [0.1] * 20)
    run = page_of_run(app, replace(case, step=200, history=History(curve)))
    app.button(key="cure_rate_too_high").click().run()
    assert not app.exception
    assert RunStore().run(run.id).control["learning_rate"] == 0.001
    assert app.session_state["network"] == f"run:{run.id}"


def test_who_only_watches_reads_the_finding_and_has_no_button(app, no_runner, recorded):
    page_of_run(app, recorded["sigmoid"], owner="b" * 22)
    assert "## Why does it not learn?" in text(app)
    assert not [key for key in keys(app) if key.startswith("cure_")]


# Before a training


def test_a_plan_that_is_sound_is_not_remarked_on(app, no_runner):
    open_page(app, "pages/2_train.py", "design", PRESETS["lesson"])
    assert not [key for key in keys(app) if key.startswith(("plan_", "remark_"))]
    assert "This network can be trained." in text(app)


def test_one_button_changes_the_design_that_is_remarked_on(app, no_runner):
    spec = ModelSpec(
        "Heavy",
        (1, 28, 28),
        10,
        (Conv2D(32, activation="relu"), MaxPooling2D(), Flatten(), Dense(128, activation="relu"), Dense(10)),
    )
    open_page(app, "pages/2_train.py", "design", spec)
    assert "are in dense_1" in text(app)
    app.button(key="plan_one_dense_layer").click().run()
    assert not app.exception
    kinds = [layer["type"] for layer in app.session_state["design_draft"]["layers"]]
    assert kinds == ["conv2d", "max_pooling2d", "max_pooling2d", "flatten", "dense", "dense"]
    assert "plan_one_dense_layer" not in keys(app)


def test_a_recipe_that_is_remarked_on_begins_with_the_usual_rate(app, no_runner):
    open_page(
        app,
        "pages/2_train.py",
        "design",
        PRESETS["tiny"],
        recipe_kind="own",
        own_rate=0.05,
    )
    app.button(key="plan_high_rate").click().run()
    assert not app.exception
    run = RunStore().runs()[0]
    assert run.recipe.learning_rate == TrainSpec().learning_rate
    assert run.spec.layers == PRESETS["tiny"].layers


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "elu", "gelu", "leaky_relu"])
def test_a_bent_last_layer_gets_a_remark_in_the_sidebar_and_can_still_be_trained(app, no_runner, name):
    open_page(app, "pages/2_train.py", "design", cases.with_activation("relu", last=name))
    assert f"{name.replace('_', ' ')} on the last layer" in text(app)
    assert "This network can be trained." not in text(app)
    assert not app.button(key="train").disabled
    app.button(key="remark_end").click().run()
    assert not app.exception
    assert app.session_state["design_draft"]["layers"][-1]["activation"] == "softmax"
    assert "This network can be trained." in text(app)


def test_a_view_of_three_pixels_is_remarked_on_beside_what_to_expect(app, no_runner):
    spec = ModelSpec("Near", (1, 28, 28), 10, (Conv2D(8), GlobalAveragePooling2D(), Dense(10)))
    open_page(app, "pages/2_train.py", "design", spec)
    assert "**3×3 pixels**" in text(app)


# The chart


def bars(*shares, relu=None):
    from cnn_core.doctor import Bar

    return tuple(Bar(f"conv2d_{i + 1}", share, relu) for i, share in enumerate(shares))


@pytest.mark.parametrize("mode", BOTH)
def test_a_bar_is_as_long_as_the_logarithm_of_its_share(mode):
    figure = gradient_chart(bars(0.001, 0.1, 1.0), mode)
    short, middle, long = figure["data"][0]["x"]
    assert middle - short == pytest.approx(2)  # two decades
    assert long - middle == pytest.approx(1)
    assert not figure["layout"]["shapes"]
    assert len(gradient_chart(bars(0.001, 1.0, relu=0.5), mode)["layout"]["shapes"]) == 2


def test_a_gradient_of_zero_has_no_bar_and_is_written_as_zero():
    figure = gradient_chart(bars(0.0, 1.0))
    assert figure["data"][0]["x"][0] == 0
    assert bar_text(0.0) == "0"
    assert bars_alt(bars(0.001, 1.0)) == "Gradient of each layer: conv2d_1 1 / 1,000, conv2d_2 1"


def test_the_thin_stroke_is_explained_only_where_it_is_drawn(recorded):
    from cnn_core.doctor import findings

    [finding, *_] = findings(recorded["sigmoid"])
    assert f"after {finding.relu_steps} steps" in chart_caption(finding, "dense_2")
    from dataclasses import replace

    assert "relu" not in chart_caption(replace(finding, relu_steps=None), "dense_2")
