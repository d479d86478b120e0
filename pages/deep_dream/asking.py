"""What a dream is made of: which network dreams, of which picture, with which settings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnn_core.data import photo_from_upload
from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, enlarged, photos
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.insight.dream.dream_spec import MAX_SIDE
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream.dream import Picked
from pages.ui.forms.digit_input import chosen_image
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption, problem

MINE = "mine"  # the network of the sidebar


UPLOAD = "upload"


PHOTO_TITLES = {
    "cat": "a cat",
    "astronaut": "an astronaut",
    "coffee": "a cup of coffee",
    "rocket": "a rocket",
    "stars": "a sky of galaxies",
    UPLOAD: "a photo of yours",
}


SIZES = {"photo": (256, 400, 576), "digit": (112, 224, 336)}  # pixels of the longer side


_KEPT_UPLOAD = "dream_upload_kept"


def dreamer(shown: networks.LoadedNetwork, photographic: tuple[str, ...]) -> str:
    """Draw the choice of the network that dreams: a photo network, or that of the sidebar."""
    mine = shown.title.partition(",")[0] if shown.kind == "run" else shown.spec.name
    words = {name: PHOTO_NETWORKS[name] for name in photographic} | {MINE: mine[:28]}
    if st.session_state.get("dream_who") not in words:
        st.session_state.pop("dream_who", None)
    chosen = st.segmented_control(
        "Who dreams",
        list(words),
        format_func=lambda name: words.get(name, name),
        default=next(iter(words)),
        required=True,
        key="dream_who",
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen or next(iter(words)))


def photo_choice() -> str:
    names = [*photos(), UPLOAD]
    return str(
        st.selectbox(
            "Photo",
            names,
            format_func=lambda name: PHOTO_TITLES.get(name, name),
            key="dream_photo",
            label_visibility="collapsed",
            filter_mode=None,
            width=190,
            persist_state="session",
        )
    )


@dataclass(frozen=True)
class Options:
    side: int
    octaves: int
    steps: int
    jitter: int
    seed: int


def options(kind: str) -> Options:
    """Draw what is seldom changed. kind: "photo" or "digit"."""
    kept = {"persist_state": "session"}
    with st.popover("Options", icon=":material/tune:", width="content"):
        sizes = SIZES[kind]
        side = st.segmented_control(
            "Size, pixels of the longer side", sizes, default=sizes[1], required=True, key=f"dream_side_{kind}",
            help="A large picture takes longer: the time goes with the number of pixels.", **kept,
        )  # fmt: skip
        left, right = st.columns(2)
        octaves = left.number_input(
            "Octaves", 1, 6, 4, key="dream_octaves", help="Sizes at which it is dreamt.", **kept
        )
        steps = right.number_input("Steps in each", 1, 40, 12, key="dream_steps", **kept)
        jitter = left.number_input("Shake, pixels", 0, 32, 16, key="dream_jitter", **kept)
        seed = right.number_input(
            "Seed", 0, 9999, 0, key="dream_seed", help="Chance decides only how it is shaken.", **kept
        )
    return Options(int(side or sizes[1]), int(octaves), int(steps), int(jitter), int(seed))


def depth_and_strength(names: Sequence[str], network: str) -> tuple[tuple[tuple[str, float], ...], float]:
    """Draw depth, mix and strength. Returns (layers with their weights, change per step as a fraction)."""
    kept = {"persist_state": "session"}
    for key in (f"dream_depth_{network}", f"dream_mix_{network}"):
        if st.session_state.get(key) not in (*names, ""):
            st.session_state.pop(key, None)  # the design has changed, and with it the layers
    standard = "animals" if "animals" in names else names[min(len(names) - 1, 4)]
    if len(names) > 1:
        words = (
            "Depth, from lines to creatures" if tuple(names) == tuple(DEPTHS) else "Layer, from first to last"
        )
        depth = str(st.select_slider(words, names, standard, key=f"dream_depth_{network}", **kept))
    else:
        depth = names[0]
    layers = ((depth, 1.0),)
    others = ["", *(name for name in names if name != depth)]
    if len(others) > 1:
        if st.session_state.get(f"dream_mix_{network}") == depth:
            st.session_state.pop(f"dream_mix_{network}")
        other = st.selectbox(
            "Second layer",
            others,
            format_func=lambda name: f"mixed with {name}" if name else f"{depth} alone",
            key=f"dream_mix_{network}",
            label_visibility="collapsed",
            filter_mode=None,
            **kept,
        )
        if other:
            weight = st.slider(f"Weight of {other}", 0.1, 2.0, 0.3, 0.1, key="dream_weight", **kept)
            layers = (*layers, (str(other), float(weight)))
    strength = st.slider(
        "Strength", 0.2, 3.0, 1.2, 0.1, format="%.1f %%", key="dream_strength",
        help="How much a typical pixel changes at each step, in per cent of full contrast.", **kept,
    )  # fmt: skip
    return layers, round(float(strength) / 100, 5)


def network_name(shown: networks.LoadedNetwork) -> str:
    """The sidebar's network as the worker will find it. StudentError where it has no weights yet."""
    if shown.kind == "pretrained":
        return shown.weights_key
    if shown.kind == "design" or shown.run_id is None:
        return f"design:{shown.spec.to_link()}"
    kept = server.store().run(shown.run_id).snapshots()
    if not kept:
        raise StudentError("This run has no weights yet.", hint="Wait until it has made its first step.")
    return f"run:{shown.run_id}:{kept[-1].step}"


def picked(network: str, kind: str, shown: networks.LoadedNetwork, chosen: str, side: int) -> Picked | None:
    """The picture that was chosen, at the size it would be dreamt; draws pad or upload where one is asked for."""
    if kind == "digit":
        digit = chosen_image(chosen, shown.dataset)
        if digit is None:
            return None
        return Picked(_digit_png(digit.key, side, digit.image), f"{network}/{digit.key}", digit.title)
    if chosen == UPLOAD:
        return _uploaded(network, side)
    return Picked(_photo_png(chosen, side), f"{network}/{chosen}", PHOTO_TITLES.get(chosen, chosen))


@st.cache_data(show_spinner=False, max_entries=32)
def _photo_png(name: str, side: int) -> bytes:
    return to_png(enlarged(photos()[name], side))


@st.cache_data(show_spinner=False, max_entries=32)
def _digit_png(key: str, side: int, _image: Any) -> bytes:
    return to_png(enlarged(_image, side))


@st.cache_data(show_spinner=False, max_entries=16)
def _resized_png(sha: str, side: int, _png: bytes) -> bytes:
    return to_png(enlarged(from_file(_png), side))


def _uploaded(network: str, side: int) -> Picked | None:
    file = st.file_uploader(
        "A photo of yours",
        type=["png", "jpg", "jpeg", "webp", "gif", "bmp"],
        max_upload_size=5,
        key="dream_file",
    )
    if file is not None:
        content = file.getvalue()
        sha = hashlib.sha256(content).hexdigest()[:16]
        if st.session_state.get(_KEPT_UPLOAD, ("",))[0] != sha:
            try:
                png = to_png(enlarged(photo_from_upload(content, MAX_SIDE), MAX_SIDE))
            except StudentError as error:
                problem(error)
                return None
            st.session_state[_KEPT_UPLOAD] = (sha, png)  # Streamlit forgets a file when the page is left
    if _KEPT_UPLOAD not in st.session_state:
        caption("It stays on this server with your dream, and only who has the link can see it.")
        return None
    sha, png = st.session_state[_KEPT_UPLOAD]
    return Picked(_resized_png(sha, side, png), f"{network}/{sha}", "your photo")
