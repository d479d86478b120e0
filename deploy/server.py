"""`python -m deploy.server`: the app for many, by Streamlit's own `st.App`; `streamlit run dashboard.py` is for one.

The same pages, and around them what an operator needs:

    /healthz    whether folder, disk, runner and queue are sound: JSON, 200 or 503
    /metrics    figures for Prometheus, for whoever knows CONVSCOPE_METRICS_TOKEN; Streamlit's own likewise
    /static     Streamlit's scripts and styles, compressed once for everybody
    headers     nothing may show the app in a frame but itself and CONVSCOPE_EMBED_ON
    a line of JSON for each run, refusal and error, with CONVSCOPE_LOG=json
    SIGTERM     the runner that this server started keeps its runs where they are, and ends with it

Where it listens: STREAMLIT_SERVER_ADDRESS, STREAMLIT_SERVER_PORT, STREAMLIT_SERVER_BASE_URL_PATH.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cnn_core import journal
from cnn_core.classroom.figures import figures
from cnn_core.errors import StudentError, quoted
from cnn_core.machine import children, resident
from cnn_core.runs.files import read_json
from cnn_core.runs.health import look
from cnn_core.runs.jobs.runner import end_own_runner
from cnn_core.runs.metrics import exposition
from cnn_core.settings import settings
from deploy.compressed import Compressed
from deploy.headers import Headers
from pages.ui.frame.process import give_memory_back, keep_memory_together
from pages.ui.visitor import server
from pages.ui.wording import looking

ROOT = Path(__file__).parents[1]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise StudentError(
            f"STREAMLIT_SERVER_PORT is {quoted(text)}, and a port is a number from 1 to 65535.",
            hint="Change it or unset it.",
        )
    return int(text)


OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "STREAMLIT_SERVER_PORT": ("server.port", _port),
    "STREAMLIT_SERVER_ADDRESS": ("server.address", str),
    "STREAMLIT_SERVER_BASE_URL_PATH": ("server.baseUrlPath", str),
}
LOOK_SECONDS = 5.0  # how often it is seen to work that nobody does


def healthz(_request: Request) -> Response:
    """Whether the server is sound. A plain function, so Starlette runs it in a thread, for it looks at a disk."""
    health = look(server.store())
    classes = figures(server.classes())
    found = health.to_dict() | {"classes": {name: classes[name] for name in ("open", "most_open")}}
    return JSONResponse(found, 503 if health.problems else 200, _NOT_KEPT)


def metrics(request: Request) -> Response:
    """Figures for Prometheus. Whoever does not know the token learns not even that there are any."""
    if not _may_read(request.headers.get("authorization", "")):
        return PlainTextResponse("Not Found", 404)
    health, classes = look(server.store()), figures(server.classes())
    return PlainTextResponse(exposition(health, journal.counts, _memory(), classes), headers=_NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store"}


def _may_read(authorization: str) -> bool:
    token = settings().metrics_token
    return bool(token) and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())


def _memory() -> dict[str, int]:
    """{process: bytes}: this one, its lookers together, the runner, and its workers together."""
    runner = read_json(server.store().path / "runner.json").get("pid")
    memory = {"server": resident(os.getpid()), "lookers": looking.memory()}
    if isinstance(runner, int):
        memory |= {"runner": resident(runner), "workers": sum(map(resident, children(runner)))}
    return memory


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """While the server lives somebody sees to work that was left; when it ends, its runner ends with it."""
    if settings().log == "json":
        journal.begin()
    await asyncio.to_thread(warm)  # nobody is answered before, so no page imports the same at the same time
    seeing = asyncio.create_task(_see_to_work())
    try:
        yield
    finally:
        seeing.cancel()
        await asyncio.to_thread(end_own_runner, server.store())


async def _see_to_work() -> None:
    while True:
        await asyncio.to_thread(server.take_up_work)
        if settings().log == "json":
            journal.take_over()  # Streamlit gives its loggers new handlers whenever it reads its settings
        await asyncio.to_thread(
            give_memory_back
        )  # a page leaves megabytes free here and there: 60 after a minute
        await asyncio.sleep(LOOK_SECONDS)


def warm() -> None:
    """Import what the pages would wait for, seconds on a small machine, before anybody comes."""
    with suppress(StudentError, OSError):
        server.keep_workers_warm()  # while this process imports, theirs do

        import torch  # noqa: F401

        from pages.ui.frame.shell import load_rooms
        from pages.ui.wording import first_look

        load_rooms()
        server.images()
        first_look.begin(is_for_many=True)


def count_error(_error: Exception) -> None:
    """A page met an error of ours. Streamlit logs it, and each kind once a minute (`pages.ui.frame.error_log`)."""
    journal.counts["error"] += 1


app = st.App(
    ROOT / "dashboard.py",
    lifespan=lifespan,
    routes=[Route("/healthz", healthz), Route("/metrics", metrics)],
    middleware=[Middleware(Headers, may_read=_may_read), Middleware(Compressed)],
    on_script_error=count_error,
)


def main() -> int:
    """Serve until SIGTERM. A setting that makes no sense stops the start, with its sentence."""
    try:
        embed_on = settings().embed_on
        # `App.run` does not look at the environment, as `streamlit run` does.
        config: dict[str, Any] = {
            option: convert(os.environ[variable])
            for variable, (option, convert) in OPTIONS.items()
            if variable in os.environ
        }
    except StudentError as error:
        print(f"This server cannot start. {error}", file=sys.stderr)
        return 1
    keep_memory_together()  # before there are threads: an arena that one of them has, it keeps
    if settings().log == "json":
        config["logger.hideWelcomeMessage"] = True  # its lines are no JSON
    if embed_on:  # in a frame of another site a browser sends only cookies that say so
        config["server.xsrfCookieSameSite"] = "none"
    app.run(config=config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
