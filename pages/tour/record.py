"""What a visitor takes away of the lesson: their networks, predictions and pictures, gathered from everywhere."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.export.record import NetOfRecord, Record
from cnn_core.insight import RECIPES
from cnn_core.model import summarize
from pages.tour import record_words as words
from pages.ui.forms.digit_input import chosen_test_image
from pages.ui.trained.report import facts, pictures_of, ruled
from pages.ui.trained.trained import Trained
from pages.ui.visitor import networks, server, who
from pages.ui.wording.looking import look
from pages.ui.wording.predictions import prediction

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures
    from cnn_core.runs import Run

MOST = 8  # networks, the newest: each takes half a page
LOOKED_THROUGH = 60  # of the visitor's newest runs
FILTERS = 32  # pictures of so many filters fit below each other
STEPS = 40  # of gradient ascent, and
WATCHED = 2_000  # test images a silent filter may begin from: as on the page Filters
DREAM_SIDE = 480  # pixels at most


def record_of(name: str, steps: tuple[int, int]) -> Record:
    """Everything but what takes long; pictures of filters are computed elsewhere while a bar is drawn.

    name:  as the visitor typed it.
    steps: (done, of so many) of the lesson.
    """
    runs = server.store().runs(owner=who.visitor(), limit=LOOKED_THROUGH)
    trained = [one for run in runs if run.kind == "training" and (one := _readable(run)) is not None]
    return Record(
        name=" ".join(name.split()),
        date=today(),
        steps=steps,
        networks=[_network(one) for one in trained[:MOST]],
        has_older=len(trained) > MOST or len(runs) == LOOKED_THROUGH,
        predictions=[prediction(guess) for guess in server.store().notebooks.of(who.visitor()).guesses],
        pictures=[*_pictures_of_a_network(trained), *_dreams(runs)],
    )


def today() -> str:
    """The date where the visitor is, as it is written: "27 November 2026"."""
    behind = st.context.timezone_offset or 0  # minutes that their clock is behind Greenwich's
    return datetime.now(timezone(timedelta(minutes=-behind))).strftime("%d %B %Y").lstrip("0")


def _readable(run: Run) -> Trained | None:
    """A training that came to anything; None of one that has not begun, or that this server cannot read."""
    try:
        one = Trained.of_run(run)
    except StudentError:
        return None
    return one if one.has_curve or one.accuracy is not None else None


def _network(one: Trained) -> NetOfRecord:
    told = {name: text for name, text in facts(one, images=one.count).items() if name != "Test accuracy"}
    if one.state != "finished":
        told["State"] = words.STATES.get(one.state, words.GOES_ON)
    return NetOfRecord(one.title, one.spec, one.accuracy, one.count, one.is_tested, told, one.history)


# ---------------------------------------------------------------- pictures


def _pictures_of_a_network(trained: list[Trained]) -> list[tuple[str, bytes]]:
    """The visitor's digit through their newest network that has maps, and what its filters look for."""
    for one in trained:
        with suppress(StudentError):
            network = networks.named(one.name)
            layer = _layer_with_maps(one)
            if network.run_id is None or layer is None or server.why_no_images(one.dataset) is not None:
                continue
            return [*_maps(network), *_filters(network, layer)]
    return []


def _layer_with_maps(one: Trained) -> str | None:
    """The second convolution, where the page Filters begins, or the only one."""
    names = [
        row.name for row, layer in zip(summarize(one.spec), one.spec.layers, strict=True) if layer.has_filters
    ]
    return names[min(1, len(names) - 1)] if names else None


def _maps(network: networks.LoadedNetwork) -> list[tuple[str, bytes]]:
    chosen = chosen_test_image(network.dataset)
    return pictures_of(network.net, words.of_image(f"Test image {chosen.title}", network.title), chosen.image)


def _filters(network: networks.LoadedNetwork, layer: str) -> list[tuple[str, bytes]]:
    from pages.ui.drawing.contact_sheet import image_sheet

    width = next(row.output_shape[0] for row in summarize(network.spec) if row.name == layer)
    found: FilterPictures = look(
        network,
        "pictures",
        min(WATCHED, len(server.images(network.dataset, "test"))),
        layer=layer,
        filters=tuple(range(min(width, FILTERS))),
        recipe=RECIPES["clean"],
        steps=STEPS,
        seed=0,
    )
    silent = sum(why is not None for why in found.why)
    examples = found.begun.count("example")
    caption = words.of_filters(layer, network.title, len(found.filters), silent, examples)
    return [(caption, ruled(image_sheet(found.images.numpy(), "own")))]


def _dreams(runs: list[Run]) -> list[tuple[str, bytes]]:
    """The newest dream that came to its end."""
    from PIL import Image

    for run in runs:
        if run.kind == "dream" and run.status.state == "finished" and (frames := run.frames()):
            with suppress(OSError), Image.open(frames[-1]) as picture:
                small = picture.convert("RGB")
                small.thumbnail((DREAM_SIDE, DREAM_SIDE))
                content = io.BytesIO()
                small.save(content, "PNG")
                return [(words.of_dream(run.name), content.getvalue())]
    return []
