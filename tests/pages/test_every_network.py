"""Every panel that looks inside, on every kind of network: it shows what is true of it, or says why not."""

from __future__ import annotations

import dataclasses
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from cnn_core.data.sources import KNOWN
from cnn_core.insight import NOTHING
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from tests.pages.app import OWNER, kept_run, open_page, text

ODD = ModelSpec.from_dict({"name": "Odd one", "input_shape": [1, 28, 28], "classes": 10, "layers": [
    {"type": "conv2d", "filters": 6, "kernel_size": 5, "strides": 2, "padding": "same", "activation": "leaky_relu"},
    {"type": "average_pooling2d", "pool_size": 3, "strides": 2, "padding": "same"},
    {"type": "global_average_pooling2d"}, {"type": "dense", "units": 10, "activation": "softmax"},
]})  # fmt: skip
GELU = ModelSpec.from_dict({"name": "Gelu", "input_shape": [1, 28, 28], "classes": 10, "layers": [
    {"type": "conv2d", "filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "gelu"},
    {"type": "batch_normalization"}, {"type": "max_pooling2d"}, {"type": "dropout", "rate": 0.25},
    {"type": "global_average_pooling2d"}, {"type": "dense", "units": 10},
]})  # fmt: skip
BENT = ModelSpec.from_dict({"name": "Bent", "input_shape": [1, 28, 28], "classes": 10, "layers": [
    {"type": "conv2d", "filters": 4, "strides": 2}, {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"}, {"type": "depthwise_conv2d", "depth_multiplier": 2},
    {"type": "flatten"}, {"type": "dense", "units": 10}, {"type": "activation", "activation": "softmax"},
]})  # fmt: skip


@pytest.fixture
def clothes(tmp_path, monkeypatch):
    """A little Fashion-MNIST in torchvision's layout: 30 images to test with, squares of different sizes."""
    monkeypatch.setitem(
        KNOWN,
        "fashion_mnist",
        dataclasses.replace(KNOWN["fashion_mnist"], counts=(40, 30), system_folder=None),
    )
    folder = tmp_path / "data" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for split, count in (("train", 40), ("t10k", 30)):
        images = np.zeros((count, 28, 28), np.uint8)
        for i, image in enumerate(images):
            image[4 : 8 + i % 20, 5:22] = 200
        for values, name in (((9 - np.arange(count)) % 10, "labels-idx1"), (images, "images-idx3")):
            header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
            (folder / f"{split}-{name}-ubyte").write_bytes(header + values.astype(np.uint8).tobytes())


def everything(app) -> str:
    """All words of the page's middle: texts, options, labels, and what the drawn parts tell a screen reader."""
    words = [text(app)]
    for kind in (
        "selectbox",
        "segmented_control",
        "button_group",
        "button",
        "toggle",
        "file_uploader",
        "expander",
    ):
        for widget in app.main.get(kind):
            words += [str(getattr(widget, "label", "")), *map(str, getattr(widget, "options", []))]
    words += [part.proto.json for part in app.main.get("bidi_component")]
    return "\n".join(words)


NETWORKS = {
    "the lesson's": lambda: ("pretrained:lesson", None),
    "the MLP": lambda: ("pretrained:mlp", None),
    "batch norm and global pooling": lambda: ("pretrained:modern", None),
    "LeNet-5, untrained": lambda: ("design", PRESETS["lenet5"]),
    "one layer, odd": lambda: ("design", ODD),
    "gelu and nothing dense before": lambda: ("design", GELU),
    "activations of their own, and a depthwise convolution": lambda: ("design", BENT),
    "an odd run": lambda: (f"run:{kept_run(ODD)}", None),
    "a run in training": lambda: (f"run:{kept_run(PRESETS['tiny'], state='running')}", None),
    "a run of clothes": lambda: (f"run:{kept_run(PRESETS['tiny'], 'fashion_mnist')}", None),
}


@pytest.fixture(params=NETWORKS)
def network(request, clothes):
    return request.param, *NETWORKS[request.param]()


def test_maps_a_pixel_and_four_reasons(app, network):
    name, *chosen = network
    app = open_page(app, "pages/4_feature_maps.py", *chosen, why_open=True, maps_every=True)
    said = text(app)
    assert "The network answers **" in said or "it is" in said
    assert "**Integrated gradients**" in said
    assert "the sum is off by" in said  # its completeness error
    if name == "the MLP":
        assert "This network has no feature maps" in said
        assert "this network has no maps" in said  # of Grad-CAM
        assert "corners" not in said
    else:
        assert "**conv2d_1** :gray[" in said
        assert "Where does this pixel come from?" in said
        assert "products add up to" in said
        assert ("at depthwise_conv2d_1" if chosen[1] is BENT else "at conv2d_") in said


def test_the_same_layers_beside_an_untrained_net(app):
    app = open_page(app, "pages/4_feature_maps.py", maps_beside="untrained")
    assert "Beside it: Lesson convnet, untrained" in text(app)
    assert text(app).count("**conv2d_2** :gray[") == 2


def test_a_sheet_a_card_and_one_that_grows(app, network):
    name, *chosen = network
    app = open_page(app, "pages/5_filters.py", *chosen, filters_steps=5)
    said = text(app)
    assert "have a picture" in said
    assert "best test image reaches" in said or "It never fires" in said
    assert ("Unit 9, the class 9" if name == "the MLP" else "## Filter") in said
    app.session_state["filter_grows"] = True
    app.run()
    assert not app.exception
    assert "Why the gradient is divided by its RMS" in text(app)
    app.session_state["filters_recipe"] = "lesson"
    app.run()
    assert not app.exception


@pytest.mark.parametrize(
    "name",
    ["the MLP", "gelu and nothing dense before", "activations of their own, and a depthwise convolution"],
)
def test_what_one_is_made_of_and_what_a_picture_lacks_to_be_another(app, name):
    app = open_page(app, "pages/5_filters.py", *NETWORKS[name](), filters_steps=3, filters_view="made_of")
    said = text(app)
    assert re.search(r"sum is \*\*−?[\d.]+\*\*", said)
    assert ("whose number is the score of “9”" if name == "the MLP" else "on the way to ") in said
    app.session_state["filters_view"] = "more"
    app.run()
    assert not app.exception
    assert "of full contrast on average" in text(app)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (
            "the lesson's",
            "At the start it read no. 0, a 7, as 6. Now it reads it as **7**, over 99.9 % sure.",
        ),
        (
            "the MLP",
            "The course of this network’s training was not kept. The lesson’s convnet and your runs have theirs.",
        ),
        ("an odd run", "At the start it read no. 0, a 7, as 8. Now it reads it as **1**, 10 % sure."),
        (
            "a run in training",
            "At the start it read no. 0, a 7, as 7. Now it reads it as **3**, 11 % sure.",
        ),
        (
            "a run of clothes",
            "At the start it read no. 0, Ankle boot, as Pullover. Now it reads it as **Bag**, 11 % sure.",
        ),
    ],
)
def test_its_training_is_replayed_or_the_page_says_that_it_was_not_kept(app, clothes, kind, answer):
    app = open_page(app, "pages/8_runs.py", *NETWORKS[kind](), runs_view="Replay")
    assert answer in text(app)


def test_a_run_without_a_second_moment_says_that_it_has_just_begun(app):
    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    app = open_page(app, "pages/8_runs.py", f"run:{run_id}", runs_view="Replay")
    assert "This run has just begun" in text(app)


PANELS = {
    "maps": ("pages/4_feature_maps.py", {"why_open": True}),
    "draw": ("pages/4_feature_maps.py", {"digit_way": "draw"}),
    "upload": ("pages/4_feature_maps.py", {"digit_way": "upload"}),
    "filters": ("pages/5_filters.py", {}),
    "units": ("pages/5_filters.py", {"filters_layer": "dense_1"}),
    "growing": ("pages/5_filters.py", {"filter_grows": True}),
    "made of": ("pages/5_filters.py", {"filters_view": "made_of"}),
    "more": ("pages/5_filters.py", {"filters_view": "more"}),
    "taken out": ("pages/9_break_it.py", {"break_it_cut": NOTHING.mute("conv2d_1", [0])}),
    "replay": ("pages/8_runs.py", {"runs_view": "Replay"}),
    "dream": ("pages/6_deep_dream.py", {"dream_who": "mine"}),
}


@pytest.mark.parametrize("panel", PANELS)
def test_a_boot_is_never_called_a_digit(app, clothes, panel):
    file, session = PANELS[panel]
    app = open_page(app, file, f"run:{kept_run(PRESETS['tiny'], 'fashion_mnist')}", **session)
    assert [line for line in everything(app).splitlines() if "digit" in line.lower()] == []


def test_the_classes_of_a_net_of_clothes_have_their_names(app, clothes):
    run = f"run:{kept_run(PRESETS['tiny'], 'fashion_mnist')}"
    app = open_page(app, "pages/4_feature_maps.py", run, why_open=True)
    assert "no. 0, Ankle boot" in app.selectbox(key="digit").options
    assert any("Why Shirt?" in option for box in app.selectbox for option in box.options)
    app = open_page(app, "pages/5_filters.py", run, filters_layer="dense_1", filter=("dense_1", 9))
    assert "Unit 9, the class Ankle boot" in text(app)


@pytest.mark.parametrize("panel", PANELS)
def test_a_net_whose_images_are_gone_gets_a_sentence(app, panel, monkeypatch):
    monkeypatch.setitem(
        KNOWN, "fashion_mnist", dataclasses.replace(KNOWN["fashion_mnist"], system_folder=None)
    )
    file, session = PANELS[panel]
    app = open_page(app, file, f"run:{kept_run(PRESETS['tiny'], 'fashion_mnist')}", **session)
    assert "Fashion-MNIST" in text(app)


# Old links, and links that somebody typed

RUBBISH = ["", "nan", "-1", "1e9", "9" * 400, "conv2d_9.3.0.0", "conv2d_2.64.0.0", "conv2d_2.-1.0.0", "dense_1.3.0.0",
           "٣", "<script>", "🦆", "conv2d_2", "conv2d_2.1.1", "null", "../../etc", "%00"]  # fmt: skip


def test_a_link_to_a_pixel_or_digit_that_is_not_there_shows_another_and_says_so(app):
    app = open_page(app, "pages/4_feature_maps.py")
    for rubbish in RUBBISH:
        app.query_params.update({"pixel": rubbish, "digit": rubbish})
        app.run()
        assert not app.exception
        assert "The network answers **7**, over 99.9 % sure." in text(app)  # the first of the sample
        if rubbish:
            assert "There is no test image" in text(app)
            assert "This network has no such pixel" in text(app)


def test_a_link_to_a_filter_that_is_not_there_shows_another_and_says_so(app):
    app = open_page(app, "pages/5_filters.py", filters_steps=3)
    for rubbish in RUBBISH:
        app.query_params["filter"] = rubbish
        app.run()
        assert not app.exception
        assert "have a picture" in text(app)
        if rubbish not in ("", "conv2d_2"):
            assert "You are looking at " in text(app)


def test_a_silent_unit_is_not_called_silent_before_its_training(app):
    app = open_page(
        app, "pages/5_filters.py", filters_steps=3, filters_layer="dense_1", filter=("dense_1", 14)
    )
    assert "It never fires on 500 test images" in text(
        app
    )  # as it is now; as it was, only its climb is known
    before = text(app).split("before training")[1]
    assert before.splitlines()[1] == ":small[:gray[**not woken**]]"


@pytest.mark.parametrize("rubbish", RUBBISH[:3])
def test_a_link_to_a_view_that_is_not_there_shows_the_first(app, rubbish):
    app.query_params["runs_view"] = rubbish
    app = open_page(app, "pages/8_runs.py")
    assert "Lesson convnet, ours" in text(app)


def test_a_link_names_digit_pixel_and_filter(app):
    app = open_page(app, "pages/4_feature_maps.py")
    app.query_params.update({"digit": "7", "pixel": "conv2d_3.5.1.2"})
    app.run()
    assert not app.exception
    assert "conv2d_3, map 5, row 1, column 2" in text(app)
    assert app.session_state["digit"] == 7
    app.switch_page("pages/5_filters.py").run()
    app.query_params["filter"] = "conv2d_1.3"
    app.run()
    assert "## Filter 3" in text(app)
    assert "filters of conv2d_1 have" in text(app)


def test_a_layer_that_the_new_network_lacks_is_named(app):
    app = open_page(app, "pages/5_filters.py", filters_layer="conv2d_3")
    app.session_state["network"] = "pretrained:mlp"
    app.run()
    assert not app.exception
    assert "This network has no layer conv2d" in text(app)
    assert "You are looking at dense" in text(app)


# Drawings and uploads


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def a_one(width=60, height=60, mode="L") -> Image.Image:
    image = Image.new("L", (width, height), 255)
    image.paste(0, (width // 2 - height // 20, height // 6, width // 2 + height // 20, height * 5 // 6))
    return image.convert(mode)


def bomb() -> bytes:
    """A PNG that says it has 60,000 × 60,000 pixels, in a hundred bytes."""
    whole = bytearray(saved(Image.new("RGB", (1, 1))))
    whole[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    whole[29:33] = zlib.crc32(bytes(whole[12:29])).to_bytes(4, "big")
    return bytes(whole)


TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # by a quarter
DEEP = Image.fromarray(np.asarray(a_one()).astype(np.uint16) * 257)
CLEAR = Image.merge("LA", (Image.new("L", (60, 60), 0), a_one().point(lambda value: 255 - value)))


def upload(app, content):
    app = open_page(app, "pages/4_feature_maps.py", digit_way="upload")
    app.get("file_uploader")[0].upload("one.png", content).run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    "content",
    [
        b"rubbish",
        b"",
        saved(a_one())[:90],
        bomb(),
        saved(Image.new("L", (1, 1))),
        saved(Image.new("L", (90, 90))),
    ],
    ids=["not an image", "empty", "truncated", "a bomb", "one pixel", "all black"],
)
def test_an_upload_without_a_digit_gets_a_sentence(app, content):
    assert ":red[:material/error:" in text(upload(app, content))


@pytest.mark.parametrize(
    "content",
    [
        saved(a_one(mode="CMYK"), "JPEG"),
        saved(DEEP),
        saved(a_one(mode="P")),
        saved(CLEAR),
        saved(a_one().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=TURNED),
        saved(a_one(10_000, 3_000), "JPEG"),
        saved(a_one(mode="RGBA"), "WEBP"),
    ],
    ids=["CMYK", "16 bit", "palette", "alpha", "turned by EXIF", "10,000 pixels wide", "WebP"],
)
def test_a_one_in_any_kind_of_file_goes_through_the_network(app, content):
    app = upload(app, content)
    assert ":red[:material/error:" not in text(app)
    assert "The network answers **1**" in text(app)


@pytest.mark.parametrize(
    "drawn", [[0] * 784, [255] * 3, ["7"] * 784, {"a": 1}, [float("nan")] * 784, [1] * 784]
)
def test_an_empty_or_broken_drawing_waits_for_a_better_one(app, drawn):
    app = open_page(app, "pages/4_feature_maps.py", digit_way="draw", digit_pad={"pixels": drawn})
    said = text(app)
    assert "Draw a digit in the square" in said or "Nothing is drawn yet" in said
    assert "Give it a digit" in said


def test_a_drawing_goes_through_every_panel(app):
    pixels = (255 - np.asarray(a_one(28, 28))).flatten().tolist()
    app = open_page(
        app, "pages/4_feature_maps.py", digit_way="draw", digit_pad={"pixels": pixels}, why_open=True
    )
    assert "The network answers **1**" in text(app)
    assert "Where does this pixel come from?" in text(app)
    assert "**Occlusion**" in text(app)


def test_the_pages_numbers_are_captums(app):
    captum = pytest.importorskip("captum.attr")
    from cnn_core.data import load_images
    from cnn_core.pretrained import load_pretrained
    from pages.feature_maps.words import short

    net, _ = load_pretrained("lesson")
    image = load_images("mnist", "test", fetch=False).images[:1].float() / 255
    target = int(net.predict(image)[0].argmax())
    values, error = captum.IntegratedGradients(net).attribute(
        image, torch.zeros_like(image), target=target, n_steps=50, method="gausslegendre",
        return_convergence_delta=True,
    )  # fmt: skip
    saliency = captum.Saliency(net).attribute(image.requires_grad_(), target=target)
    said = text(open_page(app, "pages/4_feature_maps.py", why_open=True))
    assert f"{short(values.min().item())} to {short(values.max().item())}" in said
    assert f"the sum is off by {short(error.item())}" in said
    assert f"{short(saliency.min().item())} to {short(saliency.max().item())}" in said


def test_what_is_drawn_tells_a_screen_reader_what_it_is(app):
    app = open_page(app, "pages/4_feature_maps.py")
    parts = [json.loads(part.proto.json) for part in app.main.get("bidi_component") if part.proto.json]
    assert all(part.get("alt", "drawing") for [part] in parts)
