"""The board as CSV, for a spreadsheet or R. Shares are fractions, and no number is rounded."""

from __future__ import annotations

from cnn_core.classroom import Place, Row, Standing
from pages.classroom import board_words as words
from pages.ui.trained.tables import lines_csv

HEAD = (
    "place", "name", "run", "score", "score from", "score to", "accuracy", "test images", "data set", "parameters",
    "multiply-adds", "training images", "seconds", "state", "design", "why it has no place",
)  # fmt: skip


def board_csv(board: Standing, with_names: bool) -> str:
    """One line for each run, those with a place first; what is not known of it is empty."""
    lines = [_line(board, place.row, place, "", with_names) for place in board.places]
    lines += [_line(board, row, None, why, with_names) for row, why in board.unranked]
    return lines_csv(HEAD, lines)


def _line(board: Standing, row: Row, place: Place | None, why: str, with_names: bool) -> list[object]:
    low, high = (place.interval if place else None) or ("", "")
    return [
        "" if place is None else place.rank,
        row.member.name if with_names else "",
        row.run_id,
        "" if place is None else place.score,
        low,
        high,
        "" if row.accuracy is None else row.accuracy,
        "" if row.exam is None else row.exam.count,
        row.dataset,
        row.parameters,
        row.macs,
        "" if row.images is None else row.images,
        row.seconds or "",
        row.state,
        words.design(row.spec),
        words.why_not(board.challenge, row, why) if why else "",
    ]
