"""Questions to a network that take more than a moment: answered beside the page, while a bar says how long it takes.

What is light is done by a process that is there for it where many are served (`be_ready`), or by a thread of the
server. What is heavy is done elsewhere; whoever leaves the page, or asks something else, no longer waits for it, and
when nobody does it is given up. An answer is kept, and all visitors share it. What is asked of a network first may have
been computed before anybody looked (`cnn_core.runs.jobs.looking_ahead`); then it is read.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from cnn_core.data.own.as_dataset import fingerprint
from cnn_core.data.own.names import is_own
from cnn_core.kept import Kept, keep_at_most, kept
from cnn_core.looking import (
    NEXT_CLIMB,
    Answers,
    GivenUp,
    Lookers,
    Question,
    Speeds,
    Work,
    hash_of,
    key_of,
    work_of,
)
from cnn_core.machine import is_roomy, is_small
from cnn_core.settings import settings
from pages.ui.frame import process, streamlit_inside, turns
from pages.ui.visitor import server
from pages.ui.wording.numbers import about, big, count, plural, roughly

if TYPE_CHECKING:
    from cnn_core.looking import Asked, Worker
    from pages.ui.visitor.networks import LoadedNetwork

FAR_PROCESSES = 4  # where a cluster answers: three long questions at once, and a place for short ones
LOOK_SECONDS = 0.25  # between two looks at how far it is: so soon it is noticed that somebody left
# Of a run of a page, before a bar tells how long something light takes; longer where a part of a page is drawn anew,
# for what is on the screen stays meanwhile.
CALM_SECONDS, CALM_PART_SECONDS = 0.25, 0.5
ANSWERS = 96_000_000  # bytes of all that are kept: the answers to 10,000 images are 0.4 MB
# Bytes that a server for many keeps of all kinds, and of one value, while a process does what is light: that has the
# tables of Break it, 13 MB and more. Thirty students' server had 838 MB after five minutes with 40 MB of it.
SERVERS_BYTES, SERVERS_EACH = 32_000_000, 12_000_000

T = TypeVar("T")

_answers: Kept[Any] = Kept(ANSWERS)
_speeds = Speeds()


def look(network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable) -> Any:
    """The answer of a network to a question, kept for whoever asks it again; nobody may change it.

    job:    a key of `cnn_core.looking.jobs.JOBS`.
    images: how many test images are asked about; fewer where there are fewer, 0 for a job that can do without.
    dataset: whose they are; "" is what it was trained on.
    asked:  the job's other arguments.
    Draws a bar where it takes more than a moment. Raises StudentError as the job does.
    """
    question, there = _question(dataset or network.dataset, job, images, asked)
    key = (weights_hash(network.weights_key, network.net), there, question)
    if (answer := _answers.get(key)) is not None:
        return answer
    work = work_of(question, network.spec)
    if (answer := _computed_ahead(network, question, work, there)) is not None:
        _answers.put(key, answer)
        return answer
    # A small server has no room for one more process of 300 MB: it does all of it here, in turn.
    here = partial(_at_once, network, question) if work.is_light or is_small() else None
    message, keep = partial(_message, network, question), partial(_answers.put, key)
    return _asked(key, question, work, message, here, keep)


def here(key: Hashable, question: Question, work: Work, compute: Callable[[], T]) -> T:
    """What `compute` returns, which is light and which only this process can do. Draws a bar as `look` does.

    key:      the same for the same thing: of all who ask at once, it is computed for one.
    question: what it amounts to, for the words.
    work:     the same in multiply-adds, for how long it takes.
    """
    result: T = _asked(key, question, work, None, compute)
    return result


def peek(
    network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable
) -> Any | None:
    """The answer where it is kept; else None, and nobody is asked."""
    question, there = _question(dataset or network.dataset, job, images, asked)
    return _answers.get((weights_hash(network.weights_key, network.net), there, question))


def glance(
    network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable
) -> Any | None:
    """As `look`, and never waits: None while a process beside the server works on it, so ask again in a second or two.

    For a page that asks many networks. What nobody has asked for in a minute is given up. Draws nothing.
    """
    question, there = _question(dataset or network.dataset, job, images, asked)
    key = (weights_hash(network.weights_key, network.net), there, question)
    if (answer := _answers.get(key)) is not None:
        return answer
    work = work_of(question, network.spec)
    if is_small():
        return _answers.of(key, partial(_at_once, network, question))
    if job in AHEAD and (answer := _kept().get(_file_of(network, question, there))) is not None:
        _answers.put(key, answer)
        return answer
    with _glances_lock:
        waiting = _glances.get(key)
        if waiting is None:
            seconds = _speeds.seconds(question.job, work)
            waiting = _lookers().ask(key, seconds, partial(_message, network, question), GLANCE_PATIENCE)
            _glances[key] = waiting
            while len(_glances) > MOST_GLANCES:
                _glances.popitem(last=False)
        with waiting.awaited():  # so it is known that somebody still wants it
            if not waiting.is_done:
                return None
        del _glances[key]
    try:
        _answers.put(key, waiting.answer())
    except GivenUp:  # nobody asked for some seconds; the next glance asks anew
        return None
    return _answers.get(key)


GLANCE_PATIENCE = 60.0  # seconds: whoever glances comes back now and then, and late on a busy server
MOST_GLANCES = 500  # questions on their way that somebody glanced for
_glances: OrderedDict[Hashable, Asked] = OrderedDict()
_glances_lock = threading.Lock()


def _question(
    dataset: str, job: str, images: int, asked: Mapping[str, Hashable]
) -> tuple[Question, Hashable]:
    """The question, and which images it is about.

    The sample of a data set, and all of it, may have one name after another on this machine; and a visitor's own
    pictures change.
    """
    there = len(server.images(dataset, "test")) if images else 0
    question = Question.of(job, dataset, min(images, there), **asked)
    return question, which_images(dataset) if there else 0


def which_images(dataset: str) -> Hashable:
    """What tells the test images of now from others that had the data set's name at another time.

    Raises StudentError where there are none on this machine.
    """
    there = len(server.images(dataset, "test"))
    return (there, fingerprint(dataset)) if there and is_own(dataset) else there


@process.in_turn
def _at_once(network: LoadedNetwork, question: Question) -> Any:
    from cnn_core.looking.jobs import answer

    return answer(network.net, question, lambda fraction: None)


# ---------------------------------------------------------------- ahead

AHEAD = ("evaluation", "ranges", "pictures", "examples")  # jobs that are done before anybody asks
SOON = 0.02  # seconds between two looks at whether an answer that is on its way has come
AT_LEAST = 0.3  # seconds for which it is waited for


def await_ahead(network: LoadedNetwork, questions: Iterable[Question], seconds: float) -> None:
    """Wait until what is computed ahead is there, so long at most; for whoever has time."""
    end, there = time.monotonic() + seconds, which_images(network.dataset)
    for question in questions:
        while not _kept().has(_file_of(network, question, there)) and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)


def _computed_ahead(network: LoadedNetwork, question: Question, work: Work, there: Hashable) -> Any | None:
    """What was computed ahead; None where that has not begun, or does not come as soon as it would here."""
    if question.job not in AHEAD or question.arguments.get("keep_path"):
        return None
    kept, key = _kept(), _file_of(network, question, there)
    if (answer := kept.get(key)) is not None:
        return answer
    seconds, began, place = _speeds.seconds(question.job, work), time.monotonic(), None
    worker = kept.worker(key) if kept.is_coming(key) else None
    done = 0.0 if worker is None else worker.done
    if worker is not None:
        worker.hurry()
    while (answer := kept.get(key)) is None and kept.is_coming(key):
        passed = time.monotonic() - began
        if passed > max(AT_LEAST, seconds) or (
            passed > AT_LEAST and worker is not None and _is_starved(worker, done, passed, seconds)
        ):
            break
        if (passed > LOOK_SECONDS or not work.is_light) and streamlit_inside.session_id() is not None:
            place = st.empty() if place is None else place
            place.progress(min(0.95, passed / seconds), text=how_long(question, work, seconds - passed))
        time.sleep(SOON if place is None else LOOK_SECONDS)
    if place is not None:
        place.empty()
    return answer if answer is not None else _kept().get(key)


def _is_starved(worker: Worker, before: float, passed: float, seconds: float) -> bool:
    """Whether everybody wants the processors, and it gives way to all of them: done here it comes sooner.

    before:  seconds of a processor that it had spent on the answer when somebody began to wait.
    passed:  seconds since then.
    seconds: that the answer takes here.
    """
    done = worker.done
    return max(0.0, seconds - done) * passed > seconds * (done - before)


def _kept() -> Answers:
    return Answers(server.store().path)


def _file_of(network: LoadedNetwork, question: Question, there: Hashable) -> str:
    return key_of(weights_hash(network.weights_key, network.net), there, question)


# ---------------------------------------------------------------- elsewhere


def memory() -> int:
    """Bytes of memory that the processes have now which look into networks for this server."""
    return _lookers().memory()


@lru_cache(maxsize=1)
def _lookers() -> Lookers:
    here = settings()
    return Lookers(FAR_PROCESSES if here.ray else min(2, here.workers), os.cpu_count() or 1)


def be_ready() -> None:
    """From now on have a process there for light questions, so that they hold up nobody's pages: where many are served.

    Not where there are less than 3 GB of memory, nor where one worker does all: that server is a small one.
    """
    if is_roomy() and settings().workers > 1:
        _lookers().be_ready()
        keep_at_most(SERVERS_BYTES, SERVERS_EACH)


def _asked(
    key: Hashable,
    question: Question,
    work: Work,
    message: Callable[[], bytes] | None,
    here: Callable[[], Any] | None,
    keep: Callable[[Any], None] | None = None,
) -> Any:
    lookers = _lookers()
    while True:
        seconds = _speeds.seconds(question.job, work)
        try:
            return _awaited(lookers.ask(key, seconds, message, None, here, keep), lookers, question, work)
        except GivenUp:  # in the very moment in which we asked
            continue


def _awaited(asked: Asked, lookers: Lookers, question: Question, work: Work) -> Any:
    place, is_shown = None, streamlit_inside.session_id() is not None
    with asked.awaited():
        is_done = asked.wait(LOOK_SECONDS if asked.here is None else _calm_seconds())
        while not is_done:
            if place is None and is_shown:
                place = st.empty()
            words = how_long(
                question, work, asked.rest, 0.0 if asked.taken else lookers.seconds_before(asked)
            )
            if place is not None:
                # This is also where the script ends when the visitor has clicked something else, or is gone.
                place.progress(asked.share, text=words)
            is_done = asked.wait(LOOK_SECONDS)
    if place is not None:
        place.empty()
    answer = asked.answer()
    if asked.began is not None:
        _speeds.measured(question.job, work, time.monotonic() - asked.began)
    return answer


def _calm_seconds() -> float:
    most = CALM_PART_SECONDS if streamlit_inside.is_part() else CALM_SECONDS
    return max(SOON, most - turns.seconds_so_far())


def _message(network: LoadedNetwork, question: Question) -> bytes:
    return pickle.dumps((question, network.spec, network.net.state_dict()), pickle.HIGHEST_PROTOCOL)


@kept(0.1)
def weights_hash(weights_key: str, _net: Any) -> str:
    """`hash_of` a network, once for each key."""
    return hash_of(_net)


# ---------------------------------------------------------------- in words


def how_long(question: Question, work: Work, rest: float, before: float = 0.0) -> str:
    """How long it takes, and why.

    rest:   seconds of this work.
    before: seconds of what others asked first, while that is not done.
    """
    what = f"{_passes(question, work)}."
    if before:
        return f"Another question comes first, {about(before)}. Then {about(rest)}: {what}"
    return f"About {roughly(rest)}: {what}"


def _passes(question: Question, work: Work) -> str:
    asked, each = question.arguments, f"{big(work.macs)} multiply-adds"
    images = plural(question.images, "image")
    if question.job == "pictures":
        steps = f"{plural(asked['steps'], 'step')} for each, with {each} a step and twice as many back"
        return f"{plural(len(asked['filters']), 'picture')}, {steps}"
    if question.job == "decided":
        return f"{count(work.passes)} answers with filters taken out, through {each} each"
    if question.job == "pruning":
        one_by_one = f"each filter of {asked['layer']} out in turn, then more and more of them"
        return f"{images}, with {one_by_one}"
    if question.job == "one_step":
        steps = plural(asked["steps"] or 1, "step")
        return f"{steps} of {count(asked['recipe'].batch_size)} images, with {each} forwards and twice as many back"
    if question.job == "slopes":
        return f"one step for each of {plural(len(asked['filters']), 'filter')}, with {each}"
    if question.job == "one_under_attack":
        return f"{plural(work.passes, 'picture')} through {each} each"
    if question.job == "more_of":
        return f"60 steps of one picture, with {each} a step and twice as many back"
    if question.job == "recipes_compared":
        return f"{plural(len(asked['filters']), 'picture')} by three recipes, with {each} a step and twice as many back"
    if question.job == "given_to_each_class":
        return f"{images} of each class through {each}, and twice as many back"
    if question.job == "accuracy_curve":
        from cnn_core.training import CHANGES

        strengths = len(CHANGES[asked["change"]][0])
        return f"{images} at each of {count(strengths)} strengths, through {each} each"
    if question.job == "photo":
        return f"one photo through {each}" + (
            "" if asked["is_read"] else ", once the network is read from its file"
        )
    if question.job == "filter_over":
        moments = plural(len(asked["snapshots"]), "moment")
        steps = f"{NEXT_CLIMB} steps or more of one picture at each"
        return f"{moments}, {steps}, with {each} a step and twice as many back"
    if question.job in ("answers_over", "accuracies_over", "places_over", "sizes_over"):
        moments = plural(len(asked["snapshots"]), "moment")
        back = " and back" if question.job == "sizes_over" else ""
        return f"{images} at each of {moments}, through {each} each{back}"
    return f"{images} through {each} each"
