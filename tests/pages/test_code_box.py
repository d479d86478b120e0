"""The notebook beside it: a step's R, Python and our own functions in one box, with where each of them is from."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from cnn_core.lesson.core_source import source_of
from cnn_core.lesson.notebook_lines import NOTEBOOK, lines_of
from pages.ui.forms.code_box import of_the_notebook
from pages.ui.wording import notebook


def test_every_step_has_a_tab_for_r_for_python_and_for_ours():
    for step, lines in NOTEBOOK.items():
        in_r, in_python, ours = of_the_notebook(step)
        assert [one.how for one in (in_r, in_python, ours)] == ["R", "Python", "Ours"]
        assert (in_r.pieces[0].text, in_python.pieces[0].text) == (lines.r, lines.python)
        assert len(ours.pieces) == len(lines.ours)


def test_what_is_not_in_the_notebook_is_not_said_to_be():
    assert notebook.about_r(lines_of("pooling")).startswith("From the lesson’s notebook")
    assert notebook.about_r(lines_of("padding")).startswith("The lesson’s notebook has no lines for this")
    assert "torch backend" in notebook.about_python(lines_of("one_filter"))
    assert "torch backend" not in notebook.about_python(lines_of("pooling"))


def test_a_file_is_a_link_only_where_a_setting_says_where_it_is(monkeypatch):
    pool = source_of("cnn_core.lesson.convolution:pool")
    assert "](" not in of_the_notebook("pooling")[2].pieces[0].about
    monkeypatch.setenv("CONVSCOPE_SOURCE_URL", "https://example.org/main")
    link = f"https://example.org/main/cnn_core/lesson/convolution.py#L{pool.line}"
    assert f"]({link})" in of_the_notebook("pooling")[2].pieces[0].about


def test_the_box_writes_its_code_when_it_is_opened():
    def script():
        from pages.ui.forms.code_box import beside_the_notebook

        beside_the_notebook("pooling")

    app = AppTest.from_function(script, default_timeout=30).run()
    assert not app.code
    app.session_state["code_notebook_pooling"] = True
    app.run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["R", "Python", "Ours"]
    assert "def pool(" in app.code[2].value
