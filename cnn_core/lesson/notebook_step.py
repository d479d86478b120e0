"""One step of the lesson as code, written three times. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotebookLines:
    """One step, in R, in Python and in our core.

    r, python: code.
    ours: functions of our core that did it on the page, as `core_source.source_of` takes them.
    is_from_notebook: whether the R stands in the lesson's notebook.
    note: what differs between the three; may be empty.
    """

    r: str
    python: str
    ours: tuple[str, ...]
    is_from_notebook: bool = True
    note: str = ""
