"""What would make this picture more of a class? The climb of the classes' pictures, from a picture of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight.filters.own_answer import HOLD
from pages.filters import more_words
from pages.ui.drawing.contact_sheet import image_sheet, signed_sheet
from pages.ui.drawing.flipbook import CurveLine, Strip, flipbook
from pages.ui.forms.digit_input import ChosenImage, chosen_image, say_why_none, way_and_number
from pages.ui.frame import address
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, problem, what_you_see
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import Climb

HOLDS = {"loose": HOLD / 5, "usual": HOLD, "tight": HOLD * 4}
_MORE_OF = "filters_more_of"  # number of the class; None: the one that the network would read next
_HOLD = "filters_hold"  # a key of HOLDS
_PARTS = (
    address.Part("more_of", _MORE_OF, None, lambda text: address.whole_number(text, 100_000)),
    address.one_of("hold", _HOLD, {name: name for name in HOLDS}, "usual"),
)


def more(network: networks.LoadedNetwork, answer_place: DeltaGenerator, summary: DeltaGenerator) -> None:
    """Draw the picture on its way, and what was changed.

    answer_place, summary: the places of the first line, and of the page's summary.
    """
    address.follow(*_PARTS)
    with st.container(horizontal=True, vertical_alignment="center", key="filters_more_strip"):
        way = way_and_number(network.dataset)
        target, hold = _target(networks.classes_of(network)), _hold()
    address.tell(*_PARTS)
    say_why_none(network.dataset)
    place = st.container()
    if way != "test":
        left, place = st.columns([276, 592], gap="medium")
        with left:
            chosen = chosen_image(way, network.dataset)
    else:
        chosen = chosen_image(way, network.dataset)
    if chosen is None:
        said = more_words.NO_PICTURE
    else:
        with place:
            said = _climbed(network, chosen, target, hold, answer_place)
    screen_summary.put(summary, more_words.summary_of_view(network.title, said))


def _climbed(
    network: networks.LoadedNetwork,
    chosen: ChosenImage,
    target: int | None,
    hold: float,
    answer_place: DeltaGenerator,
) -> str:
    """Draw the climb. Returns the page's first line."""
    try:
        target = _next(network, chosen) if target is None else target
        pixels = chosen.image.float().contiguous().numpy().tobytes()
        with st.spinner(more_words.CLIMBING):
            climb: Climb = look(network, "more_of", 0, image=pixels, target=target, hold=hold)
    except StudentError as error:
        problem(error)
        return error.message
    classes = networks.classes_of(network)
    with answer_place:
        is_loose = hold == HOLDS["loose"]
        said = more_words.verdict(climb, chosen.title, classes[target], network.trained, is_loose=is_loose)
        answer(said)
    _book(network, climb, f"{network.weights_key}/{chosen.key}/{target}/{hold}")
    what_you_see(more_words.what_you_see(hold))
    return said


def _next(network: networks.LoadedNetwork, chosen: ChosenImage) -> int:
    """The class that the network would read next in a picture, behind its answer."""
    order = network.net.predict(chosen.image[None])[0].argsort(descending=True)
    return int(order[min(1, len(order) - 1)])


def _book(network: networks.LoadedNetwork, climb: Climb, book: str) -> None:
    classes, steps = networks.classes_of(network), len(climb.images) - 1
    changes = (climb.images - climb.images[0]).numpy()
    name = classes[climb.target]
    flipbook(
        [
            Strip(more_words.NOW, image_sheet(climb.images.numpy()), 224),
            Strip(more_words.change(climb.images.shape[1]), signed_sheet(changes, "shared"), 224),
        ],
        key="filter_more",
        book=book,
        places=[f"step {step} of {steps}" for step in range(steps + 1)],
        unit="steps towards the class",
        captions=more_words.captions(climb, classes),
        start=steps,
        curve=CurveLine(
            more_words.curve(name), climb.probabilities[:, climb.target].tolist(), "step 0", f"step {steps}"
        ),
    )


def _target(classes: tuple[str, ...]) -> int | None:
    offered = [None, *range(len(classes))]
    if st.session_state.get(_MORE_OF) not in offered:
        st.session_state[_MORE_OF] = None
    return st.selectbox(
        "More of",
        offered,
        format_func=lambda one: (
            "more of its second guess" if one is None else more_words.more_of(classes[one])
        ),
        key=_MORE_OF,
        label_visibility="collapsed",
        width=200,
        persist_state="session",
    )


def _hold() -> float:
    hold = st.selectbox(
        "Hold",
        list(HOLDS),
        format_func=more_words.HOLDS.__getitem__,
        index=1,
        key=_HOLD,
        label_visibility="collapsed",
        width=160,
        persist_state="session",
    )
    return HOLDS[str(hold or "usual")]
