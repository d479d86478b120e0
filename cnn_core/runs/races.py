"""A fair race in the store: its runs, found or asked for, stopped together, and what came of it.

Like a pair (`pairs`), a race is no thing of its own there. Its runs are those of the visitor's that train, or have
trained, just what it says: so whoever opens its link finds it as far as it is, and nothing is trained twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.runs import submission
from cnn_core.runs.equal import is_equal, kept_its_recipe
from cnn_core.runs.expectation import Speeds, expect
from cnn_core.runs.ids import owner_of
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.together import Wish, check_room_for, submit_all
from cnn_core.runs.visitors import Visitors
from cnn_core.runs.waits import ASIDE
from cnn_core.training.race import Entry, Race

Heat = tuple[Run | None, ...]  # of one seed: a run for each racer, None where there is none yet
Action = Literal["stop", "pause", "resume"]


@dataclass(frozen=True)
class Course:
    """How far a race is.  heats: one for each seed."""

    race: Race
    heats: tuple[Heat, ...]

    @property
    def runs(self) -> list[Run]:
        """All runs there are, seed by seed."""
        return [run for heat in self.heats for run in heat if run is not None]

    def of_racer(self, place: int) -> list[Run]:
        """The runs of one racer, one a seed, as far as there are any."""
        return [run for heat in self.heats if (run := heat[place]) is not None]

    @property
    def unfinished(self) -> list[Run]:
        """Those that wait, are at work or are paused."""
        return [run for run in self.runs if run.status.unfinished]

    @property
    def is_begun(self) -> bool:
        """Whether anything of it was trained, or is to be."""
        return bool(self.runs)

    @property
    def is_over(self) -> bool:
        """Whether each of its trainings has come to its end; one whose loss became infinite has, too."""
        return self.next_heat is None and not self.unfinished

    @property
    def next_heat(self) -> int | None:
        """The number of the first seed of which a training is still to be asked for; None where there is none."""
        return next((number for number, heat in enumerate(self.heats) if any(map(_is_to_do, heat))), None)

    @property
    def may_go_on(self) -> bool:
        """Whether all that was asked for has ended well, and the next seed was not asked for yet."""
        number = self.next_heat
        return number is not None and not self.unfinished and not any(self.heats[number])

    def missing(self, number: int) -> list[Entry]:
        """Those of one heat."""
        pairs = zip(self.race.heat(number), self.heats[number], strict=True)
        return [entry for entry, run in pairs if _is_to_do(run)]


def course_of(store: RunStore, race: Race, owner: str) -> Course:
    """How far a visitor's race is.  owner: their secret token."""
    heats = (tuple(_run_of(store, race, entry, owner) for entry in heat) for heat in race.heats)
    return Course(race, tuple(heats))


def _run_of(store: RunStore, race: Race, entry: Entry, owner: str) -> Run | None:
    """The visitor's run of this very training, also one that came to a bad end."""
    wish = submission.training(entry.spec, entry.recipe, race.dataset, entry.title)
    person = owner_of(owner)
    try:
        run = store.run(Visitors(store.path).twin(person, wish.twin) or "")
        if run.status.state in ("failed", "stopped"):
            return run if kept_its_recipe(run) and run.recipe.epochs == wish.epochs else None
        return run if is_equal(run, wish.epochs) else None
    except StudentError:  # never asked for, since deleted, or not to be read
        return None


def _is_to_do(run: Run | None) -> bool:
    # With the same seed the loss would become infinite again.
    return run is None or (run.status.state in ("failed", "stopped") and not has_diverged(run))


def has_diverged(run: Run) -> bool:
    """Whether its loss or its weights became infinite: it has lost the race."""
    return run.status.state == "failed" and run.status.cause == "diverged"


def start(store: RunStore, race: Race, owner: str) -> int:
    """Ask for what is missing of a race, as many seeds as there is room for, each of them whole or not at all.

    owner: the visitor's secret token.
    Returns how many trainings were asked for.
    Raises StudentError where there is no room for the first of these seeds, or one of its trainings is refused.
    """
    asked, course = 0, course_of(store, race, owner)
    for number in range(race.seeds):
        missing = course.missing(number)
        try:
            submit_all(store, [Wish(one.spec, one.recipe, race.dataset, one.title) for one in missing], owner)
        except StudentError:
            if asked:  # the next seed waits until there is room
                return asked
            raise
        asked += len(missing)
    return asked


def check_start(store: RunStore, course: Course, owner: str) -> None:
    """Raise StudentError where there is no room for the next seed of a race."""
    if (number := course.next_heat) is not None:
        check_room_for(store, owner, len(course.missing(number)))


def control(store: RunStore, runs: Iterable[Run], owner: str, action: Action) -> None:
    """Ask all of these that have not ended to stop, to pause or to go on.

    Raises the first StudentError, after all of them were asked.
    """
    refused: StudentError | None = None
    for run in runs:
        if run.status.unfinished:
            try:
                store.control(run.id, owner, action)
            except StudentError as error:
                refused = refused or error
    if refused is not None:
        raise refused


# ---------------------------------------------------------------- what it costs


@dataclass(frozen=True)
class Cost:
    """What a race takes.

    runs:     trainings that are still to be asked for.
    seconds:  of those, one after the other; None where nothing was trained on this machine yet.
    of_three: of three seeds of each racer, from the beginning; None likewise.
    """

    runs: int
    seconds: float | None
    of_three: float | None


def cost(store: RunStore, course: Course) -> Cost:
    """What the rest of a race takes, told by trainings that were done on this machine."""
    from cnn_core.data import available  # here: a store that is only looked at needs no data
    from cnn_core.data.sources import dataset_of

    race = course.race
    here = available(race.dataset)
    learn, _ = split_sizes(here.train or dataset_of(race.dataset).count("train"))
    is_sample = here.state == "sample"
    missing = [sum(_is_to_do(heat[place]) for heat in course.heats) for place in range(len(race.racers))]
    times = [
        expect(store, one.spec, one.recipe, race.dataset, learn, is_sample).seconds for one in race.heat(0)
    ]
    aside = Speeds(store.path).seconds(ASIDE, 0.0)  # of each training: its images, and the test at its end
    known = [time + aside for time in times if time is not None]
    if len(known) < len(times):
        return Cost(sum(missing), None, None)
    seconds = sum(time * count for time, count in zip(known, missing, strict=True))
    return Cost(sum(missing), seconds, 3 * sum(known))
