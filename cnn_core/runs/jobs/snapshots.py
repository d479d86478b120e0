"""The weights a training leaves in the run's folder `snapshots`.

    step_00000128_epoch_2.0000.safetensors     at steps 0, 1, 2, 4, 8, ... and after each epoch
    best.safetensors                           the best of all epochs by validation; best.json says which one
    last.safetensors                           with the optimizer's state: a training goes on from here, bit for bit

The first kind takes at most max(SNAPSHOT_BYTES, SNAPSHOTS_AT_LEAST x its weights), beside best (1 x) and last (up to
3 x): the lesson's net (0.37 MB) keeps all it makes, one of 5 million parameters keeps 12.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core.runs.best import Best, read_best, write_best
from cnn_core.runs.files import sync
from cnn_core.runs.run import Run, Snapshot
from cnn_core.training import save_model, save_training
from cnn_core.training.early_stopping import is_better
from cnn_core.training.events import SnapshotDue, Validated

if TYPE_CHECKING:
    from cnn_core.model import Network

SNAPSHOT_BYTES = 64_000_000
SNAPSHOTS_AT_LEAST = 12
SAVE_SECONDS = 2.0  # between two resumable snapshots: what a killed worker loses at most
SAVE_SHARE = 0.02  # of the time may go into them; large networks are kept less often


class SnapshotKeeper:
    """Saves a network's weights while it is trained.

    run: in whose folder.
    net: the network as it learns.
    """

    def __init__(self, run: Run, net: Network) -> None:
        self.run, self.net, self.spec = run, net, run.spec
        self.folder = run.folder / "snapshots"
        self.monitor = run.recipe.monitor
        self.best = read_best(run.folder)
        self.saved_at = -math.inf
        self.save_seconds = SAVE_SECONDS
        self.unsynced: list[Path] = []  # what a power cut would take; a run that goes on writes them again

    @property
    def last_is_due(self) -> bool:
        """Whether `last` is older than what a killed worker may lose."""
        return time.monotonic() - self.saved_at > self.save_seconds

    def keep_if_best(self, event: Validated) -> None:
        """Save the weights as `best` where it is the end of an epoch, and none before was better. Raises OSError."""
        if event.epoch % 1:
            return
        new = Best(event.step, event.epoch, event.accuracy, event.loss)
        if self.best is None or is_better(
            new.value(self.monitor), self.best.value(self.monitor), self.monitor
        ):
            self.best = new
            self.folder.mkdir(exist_ok=True)
            self.unsynced.append(self.folder / "best.safetensors")
            save_model(
                self.folder / "best.safetensors",
                self.net,
                self.spec,
                learnt_from=self.run.learnt_from,
                dataset=self.run.dataset,
            )
            write_best(self.run.folder, new)

    def keep(self, event: SnapshotDue) -> None:
        """Save the weights of this moment, under its step. Raises OSError."""
        self.folder.mkdir(exist_ok=True)  # somebody may have deleted it; the network is still here
        name = f"step_{event.step:08d}_epoch_{event.epoch:.4f}.safetensors"
        learnt_from, dataset = self.run.learnt_from, self.run.dataset
        save_model(self.folder / name, self.net, self.spec, learnt_from=learnt_from, dataset=dataset)
        self.unsynced.append(self.folder / name)
        thin_snapshots(self.run)

    def keep_last(self, event: SnapshotDue) -> None:
        """Save the weights and all that is needed to go on from here, as `last`. Raises OSError.

        With `last`, all that was told and saved before it is on the disk: a run that goes on from here after a power
        cut makes nothing of that again. Syncing each line and each snapshot would cost more, and save nothing.
        """
        assert event.state is not None
        start = time.monotonic()
        folder = self.run.folder  # itself too: the names of files that are new
        sync(folder / "events.jsonl", folder / "health.jsonl", *self.unsynced, folder)
        self.unsynced.clear()
        self.folder.mkdir(exist_ok=True)
        save_training(
            self.folder / "last.safetensors",
            self.net,
            self.spec,
            event.state,
            learnt_from=self.run.learnt_from,
            dataset=self.run.dataset,
        )
        self.saved_at = time.monotonic()
        self.save_seconds = max(SAVE_SECONDS, (self.saved_at - start) / SAVE_SHARE)


def thin_snapshots(run: Run) -> None:
    """Forget snapshots that have near neighbours until the rest fits into SNAPSHOT_BYTES (but keep 12)."""
    snapshots = run.snapshots()
    if not snapshots:
        return
    most = max(SNAPSHOTS_AT_LEAST, SNAPSHOT_BYTES // max(1, snapshots[-1].path.stat().st_size))
    while len(snapshots) > most:
        # The first and the last stay.
        nearest = min(range(1, len(snapshots) - 1), key=lambda i: _gap_without(snapshots, i))
        with suppress(OSError):
            snapshots[nearest].path.unlink()
        del snapshots[nearest]


def _gap_without(snapshots: list[Snapshot], i: int) -> float:
    # In the logarithm of the step, which is how learning sees time.
    return math.log(snapshots[i + 1].step + 1) - math.log(snapshots[i - 1].step + 1)
