"""What the view "Which filters decided?" asks: which image, which layer, which two classes, computed how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.insight import speaking_layers
from cnn_core.model.layer_files import kind_named
from pages.feature_maps import decided_words as words
from pages.feature_maps.deciding import close_calls_of
from pages.feature_maps.views import TURNED
from pages.ui.forms import choice
from pages.ui.forms.digit_input import begin_with_digit, look_at_digit, way_and_number
from pages.ui.frame import address
from pages.ui.visitor import scene
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnn_core.model import ModelSpec
    from pages.feature_maps.maps import Reading
    from pages.ui.visitor.networks import LoadedNetwork

_LAYER, _FOR, _AGAINST, _BY = "decided_layer", "decided_for", "decided_against", "decided_by"
_USUAL = -1  # its own answer, and the strongest of the others
_IMAGE = "feature_maps.digit"  # in a teacher's scene


@dataclass(frozen=True)
class Classes:
    """What is held against what.

    answer, rival: classes, or None for the network's own answer and the strongest of the others.
    by: a key of `words.BY`.
    """

    answer: int | None
    rival: int | None
    by: str


def standard_layer(spec: ModelSpec) -> str:
    """Where to begin: the second convolution, or the only one; without any, the last layer below the answers."""
    layers = speaking_layers(spec)
    convolutions = [name for name in layers if kind_named(name).has_filters]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else layers[-1]


def begin(network: LoadedNetwork) -> int:
    """Let the view begin with a close call, before the widgets are drawn. Returns its number, 0 where there is none.

    An image that somebody chose stays.
    """
    calls = close_calls_of(network)
    first = calls[0] if calls else 0
    is_turned = bool(st.session_state.pop(TURNED, False))
    if not calls or scene.holds(_IMAGE):
        return first
    if is_turned and not {"digit", "way"} & set(st.query_params):
        look_at_digit(first)
    begin_with_digit(first)
    return first


def ask(network: LoadedNetwork, standard: int) -> tuple[str, str, DeltaGenerator]:
    """Draw the strip. Returns the way to the image, the layer, and the place for the two classes.

    standard: the number of the image that the view begins with.
    """
    layers = speaking_layers(network.spec)
    part = address.one_of("layer", _LAYER, {layer: layer for layer in layers}, standard_layer(network.spec))
    address.follow(part)
    with st.container(horizontal=True, vertical_alignment="center", key="decided_strip"):
        way = way_and_number(network.dataset, standard)
        layer = _layer(layers, part.standard)
        place = st.container(width="content")
    address.tell(part)
    return way, layer, place


def ask_classes(reading: Reading) -> Classes:
    """Draw the two classes and how it is computed, behind one button that says which they are."""
    names = reading.classes
    numbers = {str(i): i for i in range(len(names))}
    parts = (
        address.one_of("for", _FOR, numbers, _USUAL),
        address.one_of("against", _AGAINST, numbers, _USUAL),
        address.one_of("by", _BY, {by: by for by in words.BY}, "gradient"),
    )
    address.follow(*parts)
    answer, rival = (_possible(key, len(names)) for key in (_FOR, _AGAINST))
    first = reading.best if answer is None else answer
    second = strongest_rival(reading.logits.tolist(), first)
    label = words.why_and_not(names[first], names[second if rival is None else rival])
    with st.popover(label, icon=":material/tune:", width="content", key="decided_classes"):
        answer = _class(words.FOR, _FOR, names, words.its_answer(names[reading.best]))
        rival = _class(words.AGAINST, _AGAINST, names, words.its_rival(names[second]))
        by = choice.one_of(words.COMPUTED, words.BY, _BY, "gradient", is_labelled=True)
        caption(words.how_reckoned(by))
    address.tell(*parts)
    return Classes(answer, rival, by)


def strongest_rival(scores: Sequence[float], answer: int) -> int:
    """The best of the other classes.

    >>> strongest_rival([0.1, 3.0, 2.0], 1), strongest_rival([0.1, 3.0, 2.0], 0)
    (2, 1)
    """
    return max((i for i in range(len(scores)) if i != answer), key=lambda i: scores[i])


def next_close_call(calls: Sequence[int], now: int | None) -> int:
    """The one after this.

    >>> next_close_call([131, 89, 61], 131), next_close_call([131, 89, 61], 61), next_close_call([131, 89, 61], 7)
    (89, 131, 131)
    """
    place = calls.index(now) + 1 if now in calls else 0
    return calls[place % len(calls)]


def another_close_call(network: LoadedNetwork, now: int | None) -> None:
    """Draw the button that leads to another image whose answer was close.  now: the number of this one."""
    calls = close_calls_of(network)
    if len(calls) > 1 and not scene.holds(_IMAGE):
        number = next_close_call(calls, now)
        st.button(words.ANOTHER, key="decided_another", type="tertiary", on_click=_look_at, args=(number,))


def _look_at(number: int) -> None:
    if not scene.refuses(_IMAGE):
        look_at_digit(number)


def _layer(layers: Sequence[str], standard: str) -> str:
    if len(layers) == 1:
        return layers[0]
    if st.session_state.get(_LAYER, standard) not in layers:  # of another network
        st.session_state[_LAYER] = standard
    layer = st.selectbox(
        "Layer",
        layers,
        index=layers.index(standard),
        key=_LAYER,
        label_visibility="collapsed",
        filter_mode=None,
        width=150,
        persist_state="session",
    )
    return str(layer or standard)


def _possible(key: str, classes: int) -> int | None:
    """The class that was chosen, unless it was one of another network."""
    chosen: Any = st.session_state.get(key, _USUAL)
    if isinstance(chosen, int) and 0 <= chosen < classes:
        return chosen
    if chosen != _USUAL:
        st.session_state[key] = _USUAL
    return None


def _class(label: str, key: str, names: Sequence[str], usual: str) -> int | None:
    chosen = st.selectbox(
        label,
        [_USUAL, *range(len(names))],
        format_func=lambda i: usual if i == _USUAL else names[i],
        key=key,
        filter_mode=None,
        persist_state="session",
    )
    return None if chosen == _USUAL else chosen
