"""What a dream is made of: which network dreams, of which picture, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.insight import DEPTHS, photos
from cnn_core.runs.jobs.dreams import PHOTO_NETWORKS
from pages.deep_dream import words
from pages.deep_dream.dreamers import MINE, name_of
from pages.deep_dream.picture import UPLOAD
from pages.ui.forms import choice
from pages.ui.forms.digit_input import way_and_number
from pages.ui.frame import address
from pages.ui.visitor.networks import LoadedNetwork

# Pixels of the longer side. A network of the sidebar sees a few pixels at a time: on a large photo, only its grain.
SIZES = {"photo": (256, 400, 576, 1_024), "digit": (112, 224, 336), "mine": (112, 224, 336)}
# Chosen at first: that of the photo is the size of the dream in the project.
FIRST_SIZE = {"photo": 576, "digit": 224, "mine": 224}


_NUMBERS = (
    address.whole("octaves", "dream_octaves", 1, 6, 4),
    address.whole("steps", "dream_steps", 1, 40, 12),
    address.whole("shake", "dream_jitter", 0, 32, 16),
    address.whole("seed", "dream_seed", 0, 9_999, 0),
)
_STRENGTH = address.decimal("strength", "dream_strength", 0.2, 3.0, 1.2)
_WEIGHT = address.decimal("weight", "dream_weight", 0.1, 2.0, 0.3)


def _named(name: str, key: str, options: Iterable[str], standard: str) -> address.Part:
    return address.one_of(name, key, {option: option for option in options}, standard)


@dataclass(frozen=True)
class Options:
    """What is seldom changed; side: pixels of the longer one.  The others as in `DreamSpec`."""

    side: int
    octaves: int
    steps: int
    jitter: int
    seed: int


@dataclass(frozen=True)
class Strip:
    """What the control strip says.

    dreamer: a photo network, or MINE.
    kind: "photo" or "digit".
    choice: a photo's name or UPLOAD; for a digit where it comes from: test, draw or upload.
    """

    dreamer: str
    kind: str
    choice: str
    options: Options


def ask(network: LoadedNetwork, photographic: tuple[str, ...]) -> Strip:
    """Draw the control strip.

    photographic: the photo networks that are on this machine.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="dream_strip"):
        dreamer = _dreamer(network, photographic)
        channels = 3 if dreamer != MINE else network.spec.input_shape[0]
        kind = "photo" if channels == 3 else "digit"
        choice = _photo() if kind == "photo" else way_and_number(network.dataset)
        size = "mine" if kind == "photo" and dreamer == MINE else kind
        return Strip(dreamer, kind, choice, _options(size))


def layers_and_strength(names: Sequence[str], key: str) -> tuple[tuple[tuple[str, float], ...], float]:
    """Draw depth, mix and strength. Returns (layers with their weights, change per step as a fraction).

    names: the layers that can be dreamt of.
    key: what the choice is kept by: another network has other layers.
    """
    parts = (
        _named("depth", f"dream_depth_{key}", names, _first_depth(names)),
        _named("mix", f"dream_mix_{key}", names, ""),
        _WEIGHT,
        _STRENGTH,
    )
    address.follow(*parts)
    for name in (f"dream_depth_{key}", f"dream_mix_{key}"):
        if st.session_state.get(name) not in (*names, ""):
            st.session_state.pop(name, None)  # the design has changed, and with it the layers
    depth = _depth(names, key)
    layers = ((depth, 1.0), *_mix(names, key, depth))
    strength = st.slider(
        "Strength",
        0.2,
        3.0,
        1.2,
        0.1,
        format="%.1f %%",
        key="dream_strength",
        help="How much a typical pixel changes at each step, in per cent of full contrast.",
        persist_state="session",
    )
    address.tell(*parts)
    return layers, round(float(strength) / 100, 5)


def _first_depth(names: Sequence[str]) -> str:
    return "animals" if "animals" in names else names[min(len(names) - 1, 4)]


def _dreamer(network: LoadedNetwork, photographic: tuple[str, ...]) -> str:
    """Draw the choice of the network that dreams: a photo network, or that of the sidebar."""
    titles = {name: PHOTO_NETWORKS[name] for name in photographic} | {MINE: name_of(network)[:28]}
    part = _named("who", "dream_who", titles, next(iter(titles)))
    return choice.in_address(part, "Who dreams", titles)


def _photo() -> str:
    names = [*photos(), UPLOAD]
    part = _named("photo", "dream_photo", names, names[0])
    address.follow(part)
    name = str(
        st.selectbox(
            "Photo",
            names,
            format_func=lambda name: words.PHOTO_TITLES.get(name, name),
            key="dream_photo",
            label_visibility="collapsed",
            filter_mode=None,
            width=190,
            persist_state="session",
        )
    )
    address.tell(part)
    return name


def _options(kind: str) -> Options:
    """kind: a key of SIZES."""
    parts = (_size_part(kind), *_NUMBERS)
    address.follow(*parts)
    options = _ask_options(kind)
    address.tell(*parts)
    return options


def _size_part(kind: str) -> address.Part:
    return address.one_of(
        "size", f"dream_side_{kind}", {str(side): side for side in SIZES[kind]}, FIRST_SIZE[kind]
    )


def _ask_options(kind: str) -> Options:
    with st.popover("Options", icon=":material/tune:", width="content"):
        side = _side(kind)
        left, right = st.columns(2)
        with left:
            octaves = _number("Octaves", "octaves", 1, 6, 4, "Sizes at which it is dreamt.")
        with right:
            steps = _number("Steps in each", "steps", 1, 40, 12)
        with left:
            jitter = _number("Shake, pixels", "jitter", 0, 32, 16)
        with right:
            seed = _number("Seed", "seed", 0, 9999, 0, "Chance decides only how it is shaken.")
    return Options(side, octaves, steps, jitter, seed)


def _side(kind: str) -> int:
    return choice.one_of(
        "Size, pixels of the longer side",
        {size: str(size) for size in SIZES[kind]},
        f"dream_side_{kind}",
        FIRST_SIZE[kind],
        is_labelled=True,
        help="A large picture takes longer: twice the size is four times the pixels, and about four times the seconds.",
    )


def _number(label: str, name: str, least: int, most: int, standard: int, purpose: str | None = None) -> int:
    return int(
        st.number_input(
            label, least, most, standard, key=f"dream_{name}", help=purpose, persist_state="session"
        )
    )


def _depth(names: Sequence[str], key: str) -> str:
    """Draw the choice of the layer; nothing to choose where there is one alone."""
    if len(names) == 1:
        return names[0]
    label = words.DEPTH if tuple(names) == tuple(DEPTHS) else words.LAYER
    return str(
        st.select_slider(label, names, _first_depth(names), key=f"dream_depth_{key}", persist_state="session")
    )


def _mix(names: Sequence[str], key: str, depth: str) -> tuple[tuple[str, float], ...]:
    """Draw the choice of a second layer, and its weight; empty where there is none."""
    others = ["", *(name for name in names if name != depth)]
    if len(others) == 1:
        return ()
    if st.session_state.get(f"dream_mix_{key}") == depth:
        st.session_state.pop(f"dream_mix_{key}")
    other = st.selectbox(
        "Second layer",
        others,
        format_func=lambda name: words.mixed(depth, name),
        key=f"dream_mix_{key}",
        label_visibility="collapsed",
        filter_mode=None,
        persist_state="session",
    )
    if not other:
        return ()
    weight = st.slider(f"Weight of {other}", 0.1, 2.0, 0.3, 0.1, key="dream_weight", persist_state="session")
    return ((str(other), float(weight)),)
