"""One finished dream that everybody finds on the first visit: the cat, and what each octave made of it.

`python -m cnn_core.insight.dream.first_dream` dreams it again; card.json says how it was dreamt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.insight.dream.dream_spec import DreamSpec

HERE = Path(__file__).parent
PHOTO, SIDE = "cat", 576
SPEC = DreamSpec("efficientnet_lite0", (("animals", 1.0),))


@dataclass(frozen=True)
class FirstDream:
    """photo, frames: WebP pictures of one size.  result: as a dream's `status.result` in the run store."""

    spec: DreamSpec
    photo: Path
    frames: tuple[Path, ...]
    result: dict[str, Any]


def first_dream() -> FirstDream:
    """The dream that is in the project."""
    card = json.loads((HERE / "card.json").read_text("utf-8"))
    frames = tuple(HERE / f"octave_{i + 1}.webp" for i in range(len(card["result"]["sizes"])))
    spec = DreamSpec.from_dict(card["settings"])
    return FirstDream(spec, HERE / "photo.webp", frames, card["result"])
