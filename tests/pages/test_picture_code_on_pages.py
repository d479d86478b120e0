"""“The code of this picture” stands beside maps, filters and dreams, and says what the page was asked."""

from __future__ import annotations

import pytest

from cnn_core.errors import StudentError
from cnn_core.export import picture_code as texts
from pages.ui.trained import picture_code
from tests.pages.app import open_page


@pytest.fixture
def code_on(app):
    """Opens a page with the code open, and gives the programs."""

    def opened(page: str, key: str, **state: object) -> list[str]:
        open_page(app, f"pages/{page}.py", **{f"code_{key}": True}, **state)
        return [one.value for one in app.code]

    return opened


def test_feature_maps_give_the_code_of_the_digit_and_the_layers_on_the_page(code_on):
    ours, plain = code_on("4_feature_maps", "maps", digit=12)
    assert "image = test.images[12].float() / 255" in ours
    assert "['conv2d_1', 'conv2d_2', 'conv2d_3']" in ours
    assert "lesson_convnet" in ours
    assert "test image no. 12" in plain
    assert "cnn_core" not in plain


def test_the_reasons_give_the_code_of_all_methods_for_the_class_that_is_explained(code_on):
    programs = code_on("4_feature_maps", "why", digit=0, why_open=True)
    assert any("'grad_cam'" in one and "target = 7" in one for one in programs)
    assert any("x.grad[0]" in one and "target = 7" in one for one in programs)


def test_filters_give_the_code_of_the_sheet(code_on):
    (ours,) = code_on("5_filters", "filters")
    assert 'RECIPES["clean"]' in ours
    assert 'maximize_filters(net, "conv2d_2", filters, steps=40, seed=0' in ours
    assert "filters = range(64)" in ours


def test_the_first_dream_gives_its_code(code_on):
    (ours,) = code_on("6_deep_dream", "dream")
    assert 'photo_network("efficientnet_lite0")' in ours
    assert "layers={'animals': 1.0}" in ours


def test_nothing_is_written_before_it_is_asked_for(app):
    open_page(app, "pages/4_feature_maps.py")
    assert not app.code


def test_a_network_that_is_gone_is_the_lessons_by_name(monkeypatch):
    def gone(name):
        if name != "pretrained:lesson":
            raise StudentError("gone")
        return type("T", (), {"stem": "lesson_convnet"})

    monkeypatch.setattr(picture_code.Trained, "named", gone)
    monkeypatch.setattr(picture_code.design, "looked_at", lambda: "run:AbCdEfGhIjK")
    network = type("N", (), {"trained": True, "kind": "pretrained", "weights_key": "pretrained:lesson"})
    assert picture_code._stem(network) == "lesson_convnet"


@pytest.mark.parametrize("needs", [texts.NEEDS, texts.NEEDS_DESIGN, texts.NEEDS_PROGRAM])
def test_each_program_says_what_it_needs(needs):
    assert needs.startswith("Needs: ")
