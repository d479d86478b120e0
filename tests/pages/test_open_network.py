"""The page that opens a network from elsewhere: the door, the wait, the first look, and the choices to overrule."""

from __future__ import annotations

from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import save_model
from tests.pages.app import OWNER, open_page, text

PAGE = "pages/9_open_network.py"


def saved(tmp_path, net) -> bytes:
    save_model(tmp_path / "net.safetensors", net, net.spec)
    return (tmp_path / "net.safetensors").read_bytes()


def opened(tmp_path, net, name="my_model.safetensors", onto=None):
    """A run that a worker made of a file."""
    store = RunStore()
    run_id = store.openings.ask(saved(tmp_path, net), name, OWNER, onto)
    the_worker_takes(store, run_id)
    return store.run(run_id)


def the_worker_takes(store, run_id):
    ticket = store.next_ticket()
    assert ticket.run_id == run_id
    store.take(ticket)
    work(store.path, run_id)
    store.done(run_id)


def test_home_and_runs_have_a_door_to_it(app):
    for page in ("pages/0_home.py", "pages/8_runs.py"):
        app = open_page(app, page)
        assert any("Open your own network" in link.proto.label for link in app.main.get("page_link"))


def test_the_door_says_which_files_and_how_large_before_one_is_chosen(app):
    app = open_page(app, PAGE)
    for word in (".keras", ".h5", ".safetensors", ".pt", ".onnx", ".json", "weights alone"):
        assert word in text(app)
    (uploader,) = app.main.get("file_uploader")
    assert uploader.proto.max_upload_size_mb == 60
    assert not uploader.proto.type  # any file may be chosen: a refusal is a sentence


def test_a_file_is_brought_waits_is_opened_and_looked_at(app, no_runner, tmp_path):
    app = open_page(app, PAGE)
    app.file_uploader[0].upload("my_model.safetensors", saved(tmp_path, load("lesson"))).run()
    assert "Opening my_model.safetensors" in text(app)
    store = RunStore()
    (run,) = store.runs(owner=OWNER)
    assert run.kind == "opening"
    the_worker_takes(store, run.id)
    app.run()
    assert not app.exception
    assert app.session_state["network"] == f"run:{run.id}"
