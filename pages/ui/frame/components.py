"""Where the sources of our components for the browser lie: pages/ui/components/, a file for each language."""

from __future__ import annotations

from pathlib import Path

COMPONENTS = Path(__file__).parents[1] / "components"


def component_file(name: str) -> str:
    """The text of one of these files, such as "sweep.js"."""
    return (COMPONENTS / name).read_text(encoding="utf-8")
