"""The page "What breaks it?", its view "Take filters out": what is clicked is done, counted, written and undone."""

import pytest
import torch

from cnn_core.data import load_images
from cnn_core.insight import NOTHING, with_operation
from cnn_core.pretrained import load_pretrained
from pages.break_it import later
from pages.ui.wording import looking
from pages.ui.wording.numbers import percent
from tests.pages.app import open_page, text

PAGE = "pages/9_break_it.py"


@pytest.fixture
def at_once(monkeypatch):
    """What is asked for later is answered in this process, at the second look."""
    monkeypatch.setattr(looking, "is_small", lambda: True)
    monkeypatch.setattr(later, "CALM_SECONDS", 0.0)
    monkeypatch.setattr(later, "RANKED", 200)


def accuracy(operation) -> str:
    """By the slow obvious way: the whole network with the operation reads every test image."""
    net, _ = load_pretrained("lesson")
    test = load_images("mnist", "test", fetch=False)
    with torch.no_grad():
        answers = with_operation(net, operation)(test.images.float() / 255).argmax(1)
    return percent(answers.eq(test.labels).double().mean().item())


def test_a_link_says_what_is_taken_out_and_undo_leads_back(app, no_runner, at_once):
    app.query_params["cut"] = "conv2d_2:out:0-31"
    app = open_page(app, PAGE)
    half = NOTHING.mute("conv2d_2", range(32))
    assert app.session_state["break_it_cut"] == half
    assert (
        f"Without **32 of 64 filters** of conv2d_2 it reads **{accuracy(half)}** of 500 test digits."
        in text(app)
    )
    assert "Broken: " in text(app)
    app.run()  # a moment later
    assert not app.exception
    assert "10 tries, 500 images" in text(app)
    assert "+0.0" in app.main.get("html")[-1].proto.body
    app.button(key="break_it_put_back").click().run()
    assert f"Nothing is taken out yet: it reads **{accuracy(NOTHING)}** of 500" in text(app)
    assert "cut" not in app.query_params
    app.button(key="break_it_undo").click().run()
    assert app.session_state["break_it_cut"] == half
    assert app.query_params["cut"] == "conv2d_2:out:0-31"
    app.query_params["view"] = "attack"
    app.run()
    assert not app.exception
    assert "As it is, the network reads it as **7**" in text(app)


def test_one_filter_by_hand_what_can_go_and_keeping_it(app, no_runner, at_once, monkeypatch):
    for part in ("break_it_by_hand", "break_it_how_many", "break_it_keep_open"):
        app.session_state[part] = True
    app.query_params["cut"] = "conv2d_1:x2:3~conv2d_2:out:0-7"
    app = open_page(app, PAGE, break_it_by_hand=True, break_it_how_many=True, break_it_layer="conv2d_3")
    print(text(app)); print([e.label for e in app.expander], [n.key for n in app.number_input], [b.key for b in app.button])
