"""Takes a network's measurements while it learns, on a copy: the training cannot notice.

The copy is in training mode, so that batch normalisation goes by the batch as it does while learning, but nothing
drops out: no random number is drawn, and the same weights give the same measurement.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.data import ImageSet
from cnn_core.doctor.cures import with_relu
from cnn_core.doctor.health import Check, Comparison, LayerHealth
from cnn_core.model import ModelSpec, Network, build
from cnn_core.model.network import Activated
from cnn_core.training import BatchDone, TrainSpec, evaluate, train
from cnn_core.training.inputs import as_input

CHECKED_IMAGES = 256  # at once: the lesson's convnet takes about 0.1 s for them on one core
COMPARED_STEPS = 100  # of the net with relu, at most
COMPARED_SECONDS = 5.0  # ... and no longer than this
COMPARED_IMAGES = 1_000  # of the validation images, on which it is read


@dataclass(frozen=True)
class CheckImages:
    """The few training images of every check of one run: images (N, C, H, W) as they are kept, labels (N,) int64."""

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, images: ImageSet, recipe: TrainSpec) -> CheckImages:
        """Of the images that the recipe learns from, so many chosen by its seed."""
        if recipe.train_size is not None and recipe.train_size < len(images):
            images = images.take(recipe.train_size, seed=recipe.seed)
        few = images.take(CHECKED_IMAGES, seed=recipe.seed)
        return cls(few.images, few.labels)


def check(net: nn.Module, images: CheckImages, step: int, epoch: float) -> Check:
    """Measure a network as it is after `step` steps. It is left as found: weights, averages, modes, random state."""
    device = next((weight.device for weight in net.parameters()), torch.device("cpu"))
    labels = images.labels.to(device)
    twin = copy.deepcopy(net)
    for module in twin.modules():
        module.training = not isinstance(module, nn.Dropout)
    with torch.inference_mode(False), torch.enable_grad():
        for weight in twin.parameters():
            weight.requires_grad_(True)
            weight.grad = None
        logits, silent = _forward(twin, as_input(images.images.to(device)))
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    classes = logits.shape[1]
    return Check(
        step=step,
        epoch=epoch,
        loss=loss.item(),
        layers=tuple(
            LayerHealth(name, _gradient(layer), silent.get(name))
            for name, layer in twin.named_children()
            if name in silent or _gradient(layer) is not None
        ),
        answers=_counts(logits.argmax(1), classes),
        labels=_counts(labels, classes),
    )


def _forward(net: nn.Module, values: Tensor) -> tuple[Tensor, dict[str, float]]:
    """Logits (B, classes), and {layer with a relu: share of its filters or units that stay at 0}."""
    silent = {}
    for name, layer in net.named_children():
        values = layer(values)
        if isinstance(layer, Activated) and layer.activation_name == "relu":
            strongest = values.detach().amax(dim=[i for i in range(values.dim()) if i != 1])  # (C,)
            silent[name] = (strongest <= 0).double().mean().item()
    return values.float(), silent


def _gradient(layer: nn.Module) -> float | None:
    squares = [w.grad.double().square() for w in layer.parameters() if w.dim() > 1 and w.grad is not None]
    return torch.cat([one.flatten() for one in squares]).mean().sqrt().item() if squares else None


def _counts(indices: Tensor, classes: int) -> tuple[int, ...]:
    return tuple(torch.bincount(indices.cpu(), minlength=classes).tolist())


def compare_with_relu(
    spec: ModelSpec, recipe: TrainSpec, images: ImageSet, validation: ImageSet, steps: int
) -> Comparison | None:
    """Train the same design with relu in place of its sigmoids and tanhs, for a moment, by the same recipe.

    steps: how far at most; never more than COMPARED_STEPS, nor longer than COMPARED_SECONDS.
    None where the design has nothing to replace, or was too slow to do a step.
    """
    better = with_relu(spec)
    if better is None:
        return None
    net: Network = build(better, seed=recipe.seed)
    done, epoch, began = 0, 0.0, time.monotonic()
    for event in train(net, images, recipe):
        if isinstance(event, BatchDone):
            done, epoch = event.step, event.epoch
            if done >= min(steps, COMPARED_STEPS) or time.monotonic() - began > COMPARED_SECONDS:
                break
    if not done:
        return None
    few = validation.take(COMPARED_IMAGES)
    result = evaluate(net, few)
    gradients = check(net, CheckImages.of(images, recipe), done, epoch).gradients
    return Comparison(done, result.accuracy, result.count, gradients)
