"""What a student does on Evaluate: draws a digit and watches the bars, and sees who holds out under a shift."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PAD, seen


def test_the_answer_follows_the_pen(server, new_page):
    page = new_page(server.url + "/evaluate?view=Draw")
    box = page.locator(PAD).bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.25 * side, y + 0.25 * side)
    page.mouse.down()
    page.mouse.move(x + 0.7 * side, y + 0.25 * side, steps=8)
    said = seen(page, re.compile(r"^It reads \d, "))
    expect(said).to_be_visible()  # while the pen is still down
    page.mouse.move(x + 0.45 * side, y + 0.85 * side, steps=12)
    expect(said).to_have_text(re.compile("^It reads 7, "))
    page.mouse.up()
    expect(said).to_have_text(re.compile("^It reads 7, "))
    # Each answer draws its chart anew, and for a moment the one before is there as well.
    expect(page.locator(".st-key-draw_bars .js-plotly-plot").last).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(seen(page, "Draw a digit: the bars follow your pen.")).to_be_visible()


def test_the_convnet_is_ahead_of_the_mlp_under_a_shift(server, new_page):
    page = new_page(server.url + "/evaluate?view=Shift+and+turn")
    page.get_by_role("button", name="Show the answer").click()
    told = seen(page, re.compile("^At 3 pixels: "))
    expect(told).to_be_visible(timeout=20_000)
    convnet, mlp = map(
        float, re.search(r"Lesson convnet ([\d.]+)\s%, MLP ([\d.]+)\s%", told.inner_text()).groups()
    )
    assert convnet > mlp + 10
    seen(page, "Noise", exact=True).click()
    expect(seen(page, re.compile("^At 0.3 standard deviation: "))).to_be_visible(timeout=20_000)
