"""What a student does on "What breaks it?": takes filter after filter out until the network reads digits wrongly."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import seen


def test_filters_are_muted_until_it_breaks_and_all_are_put_back(server, new_page):
    page = new_page(server.url + "/break_it?layer=conv2d_1&cut=conv2d_1:out:0-23")
    page.get_by_role("button", name="I say 50 %").click(timeout=20_000)  # a guess first, and once
    expect(seen(page, re.compile(r"^Without 24 of 32 filters of conv2d_1 it reads"))).to_be_visible(
        timeout=20_000
    )

    def reads() -> float:
        return float(re.match(r"[\d.]+", page.get_by_test_id("stMetricValue").inner_text())[0])

    whole = float(re.search(r"Whole: ([\d.]+)\s%", page.get_by_text("Whole: ").last.inner_text())[1])
    out = 24
    while reads() > 60 and out < 31:
        tile = page.get_by_role("button", name=f"filter {out} of conv2d_1")
        expect(tile).to_have_attribute("aria-pressed", "false")
        if out % 2:
            tile.focus()
            page.keyboard.press("Enter")
        else:
            tile.click()
        expect(tile).to_have_attribute("aria-pressed", "true")
        out += 1
        expect(seen(page, re.compile(rf"^Without {out} of 32 filters"))).to_be_visible()
    assert reads() < 60 < whole
    broken = int(re.search(r"Broken: (\d+) digits", page.get_by_text("Broken: ").last.inner_text())[1])
    assert broken > 100
    assert f"cut=conv2d_1%3Aout%3A0-{out - 1}" in page.url
    page.get_by_role("button", name="Put all back").click()
    expect(seen(page, re.compile("^Nothing is taken out yet"))).to_be_visible()
    assert reads() == whole
    page.get_by_role("button", name="Undo").click()
    expect(seen(page, re.compile(rf"^Without {out} of 32 filters"))).to_be_visible()
