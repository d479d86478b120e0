"""One page about one run, as a file that opens anywhere: settings, seed, curves, pictures, nothing to fetch.

The page is HTML with the curves as inline SVG and the pictures as inline PNG. It loads no script, font or
image from elsewhere, and every word that a student or a stranger may have typed is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cnn_core.export.curves_svg import Curves, has_points, learning_chart
from cnn_core.export.html_page import document, escaped, layers_table, picture, setting, table
from cnn_core.model.spec import ModelSpec


def export_report(
    spec: ModelSpec,
    recipe: Mapping[str, Any] | None = None,
    *,
    title: str | None = None,
    facts: Mapping[str, str] | None = None,
    test_accuracy: float | None = None,
    history: Curves | None = None,
    pictures: Sequence[tuple[str, bytes]] = (),
) -> str:
    """The page's HTML.

    recipe:   what `TrainSpec.to_dict()` gives.  title: the run's name; None takes the network's.
    facts:    further lines for the head, such as {"Data": "MNIST, 60,000 digits", "Finished": "2025-03-01"}.
    test_accuracy: a fraction.  history: curves over epochs.  pictures: (caption, PNG bytes).
    """
    name = title if title is not None else spec.name
    parts = [f"<h1>{escaped(name)}</h1>"]
    if test_accuracy is not None:
        parts.append(
            f"<p>It reads <strong>{100 * test_accuracy:.1f} %</strong> of the test images correctly.</p>"
        )
    if facts:
        parts.append(table([(escaped(key), escaped(value)) for key, value in facts.items()]))
    if history is not None and has_points(history):
        parts += ["<h2>Learning</h2>", learning_chart(history, "accuracy"), learning_chart(history, "loss")]
    parts += ["<h2>Network</h2>", layers_table(spec)]
    if recipe:
        parts += ["<h2>Recipe</h2>", table([(escaped(key), setting(value)) for key, value in recipe.items()])]
    if pictures:
        parts.append("<h2>Pictures</h2>")
        parts += [picture(caption, png) for caption, png in pictures]
    design = json.dumps(spec.to_dict(), indent=1)
    parts.append(f"<details><summary>The design as a file</summary><pre>{escaped(design)}</pre></details>")
    return document(name, parts)
