"""One step of learning, with everything that happens in it kept: maps, losses, gradients, weights before and after.

It is done on a copy, as the training does it: by the batch's own averages where there is batch normalisation, by the
recipe's optimiser, its label smoothing and its L2. Only dropout rests, so that the same batch gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.checks import whole_number
from cnn_core.data import ImageSet
from cnn_core.errors import StudentError
from cnn_core.insight.look.twin import checked_images
from cnn_core.model.network import Network, build
from cnn_core.training import TrainSpec
from cnn_core.training.fast.passes import inner_product
from cnn_core.training.learner import Learner, Task, cross_entropy
from cnn_core.training.optimizers import optimizer_for
from cnn_core.training.schedule import Timetable
from cnn_core.training.spec import checked_learning_rate

MOST_IMAGES = 64  # whose maps are kept: a page shows four


@dataclass(frozen=True, eq=False)
class Change:
    """One tensor of weights in this step, all of its shape, on the CPU.

    gradient: of the loss by each weight; L2's part is in it.
    memory:   what the optimiser remembered of it before the step: {"exp_avg": tensor}; {} where it begins.
    """

    before: Tensor
    gradient: Tensor
    after: Tensor
    memory: Mapping[str, Tensor]

    @property
    def move(self) -> Tensor:
        """after - before."""
        return self.after - self.before

    @property
    def size(self) -> float:
        """Root of the mean square of the gradient."""
        return _rms(self.gradient)


@dataclass(frozen=True, eq=False)
class OneStep:
    """All of one step. B images, K classes.

    images, labels: (B, C, H, W) in [0, 1], (B,).
    maps:           {layer: (B, ...)}, what leaves each layer; the last one's are the scores (logits).
    gradients:      {layer: the same shape}, of the mean loss by each of those numbers.
    pixels:         (B, C, H, W), the same gradient by the pixels.
    losses:         (B,), cross-entropy in nats, before the step; losses_after with the new weights.
    probabilities:  (B, K); probabilities_after the same with the new weights.
    weights:        {"conv2d_1.conv.weight": Change}, in the net's order.
    learning_rate:  of the step.
    recipe:         whose optimiser it is.
    """

    images: Tensor
    labels: Tensor
    maps: dict[str, Tensor]
    gradients: dict[str, Tensor]
    pixels: Tensor
    losses: Tensor
    losses_after: Tensor
    probabilities: Tensor
    probabilities_after: Tensor
    weights: dict[str, Change]
    learning_rate: float
    recipe: TrainSpec

    @property
    def fell(self) -> Tensor:
        """(B,) bool, whose loss is smaller after the step; a step is for the mean, and one may well rise."""
        return self.losses_after < self.losses

    @property
    def sizes(self) -> dict[str, float]:
        """{layer: root of the mean square of the gradient of its weights and biases together}."""
        return {
            layer: _rms(torch.cat([one.gradient.flatten() for one in changes]))
            for layer, changes in self._by_layer().items()
        }

    @property
    def moves(self) -> dict[str, float]:
        """{layer: how far its weights moved, on the mean}; biases apart."""
        far = {}
        for layer, changes in self._by_layer().items():
            kernels = [one for one in changes if one.before.ndim > 1] or changes
            far[layer] = torch.cat([one.move.abs().flatten() for one in kernels]).mean().item()
        return far

    def _by_layer(self) -> dict[str, list[Change]]:
        layers: dict[str, list[Change]] = {}
        for name, change in self.weights.items():
            layers.setdefault(name.partition(".")[0], []).append(change)
        return layers


def one_step(
    net: Network,
    images: Tensor,
    labels: Tensor,
    recipe: TrainSpec,
    *,
    learning_rate: float | None = None,
    memory: Mapping[str, Tensor] | None = None,
) -> OneStep:
    """Do one step on a copy of `net`, and keep all of it.

    net:           at any moment of its training, best an early one: a finished net has nothing left to learn.
    images:        (B, C, H, W) in [0, 1] or uint8.
    labels:        (B,) int64.
    recipe:        its optimiser, label smoothing and L2 count.
    learning_rate: of this step; None is the recipe's.
    memory:        the optimiser's, as `Learner.optimizer_state` and `TrainState.optimizer` have it; None: it begins.
    Raises StudentError for images of another shape, more than MOST_IMAGES, or a memory of another network.
    """
    images, labels = _checked(net, images, labels)
    rate = recipe.learning_rate if learning_rate is None else checked_learning_rate(learning_rate)
    student = _Student(net, recipe, rate, memory or {})
    maps, gradients, pixels = student.forward_and_back(images, labels)
    logits = next(reversed(maps.values()))
    before = {name: weight.detach().clone() for name, weight in student.weights.items()}
    memories = student.memory()
    student.optimizer.step()
    logits_after = student.logits(images)
    return OneStep(
        images=images,
        labels=labels,
        maps=maps,
        gradients=gradients,
        pixels=pixels,
        losses=F.cross_entropy(logits, labels, reduction="none"),
        losses_after=F.cross_entropy(logits_after, labels, reduction="none"),
        probabilities=logits.softmax(1),
        probabilities_after=logits_after.softmax(1),
        weights={
            name: Change(before[name], student.gradient(name), weight.detach().clone(), memories[name])
            for name, weight in student.weights.items()
        },
        learning_rate=rate,
        recipe=recipe,
    )


def losses_of_steps(
    net: Network,
    images: Tensor,
    labels: Tensor,
    recipe: TrainSpec,
    steps: int,
    *,
    learning_rate: float | None = None,
    memory: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """The loss of each image before and after each of so many steps on the same batch: (steps + 1, B).

    Arguments and errors as `one_step`. A loss that grows beyond all numbers is told as it is: inf or nan.
    """
    whole_number(steps, "The number of steps", 0, 1_000)
    images, labels = _checked(net, images, labels)
    rate = recipe.learning_rate if learning_rate is None else checked_learning_rate(learning_rate)
    student = _Student(net, recipe, rate, memory or {})
    losses = []
    for _ in range(steps):
        maps, _, _ = student.forward_and_back(images, labels)
        losses.append(F.cross_entropy(next(reversed(maps.values())), labels, reduction="none"))
        student.optimizer.step()
    losses.append(F.cross_entropy(student.logits(images), labels, reduction="none"))
    return torch.stack(losses)


@dataclass(frozen=True, eq=False)
class Moment:
    """A training as it stands after some steps: its network, what its optimiser remembers, and the next step's rate."""

    step: int
    net: Network
    memory: dict[str, Tensor]
    learning_rate: float


def moment_after(net: Network, data: ImageSet, recipe: TrainSpec, steps: int) -> Moment:
    """Train a copy of `net` for so many steps, as the training itself would: a snapshot's weights and the memory too.

    net:  as it was before its first step: `build(spec, seed=recipe.seed)` for a run of ours.
    data: the images it learns from.
    Raises StudentError as `train` does, and for more steps than the recipe has.
    """
    copied = _copy_of(net)
    task = Task.of(copied, data, recipe)
    times = Timetable.of(recipe, len(task.labels), 0)
    whole_number(steps, "The number of steps", 0, times.total)
    learner = Learner(task, torch.device("cpu"), {})
    for number in range(1, steps + 1):
        learner.step(number, times.learning_rate(number, recipe.learning_rate))
    following = times.learning_rate(min(steps + 1, times.total), recipe.learning_rate)
    copied.zero_grad()  # the last step's gradients are as large as the weights, and nobody asks for them
    return Moment(steps, copied.eval(), learner.optimizer_state(), following)


class _Student:
    """A copy of a network that learns as the training does; nobody's hooks are on it."""

    def __init__(self, net: Network, recipe: TrainSpec, rate: float, memory: Mapping[str, Tensor]) -> None:
        self.net, self.recipe = _copy_of(net), recipe
        for module in self.net.modules():
            module.training = not isinstance(module, nn.Dropout)
        self.weights = dict(self.net.named_parameters())
        if not self.weights:
            raise StudentError(
                "This network has no weight that may change.", hint="Add a layer that has some."
            )
        self.optimizer = optimizer_for(
            replace(recipe, learning_rate=rate, check_limits=False), list(self.weights.values())
        )
        for key, value in memory.items():
            name, _, what = key.rpartition("/")
            if name not in self.weights or value.shape not in (self.weights[name].shape, torch.Size([])):
                raise StudentError(
                    f"What the optimiser remembers does not fit this network ({name}).",
                    hint="Begin with an empty memory.",
                )
            self.optimizer.state[self.weights[name]][what] = value.detach().clone()

    def forward_and_back(
        self, images: Tensor, labels: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        """The maps of each layer, their gradients, and the pixels'; each weight has its `.grad` then."""
        with torch.inference_mode(False), torch.enable_grad():
            for weight in self.weights.values():
                weight.grad = None  # the optimiser's own `zero_grad` imports torch's compiler: 150 MB, 2 s
            pixels = images.clone().requires_grad_()
            values, maps = pixels, {}
            for name, layer in self.net.named_children():
                values = layer(values)
                values.retain_grad()
                maps[name] = values
            _, gradient = cross_entropy(values.detach(), labels, self.recipe.label_smoothing)
            inner_product(values, gradient).backward()
        if self.recipe.l2:
            for weight in self.weights.values():
                if weight.ndim > 1 and weight.grad is not None:
                    weight.grad.add_(weight.detach(), alpha=2 * self.recipe.l2)
        given = {name: _given(value) for name, value in maps.items()}
        return {name: value.detach() for name, value in maps.items()}, given, _given(pixels)

    def gradient(self, name: str) -> Tensor:
        """Of one tensor of weights; zeros where nothing depends on it."""
        return _given(self.weights[name])

    def memory(self) -> dict[str, dict[str, Tensor]]:
        """{weight: {"exp_avg": tensor}}, copied."""
        return {
            name: {
                key: value.detach().clone()
                for key, value in self.optimizer.state.get(weight, {}).items()
                if isinstance(value, Tensor)
            }
            for name, weight in self.weights.items()
        }

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """What the network makes of them as it is while it learns."""
        return self.net(images)


def _copy_of(net: Network) -> Network:
    copied = build(net.spec)
    copied.load_state_dict(net.state_dict())  # into float32, whatever a snapshot keeps
    return copied


def _given(values: Tensor) -> Tensor:
    return torch.zeros_like(values).detach() if values.grad is None else values.grad.detach().clone()


def _rms(values: Tensor) -> float:
    return values.double().square().mean().sqrt().item()


def _checked(net: Network, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    pixels = checked_images(images, net.spec.input_shape).cpu()
    if len(pixels) > MOST_IMAGES:
        raise StudentError(
            f"{len(pixels)} images are too many to watch.", hint=f"Take {MOST_IMAGES} at most."
        )
    labels = labels.cpu()
    if labels.shape != (len(pixels),) or labels.min() < 0 or labels.max() >= net.spec.classes:
        raise StudentError(
            f"{len(pixels)} images need as many labels, from 0 to {net.spec.classes - 1}.",
            hint="Give one for each image.",
        )
    return pixels, labels
