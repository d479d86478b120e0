"""A chain of Keras's layers becomes a design of ours, and for each of its weights where they go. No file is read here.

Shapes are followed layer by layer, for Keras counts channels last and we count them first: after a flatten, the
numbers of a list stand in another order until a dense layer has read them. What has no kind here is refused with its
name and its place, unless what it does in use can be said exactly by kinds that we have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
    DepthwiseConv2D,
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
from cnn_core.opening.keras_way import Need, Step, Way, Weights, as_norm, flatten, in_our_order
from cnn_core.opening.kernels import Array
from cnn_core.opening.refused_layers import refusal_of, with_article


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
                f"is {with_article(layer.kind)} after a border of zeros, and here only a convolution can have one",
                "Use padding “same” in the convolution, and no ZeroPadding2D.",
            )
        precision = settings.precision(layer)
        if precision not in ("float32", "float64") and layer.kind in _HAVE_WEIGHTS:
            digit = "second" if "bfloat16" in precision else "third"
            _remark_once(way, _PRECISION.format(digit=digit))
        try:
            _handle(way, layer, handler)
        except RefusedLayer:
            raise
        except StudentError as error:  # of a layer of ours, which does not know what the file calls it
            raise layer.refusal_like(error) from error
    _finish(way, chain)
    return way


def _handle(way: Way, layer: KerasLayer, handler: Callable[[Way, KerasLayer], None]) -> None:
    bend = layer.config.get("activation")
    if (bend.get("config") if isinstance(bend, Mapping) else bend) != "selu":
        handler(way, layer)
        return
    # Klambauer et al. 2017, "Self-normalizing neural networks": an elu with this alpha, times 1.0507.
    elu = {"class_name": "ELU", "config": {"alpha": 1.6732632423543772}}
    handler(way, replace(layer, config={**layer.config, "activation": elu}))
    what = "has the activation selu: here an elu with alpha 1.673, and for its factor of 1.051"
    way.scale(layer, np.array([1.0507009873554805]), np.zeros(1), what)


_PRECISION = (
    "In the file it computes with numbers of 16 bits; here with 32. Answers can differ in the {digit} digit."
)


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
    if max(len(scale), len(offset)) > 1:
        _refuse_rows(way, layer)
        if way.channels_first or len(way.shape) == 1:
            raise layer.refusal("has several numbers, and not for channels", "Use one number for all pixels.")
    _change(way, layer, np.array(scale), np.array(offset))


def _normalization(way: Way, layer: KerasLayer) -> None:
    """Keras's layer that evens out its input once and for all, by a mean and a variance of the training images."""
    is_inverse = settings.yes(layer, "invert", False)

    def change(mean: NDArray[Any], variance: NDArray[Any]) -> Step:
        if (variance < 0).any():
            raise layer.refusal("holds a variance below 0", "Train it again; this file is damaged.")
        spread = np.maximum(np.sqrt(variance), 1e-7)  # Keras's floor
        return (spread, mean) if is_inverse else (1 / spread, -mean / spread)

    if layer.config.get("mean") is not None and layer.config.get("variance") is not None:
        _how_many_are_evened(way, layer)
        mean, variance = (np.array(settings.numbers(layer, key, 0)) for key in ("mean", "variance"))
        _change(way, layer, *change(mean, variance))
        return
    count = _how_many_are_evened(way, layer)
    order = way.order
    if len(way.shape) == 3 and way.is_untouched and way.border is None:
        place, at = None, len(way.steps)
        way.steps.append((np.ones(1), np.zeros(1)))  # until the file's numbers are read
    else:
        place, at = way.add(BatchNormalization(), layer), -1
        way.remarks.append(
            f"{layer.called} evens out by a mean and a spread that it learnt once: here a batch normalisation, with "
            "the same numbers. Further training may move them."
        )
    after = way.shape[0]

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        mean, variance = (in_our_order(array.reshape(-1), order).astype(np.float64) for array in arrays)
        if place is None:
            way.steps[at] = change(mean, variance)
            return {}
        return {place: as_norm(after, *change(mean, variance))}

    way.needs.append(Need(layer, (count, count), fill, has_more=True))  # and how many images they are from


def _how_many_are_evened(way: Way, layer: KerasLayer) -> tuple[int, ...]:
    """The shape of its mean: one for everything, or one for each channel or number of a list."""
    axes = layer.config.get("axis", -1)
    axes = [] if axes is None else axes if isinstance(axes, list | tuple) else [axes]
    if not axes:
        return ()
    _refuse_rows(way, layer)
    last = 1 if len(way.shape) == 1 or way.channels_first else 3
    if list(axes) not in ([last], [last - 1 - len(way.shape)]):
        raise layer.refusal(
            "learnt a mean for each place of the picture, and here there is one for each channel",
            "Use `Normalization(axis=None)` or `axis=-1`, and adapt it again.",
        )
    return (way.shape[0],)


def _change(way: Way, layer: KerasLayer, factor: NDArray[Any], summand: NDArray[Any]) -> None:
    """Of an image: a step before the first layer. Further on: a layer that multiplies and adds."""
    if any(len(values) not in (1, way.shape[0], way.input_shape[0]) for values in (factor, summand)):
        raise layer.refusal(
            f"is a {layer.kind} that does not fit its input", "Use one number for all pixels."
        )
    if way.is_untouched and factor.all() and max(len(factor), len(summand)) <= way.input_shape[0]:
        way.steps.append((factor, summand))
    else:
        way.scale(layer, factor, summand, "multiplies and adds: here")


def _refuse_rows(way: Way, layer: KerasLayer) -> None:
    """Of a picture of 28×28 without channels, Keras takes the columns for channels."""
    if way.is_rows:
        _, height, width = way.shape
        raise layer.refusal(
            f"works on each row of the picture by itself, for the input is {height}×{width}, without channels",
            f"Put a Flatten before it, or give the network an input of ({height}, {width}, 1).",
        )


def _norm(way: Way, layer: KerasLayer) -> None:
    _refuse_rows(way, layer)
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
    # Of an oblong map a square that is as long, with a border of which nothing counts.
    way.add(kind(max(height, width), padding="valid" if height == width else "same"), layer)


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
        "is a Reshape that is neither a flatten nor the first step to a picture, and here maps stay maps",
        "Use Flatten, or a Reshape to (28, 28, 1) as the first layer.",
    )


def _dense(way: Way, layer: KerasLayer) -> None:
    _refuse_rows(way, layer)
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


def _cropping(way: Way, layer: KerasLayer) -> None:
    value = layer.config.get("cropping", 0)
    sides = value if isinstance(value, list | tuple) else [value, value]
    both = [side if isinstance(side, list | tuple) else [side, side] for side in sides]
    if len(both) != 2 or any(len(s) != 2 or any(type(n) is not int or n < 0 for n in s) for s in both):
        raise layer.refusal("has a cropping that makes no sense", "Save it again with Keras.")
    _crop(way, layer, both[0], both[1])


def _center_crop(way: Way, layer: KerasLayer) -> None:
    size = [layer.config.get(key) for key in ("height", "width")]
    room = [have - want if type(want) is int else -1 for have, want in zip(way.shape[1:], size, strict=False)]
    if len(room) != 2 or min(room) < 0 or max(room) == 0:
        _resizing(way, layer)
        return
    down, right = (([n // 2, n - n // 2]) for n in room)
    _crop(way, layer, down, right)


def _crop(way: Way, layer: KerasLayer, down: Sequence[int], right: Sequence[int]) -> None:
    """A kernel that takes one pixel as it is, and has as many places as are left."""
    _need_maps(way, layer)
    if sum(down) != sum(right) or sum(down) >= min(way.shape[1:]):
        raise layer.refusal(
            f"cuts {sum(down):,} rows and {sum(right):,} columns off maps of {shape_text(way.shape)}, and here as "
            "many of both can go, and not all",
            "Cut the pictures before.",
        )
    channels, side = way.shape[0], sum(down) + 1
    place = way.add(DepthwiseConv2D(side), layer)
    kernel = np.zeros((channels, 1, side, side), np.float32)
    kernel[:, :, down[0], right[0]] = 1
    way.fixed[place] = {"conv.weight": kernel, "conv.bias": np.zeros(channels, np.float32)}
    way.remarks.append(
        f"{layer.called} cuts edges off: here a depthwise convolution that takes each pixel as it is. Further training "
        "may move its numbers."
    )


def _resizing(way: Way, layer: KerasLayer) -> None:
    size = (layer.config.get("height"), layer.config.get("width"))
    if len(way.shape) != 3 or size != way.shape[1:]:
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
    "CenterCrop": _center_crop,
    "Cropping2D": _cropping,
    "RandomCrop": _resizing,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), _activation),
}
_HANDLERS |= dict.fromkeys(NOTHING_IN_USE, _leave_out)
_TAKE_BORDER = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dropout", "SpatialDropout2D")
_HAVE_WEIGHTS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense", "BatchNormalization")
