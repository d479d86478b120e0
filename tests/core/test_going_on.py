"""What comes after the end: the best epoch, a stopped run that goes on, one that exploded, the same training again."""

import json

import pytest
import torch
from safetensors.torch import load_file

from cnn_core.data import load_images
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.runs import RunStore, going_on
from cnn_core.runs.best import Best, best_in_events
from cnn_core.runs.jobs import training_job
from cnn_core.runs.jobs.training_job import learning_images
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec, evaluate, load_model, measure_averages

OWNER = "a" * 22
TINY = PRESETS["tiny"]
SHORT = TrainSpec(epochs=4, train_size=640, batch_size=64, precision="float32")  # 10 steps an epoch
LINEAR = ModelSpec.from_dict(  # without a bend nothing holds the numbers back when the steps are too long
    {
        "name": "linear",
        "layers": [
            {"type": "conv2d", "filters": 4, "strides": 3},
            {"type": "conv2d", "filters": 4, "strides": 2},
            {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)
NORMED = ModelSpec.from_dict(
    {
        "name": "normed",
        "layers": [
            {"type": "conv2d", "filters": 6, "strides": 2, "activation": "relu"},
            {"type": "batch_normalization"},
            {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def ask(store, recipe=SHORT, spec=TINY, **more):
    return store.run(store.submit(spec, recipe, "mnist", OWNER, **more))


def do(store, run):
    ticket = next(ticket for ticket in store.waiting() if ticket.run_id == run.id)
    assert store.take(ticket)
    assert work(store.path, run.id) == "done"
    store.done(run.id)
    return store.run(run.id)


def trained(store, recipe=SHORT, spec=TINY, **more):
    return do(store, ask(store, recipe, spec, **more))


def stop_at(monkeypatch, store, run, step):
    """Let the owner press Stop so that the training hears it after this step."""
    asked = training_job.TrainingListener.control

    def control(listener):
        if listener.progress.step >= step:
            store.control(run.id, OWNER, "stop")
        return asked(listener)

    monkeypatch.setattr(training_job.TrainingListener, "control", control)
    do(store, run)
    monkeypatch.undo()
    assert store.run(run.id).status.state == "stopped"


def told(run):
    return [json.loads(line) for line in (run.folder / "events.jsonl").read_text().splitlines()]


# ---------------------------------------------------------------- stopped, and on


@pytest.mark.parametrize("step", [10, 20, 30])
def test_a_stopped_run_that_goes_on_is_the_unbroken_run_byte_for_byte(store, monkeypatch, step):
    unbroken = trained(store)
    run = ask(store, again=True)
    stop_at(monkeypatch, store, run, step)
    assert store.run(run.id).status.step < 40
    store.go_on(run.id, OWNER)
    assert store.run(run.id).status.state == "queued"
    run = do(store, run)
    assert run.status.state == "finished"
    last, whole = (one.snapshot_path("last").read_bytes() for one in (run, unbroken))
    numbers = [load_file(one.snapshot_path("last")) for one in (run, unbroken)]
    assert numbers[0].keys() == numbers[1].keys()  # the optimizer's too
    assert all(torch.equal(numbers[0][name], numbers[1][name]) for name in numbers[0])
    assert last[-4 * TINY.classes :] == whole[-4 * TINY.classes :]
    assert run.status.result["accuracy"] == unbroken.status.result["accuracy"]
    # The curve has no jump and no two lines: each loss is the unbroken run's.
    one, other = (run.history().validation, unbroken.history().validation)
    assert (list(one.step), list(one.loss)) == (list(other.step), list(other.loss))
    assert run.best() == unbroken.best()


def test_a_run_stopped_before_it_began_begins(store):
    run = ask(store)
    store.control(run.id, OWNER, "stop")
    assert run.status.state == "stopped"
    store.go_on(run.id, OWNER)
    assert do(store, run).status.state == "finished"


def test_only_stopped_and_failed_runs_go_on_and_only_their_owner_s(store):
    run = ask(store)
    with pytest.raises(StudentError, match="not interrupted"):
        store.go_on(run.id, OWNER)
    store.control(run.id, OWNER, "stop")
    with pytest.raises(StudentError, match="Only the visitor"):
        store.go_on(run.id, "somebody-else")


# ---------------------------------------------------------------- exploded, and on with a smaller rate

WILD = SHORT.replace(optimizer="sgd", learning_rate=10.0)


def exploded(store):
    """A run that learnt for two epochs at a good rate, and was then given a wild one."""
    run = ask(store, SHORT.replace(optimizer="sgd", learning_rate=0.1, epochs=6), LINEAR)
    run.folder.joinpath("control.json").write_text("{}")
    asked = training_job.TrainingListener._new_rate

    def new_rate(listener):
        if listener.progress.step == 20 and listener.wanted_rate is None:
            (run.folder / "control.json").write_text('{"learning_rate": 1.0}')
            listener.wanted_rate = 9.9
            return 10.0
        return None if listener.wanted_rate == 9.9 else asked(listener)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_job.TrainingListener, "_new_rate", new_rate)
        return do(store, run)


def test_a_run_that_exploded_goes_on_from_its_last_sound_snapshot_with_a_smaller_rate(store):
    run = exploded(store)
    assert run.status.state == "failed"
    assert going_on.diverged(run)
    # Steps 21 and on are ruined; of the snapshots 0, 1, 2, 4, 8, 10, 16, 20 the last one with sound losses after it.
    step = going_on.sound_step(run)
    assert 10 <= step <= 20
    with pytest.raises(StudentError, match="became infinite"):
        store.go_on(run.id, OWNER, 1.0)
    store.go_on(run.id, OWNER, 0.1)
    run = do(store, run)
    assert run.status.state == "finished"
    batches = [event for event in told(run) if event["kind"] == "batch"]
    assert [event["step"] for event in batches] == sorted({event["step"] for event in batches})
    assert {event["learning_rate"] for event in batches if event["step"] > step} == {0.1}
    before = [event["loss"] for event in batches if event["step"] <= step][-1]
    after = next(event["loss"] for event in batches if event["step"] > step)
    assert after < before + 0.5  # no jump
    assert run.status.result["accuracy"] > 0.6
    assert not (run.folder / "resume.json").exists()


def test_a_run_that_exploded_at_once_begins_again_with_the_rate_that_was_advised(store):
    run = trained(store, WILD, LINEAR)
    assert run.status.state == "failed"
    assert going_on.sound_step(run) == 0
    assert going_on.rate_to_try(run) == 0.001  # never more than the usual one
    assert "Try a learning rate of 0.001" in run.status.reason
    assert run.status.cause == "diverged"
    store.go_on(run.id, OWNER)
    assert run.status.cause == ""
    run = do(store, run)
    assert run.status.state == "finished"
    same = build(LINEAR, seed=0)
    assert torch.equal(load_model(run.snapshots()[0].path)[0].conv2d_1.conv.weight, same.conv2d_1.conv.weight)
    plain = trained(store, WILD.replace(learning_rate=0.001), LINEAR)
    assert plain.status.result["accuracy"] == run.status.result["accuracy"]  # one and the same training


def test_a_killed_worker_does_not_forget_where_to_go_on(store):
    run = trained(store, WILD, LINEAR)
    store.go_on(run.id, OWNER, 0.01)
    assert going_on.read_resumption(run) == going_on.Resumption(0, 0.01)
    (run.folder / "resume.json").write_text('{"step": "many", "learning_rate": -1}')
    assert going_on.read_resumption(run) == going_on.Resumption(None, None)


# ---------------------------------------------------------------- the best epoch

OVERFIT = TrainSpec(
    epochs=14,
    train_size=100,
    batch_size=20,
    optimizer="adam",
    learning_rate=0.02,
    precision="float32",
    seed=1,
)


def test_the_best_epoch_is_the_first_of_those_with_the_best_validation(store):
    run = trained(store, OVERFIT)
    ends = [event for event in told(run) if event["kind"] == "validated" and event["epoch"] % 1 == 0]
    accuracies = [event["accuracy"] for event in ends]
    best = run.best()
    assert best.accuracy == max(accuracies)
    assert best.epoch == 1 + accuracies.index(max(accuracies))
    net = load_model(run.snapshot_path("best"))[0]
    snapshot = next(snapshot for snapshot in run.snapshots() if snapshot.step == best.step)
    kept = load_model(snapshot.path)[0]
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), kept.parameters(), strict=True))
    validation = learning_images("mnist")[1]
    assert evaluate(net, validation).accuracy == pytest.approx(best.accuracy)
    if best.step < run.status.step:  # then its test accuracy stands beside the last one's
        test = load_images("mnist", "test")
        assert run.status.result["other"]["accuracy"] == pytest.approx(evaluate(net, test).accuracy)
    assert run.moment == "last"


def test_a_run_of_before_tells_its_best_of_all_validations(store):
    run = trained(store)
    (run.folder / "snapshots" / "best.json").unlink()
    assert run.best() == best_in_events(run.folder / "events.jsonl", ends_only=False)


def test_a_run_with_patience_ends_early_with_its_best_weights_and_knows_both(store):
    run = trained(store, OVERFIT.replace(epochs=40, patience=2))
    assert run.status.state == "finished"
    assert run.status.epoch < 40
    assert run.status.epoch == run.best().epoch + 2
    assert run.moment == "best"
    test = load_images("mnist", "test")
    best, last = (evaluate(load_model(run.snapshot_path(which))[0], test) for which in ("best", "last"))
    assert run.status.result["accuracy"] == pytest.approx(best.accuracy)
    assert run.status.result["other"]["accuracy"] == pytest.approx(last.accuracy)


def test_a_run_that_watches_its_loss_keeps_the_epoch_of_the_lowest_loss_as_its_best(store):
    run = trained(store, OVERFIT.replace(epochs=8, patience=8, monitor="val_loss"))
    ends = [event for event in told(run) if event["kind"] == "validated" and event["epoch"] % 1 == 0]
    lowest = min(ends, key=lambda event: event["loss"])
    assert (run.best().step, run.best().loss) == (lowest["step"], lowest["loss"])
    kept, end = (load_model(run.snapshot_path(which))[0].state_dict() for which in ("best", "last"))
    assert run.best() == best_in_events(run.folder / "events.jsonl", monitor="val_loss")
    by_accuracy = trained(store, OVERFIT.replace(epochs=8, patience=8))
    assert by_accuracy.id != run.id  # another recipe, another run
    assert kept.keys() == end.keys()


def test_a_divergence_is_a_fact_of_the_status_and_not_a_matter_of_words(store):
    run = trained(store, WILD, LINEAR)
    card = json.loads((run.folder / "status.json").read_text())
    for words, cause, has_diverged in (
        ("Anything at all.", "diverged", True),
        ("At step 6 the loss became nan: the steps are too long.", "", False),
        ("At step 6 the loss became nan: the steps are too long.", "nonsense", False),
    ):
        (run.folder / "status.json").write_text(json.dumps(card | {"reason": words, "cause": cause}))
        assert going_on.diverged(run) == has_diverged
    del card["cause"]  # as a version before wrote it: the sentence is all there is
    (run.folder / "status.json").write_text(json.dumps(card))
    assert going_on.diverged(run)


def test_more_epochs_after_patience_go_on_from_the_last_epoch_without_it(store):
    run = trained(store, OVERFIT.replace(epochs=40, patience=2))
    ended = int(run.status.epoch)
    assert going_on.ended_by_patience(run)
    assert not going_on.ended_by_patience(trained(store, OVERFIT.replace(epochs=2, patience=2)))
    store.extend(run.id, OWNER, 2)
    assert run.recipe == OVERFIT.replace(epochs=ended + 2)
    run = do(store, run)
    assert (run.status.epoch, run.moment) == (ended + 2, "last")
    plain = trained(store, OVERFIT.replace(epochs=ended + 2), again=True)
    one, other = (load_file(r.snapshot_path("last")) for r in (run, plain))
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_stopped_run_with_patience_goes_on_to_the_same_end(store, monkeypatch):
    recipe = OVERFIT.replace(epochs=40, patience=3)
    unbroken = trained(store, recipe)
    run = ask(store, recipe, again=True)
    stop_at(monkeypatch, store, run, 20)
    store.go_on(run.id, OWNER)
    run = do(store, run)
    assert (run.status.step, run.best()) == (unbroken.status.step, unbroken.best())
    assert run.status.result["accuracy"] == unbroken.status.result["accuracy"]


def test_a_best_epoch_that_has_not_happened_any_more_is_forgotten(store):
    from cnn_core.runs.best import go_back_to, write_best
    from cnn_core.runs.jobs.recorder import cut_events

    run = trained(store)
    write_best(run.folder, Best(40, 4.0, 1.0))
    cut_events(run.folder / "events.jsonl", 20)
    go_back_to(run.folder, 20)
    assert run.best() == best_in_events(run.folder / "events.jsonl")
    assert run.best().step <= 20


# ---------------------------------------------------------------- the same training again


def test_trained_again_is_a_new_run_with_the_same_weights(store):
    first = trained(store)
    assert store.equal_run(TINY, SHORT, "mnist", OWNER).id == first.id
    second = trained(store, again=True)
    assert second.id != first.id
    one, other = (load_file(run.snapshot_path("last")) for run in (first, second))
    assert all(torch.equal(one[name], other[name]) for name in other)


@pytest.mark.parametrize(
    "other",
    [
        {"recipe": SHORT.replace(seed=1)},
        {"recipe": SHORT.replace(learning_rate=0.002)},
        {"recipe": SHORT.replace(patience=3)},
        {"recipe": SHORT.replace(train_size=641)},
        {"spec": PRESETS["mlp"]},
        {"dataset": "fashion_mnist"},
        {"owner": "b" * 22},
    ],
    ids=str,
)
def test_what_differs_in_anything_was_not_trained_already(store, other):
    trained(store)
    asked = {"spec": TINY, "recipe": SHORT, "dataset": "mnist", "owner": OWNER} | other
    assert store.equal_run(**asked) is None


def test_a_run_whose_rate_was_changed_on_the_way_did_not_do_what_its_recipe_says(store):
    run = ask(store)
    store.control(run.id, OWNER, learning_rate=0.01)
    do(store, run)
    assert store.equal_run(TINY, SHORT, "mnist", OWNER) is None


def test_a_run_of_fewer_images_is_not_what_is_asked_for_once_all_are_here(store, monkeypatch):
    from cnn_core.data import Availability

    recipe = SHORT.replace(train_size=None, epochs=1)
    trained(store, recipe)
    assert store.equal_run(TINY, recipe, "mnist", OWNER) is not None
    everything = Availability("complete", 60_000, 10_000, "all of MNIST")
    monkeypatch.setattr("cnn_core.data.available", lambda name: everything)
    assert store.equal_run(TINY, recipe, "mnist", OWNER) is None


# ---------------------------------------------------------------- averages, measured anew


def test_averages_measured_anew_are_the_plain_means_of_all_images():
    images = load_images("mnist", "train").take(500)
    net = build(NORMED, seed=0)
    weights = {name: value.clone() for name, value in net.named_parameters()}
    measure_averages(net, images)
    floats = images.images.float() / 255
    with torch.no_grad():
        maps = net[:1](floats)  # (500, 6, 13, 13)
    norm = net[1].norm
    torch.testing.assert_close(norm.running_mean, maps.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
    batches = torch.stack([maps[:250].var((0, 2, 3), correction=0), maps[250:].var((0, 2, 3), correction=0)])
    torch.testing.assert_close(norm.running_var, batches.mean(0), atol=1e-5, rtol=1e-4)
    assert norm.momentum == pytest.approx(0.01)
    assert all(torch.equal(value, weights[name]) for name, value in net.named_parameters())


def test_averages_do_not_care_what_they_were_before():
    images = load_images("mnist", "train").take(700)
    one, other = build(NORMED, seed=0), build(NORMED, seed=0)
    other[1].norm.running_mean.fill_(7.0)
    other[1].norm.running_var.fill_(50.0)
    for net in (one, other):
        measure_averages(net, images)
    torch.testing.assert_close(one[1].norm.running_mean, other[1].norm.running_mean)
    torch.testing.assert_close(one[1].norm.running_var, other[1].norm.running_var)


def test_after_few_steps_the_averages_measured_anew_read_far_more_and_the_run_stays_as_it_was(store):
    recipe = TrainSpec(epochs=4, train_size=300, batch_size=64, optimizer="adam", learning_rate=0.01)
    run = trained(store, recipe, NORMED)
    before = run.status
    last = run.snapshot_path("last").read_bytes()
    store.remeasure(run.id, OWNER)
    assert store.is_remeasuring(run)
    run = do(store, run)
    assert not store.is_remeasuring(run)
    anew = run.remeasured()
    assert anew["images"] == 300
    assert anew["count"] == 500
    assert anew["accuracy"] > before.result["accuracy"]
    assert run.status == before
    assert run.snapshot_path("last").read_bytes() == last
    net = load_model(run.snapshot_path("remeasured"))[0]
    assert evaluate(net, load_images("mnist", "test")).accuracy == pytest.approx(anew["accuracy"])


def test_averages_are_measured_of_finished_runs_that_have_some(store):
    run = ask(store)
    with pytest.raises(StudentError, match="not finished"):
        store.remeasure(run.id, OWNER)
    do(store, run)
    with pytest.raises(StudentError, match="no batch normalisation"):
        store.remeasure(run.id, OWNER)


def test_what_goes_wrong_while_measuring_is_said_and_spoils_nothing(store):
    run = trained(store, SHORT, NORMED)
    before = run.status
    store.remeasure(run.id, OWNER)
    run.snapshot_path("last").write_bytes(b"half a file")
    do(store, run)
    assert "error" in run.remeasured()
    assert run.status == before
