"""The help about keys: all that can be done without a mouse."""

from __future__ import annotations

from pages.ui.frame.shortcuts import NEXT, PLAY, STEP

TITLE = "Keys: everything here without a mouse"
_KEYS = {
    f"**{PLAY}**": "Plays what the page plays, and pauses it. While a network is in training: pauses it, and goes on.",
    f"**{STEP}**": "One step on, where something is played; with Shift one step back.",
    f"**{NEXT}**": "The next page.",
    "**Tab**": "The next control; with Shift the one before. Where you are has a ring.",
    "**Arrow keys**": "In pictures: the next tile, the next pixel, the next place of the kernel. **Enter** chooses it.",
    "**In the drawing square**": "Arrow keys move the pen, with Shift in small steps. **Space** puts it down and lifts "
    "it. **Delete** clears the square, **Ctrl+Z** takes the last stroke back.",
}


def help_text() -> str:
    """All keys, in Markdown."""
    return "\n".join(f"- {key}: {what}" for key, what in _KEYS.items())
