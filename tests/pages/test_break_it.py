"""The page "What breaks it?", its view "Take filters out": what is clicked is done, counted, written and undone."""

import pytest
import torch

from cnn_core.classroom import Scene
from cnn_core.data import load_images
from cnn_core.insight import NOTHING, with_operation
from cnn_core.model import PRESETS
from cnn_core.pretrained import load_pretrained
from cnn_core.runs import RunStore
from cnn_core.training import load_model
from pages.break_it import later, outcomes, prune
from pages.break_it.words import IN_TRAINING
from pages.ui.visitor import server
from pages.ui.wording import looking
from pages.ui.wording.numbers import percent
from tests.pages.app import OWNER, kept_run, open_page, text

PAGE = "pages/9_break_it.py"


@pytest.fixture
def at_once(monkeypatch):
    """What is asked for later is answered in this process, at the second look, and of fewer images."""
    monkeypatch.setattr(looking, "is_small", lambda: True)
    monkeypatch.setattr(later, "CALM_SECONDS", 0.0)
    monkeypatch.setattr(later, "RANKED", 50)
    monkeypatch.setattr(prune, "JUDGED", 200)
    monkeypatch.setattr(outcomes, "STEPS", 2)  # of the climb to a picture


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
    assert "aimed: the network reads" in text(app)


def test_one_filter_by_hand_how_many_can_go_and_the_rest_is_kept(app, no_runner, at_once):
    app.query_params["cut"] = "conv2d_1:x2:3~conv2d_2:out:0-7"
    app = open_page(
        app,
        PAGE,
        break_it_by_hand=True,
        break_it_how_many=True,
        break_it_keep_open=True,
        break_it_layer="conv2d_3",
    )
    operation = NOTHING.scale("conv2d_1", [3], 2.0).mute("conv2d_2", range(8))
    assert f"With 8 out and 1 scaled, it reads **{accuracy(operation)}** of 500 test digits." in text(app)
    assert "it costs less than a point." in text(app)
    app.button(key="break_it_hold").click().run()
    held = next(touch for touch in app.session_state["break_it_cut"].touches if touch.layer == "conv2d_3")
    assert held.held is not None
    weight = next(one for one in app.number_input if one.label == "Weight in row 0, column 0")
    weight.set_value(0.5).run()
    assert app.session_state["break_it_cut"].edits == NOTHING.edit("conv2d_3", 0, (0, 0, 0), 0.5).edits
    assert RunStore().openings.latest(OWNER) is None  # nothing is saved unless it is asked for
    app.button(key="break_it_keep").click().run()
    assert not app.exception
    kept = RunStore().openings.latest(OWNER)
    assert kept.is_cut
    net, _ = load_model((kept.folder / "upload").read_bytes())
    images = load_images("mnist", "test", fetch=False).images[:20].float() / 255
    looked_at = with_operation(load_pretrained("lesson")[0], app.session_state["break_it_cut"])
    torch.testing.assert_close(net(images), looked_at(images), atol=1e-4, rtol=1e-4)
    assert f"{kept.name} is being tested" in text(app)


def test_one_layer_alone_then_units_and_a_link_that_does_not_fit(app, no_runner, at_once):
    one_layer = PRESETS["mlp"].replace(layers=(PRESETS["mlp"].layers[0], PRESETS["mlp"].layers[-1]))
    app = open_page(app, PAGE, "design", one_layer)
    assert "Nothing can be taken out of this network" in text(app)
    app.session_state["network"] = "pretrained:mlp"
    app.query_params["cut"] = "conv2d_2:out:3"
    app.run()
    assert not app.exception
    assert "This network has no layer" in text(app)
    assert "Click a unit of dense_1 to take it out." in text(app)
    app.query_params["cut"] = "dense_1:out:3"
    app.run()
    assert not app.exception
    assert "Without **1 of 512 units** of dense_1 it reads" in text(app)
    assert "Only the first 128 units have a tile." in text(app)
    app.session_state["network"] = f"run:{kept_run(PRESETS['tiny'], state='running')}"
    app.run()
    assert not app.exception
    assert IN_TRAINING in text(app)


def test_in_a_scene_that_holds_it_nothing_is_taken_out(app, no_runner, at_once):
    scene = Scene("As it is", "break_it", {"cut": "conv2d_2:out:0-31"}, fixed=("break_it.cut",))
    app.query_params["scene"] = server.scenes().make("t" * 22, scene)
    app = open_page(app, PAGE)
    held = app.session_state["break_it_cut"]
    assert held == NOTHING.mute("conv2d_2", range(32))
    assert app.button(key="break_it_put_back").disabled
    app.query_params["cut"] = "conv2d_2:out:3"  # an edited address changes nothing
    app.run()
    assert app.session_state["break_it_cut"] == held


def test_a_filters_card_leads_to_the_network_without_it(app, no_runner, at_once):
    app.query_params["filter"] = "conv2d_3.41"
    app = open_page(app, "pages/5_filters.py")
    app.button(key="card_take_out").click().run()
    assert not app.exception
    assert app.title[0].value == "What breaks it?"
    assert app.session_state["break_it_cut"] == NOTHING.mute("conv2d_3", [41])
