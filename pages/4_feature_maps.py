"""What does each layer see? The maps of every layer for one digit, and where any one of their pixels comes from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import PixelSum, explain_pixel, feature_maps, never_fires
from cnn_core.model.layers import kind_named
from pages.ui import address, design, state, why
from pages.ui.charts import bars, mode, show, waterfall
from pages.ui.digit_input import Chosen, are_here, article, chosen_image, singular, way_and_number
from pages.ui.messages import (
    NO_MAPS,
    answer,
    caption,
    count,
    next_question,
    number,
    plain,
    plural,
    probability,
    problem,
    sheet_heading,
    signed,
    what_you_see,
)
from pages.ui.sheets import contact_sheet, number_grid, picture, sheet
from pages.ui.shell import page_head, require_shell

require_shell()

WATCHED = 2_000  # test images among which a filter that never fires is looked for
_PLACE = (
    "pixel"  # (layer, channel, row, column) of the number that is taken apart; also its name in the address
)
_REFUSED = "pixel_refused"  # (layers of the network, sentence)

Maps = dict[str, np.ndarray]


# ---------------------------------------------------------------- what is shown


@st.cache_data(show_spinner=False, max_entries=64)
def maps_of(weights_key: str, image_key: str, _shown: state.Shown, _chosen: Chosen) -> Maps:
    """{layer: (C, H, W)} for every layer that has maps, and {last layer: (classes,)} logits."""
    return {name: maps.numpy() for name, maps in feature_maps(_shown.net, _chosen.image).items()}


@st.cache_data(show_spinner=False, max_entries=32)
@state.in_turn
def silent_filters(weights_key: str, dataset: str, _shown: state.Shown) -> Maps:
    """{layer: (C,) bool} for filters that fire on none of the first 2,000 test images."""
    test = state.images(dataset, "test").take(WATCHED)
    return {
        name: silent.numpy() for name, silent in never_fires(_shown.net, test.images.float() / 255).items()
    }


@st.cache_data(show_spinner=False, max_entries=64)
def probabilities_of(weights_key: str, image_key: str, _shown: state.Shown, _chosen: Chosen) -> list[float]:
    return _shown.net.predict(_chosen.image[None])[0].tolist()


def compared_with(shown: state.Shown) -> state.Shown | None:
    """Draw the choice of a second network, for the same digit; None where it is not asked for."""
    others = {"": "Beside another net", "untrained": "Beside the same net, untrained"}
    for run in state.store().runs(owner=state.visitor(), limit=8):
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
    return state.untrained(shown.spec) if choice == "untrained" else state.network_named(str(choice))


# ---------------------------------------------------------------- the sheets


def sheets(
    shown: state.Shown, maps: Maps, every: bool, limits: str, before: Callable[[], None] | None
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
    never = silent[name] & drawn.dark if kind_named(name).has_filters else np.zeros(channels, bool)
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
            on_click=lambda channel: _open_map(name, channel, maps),
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


def mapped_layers(maps: Maps, every: bool) -> list[str]:
    """The layers whose output is maps: convolutions, or all of them."""
    return [
        name for name, values in maps.items() if values.ndim == 3 and (every or kind_named(name).has_filters)
    ]


def _open_map(layer: str, channel: int, maps: Maps) -> None:
    row, column = np.unravel_index(maps[layer][channel].argmax(), maps[layer][channel].shape)
    st.session_state[_PLACE] = (layer, channel, int(row), int(column))


def follow_address(maps: Maps) -> str:
    """Take over the pixel of a link, and write the clicked one there.

    Returns a sentence where it is not in this network, until another one is clicked or another network chosen.
    """
    text = address.asked(_PLACE)
    if text:
        layer, *numbers = text.split(".")
        st.session_state[_PLACE] = (layer, *(address.whole_number(n, 10**6) for n in numbers))
    place = st.session_state.get(_PLACE)
    if place and not is_in(place, maps):
        named = plain((text or ".".join(map(str, place)))[:40])
        told = f"This network has no such pixel ({named}). You are looking at its strongest one."
        st.session_state[_REFUSED] = (tuple(maps), told)
        del st.session_state[_PLACE]
        place = None
    elif place:
        st.session_state.pop(_REFUSED, None)
    address.write(_PLACE, ".".join(map(str, place)) if place else "")
    layers, told = st.session_state.get(_REFUSED, ((), ""))
    return told if layers == tuple(maps) else ""


def is_in(place: tuple, maps: Maps) -> bool:
    """Whether (layer, channel, row, column) is a number of one of these maps."""
    values = maps.get(place[0])
    return (
        values is not None
        and values.ndim == len(place) - 1 == 3
        and all(v is not None and v < n for v, n in zip(place[1:], values.shape, strict=True))
    )


def place_of(maps: Maps) -> tuple[str, int, int, int]:
    """The number that is taken apart: the one clicked, else the strongest of the second layer, for this very image."""
    layers = mapped_layers(maps, True)
    place = st.session_state.get(_PLACE)
    if place and is_in(place, maps):
        return place
    convolutions = mapped_layers(maps, False) or layers
    layer = convolutions[min(1, len(convolutions) - 1)]
    channel, row, column = np.unravel_index(maps[layer].argmax(), maps[layer].shape)
    return layer, int(channel), int(row), int(column)


# ---------------------------------------------------------------- one pixel


def pixel(shown: state.Shown, chosen: Chosen, maps: Maps, refused: str) -> None:
    """Draw the arithmetic of one number: its field on the digit, patch × kernel = products, and the sum."""
    layer, channel, row, column = place_of(maps)
    try:
        found = explain_pixel(shown.net, chosen.image, layer, channel, row, column)
    except StudentError as error:
        problem(error)
        return
    with st.container(gap="xsmall"):
        st.markdown("#### Where does this pixel come from?")
        caption(f"{layer}, map {channel}, row {row}, column {column}. Click any map, then any pixel.")
        if refused:
            caption(refused)
    both = st.grid(2, min_column_width=130, gap="small")
    rows, columns = found.field
    seen = f"{rows[1] - rows[0] + 1}×{columns[1] - columns[0] + 1}"
    with both, st.container(gap="xsmall"):
        caption(f"it sees {seen} pixels")
        picture(
            chosen.image[0].numpy(),
            "pixel_digit",
            alt=f"The {singular(shown.dataset)}, with the {seen} pixels that this number sees",
            px=120,
            limits=(0.0, 1.0),
            rects=[(rows[0], columns[0], rows[1] + 1, columns[1] + 1)],
        )
    with both, st.container(gap="xsmall"):
        values = maps[layer][channel]
        caption(f"map {channel}, {number(float(values.min()))} to {number(float(values.max()))}")
        picture(
            values,
            "pixel_map",
            alt=f"Map {channel} of {layer}; click a pixel",
            px=120,
            scale="activation" if values.min() >= 0 else "signed",
            rects=[(row, column, row + 1, column + 1)],
            clickable=True,
            on_click=lambda r, c: st.session_state.update({_PLACE: (layer, channel, r, c)}),
        )
    _products(found)


def _products(found: PixelSum) -> None:
    if rule := kind_named(found.layer).pooling_rule:
        _pooling(found, rule)
    elif found.patch.shape[1] == 1 and found.patch.shape[0] == 1:
        caption("One number comes in, one goes out.")
        _sum(found)
    else:
        _convolution(found)


def _pooling(found: PixelSum, rule: str) -> None:
    caption(
        f"Map {found.channels[0]} below, {found.patch.shape[1]}×{found.patch.shape[2]} of its pixels. {rule}"
    )
    winner = None
    if found.winner:
        winner = (found.winner[0] - found.below.rows[0], found.winner[1] - found.below.columns[0])
    number_grid(found.patch[0].numpy(), alt="The pixels below", scale="activation", cell_px=44, mark=winner)
    st.markdown(f"**{number(found.value)}** comes out.")


def _convolution(found: PixelSum) -> None:
    parts = found.contributions
    names = {part.channel: f"map {part.channel} below: {signed(part.total)}" for part in parts}
    if found.reads_image and found.patch.shape[0] == 1:
        names = {parts[0].channel: "the image below"}
    below = st.selectbox(
        "Input channel",
        list(names),
        format_func=lambda channel: names.get(channel, str(channel)),
        key=f"pixel_below_{found.layer}_{found.channel}_{found.row}_{found.column}",
        label_visibility="collapsed",
        filter_mode=None,
    )
    i = found.channels.index(below if below in found.channels else parts[0].channel)
    size = found.patch.shape[1]
    grids = (
        ("below", found.patch[i].numpy(), "activation" if found.patch.min() >= 0 else "signed"),
        ("× kernel", found.kernel[i].numpy(), "signed"),
        ("= products", found.products[i].numpy(), "signed"),
    )
    row = st.grid(3, min_column_width=86, gap="xsmall")
    for words, values, scale in grids:
        with row, st.container(gap="xsmall"):
            caption(words)
            if size <= 4:
                number_grid(values, alt=words, scale=scale, cell_px=84 // size)
            else:
                picture(values, f"grid_{words}", alt=words, px=84, scale=scale)
    total = float(found.products[i].sum())
    padding = int(found.padding.sum())
    edge = f" {plural(padding, 'cell lies', 'cells lie')} on padding and count as 0." if padding else ""
    caption(f"These {size * size} products add up to **{number(total)}**.{edge}")
    _sum(found)


def _sum(found: PixelSum, most: int = 4) -> None:
    parts = found.contributions
    single = found.reads_image and found.patch.shape[0] == 1
    terms = [("the image" if single else f"map {part.channel}", part.total) for part in parts[:most]]
    if rest := parts[most:]:
        terms.append((plural(len(rest), "other map"), sum(part.total for part in rest)))
    terms.append(("bias", found.bias))
    last = "sum" if found.activation in ("linear", "softmax") else f"sum, {found.activation}"
    show(
        waterfall(terms, (last, found.value), mode()),
        key="pixel_sum",
        alt=f"The contributions add up to {number(found.total)}, and {last} gives {number(found.value)}",
    )
    if found.activation not in ("linear", "softmax"):
        same = abs(found.value - found.total) < 1e-6
        makes = "leaves it as it is" if same else f"makes **{number(found.value)}** of it"
        caption(f"All together {number(found.total)}; {found.activation} {makes}.")


# ---------------------------------------------------------------- the answer


def story(shown: state.Shown) -> str:
    """What happens to the picture on its way through the layers, as far as this network has such layers."""
    convolutions = sum(layer.has_filters for layer in shown.spec.layers)
    first = "Strokes" if shown.dataset != "fashion_mnist" else "Edges"
    if convolutions > 2:
        return f"{first} first, then corners, then parts: fewer pixels, more questions."
    if convolutions == 2:
        return f"{first} first, then what they form: fewer pixels, more questions."
    return (
        f"{first}, asked for once everywhere."
        if convolutions
        else "All pixels at once, and no maps on the way."
    )


def verdict(shown: state.Shown, chances: list[float], chosen: Chosen, classes: tuple[str, ...]) -> str:
    best = int(np.argmax(chances))
    said = f"The network answers **{classes[best]}**, {probability(chances[best])} sure"
    if chosen.index is None:  # no longer than one line: the pad must not move under the pen
        return f"{said}." if shown.trained else f"Untrained: {said[:1].lower()}{said[1:]}."
    if not shown.trained:
        return f"Noise, as far as anyone can tell: this network has not been trained. {said}."
    if chosen.label is not None and chosen.label != best:
        said += f", and is wrong: it is {article(classes[chosen.label])}"
    return f"{story(shown)} {said}."


def legend(maps: Maps, every: bool, what: str, watched: int) -> str:
    """What the colours and the marks of the sheets mean, of those that can be seen."""
    shown = [maps[name] for name in mapped_layers(maps, every)]
    signed = any(values.min() < 0 for values in shown)
    black = "" if all(values.min() < 0 for values in shown) else "black is zero, pale yellow the maximum"
    colours = "orange is above zero, blue below, white is zero" if signed else ""
    if signed and black:
        colours = f"where a map goes below zero, {colours}"
    return (
        f"One tile is one filter’s map of this {what}: {'; '.join(filter(None, [black, colours]))}. "
        f"0: dark for this {what}. Dashed: never fires on {count(watched)} test images."
    )


def softmax_explained(logits: np.ndarray, chances: list[float], classes: tuple[str, ...]) -> None:
    """What the ten probabilities are made of, with this image's own numbers."""
    best, second = (int(i) for i in np.argsort(logits)[::-1][:2])
    lead = float(logits[best] - logits[second])
    times = count(round(float(np.exp(min(lead, 20)))))
    st.markdown(
        f"The last layer gives one number a class, of any size: {number(float(logits[best]), 1)} for "
        f"**{classes[best]}**, {number(float(logits[second]), 1)} for {classes[second]}. **Softmax** makes "
        "probabilities of them: e to the power of each, divided by the sum of all. So a lead of "
        f"{number(lead, 1)} means e to the {number(lead, 1)}, {times} times as likely. It never says 0 or 1, "
        "and it is often surer than it should be."
    )


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = state.network()
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
    classes = state.classes_of(shown)
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
            watched = min(WATCHED, len(state.images(shown.dataset, "test")))
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


page_head("feature-maps")
going_on = state.is_training()
st.fragment(page, run_every=2.0 if going_on else None)()
next_question("filters", "asks of one filter what would make it brightest.")
