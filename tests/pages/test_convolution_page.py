"""The first page without a browser: every choice draws, and what comes from a browser is checked."""

import pytest

from tests.pages.app import text

PAGE = "pages/1_convolution.py"


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page(PAGE).run()


def test_the_page_opens_with_a_digit_an_edge_kernel_and_its_answer(page):
    assert not page.exception
    assert page.title[0].value == "What does a kernel do?"
    assert "**676 places**, 9 products each: 6,084 multiply-adds" in text(page)


@pytest.mark.parametrize(
    ("key", "value", "places"),
    [
        ("convolution_padding", "same", "784 places"),
        ("convolution_stride", 2, "169 places"),
        ("convolution_dilation", 2, "576 places"),
        ("convolution_size", 7, "484 places"),
        ("convolution_image", "ring, 8×8", "36 places"),
        ("convolution_image", "cat, in colour", "676 places**, 27 products"),
        ("convolution_kernel", "learnt by the network", "676 places"),
        ("convolution_kernel", "blur", "676 places"),
    ],
)
def test_every_control_changes_the_count(page, key, value, places):
    page.session_state[key] = value
    page.run()
    assert not page.exception
    assert places in text(page)


def test_a_kernel_that_fits_nowhere_is_explained(page):
    page.session_state["convolution_image"] = "ring, 8×8"
    page.session_state["convolution_size"] = 5
    page.session_state["convolution_dilation"] = 3
    page.run()
    assert not page.exception
    assert "does not fit on a 8×8 image" in text(page)


def test_the_pooling_section_counts_and_compares(page):
    page.session_state["convolution_tab"] = "Pooling"
    page.run()
    assert not page.exception
    said = text(page)
    assert "**676** become **169**" in said
    assert "conv2d_2 needs 2.23 M multiply-adds" in said


def test_pooling_of_a_network_without_any_is_said(page):
    page.session_state["network"] = "pretrained:mlp"
    page.session_state["convolution_tab"] = "Pooling"
    page.run()
    assert not page.exception
    assert "pools nothing" in text(page)


def test_wrong_then_right_answers_are_marked_and_the_first_try_counts(page):
    page.session_state["convolution_tab"] = "Check yourself"
    page.run()
    question = page.session_state["quiz_question"]
    page.text_input(key="quiz_typed").set_value(str(question.answer + 1000))
    page.button[0].click().run()
    assert not page.exception
    assert f"Not {question.answer + 1000:,}." in text(page)
    assert question.because not in text(page)  # one more try first
    page.text_input(key="quiz_typed").set_value(str(question.answer))
    page.button[0].click().run()
    assert "Right." in text(page)
    assert "**0 of 1**" in text(page)


def test_after_two_wrong_answers_the_solution_is_shown(page):
    page.session_state["convolution_tab"] = "Check yourself"
    page.run()
    question = page.session_state["quiz_question"]
    for _ in range(2):
        page.text_input(key="quiz_typed").set_value(str(question.answer + 1000))
        page.button[0].click().run()
    assert question.because in text(page)


def test_the_page_says_why_one_pads_and_strides(page):
    page.session_state["convolution_padding"] = "same"
    page.session_state["convolution_stride"] = 2
    page.run()
    said = text(page)
    assert "The hatched cells are zeros." in said
    assert "only on the right and below" in said
    assert "196 numbers instead of 784" in said


def test_a_network_of_tanh_is_pooled_without_claims_about_its_brightness(app):
    from cnn_core.model import PRESETS
    from tests.pages.app import open_page

    layers = [
        {**layer, "activation": "tanh"} if "activation" in layer else layer
        for layer in PRESETS["lesson"].to_dict()["layers"]
    ]
    page = open_page(
        app, PAGE, "design", {**PRESETS["lesson"].to_dict(), "layers": layers}, convolution_tab="Pooling"
    )
    said = text(page)
    assert "The change" in said
    assert "of the brightness" not in said


def test_on_pooling_the_digit_has_a_name_and_the_nudge_has_ends(page):
    page.query_params["convolution_tab"] = "Pooling"
    page.run()
    assert not page.exception
    number = page.number_input(key="pooling_digit")
    assert (number.label, number.min, number.max) == ("Test digit, number", 0, 499)
    nudge = page.main.get("button_group")[-1]
    assert [option.content for option in nudge.proto.options] == ["−3", "−2", "−1", "0", "+1", "+2", "+3"]
