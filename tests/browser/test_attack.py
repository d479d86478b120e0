"""What a student does in the view "Attack a digit": draw one, see it misread, make the pattern smaller, lay a patch."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ready, seen
from tests.browser.test_pad import SEVEN, stroke


def test_my_drawing_is_attacked_until_it_is_read_as_something_else(server, new_page):
    page = new_page(server.url + "/break_it?net=pretrained:mlp&view=attack&way=draw")
    expect(seen(page, "Give it a digit to attack.")).to_be_visible()
    stroke(page, SEVEN)
    ready(page)
    changed = re.compile(
        r"A change of ±0\.\d\d per pixel, aimed: the network reads an? \d where it read a 7\."
    )
    expect(seen(page, changed)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("What it is given: read as [^7],"))).to_be_visible()
    ready(page)  # the page followed the pen; the slider is now that of the whole stroke
    slider = page.get_by_role("slider", name="Size of the pattern")
    slider.press("Home")
    expect(seen(page, re.compile("As it is, the network reads a 7"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("What it is given: read as 7,"))).to_be_visible()
    page.get_by_role("button", name="Set the slider to it").click()
    expect(seen(page, changed)).to_be_visible()
