"""Where runs live: one folder each, and this module is the only code that knows what is in it.

    <runs>/<id>/run.json         what was asked for: spec, recipe, data, owner; written once
                changes.json     what the owner changed later: name, epochs
                status.json      where it stands; written by whoever holds the run's ticket
                control.json     what the owner asks for: stop, pause, resume, a learning rate
                events.jsonl     appended, one event a line
                samples.json     the present reading of twelve test digits
                snapshots/       weights at steps 0, 1, 2, 4, 8, ... and after each epoch; best, last
                frames/          a dream's pictures
                lock             held by the worker while it works
           queue/, taken/, paused/   tickets: every unfinished run has one, in one of the three
           visitors/<owner>/         seen, served, runs/ (marks), twins/ (what was asked for before)
           trash/                    deleted runs, for a day

A ticket changes hands by one rename, so two processes never both hold a run. Files may be torn, foreign or
hostile: what makes no sense reads as absent, and an id is looked at before it becomes a path.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.fairness import Ticket, order
from cnn_core.runs.files import locked, read_json, write_json, write_whole
from cnn_core.runs.history import History, read_history
from cnn_core.settings import settings
from cnn_core.training.spec import TrainSpec, checked_learning_rate

FORMAT = 1
STATES = ("queued", "running", "paused", "finished", "stopped", "failed", "interrupted")
UNFINISHED = ("queued", "running", "paused", "interrupted")
KINDS = ("training", "dream")
ACTIONS = ("stop", "pause", "resume")

TRASH_SECONDS = 24 * 3600.0  # how long a deletion can be undone
TRASH_RUNS = 100
KEPT_RUNS = 10_000  # ended runs; beyond that the oldest of visitors who are gone are evicted
LONGEST_NAME = 80
USUAL_SPEED = 10_000.0  # images a second of the lesson's net with one thread, where none was measured
LARGEST_PICTURE = 20_000_000  # bytes of a dream's photo

# The snapshots of one run take at most max(SNAPSHOT_BYTES, SNAPSHOTS_AT_LEAST x its weights), beside best
# (1 x) and last (up to 3 x, with the optimizer's state): the lesson's net (0.37 MB) keeps all it makes, one
# of 5 million parameters keeps 12.
SNAPSHOT_BYTES = 64_000_000
SNAPSHOTS_AT_LEAST = 12

_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_OWNER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DATASET = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
_SNAPSHOT = re.compile(r"step_(\d{8})_epoch_(\d{1,4}\.\d{4})\.safetensors", re.ASCII)
_FRAME = re.compile(r"frame_(\d{1,6})\.png", re.ASCII)


@dataclass(frozen=True)
class Status:
    """Where a run stands. Time in seconds, accuracy as a fraction, `heartbeat` in seconds since 1970."""

    state: str = "queued"
    reason: str = ""  # a sentence, where there is something to say
    step: int = 0  # optimizer steps done
    steps: int = 0  # of how many; 0 until the data is there
    epoch: float = 0.0
    epochs: int = 0
    seconds: float = 0.0  # spent training
    images_per_second: float = 0.0
    learning_rate: float = 0.0
    eta: float | None = None  # seconds to go
    heartbeat: float = 0.0
    saved_step: int = 0  # where it would be taken up again
    saved_epoch: float = 0.0
    pid: int = 0
    ended: float = 0.0  # since 1970
    # Of a finished training: accuracy, loss, confusion, count, seconds, on the test set. Of a dream: frames.
    result: dict[str, Any] | None = None

    @property
    def unfinished(self) -> bool:
        return self.state in UNFINISHED

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Status:
        """Whatever stands there: fields of the wrong type count as absent."""
        found = {
            name: values[name]
            for name, kind in _STATUS_TYPES.items()
            if isinstance(values.get(name), kind) and not isinstance(values[name], bool)
        }
        for name in [name for name, value in found.items() if isinstance(value, int | float) and value < 0]:
            del found[name]
        if isinstance(result := found.get("result"), dict):
            found["result"] = {name: value for name, value in result.items() if _fits(name, value)}
        if found.get("state", "queued") not in STATES:
            del found["state"]
        return cls(**found)

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STATUS_TYPES}


def _fits(name: str, value: Any) -> bool:
    """Whether a figure of a result can be what its name says; other names are a dream's, and its page's to judge."""
    if name == "confusion":
        return isinstance(value, list)
    most = {"accuracy": 1, "loss": math.inf, "count": 10**9}.get(name)
    return most is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
    )


_STATUS_TYPES: dict[str, Any] = {
    name: {"state": str, "reason": str, "result": dict}.get(name, int if kind == "int" else int | float)
    for name, kind in Status.__annotations__.items()
}


@dataclass(frozen=True)
class Snapshot:
    """Weights as they were after `step` optimizer steps."""

    step: int
    epoch: float
    path: Path


@dataclass(frozen=True)
class Sample:
    """How the network read twelve test digits a moment ago."""

    step: int
    epoch: float
    indices: list[int]  # into the test set
    labels: list[int]
    probabilities: list[list[float]]  # (12, classes)


class Run:
    """One run, read when it is looked at. Safe to keep: each look shows the folder's present state.

    `.spec` and `.recipe` raise StudentError where this server cannot run what the folder asks for; what a
    list shows (name, kind, dataset, created, status) never raises: one spoiled folder spoils no list.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    def at_once(self) -> Run:
        """This run as it stands now: each file is read once, however often it is asked."""
        moment = _Moment(self.folder)
        moment.__dict__.update(self.__dict__)  # what was asked for does not change
        return moment

    # What was asked for

    @cached_property
    def card(self) -> dict[str, Any]:
        return read_json(self.folder / "run.json")

    @property
    def kind(self) -> str:
        kind = self.card.get("kind")
        return kind if kind in KINDS else "training"

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        created = self.card.get("created")
        return float(created) if isinstance(created, int | float) and not isinstance(created, bool) else 0.0

    @property
    def dataset(self) -> str:
        dataset = self.card.get("dataset")
        return dataset if isinstance(dataset, str) and _DATASET.fullmatch(dataset) else ""

    @property
    def owner(self) -> str:
        """The hash of the owner's token, as it names the visitor's folder."""
        owner = self.card.get("owner")
        return owner if isinstance(owner, str) and _OWNER.fullmatch(owner) else ""

    def is_owner(self, token: str | None) -> bool:
        return bool(token and self.owner) and secrets.compare_digest(self.owner, owner_of(token or ""))

    @cached_property
    def spec(self) -> ModelSpec:
        return ModelSpec.from_dict(self.card.get("spec", []))  # [] is refused, with a sentence

    @property
    def recipe(self) -> TrainSpec:
        """With the epochs the owner has added since."""
        recipe = TrainSpec.from_dict(self.card.get("recipe", []))
        epochs = self._changes.get("epochs")
        return recipe if not isinstance(epochs, int) else recipe.replace(epochs=epochs)

    @property
    def is_opened(self) -> bool:
        """Whether its first weights came out of a file, and not out of a beginning here."""
        return self.card.get("adopted") is True

    @property
    def has_recipe(self) -> bool:
        """Whether `recipe` trained it. How a network was trained that was opened and left alone, nobody here knows."""
        return not self.is_opened or isinstance(self._changes.get("epochs"), int)

    @property
    def dream_settings(self) -> dict[str, Any]:
        """What a dream was asked to be; {} for a training."""
        found = self.card.get("settings")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        for source in (self._changes.get("name"), self.card.get("name"), _named(self.card.get("spec"))):
            if isinstance(source, str) and source.strip():
                return source[:LONGEST_NAME]
        return "Dream" if self.kind == "dream" else "Run"

    @property
    def _changes(self) -> dict[str, Any]:
        return read_json(self.folder / "changes.json")

    # Where it stands

    @property
    def status(self) -> Status:
        return Status.from_dict(read_json(self.folder / "status.json"))

    @property
    def control(self) -> dict[str, Any]:
        """What the owner asked for last, as far as it makes sense: "action" and "learning_rate"."""
        found = read_json(self.folder / "control.json")
        wish: dict[str, Any] = {}
        if found.get("action") in ACTIONS:
            wish["action"] = found["action"]
        with suppress(StudentError, KeyError):
            wish["learning_rate"] = checked_learning_rate(found["learning_rate"])
        return wish

    @property
    def version(self) -> str:
        """Changes whenever anything a page could show of this run has changed; cheap (six stats)."""
        marks = []
        for name in ("status.json", "changes.json", "events.jsonl", "samples.json", "snapshots", "frames"):
            with suppress(OSError):
                found = os.stat(self.folder / name)
                marks.append(f"{found.st_ino:x}.{found.st_mtime_ns:x}.{found.st_size:x}")
        return "-".join(marks)

    def history(self) -> History:
        """Its curves, at most 400 points each. Shared between readers: do not change it."""
        return read_history(self.folder / "events.jsonl")

    def sample(self) -> Sample | None:
        """The present reading of twelve test digits, or None before the first."""
        found = read_json(self.folder / "samples.json")
        try:
            sample = Sample(
                int(found["step"]),
                float(found["epoch"]),
                [int(index) for index in found["indices"]],
                [int(label) for label in found["labels"]],
                [[float(value) for value in row] for row in found["probabilities"]],
            )
        except (KeyError, TypeError, ValueError):
            return None
        whole = len(sample.indices) == len(sample.labels) == len(sample.probabilities)
        return sample if whole else None

    # What it has made

    def snapshots(self) -> list[Snapshot]:
        """The weights kept on the way, in the order of training."""
        found = []
        for name in _names(self.folder / "snapshots"):
            if match := _SNAPSHOT.fullmatch(name):
                found.append(Snapshot(int(match[1]), float(match[2]), self.folder / "snapshots" / name))
        return sorted(found, key=lambda snapshot: snapshot.step)

    def snapshot_path(self, which: str | int = "last") -> Path:
        """The weights "last" (of now, while it trains), "best" (by validation) or after step `which`.

        Raises StudentError where there are none.
        """
        if which in ("last", "best"):
            path = self.folder / "snapshots" / f"{which}.safetensors"
            if path.is_file():
                return path
            if which == "best":
                return self.snapshot_path("last")
            if kept := self.snapshots():
                return kept[-1].path
            raise StudentError(
                f"“{self.name}” has no weights yet.", hint="Wait until it has made its first step."
            )
        for snapshot in self.snapshots():
            if snapshot.step == which:
                return snapshot.path
        raise StudentError(
            f"“{self.name}” has kept no weights of step {str(which)[:20]}.",
            hint="Choose one of its snapshots.",
        )

    def frames(self) -> list[Path]:
        """A dream's pictures so far, in their order."""
        numbers = {
            int(match[1]): name
            for name in _names(self.folder / "frames")
            if (match := _FRAME.fullmatch(name))
        }
        return [self.folder / "frames" / numbers[number] for number in sorted(numbers)]

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.status.state})"


class _Moment(Run):
    """See `Run.at_once`."""

    @cached_property
    def status(self) -> Status:
        return super().status

    @cached_property
    def control(self) -> dict[str, Any]:
        return super().control

    @cached_property
    def recipe(self) -> TrainSpec:
        return super().recipe

    @cached_property
    def _changes(self) -> dict[str, Any]:
        return super()._changes

    def history(self) -> History:
        return self._history

    @cached_property
    def _history(self) -> History:
        return super().history()


class RunStore:
    """All runs of one folder. Cheap to make; holds nothing open; any number of processes may have one."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path if path is not None else settings().runs_dir).absolute()

    # Asking for work

    def submit(
        self,
        spec: ModelSpec,
        recipe: TrainSpec,
        dataset: str = "mnist",
        owner: str = "",
        name: str | None = None,
    ) -> str:
        """Ask for a training; returns the run's id. Asking for the same again returns the same run.

        owner: the visitor's secret token; whoever has it may change the run.
        Raises StudentError where this visitor has too many unfinished runs, the folder cannot be written, or design or
        recipe are beyond this server's limits (presets exist however small those are).
        """
        spec, recipe = ModelSpec.from_dict(spec.to_dict()), recipe.replace()
        if not _DATASET.fullmatch(dataset):
            raise StudentError(f"There is no data set called “{dataset[:40]}”.", hint="Try mnist.")
        asked = {
            "kind": "training",
            "spec": spec.to_dict(),
            "recipe": recipe.to_dict(),
            "dataset": dataset,
            "name": _clean_name(name or spec.name),
        }
        return self._submit(asked, owner, _training_twin(spec, recipe, dataset), epochs=recipe.epochs)

    def submit_dream(self, settings: Mapping[str, Any], image_png: bytes, owner: str = "") -> str:
        """Ask for a dream of a picture; returns its id. Its frames land in the run's folder (`run.frames()`).

        settings: JSON-ready, what `cnn_core.insight.dream` is to be called with, and "network".
        """
        if len(image_png) > LARGEST_PICTURE:
            raise StudentError("This picture is too large to dream of.", hint="Make it smaller.")
        asked = {"kind": "dream", "settings": dict(settings), "name": "Dream"}
        try:
            key = _digest(_canonical(asked) + hashlib.sha256(image_png).digest())
        except TypeError as error:
            raise StudentError("These settings of a dream cannot be kept in a file.") from error
        return self._submit(asked, owner, key, image=image_png)

    def adopt(self, content: bytes, name: str, owner: str) -> str:
        """Take in a saved network (the bytes of a .safetensors file of ours) as a finished run; returns its id.

        It is tested at once on MNIST's test images, or on those of them that are on this machine.
        Raises StudentError for anything that is not one, whole and fitting; nothing in it is ever executed.
        """
        from cnn_core.training.checkpoint import load_model, save_model

        net, spec = load_model(content)
        result = _tested(net, spec)
        made = {
            "kind": "training",
            "spec": spec.to_dict(),
            "recipe": TrainSpec(epochs=1).to_dict(),
            "dataset": "mnist",
            "name": _clean_name(name or spec.name),
            "adopted": True,
        }
        visitor = self.path / "visitors" / owner_of(owner)
        try:
            (visitor / "runs").mkdir(parents=True, exist_ok=True)
            with locked(visitor / "lock"):
                run = self._folder(made, owner_of(owner), Status(state="finished", ended=time.time()))
                save_model(run.folder / "snapshots" / "last.safetensors", net, spec)
                # Where a training begins that goes on from here.
                save_model(run.folder / "snapshots" / "step_00000000_epoch_0.0000.safetensors", net, spec)
                self.set_status(
                    run, step=1, epoch=1.0, epochs=1, saved_step=1, saved_epoch=1.0, result=result
                )
                (visitor / "runs" / run.id).touch()
        except OSError as error:
            raise StudentError(
                f"The folder for runs cannot be written ({error.strerror or error}).",
                hint="Make room on the disk, or tell whoever runs this server.",
            ) from error
        return run.id

    def _submit(
        self, asked: dict[str, Any], token: str, twin: str, epochs: int = 0, image: bytes | None = None
    ) -> str:
        owner = owner_of(token)
        visitor = self.path / "visitors" / owner
        try:
            for folder in (visitor / "runs", visitor / "twins", self.path / "queue"):
                folder.mkdir(parents=True, exist_ok=True)
            with locked(visitor / "lock"):  # two tabs may press Train at once
                self.seen(token)
                if (known := self._known_twin(visitor, twin, epochs)) is not None:
                    return known
                self._check_room(owner, asked["kind"])
                return self._create(asked, owner, twin, epochs, image)
        except OSError as error:
            raise StudentError(
                f"The folder for runs cannot be written ({error.strerror or error}).",
                hint="Make room on the disk, or tell whoever runs this server.",
            ) from error

    def _known_twin(self, visitor: Path, twin: str, epochs: int) -> str | None:
        try:
            run = self.run((visitor / "twins" / twin).read_text("ascii"))
        except (OSError, ValueError):  # ValueError: rubbish, or a run since deleted (StudentError is one)
            return None
        status = run.status
        if status.state in ("failed", "stopped") or (epochs and run.recipe.epochs != epochs):
            return None
        self.mend(run)
        return run.id

    def mend(self, run: Run) -> None:
        """Write the ticket of an unfinished run that has none: a server died before it came to that."""
        # Looked at twice: a run that ends loses its ticket after it has said so.
        if run.status.unfinished and self._ticket(run.id) is None and run.status.unfinished:
            self._put(run)

    def _check_room(self, owner: str, kind: str) -> None:
        most = settings().max_queue
        unfinished = [
            ticket for ticket in self._tickets("queue", "taken", "paused") if ticket.lane == (owner, kind)
        ]
        if len(unfinished) >= most:
            what = "trainings" if kind == "training" else "dreams"
            raise StudentError(
                f"You have {len(unfinished)} unfinished {what}; this server allows a visitor {most}.",
                hint="Wait until one is done, or stop one.",
            )

    def _create(self, asked: dict[str, Any], owner: str, twin: str, epochs: int, image: bytes | None) -> str:
        run = self._folder(asked, owner, Status(epochs=epochs), image)
        visitor = self.path / "visitors" / owner
        (visitor / "runs" / run.id).touch()
        write_whole(visitor / "twins" / twin, run.id.encode())
        self._put(run)
        return run.id

    def _folder(self, asked: dict[str, Any], owner: str, status: Status, image: bytes | None = None) -> Run:
        """A new run's folder, whole or not at all."""
        run_id, created = secrets.token_urlsafe(8), time.time_ns()
        making = self.path / f".{run_id}.new"
        making.mkdir(mode=0o755)
        try:
            for folder in ("snapshots", "frames") if asked["kind"] == "training" else ("frames",):
                (making / folder).mkdir()
            card = {"format": FORMAT, "id": run_id, "created": created / 1e9, "owner": owner} | asked
            write_json(making / "run.json", card)
            os.utime(making / "run.json", ns=(created, created))  # lists are sorted by it, without reading
            write_json(making / "status.json", replace(status, heartbeat=created / 1e9).to_dict())
            if image is not None:
                write_whole(making / "image.png", image)
            os.replace(making, self.path / run_id)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        return self.run(run_id)

    # Looking

    def run(self, run_id: str) -> Run:
        """The run with this id. Raises StudentError for anything else, whatever it is."""
        if isinstance(run_id, str) and _ID.fullmatch(run_id):
            run = Run(self.path / run_id)
            if run.card:
                return run
        raise StudentError(
            f"There is no run “{str(run_id)[:20]}” here.",
            hint="It may have been deleted, or the link is incomplete.",
        )

    def runs(self, owner: str | None = None, limit: int | None = None) -> list[Run]:
        """Newest first: a visitor's (by token), or everybody's. `limit` reads no more than it returns."""
        marks = self.path if owner is None else self.path / "visitors" / owner_of(owner) / "runs"
        dated = []
        for name in _names(marks):
            if _ID.fullmatch(name):
                with suppress(OSError):
                    dated.append((os.stat(self.path / name / "run.json").st_mtime_ns, name))
        found: list[Run] = []
        for _, name in sorted(dated, reverse=True):
            if limit is not None and len(found) >= limit:
                break
            run = Run(self.path / name)
            if run.card:
                found.append(run)
        return found

    def latest(self, owner: str | None = None) -> Run | None:
        """The newest run, or None."""
        return next(iter(self.runs(owner, limit=1)), None)

    def place(self, run_id: str) -> int:
        """How many waiting runs come before this one; 0 where it is next, at work, or not waiting at all."""
        waiting = [ticket.run_id for ticket in self.turns()]
        return waiting.index(run_id) if run_id in waiting else 0

    def expected_wait(self, run_id: str) -> float | None:
        """About how many seconds until this run is started; 0 at work, None where it does not wait."""
        turns = self.turns()
        taken = self._tickets("taken")
        if any(ticket.run_id == run_id for ticket in taken):
            return 0.0
        if all(ticket.run_id != run_id for ticket in turns):
            return None
        # A worker is free when its run is done, a lane when its own is: the runner's rule, played forward.
        lane_free: dict[tuple[str, str], float] = {}
        worker_free = [0.0] * settings().workers
        for ticket in [*taken, *turns]:
            worker = min(range(len(worker_free)), key=worker_free.__getitem__)
            start = max(worker_free[worker], lane_free.get(ticket.lane, 0.0))
            if ticket.run_id == run_id:
                return start
            with suppress(StudentError):
                start += self._expected_seconds(ticket.run_id)
            worker_free[worker] = lane_free[ticket.lane] = start
        return None

    def _expected_seconds(self, run_id: str) -> float:
        run = self.run(run_id)
        status = run.status
        if status.eta is not None:
            return status.eta
        if run.kind == "dream":
            return 5.0
        images = run.recipe.epochs * min(run.recipe.train_size or 60_000, 60_000) - (
            status.step * run.recipe.batch_size
        )
        return max(0, images) / (self.speed_of(run.spec) or USUAL_SPEED)

    def speed_of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training on this machine, or None before the first."""
        speed = read_json(self.path / "speeds.json").get(spec.fingerprint)
        return float(speed) if isinstance(speed, int | float) and speed > 1 else None

    # The owner's wishes

    def seen(self, owner: str) -> None:
        """The visitor's page is still open: their runs keep their place in the queue."""
        mark = self.path / "visitors" / owner_of(owner) / "seen"
        try:
            os.utime(mark)
        except OSError:
            with suppress(OSError):
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()

    def control(
        self, run_id: str, owner: str, action: str | None = None, learning_rate: float | None = None
    ) -> None:
        """Ask for "stop", "pause" or "resume", or for another learning rate; heard within about 0.1 s.

        Raises StudentError where this is not the owner's, has ended, or asks for something impossible.
        """
        run = self._own(run_id, owner)
        if action is not None and action not in ACTIONS:
            raise StudentError(f"A run cannot “{str(action)[:20]}”.", hint="Use stop, pause or resume.")
        if not run.status.unfinished:
            raise StudentError(f"“{run.name}” has ended already.", hint="Start a new one.")
        wish: dict[str, Any] = {} if action is None else {"action": action}
        if learning_rate is not None:
            rate = checked_learning_rate(learning_rate)
            if rate > 1:
                raise StudentError(f"A learning rate of {rate:g} makes the loss explode.", hint="Try 0.001.")
            wish["learning_rate"] = rate
        with self._writing(run), locked(run.folder / "control.lock"):
            write_json(run.folder / "control.json", run.control | wish)
        # The wish is written before the ticket is tried, and a runner that moves a ticket reads the wish
        # after: one of the two always sees it.
        if action is not None:
            self.grant(run)

    def grant(self, run: Run) -> None:
        """Do what the owner asks for, as far as it needs no worker: for runs that wait or are paused."""
        action = run.control.get("action")
        if action == "stop":
            for place in ("queue", "paused"):
                if self._remove(run.id, place):
                    self.set_status(run, state="stopped", reason="", eta=None, ended=time.time())
        elif action == "pause":
            if self._move(run.id, "queue", "paused"):
                self.set_status(run, state="paused", reason="", eta=None)
        elif action == "resume" and self._move(run.id, "paused", "queue"):
            self.set_status(run, state="queued", reason="", eta=None)

    def rename(self, run_id: str, owner: str, name: str) -> None:
        self._change(self._own(run_id, owner), name=_clean_name(name))

    def extend(self, run_id: str, owner: str, epochs: int) -> None:
        """Train a finished run for `epochs` more, as the same run, from exactly where it ended.

        A network opened from a file is trained from its weights by the lesson's recipe: all its epochs are new.
        Raises StudentError for one that has not finished, and for one_cycle, whose rate is down to nothing.
        """
        run = self._own(run_id, owner)
        recipe = run.recipe
        if run.kind != "training" or run.status.state != "finished":
            raise StudentError(
                f"“{run.name}” has not finished, so it cannot go on for longer.", hint="Wait for its end."
            )
        if recipe.schedule != "constant":
            raise StudentError(
                "The one_cycle schedule ends with a rate near zero, so more epochs would change nothing.",
                hint="Start a new run with more epochs, or one with a constant rate.",
            )
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise StudentError("More epochs means one or more.", hint="Try 1.")
        before = recipe.epochs if run.has_recipe else 0
        longer = recipe.replace(epochs=before + epochs)  # checks this server's limit
        if not (run.folder / "snapshots" / "last.safetensors").is_file():
            raise StudentError(f"“{run.name}” has no weights to go on from.", hint="Start a new run.")
        visitor = self.path / "visitors" / run.owner
        with self._writing(run), locked(visitor / "lock"):
            self._check_room(run.owner, run.kind)
            self._change(run, epochs=longer.epochs)
            with suppress(OSError):
                (run.folder / "control.json").unlink()
            self.set_status(
                run,
                state="queued",
                reason="",
                eta=None,
                ended=0.0,
                result=None,
                epoch=float(before),
                epochs=longer.epochs,
                steps=0,
            )
            if not run.is_opened:  # it did not begin by chance, so it is nobody's twin
                twin = _training_twin(run.spec, longer, run.dataset)
                write_whole(visitor / "twins" / twin, run.id.encode())
            self._put(run)

    def delete(self, run_id: str, owner: str) -> None:
        """Move a run to the trash, where `restore` finds it for a day. StudentError while it is at work."""
        run = self._own(run_id, owner)
        if self._ticket(run.id) is not None:
            if run.status.state == "running":
                raise StudentError(f"“{run.name}” is still at work.", hint="Stop it first, then delete it.")
            self.control(run_id, owner, "stop")
        with self._writing(run), locked(run.folder / "lock", wait=False) as mine:
            if not mine or self._ticket(run.id) is not None:
                raise StudentError(f"“{run.name}” is still at work.", hint="Try again in a moment.")
            (self.path / "trash").mkdir(exist_ok=True)
            os.utime(run.folder)  # counts from now
            os.replace(run.folder, self.path / "trash" / run.id)
        self.purge_trash()

    def restore(self, run_id: str, owner: str) -> None:
        """Undo `delete`. Raises StudentError where it is too late."""
        run = Run(self.path / "trash" / run_id) if _is_id(run_id) else None
        if run is None or not run.card or not run.is_owner(owner):
            raise StudentError("This run is gone for good.", hint="A deleted run is kept for a day.")
        with self._writing(run):
            os.replace(run.folder, self.path / run_id)

    def purge_trash(self) -> None:
        """Forget what was deleted a day ago, or before the last hundred."""
        dated = []
        for name in _names(self.path / "trash"):
            with suppress(OSError):
                dated.append((os.stat(self.path / "trash" / name).st_mtime, name))
        oldest = time.time() - TRASH_SECONDS
        for number, (deleted, name) in enumerate(sorted(dated, reverse=True)):
            if deleted < oldest or number >= TRASH_RUNS:
                shutil.rmtree(self.path / "trash" / name, ignore_errors=True)

    def evict(self, keep: int = KEPT_RUNS) -> int:
        """Delete the oldest ended runs beyond `keep`, of visitors gone for a day; returns how many."""
        gone = 0
        for run in self.runs()[keep:]:
            if run.status.unfinished or self._silent_for(run.owner) < TRASH_SECONDS:
                continue
            with locked(run.folder / "lock", wait=False) as mine:
                if mine:
                    shutil.rmtree(run.folder, ignore_errors=True)
                    with suppress(OSError):
                        (self.path / "visitors" / run.owner / "runs" / run.id).unlink()
                    gone += 1
        return gone

    # The runner's side: tickets and status

    def turns(self) -> list[Ticket]:
        """Everything that waits, in the order in which it will be started."""
        waiting = self._tickets("queue")
        if not waiting:
            return []
        away_seconds = settings().away_seconds
        owners = {ticket.owner for ticket in waiting}
        return order(
            waiting,
            running={ticket.lane for ticket in self._tickets("taken")},
            served={owner: self._mark(owner, "served") for owner in owners},
            away={owner for owner in owners if self._silent_for(owner) > away_seconds},
        )

    def next_ticket(self) -> Ticket | None:
        """Whose turn it is, or None where nothing waits that may start now."""
        running = {ticket.lane for ticket in self._tickets("taken")}
        return next((ticket for ticket in self.turns() if ticket.lane not in running), None)

    def take(self, ticket: Ticket) -> bool:
        """Take a ticket out of the queue; False where somebody was faster (its owner, who stopped it)."""
        (self.path / "taken").mkdir(exist_ok=True)
        if not self._move(ticket.run_id, "queue", "taken"):
            return False
        with suppress(OSError):
            (self.path / "visitors" / ticket.owner / "served").touch()
        return True

    def taken(self) -> list[Ticket]:
        return self._tickets("taken")

    def waiting(self) -> list[Ticket]:
        return self._tickets("queue")

    def has_work(self) -> bool:
        """Whether anything waits or is at work, so that a runner is needed."""
        return bool(_names(self.path / "queue") or _names(self.path / "taken"))

    def done(self, run_id: str) -> None:
        """The run has ended: its ticket is torn up."""
        self._remove(run_id, "taken")

    def put_aside(self, run_id: str) -> None:
        """The run was paused and its worker has left it."""
        self._move(run_id, "taken", "paused")
        self.grant(self.run(run_id))  # the owner may have asked for it again in the meantime

    def put_back(self, run_id: str, reason: str = "") -> None:
        """The run's worker is gone: it waits again, before all others, to go on from its last snapshot."""
        run = self.run(run_id)
        with suppress(OSError):
            self.set_status(run, state="interrupted", reason=reason, eta=None)
        with suppress(OSError):
            (self.path / "visitors" / run.owner / "served").unlink()
        self._move(run_id, "taken", "queue")
        self.grant(run)

    def set_status(self, run: Run, **changes: Any) -> Status:
        """Change some fields of a run's status. Only for whoever holds its ticket."""
        status = replace(run.status, **({"heartbeat": time.time()} | changes))
        write_json(run.folder / "status.json", status.to_dict())
        return status

    def remember_speed(self, run: Run, images_per_second: float) -> None:
        """What a design made on this machine, for the next one's expected wait; 200 designs are kept."""
        speeds = read_json(self.path / "speeds.json")
        speeds.pop(run.spec.fingerprint, None)
        speeds[run.spec.fingerprint] = round(images_per_second, 1)
        write_json(self.path / "speeds.json", dict(list(speeds.items())[-200:]))

    # Within

    def _own(self, run_id: str, owner: str) -> Run:
        run = self.run(run_id)
        if not run.is_owner(owner):
            raise StudentError(
                "Only the visitor who started this run can change it.", hint="Start one of your own."
            )
        return run

    def _change(self, run: Run, **changes: Any) -> None:
        with self._writing(run), locked(run.folder / "control.lock"):
            write_json(run.folder / "changes.json", read_json(run.folder / "changes.json") | changes)

    def _tickets(self, *places: str) -> list[Ticket]:
        found = []
        for place in places:
            for name in _names(self.path / place):
                ticket = Ticket.from_file_name(name)
                if (
                    ticket is not None
                    and _ID.fullmatch(ticket.run_id)
                    and _OWNER.fullmatch(ticket.owner)
                    and ticket.kind in KINDS
                ):
                    found.append(ticket)
        return found

    def _ticket(self, run_id: str) -> Ticket | None:
        # The queue twice: a ticket put back while we look would be missed in one passing.
        for place in ("queue", "taken", "paused", "queue"):
            for ticket in self._tickets(place):
                if ticket.run_id == run_id:
                    return ticket
        return None

    def _put(self, run: Run) -> None:
        ticket = Ticket(int(run.created * 1e9), run.id, run.owner, run.kind)
        (self.path / "queue").mkdir(exist_ok=True)
        (self.path / "queue" / ticket.file_name).touch()

    def _move(self, run_id: str, source: str, target: str) -> bool:
        for ticket in self._tickets(source):
            if ticket.run_id == run_id:
                try:
                    (self.path / target).mkdir(exist_ok=True)
                    os.rename(self.path / source / ticket.file_name, self.path / target / ticket.file_name)
                except FileNotFoundError:
                    return False
                return True
        return False

    def _remove(self, run_id: str, place: str) -> bool:
        for ticket in self._tickets(place):
            if ticket.run_id == run_id:
                try:
                    os.unlink(self.path / place / ticket.file_name)
                except FileNotFoundError:
                    return False
                return True
        return False

    def _mark(self, owner: str, name: str) -> float:
        try:
            return os.stat(self.path / "visitors" / owner / name).st_mtime
        except OSError:
            return 0.0

    def _silent_for(self, owner: str) -> float:
        """Seconds since the owner's page was last heard of."""
        return time.time() - self._mark(owner, "seen")

    def _writing(self, run: Run) -> _Writing:
        return _Writing(run)


class _Writing:
    """Turns a disk that refuses into a sentence."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise StudentError(
                f"The folder of “{self.run.name}” cannot be written ({error.strerror or error}).",
                hint="Make room on the disk, or tell whoever runs this server.",
            ) from error


def owner_of(token: str) -> str:
    """The hash under which a visitor's things are kept: the token itself is never written down."""
    return hashlib.sha256(b"convscope visitor " + token.encode("utf-8", "replace")).hexdigest()[:32]


def _training_twin(spec: ModelSpec, recipe: TrainSpec, dataset: str) -> str:
    return _digest(_canonical({"spec": spec.fingerprint, "recipe": recipe.to_dict(), "dataset": dataset}))


def _canonical(values: Mapping[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _clean_name(name: str) -> str:
    """One printable line of at most 80 characters. Raises StudentError where nothing is left."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in str(name)[:1000]).split())
    if not cleaned:
        raise StudentError("A run needs a name that can be seen.", hint="Type at least one letter.")
    return cleaned[:LONGEST_NAME]


def _named(spec: object) -> object:
    return spec.get("name") if isinstance(spec, dict) else None


def _is_id(run_id: object) -> bool:
    return isinstance(run_id, str) and _ID.fullmatch(run_id) is not None


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _tested(net: Any, spec: ModelSpec) -> dict[str, Any] | None:
    """What a worker would have written of this network at the end; None where MNIST's images do not fit it."""
    import torch

    from cnn_core.data import load_images
    from cnn_core.training import evaluate

    if not net.predict(torch.full((1, *spec.input_shape), 0.5)).isfinite().all():
        raise StudentError(
            f"The weights of “{spec.name}” are so large that it answers a grey image with no numbers.",
            hint="Open a snapshot from before its training went wrong.",
        )
    if spec.input_shape != (1, 28, 28) or spec.classes != 10:
        return None
    found = evaluate(net, load_images("mnist", "test", fetch=False))
    return {
        "accuracy": found.accuracy,
        "loss": found.loss,
        "confusion": found.confusion.tolist(),
        "count": found.count,
    }
