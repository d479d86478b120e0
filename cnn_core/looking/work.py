"""How much work a question is, and how long it takes here: by its multiply-adds and the pace of what was done before.

Arithmetic, no torch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cnn_core.looking.question import Question
from cnn_core.model import ModelSpec, summarize

# Multiply-adds that are done at once, in the process that asks. Measured on one quiet core: the lesson's network reads
# 10,000 digits (28 G) in 0.3 to 1.2 s, a modern one (127 G) in 2 to 4 s.
LIGHT = 5e10
FORWARD_AND_BACK = 3  # a step of gradient ascent takes as long as so many passes forwards
STRENGTHS = 8  # of a change of the images, at most
# Under the hood, in passes of all images: counted on the lesson's network, where they differ from layer to layer.
IN_PASSES = {"at_random": 6, "need": 10, "pruning": 60, "smallest_steps": 30, "leaning": 3, "flows": 3}
MUTINGS = 231  # of one image: none to ten filters muted, from the top and in 20 orders at random
OF_A_STEP = 1e8  # multiply-adds: a step of the smallest network takes as long as so many of a larger one
OF_A_CLIMB = 2e7  # the same of a step towards the picture of one filter
FIRST_CLIMB, NEXT_CLIMB = 40, 10  # steps towards it at the first moment of a training, and at each later one
WATCHED_STEPS = 12  # of four images each: the step, what follows, and looking at it
PGD_STEPS = 20  # of one attack
COMPARED_STEPS, MORE_STEPS = 140, 60  # of three recipes together; towards a class
USUAL_PACE = 2e10  # multiply-adds a second, before anything was measured


@dataclass(frozen=True)
class Work:
    """passes: how often an image goes through the network.  macs: multiply-adds of one pass."""

    passes: int
    macs: int

    @property
    def total(self) -> float:
        """Multiply-adds of all passes."""
        return float(self.passes) * self.macs

    @property
    def is_light(self) -> bool:
        """Whether it is done at once."""
        return self.total <= LIGHT


def work_of(question: Question, spec: ModelSpec) -> Work:
    """What a question costs a network of this design."""
    rows, asked = summarize(spec), question.arguments
    names = [row.name for row in rows]
    layer = asked.get("layer")
    needed = rows
    if layer in names and question.job == "decided":  # what lies below it is computed once
        needed = rows[names.index(layer) + 1 :]
    elif layer in names and question.job not in IN_PASSES:  # what lies above it is not computed
        needed = rows[: names.index(layer) + 1]
    passes = question.images
    if question.job in ("pictures", "slopes"):
        passes = len(asked["filters"]) * asked.get("steps", 1) * FORWARD_AND_BACK
    elif question.job == "accuracy_curve":
        passes *= STRENGTHS
    elif question.job == "plane":
        passes *= 2
    elif question.job == "robustness":
        steps = PGD_STEPS * FORWARD_AND_BACK if asked["attack"] == "pgd" else 1
        passes *= FORWARD_AND_BACK + len(asked["sizes"]) * steps
    elif question.job == "one_under_attack":
        steps = PGD_STEPS * FORWARD_AND_BACK if asked["attack"] == "pgd" else 0
        passes = FORWARD_AND_BACK + len(asked["sizes"]) * (1 + steps + asked["patterns"])
    elif question.job == "filter_over":
        many = len(asked["snapshots"])
        steps = NEXT_CLIMB * many + (FIRST_CLIMB - NEXT_CLIMB if asked["before"] is None else 0)
        passes = many + steps * (
            FORWARD_AND_BACK + round(OF_A_CLIMB / max(1, sum(row.macs for row in needed)))
        )
    elif question.job in ("answers_over", "accuracies_over", "sizes_over", "places_over"):
        passes *= len(asked["snapshots"]) * (FORWARD_AND_BACK if question.job == "sizes_over" else 1)
    elif question.job == "decided":
        passes = MUTINGS
    elif question.job == "one_step":
        passes = FORWARD_AND_BACK * (learnt_by(question) + WATCHED_STEPS * 4)
        passes += (asked["steps"] or 0) * round(OF_A_STEP / max(1, sum(row.macs for row in rows)))
    elif question.job == "recipes_compared":
        passes = len(asked["filters"]) * COMPARED_STEPS * FORWARD_AND_BACK
    elif question.job == "given_to_each_class":
        passes *= spec.classes * FORWARD_AND_BACK
    elif question.job == "more_of":
        passes = MORE_STEPS * FORWARD_AND_BACK
    else:
        passes *= IN_PASSES.get(question.job, 1)
    return Work(passes, sum(row.macs for row in needed))


def learnt_by(question: Question) -> int:
    """Of one step: how many images are learnt from before it."""
    asked = question.arguments
    return round((asked["steps"] or 0) * asked["recipe"].batch_size * asked["recipe"].work)


class Speeds:
    """The pace of each job on this machine, as it was measured."""

    def __init__(self) -> None:
        self._pace: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds(self, job: str, work: Work) -> float:
        """How long it will take, once it has begun."""
        with self._lock:
            return work.total / self._pace.get(job, USUAL_PACE)

    def measured(self, job: str, work: Work, seconds: float) -> None:
        """It took so long. Of small work it says nothing, for much of that is no multiply-add."""
        if work.total < LIGHT / 4 or seconds <= 0:
            return
        with self._lock:
            pace, before = work.total / seconds, self._pace.get(job)
            self._pace[job] = pace if before is None else 0.5 * (before + pace)
