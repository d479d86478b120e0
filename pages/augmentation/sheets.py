"""Sheets of changed digits: random draws, each setting alone, the fill modes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
import torch

from cnn_core.data.augment_spec import FILL_MODES
from cnn_core.lesson import Change, Reading, each_alone, largest_move, through_range
from pages.augmentation import words
from pages.augmentation.trial import Trial
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.digit_input import article
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see
from pages.ui.wording.numbers import probability_tile

ALONE = 6  # pictures for each setting alone, and at most for each fill mode: one row
MANY = 40  # more pictures than this are drawn small


@dataclass(frozen=True)
class Tile:
    """What is said of one picture."""

    caption: tuple[str, str]  # what is read, and lines of words
    label: str  # for the tip
    wrong: bool = False


def tiles(
    reading: Reading,
    trial: Trial,
    key: str,
    lines: list[list[str]],
    with_original: bool = False,
    told: bool = True,
) -> None:
    """Draw changed digits: below each what is read, and lines of words; red where it is no longer the class it was.

    lines: of each picture.  with_original: the digit as it was chosen comes first.
    told:  whether it may be seen what is read.
    """
    small = len(reading) > MANY
    images = reading.images.clamp(0, 1)  # noise may lead a little out of what can be drawn
    tile = _tile if told else _tile_to_guess
    drawn = [tile(reading, i, trial, lines[i], small) for i in range(len(reading))]
    if with_original:
        images = torch.cat([trial.digit.image[None], images])
        drawn = [_original(trial, small), *drawn]
    sheet(
        image_sheet(images.numpy()),
        key=key,
        alt="The changed digit and what the network reads",
        tile_px=56 if small else 84,
        columns=8 if small else min(6, len(images)),
        captions=[tile.caption for tile in drawn],
        labels=[tile.label for tile in drawn],
        wrong={i for i, tile in enumerate(drawn) if tile.wrong},
        clickable=False,
    )


def _original(trial: Trial, small: bool) -> Tile:
    lines = [trial.a_digit]
    if trial.digit.index is not None:
        lines.append(f"test no. {trial.digit.index}")
    title = "original" if small else "the original"
    return Tile((title, "\n".join(lines)), f"the original, {trial.digit.title}")


def _tile(reading: Reading, i: int, trial: Trial, lines: list[str], small: bool) -> Tile:
    answer, sure = reading.answers[i], reading.certainty[i]
    name, is_wrong = trial.classes[answer], answer != trial.label
    if is_wrong:
        lines = words.with_warning(lines, trial.a_digit, small)
    return Tile(
        caption=(f"{name} · {probability_tile(sure)}", "\n".join(lines)),
        label=f"{words.in_full(reading.changes[i])}: {words.read_as(article(name), sure)}",
        wrong=is_wrong,
    )


def _tile_to_guess(reading: Reading, i: int, trial: Trial, lines: list[str], small: bool) -> Tile:
    return Tile((words.NOT_TOLD, "\n".join(lines)), words.in_full(reading.changes[i]))


# ---------------------------------------------------------------- three ways to look


def draws(trial: Trial, reading: Reading, seed: int, told: bool) -> None:
    """Draw the random changes beside the original.  told: whether it may be seen what is read."""
    with st.container(gap="xsmall"):
        heading = words.draws_heading(len(reading), trial.spec)
        st.markdown(sheet_heading(heading, *words.short_words(trial.spec), f"seed {seed}"))
        short = len(reading) > MANY
        lines = [words.lines_of(change, trial.spec, short) for change in reading.changes]
        tiles(reading, trial, "augment_draws", lines, with_original=True, told=told)
    what_you_see(words.what_draws_show(trial.spec, trial.a_digit))
    if trial.spec.shear_range:
        caption(words.shear_in_words(trial.spec, trial.size))


def one_alone(trial: Trial) -> None:
    """Draw each setting from one end of its range to the other, with all others off."""
    settings = each_alone(trial.spec)
    if not settings:
        caption(words.NOTHING_SWITCHED_ON)
    for setting in settings:
        _row_of(setting, trial)
    what_you_see(words.WHAT_ONE_ALONE_SHOWS)


def _row_of(setting: str, trial: Trial) -> None:
    changes = tuple(through_range(trial.spec, setting, ALONE, trial.size))
    reading = trial.read(changes)
    still = words.still_read(reading.kept(trial.label), len(reading), trial.a_digit)
    with st.container(gap="xsmall"):
        title = words.setting_in_words(setting, trial.spec)
        st.markdown(sheet_heading(title, still, words.what_moves(setting, largest_move(changes, trial.size))))
        tiles(
            reading,
            trial,
            f"augment_{setting}",
            [[words.value_alone(setting, change)] for change in changes],
        )


def fill_modes(trial: Trial, changes: tuple[Change, ...]) -> None:
    """Draw the same changes with what the picture leaves behind filled in each of four ways."""
    for mode in FILL_MODES:
        _row_filled(mode, trial, changes)
    what_you_see(words.WHAT_FILL_MODES_SHOW)


def _row_filled(mode: str, trial: Trial, changes: tuple[Change, ...]) -> None:
    reading = trial.read(changes, mode)
    still = f"{reading.kept(trial.label)} of {len(reading)} still read as {trial.a_digit}"
    in_use = "in use" if mode == trial.spec.fill_mode else ""
    few = reading.take(evenly(len(changes), ALONE))
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading(mode, words.FILLS[mode], still, in_use))
        lines = [words.lines_of(change, trial.spec)[:1] for change in few.changes]
        tiles(few, trial, f"augment_fill_{mode}", lines)


def evenly(count: int, most: int) -> list[int]:
    """At most `most` indices of `count`, from the first to the last in even steps.

    >>> evenly(17, 6), evenly(4, 6), evenly(1, 6)
    ([0, 3, 6, 9, 12, 16], [0, 1, 2, 3], [0])
    """
    few = min(most, count)
    return [i * (count - 1) // max(few - 1, 1) for i in range(few)]
