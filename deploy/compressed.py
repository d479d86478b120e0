"""Streamlit's scripts and styles, compressed once for everybody.

Streamlit sends them as they are, and leaves it to a proxy to make them smaller for each visitor anew. A first visit is
megabytes of them, seconds on a phone. Their names change with what is in them, so that each needs to be compressed
only once; what was asked for stays in memory, some megabytes at most.
"""

from __future__ import annotations

import asyncio
import gzip
import posixpath
from typing import NamedTuple

from starlette.datastructures import Headers as Received
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"
WORTH_IT = (
    "javascript",
    "text/css",
    "application/json",
    "image/svg",
)  # fonts and pictures are compressed already
LEAST = 1_000  # bytes; below it there is nothing to gain


class Answer(NamedTuple):
    """A whole answer, as ASGI has it."""

    start: Message
    body: bytes


class Compressed:
    """ASGI middleware around Streamlit: its static files for whoever takes gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._answers: dict[str, asyncio.Future[Answer | None]] = {}  # by path; None for what stays as it is

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        answer = await self._answer(scope) if _may_be_compressed(scope) else None
        if answer is None:
            await self.app(scope, receive, send)
            return
        # Who comes next, Headers for one, adds to these.
        await send({**answer.start, "headers": list(answer.start["headers"])})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope) -> Answer | None:
        """The compressed file. Of those who ask for it at the same time the first gets it made."""
        path = scope["path"]
        if path in self._answers:
            return await asyncio.shield(self._answers[path])
        made = self._answers[path] = asyncio.get_running_loop().create_future()
        answer = None
        try:
            answer = await self._made(scope)
        finally:
            made.set_result(answer)
            if answer is None:  # a path that leads nowhere, or a file for no gain: anybody can think of many
                del self._answers[path]
        return answer

    async def _made(self, scope: Scope) -> Answer | None:
        start: Message = {}
        parts: list[bytes] = []

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, _nothing_more, listen)
        headers, body = MutableHeaders(raw=list(start["headers"])), b"".join(parts)
        if start["status"] != 200 or "immutable" not in headers.get("cache-control", ""):
            return None
        kind = headers.get("content-type", "")
        if len(body) < LEAST or "content-encoding" in headers or not any(one in kind for one in WORTH_IT):
            return None
        body = await asyncio.to_thread(gzip.compress, body, 9, mtime=0)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        headers.add_vary_header("Accept-Encoding")
        if etag := headers.get("etag"):
            headers["ETag"] = f"W/{etag.removeprefix('W/')}"  # equal in meaning, not in its bytes
        return Answer({**start, "headers": headers.raw}, body)


def _may_be_compressed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or STATIC not in scope["path"]:
        return False
    # A file has one path that is short, and endless others (`/static//js/`, `/static/./js/`): each would be kept.
    if posixpath.normpath(scope["path"]) != scope["path"]:
        return False
    asked = Received(scope=scope)
    if "range" in asked or "if-none-match" in asked or "if-modified-since" in asked:
        return False
    return "gzip" in asked.get("accept-encoding", "")


async def _nothing_more() -> Message:
    """Whoever asked stays on the line: others wait for the same file."""
    return await asyncio.get_running_loop().create_future()
