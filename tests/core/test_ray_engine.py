"""What the engine of a cluster takes note of; `tests/faults/test_ray.py` has real clusters.

Its process and Ray itself are played: they say what a test lets them say.
"""

import multiprocessing
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from cnn_core.errors import StudentError
from cnn_core.runs.fairness import Room
from cnn_core.runs.files import locked
from cnn_core.runs.jobs import ray_engine
from cnn_core.runs.jobs.engines import LOST, NOT_BEGUN
from cnn_core.runs.jobs.leaving import LEFT, StopWork, obey
from cnn_core.runs.jobs.ray_engine import RayEngine
from cnn_core.runs.jobs.ray_tasks import CANCEL, PLACES, RETURNED, START, STOP, TROUBLE, Tasks, places
from cnn_core.runs.run import Run
from cnn_core.runs.status import change_status
from cnn_core.settings import _settings, settings


class Played(RayEngine):
    """An engine whose process is this test: it reads `asked` and says things by `theirs`."""

    connections = 0

    def _connect(self):
        self.connections += 1
        self.pipe, self.theirs = multiprocessing.Pipe()
        self.alive = True
        self.process = SimpleNamespace(is_alive=lambda: self.alive, kill=self.dies, join=lambda *_: None)
        self.is_connected, self.heard_at = False, time.monotonic()

    def dies(self):
        self.alive = False
        self.theirs.close()

    def asked(self):
        found = []
        while self.theirs.poll():
            found.append(self.theirs.recv())
        return found


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, "AGAIN_SECONDS", (0.0, 0.0))
    for name in "abc":
        (tmp_path / name).mkdir()
        change_status(tmp_path / name, state="running")
    found = Played(tmp_path, "head:6379", 2)
    yield found
    found.theirs.close()
    found.pipe.close()


def hears(engine, *messages):
    for message in messages:
        engine.theirs.send(message)
    return engine.returned()


def test_its_room_is_that_of_the_cluster_less_what_it_gave_out(engine):
    assert engine.room() == Room(0, 0, 0, 0)  # not connected yet
    hears(engine, (PLACES, 1, 1))
    assert engine.room() == Room(1, 1, 1, 1)
    engine.start("a")
    assert engine.room() == Room(0, 1, 1, 1)
    engine.start("b")  # all workers are busy: it has the place for short work
    assert engine.room() == Room(0, 0, 1, 1)
    assert engine.asked() == [(START, "a", False), (START, "b", True)]
    assert hears(engine, (RETURNED, "b", "done")) == [("b", "done")]
    assert engine.room() == Room(0, 1, 1, 1)
    hears(engine, (PLACES, 0, 0))  # its machine is gone
    assert engine.room() == Room(0, 0, 0, 0)
    assert engine.trouble == "The Ray cluster at head:6379 has no free processors."


def test_a_run_is_lost_only_when_nobody_holds_its_lock_any_more(engine, tmp_path):
    hears(engine, (PLACES, 2, 0))
    engine.start("a")
    engine.start("b")
    with locked(tmp_path / "a" / "lock"):
        assert hears(engine, (RETURNED, "a", LOST), (RETURNED, "b", LOST)) == [("b", LOST)]
        assert engine.returned() == []
    assert engine.returned() == [("a", LOST)]


def test_a_cluster_that_is_gone_loses_all_its_runs_and_is_connected_again(engine, tmp_path):
    hears(engine, (PLACES, 2, 0))
    engine.start("a")
    engine.theirs.send((RETURNED, "a", "done"))  # its last words count
    engine.start("b")
    engine.start("c")
    change_status(tmp_path / "c", state="queued")  # no worker has taken it up yet
    engine.dies()
    assert sorted(engine.returned()) == [("a", "done"), ("b", LOST), ("c", NOT_BEGUN)]
    assert engine.room() == Room(0, 0, 0, 0)
    assert engine.trouble == "The Ray cluster at head:6379 does not answer."
    engine.returned()
    assert engine.connections == 2
    hears(engine, (PLACES, 2, 0))
    assert engine.trouble == ""


def test_what_no_machine_takes_up_is_taken_back(engine, monkeypatch):
    hears(engine, (PLACES, 1, 0))
    engine.start("a")
    engine.asked()
    monkeypatch.setattr(ray_engine, "BEGIN_SECONDS", 0.0)
    engine.returned()
    assert engine.asked() == [(CANCEL, "a")]
    assert hears(engine, (RETURNED, "a", NOT_BEGUN)) == [("a", NOT_BEGUN)]


def test_a_machine_that_cannot_work_is_told_and_given_time(engine, monkeypatch):
    monkeypatch.setattr(ray_engine, "AGAIN_SECONDS", (60.0, 60.0))
    hears(engine, (PLACES, 1, 0))
    engine.start("a")
    assert hears(engine, (TROUBLE, "a", "ModuleNotFoundError: No module named 'torch'")) == [("a", NOT_BEGUN)]
    assert engine.trouble.endswith("cannot work: ModuleNotFoundError: No module named 'torch'")
    assert engine.room().free == 0


def test_who_leaves_asks_by_the_folder_and_takes_back_what_nobody_began(engine, tmp_path):
    hears(engine, (PLACES, 2, 0))
    engine.start("a")
    engine.start("b")
    engine.asked()
    with locked(tmp_path / "a" / "lock"):
        engine.leave()
    assert engine.asked() == [(CANCEL, "b")]
    with pytest.raises(StopWork) as stopped:  # what its worker hears at its next step, on whatever machine
        obey(Run(tmp_path / "a"))
    assert (stopped.value.state, stopped.value.outcome) == ("interrupted", LEFT)


class PlayedRay:
    """The module `ray`, as far as Tasks uses it. outcomes: run id -> what comes back, an exception is raised."""

    def __init__(self, outcomes, machines, free):
        self.outcomes, self.machines, self.free, self.options_of = outcomes, machines, free, {}
        self.exceptions = SimpleNamespace(
            TaskCancelledError=type("TaskCancelledError", (Exception,), {}),
            RayTaskError=type("RayTaskError", (Exception,), {"cause": None}),
        )

    def remote(self, _function):
        def options(**kind):
            def remote(run_id, *_):
                self.options_of[run_id] = kind
                return f"reference {run_id}"

            return SimpleNamespace(remote=remote)

        return SimpleNamespace(options=options)

    def wait(self, references, **_):
        return [one for one in references if one.split()[1] in self.outcomes], []

    def get(self, reference):
        outcome = self.outcomes[reference.split()[1]]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def nodes(self):
        return [{"Alive": alive, "Resources": resources} for alive, resources in self.machines]

    def available_resources(self):
        return self.free


def test_what_came_of_a_task_is_told_once_and_a_dead_machine_has_no_places():
    ray = PlayedRay(
        {"a": "done", "b": ConnectionError()},
        [(True, {"CPU": 4.0, "memory": 8e9, "convscope_short": 1.0}), (False, {"CPU": 4.0, "memory": 8e9})],
        {"CPU": 0.0},
    )
    ray.outcomes["c"] = ray.exceptions.RayTaskError("no module\nmore")
    ours, theirs = multiprocessing.Pipe()
    tasks = Tasks(ray, theirs, "/store", 2, {})
    for name in "abc":
        ours.send((START, name, name == "c"))
    ours.send((STOP,))
    tasks.serve()
    theirs.close()
    heard = []
    with suppress(EOFError):
        while True:
            heard.append(ours.recv())
    ours.close()
    assert [one for one in heard if one[0] != PLACES] == [
        (RETURNED, "a", "done"),
        (RETURNED, "b", LOST),
        (TROUBLE, "c", "RayTaskError: no module"),
    ]
    assert heard[1] == (PLACES, 0, 1)  # others use all four processors
    assert ray.options_of["a"]["num_cpus"] == 2
    assert ray.options_of["c"]["resources"] == {"convscope_short": 1}
    assert all(one["max_retries"] == 0 for one in ray.options_of.values())


def test_a_training_needs_processors_and_memory_of_one_machine():
    assert places([{"CPU": 3.0, "memory": 8e9}, {"CPU": 1.0, "memory": 8e9}], 2) == 1
    assert places([{"CPU": 8.0, "memory": 1.1e9}, {"node": 1.0}], 1) == 2


@pytest.mark.parametrize(
    ("text", "is_installed", "says"),
    [("ray", True, "auto, or an address"), ("auto", False, "the package ray is not installed")],
)
def test_a_cluster_that_cannot_be_stops_the_start_with_its_sentence(monkeypatch, text, is_installed, says):
    monkeypatch.setattr("cnn_core.settings.find_spec", lambda _name: object() if is_installed else None)
    monkeypatch.setenv("CONVSCOPE_RAY", text)
    _settings.cache_clear()
    with pytest.raises(StudentError, match=f"CONVSCOPE_RAY is .*{says}"):
        settings()
    _settings.cache_clear()
