"""One step of learning, as a student goes through it: Next, the four stages on, another weight, a guess, and Play."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import seen


def test_a_student_steps_through_one_batch(server, new_page):
    page = new_page(server.url + "/one_step?after=1")
    expect(seen(page, re.compile(r"reads \d of these 4 digits rightly"))).to_be_visible()
    onward = page.get_by_role("button", name="Next", exact=True)
    onward.click()
    expect(seen(page, re.compile("of these 4 digits is"))).to_be_visible()
    onward.click()
    expect(seen(page, "How large is the gradient?")).to_be_visible()
    expect(page.get_by_label("The gradient of the loss by the maps of conv2d_2", exact=True)).to_be_visible()
    onward.click()
    weight = seen(page, re.compile("^conv2d_1, filter .*row"))
    expect(weight).to_be_visible()
    for row, column in ((0, 0), (2, 2)):
        kernel = page.get_by_label(re.compile("^gradient, row by row"))
        kernel.scroll_into_view_if_needed()
        side = kernel.bounding_box()["width"] / 3
        kernel.click(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})
        expect(weight).to_contain_text(f"row {row}, column {column}")
    onward.click()
    page.get_by_role("button", name=re.compile("^I say")).click()
    expect(seen(page, re.compile("(falls|rises) from"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"stage=5.*weight=conv2d_1\.\d+\.0\.2\.2|weight=.*stage=5"))
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(seen(page, re.compile("(falls|rises) from"))).to_be_visible(timeout=10_000)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
