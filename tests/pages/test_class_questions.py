"""The questions of a class on its page: what teacher and students see, and what nobody is sent before it is shown."""

import re

from streamlit.testing.v1 import AppTest

from cnn_core.classroom import Classes, Outcome, Scene
from cnn_core.classroom.asks import Asks, now_of, waiting
from cnn_core.classroom.question_file import ClassQuestion
from cnn_core.classroom.tally import verdict
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion, PointQuestion
from cnn_core.runs import RunStore
from pages.classroom import answer_charts
from pages.classroom import question_words as words
from pages.ui.frame.shell import ROOT
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page, text

ADA, BEN = "b" * 22, "c" * 22
NUMBER = NumberQuestion(id="tour.pooling", asked="How much of it moves?", least=0, most=100, unit="%")
CHOICE = ChoiceQuestion(id="tour.kernel", asked="Which?", options=("a_1", "<b>", "c"))
CURVE = CurveQuestion(id="tour.turned", asked="How sure?", ticks=("−90°", "0°", "90°"))
POINT = PointQuestion(id="feature_maps.where", asked="Where?", rows=28, columns=28)


def a_class():
    classes = Classes(RunStore().path)
    classroom, _ = classes.open(OWNER, "Tuesday", 2)
    for token in (ADA, BEN):
        classes.join(token, classroom.code)
    return classes


def dashboard():
    return AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=30)


def view(app, token):
    app.query_params["view"] = "questions"
    return open_page(app, "pages/9_classroom.py", owner=token)


def sent(app):
    """All that went to the browser."""
    found, left = [], [app._tree]
    while left:
        node = left.pop()
        found.append(str(getattr(node, "proto", "")))
        left += list(getattr(node, "children", {}).values())
    return "\n".join(found)


def press(app, label):
    next(one for one in app.button if one.label.strip("*") == label or label in one.label).click().run()
    assert not app.exception
    return app


def test_a_question_is_asked_answered_shown_and_measured_and_nothing_is_sent_before_its_time(app):
    classes = a_class()
    asks = Asks(classes)
    teacher = view(app, OWNER)
    next(one for one in teacher.selectbox if one.label == words.WHICH).select("strides").run()
    assert "how many places are left?" in text(teacher)
    press(teacher, words.ASK)
    classroom = classes.seat(OWNER).classroom
    question_id = now_of(classroom)
    assert "how many places are left?" in waiting(classroom)
    answer = next((classroom.path / "asked").iterdir()).read_text()
    asks.answer(BEN, question_id, 613)

    ada = view(dashboard(), ADA)
    ada.slider[0].set_value(337).run()
    press(ada, "I say")
    teacher.run()
    for one in (ada, teacher):
        assert "how many places are left?" in text(one).replace("*", "")
        assert re.search(r"(?<!\w)613(?!\w)", sent(one)) is None  # an element's id may have these digits
        assert "/ 2 + 1" not in sent(one)
        assert "/ 3 + 1" not in sent(one)
    assert " + 1 = " in answer  # the very sentence that was not sent
    assert "You said 337 places." in text(ada).replace("*", "")
    assert "2 of 2 have answered" in text(teacher).replace("*", "")
    assert "2 of 2" not in text(ada)

    press(ada, words.CHANGE)
    ada.slider[0].set_value(400).run()
    press(ada, "I say")
    assert asks.own(ADA, question_id) == 400

    press(teacher, words.SHOW_ANSWERS)
    ada.run()
    assert "2 of you have answered." in text(ada)
    assert "600 places to 650 places: 1" in sent(ada)
    assert "measured" not in text(ada)
    press(teacher, words.SHOW_MEASURED)
    ada.run()
    assert " + 1 = " in text(ada)
    assert "Measured: " in sent(ada)
    (mine,) = RunStore().notebooks.of(ADA).guesses
    assert (mine.said, mine.measured) == (400, asks.outcome(classes.seat(ADA).classroom, question_id).value)
    assert words.LOOK_AT_IT in sent(ada)
    # Where the class's scene closes the page of the question, nothing leads there.
    scenes = server.scenes()
    scenes.show_class(OWNER, scenes.make(OWNER, Scene("Here", "classroom", pages=("classroom",))))
    assert " + 1 = " in text(view(ada, ADA))
    assert words.LOOK_AT_IT not in sent(ada)


def test_the_lesson_has_a_button_for_its_teacher_alone(app):
    a_class()
    app.query_params["step"] = "kernel"
    open_page(app, "pages/1_convolution.py", owner=OWNER)
    assert "class_question_kernel" in {button.key for button in app.button}
    app.session_state["visitor"] = ADA
    app.run()
    assert "class_question_kernel" not in {button.key for button in app.button}


# ---------------------------------------------------------------- sentences, counted by hand


def said_of(question, said, measured):
    return words.what_most_said(question, verdict(question, said, measured), measured).replace("*", "")


def test_what_most_got_wrong_is_said_in_the_students_own_numbers():
    assert (
        said_of(CHOICE, ["c"] * 17 + ["a_1"] * 7, "a_1") == "17 of 24 said “c”; it is “a\\_1”, which 7 said."
    )
    assert said_of(CHOICE, ["c", "c"], "a_1") == "2 of 2 said “c”; it is “a\\_1”, which nobody said."
    assert said_of(CHOICE, ["c", "c"], "c") == "All 2 said “c”, and so it is."
    assert said_of(CHOICE, ["c", "c", "a_1"], "c") == "2 of 3 said “c”, and so it is. 1 said “a\\_1”."
    assert (
        said_of(CHOICE, ["c", "<b>", "a_1"], "a_1")
        == "2 of 3 said “\\<b\\>” or “c”, 1 each; it is “a\\_1”, which 1 said."
    )
    assert said_of(CHOICE, ["c"], "a_1") == "The one answer is “c”; it is “a\\_1”."
    assert said_of(CHOICE, [], "a_1") == "Nobody has answered. It is “a\\_1”."
    assert (
        said_of(NUMBER, [60, 70, 80, 30, 10], 28)
        == "3 of 5 said too much: the middle answer is 60 %; it is 28 %. 1 came within 5 points."
    )
    assert said_of(NUMBER, [10, 46], 28) == "As many said too much as too little, 1 each; it is 28 %."
    assert said_of(NUMBER, [30, 26], 28) == "All 2 answers are no more than 5 points from 28 %."
    assert said_of(NUMBER, [90], 28) == "The one answer is 90 %; it is 28 %."
    assert (
        said_of(CURVE, [(0, 100, 80), (10, 100, 60), (0, 90, 70)], (0, 100, 10))
        == "At 90°, 3 of 3 drew it too high: the middle of your curves is at 70 % there, measured 10 %."
    )
    assert (
        said_of(POINT, [(3, 4), (0, 0), (5, 12)], (0, 0))
        == "2 of 3 pointed more than 1.9 pixels away; the middle distance is 5 pixels."
    )


def test_a_chart_says_what_it_shows_and_shows_a_strangers_words_as_words():
    asked = ClassQuestion("q0123456789", CHOICE)
    drawn = answer_charts.chart(asked, ["<b>", "c", "<b>"], None, "c", "light")
    assert 'aria-label="3 answers. a_1: 0, &lt;b&gt;: 2, c: 1."' in drawn
    assert "<b></b>" not in drawn
    assert "<b>2</b>" in drawn
    assert "measured" not in drawn
    assert "measured" in answer_charts.chart(asked, ["c"], "c", None, "dark")
    # Of 0 to 100 %, 28 % stands at 28 per cent of the width.
    number = answer_charts.chart(ClassQuestion("q0123456789", NUMBER), [40], 28, 40, "light")
    assert "left:28.00%" in number
    assert "you said 40 %" in number


def test_a_class_that_is_wiped_while_a_student_looks_shows_the_door(app):
    classes = a_class()
    asked = Asks(classes).ask(OWNER, NUMBER, Outcome(28, "why"))
    ada = view(app, ADA)
    assert "How much of it moves?" in text(ada)
    classes.wipe(OWNER)
    press(ada, "I say")
    assert Classes(RunStore().path).seat(ADA) is None
    assert asked.id not in sent(ada)
