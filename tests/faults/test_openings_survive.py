"""Files opened in real workers: one that is killed begins again, one that always dies is given up with a sentence."""

import multiprocessing
import os
import secrets
import signal
from pathlib import Path

import pytest

from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.training import TrainSpec, save_model
from tests.faults.conftest import stand_still, until

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    file = tmp_path_factory.mktemp("file") / "net.safetensors"
    save_model(file, load("lesson"), load("lesson").spec)
    return file.read_bytes()


def bring(machine, content):
    owner = secrets.token_hex(8)
    run_id = machine.store.openings.ask(content, "net.safetensors", owner)
    machine.start()
    return run_id, owner


def look(machine, run_id):
    """The run as it is now: its card changes when it is open."""
    return machine.store.run(run_id)


def kill_its_worker(machine, run_id):
    """Kill -9 in the middle of it; the run's pid before."""
    run = look(machine, run_id)
    until(lambda: stand_still(run))
    pid = run.status.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: run.status.pid != pid or run.status.state != "running")


def test_a_worker_killed_while_it_opens_a_file_costs_only_time(lonely, content):
    run_id, _ = bring(lonely, content)
    kill_its_worker(lonely, run_id)
    until(lambda: look(lonely, run_id).status.state == "finished")
    run = look(lonely, run_id)
    assert (run.kind, run.is_opened) == ("training", True)
    assert run.status.result["accuracy"] > 0.98
    until(
        lambda: not (run.folder / "upload").exists()
    )  # the last that it does, after it has said that it is done


def test_a_file_that_ends_its_worker_twice_is_given_up_and_nothing_of_it_is_left(lonely, content):
    run_id, owner = bring(lonely, content)
    kill_its_worker(lonely, run_id)
    kill_its_worker(lonely, run_id)
    until(lambda: look(lonely, run_id).status.state == "failed")
    run = look(lonely, run_id)
    assert "ended the process that read it, twice" in run.status.reason
    assert not (run.folder / "upload").exists()
    assert not list((run.folder / "snapshots").iterdir())
    until(lambda: not lonely.store.has_work())
    lonely.store.openings.forget(run_id, owner)
    assert not run.folder.exists()


def test_a_file_is_opened_while_every_worker_is_busy(lonely, content):
    training = lonely.store.submit(PRESETS["lesson"], TrainSpec(epochs=30), owner=secrets.token_hex(8))
    lonely.start()
    until(lambda: look(lonely, training).status.step > 0)
    run_id, _ = bring(lonely, content)
    until(lambda: look(lonely, run_id).status.state == "finished")
    assert look(lonely, training).status.state == "running"


def _hang(seconds):
    from cnn_core.runs.jobs import opening_job

    opening_job.READING_SECONDS = seconds
    with opening_job.bounded():
        while True:
            pass


def _hoard(answers):
    from cnn_core.errors import StudentError
    from cnn_core.runs.jobs.opening_job import READING_BYTES, bounded

    try:
        with bounded():
            bytearray(3 * READING_BYTES)
    except StudentError as error:
        answers.put(str(error))
    bytearray(READING_BYTES)  # the bound ends with the block


def test_a_reader_that_hangs_ends_its_process():
    process = multiprocessing.get_context("spawn").Process(target=_hang, args=(1,))
    process.start()
    process.join(60)
    assert process.exitcode not in (None, 0)


def test_a_reader_that_wants_all_memory_is_refused_and_its_worker_goes_on():
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_hoard, args=(answers,))
    process.start()
    assert "needs more memory" in answers.get(timeout=60)
    process.join(60)
    assert process.exitcode == 0
