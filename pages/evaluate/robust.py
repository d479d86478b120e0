"""How accuracy falls as the test digits are shifted, turned and noised."""

from __future__ import annotations

from typing import Any

import streamlit as st
import torch

from cnn_core.data import ImageSet
from cnn_core.training import CHANGES, accuracy_under, changed_images
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.evaluation_charts import robustness_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import in_colour
from pages.ui.drawing.palette import RUNS
from pages.ui.drawing.sheets import sheet
from pages.ui.frame import process
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import what_you_see
from pages.ui.wording.numbers import count, percent, plural

ROBUST = 2_000  # test images of the curves


@st.cache_data(show_spinner=False, max_entries=48)
@process.in_turn
def robustness_of(weights_key: str, dataset: str, size: int, change: str, _shown: Any) -> list[float]:
    return accuracy_under(_shown.net, server.images(dataset, "test").take(ROBUST), change)


def rivals(shown: networks.LoadedNetwork) -> list[networks.LoadedNetwork]:
    """The network being looked at, then ours of the other kind, trained on the same images."""
    from cnn_core import pretrained

    found = [shown]
    for name in ("lesson", "mlp"):
        if (
            shown.dataset == "mnist"
            and name in pretrained.names()
            and shown.weights_key != f"pretrained:{name}"
        ):
            other = networks.named(f"pretrained:{name}")
            if other.spec.fingerprint != shown.spec.fingerprint:
                found.append(other)
    return found[:3]


def robust(shown: networks.LoadedNetwork, test: ImageSet, classes: tuple[str, ...]) -> None:
    change = st.segmented_control(
        "Change",
        list(CHANGES),
        format_func=str.title,
        default="shift",
        required=True,
        key="evaluate_change",
        label_visibility="collapsed",
        persist_state="session",
    )
    change = str(change or "shift")
    strengths, unit = CHANGES[change]
    left, right = st.columns([576, 292], gap="medium")
    lines = []
    with (
        left,
        st.spinner(
            f"Reading {count(min(ROBUST, len(test)))} test images, {plural(len(strengths), 'time')} …"
        ),
    ):
        for one in rivals(shown):
            if one.spec.input_shape == shown.spec.input_shape:
                found = robustness_of(one.weights_key, shown.dataset, len(test), change, one)
                lines.append((one.spec.name if one.kind != "run" else one.title, found))
        names = [in_colour(color, name) for (name, _), color in zip(lines, RUNS[mode()], strict=False)]
        st.markdown(" &emsp; ".join(names))
        show(
            robustness_chart(strengths, lines, unit, 1 / shown.spec.classes, mode()),
            key="robustness",
            alt=f"Accuracy against {change}",
        )
        read = count(min(ROBUST, len(test)))
        what_you_see(
            f"Each point is the accuracy on {read} test images, all of them changed by that much. A convnet looks with "
            "the same filters everywhere, so a shift costs it less; nobody taught either to turn."
        )
    with right:
        st.markdown("**What they are asked to read**")
        examples = torch.cat(
            [changed_images(test.images[i : i + 1], change, s, 1) for s in strengths for i in range(2)]
        )
        sheet(
            contact_sheet(examples[:, 0].numpy(), "grey", (0.0, 1.0)),
            key="robust_examples",
            alt="Two test images at each strength",
            tile_px=56,
            columns=4,
            captions=[(f"{s:g}", "") for s in strengths for _ in range(2)],
            clickable=False,
        )
        if len(lines) > 1:
            middle = len(strengths) // 2
            best = max(lines, key=lambda line: line[1][middle])
            rest = [line for line in lines if line is not best]
            told = ", ".join(f"{name} {percent(values[middle])}" for name, values in rest)
            st.markdown(
                f"At {strengths[middle]:g} {unit.partition(',')[0]}: **{best[0]} {percent(best[1][middle])}**, {told}."
            )
