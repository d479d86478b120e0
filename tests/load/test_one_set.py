"""A class collects together: thirty students draw into one shared set at once, and not one drawing is lost."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cnn_core.data.own import Shelf
from tests.browser.conftest import serving
from tests.load.student import Student

OWNER = "o" * 22
STUDENTS, EACH = 30, 4


def drawing(seed):
    """A thick stroke somewhere, as the pad sends it: 56×56 numbers row by row."""
    rng = np.random.default_rng(seed)
    pad = np.zeros((56, 56), dtype=int)
    column, row, length, turn = (
        rng.integers(4, 40),
        rng.integers(4, 20),
        rng.integers(14, 34),
        rng.uniform(-0.5, 0.5),
    )
    for step in range(length):
        place = int(np.clip(column + turn * step, 0, 51))
        pad[row + step, place : place + 4] = rng.integers(150, 256)
    return pad.ravel().tolist()


async def draws(host, key, number):
    """One student: opens the link, and adds drawings to one class and the other, some of them two at once."""
    student = Student(host, secrets.token_urlsafe(16))
    try:
        await student.open("my_data", data=key)
        waiting = [[n + 1, n % 2, drawing(1000 * number + n)] for n in range(EACH)]
        await student.tell("data_pad", waiting=waiting[:1])
        await student.tell("data_pad", waiting=waiting[1:3])
        await student.think(2.5)  # others' pictures arrive meanwhile
        await student.tell(
            "data_pad", waiting=waiting[2:]
        )  # the third is told again: the answer had not come yet
        return [error for answer in student.answers for error in answer.errors]
    finally:
        await student.close()


async def all_of_them(host, key):
    return await asyncio.gather(*(draws(host, key, number) for number in range(STUDENTS)))


@pytest.mark.timeout(500)
def test_thirty_students_draw_into_one_set_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.load.student.PATIENCE", 150.0)
    with serving(tmp_path) as server:
        one = Shelf(server.runs / "datasets").make(OWNER, classes=("house", "fish"))
        key = one.share(OWNER)
        # In a thread: where browser tests ran before, Playwright's event loop lives in this one until the end.
        with ThreadPoolExecutor(1) as thread:
            host = server.url.removeprefix("http://")
            errors = thread.submit(asyncio.run, all_of_them(host, key)).result()
        assert not any(errors), errors
        contents = one.contents()
        assert sorted(person.count for person in contents.contributors()) == [EACH] * STUDENTS
        assert [len(contents.of_class(number)) for number in range(2)] == [STUDENTS * EACH // 2] * 2
        assert contents.count("test") == STUDENTS * EACH // 4
