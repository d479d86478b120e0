"""What does each layer see? The maps of every layer for one digit, and where any one of their pixels comes from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from cnn_core.errors import StudentError
from pages.feature_maps import why
from pages.feature_maps.maps import (
    WATCHED,
    Maps,
    follow_address,
    mapped_layers,
    maps_of,
    open_map,
    place_of,
    probabilities_of,
    silent_filters,
)
from pages.feature_maps.pixel import pixel
from pages.feature_maps.words import legend, softmax_explained, verdict
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms.digit_input import Chosen, are_here, chosen_image, singular, way_and_number
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording.blocks import (
    answer,
    caption,
    next_question,
    problem,
    sheet_heading,
    what_you_see,
)
from pages.ui.wording.numbers import count, number, plural, probability
from pages.ui.wording.run_states import NO_MAPS

require_shell()


# ---------------------------------------------------------------- what is shown


def compared_with(shown: networks.LoadedNetwork) -> networks.LoadedNetwork | None:
    """Draw the choice of a second network, for the same digit; None where it is not asked for."""
    others = {"": "Beside another net", "untrained": "Beside the same net, untrained"}
    for run in server.store().runs(owner=who.visitor(), limit=8):
        if run.kind == "training" and run.id != shown.run_id and run.snapshots():
            others[f"run:{run.id}"] = f"Beside {run.name}"
    if shown.kind != "pretrained":
        others["pretrained:lesson"] = "Beside the lesson’s convnet"
    choice = st.selectbox(
        "Compare",
        list(others),
        format_func=lambda key: others.get(key, key),
        key="maps_beside",
        label_visibility="collapsed",
        filter_mode=None,
        width=240,
        persist_state="session",
    )
    if not choice:
        return None
    return networks.untrained(shown.spec) if choice == "untrained" else networks.named(str(choice))


# ---------------------------------------------------------------- the sheets


def sheets(
    shown: networks.LoadedNetwork, maps: Maps, every: bool, limits: str, before: Callable[[], None] | None
) -> None:
    """Draw one contact sheet a layer; a click on a tile opens that map at the right.

    before: draws the image itself, left of the first sheet; None for the network beside, which cannot be clicked.
    """
    silent = silent_filters(shown.weights_key, shown.dataset, shown)
    for number_of_layer, name in enumerate(mapped_layers(maps, every)):
        if number_of_layer == 0 and before is not None:
            left, right = st.columns([100, 460], gap="small")
            with left:
                before()
            with right:
                _one_sheet(name, maps, silent, limits, clickable=True)
        else:
            _one_sheet(name, maps, silent, limits, clickable=before is not None)


def _one_sheet(name: str, maps: Maps, silent: Maps, limits: str, clickable: bool) -> None:
    tiles = maps[name]
    channels, height, width = tiles.shape
    drawn = contact_sheet(tiles, "activation" if tiles.min() >= 0 else "signed", limits)
    never = silent[name] & drawn.dark if name.startswith("conv2d") else np.zeros(channels, bool)
    dark = drawn.dark & ~never
    facts = [
        f"{plural(channels, 'map')} of {height}×{width}",
        f"{number(drawn.low, 1 if drawn.low else 0)} to {number(drawn.high, 1)}",
        f"{count(int(dark.sum()))} dark" if dark.any() else "",
        f"{count(int(never.sum()))} never fire" if never.any() else "",
    ]
    place = place_of(maps)
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading(name, *facts))
        sheet(
            drawn,
            key=f"{'maps' if clickable else 'beside'}_{name}",
            alt=f"{plural(channels, 'feature map')} of {name}",
            tile_px=52 if height > 20 or channels <= 16 else 33,
            labels=[
                f"map {i}, {number(low)} to {number(high)}" for i, (low, high) in enumerate(drawn.ranges)
            ],
            states=["never fires" if n else "zero" if d else None for n, d in zip(never, dark, strict=True)],
            selected=place[1] if clickable and place[0] == name else None,
            clickable=clickable,
            on_click=lambda channel: open_map(name, channel, maps),
        )


def _input(chosen: Chosen, chances: list[float], classes: tuple[str, ...]) -> None:
    best = int(np.argmax(chances))
    _, height, width = chosen.image.shape
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading("input", f"{height}×{width}"))
        picture(
            chosen.image[0].numpy(), "maps_input", alt=f"The image: {chosen.title}", px=84, limits=(0.0, 1.0)
        )
        sure = probability(chances[best]).replace(" %", "\u00a0%")
        st.markdown(f"read as  \n**{classes[best]}** :gray[{sure}]")


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = networks.current()
    if not are_here(shown.dataset):
        return
    told = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="maps_strip"):
        way = way_and_number(shown.dataset)
        with st.popover("Options", icon=":material/tune:", width="content"):
            limits = st.segmented_control(
                "Brightness",
                ["own", "shared"],
                format_func={"own": "each map its own", "shared": "one scale a layer"}.get,
                default="own",
                required=True,
                key="maps_limits",
                persist_state="session",
            )
            every = st.toggle("Pooling and other layers too", key="maps_every", persist_state="session")
        st.space("stretch")
        other = compared_with(shown)
    if shown.note:
        caption(shown.note)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(way, shown.dataset)
    if chosen is None:
        with told:
            answer(f"Give it a {singular(shown.dataset)}, and the network answers.")
        return
    try:
        maps = maps_of(shown.weights_key, chosen.key, shown, chosen)
    except StudentError as error:  # a network for other images than ours
        problem(error)
        return
    classes = networks.classes_of(shown)
    chances = probabilities_of(shown.weights_key, chosen.key, shown, chosen)
    refused = follow_address(maps)
    with told:
        answer(verdict(shown, chances, chosen, classes))
    with left:
        if not mapped_layers(maps, True):
            st.markdown(NO_MAPS)
            if st.button("Look at the convnet", on_click=design.look_at, args=("pretrained:lesson",)):
                st.rerun()  # the sidebar shows it too
        else:
            sheets(shown, maps, every, str(limits), lambda: _input(chosen, chances, classes))
            if other is not None:
                st.markdown(f"**Beside it: {other.title}**")
                try:
                    theirs = maps_of(other.weights_key, chosen.key, other, chosen)
                    sheets(other, theirs, every, str(limits), None)
                except StudentError as error:
                    problem(error)
            watched = min(WATCHED, len(server.images(shown.dataset, "test")))
            what_you_see(legend(maps, every, singular(shown.dataset), watched))
    with right:
        if mapped_layers(maps, True):
            pixel(shown, chosen, maps, refused)
        st.markdown("#### How sure is it?")
        truth = chosen.label if shown.trained else None
        show(bars(chances, classes, mode(), truth=truth), key="maps_bars", alt="Probability of each class")
        with st.expander("What softmax does"):
            softmax_explained(list(maps.values())[-1], chances, classes)
    why.section(shown, chosen, classes)


page_head("feature_maps")
going_on = networks.is_training()
st.fragment(page, run_every=2.0 if going_on else None)()
next_question("filters", "asks of one filter what would make it brightest.")
