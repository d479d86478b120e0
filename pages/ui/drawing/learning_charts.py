"""Loss and accuracy over epochs, of one run or of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.ui.drawing.figure import Figure, no_markup, note, template
from pages.ui.drawing.palette import INK, RUNS, TRAINING, VALIDATION, VALIDATION_TEXT
from pages.ui.wording.numbers import loss_text, percent

if TYPE_CHECKING:
    from cnn_core.runs import Curve, History

# Pixels: a panel's title, the values below it, between the panels, below the last; for letters as large as on a wall.
_TITLE, _VALUES, _GAP, _FOOT = 30, 20, 44, 44
_RIGHT = 16  # pixels: half of the last number of the axis
_LOSS_TICKS = (1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100, 1e3)


def _accuracy_ticks(floor: int) -> list[int]:
    """Where the axis of accuracies has its numbers, in per cent; its floor leaves a multiple of 3 to 100, or all of it.

    >>> _accuracy_ticks(88), _accuracy_ticks(0)
    ([88, 92, 96, 100], [0, 25, 50, 75, 100])
    """
    return list(range(floor, 101, (100 - floor) // 3 if floor else 25))


@dataclass(frozen=True)
class _Axis:
    """What a panel shows of its measure. bottom, top: per cent, or powers of ten where it is logarithmic."""

    bottom: float
    top: float
    is_log: bool = False


# ---------------------------------------------------------------- one run, while it learns


@dataclass(frozen=True)
class _Line:
    """Training or validation of one run, and how it is drawn."""

    name: str
    curve: Curve
    color: str
    ink: str  # of its label, which needs more contrast than a line
    width: float

    @property
    def is_validation(self) -> bool:
        return self.name == "validation"

    def last(self, value: str) -> str:
        """Its name and its last value, in its colour, as Plotly's HTML."""
        words = f"{self.name} {value}"
        weighty = f"<b>{words}</b>" if self.is_validation else words
        return f'<span style="color:{self.ink}">{weighty}</span>'


def loss_and_accuracy(
    history: History,
    epochs: float,
    mode: str = "light",
    *,
    dataset: str = "mnist",
    images: int | None = None,
    alike: bool = False,
    enlarged: bool = False,
    height: int = 550,
) -> Figure:
    """Accuracy over loss (log), against epochs to the end of the run, training thin and validation thick.

    The last values stand above each panel: beside the lines they would take a third of a phone.

    history: what the store has; its curves may be empty.
    epochs:  of the whole run, so that the axis never grows.
    images:  training images in one epoch, for the axis title.
    alike:   training as it is measured when its images are read as the validation images are.
    enlarged: whether the accuracy begins where its last per cents are told apart, and not at 0.
    height:  pixels of the whole figure.
    """
    lines = (
        _Line("training", history.measured if alike else history.train, TRAINING[mode], TRAINING[mode], 1.5),
        _Line("validation", history.validation, VALIDATION[mode], VALIDATION_TEXT[mode], 2.5),
    )
    top = dataset_of(dataset).axis_begins
    seen = [100 * value for line in lines for value in line.curve.accuracy]
    floor = (
        top if enlarged and max(seen, default=100) > top else 0
    )  # of one that is below it nothing would be seen
    loss = _Axis(*_loss_range([value for line in lines for value in line.curve.loss]), is_log=True)
    top, gap = _TITLE + _VALUES, _GAP + _VALUES
    panel = (height - top - gap - _FOOT) / 2
    share = panel / (height - top - _FOOT)  # of Plotly's "paper", which holds both panels and the gap
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=52, r=_RIGHT, t=top, b=_FOOT),
        annotations=[
            _panel_title("Accuracy, % of images read correctly", 1, mode, above=_VALUES),
            _panel_title("Loss, cross-entropy, log scale", share, mode, above=_VALUES),
            *_last_values(_accuracies(lines), 1, mode),
            *_last_values(_losses(lines), share, mode),
        ],
        xaxis=_epoch_axis(epochs, images, mode),
        yaxis=dict(
            range=[floor, 100.2 if floor else 101],
            domain=[1 - share, 1],
            automargin=False,
            tickvals=_accuracy_ticks(floor),
        ),
        yaxis2={**_loss_axis(loss, mode), "domain": [0, share]},
    )
    return dict(data=[trace for line in lines for trace in _traces(line)], layout=layout)


def _traces(line: _Line) -> list[Figure]:
    """Its accuracy in the upper panel, its loss in the lower one."""
    common = dict(
        type="scatter",
        x=list(line.curve.epoch),
        mode="lines+markers" if line.is_validation else "lines",
        line=dict(color=line.color, width=line.width),
        marker=dict(size=6, color=line.color),
        xaxis="x",
        name=line.name,
    )
    accuracy = dict(
        y=[None if value is None else 100 * value for value in line.curve.accuracy],
        yaxis="y",
        hovertemplate=f"{line.name} %{{y:.1f}} %<extra></extra>",
    )
    loss = dict(
        y=list(line.curve.loss),
        yaxis="y2",
        hovertemplate=f"{line.name} loss %{{y:.3g}}<extra></extra>",
    )
    return [{**common, **accuracy}, {**common, **loss}]


def _accuracies(lines: Iterable[_Line]) -> list[str]:
    return [line.last(percent(line.curve.accuracy[-1])) for line in lines if line.curve.epoch]


def _losses(lines: Iterable[_Line]) -> list[str]:
    return [
        line.last(loss_text(line.curve.loss[-1]))
        for line in lines
        if line.curve.epoch and 0 < line.curve.loss[-1] < math.inf
    ]


def _last_values(words: Sequence[str], y: float, mode: str) -> list[Figure]:
    """The line above a panel that says where its curves stand. y: as in `_panel_title`."""
    if not words:
        return []
    return [_panel_title("   ".join(words), y, mode, size=13.5)]


def _epoch_axis(epochs: float, images: int | None, mode: str) -> Figure:
    words = f"epochs (one epoch = all {images:,} training images once)" if images else "epochs"
    return dict(
        range=[0, epochs],
        anchor="y2",
        title=dict(text=words, font=dict(size=13, color=INK[mode][1])),
        hoverformat=".2f",
        dtick=_tick_step(epochs),
        unifiedhovertitle=dict(text="epoch %{x:.2f}"),
        automargin=False,
    )


def _loss_axis(loss: _Axis, mode: str) -> Figure:
    ticks = [value for value in _LOSS_TICKS if loss.bottom <= math.log10(value) <= loss.top]
    if loss.top - loss.bottom > 4:  # of one that exploded: whole powers of ten alone have room
        ticks = [value for value in ticks if math.log10(value) % 1 == 0]
    return dict(
        type="log",
        range=[loss.bottom, loss.top],
        tickvals=ticks,
        ticktext=[f"{value:g}" for value in ticks],
        showgrid=True,
        gridcolor=INK[mode][2],
        zeroline=False,
        tickfont=dict(size=13, color=INK[mode][1]),
        automargin=False,
    )


# ---------------------------------------------------------------- several runs


def curves(
    runs: Sequence[tuple[str, History]],
    mode: str = "light",
    *,
    measure: str = "accuracy",
    epochs: float | None = None,
    low: float | None = None,
    height: int = 380,
    training: bool = True,
) -> Figure:
    """Runs over each other: hue = run, solid = validation, dotted = training.

    Their names and last values stand above it (`legend.names_in_colour`, `last_value`): beside the lines they would
    take half of a phone.
    measure: "accuracy" or "loss".
    epochs:  width of the axis; None takes the longest run's.
    low:     lowest accuracy shown, per cent; None chooses among 0, 50, 80, 88, 96 so that the ends are told apart.
    Raises StudentError for a seventh run: there are six colours that everybody can tell apart.
    """
    if len(runs) > len(RUNS[mode]):
        raise StudentError(
            f"{len(runs)} runs would not stay apart: there are six colours.",
            hint="Let one go to add another.",
        )
    is_loss = measure == "loss"
    axis = _axis_of([history for _, history in runs], is_loss, low)
    coloured = [(name, history, color) for (name, history), color in zip(runs, RUNS[mode], strict=False)]
    traces = [
        trace for run in coloured for trace in _run_traces(*run, is_loss=is_loss, with_training=training)
    ]
    title = "Loss on images kept aside, log scale" if is_loss else "Accuracy, % of images read correctly"
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=_RIGHT, t=_TITLE, b=_FOOT),
        annotations=[_panel_title(title, 1, mode)],
        xaxis=_shared_epoch_axis(epochs or _longest([history for _, history in runs])),
        yaxis=dict(range=[axis.bottom, axis.top], automargin=False)
        | (dict(type="log", dtick=1) if is_loss else {}),
    )
    return dict(data=traces or [dict(type="scatter", x=[], y=[])], layout=layout)


def _axis_of(histories: Sequence[History], is_loss: bool, low: float | None) -> _Axis:
    if is_loss:
        losses = [y for history in histories for y in (*history.train.loss, *history.validation.loss)]
        return _Axis(*_loss_range(losses), is_log=True)
    if low is None:
        accuracies = [history.validation.accuracy[-1] for history in histories if history.validation.accuracy]
        worst = min((100 * accuracy for accuracy in accuracies), default=88)
        low = max(floor for floor in (0, 50, 80, 88, 96) if floor <= max(worst - 1, 0))
    return _Axis(low, 100.2)


def _run_traces(
    name: str, history: History, color: str, *, is_loss: bool, with_training: bool
) -> list[Figure]:
    """Training, where it is wanted, below validation."""
    hover = "%{y:.3g}" if is_loss else "%{y:.1f} %"
    drawn = [("training", history.train, "dot", 1.5)] if with_training else []
    return [
        dict(
            type="scatter",
            # One value alone is no line: without a point nothing would be seen of it.
            mode="lines+markers" if len(curve.epoch) == 1 else "lines",
            x=list(curve.epoch),
            y=list(curve.loss) if is_loss else [100 * value for value in curve.accuracy],
            name=name,
            line=dict(color=color, width=width, dash=dash),
            hovertemplate=f"{no_markup(name)}, {kind} {hover}<extra></extra>",
        )
        for kind, curve, dash, width in [*drawn, ("validation", history.validation, "solid", 2.5)]
    ]


def last_value(history: History, measure: str = "accuracy") -> str:
    """Where a run's validation stands, in words; "" before the first. measure: "accuracy" or "loss"."""
    curve = history.validation
    if not curve.epoch:
        return ""
    return loss_text(curve.loss[-1]) if measure == "loss" else percent(curve.accuracy[-1])


def _shared_epoch_axis(epochs: float) -> Figure:
    return dict(
        range=[0, epochs],
        title=dict(text="epochs"),
        dtick=_tick_step(epochs),
        hoverformat=".2f",
        unifiedhovertitle=dict(text="epoch %{x:.2f}"),
    )


def _longest(histories: Iterable[History]) -> float:
    """Epochs of the longest run; 1 where nothing was trained yet."""
    return max((x for h in histories for x in (*h.train.epoch, *h.validation.epoch)), default=1) or 1


# ---------------------------------------------------------------- what both share


def _loss_range(losses: list[float]) -> tuple[float, float]:
    """(bottom, top) of the loss axis as powers of ten: 0.01 to 3, and whole decades more when a loss lies outside."""
    usual = -2.0, math.log10(3)
    powers = [math.log10(loss) for loss in losses if loss and loss > 0 and math.isfinite(loss)]
    if not powers:
        return usual
    bottom = usual[0] if min(powers) >= usual[0] else max(-5.0, math.floor(min(powers)))
    top = usual[1] if max(powers) <= usual[1] else min(4.0, math.ceil(max(powers)))
    return bottom, top


def _tick_step(epochs: float) -> float:
    return next(step for step in (0.25, 0.5, 1, 2, 5, 10, 100) if epochs / step <= 6)


def _panel_title(words: str, y: float, mode: str, *, above: float = 0, size: float = 14) -> Figure:
    """y: the upper edge of the panel, as a share of the figure without its margins.  above: pixels between both."""
    return note(
        words,
        color=INK[mode][0],
        size=size,
        x=0,
        xref="paper",
        xanchor="left",
        y=y,
        yref="paper",
        yanchor="bottom",
        yshift=6 + above,
    )
