"""How one network came to see: its maps at each moment that was kept."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import streamlit as st

from cnn_core import pretrained
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.insight import Frame, replay
from cnn_core.training import evaluate, load_model
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.flipbook import CurveLine, Strip, flipbook
from pages.ui.forms.digit_input import Chosen, are_here, chosen_image, way_and_number
from pages.ui.visitor import design, networks, server
from pages.ui.wording.blocks import answer, caption, problem, what_you_see
from pages.ui.wording.numbers import count, percent, probability

ASKED = 500  # test images that each moment of a replayed run reads


def moments(shown: networks.LoadedNetwork) -> tuple[list[tuple[int, Any]], dict[int, float]]:
    """([(step, loader)], {step: accuracy so far}) of the network being looked at; of a run that is not known yet."""
    if shown.run_id:
        found = server.store().run(shown.run_id).snapshots()
        return [(snap.step, lambda path=snap.path: load_model(path)[0]) for snap in found], {}
    name = shown.weights_key.partition(":")[2] if shown.kind == "pretrained" else "lesson"
    kept = pretrained.replay(name)
    accuracy = dict(zip(kept.moments.step, kept.moments.accuracy, strict=True))
    return [(step, lambda step=step: kept.load(step)) for step in kept.steps], accuracy


@st.cache_data(show_spinner=False, max_entries=1024)
def _accuracy_at(book: str, step: int, dataset: str, _load: Any) -> float:
    """The fraction of some test images that a moment of a run reads rightly: validation comes only once an epoch."""
    return evaluate(_load(), server.images(dataset, "test").take(ASKED)).accuracy


@st.cache_resource(show_spinner=False, max_entries=24)
def _frames_so_far(book: str, image: str, layer: str, filter: int) -> tuple[list[Frame], threading.Lock]:
    return [], threading.Lock()


def frames(book: str, found: list, chosen: Chosen, layer: str, filter: int) -> list[Frame]:
    """One frame a snapshot; what was seen before is not computed again, also while a training goes on."""
    known, lock = _frames_so_far(book, chosen.key, layer, filter)
    with lock:
        last = known[-1].step if known else -1
        new = [(step, load) for step, load in found if step > last]
        known.extend(replay(new, chosen.image, layer, filter, after=known[-1] if known else None))
        return list(known)


def play() -> None:
    shown = networks.current()
    try:
        found, accuracy = moments(shown)
    except StudentError:
        found, accuracy = [], {}
    if len(found) < 2 and networks.is_training():
        caption("This run has just begun: its first moments appear here as soon as they are made.")
        return
    if len(found) < 2:
        caption(
            "The course of this network’s training was not kept. The lesson’s convnet and your runs have theirs."
        )
        if st.button("Replay the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",)):
            st.rerun()
        return
    if not are_here(shown.dataset):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="replay_strip"):
        way = way_and_number(shown.dataset)
        layers = [
            name
            for name, layer in zip(shown.spec.layer_names, shown.spec.layers, strict=True)
            if layer.type == "conv2d"
        ] or [
            name
            for name, layer in zip(shown.spec.layer_names, shown.spec.layers, strict=True)
            if layer.type == "dense"
        ]
        layer = str(
            st.selectbox(
                "Layer",
                layers,
                key=f"replay_layer_{shown.spec.fingerprint}",
                label_visibility="collapsed",
                filter_mode=None,
                width=130,
            )
        )
        filters = shown.spec.layers[shown.spec.layer_names.index(layer)]
        many = getattr(filters, "filters", None) or filters.units
        word = "filter" if layer.startswith("conv2d") else "unit"
        filter = st.selectbox(
            "Filter",
            list(range(many)),
            index=min(7, many - 1),
            format_func=lambda i: f"{word} {i}",
            key=f"replay_filter_{layer}_{many}",
            label_visibility="collapsed",
            width=130,
        )
    chosen = chosen_image(way, shown.dataset)
    if chosen is None:
        return
    book = shown.run_id or shown.weights_key
    try:
        tested = not accuracy
        with st.spinner(f"Looking into {count(len(found))} moments of the training …"):
            seen = frames(book, found, chosen, layer, int(filter))
            if tested:
                accuracy = {step: _accuracy_at(book, step, shown.dataset, load) for step, load in found}
    except StudentError as error:
        problem(error)
        return
    noun = dataset_of(shown.dataset).noun
    of = (
        f"{count(min(ASKED, len(server.images(shown.dataset, 'test'))))} test {noun}"
        if tested
        else f"all test {noun}"
    )
    draw_replay(seen, accuracy, of, chosen, networks.classes_of(shown), layer, int(filter), book)


def draw_replay(
    seen: list[Frame],
    accuracy: dict[int, float],
    of: str,
    chosen: Chosen,
    classes: tuple[str, ...],
    layer: str,
    filter: int,
    book: str,
) -> None:
    so_far = [accuracy.get(frame.step, 0.0) for frame in seen]
    first, last = seen[0], seen[-1]
    before, after = classes[first.predicted], classes[last.predicted]
    answer(
        f"It began by reading {before} into {chosen.title}, and now reads **{after}**, "
        f"{probability(float(last.probabilities.max()))} sure."
    )
    strips = []
    if last.maps.ndim == 3:
        maps = _stack([f.map for f in seen])
        scale = "activation" if maps.min() >= 0 else "signed"
        strips.append(Strip(f"map {filter} of {layer}", contact_sheet(maps, scale, "shared"), 168))
        mosaics = np.stack([_mosaic(frame.maps.numpy()) for frame in seen])
        lowest = 0.0 if mosaics.min() >= 0 else -1.0
        scale = "activation" if lowest == 0 else "signed"
        strips.append(Strip(f"all {len(last.maps)} maps", contact_sheet(mosaics, scale, (lowest, 1.0)), 200))
    pictures = np.stack([(frame.picture.mean(0) * (not frame.dead)).numpy() for frame in seen])
    strips.append(Strip("what it looks for", contact_sheet(pictures, "grey", "own"), 168))
    if last.kernel is not None and last.kernel.ndim == 3:
        heaviest = int(last.kernel.abs().sum(dim=(1, 2)).argmax())
        words = "its kernel" if len(last.kernel) == 1 else f"its kernel over map {heaviest}"
        strips.append(
            Strip(words, contact_sheet(_stack([f.kernel[heaviest] for f in seen]), "signed", "shared"), 120)
        )
    captions = []
    for frame, right in zip(seen, so_far, strict=True):
        read = f"It reads {classes[frame.predicted]}, {probability(float(frame.probabilities.max()))} sure"
        told = f"; {percent(right)} of {of} right."
        silent = " Its filter finds nothing to look for yet." if frame.dead else ""
        captions.append(read + told + silent)
    flipbook(
        strips,
        key="replay",
        book=f"{book}/{chosen.key}/{layer}/{filter}",
        places=[f"step {count(frame.step)}" for frame in seen],
        unit="steps of training",
        captions=captions,
        curve=CurveLine(
            f"accuracy so far, % of {of}",
            [100 * a for a in so_far],
            f"step {count(first.step)}",
            f"step {count(last.step)}",
        ),
        start=len(seen) - 1,
        fps=5,
    )
    what_you_see(
        "Every picture shows the same filter at the same moment of its training. Early on the kernel is noise and the "
        "map a blur; watch when the map sharpens, and whether the accuracy jumps then."
    )


def _stack(maps: list) -> np.ndarray:
    return np.stack([one.numpy() for one in maps])


def _mosaic(maps: np.ndarray) -> np.ndarray:
    """(C, H, W) side by side in one picture, each stretched to its own largest value, with a line of 0 between."""
    channels, height, width = maps.shape
    across = int(np.ceil(np.sqrt(channels)))
    down = -(-channels // across)
    high = np.maximum(np.abs(maps).max(axis=(1, 2), keepdims=True), 1e-9)
    picture = np.zeros((down * (height + 1), across * (width + 1)), np.float32)
    for i, one in enumerate(maps / high):
        top, left = i // across * (height + 1), i % across * (width + 1)
        picture[top : top + height, left : left + width] = one
    return picture
