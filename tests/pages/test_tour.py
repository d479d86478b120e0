"""The lesson's bar over the pages: what it asks, how it answers, where it leads, and that one may always leave."""

import re

from cnn_core.runs import RunStore
from pages.tour.steps import STEPS
from tests.pages.app import OWNER, text


def at(app, step, page="convolution"):
    """The dashboard, opened by a link that names a step."""
    app.session_state["visitor"] = OWNER
    app.query_params["step"] = step
    app.run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def press(app, key):
    button = next(one for one in app.button if one.key == key or (one.key or "").startswith(key))
    button.click().run()
    assert not app.exception
    return app


def keys(app):
    return {one.key for one in app.button}


def html(app):
    return re.sub("<[^>]+>", "", " ".join(element.proto.body for element in app.get("html")))


def choose(app, label):
    button = next(one for one in app.button if (one.key or "").startswith("guess_") and one.label == label)
    button.click().run()
    assert not app.exception


def test_a_link_opens_a_step_a_wrong_answer_gets_a_hint_the_second_the_answer_and_next_leads_on(app):
    at(app, "kernel", "1_convolution")
    assert f"Step 1 of {len(STEPS)}" in html(app)
    assert "tour_back" not in keys(app)
    wrong = "9"
    choose(app, wrong)
    assert "Try once more" in text(app)
    assert "The weights add up" not in text(app)  # a hint, and not the solution
    right = next(
        one.label for one in app.button if (one.key or "").startswith("guess_") and one.label in "01"
    )
    choose(app, right)
    assert "at your second try" in text(app)
    assert "The weights add up" in text(app)
    assert "tour_skip" not in keys(app)
    press(app, "tour_next")
    assert "Step 2 of" in html(app)
    assert RunStore().notebooks.of(OWNER).step == "padding"
    assert RunStore().notebooks.of(OWNER).done == ("kernel",)
    guess = next(iter(RunStore().notebooks.of(OWNER).guesses))
    assert (guess.question, guess.said, guess.tries) == ("tour.kernel", right, (wrong,))
    press(app, "tour_back")
    assert "at your second try" in text(app)  # what was answered stays answered


def test_whoever_wanders_keeps_the_step_and_whoever_leaves_finds_a_door_another_day(app):
    at(app, "pooling", "1_convolution")
    app.switch_page("pages/3_evaluate.py").run()
    assert "tour_return" in keys(app)
    assert "tour_next" not in keys(app)
    press(app, "tour_return")
    assert "Step 5 of" in html(app)
    press(app, "tour_leave")
    assert not {key for key in keys(app) if key and key.startswith("tour_")}
    app.switch_page("pages/0_home.py").run()
    assert "tour_go_on" not in keys(app)  # who has just left is not asked
    del app.session_state["tour_door_shut"]  # as in another session
    app.query_params.clear()
    app.run()
    assert "You were at step 5" in text(app)
    press(app, "tour_go_on")
    assert "Step 5 of" in html(app)


def test_a_network_that_cannot_be_asked_is_told_and_another_is_offered(app):
    app.query_params["net"] = "pretrained:mlp"
    at(app, "feature_map", "4_feature_maps")
    assert "cannot answer this" in text(app)
    press(app, "tour_look")
    assert "How many of their numbers are exactly 0?" in text(app)


def test_the_bar_leads_through_all_steps_to_an_end_that_sums_up(app, no_runner):
    at(app, STEPS[-2].id, "7_augmentation")
    slider = next(one for one in app.slider if one.key.startswith("guess_number"))
    slider.set_value(40).run()
    press(app, "guess_say")
    assert "**40**" in text(app) or "of 64; four were too few" in text(app)
    press(app, "tour_next")
    assert "Train with and without" in text(app)
    press(app, "tour_skip")
    assert "That was the lesson." in text(app)
    press(app, "tour_finish")
    assert not {key for key in keys(app) if key and key.startswith("tour_")}
    assert RunStore().notebooks.of(OWNER).step == ""


def test_a_step_that_there_is_not_is_no_step(app):
    at(app, "no-such-step", "1_convolution")
    assert not {key for key in keys(app) if key and key.startswith("tour_")}
