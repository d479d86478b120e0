"""Questions to a network that take more than a moment: answered at once, or by a process beside the server.

What is light the server does itself, as many at once as there are processors. What is heavy is done elsewhere while a
bar says how long it takes; whoever leaves the page, or asks something else, no longer waits for it, and when nobody
does it is given up. An answer is kept, and all visitors share it.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from cnn_core.data.own.as_dataset import fingerprint
from cnn_core.data.own.names import is_own
from cnn_core.kept import Kept, kept
from cnn_core.looking import GivenUp, Lookers, Question, Speeds, Work, work_of
from cnn_core.machine import is_small
from cnn_core.settings import settings
from pages.ui.frame import process
from pages.ui.visitor import server
from pages.ui.wording.numbers import about, big, count, plural, roughly

if TYPE_CHECKING:
    from cnn_core.looking import Asked
    from pages.ui.visitor.networks import LoadedNetwork

FAR_PROCESSES = 4  # where a cluster answers: three long questions at once, and a place for short ones
LOOK_SECONDS = 0.25  # between two looks at how far it is: so soon it is noticed that somebody left
ANSWERS = 96_000_000  # bytes of all that are kept: the answers to 10,000 images are 0.4 MB

_answers: Kept[Any] = Kept(ANSWERS)
_speeds = Speeds()


def look(network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable) -> Any:
    """The answer of a network to a question, kept for whoever asks it again; nobody may change it.

    job:    a key of `cnn_core.looking.jobs.JOBS`.
    images: how many test images are asked about; fewer where there are fewer, 0 for a job that can do without.
    dataset: whose they are; "" is what it was trained on.
    asked:  the job's other arguments.
    Draws a bar while it is worked on elsewhere. Raises StudentError as the job does.
    """
    question, there = _question(dataset or network.dataset, job, images, asked)
    key = (network.weights_key, there, question)
    if (answer := _answers.get(key)) is not None:
        return answer
    work = work_of(question, network.spec)
    # A small server has no room for one more process of 300 MB: it does all of it here, in turn.
    if work.is_light or is_small():
        return _answers.of(key, partial(_at_once, network, question, work))
    return _elsewhere(network, question, work, there)


def peek(
    network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable
) -> Any | None:
    """The answer where it is kept; else None, and nobody is asked."""
    question, there = _question(dataset or network.dataset, job, images, asked)
    answer = _answers.get((network.weights_key, there, question))
    if answer is None:  # what was worked on elsewhere goes by the weights themselves
        answer = _answers.get((weights_hash(network.weights_key, network.net), there, question))
    return answer


def glance(
    network: LoadedNetwork, job: str, images: int, *, dataset: str = "", **asked: Hashable
) -> Any | None:
    """As `look`, and never waits: None while a process beside the server works on it, so ask again in a second or two.

    For a page that asks many networks. What nobody has asked for in a minute is given up. Draws nothing.
    """
    question, there = _question(dataset or network.dataset, job, images, asked)
    key = (network.weights_key, there, question)
    if (answer := _answers.get(key)) is not None:
        return answer
    work = work_of(question, network.spec)
    if is_small():
        return _answers.of(key, partial(_at_once, network, question, work))
    with _glances_lock:
        waiting = _glances.get(key)
        if waiting is None:
            seconds = _speeds.seconds(question.job, work)
            weights = (weights_hash(network.weights_key, network.net), there, question)
            waiting = _lookers().ask(weights, seconds, partial(_message, network, question), GLANCE_PATIENCE)
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
def _at_once(network: LoadedNetwork, question: Question, work: Work) -> Any:
    from cnn_core.looking.jobs import answer

    began = time.monotonic()
    found = answer(network.net, question, lambda fraction: None)
    _speeds.measured(question.job, work, time.monotonic() - began)
    return found


# ---------------------------------------------------------------- elsewhere


def memory() -> int:
    """Bytes of memory that the processes have now which look into networks for this server."""
    return _lookers().memory()


@lru_cache(maxsize=1)
def _lookers() -> Lookers:
    here = settings()
    return Lookers(FAR_PROCESSES if here.ray else min(2, here.workers))


def _elsewhere(network: LoadedNetwork, question: Question, work: Work, there: Hashable) -> Any:
    key = (weights_hash(network.weights_key, network.net), there, question)
    if (answer := _answers.get(key)) is not None:
        return answer
    lookers = _lookers()
    place = st.empty()
    while True:
        asked = lookers.ask(key, _speeds.seconds(question.job, work), partial(_message, network, question))
        try:
            answer = _awaited(asked, lookers, place, question, work)
        except GivenUp:  # in the very moment in which we asked
            continue
        _answers.put(key, answer)
        return answer


def _awaited(asked: Asked, lookers: Lookers, place: Any, question: Question, work: Work) -> Any:
    with asked.awaited():
        while not asked.wait(LOOK_SECONDS):
            words = how_long(
                question, work, asked.rest, 0.0 if asked.taken else lookers.seconds_before(asked)
            )
            # This is also where the script ends when the visitor has clicked something else, or is gone.
            place.progress(asked.share, text=words)
    place.empty()
    answer = asked.answer()
    if asked.began is not None:
        _speeds.measured(question.job, work, time.monotonic() - asked.began)
    return answer


def _message(network: LoadedNetwork, question: Question) -> bytes:
    return pickle.dumps((question, network.spec, network.net.state_dict()), pickle.HIGHEST_PROTOCOL)


@kept(0.1)
def weights_hash(weights_key: str, _net: Any) -> str:
    """The same for equal designs with equal weights, wherever they come from."""
    whole = hashlib.blake2b(repr(_net.spec).encode(), digest_size=16)
    for name, tensor in _net.state_dict().items():
        whole.update(name.encode())
        whole.update(tensor.contiguous().numpy().tobytes())
    return whole.hexdigest()


# ---------------------------------------------------------------- in words


def how_long(question: Question, work: Work, rest: float, before: float = 0.0) -> str:
    """How long it takes, and why.

    rest:   seconds of this work.
    before: seconds of what others asked first, while that is not done.
    """
    what = f"{_passes(question, work)}."
    if before:
        return f"Another visitor’s network comes first, {about(before)}. Then {about(rest)}: {what}"
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
    if question.job in ("answers_over", "places_over", "sizes_over"):
        moments = plural(len(asked["snapshots"]), "moment")
        back = " and back" if question.job == "sizes_over" else ""
        return f"{images} at each of {moments}, through {each} each{back}"
    return f"{images} through {each} each"
