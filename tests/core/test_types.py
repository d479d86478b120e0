"""The front doors are typed: what the core exports is no `Any` to a type checker, so a wrong call is seen early."""

import os
import subprocess
import sys

import pytest

from tests.core.test_layers_of_code import ROOT

pytestmark = pytest.mark.slow  # mypy reads the whole core: 10 s to a minute

WRONG = {  # a call -> what mypy says of it
    'build("not a spec")': 'Argument 1 to "build" has incompatible type "str"; expected "ModelSpec"',
    'build(PRESETS["mlp"], sneed=3)': 'Unexpected keyword argument "sneed" for "build"',
    'RunStore().submit("mlp")': 'Argument 1 to "submit" of "RunStore" has incompatible type "str"',
    "evaluate(1, 2)": 'Argument 1 to "evaluate" has incompatible type "int"',
    "feature_maps(3, 4)": 'Argument 1 to "feature_maps" has incompatible type "int"',
    'load_images("mnist", "test").pixels': '"ImageSet" has no attribute "pixels"',
    'load_pretrained("lesson").net': 'has no attribute "net"',
    'percent("all")': 'Argument 1 to "percent" has incompatible type "str"; expected "float"',
    'image_sheet("a picture")': 'Argument 1 to "image_sheet" has incompatible type "str"',
}
RIGHT = ('build(PRESETS["mlp"], seed=3)', 'summarize(PRESETS["mlp"])', "percent(0.5)")
IMPORTS = """
from cnn_core.data import load_images
from cnn_core.insight import feature_maps
from cnn_core.model import PRESETS, build, summarize
from cnn_core.pretrained import load_pretrained
from cnn_core.runs import RunStore
from cnn_core.training import evaluate
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.wording.numbers import percent
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """{line: what mypy says of it} of a program that makes all these calls; by one run, for it takes a while."""
    pytest.importorskip("mypy")
    program = tmp_path_factory.mktemp("mypy") / "calls.py"
    lines = [*IMPORTS.strip().splitlines(), *WRONG, *RIGHT]
    program.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(program)],
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    complaints = {}
    for line in done.stdout.splitlines():
        place, found, words = line.partition(": error: ")
        if found and "calls.py" in place:
            call = lines[int(place.rpartition(":")[2]) - 1]
            complaints[call] = complaints.get(call, "") + words
    return complaints


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_refused_before_it_runs(said, call):
    assert WRONG[call] in said.get(call, "")


def test_right_calls_and_imports_are_not(said):
    assert set(said) == set(WRONG)
