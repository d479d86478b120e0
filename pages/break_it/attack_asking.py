"""What the view "Attack a digit" asks: the kind of attack, its size, and where it goes; all of it in the address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import streamlit as st

from pages.break_it import attack_words as words
from pages.break_it.attack_kinds import DIRECTIONS, KINDS
from pages.ui.frame import address
from pages.ui.frame.controlled import controlled

_KIND, _SIZE, _TO, _PATCH = "attack_kind", "attack_size", "attack_to", "attack_patch"
_CELL = re.compile(r"(\d{1,3})\.(\d{1,3})")

Cell = tuple[int, int]  # row and column of a pixel


def _cell(text: str) -> Cell | None:
    """
    >>> _cell("3.20"), _cell("3"), _cell("-1.2")
    ((3, 20), None, None)
    """
    match = _CELL.fullmatch(text) if text.isascii() else None
    return (int(match[1]), int(match[2])) if match else None


_PARTS = (
    address.one_of("attack", _KIND, {kind: kind for kind in KINDS}, "fgsm"),
    # None: the smallest that works, whatever the image.
    replace(address.decimal("size", _SIZE, 0.0, 1_000.0, -1.0), standard=None),
    address.one_of("to", _TO, {name: name for name in DIRECTIONS["shift"]}, "right"),
    address.Part("patch", _PATCH, None, _cell, lambda cell: "{}.{}".format(*cell)),
)


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    size:      that was chosen by hand, in the attack's unit; None is the smallest that works.
    direction: of a shift or a turn, by its name; "" of others.
    patch:     the pixel in the middle of the patch; None is the image's middle.
    """

    kind: str
    size: float | None
    direction: str
    patch: Cell | None

    @property
    def degrees(self) -> float | None:
        """The direction as the core takes it."""
        return DIRECTIONS[self.kind][self.direction] if self.direction else None

    def centre(self, height: int, width: int) -> tuple[float, float]:
        """The middle of the patch, as fractions of height and width: the middle of its pixel."""
        if self.patch is None:
            return 0.5, 0.5
        row, column = self.patch
        return (min(row, height - 1) + 0.5) / height, (min(column, width - 1) + 0.5) / width


def ask_kind() -> Asked:
    """Draw the menu of kinds, in the strip; the rest has its widgets elsewhere, and `tell` writes all of it."""
    address.follow(*_PARTS)
    kind = st.selectbox(
        "Attack",
        list(KINDS),
        format_func=words.MENU.__getitem__,
        key=_KIND,
        label_visibility="collapsed",
        filter_mode=None,
        width=230,
        persist_state="session",
        on_change=begin_anew,
    )
    return _now(str(kind or "fgsm"))


def _now(kind: str) -> Asked:
    direction = ""
    if kind in DIRECTIONS:
        direction = st.session_state.get(_TO, "right")
        direction = direction if direction in DIRECTIONS[kind] else "right"
    patch = st.session_state.get(_PATCH) if kind == "patch" else None
    return Asked(kind, st.session_state.get(_SIZE), direction, patch)


def tell() -> None:
    """Let the address say what was asked for."""
    address.tell(*_PARTS)


def begin_anew() -> None:
    """Let the slider begin at the smallest size that works; for callbacks."""
    st.session_state[_SIZE] = None


def ask_size(asked: Asked, sizes: tuple[float, ...], place: int) -> None:
    """Draw the slider.  place: of the size that it stands at."""

    def choose(size: float) -> None:
        st.session_state[_SIZE] = size

    st.select_slider(
        words.SLIDERS[asked.kind],
        sizes,
        format_func=lambda size: words.size_text(asked.kind, size),
        **controlled("attack_slider", sizes[place], choose, words=(asked.kind, len(sizes))),
    )


def ask_direction(asked: Asked) -> None:
    """Draw the choice of where a shift or a turn goes; nothing for other attacks."""
    if not asked.direction:
        return

    def choose(direction: str | None) -> None:
        st.session_state[_TO] = direction or asked.direction

    st.segmented_control(
        "Where to",
        list(DIRECTIONS[asked.kind]),
        required=True,
        label_visibility="collapsed",
        **controlled("attack_where", asked.direction, choose, words=asked.kind),
    )


def put_patch(row: int, column: int) -> None:
    """Lay the middle of the patch on this pixel; for callbacks."""
    st.session_state[_PATCH] = (row, column)


def nearest(sizes: tuple[float, ...], size: float) -> int:
    """The place of the size that is nearest to this one.

    >>> nearest((0.0, 0.1, 0.2), 0.14), nearest((0.0, 0.1, 0.2), 7)
    (1, 2)
    """
    return min(range(len(sizes)), key=lambda place: abs(sizes[place] - size))
