"""Patience: the same epochs as Keras's EarlyStopping, the best epoch's weights at the end, and exact resumption."""

import os

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.training import (
    EarlyStopping,
    Finished,
    SnapshotDue,
    TrainSpec,
    Validated,
    evaluate,
    load_training,
    save_training,
    train,
)
from cnn_core.training.spec import MONITORS
from tests.core.test_train import SPEC, blobs, same, weights

SEQUENCES = [
    [0.1, 0.5, 0.7, 0.7, 0.7, 0.7, 0.9],  # equal is not better
    [0.9, 0.8, 0.7, 0.6, 0.5],  # the first epoch was the best
    [0.1, 0.2, 0.3, 0.4],  # runs through
    [0.5, 0.4, 0.6, 0.5, 0.55, 0.7, 0.1, 0.2, 0.3],
    [0.3],
    torch.rand(30, generator=torch.Generator().manual_seed(3)).tolist(),
]


class Net(torch.nn.Module):
    """A network whose one weight says after how many epochs it is."""

    def __init__(self):
        super().__init__()
        self.epoch = torch.nn.Parameter(torch.zeros(()))

    def at(self, epoch):
        self.epoch.data.fill_(float(epoch))
        return self


def ours(values, patience, monitor="val_accuracy"):
    """(how many epochs were trained, which one's weights the network has at the end)."""
    watch, net = EarlyStopping(patience, monitor=monitor), Net()
    for epoch, value in enumerate(values, 1):
        watch.epoch_ended(value, net.at(epoch))
        if watch.is_over:
            break
    watch.put_back(net)
    return epoch, int(net.epoch)


def keras_s(values, patience, monitor="val_accuracy"):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")

    class Model:
        stop_training = False
        weights = 0

        def get_weights(self):
            return self.weights

        def set_weights(self, weights):
            self.weights = weights

    model = Model()
    callback = keras.callbacks.EarlyStopping(
        monitor=monitor,
        mode="min" if monitor == "val_loss" else "max",
        patience=patience,
        restore_best_weights=True,
    )
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = epoch + 1
        callback.on_epoch_end(epoch, {monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model.weights


@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("patience", [1, 2, 3, 5])
@pytest.mark.parametrize("values", SEQUENCES, ids=lambda values: f"{len(values)} epochs")
def test_it_stops_after_the_epochs_and_with_the_weights_of_keras(values, patience, monitor):
    assert ours(values, patience, monitor) == keras_s(values, patience, monitor)


def test_by_hand_of_losses_the_lowest_is_the_best():
    assert ours([0.5, 0.7, 0.6, 0.4], patience=2, monitor="val_loss") == (3, 1)
    assert ours([0.5, 0.4, 0.4, 0.6, 0.1], patience=2, monitor="val_loss") == (4, 2)  # equal is not better


def test_a_training_that_watches_the_loss_ends_with_the_weights_of_its_lowest_loss():
    recipe = RECIPE.replace(monitor="val_loss", learning_rate=0.05, precision="float32")
    net, events = run(recipe)
    losses = [e.loss for e in events if isinstance(e, Validated) and e.epoch == int(e.epoch)]
    assert evaluate(net, blobs(40, seed=1)).loss == pytest.approx(min(losses), rel=1e-4)
    assert events[-1].epoch == ours(losses, 2, "val_loss")[0]


def test_what_is_watched_is_one_of_two_and_a_recipe_of_before_watches_the_accuracy():
    with pytest.raises(StudentError, match="monitor"):
        TrainSpec(monitor="loss")
    old = {name: value for name, value in TrainSpec(patience=3).to_dict().items() if name != "monitor"}
    assert TrainSpec.from_dict(old).monitor == "val_accuracy"


def test_by_hand_two_epochs_without_a_gain_end_it_and_the_second_is_given_back():
    assert ours([0.5, 0.7, 0.6, 0.7, 0.9], patience=2) == (4, 2)
    assert ours([0.5, 0.7, 0.6, 0.7, 0.9], patience=None) == (5, 5)  # nothing watched, nothing put back


# ---------------------------------------------------------------- in a training

RECIPE = TrainSpec(batch_size=16, epochs=30, optimizer="adam", learning_rate=0.01, patience=2)


def run(recipe, state=None, net=None, until=None):
    net = build(SPEC, seed=0) if net is None else net
    events = []
    for event in train(net, blobs(100), recipe, blobs(40, seed=1), state=state):
        events.append(event)
        if until is not None and isinstance(event, SnapshotDue) and event.step == until:
            break
    return net, events


@pytest.fixture(scope="module")
def unbroken():
    return run(RECIPE)


def test_a_training_ends_when_its_patience_does_and_has_the_weights_of_its_best_epoch(unbroken):
    net, events = unbroken
    ends = [event for event in events if isinstance(event, Validated) and event.epoch == int(event.epoch)]
    accuracies = [event.accuracy for event in ends]
    assert isinstance(events[-1], Finished)
    epochs, best = ours(accuracies, 2)
    assert events[-1].epoch == epochs < 30
    assert evaluate(net, blobs(40, seed=1)).accuracy == pytest.approx(max(accuracies))
    plain = build(SPEC, seed=0)
    told = list(train(plain, blobs(100), RECIPE.replace(patience=None, epochs=best), blobs(40, seed=1)))
    assert told[-1].epoch == best
    assert same(weights(plain), weights(net))  # exactly those that a training of so many epochs ends with


def test_patience_changes_no_step_before_it_ends(unbroken):
    _, watched = unbroken
    _, plain = run(RECIPE.replace(patience=None))
    losses = [event.loss for event in watched if event.kind == "batch"]
    assert losses == [event.loss for event in plain if event.kind == "batch"][: len(losses)]


@pytest.mark.parametrize("step", [8, 14, 21])
def test_a_training_with_patience_goes_on_from_a_file_to_the_same_end(unbroken, step, tmp_path):
    whole, told = unbroken
    step = min((e.step for e in told if isinstance(e, SnapshotDue)), key=lambda s: abs(s - step))
    net, events = run(RECIPE, until=step)
    save_training(tmp_path / "last.safetensors", net, SPEC, events[-1].state)
    again = build(SPEC, seed=7)
    state = load_training(tmp_path / "last.safetensors", again)
    assert (state.best is None) == (events[-1].state.best is None)
    _, rest = run(RECIPE, state, again)
    assert same(weights(again), weights(whole))
    assert rest[-1].step == told[-1].step


def test_a_training_that_was_killed_after_its_last_epoch_ends_with_the_best_all_the_same(unbroken, tmp_path):
    whole, told = unbroken
    net, events = run(RECIPE, until=told[-1].step)
    save_training(tmp_path / "last.safetensors", net, SPEC, events[-1].state)
    again = build(SPEC, seed=7)
    _, rest = run(RECIPE, load_training(tmp_path / "last.safetensors", again), again)
    assert [event.kind for event in rest] == ["finished"]
    assert same(weights(again), weights(whole))


def test_patience_without_images_to_validate_on_is_refused():
    with pytest.raises(StudentError, match="no validation images"):
        train(build(SPEC, seed=0), blobs(100), RECIPE)


@pytest.mark.parametrize("patience", [0, -1, 1.5, True, "2"])
def test_patience_is_a_whole_number_from_one(patience):
    with pytest.raises(StudentError, match="patience"):
        TrainSpec(patience=patience)


def test_recipes_of_before_have_no_patience():
    old = {name: value for name, value in TrainSpec().to_dict().items() if name != "patience"}
    assert TrainSpec.from_dict(old) == TrainSpec()
    assert TrainSpec().patience is None
    assert TrainSpec.from_dict(TrainSpec(patience=3).to_dict()).patience == 3


# ---------------------------------------------------------------- training, measured as validation is


def test_training_images_are_measured_as_the_validation_images_are():
    # Wrong labels, changes and dropout: nothing of that is in this number.
    from cnn_core.data import AugmentSpec

    recipe = TrainSpec(
        batch_size=16, epochs=2, augment=AugmentSpec.lesson(), label_noise=0.5, precision="float32"
    )
    net = build(SPEC, seed=0)
    for event in train(net, blobs(100), recipe, blobs(40, seed=1)):
        if isinstance(event, Validated):
            plain = evaluate(net, blobs(100))
            assert event.training_count == 100
            assert event.training_accuracy == pytest.approx(plain.accuracy)
            assert event.training_loss == pytest.approx(plain.loss, rel=1e-5)


def test_of_many_training_images_500_are_measured_always_the_same():
    counts = [
        event.training_count
        for event in train(build(PRESETS["tiny"], seed=0), blobs(700), TrainSpec(epochs=1), blobs(40, seed=1))
        if isinstance(event, Validated)
    ]
    assert set(counts) == {500}
