"""What an operator sees and does."""

import subprocess
import sys

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.ids import owner_of
from cnn_core.runs.jobs import operating
from cnn_core.runs.jobs.leaving import StopWork, obey
from cnn_core.training import TrainSpec


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def submit(store, owner="ada", seed=0, name=None):
    return store.submit(PRESETS["tiny"], TrainSpec(seed=seed), owner=owner, name=name)


def test_the_list_has_a_line_for_each_unfinished_run_and_no_secret(store, capsys):
    at_work, waits, paused = submit(store), submit(store, "bob", name="red\x1b[31m"), submit(store, "eve")
    store.take(store.next_ticket())
    store.set_status(store.run(at_work), state="running", step=50, steps=200, eta=150.0)
    store.control(paused, "eve", "pause")
    assert operating.main(["list", str(store.path)]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["RUN", "VISITOR", "KIND", "STATE", "DONE", "STILL", "BEGINS", "NAME"]
    assert [line.split()[0] for line in lines] == [at_work, waits, paused]
    assert lines[0].split()[1:9] == [
        owner_of("ada")[:8],
        "training",
        "running",
        "25",
        "%",
        "2",
        "min",
        "now",
    ]
    assert "red?[31m" not in lines[1]  # a name is one printable line when it is made
    assert not any("\x1b" in line for line in lines)


def test_on_a_full_disk_the_list_says_of_no_waiting_run_when_it_begins(store, capsys, monkeypatch):
    submit(store)
    operating.main(["list", str(store.path)])
    assert " now " in capsys.readouterr().out
    monkeypatch.setenv("CONVSCOPE_RESERVE_MB", "999999999")
    operating.main(["list", str(store.path)])
    said = capsys.readouterr().out
    assert " in ? " in said
    assert " now " not in said


def test_an_operator_stops_a_run_a_visitors_runs_or_all_and_its_page_says_who_it_was(store):
    first, second, other = submit(store), submit(store, seed=1), submit(store, "bob")
    store.take(store.next_ticket())
    assert operating.stop(store, other) == [other]
    status = store.run(other).status
    assert (status.state, status.reason) == ("stopped", "Whoever runs this server has stopped it.")
    assert set(operating.stop(store, owner_of("ada")[:8])) == {first, second}
    assert store.run(second).status.state == "stopped"
    with pytest.raises(StopWork) as stopped:  # the worker of the one at work hears it, and says the same
        obey(store.run(first))
    assert (stopped.value.state, stopped.value.reason) == ("stopped", status.reason)
    store.go_on(second, "ada")
    store.control(second, "ada", "stop")
    assert store.run(second).status.reason == ""  # this time it was its owner
    assert operating.stop(store, "all") == [first]  # it is still at work


@pytest.mark.parametrize("what", ["", "no run", owner_of("ada")[:7], "*"])
def test_what_is_no_run_and_no_visitor_stops_nothing(store, what):
    run_id = submit(store)
    with pytest.raises(StudentError, match="Nothing unfinished"):
        operating.stop(store, what)
    assert store.run(run_id).status.state == "queued"


def wrong(store):
    return [sentence for is_well, sentence in operating.check(store) if not is_well]


def test_a_check_finds_what_is_wrong_and_nothing_else(store, monkeypatch):
    store.path.mkdir()
    assert operating.main(["check", str(store.path)]) == 0
    run_id, other = submit(store), submit(store, "bob")
    assert wrong(store) == [
        "Runner: none, though work waits; it starts when a page is opened, or by hand.",
    ]
    (store.path / run_id / "run.json").write_text("{")
    next((store.path / "queue").glob(f"*{other}*")).unlink()
    assert wrong(store)[1:] == [
        f"Tickets: 1; of runs that are not there: {run_id}.",
        f"Runs: 2; that cannot be read: {run_id}.",
        f"Runs: unfinished and without a ticket, until their owner looks: {other}.",
    ]
    monkeypatch.setenv("CONVSCOPE_MAX_WAITING", "1")
    assert any(sentence.startswith("Queue: 0 at work, 1 wait") for sentence in wrong(store))
    assert operating.main(["check", str(store.path)]) == 1


def test_the_commands_are_those_of_the_module_and_what_makes_no_sense_is_told(tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "cnn_core.runs", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    (tmp_path / "runs").mkdir()
    assert run("list", str(tmp_path / "runs")).stdout == "Nothing waits, and nothing is at work.\n"
    nowhere = run("check", str(tmp_path / "nowhere"))
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "There is no folder" in nowhere.stderr
    assert run("stop").returncode == 2
