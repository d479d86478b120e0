"""The One step page: what it prints is autograd's, and of every kind of network it shows something true."""

import json
import re

import torch
import torch.nn.functional as F

from cnn_core.data import load_images
from cnn_core.data.splits import split_sizes
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.runs import RunStore
from pages.ui.wording.numbers import loss_text, short
from tests.pages.app import OWNER, kept_run, open_page, text
from tests.pages.test_every_network import BENT

PAGE = "pages/9_one_step.py"


def drawn(app):
    """What the drawn parts tell a screen reader."""
    told = [part.proto.body for part in app.main.get("html")]
    data = [json.loads(part.proto.json or "0") for part in app.main.get("bidi_component")]
    return "\n".join(told + [json.dumps(one, ensure_ascii=False) for one in data])


def go_to(app, **address):
    app.query_params.update(address)
    app.session_state["address_page"] = "elsewhere"  # the link is opened in the same tab
    app.run()
    assert not app.exception
    return text(app)


def test_losses_gradients_and_the_rule_are_those_of_torch_itself(app):
    """By hand, of the first step of the lesson's net: autograd on the whole net, and rmsprop in one line."""
    train = load_images("mnist", "train", fetch=False)
    four = train.split_off(split_sizes(len(train))[1])[0].take(4, seed=2)
    net, pixels = build(PRESETS["lesson"], seed=0).train(), four.images.float() / 255
    losses = F.cross_entropy(net(pixels), four.labels, reduction="none")
    losses.mean().backward()
    slope = net.conv2d_2.conv.weight.grad[41, 23, 2, 1].item()
    before = net.conv2d_2.conv.weight[41, 23, 2, 1].item()
    after = before - 0.001 * slope / (0.1 * slope**2 + 1e-7) ** 0.5
    sizes = {
        name: torch.cat([weight.grad.flatten() for weight in layer.parameters()])
        .square()
        .mean()
        .sqrt()
        .item()
        for name, layer in net.named_children()
        if list(layer.parameters())
    }

    app.query_params.update({"after": "0", "batch": "2", "stage": "2"})
    said = text(open_page(app, PAGE))
    assert f"The mean loss of these 4 digits is **{loss_text(losses.mean().item())}**" in said
    assert all(f"loss {loss_text(loss)}" in drawn(app) for loss in losses.tolist())
    assert "How large is the gradient?" not in said
    assert said.count("their gradient: not yet") == 4  # of the scores it is there

    said = go_to(app, stage="4", weight="conv2d_2.41.23.2.1")
    bars = "How large is the gradient? " + ", ".join(f"{name} {short(size)}" for name, size in sizes.items())
    assert bars in drawn(app)
    assert "conv2d_2, filter 41, kernel 23, row 2, column 1" in said
    assert f"rmsprop itself made {after:.7f}.".replace("-", "−") in said
    assert "This step has the learning rate 0.001." in said

    said = go_to(app, stage="5")
    with torch.no_grad():
        for weight in net.parameters():
            weight -= 0.001 * weight.grad / (0.1 * weight.grad**2 + 1e-7).sqrt()
        again = F.cross_entropy(net(pixels), four.labels, reduction="none")
    fallen = int((again < losses).sum())
    assert f"from **{loss_text(losses.mean().item())}** to **{loss_text(again.mean().item())}**" in said
    assert (f"{fallen} fall" in said) or (f"all {fallen} fall" in said) or fallen < 2
    assert f"{loss_text(losses[0].item())} → {loss_text(again[0].item())}" in drawn(app)


def test_next_back_play_another_four_and_ten_times_the_rate_are_where_a_student_looks(asking_app):
    asking_app.query_params.update({"after": "1", "stage": "4"})
    app = open_page(asking_app, PAGE, owner=OWNER)
    far = re.search(r"from ([−\d.]+) to ([−\d.]+)\.", text(app)).groups()
    app.toggle[0].set_value(True).run()
    assert "the learning rate 0.01, ten times its own." in text(app)
    assert re.search(r"from ([−\d.]+) to ([−\d.]+)\.", text(app)).groups() != far
    app.button(key="one_step_next").click().run()
    assert app.query_params["stage"] in ("5", ["5"])
    assert "How many of the 4 losses fall?" in text(app)
    assert " falls from " not in text(app)
    assert " rises from " not in text(app)
    next(button for button in app.button if "I say" in button.label).click().run()
    assert re.search(r"(falls|rises) from \*\*", text(app))
    (guess,) = RunStore().notebooks.of(OWNER).guesses
    assert (guess.question, guess.unit) == ("one_step.fall", "losses")
    assert 0 <= guess.measured <= 4
    app.button(key="one_step_others").click().run()
    app.button(key="one_step_back").click().run()
    assert (app.session_state["one_step_batch"], app.session_state["one_step_stage"]) == (1, 4)
    app.button(key="one_step_play").click().run()
    app.session_state["one_step_plays_on_at"] = 0.0  # its time has come
    app.run()
    assert app.session_state["one_step_stage"] == 5
    assert app.session_state["one_step_plays_on_at"] is None
    assert not app.exception


def test_every_kind_of_network_goes_through_its_step(app, no_runner):
    app.query_params.update({"after": "0", "stage": "4"})
    said = text(open_page(app, PAGE, "pretrained:mlp"))
    assert "**input** :small[:gray[the image itself]]" in said
    assert "dense_1, unit" in said
    assert ", kernel " not in said
    said = go_to(app, net=f"run:{kept_run(PRESETS['tiny'], state='running')}", after="end")
    assert "its memory begins empty" in said
    said = go_to(app, net="pretrained:modern", after="0")
    assert "batch_normalization" not in said
    assert "nobody here knows" not in said
    for design in (BENT, PRESETS["lenet5"]):
        app = open_page(type(app).from_file(app._script_path, default_timeout=30), PAGE, "design", design)
        app.query_params.update({"after": "0", "stage": "4", "weight": "depthwise_conv2d_1.1.0.0.0"})
        said = go_to(app)
        assert "this is the lesson’s recipe" in said
        assert ("depthwise_conv2d_1, filter 1, kernel 0" in said) == (design is BENT)


def test_it_says_why_where_there_are_no_images_to_learn_from(app):
    spec = ModelSpec.from_dict(PRESETS["tiny"].to_dict() | {"input_shape": [3, 32, 32]})
    app = open_page(app, PAGE, "design", spec)
    assert ":red[:material/error:" in text(app)
