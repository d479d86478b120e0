"""What every answer says to the browser about trust, and what outsiders are not answered."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers as Received
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnn_core.settings import settings

# Nothing is loaded from elsewhere. Streamlit needs eval (its charts compile expressions), blob: (its components'
# modules) and styles within the page.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors {ancestors}"
)
GUARDED = ("/_stcore/metrics", "/_stcore/agent")  # Streamlit's own figures, and its remote control


class Headers:
    """ASGI middleware around Streamlit."""

    def __init__(self, app: ASGIApp, may_read: Callable[[str], bool]) -> None:
        """may_read: whether an Authorization header opens the server's figures."""
        self.app, self.may_read = app, may_read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_guarded = any(part in scope["path"] for part in GUARDED)
        if is_guarded and not self.may_read(Received(scope=scope).get("authorization", "")):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_to(MutableHeaders(scope=message), settings().embed_on)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _add_to(headers: MutableHeaders, embed_on: tuple[str, ...]) -> None:
    headers["Content-Security-Policy"] = POLICY.format(ancestors=" ".join(["'self'", *embed_on]))
    headers["X-Content-Type-Options"] = "nosniff"
    # A link says which run is looked at: other sites need not know.
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
    if not embed_on:
        headers["X-Frame-Options"] = "SAMEORIGIN"  # it cannot name other sites, so it would forbid them
        return
    for number, (name, value) in enumerate(headers.raw):
        if name == b"set-cookie" and b"SameSite=None" in value and b"Partitioned" not in value:
            # Where third-party cookies are blocked, one that is kept apart for each embedding site is not.
            headers.raw[number] = (name, value + b"; Partitioned")
