"""One filter: its picture, its kernels, the digits that excite it."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from cnn_core.insight import FilterPictures
from pages.filters.climbing import examples_of, has_maps, pictures_of, word
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms.digit_input import singular
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import count, number, plural


def shown_as_grey(images: np.ndarray) -> np.ndarray:
    """(F, C, H, W) to (F, H, W): the only channel, or the mean of several."""
    return images.mean(axis=1)


def card(
    shown: networks.LoadedNetwork,
    layer: str,
    index: int,
    found: FilterPictures,
    settings: tuple,
    classes: tuple[str, ...],
) -> None:
    recipe, steps, seed, how = settings
    named = f", the class {classes[index]}" if classes else ""
    place = found.filters.index(index)
    child = getattr(shown.net, layer)
    weights = getattr(child, "conv", None)
    if weights is not None:
        kernels = weights.weight[index].detach().numpy()
        size = f"{kernels.shape[1]}×{kernels.shape[2]}"
        limit, bias = number(float(np.abs(kernels).max())), number(float(weights.bias[index]))
        about = f"{layer} · {plural(len(kernels), 'kernel')} of {size}, ±{limit} · bias {bias}"
    else:
        joined, bias = count(child.dense.in_features), float(child.dense.bias[index])
        about = f"{layer} · joined to {joined} numbers · bias {number(bias)}"
    with st.container(gap="xsmall"):
        st.markdown(f"### {word(layer).title()} {index}{named}")
        caption(about)
    before = networks.untrained(shown.spec)
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
    if weights is not None:
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
            labels=[f"over map {i}" for i in heaviest],
            clickable=False,
            columns=8,
        )


def _digits(shown: networks.LoadedNetwork, layer: str, index: int, found: FilterPictures, place: int) -> None:
    examples = examples_of(shown.weights_key, layer, shown)
    best = float(examples.maximum[index])
    what = singular(shown.dataset)
    if best <= 0:
        caption(f"It never fires on {count(examples.count)} test images.")
        return
    test = server.images(shown.dataset, "test")
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


def peak_of(
    shown: networks.LoadedNetwork, layer: str, index: int, found: FilterPictures, place: int
) -> float | None:
    """The largest value in the filter's map of its own picture; None where it has no picture."""
    if found.why[place]:
        return None
    from cnn_core.insight import feature_maps_batch

    image = found.images[place : place + 1].clamp(0, 1)
    return float(feature_maps_batch(shown.net, image, [layer])[layer][0, index].max())
