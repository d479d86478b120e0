"""Networks drawn by lot for the core's tests: every layer, padding, stride and activation, odd and oblong images."""

import random

import torch

from cnn_core.errors import StudentError
from cnn_core.model import ACTIVATIONS, ModelSpec, build

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
ON_MAPS = ["conv2d"] * 3
ON_MAPS += ["depthwise_conv2d", "max_pooling2d", "average_pooling2d", "batch_normalization"]
ON_MAPS += ["activation", "dropout"]
INNER = [name for name in ACTIVATIONS if name != "softmax"]


def design(*layers, **others):
    """A draft for digits with these layers."""
    return {"name": "A design", "input_shape": [1, 28, 28], "classes": 10, "layers": list(layers), **others}


def random_spec(seed: int, last: str = "", **fixed) -> ModelSpec:
    """A network that can work; drawn again until it does.

    last:  the activation of its last layer; "" leaves it to chance.
    fixed: what else is not: input_shape=[1, 28, 28], classes=10.
    """
    chance = random.Random(seed)
    while True:
        drawn = _draw(chance) | fixed
        drawn["layers"][-1] |= {"units": drawn["classes"]} | ({"activation": last} if last else {})
        try:
            return ModelSpec.from_dict(drawn)
        except StudentError:
            continue


def lived_in(spec: ModelSpec, seed: int = 0):
    """A network in eval mode whose biases and moving statistics are not the zeros and ones of the start."""
    net = build(spec, seed).eval()
    chance = torch.Generator().manual_seed(seed)
    for name, value in net.state_dict().items():
        if name.endswith(("bias", "running_mean")):
            value.copy_(torch.rand(value.shape, generator=chance) - 0.5)
        elif "norm" in name and value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=chance) + 0.5)
    return net


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
    kind = chance.choice(ON_MAPS)
    padding, strides = chance.choice(["valid", "same"]), chance.choice([1, 1, 2, 3])
    if kind == "conv2d":
        sizes = {"filters": chance.randint(1, 9), "kernel_size": chance.randint(1, 6), "strides": strides}
        return {"type": kind, **sizes, "padding": padding, "activation": chance.choice(INNER)}
    if kind == "depthwise_conv2d":
        sizes = {"kernel_size": chance.randint(1, 6), "depth_multiplier": chance.randint(1, 3)}
        inner = {"padding": padding, "strides": strides, "activation": chance.choice(INNER)}
        return {"type": kind, **sizes, **inner}
    if "pooling" in kind:
        return {"type": kind, "pool_size": chance.randint(1, 4), "strides": strides, "padding": padding}
    return {"type": kind} | ({"activation": chance.choice(INNER)} if kind == "activation" else {})


def _layer_on_lists(chance: random.Random) -> dict:
    kind = chance.choice(["dense", "dense", "batch_normalization", "activation", "dropout", "flatten"])
    if kind == "dense":
        return {"type": kind, "units": chance.randint(1, 20), "activation": chance.choice(INNER)}
    return {"type": kind} | ({"activation": chance.choice(INNER)} if kind == "activation" else {})


def same_weights(one, other) -> bool:
    """Whether two networks of one design have the same weights and moving statistics, bit for bit."""
    theirs = other.state_dict()
    return all(value.equal(theirs[name]) for name, value in one.state_dict().items())
