"""On a GPU a step's passes are recorded and replayed: the numbers stay those of asking for each kernel."""

from __future__ import annotations

import pytest
import torch

from cnn_core.data import AugmentSpec, ImageSet, load_images
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import Dense, Dropout, Flatten
from cnn_core.training import BatchDone, TrainSpec, train
from cnn_core.training.fast.recorded import RecordedPasses

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="This machine has no CUDA device.")

DROPPING = ModelSpec(
    "dropping",
    (1, 28, 28),
    10,
    (Flatten(), Dense(64, activation="relu"), Dropout(0.5), Dense(10, activation="softmax")),
)


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Kernels that give the same numbers each time, so that equal means equal."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)


def images(count: int) -> ImageSet:
    return load_images("mnist", "train", fetch=False).take(count)


def trained(
    spec: ModelSpec, recipe: TrainSpec, count: int = 1_000
) -> tuple[dict[str, torch.Tensor], list[float]]:
    net = build(spec)
    losses = [event.loss for event in train(net, images(count), recipe) if isinstance(event, BatchDone)]
    return net.state_dict(), losses


@pytest.mark.parametrize(
    "spec", [PRESETS["lesson"], PRESETS["modern"], PRESETS["mlp"], DROPPING], ids=lambda s: s.name
)
@pytest.mark.parametrize("optimizer", ["rmsprop", "adamw", "sgd"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recorded_and_plain_trainings_come_to_the_same_weights(spec, optimizer, precision, monkeypatch):
    recipe = TrainSpec(epochs=2, optimizer=optimizer, precision=precision)
    weights, losses = trained(spec, recipe)
    monkeypatch.setattr(RecordedPasses, "__call__", lambda self, images, labels: self.passes(images, labels))
    plain_weights, plain_losses = trained(spec, recipe)

    assert losses == pytest.approx(plain_losses, rel=1e-3, abs=1e-3)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, plain_weights[name], rtol=1e-2, atol=1e-3)


def test_the_passes_are_really_recorded(monkeypatch):
    recorded = []
    record = RecordedPasses._record
    monkeypatch.setattr(
        RecordedPasses, "_record", lambda self, *batch: (recorded.append(1), record(self, *batch))[1]
    )
    trained(PRESETS["lesson"], TrainSpec(epochs=1))
    assert recorded == [1]


def test_changed_images_are_learnt_from_as_without_recording(monkeypatch):
    recipe = TrainSpec(epochs=1, augment=AugmentSpec.lesson(), precision="float32")
    _, losses = trained(PRESETS["tiny"], recipe)
    monkeypatch.setattr(RecordedPasses, "__call__", lambda self, images, labels: self.passes(images, labels))
    _, plain = trained(PRESETS["tiny"], recipe)
    assert losses == pytest.approx(plain, rel=1e-3, abs=1e-3)


def test_a_hook_that_comes_in_the_middle_is_called_at_each_step():
    net, calls = build(PRESETS["tiny"]), []
    for event in train(net, images(640), TrainSpec(epochs=1)):
        if isinstance(event, BatchDone) and event.step == 10:
            break
        if len(calls) == 0 and isinstance(event, BatchDone):
            net[0].register_forward_hook(lambda *_: calls.append(1))
    assert calls
