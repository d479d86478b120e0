"""The job "dream": a picture after every octave, as frame_0.png, frame_1.png, ... in the run's folder `frames`.

Each is as large as the photo: what was dreamt so far, laid on it. The last is the dream.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

from torch import Tensor

from cnn_core.insight import DreamSpec, dream, loudness, on_the_photo
from cnn_core.insight.dream.animation import to_png
from cnn_core.runs import dream_time
from cnn_core.runs.files import sync, write_whole
from cnn_core.runs.jobs.dreams import check_work, dreamer, picture_of
from cnn_core.runs.jobs.leaving import DONE, obey
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore

STATUS_SECONDS = 0.2  # between two writings of how far it is


def dream_run(store: RunStore, run: Run) -> str:
    """Do a run's dream; returns DONE. Raises StopWork where its owner or the server wants otherwise.

    `status.result` tells the octaves' own sizes (height, width), how loud the layers are before and after, and the
    mean change of a pixel.
    """
    reason = "It was interrupted, and has begun again." if run.status.state == "interrupted" else ""
    obey(run)
    store.set_status(run, state="running", reason=reason, pid=os.getpid(), step=0, steps=0, result=None)
    for frame in run.frames():
        frame.unlink(missing_ok=True)
    spec = DreamSpec.from_dict(run.dream_settings)
    net = dreamer(store, spec.network)
    photo = _photo(run, net)
    height, width = photo.shape[1:]
    check_work(net, spec, height, width)
    layers = dict(spec.layers)
    progress = DreamProgress(store, run, photo, loudness(net, photo, layers), reason)
    settings = spec.to_dict() | {"layers": layers}
    del settings["network"]
    picture = dream(net, photo, on_octave=progress.octave, on_step=progress.one_step, **settings)
    seconds = time.monotonic() - progress.began
    progress.finish(picture, loudness(net, picture, layers))
    with suppress(OSError):  # for those who ask how long the next one takes
        dream_time.remember(store.path, spec, height, width, seconds)
    return DONE


def _photo(run: Run, net: Any) -> Tensor:
    """What the dream begins with, (C, H, W) in [0, 1], with as many channels as the network sees."""
    design = getattr(net, "spec", None)  # a photo network has none
    return picture_of(run, 3 if design is None else design.input_shape[0])


class DreamProgress:
    """Hears how a dream gets on, and writes its frames and its status.

    run:    in whose folder.
    photo:  (C, H, W) in [0, 1], what it began with.
    before: how loud the layers are on the photo.
    reason: a sentence for the run's owner, said while it runs; may be empty.
    """

    def __init__(self, store: RunStore, run: Run, photo: Tensor, before: float, reason: str) -> None:
        self.store, self.run, self.photo, self.reason = store, run, photo, reason
        self.began = self.last_writing = time.monotonic()
        self.step = self.steps = 0
        self.result: dict[str, Any] = {"sizes": [], "before": before}

    def one_step(self, fraction: float) -> None:
        """A step is done, and with it this fraction of the dream. Raises StopWork, and OSError."""
        self.step += 1
        # Octaves too small for the network are left out, so only `dream` knows how many steps there are.
        self.steps = round(self.step / fraction)
        obey(self.run)
        if time.monotonic() - self.last_writing > STATUS_SECONDS:
            self._write()

    def octave(self, picture: Tensor) -> None:
        """An octave is done. picture: (C, H, W) in [0, 1], at most as large as the photo. Raises OSError."""
        save_frame(self.run, len(self.result["sizes"]), on_the_photo(self.photo, picture))
        self.result["sizes"].append(list(picture.shape[1:]))
        self._write()

    def finish(self, picture: Tensor, after: float) -> None:
        """All is done.

        picture: (C, H, W) in [0, 1], the dream.
        after:   how loud the layers are on it.
        Raises OSError.
        """
        self.result["after"] = after
        self.result["change"] = float((picture - self.photo).abs().mean())
        self.reason = ""
        sync(*self.run.frames(), self.run.folder / "frames")
        self._write(state="finished", ended=time.time())

    def _write(self, **changes: Any) -> None:
        now = self.last_writing = time.monotonic()
        self.store.set_status(
            self.run,
            step=self.step,
            steps=self.steps,
            seconds=now - self.began,
            result=self.result,
            reason=self.reason,
            **changes,
        )


def save_frame(run: Run, number: int, picture: Tensor) -> None:
    """Write one of a dream's pictures. picture: (3 or 1, H, W) in [0, 1]. Raises OSError."""
    (run.folder / "frames").mkdir(exist_ok=True)
    write_whole(run.folder / "frames" / f"frame_{number}.png", to_png(picture))
