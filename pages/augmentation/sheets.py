"""Sheets of changed digits: random draws, each setting alone, the fill modes."""

from __future__ import annotations

import streamlit as st
import torch

from cnn_core.data.augment_spec import FILL_MODES
from cnn_core.lesson import Change, Reading, each_alone, largest_move, through_range
from pages.augmentation.reading import Asked
from pages.augmentation.words import SETTINGS, alone_words, in_full, lines_of
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.augment_settings import FILLS, shear_in_words, short_words
from pages.ui.forms.digit_input import article
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see
from pages.ui.wording.numbers import number, plural, probability, probability_tile

ALONE = 6  # pictures for each setting alone: one row


def tiles(
    reading: Reading, asked: Asked, key: str, below: list[list[str]], with_original: bool = False
) -> None:
    """Draw changed digits: below each what is read, and lines of words; red where it is no longer the class it was."""
    images, answers, sure = reading.images, reading.answers, reading.certainty
    small = len(reading) > 40
    not_it = f"not {asked.a_digit}"
    captions, labels, wrong = [], [], set()
    if with_original:
        images = torch.cat([asked.chosen.image[None], images])
        first = [asked.a_digit]
        if asked.chosen.index is not None:
            first.append(f"test no. {asked.chosen.index}")
        captions.append(("original" if small else "the original", "\n".join(first)))
        labels.append(f"the original, {asked.chosen.title}")
    for i, (said, certainty, change) in enumerate(zip(answers, sure, reading.changes, strict=True)):
        name = asked.classes[said]
        words = [line.replace("zoom", "z") if small else line for line in below[i]]
        if said != asked.label:
            wrong.add(i + with_original)
            words[:1] = [
                f"{words[0]} · {not_it}" if words and not small else not_it,
                *(words[:1] if small else []),
            ]
        captions.append((f"{name} · {probability_tile(certainty)}", "\n".join(words)))
        labels.append(f"{in_full(change)}: read as {article(name)}, {probability(certainty)}")
    sheet(
        contact_sheet(images[:, 0].numpy(), "grey", (0.0, 1.0)),
        key=key,
        alt="The changed digit and what the network reads",
        tile_px=56 if small else 84,
        columns=8 if small else min(6, len(images)),
        captions=captions,
        labels=labels,
        wrong=wrong,
        clickable=False,
    )


def draws(asked: Asked, reading: Reading, seed: int) -> None:
    with st.container(gap="xsmall"):
        st.markdown(
            sheet_heading(
                f"{plural(len(reading), 'draw')}, sorted by their turn",
                *short_words(asked.spec),
                f"seed {seed}",
            )
        )
        below = [lines_of(change, asked.spec) for change in reading.changes]
        tiles(reading, asked, "augment_draws", below, with_original=True)
    zoom = " Zoom above 1 makes it smaller." if asked.spec.zoom_limits != (1, 1) else ""
    what_you_see(
        "Under each draw: what the network reads and how sure it is, then the turn in degrees (+ is to the left), the "
        f"shift in pixels, right and up, and the zoom of width and height.{zoom} Red: no longer read as "
        f"{asked.a_digit}. Where you would not read {asked.a_digit} either, the label has become a lie."
    )
    if asked.spec.shear_range:
        caption(shear_in_words(asked.spec))


def one_alone(asked: Asked) -> None:
    """Each setting from one end of its range to the other, with all others off."""
    alone = each_alone(asked.spec)
    if not alone:
        caption("Nothing is switched on. Choose the lesson’s settings, or turn one of your own up.")
    for name in alone:
        changes = tuple(through_range(asked.spec, name, ALONE))
        reading = asked.read(changes)
        moved = largest_move(changes)
        almost = ": almost nothing" if moved < 0.5 else ""
        value = getattr(asked.spec, name)
        value = (
            ""
            if isinstance(value, bool)
            else " to ".join(f"{v:g}" for v in value)
            if isinstance(value, tuple)
            else f"{value:g}"
        )
        with st.container(gap="xsmall"):
            st.markdown(
                sheet_heading(
                    f"{SETTINGS[name]} {value}".strip(),
                    f"still {asked.a_digit} in {reading.kept(asked.label)} of {len(reading)}",
                    f"moves a pixel by up to {number(moved, 2 if moved < 1 else 0)}{almost}",
                )
            )
            tiles(reading, asked, f"augment_{name}", [[alone_words(name, change)] for change in changes])
    what_you_see(
        "Each row is one setting from one end of its range to the other, with all others switched off. The row with "
        "the most red is the one this network minds."
    )


def fill_modes(asked: Asked, changes: tuple[Change, ...]) -> None:
    """The same draws, with what the picture leaves behind filled in each of four ways."""
    few = [i * (len(changes) - 1) // max(min(6, len(changes)) - 1, 1) for i in range(min(6, len(changes)))]
    for mode in FILL_MODES:
        reading = asked.read(changes, mode)
        title, _, what = FILLS[mode].partition(": ")
        now = "in use" if mode == asked.spec.fill_mode else ""
        kept = f"{reading.kept(asked.label)} of {len(reading)} still read as {asked.a_digit}"
        with st.container(gap="xsmall"):
            st.markdown(sheet_heading(title, what, kept, now))
            shown = reading.take(few)
            tiles(shown, asked, f"augment_fill_{mode}", [lines_of(c, asked.spec)[:1] for c in shown.changes])
    what_you_see(
        "The same draws four times; only what appears at the edges differs. A digit stands on black, so nearest and "
        "constant mostly agree, except where a stroke touches the edge and is drawn out. Reflect and wrap bring in "
        "pieces of the digit that were never there."
    )
