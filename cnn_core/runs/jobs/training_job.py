"""The job "training": from the last snapshot, or the beginning, to the test set."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from cnn_core.data import ImageSet, Portion, load_images, split_sizes
from cnn_core.data.own.names import is_own
from cnn_core.errors import StudentError
from cnn_core.model import Network, build
from cnn_core.runs.best import go_back_to
from cnn_core.runs.expectation import Speeds
from cnn_core.runs.files import sync, write_json
from cnn_core.runs.going_on import forget_resumption, read_resumption
from cnn_core.runs.jobs.examiner import Examiner
from cnn_core.runs.jobs.leaving import DONE, StopWork, obey
from cnn_core.runs.jobs.looks import keep_evaluation
from cnn_core.runs.jobs.progress import STATUS_SECONDS, Progress
from cnn_core.runs.jobs.recorder import EventRecorder, cut_events
from cnn_core.runs.jobs.sampler import DigitSampler
from cnn_core.runs.jobs.snapshots import SnapshotKeeper
from cnn_core.runs.measured import Measurement
from cnn_core.runs.run import Run
from cnn_core.runs.status import evaluation_result
from cnn_core.runs.store import RunStore
from cnn_core.runs.waits import ASIDE
from cnn_core.training import (
    BatchDone,
    Control,
    Event,
    Finished,
    SnapshotDue,
    TrainState,
    Validated,
    evaluate,
    load_model,
    load_training,
    train,
)
from cnn_core.training.schedule import steps_per_epoch
from cnn_core.training.spec import checked_learning_rate

log = logging.getLogger("convscope.worker")

TELLING_STEPS = 50  # in which the first, slow ones do not count for much


def train_run(store: RunStore, run: Run) -> str:
    """Do a run's training; returns DONE. Raises StopWork where its owner or the server wants otherwise."""
    recipe = run.recipe
    stopwatch = Stopwatch(store)
    obey(run)
    # Whoever comes back after an interruption reads of it, also when it is long over.
    before = run.status
    reason = before.reason if before.state == "interrupted" else ""
    store.set_status(run, state="running", reason=reason, pid=os.getpid(), epochs=recipe.epochs, eta=None)
    fetching = _fetch_listener(store, run)
    images, validation = learning_images(run.dataset, fetching)
    test = load_images(run.dataset, "test", fetching)
    if not _write_learnt_from(run, images, validation):
        raise StudentError(
            "The pictures of this data set have changed since the run began, so it cannot go on as it was.",
            hint="Train on them anew: it takes seconds.",
        )
    net, state = _resumed(run)
    listener = TrainingListener(run, net, len(images), test, state, reason)
    listener.examiner = Examiner(run, net, images, validation)
    if state is not None and state.step == 0:  # it was ended before it could be measured
        listener.examiner.examine(0, 0.0)
    with closing(listener.recorder):
        for event in train(net, images, recipe, validation, state=state, control=listener.control):
            listener.hear(event)
    images_per_second = stopwatch.learnt(listener)
    result = _finish(store, run, net, test, listener.progress)
    if images_per_second:
        stopwatch.remember(run, images_per_second)
        _remember_result(store, run, result["accuracy"], test, images_per_second)
    return DONE


def _fetch_listener(store: RunStore, run: Run) -> Callable[[float, str], None]:
    """A listener to downloads: it writes in the run's status how they get on, and obeys its owner meanwhile."""
    last_writing = time.monotonic()

    def fetching(_fraction: float, sentence: str) -> None:
        nonlocal last_writing
        if time.monotonic() - last_writing > STATUS_SECONDS:
            last_writing = time.monotonic()
            store.set_status(run, reason=sentence)
            obey(run)

    return fetching


class Stopwatch:
    """Takes the time of one worker at one training, for what the next ones are told of theirs.

    All that takes time counts: beside the steps there are validations, weights to be saved, digits to be read.
    """

    def __init__(self, store: RunStore) -> None:
        self.store, self.began = store, time.monotonic()
        self.learning, self.steps = 0.0, 0  # seconds and steps of what was learnt here

    def learnt(self, listener: TrainingListener) -> float:
        """The learning is over. Returns images a second, of what was learnt here; 0 where that was nothing."""
        self.learning = time.monotonic() - listener.began
        self.steps = listener.progress.step - (listener.progress.first_step - 1)
        return self.steps * listener.run.recipe.batch_size / self.learning

    def remember(self, run: Run, images_per_second: float) -> None:
        """All is over. Raises OSError."""
        known = self.store.speed_of(run.spec)
        # In a few steps it is mostly the start that was measured: they never make what is known slower.
        if known is None or self.steps >= TELLING_STEPS or images_per_second * run.recipe.work > known:
            self.store.remember_speed(run, images_per_second)
        Speeds(self.store.path).remember_seconds(ASIDE, time.monotonic() - self.began - self.learning)


def _finish(store: RunStore, run: Run, net: Network, test: ImageSet, progress: Progress) -> dict[str, Any]:
    progress.write(at_once=True, reason="Reading the test images.")
    seconds = progress.seconds
    evaluation = evaluate(net, test)
    keep_evaluation(store.path, net, run.dataset, evaluation)
    result = evaluation_result(evaluation, test, run.learnt_from) | {"seconds": seconds}
    if other := _other_result(run, test):
        result["other"] = other
    # The last lines came after the last weights.
    sync(run.folder / "events.jsonl", run.folder / "health.jsonl", run.folder)
    store.set_status(run, state="finished", reason="", eta=None, ended=time.time(), result=result)
    return result


def _remember_result(
    store: RunStore, run: Run, accuracy: float, test: ImageSet, images_per_second: float
) -> None:
    """Keep what it came to for the next one's expectation, if it was a test of one training, all of it done here."""
    learnt_from = run.learnt_from
    if (
        run.is_opened
        or is_own(run.dataset)
        or len(learnt_from.portions) != 1
        or not learnt_from.overlap(test).is_test
    ):
        return
    store.remember_result(
        Measurement.of(
            run.spec,
            run.recipe,
            run.dataset,
            test.is_sample,
            learnt_from.count,
            accuracy,
            images_per_second,
        )
    )


def _other_result(run: Run, test: ImageSet) -> dict[str, float] | None:
    """The test of those weights that the run's own result is not of: the best epoch's, or with patience the last one's.

    None where these are the same.
    """
    best = run.best()
    if best is None or best.step >= run.status.step:
        return None
    which = "last" if run.recipe.patience is not None else "best"
    evaluation = evaluate(load_model(run.snapshot_path(which), check_limits=False)[0], test)
    return {"accuracy": evaluation.accuracy, "loss": evaluation.loss, "count": evaluation.count}


# ---------------------------------------------------------------- where it begins


def learning_images(
    dataset: str, on_progress: Callable[[float, str], None] | None = None
) -> tuple[ImageSet, ImageSet]:
    """(what a run learns from, what it is validated on: the last 5,000 images, or a ninth of a small set)."""
    return divided(load_images(dataset, "train", on_progress))


def divided(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """The same of the training images themselves."""
    return images.split_off(split_sizes(len(images))[1])


def _write_learnt_from(run: Run, images: ImageSet, validation: ImageSet) -> bool:
    """Note which images it is going to learn from, beside those it learnt from before it was interrupted or opened.

    Returns False, and notes nothing, where it began with other pictures of a visitor's own.
    """
    recipe = run.recipe
    portion = Portion.of(images, kept_aside=len(validation), chosen=recipe.train_size, seed=recipe.seed)
    before = run.learnt_from.portions
    has_begun = is_own(run.dataset) and run.status.saved_step > 0
    if has_begun and any(one.dataset == portion.dataset for one in before) and portion not in before:
        return False
    write_json(run.folder / "learnt_from.json", run.learnt_from.with_portion(portion).to_dict(), durable=True)
    return True


def _resumed(run: Run) -> tuple[Network, TrainState | None]:
    """Network and state from the last resumable snapshot, or a fresh start; events are cut back to it."""
    for unfinished in (run.folder / "snapshots").glob(".*"):  # half-written when a worker was killed
        unfinished.unlink(missing_ok=True)
    resumption = read_resumption(run)
    if resumption is not None and resumption.step is not None:
        net, state = _at_step(run, resumption.step)
    else:
        net, state = _at_last(run)
    if resumption is not None and resumption.learning_rate is not None:
        state = replace(state or TrainState(), learning_rate=resumption.learning_rate)
    step = state.step if state is not None else -1
    for name in ("events.jsonl", "health.jsonl"):
        cut_events(run.folder / name, step)
    go_back_to(run.folder, step, run.recipe.monitor)
    return net, state


def _at_last(run: Run) -> tuple[Network, TrainState | None]:
    """Network and state as they were saved last, with the optimizer's; a fresh start where there is nothing whole."""
    net = _beginning(run)
    last = run.folder / "snapshots" / "last.safetensors"
    if last.is_file():
        try:
            return net, load_training(last, net)
        except StudentError:  # half a file, after a power cut: begin again, which costs time but no truth
            log.warning("run %s: its last snapshot cannot be read; it begins again", run.id)
            net = _beginning(run)
    return net, None


def _at_step(run: Run, step: int) -> tuple[Network, TrainState | None]:
    """Network and state at a snapshot; the optimizer of that moment was not kept, and begins anew."""
    if step == 0:
        return _beginning(run), TrainState()
    net: Network = load_model(run.snapshot_path(step), check_limits=False)[0]
    seconds = run.status.seconds * min(1.0, step / max(1, run.status.step))
    return net.train(), TrainState(step, seconds)


def _beginning(run: Run) -> Network:
    """The network before its first step here: of chance, or as it was in the file it was opened from."""
    if run.is_opened:
        if not (snapshots := run.snapshots()):
            raise StudentError(
                "The weights of this network are gone, so it cannot be trained further.",
                hint="Open its file once more.",
            )
        net: Network = load_model(snapshots[0].path, check_limits=False)[0]
        return net
    return build(run.spec, seed=run.recipe.seed)


# ---------------------------------------------------------------- while it goes on


class TrainingListener:
    """Hears what a training tells and has it written down; tells the training what owner and server want.

    run:    in whose folder.
    net:    the network as it learns.
    images: how many there are to learn from.
    test:   the test images.
    state:  from which the training goes on; None at its beginning.
    reason: a sentence for the run's owner, said while it runs; may be empty.
    """

    def __init__(
        self, run: Run, net: Network, images: int, test: ImageSet, state: TrainState | None, reason: str
    ) -> None:
        recipe = run.recipe
        per_epoch = steps_per_epoch(min(images, recipe.train_size or images), recipe.batch_size)
        step, seconds = (state.step, state.seconds) if state is not None else (0, 0.0)
        self.run = run
        self.wanted_rate = state.learning_rate if state is not None else None  # the owner's, already obeyed
        self.stop: StopWork | None = None  # after the next snapshot
        self.progress = Progress(run, recipe.epochs, per_epoch, step, seconds, reason)
        self.snapshots = SnapshotKeeper(run, net)
        self.sampler = DigitSampler(run, net, test)
        self.recorder = EventRecorder(run.folder / "events.jsonl", per_epoch)
        self.examiner: Examiner | None = None
        self.began = time.monotonic()
        self.progress.write()

    def hear(self, event: Event) -> None:
        """Write down one event. Raises OSError, and StopWork once what was learnt is saved."""
        if isinstance(event, BatchDone):
            self.recorder.batch(event)
            self.progress.batch(event)
            if self.examiner is not None:
                self.examiner.stepped(event.step, event.epoch)
            self._read_digits()
        elif isinstance(event, Validated):
            self.recorder.write(event)
            self.snapshots.keep_if_best(event)
            self._read_digits(at_once=True)
            self._examine(event)
        elif isinstance(event, SnapshotDue):
            self._examine(event)
            self._snapshot(event)
        elif isinstance(event, Finished):
            self.recorder.write(event)
            self.progress.finished(event)
            self._read_digits(at_once=True)

    def _snapshot(self, event: SnapshotDue) -> None:
        self.recorder.flush()  # the events and the weights end at the same step
        self.progress.step, self.progress.epoch = event.step, event.epoch
        if event.reason != "asked":
            self.snapshots.keep(event)
        if event.reason == "scheduled" and not self.snapshots.last_is_due and self.stop is None:
            return
        self.snapshots.keep_last(event)
        forget_resumption(self.run)
        self.progress.saved_step, self.progress.saved_epoch = event.step, event.epoch
        self.progress.write(at_once=True)
        if self.stop is not None and event.reason != "final":
            raise self.stop

    def _read_digits(self, at_once: bool = False) -> None:
        self.sampler.read(self.progress.step, self.progress.epoch, at_once)

    def _examine(self, event: Validated | SnapshotDue) -> None:
        if self.examiner is not None:
            self.examiner.examine(event.step, event.epoch, at_once=event.step == self.progress.steps)

    def control(self) -> Control | None:
        """The training asks, about ten times a second: what does the owner want, what does the server want?"""
        rate = self._new_rate()
        try:
            obey(self.run)
        except StopWork as stop:
            self.stop = stop
        else:
            self.stop = None
        save = self.stop is not None or self.snapshots.last_is_due
        return Control(learning_rate=rate, snapshot=save) if save or rate is not None else None

    def _new_rate(self) -> float | None:
        """The learning rate the owner asked for, where it is not obeyed yet."""
        rate = None
        with suppress(StudentError, KeyError):
            rate = checked_learning_rate(self.run.control["learning_rate"])
        if rate is None or rate == self.wanted_rate:
            return None
        self.wanted_rate = rate
        return rate
