"""A folder of runs that cannot be written: the page says so in our words, and what was asked for is not lost."""

import builtins
import errno
import io
import os
from pathlib import Path

import pytest

from cnn_core.data.own import Shelf
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, save_model

OWNER = "a" * 22
FULL, READ_ONLY = (
    "The disk of this server has too little room for work.",
    "This server cannot write to its disk now.",
)
SENTENCE = "Training cannot be started: the disk of this server is full."
HINT = "Tell whoever runs this server."


@pytest.fixture(autouse=True)
def no_runner_can_be_started(monkeypatch):
    def refuse(store):
        raise StudentError(SENTENCE, hint=HINT)

    monkeypatch.setattr("cnn_core.runs.ensure_runner", refuse)


@pytest.fixture
def finished_run():
    """(store, id) of a run that could go on: its weights are there."""
    store = RunStore()
    spec = PRESETS["tiny"]
    run_id = store.submit(spec, RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    run = store.run(run_id)
    save_model(run.folder / "snapshots" / "last.safetensors", build(spec, 0), spec)
    result = {"accuracy": 0.9, "loss": 0.3, "count": 500}
    store.set_status(run, state="finished", step=315, saved_step=315, epoch=5.0, result=result)
    store.done(run_id)
    return store, run_id


def text(app) -> str:
    return "\n".join(element.value for element in app.markdown).replace("\\", "")


def open_page(app, file, network="pretrained:lesson", **session):
    app.session_state["visitor"] = OWNER
    app.query_params["net"] = network
    app.run()
    for key, value in session.items():
        app.session_state[key] = value
    app.switch_page(file).run()
    assert not app.exception
    return app


def refusals(app) -> int:
    assert not app.exception
    return text(app).count(SENTENCE)


def test_train_says_it_once_and_keeps_the_run(app):
    open_page(app, "pages/2_train.py")
    assert refusals(app) == 0
    app.button(key="train").click().run()
    assert refusals(app) == 1
    assert HINT in text(app)
    [run] = RunStore().runs(owner=OWNER)
    assert app.session_state["network"] == f"run:{run.id}"  # it waits, and is looked at
    assert "It is getting ready." in text(app)
    app.run()
    assert refusals(app) == 1  # as long as it is so


def test_two_epochs_more_are_kept_though_nobody_can_begin_them(app, finished_run):
    store, run_id = finished_run
    open_page(app, "pages/2_train.py", f"run:{run_id}")
    app.button(key="extend").click().run()
    assert refusals(app) == 1
    assert (store.run(run_id).status.state, store.run(run_id).recipe.epochs) == ("queued", 7)


def test_a_run_without_a_ticket_is_looked_at_all_the_same(app, monkeypatch):
    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER)

    def refuse(self, run):
        raise StudentError("The folder for runs cannot be written.")

    monkeypatch.setattr(RunStore, "mend", refuse)
    open_page(app, "pages/2_train.py", f"run:{run_id}")
    assert "The folder for runs cannot be written." in text(app)
    assert "It is getting ready." in text(app)


def test_runs_says_it_of_more_epochs(app, finished_run):
    store, run_id = finished_run
    open_page(app, "pages/8_runs.py", **{f"menu_{run_id}": True})
    app.button(key=f"more_{run_id}").click().run()
    assert refusals(app) == 1
    assert store.run(run_id).status.state == "queued"
    assert "## My networks and ours" in text(app)
    app.run()
    assert refusals(app) == 0  # of that click, once


def test_runs_says_it_of_more_seeds_and_compares_them(app, finished_run):
    store, run_id = finished_run
    open_page(app, "pages/8_runs.py", **{f"menu_{run_id}": True})
    app.button(key=f"seeds_{run_id}").click().run()
    assert refusals(app) == 1
    assert sorted(run.recipe.seed for run in store.runs(owner=OWNER)) == [0, 1, 2]
    assert len([name for name in app.session_state["runs_chosen"] if name.startswith("run:")]) == 3


# ---------------------------------------------------------------- a disk that nothing can be written to


@pytest.fixture
def make_read_only(monkeypatch):
    """The store's folder becomes read-only, as a disk does that has failed: for root too, unlike by its mode."""

    def make(root: Path) -> None:
        def refusing(change, is_writing):
            def step(path, *args, **kwargs):
                inside = isinstance(path, str | Path) and str(path).startswith(str(root))
                if inside and is_writing(*args, **kwargs):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
                return change(path, *args, **kwargs)

            return step

        for name in ("mkdir", "rename", "replace", "unlink", "utime", "rmdir", "chmod"):
            monkeypatch.setattr(os, name, refusing(getattr(os, name), lambda *args, **kwargs: True))
        monkeypatch.setattr(
            os, "open", refusing(os.open, lambda flags, *args, **kwargs: bool(flags & ~_READING))
        )
        opened = refusing(io.open, lambda mode="r", *args, **kwargs: bool(set(mode) & set("wax+")))
        monkeypatch.setattr(io, "open", opened)
        monkeypatch.setattr(builtins, "open", opened)
        monkeypatch.setattr("cnn_core.runs.disk._lack_by_the_system", lambda path: "read_only")

    return make


_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_DIRECTORY


def test_a_store_that_cannot_be_written_is_a_sentence_on_every_page_whatever_is_clicked(
    app, monkeypatch, make_read_only
):
    from cnn_core.runs import ensure_runner as real

    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER)
    store.openings.ask(b"a network", "net.h5", OWNER)
    Shelf().make(OWNER, classes=("house", "fish"))
    monkeypatch.setattr("cnn_core.runs.ensure_runner", real)
    open_page(app, "pages/0_home.py")
    make_read_only(store.path)
    for file, network, clicks in (
        ("pages/2_train.py", "pretrained:lesson", ("train",)),
        ("pages/2_train.py", f"run:{run_id}", ("pause", "stop")),
        ("pages/6_deep_dream.py", "pretrained:lesson", ("dream_start",)),
        ("pages/7_augmentation.py", "pretrained:lesson", ("train_pair",)),
        ("pages/8_runs.py", "pretrained:lesson", (f"del_{run_id}",)),
        ("pages/9_my_data.py", "pretrained:lesson", ("data_add_class",)),
        ("pages/9_open_network.py", "pretrained:lesson", ()),
    ):
        app.session_state["network"] = network
        app.session_state[f"menu_{run_id}"] = True
        app.switch_page(file).run()
        assert READ_ONLY in text(app), file
        for key in clicks:
            app.button(key=key).click().run()
            assert not app.exception, (file, key)
            assert ": this server cannot write to its disk." in text(app), (file, key)
            assert HINT in text(app)
    assert {run.kind for run in store.runs(OWNER)} == {"training", "opening"}  # and nothing half-made


def test_a_full_disk_is_said_where_something_waits_and_no_time_is_promised(app, monkeypatch):
    run_id = RunStore().submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER)
    monkeypatch.setattr("cnn_core.runs.ensure_runner", lambda store: False)
    open_page(app, "pages/2_train.py", f"run:{run_id}")
    assert FULL not in text(app)
    assert "Getting ready." in text(app)
    monkeypatch.setattr("cnn_core.runs.disk._lack_by_the_system", lambda path: "full")
    app.run()
    assert FULL in text(app)
    assert "Waiting: yours is next. You may leave this page." in text(app)
    for file in ("pages/6_deep_dream.py", "pages/8_runs.py"):
        app.switch_page(file).run()
        assert text(app).count(FULL) == 1
