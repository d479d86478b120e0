"""What is said of a teacher's scene to whoever is in it."""

from __future__ import annotations

from cnn_core.classroom import Bound, Scene
from pages.ui.wording.blocks import plain

LEAVE = "Leave this scene"
END = "End it for my class"
TO_ITS_PAGE = "Go to the scene’s page"
PREVIEW = "Preview: this is what your students will see."


def line(bound: Bound, is_preview: bool) -> str:
    """One line above the page: what the scene is called, and what the teacher says to it; in Markdown.

    >>> line(Bound(Scene("Only blur", "convolution", note="Look at the edges."), "a" * 12), False)
    ':material/theater_comedy: **Only blur** Look at the edges.'
    """
    preview = f":orange[{PREVIEW}] " if is_preview else ""
    note = f" {plain(bound.scene.note)}" if bound.scene.note else ""
    return f":material/theater_comedy: {preview}**{plain(bound.scene.title)}**{note}"


def of_class(scene: Scene) -> str:
    """The line for the teacher whose class is in a scene.

    >>> of_class(Scene("Only blur", "convolution"))
    ':material/theater_comedy: Your class is in the scene **Only blur**.'
    """
    return f":material/theater_comedy: Your class is in the scene **{plain(scene.title)}**."
