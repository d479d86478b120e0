"""The words beside the notebook's lines: where they are from, and where ours stand."""

from __future__ import annotations

from cnn_core.lesson.core_source import CoreSource
from cnn_core.lesson.notebook_step import NotebookLines

TITLE = "The same in R, Python and our code"
IN_R, IN_PYTHON, OURS = "R", "Python", "Ours"

FROM_THE_NOTEBOOK = "From the lesson’s notebook, shortened to this step."
NOT_IN_THE_NOTEBOOK = "The lesson’s notebook has no lines for this. These are ours, in its style."
_KERAS = "For Keras 3. A name that is not made here, such as `model_cnn`, comes from an earlier step."
_WITH_TORCH = "The slope is taken with Keras’s torch backend."


def about_r(lines: NotebookLines) -> str:
    """Where the R is from, and what differs between the three."""
    return _joined(FROM_THE_NOTEBOOK if lines.is_from_notebook else NOT_IN_THE_NOTEBOOK, lines.note)


def about_python(lines: NotebookLines) -> str:
    """What the Python needs."""
    return _joined(_KERAS, _WITH_TORCH if "torch." in lines.python else "")


def where(source: CoreSource, base: str) -> str:
    """In which file a function stands: a link where the project's files are on the web.

    base: the setting, "" where nobody has set it.

    >>> where(CoreSource("pool", "cnn_core/lesson/convolution.py", 301, ""), "")
    '`pool` in `cnn_core/lesson/convolution.py`, line 301'
    """
    place = f"`{source.path}`, line {source.line}"
    address = source.address(base)
    return f"`{source.name}` in [{place}]({address})" if address else f"`{source.name}` in {place}"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
