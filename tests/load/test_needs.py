"""What so many students need: arithmetic, by hand for thirty, and the page says what the program prints."""

from pathlib import Path

from tests.load.needs import Lesson, Measured, needs, table

PAGE = Path(__file__).parents[2] / "deploy" / "more_machines.md"


def test_a_class_of_thirty_by_hand():
    # 30 clicks in 8 s of 0.1 s each: 0.375 of a core, and a server may have half of one.
    # A run takes 300,000 / 14,200 + 4 = 25.1 s; thirty of them in 300 s are 2.5 at once.
    one = needs(30)
    assert (one.servers, one.workers, one.machines, one.proxies) == (1, 3, 1, 0)
    assert round(one.memory, 2) == 2.45  # 950 + 300 + 3 x 400
    assert round(one.disk, 2) == 4.98  # 30 x 20 x 8.3


def test_more_patience_needs_fewer_workers_and_little_memory_more_machines():
    assert needs(300, how=Lesson(patience=3_000)).workers == needs(30).workers
    assert needs(300, how=Lesson(memory=2_000)).machines > needs(300).machines
    assert needs(300, Measured(page=0.05)).servers < needs(300).servers


def test_the_page_has_the_table_that_the_program_prints():
    assert table() in PAGE.read_text("utf-8")
