"""One run, read when it is looked at: what was asked for, where it stands, what it has made.

What a run's folder holds, and who writes it, stands in `store`. Here it is only read. Files may be torn, foreign
or hostile: what makes no sense reads as absent.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cnn_core.data.learnt_from import NOT_KNOWN, ImagesLearntFrom, Portion
from cnn_core.data.sources import KNOWN, SAMPLE_TRAIN
from cnn_core.data.splits import split_sizes
from cnn_core.doctor.health import Check, Comparison, Health
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.network_name import MOMENTS
from cnn_core.runs.best import Best, read_best
from cnn_core.runs.files import LARGEST_JSON, file_names, opened, read_json
from cnn_core.runs.history import History, event_lines, read_history
from cnn_core.runs.ids import is_dataset, is_owner, owner_of
from cnn_core.runs.status import Status, read_status
from cnn_core.runs.step_sizes import StepSizes, step_sizes
from cnn_core.training.spec import MOST_EPOCHS, TrainSpec, checked_learning_rate

KINDS = ("training", "dream", "opening")
ACTIONS = ("stop", "pause", "resume")
LONGEST_NAME = 80

_SHOWN_FILES = (
    "status.json",
    "changes.json",
    "events.jsonl",
    "samples.json",
    "health.jsonl",
    "remeasured.json",
    "snapshots",
    "frames",
)
_SNAPSHOT = re.compile(r"step_(\d{8})_epoch_(\d{1,4}\.\d{4})\.safetensors", re.ASCII)
_FRAME = re.compile(r"frame_(\d{1,6})\.png", re.ASCII)


@dataclass(frozen=True)
class Snapshot:
    """Weights as they were after `step` optimizer steps."""

    step: int
    epoch: float
    path: Path


@dataclass(frozen=True)
class Sample:
    """How the network read twelve test digits a moment ago. K classes."""

    step: int
    epoch: float
    indices: list[int]  # into the test set
    labels: list[int]
    probabilities: list[list[float]]  # (12, K), rows sum to 1


class Run:
    """One run, read when it is looked at. Safe to keep: each look shows the folder's present state.

    `.spec` and `.recipe` raise StudentError where nobody can run what the folder asks for; what a
    list shows (name, kind, dataset, created, status) never raises: one spoiled folder spoils no list.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    def at_once(self) -> Run:
        """This run as it stands now: each file is read once, however often it is asked."""
        moment = _RunAtOnce(self.folder)
        moment.__dict__.update(self.__dict__)  # what was asked for does not change
        return moment

    # What was asked for

    @cached_property
    def card(self) -> dict[str, Any]:
        """What `run.json` says: never changed once it is written."""
        return read_json(self.folder / "run.json")

    @property
    def kind(self) -> str:
        """One of KINDS."""
        kind = self.card.get("kind")
        return kind if kind in KINDS else "training"

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        created = self.card.get("created")
        return float(created) if isinstance(created, int | float) and not isinstance(created, bool) else 0.0

    @property
    def dataset(self) -> str:
        """What it learns from: "mnist" or another name of the catalogue; "" where nobody knows."""
        dataset = self.card.get("dataset")
        return dataset if is_dataset(dataset) else ""

    @property
    def owner(self) -> str:
        """The hash of the owner's token, as it names the visitor's folder."""
        owner = self.card.get("owner")
        return owner if is_owner(owner) else ""

    def is_owner(self, token: str | None) -> bool:
        """Whether this is the secret token of the visitor who started it."""
        return bool(token and self.owner) and secrets.compare_digest(self.owner, owner_of(token or ""))

    @cached_property
    def spec(self) -> ModelSpec:
        """The design that is trained. Raises StudentError where nobody can build it.

        An operator's limits were asked when it was: what is here stays here, however small they are made later.
        """
        return ModelSpec.from_dict(
            self.card.get("spec", []), check_limits=False
        )  # [] is refused, with a sentence

    @property
    def recipe(self) -> TrainSpec:
        """How it is trained, with the epochs the owner has added since. Raises StudentError as `spec` does."""
        recipe = TrainSpec.from_dict(self.card.get("recipe", []), check_limits=False)
        epochs = self._epochs
        if self._changes.get("without_patience") is True:
            recipe = recipe.replace(patience=None, check_limits=False)
        return recipe if epochs is None else recipe.replace(epochs=epochs, check_limits=False)

    @property
    def _epochs(self) -> int | None:
        """How many it is trained for since its owner wanted more; None before that."""
        epochs = self._changes.get("epochs")
        return epochs if type(epochs) is int and 1 <= epochs <= MOST_EPOCHS else None

    @property
    def is_opened(self) -> bool:
        """Whether its first weights came out of a file, and not out of a beginning here."""
        return self.card.get("adopted") is True

    @property
    def is_cut(self) -> bool:
        """Whether it is what was left of a network that was operated on here (`insight/surgery`)."""
        return self.card.get("cut") is True

    @property
    def has_recipe(self) -> bool:
        """Whether `recipe` trained it. How a network was trained that was opened and left alone, nobody here knows."""
        return not self.is_opened or self._epochs is not None

    @property
    def dream_settings(self) -> dict[str, Any]:
        """What a dream was asked to be; {} for a training."""
        settings = self.card.get("settings")
        return settings if isinstance(settings, dict) else {}

    @property
    def name(self) -> str:
        """What its owner calls it, else what the design is called."""
        spec = self.card.get("spec")
        design = spec.get("name") if isinstance(spec, dict) else None
        for name in (self._changes.get("name"), self.card.get("name"), design):
            if isinstance(name, str) and name.strip():
                return name[:LONGEST_NAME]
        return "Dream" if self.kind == "dream" else "Run"

    @property
    def learnt_from(self) -> ImagesLearntFrom:
        """Which images it learns from, as its worker wrote them down; nothing before it begins.

        Of a run of a version that wrote nothing down, it is what that version did; what cannot be known is not known.
        """
        written = read_json(self.folder / "learnt_from.json")
        if written:
            return ImagesLearntFrom.from_dict(written)
        if self.is_opened:
            return NOT_KNOWN
        return _learnt_in_a_version_before(self)

    @property
    def _changes(self) -> dict[str, Any]:
        return read_json(self.folder / "changes.json")

    # Where it stands

    @property
    def status(self) -> Status:
        """Where it stands now."""
        return read_status(self.folder)

    @property
    def control(self) -> dict[str, Any]:
        """What the owner asked for last, as far as it makes sense: "action" and "learning_rate".

        "by" is there, and "operator", where it was not the owner who wants the action.
        """
        control = read_json(self.folder / "control.json")
        wish: dict[str, Any] = {}
        if control.get("action") in ACTIONS:
            wish["action"] = control["action"]
            if control.get("by") == "operator":
                wish["by"] = "operator"
        with suppress(StudentError, KeyError):
            wish["learning_rate"] = checked_learning_rate(control["learning_rate"])
        return wish

    @property
    def version(self) -> str:
        """Changes whenever anything a page could show of this run has changed; cheap (seven stats)."""
        marks = []
        for name in _SHOWN_FILES:
            with suppress(OSError):
                file = os.stat(self.folder / name)
                marks.append(f"{file.st_ino:x}.{file.st_mtime_ns:x}.{file.st_size:x}")
        return "-".join(marks)

    def history(self) -> History:
        """Its curves, at most 400 points each. Shared between readers: do not change it."""
        return read_history(self.folder / "events.jsonl")

    def health(self) -> Health:
        """What the doctor measured on the way, as far as it makes sense; nothing for a run of before it measured."""
        checks: dict[int, Check] = {}
        compared = None
        for event in self._health_lines():
            if event.get("kind") == "check" and (check := Check.from_dict(event)) is not None:
                checks[check.step] = check
            elif event.get("kind") == "with_relu":
                compared = Comparison.from_dict(event) or compared
        return Health(tuple(checks[step] for step in sorted(checks)), compared)

    def step_sizes(self) -> StepSizes:
        """Gradients and steps of each layer over the training; nothing for a run of before they were measured."""
        return step_sizes(self.health().checks, self._health_lines())

    def _health_lines(self) -> list[dict[str, Any]]:
        try:
            with opened(self.folder / "health.jsonl") as file:
                content = file.read(LARGEST_JSON)
        except OSError:
            return []
        return event_lines(content[: content.rfind(b"\n") + 1])

    def sample(self) -> Sample | None:
        """The present reading of twelve test digits, or None before the first."""
        values = read_json(self.folder / "samples.json")
        try:
            sample = Sample(
                int(values["step"]),
                float(values["epoch"]),
                [int(index) for index in values["indices"]],
                [int(label) for label in values["labels"]],
                [[float(value) for value in row] for row in values["probabilities"]],
            )
        except (KeyError, TypeError, ValueError):
            return None
        return sample if _makes_sense(sample) else None

    # What it has made

    def best(self) -> Best | None:
        """Its best epoch so far, by the validation images; None before the end of the first."""
        return read_best(self.folder)

    @property
    def moment(self) -> str:
        """Which weights are meant where nobody says: "last", or "best" where patience has put those back at the end.

        Raises StudentError as `spec` does.
        """
        ended = self.status.state == "finished" and self.has_recipe
        return "best" if ended and self.recipe.patience is not None else "last"

    def remeasured(self) -> dict[str, Any]:
        """What came of measuring the moving averages anew: "accuracy", "loss", "count", "step"; {} before that.

        A sentence under "error" where it could not be done.
        """
        values = read_json(self.folder / "remeasured.json")
        if isinstance(values.get("error"), str):
            return {"error": values["error"]}
        makes_sense = is_number(values.get("accuracy"), most=1) and is_number(values.get("count"), most=10**9)
        return values if makes_sense else {}

    def snapshots(self) -> list[Snapshot]:
        """The weights saved on the way, in the order of training."""
        folder = self.folder / "snapshots"
        snapshots = [
            Snapshot(int(match[1]), float(match[2]), folder / match[0])
            for name in file_names(folder)
            if (match := _SNAPSHOT.fullmatch(name))
        ]
        return sorted(snapshots, key=lambda snapshot: snapshot.step)

    def snapshot_path(self, which: str | int = "last") -> Path:
        """A file of weights.

        which: "last" (of now, while it trains), "best" (by validation), "remeasured" (the averages of batch
            normalisation measured anew), or after which optimizer step.
        Raises StudentError where there are none.
        """
        if which in MOMENTS:
            return self._newest_path(str(which))
        for snapshot in self.snapshots():
            if snapshot.step == which:
                return snapshot.path
        raise StudentError(
            f"“{self.name}” has kept no weights of step {str(which)[:20]}.",
            hint="Choose one of its snapshots.",
        )

    def _newest_path(self, which: str) -> Path:
        # Before the first validation there is no best, and a run that was cut short may have no last.
        for name in dict.fromkeys((which, "last")):
            path = self.folder / "snapshots" / f"{name}.safetensors"
            if path.is_file():
                return path
        if snapshots := self.snapshots():
            return snapshots[-1].path
        raise StudentError(
            f"“{self.name}” has no weights yet.", hint="Wait until it has made its first step."
        )

    def frames(self) -> list[Path]:
        """A dream's pictures so far, in their order."""
        numbers = {
            int(match[1]): name
            for name in file_names(self.folder / "frames")
            if (match := _FRAME.fullmatch(name))
        }
        return [self.folder / "frames" / numbers[number] for number in sorted(numbers)]

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.status.state})"


def _makes_sense(sample: Sample) -> bool:
    classes = len(sample.probabilities[0]) if sample.probabilities else 0
    return (
        len(sample.indices) == len(sample.labels) == len(sample.probabilities)
        and classes > 1
        and all(0 <= label < classes for label in sample.labels)
        and all(index >= 0 for index in sample.indices)
        and all(len(row) == classes and all(0 <= p <= 1.001 for p in row) for row in sample.probabilities)
    )


def is_number(value: object, most: float) -> bool:
    """Whether a figure in a file is a number from 0 to `most`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _learnt_in_a_version_before(run: Run) -> ImagesLearntFrom:
    """What a run learnt from whose worker did not write it down: it said of the test only whether it was the sample."""
    status = run.status
    if not status.step and not status.saved_step:
        return ImagesLearntFrom()
    is_sample = (status.result or {}).get("is_sample")
    if run.dataset not in KNOWN or not isinstance(is_sample, bool):
        return NOT_KNOWN
    dataset = KNOWN[run.dataset]
    with suppress(StudentError):
        recipe = run.recipe
        learn, kept_aside = split_sizes(SAMPLE_TRAIN if is_sample else dataset.count("train"))
        chosen = recipe.train_size if recipe.train_size and recipe.train_size < learn else None
        return ImagesLearntFrom(
            (
                Portion(
                    dataset.key,
                    "sample" if is_sample else "complete",
                    chosen or learn,
                    kept_aside,
                    chosen,
                    recipe.seed if chosen else 0,
                ),
            )
        )
    return NOT_KNOWN


class _RunAtOnce(Run):
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
    def learnt_from(self) -> ImagesLearntFrom:
        return super().learnt_from

    @cached_property
    def _changes(self) -> dict[str, Any]:
        return super()._changes

    def history(self) -> History:
        return self._history

    def health(self) -> Health:
        return self._health

    @cached_property
    def _health(self) -> Health:
        return super().health()

    def _health_lines(self) -> list[dict[str, Any]]:
        return self._lines

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        return super()._health_lines()

    @cached_property
    def _history(self) -> History:
        return super().history()
