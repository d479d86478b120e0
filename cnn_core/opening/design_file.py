"""A design in JSON, as "Design, as JSON" saves it: layers in plain numbers, without any weights."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from cnn_core.errors import StudentError, quoted
from cnn_core.model import ModelSpec, build
from cnn_core.opening.opened import Opened

MAX_JSON = 200_000  # bytes; the largest of ours has 10,000
NOT_TRAINED = "This file holds a design without weights: the network has learnt nothing yet."


def read(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    """The design as a network with random weights. Raises StudentError for what is no design."""
    spec = design_in(content, name)
    return Opened(spec, build(spec).eval(), remarks=(NOT_TRAINED,))


def design_in(content: bytes, name: str) -> ModelSpec:
    """The design in a JSON file, for the sidebar. Raises StudentError for what is none, or cannot be built here."""
    if len(content) > MAX_JSON:
        raise StudentError(
            f"{quoted(name)} has {len(content):,} bytes, and a design has {MAX_JSON:,} at most.",
            hint="Choose the file that “Design, as JSON” saved.",
        )
    try:
        design: Any = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StudentError(
            f"{quoted(name)} is no sound JSON.", hint="Choose the file that “Design, as JSON” saved."
        ) from error
    if isinstance(design, dict) and "layers" not in design:
        raise StudentError(
            f"{quoted(name)} is JSON, and no design of Convscope: it has no layers."
            + " It looks like Keras’s description of a network."
            * ("class_name" in design or "config" in design),
            hint="Choose the file that “Design, as JSON” saved, or a .keras file with its weights.",
        )
    return ModelSpec.from_dict(design)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
