"""Whose something is: the hash of a visitor's secret token, the only trace of it on a disk."""

from __future__ import annotations

import hashlib
import re
from typing import TypeGuard

_OWNER = re.compile(r"[0-9a-f]{32}", re.ASCII)


def is_owner(value: object) -> TypeGuard[str]:
    """Whether this can be what `owner_of` gives."""
    return isinstance(value, str) and _OWNER.fullmatch(value) is not None


def owner_of(token: str) -> str:
    """The hash under which a visitor's things are kept: the token itself is never written down."""
    return hashlib.sha256(b"convscope visitor " + token.encode("utf-8", "replace")).hexdigest()[:32]
