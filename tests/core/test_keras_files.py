"""What we write as `.keras` and `.h5` is opened by Keras itself, and gives the same probabilities."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest
import torch

from cnn_core.export import export_keras_h5, export_keras_v3
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from cnn_core.opening import open_network
from cnn_core.pretrained import load_pretrained
from cnn_core.training import RECIPES

os.environ.setdefault("KERAS_BACKEND", "torch")

EVERY_KIND = ModelSpec(
    "every kind",
    (3, 20, 20),
    4,
    (
        Conv2D(6, kernel_size=3, padding="same", activation="leaky_relu"),
        DepthwiseConv2D(kernel_size=3, depth_multiplier=2, activation="elu(0.5)"),
        BatchNormalization(),
        Activation("leaky_relu"),
        AveragePooling2D(2),
        Conv2D(5, kernel_size=2, strides=2, padding="same", activation="gelu"),
        MaxPooling2D(2, padding="same"),
        Flatten(),
        BatchNormalization(),
        Dropout(0.3),
        Dense(7, activation="leaky_relu(0.01)"),
        Activation("leaky_relu(0.3)"),
        Dense(4),
    ),
)
POOLED = ModelSpec(
    "pooled",
    (1, 12, 12),
    10,
    (Conv2D(4, activation="sigmoid"), GlobalAveragePooling2D(), Dense(10, activation="softmax")),
)
DESIGNS = {**PRESETS, "every kind": EVERY_KIND, "pooled": POOLED}


def stirred(spec: ModelSpec):
    """A network none of whose numbers is the one it would have by default."""
    net, chance = build(spec), torch.Generator().manual_seed(1)
    for name, values in net.state_dict().items():
        if values.is_floating_point():
            noise = torch.rand(values.shape, generator=chance)
            values.copy_(noise + 0.5 if "var" in name else (noise - 0.4) * 0.5)
    return net.eval()


def images(spec: ModelSpec) -> torch.Tensor:
    return torch.rand(5, *spec.input_shape, generator=torch.Generator().manual_seed(2))


def loaded(path):
    import keras

    return keras.saving.load_model(path)


def keras_answers(model, spec: ModelSpec) -> np.ndarray:
    return model.predict(images(spec).permute(0, 2, 3, 1).numpy(), verbose=0)


def our_answers(net) -> np.ndarray:
    """Keras's network ends with what its last layer gives: probabilities, or the numbers before them."""
    with torch.no_grad():
        logits = net(images(net.spec))
    last = net.spec.layers[-1]
    return (logits.softmax(1) if getattr(last, "activation", "") == "softmax" else logits).numpy()


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("write", "name"), [(export_keras_v3, "net.keras"), (export_keras_h5, "net.h5")])
@pytest.mark.parametrize("design", DESIGNS)
def test_keras_opens_the_file_and_answers_as_we_do(design, write, name, tmp_path):
    net = stirred(DESIGNS[design])
    (tmp_path / name).write_bytes(write(net))
    np.testing.assert_allclose(keras_answers(loaded(tmp_path / name), net.spec), our_answers(net), atol=2e-5)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("write", "name"), [(export_keras_v3, "net.keras"), (export_keras_h5, "net.h5")])
def test_the_network_comes_compiled_by_its_recipe(write, name, tmp_path):
    net, _ = load_pretrained("lesson")
    (tmp_path / name).write_bytes(write(net, RECIPES["lesson"]))
    model = loaded(tmp_path / name)
    assert type(model.optimizer).__name__ == "RMSprop"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    targets = np.eye(10, dtype="float32")[:5]
    loss, accuracy = model.evaluate(images(net.spec).permute(0, 2, 3, 1).numpy(), targets, verbose=0)
    probabilities = our_answers(net)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(5), np.arange(5)]).mean(), rel=1e-3)
    assert accuracy == pytest.approx((probabilities.argmax(1) == np.arange(5)).mean())


@pytest.mark.filterwarnings(
    "ignore::UserWarning"
)  # Keras says that the optimizer's own memory is not in the file
def test_the_layers_stand_as_in_the_lesson_and_keep_their_names(tmp_path):
    net, _ = load_pretrained("lesson")
    (tmp_path / "net.keras").write_bytes(export_keras_v3(net))
    assert [layer.name for layer in loaded(tmp_path / "net.keras").layers] == [
        name for name, _ in net.named_children()
    ]


def test_the_same_network_gives_the_same_file_and_it_says_what_it_learnt():
    net, _ = load_pretrained("mlp")
    content = export_keras_v3(net, dataset="mnist")
    assert content == export_keras_v3(net, dataset="mnist")
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert json.loads(file.read("metadata.json"))["convscope"] == {"dataset": "mnist"}


@pytest.mark.parametrize("write", [export_keras_v3, export_keras_h5])
def test_it_opens_here_again_with_its_data_set(write):
    net, _ = load_pretrained("mlp")
    again = open_network(write(net, dataset="kmnist"), "net.keras" if write is export_keras_v3 else "net.h5")
    assert again.dataset == "kmnist"
    torch.testing.assert_close(again.net.predict(images(net.spec)), net.predict(images(net.spec)))
    assert (
        open_network(write(net, dataset="cifar10"), "net").dataset is None
    )  # it cannot have learnt from photos
    assert open_network(write(net), "net").dataset is None
