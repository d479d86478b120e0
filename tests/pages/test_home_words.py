"""What Home says, and that it can be said before torch is there."""

import doctest
import os
import subprocess
import sys

from pages.home import words
from pages.ui.frame.shell import ROOT


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


def test_home_is_drawn_without_torch_up_to_the_places_it_fills_late(tmp_path):
    program = """
import sys
from streamlit.testing.v1 import AppTest
from pages.ui.visitor import networks

current, torch_was_there = networks.current, []

def noticed():
    torch_was_there.append("torch" in sys.modules)
    return current()

networks.current = noticed
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
assert not app.exception
assert torch_was_there == [False], torch_was_there
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "dashboard.py")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CONVSCOPE_OFFLINE": "1", "CONVSCOPE_RUNS": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
