"""One filter: its picture, its kernels, the test images that excite it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight import FilterCard, heaviest_kernels
from pages.filters import guessing, leaning, own_answer, words
from pages.filters.asking import Question
from pages.filters.climbing import pictures_of
from pages.filters.layers import has_maps, word
from pages.filters.read_maps import read_maps
from pages.ui.drawing.contact_sheet import IN_COLOUR, contact_sheet, image_sheet, signed_sheet
from pages.ui.drawing.sheets import image_picture, sheet
from pages.ui.forms.digit_input import singular
from pages.ui.forms.take_out import take_out
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import Examples, FilterPictures
    from pages.ui.drawing.sheets import Rectangle

# Three examples fit beside each other: of 28 pixels at three screen pixels each, of larger images at two.
EXAMPLE_PX = {False: 84, True: 64}


def card(
    network: networks.LoadedNetwork, question: Question, about: FilterCard, class_name: str | None
) -> None:
    """Draw all that is known of the filter.

    about: what is known of it.
    class_name: the class that the unit stands for, of the last layer.
    """
    with st.container(gap="xsmall"):
        st.markdown(f"## {words.card_title(about.layer, about.filter, class_name)}")
        caption(words.about_weights(about))
    _before_and_after(network, question, about)
    if about.kernel is not None and about.kernel.ndim == 3:
        if _lies_on_colours(network, about):
            _kernel_in_colour(about.kernel)
        else:
            _kernels(about.kernel)
        read_maps(network, question, about)
    if about.silent:
        caption(words.never_fires(about.examples.count))
        return
    if bool(about.examples.unchanging.item()):
        assert about.examples.minimum is not None
        spread = float(about.examples.maximum[0] - about.examples.minimum[0])
        caption(words.unchanging(about.examples.count, spread))
    _examples(network.dataset, about)
    leaning.section(network, about)
    take_out(network.spec, about.layer, about.filter, word(about.layer), "card_take_out")
    _table(guessing.facts(network, about))
    if class_name is not None:
        own_answer.by_three_recipes(network, question)


def _before_and_after(network: networks.LoadedNetwork, question: Question, about: FilterCard) -> None:
    before = networks.untrained(network.spec)
    untrained = pictures_of(before, about.layer, (about.filter,), question.climb)
    both = st.grid(2, min_column_width=130, gap="xsmall")
    # Whether it fired on test images before its training nobody has measured: there it is "not woken" at most.
    for what, one, is_silent in (
        (words.LOOKS_FOR, about.pictures, about.silent),
        (words.BEFORE_TRAINING, untrained, False),
    ):
        with both, st.container(gap="xsmall"):
            caption(what)
            _one_picture(one, what, about, is_silent)
            if what == words.LOOKS_FOR and one.why[0] is None:
                own_answer.below_picture(network, one, question.climb)


def _one_picture(one: FilterPictures, what: str, about: FilterCard, is_silent: bool) -> None:
    if why := one.why[0]:
        caption(f"**{words.reason(why, is_silent)}**")
        return
    alt = words.picture_alt(about.layer, about.filter, what)
    image_picture(one.images[0].numpy(), f"card_{what}", alt=alt, limits="own", px=140)


def _kernels(kernel: Tensor) -> None:
    heaviest = heaviest_kernels(kernel)
    limit = float(kernel.abs().max()) or 1.0
    with st.container(gap="xsmall"):
        caption(words.kernels(len(heaviest), len(kernel)))
        sheet(
            contact_sheet(kernel[heaviest].numpy(), "signed", (-limit, limit)),
            key="card_kernels",
            alt="The kernels of this filter",
            tile_px=30 if len(kernel) > len(heaviest) else 60,
            labels=[f"over map {i}" for i in heaviest] if len(kernel) > 1 else ["its kernel"],
            clickable=False,
            columns=8,
        )


def _lies_on_colours(network: networks.LoadedNetwork, about: FilterCard) -> bool:
    """Whether this filter reads red, green and blue of the image itself."""
    spec = network.spec
    is_first = about.layer == spec.layer_names[0]
    return is_first and about.kernel is not None and len(about.kernel) == IN_COLOUR == spec.input_shape[0]


def _kernel_in_colour(kernel: Tensor) -> None:
    """Draw a kernel over red, green and blue: as one colour, and each channel by itself."""
    limit = float(kernel.abs().max()) or 1.0
    with st.container(gap="xsmall"):
        caption(words.KERNEL_IN_COLOUR)
        with st.container(horizontal=True, gap="small"):
            with st.container(width=64):
                sheet(
                    signed_sheet(kernel[None].numpy(), (-limit, limit)),
                    key="card_kernel",
                    alt="The kernel in colour",
                    tile_px=60,
                    labels=["red, green and blue together"],
                    clickable=False,
                )
            with st.container(width=196):
                sheet(
                    contact_sheet(kernel.numpy(), "signed", (-limit, limit)),
                    key="card_kernels",
                    alt="The kernel over each colour",
                    tile_px=60,
                    labels=["over red", "over green", "over blue"],
                    captions=[("red", ""), ("green", ""), ("blue", "")],
                    clickable=False,
                    columns=3,
                )


def _examples(dataset: str, about: FilterCard) -> None:
    test = server.images(dataset, "test")
    indices = about.examples.indices[0].tolist()
    with st.container(gap="xsmall"):
        caption(
            words.examples(
                about.layer, singular(dataset), len(indices), is_excited=about.examples.can_be_silent
            )
        )
        sheet(
            image_sheet(test.images[indices].numpy() / 255),
            key="card_digits",
            alt=words.examples_alt(about.layer),
            tile_px=EXAMPLE_PX[test.images.shape[3] > 28],
            labels=[
                words.example_label(i, test.classes[int(test.labels[i])], value)
                for i, value in zip(indices, about.examples.values[0].tolist(), strict=True)
            ],
            marks=_marks(about.examples) if has_maps(about.layer) else None,
            clickable=False,
            columns=3,
        )


def _marks(examples: Examples) -> list[list[Rectangle]]:
    """What the peak of each example sees of its image."""
    fields = [examples.box(0, i) for i in range(examples.indices.shape[1])]
    return [[(rows[0], columns[0], rows[1] + 1, columns[1] + 1)] for rows, columns in fields]


def _table(facts: list[tuple[str, str]]) -> None:
    """Draw names at the left and numbers at the right, as in a printed table."""
    row = (
        '<div style="display:flex;justify-content:space-between;gap:12px;padding:3px 0;font-size:14px">'
        '<span style="opacity:.75">{}</span><b style="font-weight:600;font-variant-numeric:tabular-nums">{}</b></div>'
    )
    rows = "".join(row.format(escape(name), escape(value)) for name, value in facts)
    st.markdown(
        f'<div style="border-top:1px solid #8884;padding-top:4px">{rows}</div>', unsafe_allow_html=True
    )
