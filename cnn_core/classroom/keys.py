"""The key that makes whoever has it a teacher of a class. Only its hash is written down."""

from __future__ import annotations

import hashlib
import secrets


def new_key(class_id: str) -> tuple[str, str]:
    """A key and its hash: the key itself is never written down."""
    key = f"{class_id}.{secrets.token_urlsafe(18)}"
    return key, _hash(key)


def parts_of(key: object) -> tuple[str, str]:
    """(the id of the class that a key speaks of, the key's hash); of rubbish, ids and hashes of nothing."""
    text = key[:100] if isinstance(key, str) else ""
    return text.partition(".")[0], _hash(text)


def _hash(key: str) -> str:
    return hashlib.sha256(b"convscope class key " + key.encode("utf-8", "replace")).hexdigest()
