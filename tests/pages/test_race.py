"""A race on the page Runs: set up, shared by its address, guessed, started and stopped whole, told at its end."""

from cnn_core.classroom import Scene
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from tests.pages.app import OWNER, open_page, text
from tests.pages.test_guess_on_pages import press
from tests.pages.test_scene_on_pages import opened, widgets


def said(app):
    return {name: value for name, value in app.query_params.items() if name not in ("net", "design")}


def link(app, **parts):
    app.query_params.update({"view": "race", **parts})


def ended(store, accuracies):
    """All runs of the visitor come to their end; accuracies: {a part of a run's name: fraction}."""
    for run in store.runs(OWNER):
        accuracy = next(value for name, value in accuracies.items() if name in run.name)
        result = {"accuracy": accuracy, "loss": 0.3, "count": 10_000}
        store.set_status(run, state="finished", epoch=2.0, result=result)
        store._tickets.remove(run.id, "queue")


def test_a_race_is_set_up_guessed_started_whole_and_told_at_its_end(asking_app, no_runner):
    app, store = asking_app, RunStore()
    link(app, race="tiny:fast~mlp:fast", images="300", seed="4")
    open_page(app, "pages/8_runs.py")
    assert "A fair race" in text(app)
    assert "Each learns from the same 300 digits, in the same order, with seed 4." in text(app)
    assert store.runs(OWNER) == []  # a link sets it up, and starts nothing
    press(app, "Add another")
    assert said(app) == {
        "view": "race",
        "race": "tiny:fast~mlp:fast~lesson:fast",
        "images": "300",
        "seed": "4",
    }
    press(app, "Leave out 3")
    app.selectbox(key="race_design_1").set_value(PRESETS["tiny"].fingerprint).run()
    assert "are the same design and the same recipe" in text(app)
    app.selectbox(key="race_design_1").set_value(PRESETS["mlp"].fingerprint).run()
    press(app, "Start the race")
    runs = store.runs(OWNER)
    assert {(run.name, run.recipe.seed, run.recipe.train_size) for run in runs} == {
        ("Tiny convnet", 4, 300), ("MLP", 4, 300),
    }  # fmt: skip
    assert "Which will read more of the test digits?" in text(app)
    ended(store, {"Tiny": 0.95, "MLP": 0.9})
    app.run()
    assert "95.0 %" not in text(app)
    press(app, "Tiny convnet")
    assert "**Tiny convnet**: 95.0 %, **MLP**: 90.0 % of MNIST’s 10,000 test digits." in text(app)
    assert (
        "Tiny convnet reads 500 more of the 10,000 test images rightly than MLP. That is more than chance."
        in text(app)
    )
    assert "You said Tiny convnet, and so it is." in text(app)
    press(app, "Compare them")
    assert app.session_state["runs_view"] == "Compare"
    assert {f"run:{run.id}" for run in runs} == set(app.session_state["runs_chosen"])
    assert "race" not in said(app)


def test_pause_and_stop_are_those_of_all_and_a_race_without_room_is_refused_whole(
    app, no_runner, monkeypatch
):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "3")
    store = RunStore()
    link(app, race="tiny:fast~mlp:fast")
    open_page(app, "pages/8_runs.py")
    press(app, "Start the race")
    press(app, "Pause all")
    assert {run.status.state for run in store.runs(OWNER)} == {"paused"}
    press(app, "Which optimiser?")
    press(app, "Start the race")
    assert (
        "You have 2 unfinished trainings; this server allows a visitor 3, and this would be 3 more."
        in text(app)
    )
    assert len(store.runs(OWNER)) == 2
    press(app, "Convnet or MLP?")
    app.query_params.clear()
    for state, button in (("queued", "Go on"), ("stopped", "Stop all")):
        app.session_state["race_lineup"] = tuple(app.session_state["race_lineup"])
        link(app, race="tiny:fast~mlp:fast")
        app.session_state["address_page"] = "elsewhere"
        app.run()
        press(app, button)
        assert {run.status.state for run in store.runs(OWNER)} == {state}
    assert "Start what is missing" in "".join(button.label for button in app.button)


def test_networks_that_learnt_from_different_images_can_be_set_up_as_a_race(app, no_runner, monkeypatch):
    monkeypatch.setattr("pages.runs.compare.is_fair", lambda selection: False)
    app.query_params["compare"] = "lesson~mlp~modern"
    open_page(app, "pages/8_runs.py")
    press(app, "Set up a race of these")
    assert said(app)["view"] == "race"
    assert [box.value for box in app.selectbox if box.key.startswith("race_design")] == [
        PRESETS[name].fingerprint for name in ("lesson", "mlp", "modern")
    ]
    assert RunStore().runs(OWNER) == []


def test_a_link_that_is_no_race_is_refused_and_the_usual_one_stands_there(app, no_runner):
    link(app, race="lesson~nobody")
    open_page(app, "pages/8_runs.py")
    assert "A race knows no “nobody”." in text(app)
    assert [box.value for box in app.selectbox if box.key.startswith("race_design")] == [
        PRESETS[name].fingerprint for name in ("lesson", "mlp")
    ]


def test_in_a_scene_a_fixed_race_cannot_be_changed_and_is_started_as_it_is(app, no_runner):
    fixed = Scene("Race", "runs", {"view": "race", "race": "tiny:fast~mlp:fast", "seed": "3"},
                  fixed=("runs.race", "runs.view"), recipe=RECIPES["fast"])  # fmt: skip
    opened(app, fixed, race="lesson~mlp", view="race")
    app.switch_page("pages/8_runs.py").run()
    held = {one.key: one.disabled for one in [*app.selectbox, *app.button, *app.toggle]}
    assert all(
        held[key] for key in ("race_design_0", "race_recipe_1", "race_add", "race_ready_0", "race_three")
    )
    assert not held["race_start"]
    press(app, "Start the race")
    assert {(run.name, run.recipe.seed) for run in RunStore().runs(OWNER)} == {
        ("Tiny convnet", 3),
        ("MLP", 3),
    }
    assert "race_design_0" in widgets(app)
