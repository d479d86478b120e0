"""Dilation of a convolution, with Keras's meaning: shapes, what is seen, the arithmetic, exports, remedies, links."""

import os
import sys
import types

import pytest
import torch
import torch.nn.functional as F

from cnn_core.errors import StudentError
from cnn_core.export import export_keras, export_keras_r, export_pytorch
from cnn_core.insight import explain_pixel
from cnn_core.insight.filters.response import Response
from cnn_core.insight.look.fields import receptive_field
from cnn_core.model import PRESETS, ModelSpec, build, inspect_draft, summarize
from cnn_core.model.layers import Conv2D, Dense, Flatten, MaxPooling2D
from cnn_core.training import RECIPES
from cnn_core.training.fast.passes import FastNetwork


def dilated(padding: str = "valid", first: int = 2, kernel: int = 3) -> ModelSpec:
    return ModelSpec(
        "Dilated",
        (1, 28, 28),
        10,
        (
            Conv2D(4, kernel, padding=padding, activation="relu", dilation_rate=first),
            MaxPooling2D(),
            Conv2D(6, 2, padding=padding, activation="relu", dilation_rate=3),
            Conv2D(5, padding=padding, dilation_rate=2),
            Flatten(),
            Dense(10, activation="softmax"),
        ),
    )


IMAGES = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(2))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, about NumPy
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel", [2, 3])
def test_a_dilated_network_gives_keras_s_numbers(padding, kernel):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    spec = dilated(padding, kernel=kernel)
    net = build(spec, seed=3)
    names = {"keras": keras, "layers": keras.layers}
    source = export_keras(spec, RECIPES["lesson"])
    start = source.index("def build()")
    exec(source[start : source.index("\n\n\n", start)], names)
    model = names["build"]()
    assert source.count("dilation_rate=") == 3
    for layer in model.layers:
        if layer.get_weights():
            child = dict(net.named_children())[layer.name]
            kernels, bias = (weight.detach().numpy() for weight in child.parameters())
            turned = kernels.transpose(2, 3, 1, 0) if kernels.ndim == 4 else kernels.T
            layer.set_weights([turned, bias])
    theirs = torch.as_tensor(model.predict(IMAGES.permute(0, 2, 3, 1).numpy(), verbose=0))
    torch.testing.assert_close(net.predict(IMAGES), theirs, atol=1e-5, rtol=1e-4)
    assert summarize(spec)[0].output_shape == tuple(net[0](IMAGES).shape[1:])


def test_exported_pytorch_gives_the_same_numbers():
    for padding in ("valid", "same"):
        spec = dilated(padding)
        net, module = build(spec, seed=3), types.ModuleType("exported")
        sys.modules["exported"] = module  # a dataclass looks up the module that it stands in
        exec(export_pytorch(spec), module.__dict__)
        exported = module.build()
        numbers = {f"{k.split('.')[0]}.{k.split('.')[-1]}": v for k, v in net.state_dict().items()}
        exported.load_state_dict(numbers)
        torch.testing.assert_close(exported(IMAGES), net(IMAGES), atol=1e-6, rtol=1e-5)


def test_r_and_onnx_know_the_dilation():
    from cnn_core.export.layers import LAYERS
    from cnn_core.export.program import steps

    spec = dilated()
    assert "dilation_rate = c(2, 2)" in export_keras_r(spec, RECIPES["lesson"])
    [(operator, _, attributes), _] = LAYERS["conv2d"].onnx(steps(spec)[0])
    assert (operator, attributes["dilations"]) == ("Conv", [2, 2])
    assert "dilation_rate" not in export_keras_r(PRESETS["lesson"], RECIPES["lesson"])


def test_a_3x3_kernel_with_dilation_2_sees_5_pixels_and_leaves_what_a_5x5_kernel_leaves():
    rows = summarize(dilated())
    assert rows[0].output_shape == (4, 24, 24)
    assert rows[0].receptive_field == 5
    assert rows[0].parameters == (9 + 1) * 4  # and no more weights than without
    # The pooling adds one pixel and doubles the steps; 2×2 with dilation 3 adds 3 of them.
    assert rows[1].receptive_field == 6
    assert rows[2].receptive_field == 12


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_receptive_field_is_where_the_gradient_of_a_number_is(padding):
    spec = dilated(padding)
    net = build(spec, seed=1)
    image = IMAGES[:1].clone().requires_grad_()
    linear = image
    for layer, child in zip(spec.layers, net, strict=True):
        linear = child.before(linear) if hasattr(child, "before") else child(linear)
        if layer is spec.layers[2]:
            break
    linear[0, 1, 4, 5].backward()
    touched = image.grad[0, 0].nonzero()
    field = receptive_field(spec, "conv2d_2", 4, 5)
    assert field.rows[0] <= touched[:, 0].min()
    assert touched[:, 0].max() <= field.rows[1]
    assert field.columns[1] - field.columns[0] + 1 == 12


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("layer", "place"), [("conv2d_1", (2, 0, 3)), ("conv2d_2", (1, 4, 5)), ("conv2d_3", (4, 0, 2))]
)
def test_the_arithmetic_of_a_pixel_comes_to_the_number_of_the_map(padding, layer, place):
    net = build(dilated(padding), seed=5)
    parts = explain_pixel(net, IMAGES[0], layer, *place)
    values = IMAGES[:1]
    for name, child in net.named_children():
        values = child(values)
        if name == layer:
            break
    assert parts.value == pytest.approx(values[0][place].item(), abs=1e-5)
    assert parts.dilation == {"conv2d_1": 2, "conv2d_2": 3, "conv2d_3": 2}[layer]
    assert parts.patch.shape == parts.kernel.shape


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_2", "conv2d_3"])
def test_filter_pictures_climb_the_network_s_own_numbers(padding, layer):
    net = build(dilated(padding), seed=5)
    images = IMAGES.clone().requires_grad_()
    filters = torch.tensor([0, 1, 2, 3, 0])
    objective, score = Response(net, layer)(images, filters)
    (ours,) = torch.autograd.grad(objective.sum(), images)
    slow = IMAGES.clone().requires_grad_()
    values = slow
    for name, child in net.named_children():
        values = child(values)
        if name == layer:
            break
    own = values[torch.arange(5), filters].mean(dim=(1, 2))
    (plain,) = torch.autograd.grad(own.sum(), slow)
    torch.testing.assert_close(score, own, atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(ours, plain, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("half", [False, True])
def test_the_fast_pass_gives_the_network_s_own_gradients(half):
    spec = dilated()
    net, twin = build(spec, seed=5), build(spec, seed=5)
    fast = FastNetwork(net, half=half)
    logits = fast.forward(IMAGES)
    slope = torch.ones_like(logits) / 50
    fast.backward(slope)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        plain = twin(IMAGES)
    plain.backward(slope.to(plain.dtype))
    for ours, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        if half:
            torch.testing.assert_close(ours.grad, theirs.grad, atol=2e-2, rtol=5e-2)
        else:
            assert ours.grad.equal(theirs.grad)
    one = build(spec, seed=5)[0]
    assert torch.allclose(
        one.before(IMAGES), F.conv2d(IMAGES, one.conv.weight, one.conv.bias, dilation=2), atol=1e-6
    )


def test_strides_with_dilation_are_refused_as_by_keras_and_there_is_a_way_out():
    with pytest.raises(StudentError, match="moves by one pixel"):
        Conv2D(4, strides=2, dilation_rate=2)
    draft = dilated().to_dict()
    draft["layers"][0]["strides"] = 2
    inspected = inspect_draft(draft)
    assert inspected.problem.layer == "conv2d_1"
    assert inspected.remedies[0].label == "Set strides to 1"
    assert inspect_draft(inspected.remedies[0].draft).problem is None


def test_a_dilated_kernel_that_does_not_fit_says_how_far_it_reaches():
    draft = dilated().to_dict()
    draft["layers"][0]["dilation_rate"] = 20
    inspected = inspect_draft(draft)
    assert "with dilation 20 reaches over 41×41 pixels" in inspected.problem.message
    assert "Set dilation_rate to 1" in {remedy.label for remedy in inspected.remedies}


def test_a_design_without_dilation_is_written_as_before_and_one_with_it_comes_back_from_its_link():
    assert all("dilation_rate" not in layer for layer in PRESETS["lesson"].to_dict()["layers"])
    spec = dilated()
    assert ModelSpec.from_link(spec.to_link()) == spec
    assert spec.to_dict()["layers"][0]["dilation_rate"] == 2
    assert spec.fingerprint != dilated(first=1).fingerprint
    assert Conv2D.words(spec.to_dict()["layers"][0]) == "4 filters 3×3, relu, dilation 2"
