"""Files that visitors bring to be opened: each becomes a ticket, and a worker reads it. The server only stores them.

While it waits, a file is a run of the kind "opening", whose folder holds the bytes as `upload`. Once it is open the
same folder is a finished training, so that its address stays; refused, nothing of it is left but the sentence that says
why, until its owner has read that or brings another file.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from cnn_core.errors import StudentError, quoted
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.files import explain_disk_errors, locked, read_json, write_json
from cnn_core.runs.ids import is_dataset, is_run_id, owner_of
from cnn_core.runs.opened import UPLOAD, is_preparation
from cnn_core.runs.run import LONGEST_NAME, Run
from cnn_core.runs.status import Status
from cnn_core.runs.submission import Rules, clean_name, create_run
from cnn_core.runs.tickets import PAUSED, QUEUE, TAKEN, Tickets
from cnn_core.runs.visitors import Visitors
from cnn_core.upload_limits import MEGABYTE, NETWORK_MB, megabytes

LARGEST_MB = NETWORK_MB
LARGEST_FILE = NETWORK_MB * MEGABYTE  # bytes
MOST_WAITING = 3  # files of one visitor that wait to be opened
MOST_OF_ALL = 60  # of all visitors together: 3.6 GB at worst
KIND = "opening"
_WISH = "wish.json"  # another data set or preparation that its owner wants to have measured
_NO_FOLDER = "The file cannot be kept"


class Openings:
    """The files that wait to be opened in the store in folder `path`."""

    def __init__(self, path: Path, rules: Rules | None = None) -> None:
        self.path = path
        self._rules = rules
        self._visitors = Visitors(path)
        self._tickets = Tickets(path, self._visitors)

    def ask(
        self,
        content: bytes,
        file_name: str,
        token: str,
        onto: ModelSpec | None = None,
        insists: bool = False,
        is_cut: bool = False,
    ) -> str:
        """Ask for a file to be opened; returns the id of the run that it becomes.

        content:   the whole file.
        file_name: what it was called.
        token:     the visitor's secret.
        onto:      the design for a file that holds weights alone.
        insists:   whether it has to be that design, also where another was guessed or is in the file.
        is_cut:    whether it is no file from elsewhere, but what was left of a network that was operated on here.
        Raises StudentError for an empty file, one that is too large, where too many wait already, and where the folder
        cannot be written.
        """
        name = _clean_file_name(file_name)
        _check_size(content, name)
        if self._rules is not None:
            self._rules.check_action(token, "open")
        owner = owner_of(token)
        card = {
            "kind": KIND,
            "name": name.rpartition(".")[0] or name,
            "file": name,
            "onto": None if onto is None else onto.to_dict(),
            "insists": insists,
            "cut": is_cut,
        }
        with explain_disk_errors(_NO_FOLDER):
            self._visitors.make_folders(owner)
            with self._visitors.locked(owner):
                self._visitors.see(owner)
                self._forget_refused(owner)
                self._check_room(owner)
                run = create_run(self.path, card, owner, Status(), upload=content)
                self._visitors.add_run(owner, run.id)
                self._tickets.put(run)
        return run.id

    def again(self, run_id: str, token: str, onto: ModelSpec) -> str:
        """Open the file of an opened run once more, now onto this design; returns the new run's id.

        Raises StudentError as `ask` does, and where the file was not kept: it is only where its design was guessed.
        """
        run = self._own(run_id, token)
        try:
            content = (run.folder / UPLOAD).read_bytes()
        except OSError as error:
            raise StudentError(
                f"The file of “{run.name}” was not kept.", hint="Open it once more."
            ) from error
        return self.ask(content, str(run.card.get("file") or run.name), token, onto, insists=True)

    def choose(self, run_id: str, token: str, dataset: str, preparation: str) -> None:
        """Have an opened network tested on another data set, or with its images prepared otherwise; a worker does it.

        dataset:     a key of the catalogue, or of one of the visitor's own.
        preparation: a key of `opening.PREPARATIONS`.
        Raises StudentError for a run that was not opened from a file or has been trained here since, and for
        anything that cannot be measured.
        """
        run = self._own(run_id, token)
        if not run.is_opened or run.has_recipe or run.status.state != "finished":
            raise StudentError(
                f"“{run.name}” has been trained here, so its data set is known.",
                hint="Open its file once more.",
            )
        if not is_dataset(dataset) or not is_preparation(preparation):
            raise StudentError("There is no such data set or scale.", hint="Choose another.")
        with explain_disk_errors(_NO_FOLDER):
            write_json(run.folder / _WISH, {"dataset": dataset, "preparation": preparation}, durable=True)
            with self._visitors.locked(run.owner):
                if self._tickets.of(run.id) is None:
                    self._tickets.put(run, KIND, is_new=False)

    def latest(self, token: str) -> Run | None:
        """The visitor's newest file that waits or was refused; None where all are open."""
        owner = owner_of(token)
        mine = [run for run in self._of(owner) if run.kind == KIND]
        return max(mine, key=lambda run: run.created, default=None)

    def forget(self, run_id: str, token: str) -> None:
        """Its owner has read why a file was refused: nothing of it is left. Nothing happens to any other run."""
        with suppress(StudentError, OSError):
            run = self._own(run_id, token)
            if run.kind == KIND and self._tickets.of(run.id) is None:
                self._remove(run)

    # Within

    def _own(self, run_id: str, token: str) -> Run:
        run = Run(self.path / run_id) if is_run_id(run_id) else None
        if run is None or not run.card:
            raise StudentError("That network is not here any more.", hint="Open its file once more.")
        if not run.is_owner(token):
            raise StudentError("Only whoever opened this file can change that.", hint="Open one of your own.")
        return run

    def _of(self, owner: str) -> list[Run]:
        with suppress(OSError):
            names = [path.name for path in self._visitors.runs_folder(owner).iterdir()]
            return [run for run in (Run(self.path / name) for name in names if is_run_id(name)) if run.card]
        return []

    def _forget_refused(self, owner: str) -> None:
        for run in self._of(owner):
            if run.kind == KIND and not run.status.unfinished and self._tickets.of(run.id) is None:
                self._remove(run)

    def _remove(self, run: Run) -> None:
        with locked(run.folder / "lock", wait=False) as mine:
            if mine:
                shutil.rmtree(run.folder, ignore_errors=True)
                self._visitors.forget_run(run.owner, run.id)

    def _check_room(self, owner: str) -> None:
        waiting = [t for t in self._tickets.listed(QUEUE, TAKEN, PAUSED) if t.kind == KIND]
        if sum(ticket.owner == owner for ticket in waiting) >= MOST_WAITING:
            raise StudentError(
                f"{MOST_WAITING} of your files wait to be opened already.", hint="Wait for one of them."
            )
        if len(waiting) >= MOST_OF_ALL:
            raise StudentError(
                f"{len(waiting)} files wait to be opened on this server.", hint="Try again in a minute."
            )


def read_wish(run: Run) -> tuple[str, str] | None:
    """(data set, preparation) that the owner of an opened run wants to have measured; None where none is wished for."""
    wish = read_json(run.folder / _WISH)
    dataset, preparation = wish.get("dataset"), wish.get("preparation")
    return (dataset, str(preparation)) if is_dataset(dataset) and is_preparation(preparation) else None


def forget_wish(run: Run) -> None:
    """It is measured, or cannot be."""
    with suppress(OSError):
        (run.folder / _WISH).unlink()


def clear(run: Run) -> None:
    """Remove what a refused file left in its folder; the sentence that says why stays in its status."""
    for name in (UPLOAD, "original.safetensors", "opened.json", "learnt_from.json", "error.txt"):
        with suppress(OSError):
            (run.folder / name).unlink()
    for path in (run.folder / "snapshots").glob("*"):
        with suppress(OSError):
            path.unlink()


def _clean_file_name(file_name: str) -> str:
    last = str(file_name).replace("\\", "/").rpartition("/")[2]
    try:
        return clean_name(last)
    except StudentError:
        return "network"[:LONGEST_NAME]


def _check_size(content: bytes, name: str) -> None:
    if not content:
        raise StudentError(f"{quoted(name)} is empty.", hint="Download or copy it again.")
    if len(content) > LARGEST_FILE:
        raise StudentError(
            f"{quoted(name)} has {megabytes(len(content))} MB, and {LARGEST_MB} MB can be opened.",
            hint="Save the network without its optimiser, or open a smaller one.",
        )


def opening_card(run: Run) -> dict[str, Any]:
    """What was asked for with a file: "file", "onto" (a design or None), "insists", "dataset" (a key or None)."""
    onto, dataset = run.card.get("onto"), run.card.get("dataset")
    return {
        "file": str(run.card.get("file") or run.name),
        "onto": onto if isinstance(onto, dict) else None,
        "insists": run.card.get("insists") is True,
        "dataset": dataset if is_dataset(dataset) else None,
    }
