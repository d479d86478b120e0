"""A teacher's key: whoever has it is a teacher of the class. It is written down nowhere, only its hash is."""

from __future__ import annotations

import hashlib
import secrets


def new_key(class_id: str) -> tuple[str, str]:
    """A key by lot, and its hash."""
    key = f"{class_id}.{secrets.token_urlsafe(18)}"
    return key, _hash(key)


def class_and_hash(key: object) -> tuple[str, str]:
    """(the id of the class that a key says it belongs to, its hash); neither needs to exist."""
    text = key[:100] if isinstance(key, str) else ""
    return text.partition(".")[0], _hash(text)


def _hash(key: str) -> str:
    return hashlib.sha256(b"convscope class key " + key.encode("utf-8", "replace")).hexdigest()
