"""Curves and the list of runs as CSV, for a spreadsheet or R. Numbers are not rounded; the text is marked UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_core.training.history import History
    from pages.ui.trained.trained import Trained

# Without this mark, Excel takes UTF-8 for something else.
_MARK = "\ufeff"
_ACTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes what begins so

CURVES = ("measured on", "step", "epoch", "loss", "accuracy", "learning rate")
_RECIPE = ("optimizer", "learning_rate", "batch_size", "epochs", "seed")
RUNS = (
    *("name", "accuracy", "loss", "test images", "of them learnt from", "tested on", "parameters", "steps"),
    *("seconds", *(name.replace("_", " ") for name in _RECIPE)),
)


def curves_csv(history: History) -> str:
    """One line for each measurement: which images, when, and what.

    Accuracies are fractions, losses mean cross-entropies in nats. The learning rate stands beside what was learnt.
    """
    rates: Sequence[object] = history.learning_rates
    if len(rates) != len(history.train):
        rates = [""] * len(history.train)
    lines: list[Sequence[object]] = []
    for what, curve, beside in (
        ("images being learnt", history.train, rates),
        ("images learnt, measured as those kept aside", history.measured, [""] * len(history.measured)),
        ("images kept aside", history.validation, [""] * len(history.validation)),
    ):
        points = zip(curve.step, curve.epoch, curve.loss, curve.accuracy, beside, strict=True)
        lines += [(what, *point) for point in points]
    return lines_csv(CURVES, lines)


def runs_csv(networks: Iterable[Trained]) -> str:
    """One line for each network of the list; what is not known of it is empty."""
    return lines_csv(RUNS, [_line(one) for one in networks])


def _line(one: Trained) -> list[object]:
    is_measured = one.accuracy is not None
    return [
        one.label,
        one.accuracy if is_measured else "",
        one.loss if one.loss is not None else "",
        one.count or "",
        one.seen if is_measured and (one.seen or one.learnt_from.is_known) else "",
        one.of_which_images if is_measured else "",
        one.parameters,
        one.steps or "",
        one.seconds or "",
        *(getattr(one.recipe, name) if one.recipe is not None else "" for name in _RECIPE),
    ]


def lines_csv(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table as CSV, marked UTF-8; a stranger's text in it is harmless to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in line] for line in lines)
    return _MARK + out.getvalue()


def _harmless(value: object) -> object:
    """A stranger's text that a spreadsheet will not compute.

    >>> _harmless("=1+1"), _harmless("Lesson"), _harmless(-0.5)
    ("'=1+1", 'Lesson', -0.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTS) else value
