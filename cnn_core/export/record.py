"""A student's record of the lesson as one file, ready to print: their networks, their predictions, their pictures.

What somebody said before they saw the answer is the best of it, so a prediction stands beside what was measured, and
the largest surprises are named. Like the report, the page fetches nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnn_core.export.curves_svg import Curves, guess_chart, has_points, learning_chart
from cnn_core.export.html_page import document, escaped, picture, table
from cnn_core.model.spec import ModelSpec, summarize
from cnn_core.significance import wilson_interval

SURPRISES = 3  # that are named
TITLE = "My record of the lesson"
NO_NETWORKS = "Here will be each network that you train, with its curve and its test accuracy."
NO_PREDICTIONS = "Here will be what you say before you see an answer, beside what was measured."
NO_PICTURES = (
    "Here will be the maps that your network makes of a digit, and pictures of what its filters look for."
)


@dataclass(frozen=True)
class NetOfRecord:
    """A network that the student trained.

    accuracy: a fraction of the test images; None before it was tested.
    count:    of how many.
    is_test:  whether it certainly had learnt from none of them.
    facts:    further lines, such as {"Learnt from": "9,500 of MNIST's training images"}.
    """

    title: str
    spec: ModelSpec
    accuracy: float | None = None
    count: int = 0
    is_test: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    history: Curves | None = None


@dataclass(frozen=True)
class CurveOfRecord:
    """What was drawn, and what was measured: a number for each tick; empty where one lacks."""

    ticks: tuple[str, ...]
    unit: str
    least: float
    most: float
    said: tuple[float, ...]
    measured: tuple[float, ...]


@dataclass(frozen=True)
class PredictionOfRecord:
    """One prediction in words.

    said, measured: as the page wrote them; "" where the answer was asked for at once, or is not known yet.
    off:      how far off, with its unit; "" for a choice.
    network:  whom it was about.
    surprise: from 0 (as said) to 1; None where that is not known.
    is_right: whether it was right at once; None likewise.
    curve:    of a drawn one.
    """

    asked: str
    said: str
    measured: str
    off: str = ""
    network: str = ""
    surprise: float | None = None
    is_right: bool | None = None
    curve: CurveOfRecord | None = None


@dataclass(frozen=True)
class Record:
    """All that the page holds.

    name:        of the student, if wanted.
    date:        in words.
    steps:       (done, of so many) of the lesson.
    networks:    the newest first.
    has_older:   whether there are more than these.
    predictions: in the order in which they were said.
    pictures:    (caption, PNG).
    """

    name: str = ""
    date: str = ""
    steps: tuple[int, int] = (0, 0)
    networks: Sequence[NetOfRecord] = ()
    has_older: bool = False
    predictions: Sequence[PredictionOfRecord] = ()
    pictures: Sequence[tuple[str, bytes]] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take away yet."""
        return not (self.networks or self.predictions or self.pictures)


def export_record(record: Record) -> str:
    """The page's HTML."""
    body = [f"<h1>{TITLE}</h1>", _head(record)]
    body += ["<h2>My networks</h2>", *(map(network_section, record.networks))]
    if record.has_older:
        body.append("<p>Older networks are not shown here.</p>")
    if not record.networks:
        body.append(_nothing(NO_NETWORKS))
    body += ["<h2>What I predicted</h2>", *predictions_section(record.predictions)]
    pictures = "".join(picture(caption, png) for caption, png in record.pictures)
    body += [
        "<h2>Pictures</h2>",
        f'<div class="pictures">{pictures}</div>' if pictures else _nothing(NO_PICTURES),
    ]
    title = f"{TITLE}: {record.name}" if record.name else TITLE
    return document(title, body, PRINTED)


def _nothing(sentence: str) -> str:
    return f'<p class="nothing">{sentence}</p>'


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _head(record: Record) -> str:
    rows = [("Name", record.name), ("Date", record.date)]
    done, of = record.steps
    if of:
        rows.append(("Lesson", f"{done} of {of} steps done"))
    return table([(name, escaped(value)) for name, value in rows if value])


def network_section(net: NetOfRecord) -> str:
    """A network as HTML: its layers, its test accuracy, what else is known of it, its curve."""
    layers = summarize(net.spec)
    words = (layer.words(layer.to_dict()) for layer in net.spec.layers)
    rows = [("Layers", "; ".join(f"{row.name}: {said}" for row, said in zip(layers, words, strict=True)))]
    rows.append(("Parameters", f"{sum(row.parameters for row in layers):,}"))
    if net.accuracy is not None:
        rows.append(("Test accuracy", accuracy_in_words(net.accuracy, net.count, net.is_test)))
    rows += net.facts.items()
    parts = [
        f"<h3>{escaped(net.title)}</h3>",
        table([(escaped(name), escaped(value)) for name, value in rows]),
    ]
    if net.history is not None and has_points(net.history):
        parts.append(learning_chart(net.history, "accuracy"))
    return f'<section class="network">{"".join(parts)}</section>'


def accuracy_in_words(accuracy: float, count: int, is_test: bool) -> str:
    """An accuracy, of how many images, and how sure it is.

    >>> accuracy_in_words(0.99, 10_000, True)
    '99.0 % of 10,000 images; on very many such images between 98.8 % and 99.2 %, with 95 % confidence'
    >>> accuracy_in_words(0.99, 500, False)
    '99.0 % of 500 images; it may have learnt from some of them, so this is no test'
    """
    of = f"{100 * accuracy:.1f} % of {_counted(count, 'image')}"
    if not is_test:
        return f"{of}; it may have learnt from some of them, so this is no test"
    if not count:
        return f"{100 * accuracy:.1f} %"
    low, high = wilson_interval(accuracy, count)
    return f"{of}; on very many such images between {100 * low:.1f} % and {100 * high:.1f} %, with 95 % confidence"


def predictions_section(predictions: Sequence[PredictionOfRecord]) -> list[str]:
    """Predictions as parts of HTML: what was said beside what was measured, and the largest surprises."""
    if not predictions:
        return [_nothing(NO_PREDICTIONS)]
    told = [one for one in predictions if one.surprise is not None]
    parts = []
    if told:
        count = sum(one.is_right is True for one in told)
        parts.append(f"<p>{count} of {_counted(len(told), 'prediction')} right at once.</p>")
    rows: list[tuple[str, ...]] = [("<b>Question</b>", "<b>I said</b>", "<b>Measured</b>", "<b>Off by</b>")]
    rows += [_row(one) for one in predictions]
    parts.append(f'<div class="predictions">{table(rows)}</div>')
    if right := [one for one in told if one.is_right]:
        parts.append(
            _listed("Where I was right", [f"{escaped(one.asked)} {escaped(one.said)}." for one in right])
        )
    surprises = sorted((one for one in told if not one.is_right), key=lambda one: -(one.surprise or 0.0))
    if surprises:
        parts.append(_listed("What surprised me most", [_surprise(one) for one in surprises[:SURPRISES]]))
    return parts


def _listed(title: str, lines: Sequence[str]) -> str:
    return f"<h3>{title}</h3><ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def _row(one: PredictionOfRecord) -> tuple[str, ...]:
    asked = escaped(one.asked)
    if one.network:
        asked += f'<br><span class="about">{escaped(one.network)}</span>'
    if one.curve is not None:
        curve = one.curve
        asked += guess_chart(curve.ticks, curve.unit, curve.least, curve.most, curve.said, curve.measured)
        asked += '<span class="about">Dotted: what I drew. Solid: measured.</span>'
    said = escaped(one.said) or "I asked for the answer"
    return asked, said, escaped(one.measured) or "not yet", escaped(one.off)


def _surprise(one: PredictionOfRecord) -> str:
    off = f" (off by {escaped(one.off)})" if one.off else ""
    return f"{escaped(one.asked)} I said {escaped(one.said)}; measured: {escaped(one.measured)}{off}."


PRINTED = """
@page { size: A4; margin: 16mm 18mm; }
:root { color-scheme: light; }
body { background: #FFFFFF; }
h3 { font-size: 17px; margin: 1.2rem 0 0.3rem; }
h1, h2, h3 { break-after: avoid; }
figure, tr, section.network { break-inside: avoid; }
td:first-child { min-width: 7rem; }
.predictions table { width: 100%; } .predictions td:first-child { width: 50%; }
.predictions td { width: 18%; padding-right: 10px; } .predictions td:last-child { width: 14%; padding-right: 0; }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; align-items: end; }
.about, .nothing { color: #5C6270; font-size: 14px; }
@media print { body { font-size: 11pt; margin: 0; max-width: none; padding: 0; } h1 { font-size: 22pt; } }
"""
