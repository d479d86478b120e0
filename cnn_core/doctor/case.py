"""What the doctor looks at, and what it says: a case, and findings. Plain numbers, no torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cnn_core.doctor.health import Health
from cnn_core.model import ModelSpec
from cnn_core.training.history import Curve, History
from cnn_core.training.schedule import steps_per_epoch
from cnn_core.training.spec import TrainSpec


@dataclass(frozen=True)
class Case:
    """A training that is planned, goes on or has ended.

    available:  images that the data set has to learn from; the recipe may use fewer.
    noun:       what the images show, plural.
    classes:    their names; empty where nobody knows.
    of_strokes: whether the images are lines, and not surfaces.
    state:      of the run, one of STATES; "" before there is one.
    reason:     the sentence that a run ended with.
    rate:       the learning rate that holds now; None is the recipe's.
    """

    spec: ModelSpec
    recipe: TrainSpec
    available: int
    noun: str = "images"
    classes: tuple[str, ...] = ()
    of_strokes: bool = True
    state: str = ""
    reason: str = ""
    step: int = 0
    rate: float | None = None
    history: History = field(default_factory=History)
    health: Health = field(default_factory=Health)

    @property
    def images(self) -> int:
        """How many it learns from."""
        return min(self.available, self.recipe.train_size or self.available)

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole recipe."""
        return self.recipe.epochs * self.steps_an_epoch

    @property
    def steps_an_epoch(self) -> int:
        """Optimizer steps that go once through the images."""
        return steps_per_epoch(self.images, self.recipe.batch_size)

    @property
    def guess(self) -> float:
        """The loss of guessing, in nats: each class gets the same probability."""
        return math.log(self.spec.classes)

    @property
    def learning_rate(self) -> float:
        """The one that holds now; with one_cycle its highest."""
        return self.recipe.learning_rate if self.rate is None else self.rate

    @property
    def goes_on(self) -> bool:
        """Whether its learning rate can still be changed."""
        return self.state in ("running", "paused", "interrupted")

    @property
    def loss_of_late(self) -> float | None:
        """The mean training loss of the latest quarter of its curve; None before step 100."""
        recent = self.since_rate_changed
        if not recent or recent.step[-1] - recent.step[0] < LATE_STEPS:
            return None
        return _mean(list(recent.loss)[-max(1, len(recent) // 4) :])

    @property
    def since_rate_changed(self) -> Curve | None:
        """The training curve since the learning rate is what it is; None where the last wish is not heard yet."""
        curve, rates = self.history.train, list(self.history.learning_rates)
        if not len(curve) or len(rates) != len(curve) or self.recipe.schedule != "constant":
            return curve if len(curve) else None
        if not math.isclose(rates[-1], self.learning_rate, rel_tol=0.01):
            return None
        first = len(rates)
        while first and math.isclose(rates[first - 1], rates[-1], rel_tol=0.01):
            first -= 1
        return Curve(curve.step[first:], curve.epoch[first:], curve.loss[first:], curve.accuracy[first:])


LATE_STEPS = 90  # of a curve, before anything is said of where its loss stands


@dataclass(frozen=True)
class Cure:
    """What the finding's one button does.

    label: of the button.
    keeps: a sentence: what is still there afterwards.
    spec:   the design to go to; None leaves it.
    recipe: to train by; None leaves it.
    rate:   go on with this learning rate, in the same run.
    epochs: go on for so many more, in the same run.
    A change of design or recipe starts another run, where there is one already; before that it changes the design, or
    begins with that recipe.
    """

    label: str
    keeps: str
    spec: ModelSpec | None = None
    recipe: TrainSpec | None = None
    rate: float | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class Bar:
    """One layer in a finding's chart: its gradient as a share of the last layer's, and the same with relu."""

    name: str
    share: float
    with_relu: float | None = None


@dataclass(frozen=True)
class Finding:
    """What is the matter, in a question and a sentence with a measured number; and what would help.

    sentence: Markdown.
    rule:     the name of the rule that found it.
    bars:     for a chart; mostly empty.
    relu_steps: after how many steps the net with relu was measured, where the bars have it.
    """

    question: str
    sentence: str
    cure: Cure | None
    bars: tuple[Bar, ...] = ()
    relu_steps: int | None = None
    rule: str = ""


@dataclass(frozen=True)
class Rule:
    """One thing that can be the matter. The table of all is `rules.RULES`, the gravest first.

    look:     finds it in a case, or not.
    source:   who found out, or where it was measured.
    explains: names of rules whose findings are only another sight of this one: they are not said beside it.
    """

    name: str
    look: Callable[[Case], Finding | None]
    source: str
    explains: tuple[str, ...] = ()

    def finding(self, case: Case) -> Finding | None:
        """What the rule finds, under its name."""
        found = self.look(case)
        return None if found is None else replace(found, rule=self.name)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


# ---------------------------------------------------------------- how the doctor writes a number


def share(fraction: float) -> str:
    """A share in per cent, no finer than is worth saying.

    >>> share(0.63), share(0.998), share(0.0107), share(1.0)
    ('63 %', '99.8 %', '1.1 %', '100 %')
    """
    is_round = 0.1 <= fraction < 0.99 or fraction in (0, 1)
    return f"{100 * fraction:.{0 if is_round else 1}f} %"


def nats(loss: float) -> str:
    """A loss, with as many decimals as it needs to be told from 0.

    >>> nats(2.302), nats(0.0013), nats(0.00000002)
    ('2.30', '0.0013', 'under 0.0001')
    """
    if 0 < loss < 0.0001:
        return "under 0.0001"
    return f"{loss:.2f}" if loss >= 0.0095 else f"{loss:.4f}"


def times(factor: float) -> str:
    """How many times, in three figures at most.

    >>> times(1268.3), times(30.4), times(2.25)
    ('1,270 times', '30 times', '2.2 times')
    """
    if factor < 10:
        return f"{factor:.1f} times"
    digits = max(0, math.floor(math.log10(factor)) - 2)
    return f"{round(factor / 10**digits) * 10**digits:,} times"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(number: int, one: str) -> str:
    """A small number in letters, and what is counted.

    >>> counted(4, "sigmoid"), counted(1, "tanh"), counted(12, "sigmoid")
    ('four sigmoids', 'one tanh', '12 sigmoids')
    """
    word = _WORDS[number] if number < len(_WORDS) else str(number)
    return f"{word} {one}{'' if number == 1 else 's'}"
