"""Names that may become paths, from links, files and visitors: each is looked at before it does."""

from __future__ import annotations

import hashlib
import re
from typing import TypeGuard

_RUN = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_OWNER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DATASET = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)


def is_run_id(value: object) -> TypeGuard[str]:
    """Whether this can be a run's id, as `secrets.token_urlsafe(8)` makes them."""
    return isinstance(value, str) and _RUN.fullmatch(value) is not None


def is_owner(value: object) -> TypeGuard[str]:
    """Whether this can be what `owner_of` gives."""
    return isinstance(value, str) and _OWNER.fullmatch(value) is not None


def is_dataset(value: object) -> TypeGuard[str]:
    """Whether this can be a data set's name."""
    return isinstance(value, str) and _DATASET.fullmatch(value) is not None


def owner_of(token: str) -> str:
    """The hash under which a visitor's things are kept: the token itself is never written down."""
    return hashlib.sha256(b"convscope visitor " + token.encode("utf-8", "replace")).hexdigest()[:32]
