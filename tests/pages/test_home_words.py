"""What Home says, and that it can be said before torch is there."""

import doctest
import subprocess
import sys

from pages.home import words
from pages.ui.frame.shell import ROOT


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


def test_home_is_drawn_without_torch_up_to_the_places_it_fills_late():
    # Everything the page imports, and the part of it that stands before its first network.
    program = (
        "import sys\n"
        "import pages.home.sections, pages.home.words, pages.ui.frame.board\n"
        "from pages.ui.visitor import networks, server\n"
        "from pages.ui.wording import blocks\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
