"""The page that opens a network from elsewhere: the door, the wait, the first look, and the choices to overrule."""

from __future__ import annotations

import json
import re

import pytest
import torch

from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.runs.opened import read_opened
from cnn_core.training import save_model
from tests.pages.app import OWNER, open_page, text

PAGE = "pages/9_open_network.py"
OTHER = "b" * 22


def saved(tmp_path, net) -> bytes:
    save_model(tmp_path / "net.safetensors", net, net.spec)
    return (tmp_path / "net.safetensors").read_bytes()


def opened(content, name="my_model.safetensors", onto=None):
    """A run that a worker made of a file."""
    store = RunStore()
    run_id = store.openings.ask(content, name, OWNER, onto)
    the_worker_takes(store, run_id)
    return store.run(run_id)


def the_worker_takes(store, run_id):
    ticket = store.next_ticket()
    assert ticket.run_id == run_id
    store.take(ticket)
    work(store.path, run_id)
    store.done(run_id)


def links(app) -> list[str]:
    return [link.proto.label for link in app.main.get("page_link")]


def html(app) -> str:
    return "\n".join(element.proto.body for element in app.main.get("html"))


def widget(app, kind, label):
    return next(one for one in app.main.get(kind) if one.label == label)


# ---------------------------------------------------------------- the door


def test_home_and_runs_have_a_door_to_it(app):
    for page in ("pages/0_home.py", "pages/8_runs.py"):
        app = open_page(app, page)
        assert any("Open your own network" in label for label in links(app))


def test_the_door_says_which_files_and_how_large_before_one_is_chosen(app):
    app = open_page(app, PAGE)
    for word in (".keras", ".h5", ".safetensors", ".pt", ".onnx", ".json", "weights alone"):
        assert word in text(app)
    (uploader,) = app.main.get("file_uploader")
    assert uploader.proto.max_upload_size_mb == 70  # one of 65 MB is told a sentence; the label says 60
    assert "at most 60 MB" in uploader.label
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
    assert (
        app.session_state["network"] == f"run:{run.id}"
    )  # the sidebar looks at it, and the address names it
    app.run()
    assert (
        "Eight layers and **93,322** parameters. Measured here it reads **98.2 %** of 500 test digits"
        in text(app)
    )


def test_a_visitor_who_comes_back_while_it_waits_sees_it_wait(app, no_runner, tmp_path):
    run_id = RunStore().openings.ask(saved(tmp_path, load("mlp")), "my_mlp.safetensors", OWNER)
    app = open_page(app, PAGE)
    assert "Opening my_mlp.safetensors" in text(app)
    the_worker_takes(RunStore(), run_id)
    app.run()
    assert app.session_state["network"] == f"run:{run_id}"


def test_a_file_that_is_none_is_refused_in_a_sentence_and_another_can_be_brought(app, no_runner, tmp_path):
    app = open_page(app, PAGE)
    app.file_uploader[0].upload("cat.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50).run()
    store = RunStore()
    (run,) = store.runs(owner=OWNER)
    the_worker_takes(store, run.id)
    app.run()
    assert "“cat.png” is a picture (PNG)." in text(app)
    app.file_uploader[0].upload("net.safetensors", saved(tmp_path, load("mlp"))).run()
    assert "cat.png" not in text(app)
    assert [run.kind for run in store.runs(owner=OWNER)] == ["opening"]


def test_a_full_queue_of_one_s_own_is_said(app, no_runner):
    for number in range(3):
        RunStore().openings.ask(b"{}", f"{number}.h5", OWNER)
    app = open_page(app, PAGE)
    app.file_uploader[0].upload("fourth.h5", b"{}").run()
    assert "3 of your files wait to be opened already." in text(app)


def test_a_design_in_json_goes_into_the_sidebar(app, no_runner):
    app = open_page(app, PAGE)
    content = json.dumps(PRESETS["lenet5"].to_dict()).encode()
    app.file_uploader[0].upload("lenet.json", content).run()
    assert not app.exception
    assert "The design is in the sidebar now." in text(app)
    assert app.session_state["design_draft"] == PRESETS["lenet5"].to_dict()
    assert app.session_state["network"] == "design"
    assert RunStore().runs(owner=OWNER) == []


# ---------------------------------------------------------------- the first look


def test_the_first_look_says_what_was_measured_and_what_the_file_does_not_say(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    app = open_page(app, PAGE, f"run:{run.id}")
    said = text(app)
    assert "**my_model.safetensors** :gray[· safetensors · 37" in said
    assert "Two things the file does not say" in said
    assert "so MNIST digits are taken." in said
    assert "Six ways were tried" in said
    for way in ("0 to 1", "0 to 255", "−1 to 1", "inverted", "rows as columns"):
        assert way in html(app)
    assert [metric.value for metric in app.metric][:1] == [f"{100 * run.status.result['accuracy']:.1f} %"]
    assert {
        "What does each layer see?",
        "What does one filter look for?",
        "What if the net repainted a photo?",
    } <= {label.removeprefix(":primary[").removesuffix("]") for label in links(app)}


def test_an_mlp_is_sent_to_no_page_that_has_nothing_of_it(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("mlp")))
    app = open_page(app, PAGE, f"run:{run.id}")
    labels = " ".join(links(app))
    assert "each layer see" not in labels
    assert "filter look for" not in labels
    assert "repainted" not in labels
    assert "Where does it go wrong?" in labels
    assert "Train it on" in labels


def test_one_that_reads_nothing_here_has_no_accuracy_and_is_asked_about(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, build(PRESETS["tiny"], 0)))
    app = open_page(app, PAGE, f"run:{run.id}")
    assert "It reads none of the data sets here. What was it trained on?" in text(app)
    assert not app.metric
    assert "Measured here" not in text(app)
    assert "Choose a data set" in widget(app, "selectbox", "Data set").options


def test_what_evaluate_said_is_compared_to_a_tenth_of_a_point(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    here = run.status.result["accuracy"]
    app = open_page(app, PAGE, f"run:{run.id}")
    widget(app, "text_input", "What evaluate() said").set_value(f"{here - 0.0005:.4f}").run()
    assert "That is what it reads here too." in text(app)
    widget(app, "text_input", "What evaluate() said").set_value(f"{100 * here - 2:.1f} %").run()
    assert "That is what it reads here too." not in text(app)
    assert "Here +2.0 points" in text(app)
    widget(app, "text_input", "What evaluate() said").set_value("much").run()
    assert "Type the accuracy as a number" in text(app)


def test_another_scale_is_measured_by_a_worker_and_kept(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    app = open_page(app, PAGE, f"run:{run.id}")
    widget(app, "selectbox", "How its images were prepared").set_value("inverted").run()
    assert not app.exception
    assert "Testing it on all test images" in text(app)
    the_worker_takes(RunStore(), run.id)
    app.run()
    assert not app.exception
    assert read_opened(run.folder).preparation == "inverted"
    assert RunStore().run(run.id).status.result["accuracy"] < 0.6
    assert "Testing it" not in text(app)


def test_a_stranger_with_the_link_looks_and_cannot_change_it(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    app = open_page(app, PAGE, f"run:{run.id}", owner=OTHER)
    assert "Measured here it reads" in text(app)
    assert not [
        one for one in app.main.get("selectbox") if one.label in ("Data set", "How its images were prepared")
    ]


def test_one_that_was_trained_on_here_says_so_and_shows_the_door(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    RunStore().extend(run.id, OWNER, 1)
    app = open_page(app, PAGE, f"run:{run.id}")
    assert "has been trained here since" in text(app)
    assert len(app.main.get("file_uploader")) == 1


def test_open_another_shows_the_door_and_the_way_back(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    app = open_page(app, PAGE, f"run:{run.id}")
    app.button(key="open_another").click().run()
    assert len(app.main.get("file_uploader")) == 1
    app.button(key="open_network_back").click().run()
    assert "Measured here it reads" in text(app)


ODD = ModelSpec.from_dict({"name": "Odd", "input_shape": [3, 20, 24], "classes": 7, "layers": [
    {"type": "conv2d", "filters": 4, "kernel_size": 3, "activation": "relu"}, {"type": "max_pooling2d"},
    {"type": "flatten"}, {"type": "dense", "units": 7, "activation": "softmax"},
]})  # fmt: skip


def test_one_for_images_that_nobody_has_here_is_looked_at_without_a_test(app, no_runner, tmp_path):
    run = opened(saved(tmp_path, build(ODD, 0)))
    app = open_page(app, PAGE, f"run:{run.id}")
    assert "No data set here has images of its size and as many classes" in text(app)
    assert not app.metric


@pytest.mark.parametrize(
    "net",
    [lambda: load("lesson"), lambda: build(PRESETS["tiny"], 0), lambda: build(ODD, 0)],
    ids=["one that reads digits", "one that reads nothing", "one for other images"],
)
def test_every_page_opens_on_an_opened_network(app, no_runner, tmp_path, net):
    run = opened(saved(tmp_path, net()))
    for page in ("2_train", "3_evaluate", "4_feature_maps", "5_filters", "6_deep_dream", "8_runs"):
        app = open_page(app, f"pages/{page}.py", f"run:{run.id}")
        assert not app.exception
        assert app.session_state["network"] == f"run:{run.id}"


# ---------------------------------------------------------------- weights alone

STRIDES = ModelSpec.from_dict({"name": "From PyTorch", "input_shape": [1, 28, 28], "classes": 10, "layers": [
    {"type": "conv2d", "filters": 6, "kernel_size": 5, "activation": "relu"}, {"type": "max_pooling2d"},
    {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"},
]})  # fmt: skip


def state_dict_of(tmp_path, spec) -> bytes:
    """As a plain nn.Sequential of that design would have saved it."""
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 144, 10))
    torch.save(net.state_dict(), tmp_path / "net.pt")
    return (tmp_path / "net.pt").read_bytes()


def test_guessed_layers_are_said_and_a_corrected_design_takes_the_same_weights(app, no_runner, tmp_path):
    run = opened(state_dict_of(tmp_path, STRIDES), "net.pt")
    assert read_opened(run.folder).guesses
    app = open_page(app, PAGE, f"run:{run.id}")
    assert "what it does not say was guessed" in text(app)
    assert not app.main.get("exception")
    edited = STRIDES.to_dict()
    edited["layers"][0]["activation"] = "tanh"
    app.session_state["design_draft"], app.session_state["network"] = (
        edited,
        "design",
    )  # as an edit in the sidebar does
    app.run()
    assert "Put the weights of net.pt onto it?" in text(app)
    app.button(key="use_this_design").click().run()
    assert not app.exception
    (new,) = (one for one in RunStore().runs(owner=OWNER) if one.kind == "opening")
    the_worker_takes(RunStore(), new.id)
    app.run()
    assert app.session_state["network"] == f"run:{new.id}"
    assert RunStore().run(new.id).spec.layers[0].activation == "tanh"


def test_weights_that_do_not_fit_the_sidebar_s_design_are_refused_with_the_layer(app, no_runner, tmp_path):
    run = opened(state_dict_of(tmp_path, STRIDES), "net.pt")
    run_id = RunStore().openings.again(run.id, OWNER, PRESETS["lesson"])
    the_worker_takes(RunStore(), run_id)
    reason = RunStore().run(run_id).status.reason
    assert "conv2d_1" in reason or "layer" in reason
    assert RunStore().run(run.id).status.state == "finished"


def networks_of(app) -> list[str]:
    """What the list in the sidebar calls them."""
    return next(box.options for box in app.selectbox if box.label == "Network")


def test_whether_it_reads_nine_in_ten_is_guessed_before_any_number_is_seen(asking_app, no_runner, tmp_path):
    run = opened(saved(tmp_path, load("lesson")))
    app = open_page(asking_app, PAGE, f"run:{run.id}")
    assert "Measured here" not in text(app)
    assert not app.main.metric
    assert " %" not in text(app) + html(app)  # as percentages are written
    assert not re.search(r"\d+ digits it misreads", text(app))
    assert not any("%" in name for name in networks_of(app))
    next(button for button in app.button if button.label == "fewer than nine in ten").click().run()
    assert not app.exception
    assert (
        "You said fewer than nine in ten. The answer is nine in ten or more. Measured here it reads **98"
        in text(app)
    )
    assert app.main.metric[0].value in text(app)
    assert any(app.main.metric[0].value in name for name in networks_of(app))
