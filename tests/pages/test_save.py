"""“Save”: files in groups by what they are for; and nothing that names a visitor's own images to others."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from cnn_core import pretrained
from pages.ui.trained import exports
from pages.ui.trained.trained import Trained

LESSON = Trained.of_card(pretrained.card("lesson"))
OWN = replace(LESSON, dataset="own:AbCdEfGhIjK", recipe=None)

SAVE = """
from dataclasses import replace
from cnn_core import pretrained
from pages.ui.trained import exports
from pages.ui.trained.trained import Trained
one = Trained.of_card(pretrained.card("lesson"))
exports.download(replace(one, dataset={dataset!r}))
"""


def labels(dataset: str) -> list[str]:
    app = AppTest.from_string(SAVE.format(dataset=dataset), default_timeout=60).run()
    assert not app.exception
    return [one.label for one in app.get("download_button")]


def test_each_file_stands_in_its_group_and_what_opens_here_comes_first():
    assert labels("mnist") == [
        "Weights and design, safetensors",
        ".keras, for Keras 3",
        ".h5, for Keras 2, 3 and R",
        "Keras, Python code",
        "Keras, R code",
        "PyTorch, Python code",
        "ONNX, with shapes",
        "Notebook",
        "Report, one page",
        "Curves, as CSV",
    ]


def test_of_a_visitors_own_images_there_are_files_and_no_program_that_would_look_for_them():
    offered = labels("own:AbCdEfGhIjK")
    assert not any("code" in one or one == "Notebook" for one in offered)
    assert {".keras, for Keras 3", ".h5, for Keras 2, 3 and R", "ONNX, with shapes"} <= set(offered)


@pytest.mark.parametrize(
    "write", [exports._onnx, exports._keras_file, lambda one: exports._keras_file(one, "h5")]
)
def test_the_key_of_an_own_set_is_in_no_file_for_elsewhere(write):
    content = write(OWN)
    assert b"own:" not in content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            assert "convscope" not in json.loads(file.read("metadata.json"))
