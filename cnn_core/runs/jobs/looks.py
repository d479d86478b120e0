"""What is computed of a network before somebody looks, in a process of a runner; what the pages do then they read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.looking import Answers, Question, hash_of, key_of
from cnn_core.machine import is_small
from cnn_core.network_name import NetworkName
from cnn_core.runs.files import condition_of
from cnn_core.runs.run import Run
from cnn_core.settings import settings

if TYPE_CHECKING:
    from cnn_core.model import Network
    from cnn_core.training import Evaluation

log = logging.getLogger("convscope.ahead")


def is_wished() -> bool:
    """Whether anything is computed before somebody looks: not where the operator or the machine is against it."""
    return settings().warm and not is_small()


def look_at(store: Path, name: str, before: Callable[[], None] = lambda: None) -> int:
    """Look at a network by its name, "pretrained:lesson" or "run:<id>"; returns how many answers are new.

    before: called before each question.

    Whatever stands in the way is no error: a run that was deleted, or a disk without room.
    """
    from cnn_core.looking.ahead import look_ahead

    answers = Answers(store)
    try:
        net, dataset, is_ours = _network(store, name)
        new = look_ahead(net, dataset, answers, every_sheet=is_ours, before=before)
    except StudentError as error:
        log.info("nothing is computed ahead for %s: %s", name, error)
        return 0
    except OSError as error:
        if not (condition_of(error) or isinstance(error, FileNotFoundError)):
            raise
        return 0
    finally:
        answers.tidy()
    return new


def keep_evaluation(store: Path, net: Network, dataset: str, evaluation: Evaluation) -> None:
    """Keep a worker's test of a network for the page that asks the same.

    Where the disk has no room nothing is kept: a run's end does not wait for that.
    """
    from cnn_core.looking.ahead import which_images

    if is_wished():
        asked = Question.of("evaluation", dataset, evaluation.count)
        with suppress(OSError, StudentError):
            Answers(store).put(key_of(hash_of(net), which_images(dataset), asked), evaluation)


def _network(store: Path, name: str) -> tuple[Network, str, bool]:
    """The network, what it was trained on, and whether it came with Convscope."""
    from cnn_core.training import load_model

    asked = NetworkName.parse(name)
    if asked.kind == "pretrained":
        net, _ = pretrained.load_pretrained(asked.name)
        dataset = pretrained.card(asked.name).dataset
    else:
        run = Run(store / asked.name)
        net, _ = load_model(run.snapshot_path(run.moment), check_limits=False)
        dataset = run.dataset
    return net.eval().requires_grad_(False), dataset, asked.kind == "pretrained"
