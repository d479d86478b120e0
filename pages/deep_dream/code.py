"""The code of a dream, and the picture that it began with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.export import picture_code as texts
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.model import ModelSpec
from cnn_core.network_name import NetworkName
from pages.deep_dream import words
from pages.deep_dream.dream import Dream
from pages.deep_dream.dreamers import dataset_of, shape_of
from pages.ui.trained.picture_code import OURS, Written, code_of_picture
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import problem

PICTURE = "picture.png"  # what the code calls the picture that the dream began with


def code_of_dream(dream: Dream) -> None:
    """Draw the button that opens the code of a dream."""
    code_of_picture("dream", partial(_write, dream))


def _write(dream: Dream) -> list[Written]:
    name = dream.spec.network
    try:
        network, needs = _network(name)
    except StudentError as error:  # the run behind it is gone
        problem(error)
        return []
    st.download_button(
        words.BEGAN_WITH,
        partial(_began_with, dream.photo),
        PICTURE,
        "image/png",
        key="dream_began_with",
        on_click="ignore",
    )
    if dream.run is None:
        needs = f"{needs} {words.FROM_A_SMALLER_FILE}"
    code = texts.dream_code(dream.spec.to_dict(), network, channels=shape_of(name)[0], picture=PICTURE)
    return [(OURS, needs, code)]


def _network(name: str) -> tuple[str, str]:
    """The lines that make the network of a dream's settings, and what they need."""
    network = NetworkName.parse(name)
    if network.kind == "photo":
        return texts.photo_net_code(network.name), words.CODE_OF_PHOTO_NETWORK
    if network.kind == "design":
        spec = ModelSpec.from_link(network.name)
        return texts.net_code(texts.NetInCode(spec, "", dataset_of(name))), words.CODE_OF_DESIGN
    named = Trained.named(str(NetworkName(network.kind, network.name)))
    needs = words.CODE_OF_OWN_NETWORK if network.step is None else words.code_of_run(network.step)
    return texts.net_code(texts.NetInCode(named.spec, named.stem, named.dataset)), needs


def _began_with(path: Path) -> bytes:
    """The picture a dream began with, as a PNG."""
    content = path.read_bytes()
    return content if path.suffix == ".png" else to_png(from_file(content))
