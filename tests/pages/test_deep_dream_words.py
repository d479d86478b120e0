"""What the Deep Dream page says, sentence by sentence, without a screen or a store."""

import doctest
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnn_core.errors import StudentError
from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.first_dream import SIDE, first_dream
from cnn_core.runs import Status
from pages.deep_dream import asking, words
from pages.deep_dream.dream import Dream
from pages.deep_dream.dreamers import dataset_of, name_of, title_of
from pages.ui.visitor import server

SPEC = DreamSpec("efficientnet_lite0", (("fur", 1.0), ("conv2d_1", 0.3)), octaves=4, steps=12)


def dream(state: str | None = "running", frames: int = 2, wish: str = "", result=None, **status) -> Dream:
    """A dream of the store, or the one in the project where `state` is None."""
    pictures = [Path(f"octave_{i}.png") for i in range(frames)]
    if state is None:
        return Dream("first", SPEC, Path("photo.png"), pictures, result or {})
    run = SimpleNamespace(control={"action": wish} if wish else {}, is_owner=lambda _: True)
    known = Status(state=state, **{"steps": 48, **status})
    return Dream("id", SPEC, Path("photo.png"), pictures, result or {}, run, known)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("made", "words_of_it"),
    [
        (dream("queued"), "Waiting: yours is next."),
        (dream("queued", reason="It is not your turn."), "It is not your turn. You may leave this page."),
        (dream("queued", wish="stop"), "Cancelling …"),
        (dream("running"), "Running · octave 3 of 4"),
        (dream("running", steps=0, frames=0), "Running · about to begin"),
        (dream("paused"), "Paused. It begins again when it goes on."),
        (dream("interrupted"), "The process that dreamt has ended unexpectedly. The dream begins again."),
        (dream("stopped", frames=0), "Cancelled by you after 0 octaves."),
        (
            dream("stopped", frames=1, wish="stop"),
            "Cancelled by you after 1 octave; the pictures so far are kept.",
        ),
        (dream("failed", reason="No photo."), ":red[:material/error: This dream failed.] No photo."),
        (dream("finished", step=48, seconds=2.4), "Finished · 48 steps in 2 s"),
        (
            dream("finished", step=36, steps=36, seconds=61),
            "Finished · 36 steps in 1 min 1 s  \n:small[:gray[1 octave was left out: too small for this network.]]",
        ),
    ],
)
def test_each_state_has_its_words(made, words_of_it):
    assert words.state(made, "Waiting: yours is next.") == words_of_it


LOUDER = {"before": 2.0, "after": 9.0, "change": 0.083}


@pytest.mark.parametrize(
    ("made", "answer"),
    [
        (dream("failed"), "It could not: this dream failed."),
        (dream("running"), "It is being dreamt: **2 of 4** octaves are here."),
        (dream("stopped", frames=1), "It would go on: you cancelled it after **1 octave**."),
        (dream("finished"), "The dream is finished: the picture was changed so that the layer answers more."),
        (
            dream(None, result=LOUDER | {"after": 40.0}),
            r"The layer “fur + 0.3 × conv2d\_1” now answers **20 times** as strongly as to the original. The pixels "
            "changed by 8.3 % of full contrast on average.",
        ),
    ],
)
def test_the_answer_is_one_line(made, answer):
    assert words.verdict(made, None) == answer
    assert "**4.5 times** as strongly" in words.verdict(dream("finished", result=LOUDER), None)


def test_what_is_not_dreamt_yet_names_the_picture():
    assert "repaints a picture of yours." in words.verdict(None, None)
    assert "repaints this picture (a cat)." in words.verdict(None, "a cat")


def test_what_there_is_to_see_depends_on_what_the_network_has_seen():
    assert "breeds of dogs" in words.what_you_see(SPEC, True, "mnist")
    lines = DreamSpec("googlenet", (("inception3b", 1.0),))
    assert "nothing that has a name" in words.what_you_see(lines, True, "mnist")
    assert "small grey clothes on black" in words.what_you_see(SPEC, False, "fashion_mnist")
    assert "small white strokes on black" in words.what_you_see(SPEC, False, "mnist")


def test_the_settings_are_one_line():
    line = "a net · fur + 0.3 × conv2d\\_1 · 4 octaves of 12 steps · strength 1.2\u00a0% · seed 0"
    assert words.settings(SPEC, "a net", is_ours=False) == line
    assert words.settings(SPEC, "a net", is_ours=True) == f"Dreamt by us, for you to begin with: {line}"
    assert "conv2d\\_1 · 576×432 pixels · 4 octaves" in words.settings(
        SPEC, "a net", is_ours=False, size=[432, 576]
    )


def test_dreaming_again_as_we_did_gives_a_picture_of_the_same_size():
    ours = first_dream()
    assert asking.FIRST_SIZE["photo"] == max(ours.result["sizes"][-1]) == SIDE


def test_octaves_that_are_left_out_show_once_it_has_begun():
    assert dream("queued", steps=0).octaves == 4
    assert dream("running", steps=24).octaves == 2
    assert dream(None, frames=3).octaves == 3


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("efficientnet_lite0", "EfficientNet-Lite0"),
        ("pretrained:lesson", "Lesson convnet"),
        ("pretrained:another", "another"),
        ("run:AbCdEfGhIjK:128", "7\\_b, my run after 128 steps"),
        ("run:AbCdEfGhIjK:last", "a run that is gone"),
        ("run:gone:1", "a run that is gone"),
        ("design:eJxLzkxO", "an untrained design"),
    ],
)
def test_a_network_of_the_settings_has_a_title(name, title, monkeypatch):
    monkeypatch.setattr(server, "store", lambda: SimpleNamespace(run=run_of))
    assert title_of(name) == title


def test_a_name_with_a_comma_is_not_cut(monkeypatch):
    monkeypatch.setattr(server, "store", lambda: SimpleNamespace(run=run_of))
    spec = SimpleNamespace(name="Tiny convnet")
    assert name_of(SimpleNamespace(kind="run", run_id="AbCdEfGhIjK", spec=spec)) == "7_b, my run"
    assert name_of(SimpleNamespace(kind="run", run_id="gone", spec=spec)) == "Tiny convnet"
    assert name_of(SimpleNamespace(kind="design", run_id=None, spec=spec)) == "Tiny convnet"


def test_what_a_run_learnt_from_is_mnist_where_it_is_gone(monkeypatch):
    monkeypatch.setattr(server, "store", lambda: SimpleNamespace(run=run_of))
    assert dataset_of("run:AbCdEfGhIjK:3") == "fashion_mnist"
    assert dataset_of("run:gone:3") == dataset_of("pretrained:lesson") == "mnist"


def run_of(run_id: str) -> SimpleNamespace:
    if run_id != "AbCdEfGhIjK":
        raise StudentError("There is no such run.")
    return SimpleNamespace(name="7_b, my run", dataset="fashion_mnist")
