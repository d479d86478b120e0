"""What the board of a class says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cnn_core.classroom import Challenge, Place, Row, Standing
from cnn_core.classroom.challenges import TURN, value_of
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.model.layers import Layer
from pages.ui.wording.numbers import big, count, duration, percent, plural

NBSP = "\u00a0"
JOIN = "join with the code"
IN_TRAINING = "In training"
STILL = "Held still by the teacher."
SHOWN_FEW = 5  # names in one sentence
FEWEST = {
    "parameters": "Fewest parameters",
    "macs": "Fewest multiply-adds",
    "images": "Fewest training images",
    "seconds": "Least time",
    "accuracy": "Best",
}
AXES = {
    "parameters": "parameters, log scale",
    "macs": "multiply-adds for one image, log scale",
    "images": "training images, log scale",
    "seconds": "seconds of training on this server, log scale",
}
FREEZE, GO_ON, MORE, WALL = "Freeze", "Go on", "More", "On the wall"
SHOWN = "What the class is shown"
NAMES = {"chosen": "Names", "none": "No names"}
HIDE, SORT = "Not shown to the class", "The list"
OWN_CHALLENGE, SET = "A challenge of your own", "Set it"
MEASURE, LIMIT, AT, GOAL = "What counts", "Limit", "How many", "Goal in %, or none"
GOAL_HELP = "Who reaches it has done it. Without one there is only a best."
MEASURES = {
    "accuracy": "The best accuracy",
    "turned": f"The best accuracy on images turned by {TURN:g}°",
    "parameters": "The fewest parameters",
    "macs": "The fewest multiply-adds",
}
LIMITS = {
    "": "none",
    "parameters": "parameters, at most",
    "macs": "multiply-adds, at most",
    "images": "training images, at most",
    "seconds": "seconds of training, at most",
    "accuracy": "% that it reads, at least",
}
CSV = "The board as CSV"
NO_MORE = "You are no longer in this class."
OWN_BETTER = "a run of the same student is better"


def share(fraction: float) -> str:
    """A share that somebody chose, without decimals that were not.

    >>> share(0.98), share(0.995)
    ('98\\xa0%', '99.5\\xa0%')
    """
    return f"{100 * fraction:g}{NBSP}%"


def limit(challenge: Challenge) -> str:
    """The limit, in the words behind a measure; "" without one.

    >>> limit(Challenge("accuracy", "seconds", 20))
    'after at most 20 s of training'
    """
    return {
        "": "",
        "parameters": f"with at most {count(challenge.at)} parameters",
        "macs": f"with at most {count(challenge.at)} multiply-adds",
        "images": f"from at most {plural(int(challenge.at), 'training image')}",
        "seconds": f"after at most {duration(challenge.at)} of training",
        "accuracy": f"that reads {share(challenge.at)}",
    }[challenge.limit]


def title(challenge: Challenge) -> str:
    """What the class tries, as a title.

    >>> title(Challenge("accuracy", "parameters", 10_000, 0.99))
    '99\\xa0% with at most 10,000 parameters'
    >>> title(Challenge("parameters", "accuracy", 0.98)), title(Challenge())
    ('The smallest net that reads 98\\xa0%', 'The best accuracy')
    """
    if challenge.measure in ("parameters", "macs"):
        least = "smallest net" if challenge.measure == "parameters" else "net with the fewest multiply-adds"
        return f"The {least} {limit(challenge)}"
    if challenge.goal is not None:
        best = share(challenge.goal)
        turned = f" of images turned by {TURN:g}°" if challenge.measure == "turned" else ""
        return f"{best}{turned} {limit(challenge)}".strip()
    best = "The best accuracy" + (f" on images turned by {TURN:g}°" if challenge.measure == "turned" else "")
    return f"{best} {limit(challenge)}".strip()


def done(board: Standing, students: int) -> str:
    """Who has done it, in a sentence; "" where a challenge has only a best.

    students: how many are in the class.
    """
    if board.challenge.goal is None and board.challenge.limit != "accuracy":
        return ""
    number = len(board.done)
    if not number:
        return "Nobody has done it yet."
    has = "has" if number == 1 else "have"
    return f"{number} of {plural(students, 'student')} {has} done it."


def first(board: Standing, name: str) -> str:
    """Who is in front, in a sentence.

    name: "chosen", or "none" for nobody's.
    """
    return " ".join(filter(None, [_first(board, name), _not_measured(board)]))


def _not_measured(board: Standing) -> str:
    number = sum(why == "measuring" for _, why in board.unranked)
    are = "is" if number == 1 else "are"
    return f"{plural(number, 'finished net')} {are} not measured yet." if number else ""


def _first(board: Standing, name: str) -> str:
    if not board.places:
        return "No net that counts has finished yet."
    if board.challenge.goal is not None:
        return _fewest(board, name) if board.done else _nearest(board, name)
    if board.challenge.is_share:
        return _in_front(board, name)
    front = [place for place in board.places if place.rank == 1]
    unit = "parameters" if board.challenge.measure == "parameters" else "multiply-adds"
    return f"Smallest: {_names(front, name)}{score(board.challenge, front[0])} {unit}."


def _fewest(board: Standing, name: str) -> str:
    axis = board.challenge.axis
    valued = [(value, place) for place in board.done if (value := value_of(place.row, axis)) is not None]
    if not valued:
        return ""
    least, place = min(valued, key=lambda pair: pair[0])
    same = [one for value, one in valued if value == least]
    amount = duration(least) if axis == "seconds" else count(least)
    return f"{FEWEST[axis]}: {_names(same, name)}{amount}." if place else ""


def _nearest(board: Standing, name: str) -> str:
    best = board.places[0]
    return f"Nearest: {_names([best], name)}{percent(best.score)}."


def _in_front(board: Standing, name: str) -> str:
    front = [place for place in board.places if place.rank == 1]
    if len(front) == 1:
        return f"Best: {_names(front, name)}{percent(front[0].score)}."
    if name == "none" or len(front) > SHOWN_FEW:
        return f"{count(len(front))} nets share the first place: their difference may be chance."
    names = [place.row.member.name for place in front]
    return f"In front: {_listed(names)}; their difference may be chance."


def _names(places: Sequence[Place], name: str) -> str:
    if name == "none":
        return ""
    if len(places) > SHOWN_FEW:
        return f"{count(len(places))} nets, "
    return f"{_listed([place.row.member.name for place in places])}, "


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def score(challenge: Challenge, place: Place) -> str:
    """What was measured."""
    return percent(place.score) if challenge.is_share else count(place.score)


def certainty(place: Place) -> str:
    """What the test can say of a score: the interval of a share."""
    if place.interval is None:
        return ""
    low, high = place.interval
    return f"{100 * low:.1f} to {percent(high)}"


def facts(row: Row) -> str:
    """A run in a few numbers."""
    images = "" if row.images is None else f" · {count(row.images)} images"
    return f"{count(row.parameters)} parameters · {big(row.macs)} multiply-adds{images} · {duration(row.seconds)}"


@lru_cache(maxsize=1_000)
def design(spec: ModelSpec) -> str:
    """A design in one line.

    >>> from cnn_core.model import PRESETS
    >>> design(PRESETS["mlp"])
    '512 units, relu → 10 units, softmax'
    """
    return " → ".join(_layer(layer) for layer in spec.layers if not layer.flattens)


def _layer(layer: Layer) -> str:
    said = layer.words(layer.to_dict())
    if layer.counted:
        return said
    return f"{layer.title.lower()} {said.partition(',')[0]}" if layer.window_setting else layer.title.lower()


def note(challenge: Challenge, place: Place) -> str:
    """What is to be known beside a score; "" where there is nothing."""
    if place.is_sure or not place.is_done:
        return ""
    reached = challenge.at if challenge.limit == "accuracy" else challenge.goal or 0.0
    return f"that it reads {share(reached)} may be chance"


def why_not(challenge: Challenge, row: Row, reason: str) -> str:
    """Why a run has no place."""
    if reason in ("parameters", "macs", "images", "seconds", "accuracy"):
        return _beyond(challenge, row, reason)
    images = ""
    if row.exam is not None:
        images = f"tested on other images: {exam_words(row.exam.dataset, row.exam.count)}"
    return {
        "goes on": {"queued": "waits", "paused": "paused"}.get(row.state, "in training"),
        "ended": "ended before it was tested",
        "other images": images,
        "seen": f"had learnt from {count(row.seen)} of the test images",
        "unknown": "learnt from images that are not known",
        "measuring": f"not measured yet on images turned by {TURN:g}°",
        "own better": OWN_BETTER,
    }.get(reason, "")


def _beyond(challenge: Challenge, row: Row, reason: str) -> str:
    value = value_of(row, reason)
    if value is None:
        return "how many images it learnt from is not known"
    if reason == "accuracy":
        return f"reads {percent(value)}, not {share(challenge.at)}"
    amount = {
        "parameters": f"{count(value)} parameters",
        "macs": f"{count(value)} multiply-adds",
        "images": f"{count(value)} training images",
        "seconds": f"{duration(value)} of training",
    }[reason]
    most = duration(challenge.at) if reason == "seconds" else count(challenge.at)
    return f"{amount}, at most {most} count"


def exam_words(dataset: str, number: int) -> str:
    """Test images in a few words: "10,000 test digits"."""
    try:
        noun, name = dataset_of(dataset).noun, dataset_of(dataset).title
    except StudentError:  # a set that was removed
        return f"{count(number)} test images"
    return f"{count(number)} test {noun}" + ("" if dataset == "mnist" else f" of {name}")


def turned_exam(board: Standing) -> str:
    """The turned images of which the scores are shares, in a few words."""
    if not board.places:
        return f"images turned by {TURN:g}°"
    return f"{count(board.places[0].count)} images turned by {TURN:g}°"


def same_place(board: Standing) -> str:
    """Why some share a place; "" where nobody does."""
    if not any(place.shares for place in board.places):
        return ""
    if not board.challenge.is_share:
        return "Nets that share a place have the same number."
    images = board.places[0].count
    return (
        f"Nets that share a place cannot be told apart by {count(images)} images: the difference between them may be "
        "chance. The range says where the share lies, in 19 of 20 cases."
    )


def beside_time(challenge: Challenge) -> str:
    """What limits by the clock leave to chance; "" for others."""
    if challenge.limit != "seconds":
        return ""
    return "Seconds are those of this server: while many train, a step takes longer."


def heard(board: Standing, students: int, training: int, name: str) -> str:
    """The board in one paragraph, for whoever cannot see it."""
    going_on = f"{plural(training, 'net')} in training." if training else "No net is in training."
    return " ".join(
        filter(
            None,
            [
                f"{title(board.challenge)}.",
                done(board, students),
                first(board, name),
                going_on,
                "Below, each net in a table.",
            ],
        )
    )
