"""A few students on a real server: the load test itself works, and nobody sees an error.

How fast it is for a class is measured by hand (`python -m tests.load`): a busy machine proves nothing.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.exceptions import ConnectionClosed

from cnn_core.classroom import Classes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import TrainSpec
from tests.browser.conftest import ROOT, serving
from tests.load import guessing, hostile, in_class, lockstep
from tests.load.classroom import ADDRESSES, Plan, lesson, percentile, report
from tests.load.in_class import ClassPlan, Lesson
from tests.load.inputs import DOORS, VIEWS, inputs
from tests.load.student import Student


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The server's HOME and TMPDIR."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(tmp_path_factory, home):
    with serving(tmp_path_factory.mktemp("class"), HOME=str(home), TMPDIR=str(home)) as running:
        yield running


def run(work):
    # In a thread: where browser tests ran before, Playwright's event loop lives in this one until the end.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.mark.timeout(400)
def test_a_few_students_at_once_see_no_error_and_lose_no_run(server):
    plan = Plan(
        students=3,
        training=1,
        watching=1,
        seconds=6.0,
        acts=0.3,
        think=0.3,
        watch=2.5,
        arrive=0.5,
        wait=240.0,
    )
    outcome = run(lesson(server, plan))
    told = report(plan, outcome)
    assert not outcome.errors, told
    assert not outcome.lost, told
    assert list(outcome.runs.values()) == ["finished"], told
    assert [answer.page for answer in outcome.first] == ADDRESSES
    assert {answer.runs for answer in outcome.first} == {1}, "a page was drawn twice"
    assert outcome.times("click"), told
    assert outcome.times("tick"), "nobody saw a training move"


def test_in_a_lecture_all_go_to_the_same_page_together_as_often_as_it_is_said(server):
    said = run(lockstep.lecture(server, students=3, times=2, pages=["", "convolution"]))
    told = lockstep.told(said)
    assert not said.errors, told
    assert not said.complaints, told
    assert [(word.page, word.time) for word in said.words] == [
        ("", 0),
        ("convolution", 0),
        ("", 1),
        ("convolution", 1),
    ]
    assert all([answer.page for answer in word.answers] == [word.page] * 3 for word in said.words)
    assert all(answer.size > 10_000 for word in said.words for answer in word.answers), told  # a page each


@pytest.mark.timeout(400)
def test_students_of_a_class_join_by_its_code_see_its_board_move_and_are_all_still_there(server):
    tiny = f"recipe=own&epochs=1&images=1000&design={PRESETS['tiny'].to_link()}"
    plan = ClassPlan(
        students=3, training=1, recipe=tiny, seconds=3.0, think=0.5, every=0.2, within=60.0, least=3
    )
    outcome = run(Lesson(plan, server).run())
    told = in_class.told(plan, outcome)
    assert outcome.is_good, told
    assert outcome.delays, told
    assert list(outcome.runs.values()).count("finished") == len(outcome.runs)


def test_the_pages_send_a_student_of_one_class_nothing_of_another(server):
    classes, store = Classes(server.runs), RunStore(server.runs)
    ours, theirs = (classes.open(secrets.token_urlsafe(16), title, 2)[0] for title in ("Ours", "Zanzibar"))
    me, other = (secrets.token_urlsafe(16) for _ in range(2))
    classes.join(me, ours.code, "Ada")
    member = classes.join(other, theirs.code, "Quagga").member
    classes.keep(other, "answers", {"word": "Xylophone"})
    run_id = store.submit(PRESETS["tiny"], TrainSpec(epochs=1, train_size=100), owner=other)
    marks = (theirs.code, "Zanzibar", "Quagga", "Xylophone", member.id, run_id)

    async def looks(token):
        student = Student(server.url.removeprefix("http://"), token)
        student.sees = {mark.encode(): None for mark in marks}
        await student.open("classroom", view="board")
        for view in VIEWS:
            student.address = {"view": view, "task": theirs.id, "set": theirs.id, "class": theirs.id}
            await student.turn_to("classroom")
        await student.close()
        assert not [error for answer in student.answers for error in answer.errors]
        return {mark.decode() for mark, at in student.sees.items() if at is not None}

    assert run(looks(me)) == set()
    assert {"Zanzibar", "Quagga"} <= run(looks(other))  # the marks are such as would be found


def test_a_code_is_not_found_by_trying_on_the_page(server):
    guesses = run(guessing.guess(server, 66))
    assert guesses.is_good, guessing.told(guesses)
    assert guesses.said["refused"] >= 3, guessing.told(guesses)  # the right one at last among them


def test_what_is_said_beside_the_pages_is_answered_to_the_end_and_the_answer_is_looked_at(server):
    unknown = BackMsg(rerun_script=ClientState(query_string="net=" + "%F0%9F" * 3_000))

    async def says():
        student = Student(server.url.removeprefix("http://"), secrets.token_urlsafe(16))
        await student.open()
        answer = await student.say(unknown.SerializeToString())
        with pytest.raises(ConnectionClosed):  # no message at all
            await student.say(b"\xff" * 1_000)
        await student.close()
        return answer, student.answers

    answer, answers = run(says())
    assert [one.kind for one in answers] == ["page", "said", "said"]
    assert (answer.runs, answer.errors) == (1, [])
    assert answer.size > 10_000  # a page
    server.log.write_text("")  # Streamlit tells with a traceback that it was no message


@pytest.mark.timeout(400)
def test_hostile_inputs_through_all_doors_break_nothing_and_leave_nothing_behind(server, home):
    siege = run(hostile.besiege(server, len(DOORS), seed=7, home=home, each_door=True))
    if siege.is_good:
        server.log.write_text("")  # warnings of Streamlit's own, about what it could not read
    assert siege.is_good, hostile.told(siege)
    assert set(siege.done) == set(DOORS), "a door was left out"


def test_what_somebody_curious_would_see_or_leave_behind_is_a_fault(tmp_path):
    assert hostile.is_ours(
        'Traceback\n  File "' + str(ROOT / "pages/2_train.py") + '", line 3, in page\nValueError'
    )
    assert hostile.is_ours("2026-01-01 Uncaught app execution\nTraceback")
    assert not hostile.is_ours('a warning\nTraceback\n  File "/lib/streamlit/x.py", line 3, in f\nValueError')
    before = hostile.written(tmp_path / "runs", tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run.json").write_text("{}")
    assert hostile.written(tmp_path / "runs", tmp_path) == before
    (tmp_path / "escaped.png").write_text("x")
    assert len(hostile.written(tmp_path / "runs", tmp_path) - before) == 1


def test_the_same_seed_brings_the_same_inputs():
    first, again = ([(one.door, one.name) for one in inputs(60, seed=3)] for _ in range(2))
    assert first == again
    assert [(one.door, one.name) for one in inputs(60, seed=4)] != first


def test_a_percentile_is_a_value_that_occurred():
    assert percentile([5.0], 0.95) == 5.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
