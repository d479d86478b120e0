"""The equation in pictures: the image, what is added, and what the network is given, with what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.break_it import attack_words as words
from pages.break_it.attack_asking import Asked, put_patch
from pages.break_it.attack_kinds import scale_of
from pages.ui.drawing.contact_sheet import IN_COLOUR, as_picture, png, signed_picture
from pages.ui.drawing.figure import mode
from pages.ui.drawing.palette import INK, WRONG
from pages.ui.drawing.sheets import data_uri, image_picture
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import probability

if TYPE_CHECKING:
    from cnn_core.insight import Trial
    from pages.ui.forms.digit_input import ChosenImage

WISHED_PX = 168  # side of a picture


@dataclass(frozen=True)
class _Figure:
    """One picture of the row.  picture: (H, W, 3) uint8.  bold, muted: below it."""

    picture: np.ndarray
    alt: str
    above: str
    bold: str
    muted: str
    is_wrong: bool = False


def equation(trial: Trial, place: int, asked: Asked, chosen: ChosenImage, classes: Sequence[str]) -> None:
    """Draw the row: image + pattern = what the network is given. A patch is moved by a click on the image.

    place: of the size among the trial's.
    """
    figures = _figures(trial, place, chosen, classes)
    if asked.kind != "patch":
        _row(figures, "+=")
        return
    left, right = st.columns([200, 376])
    with left, st.container(gap="xxsmall"):
        caption(words.CLICK_PATCH)
        _movable(trial, place, asked)
    with right:
        _row(figures[2:], "")


def _figures(
    trial: Trial, place: int, chosen: ChosenImage, classes: Sequence[str]
) -> tuple[_Figure, _Figure, _Figure]:
    size, end = trial.sizes[place], scale_of(trial.attack, trial.sizes[-1])
    before, after = (
        float(trial.probabilities[at].max()) for at in (0, place)
    )  # at size 0 nothing is changed
    label, answer = classes[trial.label], classes[trial.answers[place]]
    above, read = (
        words.above_pattern(trial.attack, size),
        words.read_as(answer, label, chosen.index is not None),
    )
    alts = words.equation_alt(chosen.title, above, read, probability(after))
    is_colour = len(trial.image) == IN_COLOUR
    pattern = signed_picture(trial.pattern(place).numpy(), (-end, end))
    return (
        _Figure(as_picture(trial.image.numpy()), alts[0], chosen.title, label, probability(before)),
        _Figure(pattern, alts[1], above, "", words.scale_text(end, is_colour)),
        _Figure(
            as_picture(trial.given[place].numpy()),
            alts[2],
            words.WHAT_IT_IS_GIVEN,
            read,
            probability(after),
            is_wrong=answer != label,
        ),
    )


def _movable(trial: Trial, place: int, asked: Asked) -> None:
    height, width = trial.image.shape[1:]
    row, column = (
        round(share * length - 0.5)
        for share, length in zip(asked.centre(height, width), (height, width), strict=True)
    )
    side = round(trial.sizes[place])
    top, left = round(row + 0.5 - side / 2), round(column + 0.5 - side / 2)
    rect = max(0, top), max(0, left), min(height, top + side), min(width, left + side)
    image_picture(
        trial.image.numpy(),
        "attack_patch_place",
        alt=words.PATCH_ALT,
        px=WISHED_PX,
        rects=[rect] if side else [],
        clickable=True,
        on_click=put_patch,
    )


def _row(figures: Sequence[_Figure], signs: str) -> None:
    """Draw the figures with a sign between each two. One piece of HTML: it keeps together on a phone, too."""
    parts = [_html(figures[0])]
    for sign, figure in zip(signs, figures[1:], strict=True):
        style = f"align-self:center;font-size:20px;color:{INK[mode()][1]}"
        parts.append(f'<div aria-hidden="true" style="{style}">{sign}</div>')
        parts.append(_html(figure))
    style = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:8px clamp(4px,1vw,10px)"
    st.html(f'<div style="{style}">{"".join(parts)}</div>')


def _html(figure: _Figure) -> str:
    text, muted, border, _ = INK[mode()]
    wide = figure.picture.shape[1]
    px = max(1, round(WISHED_PX / wide)) * wide
    color = WRONG[mode()] if figure.is_wrong else text
    frame = (
        f"outline:2px solid {color};outline-offset:2px" if figure.is_wrong else f"outline:1px solid {border}"
    )
    look = f"display:block;width:min({px}px,24vw);image-rendering:pixelated;{frame}"
    bold = f'<b style="color:{color}">{escape(figure.bold)}</b> ' if figure.bold else ""
    small = f"font-size:14px;color:{muted};line-height:1.6"
    return (
        f'<figure style="margin:2px;width:min({px}px,24vw)">'
        f'<div style="{small};margin-bottom:4px">{escape(figure.above)}</div>'
        f'<img src="{data_uri(png(figure.picture))}" alt="{escape(figure.alt)}" style="{look}">'
        f'<figcaption style="{small};margin-top:6px">{bold}{escape(figure.muted)}</figcaption></figure>'
    )
