"""A real server and a real browser. Without Chromium these tests are skipped, in CI they fail."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import playwright.sync_api
import pytest

from pages.ui.frame.shell import PAGES

ROOT = Path(__file__).parents[2]
COMPLAINTS = re.compile(r"Traceback|\bERROR\b|(?i:deprecated)")
# Where one draws. Before its script has run, which gives it its width, a pad is there and takes no stroke.
PAD = ".pad[style*=width] canvas"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            # A browser beside a server and its workers on two busy cores may once be too slow; never twice.
            item.add_marker(pytest.mark.flaky(reruns=1))


@dataclass
class Server:
    """One `streamlit run`, with a runs folder of its own."""

    url: str
    process: subprocess.Popen
    log: Path
    runs: Path

    def kill(self) -> None:
        """As kill -9 would."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def serving(
    folder: Path,
    script: str = "dashboard.py",
    port: int | None = None,
    root: Path = ROOT,
    is_for_many: bool = False,
    **environment: str,
) -> Iterator[Server]:
    """Start a cold server in a process of its own; at the end it is stopped and its log must hold no complaint.

    root: the tree that is served; another one, such as an older commit, is served by our interpreter.
    is_for_many: as a class is served, by `deploy.server`.
    """
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    runs, log = folder / "runs", folder / f"server-{port}.log"
    env = {
        **os.environ,
        "CONVSCOPE_RUNS": str(runs),
        "CONVSCOPE_OFFLINE": "1",
        "CONVSCOPE_WARM": "0",  # two seconds of a processor for each server that a test starts
        "CONVSCOPE_IDLE_SECONDS": "3",  # a runner that a test started ends soon after it
        "PYTHONPATH": str(root),
        "NO_COLOR": "1",
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        **environment,
    }
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = ["-m", "deploy.server"] if is_for_many else ["-m", "streamlit", "run", script, *options]
    with log.open("ab") as out:  # a file: a pipe that nobody reads would fill and stop the server
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=root,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log, runs)
    try:
        wait_until(lambda: healthy(server), 60)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
    said = log.read_text(errors="replace")
    assert not COMPLAINTS.search(said), said[-6000:]


def healthy(server: Server) -> bool:
    if server.process.poll() is not None:
        raise RuntimeError(f"The server ended by itself:\n{server.log.read_text(errors='replace')}")
    try:
        with urllib.request.urlopen(server.url + "/_stcore/health", timeout=2) as answer:
            return answer.read() == b"ok"
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Ask again until it holds; AssertionError when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def one_server(tmp_path_factory, chromium) -> Iterator[Server]:
    """One server for all files that only look: a cold one costs five seconds of a processor, and its first pages."""
    with serving(tmp_path_factory.mktemp("server"), CONVSCOPE_DATA="no-such-folder") as running:  # the sample
        yield running


@pytest.fixture(scope="module")
def server(one_server) -> Iterator[Server]:
    """The server of a file's tests. One that counts runs, or does a runner's work, asks for `own_server` instead."""
    before = one_server.log.stat().st_size
    yield one_server
    said = one_server.log.read_bytes()[before:].decode(errors="replace")
    assert not COMPLAINTS.search(said), said[-6000:]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory, chromium) -> Iterator[Server]:
    """A server for the tests of one file alone, with a store that nobody else writes into."""
    with serving(tmp_path_factory.mktemp("server"), CONVSCOPE_DATA="no-such-folder") as running:
        yield running


@pytest.fixture(scope="session")
def idle_tabs(chromium) -> Iterator[dict]:
    """Tabs that no test is using, by their options: a new one compiles all scripts, 3.5 s of work."""
    tabs: dict[str, list] = {}
    yield tabs
    for tab in (tab for kind in tabs.values() for tab in kind):
        tab.context.close()


@pytest.fixture
def new_page(chromium, idle_tabs):
    """Opens pages: `new_page(url, width=1400, dark=False)`. An error in a page's JavaScript fails the test.

    Each is a visitor of its own, with these cookies alone. fresh=True for a test that adds to the tab itself (an init
    script).
    """
    used, errors = [], []

    def note(error):
        errors.append(str(error))

    def open_page(
        url: str,
        width: int = 1400,
        height: int = 1000,
        dark: bool = False,
        fresh: bool = False,
        cookies: tuple[dict, ...] = (),
        **options,
    ):
        viewport, scheme = {"width": width, "height": height}, "dark" if dark else "light"
        kind = repr(sorted(options.items()))
        idle = [] if fresh else idle_tabs.setdefault(kind, [])
        if idle:
            page = idle.pop()
            page.set_viewport_size(viewport)
        else:
            page = chromium.new_context(viewport=viewport, **options).new_page()
        page.emulate_media(color_scheme=scheme)
        page.context.add_cookies(list(cookies))
        used.append((page, None if fresh else idle))
        page.on("pageerror", note)
        page.goto(url)
        ready(page)
        return page

    yield open_page
    for page, idle in used:
        if idle is not None and emptied(page, note):
            idle.append(page)
        else:
            page.context.close()
    assert not errors, "\n".join(errors)


def emptied(page, listener) -> bool:
    """Make a tab as good as new for the next visitor; False where that cannot be done."""
    try:
        for tab in page.context.pages:
            if tab is not page:
                tab.close()
        page.remove_listener("pageerror", listener)
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
        page.goto("about:blank")
        page.context.clear_cookies()
        page.emulate_media(color_scheme="light", reduced_motion="no-preference", contrast="no-preference")
    except playwright.sync_api.Error:
        return False
    return True


def turn_to(page, title: str) -> None:
    """Go to another page by the bar: of a group by the box that it opens.  page: or a frame."""
    group = next(entry.group for entry in PAGES if entry.title == title)
    in_sidebar = page.get_by_test_id("stSidebarNavLink").filter(has_text=title)  # where the window is narrow
    if in_sidebar.count():
        in_sidebar.first.click()
    elif group:
        page.get_by_test_id("stTopNavSection").filter(has_text=group).click()
        page.get_by_role("menuitem", name=title, exact=True).click()
    else:
        page.get_by_test_id("stTopNavLink").filter(has_text=title).click()


def seen(page, words, exact: bool = False):
    """Where these words can be read: what only a screen reader finds or speaks may say the same.  page: or a part."""
    return page.get_by_text(words, exact=exact).and_(page.locator(":not(.st-key-spoken *, [aria-live])"))


def ready(page) -> None:
    """Wait until the page is connected and its script has run; for a live page wait for its content instead."""
    app = "[data-testid='stApp']"
    page.locator(f"{app}[data-test-connection-state='CONNECTED']").wait_for(state="attached")
    page.locator(f"{app}[data-test-script-state='notRunning']").wait_for(state="attached")
    page.get_by_test_id("stSkeleton").first.wait_for(state="detached")
