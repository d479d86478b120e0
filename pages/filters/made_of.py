"""What is one filter made of? The ways to it and from it, as pictures, and its sum, row by row."""

from __future__ import annotations

from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight.between.around import IMAGES_EACH
from cnn_core.insight.between.sources import IMAGE
from cnn_core.looking import layers_of
from pages.filters import made_of_guessing as guessing
from pages.filters import made_of_words, words
from pages.filters.asking import Question, go_to
from pages.filters.made_of_graph import digits_below, graph_of
from pages.filters.upstream import Upstream, upstream
from pages.ui.drawing.contact_sheet import as_picture, colour, png
from pages.ui.drawing.paths import path_graph
from pages.ui.drawing.sheets import data_uri, picture
from pages.ui.forms.digit_input import singular
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, plain, problem, what_you_see
from pages.ui.wording.numbers import signed

ROW_PX = 56  # side of a picture in the table
ITSELF_PX = 196  # side of the filter alone, while one guesses


def made_of(
    network: networks.LoadedNetwork, question: Question, answer_place: DeltaGenerator, summary: DeltaGenerator
) -> None:
    """Draw one filter between those it reads and those it feeds.

    answer_place, summary: the places of the first line, and of the page's summary.
    """
    left, right = st.columns([576, 292], gap="medium")
    try:
        with left, st.spinner(made_of_words.following(question.layer, question.index)):
            found = upstream(network, question.layer, question.index, question.towards, question.climb)
    except StudentError as error:
        problem(error)
        return
    channels = network.spec.input_shape[0]
    said = made_of_words.verdict(found.read, found.way, network.trained, channels)
    with answer_place:
        answer(said)
    asked = guessing.question(network, found)
    with left:
        if may_tell := asked is None or guessing.ask(asked, found):
            _graph(network, question, found)
    with right:
        (_table if may_tell else _itself)(network, found)
        if asked is not None and may_tell:
            guessing.show(asked, found)
    digits = digits_below(found)
    fed_by = [
        made_of_words.node_below(one.layer, one.filter, one.flow, channels, digits)
        for one in found.way.below[: 3 if may_tell else 0]
    ]
    screen_summary.put(
        summary,
        made_of_words.summary_of_view(network.title, question.layer, question.index, said, fed_by),
    )


# ---------------------------------------------------------------- the graph


def _graph(network: networks.LoadedNetwork, question: Question, found: Upstream) -> None:
    way, noun = found.way, singular(network.dataset)
    name = networks.classes_of(network)[way.target]
    graph = graph_of(found, network.spec, name, noun)
    goes = graph.goes
    path_graph(
        graph.columns,
        graph.edges,
        "filter_paths",
        alt=made_of_words.graph_alt(way.layer, way.filter),
        pixels=network.spec.input_shape[2],
        on_click=lambda column, node: go_to(*goes[column][node]),
    )
    widths, is_chosen = layers_of(network.spec), question.towards is not None
    what_you_see(made_of_words.what_you_see(way, name, widths, is_chosen=is_chosen, is_class=found.is_class))
    places, watched = len(found.read.images), found.watched
    caption(made_of_words.measured(way, name, noun, places, watched, IMAGES_EACH, is_class=found.is_class))


# ---------------------------------------------------------------- the table


def _head(network: networks.LoadedNetwork, found: Upstream) -> None:
    read = found.read
    st.markdown(f"## {words.card_title(read.layer, read.filter, _class_name(network, found))}")
    caption(plain(made_of_words.about_filter(read)))


def _itself(network: networks.LoadedNetwork, found: Upstream) -> None:
    """The filter alone, while it is guessed what feeds it."""
    _head(network, found)
    own, why = found.picture(found.read.layer, found.read.filter)
    if own is None:
        caption(words.reason(why, False))
    else:
        picture(
            as_picture(own.numpy(), "own"),
            "made_of_itself",
            alt=made_of_words.LOOKS_FOR_ITSELF,
            px=ITSELF_PX,
        )


def _table(network: networks.LoadedNetwork, found: Upstream) -> None:
    read, way = found.read, found.way
    _head(network, found)
    digits = made_of_words.decimals([read.total, read.bias, way.others, *(one.flow for one in way.below)])
    rows = "".join(_row(network, found, place, digits) for place in range(len(way.below)))
    has_kernels = read.kernels is not None
    kernel = f"<th>{made_of_words.WITH_KERNEL}</th>" if has_kernels else ""
    head = f'<tr><th colspan="2">{made_of_words.READS}</th>{kernel}<th>{made_of_words.GIVES}</th></tr>'
    across = 3 if has_kernels else 2
    foot = "".join(
        f'<tr class="foot"><td colspan="{across}">{escape(name)}</td><td>{value}</td></tr>'
        for name, value in made_of_words.foot(read, way, digits)
    )
    st.html(f'{_STYLE}<table class="made-of">{head}{rows}{foot}</table>')
    caption(made_of_words.table_says(read, found.watched, singular(network.dataset)))


_STYLE = f"""<style>
table.made-of {{ border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums }}
.made-of th {{ font-weight: 400; opacity: .75; text-align: left; padding: 0 8px 4px 0; font-size: 13px }}
.made-of td {{ padding: 3px 8px 3px 0; border: 0; vertical-align: middle }}
.made-of td:last-child, .made-of th:last-child {{ text-align: right; padding-right: 0; font-weight: 600 }}
.made-of img {{ display: block; width: {ROW_PX}px; height: {ROW_PX}px; image-rendering: pixelated;
  box-shadow: 0 0 0 1px #8884 }}
.made-of .foot td {{ padding: 4px 0 }}
.made-of tr.foot:last-child td {{ border-top: 1px solid #8884; font-weight: 600 }}
</style>"""


def _row(network: networks.LoadedNetwork, found: Upstream, place: int, digits: int) -> str:
    read, one = found.read, found.way.below[place]
    name = made_of_words.named(one.layer, one.filter, network.spec.input_shape[0])
    cells = [
        escape(str(one.filter)) if one.layer != IMAGE else escape(name),
        _read_picture(found, one.layer, one.filter),
    ]
    if read.kernels is not None:
        kernel = read.kernels[read.maps.tolist().index(one.filter)]
        limit = float(read.kernels.abs().max()) or 1.0
        content = png(colour(kernel.numpy(), "signed", (-limit, limit)))
        cells.append(f'<img src="{data_uri(content)}" alt="its kernel over {escape(name)}">')
    cells.append(signed(one.flow, digits))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _read_picture(found: Upstream, layer: str, index: int) -> str:
    if layer == IMAGE:
        channel = found.image[index : index + 1]
        return f'<img src="{data_uri(png(as_picture(channel.numpy())))}" alt="a test image">'
    picture, why = found.picture(layer, index)
    if picture is None:
        return escape(words.reason(why, False))
    content = png(as_picture(picture.numpy(), "own"))
    return f'<img src="{data_uri(content)}" alt="what {escape(made_of_words.named(layer, index))} looks for">'


def _class_name(network: networks.LoadedNetwork, found: Upstream) -> str | None:
    return networks.classes_of(network)[found.read.filter] if found.is_class else None
