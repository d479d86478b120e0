"""The drawn parts under a real pointer and a real keyboard: sheet, enlarged picture, drawing pad."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PAD, ready, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("parts"), "tests/browser/parts_app.py") as running:
        yield running


@pytest.fixture
def page(server, new_page):
    return new_page(server.url)


def tiles(page, key="maps"):
    return page.locator(f".st-key-{key} .tile")


def test_a_click_on_a_tile_arrives_and_the_mark_moves_there(page):
    expect(tiles(page)).to_have_count(64)
    tiles(page).nth(41).click()
    expect(page.get_by_text("clicked 41, chosen 41")).to_be_visible()
    expect(page.locator(".st-key-maps .tile.selected")).to_have_attribute("aria-label", "map 41")
    tiles(page).nth(3).click()
    expect(page.get_by_text("clicked 3, chosen 3")).to_be_visible()
    expect(page.locator(".st-key-maps .tile.selected")).to_have_count(1)


def test_a_sheet_is_one_stop_for_the_keyboard_and_arrows_move_in_it(page):
    expect(page.locator(".st-key-maps .tile[tabindex='0']")).to_have_count(1)
    tiles(page).nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("clicked 17, chosen 17")).to_be_visible()  # 16 in a row at this width


def test_a_tile_says_its_name_on_hover(page):
    tiles(page).nth(5).hover()
    expect(page.locator(".st-key-maps .tip")).to_have_text("map 5")
    expect(page.locator(".st-key-maps .tip")).to_be_visible()


def test_tiles_are_drawn_at_whole_screen_pixels(page):
    expect(tiles(page).first).to_be_visible()
    sides = page.evaluate(
        """() => [...document.querySelectorAll('.st-key-maps *')].flatMap((e) => e.shadowRoot
             ? [...e.shadowRoot.querySelectorAll('.tile canvas')].map((c) => c.getBoundingClientRect().width) : [])"""
    )
    assert len(sides) == 64
    assert {side % 11 for side in sides} == {0}  # a map of 11×11


def test_dark_and_dead_tiles_say_so(page):
    expect(tiles(page).nth(7)).to_have_attribute("data-state", "zero")
    expect(tiles(page).nth(7).locator(".over")).to_have_text("0")
    expect(tiles(page).nth(20)).to_have_attribute("data-state", "empty")
    expect(tiles(page, "filters").nth(2).locator(".over")).to_have_text(re.compile("never\\s*fires"))


def test_a_phone_gets_fewer_columns_and_no_sideways_scrolling(server, new_page):
    page = new_page(server.url, width=390, height=844)
    expect(tiles(page)).to_have_count(64)
    places = [tiles(page).nth(i).bounding_box()["x"] for i in range(9)]
    assert places[8] == places[0]  # eight in a row
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_click_on_the_enlarged_map_gives_row_and_column(page):
    canvas = page.locator(".st-key-map canvas")
    box = canvas.bounding_box()
    cell = box["width"] / 11
    page.mouse.click(box["x"] + 6.5 * cell, box["y"] + 3.5 * cell)
    expect(page.get_by_text("cell (3, 6)")).to_be_visible()


def test_the_keyboard_chooses_a_pixel_too_and_begins_at_the_marked_one(page):
    page.locator(".st-key-map .frame").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("cell (5, 7)")).to_be_visible()  # row 3 and column 6 are marked


def test_the_value_under_the_pointer_is_read_out(page):
    page.locator(".st-key-map canvas").hover(position={"x": 5, "y": 5})
    expect(page.locator(".st-key-map .tip")).to_have_text(re.compile(r"row 0, column 0: \d\.\d\d"))


def stroke(page, points):
    box = page.locator(f".st-key-pad {PAD}").bounding_box()
    page.mouse.move(box["x"] + points[0][0], box["y"] + points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)


def ink(page):
    text = page.get_by_text(re.compile(r"^ink ")).inner_text()
    return None if text == "ink None" else int(text.removeprefix("ink "))


def test_a_stroke_arrives_while_it_is_drawn_and_can_be_cleared(page):
    page.locator(f".st-key-pad {PAD}").scroll_into_view_if_needed()
    stroke(page, [(60, 60), (220, 60)])
    # The pen is still down: the numbers follow it.
    expect(page.get_by_text(re.compile(r"^ink \d+"))).to_be_visible()
    half = ink(page)
    box = page.locator(f".st-key-pad {PAD}").bounding_box()
    page.mouse.move(box["x"] + 110, box["y"] + 240, steps=8)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"^ink \d+"))).not_to_have_text(f"ink {half}")
    assert ink(page) > half
    page.locator(".st-key-pad button.clear").click()
    expect(page.get_by_text("ink None")).to_be_visible()


def test_a_drawing_stays_when_the_page_runs_again(page):
    page.locator(f".st-key-pad {PAD}").scroll_into_view_if_needed()
    stroke(page, [(60, 60), (220, 220)])
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"^ink \d+"))).to_be_visible()
    tiles(page).nth(2).click()
    expect(page.get_by_text("clicked 2, chosen 2")).to_be_visible()
    ready(page)
    lit = page.locator(f".st-key-pad {PAD}").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, 280, 280).data.filter((v, i) => i % 4 === 3 && v > 0).length"
    )
    assert lit > 1000
