"""Which random changes a network saw while it learnt."""

from __future__ import annotations

from cnn_core import pretrained
from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.network_name import NetworkName
from pages.ui.visitor import networks, server


def changes_in_training(network: networks.LoadedNetwork) -> AugmentSpec | None:
    """The random changes the network was trained with; None where there were none, or nobody knows."""
    try:
        if network.kind == "run" and network.run_id:
            return server.store().run(network.run_id).recipe.augment
        if network.kind == "pretrained":
            return pretrained.card(NetworkName.parse(network.weights_key).name).recipe.augment
    except StudentError:
        pass
    return None


def recipe_is_known(network: networks.LoadedNetwork) -> bool:
    """Whether it is known how the network was trained: not of one that was opened from a file."""
    try:
        return not network.run_id or server.store().run(network.run_id).has_recipe
    except StudentError:
        return False


def was_cut_out(network: networks.LoadedNetwork) -> bool:
    """Whether it is what was left of another network on the page Break it."""
    try:
        return network.run_id is not None and server.store().run(network.run_id).is_cut
    except StudentError:
        return False
