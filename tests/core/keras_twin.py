"""The same network in Keras, written down layer by layer from Keras's own documentation. The tests' oracle.

Needs Keras and NumPy only, so that it runs on any backend. By hand, with TensorFlow: write cases with `save_cases`
from test_against_keras.py, then `python keras_twin.py folder`.
"""

import json
import sys
from pathlib import Path

import numpy as np


def keras_outputs(spec: dict, weights: dict, images: np.ndarray) -> np.ndarray:
    """What Keras's network gives for images (B, C, H, W).

    spec: `ModelSpec.to_dict()`.  weights: a network's `state_dict()` as arrays, named by layer.
    """
    return np.asarray(keras_network(spec, weights).predict(to_keras(images), verbose=0))


def to_keras(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 2, 3, 1)  # (B, H, W, C)


def new_network(spec: dict):
    """The same layers with Keras's own first weights."""
    return keras_network(spec, None)


def keras_network(spec: dict, weights: dict | None):
    import keras

    channels, height, width = spec["input_shape"]
    images = values = keras.Input((height, width, channels))
    counted: dict[str, int] = {}
    for layer in spec["layers"]:
        settings = {key: value for key, value in layer.items() if key != "type"}
        counted[layer["type"]] = counted.get(layer["type"], 0) + 1
        name = f"{layer['type']}_{counted[layer['type']]}"
        if layer["type"] == "flatten" and len(values.shape) == 4:
            values = keras.layers.Permute((3, 1, 2))(values)  # ours is (C, H, W)
        twin = _TYPES[layer["type"]](keras.layers, settings)
        values = twin(values)
        if weights is not None:
            _put_weights(twin, name, weights)
    return keras.Model(images, values)


_TYPES = {
    "conv2d": lambda layers, settings: layers.Conv2D(**settings),
    "max_pooling2d": lambda layers, settings: layers.MaxPooling2D(**settings),
    "average_pooling2d": lambda layers, settings: layers.AveragePooling2D(**settings),
    "global_average_pooling2d": lambda layers, settings: layers.GlobalAveragePooling2D(),
    "batch_normalization": lambda layers, settings: layers.BatchNormalization(),
    "depthwise_conv2d": lambda layers, settings: layers.DepthwiseConv2D(**settings),
    "activation": lambda layers, settings: layers.Activation(**settings),
    "dropout": lambda layers, settings: layers.Dropout(**settings),
    "flatten": lambda layers, settings: layers.Flatten(),
    "dense": lambda layers, settings: layers.Dense(**settings),
}


def _put_weights(twin, name: str, weights: dict) -> None:
    if name.startswith("conv2d"):
        kernel = weights[f"{name}.conv.weight"].transpose(2, 3, 1, 0)  # (k, k, in, out)
        twin.set_weights([kernel, weights[f"{name}.conv.bias"]])
    elif name.startswith("depthwise_conv2d"):
        kernel = weights[f"{name}.conv.weight"][:, 0]  # (channels x multiplier, k, k)
        rows, columns, channels, multiplier = twin.get_weights()[0].shape
        kernel = kernel.reshape(channels, multiplier, rows, columns).transpose(2, 3, 0, 1)
        twin.set_weights([kernel, weights[f"{name}.conv.bias"]])
    elif name.startswith("dense"):
        twin.set_weights([weights[f"{name}.dense.weight"].T, weights[f"{name}.dense.bias"]])
    elif name.startswith("batch_normalization"):
        parts = ("weight", "bias", "running_mean", "running_var")
        twin.set_weights([weights[f"{name}.norm.{part}"] for part in parts])


def compare(folder: Path) -> float:
    """The largest difference over all cases in a folder."""
    worst = 0.0
    for path in sorted(folder.glob("*.npz")):
        case = dict(np.load(path))
        spec = json.loads(str(case.pop("spec")))
        images, expected = case.pop("images"), case.pop("outputs")
        worst = max(worst, float(np.abs(keras_outputs(spec, case, images) - expected).max()))
    return worst


if __name__ == "__main__":
    print(f"largest difference: {compare(Path(sys.argv[1])):.2e}")
