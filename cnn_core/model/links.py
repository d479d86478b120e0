"""A design as a piece of an address, and back. Compact, versioned, and safe to open whoever made it.

A link is "1." and base64url of: four bytes of CRC-32, then the JSON of the design as a raw deflate stream (RFC 1951)
that knows our vocabulary beforehand. A draft that cannot be built can be linked too: that is where one gets stuck.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, NoReturn

from cnn_core.errors import StudentError

MAX_TEXT = 8_000  # characters; servers and browsers begin to cut addresses there
MAX_JSON = 64_000  # bytes, before compression: no link of a few bytes may unpack to more
_PREFIX = "1."
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")

# Part of format 1 for ever: links depend on each byte of it. What is frequent stands last.
_VOCABULARY = b"".join(
    (
        b'"type":"global_average_pooling2d"},{"type":"average_pooling2d","pool_size":2,"strides":2,"padding":"same"},',
        b'"activation":"leaky_relu"},"activation":"elu"},"activation":"gelu"},"activation":"tanh"},',
        b'"activation":"sigmoid"},"activation":"linear"},"units":512,"units":128,"units":64,"rate":0.5},"filters":8,',
        b'"filters":16,"kernel_size":1,"strides":1,"padding":"same","activation":"relu"},{"type":"batch_normalization"},',
        b'"kernel_size":5,"strides":1,"padding":"valid","activation":"relu"},{"type":"dropout","rate":0.25},',
        b'{"name":"Lesson convnet, changed","input_shape":[1,28,28],"classes":10,"layers":[',
        b'{"type":"conv2d","filters":32,"kernel_size":3,"strides":1,"padding":"valid","activation":"relu"},',
        b'{"type":"max_pooling2d","pool_size":2,"strides":2,"padding":"valid"},',
        b'{"type":"conv2d","filters":64,"kernel_size":3,"strides":1,"padding":"valid","activation":"relu"},',
        b'{"type":"flatten"},{"type":"dense","units":64,"activation":"relu"},',
        b'{"type":"dense","units":10,"activation":"softmax"}]}',
    )
)


def encode(design: Mapping[str, Any]) -> str:
    """The design as URL-safe text. Raises StudentError for what is not JSON, or too large for an address."""
    try:
        text = json.dumps(dict(design), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        plain = text.encode()
    except (TypeError, ValueError, RecursionError):
        raise StudentError(
            "This design cannot be put into a link.", hint="Use plain numbers and texts."
        ) from None
    if len(plain) > MAX_JSON:
        raise _too_large()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _VOCABULARY)
    packed = zlib.crc32(plain).to_bytes(4, "big") + deflate.compress(plain) + deflate.flush()
    link = _PREFIX + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    if len(link) > MAX_TEXT:
        raise _too_large()
    return link


def decode(text: str) -> dict[str, Any]:
    """The design in a link, as it was given to `encode`; it need not be possible.

    Raises StudentError for anything `encode` did not write. Reads at most 8,000 characters and unpacks at most
    64,000 bytes, whatever the text promises.
    """
    if not isinstance(text, str):
        raise StudentError("A link is a text.", hint="Copy the whole address.")
    if len(text) > MAX_TEXT:
        raise StudentError(
            f"This link has {len(text):,} characters.", hint=f"Ours have {MAX_TEXT:,} at most."
        )
    text = text.strip()
    if not text.startswith(_PREFIX):
        raise StudentError(
            "This is not a link of this version of Convscope.",
            hint="Copy the whole address, or build it anew.",
        )
    plain = _unpacked(text.removeprefix(_PREFIX))
    try:
        design = json.loads(plain, parse_constant=_refuse_constant)
        # Half a character, which JSON can spell and UTF-8 cannot, would break every page that says the name.
        json.dumps(design, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _broken() from None
    if not isinstance(design, dict):
        raise _broken()
    return design


def _unpacked(text: str) -> bytes:
    if not _ALPHABET.fullmatch(text):
        raise _broken()
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        inflate = zlib.decompressobj(-15, _VOCABULARY)
        plain = inflate.decompress(packed[4:], MAX_JSON + 1)
    except (ValueError, zlib.error):
        raise _broken() from None
    if len(plain) > MAX_JSON:
        raise _too_large()
    is_whole = inflate.eof and not inflate.unused_data
    if not is_whole or packed[:4] != zlib.crc32(plain).to_bytes(4, "big"):
        raise _broken()
    return plain


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _broken() -> StudentError:
    return StudentError(
        "This link is broken: a part is missing or was changed.", hint="Copy the whole address."
    )


def _too_large() -> StudentError:
    return StudentError("This design is too large for a link.", hint="Use fewer layers.")
