"""Which steps of the lesson a teacher's scene leaves as they are. The others are passed over, so none is a dead end.

A step is left out where its page is closed, where what it is about cannot be done, and where the page has to show
something else than the step speaks of.
"""

from __future__ import annotations

from cnn_core.classroom import Scene
from pages.tour.steps import STEPS, Step
from pages.ui.visitor import scene

# {page: {name in its address: what is meant where the address says nothing}}, of what steps say.
USUAL: dict[str, dict[str, str]] = {
    "convolution": {
        **{"tab": "kernel", "image": "digit", "kernel": "vertical-edges", "size": "3"},
        **{"padding": "valid", "strides": "1", "dilation": "1", "pooling": "max"},
    },
    "augmentation": {"changes": "lesson", "look": "draws"},
}


def fits(of_teacher: Scene, step: Step) -> bool:
    """Whether a scene leaves a step as it is."""
    if not of_teacher.opens(step.page) or step.does in of_teacher.hidden:
        return False
    held = of_teacher.texts(step.page)
    usual = USUAL.get(step.page, {})
    shown = {name: held[name] or usual.get(name) for name in step.state if name in held}
    return not set(step.sets) & set(held) and all(step.state[name] == text for name, text in shown.items())


def open_steps() -> list[Step]:
    """The steps that are open to this visitor, in their order; out of a scene these are all."""
    now = scene.bound()
    return list(STEPS) if now is None else [step for step in STEPS if fits(now.scene, step)]
