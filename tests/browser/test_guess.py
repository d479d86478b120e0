"""Guesses under a real pointer and keyboard: a curve is drawn, a point is tapped, and both are still there later."""

import re

import pytest
from playwright.sync_api import expect

from cnn_core.runs import RunStore
from cnn_core.runs.notebooks import read
from tests.browser.conftest import ready, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("guesses"), "tests/browser/guess_app.py") as running:
        yield running


def guesses(server):
    """Of all visitors, by question."""
    files = sorted(server.runs.glob("visitors/*/notebook.json"))
    return {guess.question: guess for file in files for guess in read(file).guesses}


def test_a_curve_is_drawn_and_a_point_is_tapped_and_a_reload_and_another_tab_know_them(server, new_page):
    page = new_page(server.url + "/?kind=curve&kind=point", width=390, height=1400)
    say = page.get_by_role("button", name="This is my curve")
    expect(say).to_be_disabled(timeout=30_000)  # a cold server
    box = page.locator(".plot").bounding_box()
    left, top, width, height = (box[side] for side in ("x", "y", "width", "height"))
    page.mouse.move(left + 1, top + height * 0.75)
    page.mouse.down()
    page.mouse.move(left + width / 2, top + height * 0.25, steps=3)
    page.mouse.move(left + width - 1, top + height * 0.25, steps=2)
    page.mouse.up()
    expect(say).to_be_enabled()
    picture = page.get_by_role("application", name=re.compile("^A 7"))
    picture.click(position={"x": 168 * 19.5 / 28, "y": 168 * 7.5 / 28})
    here = page.get_by_role("button", name="I say it is here")
    expect(here).to_be_enabled()
    for button in (say, here):
        assert button.bounding_box()["height"] >= 44  # a thumb's
        button.click()
        expect(button).to_have_count(0)
    said = guesses(server)
    assert said["demo.point"].said == (7, 19)
    # From a quarter up to three quarters at the middle, then level, by 13 places; a screen pixel is half a per cent.
    curve = said["demo.curve"].said
    assert [curve[i] for i in (0, 3, 6, 9, 12)] == pytest.approx([25, 50, 75, 75, 75], abs=1.5)
    expect(page.get_by_role("img", name=re.compile("You were off by"))).to_be_visible()

    page.reload()
    other_tab = page.context.new_page()
    other_tab.goto(server.url + "/?kind=curve&kind=point")
    for tab in (page, other_tab):
        expect(tab.get_by_text("answer of curve")).to_be_visible(timeout=20_000)
        expect(tab.get_by_text("answer of point")).to_be_visible()
        expect(tab.get_by_role("button", name="This is my curve")).to_have_count(0)
    assert guesses(server) == said


def test_by_keyboard_alone_a_curve_is_drawn_and_a_point_is_marked(server, new_page):
    page = new_page(server.url + "/?kind=curve&kind=point")
    line = page.get_by_role("slider", name=re.compile("How will accuracy fall"))
    line.focus()
    for key in ("ArrowUp", "ArrowRight", "PageDown", "End"):
        page.keyboard.press(key)
    expect(line).to_have_attribute("aria-valuetext", "−75°: 100 %")
    say = page.get_by_role("button", name="This is my curve")
    expect(say).to_be_enabled()
    picture = page.get_by_role("application", name=re.compile("^A 7"))
    picture.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    here = page.get_by_role("button", name="I say it is here")
    expect(here).to_be_enabled()
    here.press("Enter")
    expect(here).to_have_count(0)
    say.press("Enter")
    expect(page.get_by_text("answer of curve")).to_be_visible()
    ready(page)
    store = RunStore(server.runs)
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "convscope_visitor")
    said = {guess.question: guess.said for guess in store.notebooks.of(token).guesses}
    assert said == {"demo.point": (1, 2), "demo.curve": (52, 100, *[50] * 11)}
