"""What can dream: any network that gives the maps of its layers for a picture of any size.

`DesignDreamer` makes one of a network that was built from a design; a `PhotoNetwork` is one already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from torch import Tensor

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.dream.photo import PhotoNetwork
from cnn_core.insight.look.fields import receptive_field
from cnn_core.insight.look.twin import frozen, known_layer, layer_names
from cnn_core.model.network import Network


class Dreamer(Protocol):
    """A network as Deep Dream sees it."""

    channels: int  # of the pictures it looks at
    same_by_any_threads: bool  # no bit of its maps' gradient depends on how many threads computed it

    def dream_layers(self) -> tuple[str, ...]:
        """The layers that have maps whatever the size of the picture, in the network's order."""
        ...

    def least_side(self, layers: Iterable[str]) -> int:
        """The smallest side, in pixels, at which it is worth dreaming of these layers."""
        ...

    def maps_at(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        """{layer: maps (B, filters, h, w)}, computed no further than the deepest.

        images: (B, C, H, W) in [0, 1].
        layers: some of `dream_layers()`.
        """
        ...


class DesignDreamer:
    """A network of ours as a `Dreamer`: its layers up to flatten work on any size. It looks, and changes nothing."""

    same_by_any_threads = False

    def __init__(self, net: Network) -> None:
        self._net = net
        self._children = [(name, frozen(child)) for name, child in net.named_children()]
        self.channels = net.spec.input_shape[0]

    def dream_layers(self) -> tuple[str, ...]:
        names = layer_names(self._net)
        # From there on a layer has no map, or one of fixed size.
        flat = [
            i for i, layer in enumerate(self._net.spec.layers) if layer.makes_list or layer.needs == "list"
        ]
        return names[: flat[0]] if flat else names

    def least_side(self, layers: Iterable[str]) -> int:
        """What one number of the deepest layer sees."""
        fields = [receptive_field(self._net.spec, layer) for layer in layers]
        return max(field.rows[1] - field.rows[0] + 1 for field in fields)

    def maps_at(self, images: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = {}
        x = images
        for name, child in self._children:
            x = child(x)
            if name in layers:
                maps[name] = x
            if len(maps) == len(layers):
                break
        return maps


def dreamer_of(net: Network | PhotoNetwork) -> Dreamer:
    """The network as a `Dreamer` that looks and changes nothing: in eval mode, without gradients of weights.

    net: a built design, or a photo network.
    """
    if isinstance(net, PhotoNetwork):
        twin = frozen(net)
        assert isinstance(twin, PhotoNetwork)
        return twin
    return DesignDreamer(net)


def known_dream_layer(net: Network | PhotoNetwork, layer: str) -> str:
    """`layer` itself.

    Raises StudentError for a layer that the network does not have, and for one without maps of any size.
    """
    possible = dream_layers(net)
    if layer in possible:
        return layer
    if not isinstance(net, PhotoNetwork):
        known_layer(net, layer)  # a layer that is not there is named beside those that are
    raise StudentError(
        f"{quoted(layer)} cannot be dreamt of: it has no maps of any size.",
        hint=f"Choose one of {', '.join(possible)}." if possible else "Choose a network with convolutions.",
    )


def dream_layers(net: Network | PhotoNetwork) -> tuple[str, ...]:
    """The layers of a net that can be dreamt of: those that have maps, whatever the size of the picture.

    net: a built design, or a photo network.
    """
    return dreamer_of(net).dream_layers()
