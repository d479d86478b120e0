"""One palette: what Streamlit's own widgets and the components draw with agrees with `palette.py`."""

import re
import tomllib

import pytest

from pages.ui.drawing.palette import (
    ACCENT,
    INK,
    LETTERS,
    MARK,
    MARK_EDGE,
    PAPER,
    RUNS,
    TRAINING,
    VALIDATION_TEXT,
    WRONG,
    contrast,
    ink_on,
    mixed,
)
from pages.ui.drawing.sheets import component_source
from pages.ui.frame import shell
from pages.ui.frame.components import COMPONENTS, component_file
from pages.ui.frame.streamlit_inside import RING
from pages.ui.wording import blocks

SIX_DIGITS = re.compile(r"#[0-9A-Fa-f]{6}\b")


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_streamlits_theme_has_the_colours_of_our_figures(mode):
    theme = tomllib.loads((shell.ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][
        mode
    ]
    text, muted, border, surface = INK[mode]
    assert theme["textColor"] == text
    assert theme["grayTextColor"] == muted
    assert theme["borderColor"] == border
    assert theme["secondaryBackgroundColor"] == surface
    assert theme["backgroundColor"] == PAPER[mode]
    assert theme["primaryColor"] == theme["linkColor"] == ACCENT[mode]
    assert theme["redColor"] == theme["redTextColor"] == WRONG[mode]


def test_a_component_names_no_colour_that_the_palette_does_not_have():
    known = {*(color for mode in INK.values() for color in mode), "#FFFFFF", RING}
    for file in COMPONENTS.iterdir():
        assert set(SIX_DIGITS.findall(file.read_text(encoding="utf-8"))) <= known, file.name


def test_the_teal_mark_reaches_every_component_by_name():
    css = component_source("css", "sheet")
    assert f"--mark: {MARK}" in css
    assert f"--mark-edge: {MARK_EDGE}" in css
    for name in ("common", "sheet", "picture", "before_after"):
        assert "var(--mark)" in component_file(f"{name}.css")


def test_a_primary_button_is_written_in_paper_where_white_could_not_be_read(monkeypatch):
    monkeypatch.setattr(shell, "mode", lambda: "dark")
    assert PAPER["dark"] in blocks.on_primary("Train")
    assert blocks.on_primary("Train", is_enabled=False) == "Train"  # no accent behind it


def test_contrast_is_that_of_the_guidelines():
    # The two greys between which 4.5:1 on white lies, as everybody quotes them.
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    assert contrast("#FFFFFF", "#777777") == pytest.approx(4.48, abs=0.005)
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_that_letters_have_can_be_read_on_the_page_and_on_the_sidebar(mode):
    text, muted, _, surface = INK[mode]
    letters = [text, muted, ACCENT[mode], WRONG[mode], TRAINING[mode], VALIDATION_TEXT[mode]]
    for ground in (PAPER[mode], surface):
        assert [color for color in letters if contrast(color, ground) < 4.5] == []
    assert [color for color in LETTERS[mode] if contrast(color, PAPER[mode]) < 4.5] == []
    assert len(set(LETTERS[mode])) == 10
    assert [color for color in RUNS[mode] if contrast(color, PAPER[mode]) < 3] == []  # lines need less


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_chosen_button_can_be_read_also_while_it_is_pointed_at(mode):
    # Streamlit writes it in the accent on a fifth of the accent; it was 4.36:1.
    for ground in (PAPER[mode], INK[mode][3]):
        assert contrast(ACCENT[mode], mixed(ground, ACCENT[mode], 0.2)) >= 4.5


def test_a_number_on_any_grey_can_be_read():
    for grey in range(256):
        color = f"#{grey:02x}{grey:02x}{grey:02x}"
        assert contrast(ink_on(color), color) >= 4.5
