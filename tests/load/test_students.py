"""Three students on a real server, one of them training: the load test itself works, and nobody sees an error.

How fast it is for a class is measured by hand (`python -m tests.load`): a busy machine proves nothing.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.browser.conftest import serving
from tests.load.classroom import ADDRESSES, Plan, lesson, percentile, report


@pytest.mark.timeout(400)
def test_a_few_students_at_once_see_no_error_and_lose_no_run(tmp_path):
    plan = Plan(students=3, training=1, watching=1, seconds=6.0, think=0.3, watch=2.5, arrive=0.5, wait=240.0)
    with serving(tmp_path) as server:
        # In a thread: where browser tests ran before, Playwright's event loop lives in this one until the end.
        with ThreadPoolExecutor(1) as thread:
            outcome = thread.submit(asyncio.run, lesson(server, plan)).result()
    told = report(plan, outcome)
    assert not outcome.errors, told
    assert not outcome.lost, told
    assert list(outcome.runs.values()) == ["finished"], told
    assert [answer.page for answer in outcome.first] == ADDRESSES
    assert outcome.times("click"), told
    assert outcome.times("tick"), "nobody saw a training move"


def test_a_percentile_is_a_value_that_occurred():
    assert percentile([5.0], 0.95) == 5.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
