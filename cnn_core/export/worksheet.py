"""Worksheets of the lesson to print: one page for each group of steps, with questions, and room to answer them.

A class may work on paper first and on the screen then: the questions are those of the lesson, and the picture beside
one is what the page shows before the answer. The answers are a file of their own, for whoever teaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cnn_core.export.curves_svg import guess_chart
from cnn_core.export.html_page import document, escaped, picture

Kind = Literal["choice", "number", "point", "curve", "words"]
SHORT = 16  # letters of an option: three such fit on a line
ON_PAPER = "Answer on paper first. The lesson on the screen asks the same with other numbers, and shows what comes out."
MANY = 6  # questions of a sheet: more of them are set closer, so that all fit on one page


@dataclass(frozen=True)
class SheetQuestion:
    """One question.

    title:   of its step.
    page:    where it is on the screen, "Convolution"; may be empty.
    asked:   the question, or what is to be done.
    kind:    how it is answered: by a tick, on a scale, on a picture, in a chart, or in words.
    options: of a choice.
    least, most, unit: of a number or a curve.
    ticks:   of a curve, what stands under each of its points.
    image:   (caption, PNG) of what the page shows before the answer; None where words do.
    measured: of a curve, a number for each tick.
    answer:  in words, with the numbers of the network that was asked; "" where there is none to give.
    why:     one sentence or two.
    """

    title: str
    asked: str
    kind: Kind = "words"
    options: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1.0
    unit: str = ""
    ticks: tuple[str, ...] = ()
    image: tuple[str, bytes] | None = None
    measured: tuple[float, ...] = ()
    answer: str = ""
    why: str = ""
    page: str = ""


@dataclass(frozen=True)
class Sheet:
    """One group of steps.

    title:     of the group.
    network:   whose numbers the questions have, or where the sheet is from.
    questions: in the lesson's order.
    how:       what is to be done with it, one or two sentences.
    """

    title: str
    network: str
    questions: Sequence[SheetQuestion]
    how: str = ON_PAPER


def export_worksheets(sheets: Sequence[Sheet]) -> str:
    """All sheets, one page of A4 each, as HTML."""
    return document("Worksheets of the lesson", [_sheet(one, sheets) for one in sheets], _STYLE)


def export_worksheet(sheet: Sheet) -> str:
    """One sheet alone, one page of A4, as HTML."""
    return document(sheet.title, [_sheet(sheet, [sheet])], _STYLE)


def export_answers(sheets: Sequence[Sheet]) -> str:
    """What came out, for whoever teaches, as HTML."""
    about = " and ".join(dict.fromkeys(one.network for one in sheets))
    note = f"<p>Where a network is asked, it is {escaped(about)}. Another one gives other numbers.</p>"
    body = ["<h1>Answers to the worksheets</h1>", note]
    for sheet in sheets:
        body.append(f"<h2>{escaped(sheet.title)}</h2><ol>")
        body += [_answer(one) for one in sheet.questions]
        body.append("</ol>")
    return document("Answers to the worksheets", body, _STYLE)


def _sheet(sheet: Sheet, sheets: Sequence[Sheet]) -> str:
    number = f"Worksheet {sheets.index(sheet) + 1} of {len(sheets)}" if len(sheets) > 1 else "Worksheet"
    close = " close" if len(sheet.questions) > MANY else ""
    questions = "".join(f"<li>{_question(one)}</li>" for one in sheet.questions)
    return (
        f'<section class="sheet{close}"><p class="head"><span>{number} · {escaped(sheet.network)}</span>'
        "<span>Name: ______________________________</span></p>"
        f"<h1>{escaped(sheet.title)}</h1>"
        f"<p>{escaped(sheet.how)}</p>"
        f"<ol>{questions}</ol></section>"
    )


def _question(one: SheetQuestion) -> str:
    where = f' <span class="page">page {escaped(one.page)}</span>' if one.page else ""
    words = f"<b>{escaped(one.title)}.</b> {escaped(one.asked)}{where}"
    image = "" if one.image is None else picture(*one.image)
    return f'<div class="question"><div class="text"><p>{words}</p>{_room(one)}</div>{image}</div>'


def _room(one: SheetQuestion) -> str:
    """Room for the answer."""
    if one.kind == "choice":
        columns = 3 if max(map(len, one.options), default=0) <= SHORT else 2
        options = "".join(f"<span>☐ {escaped(option)}</span>" for option in one.options)
        return f'<p class="options" style="grid-template-columns:repeat({columns},1fr)">{options}</p>'
    if one.kind == "number":
        return f"{_scale(one)}<p>I say: ________ {escaped(one.unit)}</p>"
    if one.kind == "curve":
        return f'<div class="axes">{guess_chart(one.ticks, one.unit, one.least, one.most, size=(420, 150))}</div>'
    if one.kind == "point":
        return "<p>Mark the place in the picture.</p>"
    return '<p>What I noticed:</p><p class="line"></p><p class="line"></p>'


def _scale(one: SheetQuestion) -> str:
    """A line from the least to the most, to be marked."""
    marks = []
    for part in range(11):
        x = 10 + part * 38
        tall = 7 if part % 5 == 0 else 4
        marks.append(f'<line x1="{x}" x2="{x}" y1="{12 - tall}" y2="{12 + tall}" stroke="#1D2129"/>')
        if part % 5 == 0:
            value = one.least + part * (one.most - one.least) / 10
            anchor = {0: "start", 5: "middle", 10: "end"}[part]
            marks.append(f'<text x="{x}" y="32" text-anchor="{anchor}">{escaped(f"{value:,.6g}")}</text>')
    alt = escaped(f"A scale from {one.least:,.6g} to {one.most:,.6g} {one.unit}".strip())
    line = '<line x1="10" x2="390" y1="12" y2="12" stroke="#1D2129"/>'
    return (
        f'<svg class="scale" viewBox="0 0 400 36" role="img" aria-label="{alt}">{line}{"".join(marks)}</svg>'
    )


def _answer(one: SheetQuestion) -> str:
    words = f"<b>{escaped(one.title)}.</b> {escaped(one.asked)}"
    answer = f"<p><b>Answer: {escaped(one.answer)}.</b></p>" if one.answer else ""
    answer += f"<p>{escaped(one.why)}</p>" if one.why else ""
    chart = ""
    if one.measured:
        chart = guess_chart(one.ticks, one.unit, one.least, one.most, measured=one.measured)
        chart = f'<div class="axes">{chart}</div>'
    return f"<li><p>{words}</p>{answer}{chart}</li>"


_STYLE = """
@page { size: A4; margin: 12mm 16mm; }
:root { color-scheme: light; }
body { background: #FFFFFF; font-size: 15px; line-height: 1.35; }
h1 { font-size: 24px; margin: 0.3rem 0; } p { margin: 0.25rem 0; }
h1, h2 { break-after: avoid; } ol { padding-left: 1.4rem; } li { margin: 0.7rem 0; break-inside: avoid; }
.sheet { break-after: page; } .sheet:last-child { break-after: auto; }
.head { display: flex; justify-content: space-between; color: #5C6270; font-size: 13px; }
.question { display: flex; gap: 14px; justify-content: space-between; } .text { flex: 1; }
.question figure { margin: 0; width: 120px; text-align: center; } .question img { width: 100%; }
figcaption { font-size: 11px; line-height: 1.2; }
.options { display: grid; gap: 2px 18px; } .page { color: #5C6270; font-size: 85%; white-space: nowrap; }
.scale { width: 320px; } .axes { width: 400px; }
.line { border-bottom: 1px solid #1D2129; height: 26px; }
.close li { margin: 0.45rem 0; } .close .line { height: 20px; } .close .scale { width: 280px; }
.close .question figure { width: 84px; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 10.5pt; } }
"""
