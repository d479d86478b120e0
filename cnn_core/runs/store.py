"""Where runs live: one folder each. This package's modules are the only code that knows what is in it.

    <runs>/<id>/run.json         what was asked for: spec, recipe, data, owner; written once
                changes.json     what the owner changed later: name, epochs
                status.json      where it stands; written by whoever holds the run's ticket
                learnt_from.json which images it learnt from; written by its worker before the first step
                control.json     what the owner asks for: stop, pause, resume, a learning rate
                events.jsonl     appended, one event a line
                health.jsonl     appended, one measurement a line, for the doctor and of sizes (`step_sizes`)
                samples.json     the present reading of twelve test digits
                snapshots/       weights at steps 0, 1, 2, 4, 8, ... and after each epoch; best, last
                frames/          a dream's pictures
                lock             held by the worker while it works
           queue/, taken/, paused/   tickets: every unfinished run has one, in one of the three (`tickets`)
           visitors/<owner>/         seen, served, runs/, twins/ (`visitors`)
           datasets/                 visitors' own pictures (`cnn_core.data.own`)
           trash/<owner>/            deleted runs, for a day (`trash`)
           speeds.json               what each design made on this machine (`expectation`)
           results.json              what the latest trainings came to (`measured`)

Files may be torn, foreign or hostile: what makes no sense reads as absent, and an id is looked at before it becomes
a path.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from cnn_core.data.own.names import is_own
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs import adoption, expectation, going_on, submission, waits
from cnn_core.runs.admission import check_room
from cnn_core.runs.equal import is_equal
from cnn_core.runs.fairness import Queue, Room, Ticket
from cnn_core.runs.files import explain_disk_errors, file_names, locked, read_json, write_json
from cnn_core.runs.ids import is_run_id, owner_of
from cnn_core.runs.measured import Measurement, Results
from cnn_core.runs.notebooks import Notebooks
from cnn_core.runs.openings import Openings
from cnn_core.runs.run import ACTIONS, Run
from cnn_core.runs.status import Status, change_status
from cnn_core.runs.tickets import PAUSED, QUEUE, TAKEN, Tickets
from cnn_core.runs.tidying import KEPT_RUNS
from cnn_core.runs.trash import Trash, evict
from cnn_core.runs.visitors import Visitors
from cnn_core.settings import settings
from cnn_core.training.spec import TrainSpec

_NO_FOLDER = "The folder for runs cannot be written"
_ANEW: dict[str, Any] = {"state": "queued", "reason": "", "eta": None, "ended": 0.0, "result": None}


class RunStore:
    """All runs of one folder. Cheap to make; holds nothing open; any number of processes may have one.

    A method that changes anything raises StudentError where the folder cannot be written.
    """

    def __init__(self, path: Path | str | None = None, *, rules: submission.Rules | None = None) -> None:
        self._rules = rules
        self.path = Path(path if path is not None else settings().runs_dir).absolute()
        self._visitors = Visitors(self.path)
        self._tickets = Tickets(self.path, self._visitors)
        self._trash = Trash(self.path)
        self._speeds = expectation.Speeds(self.path)
        self._results = Results(self.path)
        self._waits = waits.Waits(self)
        self.openings = Openings(self.path, rules)
        self.notebooks = Notebooks(self.path)

    # Asking for work

    def submit(
        self,
        spec: ModelSpec,
        recipe: TrainSpec,
        dataset: str = "mnist",
        owner: str = "",
        name: str | None = None,
        *,
        again: bool = False,
    ) -> str:
        """Ask for a training; returns the run's id. Asking for the same again returns the same run.

        spec, recipe: what is trained, and how.
        dataset: a name of the catalogue.
        owner: the visitor's secret token; whoever has it may change the run.
        name: what its owner calls the run; None calls it like the design.
        again: train it a second time; the same weights will come out.
        Raises StudentError where this visitor has too many unfinished runs, the folder cannot be written, or design or
        recipe are beyond this server's limits (presets exist however small those are).
        """
        return self._submit(submission.training(spec, recipe, dataset, name), owner, again)

    def equal_run(self, spec: ModelSpec, recipe: TrainSpec, dataset: str, owner: str) -> Run | None:
        """The run of this visitor that trains, or has trained, just this on the images that are here now; else None.

        The arguments are those of `submit`, and it raises StudentError as that does.
        """
        run = self._equal_run(owner_of(owner), submission.training(spec, recipe, dataset, None))
        if run is not None:
            self.mend(run)
        return run

    def submit_dream(self, settings: Mapping[str, Any], image_png: bytes, owner: str = "") -> str:
        """Ask for a dream of a picture; returns its id. Its frames land in the run's folder (`run.frames()`).

        settings: JSON-ready, what `cnn_core.insight.dream` is to be called with, and "network".
        image_png: the picture, as a file.
        owner: the visitor's secret token.
        Raises StudentError as `submit` does.
        """
        return self._submit(submission.dream(settings, image_png), owner)

    def adopt(self, content: bytes, name: str, owner: str, dataset: str | None = None) -> str:
        """Take in a network (the bytes of a file that `cnn_core.opening` reads) as a finished run; returns its id.

        dataset: key of what it reads, for a file that does not say it; None has it measured.
        Raises StudentError for anything that is not one, whole and fitting; nothing in it is ever executed.
        """
        return adoption.adopt(self.path, content, name, owner, dataset).id

    def _submit(self, wish: submission.Submission, token: str, again: bool = False) -> str:
        owner = owner_of(token)
        if self._rules is not None:
            self._rules.check_submission(token, wish)
        with explain_disk_errors(_NO_FOLDER):
            self._visitors.make_folders(owner)
            (self.path / QUEUE).mkdir(exist_ok=True)
            with self._visitors.locked(owner):
                self.seen(token)
                if not again and (run := self._equal_run(owner, wish)) is not None:
                    self._mend(run)
                    return run.id
                check_room(self._tickets, owner, wish.kind)
                return self._create(wish, owner)

    def _equal_run(self, owner: str, wish: submission.Submission) -> Run | None:
        """A run that does what is asked for, unless it came to a bad end."""
        try:
            run = self.run(self._visitors.twin(owner, wish.twin) or "")
        except StudentError:  # never asked for, or since deleted
            return None
        return run if is_equal(run, wish.epochs) else None

    def _create(self, wish: submission.Submission, owner: str) -> str:
        run = submission.create_run(self.path, wish.card, owner, Status(epochs=wish.epochs), wish.image_png)
        self._visitors.add_run(owner, run.id)
        self._visitors.set_twin(owner, wish.twin, run.id)
        self._tickets.put(run)
        return run.id

    def mend(self, run: Run) -> None:
        """Write the ticket of an unfinished run that has none: a server died before it came to that."""
        if run.status.unfinished and self._tickets.of(run.id) is None:
            with explain_disk_errors(_NO_FOLDER):
                self._visitors.make_folders(run.owner)
                with self._visitors.locked(run.owner):
                    self._mend(run)

    def _mend(self, run: Run) -> None:
        # Looked at twice: a run that ends loses its ticket after it has said so.
        if run.status.unfinished and self._tickets.of(run.id) is None and run.status.unfinished:
            self._tickets.put(run)

    # Looking

    def run(self, run_id: str) -> Run:
        """The run with this id. Raises StudentError for anything else, whatever it is."""
        if is_run_id(run_id):
            run = Run(self.path / run_id)
            if run.card:
                return run
        raise StudentError(
            f"There is no run “{str(run_id)[:20]}” here.",
            hint="It may have been deleted, or the link is incomplete.",
        )

    def runs(self, owner: str | None = None, limit: int | None = None) -> list[Run]:
        """Newest first: a visitor's (by token), or everybody's. `limit` reads no more than it returns."""
        folder = self.path if owner is None else self._visitors.runs_folder(owner_of(owner))
        ids = []  # (when, id)
        for name in file_names(folder):
            if is_run_id(name):
                with suppress(OSError):
                    ids.append((os.stat(self.path / name / "run.json").st_mtime_ns, name))
        runs: list[Run] = []
        for _, run_id in sorted(ids, reverse=True):
            if limit is not None and len(runs) >= limit:
                break
            run = Run(self.path / run_id)
            if run.card:
                runs.append(run)
        return runs

    def latest(self, owner: str | None = None) -> Run | None:
        """The newest run, or None."""
        return next(iter(self.runs(owner, limit=1)), None)

    def place(self, run_id: str) -> int:
        """How many waiting runs come before this one; 0 where it is next, at work, or not waiting at all."""
        waiting = [ticket.run_id for ticket in self.turns()]
        return waiting.index(run_id) if run_id in waiting else 0

    def expected_wait(self, run_id: str) -> float | None:
        """About how many seconds until it is started, inf if nobody knows; 0 at work, None where it does not wait."""
        return self._waits.of(run_id)

    def speed_of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training on this machine, or None before the first."""
        return self._speeds.of(spec)

    # The owner's wishes

    def seen(self, owner: str) -> None:
        """The page of the visitor with this token is still open: their runs keep their place in the queue."""
        self._visitors.see(owner_of(owner))

    def remember_recipe(self, owner: str, values: Mapping[str, Any]) -> None:
        """Keep how this visitor last chose to train: JSON-ready values, whose meaning is the page's."""
        with explain_disk_errors(_NO_FOLDER):
            self._visitors.make_folders(owner_of(owner))
            write_json(self._visitors.recipe_file(owner_of(owner)), dict(values))

    def recipe_of(self, owner: str) -> dict[str, Any]:
        """What `remember_recipe` kept; {} where there is nothing readable."""
        return read_json(self._visitors.recipe_file(owner_of(owner)))

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
        wish: dict[str, Any] = {} if action is None else {"action": action, "by": "owner"}
        if learning_rate is not None:
            wish["learning_rate"] = going_on.checked_change(learning_rate)
        with _writing(run):
            with locked(run.folder / "control.lock"):
                write_json(run.folder / "control.json", run.control | wish, durable=True)
            # The wish is written before the ticket is tried, and a runner that moves a ticket reads the wish
            # after: one of the two always sees it.
            if action is not None:
                self.grant(run)

    def grant(self, run: Run) -> None:
        """Do what the owner asks for, as far as it needs no worker: for runs that wait or are paused.

        Raises OSError where the folder cannot be written.
        """
        action = run.control.get("action")
        if action == "stop":
            for folder in (QUEUE, PAUSED):
                if self._tickets.remove(run.id, folder):
                    reason = going_on.why_stopped(run.control)
                    self.set_status(run, state="stopped", reason=reason, eta=None, ended=time.time())
        elif action == "pause":
            if self._tickets.move(run.id, QUEUE, PAUSED):
                self.set_status(run, state="paused", reason="", eta=None)
        elif action == "resume" and self._tickets.move(run.id, PAUSED, QUEUE, asks_anew=True):
            self.set_status(run, state="queued", reason="", eta=None)

    def rename(self, run_id: str, owner: str, name: str) -> None:
        """Call a run something else. Raises StudentError for a name that cannot be seen."""
        self._change(self._own(run_id, owner), name=submission.clean_name(name))

    def extend(self, run_id: str, owner: str, epochs: int) -> None:
        """Train a finished run for `epochs` more, as the same run, from exactly where it ended.

        A network opened from a file is trained from its weights by the lesson's recipe: all its epochs are new.
        Raises StudentError for one that has not finished, and for one_cycle, whose rate is down to nothing.
        """
        run = self._own(run_id, owner)
        recipe = run.recipe
        going_on.check_can_be_longer(run, recipe)
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
            raise StudentError("More epochs means one or more.", hint="Try 1.")
        # Of one whose patience ended it the rest of its epochs is still to come; it goes on without patience.
        impatient = going_on.ended_by_patience(run)
        before = (int(run.status.epoch) if impatient else recipe.epochs) if run.has_recipe else 0
        longer = recipe.replace(epochs=before + epochs)  # checks this server's limit
        if not (run.folder / "snapshots" / "last.safetensors").is_file():
            raise StudentError(f"“{run.name}” has no weights to go on from.", hint="Start a new run.")
        if self._rules is not None:
            self._rules.check_submission(owner, submission.training(run.spec, longer, run.dataset, run.name))
        with _writing(run), self._visitors.locked(run.owner):
            check_room(self._tickets, run.owner, run.kind)
            if impatient:
                self._change(run, without_patience=True)
                longer = longer.replace(patience=None)
            self._begin_again(run, longer, epoch=float(before))

    def go_on(self, run_id: str, owner: str, learning_rate: float | None = None) -> None:
        """Take up a stopped or failed run again, as the same run.

        A stopped one goes on as if nobody had stopped it. One whose loss became infinite goes on from the last
        snapshot at which it was sound, with a smaller rate (`going_on`).

        learning_rate: from there on; None is as before, or for the infinite loss what `going_on.rate_to_try` says.
        Raises StudentError for a run that cannot go on, or a rate that would explode again.
        """
        run = self._own(run_id, owner)
        resumption = going_on.plan(run, learning_rate)
        if self._rules is not None:
            self._rules.check_action(owner, "train")
        with _writing(run), self._visitors.locked(run.owner):
            check_room(self._tickets, run.owner, run.kind)
            going_on.write_resumption(run, resumption)
            rate = resumption.learning_rate or run.control.get("learning_rate")
            wish = {} if rate is None else {"learning_rate": rate}
            write_json(run.folder / "control.json", wish, durable=True)
            with suppress(OSError):
                (run.folder / "tries.json").unlink()
            self.set_status(run, **_ANEW, cause="")
            self._tickets.put(run, is_new=False)

    def remeasure(self, run_id: str, owner: str) -> None:
        """Measure the moving averages of a finished run anew, from its training images; a worker does it.

        The run's own weights stay as they are; `Run.remeasured` tells what came of it.
        Raises StudentError for a run that has not finished, or has no such averages.
        """
        run = self._own(run_id, owner)
        if run.status.state != "finished" or not run.has_recipe:
            raise StudentError(f"“{run.name}” has not finished.", hint="Wait for its end.")
        if not any(layer.keeps_averages for layer in run.spec.layers):
            raise StudentError(f"“{run.name}” keeps no averages: it has no batch normalisation.")
        with _writing(run), self._visitors.locked(run.owner):
            with suppress(OSError):
                (run.folder / "remeasured.json").unlink()
            if not self.is_remeasuring(run):
                check_room(self._tickets, run.owner, run.kind)
                self._tickets.put(run, is_new=False)

    def is_remeasuring(self, run: Run) -> bool:
        """Whether a worker is to measure the averages of a finished run, or is at it."""
        return run.status.state == "finished" and run.has_recipe and self._tickets.of(run.id) is not None

    def _begin_again(self, run: Run, recipe: TrainSpec, epoch: float) -> None:
        self._change(run, epochs=recipe.epochs)
        for name in ("remeasured.json", "control.json"):
            with suppress(OSError):
                (run.folder / name).unlink()
        self.set_status(run, **_ANEW, steps=0, epoch=epoch, epochs=recipe.epochs)
        # One that did not begin by chance is nobody's twin; nor one that goes on with own pictures of another day.
        if not run.is_opened and not is_own(run.dataset):
            twin = submission.training_twin(run.spec, recipe, run.dataset)
            self._visitors.set_twin(run.owner, twin, run.id)
        self._tickets.put(run, is_new=False)

    def delete(self, run_id: str, owner: str) -> None:
        """Move a run to the trash, where `restore` finds it for a day. StudentError while it is at work."""
        run = self._own(run_id, owner)
        if self._tickets.of(run.id) is not None:
            if run.status.state in ("running", "finished"):
                raise StudentError(f"“{run.name}” is still at work.", hint="Stop it first, then delete it.")
            self.control(run_id, owner, "stop")
        with _writing(run), locked(run.folder / "lock", wait=False) as mine:
            if not mine or self._tickets.of(run.id) is not None:
                raise StudentError(f"“{run.name}” is still at work.", hint="Try again in a moment.")
            self._trash.put(run)
        self.purge_trash()

    def restore(self, run_id: str, owner: str) -> None:
        """Undo `delete`. Raises StudentError where it is too late."""
        self._trash.restore(run_id, owner)

    def purge_trash(self) -> None:
        """Forget what was deleted a day ago, or before a visitor's last hundred."""
        self._trash.purge()

    def evict(self, keep: int = KEPT_RUNS) -> int:
        """Delete the oldest ended runs beyond `keep`, of visitors gone for a day; returns how many. See `tidying`."""
        return evict(self.runs()[keep:], self._visitors)

    # The runner's side: tickets and status

    def queue(self) -> Queue:
        """All that waits and is at work, as the policy of the queue looks at it."""
        return self._tickets.queue()

    def turns(self) -> list[Ticket]:
        """Everything that waits, in the order in which it will be started."""
        return self.queue().turns()

    def next_ticket(self, room: Room | None = None) -> Ticket | None:
        """Whose turn it is, or None where nothing waits that may start now; without a `room` there is a free worker."""
        return self._tickets.next(room or Room())

    def take(self, ticket: Ticket) -> bool:
        """Take a ticket out of the queue; False where somebody was faster (its owner, who stopped it)."""
        return self._tickets.take(ticket)

    def taken(self) -> list[Ticket]:
        """The tickets of all runs at work."""
        return self._tickets.listed(TAKEN)

    def waiting(self) -> list[Ticket]:
        """The tickets of all runs that wait, in no order."""
        return self._tickets.listed(QUEUE)

    def has_work(self) -> bool:
        """Whether anything waits or is at work, so that a runner is needed."""
        return self._tickets.any_work()

    def done(self, run_id: str) -> None:
        """The run has ended: its ticket is torn up."""
        self._tickets.leave(run_id)
        self._tickets.remove(run_id, TAKEN)

    def put_aside(self, run_id: str) -> None:
        """The run was paused and its worker has left it."""
        self._tickets.leave(run_id)
        self._tickets.move(run_id, TAKEN, PAUSED)
        self.grant(self.run(run_id))  # the owner may have asked for it again in the meantime

    def put_behind(self, run_id: str) -> None:
        """The run has made room for others: it waits again, behind all who wait now, to go on from its snapshot."""
        self._tickets.leave(run_id)
        self._tickets.move(run_id, TAKEN, QUEUE)
        self.grant(self.run(run_id))

    def put_back(self, run_id: str, reason: str = "") -> None:
        """The run's worker is gone: it waits again, before all others, to go on from its last snapshot."""
        run = self.run(run_id)
        if run.status.unfinished:  # else something more is to be done to a finished one
            with suppress(OSError):
                self.set_status(run, state="interrupted", reason=reason, eta=None)
        self._tickets.put_first(run_id)
        self._tickets.move(run_id, TAKEN, QUEUE)
        self.grant(run)

    def set_status(self, run: Run, **changes: Any) -> Status:
        """Change some fields of a run's status. Only for whoever holds its ticket. Raises OSError."""
        return change_status(run.folder, **changes)

    def remember_result(self, measurement: Measurement) -> None:
        """What a training came to, for the expectations of the next. Raises OSError."""
        self._results.remember(measurement)

    def results(self) -> tuple[Measurement, ...]:
        """What the latest trainings on this server came to."""
        return self._results.all()

    def remember_speed(self, run: Run, images_per_second: float) -> None:
        """What a design made on this machine, for the next one's expectation and wait. Raises OSError."""
        waits.remember(self, run, images_per_second)
        self._speeds.remember(run.spec, images_per_second * run.recipe.work)

    # Within

    def _own(self, run_id: str, owner: str) -> Run:
        run = self.run(run_id)
        if not run.is_owner(owner):
            raise StudentError(
                "Only the visitor who started this run can change it.", hint="Start one of your own."
            )
        return run

    def _change(self, run: Run, **changes: Any) -> None:
        with _writing(run), locked(run.folder / "control.lock"):
            new = read_json(run.folder / "changes.json") | changes
            write_json(run.folder / "changes.json", new, durable=True)


def _writing(run: Run) -> AbstractContextManager[None]:
    return explain_disk_errors(f"The folder of “{run.name}” cannot be written")
