"""What does one filter look for? A picture for every filter by gradient ascent, a card for one, and how one grew."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import (
    RECIPES,
    Examples,
    FilterPictures,
    filter_weights,
    maximize_filters,
    strongest_examples,
    strongest_for_units,
)
from cnn_core.model import summarize
from cnn_core.model.layers import kind_named
from pages.ui import address, state
from pages.ui.digit_input import singular
from pages.ui.flipbook import CurveLine, Strip, flipbook
from pages.ui.messages import (
    answer,
    caption,
    count,
    next_question,
    number,
    plain,
    plural,
    problem,
    sheet_heading,
    what_you_see,
)
from pages.ui.sheets import contact_sheet, picture, sheet
from pages.ui.shell import page_head, require_shell

require_shell()

WATCHED = 2_000  # test images that are asked which filters they excite
MOST = 128  # filters of one sheet; a dense layer can have thousands of units
STEPS = 40
_FILTER = "filter"  # (layer, index) that the card is about; in the address as "conv2d_2.41"
_GROW = "filter_grows"
_LAYER = "filters_layer"
_REFUSED = "filter_refused"  # (layers of the network, sentence)

SWITCHES: dict[str, tuple[str, float, float, str]] = {
    # name: label, the lesson's value, the clean one's, what it is for
    "leak": (
        "Leaky slope",
        0.0,
        0.01,
        "A silent filter gives no slope to climb; a relu that leaks a little does.",
    ),
    "jitter": (
        "Shake",
        0,
        2,
        "The picture is moved by up to 2 pixels at each step, so no pixel matters alone.",
    ),
    "blur": (
        "Soften",
        0.0,
        0.15,
        "15 % of a blurred copy is mixed in at each step: less noise, broader strokes.",
    ),
    "clamp": ("Stay between black and white", False, True, "Without it, pixels run off to −20 or +240."),
    "rescue": (
        "Rescue silent filters",
        False,
        True,
        "Other noise, then the digit that excites it most, as a start.",
    ),
}


# ---------------------------------------------------------------- what is computed, and kept


@st.cache_data(show_spinner=False, max_entries=48)
@state.in_turn
def pictures_of(
    weights_key: str,
    layer: str,
    filters: tuple[int, ...],
    recipe: str,
    steps: int,
    seed: int,
    how: tuple,
    _shown: Any,
) -> FilterPictures:
    return maximize_filters(
        _shown.net,
        layer,
        filters,
        steps=steps,
        seed=seed,
        recipe=recipe,
        examples=watched(_shown),
        **dict(how),
    )


@st.cache_data(show_spinner=False, max_entries=16)
@state.in_turn
def growth_of(
    weights_key: str, layer: str, index: int, recipe: str, steps: int, seed: int, how: tuple, _shown: Any
) -> FilterPictures:
    return maximize_filters(
        _shown.net, layer, [index], steps=steps, seed=seed, recipe=recipe, keep_path=True,
        examples=watched(_shown), **dict(how),
    )  # fmt: skip


@st.cache_data(show_spinner=False, max_entries=16)
@state.in_turn
def examples_of(weights_key: str, layer: str, _shown: Any) -> Examples:
    if has_maps(layer):
        return strongest_examples(_shown.net, watched(_shown), [layer])[layer]
    return strongest_for_units(_shown.net, watched(_shown), layer)


def watched(shown: state.Shown):
    """The first 2,000 test images, as the network takes them."""
    return state.images(shown.dataset, "test").images[:WATCHED].float() / 255


# ---------------------------------------------------------------- asking


def layers_of(shown: state.Shown) -> dict[str, int]:
    """{name: filters} of the layers that can be asked: convolutions, and dense layers, whose units are filters too."""
    return {
        row.name: row.output_shape[0]
        for row, layer in zip(summarize(shown.spec), shown.spec.layers, strict=True)
        if layer.has_filters or layer.has_units
    }


def has_maps(layer: str) -> bool:
    return kind_named(layer).has_filters


def word(layer: str) -> str:
    """What one of a layer's own is called."""
    return "filter" if has_maps(layer) else "unit"


def standard_layer(layers: dict[str, int]) -> str:
    """Where to begin: the second convolution, or the only one; without any, the last layer, whose units are classes."""
    convolutions = [name for name in layers if has_maps(name)]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else list(layers)[-1]


def follow_address(layers: dict[str, int]) -> None:
    """Take over the filter of a link; a sentence is kept for one that is not in this network."""
    text = address.asked(_FILTER)
    if text:
        layer, _, rest = text.partition(".")
        index = address.whole_number(rest, layers.get(layer, 0)) if rest else 0
        st.session_state[_LAYER] = layer
        st.session_state[_FILTER] = (layer, index) if index is not None else (layer, rest)
    layer = st.session_state.get(_LAYER)
    chosen = st.session_state.get(_FILTER)
    missing = ""
    if layer is not None and layer not in layers:
        missing = f"This network has no layer {plain(str(layer)[:30])} to ask."
        st.session_state.pop(_LAYER)
    elif chosen and chosen[0] == layer and not (isinstance(chosen[1], int) and chosen[1] < layers[layer]):
        missing = f"{layer} has no {word(layer)} {plain(str(chosen[1])[:20])}: they go from 0 to {layers[layer] - 1}."
        st.session_state.pop(_FILTER)
    if missing:
        st.session_state[_REFUSED] = (tuple(layers), missing)


def strip(layers: dict[str, int]) -> tuple[str, str, int, int, dict[str, Any]]:
    """The control strip: (layer, recipe, steps, seed, the switches that differ from the recipe)."""
    kept = {"persist_state": "session"}
    names = list(layers)
    first = standard_layer(layers)
    if len(names) <= 4:
        layer = st.segmented_control(
            "Layer", names, default=first, required=True, key=_LAYER, label_visibility="collapsed", **kept
        )
    else:
        layer = st.selectbox(
            "Layer",
            names,
            index=names.index(first),
            key=_LAYER,
            label_visibility="collapsed",
            width=150,
            **kept,
        )
    recipe = st.segmented_control(
        "Recipe",
        ["lesson", "clean"],
        format_func=str.title,
        default="clean",
        required=True,
        key="filters_recipe",
        label_visibility="collapsed",
        **kept,
    )
    recipe = str(recipe or "clean")
    how: dict[str, Any] = {}
    with st.popover("Options", icon=":material/tune:", width="content"):
        for name, (label, lesson, clean, why) in SWITCHES.items():
            standard = recipe == "clean"
            on = st.toggle(label, standard, help=why, key=f"filters_{recipe}_{name}", **kept)
            if on != standard:
                how[name] = clean if on else lesson
        left, right = st.columns(2)
        steps = left.number_input("Steps", 1, 200, STEPS, key="filters_steps", **kept)
        seed = right.number_input("Seed of the noise", 0, 9999, 0, key="filters_seed", **kept)
        caption("“Lesson” is the notebook’s own loop; “Clean” adds the five things above.")
    return str(layer or first), recipe, int(steps), int(seed), how


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
            on_click=lambda place: st.session_state.update({_FILTER: (layer, found.filters[place])}),
        )


def shown_as_grey(images: np.ndarray) -> np.ndarray:
    """(F, C, H, W) to (F, H, W): the only channel, or the mean of several."""
    return images.mean(axis=1)


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


# ---------------------------------------------------------------- one filter


def card(
    shown: state.Shown,
    layer: str,
    index: int,
    found: FilterPictures,
    settings: tuple,
    classes: tuple[str, ...],
) -> None:
    recipe, steps, seed, how = settings
    named = f", the class {classes[index]}" if classes else ""
    place = found.filters.index(index)
    weights, bias = filter_weights(getattr(shown.net, layer), index)
    assert weights is not None
    kernels = weights.numpy()
    if has_maps(layer):
        size = f"{kernels.shape[1]}×{kernels.shape[2]}"
        limit = number(float(np.abs(kernels).max()))
        about = f"{layer} · {plural(len(kernels), 'kernel')} of {size}, ±{limit} · bias {number(bias)}"
    else:
        about = f"{layer} · joined to {count(kernels.size)} numbers · bias {number(bias)}"
    with st.container(gap="xsmall"):
        st.markdown(f"### {word(layer).title()} {index}{named}")
        caption(about)
    before = state.untrained(shown.spec)
    untrained = pictures_of(before.weights_key, layer, (index,), recipe, steps, seed, how, before)
    both = st.grid(2, min_column_width=130, gap="xsmall")
    for words, one, at in (("looks for", found, place), ("before training", untrained, 0)):
        with both, st.container(gap="xsmall"):
            caption(words)
            if one.why[at]:
                caption(f"**{one.why[at]}**")
            else:
                picture(
                    shown_as_grey(one.images[at : at + 1].numpy())[0],
                    f"card_{words}",
                    alt=f"{word(layer).title()} {index}, {words}",
                    px=140,
                )
    if has_maps(layer):
        _kernels(kernels)
    _digits(shown, layer, index, found, place)


def _kernels(kernels: np.ndarray) -> None:
    heaviest = np.argsort(-np.abs(kernels).sum(axis=(1, 2)))[:8]
    many = len(kernels) > 8
    words = (
        f"{len(heaviest)} heaviest of its {count(len(kernels))} kernels"
        if many
        else plural(len(kernels), "kernel")
    )
    limit = float(np.abs(kernels).max()) or 1.0
    with st.container(gap="xsmall"):
        caption(f"{words}; orange +, blue −")
        sheet(
            contact_sheet(kernels[heaviest], "signed", (-limit, limit)),
            key="card_kernels",
            alt="The kernels of this filter",
            tile_px=30 if many else 60,
            labels=[f"over map {i}" for i in heaviest] if len(kernels) > 1 else ["its kernel"],
            clickable=False,
            columns=8,
        )


def _digits(shown: state.Shown, layer: str, index: int, found: FilterPictures, place: int) -> None:
    examples = examples_of(shown.weights_key, layer, shown)
    best = float(examples.maximum[index])
    what = singular(shown.dataset)
    if best <= 0:
        caption(f"It never fires on {count(examples.count)} test images.")
        return
    test = state.images(shown.dataset, "test")
    chosen = examples.indices[index].tolist()
    marks = []
    for k in range(len(chosen)):
        rows, columns = examples.box(index, k)
        marks.append([(rows[0], columns[0], rows[1] + 1, columns[1] + 1)])
    with st.container(gap="xsmall"):
        where = ", and where" if has_maps(layer) else ""
        caption(f"the {plural(len(chosen), f'test {what}')} that excite it most{where}")
        sheet(
            contact_sheet(test.images[chosen, 0].numpy() / 255, "grey", (0.0, 1.0)),
            key="card_digits",
            alt=f"The test images that excite this {word(layer)} most",
            tile_px=84,
            labels=[
                f"no. {i}, {test.classes[int(test.labels[i])]}: {float(v):.2f}"
                for i, v in zip(chosen, examples.values[index], strict=True)
            ],
            marks=marks if has_maps(layer) else None,
            clickable=False,
            columns=3,
        )
    reached = peak_of(shown, layer, index, found, place)
    facts = [("best test image reaches", number(best))]
    if reached is not None:
        facts += [("the picture reaches", number(reached)), ("picture over image", number(reached / best))]
    facts += [
        (f"mean over {count(examples.count)} test images", number(float(examples.mean[index]))),
        (
            "of them it fires on" if has_maps(layer) else "of them above zero",
            count(int(examples.fires[index])),
        ),
    ]
    table(facts)


def table(facts: list[tuple[str, str]]) -> None:
    """Draw names at the left and numbers at the right, as in a printed table."""
    row = (
        '<div style="display:flex;justify-content:space-between;gap:12px;padding:3px 0;font-size:14px">'
        '<span style="opacity:.75">{}</span><b style="font-weight:600;font-variant-numeric:tabular-nums">{}</b></div>'
    )
    rows = "".join(row.format(escape(name), escape(value)) for name, value in facts)
    st.markdown(
        f'<div style="border-top:1px solid #8884;padding-top:4px">{rows}</div>', unsafe_allow_html=True
    )


def peak_of(shown: state.Shown, layer: str, index: int, found: FilterPictures, place: int) -> float | None:
    """The largest value in the filter's map of its own picture; None where it has no picture."""
    if found.why[place]:
        return None
    from cnn_core.insight import feature_maps_batch

    image = found.images[place : place + 1].clamp(0, 1)
    return float(feature_maps_batch(shown.net, image, [layer])[layer][0, index].max())


# ---------------------------------------------------------------- how one grew


def growth(shown: state.Shown, layer: str, index: int, settings: tuple) -> None:
    recipe, steps, seed, how = settings
    found = growth_of(shown.weights_key, layer, index, recipe, steps, seed, how, shown)
    assert found.path is not None
    assert found.gradients is not None
    scores = found.scores[0].tolist()
    pages = shown_as_grey(found.path[0].numpy())
    gradients = shown_as_grey(found.gradients[0].numpy())
    gradients = np.concatenate(
        [gradients, np.zeros_like(gradients[:1])]
    )  # after the last step none was needed
    what = "mean of the filter’s map" if has_maps(layer) else "the unit’s number"
    answers = f"{what if what.startswith('the') else f'the {what}'} is"
    begun = {"noise": "white noise", "other noise": "other noise", "example": "a test image"}.get(
        found.begun[0], "noise"
    )
    flipbook(
        [
            Strip("the image now", contact_sheet(pages, "grey", "own"), 224),
            Strip("the gradient: brighter where orange", contact_sheet(gradients, "signed", "own"), 224),
        ],
        key="filter_growth",
        book=f"{shown.weights_key}/{layer}/{index}/{settings}",
        places=[f"step {i} of {steps}" for i in range(steps + 1)],
        unit="steps of gradient ascent",
        captions=[
            f"It began as {begun}: {answers} {scores[0]:.3g}."
            if i == 0
            else f"After {plural(i, 'step')} {answers} {scores[i]:.3g}."
            for i in range(steps + 1)
        ],
        curve=CurveLine(f"{what}, at each step", scores, "step 0", f"step {steps}"),
    )
    how_full = RECIPES[recipe]
    st.markdown(
        "**What happens at each step.** The network is asked how the filter’s mean would change if each pixel changed "
        "a little: that is the **gradient**, the picture at the right. Then the image takes a step that way.\n\n"
        "**Why the gradient is divided by its RMS.** In one filter it is a thousand times larger than in another, and "
        "it shrinks as the image gets better. Divided by the root of its mean square, a typical pixel changes by the "
        f"same amount each time (here {how_full.step:g} of full contrast), in each filter and step. A tiny number "
        "is added below the line, so that a gradient of zero is not divided by zero."
    )


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = state.network()
    layers = layers_of(shown)
    told = st.empty()
    follow_address(layers)
    with st.container(horizontal=True, vertical_alignment="center", key="filters_strip"):
        layer, recipe, steps, seed, how = strip(layers)
        st.space("stretch")
        chosen_layer, chosen = st.session_state.get(_FILTER, (None, 0))
        is_chosen = chosen_layer == layer and isinstance(chosen, int) and chosen < layers[layer]
        index = chosen if is_chosen else min(41, layers[layer] - 1)
        address.write(_FILTER, f"{layer}.{index}" if is_chosen or layer != standard_layer(layers) else "")
        grows = st.session_state.get(_GROW, False)
        st.button(
            f"Back to all {word(layer)}s" if grows else f"Watch {word(layer)} {index} grow",
            icon=":material/arrow_back:" if grows else ":material/play_arrow:",
            key="grow",
            on_click=lambda: st.session_state.update({_GROW: not grows}),
        )
    if shown.note:
        caption(shown.note)
    refused_in, refused = st.session_state.get(_REFUSED, ((), ""))
    if refused_in == tuple(layers) and not is_chosen:
        caption(f"{refused} You are looking at {layer}.")
    classes = state.classes_of(shown) if layer == list(layers)[-1] and not has_maps(layer) else ()
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
st.fragment(page, run_every=5.0 if state.is_training() else None)()
next_question("deep-dream", "climbs the same hill on a cat.")
