"""The notebook beside it: for each step of the lesson the lines of R, the same in Python, who did it here. No torch.

The R is the lesson's own notebook, shortened to what the step is about; where the notebook says a thing in words or
pictures only, `is_from_notebook` is False and the lines are ours, in its style. The Python is for Keras 3. Its lines
follow one another as in a notebook: a name such as `model_cnn` comes from a step before. Where a slope is asked for,
they need Keras's torch backend, for each backend has its own way to take one.
"""

from __future__ import annotations

from cnn_core.lesson.notebook_inside import INSIDE
from cnn_core.lesson.notebook_learning import LEARNING
from cnn_core.lesson.notebook_step import NotebookLines

NOTEBOOK: dict[str, NotebookLines] = LEARNING | INSIDE  # step -> its lines, in the lesson's order


def lines_of(step: str) -> NotebookLines:
    """The lines of a step of the lesson. KeyError for a step that there is not."""
    return NOTEBOOK[step]
