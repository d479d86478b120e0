"""Names that may become paths, from links, files and visitors: each is looked at before it does."""

from __future__ import annotations

import re
from typing import TypeGuard

from cnn_core.data.own.names import is_own
from cnn_core.owners import is_owner as is_owner
from cnn_core.owners import owner_of as owner_of

_RUN = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_DATASET = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)


def is_run_id(value: object) -> TypeGuard[str]:
    """Whether this can be a run's id, as `secrets.token_urlsafe(8)` makes them."""
    return isinstance(value, str) and _RUN.fullmatch(value) is not None


def is_dataset(value: object) -> TypeGuard[str]:
    """Whether this can be a data set's name: one of the catalogue, or one of a visitor's own."""
    return isinstance(value, str) and (_DATASET.fullmatch(value) is not None or is_own(value))
