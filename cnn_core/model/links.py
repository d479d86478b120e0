"""A design in a link: JSON, compressed, in letters a URL may hold. Versioned, short, and safe to read from strangers.

The text may describe an impossible design, since a student's draft lives in the address too; `ModelSpec.from_link`
checks what it means.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from cnn_core.errors import StudentError

VERSION = "1"  # the first letter of every link; the words below belong to it and may never change
MAX_LETTERS = 6_000  # browsers and proxies carry addresses of 8,000
MAX_BYTES = 60_000  # of JSON; a small link can unpack to gigabytes

# What designs say most often, the commonest last: zlib then needs two bytes for a word (RFC 1950, preset dictionary).
_WORDS = (
    b'"sigmoid""tanh""gelu""elu""leaky_relu"{"type":"average_pooling2d","pool_size":2,"strides":2,"padding":"valid"},'
    b'{"type":"global_average_pooling2d"},{"type":"batch_normalization"},{"type":"dropout","rate":0.25},'
    b'"padding":"same","activation":"linear"},{"name":"My design","input_shape":[1,28,28],"classes":10,"layers":['
    b'{"type":"max_pooling2d","pool_size":2,"strides":2,"padding":"valid"},{"type":"flatten"},{"type":"dense","units":64,'
    b'"activation":"relu"},{"type":"dense","units":10,"activation":"softmax"}]}'
    b'{"type":"conv2d","filters":32,"kernel_size":3,"strides":1,"padding":"valid","activation":"relu"},'
)


def encode(values: Mapping[str, Any]) -> str:
    """A JSON-ready mapping as letters, digits, - and _. Raises StudentError where it is too large for a link."""
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=_WORDS)
    packed = packer.compress(text) + packer.flush()
    link = VERSION + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    if len(link) > MAX_LETTERS or len(text) > MAX_BYTES:
        raise StudentError("This design is too large for a link.", hint="Download it as a file instead.")
    return link


def decode(link: object) -> dict[str, Any]:
    """The inverse of `encode`. Raises StudentError for whatever else somebody may have typed or sent."""
    if not isinstance(link, str) or not link:
        raise _broken("it is empty")
    if len(link) > MAX_LETTERS:
        raise _broken(f"it has {len(link):,} letters, and at most {MAX_LETTERS:,} are read")
    if link[0] != VERSION:
        raise _broken("it was made by another version of Convscope")
    try:
        packed = base64.b64decode(link[1:] + "=" * (-len(link[1:]) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_WORDS)
        text = unpacker.decompress(packed, MAX_BYTES)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise _broken("it is incomplete or unpacks to too much")
        values = json.loads(text, parse_constant=_no_constant)
    except (ValueError, binascii.Error, zlib.error, RecursionError) as error:
        raise (
            error if isinstance(error, StudentError) else _broken("some letters are missing or changed")
        ) from error
    if not isinstance(values, dict):
        raise _broken("it holds no design")
    return values


def _broken(why: str) -> StudentError:
    return StudentError(
        f"This link cannot be read: {why}.", hint="Copy the whole link again, or start from a preset."
    )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of a design")
