"""What does one filter look for? A picture for every filter by gradient ascent, a card for one, and how one grew."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import (
    Examples,
    FilterPictures,
)
from pages.filters.card import card, shown_as_grey
from pages.filters.climbing import examples_of, has_maps, layers_of, pictures_of, standard_layer, word
from pages.filters.growth import growth
from pages.filters.strip import FILTER, REFUSED, follow_address, strip
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import singular
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording.blocks import (
    answer,
    caption,
    next_question,
    problem,
    sheet_heading,
    what_you_see,
)
from pages.ui.wording.numbers import count, plural

require_shell()

MOST = 128  # filters of one sheet; a dense layer can have thousands of units
_GROW = "filter_grows"


# ---------------------------------------------------------------- the sheet


def all_filters(
    layer: str, found: FilterPictures, chosen: int, steps: int, seed: int, classes: tuple[str, ...]
) -> None:
    """Draw the sheet.  classes: what the units are called, of the last layer; else nothing."""
    images = shown_as_grey(found.images.numpy())
    side = images.shape[1]
    with st.container(gap="xsmall"):
        st.markdown(
            sheet_heading(
                layer,
                f"{plural(len(images), 'picture')} of {images.shape[1]}×{images.shape[2]}",
                "each stretched to its own range",
                plural(steps, "step"),
                f"seed {seed}",
            )
        )
        sheet(
            contact_sheet(images, "grey", "own"),
            key=f"filters_{layer}",
            alt=f"What the filters of {layer} look for",
            tile_px=56 if side <= 56 else side,
            columns=8,
            labels=[
                f"{word(layer)} {i}, {low:.2g} to {high:.2g}"
                for i, (low, high) in zip(found.filters, found.range, strict=True)
            ],
            states=list(found.why),
            captions=[(classes[i], "") for i in found.filters] if classes else None,
            selected=found.filters.index(chosen) if chosen in found.filters else None,
            on_click=lambda place: st.session_state.update({FILTER: (layer, found.filters[place])}),
        )


def summary(layer: str, found: FilterPictures, examples: Examples | None) -> str:
    """The answer in one line, with three facts kept apart: pictures, no slope, never fires."""
    total, dead = len(found.filters), int(found.dead.sum())
    text = f"**{count(total - dead)} of {count(total)}** {word(layer)}s of {layer} have a picture"
    no_slope = sum(why == "no slope" for why in found.why)
    asleep = dead - no_slope
    if no_slope:
        text += f"; for {count(no_slope)} the gradient stays zero"
    if asleep:
        text += f"; {count(asleep)} could not be woken"
    if examples is not None and (quiet := int(examples.fires.eq(0).sum())):
        fire = "fires" if quiet == 1 else "fire"
        text += f"; {plural(quiet, word(layer))} never {fire} on {count(examples.count)} test images"
    return text + "."


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = networks.current()
    layers = layers_of(shown)
    told = st.empty()
    follow_address(layers)
    with st.container(horizontal=True, vertical_alignment="center", key="filters_strip"):
        layer, recipe, steps, seed, how = strip(layers)
        st.space("stretch")
        chosen_layer, chosen = st.session_state.get(FILTER, (None, 0))
        is_chosen = chosen_layer == layer and isinstance(chosen, int) and chosen < layers[layer]
        index = chosen if is_chosen else min(41, layers[layer] - 1)
        address.write(FILTER, f"{layer}.{index}" if is_chosen or layer != standard_layer(layers) else "")
        grows = st.session_state.get(_GROW, False)
        st.button(
            f"Back to all {word(layer)}s" if grows else f"Watch {word(layer)} {index} grow",
            icon=":material/arrow_back:" if grows else ":material/play_arrow:",
            key="grow",
            on_click=lambda: st.session_state.update({_GROW: not grows}),
        )
    if shown.note:
        caption(shown.note)
    refused_in, refused = st.session_state.get(REFUSED, ((), ""))
    if refused_in == tuple(layers) and not is_chosen:
        caption(f"{refused} You are looking at {layer}.")
    classes = networks.classes_of(shown) if layer == list(layers)[-1] and not has_maps(layer) else ()
    settings = (recipe, steps, seed, tuple(sorted(how.items())))
    filters = tuple(range(min(layers[layer], MOST)))
    if index not in filters:
        filters = (*filters[:-1], index)
    left, right = st.columns([576, 292], gap="medium")
    try:
        with left, st.spinner(f"Climbing for {plural(len(filters), word(layer))} of {layer} …"):
            found = pictures_of(shown.weights_key, layer, filters, recipe, steps, seed, settings[3], shown)
            examples = examples_of(shown.weights_key, layer, shown) if has_maps(layer) else None
    except StudentError as error:
        problem(error)
        return
    with told:
        extra = (
            ""
            if shown.trained
            else " It has not been trained, so they are looking for nothing in particular."
        )
        answer(summary(layer, found, examples) + extra)
    with left:
        if grows:
            growth(shown, layer, index, settings)
        else:
            all_filters(layer, found, index, steps, seed, classes)
            begun = [i for i, where in zip(found.filters, found.begun, strict=True) if where == "example"]
            rescued = (
                f" {plural(len(begun), 'picture')} began as a test image: noise gave no slope."
                if begun
                else ""
            )
            what_you_see(
                f"Each picture began as noise and was changed for {plural(steps, 'step')} to make one {word(layer)} "
                f"fire more: it is a question, not a {singular(shown.dataset)}. Dashed: nothing was found, and noise "
                f"would look like an answer.{rescued}"
            )
    with right:
        card(shown, layer, index, found, settings, classes)


page_head("filters")
st.fragment(page, run_every=5.0 if networks.is_training() else None)()
next_question("deep_dream", "climbs the same hill on a cat.")
