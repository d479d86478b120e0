"""Networks saved by Keras."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.opening.opened import Opened


def read(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    """The network in a .keras or .h5 file. Raises StudentError for one that cannot be opened."""
    raise StudentError("Networks of Keras cannot be opened yet.")
