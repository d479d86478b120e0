"""For who is in no class: join one by its code, or open one."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator


def draw(summary: DeltaGenerator) -> None:
    """The door.  summary: the place for its summary."""
