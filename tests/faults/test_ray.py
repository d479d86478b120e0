"""A Ray cluster of three machines, as far as one can be three: each has a raylet, workers and a limit of its own.

Runs where the package of requirements-ray.txt is installed. Machines are killed as a power cut does it: all at once.
"""

import importlib.util
import os
import pickle
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.animation import to_png
from cnn_core.looking import Lookers, Question
from cnn_core.looking.jobs import answer
from cnn_core.model import PRESETS, Conv2D, Dense, Flatten, ModelSpec, build
from cnn_core.runs import RunStore
from cnn_core.runs.files import file_names, is_locked, locked, read_json
from cnn_core.runs.jobs.worker import work
from tests.faults.conftest import MARK, Machine, machine, processes, until
from tests.faults.test_runs_survive import RECIPE, SPEC, told, weights

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="requirements-ray.txt is not installed"
    ),
    pytest.mark.timeout(1_500),
]

SHORT = replace(RECIPE, epochs=2)
# Every machine of a cluster sees a shared folder through a network. This one is slow while the file `slow` exists.
SLOW_FOLDER = """
import os, time
def slowly(do):
    def done(*arguments, **more):
        if os.path.exists({flag!r}):
            time.sleep(0.05)
        return do(*arguments, **more)
    return done
for name in ("replace", "rename", "unlink", "listdir"):
    setattr(os, name, slowly(getattr(os, name)))
"""


class Cluster:
    """Machines `head`, `one` and `two`, with one processor each; short work has its place on the head."""

    def __init__(self, mark, folder):
        self.mark, self.folder = mark, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, *names):
        """Start machines, as a service's manager would."""
        if "head" in names:
            self._start("head", "--head", f"--port={self.port}", '--resources={"convscope_short": 1}')
        others = [name for name in names if name != "head"]
        for name in others:
            self._start(name, f"--address={self.address}")

    def _start(self, name, *options):
        environment = os.environ | {
            MARK: f"{self.mark}-{name}.",
            "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
        }
        common = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats"]
        if name == "head":
            common += [f"--temp-dir={self.folder}", "--include-dashboard=false"]
        command = [Path(sys.executable).with_name("ray"), "start", "--node-ip-address=127.0.0.1", *common]
        for _ in range(3):  # Ray gives its processes thirty seconds, which a busy machine may need
            with open(self.folder / f"{name}.log", "w+b") as log:
                ended = subprocess.run(
                    [*command, *options], env=environment, stdout=log, stderr=log, timeout=180
                )
                if not ended.returncode:
                    return
                log.seek(0)
                said = log.read().decode()
            self.kill(name)
        raise AssertionError(said)

    def processes(self, name, command=""):
        return processes(f"{self.mark}-{name}.", command)

    def kill(self, name):
        """The machine has no power any more."""
        for pid in self.processes(name):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until(lambda: not self.processes(name))

    def mend(self):
        """All three are there, whatever the last test did."""
        if not self.processes("head", "gcs_server"):
            self.start_again("one", "two")
        else:
            self.start(*(name for name in ("one", "two") if not self.processes(name, "raylet")))

    def start_again(self, *others):
        """A new head; machines that knew another one end by themselves, and are started again."""
        self.start("head")
        for name in ("one", "two"):
            until(lambda name=name: not self.processes(name, "raylet/raylet"))
            self.kill(name)
        self.start(*others)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    sockets = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # a socket's path has at most 107 characters
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(SLOW_FOLDER.format(flag=str(folder / "slow")))
    with pytest.MonkeyPatch.context() as patch:
        here, end = machine(
            folder, RAY="auto", WORKERS=1, IDLE_SECONDS=60, MAX_QUEUE=100, AWAY_SECONDS=10_000
        )
        here.slow = folder / "slow"
        here.cluster = Cluster(here.mark, sockets)
        patch.setenv("CONVSCOPE_RAY", here.cluster.address)
        patch.setenv("PYTHONPATH", f"{folder / 'site'}:{os.environ.get('PYTHONPATH', '')}")
        try:
            here.cluster.start("head", "one", "two")
            yield here
        finally:
            here.kill(here.runners(), signal.SIGTERM)
            try:
                until(lambda: not here.runners())
            finally:
                here.kill(processes(here.mark))
                end()
                shutil.rmtree(sockets, ignore_errors=True)


@pytest.fixture
def three(cluster):
    """The cluster with all its machines."""
    cluster.cluster.mend()
    return cluster


@pytest.fixture(scope="module")
def expected(tmp_path_factory, cluster):
    """{seed: the weights of the end}, trained here with nothing in the way."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("undisturbed")
    store, found = RunStore(folder), {}
    for seed in range(3):
        run_id = store.submit(SPEC, replace(SHORT, seed=seed), owner="undisturbed")
        assert work(folder, run_id) == "done"
        found[seed] = weights(store.run(run_id))
    return found


def ask(here: Machine, seed=0, epochs=2, **changes):
    owner = secrets.token_hex(8)
    run_id = here.store.submit(SPEC, replace(SHORT, seed=seed, epochs=epochs, **changes), owner=owner)
    here.start()
    return here.store.run(run_id), owner


def end_of(here, run, seconds=400.0):
    def is_over():
        here.start()  # as every page does that looks at it
        return not run.status.unfinished

    until(is_over, seconds, every=0.1)
    assert (run.status.state, run.status.reason) == ("finished", "")
    return run


def in_the_middle(run, step=20):
    status = run.status
    return status.state == "running" and step <= status.step < status.steps


def test_pause_stop_and_another_rate_work_as_on_one_machine(three, expected):
    (paused, owner), (stopped, other), (slower, third) = (
        ask(three, seed=0),
        ask(three, 1, 50),
        ask(three, 2, 4),
    )
    until(lambda: in_the_middle(slower))
    three.store.control(slower.id, third, learning_rate=0.0001)
    until(lambda: in_the_middle(paused) and in_the_middle(stopped))
    three.store.control(paused.id, owner, "pause")
    three.store.control(stopped.id, other, "stop")
    until(lambda: stopped.status.state == "stopped" and paused.status.state == "paused")
    assert stopped.snapshot_path("last").is_file()
    assert 20 <= paused.status.step == paused.status.saved_step < paused.status.steps
    three.store.control(paused.id, owner, "resume")
    assert weights(end_of(three, paused)) == expected[0]
    rates = end_of(three, slower).history().learning_rates
    assert (rates[0], rates[-1]) == (pytest.approx(0.001), pytest.approx(0.0001))


def test_a_dream_does_not_wait_for_trainings_and_a_restarted_server_leaves_runs_where_they_are(three):
    asked = [ask(three, seed, 50) for seed in range(3)]
    runs = [run for run, _ in asked]
    until(lambda: all(in_the_middle(run) for run in runs))
    picture = torch.zeros(1, 96, 96)
    picture[:, 30:60, 30:60] = 1
    dream = DreamSpec(f"design:{PRESETS['lesson'].to_link()}", (("conv2d_3", 1.0),), octaves=2, steps=4)
    dreamt = three.store.run(three.store.submit_dream(dream.to_dict(), to_png(picture), owner="dreamer"))
    until(lambda: not dreamt.status.unfinished)
    assert dreamt.status.state == "finished"
    assert all(run.status.state == "running" for run in runs)
    note = read_json(three.store.path / "runner.json")
    assert (note["workers"], note["spares"], note["trouble"]) == (3, 1, "")
    three.kill(three.runners(), signal.SIGTERM)
    until(lambda: not three.runners())
    for run, owner in asked:
        assert run.status.state == "interrupted"
        assert run.status.step == run.status.saved_step >= 20
        assert not is_locked(run.folder / "lock")
        assert "The server was restarted. It goes on" in run.status.reason
        three.store.control(run.id, owner, "stop")


@pytest.fixture
def far_question():
    """Half a minute of work, its message, and what a look beside the server says of it."""
    layers = (Conv2D(filters=96, padding="same"), Conv2D(filters=96), Flatten(), Dense(units=10))
    spec = ModelSpec("wide", (1, 28, 28), 10, layers)
    question = Question.of("accuracy_curve", "mnist", 500, change="shift")
    net = build(spec, seed=1).eval()
    message = pickle.dumps((question, spec, net.state_dict()))
    return message, answer(net, question, lambda fraction: None)


@pytest.fixture
def beside():
    """What a server has to look into networks; its processes end with it."""
    beside = Lookers(1)
    yield beside
    for number in beside.processes():
        os.kill(number, signal.SIGKILL)


def answering(here):
    """The processes of all machines that work at a look."""
    return [pid for name in ("head", "one", "two") for pid in here.cluster.processes(name, "_answered_there")]


def begun(beside, message):
    asked = beside.ask("far", 20.0, lambda: message)
    until(lambda: asked.began is not None or asked.is_done, 120.0)
    return asked


def test_a_heavy_look_is_answered_by_a_free_machine_and_here_when_that_one_is_killed(
    three, beside, far_question
):
    message, expected = far_question
    asked = begun(beside, message)
    with asked.awaited():
        assert asked.is_far
        assert asked.wait(200)
    assert asked.answer() == expected

    asked = begun(beside, message)
    with asked.awaited():
        assert asked.is_far
        until(lambda: answering(three), 60.0)
        for pid in answering(three):
            os.kill(pid, signal.SIGKILL)
        assert asked.wait(200)
    assert not asked.is_far
    assert asked.answer() == expected


def test_a_heavy_look_is_answered_here_when_the_head_is_killed_in_the_middle_of_it(
    three, beside, far_question
):
    message, expected = far_question
    asked = begun(beside, message)
    with asked.awaited():
        assert asked.is_far
        three.cluster.kill("head")
        assert asked.wait(400)
    assert asked.answer() == expected
    with (again := begun(beside, message)).awaited():  # nobody answers there
        assert not again.is_far
        assert again.wait(200)
    assert again.answer() == expected


def test_a_slow_folder_loses_nothing(three, expected):
    three.slow.touch()
    try:
        runs = [ask(three, seed)[0] for seed in range(3)]
        for seed, run in enumerate(runs):
            assert weights(end_of(three, run)) == expected[seed]
            assert told(run, "batch") == sorted(set(told(run, "batch")))
    finally:
        three.slow.unlink()


def test_a_run_whose_machine_is_gone_is_begun_elsewhere_only_when_nobody_holds_its_lock(three, expected):
    run, _ = ask(three, 0)
    until(lambda: in_the_middle(run))
    worker = run.status.pid
    name = next(name for name in ("head", "one", "two") if worker in three.cluster.processes(name))
    # Whoever waits for the lock gets it in the worker's last moment, and is then the worker that lives on elsewhere.
    killing = threading.Timer(0.5, os.kill, (worker, signal.SIGKILL))
    killing.start()
    with locked(run.folder / "lock"):
        killing.join()
        until(lambda: worker not in three.cluster.processes(name))
        time.sleep(2)
        assert run.status.pid == worker
        assert run.id in {ticket.run_id for ticket in three.store.taken()}
    until(lambda: run.status.reason)
    assert "ended unexpectedly" in run.status.reason
    assert weights(end_of(three, run)) == expected[0]


def test_twelve_runs_end_as_undisturbed_though_a_machine_and_then_the_head_are_killed(three, expected):
    runs = [ask(three, seed % 3)[0] for seed in range(12)]

    def at_work_on(name):
        pids = three.cluster.processes(name)
        return [run for run in runs if in_the_middle(run) and run.status.pid in pids]

    victim = until(lambda: next((name for name in ("one", "two") if at_work_on(name)), None))
    [lost] = at_work_on(victim)
    three.cluster.kill(victim)
    until(lambda: lost.status.reason or not lost.status.unfinished)
    assert "ended unexpectedly" in lost.status.reason
    until(lambda: sum(run.status.state == "finished" for run in runs) >= 4 and any(map(in_the_middle, runs)))
    three.cluster.kill("head")
    assert any(run.status.unfinished for run in runs)
    until(lambda: "does not answer" in read_json(three.store.path / "runner.json").get("trouble", ""))
    three.cluster.start_again(*({"one", "two"} - {victim}))
    for seed, run in enumerate(runs):
        assert weights(end_of(three, run)) == expected[seed % 3]
        assert told(run, "batch") == sorted(set(told(run, "batch")))
    until(lambda: not three.store.has_work())
    assert not file_names(three.store.path / "paused")
