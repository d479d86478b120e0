"""A trained network as a Jupyter notebook: rebuild it, load its weights, find the same accuracy, see its maps.

The notebook is plain PyTorch and matplotlib and reads two things: the weights file beside it, and the images.
"""

from __future__ import annotations

import html
import json
from typing import Any

from cnn_core.export.program import Recipe, source_of, steps
from cnn_core.export.pytorch import modules_through, pytorch_program
from cnn_core.model.spec import ModelSpec


def export_notebook(
    spec: ModelSpec,
    recipe: Recipe | None = None,
    test_accuracy: float | None = None,
    *,
    dataset: str = "mnist",
    weights: str = "weights.safetensors",
) -> bytes:
    """An .ipynb file (nbformat 4.5, UTF-8).

    test_accuracy: the dashboard's own, a fraction; the notebook measures it again and stops if it differs.
    dataset: a key of `export.program.SOURCES`.  weights: name of the safetensors file beside the notebook.
    """
    program = pytorch_program(spec, recipe, dataset=dataset)
    cells = [
        _markdown(_OPENING.format(name=harmless(spec.name), weights=harmless(weights))),
        _code(program.imports + "\nimport matplotlib.pyplot as plt"),
        _markdown("## The network\nThe comment at the end of a line is the shape of what comes out."),
        _code(program.network),
        _code(
            f"{program.weights}\n\n\nnet = build().to(device)\nload_weights(net, {weights!r})\nnet.eval();"
        ),
        _markdown(f"## The same accuracy?\n{source_of(dataset).title}, measured again on the test images."),
        _code(f"{program.data}\n\n\n{program.test}\n\n\naccuracy = test(net)\n{_expected(test_accuracy)}"),
    ]
    cells += _feature_maps(spec)
    cells += [
        _markdown(
            "## A picture of your own\nPut a photo of yours beside this notebook. The long cell is how Convscope's "
            "pages prepare it; the network learnt from pictures made in this way, and reads others badly."
        ),
        _code(program.picture),
        _code('# answers(net, read_picture("seven.png"))'),
    ]
    if program.training:
        cells += [
            _markdown(
                "## The training\nThe recipe it was trained by. Take the `#` away to train a new network."
            ),
            _code(f"{program.training}\n\n\n# net = build().to(device)\n# train(net)\n# test(net)"),
        ]
    notebook = {
        "cells": [{"id": f"cell-{number}", **cell} for number, cell in enumerate(cells, start=1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1).encode("ascii")


def harmless(text: str) -> str:
    """A stranger's text for Markdown that may become HTML: one line, nothing in it acts."""
    signs = html.escape(" ".join(str(text)[:80].split()))
    return "".join("\\" + sign if sign in "\\`*_[]()!#|~$" else sign for sign in signs)


def _expected(accuracy: float | None) -> str:
    if accuracy is None:
        return "accuracy"
    # Another machine adds in another order: one digit in a thousand may stand on the edge, no more.
    return (
        f"dashboard = {accuracy!r}\n"
        'print(f"Here {accuracy:.4f}, on the dashboard {dashboard:.4f}")\n'
        'assert abs(accuracy - dashboard) < 0.001, "other weights, or other images"'
    )


def _feature_maps(spec: ModelSpec) -> list[dict[str, Any]]:
    """The sheet of the first layer that leaves maps; an MLP has none."""
    layer = next((step for step in steps(spec) if step.layer.has_filters), None)
    if layer is None:
        return []
    return [
        _markdown(
            f"## What {layer.name} sees\nEach picture is one filter's map of the same digit: black is zero or less."
        ),
        _code(_MAPS.format(layer=layer.name, depth=modules_through(spec, layer.name))),
    ]


_OPENING = """# {name}
Designed and trained in Convscope. Put {weights} beside this notebook.

    pip install torch torchvision safetensors matplotlib pillow scipy scikit-image"""

_MAPS = """
images, labels = read(train=False)
with torch.no_grad():
    maps = net[:{depth}](images[:1].to(device))[0].cpu()  # (filters, rows, columns), after the activation

rows = -(-len(maps) // 8)
figure, places = plt.subplots(rows, 8, figsize=(8, rows), squeeze=False)
for place in places.flat:
    place.axis("off")
for place, picture in zip(places.flat, maps):
    place.imshow(picture, cmap="inferno", vmin=0, vmax=maps.max())
figure.suptitle(f"{layer}: {{len(maps)}} maps of a {{labels[0]}}, 0 to {{maps.max():.2f}}");
""".strip()


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.strip("\n"),
    }
