"""“Save”: files in groups by what they are for; and nothing that names a visitor's own images to others."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from sysconfig import get_path
from tempfile import gettempdir

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnn_core import pretrained
from cnn_core.model import PRESETS, fitted
from cnn_core.runs import RunStore
from cnn_core.settings import settings
from pages.ui.trained import exports
from pages.ui.trained.trained import Trained
from tests.pages.app import kept_run

ROOT = Path(exports.__file__).parents[3]
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


def test_a_report_is_written_also_where_no_test_images_are():
    report = exports.report(replace(OWN, count=0))
    assert "Learnt from" in report
    assert "Tested on" not in report
    assert "Test image no. 0" not in report


# ---------------------------------------------------------------- nothing that tells of this machine


def places_in(content: str | bytes) -> list[str]:
    """The folders of this machine that a file names; of a zip, those of each file in it."""
    whole = content.encode() if isinstance(content, str) else content
    if whole.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(whole)) as file:
            whole = b"\n".join([whole, *map(file.read, file.namelist())])
    folders = {ROOT, Path.home(), Path(gettempdir()), Path(sys.prefix), Path(get_path("purelib"))}
    folders |= {settings().runs_dir, settings().data_dir, Path(st.__file__).parent.parent}
    names = {str(folder) for one in folders for folder in (one, one.resolve())}
    return sorted(name for name in names if len(name) > 1 and name.encode() in whole)


def test_no_file_that_one_takes_home_says_where_it_was_made(monkeypatch):
    files = {}
    monkeypatch.setattr(
        exports, "_button", lambda place, label, name, make, *_: files.__setitem__(label, make())
    )
    run = Trained.of_run(RunStore().run(kept_run(fitted(PRESETS["tiny"], (1, 28, 28), 10))))
    for one in (LESSON, run):
        files.clear()
        exports.download(one)
        assert len(files) >= 9
        assert {label: found for label, content in files.items() if (found := places_in(content))} == {}
    assert str(ROOT) in places_in(f'<img alt="{ROOT}/a.png">')
