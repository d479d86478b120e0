"""The two steps at which something is done on the page, and which network a step can be about."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.runs import Pair, Run, find_pairs
from pages.tour import words
from pages.tour.asking import NEEDS
from pages.tour.steps import Step
from pages.ui.visitor import design, networks, server, who

LOOKED_THROUGH = 12  # of the visitor's newest runs


def is_done(step: str) -> bool:
    """Whether a task's work is done: a network was trained, or a pair of them."""
    if step == "training":
        run = _own_run()
        return run is not None and run.status.state == "finished"
    pair = _pair()
    return pair is not None and pair.finished


def text(step: str) -> str:
    """What is to be done, how far it is, or what came of it; Markdown."""
    return _of_training() if step == "training" else _of_pair()


def _of_training() -> str:
    run = _own_run()
    if run is None:
        return words.TRAIN_IT
    if run.status.state == "finished":
        return words.is_trained(run.name)
    if run.status.unfinished:
        return words.in_training(run.name, run.status.epoch, run.recipe.epochs)
    return words.TRAIN_IT


def _own_run() -> Run | None:
    """The visitor's training that is looked at; None where that is another network."""
    kind, _, name = design.looked_at().partition(":")
    if kind != "run":
        return None
    try:
        run = server.store().run(name)
    except StudentError:
        return None
    return run if run.kind == "training" and run.has_recipe and run.is_owner(who.visitor()) else None


def _of_pair() -> str:
    pair = _pair()
    if pair is None:
        return words.TRAIN_BOTH
    if pair.unfinished:
        return words.PAIR_GOES_ON
    results = [run.status.result or {} for run in pair.runs]
    if not pair.finished or not all("accuracy" in result for result in results):
        return words.TRAIN_BOTH
    with_it, without = results
    return words.pair_answer(with_it["accuracy"], without["accuracy"], int(with_it.get("count", 0)))


def _pair() -> Pair | None:
    """The visitor's newest pair of the design that is looked at."""
    try:
        return next(iter(find_pairs(server.store(), who.visitor(), networks.current().spec)), None)
    except StudentError:
        return None


def network_for(step: Step) -> tuple[str, str] | None:
    """(name, title) of a network that the step can be about: the visitor's newest, else the lesson's.

    None where there is none, or where a teacher's scene keeps another.
    """
    names = [
        f"run:{run.id}"
        for run in server.store().runs(owner=who.visitor(), limit=LOOKED_THROUGH)
        if run.kind == "training"
    ]
    for name in (*names, server.DEFAULT):
        network = networks.named(name)
        if (
            design.why_not_look_at(name) is None
            and not network.note
            and network.trained
            and NEEDS[step.needs](network)
        ):
            return name, network.title
    return None
