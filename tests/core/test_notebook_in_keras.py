"""The notebook's lines of Python, run by Keras on its torch backend, give the numbers that our core gives."""

import ast
import os
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
import torch

from cnn_core.data import AffineParams, apply_affine, load_images
from cnn_core.insight import feature_maps, loudness, maximize_filters
from cnn_core.lesson import nudge, one_hot, output_size, pool, prepare, sweep
from cnn_core.lesson.notebook_lines import NOTEBOOK, lines_of
from cnn_core.model import PRESETS, summarize
from cnn_core.pretrained import load_pretrained
from cnn_core.training import KerasRMSprop, evaluate
from tests.core.keras_twin import _put_weights

# Keras itself uses what NumPy and SciPy say will go.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

IMAGES = 64  # of the sample's digits: all that "MNIST" is here, so that an epoch is one step
FIRST = [
    "kernel",
    "padding",
    "strides",
    "pooling",
    "layers",
    "scaling",
    "one_hot",
    "compile",
    "rmsprop",
    "training",
]
THEN = [
    "saving",
    "evaluating",
    "feature_map",
    "maps_of_layers",
    "one_filter",
    "gradient_size",
    "without_picture",
]
LAST = ["against_mlp", "cat_and_dream", "all_filters", "turned", "four_draws", "with_and_without"]
NEEDS_A_DOWNLOAD = {"cat_face"}


class Notebook:
    """The lines, run one after the other; `value[step]` is what the last of a step's lines gives, if anything."""

    def __init__(self) -> None:
        self.names: dict = {}
        self.value: dict = {}

    def run(self, step: str, code: str | None = None) -> None:
        *lines, last = ast.parse(lines_of(step).python if code is None else code).body
        exec(compile(ast.Module(lines, []), step, "exec"), self.names)
        if isinstance(last, ast.Expr):
            self.value[step] = eval(compile(ast.Expression(last.value), step, "eval"), self.names)
        else:
            exec(compile(ast.Module([last], []), step, "exec"), self.names)


@pytest.fixture(scope="module")
def net():
    return load_pretrained("lesson")[0]


@pytest.fixture(scope="module")
def digits():
    return load_images("mnist", "test", fetch=False).take(IMAGES)


@pytest.fixture(scope="module")
def starts(net):
    """The noise that gradient ascent begins from here, (F, 1, 28, 28), of one filter and of 64."""
    one = maximize_filters(net, "conv2d_1", 1, steps=1, recipe="lesson").starts
    many = maximize_filters(net, "conv2d_2", None, steps=1, recipe="lesson").starts
    return torch.cat([one, one, many, many[:2]])


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, net, digits, starts):
    """All lines of Python, run in the notebook's order; after the training the network has the lesson net's weights."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed, and these lines are for it")
    from keras.src.legacy.preprocessing import image as with_generator

    pixels, labels = digits.images[:, 0].numpy(), digits.labels.numpy()
    noise = iter(starts.permute(0, 2, 3, 1).split(1))
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("notebook"))
    patch.setattr(keras.datasets.mnist, "load_data", lambda: ((pixels, labels), (pixels, labels)))
    book = Notebook()
    for step in FIRST:
        book.run(step)
    take_our_weights(book.names["model_cnn"], net)
    rand = torch.rand

    def our_noise(*size, requires_grad=False, **options):
        if size != (1, 28, 28, 1):
            return rand(*size, **options)
        return next(noise).clone().requires_grad_(requires_grad)

    patch.setattr(torch, "rand", our_noise)
    for step in THEN:
        book.run(step)
    shorter = lines_of("all_filters").python.replace("layers[0], 32", "layers[2], 2")
    assert shorter != lines_of("all_filters").python
    for name in ("tensorflow", "tensorflow.keras", "tensorflow.keras.preprocessing"):
        patch.setitem(sys.modules, name, types.ModuleType(name))
    patch.setitem(sys.modules, "tensorflow.keras.preprocessing.image", with_generator)
    for step in LAST:
        book.run(step, shorter if step == "all_filters" else None)
    patch.undo()
    return book


def take_our_weights(model, net) -> None:
    weights = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    # Keras lays a map's channels last before it is a list.
    flat = weights["dense_1.dense.weight"].reshape(64, 64, 3, 3).transpose(0, 2, 3, 1)
    weights["dense_1.dense.weight"] = flat.reshape(64, 576)
    names = iter(net.spec.layer_names)
    for layer, name in zip(model.layers, names, strict=True):
        _put_weights(layer, name, weights)


def test_the_lines_of_python_make_the_lessons_network_and_prepare_the_images_as_we_do(notebook, digits):
    names, spec = notebook.names, PRESETS["lesson"]
    ours = [layer.parameters for layer in summarize(spec)]
    assert [layer.count_params() for layer in names["model_cnn"].layers] == ours
    assert notebook.value["padding"] == (1, output_size(28, 3, 1, "same"), 28, 32)
    assert notebook.value["strides"] == (1, output_size(28, 3, 2), 13, 32)
    prepared = prepare(digits.images[0, 0].tolist(), int(digits.labels[0]), 10)
    assert names["train_images"][0, prepared.row, :, 0].tolist() == list(prepared.scaled)
    assert names["test_labels"][0].tolist() == list(one_hot(int(digits.labels[0]), 10))


def test_the_lines_of_python_measure_what_we_measure(notebook, net, digits):
    loss, accuracy = notebook.value["evaluating"]
    ours = evaluate(net, digits)
    assert (accuracy, loss) == (pytest.approx(ours.accuracy), pytest.approx(ours.loss, rel=1e-4))
    moved = replace(digits, images=torch.stack([nudge(image, 2) for image in digits.images]))
    assert notebook.names["of_cnn"][1] == pytest.approx(evaluate(net, moved).accuracy)
    mlp = [layer.parameters for layer in summarize(PRESETS["mlp"])]
    assert [layer.count_params() for layer in notebook.names["model_mlp"].layers] == mlp


def test_the_lines_of_python_give_our_feature_maps(notebook, net, digits):
    image = digits.images[0].float() / 255
    ours = feature_maps(net, image)
    names = [name for name in ours if name.startswith("conv2d")]
    for theirs, name in zip(notebook.names["activations"], names, strict=True):
        np.testing.assert_allclose(theirs[0].transpose(2, 0, 1), ours[name], atol=1e-4)
    first = net.state_dict()
    kernel, bias = first["conv2d_1.conv.weight"][5], first["conv2d_1.conv.bias"][5]
    by_hand = (sweep(image, kernel).output + bias).relu()
    np.testing.assert_allclose(notebook.names["maps"][0, :, :, 5], by_hand, atol=1e-5)
    np.testing.assert_allclose(ours["max_pooling2d_1"], pool(ours["conv2d_1"]), atol=1e-6)


def test_the_lines_of_python_climb_to_our_pictures(notebook, net, digits):
    one = maximize_filters(net, "conv2d_1", 1, recipe="lesson", keep_path=True)
    theirs = notebook.names["input_img_data"].permute(0, 3, 1, 2)
    np.testing.assert_allclose(theirs, one.images, atol=1e-3)
    assert notebook.names["size"].item() == pytest.approx(float(one.slopes[0, 0]), rel=1e-4)
    many = maximize_filters(net, "conv2d_2", None, recipe="lesson", steps=1)
    silent = [number for number, why in zip(many.filters, many.why, strict=True) if why]
    assert notebook.names["without_slope"] == silent
    two = maximize_filters(net, "conv2d_2", [0, 1], recipe="lesson")
    assert len(notebook.names["pictures"]) == 2
    for picture, ours in zip(notebook.names["pictures"], two.images, strict=True):
        assert np.corrcoef(picture.flatten(), ours.flatten())[0, 1] > 0.99
    image = digits.images[0].float() / 255
    assert notebook.names["loudness"].item() == pytest.approx(loudness(net, image, "conv2d_2"), rel=1e-4)


def test_a_step_of_rmsprop_in_python_is_ours(notebook):
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    weight.grad = torch.tensor([2.0])
    KerasRMSprop([weight], lr=0.001, rho=0.9).step()
    assert float(notebook.names["weight"].numpy()[0]) == pytest.approx(weight.item(), abs=1e-7)
    assert weight.item() != 1.0


def test_every_step_is_run_but_the_one_that_fetches_a_network():
    assert {*FIRST, *THEN, *LAST} == set(NOTEBOOK) - NEEDS_A_DOWNLOAD


def test_the_lines_of_python_turn_a_digit_as_we_do(notebook, digits):
    angles = torch.arange(-90.0, 91.0, 15.0)
    image = (digits.images[:1].float() / 255).expand(len(angles), -1, -1, -1)
    ours = apply_affine(image, replace(AffineParams.unchanged(len(angles)), theta=angles))
    np.testing.assert_allclose(notebook.names["turned"][..., 0], ours[:, 0], atol=1e-4)


def test_the_lines_of_python_draw_four_changed_digits(notebook):
    distorted = notebook.names["distorted"]
    assert distorted.shape == (4, 28, 28, 1)
    assert len({one.tobytes() for one in distorted}) == 4
