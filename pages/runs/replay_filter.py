"""How one filter of a network came to see: its maps, its picture and its kernel at each moment that was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor

from cnn_core.data.sources import dataset_of
from cnn_core.insight import Frame, heaviest_kernels
from cnn_core.model import ModelSpec, summarize
from cnn_core.model.layer_files import kind_named
from pages.runs import words
from pages.runs.course import why_no_test
from pages.runs.moments import TESTED, Look, Moments, accuracy_of, frames_of
from pages.ui.drawing.contact_sheet import IN_COLOUR, contact_sheet, image_sheet, mosaic, signed_sheet
from pages.ui.drawing.flipbook import CurveLine, Strip, flipbook
from pages.ui.forms.digit_input import chosen_image, say_why_none, way_and_number
from pages.ui.frame import address
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import answer, caption, what_you_see
from pages.ui.wording.numbers import count

USUAL_FILTER = 7  # of the lesson's convnet it is a telling one


@dataclass(frozen=True)
class Replay:
    """A training seen through one filter: what is drawn.

    key:      the same key, the same replay; it may have got more frames since.
    frames:   one a moment, in the order of training.
    accuracy: of each frame's network, a fraction of the test images that `of` names; empty where there are none here.
    classes:  what its outputs are called.
    """

    key: str
    look: Look
    frames: list[Frame]
    accuracy: list[float]
    of: str
    classes: tuple[str, ...]


def one_filter(network: LoadedNetwork, moments: Moments) -> str | None:
    """Draw one filter at each moment. Returns the line above it; None while there is no image to look at.

    Raises StudentError where the image does not fit the network.
    """
    look = _ask(network)
    if look is None:
        return None
    if said := why_no_test(network):
        caption(said)
    with st.spinner(words.looking(len(moments.files))):
        replay = _replay(network, moments, look)
    return _draw(replay)


def _replay(network: LoadedNetwork, moments: Moments, look: Look) -> Replay:
    """Raises StudentError where the image does not fit the network."""
    frames = frames_of(network, moments, look)
    accuracy, sample = moments.accuracy, None
    if not accuracy and server.why_no_images(network.dataset) is None:
        accuracy = accuracy_of(network, moments)
        sample = min(TESTED, len(server.images(network.dataset, "test")))
        frames = [
            frame for frame in frames if frame.step in accuracy
        ]  # of others the weights are gone by now
    return Replay(
        key=f"{moments.key}/{look.key}",
        look=look,
        frames=frames,
        accuracy=[accuracy[frame.step] for frame in frames] if accuracy else [],
        of=words.share_of(dataset_of(network.dataset).noun, sample),
        classes=networks.classes_of(network),
    )


# ---------------------------------------------------------------- what is looked at


def _ask(network: LoadedNetwork) -> Look | None:
    """None while there is no image yet."""
    with st.container(horizontal=True, vertical_alignment="center", key="replay_strip"):
        way = way_and_number(network.dataset)
        layer = _layer(network.spec)
        filter = _filter(network.spec, layer)
    say_why_none(network.dataset)
    image = chosen_image(way, network.dataset)
    return None if image is None else Look(image, layer, filter, layer == network.spec.layer_names[0])


def _layer(spec: ModelSpec) -> str:
    """A convolution; of a network that has none a dense layer."""
    names = spec.layer_names
    with_filters = [name for name in names if kind_named(name).has_filters]
    offered = with_filters or [name for name in names if kind_named(name).has_units]
    key = f"replay_layer_{spec.fingerprint}"
    part = address.one_of("layer", key, {name: name for name in offered}, offered[0])
    address.follow(part)
    name = st.selectbox(
        "Layer",
        offered,
        key=key,
        label_visibility="collapsed",
        filter_mode=None,
        width=130,
        persist_state="session",
    )
    address.tell(part)
    return str(name)


def _filter(spec: ModelSpec, name: str) -> int:
    word = "filter" if kind_named(name).has_filters else "unit"
    many = summarize(spec)[spec.layer_names.index(name)].output_shape[0]
    usual, key = min(USUAL_FILTER, many - 1), f"replay_filter_{name}_{many}"
    part = address.whole("filter", key, 0, many - 1, usual)
    address.follow(part)
    number = st.selectbox(
        "Filter",
        list(range(many)),
        index=usual,
        format_func=lambda i: f"{word} {i}",
        key=key,
        label_visibility="collapsed",
        width=130,
        persist_state="session",
    )
    address.tell(part)
    return int(number)


# ---------------------------------------------------------------- on the screen


def _draw(replay: Replay) -> str:
    """Returns the line above it."""
    frames = replay.frames
    first, last = frames[0], frames[-1]
    before, after = replay.classes[first.predicted], replay.classes[last.predicted]
    said = words.came_to_see(before, after, replay.look.image.title, _sure(last))
    answer(said)
    flipbook(
        _strips(frames, replay.look),
        key="replay",
        book=replay.key,
        places=[_place(frame) for frame in frames],
        unit="steps of training",
        captions=_captions(replay),
        curve=_curve(replay),
        start=len(frames) - 1,
        fps=5,
    )
    what_you_see(words.what_replay_shows(bool(replay.accuracy), last.maps.ndim == 3))
    return said


def _curve(replay: Replay) -> CurveLine | None:
    if not replay.accuracy:
        return None
    return CurveLine(
        f"accuracy so far, % of {replay.of}",
        [100 * right for right in replay.accuracy],
        _place(replay.frames[0]),
        _place(replay.frames[-1]),
    )


def _place(frame: Frame) -> str:
    return f"step {count(frame.step)}"


def _sure(frame: Frame) -> float:
    return float(frame.probabilities.max())


def _captions(replay: Replay) -> list[str]:
    rights: Sequence[float | None] = replay.accuracy or [None] * len(replay.frames)
    return [
        words.moment(replay.classes[frame.predicted], _sure(frame), right, replay.of, frame.dead)
        for frame, right in zip(replay.frames, rights, strict=True)
    ]


def _strips(frames: list[Frame], look: Look) -> list[Strip]:
    """The filter's map and all maps of its layer, what it looks for, and its heaviest kernel: as far as it has them."""
    last = frames[-1]
    strips = _maps(frames, look) if last.maps.ndim == 3 else []
    pictures = np.stack([(frame.picture * (not frame.dead)).numpy() for frame in frames])
    strips.append(Strip("what it looks for", image_sheet(pictures, "own"), 168))
    if _lies_on_colours(last, look):
        kernels = _stack([frame.kernel for frame in frames if frame.kernel is not None])
        strips.append(Strip(words.KERNEL_IN_COLOUR, signed_sheet(kernels, "shared"), 120))
    elif last.kernel is not None and last.kernel.ndim == 3:
        heaviest = heaviest_kernels(last.kernel, 1)[0]
        kernels = _stack([frame.kernel[heaviest] for frame in frames if frame.kernel is not None])
        title = words.kernel_title(len(last.kernel), heaviest)
        strips.append(Strip(title, contact_sheet(kernels, "signed", "shared"), 120))
    return strips


def _lies_on_colours(frame: Frame, look: Look) -> bool:
    """Whether the filter reads red, green and blue of the image itself."""
    return (
        look.reads_image and frame.kernel is not None and len(frame.kernel) == IN_COLOUR == len(frame.picture)
    )


def _maps(frames: list[Frame], look: Look) -> list[Strip]:
    one = _stack([frame.map for frame in frames])
    every = np.stack([mosaic(frame.maps.numpy()) for frame in frames])
    lowest = 0.0 if every.min() >= 0 else -1.0
    return [
        Strip(f"map {look.filter} of {look.layer}", contact_sheet(one, _scale(one), "shared"), 168),
        Strip(f"all {len(frames[-1].maps)} maps", contact_sheet(every, _scale(every), (lowest, 1.0)), 200),
    ]


def _scale(maps: np.ndarray) -> str:
    return "activation" if maps.min() >= 0 else "signed"


def _stack(maps: Sequence[Tensor]) -> np.ndarray:
    return np.stack([one.numpy() for one in maps])
