"""An ONNX file asks for no newer runtime than its network needs, and says how to make pictures for it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from cnn_core.export import export_onnx
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
)

onnx = pytest.importorskip("onnx", reason="onnx is not installed")


def every_layer(activation: str) -> ModelSpec:
    return ModelSpec(
        "every layer",
        (1, 28, 28),
        10,
        (
            Conv2D(4, dilation_rate=2, activation=activation),
            AveragePooling2D(2, padding="same"),
            BatchNormalization(),
            Activation(activation),
            MaxPooling2D(2, padding="same"),
            Flatten(),
            Dropout(0.5),
            Dense(10, activation="softmax"),
        ),
    )


def oldest_with(operators: set[str]) -> int:
    """ONNX's own list says since when an operator is there at all."""
    schemas = onnx.defs.get_all_schemas_with_history()
    return max(min(one.since_version for one in schemas if one.name == name) for name in operators)


@pytest.mark.parametrize(
    ("activation", "opset", "form"),
    [("relu", 13, 7), ("leaky_relu", 13, 7), ("elu", 13, 7), ("tanh", 13, 7), ("gelu", 20, 9)],
)
def test_only_gelu_asks_for_a_new_opset_and_the_form_goes_with_it(activation, opset, form):
    net = build(every_layer(activation)).eval()
    content = export_onnx(net)
    model = onnx.load_from_string(content)
    assert [one.version for one in model.opset_import] == [opset]
    assert model.ir_version == form
    paired = {row[2]: row[1] for row in onnx.helper.VERSION_TABLE}
    assert paired[opset] == form
    assert oldest_with({node.op_type for node in model.graph.node}) <= opset
    onnx.checker.check_model(model, full_check=True)
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"images": images.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(logits, net(images).numpy(), atol=1e-5)


def facts(dataset: str | None, preset: str = "lesson") -> dict[str, str]:
    model = onnx.load_from_string(export_onnx(build(PRESETS[preset]), dataset=dataset))
    onnx.checker.check_model(model, full_check=True)
    found = {one.key: one.value for one in model.metadata_props}
    for name in ("network", "images"):
        assert found[name] in model.doc_string
    return found


def test_the_file_says_how_a_digit_is_made_for_it_and_what_the_classes_are():
    found = facts("mnist")
    assert "in [0, 1], (batch, 1, 28, 28), light on black. It learnt from MNIST." in found["images"]
    assert "the digit fitted into 20×20 pixels, and its centre of mass" in found["picture of your own"]
    assert "read_picture" in found["picture of your own"]
    assert json.loads(found["classes"]) == list("0123456789")


def test_clothes_fill_the_image_and_have_names():
    found = facts("fashion_mnist")
    assert "its longer side as long as the image's." in found["picture of your own"]
    assert "20×20" not in found["picture of your own"]
    assert json.loads(found["classes"])[9] == "Ankle boot"


def test_what_is_not_known_is_not_said():
    assert set(facts(None)) == {"network", "images"}
    assert set(facts("cifar10")) == {"network", "images"}  # its images have another shape than this net's
