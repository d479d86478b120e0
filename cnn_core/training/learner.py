"""A training made ready: the network on its device, its optimizer and its images. It does one step when asked.

It keeps no time, reports nothing and decides nothing: that is `loop`'s. Chance is a pure function of the seed and the
step (the order: of the epoch), so step number 100 is the same whatever happened before it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.data.augment import augment
from cnn_core.data.datasets import ImageSet
from cnn_core.errors import StudentError
from cnn_core.model import Network
from cnn_core.model.modes import in_mode
from cnn_core.training.adversarial import attacked_in_part
from cnn_core.training.fast.aside import second_thread
from cnn_core.training.fast.parts import PassesInParts, one_thread, parts_for
from cnn_core.training.fast.passes import FastNetwork
from cnn_core.training.fast.recorded import Passes, RecordedPasses
from cnn_core.training.hardware import multiplies_in_bfloat16
from cnn_core.training.inputs import as_input, check_fit, order_of, with_label_noise
from cnn_core.training.optimizers import optimizer_for
from cnn_core.training.schedule import steps_per_epoch
from cnn_core.training.seeds import borrowed_random_state, derived_seed, generator
from cnn_core.training.spec import TrainSpec


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learnt, by which network and recipe: checked, and nothing moved or changed yet.

    net:     images (B, C, H, W) in [0, 1] -> logits (B, classes).
    weights: {name: weight} of those that may change.
    images:  (N, C, H, W), uint8 or float in [0, 1].
    labels:  (N,) int64, with the recipe's noise in them.
    spec:    the recipe.
    data:    the same images with their true labels.
    """

    net: nn.Module
    weights: dict[str, nn.Parameter]
    images: Tensor
    labels: Tensor
    spec: TrainSpec
    data: ImageSet

    def plain(self, count: int) -> ImageSet:
        """At most `count` of the images it learns from, unchanged and with their true labels; always the same ones."""
        return self.data if len(self.data) <= count else self.data.take(count, seed=self.spec.seed)

    @classmethod
    def of(cls, net: nn.Module, data: ImageSet, spec: TrainSpec) -> Task:
        """Raises StudentError when there is nothing to train or to learn from, or `net` is for other images."""
        if spec.train_size is not None and spec.train_size < len(data):
            data = data.take(spec.train_size, seed=spec.seed)
        if len(data) == 0:
            raise StudentError("There is no image to learn from.", hint="Choose another data set.")
        check_fit(net, data.images, data.labels)
        labels = data.labels
        if spec.label_noise:
            labels = with_label_noise(labels, spec.label_noise, len(data.classes), spec.seed)
        weights = {name: weight for name, weight in net.named_parameters() if weight.requires_grad}
        if not weights:
            raise StudentError(
                "This network has no weight that may change.", hint="Add a layer that has some."
            )
        return cls(net, weights, data.images, labels, spec, data)


@dataclass(frozen=True)
class StepResult:
    """One optimizer step. The tensors may still be on their way to being computed, by a GPU that works ahead.

    number:        of the step, from 1.
    learning_rate: it was done with.
    images:        how many it learnt from.
    loss:          scalar, mean cross-entropy in nats, before the step.
    correct:       scalar, how many of the images were answered rightly, before the step.
    """

    number: int
    learning_rate: float
    images: int
    loss: Tensor
    correct: Tensor


class Learner:
    """Does the optimizer steps of one task, in any number and order.

    task:      what to learn; its network must be on `device` already, and stays there.
    device:    where to compute.
    optimizer: the tensors of an earlier `optimizer_state`, to go on from there.
    Raises StudentError when these are of another network.
    """

    def __init__(self, task: Task, device: torch.device, optimizer: dict[str, Tensor]) -> None:
        self.spec, self.device = task.spec, device
        self.images, self.labels = task.images.to(device), task.labels.to(device)
        self.per_epoch = steps_per_epoch(len(self.labels), self.spec.batch_size)
        self.in_bfloat16 = self.spec.precision == "bfloat16" or (
            self.spec.precision == "auto" and multiplies_in_bfloat16(device)
        )
        self.net, self.network = task.net, FastNetwork(task.net, self.in_bfloat16)
        self.network.share_with(second_thread())
        self.named_weights, self.weights = task.weights, list(task.weights.values())
        self.kernels = [weight for weight in self.weights if weight.dim() > 1]
        self.modules = list(task.net.modules())
        # Of our layers only dropout draws from the global random state; what others' do, nobody knows.
        self.draws_globally = not isinstance(task.net, Network) or any(
            isinstance(module, nn.Dropout) for module in self.modules
        )
        self.passes: Passes = self._passes
        # The attack of adversarial training goes through the whole network with all threads.
        parts = 1 if self.spec.adversarial else parts_for(task.net, self.spec.batch_size, device)
        self.in_parts = None
        if parts > 1 and isinstance(task.net, Network):
            self.in_parts = PassesInParts(task.net, self.in_bfloat16, self._slope, parts)
        if device.type == "cuda" and isinstance(task.net, Network):
            self.passes = RecordedPasses(self._passes, self.weights, self.network.is_hooked)
        self.optimizer = optimizer_for(self.spec, self.weights)
        self._restore(optimizer)
        self._order: tuple[int, Tensor] | None = None  # the epoch, and its order of the images

    def step(self, number: int, learning_rate: float) -> StepResult:
        """Do optimizer step `number`, from 1. Does not wait for a GPU to finish it.

        Between steps the network is the listener's: its modes and gradients are put back, also after an error.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        listeners_grads = [weight.grad for weight in self.weights]
        with (
            torch.inference_mode(False),
            nullcontext() if self.in_parts is None else one_thread(),
            self._random_state(number),
            in_mode(self.modules, training=True),
        ):
            try:
                for weight in self.weights:
                    weight.grad = None
                images, labels = self._batch(number)
                loss, correct = self.passes(images, labels)
                self._add_l2()
                self.optimizer.step()
            finally:
                for weight, grad in zip(self.weights, listeners_grads, strict=True):
                    weight.grad = grad
        return StepResult(number, learning_rate, len(labels), loss, correct)

    def _passes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Forward and backward: the loss and how many were right; each weight has its `.grad` then."""
        if self.in_parts is not None and not self.network.is_hooked():  # a hook waits for the whole batch
            return self.in_parts(images, labels)
        logits = self.network.forward(images)
        loss, gradient = self._slope(logits, labels)
        self.network.backward(gradient)
        return loss, (logits.argmax(1) == labels).sum()

    def _slope(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(logits, labels, self.spec.label_smoothing)

    def _add_l2(self) -> None:
        """Add the slope of l2 · (sum of the squares of all kernels): 2 · l2 · w, whoever computed the other slopes."""
        if self.spec.l2 == 0.0:
            return
        with torch.no_grad():
            for kernel in self.kernels:
                if kernel.grad is not None:
                    kernel.grad.add_(kernel, alpha=2 * self.spec.l2)

    def weights_are_finite(self) -> bool:
        """Whether every weight is still a number."""
        return all(weight.isfinite().all() for weight in self.weights)

    def optimizer_state(self) -> dict[str, Tensor]:
        """Copies on the CPU: {"conv2d_1.conv.weight/mean_square": tensor}."""
        return {
            f"{name}/{key}": value.detach().to("cpu", copy=True).contiguous()
            for name, weight in self.named_weights.items()
            for key, value in self.optimizer.state.get(weight, {}).items()
            if isinstance(value, Tensor)
        }

    def _restore(self, tensors: dict[str, Tensor]) -> None:
        for name, value in tensors.items():
            weight_name, _, key = name.rpartition("/")
            weight = self.named_weights.get(weight_name)
            if weight is None or value.shape not in (weight.shape, torch.Size([])):
                raise StudentError(
                    f"The saved state of the optimizer does not fit this network ({weight_name}).",
                    hint="Start the training anew.",
                )
            # Laid out in memory like the weight: the fused optimizers walk through both side by side.
            like = weight if value.shape == weight.shape else value
            self.optimizer.state[weight][key] = torch.empty_like(
                like, dtype=value.dtype, device=self.device, requires_grad=False
            ).copy_(value)

    def _random_state(self, step: int) -> AbstractContextManager[None]:
        if not self.draws_globally:
            return nullcontext()
        return borrowed_random_state(derived_seed(self.spec.seed, "step", step), self.device)

    def _indices(self, step: int) -> Tensor:
        """Which images step number `step` learns from: (B,) int64."""
        epoch, batch = divmod(step - 1, self.per_epoch)
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, order_of(len(self.labels), self.spec.seed, epoch).to(self.device)
        first = batch * self.spec.batch_size
        return self._order[1][first : first + self.spec.batch_size]

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        """What step number `step` learns from: images (B, C, H, W) in [0, 1] and labels (B,)."""
        indices = self._indices(step)
        images = as_input(self.images.index_select(0, indices))
        if self.spec.augment is not None:
            chance = generator(self.spec.seed, "augment", step)
            images = as_input(augment(images, self.spec.augment, chance))
        labels = self.labels.index_select(0, indices)
        if self.spec.adversarial:
            images = attacked_in_part(self.net, self.modules, images, labels, self.spec.adversarial)
        return images, labels


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The loss to report, and the gradient to learn from.

    logits:          (B, K), before the softmax.
    labels:          (B,) int64.
    label_smoothing: the part of each target that is shared out among all classes alike.
    Returns the mean cross-entropy in nats, a scalar, and the gradient (B, K) of the smoothed loss by the logits:
    (softmax - target) / B, where the target of an image's class is 1 and that of the others 0, before smoothing. The
    reported loss has no smoothing in it, so that it compares with a validation's: smoothing costs something even where
    every answer is right.
    Source: Bishop 2006, section 4.3.4; smoothing: Szegedy et al. 2016, section 7.
    """
    count, classes = logits.shape
    log_softmax = logits.log_softmax(1)
    target = torch.full_like(logits, label_smoothing / classes)
    target.scatter_(1, labels[:, None], 1 - label_smoothing * (classes - 1) / classes)
    return F.nll_loss(log_softmax, labels), log_softmax.exp().sub_(target).div_(count)
