"""What a student kept of an earlier version is found and shown by the pages of this one (tests/data/version_before)."""

import json
import os
import shutil
from pathlib import Path

import pytest

from cnn_core.model import links
from tests.pages.app import open_page, text

KEPT = Path(__file__).parents[1] / "data" / "version_before"
EXPECTED = json.loads((KEPT / "expected.json").read_text("utf-8"))

pytestmark = pytest.mark.usefixtures("no_runner")


@pytest.fixture(autouse=True)
def runs(own_folders):
    """The kept runs in the folder of this test's server."""
    shutil.copytree(KEPT / "runs", os.environ["CONVSCOPE_RUNS"])


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("pages/2_train.py", "Finished: **79.8 %** of 500 test digits"),
        ("pages/3_evaluate.py", "of 500 test images"),
        ("pages/4_feature_maps.py", "12 maps of 11×11"),
        ("pages/5_filters.py", "filters of conv2d_2 have a picture"),
        ("pages/8_runs.py", "Kept from before"),
    ],
)
def test_a_link_to_a_run_opens(app, file, says):
    open_page(app, file, f"run:{EXPECTED['training']}", owner=EXPECTED["owner"])
    assert says in text(app)
    assert app.session_state["network"] == f"run:{EXPECTED['training']}"


def test_a_link_to_a_dream_opens(app):
    app.query_params["dream"] = EXPECTED["dream"]
    open_page(app, "pages/6_deep_dream.py", owner=EXPECTED["owner"])
    assert "Kept from before after 30 steps · conv2d_2 · 56×56 pixels · 2 octaves of 4 steps" in text(app)


@pytest.mark.parametrize("kept", EXPECTED["links"], ids=lambda kept: kept["design"]["name"])
def test_a_link_to_a_design_opens(app, kept):
    app.query_params["design"] = kept["link"]
    open_page(app, "pages/4_feature_maps.py", "design")
    assert app.session_state["network"] == "design"
    names = {field.label: field.value for field in app.text_input}
    assert names["Name of the design"] == kept["design"]["name"]
    assert links.decode(app.query_params["design"]) == kept["design"]
