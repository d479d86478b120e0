"""Asking for random changes: the lesson's seven settings, a gentle set, or one's own; and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import AugmentSpec
from cnn_core.data.augment_spec import FILL_MODES, LIGHT
from pages.augmentation import words
from pages.augmentation.own_address import read_own, written_own
from pages.ui.forms import choice
from pages.ui.forms.recipe import GENTLE
from pages.ui.frame import address
from pages.ui.frame.controlled import controlled_in_popover
from pages.ui.frame.screens import main_action
from pages.ui.wording.blocks import caption
from pages.ui.wording.terms import help_of

KINDS = {"lesson": "Lesson", "gentle": "Gentle", "own": "My own"}
LOOKS = {"draws": "Draws", "alone": "One alone", "fill": "Fill modes"}
SPECS = {"lesson": AugmentSpec.lesson(), "gentle": GENTLE}
COUNTS = (4, 17, 35, 64)  # 4 as in the lesson; 17 and 35 fill rows of six beside the original
KIND, LOOK, SEED, COUNT = "changes", "look", "draw_seed", "draws"
MAX_SEED = 9_999
_OWN = "augment_own"  # the visitor's own settings, an AugmentSpec


def _and_in_words(titles: dict[str, str]) -> dict[str, str]:
    """{text in an address: key}: the key, and its words on the page, which links had before."""
    return {key: key for key in titles} | {title: key for key, title in titles.items()}


_PARTS = (
    address.one_of("changes", KIND, _and_in_words(KINDS), "lesson"),
    address.one_of("look", LOOK, _and_in_words(LOOKS), "draws"),
    address.one_of("draws", COUNT, {str(count): count for count in COUNTS}, 17),
    address.whole("draw_seed", SEED, 0, MAX_SEED, 0),
)
_OWN_PART = address.Part("own", _OWN, None, read_own, written_own)


@dataclass(frozen=True)
class Settings:
    """What the strip says, in plain values."""

    kind: str  # a key of KINDS
    spec: AugmentSpec
    look: str  # a key of LOOKS
    count: int  # of draws
    seed: int  # they come from


def ask_settings(own_start: AugmentSpec | None, size: tuple[int, int] = (28, 28)) -> Settings:
    """Draw the strip with its popover.

    own_start: what one's own settings start from; None for the lesson's.
    size:      (rows, columns) of the images.
    """
    address.follow(*_PARTS, _OWN_PART)
    settings = _ask(own_start, size)
    address.tell(*_PARTS)
    (address.tell if settings.kind == "own" else address.leave_out)(_OWN_PART)
    return settings


def _ask(own_start: AugmentSpec | None, size: tuple[int, int]) -> Settings:
    with st.container(horizontal=True, vertical_alignment="center", key="augment_strip"):
        kind = _ask_kind()
        spec = spec_of(kind, own_start)
        look = choice.one_of("Look at", LOOKS, LOOK, "draws")
        with st.popover("All settings", icon=":material/tune:", width="content"):
            _ask_geometry(spec, size)
            _ask_light(spec)
            count, seed = _ask_draws_and_seed()
        st.space("stretch")
        with main_action("augmentation"):
            st.button("Draw again", icon=":material/casino:", key="draw_again", on_click=_draw_again)
    return Settings(kind, spec, look, count, seed)


def spec_of(kind: str, own_start: AugmentSpec | None = None) -> AugmentSpec:
    """The settings of that kind; one's own start from `own_start` or the lesson's."""
    if kind in SPECS:
        return SPECS[kind]
    own = st.session_state.get(_OWN)
    return own if isinstance(own, AugmentSpec) else own_start or SPECS["lesson"]


def _ask_kind() -> str:
    # Not a default of the widget: a setting that is touched makes the choice "own", and Streamlit wants one of the two.
    if KIND not in st.session_state:
        st.session_state[KIND] = "lesson"
    kind = st.segmented_control(
        "Random changes",
        list(KINDS),
        format_func=KINDS.__getitem__,
        required=True,
        key=KIND,
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(kind or "lesson")


# ---------------------------------------------------------------- the popover

_PERCENT = (
    "width_shift_range",
    "height_shift_range",
    "zoom_range",
    *LIGHT,
)  # fractions, asked for in per cent


def _ask_geometry(spec: AugmentSpec, size: tuple[int, int]) -> None:
    """Draw the settings that move pixels; a change of any makes all of them one's own from the next run on."""
    left, right = st.columns(2, gap="medium")
    _slider(left, "Turn, ± degrees", 180, "rotation_range", spec, int(spec.rotation_range))
    _ask_shear(right, spec)
    _slider(left, "Shift sideways, ± %", 50, "width_shift_range", spec, _percent(spec.width_shift_range))
    _slider(
        right, "Shift up and down, ± %", 50, "height_shift_range", spec, _percent(spec.height_shift_range)
    )
    _slider(left, "Zoom, ± %", 80, "zoom_range", spec, _percent(spec.zoom_limits[1] - 1))
    _ask_flip(right, spec)
    _ask_fill_mode(left, spec)
    if spec.shear_range:
        caption(words.shear_in_words(spec, size))


def _ask_light(spec: AugmentSpec) -> None:
    """Draw the changes of light, folded away: the lesson has none of them."""
    with st.expander(words.LIGHT_TITLE):
        left, right = st.columns(2, gap="medium")
        _slider(left, "Contrast, ± %", 90, "contrast", spec, _percent(spec.contrast))
        _slider(right, "Brightness, ± %", 90, "brightness", spec, _percent(spec.brightness))
        _slider(left, "Noise, % of full contrast", 50, "noise", spec, _percent(spec.noise))
        _slider(right, "Black patch, % of images", 100, "erasing", spec, _percent(spec.erasing))


def _slider(
    column: DeltaGenerator, label: str, most: int, setting: str, spec: AugmentSpec, value: int
) -> None:
    default, controls = _controls(setting, spec, value)
    column.slider(label, 0, most, default, 5, **controls)


def _ask_shear(column: DeltaGenerator, spec: AugmentSpec) -> None:
    default, controls = _controls("shear_range", spec, spec.shear_range)
    column.number_input(
        "Shear, ± degrees", 0.0, 60.0, default, 0.2, "%.1f", help=help_of("shear"), **controls
    )


def _ask_flip(column: DeltaGenerator, spec: AugmentSpec) -> None:
    default, controls = _controls("flip", spec, (spec.horizontal_flip, spec.vertical_flip))
    flips = list(words.FLIPS)
    column.selectbox(
        "Flip, every second image",
        flips,
        index=flips.index(default),
        format_func=words.FLIPS.__getitem__,
        filter_mode=None,
        **controls,
    )


def _ask_fill_mode(column: DeltaGenerator, spec: AugmentSpec) -> None:
    default, controls = _controls("fill_mode", spec, spec.fill_mode)
    column.selectbox(
        "Fill mode",
        FILL_MODES,
        index=FILL_MODES.index(default),
        format_func=words.fill_mode_text,
        filter_mode=None,
        help=help_of("fill mode"),
        **controls,
    )


def _percent(fraction: float) -> int:
    return min(round(100 * fraction), 100)


def _controls(setting: str, spec: AugmentSpec, value: Any) -> tuple[Any, dict[str, Any]]:
    return controlled_in_popover(f"augment_{setting}", value, _adopt, setting, spec)


def _adopt(setting: str, spec: AugmentSpec, value: Any) -> None:
    if setting == "flip":
        own = replace(spec, horizontal_flip=value[0], vertical_flip=value[1])
    else:
        change: dict[str, Any] = {setting: value / 100 if setting in _PERCENT else value}
        own = replace(spec, **change)
    st.session_state[_OWN] = own
    st.session_state[KIND] = "own"


def _ask_draws_and_seed() -> tuple[int, int]:
    left, right = st.columns(2, gap="medium")
    count = left.selectbox(
        "Draws",
        COUNTS,
        index=COUNTS.index(17),
        key=COUNT,
        filter_mode=None,
        persist_state="session",
    )
    seed = right.number_input(
        "Seed of the draws", 0, MAX_SEED, key=SEED, persist_state="session", help=help_of("seed")
    )
    return int(count or 17), int(seed or 0)


def _draw_again() -> None:
    """The next seed, for a button's callback."""
    now = st.session_state.get(SEED) or 0
    st.session_state[SEED] = (int(now) + 1) % (MAX_SEED + 1)
