"""The way out: a trained network as files for elsewhere. Each is made when its button is pressed, not before."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import state
from pages.ui.messages import caption, count, percent

if TYPE_CHECKING:
    from cnn_core.model import Network
    from cnn_core.runs import Run


def file_stem(name: str) -> str:
    """A name that every file system takes.

    >>> file_stem("Lesson convnet (2)"), file_stem("../../etc")
    ('lesson_convnet_2', 'etc')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "network"


def download_run(run: Run) -> None:
    """Draw the download buttons of a run, in the container that is open.

    Of a network that was opened from a file nobody knows the recipe: its programs test it, and Keras's, which has to
    compile it by something, says that this is the lesson's.
    """
    stem, spec, dataset = file_stem(run.name), run.spec, run.dataset
    recipe = run.recipe if run.has_recipe else None
    result = run.status.result or {}
    accuracy = result.get("accuracy")

    def net() -> Network:
        return state.network_named(f"run:{run.id}").net

    def notebook() -> bytes:
        from cnn_core.model import export_notebook

        source = export_dataset(dataset, result.get("count"))
        return export_notebook(spec, recipe, accuracy, dataset=source, weights=f"{stem}.safetensors")

    _sources(stem, spec, recipe, dataset)
    _button("Weights and design, safetensors", f"{stem}.safetensors", lambda: _saved(net(), spec))
    _button("ONNX, with shapes", f"{stem}.onnx", lambda: _onnx(net()))
    _button("Notebook", f"{stem}.ipynb", notebook, "application/x-ipynb+json")
    _button("Report, one page", f"{stem}.html", lambda: report(run), "text/html")
    caption("The notebook looks for the safetensors file beside it.")


def export_dataset(dataset: str, test_images: int | None) -> str:
    """The name by which exported programs know the images a run was tested on."""
    return "mnist_sample" if dataset == "mnist" and test_images == 500 else dataset


def _sources(stem: str, spec, recipe, dataset: str) -> None:
    from cnn_core.model import export_keras, export_keras_r, export_pytorch
    from cnn_core.training import RECIPES

    known = recipe or RECIPES["lesson"]
    note = (
        "" if recipe else "# How this network was trained is not known; the recipe below is the lesson's.\n"
    )

    _button(
        "PyTorch, Python code",
        f"{stem}_torch.py",
        lambda: export_pytorch(spec, recipe, dataset=dataset),
        "text/x-python",
    )
    _button(
        "Keras, Python code",
        f"{stem}_keras.py",
        lambda: note + export_keras(spec, known, dataset=dataset),
        "text/x-python",
    )
    _button(
        "Keras, R code",
        f"{stem}_keras.R",
        lambda: note + export_keras_r(spec, known, dataset=dataset),
        "text/plain",
    )


def _button(label: str, name: str, make, mime: str = "application/octet-stream") -> None:
    st.download_button(
        label, make, file_name=name, mime=mime, on_click="ignore", width="stretch", key=f"download_{name}"
    )


def _saved(net: Network, spec) -> bytes:
    from cnn_core.training import save_model

    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save_model(path, net, spec)
        return path.read_bytes()


def _onnx(net: Network) -> bytes:
    from cnn_core.model import export_onnx

    return export_onnx(net)


def report(run: Run) -> str:
    """One page of HTML: settings, seed, curves, and the feature maps of one test image."""
    import numpy as np
    from PIL import Image

    from cnn_core.insight import feature_maps
    from cnn_core.model import export_report
    from pages.ui.sheets import colour, contact_sheet, png

    status, result = run.status, run.status.result or {}
    shown = state.network_named(f"run:{run.id}")
    test = state.images(run.dataset, "test")
    image = test.images[0].float() / 255

    def enlarged(content: bytes, width: int) -> bytes:
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        times = max(1, width // picture.width)
        out = io.BytesIO()
        picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST).save(
            out, "PNG"
        )
        return out.getvalue()

    pictures = [("Test image no. 0", enlarged(png(colour(np.asarray(image[0]), "grey", (0.0, 1.0))), 140))]
    for name, maps in feature_maps(shown.net, image).items():
        if maps.ndim == 3 and name.startswith("conv2d"):
            pictures.append((f"{name}, {len(maps)} maps", enlarged(contact_sheet(maps.numpy()).png, 420)))
    facts = {
        "Data": f"{run.dataset}, tested on {count(int(result.get('count', len(test))))} images",
        "Steps": count(status.step),
        "Seconds of training": f"{status.seconds:.1f}" if run.has_recipe else "not known",
    }
    if "loss" in result:
        facts["Test loss"] = f"{result['loss']:.4f}"
    if "accuracy" in result:
        facts["Test accuracy"] = percent(result["accuracy"])
    return export_report(
        run.spec,
        run.recipe.to_dict()
        if run.has_recipe
        else {"recipe": "not known: the network was opened from a file"},
        title=run.name,
        facts=facts,
        test_accuracy=result.get("accuracy"),
        history=run.history(),
        pictures=pictures,
    )


def design_json(draft: dict) -> str:
    """The design as a file a person can read."""
    return json.dumps(draft, indent=2, ensure_ascii=False)
