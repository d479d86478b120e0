"""The way out: a trained network as files for elsewhere. Each is made when its button is pressed, not before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.own.as_dataset import said_of
from cnn_core.data.own.names import is_own
from pages.ui.trained.report import report
from pages.ui.trained.tables import curves_csv
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from cnn_core.data.learnt_from import ImagesLearntFrom
    from cnn_core.model.network import Network

# Of a network that was opened from a file: Keras has to compile it by some recipe.
_LESSONS_RECIPE = "# How this network was trained is not known; the recipe below is the lesson's.\n"


# What each file is for, on hover or focus.
_SAVED = (
    "The design and what it has learnt, with all that is known of it. It opens here again, under “Open your own "
    "network”."
)
_KERAS_3 = "Design and weights in one file. In Python: keras.saving.load_model(path)."
_KERAS_2 = (
    "The same in the older form. In R: load_model_hdf5(path); in Python: load_model(path) of Keras 2 or 3."
)
_CODE = (
    "A program that builds and trains this network. With the safetensors file beside it, it tests this very network "
    "and reads pictures of your own."
)
_ONNX = "The network for programs that read ONNX: Netron draws it, ONNX Runtime runs it."
_NOTEBOOK = "For Jupyter: loads the network in PyTorch, tests it and shows its maps."
_REPORT = "One page that opens in any browser: settings, curves, and the maps of one test image."
_CURVES = "Loss and accuracy as they were measured, one line for each measurement, for a spreadsheet or R."

# What the groups are for.
HERE, KERAS, PYTORCH = "**To open here again**", "**Keras**", "**PyTorch**"
ELSEWHERE, HAND_IN = "**Everywhere else**", "**To hand in**"
NEEDS_WEIGHTS = "Programs and the notebook need the safetensors file beside them."
NO_PROGRAMS = (
    "There is no program and no notebook of this network: they read a data set that everyone can download, and the "
    "images of this one are only here."
)


def download(one: Trained, place: str = "runs") -> None:
    """Draw the download buttons of a trained network, in the container that is open.

    Of a network that was opened from a file nobody knows the recipe: its programs test it, and Keras's, which has to
    compile it by something, says that this is the lesson's. A visitor's own images cannot be had elsewhere, so of what
    learnt from them there are files, and no programs.
    place: tells these buttons from the same ones elsewhere on the page.
    """
    code, text = "text/x-python", "text/plain"
    with group(HERE):
        saved(one, place)
    with group(KERAS):
        keras_files(one, place)
        if has_programs(one):
            _button(place, "Keras, Python code", f"{one.stem}_keras.py", lambda: _keras(one), _CODE, code)
            _button(place, "Keras, R code", f"{one.stem}_keras.R", lambda: _keras_in_r(one), _CODE, text)
    if has_programs(one):
        with group(PYTORCH):
            label = "PyTorch, Python code"
            _button(place, label, f"{one.stem}_torch.py", lambda: _pytorch(one), _CODE, code)
    with group(ELSEWHERE):
        onnx(one, place)
    with group(HAND_IN):
        to_hand_in(one, place)
    caption(NEEDS_WEIGHTS if has_programs(one) else NO_PROGRAMS)


def has_programs(one: Trained) -> bool:
    """Whether programs can have the images that it learnt from."""
    return not is_own(one.dataset)


@contextmanager
def group(title: str) -> Iterator[None]:
    """Files that belong together, close to each other under their heading."""
    with st.container(gap="xsmall"):
        caption(title)
        yield


def saved(one: Trained, place: str) -> None:
    """Draw the download button of the file that opens here again."""
    _button(place, "Weights and design, safetensors", f"{one.stem}.safetensors", lambda: _saved(one), _SAVED)


def keras_files(one: Trained, place: str) -> None:
    """Draw the download buttons of Keras's own files."""
    _button(place, ".keras, for Keras 3", f"{one.stem}.keras", lambda: _keras_file(one), _KERAS_3)
    _button(place, ".h5, for Keras 2, 3 and R", f"{one.stem}.h5", lambda: _keras_file(one, "h5"), _KERAS_2)


def onnx(one: Trained, place: str) -> None:
    """Draw the download button of the network for other programs."""
    _button(place, "ONNX, with shapes", f"{one.stem}.onnx", lambda: _onnx(one), _ONNX)


def to_hand_in(one: Trained, place: str) -> None:
    """Draw the download buttons of the notebook, where it can have the images, the report and the curves."""
    stem, ipynb = one.stem, "application/x-ipynb+json"
    if has_programs(one):
        _button(place, "Notebook", f"{stem}.ipynb", lambda: _notebook(one), _NOTEBOOK, ipynb)
    _button(place, "Report, one page", f"{stem}.html", lambda: report(one), _REPORT, "text/html")
    if one.has_curve:
        _button(
            place,
            "Curves, as CSV",
            f"{stem}_curves.csv",
            lambda: curves_csv(one.history),
            _CURVES,
            "text/csv",
        )


def _button(
    place: str,
    label: str,
    name: str,
    make: Callable[[], str | bytes],
    help: str,
    mime: str = "application/octet-stream",
) -> None:
    st.download_button(
        label,
        make,
        file_name=name,
        mime=mime,
        on_click="ignore",
        width="stretch",
        key=f"{place}_{name}",
        help=help,
    )


# ---------------------------------------------------------------- the files


def _pytorch(one: Trained) -> str:
    from cnn_core.export import export_pytorch

    return export_pytorch(one.spec, one.recipe, dataset=one.source)


def _keras(one: Trained) -> str:
    from cnn_core.export import export_keras
    from cnn_core.training import RECIPES

    note = _LESSONS_RECIPE if one.opened else ""
    return note + export_keras(one.spec, one.recipe or RECIPES["lesson"], dataset=one.source)


def _keras_in_r(one: Trained) -> str:
    from cnn_core.export import export_keras_r
    from cnn_core.training import RECIPES

    note = _LESSONS_RECIPE if one.opened else ""
    return note + export_keras_r(one.spec, one.recipe or RECIPES["lesson"], dataset=one.source)


def _saved(one: Trained) -> bytes:
    return file_of(one.net, one.learnt_from, one.dataset)


def file_of(net: Network, learnt_from: ImagesLearntFrom, dataset: str) -> bytes:
    """A network as a file of ours, with all that is known of it. Raises StudentError as `save_model` does."""
    from cnn_core.training import save_model

    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        own_set = said_of(dataset) if is_own(dataset) else None
        save_model(path, net, net.spec, learnt_from=learnt_from, dataset=dataset, own_set=own_set)
        return path.read_bytes()


def _keras_file(one: Trained, form: str = "keras") -> bytes:
    """form: "keras" or "h5"."""
    from cnn_core.export import export_keras_h5, export_keras_v3

    write = export_keras_h5 if form == "h5" else export_keras_v3
    return write(one.net, one.recipe, dataset=_public(one.dataset))


def _public(dataset: str) -> str | None:
    """The data set's key for a file that others may get: that of a visitor's own set names it to nobody else."""
    return None if is_own(dataset) else dataset


def _onnx(one: Trained) -> bytes:
    from cnn_core.export import export_onnx

    return export_onnx(one.net, dataset=_public(one.dataset))


def _notebook(one: Trained) -> bytes:
    from cnn_core.export import export_notebook

    # A part of a set that only this server has cannot be tested on at home: there the whole set is.
    is_at_home = not one.is_sample or one.source != one.dataset
    accuracy = one.accuracy if is_at_home else None
    return export_notebook(
        one.spec, one.recipe, accuracy, dataset=one.source, weights=f"{one.stem}.safetensors"
    )
