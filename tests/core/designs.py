"""Networks drawn by lot for the model's tests: every layer, padding, stride and activation, odd and oblong images."""

import random

from cnn_core.errors import StudentError
from cnn_core.model import ACTIVATIONS, ModelSpec

LESSON_LAYERS = [
    {"type": "conv2d", "filters": 32, "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "conv2d", "filters": 64, "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "conv2d", "filters": 64, "activation": "relu"},
    {"type": "flatten"},
    {"type": "dense", "units": 64, "activation": "relu"},
    {"type": "dense", "units": 10, "activation": "softmax"},
]
INNER = [name for name in ACTIVATIONS if name != "softmax"]


def design(*layers, **others):
    """A draft for digits with these layers."""
    return {"name": "A design", "input_shape": [1, 28, 28], "classes": 10, "layers": list(layers), **others}


def random_spec(seed: int) -> ModelSpec:
    """A network that can work; drawn again until it does."""
    chance = random.Random(seed)
    while True:
        try:
            return ModelSpec.from_dict(_draw(chance))
        except StudentError:
            continue


def _draw(chance: random.Random) -> dict:
    classes = chance.randint(2, 12)
    shape = [chance.choice([1, 1, 3]), chance.randint(5, 29), chance.randint(5, 29)]
    layers = [_layer_on_maps(chance) for _ in range(chance.randint(1, 6))]
    if chance.random() < 0.7:
        layers.append({"type": "flatten"})
    else:
        layers.append({"type": "global_average_pooling2d"})
    layers += [_layer_on_lists(chance) for _ in range(chance.randint(0, 3))]
    last = chance.choice(["softmax", "softmax", "linear", "sigmoid"])
    layers.append({"type": "dense", "units": classes, "activation": last})
    return {"name": f"drawn {chance.random()}", "input_shape": shape, "classes": classes, "layers": layers}


def _layer_on_maps(chance: random.Random) -> dict:
    kind = chance.choice(
        ["conv2d"] * 3
        + ["max_pooling2d", "average_pooling2d", "batch_normalization", "activation", "dropout"]
    )
    padding, strides = chance.choice(["valid", "same"]), chance.choice([1, 1, 2, 3])
    if kind == "conv2d":
        sizes = {"filters": chance.randint(1, 9), "kernel_size": chance.randint(1, 6), "strides": strides}
        return {"type": kind, **sizes, "padding": padding, "activation": chance.choice(INNER)}
    if "pooling" in kind:
        return {"type": kind, "pool_size": chance.randint(1, 4), "strides": strides, "padding": padding}
    return {"type": kind} | ({"activation": chance.choice(INNER)} if kind == "activation" else {})


def _layer_on_lists(chance: random.Random) -> dict:
    kind = chance.choice(["dense", "dense", "batch_normalization", "activation", "dropout", "flatten"])
    if kind == "dense":
        return {"type": kind, "units": chance.randint(1, 20), "activation": chance.choice(INNER)}
    return {"type": kind} | ({"activation": chance.choice(INNER)} if kind == "activation" else {})
