"""A network that was made by hand, by surgery for example, becomes a run of one's own.

It goes the way of a file that is opened: a worker takes it in, measures it and lists it among the visitor's runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core.data.learnt_from import NOT_KNOWN, ImagesLearntFrom
from cnn_core.runs.submission import clean_name

if TYPE_CHECKING:
    from cnn_core.model.network import Network
    from cnn_core.runs.store import RunStore


def keep_network(
    store: RunStore,
    net: Network,
    name: str,
    token: str,
    *,
    dataset: str,
    learnt_from: ImagesLearntFrom = NOT_KNOWN,
) -> str:
    """Ask for a network to be kept; returns the id of the run that it becomes.

    net:         with weights of its own, as `carried_out` and `without_filters` give it.
    name:        what the run is to be called.
    token:       the visitor's secret.
    dataset:     key of what it reads.
    learnt_from: the images that the network before it has learnt from: an accuracy on those is no test.
    Raises StudentError where a weight is no finite number, and as opening a file does.
    """
    return store.openings.ask(
        network_file(net, dataset, learnt_from), f"{clean_name(name)}.safetensors", token
    )


def network_file(net: Network, dataset: str, learnt_from: ImagesLearntFrom = NOT_KNOWN) -> bytes:
    """A network as the bytes of a file of ours. Arguments and errors as `keep_network`."""
    from cnn_core.training import save_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        save_model(path, net, net.spec, learnt_from=learnt_from, dataset=dataset)
        return path.read_bytes()
