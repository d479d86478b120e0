"""The job "opening": a file from elsewhere becomes a network, is tried on the data sets that are here, and tested.

The file is parsed here, in a worker, for it may be anything: a process of its own can be given bounds, and can die.
What comes of it is the run's folder, written as if the network had been trained here, so that everything works on it.

Written in this order, so that a worker may be killed at any instruction: the weights and what is known of them, the
result, the card that makes a training of it, and last that it is finished. Whoever begins again finds the upload.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import torch

from cnn_core.data import NOT_KNOWN, ImageSet, ImagesLearntFrom, load_images
from cnn_core.data.own.names import is_own
from cnn_core.data.own.shelf import Shelf
from cnn_core.data.sources import available, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, Network
from cnn_core.opening import Opened, Trial, fitting, tried, verdict, with_input
from cnn_core.opening.preparations import BYTES, UNIT
from cnn_core.runs.files import condition_of, write_json
from cnn_core.runs.jobs.leaving import DONE, StopWork, obey
from cnn_core.runs.jobs.reading import likeliest
from cnn_core.runs.opened import ORIGINAL, UPLOAD, OpenedFile, read_opened, write_opened
from cnn_core.runs.openings import clear, forget_wish, opening_card, read_wish
from cnn_core.runs.run import Run
from cnn_core.runs.status import change_status, evaluation_result
from cnn_core.runs.submission import clean_name
from cnn_core.training import TrainSpec, evaluate, images_learnt_from, load_model, own_set_of_file, save_model

TRIED_FIRST = 200  # test images of each data set, prepared in each way: enough to tell 94 % from 30
TRIED = 1_000  # of the data set that it reads best: enough to tell 94 % from 92
READING_SECONDS = 30  # for the reading alone; a reader itself gives up after far less
READING_BYTES = 600_000_000  # of address space, beyond what the worker has; a reader itself needs far less
_MEASURING = "Trying it on the test images."


def open_run(run: Run) -> str:
    """Open the file of a run; returns DONE.

    Raises StudentError where it cannot be opened: then nothing of it is left. Raises StopWork as its owner wishes.
    """
    obey(run)
    if run.is_opened and not (run.folder / UPLOAD).exists():
        return _finished_before(run)
    change_status(run.folder, state="running", reason="", pid=os.getpid())
    began = time.monotonic()
    try:
        opened, learnt_from, size, kind = _read(run)
        change_status(run.folder, reason=_MEASURING)
        file = OpenedFile(
            name=opening_card(run)["file"],
            bytes=size,
            kind=kind,
            said_dataset=_said(run, opened, learnt_from),
            said_scale=BYTES if opened.scale == 255 else "",
            remarks=tuple(opened.remarks),
            guesses=tuple(opened.guesses),
        )
        file = decided(replace(file, trials=tried_here(opened.net, file.said_dataset, lambda: obey(run))))
        _write(run, opened.net, learnt_from, file, began)
    except (StudentError, StopWork) as error:
        if isinstance(error, StudentError) or error.state == "stopped":
            clear(run)
        raise
    except Exception as error:
        if not condition_of(error):  # a full disk is not the file's fault: it is opened when there is room
            clear(run)
        raise
    return DONE


def _finished_before(run: Run) -> str:
    """One whose status was lost after it had been opened: it is what it was, but for its result."""
    change_status(
        run.folder,
        state="finished",
        step=1,
        epoch=1.0,
        epochs=1,
        saved_step=1,
        saved_epoch=1.0,
        ended=time.time(),
    )
    return DONE


def choose_run(run: Run) -> str:
    """Test an opened network on the data set that its owner chose, prepared as chosen; returns DONE.

    What could not be done stands in `opened.json` as a sentence, and the run stays as it was. Raises OSError where the
    disk is full, so that it is tried again.
    """
    wish, file = read_wish(run), read_opened(run.folder)
    if wish is None or file is None or run.has_recipe:
        forget_wish(run)
        return DONE
    began = time.monotonic()
    try:
        net = load_model(run.folder / ORIGINAL, check_limits=False)[0]
        dataset, preparation = wish
        choice = replace(file, dataset=dataset, preparation=preparation, by="visitor", refusal="")
        _write(run, net, run.learnt_from, choice, began)
    except (StudentError, OSError) as error:
        if condition_of(error):  # the wish stays
            raise
        with suppress(OSError):
            write_opened(run.folder, replace(file, refusal=str(error)))
    forget_wish(run)
    return DONE


# ---------------------------------------------------------------- reading


def _read(run: Run) -> tuple[Opened, ImagesLearntFrom, int, str]:
    """What is in the upload, the images it says it learnt from, its size in bytes, and what kind of file it is."""
    from cnn_core.opening.dispatch import kind_of

    card = opening_card(run)
    try:
        content = (run.folder / UPLOAD).read_bytes()
    except OSError as error:
        raise StudentError("The file is not on this server any more.", hint="Open it once more.") from error
    onto = None if card["onto"] is None else ModelSpec.from_dict(card["onto"])
    with bounded():
        kind = kind_of(content, card["file"])
        opened = likeliest(content, card["file"], kind, onto, card["insists"])
        _check_answers(opened)
    learnt_from = NOT_KNOWN
    with suppress(StudentError):
        learnt_from = images_learnt_from(content)
    return opened, learnt_from, len(content), kind


def _said(run: Run, opened: Opened, learnt_from: ImagesLearntFrom) -> str:
    """The data set that the file says, or whoever opened it; "" for none, or one that its network does not fit."""
    key = _known(opened.dataset, _said_to_be_learnt_from(learnt_from), opening_card(run)["dataset"])
    if not is_own(key):
        return key
    said: dict[str, Any] = {}
    with suppress(StudentError, OSError):
        said = own_set_of_file(run.folder / UPLOAD)
    Shelf().remember(key, opened.spec.input_shape, said)
    record = dataset_of(key)
    fits = (record.shape, len(record.classes)) == (opened.spec.input_shape, opened.spec.classes)
    return key if fits else ""


def _said_to_be_learnt_from(learnt_from: ImagesLearntFrom) -> str:
    """The data set that a file of ours says it learnt from last; "" where it does not say."""
    return learnt_from.portions[-1].dataset if learnt_from.portions else ""


def _known(*keys: str | None) -> str:
    """The first of these that is a data set of this server; "" where none is: a file may come from a later version."""
    for key in keys:
        with suppress(StudentError):
            if key:
                return dataset_of(key).key
    return ""


def _check_answers(opened: Opened) -> None:
    spec = opened.spec
    if not opened.net.predict(torch.full((1, *spec.input_shape), 0.5)).isfinite().all():
        raise StudentError(
            f"The weights of “{spec.name}” are so large that it answers a grey image with no numbers.",
            hint="Open a snapshot from before its training went wrong.",
        )


@contextmanager
def bounded() -> Iterator[None]:
    """Hold the block to READING_SECONDS and READING_BYTES. Raises StudentError where its memory was not enough.

    A block that takes too long ends its process: what hangs in a library written in C hears nothing else.
    """
    is_worker = multiprocessing.parent_process() is not None
    before = resource.getrlimit(resource.RLIMIT_AS)
    if is_worker:
        faulthandler.dump_traceback_later(READING_SECONDS, exit=True)
        _limit_memory(before)
    try:
        yield
    except MemoryError as error:
        raise StudentError(
            "This file needs more memory than a network of this size can.", hint="Save the network again."
        ) from error
    finally:
        if is_worker:
            faulthandler.cancel_dump_traceback_later()
            resource.setrlimit(resource.RLIMIT_AS, before)


def _limit_memory(before: tuple[int, int]) -> None:
    with suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + READING_BYTES
        hard = before[1]
        resource.setrlimit(
            resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )


# ---------------------------------------------------------------- measuring


def tried_here(net: Network, said: str = "", between: Callable[[], None] = lambda: None) -> tuple[Trial, ...]:
    """How it reads some test images of each data set that fits and is on this machine, prepared in each way.

    A few of each at first, and more of the one that it reads best.

    net:     as it is in the file.
    said:    the data set that the file says, which is the best then; "" where it says none.
    between: called between two trials; may raise.
    """
    trials: dict[str, tuple[Trial, ...]] = {}
    for key in fitting(net.spec):
        with suppress(StudentError):  # one that is damaged is no reason to refuse a network
            if available(key).is_usable:
                trials[key] = tried(net, _some(key, TRIED_FIRST), between=between)
    best = verdict([trial for few in trials.values() for trial in few], least=0).best
    key = said if trials.get(said) else best.dataset if best else ""
    if key:
        trials[key] = tried(net, _some(key, TRIED), between=between)
    return tuple(trial for some in trials.values() for trial in some)


def _some(key: str, count: int) -> ImageSet:
    test = load_images(key, "test", fetch=False)
    return test.take(min(count, len(test)))


def decided(file: OpenedFile) -> OpenedFile:
    """The same with data set and preparation: as the file says, else as measured; no data set where it reads none."""
    best = verdict(file.trials).best
    if file.said_dataset:
        dataset, by = file.said_dataset, "file"
    elif best is not None:
        dataset, by = best.dataset, "measured"
    else:
        return replace(file, dataset="", preparation=file.said_scale or UNIT, by="")
    preparation = file.said_scale or file.preparation_for(dataset)
    return replace(file, dataset=dataset, preparation=preparation, by=by)


def _result(net: Network, file: OpenedFile, learnt_from: ImagesLearntFrom, run: Run) -> dict[str, Any] | None:
    """How it reads all test images of its data set; None where it reads none, or they are not on this machine."""
    if not file.dataset:
        return None
    try:
        test = load_images(file.dataset, "test", lambda *_: obey(run))
    except StudentError:
        if file.by == "visitor":  # who asked for just this wants to hear why not
            raise
        return None
    if tuple(test.images.shape[1:]) != net.spec.input_shape or len(test.classes) != net.spec.classes:
        if file.by == "visitor":
            raise StudentError(
                f"This network does not fit {dataset_of(file.dataset).title}.",
                hint="Choose another data set.",
            )
        return None
    return evaluation_result(evaluate(net, test), test, learnt_from)


# ---------------------------------------------------------------- writing


def _looks_at(spec: ModelSpec) -> str:
    """The data set whose images are shown to a network that reads none: the first of its shape and classes."""
    return next((key for key in fitting(spec) if available(key).is_usable), "mnist")


def _write(run: Run, net: Network, learnt_from: ImagesLearntFrom, file: OpenedFile, began: float) -> None:
    prepared = with_input(net, file.preparation)
    result = _result(prepared, file, learnt_from, run)
    snapshots, dataset = run.folder / "snapshots", file.dataset or None
    save_model(run.folder / ORIGINAL, net, net.spec, learnt_from=learnt_from, dataset=dataset, durable=True)
    for snapshot in ("last", "step_00000000_epoch_0.0000"):  # the second is where more epochs begin
        save_model(
            snapshots / f"{snapshot}.safetensors",
            prepared,
            prepared.spec,
            learnt_from=learnt_from,
            dataset=dataset,
            durable=True,
        )
    write_json(run.folder / "learnt_from.json", learnt_from.to_dict(), durable=True)
    if file.by != "visitor":
        file = replace(file, seconds=time.monotonic() - began)
    write_opened(run.folder, file)
    change_status(
        run.folder, step=1, epoch=1.0, epochs=1, saved_step=1, saved_epoch=1.0, reason="", result=result
    )
    _make_a_training_of(run, prepared.spec, file)
    change_status(run.folder, state="finished", ended=time.time())
    if not file.guesses:
        with suppress(OSError):
            (run.folder / UPLOAD).unlink()


def _make_a_training_of(run: Run, spec: ModelSpec, file: OpenedFile) -> None:
    """Replace the run's card; the run keeps its place among the others."""
    card_file = run.folder / "run.json"
    old: dict[str, Any] = run.card
    card: dict[str, Any] = {
        **{name: old[name] for name in ("format", "id", "created", "owner") if name in old},
        "kind": "training",
        "spec": spec.to_dict(),
        "recipe": TrainSpec(epochs=1).to_dict(),
        "dataset": file.dataset or _looks_at(spec),
        "name": clean_name(str(old.get("name") or "") or spec.name),
        "adopted": True,
        "cut": old.get("cut") is True,
        "file": file.name,
    }
    created = int(run.created * 1e9)
    write_json(card_file, card, durable=True)
    os.utime(card_file, ns=(created, created))
