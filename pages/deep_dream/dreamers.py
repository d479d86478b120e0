"""The networks that dream: what they are called on the page, in a dream's settings, and what they learnt from."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, GOOGLENET_DEPTHS, dream_layers
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
    kind, _, rest = name.partition(":")
    if kind in PHOTO_NETWORKS:
        return PHOTO_NETWORKS[kind]
    if kind == "pretrained":
        return card(rest).title if rest in server.PRETRAINED else rest
    if kind == "run":
        run_id, _, step = rest.partition(":")
        try:
            return words.after_steps(plain(server.store().run(run_id).name), int(step))
        except (StudentError, ValueError):
            return words.GONE
    return words.UNTRAINED


def dataset_of(name: str) -> str:
    """The data set behind the network of a dream's settings; MNIST where the run is gone."""
    kind, _, rest = name.partition(":")
    try:
        return server.store().run(rest.partition(":")[0]).dataset if kind == "run" else "mnist"
    except StudentError:
        return "mnist"
