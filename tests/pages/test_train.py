"""The Train page: what it says before, during and after a run, with a real store and no worker in between."""

import orjson
import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, measured
from cnn_core.runs.files import write_json
from cnn_core.training import RECIPES
from tests.pages.app import OWNER, open_page, text


def open_train(app, run_id: str | None = None):
    return open_page(app, "pages/2_train.py", f"run:{run_id}" if run_id else None)


def tell(store: RunStore, run_id: str, *events: dict, **status) -> None:
    """Write what a worker would have written."""
    run = store.run(run_id)
    with open(run.folder / "events.jsonl", "ab") as file:
        for event in events:
            file.write(orjson.dumps(event) + b"\n")
    store.set_status(run, **status)


def batch(step: int, epoch: float, loss: float, accuracy: float) -> dict:
    numbers = {"loss": loss, "accuracy": accuracy, "learning_rate": 0.001, "images_per_second": 5000.0}
    return {"kind": "batch", "step": step, "epoch": epoch} | numbers


def validated(step: int, epoch: float, accuracy: float) -> dict:
    return {
        "kind": "validated",
        "step": step,
        "epoch": epoch,
        "loss": 0.1,
        "accuracy": accuracy,
        "count": 500,
    }


def of_the_lessons_design_from_4000():
    rows = measured.by_recipe(measured.table(), RECIPES["lesson"], "mnist", is_sample=True)
    return [one for one in measured.same_design(rows, PRESETS["lesson"]) if one.images == 4_000]


def test_before_training_it_says_what_to_expect_of_the_sample(app, no_runner):
    open_train(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    at_best = max(one.accuracy for one in of_the_lessons_design_from_4000())
    assert metrics["Accuracy on test digits"].endswith(f"{100 * at_best:.0f} %")
    assert "3 trainings of this design reached when we measured it, from 4,000 digits" in text(app)
    assert metrics["Time on this machine"] == "not known yet"  # nothing was trained here
    assert "4,000 digits, 5 times over" in text(app)
    assert "using 5,000 digits instead of 70,000" in text(app)


def test_train_starts_one_run_however_often_it_is_pressed(app, no_runner):
    open_train(app)
    app.button(key="train").click().run()
    assert not app.exception
    store = RunStore()
    first = store.runs()
    assert len(first) == 1
    assert app.session_state["network"] == f"run:{first[0].id}"
    assert "Getting ready. You may leave this page." in text(app)  # nobody is ahead, so nobody waits
    assert "It is getting ready." in text(app)
    assert store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER) == first[0].id


def test_a_running_run_shows_its_accuracy_and_the_owner_can_stop_it(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    assert store.take(store.next_ticket())
    tell(
        store,
        run_id,
        batch(50, 0.8, 0.5, 0.85),
        validated(157, 2.5, 0.951),
        state="running",
        step=157,
        epoch=2.5,
        epochs=5,
        images_per_second=6382.0,
        eta=22.0,
    )
    open_train(app, run_id)
    assert "Yes. After 2.5 of 5 epochs it reads **95.1 %** of 500 digits it has never been shown." in text(
        app
    )
    assert "Running · 6,380 images/s · about 22 s left" in text(app)
    app.button(key="stop").click().run()
    assert not app.exception
    assert store.run(run_id).control["action"] == "stop"


@pytest.mark.parametrize(
    ("now", "said", "direction"),
    [(0.954, "+0.3 points", "UP"), (0.95, "−0.1 points", "DOWN"), (0.951, "0.0 points", "NONE")],
)
def test_what_the_last_epoch_brought_points_the_right_way(app, no_runner, now, said, direction):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    curve = validated(157, 1.0, 0.951), validated(314, 2.0, now)
    tell(store, run_id, *curve, state="running", step=314, epoch=2.0, epochs=5)
    open_train(app, run_id)
    [metric] = app.metric
    assert metric.delta == f"{said} in the last epoch"
    assert metric.proto.direction == metric.proto.MetricDirection.Value(direction)
    assert metric.proto.color != metric.proto.MetricColor.RED


def test_the_learning_rate_of_a_running_run_can_be_changed(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    tell(store, run_id, state="running", epochs=5)
    open_train(app, run_id)
    app.selectbox(key=f"rate_{run_id}").select(0.0003).run()
    assert not app.exception
    assert store.run(run_id).control["learning_rate"] == 0.0003
    store.control(run_id, OWNER, learning_rate=0.02)  # in another tab
    app.run()
    assert app.selectbox(key=f"rate_{run_id}").value == 0.02


def test_a_finished_run_names_the_test_digits_and_offers_to_go_on(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    result = {"accuracy": 0.9903, "loss": 0.03, "count": 500}
    tell(store, run_id, validated(315, 5.0, 0.95), state="finished", epoch=5.0, seconds=43.0, result=result)
    store.done(run_id)
    open_train(app, run_id)
    assert "Finished: **99.0 %** of 500 test digits, in 43 s." in text(app)
    assert [button.key for button in app.button if button.key in ("pause", "stop")] == []


def test_a_run_that_is_stopped_while_it_waits_claims_no_weights(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.control(run_id, OWNER, "stop")
    open_train(app, run_id)
    assert "Stopped by you before its first step." in text(app)
    assert "weights so far" not in text(app)


def test_a_failed_run_says_why_and_what_to_try(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"].replace(learning_rate=0.1), owner=OWNER)
    store.take(store.next_ticket())
    why = "The loss became infinite. A learning rate of 0.1 is too large for this network; try 0.001."
    tell(store, run_id, state="failed", epoch=1.2, reason=why)
    store.done(run_id)
    open_train(app, run_id)
    assert "This run failed after 1.2 epochs: the loss became infinite." in text(app)
    assert app.button(key="again").label == "Try again"


def test_a_stranger_watches_and_cannot_stop(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner="b" * 22)
    open_train(app, run_id)
    assert "Somebody else’s run; you are watching." in text(app)
    assert not [button for button in app.button if button.key in ("pause", "stop")]


@pytest.mark.parametrize("run_id", ["nonsense", "../../etc", "AAAAAAAAAAA", "x" * 5000])
def test_a_link_to_a_run_that_is_not_there_gets_a_sentence(app, no_runner, run_id):
    open_train(app, run_id)
    assert "The network in this link is not on this server, or not any more." in text(app)


def test_an_impossible_recipe_of_my_own_is_refused_with_a_sentence(app, no_runner):
    open_train(app)
    app.get_by_key("recipe_kind").set_value("own").run()
    app.number_input(key="own_rate").set_value(0.0).run()
    assert not app.exception
    assert "With a learning rate of 0 nothing is learnt." in text(app)
    assert app.button(key="train").disabled


def test_a_data_set_that_cannot_be_fetched_gets_a_sentence_and_no_promise(app, no_runner):
    open_train(app)
    app.selectbox(key="recipe_dataset").set_value("kmnist").run()
    assert not app.exception
    app.run()  # by now the attempt has failed
    assert "KMNIST is not on this machine, and there is no internet" in text(app)
    assert "put the four files of KMNIST into the data folder, under KMNIST/raw" in text(app)
    assert app.button(key="train").disabled
    assert not app.metric  # no time, no accuracy
    app.selectbox(key="recipe_dataset").set_value("mnist").run()
    assert not app.button(key="train").disabled


def learnt_and_not_yet_shown(preset):
    """(store, id) of a run at step 100 that reads 95 % of its own images and 11 % of those kept aside."""
    store = RunStore()
    run_id = store.submit(PRESETS[preset], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    told = batch(100, 0.1, 0.2, 0.95), validated(100, 0.1, 0.11)
    tell(store, run_id, *told, state="running", step=100, epochs=5)
    return store, run_id


def test_young_averages_of_batch_normalisation_are_explained_while_they_mislead(app, no_runner):
    store, run_id = learnt_and_not_yet_shown("modern")
    open_train(app, run_id)
    assert "Batch normalisation: for about its first 300 steps" in text(app)
    tell(store, run_id, batch(300, 0.3, 0.1, 0.96), validated(300, 0.3, 0.95), step=300)
    app.run()
    assert "Batch normalisation" not in text(app)


def test_a_network_without_batch_normalisation_is_never_excused_by_it(app, no_runner):
    _, run_id = learnt_and_not_yet_shown("lesson")
    open_train(app, run_id)
    assert "Batch normalisation" not in text(app)


def test_a_network_from_a_file_claims_neither_curves_nor_recipe_nor_time(app, no_runner, tmp_path):
    from cnn_core.pretrained import load
    from cnn_core.training import save_model

    net = load("lesson")
    save_model(tmp_path / "net.safetensors", net, net.spec)
    store = RunStore()
    run_id = store.adopt((tmp_path / "net.safetensors").read_bytes(), "from a friend", OWNER)
    open_train(app, run_id)
    assert "It was trained elsewhere, and reads **" in text(app)
    assert "Opened from a file, not trained here." in text(app)
    assert "Lesson recipe" not in text(app)
    assert "Finished" not in text(app)
    run = store.run(run_id)
    write_json(run.folder / "run.json", run.card | {"cut": True})  # as one that was kept on the page Break it
    app.run()
    assert "It was cut out of another network, and reads **" in text(app)
    assert "trained elsewhere" not in text(app)
    app.button(key="extend").click().run()
    assert not app.exception
    assert store.run(run_id).status.state == "queued"


RUBBISH = [
    b"",
    b"\x00\xff" * 500,
    b"[" * 50_000 + b"]" * 50_000,
    b'{"state": "finished", "epoch": -5, "epochs": "x", "result": {"accuracy": "high", "count": []}}',
    b'{"state": "running", "step": -1, "eta": -1e308, "seconds": 1e308, "learning_rate": [1], "reason": 5}',
    b'{"epochs": [1], "name": {}, "learning_rate": "fast", "action": 7, "indices": [1e9], "labels": 5}',
    b'{"kind": "validated", "step": 1e300, "epoch": -1, "loss": "x", "accuracy": 1e308}\n{"kind": [], "step": {}}\n',
]


@pytest.mark.parametrize(
    "file", ["status.json", "changes.json", "control.json", "samples.json", "events.jsonl"]
)
def test_rubbish_in_a_run_s_folder_spoils_no_page(app, no_runner, file):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    whole = (store.run(run_id).folder / file).read_bytes() if file == "status.json" else None
    for rubbish in RUBBISH:
        (store.run(run_id).folder / file).write_bytes(rubbish)
        open_train(app, run_id)
        assert "Is it learning?" in [title.value for title in app.title]
        if whole:
            (store.run(run_id).folder / file).write_bytes(whole)


def test_everybody_looks_at_the_same_weights_for_a_fifth_of_the_time_a_run_has_trained(monkeypatch):
    from types import SimpleNamespace

    from cnn_core.model import build
    from cnn_core.training import save_model
    from pages.ui.visitor import networks

    now = 1000.0
    monkeypatch.setattr(networks, "time", SimpleNamespace(monotonic=lambda: now))
    store = RunStore()
    run = store.run(store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER))

    def save(step):
        last = run.folder / "snapshots" / "last.safetensors"
        save_model(last, build(PRESETS["tiny"], seed=step), PRESETS["tiny"])
        store.set_status(run, state="running", saved_step=step, seconds=100.0)

    def looked_at():
        return networks.named(f"run:{run.id}")

    save(5)
    before = looked_at()
    save(9)
    now += 19
    assert (looked_at().weights_key, looked_at().step) == (before.weights_key, 5)
    now += 2
    assert looked_at().weights_key != before.weights_key
    assert looked_at().step == 9


# ---------------------------------------------------------------- trained already, going on, remembered


def finished_lesson(store, **recipe) -> str:
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"].replace(**recipe), owner=OWNER)
    store.take(next(ticket for ticket in store.waiting() if ticket.run_id == run_id))
    result = {"accuracy": 0.954, "loss": 0.1, "count": 500}
    tell(store, run_id, validated(315, 5.0, 0.95), state="finished", step=315, epoch=5.0, result=result)
    store.done(run_id)
    return run_id


def test_train_asks_where_the_same_was_trained_already_and_each_button_does_what_it_says(app, no_runner):
    store = RunStore()
    first = finished_lesson(store)
    open_train(app)
    app.button(key="train").click().run()
    assert "You have trained this already" in text(app)
    assert app.session_state["network"] != f"run:{first}"
    app.button(key="already_again").click().run()
    assert not app.exception
    second = store.runs()[0]
    assert second.id != first
    assert second.recipe == store.run(first).recipe
    assert app.session_state["network"] == f"run:{second.id}"


def test_show_it_shows_it_and_another_seed_is_one_that_was_not_trained_yet(app, no_runner):
    store = RunStore()
    first, _ = finished_lesson(store), finished_lesson(store, seed=1)
    open_train(app)
    app.button(key="train").click().run()
    assert app.button(key="already_seed").label == "Train with seed 2"
    app.button(key="already_seed").click().run()
    assert store.runs()[0].recipe.seed == 2
    app.session_state["network"] = "pretrained:lesson"
    app.run()
    app.button(key="train").click().run()
    app.button(key="already_show").click().run()
    assert app.session_state["network"] == f"run:{first}"


def test_train_another_leads_to_the_question_and_not_round_in_a_circle(app, no_runner):
    store = RunStore()
    run_id = finished_lesson(store)
    open_train(app, run_id)
    app.button(key="again").click().run()
    app.button(key="train").click().run()
    assert "You have trained this already" in text(app)


def test_another_recipe_takes_the_question_back(app, no_runner):
    finished_lesson(RunStore())
    open_train(app)
    app.button(key="train").click().run()
    app.get_by_key("recipe_kind").set_value("fast").run()
    assert "You have trained this already" not in text(app)


def test_a_stopped_run_can_be_gone_on_with(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"], owner=OWNER)
    store.control(run_id, OWNER, "stop")
    open_train(app, run_id)
    app.button(key="go_on").click().run()
    assert not app.exception
    assert store.run(run_id).status.state == "queued"


def test_a_run_that_exploded_offers_a_smaller_rate(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["lesson"], RECIPES["lesson"].replace(learning_rate=0.1), owner=OWNER)
    store.take(store.next_ticket())
    why = "At step 6 the loss became nan: with a learning rate of 0.1 the steps are too long. Try 0.001."
    tell(store, run_id, state="failed", cause="diverged", epoch=0.1, reason=why)
    store.done(run_id)
    open_train(app, run_id)
    assert "Go on with rate 0.001" in app.button(key="go_on").label
    app.button(key="go_on").click().run()
    assert store.run(run_id).control == {"learning_rate": 0.001}


def test_while_a_run_goes_on_another_design_has_a_way_back_to_it(app, no_runner):
    store = RunStore()
    run_id = store.submit(PRESETS["mlp"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    tell(store, run_id, validated(20, 0.3, 0.65), state="running", step=20, epochs=5)
    open_train(app)
    assert "Your run of MLP goes on: 65.0 % so far." in text(app)
    app.button(key="way_back").click().run()
    assert app.session_state["network"] == f"run:{run_id}"


def test_a_reload_finds_the_recipe_again(app, no_runner):
    open_train(app)
    app.get_by_key("recipe_kind").set_value("own").run()
    app.number_input(key="own_epochs").set_value(7).run()
    app.number_input(key="own_patience").set_value(3).run()
    assert RunStore().recipe_of(OWNER)["own_epochs"] == 7
    app = type(app).from_file(app._script_path, default_timeout=30)  # a new session of the same visitor
    open_train(app)
    assert (app.number_input(key="own_epochs").value, app.number_input(key="own_patience").value) == (7, 3)
    app.button(key="train").click().run()
    assert RunStore().runs()[0].recipe == RECIPES["lesson"].replace(epochs=7, patience=3)


@pytest.mark.parametrize(
    "values",
    [
        {"own_epochs": "many", "recipe_kind": "wild"},
        {"own_rate": -1, "own_noise": 7},
        {"recipe_dataset": "x"},
    ],
)
def test_a_spoiled_memory_of_a_recipe_is_none(app, no_runner, values):
    RunStore().remember_recipe(OWNER, values)
    open_train(app)
    app.button(key="train").click().run()
    assert RunStore().runs()[0].recipe == RECIPES["lesson"]


def test_the_best_epoch_is_in_the_sidebar_and_a_link_to_it_opens(app, no_runner):
    from cnn_core.model import build
    from cnn_core.runs.best import Best, write_best
    from cnn_core.training import save_model

    store = RunStore()
    run_id = finished_lesson(store)
    run = store.run(run_id)
    for which in ("best", "last"):
        save_model(run.folder / "snapshots" / f"{which}.safetensors", build(run.spec), run.spec)
    write_best(run.folder, Best(63, 1.0, 0.97))
    store.set_status(run, saved_step=315)
    open_train(app, f"{run_id}:best")
    assert app.session_state["network"] == f"run:{run_id}:best"
    assert "**Best: epoch 1, 97.0 %**; at the end 95.0 %." in text(app)
    [chosen] = [box.value for box in app.selectbox if box.label == "Network"]
    assert chosen == f"run:{run_id}:best"
    from pages.ui.visitor import networks

    assert networks.named(f"run:{run_id}:best").title == "Lesson convnet, best epoch"
    assert networks.named(f"run:{run_id}:best").step == 63
