"""The store is kept in bounds: by bytes, the least used first, and never what waits, is at work, or may be open."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest

from cnn_core.data.own import NewPicture, Shelf
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.owners import owner_of
from cnn_core.runs import RunStore
from cnn_core.runs.tidying import _used, tidy, use, weight
from cnn_core.settings import settings
from cnn_core.training import TrainSpec

HOUR = 3_600.0


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def aged(folder, hours):
    os.utime(folder, (time.time() - hours * HOUR,) * 2)


def run_of(store, owner="ada", seed=0, hours=10.0, megabytes=0.4, state="finished"):
    """A run as a worker leaves it, last used so many hours ago."""
    run = store.run(store.submit(PRESETS["tiny"], TrainSpec(seed=seed), owner=owner))
    (run.folder / "snapshots" / "last.safetensors").write_bytes(bytes(int(megabytes * 1e6)))
    if state != "queued":
        assert store.take(next(ticket for ticket in store.waiting() if ticket.run_id == run.id))
        store.set_status(run, state=state)
        if state == "finished":
            store.done(run.id)
    aged(run.folder, hours)
    return run


def bound(monkeypatch, visitor=1_000, store=1_000):
    monkeypatch.setenv("CONVSCOPE_MAX_VISITOR_MB", str(visitor))
    monkeypatch.setenv("CONVSCOPE_MAX_STORE_MB", str(store))


def test_a_visitors_least_used_runs_go_until_the_rest_fits_and_nobody_elses(store, monkeypatch):
    runs = [run_of(store, seed=seed, hours=hours) for seed, hours in enumerate((3, 50, 20, 9))]
    others = run_of(store, "bob", hours=400)
    bound(monkeypatch, visitor=1)  # two of 0.4 MB, and what stands beside them
    assert tidy(store.path) == 2
    assert {run.id for run in store.runs("ada")} == {runs[0].id, runs[3].id}
    assert [run.id for run in store.runs("bob")] == [others.id]
    assert sum(weight(run.folder) for run in store.runs("ada")) <= 1_000_000


def test_of_all_visitors_together_what_was_used_longest_ago_goes(store, monkeypatch):
    old, new = run_of(store, "ada", hours=30), run_of(store, "bob", hours=5)
    newest = run_of(store, "eve", hours=2)
    bound(monkeypatch, store=1)
    assert tidy(store.path) == 1
    assert {run.id for run in store.runs()} == {new.id, newest.id}
    assert not old.folder.exists()


def test_what_waits_is_at_work_or_may_be_open_never_goes_however_little_room_there_is(store, monkeypatch):
    waiting = run_of(store, "ada", seed=1, hours=500, state="queued")
    at_work = run_of(store, "bob", hours=500, state="running")
    looked_at = run_of(store, "eve", hours=500)
    locked_out = run_of(store, "dan", hours=500)
    remeasured = run_of(store, "fay", hours=500)
    store._tickets.put(remeasured)
    _used.clear()
    use(looked_at.folder)
    nothing = replace(settings(), max_store_mb=0, max_visitor_mb=0)
    monkeypatch.setattr("cnn_core.runs.tidying.settings", lambda: nothing)
    assert tidy(store.path) == 1
    assert {run.id for run in store.runs()} == {run.id for run in (waiting, at_work, looked_at, remeasured)}
    assert not locked_out.folder.exists()


def test_deleted_runs_go_before_kept_ones_and_each_visitor_has_a_trash_of_their_own(store, monkeypatch):
    mine, kept = run_of(store, seed=1), run_of(store, seed=2, hours=800)
    store.delete(mine.id, "ada")
    for seed in range(101):
        run = run_of(store, "bob", seed=seed, megabytes=0)
        store.delete(run.id, "bob")
    store.restore(mine.id, "ada")  # though somebody else has deleted a hundred since
    assert len(list((store.path / "trash" / owner_of("bob")).iterdir())) == 100
    store.delete(mine.id, "ada")
    bound(monkeypatch, store=1)
    run_of(store, "eve", megabytes=0.5)
    tidy(store.path)
    with pytest.raises(StudentError, match="cannot be brought back"):
        store.restore(mine.id, "ada")
    assert kept.folder.exists()


def test_a_run_that_a_version_before_deleted_can_still_be_had_back(store):
    run = run_of(store)
    (store.path / "trash").mkdir()
    os.replace(run.folder, store.path / "trash" / run.id)
    tidy(store.path)
    store.restore(run.id, "ada")
    assert [one.id for one in store.runs("ada")] == [run.id]


def test_own_sets_count_and_go_by_their_last_use_but_keep_the_names_of_their_classes(store, monkeypatch):
    shelf = Shelf(store.path / "datasets")
    sets = [shelf.make("ada", classes=("house", "fish")) for _ in range(2)]
    rng = np.random.default_rng(0)
    for one in sets:
        pixels = [rng.integers(0, 256, 784, dtype=np.uint8).tobytes() for _ in range(500)]
        one.add("ada", 0, [NewPicture(each, "draw") for each in pixels])
    for one, hours in zip(sets, (100, 20), strict=True):
        for name in ("used", "log.jsonl", "card.json"):
            (one.folder / name).touch()
            aged(one.folder / name, hours)
    assert 1e6 < sum(weight(one.folder) for one in sets) < 2e6
    bound(monkeypatch, visitor=1)
    assert tidy(store.path) == 1
    assert [one.id for one in shelf.of("ada")] == [sets[1].id]
    assert [one.name for one in sets[0].contents().all_classes] == ["house", "fish"]


def test_what_killed_processes_and_visitors_who_are_gone_left_is_removed_and_nothing_else(store):
    kept = run_of(store)
    for name in (".abcdefghijk.new", "datasets/.abcdefghijk.new"):
        (store.path / name / "snapshots").mkdir(parents=True)
        aged(store.path / name, 2)
    for name in (".status.json.0123abcd", "snapshots/.last.safetensors.0123abcd"):
        (kept.folder / name).touch()
        aged(kept.folder / name, 2)
    (store.path / ".young.new").mkdir()
    for owner, days, has_chosen in (("bob", 2, False), ("eve", 2, True), ("dan", 0.5, False)):
        store.seen(owner)
        if has_chosen:
            store.remember_recipe(owner, {"epochs": 3})
        aged(store.path / "visitors" / owner_of(owner) / "seen", 24 * days)
    aged(store.path / "visitors" / owner_of("ada") / "seen", 24 * 200)
    gone = run_of(store, "fay")
    tidy(store.path)
    assert kept.folder.exists()
    assert not list(store.path.rglob(".abcdefghijk.new"))
    assert not list(kept.folder.rglob(".*"))
    assert (store.path / ".young.new").exists()
    here = {path.name for path in (store.path / "visitors").iterdir()}
    assert here == {owner_of(owner) for owner in ("ada", "eve", "dan", "fay")}
    assert store.recipe_of("eve") == {"epochs": 3}
    assert [run.id for run in store.runs("fay")] == [gone.id]
