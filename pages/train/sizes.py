"""Gradients and steps of each layer while a run learns, folded away under its curves; also after its end."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core.runs import LayerSizes, Run, StepSizes
from pages.train import sizes_words as words
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import named_styles
from pages.ui.drawing.over_time_charts import epoch_axis, sizes_chart
from pages.ui.forms import choice
from pages.ui.wording.blocks import what_you_see
from pages.ui.wording.layer_sizes import EXPLAINED, NAMES, What, alt, in_words


def sizes(run: Run) -> None:
    """Draw what opens them, and nothing for a run of before they were measured; closed it costs nothing."""
    measured = run.step_sizes()
    if not measured.gradients:
        return
    box = st.expander(words.TITLE, key="train_sizes_open", on_change="rerun")
    if box.open:
        with box:
            _inside(run, measured)


def _inside(run: Run, measured: StepSizes) -> None:
    what = _ask(has_steps=bool(measured.moved))
    moments = measured.moved if what == "step" else measured.gradients
    last = moments[-1]
    st.markdown(in_words(what, last.step, last.layers))
    lines = _lines(moments)
    st.markdown(named_styles(list(lines), mode()))
    ends = {name: (line[0], line[-1]) for name, line in lines.items()}
    axis = epoch_axis(max(run.recipe.epochs, last.epoch))
    figure = sizes_chart([one.epoch for one in moments], lines, axis, mode())
    show(figure, key=f"train_sizes_{run.id}", alt=alt(what, ends))
    what_you_see(EXPLAINED[what] + words.why_steps_are_alike(what, run.recipe.optimizer, measured))
    if len(measured.gradients) > 1 and not measured.moved:
        st.markdown(words.NO_STEPS)


def _ask(has_steps: bool) -> What:
    if not has_steps:
        return "gradient"
    offered: list[What] = ["gradient", "step"]
    return choice.one_of("What", {what: NAMES[what] for what in offered}, "train_sizes_what")


def _lines(moments: Sequence[LayerSizes]) -> dict[str, list[float | None]]:
    """{layer: its size at each moment}."""
    names = list(dict.fromkeys(name for one in moments for name in one.layers))
    return {name: [one.layers.get(name) for one in moments] for name in names}
