"""What a visitor asks for, and the folder that a store makes of it."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from cnn_core.data.own.as_dataset import fingerprint, frozen_key
from cnn_core.data.own.names import is_own
from cnn_core.data.sources import KNOWN, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.model.summary import check_size
from cnn_core.runs.files import write_json, write_whole
from cnn_core.runs.ids import is_dataset
from cnn_core.runs.memory import check_memory
from cnn_core.runs.run import LONGEST_NAME, Run
from cnn_core.runs.status import Status, write_status
from cnn_core.training.fit import check_images
from cnn_core.training.spec import TrainSpec

FORMAT = 1
_FOLDERS = {"training": ("snapshots", "frames"), "dream": ("frames",), "opening": ("snapshots", "frames")}
LARGEST_PICTURE = 20_000_000  # bytes of a dream's photo


@dataclass(frozen=True)
class Submission:
    """A training or a dream that somebody asks for."""

    card: dict[str, Any]  # what `run.json` will say of it
    twin: str  # a file name; equal for two submissions that ask for the same
    epochs: int = 0  # of a training
    image_png: bytes | None = None  # of a dream

    @property
    def kind(self) -> str:
        """One of `run.KINDS`."""
        return str(self.card["kind"])


class Rules(Protocol):
    """Who is asked before a store carries something out for a visitor: a teacher's scene, where one binds them."""

    def check_submission(self, token: str, wish: Submission) -> None:
        """Raise StudentError where this visitor may not have this done."""

    def check_action(self, token: str, name: str) -> None:
        """Raise StudentError where this visitor may not do this: "open" a network."""


def training(spec: ModelSpec, recipe: TrainSpec, dataset: str, name: str | None) -> Submission:
    """Ask for a training.

    spec, recipe: what is trained, and how; held to this server's limits, which our own presets are not.
    dataset: a name of the catalogue, or a visitor's own set, which is then kept with its classes of now.
    name: what its owner calls the run; None calls it like the design.
    Raises StudentError where this server does not do such trainings.
    """
    check_size(spec.input_shape, spec.layers, summarize(spec))
    recipe = recipe.replace()  # checks this server's limits
    check_memory(spec, recipe.batch_size)
    if not is_dataset(dataset):
        raise StudentError(f"There is no data set called “{dataset[:40]}”.", hint="Try mnist.")
    dataset = frozen_key(dataset) if is_own(dataset) else dataset
    if is_own(dataset) or dataset in KNOWN:  # what a worker does not know it will say itself
        check_images(spec, dataset_of(dataset))
    card = {
        "kind": "training",
        "spec": spec.to_dict(),
        "recipe": recipe.to_dict(),
        "dataset": dataset,
        "name": clean_name(name or spec.name),
    }
    return Submission(card, training_twin(spec, recipe, dataset), recipe.epochs)


def dream(settings: Mapping[str, Any], image_png: bytes) -> Submission:
    """Ask for a dream.

    settings: JSON-ready; the worker checks them.
    image_png: the picture it begins with.
    Raises StudentError where they cannot be kept.
    """
    if len(image_png) > LARGEST_PICTURE:
        raise StudentError("This picture is too large to dream of.", hint="Make it smaller.")
    card = {"kind": "dream", "settings": dict(settings), "name": "Dream"}
    try:
        twin = _digest(_canonical(card) + hashlib.sha256(image_png).digest())
    except TypeError as error:
        raise StudentError("These settings of a dream cannot be kept in a file.") from error
    return Submission(card, twin, image_png=image_png)


def training_twin(spec: ModelSpec, recipe: TrainSpec, dataset: str) -> str:
    """What two trainings share that come to the same weights."""
    asked = {"spec": spec.fingerprint, "recipe": recipe.identity(), "dataset": dataset}
    if is_own(dataset):  # more pictures of the same classes are other images to learn from
        asked["pictures"] = fingerprint(dataset)
    return _digest(_canonical(asked))


def _canonical(values: Mapping[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def clean_name(name: str) -> str:
    """One printable line of at most 80 characters. Raises StudentError where nothing is left."""
    printable = "".join(c if c.isprintable() else " " for c in str(name)[:1000])
    line = " ".join(printable.split())
    if not line:
        raise StudentError("A run needs a name that can be seen.", hint="Type at least one letter.")
    return line[:LONGEST_NAME]


def create_run(
    path: Path,
    card: Mapping[str, Any],
    owner: str,
    status: Status,
    image_png: bytes | None = None,
    upload: bytes | None = None,
) -> Run:
    """A new run's folder, whole or not at all.

    path: the store's folder.
    card: what was asked for, as `run.json` says it.
    owner: the hash of the visitor's token.
    image_png, upload: what a dream begins with; a file that is to be opened.
    Its name is not synced yet: `Visitors.add_run` does that with its own.
    Raises OSError where it cannot be written.
    """
    run_id, created = secrets.token_urlsafe(8), time.time_ns()
    unfinished = path / f".{run_id}.new"
    unfinished.mkdir(mode=0o755)
    try:
        for folder in _FOLDERS[card["kind"]]:
            (unfinished / folder).mkdir()
        identity = {"format": FORMAT, "id": run_id, "created": created / 1e9, "owner": owner}
        write_json(unfinished / "run.json", {**identity, **card}, durable=True)
        os.utime(unfinished / "run.json", ns=(created, created))  # lists are sorted by it, without reading
        write_status(unfinished, replace(status, heartbeat=created / 1e9))
        if image_png is not None:
            write_whole(unfinished / "image.png", image_png, durable=True)
        if upload is not None:
            write_whole(unfinished / "upload", upload, durable=True)
        os.replace(unfinished, path / run_id)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return Run(path / run_id)
