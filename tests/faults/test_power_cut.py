"""After a power cut at any moment what was acknowledged is there, all is readable, and a run ends with its weights."""

import itertools
import json
import random

import numpy as np
import pytest

from cnn_core.data.own import NewPicture, Shelf
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec, save_model
from tests.faults.power_cut import ForgetfulDisk, put_back
from tests.faults.test_runs_survive import weights

SPEC = PRESETS["tiny"]
RECIPE = TrainSpec(epochs=2, batch_size=64, train_size=640)


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A disk on which a store lies; `disk.path` is its folder."""
    folder = tmp_path / "runs"
    folder.mkdir()
    with monkeypatch.context() as patch:
        found = ForgetfulDisk(folder, patch)
        yield found
    found.close()


@pytest.fixture
def after(tmp_path, monkeypatch):
    """`after(state)`: the store as a machine finds it that is switched on again."""
    numbers = itertools.count()

    def after(state):
        with monkeypatch.context() as patch:
            patch.undo()
            return RunStore(put_back(state, tmp_path / f"after{next(numbers)}"))

    return after


def both(cuts):
    """Each state that a cut may leave, once."""
    seen = []
    for cut in cuts:
        for state in (cut.synced, cut.names):
            if state not in seen:
                seen.append(state)
                yield state


def read_all(store, owner="ada"):
    """What every page does; raises nothing."""
    for run in store.runs(owner):
        store.mend(run)
        assert run.status.state
        run.history(), run.sample(), run.best(), run.snapshots(), run.learnt_from
    store.turns()
    return {run.id: run for run in store.runs(owner)}


def test_a_run_that_was_asked_for_is_there_with_its_place_in_the_queue(disk, after):
    store = RunStore(disk.path)
    first = store.submit(SPEC, RECIPE, owner="ada")
    begun = len(disk.cuts)
    second = store.submit(SPEC, RECIPE.replace(seed=1), owner="ada", name="my second")
    for state in both([disk.last()]):
        found = after(state)
        assert {ticket.run_id for ticket in found.waiting()} == {first, second}
        assert read_all(found)[second].name == "my second"
        assert read_all(found)[second].recipe == RECIPE.replace(seed=1)
    for state in both(disk.cuts[begun:]):
        found = after(state)
        assert first in read_all(found)
        assert found.submit(SPEC, RECIPE.replace(seed=2), owner="ada") in read_all(found)
    assert begun > 8


def test_a_wish_that_was_heard_is_obeyed(disk, after):
    store = RunStore(disk.path)
    ids = [store.submit(SPEC, RECIPE.replace(seed=seed), owner="ada") for seed in range(3)]
    store.rename(ids[0], "ada", "renamed")
    store.control(ids[0], "ada", "pause")
    store.control(ids[1], "ada", "pause")
    store.control(ids[1], "ada", "resume")
    store.control(ids[2], "ada", "stop", learning_rate=0.01)
    for state in both([disk.last()]):
        found = after(state)
        runs = read_all(found)
        assert [runs[run_id].status.state for run_id in ids] == ["paused", "queued", "stopped"]
        assert [ticket.run_id for ticket in found.waiting()] == [ids[1]]
        assert runs[ids[0]].name == "renamed"
        assert runs[ids[2]].control["learning_rate"] == 0.01


def told(run):
    lines = (run.folder / "events.jsonl").read_text().splitlines()
    return [
        {
            name: value
            for name, value in json.loads(line).items()
            if name not in ("images_per_second", "seconds")
        }
        for line in lines
    ]


def test_a_training_goes_on_after_any_cut_and_ends_as_it_would_have(disk, after):
    store = RunStore(disk.path)
    run = store.run(store.submit(SPEC, RECIPE, owner="ada"))
    begun = len(disk.cuts)
    assert work(store.path, run.id) == "done"
    for state in both([disk.last()]):
        kept = after(state).run(run.id)
        assert (kept.status.state, kept.status.result) == (run.status.state, run.status.result)
        assert (weights(kept), told(kept), kept.best()) == (weights(run), told(run), run.best())
        assert kept.learnt_from == run.learnt_from
        assert [one.path.read_bytes() for one in kept.snapshots()] == [
            one.path.read_bytes() for one in run.snapshots()
        ]
    states = list(both(disk.cuts[begun:]))
    assert len(states) > 40
    for state in states:
        read_all(after(state))
    # It goes on from `last`, with the lines that are there: of all states one for each that these two may be in.
    files = [run.folder.name + name for name in ("/snapshots/last.safetensors", "/events.jsonl")]
    differing = {tuple(state.get(name) for name in files): state for state in states}
    assert len(differing) > 3
    for state in differing.values():
        found = after(state)
        assert work(found.path, run.id) == "done"
        again = found.run(run.id)
        assert (again.status.state, weights(again), told(again)) == ("finished", weights(run), told(run))


def test_a_file_that_was_brought_is_opened_after_any_cut(disk, after, tmp_path):
    save_model(tmp_path / "net.safetensors", load("lesson"), load("lesson").spec)
    store = RunStore(disk.path)
    run_id = store.openings.ask((tmp_path / "net.safetensors").read_bytes(), "net.safetensors", "ada")
    begun = len(disk.cuts)
    for state in both([disk.last()]):
        assert [ticket.run_id for ticket in after(state).waiting()] == [run_id]
    assert work(store.path, run_id) == "done"
    states = list(both(disk.cuts[begun:]))
    for state in random.Random(5).sample(states, 1):
        found = after(state)
        assert run_id in read_all(found)
        work(found.path, run_id)
        opened = found.run(run_id)
        assert (opened.status.state, opened.is_opened) == ("finished", True)
        assert weights(opened) == weights(store.run(run_id))


def test_own_pictures_that_were_added_are_there_and_those_taken_away_do_not_come_back(disk, after):
    rng = np.random.default_rng(0)

    def pictures(count):
        return [NewPicture(rng.integers(0, 256, 784, dtype=np.uint8).tobytes(), "draw") for _ in range(count)]

    def sets(state):
        return Shelf(after(state).path / "datasets")

    shelf = Shelf(disk.path / "datasets")
    one = shelf.make("ada", "mine", classes=("house", "fish"))
    one.add("ada", 0, pictures(5))
    begun, key = len(disk.cuts), one.share("ada")
    one.add("ada", 1, pictures(7))
    for state in both(disk.cuts[begun:]):
        found = sets(state).get(one.id)
        assert found.contents().count() in (5, 12)
        assert (found.name, len(found.contents().classes)) == ("mine", 2)
    for state in both([disk.last()]):
        [found] = sets(state).of("ada")
        assert found.contents().count() == 12
        assert sets(state).open_link(key, "bob").id == one.id
    one.remove("ada")
    for state in both([disk.last()]):
        with pytest.raises(StudentError, match="not on this server"):
            sets(state).get(one.id)
        assert all(b'"px"' not in (content or b"") for content in state.values())
