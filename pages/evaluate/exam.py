"""What every view of the Evaluate page looks at: a network, the test images, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnn_core.data import ImageSet, Overlap
from cnn_core.data.sources import dataset_of
from cnn_core.training import Evaluation, evaluate
from pages.ui.frame import process
from pages.ui.visitor import networks, server


@dataclass(frozen=True, eq=False)
class Exam:
    """A network, the images it is tested on, how it did, what its classes are called, and what it had seen before."""

    network: networks.LoadedNetwork
    test: ImageSet
    evaluation: Evaluation
    classes: tuple[str, ...]
    overlap: Overlap

    @property
    def noun(self) -> str:
        """What the images show, plural."""
        return dataset_of(self.network.dataset).noun


def exam_of(network: networks.LoadedNetwork) -> Exam:
    """Ask the network about all test images that are on this machine.

    Raises StudentError where there are none, or where the network was designed for others.
    """
    test = server.images(network.dataset, "test")
    evaluation = evaluation_of(network.weights_key, network.dataset, len(test), network)
    overlap = network.learnt_from.overlap(test)
    return Exam(network, test, evaluation, networks.classes_of(network), overlap)


@st.cache_data(show_spinner=False, max_entries=24)
@process.in_turn
def evaluation_of(weights_key: str, dataset: str, size: int, _network: Any) -> Evaluation:
    """The network's answers to all test images; computed once for weights, data set and its size."""
    return evaluate(_network.net, server.images(dataset, "test"))
