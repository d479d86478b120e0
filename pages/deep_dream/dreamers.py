"""The networks that dream: what they are called on the page, in a dream's settings, and what they learnt from."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, GOOGLENET_DEPTHS, dream_layers
from cnn_core.model import ModelSpec
from cnn_core.network_name import NetworkName
from cnn_core.pretrained import card
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream import words
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import plain

MINE = "mine"  # the network of the sidebar


def name_of(network: LoadedNetwork) -> str:
    """What the sidebar's network is called: a run has a name of its own, a design that of its spec."""
    if network.kind == "run" and network.run_id is not None:
        try:
            return server.store().run(network.run_id).name
        except StudentError:  # deleted in this very moment
            pass
    return network.spec.name


def layers_of(dreamer: str, network: LoadedNetwork) -> Sequence[str]:
    """The layers that can be dreamt of, the first one first.

    dreamer: a photo network, or MINE, which is `network`.
    """
    if dreamer == MINE:
        return dream_layers(network.net)
    return GOOGLENET_DEPTHS if dreamer == "googlenet" else tuple(DEPTHS)


def settings_name(dreamer: str, network: LoadedNetwork) -> str:
    """The network as the worker will find it.

    dreamer: a photo network, or MINE, which is `network`.
    Raises StudentError for a run that has no weights yet.
    """
    if dreamer != MINE:
        return dreamer
    if network.kind == "pretrained":
        return network.weights_key
    if network.kind == "design" or network.run_id is None:
        return f"design:{network.spec.to_link()}"
    snapshots = server.store().run(network.run_id).snapshots()
    if not snapshots:
        raise StudentError("This run has no weights yet.", hint="Wait until it has made its first step.")
    return f"run:{network.run_id}:{snapshots[-1].step}"


def title_of(name: str) -> str:
    """The network of a dream's settings, in words; the run behind it may be gone."""
    network = NetworkName.parse(name)
    if network.kind == "photo":
        return PHOTO_NETWORKS.get(network.name, network.name)
    if network.kind == "pretrained":
        return card(network.name).title if network.name in server.PRETRAINED else network.name
    if network.kind == "run" and network.moment:
        return words.GONE  # a dream is of a run after one of its steps, and of nothing else
    if network.kind == "run":
        try:
            return words.after_steps(plain(server.store().run(network.name).name), network.step or 0)
        except StudentError:
            return words.GONE
    return words.UNTRAINED


def dataset_of(name: str) -> str:
    """The data set behind the network of a dream's settings; MNIST where the run is gone."""
    network = NetworkName.parse(name)
    try:
        return server.store().run(network.name).dataset if network.kind == "run" else "mnist"
    except StudentError:
        return "mnist"


def shape_of(name: str) -> tuple[int, int, int]:
    """(channels, height, width) of the images that the network of a dream's settings looks at.

    Of a photo network the size it was trained for; of a run that is gone, MNIST's.
    """
    network = NetworkName.parse(name)
    try:
        if network.kind == "run":
            return server.store().run(network.name).spec.input_shape
        if network.kind == "design":
            return ModelSpec.from_link(network.name).input_shape
    except StudentError:
        pass
    return (3, 224, 224) if network.kind == "photo" else (1, 28, 28)
