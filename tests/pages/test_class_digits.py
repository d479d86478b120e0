"""The digits of a class on its page: drawn, checked by two who are not told, decided, and read by networks."""

import secrets

from streamlit.testing.v1 import AppTest

from cnn_core.classroom import Classes, drawings_of
from cnn_core.classroom import drawn as core
from cnn_core.data.own import Shelf
from cnn_core.runs import RunStore
from pages.classroom import digits_words as words
from pages.ui.frame.shell import ROOT
from pages.ui.wording import looking
from tests.core.test_drawn import scribble
from tests.pages.app import OWNER, open_page, text

ADA, BEN, CLEO, DAN = (letter * 22 for letter in "bcde")


def a_class():
    classes = Classes(RunStore().path)
    classroom, _ = classes.open(OWNER, "Tuesday", 2)
    for token, name in ((ADA, "Ada"), (BEN, "Ben"), (CLEO, "Cleo"), (DAN, "Dan")):
        classes.join(token, classroom.code, name)
    return classes, classroom


def view(token, step, **session):
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30)
    app.session_state["guess_off"] = True
    app.query_params["view"], app.query_params["digits"] = "digits", step
    return open_page(app, "pages/9_classroom.py", owner=token, **session)


def press(app, label):
    next(one for one in app.button if label in one.label).click().run()
    assert not app.exception
    return app


def test_a_drawn_digit_is_checked_by_two_becomes_a_test_set_and_is_read(monkeypatch):
    monkeypatch.setattr(looking, "is_small", lambda: True)  # no process beside the server
    classes, classroom = a_class()
    ada = view(ADA, "draw", digits_pad={"waiting": [[1, 77, scribble(1)], [2, 7, scribble()]]})
    assert "A digit is a whole number from 0 to 9." in text(ada)
    assert "You have drawn 1 of at most 20. Your class has 1 drawing." in text(ada)
    (one,) = drawings_of(classes, classroom)
    assert (one.digit, one.member) == (7, classes.seat(ADA).member.id)

    for token in (BEN, CLEO):
        page = view(token, "check")
        assert words.WHAT_DIGIT in [header.value for header in page.header]
        assert "drawn as" not in text(page)
        assert one.member not in str([button.key for button in page.button])
        press(page, "7")
        assert words.nothing_to_check(1) in text(page)
    assert words.nothing_to_check(0) in text(view(DAN, "check"))  # two have agreed

    assert words.NO_SET in text(view(ADA, "results"))
    teacher = view(OWNER, "overview")
    assert "**1** of 1 drawing counts" in text(teacher)
    press(teacher, words.MAKE)
    assert words.the_set("Tuesday, digits", 1) in text(teacher)
    assert [each.name for each in Shelf().of(OWNER)] == ["Tuesday, digits"]
    press(teacher, words.CLOSE)
    assert words.CLOSED in text(view(DAN, "draw"))

    said = text(view(DAN, "results"))
    assert "of your class’s 1 digit rightly" in said
    assert "that came with Convscope, each trained on MNIST" in said
    (one,) = Shelf().of(OWNER)
    tested = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30)
    tested.session_state["guess_off"] = True
    tested.query_params["test"], tested.query_params["view"] = one.id, "map"
    said = text(open_page(tested, "pages/3_evaluate.py", owner=DAN, network="pretrained:mlp"))
    assert "of 1 test image:" in said
    assert "None of the 1 test pictures is among them." in said
    assert "1 images make no map." in said


def test_what_is_in_dispute_is_told_to_who_drew_it_and_decided_by_the_teacher():
    classes, classroom = a_class()
    ref = core.draw(classes, ADA, 7, scribble())
    for token in (BEN, CLEO):
        core.check(classes, token, ref, 1)
    assert words.disputed_of_mine(1) in text(view(ADA, "draw", digits_chosen=ref))
    teacher = view(OWNER, "decide")
    assert "It was drawn as a 7. Others read: 1, 1." in text(teacher)
    press(teacher, "1")
    assert words.NOTHING_IN_DISPUTE in text(teacher)
    assert drawings_of(classes, classes.seat(ADA).classroom)[0].label == 1
    ada = view(ADA, "draw", digits_chosen=ref)
    assert "Your teacher says that it is a 1: it counts." in text(ada)
    press(ada, words.TAKE_OUT)
    assert drawings_of(classes, classroom) == ()


def test_a_student_has_no_teacher_s_step_and_a_stranger_none():
    a_class()
    for step in ("overview", "decide"):
        page = view(ADA, step)
        assert "Draw a" in page.header[0].value
    assert "Draw a" not in str([header.value for header in view(secrets.token_urlsafe(16), "draw").header])
