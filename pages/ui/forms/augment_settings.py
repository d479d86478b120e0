"""Asking for random changes: the lesson's seven settings, a gentle set, or one's own; and saying them back in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from cnn_core.data import AugmentSpec
from cnn_core.data.augment_spec import FILL_MODES
from cnn_core.lesson import largest_move, through_range
from pages.ui.forms.recipe import GENTLE
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import number

KINDS = {"lesson": "Lesson", "gentle": "Gentle", "own": "My own"}
SPECS = {"lesson": AugmentSpec.lesson(), "gentle": GENTLE}
COUNTS = (4, 17, 35, 64)  # 4 as in the lesson; 17 and 35 fill rows of six beside the original
FILLS = {
    "nearest": "nearest: repeat the border",
    "constant": "constant: black",
    "reflect": "reflect: as in a mirror",
    "wrap": "wrap: begin again",
}
FLIPS = {
    (False, False): "no flip",
    (True, False): "left to right",
    (False, True): "upside down",
    (True, True): "both ways",
}
KIND, SEED, COUNT = "changes", "draw_seed", "draws"  # also their names in the address
MAX_SEED = 9_999
_OWN = "augment_own"  # the visitor's own settings, an AugmentSpec
_BOOK = "augment_widgets"  # setting -> (serial of its widget, what that began with, what it shows)


def kind_of_changes() -> str:
    """Draw the choice among Lesson, Gentle and My own. Returns its key."""
    # Not a default of the widget: a setting that is touched makes the choice "own", and Streamlit wants one of the two.
    if KIND not in st.session_state and KIND not in st.query_params:
        st.session_state[KIND] = "lesson"
    return str(
        st.segmented_control(
            "Random changes",
            list(KINDS),
            format_func=KINDS.__getitem__,
            required=True,
            key=KIND,
            label_visibility="collapsed",
            bind="query-params",
        )
        or "lesson"
    )


def spec_of(kind: str, fallback: AugmentSpec | None = None) -> AugmentSpec:
    """The settings of that kind; one's own start from `fallback` or the lesson's."""
    if kind in SPECS:
        return SPECS[kind]
    own = st.session_state.get(_OWN)
    return own if isinstance(own, AugmentSpec) else fallback or SPECS["lesson"]


def seven_settings(spec: AugmentSpec) -> None:
    """Draw the settings in the popover that is open; a change of any makes them one's own from the next run on."""
    left, right = st.columns(2, gap="medium")
    value, how = _follows("rotation_range", spec, int(spec.rotation_range))
    left.slider("Turn, ± degrees", 0, 180, value, 5, **how)
    value, how = _follows("shear_range", spec, spec.shear_range)
    right.number_input("Shear, ± degrees", 0.0, 60.0, value, 0.2, "%.1f", **how)
    value, how = _follows("width_shift_range", spec, _percent(spec.width_shift_range))
    left.slider("Shift sideways, ± %", 0, 50, value, 5, **how)
    value, how = _follows("height_shift_range", spec, _percent(spec.height_shift_range))
    right.slider("Shift up and down, ± %", 0, 50, value, 5, **how)
    value, how = _follows("zoom_range", spec, _percent(spec.zoom_limits[1] - 1))
    left.slider("Zoom, ± %", 0, 80, value, 5, **how)
    value, how = _follows("flip", spec, (spec.horizontal_flip, spec.vertical_flip))
    right.selectbox(
        "Flip, every second image",
        list(FLIPS),
        index=list(FLIPS).index(value),
        format_func=FLIPS.__getitem__,
        filter_mode=None,
        **how,
    )
    value, how = _follows("fill_mode", spec, spec.fill_mode)
    left.selectbox(
        "Fill mode",
        FILL_MODES,
        index=FILL_MODES.index(value),
        format_func=FILLS.__getitem__,
        filter_mode=None,
        help="What is painted where the picture has moved away.",
        **how,
    )
    if spec.shear_range:
        caption(shear_in_words(spec))


def draws_and_seed() -> tuple[int, int]:
    """Draw, in the popover that is open, how many draws there are and the seed they come from. Returns both."""
    for key in (COUNT, SEED):
        if key in st.session_state:
            # Sent anew each time: the popover may be opened only now, and would begin with the default.
            st.session_state[key] = st.session_state[key]
    left, right = st.columns(2, gap="medium")
    count = left.selectbox(
        "Draws",
        COUNTS,
        index=COUNTS.index(17),
        key=COUNT,
        filter_mode=None,
        bind="query-params",
    )
    seed = right.number_input(
        "Seed of the draws",
        0,
        MAX_SEED,
        key=SEED,
        bind="query-params",
    )
    return int(count or 17), int(seed or 0)


def draw_again() -> None:
    """The next seed, for a button's callback."""
    now = st.session_state.get(SEED) or 0
    st.session_state[SEED] = (int(now) + 1) % (MAX_SEED + 1)


def _percent(fraction: float) -> int:
    return min(round(100 * fraction), 100)


def _follows(name: str, spec: AugmentSpec, value: Any) -> tuple[Any, dict[str, Any]]:
    """(value to begin with, the rest) for a widget of a popover that must show `value`, whoever changed it.

    As in controlled.py it becomes a new widget when its value was changed by anything but itself. But here the value
    has to be its default: a popover is not in the page until it is opened, and would miss a value that was only sent.
    """
    book = st.session_state.setdefault(_BOOK, {})
    serial, first, shown = book.get(name, (0, None, None))
    if not serial or shown != value or f"augment_{name}-{serial}" not in st.session_state:
        serial, first = serial + 1, value
    book[name] = (serial, first, value)
    key = f"augment_{name}-{serial}"
    return first, {"key": key, "on_change": _adopt, "args": (key, name, spec)}


def _adopt(key: str, name: str, spec: AugmentSpec) -> None:
    value = st.session_state[key]
    fractions = ("width_shift_range", "height_shift_range", "zoom_range")
    changed: dict[str, Any] = {name: value / 100 if name in fractions else value}
    if name == "flip":
        changed = {"horizontal_flip": value[0], "vertical_flip": value[1]}
    serial, first, _ = st.session_state[_BOOK][name]
    st.session_state[_BOOK][name] = (serial, first, value)
    st.session_state[_OWN] = replace(spec, **changed)
    st.session_state[KIND] = "own"


# ---------------------------------------------------------------- in words


def short_words(spec: AugmentSpec) -> list[str]:
    """What is switched on, for the heading of a sheet: ["±90°", "shifts ±20 %", ...]."""
    words = []
    if spec.rotation_range:
        words.append(f"±{spec.rotation_range:g}°")
    across, down = (_shift_words(value) for value in (spec.width_shift_range, spec.height_shift_range))
    if across and across == down:
        words.append(f"shifts {across}")
    else:
        words += [f"sideways {across}"] * bool(across) + [f"up and down {down}"] * bool(down)
    if spec.zoom_limits != (1, 1):
        words.append("zoom {:g} to {:g}".format(*(round(limit, 3) for limit in spec.zoom_limits)))
    if spec.shear_range:
        words.append(f"shear ±{spec.shear_range:g}°")
    flip = (spec.horizontal_flip, spec.vertical_flip)
    if any(flip):
        words.append(f"flipped {FLIPS[flip]}")
    return words or ["no change at all"]


def _shift_words(shift: float) -> str:
    return "" if not shift else f"±{100 * shift:g} %" if shift < 1 else f"±{shift:g} px"


def shear_in_words(spec: AugmentSpec) -> str:
    """How much a shear is, which Keras takes in degrees and many a reader as a fraction."""
    moved = largest_move(through_range(spec, "shear_range", 2))
    almost = ": almost nothing. Try 20" if moved < 0.5 else ""
    return (
        f"Keras counts shear in degrees. {spec.shear_range:g}° moves no pixel by more than {number(moved)} "
        f"pixels{almost}."
    )
