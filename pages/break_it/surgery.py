"""The view "Take filters out": the sheet of a layer, what the network still reads, and which filters it needs."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.insight import Need, Operation
from cnn_core.lesson.guess_questions import NumberQuestion
from pages.break_it import by_hand, guessing, keep, operating, prune, words
from pages.break_it.later import Later, fetch, later
from pages.break_it.layers import layers_of, word
from pages.break_it.number import broken, number
from pages.break_it.outcomes import DRAWN, Cut, cut_of, pictures_of
from pages.break_it.ranking import ranking
from pages.break_it.sheet import all_filters
from pages.break_it.taking_out import ask_layer, menu, put_back
from pages.ui.frame.board import board
from pages.ui.visitor import networks, server
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import answer, problem


def draw(
    network: networks.LoadedNetwork, strip: DeltaGenerator, verdict: DeltaGenerator, summary: DeltaGenerator
) -> None:
    """Draw the view.

    strip:   the control strip, a horizontal container in which the choice of the view stands already.
    verdict: the place for the answer in one line, above the strip.
    summary: the place for what is read to whoever does not see the page.
    """
    layers = layers_of(network.spec)
    why_not = words.NOTHING_TO_TAKE_OUT if not layers else _why_not_judged(network)
    if why_not:
        with verdict:
            answer(why_not)
        screen_summary.put(summary, why_not)
        return
    with strip:
        layer = ask_layer(layers)
    operation = operating.current(network)
    refusals.draw(operating.PLACE)
    try:
        cut = cut_of(network, layer, operation)
        known = later(network, layer, cut)
    except StudentError as error:  # a network for other images than ours
        problem(error)
        return
    with strip:
        menu(layer, layers[layer], known.need if isinstance(known.need, Need) else None)
        put_back(operation)
    asked = guessing.question(network, known.cut or cut, done(network, operation))
    may_tell = guessing.may_tell(asked)
    said = (
        answer_of(network, layer, known.cut or cut, known)
        if may_tell
        else words.guess_first(done(network, operation))
    )
    with verdict:
        answer(said)
    screen_summary.put(
        summary, words.summary_of_surgery(network.title, said, layer, word(network.spec, layer))
    )
    show(network, layer, layers[layer], cut, known, asked)
    fetch(network, operation, known.waits)


def _why_not_judged(network: networks.LoadedNetwork) -> str:
    why = server.why_no_images(network.dataset)
    return "" if why is None else words.not_judged(why.message)


def show(
    network: networks.LoadedNetwork,
    layer: str,
    filters: int,
    at_once: Cut,
    known: Later,
    asked: NumberQuestion | None,
) -> None:
    """Draw the number, the sheet, what broke and the ranking.

    at_once: judged on some of the test images.
    asked:   what is guessed before the number is told; None for nothing.
    """
    cut, operation = known.cut or at_once, at_once.operation
    first, second, third = board("break_it_board", second="left")
    with first:
        if may_tell := guessing.ask(asked, cut):
            out = sum(len(operation.muted(one)) for one in operation.layers) if operation.only_mutes else 0
            number(cut, known.chance, out, at_once.images, known.cut is None and bool(known.waits))
    with second:
        pictures = pictures_of(network, layer, range(min(filters, DRAWN)))
        all_filters(network, layer, operation, pictures, filters)
    with third:
        if operation.layers and may_tell:
            broken(network, cut)
        ranking(network, layer, known.need, pictures)
    prune.section(network, layer, filters, known.need)
    by_hand.section(network, layer, filters, operation)
    keep.section(network, operation)


def answer_of(network: networks.LoadedNetwork, layer: str, cut: Cut, known: Later) -> str:
    """The answer in one line."""
    operation, one, noun = cut.operation, word(network.spec, layer), dataset_of(network.dataset).noun
    accuracy, images = cut.after.accuracy, cut.images
    if not operation.layers:
        return words.whole(accuracy, images, noun, layer, one)
    if operation.only_mutes and len(operation.layers) == 1:
        (where,) = operation.layers
        muted = operation.muted(where)
        which = which_they_are(muted, known.need) if where == layer else ""
        of = layers_of(network.spec)[where]
        return words.without(len(muted), of, word(network.spec, where), where, accuracy, images, noun, which)
    return words.changed(_in_short(operation), accuracy, images, noun)


def done(network: networks.LoadedNetwork, operation: Operation) -> str:
    """What is done to the network, as a question about it begins."""
    if not operation.only_mutes or len(operation.layers) != 1:
        return words.done(_in_short(operation))
    (layer,) = operation.layers
    of = layers_of(network.spec)[layer]
    return words.done_in(layer, len(operation.muted(layer)), of, word(network.spec, layer))


def _in_short(operation: Operation) -> str:
    out = sum(len(operation.muted(one)) for one in operation.layers)
    held = sum(touch.held is not None for touch in operation.touches if touch.held != 0)
    scaled = len(operation.touches) - out - held
    return words.in_short(out, held, scaled, len(operation.edits))


def which_they_are(out: frozenset[int], need: Need | StudentError | None) -> str:
    """ "most" or "least" where these are the filters that it needs so; "" for others, and while nobody knows."""
    if not isinstance(need, Need):
        return ""
    if out == set(need.most_needed[: len(out)]):
        return "most"
    return "least" if out == set(need.least_needed[: len(out)]) else ""
