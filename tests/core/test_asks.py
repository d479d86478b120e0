"""The predictions of a class: who is told what and when, and how answers are counted."""

import itertools
import json
import random
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnn_core.classroom import Asks, Classes, Outcome
from cnn_core.classroom.asks import stage_of, waiting
from cnn_core.classroom.question_file import Drawing, question_in, to_file
from cnn_core.classroom.tally import bars, bins, middle_curve, spots, verdict
from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion, PointQuestion

TEACHER, STRANGER = (secrets.token_urlsafe(16) for _ in range(2))
CHOICE = ChoiceQuestion(
    id="tour.kernel",
    asked="Which?",
    options=("0", "3", "9"),
    answer="0",
    hints={"3": "SECRET hint", "9": "SECRET hint"},
    hint="SECRET hint",
)
NUMBER = NumberQuestion(id="tour.pooling", asked="How many?", least=0, most=100, unit="%")
POINT = PointQuestion(id="feature_maps.where", asked="Where?", rows=28, columns=28)
CURVE = CurveQuestion(id="tour.turned", asked="How sure?", ticks=("−90°", "0°", "90°"))
OUTCOME = Outcome(28.5, "SECRET why", "convolution", {"move": "1"})


@pytest.fixture
def classes(tmp_path):
    return Classes(tmp_path)


def members(classes, count):
    classroom, _ = classes.open(TEACHER, "Tuesday", 2)
    tokens = [secrets.token_urlsafe(16) for _ in range(count)]
    for token in tokens:
        classes.join(token, classroom.code)
    return tokens


def room(classes):
    return classes.seat(TEACHER).classroom


def test_a_question_goes_through_three_stages_and_nobody_is_handed_more_than_its_stage_shows(classes):
    ada, ben, _ = members(classes, 3)
    asks = Asks(classes)
    drawn = Drawing(image=b"\x89PNG", alt="a seven")
    asked = asks.ask(TEACHER, NUMBER, OUTCOME, drawn)
    assert waiting(classes.seat(ada).classroom) == "How many?"
    assert asks.question(room(classes), asked.id) == asked
    assert asked.question.about.startswith(asked.id)

    asks.answer(ada, asked.id, 40)
    asks.answer(ben, asked.id, 60)
    asks.answer(ben, asked.id, 70)  # an answer may change, and counts once
    for token in (ada, TEACHER):
        now = classes.seat(token).classroom
        assert (asks.answered(now, asked.id), asks.said(now, asked.id)) == ((2, 3), [])
        assert asks.outcome(now, asked.id) is None
        held = repr((now.shows, asks.question(now, asked.id)))
        assert "28.5" not in held
        assert "SECRET" not in held
    assert asks.own(ben, asked.id) == 70

    asks.show(TEACHER, asked.id, "answers")
    assert sorted(asks.said(room(classes), asked.id)) == [40, 70]
    assert asks.outcome(room(classes), asked.id) is None
    assert waiting(room(classes)) == ""
    with pytest.raises(StudentError, match="not taken any more"):
        asks.answer(ada, asked.id, 28)

    asks.show(TEACHER, asked.id, "measured")
    assert asks.outcome(room(classes), asked.id) == OUTCOME
    asks.show(TEACHER, asked.id, "answers")  # there is no way back
    assert stage_of(room(classes), asked.id) == "measured"


def test_a_choice_is_asked_without_what_would_tell_its_answer(classes):
    (ada,) = members(classes, 1)
    asked = Asks(classes).ask(TEACHER, CHOICE, Outcome("0", "why"))
    assert asked.question.answer is None
    assert "SECRET" not in repr(asked) + json.dumps(to_file(asked, Outcome("0", "why")))
    guess = Asks(classes).answer(ada, asked.id, "9")
    assert asked.question.hint_for("9") == ""
    assert guess.tries == ()


def test_one_question_at_a_time_is_open_and_one_of_before_comes_back_as_it_was(classes):
    (ada,) = members(classes, 1)
    asks = Asks(classes)
    first = asks.ask(TEACHER, NUMBER, OUTCOME)
    second = asks.ask(TEACHER, CHOICE, Outcome("3", ""))
    with pytest.raises(StudentError, match="not taken any more"):
        asks.answer(ada, first.id, 40)
    asks.bring_back(TEACHER, first.id)
    assert waiting(room(classes)) == "How many?"
    asks.answer(ada, first.id, 40)
    asks.bring_back(TEACHER, "")
    assert waiting(room(classes)) == ""
    asks.drop(TEACHER, first.id)
    assert asks.question(room(classes), first.id) is None
    with pytest.raises(StudentError, match="not asked any more"):
        asks.answer(ada, first.id, 40)
    asks.bring_back(TEACHER, second.id)
    asks.answer(ada, second.id, "3")
    assert list(classes.kept_of(ada, "answers")) == [second.id]  # nothing stays of what was taken away


def test_only_a_teacher_asks_and_shows_and_only_a_member_answers(classes):
    (ada,) = members(classes, 1)
    asks = Asks(classes)
    asked = asks.ask(TEACHER, NUMBER, OUTCOME)
    for token in (ada, STRANGER):
        for act in (
            lambda token=token: asks.ask(token, NUMBER, OUTCOME),
            lambda token=token: asks.show(token, asked.id, "answers"),
            lambda token=token: asks.bring_back(token, asked.id),
            lambda token=token: asks.drop(token, asked.id),
        ):
            with pytest.raises(StudentError, match="teacher"):
                act()
    for token in (TEACHER, STRANGER):
        with pytest.raises(StudentError, match="in no class"):
            asks.answer(token, asked.id, 40)
    other = Classes(classes.path.parent)
    theirs, _ = other.open(STRANGER, "Another", 1)
    with pytest.raises(StudentError):
        asks.show(STRANGER, asked.id, "answers")
    assert asks.question(theirs, asked.id) is None
    assert asks.said(theirs, asked.id) == []
    assert len(list((room(classes).path / "asked").iterdir())) == 1


def test_a_class_is_asked_so_many_questions_and_no_more(classes, monkeypatch):
    members(classes, 1)
    monkeypatch.setattr("cnn_core.classroom.asks.MOST_QUESTIONS", 3)
    asks = Asks(classes)
    for _ in range(3):
        asks.ask(TEACHER, NUMBER, OUTCOME)
    with pytest.raises(StudentError, match="has been asked 3 questions"):
        asks.ask(TEACHER, NUMBER, OUTCOME)
    assert len(list((room(classes).path / "asked").iterdir())) == 3
    for wrong in (Outcome(None, ""), Outcome("many", ""), Outcome(float("nan"), "")):
        with pytest.raises(StudentError, match="Nothing could be measured"):
            asks.ask(TEACHER, NUMBER, wrong)


@pytest.mark.parametrize("question", [CHOICE, NUMBER, POINT, CURVE], ids=lambda one: type(one).__name__)
def test_a_question_of_each_kind_is_read_back_as_it_was_asked(question, classes):
    members(classes, 1)
    value = {"choice": "3", "number": 5, "point": (3, 4), "curve": (1.0, 2.0, 3.0)}[question.skipped().kind]
    drawn = Drawing(b"a", b"b", (28, 28, 3, 3), (0, 2), "alt", 44)
    asked = Asks(classes).ask(TEACHER, question, Outcome(value, "why"), drawn)
    assert Asks(Classes(classes.path.parent)).question(room(classes), asked.id) == asked
    Asks(classes).show(TEACHER, asked.id, "measured")
    assert Asks(classes).outcome(room(classes), asked.id).value == value


def test_answers_that_arrive_while_they_are_shown_are_among_them_or_refused(classes):
    tokens = members(classes, 12)
    asks = Asks(classes)
    asked = asks.ask(TEACHER, NUMBER, OUTCOME)

    def say(token):
        try:
            Asks(Classes(classes.path.parent)).answer(token, asked.id, 40)
        except StudentError:
            return 0
        return 1

    with ThreadPoolExecutor(13) as pool:
        taken = [pool.submit(say, token) for token in tokens]
        reveal = pool.submit(asks.show, TEACHER, asked.id, "answers")
        reveal.result()
        told = sum(one.result() for one in taken)
    assert len(asks.said(room(classes), asked.id)) == told


# ---------------------------------------------------------------- counted by hand


def test_a_histogram_counts_each_answer_once_and_its_parts_lie_side_by_side():
    parts = bins(NUMBER, [0, 4, 5, 28, 99, 100])
    assert len(parts) == 20  # of 5 each
    assert {one.low: one.count for one in parts if one.count} == {0: 2, 5: 1, 25: 1, 95: 2}
    assert all(one.high == after.low for one, after in itertools.pairwise(parts))
    fine = NumberQuestion(id="x", asked="?", least=0, most=1, step=0.05)
    assert [one.count for one in bins(fine, [0.15, 0.3, 1.0])] == [0, 0, 0, 1, 0, 0, 1, *[0] * 13, 1]


def test_each_kind_is_counted_as_by_hand():
    assert bars(CHOICE, ["9", "0", "9"]) == [("0", 1), ("3", 0), ("9", 2)]
    assert spots([(3, 4), (0, 0), (3, 4)]) == [((3, 4), 2), ((0, 0), 1)]
    assert middle_curve([(0, 10, 1), (4, 20, 1), (9, 90, 1), (5, 30, 1)]) == (4.5, 25, 1)
    assert middle_curve([]) == ()


def test_what_most_got_wrong_is_what_most_said_and_is_not_so():
    told = verdict(CHOICE, ["9", "9", "3", "3", "0"], "0")
    assert (told.answered, told.right, told.common, told.wrong) == (5, 1, ("3", "9"), 2)
    # 28 % ± 5 of 100: 40, 60 and 90 are too much, 10 too little, 30 is right.
    told = verdict(NUMBER, [40, 60, 90, 10, 30], 28)
    assert (told.answered, told.right, told.wrong, told.side, told.middle) == (5, 1, 3, 1, 40)
    assert verdict(NUMBER, [20, 36], 28).side == 0
    # Distances 5, 0 and 13 pixels; a twentieth of the way across, √(27² + 27²) / 20, is 1.9.
    told = verdict(POINT, [(3, 4), (0, 0), (5, 12)], (0, 0))
    assert (told.right, told.wrong, told.middle) == (1, 2, 5)
    # At 90° the middle of 80, 60 and 70 is 70, and 10 was measured: nowhere else is as much between them.
    told = verdict(CURVE, [(0, 100, 80), (10, 100, 60), (0, 90, 70)], (0, 100, 10))
    assert (told.at, told.middle, told.measured, told.side, told.wrong) == (2, 70, 10, 1, 3)
    assert verdict(NUMBER, [], 28).answered == 0


# ---------------------------------------------------------------- strangers

RUBBISH = [
    None, True, "", "0", "<b>", "x" * 5000, float("nan"), float("inf"), -1, 10**30, 3.5, [], [1, 2], (3, 4), [3, 400],
    [50.0] * 3, [50.0] * 64, [None] * 3, {"said": 1}, b"0", "\ud800", ["9"], [float("nan")] * 3,
]  # fmt: skip


def test_what_strangers_say_is_kept_only_where_it_answers_the_question(classes):
    ada, *_ = members(classes, 2)
    asks, chance = Asks(classes), random.Random(15)
    asked = [
        asks.ask(TEACHER, question, Outcome(value, ""))
        for question, value in ((CHOICE, "3"), (NUMBER, 5), (POINT, (3, 4)), (CURVE, (1, 2, 3)))
    ]
    ids = [one.id for one in asked]
    for _ in range(300):
        one, said = chance.choice(asked), chance.choice(RUBBISH)
        place = chance.choice([one.id, one.id, one.id, "", "../x", "q" * 11, None, 7, "q0123456789"])
        if asked_for := place == one.id:
            asks.bring_back(TEACHER, one.id)
        try:
            asks.answer(ada, place, said)
        except StudentError:
            continue
        assert asked_for
        assert one.question.guess(said).said == asks.own(ada, one.id)
    assert set(classes.kept_of(ada, "answers")) <= set(ids)


def test_a_file_that_is_spoiled_is_no_question_and_its_answers_are_left_out(classes):
    ada, ben = members(classes, 2)
    asks, chance = Asks(classes), random.Random(4)
    asked = asks.ask(TEACHER, CURVE, Outcome((1, 2, 3), "why"))
    asks.answer(ada, asked.id, [1, 2, 3])
    asks.answer(ben, asked.id, [4, 5, 6])
    member = classes.seat(ben).member.id
    (room(classes).path / "answers" / f"{member}.json").write_text('{"' + asked.id + '": {"said": "x"}}')
    asks.show(TEACHER, asked.id, "measured")
    assert asks.said(room(classes), asked.id) == [(1, 2, 3)]
    whole = to_file(asked, Outcome((1, 2, 3), "why"))
    for _ in range(100):
        values = json.loads(json.dumps(whole))
        place = chance.choice([values, values["question"], values["drawing"], values["outcome"]])
        place[chance.choice(list(place))] = chance.choice([None, [], {}, "x", -1, 10**40, "é", True])
        found = question_in(values, asked.id)
        assert found is None or found.question.skipped().said is None
    (room(classes).path / "asked" / f"{asked.id}.json").write_bytes(b"{")
    assert (asks.question(room(classes), asked.id), asks.said(room(classes), asked.id)) == (None, [])
