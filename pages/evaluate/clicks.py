"""Which marks of a figure were clicked."""

from __future__ import annotations

from typing import Any


def clicked_points(event: Any) -> list[dict]:
    """The points of what `figure.show(..., on_select="rerun")` returned; an empty list while none was clicked."""
    selection = (event or {}).get("selection") or {}
    return selection.get("points") or []


def index_of(point: dict) -> int:
    """The number that a mark carries as its `customdata`."""
    data = point["customdata"]
    return int(data[0] if isinstance(data, list) else data)
