"""What only a browser can show of a dream: pictures that arrive, a line that moves, a film that plays, a reload."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from cnn_core.runs import RunStore
from cnn_core.runs.jobs.dreams import photo_networks
from tests.browser.conftest import ready, seen, serving, turn_to, wait_until
from tests.faults.conftest import go_on, stand_still

pytestmark = pytest.mark.skipif(
    "efficientnet_lite0" not in photo_networks(), reason="the photo network is not installed"
)


@pytest.fixture(scope="module")
def dream_server(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("dream"), CONVSCOPE_DATA="no-such-folder") as running:
        yield running


def choose(page, key: str, words: str) -> None:
    page.locator(f".st-key-{key}").click()
    page.get_by_role("option", name=words).click()


def small(page, steps: int) -> None:
    """The smallest size, and so many steps an octave."""
    page.get_by_role("button", name="Options").click()
    page.get_by_role("radio", name="256").or_(page.get_by_role("button", name="256")).first.click()
    page.locator(".st-key-dream_steps input").fill(str(steps))
    page.locator(".st-key-dream_steps input").press("Enter")
    page.keyboard.press("Escape")


def start(page, after: str = "none") -> str:
    """The id of a new dream.  after: of the dream that the address still names."""
    page.get_by_test_id("stBaseButton-primary").click()
    page.wait_for_url(re.compile(rf"dream=(?!{after})[\w-]{{11}}"))
    return re.search(r"dream=([\w-]{11})", page.url)[1]


def test_a_dream_arrives_octave_by_octave_and_can_be_kept(dream_server, new_page):
    page = new_page(dream_server.url + "/deep_dream")
    choose(page, "dream_photo", "a cup of coffee")
    expect(seen(page, "Not dreamt yet")).to_be_visible()
    small(page, 30)
    run = RunStore(dream_server.runs).run(start(page))
    wait_until(run.frames, 60)
    assert stand_still(run)  # a dream that takes as long as the page needs to draw it
    expect(seen(page, re.compile(r"after octave [1-3] of \d"))).to_be_visible(timeout=30_000)
    go_on(run.status.pid)
    wait_until(lambda: run.status.state == "finished", 120)
    expect(seen(page, re.compile(r"Finished · \d+ steps"))).to_be_visible(timeout=15_000)
    expect(seen(page, re.compile("answers .* times as strongly"))).to_be_visible()

    for label, kind in (("Picture (PNG)", "PNG"), ("Animation (WebP)", "WEBP"), ("Animation (GIF)", "GIF")):
        page.get_by_role("button", name="Download").first.click()
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        with Image.open(io.BytesIO(download.value.path().read_bytes())) as image:
            assert image.format == kind
            assert max(image.size) == 256
            assert getattr(image, "n_frames", 1) > 10 or kind == "PNG"
        page.keyboard.press("Escape")


def test_the_line_follows_pointer_and_keys(dream_server, new_page):
    page = new_page(dream_server.url + "/deep_dream")
    knob = page.get_by_role("slider", name=re.compile("Line between original"))
    expect(knob).to_have_attribute("aria-valuenow", "50")
    knob.scroll_into_view_if_needed()
    box = page.locator(".st-key-dream_large .frame").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(knob).to_have_attribute("aria-valuenow", "25")
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60)  # let go: it stays
    expect(knob).to_have_attribute("aria-valuenow", "25")
    knob.press("ArrowRight")
    expect(knob).to_have_attribute("aria-valuenow", "27")
    knob.press("End")
    expect(knob).to_have_attribute("aria-valuenow", "100")
    page.get_by_role("button", name="octave 2").first.click()  # another octave leaves the line where it is
    expect(seen(page, "after octave 2 of 4")).to_be_visible()
    expect(knob).to_have_attribute("aria-valuenow", "100")


def test_a_dream_goes_on_through_reload_and_page_change_and_is_cancelled(dream_server, new_page):
    page = new_page(dream_server.url + "/deep_dream")
    page.get_by_role("button", name="Options").click()
    page.locator(".st-key-dream_steps input").fill("40")
    page.locator(".st-key-dream_steps input").press("Enter")
    page.keyboard.press("Escape")
    run_id = start(page)
    page.reload()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)  # still the owner
    turn_to(page, "Convolution")
    expect(seen(page, "What does a kernel do?").first).to_be_visible(timeout=20_000)
    turn_to(page, "Deep Dream")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    page.wait_for_url(re.compile(f"dream={run_id}"))
    page.get_by_role("button", name="Cancel").click()
    # A worker that is still starting hears of it when it is up.
    expect(seen(page, "Cancelled by you")).to_be_visible(timeout=60_000)
    assert RunStore(dream_server.runs).run(run_id).status.state == "stopped"
    choose(page, "dream_photo", "a rocket")
    ready(page)
    start(page, after=run_id)  # another may be started


def test_on_a_phone_nothing_scrolls_sideways(dream_server, new_page):
    page = new_page(dream_server.url + "/deep_dream", width=390, height=844)
    expect(seen(page, "Octave by octave")).to_be_visible(timeout=20_000)
    width = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390
