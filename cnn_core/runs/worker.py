"""One run, done: `work(store, run)` builds, trains and keeps, and says in the run's folder how it goes.

It may be killed at any instruction. Whoever starts the run again finds its last resumable snapshot, cuts the
events back to that step, and ends with the same weights, bit for bit, as if nothing had happened.
"""

from __future__ import annotations

import errno
import logging
import math
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import orjson

from cnn_core.errors import StudentError
from cnn_core.runs.dreams import check_work, dreamer, picture_of
from cnn_core.runs.expectation import split_sizes
from cnn_core.runs.files import locked, read_json, write_json, write_whole
from cnn_core.runs.history import event_lines
from cnn_core.runs.store import SNAPSHOT_BYTES, SNAPSHOTS_AT_LEAST, Run, RunStore, Status
from cnn_core.training.events import BatchDone, Control, Finished, SnapshotDue, Validated
from cnn_core.training.spec import checked_learning_rate

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.data.datasets import ImageSet
    from cnn_core.model.network import Network
    from cnn_core.training.events import TrainState

log = logging.getLogger("convscope.worker")

STATUS_SECONDS = 0.5  # between two writings of where it stands
SAVE_SECONDS = 2.0  # between two resumable snapshots: what a killed worker loses at most
SAVE_SHARE = 0.02  # of the time may go into them; large networks are kept less often
MAX_TRIES = 3  # a run that takes its worker down so often without getting on is given up
SAMPLES, EASY_SAMPLES = 12, 4
DREAM_SECONDS = 0.2  # between two words of a dream about how far it is

# What `work` tells the runner
DONE, PAUSED, LEFT = "done", "paused", "left"

_leaving = threading.Event()  # set by SIGTERM: keep the run where it is and come back


class Leave(Exception):
    """The work stops here, in good order, with this state of the run and this word for the runner."""

    def __init__(self, state: str, outcome: str, reason: str = "") -> None:
        super().__init__(state)
        self.state, self.outcome, self.reason = state, outcome, reason


def warm_up(store_path: str, threads: int) -> None:
    """Once per worker, before its first run: everything that takes long, so that the first step does not."""
    signal.signal(signal.SIGTERM, _asked_to_leave)
    threading.Thread(target=_die_with_the_runner, name="parent", daemon=True).start()
    with suppress(OSError):
        os.nice(5)  # the pages answer first
    try:
        import torch

        torch.set_num_threads(threads)
        from cnn_core.data import load_images
        from cnn_core.model import PRESETS, build
        from cnn_core.training import TrainSpec, evaluate, train

        images, test = (load_images("mnist", split, fetch=False) for split in ("train", "test"))
        few = images.take(128)
        for optimizer in ("rmsprop", "adamw"):  # the first step of each imports much of torch
            net = build(PRESETS["lesson"])
            for _ in train(net, few, TrainSpec(optimizer=optimizer, epochs=1)):
                pass
        evaluate(net, few)
        sample_digits(test)
    except Exception:  # the run will meet it again, and has a student to tell it to
        log.warning("warming up failed", exc_info=True)


def _asked_to_leave(_signal: int, _frame: FrameType | None) -> None:
    _leaving.set()


def _die_with_the_runner() -> None:
    # A worker without a runner would train a run that the next runner gives to somebody else.
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def work(store_path: str | Path, run_id: str) -> str:
    """Do a run from where it stands to its end, or until its owner or the runner wants otherwise.

    Returns "done" (finished, stopped or failed: its status says which), "paused" or "left". Raises nothing.
    """
    store = RunStore(store_path)
    run = store.run(run_id)
    # A predecessor whose runner was killed may take a moment to notice; two must never write one folder.
    with locked(run.folder / "lock"):
        try:
            _count_try(run)
            outcome = JOBS[run.kind](store, run)
        except Leave as leave:
            outcome = leave.outcome
            _end(store, run, leave.state, leave.reason)
        except StudentError as error:
            outcome = DONE
            _end(store, run, "failed", str(error))
        except Exception as error:
            outcome = DONE
            with suppress(OSError):
                (run.folder / "error.txt").write_text(traceback.format_exc(), "utf-8")
            _end(store, run, "failed", _sentence(error, run.kind))
            log.warning("run %s failed", run.id, exc_info=True)
        with suppress(OSError):
            (run.folder / "tries.json").unlink()
    return outcome


def _end(store: RunStore, run: Run, state: str, reason: str) -> None:
    ended = 0.0 if state in ("paused", "interrupted") else time.time()
    changes: dict[str, Any] = {
        "state": state,
        "reason": reason,
        "eta": None,
        "images_per_second": 0.0,
        "ended": ended,
    }
    try:
        store.set_status(run, **changes)
    except OSError:
        # The disk is full: where there is no room for a new file there is still the old one's.
        status = replace(run.status, **changes)
        with suppress(OSError):
            (run.folder / "status.json").write_bytes(orjson.dumps(status.to_dict()))


def _count_try(run: Run) -> None:
    """Give up on a run that has taken down three workers from the same step."""
    tries, step = read_json(run.folder / "tries.json"), run.status.saved_step
    count = tries.get("count", 0) if tries.get("step") == step else 0
    if isinstance(count, int) and count >= MAX_TRIES:
        raise StudentError(
            f"This run ended its process {MAX_TRIES} times at the same place, perhaps for want of memory.",
            hint=_LESS_MEMORY[run.kind],
        )
    write_json(run.folder / "tries.json", {"count": count + 1, "step": step})


_LESS_MEMORY = {"training": "Try smaller batches or a smaller network.", "dream": "Try a smaller picture."}


def _sentence(error: Exception, kind: str) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk of this server is full. Make room, then start the run again."
    if "No space left" in str(error):  # safetensors wraps the system's error
        return "The disk of this server is full. Make room, then start the run again."
    if isinstance(error, OSError):
        return (
            f"The run's folder cannot be written ({error.strerror or error}). Tell whoever runs this server."
        )
    if isinstance(error, MemoryError) or "not enough memory" in str(error) or "out of memory" in str(error):
        return f"This machine has too little memory for the run. {_LESS_MEMORY[kind]}"
    return f"Something in Convscope went wrong ({type(error).__name__}). The run's error.txt says more."


# Training


def learning_images(
    dataset: str, on_progress: Callable[[float, str], None] | None = None
) -> tuple[ImageSet, ImageSet]:
    """(what a run learns from, what it is validated on: the last 5,000 images, or a ninth of a small set)."""
    from cnn_core.data import load_images

    images = load_images(dataset, "train", on_progress)
    return images.split_off(split_sizes(len(images))[1])


def sample_digits(test: ImageSet) -> list[int]:
    """Twelve test images to watch: of the first 2,000, four easy and eight hard ones for the pretrained net.

    Where there is no pretrained net for these images: the first of each class, and the two after.
    """
    key = (test.name, len(test))
    if key not in _sample_digits:
        _sample_digits[key] = _hard_digits(test) or _one_of_each(test)
    return _sample_digits[key]


_sample_digits: dict[tuple[str, int], list[int]] = {}


def _hard_digits(test: ImageSet) -> list[int]:
    if test.name != "mnist":
        return []
    try:
        from cnn_core.pretrained import load_pretrained  # type: ignore[attr-defined,unused-ignore]
        from cnn_core.training import evaluate

        first = replace(test, images=test.images[:2_000], labels=test.labels[:2_000])
        net = load_pretrained("lesson")
        net = net[0] if isinstance(net, tuple) else net
        certainty = evaluate(net, first).probabilities.gather(1, first.labels[:, None]).squeeze(1)  # (N,)
    except (ImportError, StudentError, OSError):
        return []
    from_hard_to_easy = certainty.argsort().tolist()
    return from_hard_to_easy[-EASY_SAMPLES:] + from_hard_to_easy[: SAMPLES - EASY_SAMPLES]


def _one_of_each(test: ImageSet) -> list[int]:
    labels = test.labels[:2_000].tolist()
    firsts = sorted({label: index for index, label in reversed(list(enumerate(labels)))}.values())
    others = [index for index in range(len(labels)) if index not in firsts]
    return (firsts + others)[:SAMPLES]


def train_run(store: RunStore, run: Run) -> str:
    """The job "training": from the last snapshot, or the beginning, to the test set."""
    from cnn_core.data import load_images
    from cnn_core.training import evaluate, train

    recipe = run.recipe
    _obey(run)
    begun = time.monotonic()
    # Whoever comes back after an interruption is told of it, also when it is long over.
    before = run.status
    again = before.reason if before.state == "interrupted" else ""
    store.set_status(run, state="running", reason=again, pid=os.getpid(), epochs=recipe.epochs, eta=None)

    def fetching(fraction: float, sentence: str) -> None:
        nonlocal begun
        if time.monotonic() - begun > STATUS_SECONDS:
            begun = time.monotonic()
            store.set_status(run, reason=sentence)
            _obey(run)

    images, validation = learning_images(run.dataset, fetching)
    test = load_images(run.dataset, "test", fetching)
    net, state = _resumed(run)
    story = _Story(store, run, net, len(images), test, state, again)
    with closing(story.file):
        for event in train(net, images, recipe, validation, state=state, control=story.control):
            story.tell(event)
    story.write_status(final=True)
    seconds = story.seconds
    result = evaluate(net, test)
    store.set_status(
        run,
        state="finished",
        reason="",
        eta=None,
        ended=time.time(),
        result={
            "accuracy": result.accuracy,
            "loss": result.loss,
            "confusion": result.confusion.tolist(),
            "count": result.count,
            "seconds": seconds,
            "source": test.source,
            "is_sample": test.is_sample,
        },
    )
    if story.speed:
        store.remember_speed(run, story.speed)
    return DONE


def _resumed(run: Run) -> tuple[Network, TrainState | None]:
    """Network and state from the last resumable snapshot, or a fresh start; events are cut back to it."""
    from cnn_core.training import load_training

    for unfinished in (run.folder / "snapshots").glob(".*"):  # half-written when a worker was killed
        unfinished.unlink(missing_ok=True)
    net, state = _beginning(run), None
    last = run.folder / "snapshots" / "last.safetensors"
    if last.is_file():
        try:
            state = load_training(last, net)
        except StudentError:  # half a file, after a power cut: begin again, which costs time but no truth
            log.warning("run %s: its last snapshot cannot be read; it begins again", run.id)
            net = _beginning(run)
    cut_events(run.folder / "events.jsonl", state.step if state is not None else -1)
    return net, state


def _beginning(run: Run) -> Network:
    """The network before its first step here: of chance, or as it was in the file it was opened from."""
    from cnn_core.model import build
    from cnn_core.training import load_model

    if run.is_opened and (kept := run.snapshots()):
        return cast("Network", load_model(kept[0].path)[0])
    return build(run.spec, seed=run.recipe.seed)


def cut_events(path: Path, step: int) -> None:
    """Keep only whole lines of events up to `step`, so that what is trained again is not told twice.

    The file is replaced, not shortened: a reader notices, and reads it anew.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    whole = content[: content.rfind(b"\n") + 1]
    kept = [
        event for event in event_lines(whole) if isinstance(event.get("step"), int) and event["step"] <= step
    ]
    write_whole(path, b"".join(orjson.dumps(event) + b"\n" for event in kept))


def _obey(run: Run) -> None:
    """Raise Leave where the owner or the runner wants this run to stop now."""
    action = run.control.get("action")
    if action == "stop":
        raise Leave("stopped", DONE)
    if action == "pause":
        raise Leave("paused", PAUSED)
    if _leaving.is_set():
        raise Leave("interrupted", LEFT, "The server is being restarted.")


def batches_a_line(step: int, per_epoch: int) -> int:
    """How many batches are averaged into one line: fine at the start, where much happens, coarser later."""
    if step <= 10:
        return 1
    return 10 if step <= per_epoch else 25


class _Story:
    """Listens to one training and writes it down: events, status, snapshots, sample readings."""

    def __init__(
        self,
        store: RunStore,
        run: Run,
        net: Network,
        images: int,
        test: ImageSet,
        state: TrainState | None,
        reason: str = "",
    ) -> None:
        from cnn_core.training.schedule import steps_per_epoch

        recipe = run.recipe
        self.store, self.run, self.net, self.spec = store, run, net, run.spec
        self.reason = reason  # said while it runs
        self.per_epoch = steps_per_epoch(min(images, recipe.train_size or images), recipe.batch_size)
        self.steps = self.per_epoch * recipe.epochs
        self.step = state.step if state is not None else 0
        self.epoch = self.step / self.per_epoch
        self.before = state.seconds if state is not None else 0.0  # spent before this worker
        self.began = time.monotonic()
        self.learning_rate = recipe.learning_rate
        self.chosen_rate = state.learning_rate if state is not None else None
        self.speed = 0.0
        self.pace: deque[tuple[float, int]] = deque(maxlen=30)  # (when, step) of the last writings
        self.window: list[BatchDone] = []
        self.wanted: Leave | None = None
        self.best = self._best_so_far()
        self.saved = (self.step, self.epoch)
        self.save_seconds = SAVE_SECONDS
        self.control_mark: tuple[int, int] | None = None
        self.status_written = self.saved_at = self.sampled = -math.inf
        self.first_step = self.step + 1
        self.file = open(run.folder / "events.jsonl", "ab", buffering=0)  # noqa: SIM115  one write, one line
        self.status = run.status

        indices = sample_digits(test)
        self.sample_indices = indices
        self.sample_labels = test.labels[indices].tolist()
        self.sample_images: Tensor = test.images[indices].float() / 255  # (12, 1, 28, 28)
        self.write_status()

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.began

    # From the loop

    def tell(self, event: object) -> None:
        if isinstance(event, BatchDone):
            self._batch(event)
        elif isinstance(event, Validated):
            self._validated(event)
        elif isinstance(event, SnapshotDue):
            self._snapshot(event)
        elif isinstance(event, Finished):
            self._flush()
            self.step, self.epoch = event.step, event.epoch
            self.before, self.began = event.seconds, time.monotonic()
            self._line(event.to_dict())
            self.sample(force=True)

    def control(self) -> Control | None:
        """The loop asks, about ten times a second: what does the owner want, what does the runner want?"""
        rate = None
        with suppress(StudentError, KeyError):
            rate = checked_learning_rate(self.run.control["learning_rate"])
        if rate == self.chosen_rate:
            rate = None
        elif rate is not None:
            self.chosen_rate = rate
        try:
            _obey(self.run)
        except Leave as leave:
            self.wanted = leave
        else:
            self.wanted = None
        due = time.monotonic() - self.saved_at > self.save_seconds
        if rate is None and not due and self.wanted is None:
            return None
        return Control(learning_rate=rate, snapshot=due or self.wanted is not None)

    def _batch(self, event: BatchDone) -> None:
        self.step, self.epoch = event.step, event.epoch
        self.learning_rate, self.speed = event.learning_rate, event.images_per_second
        self.window.append(event)
        if len(self.window) >= batches_a_line(event.step, self.per_epoch):
            self._flush()
        self.write_status(force=event.step == self.first_step)
        self.sample()

    def _flush(self) -> None:
        """One line for the batches since the last one, by their means."""
        if not self.window:
            return
        last, count = self.window[-1], len(self.window)
        mean = replace(
            last,
            loss=round(sum(event.loss for event in self.window) / count, 6),
            accuracy=round(sum(event.accuracy for event in self.window) / count, 6),
            images_per_second=round(last.images_per_second, 1),
        )
        self.window.clear()
        self._line(mean.to_dict())

    def _validated(self, event: Validated) -> None:
        self._flush()
        self._line(event.to_dict())
        if event.accuracy > self.best:
            from cnn_core.training import save_model

            self.best = event.accuracy
            save_model(self.run.folder / "snapshots" / "best.safetensors", self.net, self.spec)
        self.sample(force=True)

    def _snapshot(self, event: SnapshotDue) -> None:
        from cnn_core.training import save_model, save_training

        self._flush()  # what is told and what is kept end at the same step
        self.step, self.epoch = event.step, event.epoch
        folder = self.run.folder / "snapshots"
        if event.reason != "asked":
            save_model(
                folder / f"step_{event.step:08d}_epoch_{event.epoch:.4f}.safetensors", self.net, self.spec
            )
            thin_snapshots(self.run)
        elapsed = time.monotonic() - self.saved_at
        if event.reason != "scheduled" or elapsed > self.save_seconds or self.wanted is not None:
            start = time.monotonic()
            assert event.state is not None
            save_training(folder / "last.safetensors", self.net, self.spec, event.state)
            self.saved, self.saved_at = (event.step, event.epoch), time.monotonic()
            self.save_seconds = max(SAVE_SECONDS, (self.saved_at - start) / SAVE_SHARE)
            self.write_status(force=True)
            if self.wanted is not None and event.reason != "final":
                raise self.wanted

    # To the folder

    def _line(self, event: dict[str, Any]) -> None:
        self.file.write(orjson.dumps(event) + b"\n")

    def write_status(self, force: bool = False, final: bool = False) -> None:
        now = time.monotonic()
        if not (force or final) and now - self.status_written < STATUS_SECONDS:
            return
        self.status_written = now
        self.pace.append((now, self.step))
        self.status = Status(
            state="running",
            reason="Reading the test digits." if final else self.reason,
            step=self.step,
            steps=self.steps,
            epoch=self.epoch,
            epochs=self.steps // self.per_epoch,
            seconds=self.seconds,
            images_per_second=self.speed,
            learning_rate=self.learning_rate,
            eta=self._eta(),
            heartbeat=time.time(),
            saved_step=self.saved[0],
            saved_epoch=self.saved[1],
            pid=os.getpid(),
        )
        write_json(self.run.folder / "status.json", self.status.to_dict())

    def _eta(self) -> float | None:
        """Seconds to go, by the pace of the last few seconds, with everything that takes time in it."""
        (then, first), (now, last) = self.pace[0], self.pace[-1]
        return (self.steps - last) * (now - then) / (last - first) if last > first else None

    def sample(self, force: bool = False) -> None:
        """Let the network, as it is now, read the twelve digits; at most once a second."""
        now = time.monotonic()
        if not force and now - self.sampled < 1.0:
            return
        self.sampled = now
        device = next(self.net.parameters()).device
        probabilities = self.net.predict(self.sample_images.to(device)).cpu()
        write_json(
            self.run.folder / "samples.json",
            {
                "step": self.step,
                "epoch": self.epoch,
                "indices": self.sample_indices,
                "labels": self.sample_labels,
                "probabilities": [[round(value, 5) for value in row] for row in probabilities.tolist()],
            },
        )

    def _best_so_far(self) -> float:
        best = -1.0
        with suppress(OSError):
            for event in event_lines((self.run.folder / "events.jsonl").read_bytes()):
                accuracy = event.get("accuracy")
                if event.get("kind") == Validated.kind and isinstance(accuracy, int | float):
                    best = max(best, accuracy)
        return best


def thin_snapshots(run: Run) -> None:
    """Forget snapshots that have near neighbours until the rest fits into SNAPSHOT_BYTES (but keep 12)."""
    kept = run.snapshots()
    if not kept:
        return
    most = max(SNAPSHOTS_AT_LEAST, SNAPSHOT_BYTES // max(1, kept[-1].path.stat().st_size))
    while len(kept) > most:
        # Near in the logarithm of the step, which is how learning sees time. The first and the last stay.
        nearest = min(
            range(1, len(kept) - 1),
            key=lambda i: math.log(kept[i + 1].step + 1) - math.log(kept[i - 1].step + 1),
        )
        with suppress(OSError):
            kept[nearest].path.unlink()
        del kept[nearest]


# Dreams


def dream_run(store: RunStore, run: Run) -> str:
    """The job "dream": a picture after every octave, as frame_0.png, frame_1.png, ... in the run's folder.

    Each is as large as the photo: what was dreamt so far, laid on it. The last is the dream. `status.result` tells
    the octaves' own sizes (height, width), how loud the layers are before and after, and the mean change of a pixel.
    """
    from cnn_core.insight import dream, loudness, on_the_photo
    from cnn_core.insight.dream.dream_spec import DreamSpec

    begun_anew = run.status.state == "interrupted"
    _obey(run)
    reason = "It was interrupted, and has begun again." if begun_anew else ""
    store.set_status(run, state="running", reason=reason, pid=os.getpid(), step=0, steps=0, result=None)
    for frame in run.frames():
        frame.unlink(missing_ok=True)
    spec = DreamSpec.from_dict(run.dream_settings)
    net = dreamer(store, spec.network)
    design = getattr(net, "spec", None)
    photo = picture_of(run, 3 if design is None else design.input_shape[0])
    check_work(net, spec, *photo.shape[1:])
    wishes = spec.to_dict()
    del wishes["network"]
    wishes["layers"] = layers = dict(spec.layers)
    begun = said = time.monotonic()
    told: dict[str, Any] = {"sizes": [], "before": loudness(net, photo, layers)}
    step = steps = 0

    def tell(force: bool = False) -> None:
        nonlocal said
        now = time.monotonic()
        if force or now - said > DREAM_SECONDS:
            said = now
            store.set_status(run, step=step, steps=steps, seconds=now - begun, result=told, reason=reason)

    def stepped(fraction: float) -> None:
        nonlocal step, steps
        step += 1
        steps = round(step / fraction)  # octaves too small for the net are left out, so only `dream` knows
        _obey(run)
        tell()

    def keep(picture: Tensor) -> None:
        save_frame(run, len(told["sizes"]), on_the_photo(photo, picture))
        told["sizes"].append(list(picture.shape[1:]))
        tell(force=True)

    finished = dream(net, photo, on_octave=keep, on_step=stepped, **wishes)
    told["after"] = loudness(net, finished, layers)
    told["change"] = float((finished - photo).abs().mean())
    store.set_status(
        run,
        state="finished",
        reason="",
        step=step,
        steps=steps,
        seconds=time.monotonic() - begun,
        ended=time.time(),
        result=told,
    )
    return DONE


def save_frame(run: Run, number: int, picture: Tensor) -> None:
    """picture: (3 or 1, H, W) in [0, 1]."""
    from cnn_core.insight.dream.animation import to_png

    write_whole(run.folder / "frames" / f"frame_{number}.png", to_png(picture))


JOBS: dict[str, Callable[[RunStore, Run], str]] = {"training": train_run, "dream": dream_run}
