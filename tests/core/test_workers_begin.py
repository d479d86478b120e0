"""Workers begin although what they are forked from has just died, and no run waits for one that never will."""

import multiprocessing
import sys
import time
from multiprocessing import forkserver
from multiprocessing.context import SpawnProcess
from types import ModuleType

import pytest

from cnn_core.runs.jobs import engines
from cnn_core.runs.jobs.engines import LOST


@pytest.mark.parametrize("error", [ConnectionRefusedError, EOFError])
def test_a_worker_begins_although_the_process_to_fork_from_died_just_now(monkeypatch, error):
    # It may still count as alive when it already refuses; Pebble waited for such a worker for ever.
    real, asked = forkserver.connect_to_new_process, []

    def refuses_twice(files):
        asked.append(files)
        if len(asked) <= 2:
            raise error
        return real(files)

    monkeypatch.setattr(forkserver, "connect_to_new_process", refuses_twice)
    # The new process runs what is "__main__" here, and an AppTest before may have left its script there.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    try:
        worker = engines._FromWarm().Process(target=sys.exit, args=(7,))
        worker.start()
        worker.join()
        assert (worker.exitcode, len(asked)) == (7, 3)
    finally:
        forkserver._forkserver._stop()


def test_a_pool_whose_workers_cannot_begin_any_more_gives_its_runs_back(tmp_path, monkeypatch):
    def refuses(worker):
        raise ConnectionRefusedError

    monkeypatch.setattr(engines, "how_processes_begin", engines._FromNothing)
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    engine = engines.LocalEngine(tmp_path, workers=1, threads=1)
    try:
        monkeypatch.setattr(SpawnProcess, "_Popen", staticmethod(refuses))
        engine.start("nowhere")
        for worker in multiprocessing.active_children():
            worker.kill()
        end = time.monotonic() + 60
        while not (back := engine.returned()) and time.monotonic() < end:
            time.sleep(0.01)
        assert back == [("nowhere", LOST)]
    finally:
        engine.stop()
