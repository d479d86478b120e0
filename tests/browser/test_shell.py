"""The frame around the pages, as a visitor's browser meets it."""

import json
import re

import pytest
from PIL import ImageColor
from playwright.sync_api import expect

from cnn_core.classroom import Classes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from pages.ui.drawing.palette import INK
from pages.ui.frame import shell
from tests.browser.conftest import ready, serving, turn_to


def test_every_address_is_the_one_streamlit_would_give_the_file():
    # Else a deep link on a cold server is greeted with "Page not found".
    for page in shell.PAGES:
        if page.url_path:
            assert page.file == f"pages/{page.file[6]}_{page.url_path}.py"


def test_a_deep_link_on_a_cold_server_shows_the_full_app(tmp_path, chromium, new_page):
    with serving(tmp_path) as cold:
        page = new_page(cold.url + "/train")
        expect(page.get_by_role("heading", name="Is it learning?")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_text("93,322 parameters")).to_be_visible()
        expect(page.get_by_test_id("stTopNavSection").filter(has_text="Train")).to_be_visible()
        # In Streamlit's old mode the pages were listed by their file names.
        expect(page.get_by_text("2 train", exact=True)).to_have_count(0)


def test_the_bar_leads_to_a_page_and_the_wordmark_home(server, new_page):
    page = new_page(server.url)
    expect(page.get_by_test_id("stTopNavLink").filter(has_text="Home")).to_have_count(0)
    turn_to(page, "Train")
    expect(page).to_have_url(re.compile(r"/train(\?|$)"))
    expect(page.get_by_role("heading", name="Is it learning?")).to_be_visible()
    page.get_by_test_id("stSidebarLogo").click()
    expect(page).to_have_url(re.compile(rf"^{re.escape(server.url)}/?(\?.*)?$"))


def test_a_chart_follows_the_theme_at_once(server, new_page):
    page = new_page(server.url + "/runs")
    number = page.locator(".js-plotly-plot .xtick text").first
    expect(number).to_be_visible(timeout=60_000)
    on_paper, on_black = (INK[mode][1] for mode in ("light", "dark"))
    for scheme, color in (("light", on_paper), ("dark", on_black), ("light", on_paper)):
        page.emulate_media(color_scheme=scheme)
        expect(number).to_have_css("fill", f"rgb{ImageColor.getrgb(color)}")  # it waited for the next click


def cookie(page):
    found = [c for c in page.context.cookies() if c["name"] == "convscope_visitor"]
    return found[0] if found else None


def test_a_visitor_stays_the_same_over_reload_and_in_a_second_tab(server, new_page):
    page = new_page(server.url + "/train")
    page.wait_for_function("document.cookie.includes('convscope_visitor=')")
    first = cookie(page)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first["value"])
    assert first["sameSite"] == "Lax"
    page.reload()
    ready(page)
    second_tab = page.context.new_page()
    second_tab.goto(server.url + "/train")
    ready(second_tab)
    assert cookie(page)["value"] == first["value"]


def test_two_visitors_are_two(server, new_page):
    pages = [new_page(server.url + "/train") for _ in range(2)]
    for page in pages:
        page.wait_for_function("document.cookie.includes('convscope_visitor=')")
    assert cookie(pages[0])["value"] != cookie(pages[1])["value"]


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_scrolls_sideways_in_either_theme(server, new_page, width, dark):
    page = new_page(server.url + "/train", width=width, height=844, dark=dark)
    expect(page.get_by_role("heading", name="Is it learning?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def luminance(rgb):
    """Relative luminance of WCAG 2."""
    parts = [v / 255 for v in rgb]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


RING_AND_PAPER = """element => {
  const numbers = (text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const style = getComputedStyle(element);
  const paper = getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor;
  return { style: style.outlineStyle, width: parseFloat(style.outlineWidth), ring: numbers(style.outlineColor),
    paper: numbers(paper) };
}"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("test_id", ["stTopNavLink", "stTopNavSection", "stPageLink-NavLink"])
def test_a_link_of_the_frame_that_has_the_focus_has_a_ring_that_can_be_seen(server, new_page, dark, test_id):
    page = new_page(server.url, dark=dark)
    link = page.get_by_test_id(test_id).first
    expect(link).to_be_visible()
    assert link.evaluate(RING_AND_PAPER)["style"] == "none"  # a mouse alone draws none
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("element => element === document.activeElement"):
            break
    seen = link.evaluate(RING_AND_PAPER)
    assert seen["style"] == "solid"
    assert seen["width"] >= 2
    assert contrast(seen["ring"], seen["paper"]) >= 3


def test_on_a_wall_text_and_pictures_grow_and_a_click_still_meets_its_picture(server, new_page):
    desk, wall = (new_page(server.url, width=width, height=1080) for width in (1400, 1920))
    heights = []
    for page in (desk, wall):
        expect(page.get_by_role("button", name="Show the answer")).to_be_visible(timeout=30_000)
        heights.append(page.get_by_role("heading", name="What is this?").bounding_box()["height"])
        assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
        main = page.get_by_test_id("stMain").bounding_box()
        assert main["y"] + main["height"] == pytest.approx(1080, abs=2)  # its end can be scrolled to
    assert heights[1] == pytest.approx(1.25 * heights[0], rel=0.05)
    for chart in wall.locator(".js-plotly-plot").all():
        box = chart.bounding_box()
        assert box["x"] + box["width"] <= 1920
    wall.get_by_role("button", name="a 3").click()
    expect(wall.get_by_role("button", name="a 3")).to_have_attribute("aria-pressed", "true")
    wall.get_by_role("button", name="Show the answer").click()
    expect(wall.get_by_text(re.compile("^The network reads a 3"))).to_be_visible()


def test_two_tabs_opened_together_at_a_first_visit_are_one_visitor(server, chromium):
    context = chromium.new_context()
    try:
        # Two pages that begin before either has answered.
        tabs = [context.new_page() for _ in range(2)]
        for tab in tabs:
            tab.goto(server.url + "/train", wait_until="commit")
        for tab in tabs:
            ready(tab)
        tabs[0].wait_for_timeout(3000)  # the second look, after 2 s
        for tab in tabs:
            tab.get_by_test_id("stMain").get_by_role("button", name="Train", exact=True).click()
            expect(tab.get_by_test_id("stMain").get_by_role("button", name="Stop").first).to_be_visible(
                timeout=30_000
            )
        # Asked for the same, by one visitor, it is the same run.
        runs = [json.loads(card.read_text()) for card in server.runs.glob("*/run.json")]
        assert len(runs) == 1
        tabs[0].reload()
        ready(tabs[0])
        expect(tabs[0].get_by_text("you are watching")).to_have_count(0)
    finally:
        context.close()


def test_an_address_as_a_run_s_name_is_read_and_cannot_be_clicked(server, chromium):
    owner, context = "e" * 22, chromium.new_context()
    name = "http://evil.example www.evil.example me@evil.example"
    RunStore(server.runs).submit(PRESETS["tiny"], RECIPES["fast"], owner=owner, name=name)
    context.add_cookies([{"name": "convscope_visitor", "value": owner, "url": server.url}])
    try:
        page = context.new_page()
        page.goto(server.url + "/runs")
        ready(page)
        expect(page.get_by_test_id("stMain").get_by_text("evil.example").first).to_be_visible()
        expect(page.locator("a[href*='evil']")).to_have_count(0)
    finally:
        context.close()


def test_a_teacher_s_key_opens_the_desk_and_no_address_and_no_request_ever_has_it(server, new_page):
    classes = Classes(server.runs)
    classroom, key = classes.open("t" * 22, "Tuesday", 2)
    page, asked = new_page(server.url), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/classroom#key={key}")
    expect(page.get_by_text(f"{classroom.code[:3]}-{classroom.code[3:]}")).to_be_visible(timeout=60_000)
    expect(page).to_have_url(f"{server.url}/classroom?view=class")
    page.go_back()
    page.reload()
    expect(page.get_by_text("you teach")).to_be_visible(timeout=60_000)
    assert key not in page.url
    assert asked
    assert [url for url in asked if key in url] == []
    assert len(classes.seat("t" * 22).classroom.teachers) == 2
    # On every page one line, and the page in the bar; for who sits in no class, neither.
    turn_to(page, "Train")
    line = page.locator(".st-key-class_strip")
    expect(line).to_have_text(re.compile("Tuesday.*you teach.*Board", re.DOTALL), timeout=60_000)
    classes.wipe("t" * 22)
    expect(line).to_have_count(0, timeout=60_000)
