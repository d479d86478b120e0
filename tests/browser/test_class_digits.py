"""A digit drawn by one student's finger, and by the keyboard, is checked by another's tap."""

import re

from playwright.sync_api import expect

from cnn_core.classroom import Classes, drawings_of
from tests.browser.conftest import PAD, seen

ADA, BEN = "b" * 22, "c" * 22


def test_drawn_strokes_keep_the_digit_that_was_asked_for_and_another_browser_checks_them(server, new_page):
    classes = Classes(server.runs)
    classroom, _ = classes.open("a" * 22, "Tuesday", 2)
    for token, name in ((ADA, "Ada"), (BEN, "Ben")):
        classes.join(token, classroom.code, name)

    def visit(token, step, width):
        cookie = {"name": "convscope_visitor", "value": token, "domain": "127.0.0.1", "path": "/",
                  "expires": -1, "httpOnly": False, "secure": False, "sameSite": "Lax"}  # fmt: skip
        link = f"{server.url}/classroom?view=digits&digits={step}"
        return new_page(link, width, 844, cookies=(cookie,))

    ada, ben = visit(ADA, "draw", 390), visit(BEN, "check", 390)
    expect(seen(ben, re.compile("nothing for you to check"))).to_be_visible()
    asked = []
    for number in (1, 2):
        heading = ada.get_by_role("heading", name=re.compile("^Draw an? "))
        asked.append(int(heading.inner_text()[-1]))
        pad = ada.locator(PAD)
        if number == 1:
            box = pad.bounding_box()
            ada.mouse.move(box["x"] + 80, box["y"] + 80)
            ada.mouse.down()
            ada.mouse.move(box["x"] + 250, box["y"] + 90, steps=5)
            ada.mouse.move(box["x"] + 150, box["y"] + 280, steps=5)
            ada.mouse.up()
            ada.get_by_role("button", name="Add it").click()
        else:
            pad.focus()
            for key in ("Space", *["ArrowDown"] * 8, "Space", "Enter"):
                ada.keyboard.press(key)
        expect(seen(ada, re.compile(f"You have drawn {number} of"))).to_be_visible()
    there = drawings_of(classes, classroom)
    assert [one.digit for one in there] == asked
    assert len(set(asked)) == 2

    # It came to the other by itself, who is not told what was asked for.
    expect(ben.get_by_role("heading", name="What digit is this?")).to_be_visible()
    for checked in (1, 2):
        ben.get_by_role("button", name="7", exact=True).click()
        expect(seen(ben, re.compile(f"You have checked {checked}"))).to_be_visible()
    assert [list(one.said.values()) for one in drawings_of(classes, classroom)] == [[7], [7]]
