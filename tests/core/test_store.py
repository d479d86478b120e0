"""The store of runs: nothing is trusted, turns are fair, wishes are heard, deletions can be undone."""

import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, Status, ensure_runner, runner_is_alive
from cnn_core.runs.fairness import Ticket, order
from cnn_core.runs.files import is_locked, locked
from cnn_core.runs.history import read_history, thinned
from cnn_core.training import RECIPES, TrainSpec
from tests.core.work import counted

TINY = PRESETS["tiny"]
RECIPE = TrainSpec(epochs=2)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def submit(store, owner="ada", **recipe):
    return store.submit(TINY, TrainSpec(**recipe), owner=owner)


def finish(store, run_id, **result):
    """What a runner and a worker would do, without any training."""
    ticket = next(ticket for ticket in store.waiting() if ticket.run_id == run_id)
    assert store.take(ticket)
    store.set_status(store.run(run_id), state="finished", step=10, result={"accuracy": 0.9} | result)
    store.done(run_id)


# What was asked for comes back


def test_a_run_is_what_was_submitted(store):
    before = time.time()
    run = store.run(store.submit(TINY, RECIPE, dataset="kmnist", owner="ada", name="My first net"))
    assert (run.spec, run.recipe, run.dataset, run.name) == (TINY, RECIPE, "kmnist", "My first net")
    assert run.kind == "training"
    assert (run.status.state, run.status.epochs) == ("queued", 2)
    assert before - 0.001 <= run.created <= time.time() + 0.001  # JSON's and the system's last digits


def test_a_second_store_on_the_same_folder_sees_the_same_run(store):
    run_id = submit(store)
    assert RunStore(store.path).run(run_id).recipe == store.run(run_id).recipe


def test_ids_cannot_be_guessed_from_one_another(store):
    ids = {submit(store, seed=seed) for seed in range(5)}
    assert len(ids) == 5
    assert all(len(run_id) == 11 for run_id in ids)


def test_the_owners_token_is_nowhere_in_the_store(store):
    run_id = submit(store, owner="secret-token-of-ada")
    assert store.run(run_id).is_owner("secret-token-of-ada")
    assert not store.run(run_id).is_owner("secret-token-of-eve")
    assert not store.run(run_id).is_owner("")
    for folder, _, files in os.walk(store.path):
        for file in files:
            path = os.path.join(folder, file)
            assert "secret-token" not in path
            assert b"secret-token" not in Path(path).read_bytes()


# Nothing is trusted


@pytest.mark.parametrize(
    "run_id",
    [
        "",
        "..",
        "../../etc",
        "queue",
        "x" * 11 + "/",
        "abcdefghij\n",
        "a" * 11,
        "é" * 11,
        None,
        7,
        b"a" * 11,
        "\0" * 11,
    ],
)
def test_an_id_that_is_none_gets_a_sentence(store, run_id):
    submit(store)
    with pytest.raises(StudentError, match="no run"):
        store.run(run_id)
    with pytest.raises(StudentError):
        store.restore(run_id, "ada")


RUBBISH = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"state": 7, "step": "many", "result": [1]}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("rubbish", RUBBISH)
@pytest.mark.parametrize(
    "file", ["status.json", "changes.json", "control.json", "events.jsonl", "samples.json"]
)
def test_a_spoiled_file_reads_as_absent(store, file, rubbish):
    run = store.run(submit(store))
    (run.folder / file).write_bytes(rubbish)
    assert (run.status.state, run.status.result, run.name) == ("queued", None, TINY.name)
    assert run.sample() is None
    assert len(run.history().train) == 0
    assert run.recipe == TrainSpec()
    assert store.runs("ada")[0].version


@pytest.mark.parametrize(
    "rubbish", [*RUBBISH, b'{"spec": 3, "recipe": 4, "created": "now", "owner": "../..", "name": {}}']
)
def test_a_spoiled_run_spoils_no_list(store, rubbish):
    good, bad = submit(store, seed=1), submit(store, seed=2)
    (store.path / bad / "run.json").write_bytes(rubbish)
    listed = store.runs()
    assert good in [run.id for run in listed]
    for run in listed:
        assert run.name
        assert run.created >= 0
        assert run.status.state == "queued"
        assert isinstance(run.dataset, str)
        assert run.kind == "training"
        if run.id == bad:
            with pytest.raises(StudentError):
                _ = run.spec
            with pytest.raises(StudentError):
                _ = run.recipe


@pytest.mark.timeout(10)
@pytest.mark.parametrize("file", ["run.json", "status.json", "control.json", "events.jsonl", "samples.json"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(store, file):
    run = store.run(submit(store))
    (run.folder / file).unlink(missing_ok=True)
    os.mkfifo(run.folder / file)
    assert run.status.state == "queued"
    assert (run.control, run.sample(), len(run.history().train)) == ({}, None, 0)
    assert len(store.runs("ada")) == (file != "run.json")


def test_a_status_with_impossible_figures_reads_as_if_they_were_absent():
    status = Status.from_dict(
        {
            "state": "finished",
            "epoch": -5,
            "step": True,
            "eta": -1e308,
            "result": {"accuracy": 5, "count": -1, "loss": "x", "confusion": 7, "sizes": [[28, 28]]},
        }
    )
    assert status == Status(state="finished", result={"sizes": [[28, 28]]})


def test_foreign_files_among_the_tickets_are_passed_over(store):
    run_id = submit(store)
    for name in (
        "x",
        "1.2.3.4",
        f"{1:020d}.{run_id}.../../x.training",
        ".DS_Store",
        f"{1:020d}.{run_id}.{'a' * 32}.bomb",
    ):
        (store.path / "queue" / name.replace("/", "_")).write_text("")
    assert [ticket.run_id for ticket in store.turns()] == [run_id]


@pytest.mark.parametrize("dataset", ["", "../mnist", "MNIST", "x" * 100])
def test_a_data_set_is_named_plainly(store, dataset):
    with pytest.raises(StudentError, match="data set"):
        store.submit(TINY, RECIPE, dataset=dataset, owner="ada")


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(StudentError, match="cannot be written"):
        submit(RunStore(tmp_path / "runs"))


def test_a_runner_that_cannot_be_started_gets_a_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(StudentError, match=r"Training cannot be started .* Make room on the disk"):
        ensure_runner(RunStore(tmp_path / "runs"))


def test_a_runner_whose_log_cannot_be_written_gets_a_sentence(store):
    submit(store)
    (store.path / "runner.log").mkdir()
    with pytest.raises(StudentError, match="Training cannot be started"):
        ensure_runner(store)
    assert not runner_is_alive(store)


def test_a_ticket_that_cannot_be_written_again_gets_a_sentence(store):
    run = store.run(submit(store))
    shutil.rmtree(store.path / "queue")
    (store.path / "queue").write_text("a file where the folder should be")
    with pytest.raises(StudentError, match=r"cannot be written .* Make room on the disk"):
        store.mend(run)


def test_a_wish_that_cannot_be_written_gets_a_sentence(store):
    run_id = submit(store)
    (store.path / "paused").write_text("a file where the folder should be")
    with pytest.raises(StudentError, match="cannot be written"):
        store.control(run_id, "ada", "pause")


# Pressing Train twice


def test_the_same_wish_of_the_same_visitor_is_the_same_run(store):
    assert submit(store, seed=3) == submit(store, seed=3)
    assert len(store.turns()) == 1


def test_eight_presses_at_once_are_one_run(store):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: submit(store), range(8)))) == 1


def test_another_visitor_seed_or_data_set_is_another_run(store):
    ids = {
        submit(store),
        submit(store, owner="bob"),
        submit(store, seed=1),
        store.submit(TINY, TrainSpec(), "kmnist", "ada"),
    }
    assert len(ids) == 4


def test_a_name_alone_makes_no_new_run(store):
    assert store.submit(TINY, RECIPE, owner="ada", name="one") == store.submit(
        TINY, RECIPE, owner="ada", name="two"
    )


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_what_failed_or_was_stopped_may_be_tried_again(store, state):
    first = submit(store)
    finish(store, first)
    assert submit(store) == first
    store.set_status(store.run(first), state=state)
    assert submit(store) != first


def test_what_was_deleted_may_be_tried_again(store):
    first = submit(store)
    finish(store, first)
    store.delete(first, "ada")
    assert submit(store) != first


def test_a_ticket_lost_when_the_server_died_is_written_again(store):
    run_id = submit(store)
    for ticket in os.listdir(store.path / "queue"):
        os.unlink(store.path / "queue" / ticket)
    assert submit(store) == run_id
    assert [ticket.run_id for ticket in store.turns()] == [run_id]


# The queue


def ticket(name, created, owner=None, kind="training"):
    return Ticket(created, name, owner or name[0], kind)


def names(tickets):
    return [ticket.run_id for ticket in tickets]


def test_visitors_take_turns():
    waiting = [
        ticket("a1", 1),
        ticket("a2", 2),
        ticket("a3", 3),
        ticket("b1", 4),
        ticket("c1", 5),
        ticket("b2", 6),
    ]
    assert names(order(waiting)) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_whoever_was_served_longest_ago_comes_first():
    waiting = [ticket("a1", 1), ticket("b1", 2), ticket("c1", 3)]
    served = {("a", "training"): 30.0, ("b", "training"): 10.0, ("c", "training"): 20.0}
    assert names(order(waiting, served=served)) == ["b1", "c1", "a1"]


def test_a_visitor_with_a_run_at_work_waits_for_those_without():
    waiting = [ticket("a2", 1), ticket("b1", 2)]
    served = {("a", "training"): 1.0, ("b", "training"): 2.0}
    assert names(order(waiting, running={("a", "training")}, served=served)) == ["b1", "a2"]


def test_a_dream_does_not_wait_for_its_visitors_training():
    waiting = [ticket("a2", 1), ticket("a3", 2, kind="dream")]
    assert names(order(waiting, running={("a", "training")}))[0] == "a3"


def test_whoever_is_away_comes_after_all_who_are_there_and_still_comes():
    waiting = [ticket("a1", 1), ticket("b1", 2), ticket("b2", 3)]
    assert names(order(waiting, away={"a"})) == ["b1", "b2", "a1"]
    assert names(order(waiting[:1], away={"a"})) == ["a1"]


def test_a_visitor_may_have_so_many_unfinished_runs(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "2")
    first = submit(store, seed=1)
    submit(store, seed=2)
    with pytest.raises(StudentError, match="2 unfinished trainings"):
        submit(store, seed=3)
    submit(store, owner="bob")
    finish(store, first)
    submit(store, seed=3)


def test_the_place_shown_is_the_place_taken(store):
    ids = [
        submit(store, owner, seed=seed)
        for owner, seed in [("ada", 1), ("ada", 2), ("bob", 1), ("eve", 1), ("bob", 2)]
    ]
    shown = sorted(ids, key=store.place)
    assert sorted(store.place(run_id) for run_id in ids) == [0, 1, 2, 3, 4]
    taken = []
    while (ticket := store.next_ticket()) is not None:
        finish(store, ticket.run_id)
        taken.append(ticket.run_id)
    assert taken == shown


def test_a_visitor_who_left_yields_their_place(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_AWAY_SECONDS", "60")
    ada, bob = submit(store, "ada"), submit(store, "bob")
    assert (store.place(ada), store.place(bob)) == (0, 1)
    for seen in store.path.glob("visitors/*/seen"):
        os.utime(seen, (time.time() - 100,) * 2)
    store.seen("bob")
    assert (store.place(ada), store.place(bob)) == (1, 0)
    store.seen("ada")
    assert store.place(ada) == 0


def test_the_expected_wait_grows_along_the_queue(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "1")
    ids = [submit(store, owner) for owner in ("ada", "bob", "eve")]
    store.remember_speed(store.run(ids[0]), 10_000.0)
    waits = [store.expected_wait(run_id) for run_id in ids]
    assert waits[0] == 0
    assert 0 < waits[1] < waits[2]
    assert waits[2] == pytest.approx(2 * waits[1])
    store.remember_speed(store.run(ids[0]), 20_000.0)  # the machine turns out twice as fast
    assert store.expected_wait(ids[1]) == pytest.approx(waits[1] / 2)
    finish(store, ids[0])
    assert store.expected_wait(ids[0]) is None
    assert store.expected_wait("nonsense") is None


def test_a_ticket_is_taken_by_one(store):
    submit(store)
    [ticket] = store.turns()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.take(ticket), range(8))) == 1


def test_a_visitor_has_one_training_at_work(store):
    submit(store, seed=1)
    submit(store, seed=2)
    assert store.take(store.next_ticket())
    assert store.next_ticket() is None
    assert store.has_work()


# Wishes


def test_a_waiting_run_is_stopped_at_once(store):
    run_id = submit(store)
    store.control(run_id, "ada", "stop")
    assert store.run(run_id).status.state == "stopped"
    assert not store.has_work()


def test_a_waiting_run_can_be_paused_and_resumed(store):
    run_id = submit(store)
    store.control(run_id, "ada", "pause")
    assert store.run(run_id).status.state == "paused"
    assert store.next_ticket() is None
    store.control(run_id, "ada", "resume")
    assert store.run(run_id).status.state == "queued"
    assert store.next_ticket().run_id == run_id


def test_a_wish_to_resume_that_comes_before_the_runner_put_the_run_aside_is_heard(store):
    run_id = submit(store)
    store.take(store.next_ticket())
    store.set_status(store.run(run_id), state="paused")  # the worker has left, the runner has not yet seen it
    store.control(run_id, "ada", "resume")
    store.put_aside(run_id)
    assert store.next_ticket().run_id == run_id


def test_a_run_that_comes_back_after_its_owner_stopped_it_does_not_wait_again(store):
    run_id = submit(store)
    store.take(store.next_ticket())
    store.control(run_id, "ada", "stop")
    store.put_back(run_id, "The machine was restarted.")
    assert store.run(run_id).status.state == "stopped"
    assert not store.has_work()


def test_a_run_that_lost_its_worker_is_next(store):
    first = submit(store, "ada")
    store.take(store.next_ticket())
    submit(store, "bob")
    store.put_back(first, "The machine was restarted.")
    status = store.run(first).status
    assert (status.state, status.reason) == ("interrupted", "The machine was restarted.")
    assert store.next_ticket().run_id == first


def test_only_the_owner_decides(store):
    run_id = submit(store, "ada")
    for change in (
        lambda: store.control(run_id, "eve", "stop"),
        lambda: store.rename(run_id, "eve", "mine"),
        lambda: store.delete(run_id, "eve"),
        lambda: store.extend(run_id, "eve", 1),
        lambda: store.control(run_id, "", "stop"),
    ):
        with pytest.raises(StudentError, match="Only the visitor"):
            change()


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), 1.5, "fast", True, None])
def test_an_impossible_learning_rate_is_refused(store, rate):
    run_id = submit(store)
    if rate is None:
        store.control(run_id, "ada", learning_rate=None)
    else:
        with pytest.raises(StudentError):
            store.control(run_id, "ada", learning_rate=rate)
    assert "learning_rate" not in store.run(run_id).control


def test_wishes_are_merged(store):
    run_id = submit(store)
    store.take(store.next_ticket())
    wishes = [{"learning_rate": 0.01}, {"action": "pause"}]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.control(run_id, "ada", **wishes[i % 2]), range(16)))
    assert store.run(run_id).control == {"action": "pause", "learning_rate": 0.01}


def test_an_unknown_action_or_an_ended_run_gets_a_sentence(store):
    run_id = submit(store)
    with pytest.raises(StudentError, match="cannot"):
        store.control(run_id, "ada", "explode")
    finish(store, run_id)
    with pytest.raises(StudentError, match="ended"):
        store.control(run_id, "ada", "stop")


# Names, trash, more epochs


def test_a_new_name_is_one_printable_line(store):
    run_id = submit(store)
    store.rename(run_id, "ada", "  a\nb\x00\u202ec  " + "x" * 500)
    assert store.run(run_id).name.startswith("a b c xxx"[:5])
    assert len(store.run(run_id).name) == 80
    assert store.run(run_id).name.isprintable()
    with pytest.raises(StudentError, match="name"):
        store.rename(run_id, "ada", " \n")


def test_a_deletion_can_be_undone_for_a_day(store):
    run_id = submit(store)
    finish(store, run_id)
    store.delete(run_id, "ada")
    assert store.runs("ada") == []
    with pytest.raises(StudentError):
        store.run(run_id)
    with pytest.raises(StudentError, match="cannot be brought back"):
        store.restore(run_id, "eve")
    store.restore(run_id, "ada")
    assert store.run(run_id).status.result["accuracy"] == 0.9
    assert [run.id for run in store.runs("ada")] == [run_id]

    store.delete(run_id, "ada")
    os.utime(next(store.path.glob(f"trash/*/{run_id}")), (time.time() - 25 * 3600,) * 2)
    store.purge_trash()
    with pytest.raises(StudentError, match="cannot be brought back"):
        store.restore(run_id, "ada")


def test_a_waiting_run_is_stopped_before_it_is_deleted(store):
    run_id = submit(store)
    store.delete(run_id, "ada")
    assert not store.has_work()


def test_a_run_at_work_cannot_be_deleted(store):
    run_id = submit(store)
    store.take(store.next_ticket())
    store.set_status(store.run(run_id), state="running")
    with pytest.raises(StudentError, match="at work"):
        store.delete(run_id, "ada")


def test_a_finished_run_goes_on_for_more_epochs_as_the_same_run(store):
    run_id = submit(store, epochs=2)
    finish(store, run_id)
    (store.path / run_id / "snapshots" / "last.safetensors").touch()
    store.extend(run_id, "ada", 3)
    run = store.run(run_id)
    assert (run.recipe.epochs, run.status.state, run.status.epochs) == (5, "queued", 5)
    assert store.next_ticket().run_id == run_id
    assert submit(store, epochs=5) == run_id  # it is the run of five epochs now,
    assert submit(store, epochs=2) != run_id  # and no longer the one of two


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True, "2", 10**9])
def test_more_epochs_are_a_few(store, epochs):
    run_id = submit(store)
    finish(store, run_id)
    (store.path / run_id / "snapshots" / "last.safetensors").touch()
    with pytest.raises(StudentError):
        store.extend(run_id, "ada", epochs)
    assert store.run(run_id).recipe.epochs == TrainSpec().epochs


def test_one_cycle_and_unfinished_runs_do_not_go_on(store):
    cycle, waiting = submit(store, schedule="one_cycle"), submit(store)
    finish(store, cycle)
    with pytest.raises(StudentError, match="one_cycle"):
        store.extend(cycle, "ada", 1)
    with pytest.raises(StudentError, match="not finished"):
        store.extend(waiting, "ada", 1)


def test_old_runs_of_visitors_who_are_gone_are_evicted(store):
    ids = [submit(store, seed=seed) for seed in range(4)]
    for run_id in ids:
        finish(store, run_id)
    assert store.evict(keep=2) == 0  # ada is still here
    for seen in store.path.glob("visitors/*/seen"):
        os.utime(seen, (0, 0))
    assert store.evict(keep=2) == 2
    assert [run.id for run in store.runs()] == [ids[3], ids[2]]


# Lists and versions


def test_lists_are_newest_first_and_ones_own_are_ones_own(store):
    ids = [submit(store, owner, seed=seed) for seed in range(3) for owner in ("ada", "bob")]
    assert [run.id for run in store.runs()] == ids[::-1]
    assert [run.id for run in store.runs("bob")] == ids[1::2][::-1]
    assert [run.id for run in store.runs(limit=2)] == ids[:-3:-1]
    assert store.latest("ada").id == ids[4]
    assert store.latest("nobody") is None


def test_the_version_changes_with_everything_a_page_shows(store):
    run = store.run(submit(store))
    seen = [run.version]
    assert run.version == seen[0]
    for change in (
        lambda: store.set_status(run, step=1),
        lambda: store.rename(run.id, "ada", "other"),
        lambda: (run.folder / "events.jsonl").write_text("{}\n"),
        lambda: (run.folder / "snapshots" / "best.safetensors").touch(),
        lambda: (run.folder / "samples.json").write_text("{}"),
    ):
        change()
        assert run.version not in seen
        seen.append(run.version)


def test_fifty_of_ten_thousand_runs_are_listed_without_reading_the_others(store):
    run_id = submit(store)
    marks = next(store.path.glob("visitors/*/runs"))
    for number in range(10_000):
        name = f"{number:011d}"
        os.mkdir(store.path / name)
        for file in ("run.json", "status.json"):
            os.link(store.path / run_id / file, store.path / name / file)
        (marks / name).touch()

    for owner in ("ada", None):
        with counted() as work:
            listed = [(run.name, run.status.state) for run in store.runs(owner, limit=50)]
        assert len(listed) == 50
        assert (
            work.files_opened < 10 * 50
        )  # card, changes and status of each; Python tells of an opening twice
    with counted() as work:
        assert len(store.runs("ada")) == 10_001
    assert work.files_opened >= 10_001  # so the counting counts


def test_a_preset_beyond_this_server_s_limits_is_not_taken_in(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "3")
    with pytest.raises(StudentError, match="3"):
        store.submit(PRESETS["tiny"], RECIPES["lesson"], owner="ada")
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "5")
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "1000")
    with pytest.raises(StudentError, match="1,000"):
        store.submit(PRESETS["lesson"], RECIPES["lesson"], owner="ada")
    assert not store.runs()


# Snapshots


def test_weights_are_found_by_step_and_by_name(store):
    run = store.run(submit(store))
    with pytest.raises(StudentError, match="no weights yet"):
        run.snapshot_path("last")
    for name in ("step_00000000_epoch_0.0000", "step_00000128_epoch_2.0000", "step_00000064_epoch_1.0000"):
        (run.folder / "snapshots" / f"{name}.safetensors").touch()
    (run.folder / "snapshots" / ".step_1.part").touch()
    assert [(s.step, s.epoch) for s in run.snapshots()] == [(0, 0.0), (64, 1.0), (128, 2.0)]
    assert run.snapshot_path("last").name.startswith("step_00000128")
    (run.folder / "snapshots" / "last.safetensors").touch()
    assert run.snapshot_path("last").name == "last.safetensors"
    assert run.snapshot_path("best").name == "last.safetensors"  # before the first validation
    assert run.snapshot_path(64).name.startswith("step_00000064")
    for which in (65, "worst", "../run.json", None):
        with pytest.raises(StudentError):
            run.snapshot_path(which)


# Curves


def line(step, kind="batch", **more):
    return (
        json.dumps(
            {
                "kind": kind,
                "step": step,
                "epoch": step / 10,
                "loss": 1 / step,
                "accuracy": 0.5,
                "learning_rate": 0.1,
            }
            | more
        )
        + "\n"
    )


def test_a_torn_last_line_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    torn = line(2)
    path.write_text(line(1) + torn[:20])
    assert read_history(path).train.step == [1]
    with open(path, "a") as file:
        file.write(torn[20:] + line(3))
    assert read_history(path).train.step == [1, 2, 3]


def test_lines_that_make_no_sense_are_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    strange = (
        '\n[]\n{"kind": "batch"}\n{"kind": []}\nnonsense\n'
        + line(5, loss=None)
        + line(5, accuracy="five")
        + line(5, loss=True)
    )
    path.write_text(line(1) + strange + line(2) + line(3, "validated") + line(4, "of a newer version"))
    history = read_history(path)
    assert (history.train.step, history.validation.step) == ([1, 2], [3])
    assert history.learning_rates == [0.1, 0.1]


def test_a_repaired_file_is_read_anew(tmp_path):
    path, new = tmp_path / "events.jsonl", tmp_path / "new"
    path.write_text("".join(line(step) for step in range(1, 11)))
    assert read_history(path).train.step == list(range(1, 11))
    new.write_text("".join(line(step) for step in range(1, 6)) + line(6, loss=7.0) * 20)
    os.replace(new, path)
    assert read_history(path).train.step == [1, 2, 3, 4, 5] + [6] * 20


@pytest.mark.parametrize("count", [1, 399, 400, 401, 800, 801, 5_000])
def test_curves_are_thinned_to_400_points_that_keep_the_mean_and_the_end(count):
    rows = [(float(i), i / 10, float(i), 0.5, 0.1) for i in range(1, count + 1)]
    few = thinned(rows)
    assert len(few) <= 400
    assert few[-1][:2] == rows[-1][:2]
    if count % 16 == 0 or count <= 400:
        assert sum(row[2] for row in few) / len(few) == pytest.approx((count + 1) / 2)
    assert len(few) > min(count, 200) - 1


def test_many_threads_read_one_growing_file(tmp_path):
    path = tmp_path / "events.jsonl"
    path.touch()
    lengths, done = [], threading.Event()

    def read():
        last = 0
        while not done.is_set():
            now = read_history(path).train.step
            assert now == list(range(1, len(now) + 1))
            assert len(now) >= last
            last = len(now)
        lengths.append(last)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    with open(path, "a", buffering=1) as file:
        for step in range(1, 301):
            file.write(line(step))
    time.sleep(0.05)
    done.set()
    for reader in readers:
        reader.join()
    assert max(lengths) == 300


# Locks


def test_a_lock_is_held_by_one_and_let_go_of(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    with locked(path, wait=False) as mine:
        assert mine
        assert is_locked(path)
        with locked(path, wait=False) as too:
            assert not too
    assert not is_locked(path)


def test_a_status_survives_its_file():
    status = Status(
        "running", "why", 5, 10, 0.5, 1, 2.5, 100.0, 0.1, 3.0, 7.0, 4, 0.4, 99, 0.0, {"accuracy": 0.9}
    )
    assert Status.from_dict(json.loads(json.dumps(status.to_dict()))) == status
