"""One image on its way through one network: the maps of every layer, and what comes out at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnn_core.insight import feature_maps
from cnn_core.kept import kept
from cnn_core.looking import WATCHED
from cnn_core.model.layer_files import kind_named
from pages.ui.forms.digit_input import ChosenImage
from pages.ui.visitor import networks
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from torch import Tensor

Maps = dict[str, np.ndarray]  # {layer: (C, H, W)}, of layers without maps (units,)


@dataclass(frozen=True)
class Reading:
    """What a network makes of an image.

    maps: of every layer, the logits of the last among them.
    probabilities: one per class.
    classes: what they are called.
    """

    network: LoadedNetwork
    chosen: ChosenImage
    maps: Maps
    probabilities: list[float]
    classes: tuple[str, ...]

    @property
    def best(self) -> int:
        """The class it answers."""
        return int(np.argmax(self.probabilities))

    @property
    def logits(self) -> np.ndarray:
        """(classes,), before softmax."""
        return list(self.maps.values())[-1]


def reading_of(network: LoadedNetwork, chosen: ChosenImage) -> Reading:
    """The image, gone through the network.

    Raises StudentError for a network that looks at other images.
    """
    return Reading(
        network,
        chosen,
        maps_of(network.weights_key, chosen.key, network, chosen),
        _probabilities_of(network.weights_key, chosen.key, network, chosen),
        networks.classes_of(network),
    )


@kept(24)
def maps_of(weights_key: str, image_key: str, _network: LoadedNetwork, _chosen: ChosenImage) -> Maps:
    """{layer: (C, H, W)} for every layer that has maps, and {last layer: (classes,)} logits."""
    return {name: maps.numpy() for name, maps in feature_maps(_network.net, _chosen.image).items()}


@kept(0.5)
def _probabilities_of(
    weights_key: str, image_key: str, _network: LoadedNetwork, _chosen: ChosenImage
) -> list[float]:
    return _network.net.predict(_chosen.image[None])[0].tolist()


def ranges_of(network: LoadedNetwork) -> dict[str, Tensor]:
    """{layer: (C, 2)}: the smallest and the largest number of each filter on 2,000 test images."""
    return look(network, "ranges", WATCHED)


def mapped_layers(maps: Maps, every: bool) -> list[str]:
    """The layers whose output is maps: convolutions, or all of them."""
    return [
        name for name, values in maps.items() if values.ndim == 3 and (every or kind_named(name).has_filters)
    ]


def filter_layers(maps: Maps) -> list[tuple[int, int, int]]:
    """(maps, height, width) of each convolution, in order."""
    return [tuple(maps[name].shape) for name in mapped_layers(maps, False)]


def scale_of(values: np.ndarray) -> str:
    """The colours for some numbers: "signed" where some are below zero, else "activation"."""
    return "activation" if values.min() >= 0 else "signed"
