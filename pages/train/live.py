"""A run as it goes on: its answer, its curves, its number, twelve images; drawn anew each second, its start sooner."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.runs import Run, Sample
from cnn_core.runs.status import GETTING_READY
from cnn_core.training.history import Curve
from pages.train import best, doctor, end_words, runner, words
from pages.train.curves import curves
from pages.train.sizes import sizes
from pages.train.strip import at_once, rate_is_stale, sidebar_is_stale
from pages.ui.drawing.contact_sheet import Sheet, image_sheet
from pages.ui.drawing.diagram import diagram_alt, network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.frame.announcement import announce
from pages.ui.frame.board import board_places
from pages.ui.visitor import server, who
from pages.ui.wording import no_room, screen_summary
from pages.ui.wording.blocks import answer, caption, what_you_see
from pages.ui.wording.classes import has_long_name
from pages.ui.wording.numbers import direction, percent, points, probability_tile
from pages.ui.wording.run_states import turn

BOARD = "run_board"  # its style is said once, by the page
_GOES_ON = ("running", "paused", "queued", "interrupted")
_ARROWS: dict[int, Literal["up", "down", "off"]] = {1: "up", -1: "down", 0: "off"}


def live(
    run: Run,
    state_before: tuple[str, float | None],
    verdict: DeltaGenerator,
    summary: DeltaGenerator,
    sizes: tuple[int, int],
) -> None:
    """Draw the run as it stands now, and keep it going; draw the whole page anew where the rest of it is stale.

    state_before: as the rest of the page shows it, and `seconds_between` then.
    verdict:      the place above the strip for the answer.
    summary:      the place for that.
    sizes:        how many images the data set has to learn from, and how many of it are kept aside.
    """
    now = at_once(run)
    mine = now.is_owner(who.visitor())
    if mine and now.status.unfinished:
        runner.keep_going(run, now.status.state)
    screen_summary.put(summary, words.summary_of_run(now, sizes[1], mine))
    _draw(now, verdict, *sizes)
    # A change of state has to reach the strip and the sidebar too; with the last one the timer goes away.
    state = now.status.state, seconds_between(now)
    if state != state_before or sidebar_is_stale(now, mine) or rate_is_stale(now):
        st.rerun()


def seconds_between(run: Run) -> float | None:
    """Seconds until it is drawn again: few while its first step may come at any moment; None where nothing moves."""
    if _is_about_to_begin(run):
        return 0.2
    return 1.0 if run.status.unfinished or server.store().is_remeasuring(run) else None


def _is_about_to_begin(run: Run) -> bool:
    status = run.status
    if status.step or status.reason not in (
        "",
        GETTING_READY,
    ):  # it began, or waits for something and says for what
        return False
    return status.state == "running" or (status.state == "queued" and turn(run.id) == (0, None))


def _draw(run: Run, verdict: DeltaGenerator, training_images: int, validation_images: int) -> None:
    with verdict:
        answer(words.verdict(run, validation_images))
    announce("train_spoken", end_words.spoken(run) if run.has_recipe else "")
    runner.draw_refusal()
    if run.status.unfinished:
        no_room.draw()
    if end_words.has_old_averages(run):
        best.averages(run)
    top, left, below = board_places(BOARD)
    with left:
        if run.has_recipe:
            images = min(training_images, run.recipe.train_size or training_images)
            curves(run, images, validation_images)
            sizes(run)
        else:
            _diagram(run)
    with top:
        _number(run)
        best.best_epoch(run, validation_images)
    with below:
        if not doctor.finding_of(run, training_images):
            _twelve(run)
        doctor.gradients(run)


def _diagram(run: Run) -> None:
    show(network_diagram(run.spec, mode()), key="opened_diagram", alt=diagram_alt(run.spec))
    caption(words.NO_CURVES)


# ---------------------------------------------------------------- its number


def _number(run: Run) -> None:
    status, curve = run.status, run.history().validation
    result = status.result or {}
    if status.state == "finished" and "accuracy" in result:
        st.metric("Test accuracy", percent(result["accuracy"]))
    elif curve.accuracy:
        _validation(curve)
    else:
        st.metric("Validation accuracy now", "–")
    st.markdown(words.state(run))
    if status.state in _GOES_ON:
        st.progress(min(1.0, status.epoch / max(run.recipe.epochs, 1)))


def _validation(curve: Curve) -> None:
    change = curve.change_in_last_epoch()
    way = 0 if change is None else direction(change)
    st.metric(
        "Validation accuracy now",
        percent(curve.accuracy[-1]),
        delta=None if change is None else f"{points(change)} in the last epoch",
        # Streamlit would take our minus sign for a word, and the rest for a rise.
        delta_arrow=_ARROWS[way],
        delta_color="green" if way > 0 else "gray",
    )


# ---------------------------------------------------------------- twelve images


SIDE, WIDE = 56, 84  # pixels of a tile; the second where a class has a long name


def _twelve(run: Run) -> None:
    """A dozen test images, or all where there are fewer, with what the network makes of them now; red where wrong."""
    sample = run.sample()
    if sample is None:
        return
    try:
        test = server.images(run.dataset, "test")
        images = test.images[sample.indices].numpy()
    except (StudentError, IndexError):
        return
    if len(sample.probabilities[0]) != len(test.classes):
        return
    guesses = [max(range(len(row)), key=row.__getitem__) for row in sample.probabilities]
    noun = dataset_of(run.dataset).noun
    is_wide = has_long_name(test.classes)
    few = words.some_test(len(sample.indices), noun)
    st.markdown(f"**{few}, read now**")
    sheet(
        _tiles(images.tobytes(), images.shape),
        key=f"twelve_{run.id}",
        alt=f"{few} and what the network reads",
        tile_px=WIDE if is_wide else SIDE,
        labels=[
            end_words.read_aloud(test.classes[guess], test.classes[label])
            for guess, label in zip(guesses, sample.labels, strict=True)
        ],
        captions=_captions(sample, guesses, test.classes),
        wrong={i for i, pair in enumerate(zip(guesses, sample.labels, strict=True)) if pair[0] != pair[1]},
        columns=3 if is_wide else 4,
        clickable=False,
    )
    what_you_see(words.under_the_twelve(run.dataset, sample.labels))


def _captions(sample: Sample, guesses: list[int], classes: tuple[str, ...]) -> list[tuple[str, str]]:
    """For each image what was read, and how sure the network is of it."""
    return [
        (words.reading(guess, label, classes), probability_tile(row[guess]))
        for guess, label, row in zip(guesses, sample.labels, sample.probabilities, strict=True)
    ]


@lru_cache(maxsize=32)  # the same ones each second
def _tiles(pixels: bytes, shape: tuple[int, ...]) -> Sheet:
    """Images (count, C, H, W) of a byte a pixel and channel as one picture."""
    return image_sheet(np.frombuffer(pixels, np.uint8).reshape(shape), (0, 255))
