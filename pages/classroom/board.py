"""The board: every run of the class as it trains."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Seat


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
