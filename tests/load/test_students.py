"""A few students on a real server: the load test itself works, and nobody sees an error.

How fast it is for a class is measured by hand (`python -m tests.load`): a busy machine proves nothing.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.browser.conftest import serving
from tests.load import lockstep
from tests.load.classroom import ADDRESSES, Plan, lesson, percentile, report


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("class")) as running:
        yield running


def run(work):
    # In a thread: where browser tests ran before, Playwright's event loop lives in this one until the end.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.mark.timeout(400)
def test_a_few_students_at_once_see_no_error_and_lose_no_run(server):
    plan = Plan(students=3, training=1, watching=1, seconds=6.0, think=0.3, watch=2.5, arrive=0.5, wait=240.0)
    outcome = run(lesson(server, plan))
    told = report(plan, outcome)
    assert not outcome.errors, told
    assert not outcome.lost, told
    assert list(outcome.runs.values()) == ["finished"], told
    assert [answer.page for answer in outcome.first] == ADDRESSES
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


def test_a_percentile_is_a_value_that_occurred():
    assert percentile([5.0], 0.95) == 5.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
