"""The training loop: a generator that changes the weights and tells what happens.

    net = build(PRESETS["lesson"], seed=0)
    for event in train(net, load_images("mnist", "train"), RECIPES["lesson"]):
        print(event)

To stop, stop asking. Nothing here knows of a screen, a file or a clock on the wall. Chance is a pure function
of the seed and the step (the order of the epoch), so a training that was killed goes on from a snapshot and
its `TrainState` to the very weights it would have had, bit for bit on the same machine with the same number
of threads.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.data.augment import augment
from cnn_core.data.datasets import ImageSet
from cnn_core.errors import StudentError
from cnn_core.model import Network
from cnn_core.training.evaluation import evaluate, in_mode
from cnn_core.training.events import BatchDone, Control, Event, Finished, SnapshotDue, TrainState, Validated
from cnn_core.training.fast.memory import keep_freed_memory
from cnn_core.training.fast.passes import Passes
from cnn_core.training.hardware import multiplies_in_bfloat16, training_device
from cnn_core.training.inputs import as_input, check_fit, order_of, with_label_noise
from cnn_core.training.optimizers import optimizer_for
from cnn_core.training.schedule import learning_rate_at, snapshot_reason, steps_per_epoch, validation_steps
from cnn_core.training.seeds import borrowed_random_state, derived_seed, generator
from cnn_core.training.spec import TrainSpec

CONTROL_STEPS = 10  # `control` is asked after so many steps,
CONTROL_SECONDS = 0.5  # or when this much time has passed, for networks that are slow


def train(
    net: nn.Module,
    data: ImageSet,
    spec: TrainSpec,
    validation: ImageSet | None = None,
    *,
    state: TrainState | None = None,
    control: Callable[[], Control | None] | None = None,
) -> Iterator[Event]:
    """Train `net` in place on `data` by the recipe `spec`, and report each step.

    net:        images (B, C, H, W) in [0, 1] -> logits (B, classes).
    data:       all of it is used (or `spec.train_size` of it); nothing is kept aside here.
    validation: measured now and then, always all of it, so that the points of the curve compare; the larger
                it is beside `data`, the fewer the points within an epoch (`validation_steps`).
    state:      of an earlier SnapshotDue, with that snapshot's weights in `net`: go on from there.
    control:    asked every 10 steps or half second; may answer a `Control`.

    At each event the network's weights are those after its step (on a GPU: at each but a BatchDone), and its
    modes, its `.grad` and torch's random state are the caller's. While the generator lives, `net` may be on
    another device (`settings().device`); it comes back when the generator ends, is closed or fails. The last
    batch of an epoch may be smaller, as in Keras. Raises StudentError when the loss is no longer a number, when
    there is nothing to train or to learn from, or when `net` was designed for other images.
    """
    return _Training(net, data, spec, validation, state, control).run()


def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The loss to tell, and the gradient (B, K) to learn from, for logits (B, K) and labels (B,).

    The loss is the mean cross-entropy in nats. The gradient is (softmax - target) / B, where the target of an image's
    class is 1, and that of the others 0. With smoothing s a part of s is shared out among all classes alike: that is
    learnt from and not told, for it costs something even when all is right, beside a validation's loss that does not.
    Source: Bishop 2006, section 4.3.4; smoothing: Szegedy et al. 2016, section 7.
    """
    count, classes = logits.shape
    log_softmax = logits.log_softmax(1)
    target = torch.full_like(logits, label_smoothing / classes)
    target.scatter_(1, labels[:, None], 1 - label_smoothing * (classes - 1) / classes)
    return F.nll_loss(log_softmax, labels), log_softmax.exp().sub_(target).div_(count)


class _Training:
    """One training under way: what stays the same from step to step, and what changes, in one place."""

    def __init__(
        self,
        net: nn.Module,
        data: ImageSet,
        spec: TrainSpec,
        validation: ImageSet | None,
        state: TrainState | None,
        control: Callable[[], Control | None] | None,
    ) -> None:
        if spec.train_size is not None and spec.train_size < len(data):
            data = data.take(spec.train_size, seed=spec.seed)
        if len(data) == 0:
            raise StudentError("There is no image to learn from.", hint="Choose another data set.")
        check_fit(net, data.images, data.labels)
        self.net, self.spec, self.validation, self.control = net, spec, validation, control
        self.images, self.labels = data.images, data.labels
        if spec.label_noise:
            self.labels = with_label_noise(self.labels, spec.label_noise, len(data.classes), spec.seed)
        self.weights = {name: p for name, p in net.named_parameters() if p.requires_grad}
        if not self.weights:
            raise StudentError(
                "This network has no weight that may change.", hint="Add a layer that has some."
            )

        self.modules = list(net.modules())
        # Of our layers only dropout draws from the global random state; what others' do, nobody knows.
        self.takes_chances = not isinstance(net, Network) or any(
            isinstance(m, nn.Dropout) for m in self.modules
        )
        self.per_epoch = steps_per_epoch(len(self.labels), spec.batch_size)
        self.total = self.per_epoch * spec.epochs
        self.is_new = state is None
        state = state or TrainState()
        if not 0 <= state.step <= self.total:
            raise StudentError(
                f"This training stands at step {state.step:,}, and its recipe ends at step {self.total:,}.",
                hint="Choose more epochs, or start anew.",
            )
        self.first_state = state
        self.step, self.seconds, self.chosen_rate = state.step, state.seconds, state.learning_rate
        self.speed = _Speed()
        self.order: tuple[int, Tensor] | None = None  # of which epoch, and the order

    def run(self) -> Iterator[Event]:
        found_on = next(iter(self.weights.values())).device
        self.device = training_device()
        if self.device.type == "cpu":
            keep_freed_memory()
        self.half = self.spec.precision == "bfloat16" or (
            self.spec.precision == "auto" and multiplies_in_bfloat16(self.device)
        )
        try:
            self.net.to(self.device)
            self.images, self.labels = self.images.to(self.device), self.labels.to(self.device)
            self.passes = Passes(self.net, self.half)
            self.optimizer = optimizer_for(self.spec, list(self.weights.values()))
            self._restore(self.first_state)
            yield from self._events()
        finally:
            if self.device != found_on:
                self.net.to(found_on)

    def _events(self) -> Iterator[Event]:
        validate_after: frozenset[int] = frozenset()
        if self.validation is not None and len(self.validation):
            validate_after = validation_steps(
                self.spec.epochs, len(self.labels), len(self.validation), self.per_epoch
            )
        # A GPU works ahead of Python; asking it for each loss would stop it each time. So its numbers are
        # fetched for several steps together. On the CPU they are there anyway.
        report_every = 1 if self.device.type == "cpu" else CONTROL_STEPS
        learnt: list[_Learnt] = []
        if self.is_new:
            yield self._snapshot("scheduled")

        resumed = asked = time.perf_counter()  # when the listener last handed back
        while self.step < self.total:
            learnt.append(self._learn(self.step + 1))
            self.step += 1
            reason = snapshot_reason(self.step, self.per_epoch, self.total)
            validate = self.step in validate_after
            if reason is None and not validate and self.step % report_every:
                continue
            reports = self._reports(learnt, resumed)
            learnt = []
            yield from reports
            if validate:
                yield self._validated()
            if reason is not None:
                yield self._snapshot(reason)

            resumed = time.perf_counter()
            if self.control and (self.step % CONTROL_STEPS == 0 or resumed - asked > CONTROL_SECONDS):
                answer = self.control()
                if answer is not None and answer.learning_rate is not None:
                    self.chosen_rate = answer.learning_rate
                if answer is not None and answer.snapshot and reason is None:
                    yield self._snapshot("asked")
                resumed = asked = time.perf_counter()
        yield Finished(self.step, self.step / self.per_epoch, self.seconds)

    def _reports(self, learnt: list[_Learnt], since: float) -> list[BatchDone]:
        """What to tell about steps that began at `since`. Raises StudentError for a loss that is none."""
        losses = _numbers([step.loss for step in learnt])  # waits for a GPU
        rights = _numbers([step.right for step in learnt])
        elapsed = time.perf_counter() - since
        self.seconds += elapsed
        self.speed.add(sum(step.images for step in learnt), elapsed)
        for step, loss in zip(learnt, losses, strict=True):
            if not math.isfinite(loss):
                raise self._diverged(step.number, f"the loss became {loss}")
        return [
            BatchDone(
                step=step.number,
                epoch=step.number / self.per_epoch,
                loss=loss,
                accuracy=right / step.images,
                learning_rate=step.learning_rate,
                images_per_second=self.speed.images_per_second,
            )
            for step, loss, right in zip(learnt, losses, rights, strict=True)
        ]

    def _learn(self, step: int) -> _Learnt:
        """Optimizer step number `step`, from 1. Does not wait for a GPU to finish it."""
        spec = self.spec
        weights = list(self.weights.values())
        rate = learning_rate_at(step, self.total, self._peak(), spec.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # Between events the network is the listener's: its modes and gradients are put back after each step.
        listeners_grads = [weight.grad for weight in weights]
        with (
            torch.inference_mode(False),
            self._chance(step),
            in_mode(self.modules, training=True),
        ):
            try:
                for weight in weights:
                    weight.grad = None
                images, labels = self._batch(step)
                logits = self.passes.forward(images)
                loss, gradient = cross_entropy(logits, labels, spec.label_smoothing)
                self.passes.backward(gradient)
                self.optimizer.step()
            finally:
                for weight, grad in zip(weights, listeners_grads, strict=True):
                    weight.grad = grad
        return _Learnt(step, rate, len(labels), loss, (logits.argmax(1) == labels).sum())

    def _chance(self, step: int) -> AbstractContextManager[None]:
        if not self.takes_chances:
            return nullcontext()
        return borrowed_random_state(derived_seed(self.spec.seed, "step", step), self.device)

    def _peak(self) -> float:
        return self.spec.learning_rate if self.chosen_rate is None else self.chosen_rate

    def _indices(self, step: int) -> Tensor:
        """Which images step number `step` learns from: (B,) int64."""
        epoch, batch = divmod(step - 1, self.per_epoch)
        if self.order is None or self.order[0] != epoch:
            self.order = epoch, order_of(len(self.labels), self.spec.seed, epoch).to(self.device)
        first = batch * self.spec.batch_size
        return self.order[1][first : first + self.spec.batch_size]

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        """What step number `step` learns from: images (B, C, H, W) in [0, 1] and labels (B,)."""
        chosen = self._indices(step)
        images = as_input(self.images.index_select(0, chosen))
        if self.spec.augment is not None:
            chance = generator(self.spec.seed, "augment", step)
            images = as_input(augment(images, self.spec.augment, chance))
        return images, self.labels.index_select(0, chosen)

    def _validated(self) -> Validated:
        # In the training's own precision: in float32 it would take three times as long for the same curve.
        assert self.validation is not None
        result = evaluate(self.net, self.validation, precision="bfloat16" if self.half else "float32")
        return Validated(self.step, self.step / self.per_epoch, result.loss, result.accuracy, result.count)

    def _snapshot(self, reason: str) -> SnapshotDue:
        if not all(weight.isfinite().all() for weight in self.weights.values()):
            raise self._diverged(self.step, "the weights grew beyond all numbers")
        tensors = {
            f"{name}/{key}": value.detach().to("cpu", copy=True).contiguous()
            for name, weight in self.weights.items()
            for key, value in self.optimizer.state.get(weight, {}).items()
            if isinstance(value, Tensor)
        }
        state = TrainState(self.step, self.seconds, self.chosen_rate, tensors)
        return SnapshotDue(self.step, self.step / self.per_epoch, reason, state)

    def _restore(self, state: TrainState) -> None:
        for name, value in state.optimizer.items():
            weight_name, _, key = name.rpartition("/")
            weight = self.weights.get(weight_name)
            if weight is None or value.shape not in (weight.shape, torch.Size([])):
                raise StudentError(
                    f"The saved state of the optimizer does not fit this network ({weight_name}).",
                    hint="Start the training anew.",
                )
            # Laid out in memory like the weight: the fused optimisers walk through both side by side.
            like = weight if value.shape == weight.shape else value
            self.optimizer.state[weight][key] = torch.empty_like(
                like, dtype=value.dtype, device=self.device, requires_grad=False
            ).copy_(value)

    def _diverged(self, step: int, what: str) -> StudentError:
        rate = learning_rate_at(step or 1, self.total, self._peak(), self.spec.schedule)
        return StudentError(
            f"At step {step:,} {what}: with a learning rate of {rate:.2g} the steps are too long.",
            hint=f"Try a learning rate of {min(0.001, self._peak() / 10):.2g}.",
        )


@dataclass(frozen=True)
class _Learnt:
    """One optimizer step. What came of it is perhaps still on a GPU."""

    number: int
    learning_rate: float
    images: int
    loss: Tensor  # (), in nats
    right: Tensor  # (), how many images were


def _numbers(values: list[Tensor]) -> list[float]:
    # One by one a GPU would be asked for them; and for one alone there is nothing to stack.
    return torch.stack(values).tolist() if len(values) > 1 else [value.item() for value in values]


class _Speed:
    """Images a second, lately: sums that forget a tenth with each report, so the first, slow step fades."""

    def __init__(self) -> None:
        self.images = self.seconds = 0.0

    def add(self, images: int, seconds: float) -> None:
        self.images = 0.9 * self.images + images
        self.seconds = 0.9 * self.seconds + seconds

    @property
    def images_per_second(self) -> float:
        return self.images / max(self.seconds, 1e-9)
