"""A guess: how far off it was, what may be said, and what a notebook's file may hold."""

import json
import math
import os
import time

import orjson
import pytest

from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion, PointQuestion
from cnn_core.lesson.guesses import (
    Guess,
    guess_of,
    mean_distance,
    most_surprising,
    off,
    right_ones,
    surprise,
    was_right,
    with_measured,
)
from cnn_core.runs import RunStore, tidying
from cnn_core.runs.ids import owner_of
from cnn_core.runs.notebooks import LARGEST, MOST_GUESSES, read

TOKEN = "t" * 22
NUMBER = NumberQuestion(id="how.many", asked="How many?", least=0, most=100, unit="%")
POINT = PointQuestion(id="where", asked="Where?", rows=28, columns=28)
CURVE = CurveQuestion(id="falls", asked="How does it fall?", ticks=("−90°", "0°", "+90°"))
CHOICE = ChoiceQuestion(
    id="which",
    asked="Which?",
    options=("a", "b", "c"),
    answer="b",
    hints={"a": "a has no maps."},
    hint="Look again.",
)


def notebook_file(path):
    return path / "visitors" / owner_of(TOKEN) / "notebook.json"


@pytest.mark.parametrize(
    ("said", "measured", "expected"),
    [
        ((100.0, 50.0, 0.0), (100.0, 80.0, 60.0), 30.0),  # 0, 30 and 60 apart
        ((10.0, 90.0, 10.0), (90.0, 10.0, 90.0), 80.0),
        ((40.0, 40.0, 40.0), (39.0, 41.0, 40.0), 2 / 3),  # above and below do not cancel
    ],
)
def test_two_curves_are_as_far_apart_as_their_points_are_on_average(said, measured, expected):
    assert mean_distance(said, measured) == pytest.approx(expected)
    assert off(with_measured(CURVE.guess(said), measured)) == pytest.approx(expected)


def test_how_far_off_is_a_difference_a_way_or_nothing_for_words():
    assert off(with_measured(NUMBER.guess(40), 28)) == 12
    assert off(with_measured(POINT.guess((3, 0)), (0, 4))) == 5  # 3, 4, 5
    assert off(with_measured(CHOICE.guess("a"), "b")) is None
    assert off(NUMBER.guess(40)) is None


def test_the_most_surprising_comes_first_and_a_second_try_is_half_a_surprise():
    far = with_measured(NUMBER.guess(90), 10)  # 80 of 100
    near = with_measured(NumberQuestion(id="n", asked="?", least=0, most=50).guess(20), 22)  # 2 of 50: 0.04
    second = with_measured(CHOICE.guess("b", ("a",)), "b")
    wrong = with_measured(ChoiceQuestion(id="w", asked="?", options=("a", "b")).guess("a"), "b")
    corner = with_measured(POINT.guess((0, 0)), (27, 27))  # as far as it can be
    skipped, open_guess = with_measured(CURVE.skipped(), (0, 0, 0)), NUMBER.guess(5)
    everything = [near, far, second, wrong, corner, skipped, open_guess]
    assert [surprise(guess) for guess in everything] == [
        pytest.approx(0.04),
        0.8,
        0.5,
        1.0,
        pytest.approx(1.0),
        None,
        None,
    ]
    assert most_surprising(everything)[-3:] == [far, second, near]
    assert {guess.question for guess in most_surprising(everything)[:2]} == {"w", "where"}
    assert right_ones(everything) == [near]
    assert [was_right(guess) for guess in (near, far, skipped)] == [True, False, None]
    assert [guess.state for guess in (near, skipped, open_guess)] == ["measured", "skipped", "guessed"]


@pytest.mark.parametrize(
    ("question", "said"),
    [(CHOICE, one) for one in ("d", 0, None, ["a"])]
    + [(NUMBER, one) for one in (-1, 101, math.nan, math.inf, 10**400, True, "40", None)]
    + [(POINT, one) for one in ((28, 0), (-1, 0), (1.5, 2), (0,), "ab", None, (True, 0))]
    + [
        (CURVE, one)
        for one in ([1, 2], [1, 2, 3, 4], [1, 2, math.nan], [1, 2, 101], "abc", [1, 2, "3"], [0] * 10**6)
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_no_control_of_ours_can_send_is_refused_in_a_sentence(question, said):
    with pytest.raises(StudentError) as refusal:
        question.guess(said)
    assert refusal.value.hint


def test_a_wrong_first_answer_gets_its_hint_and_the_second_does_not():
    assert CHOICE.hint_for("a") == "a has no maps."
    assert CHOICE.hint_for("c") == "Look again."
    assert CHOICE.hint_for("b") == ""
    assert CHOICE.hint_for("c", tries=("a",)) == ""
    assert ChoiceQuestion(id="x", asked="?", options=("yes", "no"), answer="no").hint_for("yes") == ""


@pytest.mark.parametrize(
    "guess",
    [
        NUMBER.guess(40),
        with_measured(NUMBER.guess(40), 28.5),
        POINT.guess((3, 4)),
        with_measured(CURVE.guess((1, 2.5, 3)), (3, 2, 1)),
        CURVE.skipped(),
        CHOICE.guess("b", ("a",)),
    ],
    ids=("a number", "measured", "a point", "a curve", "skipped", "a choice"),
)
def test_a_guess_comes_back_from_json_as_it_was(guess):
    assert guess_of(json.loads(orjson.dumps(guess.to_dict()))) == guess


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dance"},
        {"kind": ["number"]},
        {"said": [40, 3]},
        {"said": "forty"},
        {"said": 1e300},
        {"measured": {"x": 1}},
        {"asked": "x" * 5000},
        {"asked": "turn\u202eround"},
        {"network": 5},
        {"at": "now"},
        {"least": None},
        {"tries": "ab"},
        {"tries": ["x"] * 50},
        {"ticks": [1, 2]},
        {"kind": "curve", "said": [1, 2, 3], "ticks": ["a", "b"]},
        {"question": ""},
    ],
    ids=repr,
)
def test_a_guess_with_anything_wrong_in_it_is_none(change):
    assert guess_of(NUMBER.guess(40).to_dict() | change) is None


def test_a_long_title_or_question_is_cut_so_that_the_guess_is_kept():
    guess = NumberQuestion(
        id="x", asked="a " * 1000, network="n\n" * 500, about="b" * 500, least=0, most=1
    ).guess(1)
    assert guess_of(guess.to_dict()) == guess
    assert guess.asked.endswith("…")


def test_a_notebook_keeps_the_last_guess_of_each_question_and_the_tour_s_steps(tmp_path):
    notebooks = RunStore(tmp_path).notebooks
    assert notebooks.of(TOKEN).guesses == ()
    assert not (tmp_path / "visitors").exists()  # looking leaves nothing behind
    notebooks.keep_guess(TOKEN, NUMBER.guess(40))
    notebooks.keep_guess(TOKEN, POINT.guess((1, 2)))
    notebooks.keep_guess(TOKEN, with_measured(NUMBER.guess(60), 28))
    notebooks.be_at(TOKEN, "padding", ["kernel", "kernel"])
    notebooks.be_at(TOKEN, "strides", ["padding", "../etc"])
    notebooks.ask_first(TOKEN, False)
    there = RunStore(tmp_path).notebooks.of(TOKEN)  # another process
    assert [(guess.question, guess.said, guess.measured) for guess in there.guesses] == [
        ("where", (1, 2), None),
        ("how.many", 60, 28),
    ]
    assert (there.step, there.done, there.asks_first) == ("strides", ("kernel", "padding"), False)
    assert RunStore(tmp_path).notebooks.of("u" * 22).guesses == ()
    notebooks.forget_guess(TOKEN, NUMBER.key)
    assert [guess.question for guess in notebooks.of(TOKEN).guesses] == ["where"]
    notebooks.wipe(TOKEN)
    notebooks.wipe(TOKEN)
    assert notebooks.of(TOKEN).step == ""


def test_a_notebook_stays_in_its_bytes_and_loses_the_oldest(tmp_path):
    notebooks = RunStore(tmp_path).notebooks
    long = CurveQuestion(id="x", asked="ä" * 390, ticks=tuple("t" * 100 + str(i) for i in range(64)))
    file = notebook_file(tmp_path)
    for i in range(20):
        notebooks.keep_guess(TOKEN, CurveQuestion(**vars(long) | {"id": f"x{i}"}).guess([1 / 3] * 64))
    assert file.stat().st_size <= LARGEST
    kept = [guess.question for guess in notebooks.of(TOKEN).guesses]
    assert kept == [f"x{i}" for i in range(20 - len(kept), 20)]
    assert 5 < len(kept) < 20


RUBBISH = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"guesses"',
    b'{"guesses": 5, "step": {}, "done": "abc", "asks_first": "no"}',
    b'{"guesses": [null, 3, {"question": "x"}, {"kind": "number"}], "done": [1, {}], "step": "../../x"}',
    b"[" * 100_000,
    b'{"guesses": "' + b"x" * 200_000 + b'"}',
    bytes(range(256)),
]


@pytest.mark.parametrize("content", RUBBISH, ids=range(len(RUBBISH)))
def test_a_spoiled_notebook_reads_as_an_empty_one_and_can_be_written_again(tmp_path, content):
    file = notebook_file(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    notebooks = RunStore(tmp_path).notebooks
    there = notebooks.of(TOKEN)
    assert (there.guesses, there.step, there.done, there.asks_first) == ((), "", (), True)
    notebooks.keep_guess(TOKEN, NUMBER.guess(40))
    assert [guess.said for guess in notebooks.of(TOKEN).guesses] == [40]


def test_what_is_whole_in_a_spoiled_notebook_stays(tmp_path):
    good = [NUMBER.guess(40).to_dict() | {"question": f"q{i}"} for i in range(MOST_GUESSES + 10)]
    file = tmp_path / "notebook.json"
    file.write_bytes(
        orjson.dumps({"guesses": [good[0], {"question": 5}, good[1]], "step": "padding", "done": ["x", 7]})
    )
    there = read(file)
    assert [guess.question for guess in there.guesses] == ["q0", "q1"]
    assert (there.step, there.done) == ("padding", ("x",))


def test_a_disk_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    (tmp_path / "visitors").write_text("in the way")
    with pytest.raises(StudentError, match="Your guesses cannot be kept"):
        RunStore(tmp_path).notebooks.keep_guess(TOKEN, NUMBER.guess(40))


def test_guesses_outlive_a_silent_day_and_go_with_the_visitor_after_ninety(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    store.notebooks.keep_guess(TOKEN, NUMBER.guess(40))
    for days, is_left in ((1.5, True), (91, False)):
        monkeypatch.setattr(tidying.Visitors, "silence", lambda _self, _owner, days=days: days * 86_400)
        tidying.tidy(tmp_path)
        assert notebook_file(tmp_path).exists() is is_left
    assert store.notebooks.of(TOKEN).guesses == ()


def test_of_many_notebooks_the_oldest_of_those_who_are_gone_go_first(tmp_path, monkeypatch):
    monkeypatch.setattr(tidying, "KEPT_NOTEBOOKS", 2)
    notebooks, tokens = RunStore(tmp_path).notebooks, [letter * 22 for letter in "abcde"]
    for age, token in enumerate(tokens):
        notebooks.keep_guess(token, NUMBER.guess(age))
        for name in ("notebook.json", "seen"):
            moment = time.time() - (5 - age) * 7200
            os.utime(tmp_path / "visitors" / owner_of(token) / name, (moment, moment))
    os.utime(tmp_path / "visitors" / owner_of(tokens[0]) / "seen")  # the first is here now
    tidying.tidy(tmp_path)
    assert [bool(notebooks.of(token).guesses) for token in tokens] == [True, False, False, True, True]


def test_a_guess_s_time_is_now(monkeypatch):
    monkeypatch.setattr("cnn_core.lesson.guess_questions.time.time", lambda: 1_800_000_000.0)
    assert NUMBER.guess(40).at == 1_800_000_000.0
    assert isinstance(NUMBER.guess(40), Guess)
