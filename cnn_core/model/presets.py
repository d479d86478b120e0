"""Designs to start from: the lesson's, its rival, two of history's and fashion's, a quick one, three of Keras's.

And an empty one, for whoever builds by hand. What was built by hand is recognised by its numbers (`preset_of`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from cnn_core.model.spec import UNNAMED, ModelSpec


def _digits(name: str, *layers: Layer) -> ModelSpec:
    # They exist however small an operator's limits are; training one is another matter.
    return ModelSpec(name, (1, 28, 28), 10, layers, check_limits=False)


PRESETS: dict[str, ModelSpec] = {
    # Chollet, Deep Learning with R, chapter 5.1: 93,322 parameters
    "lesson": _digits(
        "Lesson convnet",
        Conv2D(32, activation="relu"),
        MaxPooling2D(),
        Conv2D(64, activation="relu"),
        MaxPooling2D(),
        Conv2D(64, activation="relu"),
        Flatten(),
        Dense(64, activation="relu"),
        Dense(10, activation="softmax"),
    ),
    # The same book, chapter 2.1: what the lesson's convnet is compared with
    "mlp": _digits("MLP", Flatten(), Dense(512, activation="relu"), Dense(10, activation="softmax")),
    # LeCun et al. 1998, with a softmax in place of its Gaussian units and all maps joined to all
    "lenet5": _digits(
        "LeNet-5",
        Conv2D(6, kernel_size=5, padding="same", activation="tanh"),
        AveragePooling2D(),
        Conv2D(16, kernel_size=5, activation="tanh"),
        AveragePooling2D(),
        Flatten(),
        Dense(120, activation="tanh"),
        Dense(84, activation="tanh"),
        Dense(10, activation="softmax"),
    ),
    "tiny": _digits(
        "Tiny convnet",
        Conv2D(8, activation="relu"),
        MaxPooling2D(),
        Conv2D(12, activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(10, activation="softmax"),
    ),
    # Our own, for a lecture: kernels that move by 2 and a pool that comes early leave little to do. 85,578 parameters
    "sprint": _digits(
        "Sprint convnet",
        Conv2D(32, kernel_size=5, strides=2, activation="relu"),
        MaxPooling2D(),
        Conv2D(64, activation="relu"),
        Flatten(),
        Dense(64, activation="relu"),
        Dense(10, activation="softmax"),
    ),
    # Batch normalisation (Ioffe & Szegedy 2015), no large dense layer (Lin, Chen & Yan 2013)
    "modern": _digits(
        "Modern convnet",
        Conv2D(32, padding="same", activation="relu"),
        BatchNormalization(),
        Conv2D(32, padding="same", activation="relu"),
        BatchNormalization(),
        MaxPooling2D(),
        Conv2D(64, padding="same", activation="relu"),
        BatchNormalization(),
        MaxPooling2D(),
        Conv2D(96, activation="relu"),
        BatchNormalization(),
        Conv2D(96, kernel_size=1, activation="relu"),
        BatchNormalization(),
        GlobalAveragePooling2D(),
        Dense(10, activation="softmax"),
    ),
    # Pairs of convolutions, then a pool (Simonyan & Zisserman 2014), as in keras/examples/cifar10_cnn.py, with a dense
    # layer of 128 in place of 512: small enough for two cores and CIFAR-10's photos. 361,770 parameters on those
    "small_vgg": _digits(
        "Small VGG",
        Conv2D(32, padding="same", activation="relu"),
        Conv2D(32, activation="relu"),
        MaxPooling2D(),
        Dropout(0.25),
        Conv2D(64, padding="same", activation="relu"),
        Conv2D(64, activation="relu"),
        MaxPooling2D(),
        Dropout(0.25),
        Flatten(),
        Dense(128, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ),
    # keras/examples/mnist_cnn.py, for years the first convnet that people met: 1,199,882 parameters
    "mnist_cnn": _digits(
        "Keras’s mnist_cnn",
        Conv2D(32, activation="relu"),
        Conv2D(64, activation="relu"),
        MaxPooling2D(),
        Dropout(0.25),
        Flatten(),
        Dense(128, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ),
    # keras.io/examples/vision/mnist_convnet, which took its place: 34,826 parameters
    "simple_convnet": _digits(
        "Keras’s simple convnet",
        Conv2D(32, activation="relu"),
        MaxPooling2D(),
        Conv2D(64, activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ),
}

# What any network needs: the image comes in, one number per class goes out. It can be trained as it is.
EMPTY = _digits(UNNAMED, Flatten(), Dense(10, activation="softmax"))


def fitted(
    spec: ModelSpec, input_shape: tuple[int, int, int], classes: int, check_limits: bool = True
) -> ModelSpec:
    """A design for other images: the same layers, and a last dense layer of as many units as there are classes.

    input_shape: (channels, height, width) of an image.
    The name stays. Raises StudentError, with the layer's name, where these layers cannot stand on such images, and
    where the network would be more than this server allows, unless `check_limits` is False.
    """
    if (spec.input_shape, spec.classes) == (tuple(input_shape), classes):
        return spec
    *body, last = spec.layers
    if isinstance(last, Dense):
        last = replace(last, units=classes)
    else:  # it ends with a convolution and global pooling, one map per class
        at = max((i for i, layer in enumerate(body) if isinstance(layer, Conv2D)), default=None)
        if at is not None:
            body[at] = replace(body[at], filters=classes)  # type: ignore[call-arg]
    return replace(
        spec, input_shape=input_shape, classes=classes, layers=(*body, last), check_limits=check_limits
    )


def preset_of(draft: Mapping[str, Any]) -> str | None:
    """Which preset a design is, fitted to its images, by its numbers alone; None where it is none of them.

    draft: as `ModelSpec.to_dict` gives it, possible or not; its name plays no part.
    """
    try:
        return _preset_of(json.dumps({key: value for key, value in draft.items() if key != "name"}))
    except (TypeError, ValueError, AttributeError, RecursionError):  # no JSON, so no design
        return None


@lru_cache(maxsize=256)  # every page asks, in each of its runs
def _preset_of(draft: str) -> str | None:
    try:
        spec = ModelSpec.from_dict(json.loads(draft), check_limits=False)
    except StudentError:
        return None
    return next((key for key, preset in PRESETS.items() if _is_fitted(spec, preset)), None)


def _is_fitted(spec: ModelSpec, preset: ModelSpec) -> bool:
    if len(spec.layers) != len(preset.layers):
        return False
    try:
        return fitted(preset, spec.input_shape, spec.classes, check_limits=False).layers == spec.layers
    except StudentError:  # the preset's layers cannot stand on such images
        return False
