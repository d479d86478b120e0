"""The board of a class follows a training by itself, on a wall and on a phone, and leaves whoever is taken out."""

import re

from playwright.sync_api import expect

from cnn_core.classroom import READY, Classes
from cnn_core.runs import RunStore
from tests.load.board import Training

TEACHER, ADA, BEN = "d" * 22, "e" * 22, "f" * 22


def test_a_board_goes_on_while_a_run_trains_without_a_run_of_its_page(server, new_page):
    classes, store = Classes(server.runs), RunStore(server.runs)
    room, _ = classes.open(TEACHER, "Tuesday", 2)
    for token, name in ((ADA, "Ada"), (BEN, "<b>Ben</b>")):
        classes.join(token, room.code, name)
    classes.show(TEACHER, "board", {"challenge": READY["smallest"].to_dict()})

    def visit(token, more, width, height):
        cookie = {"name": "convscope_visitor", "value": token, "domain": "127.0.0.1", "path": "/",
                  "expires": -1, "httpOnly": False, "secure": False, "sameSite": "Lax"}  # fmt: skip
        link = f"{server.url}/classroom?view=board{more}"
        return new_page(link, width, height, cookies=(cookie,))

    wall, phone = visit(TEACHER, "&screen=wall", 1920, 1080), visit(ADA, "", 390, 844)
    for page in (wall, phone):
        expect(page.locator(".board .of")).to_have_text("0 of 0 nets")
        # From here on no script runs: it would say so to the page.
        page.evaluate(
            """() => { window.runs = 0; new MutationObserver(() => window.runs++).observe(
               document.querySelector("[data-testid='stApp']"), { attributeFilter: ["data-test-script-state"] }) }"""
        )
    training = Training(store, BEN, seed=1)
    for _ in range(3):
        training.go_on()
    for page in (wall, phone):
        expect(page.locator(".training .list .who")).to_have_text("<b>Ben</b>")  # a name, and no HTML
        expect(page.locator(".training .list .now")).to_have_text("90.2 %")
        expect(page.locator(".chart .dot.open")).to_have_count(1)
    training.finish()
    for page in (wall, phone):
        expect(page.locator(".head .done")).to_have_text("1 of 2 students has done it.")
        expect(page.locator(".chart .dot.reached")).to_have_count(1)
        assert page.evaluate("window.runs") == 0

    # On the wall the letters are large enough for the last row, and nothing but the board is there.
    sizes = wall.locator(".chart text, .list .who, .code, .first").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1))"
    )
    assert min(sizes) >= 20
    expect(wall.locator(".board .code")).to_have_text(re.compile(r"^\w{3}\W\w{3}$"))
    expect(wall.get_by_text("Yours only:")).to_have_count(0)

    # Each net can be looked at.
    with phone.expect_popup() as opened:
        phone.locator(".places th a").click()
    expect(opened.value).to_have_url(re.compile(f"feature_maps.*net=run(:|%3A){training.run.id}"))

    classes.remove(TEACHER, classes.seat(ADA).member.id)
    expect(phone.locator(".board .title")).to_have_count(0)
