"""The one palette: every colour that the screen draws with, in light and dark.

`.streamlit/config.toml` repeats what Streamlit's own widgets use, and a test holds the two together. Components get
theirs from here by name (`sheets.component_source`). The report of the core carries its own, for it may not import us.
"""

from __future__ import annotations

# Plotly's Inferno, its ten anchors: 0 is black, 1 the map's or the layer's maximum.
ACTIVATION = [
    "#000004",
    "#1b0c41",
    "#4a0c6b",
    "#781c6d",
    "#a52c60",
    "#cf4446",
    "#ed6925",
    "#fb9b06",
    "#f7d13d",
    "#fcffa4",
]
SIGNED = ["#1F4E8C", "#4F86C0", "#A9C8E4", "#F6F4EF", "#F2BE93", "#D97B33", "#9A4208"]  # the middle is 0

# Six lines that everybody can tell apart.
RUNS = {
    "light": ["#3B43C6", "#869300", "#DA648D", "#6D2A4E", "#5986F8", "#404608"],
    "dark": ["#AEB4FF", "#8E9B20", "#DA648D", "#F9C6DD", "#5986F8", "#E3F07A"],
}

# Text, muted text, border, surface.
INK = {
    "light": ("#1D2129", "#5C6270", "#DEDAD0", "#F4F2EC"),
    "dark": ("#E8E6E1", "#A3A8B3", "#363B45", "#1D2026"),
}
PAPER = {"light": "#FCFBF8", "dark": "#14161A"}
ACCENT = {"light": "#0B6E6E", "dark": "#4CC2B8"}
WRONG = {"light": "#B3261E", "dark": "#F28B82"}  # a wrong answer, an error

TRAINING = {"light": "#6A4BC4", "dark": "#B29CF5"}
VALIDATION = {"light": "#B87400", "dark": "#F0B347"}
VALIDATION_TEXT = {"light": "#8F5B00", "dark": "#F0B347"}  # 3.7:1 suffices for a line, not for letters

# The teal mark around what is selected, and its dark edge: readable on black and on white, so the same in both themes.
MARK, MARK_EDGE = "#5FF0E4", "#06302E"


def scale(colors: list[str]) -> list[list[float | str]]:
    """Colours as a Plotly colour scale, evenly spaced."""
    return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]
