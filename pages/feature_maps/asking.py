"""What the Feature maps page asks: which image, how the maps are drawn, and which network stands beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from pages.ui.forms import choice
from pages.ui.forms.digit_input import way_and_number
from pages.ui.frame import address
from pages.ui.visitor import networks, server, who
from pages.ui.visitor.networks import LoadedNetwork

BRIGHTNESS = {"own": "each map its own", "shared": "one scale per layer"}


_PARTS = (
    address.one_of("brightness", "maps_limits", {limits: limits for limits in BRIGHTNESS}, "own"),
    address.one_of("layers", "maps_every", {"all": True, "convolutions": False}, False),
    address.switch("kernels", "maps_kernels_too"),
)


def _beside_part(others: Iterable[str]) -> address.Part:
    return address.one_of("beside", "maps_beside", {name: name for name in others}, "")


@dataclass(frozen=True)
class Options:
    """way: where the image comes from: test, draw or upload.

    limits: whether each map has a brightness of "own", or one "shared" by the layer.
    every: layers other than convolutions too.
    kernels: the kernels that lie on the image too.
    beside: a second network, for the same image.
    """

    way: str
    limits: str
    every: bool
    kernels: bool
    beside: LoadedNetwork | None


def ask(network: LoadedNetwork) -> Options:
    """Draw the control strip."""
    parts = (*_PARTS, _beside_part(others := _others(network)))
    address.follow(*parts)
    options = _ask(network, others)
    address.tell(*parts)
    return options


def _ask(network: LoadedNetwork, others: dict[str, str]) -> Options:
    with st.container(horizontal=True, vertical_alignment="center", key="maps_strip"):
        way = way_and_number(network.dataset)
        with st.popover("Options", icon=":material/tune:", width="content"):
            limits = choice.one_of("Brightness", BRIGHTNESS, "maps_limits", "own", is_labelled=True)
            every = st.toggle("Pooling and other layers too", key="maps_every", persist_state="session")
            kernels = st.toggle("Kernels of the first layer", key="maps_kernels_too", persist_state="session")
        st.space("stretch")
        return Options(way, limits, every, kernels, _beside(network, others))


def _beside(network: LoadedNetwork, others: dict[str, str]) -> LoadedNetwork | None:
    """Draw the choice of a second network; None where it is not asked for."""
    choice = st.selectbox(
        "Compare",
        list(others),
        format_func=lambda key: others.get(key, key),
        key="maps_beside",
        label_visibility="collapsed",
        filter_mode=None,
        width=240,
        persist_state="session",
    )
    if not choice:
        return None
    return networks.untrained(network.spec) if choice == "untrained" else networks.named(str(choice))


def _others(network: LoadedNetwork) -> dict[str, str]:
    """{name: label} of the networks that may stand beside; "" is none."""
    others = {"": "Beside another net", "untrained": "Beside the same net, untrained"}
    for run in server.store().runs(owner=who.visitor(), limit=8):
        if run.kind == "training" and run.id != network.run_id and run.snapshots():
            others[f"run:{run.id}"] = f"Beside {run.name}"
    if network.kind != "pretrained":
        others["pretrained:lesson"] = "Beside the lesson’s convnet"
    return others
