"""What is said of a teacher's scene to whoever is in it."""

from __future__ import annotations

from cnn_core.classroom import Bound
from pages.ui.wording.blocks import plain

LEAVE = "Leave this scene"
TO_ITS_PAGE = "Go to the scene’s page"
PREVIEW = "Preview: this is what your students will see."


def line(bound: Bound, is_preview: bool) -> str:
    """One line above the page: what the scene is called, and what the teacher says to it; in Markdown.

    >>> from cnn_core.classroom import Scene
    >>> line(Bound(Scene("Only blur", "convolution", note="Look at the edges."), "a" * 12), False)
    ':material/theater_comedy: **Only blur** Look at the edges.'
    """
    preview = f":orange[{PREVIEW}] " if is_preview else ""
    note = f" {plain(bound.scene.note)}" if bound.scene.note else ""
    return f":material/theater_comedy: {preview}**{plain(bound.scene.title)}**{note}"
