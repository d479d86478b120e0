"""Files of exporters that the tests do not need to have: Keras's ONNX, and PyTorch's newer exporter (onnxscript).

Run once, with onnxscript installed: `KERAS_BACKEND=torch python make.py`. Writes *.onnx and expected.json beside
itself, or into the folder that is named: what each network itself, not its file, answers to the images of `images`.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import torch
from keras import layers
from torch import nn

HERE = Path(__file__).parent


def images(channels: int, side: int) -> torch.Tensor:
    """Two images of noise, (2, C, H, W) in [0, 1]; the tests draw the same."""
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(5))


def keras_networks() -> dict[str, tuple[keras.Model, float]]:
    """{name: (network, what its input is to be multiplied by)}"""
    keras.utils.set_random_seed(0)
    sequential = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, strides=2, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, padding="same", activation="gelu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(12, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    start = layers.Input((32, 32, 3))
    x = layers.DepthwiseConv2D(3, padding="same")(start)
    x = layers.Conv2D(5, 1)(x)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("elu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(10)(x)
    functional = keras.Model(start, layers.Softmax()(x))
    return {"keras_sequential": (sequential, 255.0), "keras_functional": (functional, 1.0)}


def live_in(model: keras.Model) -> None:
    """Give the moving averages values that a training could have left."""
    chance = np.random.default_rng(0)
    for variable in model.variables:
        if "moving_variance" in variable.path:
            variable.assign(chance.uniform(0.5, 2, variable.shape))
        elif "moving_mean" in variable.path:
            variable.assign(chance.normal(size=variable.shape))


def forget_the_machine(file: Path) -> None:
    """Take out what exporters note beside the network: among it the paths of the programs that made each node."""
    model = onnx.load(file)
    graphs = [model.graph, *model.functions]
    beside = ("node", "value_info", "input", "output", "initializer")
    within = [one for graph in graphs for name in beside for one in getattr(graph, name, ())]
    for one in (model, *graphs, *within):
        for note in ("doc_string", "metadata_props"):
            if hasattr(one, note):
                one.ClearField(note)
    onnx.save(model, file)


def main(folder: Path = HERE) -> None:
    expected = {}
    for name, (model, scale) in keras_networks().items():
        live_in(model)
        given = images(model.input_shape[3], model.input_shape[1]).permute(0, 2, 3, 1).numpy() * scale
        expected[name] = model.predict(given, verbose=0).tolist()
        model.export(folder / f"{name}.onnx", format="onnx", verbose=False)
        forget_the_machine(folder / f"{name}.onnx")
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 8, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout()),
        *(nn.Linear(8, 10), nn.LogSoftmax(1)),
    ).eval()
    given = images(1, 28)
    torch.onnx.export(
        net, (given,), folder / "torch_dynamo.onnx", dynamo=True, external_data=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )  # fmt: skip
    forget_the_machine(folder / "torch_dynamo.onnx")
    expected["torch_dynamo"] = net(given).exp().tolist()
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
