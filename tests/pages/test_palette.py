"""One palette: what Streamlit's own widgets and the components draw with agrees with `palette.py`."""

import re
import tomllib

import pytest

from pages.ui.drawing.palette import ACCENT, INK, MARK, MARK_EDGE, PAPER, WRONG
from pages.ui.drawing.sheets import component_source
from pages.ui.frame import shell
from pages.ui.frame.components import COMPONENTS, component_file
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
    known = {*(color for mode in INK.values() for color in mode), "#FFFFFF"}
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
