"""What an operator is told: whether the server is sound, its figures, its lines, and what a small server refuses."""

import json
import logging
import os
import time
from types import SimpleNamespace

import pytest

from cnn_core import journal, machine
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.runs import memory as memory_of
from cnn_core.runs.files import locked, write_json
from cnn_core.runs.health import look
from cnn_core.runs.jobs.operating import check
from cnn_core.runs.jobs.tally import Tally
from cnn_core.runs.metrics import exposition
from cnn_core.training import TrainSpec

OWNER = "v" * 22


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


# Health


def test_an_idle_server_is_sound_without_a_runner(store):
    found = look(store)
    assert (found.problems, found.runner, found.is_writable) == ([], "none", True)
    assert os.listdir(store.path) == []  # nothing of the look is left


def test_work_that_waits_half_a_minute_without_a_runner_is_a_problem(store, monkeypatch):
    store.submit(PRESETS["tiny"], TrainSpec(), owner=OWNER)
    assert look(store).problems == []
    later = time.time() + 31
    monkeypatch.setattr("cnn_core.runs.health.time", SimpleNamespace(time=lambda: later))
    assert [sentence[:16] for sentence in look(store).problems] == ["Work waits since"]


def test_a_runner_whose_heartbeat_is_old_is_a_problem(store):
    store.path.mkdir()
    with locked(store.path / "runner.lock"):
        write_json(store.path / "runner.json", {"heartbeat": time.time()})
        assert (look(store).runner, look(store).problems) == ("alive", [])
        write_json(store.path / "runner.json", {"heartbeat": time.time() - 100})
        assert look(store).problems == ["The runner does not answer."]
        why = "The Ray cluster at head:6379 does not answer."
        write_json(store.path / "runner.json", {"heartbeat": time.time(), "trouble": why})
        assert look(store).problems == [why]
        assert (False, f"Runner: alive. {why}") in check(store)


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_problems(store, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    assert look(RunStore(tmp_path / "file")).problems == ["The folder of runs cannot be written."]
    store.path.mkdir()
    monkeypatch.setenv("CONVSCOPE_RESERVE_MB", "1000000000")
    (sentence,) = look(store).problems
    assert sentence.startswith("No work is given out: ")


# Figures


def test_the_figures_are_prometheus_s_text_and_a_wait_is_counted_in_every_bar_it_fits(store):
    tally = Tally()
    for waited in (0.5, 5, 5, 400, 5000, -3):  # seconds; a clock that was set back counts as none
        tally.starts(waited)
    tally.end("training", "finished")
    store.path.mkdir()
    write_json(store.path / "runner.json", {"tally": tally.to_dict()})
    text = exposition(look(store), {"refusal": 3}, {"server": 5}, {"open": 2, "students": 41})
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    bars = {
        bound: float(samples[f'convscope_wait_seconds_bucket{{le="{bound}"}}'])
        for bound in (1, 10, 60, 300, 1800)
    }
    assert bars == {1: 2, 10: 4, 60: 4, 300: 4, 1800: 5}
    assert (
        samples['convscope_wait_seconds_bucket{le="+Inf"}']
        == samples["convscope_wait_seconds_count"]
        == "6.0"
    )
    assert samples["convscope_wait_seconds_sum"] == "5410.5"
    assert samples['convscope_ended_total{kind="training",state="finished"}'] == "1.0"
    assert samples['convscope_events_total{event="refusal"}'] == "3.0"
    assert samples['convscope_classes{state="open"}'] == "2.0"
    assert samples["convscope_students"] == "41.0"
    assert all(
        f"# TYPE {line.split('{')[0].split(' ')[0]}" in text or "_wait_seconds_" in line for line in samples
    )


def test_a_note_of_the_runner_that_makes_no_sense_is_no_figure(store):
    store.path.mkdir()
    write_json(
        store.path / "runner.json",
        {"tally": {"waits": 3, "count": "x", "seconds": None, "ends": {'a"\n': []}}},
    )
    text = exposition(look(store), {}, {}, {})
    assert "convscope_wait_seconds_count 0.0\n" in text
    assert 'convscope_ended_total{kind="a\\"\\n"} 0.0\n' in text


# Lines


def test_what_is_told_is_one_line_of_json_whatever_a_stranger_wrote(capsys, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_LOG", "json")
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        journal.begin()
        before = journal.counts["refusal"]
        journal.tell("refusal", place="runs", said='a\n{"event": "run"}\u2028' + "x" * 9_000)
        logging.getLogger("elsewhere").error("it %s", "failed", exc_info=ValueError("why"))
    finally:
        logging.basicConfig(handlers=handlers, level=level, force=True)
    told, failed = map(json.loads, capsys.readouterr().err.strip().split("\n"))
    assert (told["event"], told["place"], len(told["said"])) == ("refusal", "runs", journal.LONGEST_TEXT)
    assert (failed["event"], failed["message"], failed["error"]) == ("error", "it failed", "ValueError")
    assert "ValueError: why" in failed["traceback"]
    assert journal.counts["refusal"] == before + 1


# A small server


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"memory.max": "1000000000\n"}, 10**9),
        ({"memory.max": "max\n"}, None),
        ({"memory/memory.limit_in_bytes": "700000000"}, 7 * 10**8),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        ({"memory.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_limit_is_the_container_s_or_the_machine_s(tmp_path, files, limit):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    machine_s = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine.memory_limit(tmp_path) == (limit or machine_s)


def test_a_small_server_refuses_what_does_not_fit_and_says_how_much_there_is(store, monkeypatch):
    monkeypatch.setattr(memory_of, "memory_limit", lambda: 1_200_000_000)
    store.submit(PRESETS["lesson"], TrainSpec(), owner=OWNER)
    with pytest.raises(
        StudentError, match=r"needs about .* MB of memory, and this small server has 250 MB for it"
    ):
        store.submit(PRESETS["lesson"], TrainSpec(batch_size=1024), owner=OWNER)
    monkeypatch.setattr(memory_of, "memory_limit", lambda: 800_000_000)
    with pytest.raises(StudentError, match=r"This server has 0\.8 GB of memory, too little to train"):
        store.submit(PRESETS["tiny"], TrainSpec(), owner=OWNER)
    monkeypatch.setattr(memory_of, "memory_limit", lambda: 4_000_000_000)
    store.submit(PRESETS["lesson"], TrainSpec(batch_size=1024), owner=OWNER)


def test_what_a_training_needs_counts_every_weight_and_every_value_of_a_batch():
    spec = PRESETS["tiny"]
    weights = sum(parameter.numel() for parameter in build(spec).parameters())
    one, two = (memory_of.training_needs(spec, batch_size) for batch_size in (1, 2))
    values = (two - one) / (4 * memory_of.FOR_A_VALUE)
    assert one - (two - one) == 4 * memory_of.FOR_A_WEIGHT * weights
    assert values >= 28 * 28 + 10  # the image and the classes, and what lies between
