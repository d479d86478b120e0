"""“The code of this picture” says what the page was asked, and of which network a dream is."""

from __future__ import annotations

import pytest

from cnn_core.errors import StudentError
from cnn_core.lesson.core_source import source_of
from cnn_core.lesson.notebook_lines import lines_of
from cnn_core.model import PRESETS
from pages.deep_dream import code as dreams
from tests.pages.app import kept_run, open_page


@pytest.fixture
def code_on(app):
    """Opens a page, and gives the programs on it."""

    def opened(page: str, **state: object) -> list[str]:
        open_page(
            app,
            f"pages/{page}.py",
            code_maps=True,
            code_filters=True,
            code_dream=True,
            code_why=True,
            **state,
        )
        return [one.value for one in app.code]

    return opened


def test_feature_maps_give_the_code_of_the_digit_and_the_layers_on_the_page(code_on):
    ours, plain, in_r, in_keras, *functions = code_on("4_feature_maps", digit=12)
    assert "image = test.images[12].float() / 255" in ours
    assert "['conv2d_1', 'conv2d_2', 'conv2d_3']" in ours
    assert "test image no. 12" in plain
    assert "cnn_core" not in plain
    assert "activation_model %>% predict(batch)" in in_r
    assert "activation_model.predict(batch)" in in_keras
    assert functions == [source_of(name).text.rstrip() for name in lines_of("maps_of_layers").ours]


def test_the_reasons_give_the_code_of_all_methods_for_the_class_that_is_explained(code_on):
    programs = code_on("4_feature_maps", digit=0, why_open=True)
    assert any("'grad_cam'" in one and "target = 7" in one for one in programs)
    assert any("x.grad[0]" in one and "target = 7" in one for one in programs)


def test_filters_give_the_code_of_the_whole_sheet(code_on):
    ours, *_ = code_on("5_filters")
    assert 'maximize_filters(net, "conv2d_2", filters, steps=40, seed=0' in ours
    assert "filters = range(64)" in ours


def test_the_first_dream_gives_its_code(code_on):
    ours, *_ = code_on("6_deep_dream")
    assert 'photo_network("efficientnet_lite0")' in ours
    assert "layers={'animals': 1.0}" in ours


def test_a_dream_of_a_design_builds_that_design_and_not_the_lessons():
    lines, needs = dreams._network(f"design:{PRESETS['tiny'].to_link()}")
    assert PRESETS["tiny"].to_link()[:60] in lines
    assert "load_model" not in lines
    assert "safetensors" not in needs


def test_a_dream_of_a_run_reads_the_runs_own_file(app):
    run_id = kept_run(PRESETS["tiny"])  # it has made 62 steps
    lines, needs = dreams._network(f"run:{run_id}:1")
    assert "load_model(" in lines
    assert "lesson_convnet" not in lines
    assert "by the weights after step 1;" in needs
    assert "by the weights" not in dreams._network(f"run:{run_id}:62")[1]


def test_a_dream_of_a_run_that_is_gone_has_no_code():
    with pytest.raises(StudentError):
        dreams._network("run:AbCdEfGhIjK:128")
