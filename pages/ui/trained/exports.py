"""The way out: a trained network as files for elsewhere. Each is made when its button is pressed, not before."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import count, percent

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec, Network
    from cnn_core.training import TrainSpec


def file_stem(name: str, otherwise: str = "network") -> str:
    """A name that every file system takes. otherwise: where nothing is left of the name.

    >>> file_stem("Lesson convnet (2)"), file_stem("../../etc")
    ('lesson_convnet_2', 'etc')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or otherwise


@dataclass(frozen=True)
class Made:
    """A trained network and how it came about: a run, or one of ours.

    key: as `state.network_named` takes it.  recipe: None where nobody knows it (opened from a file).
    accuracy, loss, count: on the test set; None and 0 where it was not tested.
    """

    key: str
    name: str
    spec: ModelSpec
    recipe: TrainSpec | None
    dataset: str
    accuracy: float | None
    loss: float | None
    count: int
    seconds: float

    @property
    def stem(self) -> str:
        return file_stem(self.name)

    @property
    def source(self) -> str:
        """The images it was tested on, as exported programs know them."""
        return export_dataset(self.dataset, self.count)

    @property
    def net(self) -> Network:
        return networks.named(self.key).net


def made(key: str) -> Made:
    """The network of "run:<id>" or "pretrained:<name>". Raises StudentError for another."""
    kind, _, name = key.partition(":")
    if kind == "pretrained":
        from cnn_core import pretrained

        card = pretrained.card(name)
        return Made(
            key, card.title, card.spec, card.recipe, card.dataset, card.test_accuracy, card.test_loss,
            card.test_images, card.seconds,
        )  # fmt: skip
    run = server.store().run(name)
    result = run.status.result or {}
    return Made(
        key, run.name, run.spec, run.recipe if run.has_recipe else None, run.dataset, result.get("accuracy"),
        result.get("loss"), int(result.get("count", 0)), run.status.seconds,
    )  # fmt: skip


def download(one: Made, place: str = "runs") -> None:
    """Draw the download buttons of a trained network, in the container that is open.

    Of a network that was opened from a file nobody knows the recipe: its programs test it, and Keras's, which has to
    compile it by something, says that this is the lesson's.
    place: tells these buttons from the same ones elsewhere on the page.
    """
    _sources(one, place)
    weights(one, place)


def weights(one: Made, place: str) -> None:
    """Draw the download buttons of what holds the learnt numbers: safetensors, ONNX, the notebook, the report."""

    def notebook() -> bytes:
        from cnn_core.model import export_notebook

        file = f"{one.stem}.safetensors"
        return export_notebook(one.spec, one.recipe, one.accuracy, dataset=one.source, weights=file)

    stem = one.stem
    _button(
        place, "Weights and design, safetensors", f"{stem}.safetensors", lambda: _saved(one.net, one.spec)
    )
    _button(place, "ONNX, with shapes", f"{stem}.onnx", lambda: _onnx(one.net))
    _button(place, "Notebook", f"{stem}.ipynb", notebook, "application/x-ipynb+json")
    _button(place, "Report, one page", f"{stem}.html", lambda: report(one), "text/html")
    caption("The notebook looks for the safetensors file beside it.")


def export_dataset(dataset: str, test_images: int | None) -> str:
    """The name by which exported programs know the images a run was tested on."""
    return "mnist_sample" if dataset == "mnist" and test_images == 500 else dataset


def _sources(one: Made, place: str) -> None:
    from cnn_core.model import export_keras, export_keras_r, export_pytorch
    from cnn_core.training import RECIPES

    stem, spec, known = one.stem, one.spec, one.recipe or RECIPES["lesson"]
    note = "# How this network was trained is not known; the recipe below is the lesson's.\n"
    note = "" if one.recipe else note

    def pytorch() -> str:
        return export_pytorch(spec, one.recipe, dataset=one.source)

    def keras() -> str:
        return note + export_keras(spec, known, dataset=one.source)

    def keras_in_r() -> str:
        return note + export_keras_r(spec, known, dataset=one.source)

    _button(place, "PyTorch, Python code", f"{stem}_torch.py", pytorch, "text/x-python")
    _button(place, "Keras, Python code", f"{stem}_keras.py", keras, "text/x-python")
    _button(place, "Keras, R code", f"{stem}_keras.R", keras_in_r, "text/plain")


def _button(place: str, label: str, name: str, make, mime: str = "application/octet-stream") -> None:
    st.download_button(
        label, make, file_name=name, mime=mime, on_click="ignore", width="stretch", key=f"{place}_{name}"
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


def report(one: Made) -> str:
    """One page of HTML: settings, seed, curves, and the feature maps of one test image."""
    import numpy as np
    from PIL import Image, ImageDraw

    from cnn_core.insight import feature_maps
    from cnn_core.model import export_report
    from pages.ui.drawing.contact_sheet import colour, contact_sheet, png

    test = server.images(one.dataset, "test")
    image = test.images[0].float() / 255

    def enlarged(content: bytes, width: int, tile: tuple[int, int] | None = None) -> bytes:
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        times = max(1, width // picture.width)
        picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
        if tile:  # (height, width) of one map: a line of paper between each two
            pen = ImageDraw.Draw(picture)
            for y in range(tile[0] * times, picture.height, tile[0] * times):
                pen.line((0, y, picture.width, y), "#FCFBF8")
            for x in range(tile[1] * times, picture.width, tile[1] * times):
                pen.line((x, 0, x, picture.height), "#FCFBF8")
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    pictures = [("Test image no. 0", enlarged(png(colour(np.asarray(image[0]), "grey", (0.0, 1.0))), 140))]
    for name, maps in feature_maps(one.net, image).items():
        if maps.ndim == 3 and name.startswith("conv2d"):
            sheet = enlarged(contact_sheet(maps.numpy()).png, 420, tuple(maps.shape[1:]))
            pictures.append((f"{name}, {len(maps)} maps, each from 0 to its own maximum", sheet))
    facts = {
        "Data": f"{one.dataset}, tested on {count(one.count or len(test))} images",
        "Seconds of training": f"{one.seconds:.1f}" if one.recipe else "not known",
    }
    if one.loss is not None:
        facts["Test loss"] = f"{one.loss:.4f}"
    if one.accuracy is not None:
        facts["Test accuracy"] = percent(one.accuracy)
    unknown = {"recipe": "not known: the network was opened from a file"}
    return export_report(
        one.spec,
        one.recipe.to_dict() if one.recipe else unknown,
        title=one.name,
        facts=facts,
        test_accuracy=one.accuracy,
        history=_history(one.key),
        pictures=pictures,
    )


def _history(key: str):
    """The curves of a network; empty ones where none were kept."""
    from cnn_core import pretrained
    from cnn_core.runs import History

    kind, _, name = key.partition(":")
    if kind == "run":
        return server.store().run(name).history()
    try:
        told = pretrained.history(name)
    except StudentError:
        return History()
    return SimpleNamespace(train=told.train, validation=told.test)
