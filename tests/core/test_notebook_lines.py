"""The notebook beside the lesson: all three ways are there, R can parse its own, and ours is as it is in its file."""

import ast
import shutil
import subprocess
import sys

import pytest

from cnn_core.lesson.convolution import output_size
from cnn_core.lesson.core_source import source_of
from cnn_core.lesson.notebook_lines import NOTEBOOK


def test_every_step_has_its_r_its_python_and_functions_of_ours_that_exist():
    for step, lines in NOTEBOOK.items():
        assert lines.r.strip(), step
        compile(lines.python, step, "exec")
        assert lines.ours, step
        for name in lines.ours:
            source = source_of(name)
            ast.parse(source.text)
            assert f"def {source.name.split('.')[-1]}(" in source.text


def test_a_source_names_the_line_of_its_file_on_which_it_begins():
    source = source_of("cnn_core.lesson.convolution:pool")
    with open(sys.modules["cnn_core.lesson.convolution"].__file__, encoding="utf-8") as file:
        assert file.read().splitlines()[source.line - 1].startswith("def pool(")
    assert source.path == "cnn_core/lesson/convolution.py"
    assert source.address("") == ""


def test_a_cut_docstring_changes_nothing_that_a_function_does():
    source = source_of("cnn_core.lesson.convolution:output_size")
    assert "Dumoulin & Visin 2016" in source.text
    assert "Raises" not in source.text
    names = dict(vars(sys.modules["cnn_core.lesson.convolution"]))
    exec(f"from __future__ import annotations\n{source.text}", names)
    assert names["output_size"] is not output_size
    assert names["output_size"](28, kernel=5, stride=2) == output_size(28, kernel=5, stride=2) == 12


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")
def test_r_can_parse_the_lines_of_every_step(tmp_path):
    for step, lines in NOTEBOOK.items():
        (tmp_path / f"{step}.R").write_text(lines.r, encoding="utf-8")
    script = "for (path in list.files('.', 'R$')) parse(path, encoding = 'UTF-8')"
    done = subprocess.run(["Rscript", "-e", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
