"""What a class said, drawn: before anything measured is shown, and with it laid over.

HTML that is drawn anew for each look, in units of the letters: on a wall they are larger, and so is the picture.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from cnn_core.classroom.question_file import ClassQuestion
from cnn_core.classroom.tally import Bin, bars, bin_width, bins, middle_curve, spots
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion, PointQuestion
from cnn_core.lesson.guesses import Value
from pages.classroom import question_words as words
from pages.ui.drawing.palette import ACCENT, INK, MARK, MARK_EDGE
from pages.ui.wording.guesses import amount, value_words

_FILL = "color-mix(in srgb, currentColor 32%, transparent)"
_RULE = "color-mix(in srgb, currentColor 22%, transparent)"
_STEADY = "vector-effect:non-scaling-stroke"  # a line as thick as it is, however the picture is stretched


def chart(
    asked: ClassQuestion, said: Sequence[Value], measured: Value, own: Value, mode: str, letters: float = 1.0
) -> str:
    """The answers as HTML.

    said:     by all, each of the question's kind.
    measured: None before it is shown.
    own:      what this visitor said; None where it is nothing.
    mode:     "light" or "dark".
    letters:  how large its letters are, in rem.
    """
    question, accent = asked.question, ACCENT[mode]
    if isinstance(question, ChoiceQuestion):
        drawn = _choice(question, said, measured, own, accent)
    elif isinstance(question, NumberQuestion):
        drawn = _number(question, said, measured, own, accent)
    elif isinstance(question, PointQuestion):
        drawn = _point(question, asked.drawing.image, said, measured, own)
    else:
        drawn = _curve(question, said, measured, own, mode)
    alt = escape(words.in_words(asked, said, measured), quote=True)
    return f'<div role="img" aria-label="{alt}" style="font-size:{letters}rem;line-height:1.4">{drawn}</div>'


# ---------------------------------------------------------------- a choice


def _choice(question: ChoiceQuestion, said: Sequence[Value], measured: Value, own: Value, accent: str) -> str:
    rows = bars(question, said)
    most = max(1, *(count for _, count in rows))
    lines = []
    for option, count in rows:
        is_so = measured is not None and option == measured
        tags = [tag for tag, holds in (("measured", is_so), ("you", option == own)) if holds]
        told = f"<b>{count}</b>" + "".join(f" · {tag}" for tag in tags)
        lines.append(
            f'<span style="overflow-wrap:anywhere;font-weight:{600 if is_so else 400}">{escape(option)}</span>'
            f'<span style="display:flex;align-items:center;gap:.6em;min-width:0"><i style="flex:none;height:1.7em;'
            f"min-width:2px;width:{65 * count / most:.1f}%;border-radius:.2em;background:"
            f'{accent if is_so else _FILL}"></i><span style="white-space:nowrap">{told}</span></span>'
        )
    return (
        '<div style="display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.6em 1em;align-items:center">'
        f"{''.join(lines)}</div>"
    )


# ---------------------------------------------------------------- a number


@dataclass(frozen=True)
class _Axis:
    """The slider's scale as a line: `at` is per cent of its length.

    part: where each value is a part of its own, its width: the line goes half of it beyond its ends. Else 0.
    """

    least: float
    most: float
    part: float

    def at(self, value: float) -> float:
        share = (value - self.least + self.part / 2) / (self.most - self.least + self.part)
        return 100 * min(1.0, max(0.0, share))


def _number(question: NumberQuestion, said: Sequence[Value], measured: Value, own: Value, accent: str) -> str:
    parts, guess = bins(question, said), question.skipped()
    axis = _Axis(
        question.least, question.most, question.step if bin_width(question) == question.step else 0.0
    )
    most = max(1, *(one.count for one in parts))
    drawn = "".join(_bar(one, axis, 88 * one.count / most) for one in parts if one.count)
    steps = round((question.most - question.least) / 2 / question.step)
    ends = [question.least, question.least + steps * question.step, question.most]
    marks = "".join(_under(axis.at(value), value_words(guess, value)) for value in ends)
    over = below = ""
    if isinstance(measured, int | float):
        over = _line(axis.at(measured), f"measured {value_words(guess, measured)}", accent)
    if isinstance(own, int | float):
        below = _ring(axis.at(own), f"you said {value_words(guess, own)}")
    return (
        '<div style="margin:2.2em 1em 0">'
        f'<div style="position:relative;height:11em;border-bottom:2px solid {_RULE}">{over}{drawn}</div>{below}'
        f'<div style="position:relative;height:1.6em;font-size:.9em">{marks}</div></div>'
    )


def _bar(one: Bin, axis: _Axis, height: float) -> str:
    left, right = axis.at(one.low - axis.part / 2), axis.at(one.high - axis.part / 2)
    return (
        f'<i style="position:absolute;bottom:0;left:calc({left:.2f}% + 1px);width:calc({right - left:.2f}% - 2px);'
        f'height:{height:.1f}%;background:{_FILL};border-radius:.15em .15em 0 0"></i>'
        f'<span style="position:absolute;bottom:{height:.1f}%;left:{(left + right) / 2:.2f}%;'
        f'transform:translateX(-50%);font-size:.85em">{one.count}</span>'
    )


def _under(at: float, words: str, top: float = 0.0) -> str:
    return (
        f'<span style="position:absolute;top:{top}em;left:{at:.2f}%;transform:translateX(-{at:.2f}%);'
        f'white-space:nowrap">{escape(words)}</span>'
    )


def _line(at: float, words: str, accent: str) -> str:
    return (
        f'<i style="position:absolute;bottom:0;top:-.2em;left:{at:.2f}%;width:4px;margin-left:-2px;'
        f'background:{accent};border-radius:2px"></i>'
        f'<b style="color:{accent}">{_under(at, words, -1.8)}</b>'
    )


def _ring(at: float, words: str) -> str:
    return (
        '<div style="position:relative;height:2.4em;font-size:.9em"><i style="position:absolute;top:.2em;'
        f"left:{at:.2f}%;width:.8em;height:.8em;margin-left:-.4em;box-sizing:border-box;"
        f'border:2px solid currentColor;border-radius:50%"></i>{_under(at, words, 1.0)}</div>'
    )


# ---------------------------------------------------------------- a point


def _point(question: PointQuestion, image: bytes, said: Sequence[Value], measured: Value, own: Value) -> str:
    rings = "".join(_dot(question, place, 0.55 + 0.35 * count**0.5, count) for place, count in spots(said))
    for value, style in ((own, "dashed"), (measured, "solid")):
        if isinstance(value, tuple):
            rings += _circle(question, value, style)
    source = base64.b64encode(image).decode()
    return (
        '<div style="position:relative;width:min(100%, 22em)">'
        f'<img alt="" src="data:image/png;base64,{source}" style="display:block;width:100%;image-rendering:pixelated">'
        f"{rings}</div>"
    )


def _place(question: PointQuestion, value: Sequence[float]) -> str:
    left, top = 100 * (value[1] + 0.5) / question.columns, 100 * (value[0] + 0.5) / question.rows
    return f"position:absolute;left:{left:.2f}%;top:{top:.2f}%;box-sizing:border-box;border-radius:50%"


def _dot(question: PointQuestion, place: tuple[int, int], size: float, count: int) -> str:
    number = str(count) if count > 1 else ""
    return (
        f'<span style="{_place(question, place)};width:{size:.2f}em;height:{size:.2f}em;margin:-{size / 2:.2f}em 0 0 '
        f"-{size / 2:.2f}em;background:{MARK};outline:1px solid {MARK_EDGE};color:{MARK_EDGE};display:flex;"
        f'align-items:center;justify-content:center"><b style="font-size:.7em">{number}</b></span>'
    )


def _circle(question: PointQuestion, value: Sequence[float], style: str) -> str:
    return (
        f'<span style="{_place(question, value)};width:2em;height:2em;margin:-1em 0 0 -1em;border:3px {style} {MARK};'
        f'outline:1px solid {MARK_EDGE}"></span>'
    )


# ---------------------------------------------------------------- curves


def _curve(question: CurveQuestion, said: Sequence[Value], measured: Value, own: Value, mode: str) -> str:
    levels = [question.most, (question.most + question.least) / 2, question.least]
    names = "".join(
        f'<span style="position:absolute;right:100%;top:{50 * index}%;transform:translateY(-50%);padding-right:.5em;'
        f'white-space:nowrap;font-size:.9em">{escape(amount(level, question.unit))}</span>'
        for index, level in enumerate(levels)
    )
    count = len(question.ticks)
    every = max(1, -(-count // 7))
    marks = "".join(
        f'<span style="position:absolute;left:{100 * index / (count - 1):.2f}%;transform:translateX(-50%);'
        f'white-space:nowrap">{escape(tick)}</span>'
        for index, tick in enumerate(question.ticks)
        if index % every == 0
    )
    lines = base64.b64encode(_lines(question, said, measured, own, mode).encode()).decode()
    return (
        '<div style="margin:.8em 1.5em 0 4.2em"><div style="position:relative;height:14em">'
        f'<img alt="" src="data:image/svg+xml;base64,{lines}" style="width:100%;height:100%;display:block">'
        f"{names}</div>"
        f'<div style="position:relative;height:2em;margin-top:.4em;font-size:.9em">{marks}</div></div>'
    )


def _lines(question: CurveQuestion, said: Sequence[Value], measured: Value, own: Value, mode: str) -> str:
    """The lines as a picture of their own: Streamlit takes SVG out of a page's HTML."""
    ink, _, rule, _ = INK[mode]
    thin, thick = "stroke-width:1.2px", "stroke-width:3.5px"
    drawn = [
        f'<line x1="0" x2="100" y1="{y}" y2="{y}" style="stroke:{rule};{thin};{_STEADY}"/>'
        for y in (0, 50, 100)
    ]
    drawn += [
        _polyline(question, one, f"stroke:{ink};opacity:.3;{thin}") for one in said if isinstance(one, tuple)
    ]
    if isinstance(own, tuple):
        drawn.append(_polyline(question, own, f"stroke:{ink};stroke-width:2px"))
    if middle := middle_curve(said):
        dotted = f"stroke:{ink};stroke-dasharray:2 7;stroke-linecap:round;{thick}"
        drawn.append(_polyline(question, middle, dotted))
    if isinstance(measured, tuple):
        drawn.append(_polyline(question, measured, f"stroke:{ACCENT[mode]};{thick}"))
    # A line at an end of the scale is as thick as the others.
    view = 'viewBox="-0.3 -1.5 100.6 103" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" {view}>{"".join(drawn)}</svg>'


def _polyline(question: CurveQuestion, values: Sequence[float], style: str) -> str:
    last, span = max(1, len(values) - 1), question.most - question.least
    points = " ".join(
        f"{100 * index / last:.2f},{100 * (question.most - value) / span:.2f}"
        for index, value in enumerate(values)
    )
    return f'<polyline points="{points}" style="fill:none;{_STEADY};{style}"/>'
