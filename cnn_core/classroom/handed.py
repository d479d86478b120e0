"""What a student handed in, as its file holds it: copies, so that it stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cnn_core.checks import is_number
from cnn_core.errors import StudentError
from cnn_core.lesson.guesses import Guess, guess_of
from cnn_core.model.spec import ModelSpec, summarize
from cnn_core.significance import wilson_interval

if TYPE_CHECKING:
    from cnn_core.runs import Run


@dataclass(frozen=True)
class HandedRun:
    """A network, as it was when it was handed in.

    id, name:   of its run, which may be deleted since.
    moment:     which of the run's weights.
    dataset:    what it learnt from.
    spec, recipe: as dicts; an empty recipe is one that nobody knows.
    parameters: how many it has.
    accuracy:   a fraction of `count` test images; None where it was not tested.
    is_test:    whether it had certainly learnt from none of them.
    steps, epochs, seconds: how long it has learnt.
    size, file: of the copy of its weights: bytes, and its name.
    """

    id: str
    name: str
    moment: str
    dataset: str
    spec: Mapping[str, Any]
    recipe: Mapping[str, Any]
    parameters: int
    accuracy: float | None
    count: int
    is_test: bool
    steps: int
    epochs: float
    seconds: float
    size: int = 0
    file: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which accuracies it lies on very many such images, with 95 % confidence; None without a test."""
        if self.accuracy is None or not self.is_test or self.count < 1:
            return None
        return wilson_interval(self.accuracy, self.count)

    @property
    def design(self) -> ModelSpec | None:
        """The network's design; None where this server cannot build it."""
        try:
            return ModelSpec.from_dict(self.spec, check_limits=False)
        except StudentError:
            return None


@dataclass(frozen=True)
class HandedIn:
    """All that one student handed in for a task.

    at, first: when, and when for the first time, in seconds since 1970.
    times:     how often.
    is_late:   whether `at` was after the task's date.
    answers:   (the question as it was asked, the answer).
    predictions: what was said, and, where it was shown already, what was measured.
    run:       the network, or None.
    """

    at: float
    first: float
    times: int
    is_late: bool
    answers: tuple[tuple[str, str], ...]
    predictions: tuple[Guess, ...]
    run: HandedRun | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; `handed_in_of` reads it back."""
        return asdict(self)


def run_to_hand_in(run: Run) -> HandedRun:
    """A run as it stands now. Raises StudentError for one that cannot be handed in."""
    if run.kind != "training":
        raise StudentError("That run trained no network.", hint="Choose one of your trainings.")
    status = run.status
    if status.unfinished:
        raise StudentError(f"“{run.name}” is still in training.", hint="Wait until it is done, or stop it.")
    run.snapshot_path(run.moment)  # raises where it has no weights
    result = status.result or {}
    accuracy = result.get("accuracy")
    spec = run.spec
    return HandedRun(
        id=run.id,
        name=run.name,
        moment=run.moment,
        dataset=run.dataset,
        spec=spec.to_dict(),
        recipe=run.recipe.to_dict() if run.has_recipe else {},
        parameters=sum(row.parameters for row in summarize(spec)),
        accuracy=float(accuracy) if is_number(accuracy) else None,
        count=int(result.get("count", 0)),
        is_test=not result.get("seen", 0) and run.learnt_from.is_known,
        steps=status.step,
        epochs=status.epoch,
        seconds=status.seconds,
    )


def handed_in_of(values: Mapping[str, Any]) -> HandedIn | None:
    """What a file says; None where it makes no sense."""
    if not values:
        return None
    try:
        run = values["run"]
        answers = tuple((str(question), str(answer)) for question, answer in values["answers"])
        guesses = (guess_of(one) for one in values["predictions"])
        return HandedIn(
            at=float(values["at"]),
            first=float(values["first"]),
            times=int(values["times"]),
            is_late=values["is_late"] is True,
            answers=answers,
            predictions=tuple(guess for guess in guesses if guess is not None),
            run=None if run is None else _run_of(run),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _run_of(values: Mapping[str, Any]) -> HandedRun:
    accuracy = values["accuracy"]
    if accuracy is not None and not (is_number(accuracy) and 0 <= accuracy <= 1):
        raise ValueError("no accuracy")
    told: dict[str, Any] = {name: str(values[name]) for name in ("id", "name", "moment", "dataset", "file")}
    told |= {name: dict(values[name]) for name in ("spec", "recipe")}
    told |= {name: int(values[name]) for name in ("parameters", "count", "steps", "size")}
    told |= {name: float(values[name]) for name in ("epochs", "seconds")}
    return HandedRun(**told, accuracy=accuracy, is_test=values["is_test"] is True)
