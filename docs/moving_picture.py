"""Makes `docs/convscope.webp`, the moving picture of the README: real pages of a real server, filmed in Chromium.

    .venv/bin/python -m docs.moving_picture

Four scenes: a kernel's way over a digit, a training, the maps of a digit that is being drawn, a filter's picture that
grows. Nothing in it is made up: the network is trained while it is filmed. Takes about two minutes.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from cnn_core.runs import RunStore
from tests.browser.conftest import ready, serving

FILE = Path(__file__).with_name("convscope.webp")
VIEWPORT = {"width": 1250, "height": 780}
SIZE = (1000, 624)
FRAMES_A_SECOND = 5
MOST_BYTES = 1_500_000
VISITOR = "m" * 22  # a visitor's token of its own, for whom pages do not ask first


PATHS = KERNEL, TRAINING, DRAWING, FILTER = (
    "/convolution?kernel=horizontal-edges",
    "/train?recipe=own&epochs=3&images=3000",
    "/?net=pretrained:lesson",
    "/filters?filter=conv2d_3.41&recipe=clean&grow=on&net=pretrained:lesson",
)


class Film:
    """The frames so far, each with how long it is shown, in milliseconds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []

    def take(self, seconds: float, faster: float = 1.0) -> None:
        """Film for so many seconds of the picture.  faster: so many times as fast as it was."""
        for _ in range(round(seconds * FRAMES_A_SECOND)):
            begun = time.monotonic()
            self.still(1 / FRAMES_A_SECOND)
            time.sleep(max(0.0, faster / FRAMES_A_SECOND - (time.monotonic() - begun)))

    def still(self, seconds: float) -> None:
        """One frame that stays for so long."""
        shot = Image.open(io.BytesIO(self.page.screenshot(type="png", animations="allow"))).convert("RGB")
        self.frames.append(shot.resize(SIZE, Image.Resampling.LANCZOS))
        self.durations.append(round(1000 * seconds))

    def saved(self, quality: int) -> bytes:
        """All of it as an endless WebP.  quality: of the pictures, up to 100."""
        film = io.BytesIO()
        self.frames[0].save(
            film,
            "WEBP",
            save_all=True,
            append_images=self.frames[1:],
            duration=self.durations,
            loop=0,
            quality=quality,
            method=4,
            minimize_size=True,
        )
        return film.getvalue()


# ---------------------------------------------------------------- the scenes


def sweep(film: Film, url: str) -> None:
    """A kernel goes over a 7, place by place."""
    page = opened(film.page, url + KERNEL)
    play = page.get_by_role("button", name="Play").first
    play.wait_for()
    film.still(0.8)
    play.click()
    film.take(3.4)


def training(film: Film, url: str) -> None:
    """Accuracy rises while twelve digits turn right."""
    page = opened(film.page, url + TRAINING)
    film.still(0.8)
    page.get_by_test_id("stMain").get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("images/s").first.wait_for()
    film.take(4.4, faster=2.0)


def maps(film: Film, url: str) -> None:
    """Each layer answers while a digit is drawn."""
    page = opened(film.page, url + DRAWING)
    pad = page.locator("canvas").first
    box = pad.bounding_box()
    assert box is not None
    film.still(0.6)
    places = [(0.3, 0.25), (0.5, 0.25), (0.7, 0.26), (0.62, 0.45), (0.53, 0.65), (0.47, 0.85)]
    for number, (across, down) in enumerate(places):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=6)
        if number == 0:
            page.mouse.down()
        else:
            film.take(0.4)
    page.mouse.up()
    film.take(1.4)


def growing(film: Film, url: str) -> None:
    """A filter's picture grows out of noise."""
    page = opened(film.page, url + FILTER)
    play = page.get_by_role("button", name="Play").first
    play.wait_for()
    play.click()
    film.take(3.6)
    film.still(0.8)


# ---------------------------------------------------------------- camera


def opened(page: Page, url: str) -> Page:
    """The page, drawn to its end."""
    page.goto(url)
    ready(page)
    page.wait_for_timeout(1_500)
    return page


@contextmanager
def tab(url: str) -> Iterator[Page]:
    """A tab of VISITOR's."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        context = browser.new_context(viewport=VIEWPORT, color_scheme="light")  # type: ignore[arg-type]
        context.add_cookies([{"name": "convscope_visitor", "value": VISITOR, "url": url}])
        page = context.new_page()
        page.set_default_timeout(240_000)  # a cold server on a busy machine
        yield page
        browser.close()


def main() -> None:
    """Film all scenes, and save them as sharp as fits."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        RunStore(server.runs).notebooks.ask_first(VISITOR, False)
        with tab(server.url) as page:
            for path in PATHS:  # what is computed once is computed before the camera runs
                opened(page, server.url + path)
            film = Film(page)
            for scene in (sweep, training, maps, growing):
                scene(film, server.url)
                print(f"{scene.__name__}: {len(film.frames)} frames", file=sys.stderr)
    for quality in (80, 70, 60, 50, 40, 30):
        content = film.saved(quality)
        if len(content) <= MOST_BYTES:
            break
    FILE.write_bytes(content)
    print(f"{FILE.name}: {len(content):,} bytes, {sum(film.durations) / 1000:.1f} s, quality {quality}")


if __name__ == "__main__":
    main()
