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
# Ten colours for letters, of classes as marks: on paper each can be read, 4.5:1, which a line of RUNS need not be.
LETTERS = {
    "light": [
        "#3B43C6",
        "#687300",
        "#B83C6A",
        "#6D2A4E",
        "#2F62DB",
        "#404608",
        "#1D2129",
        "#6B707A",
        "#8F5B00",
        "#217A34",
    ],
    "dark": [
        "#AEB4FF",
        "#8E9B20",
        "#DA648D",
        "#F9C6DD",
        "#5986F8",
        "#E3F07A",
        "#E8E6E1",
        "#8A8F98",
        "#D98A1F",
        "#4BB566",
    ],
}
PAPER = {"light": "#FCFBF8", "dark": "#14161A"}
ACCENT = {"light": "#0A6464", "dark": "#4CC2B8"}
WRONG = {"light": "#B3261E", "dark": "#F28B82"}  # a wrong answer, an error

TRAINING = {"light": "#6A4BC4", "dark": "#B29CF5"}
VALIDATION = {"light": "#B87400", "dark": "#F0B347"}
VALIDATION_TEXT = {"light": "#8F5B00", "dark": "#F0B347"}  # 3.7:1 suffices for a line, not for letters

# The teal mark around what is selected, and its dark edge: readable on black and on white, so the same in both themes.
MARK, MARK_EDGE = "#5FF0E4", "#06302E"


def scale(colors: list[str]) -> list[list[float | str]]:
    """Colours as a Plotly colour scale, evenly spaced."""
    return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]


def contrast(one: str, other: str) -> float:
    """How well a colour is seen on another, from 1 to 21. Small letters need 4.5.

    Source: W3C, Web Content Accessibility Guidelines 2.1, "contrast ratio".

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """The colour between two. share: of the other, from 0 to 1."""
    places = (1, 3, 5)
    parts = [(1 - share) * int(one[i : i + 2], 16) + share * int(other[i : i + 2], 16) for i in places]
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on a colour; 4.58:1 at least, whatever the colour."""
    return max("#000000", "#FFFFFF", key=lambda ink: contrast(ink, color))
