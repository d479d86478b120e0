"""Streamlit's own scripts as `deploy.compressed` sends them: unpacked, they are what Streamlit has on disk."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from streamlit import file_util
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from deploy.compressed import Compressed
from tests import own_loop

STATIC = Path(file_util.get_static_dir())
GZIP = {"accept-encoding": "gzip, deflate, br"}


class Counting:
    """Streamlit's static files, and how often they were read."""

    def __init__(self):
        self.app, self.asked = create_streamlit_static_handler(str(STATIC), None), 0

    async def __call__(self, scope, receive, send):
        self.asked += 1
        await self.app(scope, receive, send)


def answers(app, path, times=1, method="GET", **headers):
    """[(status, headers, body)] of a file that is asked for so often at the same moment."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def one():
        scope = {
            "type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "headers": raw,
        }  # fmt: skip
        sent = []

        async def send(message):
            sent.append(message)

        async def receive():
            return await asyncio.get_running_loop().create_future()  # the line stays open

        await app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, body

    async def together():
        return await asyncio.gather(*(one() for _ in range(times)))

    return own_loop.run(together())


def largest(ending):
    file = max((STATIC / "static").rglob(f"*{ending}"), key=lambda file: file.stat().st_size)
    return f"/{file.relative_to(STATIC).as_posix()}", file.read_bytes()


@pytest.mark.parametrize("ending", [".js", ".css"])
def test_who_takes_gzip_gets_the_same_file_smaller_and_keeps_it_for_a_year(ending):
    path, content = largest(ending)
    ((status, headers, body),) = answers(Compressed(Counting()), path, **GZIP)
    assert (status, headers["content-encoding"], headers["vary"]) == (200, "gzip", "Accept-Encoding")
    assert gzip.decompress(body) == content
    assert int(headers["content-length"]) == len(body) < len(content) / 2
    assert "immutable" in headers["cache-control"]


def test_thirty_who_ask_at_once_and_everybody_later_cost_one_reading():
    path, content = largest(".css")
    files = Counting()
    app = Compressed(files)
    found = answers(app, path, 30, **GZIP)
    assert files.asked == 1
    assert {gzip.decompress(body) for _, _, body in found} == {content}


@pytest.mark.parametrize(
    "more",
    [{"accept-encoding": "identity"}, {}, GZIP | {"range": "bytes=0-9"}],
    ids=["no gzip", "nothing said", "a range"],
)
def test_who_takes_no_gzip_or_asks_for_a_part_gets_what_streamlit_sends(more):
    path, _ = largest(".css")
    assert answers(Compressed(Counting()), path, **more) == answers(Counting(), path, **more)


@pytest.mark.parametrize("path", ["/static/js/not_there.js", "/", "/static/../index.html"])
def test_what_is_no_file_of_that_name_is_left_to_streamlit_and_not_kept(path):
    app = Compressed(Counting())
    assert answers(app, path, **GZIP) == answers(Counting(), path, **GZIP)
    assert app._answers == {}


def test_pictures_and_fonts_stay_as_they_are():
    path, content = largest(".woff2")
    ((_, headers, body),) = answers(Compressed(Counting()), path, **GZIP)
    assert "content-encoding" not in headers
    assert body == content


@pytest.mark.parametrize("other", ["/static//{}", "/static/./{}", "/static/js/../{}", "/static/{}//"])
def test_a_file_is_kept_once_however_its_path_is_written(other):
    """Each spelling kept would be megabytes more, and there are as many as somebody likes."""
    path, _ = largest(".js")
    app = Compressed(Counting())
    answers(app, other.format(path.removeprefix("/static/")), accept_encoding="gzip")
    assert not app._answers
    answers(app, path, accept_encoding="gzip")
    assert list(app._answers) == [path]
