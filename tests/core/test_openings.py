"""A file that is brought: its bounds, what a worker makes of it, and what is left of one that is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.opening import MAX_BYTES, PREPARATIONS, Opened, Trial, fitting, with_input
from cnn_core.pretrained import load
from cnn_core.runs import RunStore, openings
from cnn_core.runs.jobs import opening_job, reading
from cnn_core.runs.jobs.opening_job import decided, tried_here
from cnn_core.runs.jobs.worker import work
from cnn_core.runs.opened import OpenedFile, read_opened
from cnn_core.training import RECIPES, load_model, save_model

SEVEN = ModelSpec.from_dict({"name": "Seven", "input_shape": [1, 28, 28], "classes": 7, "layers": [
    {"type": "flatten"}, {"type": "dense", "units": 7, "activation": "softmax"},
]})  # fmt: skip
OWNER, OTHER = "a" * 22, "b" * 22


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def reads_as(monkeypatch):
    """`reads_as(net, dataset=...)`: whatever is brought holds this network, and says this of itself."""

    def reads_as(net, **says):
        monkeypatch.setattr(reading, "open_network", lambda *_: Opened(net.spec, net, **says))

    return reads_as


def bring(store, content=b"{}", name="my_model.h5", owner=OWNER, onto=None):
    """What the page does, and then the worker."""
    run_id = store.openings.ask(content, name, owner, onto)
    the_worker_takes(store, run_id)
    return store.run(run_id)


def the_worker_takes(store, run_id):
    ticket = store.next_ticket()
    assert (ticket.run_id, ticket.kind) == (run_id, "opening")
    assert store.take(ticket)
    assert work(store.path, run_id) == "done"
    store.done(run_id)


def mnist_net():
    return load("lesson")


def times_255(net):
    """The same network, but it wants numbers from 0 to 255: its first kernel is 255 times smaller."""
    net = build(net.spec).eval()
    net.load_state_dict(mnist_net().state_dict())
    with torch.no_grad():
        next(iter(net.parameters())).div_(255)
    return net


@pytest.fixture
def clothes(tmp_path, monkeypatch):
    """A little Fashion-MNIST: the same square, whatever it is said to be."""
    little = dataclasses.replace(KNOWN["fashion_mnist"], counts=(40, 30), system_folder=None)
    monkeypatch.setitem(KNOWN, "fashion_mnist", little)
    folder = tmp_path / "data" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for split, count in (("train", 40), ("t10k", 30)):
        labels, images = np.arange(count) % 10, np.zeros((count, 28, 28))
        images[:, 8:20, 8:20] = 200
        for values, name in ((labels, "labels-idx1"), (images, "images-idx3")):
            header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
            (folder / f"{split}-{name}-ubyte").write_bytes(header + values.astype(np.uint8).tobytes())


# ---------------------------------------------------------------- what a file becomes


def test_it_waits_as_an_opening_and_is_a_finished_training_afterwards_under_the_same_id(store, reads_as):
    reads_as(mnist_net())
    run_id = store.openings.ask(b"{}", "my_model.h5", OWNER)
    waiting = store.run(run_id)
    assert (waiting.kind, waiting.status.state, waiting.name) == ("opening", "queued", "my_model")
    created = waiting.created
    the_worker_takes(store, run_id)
    run = store.run(run_id)
    assert (run.kind, run.status.state, run.is_opened, run.has_recipe) == (
        "training",
        "finished",
        True,
        False,
    )
    assert (run.name, run.dataset, run.created) == ("my_model", "mnist", created)
    assert run.status.result["accuracy"] > 0.98
    assert [run.id for run in store.runs(owner=OWNER)] == [run_id]
    assert not (run.folder / "upload").exists()
    assert not store.has_work()


def test_what_is_measured_is_what_the_net_itself_reads(store, reads_as):
    from cnn_core.data import load_images
    from cnn_core.training import evaluate

    reads_as(mnist_net())
    run = bring(store)
    test = load_images("mnist", "test", fetch=False)
    assert run.status.result["accuracy"] == evaluate(mnist_net(), test).accuracy
    file = read_opened(run.folder)
    few = test.take(min(opening_job.TRIED, len(test)))
    right = (mnist_net().predict(few.images / 255).argmax(1) == few.labels).float().mean()
    assert file.trial_of("mnist", "unit").accuracy == pytest.approx(float(right), abs=1e-6)
    assert (file.dataset, file.preparation, file.by, file.name) == (
        "mnist",
        "unit",
        "measured",
        "my_model.h5",
    )


def test_a_net_that_wants_0_to_255_shows_itself_and_is_read_like_the_one_it_was_made_of(store, reads_as):
    reads_as(times_255(mnist_net()))
    run = bring(store)
    file = read_opened(run.folder)
    assert file.preparation == "bytes"
    assert file.trial_of("mnist", "bytes").accuracy > file.trial_of("mnist", "unit").accuracy + 0.3
    net = load_model(run.snapshot_path("last"))[0]
    images = torch.rand(4, 1, 28, 28)
    torch.testing.assert_close(net.predict(images), mnist_net().predict(images), atol=1e-5, rtol=1e-4)


def test_a_net_that_learnt_from_images_with_rows_as_columns_shows_itself(store, reads_as):
    reads_as(with_input(mnist_net(), "exchanged"))
    run = bring(store)
    assert read_opened(run.folder).preparation == "exchanged"
    images = torch.rand(4, 1, 28, 28)
    net = load_model(run.snapshot_path("last"))[0]
    torch.testing.assert_close(net.predict(images), mnist_net().predict(images), atol=1e-5, rtol=1e-4)


def test_the_scale_is_in_the_weights_that_more_epochs_begin_with(store, reads_as):
    reads_as(times_255(mnist_net()))
    run = bring(store)
    first = load_model(run.snapshots()[0].path)[0].state_dict()
    for name, weight in load_model(run.snapshot_path("last"))[0].state_dict().items():
        assert torch.equal(weight, first[name])


def test_a_net_that_reads_nothing_here_gets_no_accuracy_and_no_data_set(store, reads_as):
    reads_as(build(PRESETS["tiny"], seed=0).eval())
    run = bring(store)
    file = read_opened(run.folder)
    assert (file.dataset, file.by) == ("", "")
    assert all(trial.accuracy < 0.3 for trial in file.trials)
    assert run.status.result is None
    assert run.status.state == "finished"


def test_what_the_file_says_of_its_data_set_is_taken_however_little_it_reads(store, reads_as, clothes):
    reads_as(mnist_net(), dataset="fashion_mnist")
    run = bring(store)
    assert run.dataset == "fashion_mnist"
    assert read_opened(run.folder).by == "file"
    # All 30 are alike, so it gives one answer: of each class there are three.
    assert run.status.result["accuracy"] == pytest.approx(0.1)
    assert run.status.result["count"] == 30


def test_a_fashion_mnist_network_trained_here_saved_and_opened_again_is_one(store, tmp_path, clothes):
    from cnn_core.data import ImagesLearntFrom, Portion

    net = build(PRESETS["tiny"], seed=0).eval()
    learnt_from = ImagesLearntFrom((Portion("fashion_mnist", "complete", 35, 5),))
    save_model(tmp_path / "net", net, net.spec, learnt_from=learnt_from)
    run = bring(store, (tmp_path / "net").read_bytes(), "net.safetensors")
    assert run.dataset == "fashion_mnist"
    assert run.learnt_from == learnt_from


def test_data_sets_and_scales_are_tried_where_size_and_classes_fit(clothes):
    trials = tried_here(mnist_net())
    mnist = [("mnist", way, 500) for way in PREPARATIONS]
    clothes = [("fashion_mnist", way, 30) for way in PREPARATIONS]
    assert [(one.dataset, one.preparation, one.count) for one in trials] == [*mnist, *clothes]
    assert fitting(SEVEN) == []


# ---------------------------------------------------------------- who decides


def trials(*accuracies):
    """Of MNIST with both scales, then of Fashion-MNIST."""
    pairs = [(key, scale) for key in ("mnist", "fashion_mnist") for scale in ("unit", "bytes")]
    return tuple(Trial(*pair, accuracy, 1000) for pair, accuracy in zip(pairs, accuracies, strict=False))


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ((0.943, 0.943, 0.1, 0.1), ("mnist", "unit", "measured")),  # a tie: the usual scale
        ((0.943, 0.955, 0.1, 0.1), ("mnist", "unit", "measured")),  # so little more may be chance
        (
            (0.588, 0.62, 0.1, 0.1),
            ("mnist", "unit", "measured"),
        ),  # and a net that has learnt little is easily led
        ((0.90, 0.96, 0.1, 0.1), ("mnist", "bytes", "measured")),  # four mistakes of ten are left
        ((0.2, 0.943, 0.1, 0.1), ("mnist", "bytes", "measured")),
        ((0.1, 0.1, 0.88, 0.3), ("fashion_mnist", "unit", "measured")),
        ((0.29, 0.1, 0.2, 0.29), ("", "unit", "")),  # under 30 % everywhere
        ((0.3, 0.1, 0.2, 0.1), ("mnist", "unit", "measured")),
        ((), ("", "unit", "")),
    ],
)
def test_the_best_trial_decides_and_none_under_thirty_per_cent(accuracies, expected):
    file = decided(OpenedFile("net.h5", trials=trials(*accuracies)))
    assert (file.dataset, file.preparation, file.by) == expected


def test_what_the_file_says_goes_before_what_was_measured():
    said = OpenedFile("a", said_dataset="fashion_mnist", trials=trials(0.99, 0.1, 0.1, 0.6))
    assert (decided(said).dataset, decided(said).preparation, decided(said).by) == (
        "fashion_mnist",
        "bytes",
        "file",
    )
    scaled = OpenedFile("a", said_scale="bytes", trials=trials(0.99, 0.9))
    assert (decided(scaled).dataset, decided(scaled).preparation) == ("mnist", "bytes")


# ---------------------------------------------------------------- the owner knows better


def test_its_owner_may_overrule_data_set_and_scale_and_it_is_tested_anew(store, reads_as, clothes):
    reads_as(times_255(mnist_net()))
    run = bring(store)
    store.openings.choose(run.id, OWNER, "fashion_mnist", "unit")
    the_worker_takes(store, run.id)
    run = store.run(run.id)
    file = read_opened(run.folder)
    assert (file.dataset, file.preparation, file.by, run.dataset) == (
        "fashion_mnist",
        "unit",
        "visitor",
        "fashion_mnist",
    )
    assert (run.status.state, run.status.result["count"]) == ("finished", 30)
    store.openings.choose(
        run.id, OWNER, "mnist", "bytes"
    )  # and back: the weights of the file are still known
    the_worker_takes(store, run.id)
    images = torch.rand(4, 1, 28, 28)
    net = load_model(store.run(run.id).snapshot_path("last"))[0]
    torch.testing.assert_close(net.predict(images), mnist_net().predict(images), atol=1e-5, rtol=1e-4)
    assert store.run(run.id).status.result["accuracy"] > 0.98


def test_a_data_set_that_cannot_be_had_is_refused_in_a_sentence_and_nothing_changes(store, reads_as):
    reads_as(mnist_net())
    run = bring(store)
    before = run.status.result
    store.openings.choose(run.id, OWNER, "kmnist", "unit")  # offline, and not here
    the_worker_takes(store, run.id)
    run = store.run(run.id)
    assert read_opened(run.folder).refusal
    assert (run.dataset, run.status.result, run.status.state) == ("mnist", before, "finished")
    assert openings.read_wish(run) is None


def test_only_its_owner_may_and_only_before_it_is_trained_on(store, reads_as):
    reads_as(mnist_net())
    run = bring(store)
    with pytest.raises(StudentError, match="whoever opened"):
        store.openings.choose(run.id, OTHER, "mnist", "bytes")
    with pytest.raises(StudentError, match="no such data set or scale"):
        store.openings.choose(run.id, OWNER, "mnist", "three")
    store.extend(run.id, OWNER, 1)
    with pytest.raises(StudentError, match="has been trained here"):
        store.openings.choose(run.id, OWNER, "mnist", "bytes")


def test_trained_on_it_learns_its_own_data_set(store, reads_as, clothes):
    reads_as(mnist_net(), dataset="fashion_mnist")
    run = bring(store)
    store.extend(run.id, OWNER, 1)
    store.take(store.next_ticket())
    assert work(store.path, run.id) == "done"
    run = store.run(run.id)
    assert run.status.state == "finished", run.status.reason
    assert [portion.dataset for portion in run.learnt_from.portions] == ["fashion_mnist"]
    assert run.status.result["count"] == 30


# ---------------------------------------------------------------- refused


def test_of_a_refused_file_nothing_is_left_but_the_sentence_and_that_goes_with_the_next(store, reads_as):
    run_id = store.openings.ask(b"\x80\x04 a pickle", "net.pkl", OWNER)
    the_worker_takes(store, run_id)
    run = store.run(run_id)
    assert run.status.state == "failed"
    assert "pickle" in run.status.reason
    assert {path.name for path in run.folder.rglob("*") if path.is_file()} <= {
        "run.json",
        "status.json",
        "lock",
    }
    assert store.openings.latest(OWNER).id == run_id
    reads_as(mnist_net())
    opened = bring(store)
    assert not run.folder.exists()
    assert [run.id for run in store.runs(owner=OWNER)] == [opened.id]
    assert store.openings.latest(OWNER) is None


def test_a_reader_that_fails_by_a_fault_of_ours_says_so_and_leaves_nothing(store, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(reading, "open_network", broken)
    run = bring(store)
    assert run.status.state == "failed"
    assert "This file could not be read (ZeroDivisionError)." in run.status.reason
    assert not (run.folder / "upload").exists()


def test_weights_beyond_all_measure_are_refused(store, reads_as):
    net = build(PRESETS["lesson"]).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.fill_(1e30)
    reads_as(net)
    assert "so large" in bring(store).status.reason


def test_a_file_that_ended_two_workers_is_not_tried_a_third_time(store, reads_as):
    reads_as(mnist_net())
    run_id = store.openings.ask(b"{}", "deadly.h5", OWNER)
    run = store.run(run_id)
    (run.folder / "tries.json").write_text('{"count": 2, "step": 0}')
    the_worker_takes(store, run_id)
    assert "ended the process that read it, twice" in run.status.reason
    assert not (run.folder / "upload").exists()


def test_one_killed_after_its_last_line_but_one_is_opened_and_not_trained(store, reads_as):
    reads_as(mnist_net())
    run = bring(store)
    (run.folder / "upload").write_bytes(b"{}")
    store.set_status(run, state="running")  # its card says training already
    assert work(store.path, run.id) == "done"
    assert (run.status.state, run.status.step) == ("finished", 1)
    (run.folder / "status.json").unlink()  # lost, and the upload gone with it
    assert work(store.path, run.id) == "done"
    assert (run.status.state, run.status.step, run.has_recipe) == ("finished", 1, False)


# ---------------------------------------------------------------- bounds


def test_what_is_too_large_or_empty_is_refused_before_anything_is_written(store, monkeypatch):
    monkeypatch.setattr(openings, "LARGEST_FILE", 10)
    with pytest.raises(StudentError, match="60 MB can be opened"):
        store.openings.ask(b"x" * 11, "net.h5", OWNER)
    with pytest.raises(StudentError, match=r"“net\.h5” is empty"):
        store.openings.ask(b"", "net.h5", OWNER)
    assert not store.path.exists()


def test_the_bounds_agree_from_the_browser_to_the_reader():
    import tomllib
    from pathlib import Path

    config = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] >= openings.LARGEST_MB
    assert openings.LARGEST_FILE == openings.LARGEST_MB * 2**20 <= MAX_BYTES


def test_a_visitor_has_so_many_files_waiting_and_others_have_theirs(store):
    for number in range(openings.MOST_WAITING):
        store.openings.ask(b"{}", f"{number}.h5", OWNER)
    with pytest.raises(StudentError, match="3 of your files wait"):
        store.openings.ask(b"{}", "one more.h5", OWNER)
    store.openings.ask(b"{}", "another's.h5", OTHER)
    store.submit(PRESETS["tiny"], RECIPES["fast"], "mnist", OWNER)


def test_a_file_comes_before_all_trainings(store):
    for number in range(3):
        store.submit(PRESETS["tiny"], RECIPES["fast"].replace(seed=number), "mnist", OTHER)
    run_id = store.openings.ask(b"{}", "net.h5", OWNER)
    assert store.next_ticket().run_id == run_id
    assert store.place(run_id) == 0


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\nets\\my model.h5", "my model"),
        ("\n\x00", "network"),
        ("a" * 500 + ".h5", "a" * 80),
        (".h5", ".h5"),
    ],
)
def test_a_file_s_name_is_a_name_and_never_a_path(store, name, called):
    run = store.run(store.openings.ask(b"{}", name, OWNER))
    assert run.name == called
    assert run.folder.parent == store.path


def test_rubbish_in_what_is_known_of_a_file_reads_as_absent():
    file = OpenedFile.from_dict(
        {
            "name": 5,
            "bytes": -1,
            "preparation": 255,
            "by": [],
            "dataset": "../x",
            "trials": [{"dataset": "mnist", "preparation": 1, "accuracy": 2, "count": 3}, 5],
            "remarks": ["well", 5],
            "seconds": "long",
        }
    )
    assert file == OpenedFile("", remarks=("well",))
    whole = OpenedFile(
        "a.h5",
        5,
        "hdf5",
        0.5,
        "mnist",
        "bytes",
        "mnist",
        "bytes",
        "file",
        trials(0.5, 0.6),
        ("r",),
        ("g",),
        "n",
    )
    assert OpenedFile.from_dict(whole.to_dict() | {"trials": [t.__dict__ for t in whole.trials]}) == whole
