"""A chain of Keras's layers becomes a design of ours, and for each of its weights where they go. No file is read here.

Shapes are followed layer by layer, for Keras counts channels last and we count them first: after a flatten, the
numbers of a list stand in another order until a dense layer has read them. What has no kind here is refused with its
name and its place, unless what it does in use can be said exactly by kinds that we have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn_core.errors import StudentError, shown
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from cnn_core.model.network import NORM_EPSILON
from cnn_core.model.shapes import shape_text
from cnn_core.opening import keras_settings as settings
from cnn_core.opening.keras_config import KerasLayer, RefusedLayer
from cnn_core.opening.keras_convolutions import bias_in, conv, depthwise, note_bias, separable, zero_padding
from cnn_core.opening.keras_input import NOTHING_IN_USE, begun, reshaped
from cnn_core.opening.keras_way import Need, Way, Weights, flatten, in_our_order
from cnn_core.opening.kernels import Array
from cnn_core.opening.refused_layers import refusal_of


def translated(chain: Sequence[KerasLayer]) -> Way:
    """The whole chain. Raises StudentError, with a layer's name and place, for the first that cannot be opened."""
    way = begun(chain)
    for layer in chain:
        if layer.kind == "InputLayer":
            continue
        handler = _HANDLERS.get(layer.kind)
        if handler is None:
            raise refusal_of(layer)
        if way.border is not None and layer.kind not in _TAKE_BORDER:
            raise layer.refusal(
                f"is a {layer.kind} after a border of zeros, and here only a convolution can have one",
                "Use padding “same” in the convolution, and no ZeroPadding2D.",
            )
        if settings.precision(layer) not in ("float32", "float64") and layer.kind in _HAVE_WEIGHTS:
            _remark_once(way, _PRECISION)
        try:
            handler(way, layer)
        except RefusedLayer:
            raise
        except StudentError as error:  # of a layer of ours, which does not know what the file calls it
            raise layer.refusal_like(error) from error
    _finish(way, chain)
    return way


_PRECISION = "In the file it computes with numbers of 16 bits; here with 32. Its answers can differ in the third digit."


def _remark_once(way: Way, remark: str) -> None:
    if remark not in way.remarks:
        way.remarks.append(remark)


# --- the ends ---------------------------------------------------------------------------------------


def _finish(way: Way, chain: Sequence[KerasLayer]) -> None:
    last = chain[-1]
    if way.border is not None:
        raise last.refusal("puts zeros around the maps, and no convolution follows", "Leave it out.")
    if way.order is not None:
        raise last.refusal(
            "ends with a flatten of several maps, and here a dense layer has to read it",
            "End with a dense layer.",
        )
    _turn_one_into_two(way)
    if way.without_bias:
        names = ", ".join(way.without_bias)
        way.remarks.append(
            f"Without a bias in the file, with a bias of 0 here: {names}. Further training may move it."
        )
    if way.left_out:
        names = ", ".join(way.left_out)
        way.remarks.append(
            f"Left out, because in use it does nothing: {names}. Further training goes without it."
        )
    activation = getattr(way.layers[-1], "activation", "") if way.layers else ""
    if activation != "softmax" and way.layers:
        way.remarks.append(
            "Its last layer has no softmax. The probabilities here are a softmax of the numbers that Keras's predict "
            "gives; the class with the largest number is the same."
        )


def _turn_one_into_two(way: Way) -> None:
    """A single sigmoid, "is it a dog?", as two classes: scores of 0 and z have the very probabilities of sigmoid(z)."""
    place = len(way.layers) - 1
    last = way.layers[place] if way.layers else None
    alone = None
    if isinstance(last, Activation) and last.activation == "sigmoid" and place:
        alone, place = last, place - 1
        last = way.layers[place]
    if not isinstance(last, Dense) or last.units != 1:
        return
    bend = alone.activation if alone else last.activation
    if bend not in ("sigmoid", "linear"):
        return
    need = way.needs[-1]

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        return {
            at: {name: np.concatenate([np.zeros_like(value), value]) for name, value in weights.items()}
            for at, weights in need.fill(arrays).items()
        }

    way.layers[place:] = [Dense(2, activation="softmax")]
    del way.origins[place + 1 :]
    way.shape = (2,)
    way.needs[-1] = Need(need.owner, need.shapes, fill)
    way.remarks.append(
        "Its one number at the end says how much it is for the second class. Here there is a unit for each of the two "
        "classes, with the same probabilities."
    )


# --- layers that keep each number in its place ------------------------------------------------------


def _activation(way: Way, layer: KerasLayer) -> None:
    way.add(Activation(settings.activation_of_layer(layer)), layer)


def _dropout(way: Way, layer: KerasLayer) -> None:
    rate = settings.number(layer, "rate", 0.5)
    if not 0 <= rate < 1:
        raise layer.refusal(f"drops a share of {rate:g}", "Use a rate from 0 to below 1.")
    way.add(Dropout(rate), layer)


def _leave_out(way: Way, layer: KerasLayer) -> None:
    way.left_out.append(layer.called)


def _rescaling(way: Way, layer: KerasLayer) -> None:
    scale, offset = settings.numbers(layer, "scale", 1), settings.numbers(layer, "offset", 0)
    _change_input(way, layer, np.array(scale), np.array(offset))


def _normalization(way: Way, layer: KerasLayer) -> None:
    """Keras's layer that evens out its input once and for all, by a mean and a variance of the training images."""
    if layer.config.get("mean") is None or layer.config.get("variance") is None:
        raise layer.refusal(
            "is a Normalization that learnt its mean and variance from images (`adapt`); they are not read here",
            "Use `Rescaling` with the same numbers, or give it `mean` and `variance`.",
        )
    mean, variance = (np.array(settings.numbers(layer, key, 0)) for key in ("mean", "variance"))
    if (variance < 0).any() or layer.config.get("invert"):
        raise layer.refusal("is a Normalization that cannot be turned into a factor", "Use Rescaling.")
    factor = 1 / np.maximum(np.sqrt(variance), 1e-7)  # Keras's floor
    _change_input(way, layer, factor, -mean * factor)


def _change_input(way: Way, layer: KerasLayer, factor: NDArray[Any], offset: NDArray[Any]) -> None:
    if not way.is_untouched or way.border is not None:
        raise layer.refusal(
            f"is a {layer.kind} in the middle of the network",
            "Put it first, or use a batch normalisation there.",
        )
    if any(len(values) not in (1, way.input_shape[0]) for values in (factor, offset)) or not factor.all():
        raise layer.refusal(
            f"is a {layer.kind} that does not fit its input", "Use one number for all pixels."
        )
    way.factor, way.offset = way.factor * factor, way.offset * factor + offset


def _norm(way: Way, layer: KerasLayer) -> None:
    rank = len(way.shape)
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    channel_axis = 1 if rank == 1 or way.channels_first else 3
    if axis not in (channel_axis, channel_axis - 1 - rank):
        raise layer.refusal(
            f"normalises along axis {shown(axis)}, and the channels are axis {channel_axis}",
            f"Use axis={-1 if channel_axis == rank else channel_axis}.",
        )
    if layer.config.get("renorm") or layer.config.get("virtual_batch_size"):
        raise layer.refusal("is a batch normalisation with renorm", "Use a plain BatchNormalization.")
    epsilon = settings.number(layer, "epsilon", 1e-3)
    if not 0 <= epsilon < 1:
        raise layer.refusal(f"has an epsilon of {epsilon:g}", "Use 0.001.")
    scales, centres = settings.yes(layer, "scale", True), settings.yes(layer, "center", True)
    order, channels = way.order, way.shape[0]
    place = way.add(BatchNormalization(), layer)
    momentum = settings.number(layer, "momentum", 0.99)
    if abs(epsilon - NORM_EPSILON) > 1e-9 or abs(momentum - 0.99) > 1e-9:
        way.remarks.append(
            f"{layer.called} has epsilon {epsilon:g} and momentum {momentum:g} in the file; batch normalisation has "
            "0.001 and 0.99 here. Its scale was adjusted, so that it answers the same."
        )

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        parts = [in_our_order(array, order).astype(np.float64) for array in arrays]
        gamma = parts.pop(0) if scales else np.ones(channels)
        beta = parts.pop(0) if centres else np.zeros(channels)
        mean, variance = parts
        if (variance < 0).any():
            raise layer.refusal("holds a variance below 0", "Train it again; this file is damaged.")
        gamma = gamma * np.sqrt((variance + NORM_EPSILON) / np.maximum(variance + epsilon, 1e-30))
        values = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
        return {place: {f"norm.{name}": value.astype(np.float32) for name, value in values.items()}}

    way.needs.append(Need(layer, ((channels,),) * (2 + scales + centres), fill))


# --- smaller maps, lists ----------------------------------------------------------------------------


def _pool(way: Way, layer: KerasLayer) -> None:
    kind = MaxPooling2D if layer.kind == "MaxPooling2D" else AveragePooling2D
    _need_maps(way, layer)
    size = settings.square(layer, "pool_size", 2)
    strides = size if layer.config.get("strides") is None else settings.square(layer, "strides")
    padding = settings.padding(layer)
    if padding == "valid" and size > min(way.shape[1:]):
        raise layer.refusal(
            f"has a {size}×{size} window, and the maps that come in are {shape_text(way.shape)}",
            "Pool less above it.",
        )
    way.add(kind(size, strides, padding), layer)


def _global_average(way: Way, layer: KerasLayer) -> None:
    _need_maps(way, layer)
    if layer.config.get("keepdims"):
        _pool_all(way, layer, AveragePooling2D)
    else:
        way.add(GlobalAveragePooling2D(), layer)


def _global_max(way: Way, layer: KerasLayer) -> None:
    _need_maps(way, layer)
    _pool_all(way, layer, MaxPooling2D)
    if not layer.config.get("keepdims"):
        way.add(Flatten(), layer)
    way.remarks.append(
        f"{layer.called} takes the largest number of each map: here a max pooling over the whole map, and a flatten."
    )


def _pool_all(way: Way, layer: KerasLayer, kind: type[MaxPooling2D | AveragePooling2D]) -> None:
    _, height, width = way.shape
    if height != width:
        raise layer.refusal(
            f"looks at whole maps of {height}×{width}, and windows are squares here",
            "Use GlobalAveragePooling2D.",
        )
    way.add(kind(height), layer)


def _need_maps(way: Way, layer: KerasLayer) -> None:
    if len(way.shape) != 3:
        raise layer.refusal(
            f"needs maps with rows and columns, and a list of {prod(way.shape):,} numbers comes in",
            "Put it before the flatten.",
        )


def _reshape(way: Way, layer: KerasLayer) -> None:
    target = layer.config.get("target_shape")
    if isinstance(target, list | tuple):
        shape = reshaped(layer, list(target), prod(way.shape))
        maps = list(way.shape) if way.channels_first else [*way.shape[1:], way.shape[0]]
        if (
            shape == maps
            or (way.shape[0] == 1 and shape == maps[:2])
            or (len(way.shape) == 1 and len(shape) == 1)
        ):
            return
        if len(shape) == 1:
            flatten(
                way,
                KerasLayer("Flatten", layer.name, {"data_format": "channels_last"}, layer.place, layer.count),
            )
            return
    raise layer.refusal(
        "is a Reshape in the middle of the network, and here maps stay maps until a flatten",
        "Use Flatten, or a Reshape to (28, 28, 1) as the first layer.",
    )


def _dense(way: Way, layer: KerasLayer) -> None:
    units, bias = settings.whole(layer, "units"), settings.yes(layer, "use_bias", True)
    bend = settings.activation(layer)
    note_bias(way, layer, bias)
    inputs, order = way.shape[0], way.order
    if len(way.shape) == 3:
        if way.channels_first:
            raise layer.refusal("is a dense layer on maps", "Put a Flatten before it.")
        place = way.add(Conv2D(units, 1, activation=bend), layer)
        way.remarks.append(
            f"{layer.called} is a dense layer on maps, which weighs the channels of each place: here a "
            "1×1 convolution."
        )
    else:
        place = way.add(Dense(units, bend), layer)
        way.order = None
    is_conv = len(way.shape) == 3

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        kernel = in_our_order(arrays[0], order).T
        if is_conv:
            return {place: {"conv.weight": kernel[:, :, None, None], "conv.bias": bias_in(arrays, 1, units)}}
        return {place: {"dense.weight": kernel, "dense.bias": bias_in(arrays, 1, units)}}

    way.needs.append(Need(layer, ((inputs, units), (units,))[: 1 + bias], fill))


def _resizing(way: Way, layer: KerasLayer) -> None:
    size = (layer.config.get("height"), layer.config.get("width"))
    if size != way.shape[1:]:
        raise layer.refusal(
            f"changes the size of the picture to {shown(size[0])}×{shown(size[1])}",
            "Resize the pictures before.",
        )
    _leave_out(way, layer)


_HANDLERS: dict[str, Callable[[Way, KerasLayer], None]] = {
    "Conv2D": conv,
    "DepthwiseConv2D": depthwise,
    "SeparableConv2D": separable,
    "ZeroPadding2D": zero_padding,
    "MaxPooling2D": _pool,
    "AveragePooling2D": _pool,
    "GlobalAveragePooling2D": _global_average,
    "GlobalMaxPooling2D": _global_max,
    "BatchNormalization": _norm,
    "SyncBatchNormalization": _norm,
    "Dense": _dense,
    "Flatten": flatten,
    "Reshape": _reshape,
    "Dropout": _dropout,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Resizing": _resizing,
    "CenterCrop": _resizing,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), _activation),
}
_HANDLERS |= dict.fromkeys(NOTHING_IN_USE, _leave_out)
_TAKE_BORDER = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dropout", "SpatialDropout2D")
_HAVE_WEIGHTS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense", "BatchNormalization")
