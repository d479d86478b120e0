"""A new visitor on a slow phone: what they load for a page, and when they see its first picture.

Chromium stands in for the phone: a screen of 390×844, a quarter of this processor, 10 Mbit/s down and 40 ms to the
server, and nothing kept of an earlier visit. The server is the one for many, warm. Chromium does not slow a websocket
down, so the page's own messages, 50 to 100 kB, come faster than to a real phone. Not there without Chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan
from tests.browser.conftest import Server, serving

PAGES = ("", "convolution", "train")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCREEN = {"width": 390, "height": 844}
SLOWER = 4  # times slower a processor
DOWN, UP = 10e6 / 8, 5e6 / 8  # bytes a second
LATENCY = 40.0  # ms
PATIENCE = 180_000.0  # ms until a page counts as lost
EVERY = 100.0  # ms between two looks for a picture: looking costs the phone something, too
LEAST_SIDE = 48  # pixels; what is smaller is a sign, no picture
FIRST_PICTURE = """side => {
    const inside = root => [...root.querySelectorAll('*')]
        .flatMap(e => e.shadowRoot ? [e, ...inside(e.shadowRoot)] : [e])
    const main = document.querySelector('[data-testid=stMain]')
    if (!main) return 0
    const seen = e => {
        if (!['IMG', 'CANVAS', 'svg'].includes(e.tagName)) return false
        if (e.tagName === 'IMG' && !(e.complete && e.naturalWidth)) return false
        const box = e.getBoundingClientRect()
        return box.width >= side && box.height >= side
    }
    return inside(main).some(seen) ? performance.now() : 0
}"""


@dataclass
class Visit:
    """One first visit to a page.

    seconds:  until the first picture is seen.
    loaded:   name of each file -> bytes over the wire, headers included.
    messages: bytes that came by the websocket.
    charts:   Plotly's charts on the page.
    """

    seconds: float = 0.0
    loaded: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    charts: int = 0


def lines(plan: Plan, _keras: KerasPeer | None) -> Iterator[Line]:
    """Three lines for each page."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("phone: nothing measured, for there is no Chromium here (apt-get install chromium)")
        return
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        serving(Path(folder), is_for_many=True) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path)
        for page in PAGES:
            visit(browser, server, page, is_slow=False)  # the server has this page, and its files, ready
            visits = [visit(browser, server, page) for _ in range(plan.pick(1, 2))]
            name = f"a phone's first visit, page {page or 'home'}"
            yield Line("phone", f"{name}, first picture", "s", tuple(one.seconds for one in visits))
            sizes = tuple(sum(one.loaded.values()) / 1e6 for one in visits)
            requests, messages = (
                median(len(one.loaded) for one in visits),
                median(one.messages for one in visits),
            )
            note = f"{requests:.0f} requests, and {messages / 1e3:.0f} kB by the websocket"
            yield Line("phone", f"{name}, loaded", "MB", sizes, note=note)


def visit(browser: Browser, server: Server, page: str, is_slow: bool = True) -> Visit:
    """Open a page as somebody does who was never here.  is_slow: as on a phone."""
    context, found = browser.new_context(viewport=SCREEN), Visit()  # type: ignore[arg-type]
    try:
        tab = context.new_page()
        devtools, names = context.new_cdp_session(tab), dict[str, str]()

        def begun(event: dict[str, Any]) -> None:
            names[event["requestId"]] = event["request"]["url"].partition("?")[0].rpartition("/")[2]

        def done(event: dict[str, Any]) -> None:
            # One name may be asked for twice, and pictures have none of their own.
            found.loaded[f"{names.get(event['requestId'], '')} {event['requestId']}"] = event[
                "encodedDataLength"
            ]

        def heard(event: dict[str, Any]) -> None:
            found.messages += len(event["response"]["payloadData"]) * 3 // 4  # told in base64

        devtools.on("Network.requestWillBeSent", begun)
        devtools.on("Network.loadingFinished", done)
        devtools.on("Network.webSocketFrameReceived", heard)
        devtools.send("Network.enable")
        if is_slow:
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            wire = {"downloadThroughput": DOWN, "uploadThroughput": UP, "latency": LATENCY, "offline": False}
            devtools.send("Network.emulateNetworkConditions", wire)
        tab.goto(f"{server.url}/{page}", timeout=PATIENCE, wait_until="commit")
        seen = tab.wait_for_function(FIRST_PICTURE, arg=LEAST_SIDE, polling=EVERY, timeout=PATIENCE)
        found.seconds = seen.json_value() / 1e3
        tab.wait_for_load_state("networkidle", timeout=PATIENCE)
        found.charts = tab.locator(".js-plotly-plot").count()
    finally:
        context.close()
    return found
