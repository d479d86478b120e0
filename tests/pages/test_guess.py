"""What asks first: one AppTest for each kind of guess, and what two sessions and a full disk make of it."""

from pathlib import Path

import pytest

from cnn_core.runs import RunStore
from tests.pages.app import OWNER

APP = str(Path(__file__).parents[1] / "browser" / "guess_app.py")


def asked(*kinds, owner=OWNER, **session):
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(APP, default_timeout=30)
    app.session_state["visitor"] = owner
    app.query_params["kind"] = list(kinds)
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def said(app):
    return "\n".join(one.value for one in app.markdown).replace("\\", "")


def button(app, label):
    return next(one for one in app.button if label in one.label)


def guesses():
    return RunStore().notebooks.of(OWNER).guesses


def test_a_number_is_said_by_a_button_that_repeats_it_and_another_tab_knows_it():
    app = asked("number")
    assert "answer of number" not in said(app)
    app.slider[0].set_value(40).run()
    button(app, "I say 40 %").click().run()
    assert not app.exception
    assert "answer of number" in said(app)
    assert not app.slider
    (guess,) = guesses()
    assert (guess.said, guess.measured, guess.unit) == (40, 28.04, "%")
    other_tab, stranger = asked("number"), asked("number", owner="s" * 22)
    assert "answer of number" in said(other_tab)
    assert "answer of number" not in said(stranger)


def test_a_wrong_first_answer_gets_a_hint_and_the_second_the_answer():
    app = asked("choice")
    button(app, "dense").click().run()
    assert "Not dense_1. A dense layer has a weight for each number below. Try once more." in said(app)
    assert "answer of choice" not in said(app)
    assert "max_pooling2d_1" not in said(app)  # only on its button
    assert button(app, "dense").disabled
    button(app, "conv2d").click().run()
    assert "You said conv2d_1. The answer is max_pooling2d_1." in said(app)
    (guess,) = guesses()
    assert (guess.said, guess.measured, guess.tries) == ("conv2d_1", "max_pooling2d_1", ("dense_1",))


@pytest.mark.parametrize(
    "sent",
    [[50.0] * 13, [50.0] * 12, [float("nan")] * 13, "rubbish", [1000.0] * 13],
    ids=["drawn", "short", "nan", "text", "beyond"],
)
def test_a_drawn_curve_is_taken_and_rubbish_is_not(sent):
    app = asked("curve", guess_curve_6763665cdaf3={"curve": sent})
    say = button(app, "This is my curve")
    if sent == [50.0] * 13:
        say.click().run()
        # |50 − 0| three times, 48, 10, 49, 50, 50, 50, 47, 20, 44, 49: 567 in all, by 13.
        assert app.metric[0].value == "43.6 points"
        assert guesses()[0].said == (50.0,) * 13
        return
    if not say.disabled:  # a whole curve beyond the field
        say.click().run()
    assert guesses() == ()
    assert "answer of curve" not in said(app)


def test_the_answer_can_be_had_at_once_and_no_page_asks_again_where_that_is_not_wished(monkeypatch):
    app = asked("point")
    button(app, "Show the answer").click().run()
    assert "answer of point" in said(app)
    assert "You said" not in said(app)
    assert guesses()[0].state == "skipped"
    app = asked("number", "choice")
    button(app, "Do not ask me first").click().run()
    assert "answer of number" in said(app)
    assert "answer of choice" in said(app)
    assert "answer of curve" in said(asked("curve"))  # kept with the visitor
    assert not RunStore().notebooks.of(OWNER).asks_first


def test_where_the_disk_takes_nothing_a_guess_lasts_as_long_as_the_page(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "visitors").write_text("in the way")
    app = asked("number")
    button(app, "I say 50 %").click().run()
    assert not app.exception
    assert "answer of number" in said(app)
    assert "Your guesses cannot be kept" in said(app)
