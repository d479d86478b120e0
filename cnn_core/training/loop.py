"""The training loop: a generator that changes the weights and reports what happens.

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

import torch
from torch import Tensor, nn

from cnn_core.data.datasets import ImageSet
from cnn_core.errors import Diverged, StudentError
from cnn_core.training.ahead import MEASURED_IMAGES
from cnn_core.training.early_stopping import EarlyStopping
from cnn_core.training.evaluation import Evaluation, evaluate
from cnn_core.training.events import BatchDone, Control, Event, Finished, SnapshotDue, TrainState, Validated
from cnn_core.training.fast.memory import keep_freed_memory
from cnn_core.training.hardware import training_device
from cnn_core.training.learner import Learner, StepResult, Task
from cnn_core.training.schedule import Timetable
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

    With patience in the recipe it may end early, and at the last event `net` has the weights of its best epoch.
    At each event the network's weights are those after its step (on a GPU: at each but a BatchDone), and its
    modes, its `.grad` and torch's random state are the caller's. While the generator lives, `net` may be on
    another device (`settings().device`); it comes back when the generator ends, is closed or fails. The last
    batch of an epoch may be smaller, as in Keras. Raises Diverged when the loss is no longer a number, and StudentError
    when there is nothing to train or to learn from, when `net` was designed for other images, or when the recipe has
    patience and there is nothing to validate on.
    """
    task = Task.of(net, data, spec)
    times = Timetable.of(spec, len(task.labels), 0 if validation is None else len(validation))
    if spec.patience is not None and not times.validate_after:
        raise StudentError(
            "Patience waits for a better validation, and there are no validation images.",
            hint="Leave out patience, or give images to validate on.",
        )
    if state is not None and not 0 <= state.step <= times.total:
        raise StudentError(
            f"This training stands at step {state.step:,}, and its recipe ends at step {times.total:,}.",
            hint="Choose more epochs, or start anew.",
        )
    return _events(task, times, validation, state, control)


def _events(
    task: Task,
    times: Timetable,
    validation: ImageSet | None,
    state: TrainState | None,
    control: Callable[[], Control | None] | None,
) -> Iterator[Event]:
    home = next(iter(task.weights.values())).device
    device = training_device()
    if device.type == "cpu":
        keep_freed_memory()
    try:
        task.net.to(device)
        learner = Learner(task, device, {} if state is None else state.optimizer)
        loop = _Loop(task, learner, times, validation, state or TrainState(), control)
        if state is None:
            yield loop.snapshot("scheduled")
        yield from loop.events()
    finally:
        if device != home:
            task.net.to(home)


class _Loop:
    """How far a training has come: the step, the time spent, the learning rate; and the events that say so."""

    def __init__(
        self,
        task: Task,
        learner: Learner,
        times: Timetable,
        validation: ImageSet | None,
        state: TrainState,
        control: Callable[[], Control | None] | None,
    ) -> None:
        self.net, self.learner, self.times = task.net, learner, times
        self.validation, self.control = validation, control
        self.measured = task.plain(MEASURED_IMAGES) if validation is not None else None
        self.early_stopping = EarlyStopping(task.spec.patience, state.best, task.spec.monitor)
        self.recipes_rate = task.spec.learning_rate
        self.step, self.seconds, self.chosen_rate = state.step, state.seconds, state.learning_rate
        self.speed = _Speed()
        # A GPU works ahead of Python; asking it for each loss would stop it each time. So its numbers are
        # fetched for several steps together. On the CPU they are there anyway.
        self.report_every = 1 if learner.device.type == "cpu" else CONTROL_STEPS

    def events(self) -> Iterator[Event]:
        """All that is still to come; a step is done when its event is asked for."""
        results: list[StepResult] = []  # not yet reported
        resumed = time.perf_counter()  # when the listener last handed back
        last_control = resumed  # when `control` was last asked
        while self.step < self.times.total and not self.early_stopping.is_over:
            results.append(self._next_step())
            reason = self.times.snapshot_reason(self.step)
            validate = self.step in self.times.validate_after
            if reason is None and not validate and self.step % self.report_every:
                continue
            yield from self._reports(results, resumed)
            results = []
            if validate:
                yield self._validated()
            if reason is not None:
                yield self.snapshot(reason)

            resumed = time.perf_counter()
            if self.control and (self.step % CONTROL_STEPS == 0 or resumed - last_control > CONTROL_SECONDS):
                wants_snapshot = self._obey(self.control())
                if wants_snapshot and reason is None:
                    yield self.snapshot("asked")
                resumed = last_control = time.perf_counter()
        self.early_stopping.put_back(self.net)
        yield Finished(self.step, self.times.epoch(self.step), self.seconds)

    def snapshot(self, reason: str) -> SnapshotDue:
        """The present state. Raises StudentError when a weight is no longer a number."""
        if not self.learner.weights_are_finite():
            raise self._diverged(self.step, "the weights grew beyond all numbers")
        state = TrainState(
            self.step,
            self.seconds,
            self.chosen_rate,
            self.learner.optimizer_state(),
            self.early_stopping.best,
        )
        return SnapshotDue(self.step, self.times.epoch(self.step), reason, state)

    def _next_step(self) -> StepResult:
        self.step += 1
        return self.learner.step(self.step, self.times.learning_rate(self.step, self._peak()))

    def _reports(self, results: list[StepResult], since: float) -> list[BatchDone]:
        """The events of steps that began at `since`. Raises StudentError for a loss that is not a number."""
        losses = _numbers([result.loss for result in results])  # waits for a GPU
        correct = _numbers([result.correct for result in results])
        elapsed = time.perf_counter() - since
        self.seconds += elapsed
        self.speed.add(sum(result.images for result in results), elapsed)
        for result, loss in zip(results, losses, strict=True):
            if not math.isfinite(loss):
                raise self._diverged(result.number, f"the loss became {loss}")
        return [
            BatchDone(
                step=result.number,
                epoch=self.times.epoch(result.number),
                loss=loss,
                accuracy=count / result.images,
                learning_rate=result.learning_rate,
                images_per_second=self.speed.images_per_second,
            )
            for result, loss, count in zip(results, losses, correct, strict=True)
        ]

    def _validated(self) -> Validated:
        assert self.validation is not None
        assert self.measured is not None
        result, training = self._read(self.validation), self._read(self.measured)
        if self.step % self.times.per_epoch == 0:
            by_loss = self.early_stopping.monitor == "val_loss"
            self.early_stopping.epoch_ended(result.loss if by_loss else result.accuracy, self.net)
        return Validated(
            self.step,
            self.times.epoch(self.step),
            result.loss,
            result.accuracy,
            result.count,
            training.loss,
            training.accuracy,
            training.count,
        )

    def _read(self, images: ImageSet) -> Evaluation:
        # In the training's own precision: in float32 it would take three times as long for the same curve.
        return evaluate(self.net, images, precision="bfloat16" if self.learner.in_bfloat16 else "float32")

    def _obey(self, answer: Control | None) -> bool:
        """Take over what a listener asked for; True if that includes a snapshot."""
        if answer is None:
            return False
        if answer.learning_rate is not None:
            self.chosen_rate = answer.learning_rate
        return answer.snapshot

    def _peak(self) -> float:
        return self.recipes_rate if self.chosen_rate is None else self.chosen_rate

    def _diverged(self, step: int, what: str) -> Diverged:
        rate = self.times.learning_rate(step or 1, self._peak())
        return Diverged(
            f"At step {step:,} {what}: with a learning rate of {rate:.2g} the steps are too long.",
            hint=f"Try a learning rate of {min(0.001, self._peak() / 10):.2g}.",
        )


def _numbers(values: list[Tensor]) -> list[float]:
    # One by one a GPU would be asked for them; and for one alone there is nothing to stack.
    return torch.stack(values).tolist() if len(values) > 1 else [value.item() for value in values]


class _Speed:
    """Images a second, lately: sums that forget a tenth with each report, so the first, slow step fades."""

    def __init__(self) -> None:
        self.images = self.seconds = 0.0

    def add(self, images: int, seconds: float) -> None:
        """So many images were learnt from, in so many seconds."""
        self.images = 0.9 * self.images + images
        self.seconds = 0.9 * self.seconds + seconds

    @property
    def images_per_second(self) -> float:
        """Of late."""
        return self.images / max(self.seconds, 1e-9)
