"""The sentences of the view “Made of”: what one filter reads, and whom it feeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnn_core.insight.between.sources import IMAGE
from pages.filters.layers import word
from pages.ui.wording.blocks import plain
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import count, number, plural, signed
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.insight import Around, Reading

_COLOURS = ("red", "green", "blue")
READS, WITH_KERNEL, GIVES = "reads", "with kernel", "gives"
GRAPH = "Who feeds it, and whom it feeds"


def decimals(values: Iterable[float]) -> int:
    """So many that the largest of these has two figures or three; the same for all of a table.

    >>> decimals([1.06, -0.02]), decimals([0.031]), decimals([0.9]), decimals([120.0]), decimals([0.0])
    (2, 3, 2, 0, 2)
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0:
        return 2
    power = math.floor(math.log10(largest))
    return min(8, 1 - power) if power < 0 else max(0, 2 - power)


def named(layer: str, index: int, channels: int = 1) -> str:
    """One of a layer's own, or a channel of the image.

    channels: of the image.

    >>> named("conv2d_1", 8), named("dense_1", 3), named("image", 0), named("image", 2, 3)
    ('filter 8', 'unit 3', 'the image', 'blue')
    """
    if layer != IMAGE:
        return f"{word(layer)} {index}"
    if channels == 1:
        return "the image"
    return _COLOURS[index] if channels == len(_COLOURS) else f"channel {index}"


def following(layer: str, index: int) -> str:
    """
    >>> following("conv2d_2", 41)
    'Computing what filter 41 of conv2d_2 reads, and whom it feeds …'
    """
    return f"Computing what {word(layer)} {index} of {layer} reads, and whom it feeds …"


# ---------------------------------------------------------------- the first line


def verdict(read: Reading, way: Around, is_trained: bool, channels: int) -> str:
    """The answer in one line.

    read, way: of the filter.  channels: of the image.
    """
    this, reads = f"{word(read.layer)} {read.filter}", len(read.maps)
    digits = decimals([read.total, *(one.flow for one in way.below)])
    total = number(read.total, digits)
    where = f"Where {this} answers most, "
    if read.source == IMAGE:
        text = f"Made of the image alone. {where}its sum is **{total}**"
        rest = signed(read.bias, digits)
        text += f": the image gives {signed(read.total - read.bias, digits)}, and the bias {rest}."
    elif reads == 1:
        who = f"{named(read.source, way.below[0].filter)} of {read.source}"
        text = f"Made of one map. {where}its sum is **{total}**: {who}"
        text += f" gives {signed(way.below[0].flow, digits)}, and the bias {signed(read.bias, digits)}."
    else:
        shown = len(way.below)
        which = f"all {count(reads)}" if shown == reads else f"**{shown}** of the {count(reads)}"
        together = signed(sum(one.flow for one in way.below), digits)
        text = (
            f"Made of other {word(read.source)}s. {where}{which} that it reads give {together} together; the whole sum "
            f"is **{total}**."
        )
    if read.total < 0:
        text += " So even there it is below zero."
    return text if is_trained else f"{text} Not trained yet: whom it reads is chance."


# ---------------------------------------------------------------- a guess first

LOOKS_FOR_ITSELF = "What this one looks for"
TO_CHOOSE_FROM = "What each of them looks for"
ANOTHER_GIVES_MORE = "Another one gives more."


def who_gives_most(layer: str, index: int, source: str, options: int) -> str:
    """
    >>> who_gives_most("conv2d_2", 41, "conv2d_1", 4)
    'Filter 41 of conv2d_2 reads the maps of conv2d_1. Which of these 4 gives it most, where it answers most?'
    """
    this, reads = f"{word(layer).title()} {index} of {layer}", f"{word_of(source)}s of {source}"
    return f"{this} reads the {reads}. Which of these {options} gives it most, where it answers most?"


def what_it_gives(most: float, total: float, digits: int) -> str:
    """
    >>> what_it_gives(1.064, 8.2, 2)
    'It gives +1.06 of a sum of 8.20. Two things count: the weights that lie on it, and how strongly it answers there.'
    """
    return (
        f"It gives {signed(most, digits)} of a sum of {number(total, digits)}. Two things count: the weights that lie "
        "on it, and how strongly it answers there."
    )


# ---------------------------------------------------------------- the graph


def node_below(layer: str, index: int, flow: float, channels: int, digits: int) -> str:
    """
    >>> node_below("conv2d_1", 8, 0.1478, 1, 2)
    'filter 8 of conv2d_1, gives +0.15'
    """
    of = "" if layer == IMAGE else f" of {layer}"
    return f"{named(layer, index, channels)}{of}, gives {signed(flow, digits)}"


def node_above(layer: str, index: int, flow: float, onward: float, class_name: str, digits: int) -> str:
    """
    >>> node_above("conv2d_3", 13, 0.4, 1.25, "1", 2)
    'filter 13 of conv2d_3, +0.40 reaches it; by all its ways it gives +1.25 to the lead of “1”'
    """
    return (
        f"{word(layer)} {index} of {layer}, {signed(flow, digits)} reaches it; by all its ways it gives "
        f"{signed(onward, digits)} to the lead of “{class_name}”"
    )


def node_middle(layer: str, index: int) -> str:
    """
    >>> node_middle("conv2d_2", 41)
    'filter 41 of conv2d_2, in the middle'
    """
    return f"{word(layer)} {index} of {layer}, in the middle"


def node_class(class_name: str, onward: float | None, digits: int) -> str:
    """
    onward: what the one in the middle gives to its lead; None where that is its own unit.

    >>> node_class("1", 1.25, 2)
    'the class “1”; the one in the middle gives +1.25 to its lead, by all ways'
    """
    if onward is None:
        return f"the class “{class_name}”"
    return f"the class “{class_name}”; the one in the middle gives {signed(onward, digits)} to its lead, by all ways"


def node_image(singular: str, class_name: str) -> str:
    """
    >>> node_image("digit", "1")
    'the image: a test digit, 1'
    """
    return f"the image: a test {singular}, {class_name}"


def graph_alt(layer: str, index: int) -> str:
    """
    >>> graph_alt("conv2d_2", 41)
    'Who feeds filter 41 of conv2d_2, and whom it feeds'
    """
    return f"Who feeds {word(layer)} {index} of {layer}, and whom it feeds"


def what_you_see(
    way: Around, class_name: str, widths: dict[str, int], *, is_chosen: bool, is_class: bool
) -> str:
    """What the graph shows.

    class_name: of the class that the ways lead to.
    widths:     {layer: its filters}.
    is_chosen:  somebody chose that class; else it is the one that the filter helps most.
    is_class:   the one in the middle is that class's own unit.
    """
    this = f"{word(way.layer)} {way.filter}"
    spoken = plain(article(class_name))
    if is_class:
        text = f"From left to right: who feeds {this}, whose number is the score of “{plain(class_name)}”."
    else:
        which = (
            "" if is_chosen else f", the class {'it helps most' if way.onward > 0 else 'it hinders least'}"
        )
        text = f"From left to right: who feeds {this}, and whom it feeds on the way to {spoken}{which}."
    text += " A band is as broad as what flows, beside the others of its gap; orange adds, blue takes away."
    drawn = [
        f"{len(nodes)} of {count(widths[nodes[0].layer])}"
        for nodes in (way.below, way.above)
        if nodes and len(nodes) < widths.get(nodes[0].layer, 0)
    ]
    if drawn:
        text += f" Drawn: the strongest {' and '.join(drawn)}."
    return f"{text} Click a picture: it becomes the middle."


def measured(
    way: Around, class_name: str, singular: str, places: int, images: int, each: int, *, is_class: bool
) -> str:
    """Where the bands come from.

    places: of the strongest.  images: that were looked through.  each: images of the class, at most.
    """
    looked = f"{count(images)} test {singular}s"
    text = f"Left of the middle: the mean over its {plural(places, 'strongest place')} in {looked}."
    if is_class:
        return text
    name = plain(class_name)
    lead = f"the lead of “{name}” (its score less the best other one)"
    text += f" Right of it: {lead}, the mean over up to {each} of its test images."
    if way.above:
        text += " The bands that leave the middle are what passes through it; the last ones all that each filter gives."
    return text


# ---------------------------------------------------------------- the table


def about_filter(read: Reading) -> str:
    """What it is made of, in one line under its name."""
    what = f"reads {plural(len(read.maps), word_of(read.source))}"
    if read.source == IMAGE:
        what = "reads every pixel of the image"
    if read.kernels is not None:
        rows, columns = read.kernels.shape[1:]
        what = f"{plural(len(read.maps), 'kernel')} of {rows}×{columns}"
    return f"{read.layer} · {what} · bias {signed(read.bias)}"


def word_of(layer: str) -> str:
    """
    >>> word_of("image"), word_of("conv2d_1"), word_of("dense_1")
    ('channel', 'map', 'unit')
    """
    if layer == IMAGE:
        return "channel"
    return "map" if word(layer) == "filter" else "unit"


def others(total: int, shown: int, source: str, has_kernels: bool) -> str:
    """
    >>> others(32, 6, "conv2d_1", True), others(7, 6, "dense_1", False)
    ('26 other kernels', '1 other unit')
    """
    rest = total - shown
    return plural(rest, f"other {'kernel' if has_kernels else word_of(source)}")


def foot(read: Reading, way: Around, digits: int) -> list[tuple[str, str]]:
    """The last rows of the table: all others, the bias, the sum."""
    rows = []
    if len(read.maps) > len(way.below):
        name = others(len(read.maps), len(way.below), read.source, read.kernels is not None)
        rows.append((name, signed(way.others, digits)))
    return [*rows, ("bias", signed(read.bias, digits)), ("sum", number(read.total, digits))]


def table_says(read: Reading, images: int, singular: str) -> str:
    """What the numbers of the table are.

    images: that were looked through.
    """
    looked = f"{count(images)} test {singular}s"
    places = plural(len(read.images), "place")
    text = f"Mean over the {places} with its largest sums, in {looked}, before the activation."
    if read.kernels is not None:
        text += f" Kernels on one scale, ±{number(float(read.kernels.abs().max()))}."
    heaviest, most = int(read.maps[read.heaviest[0]]), int(read.maps[read.order[0]])
    if read.source != IMAGE and heaviest != most:
        does = "gives" if float(read.given[read.order[0]]) > 0 else "takes"
        text += (
            f" The heaviest weights lie on {named(read.source, heaviest)}, but {named(read.source, most)} {does} most: "
            "how bright its map is there counts as much."
        )
    return text


# ---------------------------------------------------------------- for whoever cannot see it


def summary_of_view(title: str, layer: str, index: int, answer: str, below: Iterable[str]) -> str:
    """The summary of the page, in this view.

    title:  of the network.  answer: the page's first line.
    below:  what feeds the filter, as `node_below` says it; nothing until it is guessed.
    """
    here = f"Here one {word(layer)} of a network, {plain(title)}, is taken apart: {word(layer)} {index} of {layer}."
    fed_by = "; ".join(below)
    if not fed_by:
        return summary(here, answer, "Try: choose which of the pictures gives it most.")
    return summary(
        here,
        answer,
        f"The strongest that feed it: {fed_by}.",
        "Try: go to one of the pictures with the Tab key and press Enter; it becomes the middle.",
    )
