"""What a class handed in, as one ZIP: a page to read and print, a table, and the networks.

The page fetches nothing and runs nothing, and every word that a student typed is text. Names of files are ours.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cnn_core.export.html_page import document, escaped, table
from cnn_core.export.record import (
    PRINTED,
    NetOfRecord,
    PredictionOfRecord,
    network_section,
    predictions_section,
)

PAGE, TABLE, WEIGHTS = "homework.html", "homework.csv", "weights"
LARGEST_ZIP = 80_000_000  # bytes of the networks in one


@dataclass(frozen=True)
class HandedPage:
    """What one student handed in.

    name:    of the student, as typed.
    when:    in words.
    is_late: whether that was after the date.
    net:     the network, or None.
    answers: (question, answer).
    predictions: in words.
    file:    of the network's weights beside the page; "" where it is not there.
    """

    name: str
    when: str
    is_late: bool
    net: NetOfRecord | None = None
    answers: Sequence[tuple[str, str]] = ()
    predictions: Sequence[PredictionOfRecord] = ()
    file: str = ""


@dataclass(frozen=True)
class HomeworkPage:
    """All of a task.

    title, words: of the task, as typed.  class_title: likewise.
    due:      in words.
    handed:   by whom something was.
    missing:  names of those by whom nothing was.
    left_out: how many networks are too large for the file.
    """

    title: str
    words: str
    class_title: str
    due: str
    handed: Sequence[HandedPage] = field(default_factory=list)
    missing: Sequence[str] = ()
    left_out: int = 0


def export_homework(page: HomeworkPage) -> str:
    """The page's HTML: the task, a table of all, then each student on paper of their own."""
    body = [f"<h1>{escaped(page.title)}</h1>", f"<p>{escaped(page.class_title)}, due {escaped(page.due)}</p>"]
    body += [f"<p>{escaped(part)}</p>" for part in page.words.split("\n") if part]
    rows: list[tuple[str, ...]] = [
        ("<b>Student</b>", "<b>Handed in</b>", "<b>Test accuracy</b>", "<b>File</b>")
    ]
    rows += [_row(one) for one in page.handed]
    body.append(table(rows))
    if page.missing:
        body.append(f"<p>Nothing from {escaped(', '.join(page.missing))}.</p>")
    if page.left_out:
        files = "file of weights is" if page.left_out == 1 else "files of weights are"
        body.append(f"<p>{page.left_out} {files} not in this ZIP: it would be too large.</p>")
    body += [_student(one) for one in page.handed]
    return document(f"{page.title}: {page.class_title}", body, PRINTED + _STYLE)


def _row(one: HandedPage) -> tuple[str, ...]:
    return escaped(one.name), escaped(_when(one)), _accuracy(one.net), escaped(one.file)


def _accuracy(net: NetOfRecord | None) -> str:
    """In a table's few words; all of it stands in the student's part."""
    if net is None or net.accuracy is None:
        return ""
    percent = f"{100 * net.accuracy:.1f} %"
    return percent if net.is_test else f"{percent}, no test"


def _when(one: HandedPage) -> str:
    return f"{one.when}, late" if one.is_late else one.when


def _student(one: HandedPage) -> str:
    parts = [f"<h2>{escaped(one.name)}</h2>", f"<p>Handed in {escaped(_when(one))}.</p>"]
    if one.net is not None:
        parts.append(network_section(one.net))
    for question, answer in one.answers:
        parts.append(f"<h3>{escaped(question)}</h3>")
        lines = [line for line in answer.split("\n") if line]
        parts += [f"<p>{escaped(line)}</p>" for line in lines] or ['<p class="nothing">No answer.</p>']
    if one.predictions:
        parts += ["<h3>Predictions</h3>", *predictions_section(one.predictions)]
    return f'<section class="student">{"".join(parts)}</section>'


def write_zip(out: IO[bytes], page: str, csv: str, weights: Sequence[tuple[str, Path]]) -> None:
    """Write the ZIP.

    page, csv: as text.
    weights:   (name in the ZIP, file): one that has gone meanwhile is left out.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PAGE, page)
        archive.writestr(TABLE, csv)
        for name, file in weights:
            if file.is_file():
                # Weights are numbers that do not shrink.
                archive.write(file, f"{WEIGHTS}/{name}", zipfile.ZIP_STORED)


_STYLE = """
td { overflow-wrap: normal; } td:last-child { font-size: 14px; overflow-wrap: anywhere; }
section.student { break-before: page; border-top: 1px solid #DEDAD0; margin-top: 2rem; }
@media print { section.student { border: 0; margin: 0; } }
"""
