"""One digit in the visitor's hand: drag, turn and stretch it until the network misreads it."""

from __future__ import annotations

import streamlit as st

from cnn_core.lesson import span, stays, walk, worth_dragging
from cnn_core.lesson.augment_evidence import PARAMETERS
from pages.augmentation.reading import Asked
from pages.augmentation.words import DRAGGED, place, taught_words, value_of
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.dragging import drag
from pages.ui.forms.digit_input import article
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import probability

STEPS = 61  # of a drag; odd, so that the middle is the untouched digit


def dragged(asked: Asked) -> None:
    """Draw one parameter under a slider, from one end of its range to the other, and what it says."""
    parameter = str(
        st.selectbox(
            "What is dragged",
            list(PARAMETERS),
            format_func=lambda name: (
                f"Only {DRAGGED[name][0]}: is it {asked.a_digit}?" if name in DRAGGED else name
            ),
            key="dragged",
            label_visibility="collapsed",
            filter_mode=None,
            persist_state="session",
        )
        or "turn"
    )
    low, high = worth_dragging(asked.spec, parameter)
    changes = tuple(walk(parameter, low, high, STEPS))
    reading = asked.read(changes)
    values = [value_of(parameter, change) for change in changes]
    neutral = PARAMETERS[parameter][0]
    start = min(range(STEPS), key=lambda i: abs(values[i] - neutral))
    name = asked.classes[asked.label]
    words, wrong = [], set()
    for i, (said, sure) in enumerate(zip(reading.answers, reading.certainty, strict=True)):
        own = probability(float(reading.probabilities[i, asked.label]))
        told = f"read as {article(asked.classes[said])}, {probability(sure)}"
        if said != asked.label:
            wrong.add(i)
            told += f"; {name}: {own}"
        words.append((place(parameter, values[i]), told))
    least, most = span(asked.spec, parameter)
    band = [min(range(STEPS), key=lambda i: abs(values[i] - end)) for end in (least, most)]
    within = stays(reading, asked.label, start)
    if within is None:
        told = f"Even untouched, this network does not read it as {asked.a_digit}."
    elif within == (0, STEPS - 1):
        told = f"It stays {asked.a_digit} all the way."
    else:
        first, last = (place(parameter, values[i]) for i in within)
        told = f"It stays {asked.a_digit} from {first} to {last}."
    drag(
        contact_sheet(reading.images[:, 0].numpy(), "grey", (0.0, 1.0)),
        reading.probabilities[:, asked.label].tolist(),
        words,
        [(i, place(parameter, values[i])) for i in range(0, STEPS, (STEPS - 1) // 4)],
        key="augment_drag",
        of=parameter,
        start=start,
        band=(band[0], band[1]),
        wrong=wrong,
        unit=DRAGGED[parameter][0].capitalize(),
        alt=f"Probability of {name} against one change. {told}",
    )
    st.markdown(f"{told} {taught_words(asked.shown, parameter)}")
    if band[0] > 0 or band[1] < STEPS - 1:
        nothing = (
            "The present settings leave this one alone."
            if band[0] == band[1]
            else "Shaded: as far as the settings go."
        )
        caption(nothing)
