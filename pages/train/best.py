"""The best epoch of a run, and what can be done with weights that are not the last ones."""

from __future__ import annotations

import streamlit as st

from cnn_core.runs import Run
from pages.train import end_words, runner
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption


def best_epoch(run: Run, validation_images: int) -> None:
    """Draw which epoch was best, and the way into it where it is not the one that is looked at.

    validation_images: how many are kept aside.
    """
    best = run.best() if run.has_recipe else None
    if best is None:
        return
    for line in (
        end_words.patience_over(run),
        end_words.best_line(run, validation_images),
        end_words.both_tested(run),
    ):
        if line:
            st.markdown(line)
    # While it trains the best one changes from epoch to epoch: the sidebar has it, and no button comes and goes here.
    for moment in [] if run.status.unfinished else networks.other_moments(run):
        if moment in ("best", "last"):
            _look_into(run, moment, end_words.look_into(moment, best.epoch))


def _look_into(run: Run, moment: str, label: str) -> None:
    name = f"run:{run.id}:{moment}"
    if st.button(
        label,
        key=f"look_{moment}_{run.id}",
        icon=":material/visibility:",
        on_click=design.look_at,
        args=(name,),
    ):
        turn_to("feature_maps")


# ---------------------------------------------------------------- averages


def averages(run: Run) -> None:
    """Draw, after the end, why batch normalisation reads less than was learnt, and offer to measure it anew."""
    if lack := end_words.lacks_batch(run.spec, run.recipe.batch_size):
        st.markdown(lack)
    anew = run.remeasured()
    if server.store().is_remeasuring(run):
        caption(end_words.REMEASURING)
        return
    if "accuracy" in anew:
        st.markdown(end_words.remeasured(run))
        _look_into(run, "remeasured", end_words.LOOK_INTO_REMEASURED)
        return
    st.markdown(end_words.old_averages(run))
    refusals.draw("train_averages")
    if "error" in anew:
        st.markdown(f":red[{anew['error']}]")
    if run.is_owner(who.visitor()) and st.button(
        end_words.REMEASURE, key="remeasure", type="primary", on_click=_remeasure, args=(run.id,)
    ):
        st.rerun()  # the page gets its timer


def _remeasure(run_id: str) -> None:
    with refusals.collect("train_averages"):
        server.store().remeasure(run_id, who.visitor())
        runner.wake()
