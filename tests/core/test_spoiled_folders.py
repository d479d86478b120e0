"""A run's folder may hold anything: whoever reads it gets what makes sense, or one sentence for a student."""

import json
import os
import random
import shutil

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs import RunStore, find_pairs, going_on, history
from cnn_core.runs.jobs.snapshots import SnapshotKeeper
from cnn_core.runs.jobs.worker import work
from cnn_core.runs.opened import read_opened
from cnn_core.runs.tidying import tidy
from cnn_core.training import TrainSpec, save_model
from tests.core.work import counted

JSON_FILES = (
    "run.json",
    "status.json",
    "samples.json",
    "learnt_from.json",
    "control.json",
    "changes.json",
    "remeasured.json",
    "snapshots/best.json",
)
LINES = ("events.jsonl", "health.jsonl")
VALUES = (
    None,
    True,
    -1,
    0,
    1e308,
    -1e308,
    10**30,
    7.5,
    "",
    "x" * 5_000,
    "../..",
    [],
    [[]],
    {},
    [None],
    {"a": 1},
)
CONTENTS = (b"", b"\0" * 300, b"null", b"[]", b"[[]]", b'{"a":', b"\xff\xfe{}", b"[" * 100_000, b"1e999")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a store with one run that a worker has trained, with a bit of everything in it."""
    store = RunStore(tmp_path_factory.mktemp("trained"))
    run_id = store.submit(
        PRESETS["tiny"], TrainSpec(epochs=2, batch_size=64, train_size=640, patience=2), owner="ada"
    )
    work(store.path, run_id)
    folder = store.path / run_id
    check = '{"kind": "check", "step": 10, "epoch": 1.0, "layers": []}'
    (folder / "health.jsonl").write_text((check + "\n") * 3)
    (folder / "control.json").write_text('{"action": "pause", "learning_rate": 0.01}')
    (folder / "changes.json").write_text('{"name": "mine", "epochs": 3, "without_patience": true}')
    (folder / "remeasured.json").write_text('{"accuracy": 0.9, "loss": 0.1, "count": 500, "step": 20}')
    return store.path, run_id


def readings(store, run_id):
    """All that anybody reads of a run, each a function."""
    run = store.run(run_id)
    yield from (
        lambda name=name: getattr(run, name)
        for name in (
            "kind", "created", "dataset", "owner", "spec", "recipe", "is_opened", "has_recipe", "dream_settings",
            "name", "learnt_from", "status", "control", "version", "moment",
        )
    )  # fmt: skip
    yield from (run.history, run.health, run.sample, run.best, run.remeasured, run.snapshots, run.frames)
    yield from (lambda which=which: run.snapshot_path(which) for which in ("last", "best", 0, 7))
    yield from (
        lambda ask=ask: ask(run)
        for ask in (
            going_on.diverged, going_on.ended_by_patience, going_on.rate_before, going_on.rate_to_try,
            going_on.sound_step, going_on.read_resumption, lambda run: going_on.plan(run, None),
            lambda run: read_opened(run.folder), lambda run: run.status.to_dict(), repr, store.mend,
            store.is_remeasuring,
        )
    )  # fmt: skip
    yield from (lambda: store.runs("ada"), store.runs, lambda: find_pairs(store, "ada"), store.turns)
    yield from (lambda: store.place(run_id), lambda: store.expected_wait(run_id), lambda: tidy(store.path))


def read_everything(store, run_id):
    """Read it all; only a StudentError may come of it. Returns the sentences."""
    said = []
    try:
        everything = list(readings(store, run_id))
    except StudentError as error:  # no run.json, no run
        return [str(error)]
    for read in everything:
        try:
            read()
        except StudentError as error:
            said.append(str(error))
    assert all(len(sentence) < 400 for sentence in said)
    return said


def spoilings(folder, rng):
    """(name, new content) for every file, and for every value in it that says something."""
    for name in (*JSON_FILES, *LINES):
        for content in CONTENTS:
            yield name, content
        whole = (folder / name).read_bytes()
        yield name, whole[: rng.randrange(len(whole))]
        yield name, bytes(rng.randrange(256) for _ in range(200))
    for name in JSON_FILES:
        values = json.loads((folder / name).read_bytes())
        for key in values:
            for value in rng.sample(VALUES, 5):
                yield name, json.dumps(values | {key: value}).encode()
            yield name, json.dumps({other: values[other] for other in values if other != key}).encode()
    for name in LINES:
        lines = (folder / name).read_text().splitlines()
        for place in range(0, len(lines), max(1, len(lines) // 8)):
            event = json.loads(lines[place])
            for key in event:
                other = event | {key: rng.choice(VALUES)}
                yield name, "\n".join([*lines[:place], json.dumps(other), *lines[place + 1 :], ""]).encode()


def test_whatever_stands_in_a_file_of_a_run_reading_it_gives_sense_or_a_sentence(trained):
    path, run_id = trained
    store, folder, count = RunStore(path), path / run_id, 0
    kept = {name: (folder / name).read_bytes() for name in (*JSON_FILES, *LINES)}
    for name, content in spoilings(folder, random.Random(13)):
        (folder / name).write_bytes(content)
        try:
            read_everything(store, run_id)
        except Exception as error:
            raise AssertionError(f"{name}: {content[-300:]!r}") from error
        finally:
            (folder / name).write_bytes(kept[name])
        count += 1
    assert count > 400
    assert (
        read_everything(store, run_id)
        == [
            "“mine” was not interrupted, so there is nothing to go on with.",
            "“mine” has kept no weights of step 7. Choose one of its snapshots.",
        ][::-1]
    )


@pytest.mark.parametrize("instead", ["nothing", "a folder", "a pipe", "a link to itself", "a link elsewhere"])
def test_what_is_no_file_at_all_is_passed_over(trained, tmp_path, instead):
    shutil.copytree(trained[0], tmp_path / "runs")
    store, folder = RunStore(tmp_path / "runs"), tmp_path / "runs" / trained[1]
    for name in (*JSON_FILES, *LINES, "snapshots", "frames"):
        place, aside = folder / name, tmp_path / "aside"
        os.replace(place, aside)
        {
            "nothing": lambda place: None,
            "a folder": lambda place: place.mkdir(),
            "a pipe": os.mkfifo,
            "a link to itself": lambda place: place.symlink_to(place),
            "a link elsewhere": lambda place: place.symlink_to("/dev/zero"),
        }[instead](place)
        read_everything(store, trained[1])
        shutil.rmtree(place) if instead == "a folder" else place.unlink(missing_ok=True)
        os.replace(aside, place)


def test_a_long_file_of_events_is_read_a_piece_at_a_time_and_its_curve_is_that_of_all_rows(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(history, "PIECE", 50_000)
    monkeypatch.setattr(history, "MOST_ROWS", 512)
    path, rows = tmp_path / "events.jsonl", 3 * 512 + 77
    with open(path, "w") as file:
        for step in range(rows):
            row = {"kind": "batch", "step": step, "epoch": step / 100, "loss": step % 7, "accuracy": 0.5}
            file.write(json.dumps(row | {"learning_rate": 0.1, "more": "x" * 5_000}) + "\n")
        file.write("x" * 200_000)  # a line of no event, and no end
    assert path.stat().st_size > 8_000_000
    with counted() as used:
        train = history.read_history(path).train
    assert used.peak_bytes < 1_000_000
    expected = history.thinned([(step, step / 100, step % 7, 0.5, 0.1) for step in range(rows)])
    assert len(train.loss) <= 400
    assert train.step == [row[0] for row in expected]
    assert train.loss == pytest.approx([row[2] for row in expected])


# ---------------------------------------------------------------- gone while somebody works


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def opened_network(store, tmp_path):
    save_model(tmp_path / "net.safetensors", load("lesson"), load("lesson").spec)
    return store.run(store.adopt((tmp_path / "net.safetensors").read_bytes(), "mine", "ada"))


def test_an_opened_network_whose_status_is_lost_is_not_trained_over(store, tmp_path):
    run = opened_network(store, tmp_path)
    before = run.snapshot_path("last").read_bytes()
    (run.folder / "status.json").unlink()
    store.mend(run)
    assert work(store.path, run.id) == "done"
    assert (run.status.state, run.status.saved_step) == ("finished", 1)
    assert run.snapshot_path("last").read_bytes() == before
    assert not (run.folder / "events.jsonl").exists()


def test_an_opened_network_whose_weights_are_gone_is_not_begun_by_chance(store, tmp_path):
    run = opened_network(store, tmp_path)
    store.extend(run.id, "ada", 1)
    shutil.rmtree(run.folder / "snapshots")
    assert work(store.path, run.id) == "done"
    assert run.status.state == "failed"
    assert run.status.reason.startswith("The weights of this network are gone")


def test_a_training_whose_snapshots_are_deleted_in_mid_run_goes_on_and_one_at_rest_begins_again(
    store, trained, monkeypatch
):
    recipe = TrainSpec(epochs=2, batch_size=64, train_size=640, patience=2)
    ids = [store.submit(PRESETS["tiny"], recipe, owner=owner) for owner in ("ada", "bob")]
    keep, deleted = SnapshotKeeper.keep, []

    def forgetful(self, event):
        if event.step == 8 and not deleted:
            shutil.rmtree(self.folder)
            deleted.append(self.folder)
        keep(self, event)

    monkeypatch.setattr(SnapshotKeeper, "keep", forgetful)
    work(store.path, ids[0])
    assert deleted
    shutil.rmtree(store.run(ids[1]).folder / "snapshots")
    store.set_status(store.run(ids[1]), state="interrupted", step=50, saved_step=50)
    work(store.path, ids[1])
    undisturbed = RunStore(trained[0]).run(trained[1]).snapshot_path("last")
    for run_id in ids:
        run = store.run(run_id)
        assert run.status.state == "finished", run.status.reason
        assert _tensors(run.snapshot_path("last")) == _tensors(undisturbed)


def _tensors(path):
    content = path.read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]
