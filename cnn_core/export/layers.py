"""How each kind of layer is written in the languages we export to: one row a kind, one column a language.

A column is a function of a `Step`, the layer with its name and shapes. PyTorch wants the modules of an OrderedDict,
Keras the lines of a list, R the calls of a pipe, ONNX the operators of a graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnn_core.export.keras_layers import (
    KerasLayer,
    file_conv,
    file_dense,
    file_depthwise,
    file_norm,
    file_pool,
)
from cnn_core.export.program import Step, arguments, moves
from cnn_core.model.activations import is_usual, parts_of

Pairs = list[tuple[str, object]]  # arguments of a call, by name
Node = tuple[str, list[str], dict[str, Any]]  # of ONNX: operator, names of its weights, attributes


@dataclass(frozen=True)
class RCall:
    """One function of R's Keras, `layer_dense(units = 10, ...)`.

    pairs: a name of "" is an argument that goes by its place.
    penalised: the weights that a weight decay is for, as Keras names them.  name: the layer's; "" for a helper.
    """

    function: str
    pairs: Pairs
    penalised: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One kind of layer in each language; every list is in the order of computation."""

    pytorch: Callable[[Step], list[tuple[str, str]]]  # (name, module)
    keras: Callable[[Step], list[str]]  # lines of the list
    r: Callable[[Step], list[RCall]]
    onnx: Callable[[Step], list[Node]]  # the first takes what comes in
    keras_file: Callable[[Step], KerasLayer]


# --- what several kinds need ------------------------------------------------------------------------

_TORCH_ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
}  # a softmax is in the loss
_ONNX_ACTIVATIONS = {
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "gelu": "Gelu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
}  # the softmax is an output of its own
# Layers of Keras for what it has as a word too: with a number of its own, and in R, where there is no such word.
KERAS_ACTIVATIONS = {"leaky_relu": "LeakyReLU", "elu": "ELU"}


def torch_activation(step: Step) -> tuple[str, str] | None:
    """(its name as a module of its own, the module); None where there is nothing to do."""
    kind, number = parts_of(step.activation)
    if kind not in _TORCH_ACTIVATIONS:
        return None
    return f"{step.name}_{kind}", f"nn.{_TORCH_ACTIVATIONS[kind]}({'' if number is None else repr(number)})"


def _torch_activation(step: Step) -> list[tuple[str, str]]:
    module = torch_activation(step)
    return [] if module is None else [module]


def _torch_padding(step: Step, module: str) -> list[tuple[str, str]]:
    return [(f"{step.name}_pad", module)] if any(step.padding) else []


def _onnx_activation(step: Step) -> list[Node]:
    kind, number = parts_of(step.activation)
    if kind not in _ONNX_ACTIVATIONS:
        return []
    return [(_ONNX_ACTIVATIONS[kind], [], {} if number is None else {"alpha": number})]


def _onnx_window(step: Step) -> dict[str, Any]:
    side, stride = moves(step)
    left, right, top, bottom = step.padding
    window: dict[str, Any] = {"kernel_shape": [side, side], "strides": [stride, stride]}
    dilation = getattr(step.layer, "dilation_rate", 1)
    apart = {"dilations": [dilation, dilation]} if dilation > 1 else {}
    return window | apart | {"pads": [top, left, bottom, right]}


def _keras_line(step: Step, *parts: str, note: str = "") -> list[str]:
    function, *given = [part for part in (*parts, f'name="{step.name}"') if part]
    return [f"layers.{function}({', '.join(given)}),{note}"]


def _keras_window(step: Step, usual_stride: int) -> str:
    _, stride = moves(step)
    strides = "" if stride == usual_stride else f"strides={stride}"
    same = 'padding="same"' if getattr(step.layer, "padding", "valid") == "same" else ""
    return ", ".join(part for part in (strides, same) if part)


def _keras_activation(step: Step) -> str:
    if not is_usual(step.activation):
        kind, number = parts_of(step.activation)
        return f"activation=layers.{KERAS_ACTIVATIONS[kind]}({number!r})"
    return "" if step.activation == "linear" else f'activation="{step.activation}"'


def _keras_alone(step: Step) -> list[str]:
    if is_usual(step.activation):
        return _keras_line(step, "Activation", f'"{step.activation}"')
    kind, number = parts_of(step.activation)
    return _keras_line(step, KERAS_ACTIVATIONS[kind], repr(number))


def _r_bend(step: Step, name: str = "") -> list[RCall]:
    """The layer for an activation that R's own Keras has no word for; nothing where it has one."""
    kind, number = parts_of(step.activation)
    if kind != "leaky_relu" and is_usual(step.activation):
        return []
    # The number goes by its place: the package keras calls a slope alpha, keras3 negative_slope.
    return [RCall(f"layer_activation_{kind}", [("", number)], name=name)]


def _r_call(
    step: Step, function: str, *pairs: tuple[str, object], penalised: tuple[str, ...] = ()
) -> list[RCall]:
    """The call with its activation, which may be a layer of its own."""
    if bend := _r_bend(step):
        return [RCall(function, list(pairs), penalised, step.name), *bend]
    activation = [] if step.activation == "linear" else [("activation", step.activation)]
    return [RCall(function, [*pairs, *activation], penalised, step.name)]


# --- convolution and dense --------------------------------------------------------------------------


def _torch_conv(step: Step) -> list[tuple[str, str]]:
    layer: Any = step.layer
    left, right, top, bottom = step.padding
    even = left == right == top == bottom
    code = f"nn.Conv2d({step.before[0]}, {layer.filters}, kernel_size={layer.kernel_size}"
    code += arguments(
        ("stride", layer.strides, 1),
        ("padding", left if even else 0, 0),
        ("dilation", layer.dilation_rate, 1),
    )
    pad = [] if even else _torch_padding(step, f"nn.ZeroPad2d({step.padding})")
    return [*pad, (step.name, f"{code})"), *_torch_activation(step)]


def _keras_conv(step: Step) -> list[str]:
    layer: Any = step.layer
    sizes = f"{layer.filters}, {layer.kernel_size}"
    apart = arguments(("dilation_rate", layer.dilation_rate, 1)).removeprefix(", ")
    return _keras_line(step, "Conv2D", sizes, _keras_window(step, 1), apart, _keras_activation(step))


def _r_conv(step: Step) -> list[RCall]:
    layer: Any = step.layer
    rate = layer.dilation_rate
    apart: Pairs = [("dilation_rate", (rate, rate))] if rate > 1 else []
    return _r_call(
        step,
        "layer_conv_2d",
        ("filters", layer.filters),
        ("kernel_size", (layer.kernel_size, layer.kernel_size)),
        ("strides", layer.strides),
        ("padding", layer.padding),
        *apart,
        penalised=("kernel", "bias"),
    )


def _onnx_conv(step: Step) -> list[Node]:
    names = [f"{step.name}.conv.weight", f"{step.name}.conv.bias"]
    return [("Conv", names, _onnx_window(step)), *_onnx_activation(step)]


def _torch_depthwise(step: Step) -> list[tuple[str, str]]:
    layer: Any = step.layer
    pad = _torch_padding(step, f"nn.ZeroPad2d({step.padding})")
    code = f"DepthwiseConv2d({step.before[0]}, {layer.depth_multiplier}, {layer.kernel_size}"
    code += arguments(("stride", layer.strides, 1)) + ")"
    return [*pad, (step.name, code), *_torch_activation(step)]


def _keras_depthwise(step: Step) -> list[str]:
    layer: Any = step.layer
    many = arguments(("depth_multiplier", layer.depth_multiplier, 1)).removeprefix(", ")
    sizes, window = str(layer.kernel_size), _keras_window(step, 1)
    return _keras_line(step, "DepthwiseConv2D", sizes, window, many, _keras_activation(step))


def _r_depthwise(step: Step) -> list[RCall]:
    layer: Any = step.layer
    return _r_call(
        step,
        "layer_depthwise_conv_2d",
        ("kernel_size", (layer.kernel_size, layer.kernel_size)),
        ("strides", (layer.strides, layer.strides)),
        ("padding", layer.padding),
        ("depth_multiplier", layer.depth_multiplier),
        penalised=("depthwise", "bias"),
    )


def _onnx_depthwise(step: Step) -> list[Node]:
    (operator, names, window), *activation = _onnx_conv(step)
    return [(operator, names, {**window, "group": step.before[0]}), *activation]


def _torch_dense(step: Step) -> list[tuple[str, str]]:
    return [(step.name, f"nn.Linear({step.before[0]}, {step.after[0]})"), *_torch_activation(step)]


def _keras_dense(step: Step) -> list[str]:
    return _keras_line(step, "Dense", str(step.after[0]), _keras_activation(step))


def _r_dense(step: Step) -> list[RCall]:
    return _r_call(step, "layer_dense", ("units", step.after[0]), penalised=("kernel", "bias"))


def _onnx_dense(step: Step) -> list[Node]:
    names = [f"{step.name}.dense.weight", f"{step.name}.dense.bias"]
    return [("Gemm", names, {"transB": 1}), *_onnx_activation(step)]


# --- pooling ----------------------------------------------------------------------------------------


def _torch_max(step: Step) -> list[tuple[str, str]]:
    # Minus infinity never wins, so a padded cell is never the maximum.
    pad = _torch_padding(step, f'nn.ConstantPad2d({step.padding}, float("-inf"))')
    return [*pad, (step.name, _torch_pool(step, "MaxPool2d"))]


def _torch_average(step: Step) -> list[tuple[str, str]]:
    side, stride = moves(step)
    if any(step.padding):
        return [(step.name, f"AveragePoolSame({side}, {stride}, {step.padding})")]
    return [(step.name, _torch_pool(step, "AvgPool2d"))]


def _torch_pool(step: Step, module: str) -> str:
    side, stride = moves(step)
    return f"nn.{module}({side}{arguments(('stride', stride, side))})"


def _keras_max(step: Step) -> list[str]:
    side, _ = moves(step)
    return _keras_line(step, "MaxPooling2D", str(side), _keras_window(step, side))


def _keras_average(step: Step) -> list[str]:
    side, _ = moves(step)
    left, right, top, bottom = step.padding
    is_even = left == right and top == bottom
    note = "" if is_even else "  # with PyTorch underneath, Keras 3.15 gets the edge wrong"
    return _keras_line(step, "AveragePooling2D", str(side), _keras_window(step, side), note=note)


def _r_pool(step: Step, function: str) -> list[RCall]:
    window: Any = step.layer.window()
    side, stride, padding, _ = window
    return _r_call(
        step, function, ("pool_size", (side, side)), ("strides", (stride, stride)), ("padding", padding)
    )


def _torch_global(step: Step) -> list[tuple[str, str]]:
    return [(step.name, "nn.AdaptiveAvgPool2d(1)"), (f"{step.name}_flatten", "nn.Flatten()")]


# --- what treats each number by itself, and flatten -------------------------------------------------


def _torch_norm(step: Step) -> list[tuple[str, str]]:
    kind = "BatchNorm2d" if len(step.before) == 3 else "BatchNorm1d"
    return [(step.name, f"nn.{kind}({step.before[0]}, eps=0.001, momentum=0.01)")]


def _keras_norm(step: Step) -> list[str]:
    return _keras_line(step, "BatchNormalization", note="  # momentum 0.99, epsilon 0.001: Keras's own")


def _onnx_norm(step: Step) -> list[Node]:
    names = [f"{step.name}.norm.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    return [("BatchNormalization", names, {"epsilon": 0.001})]


def _r_activation(step: Step) -> list[RCall]:
    bend = _r_bend(step, step.name)
    return bend or [RCall("layer_activation", [("activation", step.activation)], name=step.name)]


def _torch_alone(step: Step) -> list[tuple[str, str]]:
    module = torch_activation(step)
    return [(step.name, "nn.Identity()" if module is None else module[1])]


def _rate(step: Step) -> float:
    layer: Any = step.layer
    return layer.rate


def _needs_permute(step: Step) -> bool:
    """Does flattening (H, W, C), as Keras does, give another order than flattening (C, H, W), as we do?"""
    return len(step.before) == 3 and step.before[0] > 1 and step.before[1] * step.before[2] > 1


def _keras_flatten(step: Step) -> list[str]:
    permute = "layers.Permute((3, 1, 2)),  # channels first, as the weights were learnt"
    return [permute] * _needs_permute(step) + _keras_line(step, "Flatten")


def _r_flatten(step: Step) -> list[RCall]:
    permute = RCall("layer_permute", [("dims", (3, 1, 2))])
    return [permute] * _needs_permute(step) + _r_call(step, "layer_flatten")


# --- the table --------------------------------------------------------------------------------------

LAYERS: dict[str, Row] = {
    "conv2d": Row(_torch_conv, _keras_conv, _r_conv, _onnx_conv, file_conv),
    "depthwise_conv2d": Row(
        _torch_depthwise, _keras_depthwise, _r_depthwise, _onnx_depthwise, file_depthwise
    ),
    "max_pooling2d": Row(
        _torch_max,
        _keras_max,
        lambda step: _r_pool(step, "layer_max_pooling_2d"),
        lambda step: [("MaxPool", [], _onnx_window(step))],
        lambda step: file_pool(step, "MaxPooling2D"),
    ),
    "average_pooling2d": Row(
        _torch_average,
        _keras_average,
        lambda step: _r_pool(step, "layer_average_pooling_2d"),
        lambda step: [("AveragePool", [], _onnx_window(step) | {"count_include_pad": 0})],
        lambda step: file_pool(step, "AveragePooling2D"),
    ),
    "global_average_pooling2d": Row(
        _torch_global,
        lambda step: _keras_line(step, "GlobalAveragePooling2D"),
        lambda step: _r_call(step, "layer_global_average_pooling_2d"),
        lambda step: [("GlobalAveragePool", [], {}), ("Flatten", [], {"axis": 1})],
        lambda step: KerasLayer(
            "GlobalAveragePooling2D", {"data_format": "channels_last", "keepdims": False}
        ),
    ),
    "batch_normalization": Row(
        _torch_norm,
        _keras_norm,
        lambda step: _r_call(step, "layer_batch_normalization", penalised=("gamma", "beta")),
        _onnx_norm,
        file_norm,
    ),
    "activation": Row(
        _torch_alone,
        _keras_alone,
        _r_activation,
        _onnx_activation,
        lambda step: KerasLayer("Activation", {"activation": step.activation}),
    ),
    "dropout": Row(
        lambda step: [(step.name, f"nn.Dropout({_rate(step)!r})")],
        lambda step: _keras_line(step, "Dropout", repr(_rate(step))),
        lambda step: _r_call(step, "layer_dropout", ("rate", _rate(step))),
        lambda step: [],  # it does nothing in use
        lambda step: KerasLayer("Dropout", {"rate": _rate(step)}),
    ),
    "flatten": Row(
        lambda step: [(step.name, "nn.Flatten()")],
        _keras_flatten,
        _r_flatten,
        lambda step: [("Flatten", [], {"axis": 1})],
        lambda step: KerasLayer("Flatten", {"data_format": "channels_last"}),
    ),
    "dense": Row(
        _torch_dense,
        _keras_dense,
        _r_dense,
        _onnx_dense,
        file_dense,
    ),
}

# Classes that a PyTorch program brings along where one of its modules is such.
TORCH_CLASSES = {
    "DepthwiseConv2d": '''
class DepthwiseConv2d(nn.Conv2d):
    """Kernels over each channel alone. They start as Keras's, whose kernel is (rows, columns, channels, multiplier)."""

    def __init__(self, channels: int, multiplier: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__(channels, channels * multiplier, kernel_size, stride, groups=channels)
        nn.init.xavier_uniform_(self.weight.data.view(channels, multiplier, kernel_size, kernel_size))
        nn.init.zeros_(self.bias)
''',
    "AveragePoolSame": '''
class AveragePoolSame(nn.Module):
    """Average pooling with Keras's padding "same": each window is divided by the real pixels in it."""

    def __init__(self, size: int, stride: int, padding: tuple) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        real = torch.ones_like(maps[:1, :1])
        total = F.avg_pool2d(F.pad(maps, self.padding), self.size, self.stride)
        return total / F.avg_pool2d(F.pad(real, self.padding), self.size, self.stride)
''',
}
