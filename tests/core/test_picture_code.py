"""“The code of this picture”, run as a notebook would run it, gives the very numbers that the page draws."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from cnn_core.data import load_images
from cnn_core.export import export_pytorch
from cnn_core.export import picture_code as code
from cnn_core.insight import (
    METHODS,
    RECIPES,
    DreamSpec,
    attribute,
    dream,
    feature_maps,
    maximize_filters,
    relevance,
)
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.model import PRESETS, build
from cnn_core.pretrained import load_pretrained
from cnn_core.training import save_model

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")

LESSON = code.NetInCode(PRESETS["lesson"], "lesson", "mnist")
LAYERS = ("conv2d_1", "max_pooling2d_1", "conv2d_3")
MOST_LINES = 45  # with what a long design or an own picture takes


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A notebook's folder with the files of “Save” in it. Runs a text there, and gives the names it leaves."""
    import matplotlib.pyplot as plt

    net, spec = load_pretrained("lesson")
    save_model(tmp_path / "lesson.safetensors", net, spec)
    program = export_pytorch(spec, dataset="mnist_sample")
    (tmp_path / "lesson_torch.py").write_text(program, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "lesson_torch", raising=False)

    def executed(text: str) -> dict:
        assert len(text.splitlines()) <= MOST_LINES
        assert max(map(len, text.splitlines())) <= 110
        names: dict = {"__name__": "__main__"}
        exec(compile(text, "cell", "exec"), names)
        assert plt.get_fignums()  # something was drawn
        plt.close("all")
        return names

    return executed


@pytest.fixture(scope="module")
def lesson():
    return load_pretrained("lesson")[0]


def drawn_values(axes) -> list[np.ndarray]:
    return [np.asarray(axis.get_images()[0].get_array()) for axis in axes.flat if axis.get_images()]


@pytest.mark.parametrize("limits", ["own", "shared"])
def test_the_maps_of_a_test_image_are_the_pages_bit_for_bit(run, lesson, limits):
    names = run(code.maps_code(LESSON, code.ImageInCode(index=3), LAYERS, limits))
    image = load_images("mnist", "test").images[3].float() / 255
    ours = feature_maps(lesson, image)["conv2d_3"].numpy()
    assert torch.equal(names["image"], image)
    assert np.array_equal(names["maps"].numpy(), ours)
    drawn = names["axes"].flat[5].get_images()[0]
    assert np.array_equal(np.asarray(drawn.get_array()), ours[5])
    assert drawn.get_clim()[1] == pytest.approx((ours[5] if limits == "own" else ours).max())


def test_the_maps_of_an_own_picture_come_from_the_text_itself(run, lesson):
    drawn = np.zeros((28, 28), np.uint8)
    drawn[6:22, 10:14] = np.random.default_rng(0).integers(0, 256, (16, 4))
    given = code.ImageInCode(png=as_png(drawn))
    for text in (code.maps_code(LESSON, given, LAYERS), code.maps_in_pytorch(LESSON, given, LAYERS)):
        names = run(text)
        ours = feature_maps(lesson, torch.from_numpy(drawn)[None] / 255)["conv2d_3"]
        np.testing.assert_allclose(names["maps"].numpy(), ours.numpy(), atol=1e-5)


def as_png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def a_test_image(index: int) -> tuple[torch.Tensor, code.ImageInCode]:
    """A test image, in [0, 1] and in code."""
    test = load_images("mnist", "test")
    return test.images[index].float() / 255, code.ImageInCode(index, as_png(test.images[index, 0].numpy()))


def test_the_maps_in_plain_pytorch_are_the_pages(run, lesson):
    image, given = a_test_image(3)
    names = run(code.maps_in_pytorch(LESSON, given, LAYERS))
    assert torch.equal(names["image"], image)
    ours = feature_maps(lesson, image)["conv2d_3"]
    np.testing.assert_allclose(names["maps"].numpy(), ours.numpy(), atol=1e-5)


def test_an_untrained_design_is_built_from_its_link_and_begins_alike(run):
    untrained = code.NetInCode(PRESETS["lesson"], "", "mnist")
    names = run(code.maps_code(untrained, code.ImageInCode(index=0), ["conv2d_1"]))
    net = build(PRESETS["lesson"], seed=0)
    assert torch.equal(
        names["net"].state_dict()["conv2d_1.conv.weight"], net.state_dict()["conv2d_1.conv.weight"]
    )
    assert not untrained.has_program
    assert not code.NetInCode(PRESETS["lesson"], "mine", "own:AbCdEfGhIjK").has_program


def test_what_counts_for_a_class_is_the_pages_for_all_four_methods(run, lesson):
    names = run(code.attribution_code(LESSON, code.ImageInCode(index=3), METHODS, target=7))
    image = load_images("mnist", "test").images[3].float() / 255
    for method in METHODS:
        ours = attribute(lesson, image, method=method, target=7).values
        np.testing.assert_allclose(names["answers"][method].numpy(), ours.numpy(), atol=1e-6)


def test_what_each_filter_says_is_the_pages_and_so_is_the_check(run, lesson):
    names = run(code.decided_code(LESSON, code.ImageInCode(index=3), "conv2d_3", 0, 7, "lrp"))
    ours = relevance(
        lesson, load_images("mnist", "test").images[3].float() / 255, "conv2d_3", 0, 7, way="lrp"
    )
    assert torch.equal(names["found"].values, ours.values)
    assert names["check"].lead[0].item() == pytest.approx(ours.lead, abs=1e-5)


def test_saliency_in_plain_pytorch_is_the_pages(run, lesson):
    image, given = a_test_image(3)
    names = run(code.saliency_in_pytorch(LESSON, given, target=7))
    ours = attribute(lesson, image, method="saliency", target=7).values
    np.testing.assert_allclose(names["values"].numpy(), ours.numpy(), atol=1e-5)


@pytest.mark.parametrize(("recipe", "changes"), [("clean", (("blur", 0.05), ("jitter", 1))), ("lesson", ())])
def test_filter_pictures_are_the_pages_bit_for_bit(run, lesson, recipe, changes):
    text = code.filters_code(
        LESSON, "conv2d_2", [4, 41], recipe=recipe, changes=changes, steps=5, seed=9, examples=200
    )
    names = run(text)
    how = RECIPES[recipe].replace(**dict(changes))
    digits = load_images("mnist", "test").images[:200].float() / 255
    ours = maximize_filters(lesson, "conv2d_2", [4, 41], steps=5, seed=9, recipe=how, examples=digits)
    assert torch.equal(names["pictures"], ours.images)


@pytest.mark.parametrize(("layer", "index"), [("conv2d_1", 3), ("conv2d_2", 41), ("dense_2", 7)])
def test_the_lessons_loop_in_plain_pytorch_climbs_to_the_pages_picture(run, lesson, layer, index):
    names = run(code.lesson_filter_in_pytorch(LESSON, layer, index, steps=5, seed=2))
    ours = maximize_filters(lesson, layer, [index], steps=5, seed=2, recipe="lesson").images
    np.testing.assert_allclose(names["picture"].numpy(), ours.numpy(), atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_dream_is_the_pages_bit_for_bit(run, lesson, tmp_path, channels):
    spec = DreamSpec("pretrained:lesson", (("conv2d_2", 1.0),), octaves=2, steps=2, jitter=3, seed=4)
    picture = torch.rand(channels, 40, 44, generator=torch.Generator().manual_seed(0))
    (tmp_path / "picture.png").write_bytes(to_png(picture))
    text = code.dream_code(spec.to_dict(), code.net_code(LESSON), channels=1, picture="picture.png")
    settings = spec.to_dict() | {"layers": dict(spec.layers)}
    del settings["network"]
    begun = from_file((tmp_path / "picture.png").read_bytes())
    ours = dream(lesson, begun.mean(0, keepdim=True) if channels == 3 else begun, **settings)
    assert torch.equal(run(text)["dreamt"], ours)


def test_an_image_that_only_this_machine_numbers_so_is_in_no_program():
    assert not code.ImageInCode(3, bytes(5_000), is_sample=True).is_everywhere
    assert code.ImageInCode(3, bytes(5_000)).is_everywhere
    assert code.ImageInCode(3, bytes(400), is_sample=True).is_everywhere


def test_a_file_whose_name_is_no_python_name_is_renamed_first():
    text = code.maps_in_pytorch(
        code.NetInCode(PRESETS["lesson"], "3_epochs", "mnist"), code.ImageInCode(index=0), ["conv2d_1"]
    )
    assert (
        "from net_torch import build, load_weights, read  # call 3_epochs_torch.py net_torch.py first" in text
    )
    compile(text, "cell", "exec")
