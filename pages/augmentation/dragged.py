"""One digit in the visitor's hand: drag, turn and stretch it until the network misreads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.lesson import PARAMETERS, Reading, span, stays, walk, worth_dragging
from pages.augmentation import words
from pages.augmentation.training_changes import changes_in_training, recipe_is_known, was_cut_out
from pages.augmentation.trial import Trial
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.dragging import drag
from pages.ui.forms.digit_input import article
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import probability

STEPS = 61  # of a drag; odd, so that the middle is the untouched digit


@dataclass(frozen=True, eq=False)
class Path:
    """One parameter from one end of its range to the other, in STEPS steps; all numbers but the values count these."""

    parameter: str  # a key of PARAMETERS
    values: list[float]
    reading: Reading
    start: int  # the untouched digit
    settings: tuple[int, int]  # from where to where the settings go
    stays: tuple[int, int] | None  # between which it is read as what it is; None where it never is

    @property
    def is_partly_shaded(self) -> bool:
        """Whether the settings go less far than the slider."""
        return self.settings != (0, STEPS - 1)


def path_of(parameter: str, trial: Trial) -> Path:
    """What is read all the way along one parameter."""
    low, high = worth_dragging(trial.spec, parameter, trial.size)
    changes = tuple(walk(parameter, low, high, STEPS))
    values = [words.value_of(parameter, change) for change in changes]
    reading = trial.read(changes)
    start = nearest(values, PARAMETERS[parameter][0])
    least, most = span(trial.spec, parameter, trial.size)
    settings = nearest(values, least), nearest(values, most)
    return Path(parameter, values, reading, start, settings, stays(reading, trial.label, start))


def nearest(values: Sequence[float], wanted: float) -> int:
    """The index of the value that comes nearest; of equals the first.

    >>> nearest([0, 1, 2], 1.2), nearest([0, 2], 1)
    (1, 0)
    """
    return min(range(len(values)), key=lambda i: abs(values[i] - wanted))


# ---------------------------------------------------------------- the section


def dragged(trial: Trial) -> None:
    """Draw one parameter under a slider, from one end of its range to the other, and what it says."""
    path = path_of(_ask_parameter(trial.a_digit), trial)
    sentence = _how_far_it_stays(path, trial.a_digit)
    _draw(path, trial, sentence)
    st.markdown(f"{sentence} {_training_words(trial.network, path.parameter)}")
    if path.is_partly_shaded:
        least, most = path.settings
        caption(words.LEFT_ALONE if least == most else words.SHADED)


def _ask_parameter(a_digit: str) -> str:
    parameter = st.selectbox(
        "What is dragged",
        list(PARAMETERS),
        format_func=lambda name: words.is_it_still(name, a_digit) if name in PARAMETERS else name,
        key="dragged",
        label_visibility="collapsed",
        filter_mode=None,
        persist_state="session",
    )
    return parameter_of(parameter)


def parameter_of(said: object) -> str:
    """A key of PARAMETERS: a browser that is behind may send the words that the digit before had."""
    return said if isinstance(said, str) and said in PARAMETERS else "turn"


def _how_far_it_stays(path: Path, a_digit: str) -> str:
    limits = None
    if path.stays is not None:
        first, last = path.stays
        limits = path.values[first], path.values[last]
    return words.how_far_it_stays(path.parameter, a_digit, limits, path.stays == (0, STEPS - 1))


def _draw(path: Path, trial: Trial, sentence: str) -> None:
    name, reading = trial.classes[trial.label], path.reading
    drag(
        image_sheet(reading.images.numpy()),
        reading.probabilities[:, trial.label].tolist(),
        [(_value(path, i), _what_is_read(path, i, trial)) for i in range(STEPS)],
        [(i, _value(path, i)) for i in range(0, STEPS, (STEPS - 1) // 4)],
        key="augment_drag",
        of=path.parameter,
        start=path.start,
        band=path.settings,
        wrong={i for i, answer in enumerate(reading.answers) if answer != trial.label},
        unit=words.PARAMETER_WORDS[path.parameter].verb.capitalize(),
        alt=f"Probability of {name} against one change. {sentence}",
    )


def _value(path: Path, step: int) -> str:
    return words.value_in_words(path.parameter, path.values[step])


def _what_is_read(path: Path, step: int, trial: Trial) -> str:
    reading = path.reading
    answer = reading.answers[step]
    said = words.read_as(article(trial.classes[answer]), reading.certainty[step])
    if answer == trial.label:
        return said
    own = probability(float(reading.probabilities[step, trial.label]))
    return f"{said}; {trial.classes[trial.label]}: {own}"


def _training_words(network: networks.LoadedNetwork, parameter: str) -> str:
    """How far the network saw this parameter go while it learnt."""
    if not network.trained:
        return words.NOT_TRAINED
    if not recipe_is_known(network):
        return words.CUT_OUT if was_cut_out(network) else words.RECIPE_UNKNOWN
    spec = changes_in_training(network)
    low, high = span(spec, parameter, network.spec.input_shape[1:]) if spec else (0.0, 0.0)
    return words.trained_with(parameter, low, high)
