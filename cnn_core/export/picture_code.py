"""The code of a picture on a page: ten to thirty lines for a notebook that make the very same numbers and draw them.

Most of it calls our own core, as the pages do. Where plain PyTorch is short, there is that too: it begins from the
exported program and the saved weights. These are pure functions from settings to text; a visitor's words (a network's
name) come only as a file's name, which has nothing but letters, digits and underscores.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cnn_core.data.own.names import is_own
from cnn_core.export.layers import torch_activation
from cnn_core.export.program import Step, steps
from cnn_core.model.spec import ModelSpec


@dataclass(frozen=True)
class NetInCode:
    """Where code finds a network.

    stem:    the beginning of its files' names, as "Save" offers them; "" for one that was not trained.
    dataset: the key of what it learnt from, or could.
    """

    spec: ModelSpec
    stem: str
    dataset: str

    @property
    def has_program(self) -> bool:
        """Whether there is a PyTorch program of it to begin from."""
        return bool(self.stem) and not is_own(self.dataset)


@dataclass(frozen=True)
class ImageInCode:
    """Where code finds an image: among the test images, or in itself.

    index:     of a test image.
    png:       the image, 8 bits a channel; of a test image that is exact.
    count:     how many test images there are on this machine: elsewhere it may be another set of them.
    is_sample: whether these are a part of the set, so that a program that reads the whole has other numbers for them.
    """

    index: int | None = None
    png: bytes = b""
    count: int = 10_000
    is_sample: bool = False

    @property
    def is_short(self) -> bool:
        """Whether the image itself can stand in the code."""
        return 0 < len(self.png) <= SHORT

    @property
    def is_everywhere(self) -> bool:
        """Whether a program far from this machine can have it."""
        return self.is_short or (self.index is not None and not self.is_sample)


SHORT = 1_500  # bytes: 20 lines
NEEDS = "Needs: the project's folder `cnn_core` beside the notebook, and the safetensors file of “Save”."
NEEDS_DESIGN = "Needs: the project's folder `cnn_core` beside the notebook."
NEEDS_PROGRAM = (
    "Needs: torch, and beside the notebook two files of “Save”: the PyTorch code and the safetensors file."
)


# ---------------------------------------------------------------- feature maps


def maps_code(net: NetInCode, image: ImageInCode, layers: Sequence[str], limits: str = "own") -> str:
    """The maps of these layers for one image.  limits: "own" brightness of each map, or one "shared" by a layer."""
    top = "one.abs().max()" if limits == "own" else "maps.abs().max()"
    return _joined(
        _imports("from cnn_core.insight import feature_maps", net, image),
        _net(net),
        _image(net, image),
        f"for layer in {list(layers)!r}:\n"
        "    maps = feature_maps(net, image)[layer]  # (maps, rows, columns)\n"
        f"{_sheet('maps', top, 'layer')}",
    )


def maps_in_pytorch(net: NetInCode, image: ImageInCode, layers: Sequence[str], limits: str = "own") -> str:
    """The same in plain PyTorch, from the exported program."""
    by_name = {step.name: _last_module(step) for step in steps(net.spec)}
    names = [by_name[layer] for layer in layers]
    top = "one.abs().max()" if limits == "own" else "maps.abs().max()"
    return _joined(
        _program_imports(net, image),
        _program_image(net, image),
        "x, outputs = image[None], {}\n"
        "with torch.no_grad():\n"
        "    for name, module in net.named_children():\n"
        "        x = module(x)\n"
        "        outputs[name] = x[0]",
        f"for layer in {names!r}:\n"
        "    maps = outputs[layer]  # (maps, rows, columns)\n"
        f"{_sheet('maps', top, 'layer')}",
    )


# ---------------------------------------------------------------- which pixels count


def attribution_code(net: NetInCode, image: ImageInCode, methods: Sequence[str], target: int) -> str:
    """What these methods say about one class."""
    return _joined(
        _imports("from cnn_core.insight import attribute", net, image),
        _net(net),
        _image(net, image),
        f"target = {target}  # the class to explain\n"
        f"methods = {list(methods)!r}\n"
        "row, axes = plt.subplots(1, len(methods), figsize=(3 * len(methods), 3))\n"
        "answers = {}\n"
        "for axis, method in zip(axes, methods):\n"
        "    values = answers[method] = attribute(net, image, method=method, target=target).values\n"
        "    top = float(values.abs().max())\n"
        "    colours, low = ('gray', 0) if values.min() >= 0 else ('RdBu', -top)\n"
        "    axis.imshow(values.numpy(), cmap=colours, vmin=low, vmax=top)\n"
        "    axis.set_title(method)",
    )


def decided_code(
    net: NetInCode, image: ImageInCode, layer: str, answer: int, rival: int, way: str = "gradient"
) -> str:
    """What each filter of a layer says for one class against another, and what is left without the first of them."""
    return _joined(
        _imports("from cnn_core.insight import muting_check, relevance", net, image),
        _net(net),
        _image(net, image),
        f"found = relevance(net, image, {layer!r}, answer={answer}, rival={rival}, way={way!r})\n"
        "check = muting_check(net, image, found)\n"
        "bars, lines = plt.subplots(1, 2, figsize=(9, 4))[1]\n"
        "names = [str(filter) for filter in found.order]  # those that speak most for the answer first\n"
        "bars.bar(names[:6] + names[-3:], found.values[found.order[:6] + found.order[-3:]].numpy())\n"
        "lines.plot(check.lead_by_chance.T.numpy(), color='lightgray')\n"
        "lines.plot(check.lead.numpy())\n"
        "lines.set_xlabel('filters taken out')",
    )


def saliency_in_pytorch(net: NetInCode, image: ImageInCode, target: int) -> str:
    """Saliency in plain PyTorch: how fast the score of a class changes with each pixel."""
    return _joined(
        _program_imports(net, image),
        _program_image(net, image),
        f"target = {target}  # the class to explain\n"
        "x = image[None].clone().requires_grad_()\n"
        "net(x)[0, target].backward()  # the logit: the program leaves the softmax out\n"
        "values = x.grad[0].abs().amax(0)  # of the colours the largest\n"
        "plt.imshow(values.numpy(), cmap='gray', vmin=0)\n"
        "plt.title('saliency')",
    )


# ---------------------------------------------------------------- what a filter looks for


def filters_code(
    net: NetInCode,
    layer: str,
    filters: Sequence[int],
    *,
    recipe: str = "clean",
    changes: Sequence[tuple[str, Any]] = (),
    steps: int = 40,
    seed: int = 0,
    examples: int = 2_000,
) -> str:
    """Pictures by gradient ascent.

    changes:  (name, value) of what differs from the recipe.
    examples: how many test images a silent filter may begin from.
    """
    changed = f".replace({', '.join(f'{name}={value!r}' for name, value in changes)})" if changes else ""
    given = ""
    data = ""
    if not is_own(net.dataset):
        data = f'digits = load_images("{net.dataset}", "test").images[:{examples}].float() / 255'
        given = ", examples=digits"
    imports = "from cnn_core.insight import RECIPES, maximize_filters"
    return _joined(
        _imports(imports, net, ImageInCode(index=0 if data else None)),
        _net(net),
        f"# a filter that stays silent may begin from one of these\n{data}" if data else "",
        f'recipe = RECIPES["{recipe}"]{changed}\n'
        f"filters = {_listed(filters)}\n"
        f'found = maximize_filters(net, "{layer}", filters, steps={steps}, seed={seed}, recipe=recipe{given})\n'
        "pictures = found.images  # (filters, channels, rows, columns)",
        "grid, axes = plt.subplots(-(-len(pictures) // 8), 8, squeeze=False)\n"
        "for axis in axes.flat:\n"
        "    axis.axis('off')\n"
        "for axis, one in zip(axes.flat, pictures):  # each from its lowest to its highest number\n"
        "    one = (one - one.min()) / (one.max() - one.min() + 1e-12)\n"
        "    axis.imshow(one.permute(1, 2, 0).numpy(), cmap='gray')",
    )


def lesson_filter_in_pytorch(
    net: NetInCode, layer: str, index: int, *, steps: int = 40, seed: int = 0
) -> str:
    """The lesson's loop for one filter in plain PyTorch: up the slope of the mean of its map, from noise."""
    step = next(one for one in _steps(net) if one.name == layer)
    key = f"{seed}/{layer}/{index}/0"
    return _joined(
        "import hashlib\n" + _program_imports(net, None),
        _program_net(net),
        "# the noise that Convscope begins from, for this seed, layer and filter\n"
        f"digest = hashlib.blake2b({key.encode()!r}, digest_size=7).digest()\n"
        "generator = torch.Generator().manual_seed(int.from_bytes(digest, 'little'))\n"
        f"picture = torch.rand({(1, *net.spec.input_shape)!r}, generator=generator)",
        f"names = [name for name, _ in net.named_children()]\n"
        f"until = net[: names.index('{_last_module(step)}') + 1]  # no layer after this one counts\n"
        f"for _ in range({steps}):\n"
        "    picture.requires_grad_()\n"
        f"    loudness = until(picture)[:, {index}].mean()\n"
        "    (slope,) = torch.autograd.grad(loudness, picture)\n"
        "    size = slope.square().mean().sqrt()\n"
        "    picture = (picture + slope / (size + 1e-5)).detach()",
        "one = picture[0].permute(1, 2, 0).numpy()\n"
        "plt.imshow((one - one.min()) / (one.max() - one.min() + 1e-12), cmap='gray')",
    )


# ---------------------------------------------------------------- a dream


def dream_code(settings: dict[str, Any], network: str, *, channels: int, picture: str) -> str:
    """A dream.

    settings: of a `DreamSpec`, as `to_dict` writes them, without the network.
    network:  the code that makes `net`.
    channels: what it sees, 1 or 3.
    picture:  name of the file that it began with.
    """
    layers = dict(settings["layers"])
    rest = "".join(
        f"    {name}={value!r},\n" for name, value in settings.items() if name not in ("layers", "network")
    )
    seen = "mean(0, keepdim=True)  # this network sees grey" if channels == 1 else "expand(3, -1, -1)"
    return _joined(
        "from pathlib import Path\n\nimport matplotlib.pyplot as plt\n"
        "from cnn_core.insight import dream\n"
        "from cnn_core.insight.dream.animation import from_file",
        network,
        f"picture = from_file(Path('{picture}').read_bytes()).{seen}\n"
        f"dreamt = dream(\n    net,\n    picture,\n    layers={layers!r},\n{rest})",
        "plt.imshow(dreamt.permute(1, 2, 0).numpy(), cmap='gray', vmin=0, vmax=1)\nplt.axis('off')",
    )


def net_code(net: NetInCode) -> str:
    """The lines that make `net`, imports included."""
    return f"{_net_import(net)}\n\n{_net(net)}"


def photo_net_code(name: str) -> str:
    """The lines that make `net` of a photo network that Convscope knows."""
    return f'from cnn_core.insight import photo_network\n\nnet = photo_network("{name}")'


# ---------------------------------------------------------------- pieces


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _imports(own: str, net: NetInCode, image: ImageInCode) -> str:
    lines = [own, _net_import(net)]
    if image.index is not None:
        lines.append("from cnn_core.data import load_images")
    if image.index is None and image.png:
        first, then = (
            "import base64\nimport io\n\n",
            "import numpy as np\nimport torch\nfrom PIL import Image\n",
        )
    else:
        first, then = "", ""
    return first + "import matplotlib.pyplot as plt\n" + then + "\n".join(sorted(lines))


def _net_import(net: NetInCode) -> str:
    return (
        "from cnn_core.training import load_model"
        if net.stem
        else "from cnn_core.model import ModelSpec, build"
    )


def _net(net: NetInCode) -> str:
    if net.stem:
        return f'net, spec = load_model("{net.stem}.safetensors")  # from "Save", in the sidebar'
    pieces = textwrap.wrap(net.spec.to_link(), 100, break_on_hyphens=False)
    link = "\n".join(f'    "{piece}"' for piece in pieces)
    begun = "net = build(ModelSpec.from_link(design), seed=0).eval()"
    return f"design = (  # as it stands in the address\n{link}\n)\n{begun}"


def _image(net: NetInCode, image: ImageInCode) -> str:
    if image.index is not None:
        return (
            f'test = load_images("{net.dataset}", "test")  # {image.count:,} images where this page was drawn\n'
            f"image = test.images[{image.index}].float() / 255"
        )
    return _own_image(image)


def _own_image(image: ImageInCode) -> str:
    pieces = textwrap.wrap(base64.b64encode(image.png).decode(), 100)
    what = "your picture as the network was given it, to the nearest of 256 levels"
    what = what if image.index is None else f"test image no. {image.index}"
    text = "\n".join(f'    "{piece}"' for piece in pieces)
    return (
        f"png = (  # {what}\n{text}\n)\n"
        "pixels = np.array(Image.open(io.BytesIO(base64.b64decode(png))), np.float32) / 255\n"
        "pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)\n"
        "image = torch.from_numpy(pixels.copy())"
    )


def _program_imports(net: NetInCode, image: ImageInCode | None) -> str:
    names = "build, load_weights"
    names += ", read" if image is not None and not image.is_short else ""
    module = f"{net.stem}_torch"
    note = f"  # {net.stem}_torch.py"
    if not module.isidentifier():
        module, note = "net_torch", f"  # call {net.stem}_torch.py net_torch.py first"
    own = "" if image is None or not image.is_short else "import base64\nimport io\n\n"
    more = "" if not own else "import numpy as np\nfrom PIL import Image\n"
    return f'{own}import matplotlib.pyplot as plt\n{more}import torch\nfrom {module} import {names}{note}, from "Save"'


def _program_net(net: NetInCode) -> str:
    return f'net = build().eval()\nload_weights(net, "{net.stem}.safetensors")'


def _program_image(net: NetInCode, image: ImageInCode) -> str:
    if image.is_short:
        return f"{_program_net(net)}\n\n{_own_image(image)}"
    return f"{_program_net(net)}\nimage = read(train=False)[0][{image.index}]"


def _sheet(maps: str, top: str, title: str) -> str:
    return (
        f"    grid, axes = plt.subplots(-(-len({maps}) // 8), 8, squeeze=False)\n"
        f"    grid.suptitle({title})\n"
        "    for axis in axes.flat:\n"
        "        axis.axis('off')\n"
        f"    for axis, one in zip(axes.flat, {maps}):\n"
        f"        top = float({top})\n"
        f"        colours, low = ('gray', 0) if {maps}.min() >= 0 else ('RdBu', -top)\n"
        "        axis.imshow(one.numpy(), cmap=colours, vmin=low, vmax=top)"
    )


def _steps(net: NetInCode) -> list[Step]:
    return steps(net.spec)


def _last_module(step: Step) -> str:
    """The exported module after which a layer's output stands: that of its activation, where it has one."""
    module = None if step.layer.type == "activation" else torch_activation(step)
    return step.name if module is None else module[0]


def _listed(numbers: Sequence[int]) -> str:
    """A list as short as it can be written.

    >>> _listed([0, 1, 2, 3]), _listed([4, 9])
    ('range(4)', '[4, 9]')
    """
    numbers = list(numbers)
    return (
        f"range({len(numbers)})"
        if numbers == list(range(len(numbers))) and len(numbers) > 2
        else repr(numbers)
    )
