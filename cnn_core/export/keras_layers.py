"""How each kind of layer is described in a file of Keras, and how its weights lie there: a column of `LAYERS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn_core.export.program import Step, moves

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class KerasWeight:
    """One of a layer's weights in a file of Keras.

    name: Keras's.  ours: of the tensor, after the layer's name and a dot.  change: from our order of axes to Keras's.
    """

    name: str
    ours: str
    change: Callable[[np.ndarray], np.ndarray] = lambda values: values


@dataclass(frozen=True)
class KerasLayer:
    """One layer in the description that a file of Keras begins with.

    config:  its settings but for name and type of number.
    weights: in Keras's order.
    suffix:  of its name, where it is a helper of ours.
    """

    class_name: str
    config: dict[str, Any]
    weights: tuple[KerasWeight, ...] = ()
    suffix: str = ""


def file_weights(step: Step, class_name: str, *weights: KerasWeight, **settings: object) -> KerasLayer:
    """Of a layer with an activation."""
    return KerasLayer(class_name, {**settings, "activation": step.activation, "use_bias": True}, weights)


def file_window(step: Step, **settings: object) -> dict[str, Any]:
    _, stride = moves(step)
    padding, apart = getattr(step.layer, "padding", "valid"), getattr(step.layer, "dilation_rate", 1)
    dilated = {"dilation_rate": [apart, apart]} if apart > 1 else {}
    return {
        "strides": [stride, stride],
        "padding": padding,
        "data_format": "channels_last",
        **dilated,
        **settings,
    }


def file_conv(step: Step) -> KerasLayer:
    layer: Any = step.layer
    kernel = KerasWeight("kernel", "conv.weight", lambda weight: weight.transpose(2, 3, 1, 0))
    window = file_window(step, kernel_size=[layer.kernel_size, layer.kernel_size])
    bias = KerasWeight("bias", "conv.bias")
    return file_weights(step, "Conv2D", kernel, bias, filters=layer.filters, **window)


def file_depthwise(step: Step) -> KerasLayer:
    layer: Any = step.layer
    side, many = layer.kernel_size, layer.depth_multiplier

    def by_channel(weight: np.ndarray) -> np.ndarray:
        return weight.reshape(-1, many, side, side).transpose(2, 3, 0, 1)

    kernel = KerasWeight("depthwise_kernel", "conv.weight", by_channel)
    window = file_window(step, kernel_size=[side, side], depth_multiplier=many)
    return file_weights(step, "DepthwiseConv2D", kernel, KerasWeight("bias", "conv.bias"), **window)


def file_dense(step: Step) -> KerasLayer:
    kernel = KerasWeight("kernel", "dense.weight", lambda weight: weight.T)
    return file_weights(step, "Dense", kernel, KerasWeight("bias", "dense.bias"), units=step.after[0])


def file_pool(step: Step, class_name: str) -> KerasLayer:
    side, _ = moves(step)
    return KerasLayer(class_name, file_window(step, pool_size=[side, side]))


def file_norm(step: Step) -> KerasLayer:
    config = {"axis": -1, "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}
    names = {
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
    weights = tuple(KerasWeight(name, f"norm.{ours}") for name, ours in names.items())
    return KerasLayer("BatchNormalization", config, weights)
