"""The benchmark's own sums, with a clock we wind ourselves. How fast anything is, no test may say."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.measure import (
    Line,
    alternate,
    in_milliseconds,
    in_turns,
    multiplied,
    per_second,
    repeat,
)
from tests.benchmarks.report import table


class Bench:
    """A clock, and two workers that move it on by known times and write down who worked."""

    def __init__(self, ours, peer):
        self.now, self.worked = 0.0, []
        self.times = {"ours": iter(ours), "peer": iter(peer)}

    def clock(self):
        return self.now

    def work(self, who):
        self.worked.append(who)
        self.now += next(self.times[who])


def test_the_two_take_turns_after_one_unmeasured_turn_each():
    bench = Bench(ours=[100, 1, 2, 3], peer=[100, 4, 6, 9])
    mine, theirs = alternate(lambda: bench.work("ours"), lambda: bench.work("peer"), 3, bench.clock)
    assert bench.worked == ["ours", "peer"] * 4
    assert mine == (1, 2, 3)
    assert theirs == (4, 6, 9)


def test_what_comes_first_is_not_measured_and_may_be_a_part_of_the_work():
    bench = Bench(ours=[1, 2], peer=[4, 6])
    first = [
        lambda: bench.worked.append("a part of ours"),
        lambda: bench.worked.append("a part of the peer's"),
    ]
    works = [lambda: bench.work("ours"), lambda: bench.work("peer")]
    assert in_turns(works, 2, bench.clock, first=first) == [(1, 2), (4, 6)]
    assert bench.worked == ["a part of ours", "a part of the peer's", "ours", "peer", "ours", "peer"]


def test_of_a_part_that_was_done_the_whole_takes_so_many_times_as_long():
    assert multiplied((1.5, 2), 4) == (6, 8)


def test_work_without_a_peer_is_warmed_up_too():
    bench = Bench(ours=[100, 1, 2], peer=[])
    assert repeat(lambda: bench.work("ours"), 2, bench.clock) == (1, 2)


def test_the_ratio_is_the_median_of_the_turns_ratios_not_the_ratio_of_medians():
    line = Line("", "", "ms", ours=(1, 2, 10), peer=(4, 4, 20))
    assert line.ratios == (4, 2, 2)
    assert line.ratio == 2


def test_less_time_is_better_and_more_images_a_second_are():
    assert Line("", "", "ms", ours=(1,), peer=(2,)).ratio == 2
    assert Line("", "", "images/s", ours=(1,), peer=(2,)).ratio == 0.5


@pytest.mark.parametrize("unit", ["ms", "images/s"])
def test_where_nobody_is_compared_with_there_is_no_ratio_to_reach(unit):
    alone = Line("", "", unit, ours=(1, 2), least=1.0)
    assert (alone.ratio, alone.ratios, alone.reached) == (None, (), None)


@pytest.mark.parametrize(
    ("ours", "peer", "least", "most", "reached"),
    [
        ((2,), (10,), 5, None, True),
        ((2,), (10,), 6, None, False),
        ((2,), (10,), 5, 1, False),  # fast enough beside the peer, too slow for a person
        ((2,), (), None, 3, True),
        ((2,), (10,), None, None, None),  # nobody promised anything
    ],
)
def test_a_figure_is_reached_when_both_the_ratio_and_the_value_are(ours, peer, least, most, reached):
    assert Line("", "", "ms", ours, peer, least=least, most=most).reached is reached


def test_times_become_milliseconds_and_rates():
    assert in_milliseconds((0.5, 2)) == (500, 2000)
    assert per_second(10, (0.5, 2)) == (20, 5)


def test_the_table_shows_medians_the_spread_and_what_was_to_be_reached():
    rows = table([Line("", "work", "ms", (1, 2, 3), (10, 30, 20), peer_name="them", least=5)]).splitlines()
    cells = [cell.strip() for cell in rows[2].split("|")[1:-1]]
    assert cells == ["work", "2 ms (1–3)", "20 ms, them", "10 (6.67–15)", "5 times ✓", ""]


# How many arenas of memory the C library has once six threads more have each taken a block, by its own account.
ARENAS = """
import ctypes, os, sys, threading
from pathlib import Path

c = ctypes.CDLL(None)
c.malloc.restype = c.fopen.restype = c.getenv.restype = ctypes.c_void_p
c.fopen.argtypes, c.fclose.argtypes = [ctypes.c_char_p] * 2, [ctypes.c_void_p]
c.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
ready, over = threading.Barrier(7), threading.Event()

def take_a_block():
    c.malloc(ctypes.c_size_t(1_000))
    ready.wait()
    over.wait()

for _ in range(6):
    threading.Thread(target=take_a_block).start()
ready.wait()
file = c.fopen(sys.argv[1].encode(), b"w")
c.malloc_info(0, file)
c.fclose(file)
over.set()
print(Path(sys.argv[1]).read_text().count("<heap nr="), os.environ.get("OMP_NUM_THREADS"))
print(bool(c.getenv(b"ONEDNN_PRIMITIVE_CACHE_CAPACITY")))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such arenas")
def test_what_the_servers_modules_set_for_a_server_is_not_set_where_trainings_are_measured(tmp_path):
    here = {
        name: value for name, value in os.environ.items() if not name.startswith(("OMP", "ONEDNN", "MALLOC"))
    }

    def asked(begin: str) -> list[str]:
        command = [sys.executable, "-c", begin + ARENAS, str(tmp_path / "account")]
        root = Path(__file__).parents[2]
        return subprocess.run(
            command, env=here, cwd=root, capture_output=True, text=True, check=True
        ).stdout.split()

    arenas, threads, few = asked("import pages.ui.frame.shell")
    assert (int(arenas), few) == (2, "True")
    assert int(threads) >= 1
    arenas, threads, few = asked("from tests.benchmarks.__main__ import THEMES, imported; imported(THEMES)")
    assert int(arenas) >= 7
    assert (threads, few) == ("None", "False")
