"""The pages of training and testing with colour photos, two classes and twenty-six letters: every sentence is true."""

import dataclasses
import io
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from cnn_core.data import fetching, network
from cnn_core.data.sources import KNOWN
from cnn_core.model import PRESETS, ModelSpec, fitted
from cnn_core.training import TrainSpec
from pages.augmentation import order
from pages.train import data_words, live, start
from pages.ui.forms.digit_input import chosen_image
from pages.ui.forms.recipe import Choice
from pages.ui.wording import which_images
from tests.pages.app import kept_run, open_page, text

COLOUR = (3, 32, 32)
SIGNS = {  # of each view of the Evaluate page
    "confusion": "Its commonest mistakes",
    "mistakes": "The one it was surest of comes first",
    "robust": "What they are asked to read",
    "map": "Click a sign",
    "draw": "A photo of at most",
}


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A sample of CIFAR-10 with 12 photos of each class to learn from and 3 to test with."""
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    chance = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "data" / "cifar10_sample.zip", "w") as archive:
        for split, count in (("train", 12), ("test", 3)):
            for name in KNOWN["cifar10"].classes:
                for number in range(count):
                    file = io.BytesIO()
                    Image.fromarray(chance.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(file, "PNG")
                    archive.writestr(f"{split}/{name}/{number:04}.png", file.getvalue())


def design_of(app) -> ModelSpec:
    from cnn_core.model import links

    return ModelSpec.from_dict(links.decode(app.session_state["design_link"]))


def test_photos_and_a_design_for_digits_are_brought_together_in_one_click(app, photos):
    page = open_page(app, "pages/2_train.py", recipe_dataset="cifar10")
    said = text(page)
    assert "“Lesson convnet” reads images of 28×28×1, and those of CIFAR-10 have 32×32×3." in said
    assert "What to expect" not in said
    assert page.button(key="train").disabled
    labels = [page.button(key=f"fit_{i}").label for i in range(2)]
    assert labels == ["Fit these layers to 32×32×3 and 10 classes", "Use Small VGG"]
    page.button(key="fit_0").click().run()
    assert not page.exception
    assert design_of(page) == fitted(PRESETS["lesson"], COLOUR, 10)
    assert not page.button(key="train").disabled
    assert "reads images of" not in text(page)
    page.button(key="undo").click().run()
    assert page.button(key="train").disabled


def test_a_design_for_ten_classes_is_brought_to_two(app, photos):
    page = open_page(
        app, "pages/2_train.py", "design", fitted(PRESETS["tiny"], COLOUR, 10), recipe_dataset="cat_or_dog"
    )
    assert "gives 10 answers, and Cat or dog has 2 classes" in text(page)
    page.button(key="fit_0").click().run()
    assert design_of(page) == fitted(PRESETS["tiny"], COLOUR, 2)
    assert "It learns from 22 photos, 5 times over. 2 are kept aside" in text(page)


def test_a_preset_chosen_for_photos_is_for_photos_and_so_is_an_empty_design(app, photos):
    page = open_page(app, "pages/2_train.py", "design", fitted(PRESETS["lesson"], COLOUR, 10))
    for key in ("mlp", "empty", "small_vgg"):
        widget = next(box for box in page.sidebar.selectbox if box.label == "Start the design from")
        widget.select(key).run()
        assert not page.exception
        spec = design_of(page)
        assert spec.input_shape == COLOUR
        if key in PRESETS:
            assert spec == fitted(PRESETS[key], COLOUR, 10)


def test_layers_that_cannot_stand_on_the_images_are_not_offered_but_a_preset_is():
    small = ModelSpec.from_dict({"name": "Wide", "input_shape": [1, 40, 40], "classes": 10, "layers": [
        {"type": "conv2d", "filters": 4, "kernel_size": 35}, {"type": "flatten"}, {"type": "dense", "units": 10},
    ]})  # fmt: skip
    offers = start._fitting(small, KNOWN["cifar10"])
    assert [label for label, _ in offers] == ["Use Small VGG", "Use Lesson convnet"]
    assert all(spec.input_shape == COLOUR for _, spec in offers)
    digits = [label for label, _ in start._fitting(fitted(PRESETS["lesson"], COLOUR, 10), KNOWN["mnist"])]
    assert digits == [
        data_words.fit_label(KNOWN["mnist"])
    ]  # the lesson's convnet fitted is the lesson's convnet


def test_a_pair_of_trainings_is_offered_only_images_that_the_design_is_for():
    photos_net = fitted(PRESETS["tiny"], COLOUR, 10)
    assert [key for key in KNOWN if order.fits(photos_net, key)] == ["cifar10"]
    assert [key for key in KNOWN if order.fits(PRESETS["tiny"], key)] == ["mnist", "fashion_mnist", "kmnist"]


def test_what_fits_is_no_misfit():
    choice = Choice("emnist_letters", "Lesson", TrainSpec())
    assert start.misfit(fitted(PRESETS["lesson"], (1, 28, 28), 26), choice) is None
    assert "26 classes" in str(start.misfit(PRESETS["lesson"], choice))
    assert start.misfit(None, choice) is None


def test_the_steps_show_a_photo_in_its_own_numbers(app, photos):
    said = text(open_page(app, "pages/2_train.py", recipe_dataset="cifar10"))
    assert "learns from **107** images of CIFAR-10" in said
    assert "test image no." in said
    assert (
        ", horse. An image is 32 rows of 32 pixels" in said
        or "a horse. An image is 32 rows of 32 pixels" in said
    )
    assert "28×28" not in said.split("What to expect")[-1].split("**1. Loaded.**")[-1]


@pytest.mark.parametrize("view", ["confusion", "mistakes", "robust", "map", "draw"])
@pytest.mark.parametrize("dataset", ["cifar10", "cat_or_dog"])
def test_every_view_of_the_evaluate_page_shows_photos(app, photos, no_runner, dataset, view):
    classes = len(KNOWN[dataset].classes)
    run = kept_run(fitted(PRESETS["tiny"], COLOUR, classes), dataset)
    page = open_page(app, "pages/3_evaluate.py", f"run:{run}", view=view)
    said = text(page)
    assert SIGNS[view] in said + "".join(one.label for one in page.get("file_uploader"))
    assert f"of {3 * classes} test images" in said
    assert "digit" not in said.replace("digit_pad", "")
    options = next(one for one in page.main.get("button_group") if "Mistakes" in str(one.options)).options
    assert "Your photo" in [str(getattr(one, "content", one)) for one in options]


@pytest.fixture
def letters(tmp_path, monkeypatch):
    """A little EMNIST: each letter twice to learn from and to test with."""
    record = dataclasses.replace(KNOWN["emnist_letters"], counts=(52, 52))
    monkeypatch.setitem(KNOWN, "emnist_letters", record)
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))
    raw = tmp_path / "data" / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.random.default_rng(1).integers(1, 256, (52, 28, 28))
    for names in (record.files.train, record.files.test):
        for name, values in zip(names, (images, np.arange(52) % 26 + 1), strict=True):
            header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
            (raw / name).write_bytes(header + values.astype(np.uint8).tobytes())


@pytest.mark.parametrize("view", ["confusion", "mistakes", "map", "draw"])
def test_every_view_of_the_evaluate_page_knows_twenty_six_letters(app, letters, no_runner, view):
    run = kept_run(fitted(PRESETS["tiny"], (1, 28, 28), 26), "emnist_letters")
    said = text(open_page(app, "pages/3_evaluate.py", f"run:{run}", view=view))
    assert (SIGNS | {"draw": "Draw a letter"})[view] in said
    assert "of 52 test images" in said
    assert "digit" not in said
    if view == "confusion":
        assert said.count("\n| ") == 1 + 26  # the head of the table, and a row for each letter
        assert "| Z | 2 |" in said


def test_a_large_archive_is_fetched_only_when_somebody_asks(app, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "0")
    monkeypatch.setattr(network, "_failures", {})
    monkeypatch.setattr(network, "_notes_file", lambda: tmp_path / "notes.json")
    asked = []
    monkeypatch.setattr(fetching, "fetch", lambda dataset, *_: asked.append(dataset.key))
    monkeypatch.setattr(fetching, "_fetches", {})
    letters = fitted(PRESETS["tiny"], (1, 28, 28), 26)
    page = open_page(app, "pages/2_train.py", "design", letters, recipe_dataset="emnist_letters")
    assert "All of EMNIST letters comes in one file of up to 600 MB." in text(page)
    assert asked == []
    page.button(key="fetch").click().run()
    for thread in threading.enumerate():
        if thread.name == "fetch-emnist_letters":
            thread.join(20)
    assert asked == ["emnist_letters"]


def test_the_twelve_photos_are_watched_in_colour():
    images = np.zeros((12, 3, 32, 32), np.uint8)
    images[0, 0], images[1, 2] = 255, 100
    tiles = live._tiles(images.tobytes(), images.shape)
    sheet = np.asarray(Image.open(io.BytesIO(tiles.png)).convert("RGB"))
    assert sheet[0, 0].tolist() == [255, 0, 0]
    assert sheet[0, 32].tolist() == [0, 0, 100]
    grey = live._tiles(images[:, :1].tobytes(), (12, 1, 32, 32))
    assert np.asarray(Image.open(io.BytesIO(grey.png)).convert("RGB"))[0, 0].tolist() == [255, 255, 255]


def test_the_train_page_of_a_run_on_photos(app, photos, no_runner):
    run = kept_run(fitted(PRESETS["tiny"], COLOUR, 10), "cifar10")
    said = text(open_page(app, "pages/2_train.py", f"run:{run}"))
    assert "CIFAR-10 photos" in said


@pytest.mark.parametrize(
    "page", ["pages/4_feature_maps.py", "pages/8_runs.py", "pages/0_home.py", "pages/7_augmentation.py"]
)
def test_other_pages_open_with_a_network_of_photos(app, photos, no_runner, page):
    run = kept_run(fitted(PRESETS["tiny"], COLOUR, 10), "cifar10")
    open_page(app, page, f"run:{run}", digit_way="draw")  # as it was chosen for a network of digits


def test_a_way_to_draw_is_not_offered_for_photos(photos):
    image = chosen_image("test", "cifar10")
    assert image.image.shape == COLOUR


def test_a_sample_of_photos_did_not_come_with_us():
    from cnn_core.data import ImagesLearntFrom, Portion

    learnt = ImagesLearntFrom((Portion("cifar10", "sample", 8_889, 1_111),))
    assert which_images.learnt_from_words(learnt) == "8,889 photos of a sample of CIFAR-10"
    assert which_images.taken_from(learnt) == "a sample of CIFAR-10"
    assert "come with" not in which_images.tested_on("cat_or_dog", 400, True)
    mnist = ImagesLearntFrom((Portion("mnist", "sample", 4_000, 500),))
    assert which_images.learnt_from_words(mnist) == "4,000 of the 5,000 digits that come with Convscope"
