"""The drawing pad with real strokes: undo, eraser, width, a small digit in a corner, a finger that does not scroll."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PAD, ready, seen


def pad(page):
    return page.locator(PAD).first


def stroke(page, points, size=1.0, left=0.0, top=0.0):
    """points: in parts of a digit that is `size` of the pad's side, from `left` and `top` on."""
    box = pad(page).bounding_box()
    places = [
        (box["x"] + box["width"] * (left + size * x), box["y"] + box["width"] * (top + size * y))
        for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def ink(page) -> int:
    """Pixels of the pad that are not empty."""
    return pad(page).evaluate(
        "c => c.getContext('2d').getImageData(0, 0, 280, 280).data.filter((v, i) => i % 4 === 3 && v > 60).length"
    )


EIGHT = [(0.5, 0.5), (0.28, 0.36), (0.3, 0.16), (0.5, 0.08), (0.7, 0.16), (0.72, 0.36), (0.5, 0.5), (0.26, 0.64),
         (0.26, 0.86), (0.5, 0.95), (0.74, 0.86), (0.74, 0.64), (0.5, 0.5)]  # fmt: skip
SEVEN = [(0.25, 0.25), (0.7, 0.25), (0.45, 0.85)]


@pytest.fixture
def page(server, new_page):
    page = new_page(server.url + "/feature_maps")
    seen(page, "Draw", exact=True).click()
    expect(seen(page, "Draw a digit in the square")).to_be_visible()
    return page


def reads(page, digit):
    expect(seen(page, re.compile(f"The network answers {digit}"))).to_be_visible()


def test_undo_takes_back_one_stroke_and_then_the_other(page):
    stroke(page, SEVEN)
    reads(page, 7)
    one = ink(page)
    stroke(page, [(0.1, 0.6), (0.9, 0.6)])
    assert ink(page) > one
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == one
    pad(page).focus()
    page.keyboard.press("Control+z")
    assert ink(page) == 0
    expect(seen(page, "Draw a digit in the square")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_a_cleared_drawing_can_be_taken_back(page):
    stroke(page, SEVEN)
    one = ink(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    assert ink(page) == 0
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == one
    reads(page, 7)


def test_the_eraser_rubs_out_and_an_empty_pad_is_no_drawing(page):
    stroke(page, [(0.2, 0.5), (0.8, 0.5)])
    full = ink(page)
    page.get_by_role("button", name="Eraser").click()
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    stroke(page, [(0.2, 0.5), (0.5, 0.5)])
    assert 0 < ink(page) < full
    stroke(page, [(0.1, 0.5), (0.9, 0.5)])
    assert ink(page) == 0
    expect(seen(page, "Draw a digit in the square")).to_be_visible()


def test_the_pens_width_is_set_with_the_keyboard(page):
    stroke(page, [(0.2, 0.3), (0.8, 0.3)])
    thick = ink(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("slider", name="Pen width").focus()
    page.keyboard.press("Home")
    stroke(page, [(0.2, 0.3), (0.8, 0.3)])
    assert ink(page) < thick / 2


def test_a_small_eight_in_the_corner_is_read_as_the_large_one(page):
    stroke(page, EIGHT)
    reads(page, 8)
    page.get_by_role("button", name="Undo").click()
    expect(seen(page, "Draw a digit in the square")).to_be_visible()
    # 50×70 pixels of 252: its lines are 33 wide and 60 high, and the pen adds its own width.
    page.get_by_role("slider", name="Pen width").focus()
    page.keyboard.press("Home")
    stroke(page, EIGHT, size=70 / 252, left=0.03, top=0.03)
    reads(page, 8)


def test_a_finger_draws_downwards_and_the_page_stays(server, new_page):
    page = new_page(server.url + "/feature_maps", width=390, height=844)
    seen(page, "Draw", exact=True).click()
    ready(page)
    pad(page).scroll_into_view_if_needed()
    box = pad(page).bounding_box()
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 20

    def send(kind, points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [{"x": x, "y": y}])
    for step in range(1, 12):
        send("touchMove", [{"x": x, "y": y + 18 * step}])
    send("touchEnd", [])
    assert ink(page) > 1000
    assert pad(page).bounding_box()["y"] == box["y"]
