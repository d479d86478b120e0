"""Is it learning? Start a training, watch it, stop it, change its rate. It goes on when the page is left.

The page reads the run store and writes wishes into it; the training itself is done by a worker process.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import available
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.runs import Run
from cnn_core.runs.expectation import split_sizes
from cnn_core.runs.history import Curve
from pages.train.before import before
from pages.train.explained import explained
from pages.train.strip import _at_once, _strip, is_told_otherwise, shows_another_rate
from pages.train.words import _verdict, state_words
from pages.ui.drawing.contact_sheet import Sheet, contact_sheet
from pages.ui.drawing.diagram import network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.learning_charts import loss_and_accuracy
from pages.ui.drawing.sheets import sheet
from pages.ui.frame.board import board_places, board_style
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, server, who
from pages.ui.wording.blocks import (
    answer,
    caption,
    next_question,
    problem,
    what_you_see,
)
from pages.ui.wording.numbers import percent, points, probability_tile

require_shell()


def watched() -> Run | None:
    """The run that the sidebar looks at, or None where it looks at something else."""
    kind, _, run_id = design.looked_at().partition(":")
    if kind != "run":
        return None
    try:
        return server.store().run(run_id)
    except StudentError as error:
        problem(error)
        return None


# ---------------------------------------------------------------- during and after


def during(run: Run) -> None:
    """A run: its strip, its curves, its number, twelve digits. What moves is drawn anew each second."""
    status = run.status
    verdict = st.empty()  # above the strip, which stays as it is from second to second
    st.fragment(_strip)(run)
    board_style("run_board", second="left")
    live = st.fragment(_live, run_every=1.0 if status.unfinished else None)
    learnt, kept = split_sizes(available(run.dataset).train or 60_000)
    live(run, status.state, verdict, learnt, kept)
    next_question("feature_maps", "opens this very network, also while it trains.")


def _live(watched: Run, state_before: str, verdict: DeltaGenerator, learnt: int, kept: int) -> None:
    """learnt, kept: how many images the data set has to learn from, and how many of it are kept aside."""
    run = _at_once(watched)
    status = run.status
    mine = run.is_owner(who.visitor())
    if mine and status.unfinished:
        server.store().seen(who.visitor())
        if status.state == "queued":
            server.store().mend(watched)
        server.wake_runner()
    with verdict:
        answer(_verdict(run, kept))
    top, left, below = board_places("run_board")
    with left:
        if not run.has_recipe:
            _design_of(run)
        else:
            _curves(run, images=min(learnt, run.recipe.train_size or learnt))
    with top:
        _number(run)
    with below:
        _twelve(run)
    # A change of state has to reach the strip and the sidebar too; with the last one the timer goes away.
    if status.state != state_before or is_told_otherwise(run, mine) or shows_another_rate(run):
        st.rerun()


def _design_of(run: Run) -> None:
    show(
        network_diagram(run.spec, mode()),
        key="opened_diagram",
        alt=f"The layers of {run.spec.name}, drawn to scale",
    )
    caption(
        "Its curves begin here when it is trained on, from the weights it came with: press “2 epochs more”."
    )


def _curves(run: Run, images: int) -> None:
    """images: in one epoch."""
    show(
        loss_and_accuracy(run.history(), run.recipe.epochs, mode(), dataset=run.dataset, images=images),
        key=f"curves_{run.id}",
        alt="Accuracy and loss of training and validation, against epochs",
    )
    what_you_see(
        "The violet line is measured on the images being learnt, the amber one on images kept aside. While both "
        "losses fall it learns; when amber turns up and violet goes on falling, it has begun to memorise."
    )


def _number(run: Run) -> None:
    status, curve = run.status, run.history().validation
    result = status.result or {}
    if status.state == "finished" and "accuracy" in result:
        st.metric("Test accuracy", percent(result["accuracy"]))
    elif curve.accuracy:
        change = _lately(curve)
        words = None if change is None else points(change)
        st.metric(
            "Validation accuracy now",
            percent(curve.accuracy[-1]),
            delta=words and f"{words} in the last epoch",
            # Streamlit would take our minus sign for a word, and the rest for a rise.
            delta_arrow="up" if words and words[0] == "+" else "down" if words and words[0] == "−" else "off",
            delta_color="green" if words and words[0] == "+" else "gray",
        )
    else:
        st.metric("Validation accuracy now", "–")
    st.markdown(state_words(run))
    if status.state in ("running", "paused", "queued", "interrupted"):
        st.progress(min(1.0, status.epoch / max(run.recipe.epochs, 1)))


def _lately(curve: Curve) -> float | None:
    """What the last epoch brought, as a fraction, once there has been more than one."""
    before = [a for e, a in zip(curve.epoch, curve.accuracy, strict=True) if e <= curve.epoch[-1] - 1]
    return curve.accuracy[-1] - before[-1] if before else None


def _twelve(run: Run) -> None:
    """Twelve test images with what the network makes of them now; red where it is wrong."""
    sample = run.sample()
    if sample is None:
        return
    try:
        test = server.images(run.dataset, "test")
        images = test.images[sample.indices, 0]
    except (StudentError, IndexError):
        return
    guesses = [max(range(len(row)), key=row.__getitem__) for row in sample.probabilities]
    captions, wrong = [], set()
    for i, (guess, label, row) in enumerate(zip(guesses, sample.labels, sample.probabilities, strict=True)):
        right = guess == label
        words = test.classes[guess] if right else f"{test.classes[guess]}, is a {test.classes[label]}"
        captions.append((words, probability_tile(row[guess])))
        if not right:
            wrong.add(i)
    noun = dataset_of(run.dataset).noun
    st.markdown(f"**Twelve test {noun}, read now**")
    sheet(
        _tiles(images.numpy().tobytes(), tuple(images.shape)),
        key=f"twelve_{run.id}",
        alt=f"Twelve test {noun} and what the network reads",
        tile_px=56,
        captions=captions,
        wrong=wrong,
        columns=4,
        clickable=False,
    )
    what_you_see("Under each image: the answer, and how sure it is. Red: a wrong answer.")


@lru_cache(maxsize=32)  # the same ones each second
def _tiles(grey: bytes, shape: tuple[int, ...]) -> Sheet:
    """Images (count, H, W) of a byte a pixel as one picture."""
    return contact_sheet(np.frombuffer(grey, np.uint8).reshape(shape), "grey", (0, 255))


# ---------------------------------------------------------------- explained


page_head("train")
run = watched()
if run is None or run.kind != "training":
    before()
else:
    during(run)
explained()
