"""The frame around the pages, as a visitor's browser meets it."""

import re

import pytest
from playwright.sync_api import expect

from pages.ui.frame import shell
from tests.browser.conftest import ready, serving


def test_every_address_is_the_one_streamlit_would_give_the_file():
    # Else a deep link on a cold server is greeted with "Page not found".
    for page in shell.PAGES:
        if page.url_path:
            assert page.file == f"pages/{page.file[6]}_{page.url_path}.py"


def top_bar(page):
    return page.get_by_test_id("stTopNavLink")


def test_a_deep_link_on_a_cold_server_shows_the_full_app(tmp_path, chromium, new_page):
    with serving(tmp_path) as cold:
        page = new_page(cold.url + "/train")
        expect(page.get_by_role("heading", name="Is it learning?")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_text("93,322 parameters")).to_be_visible()
        expect(top_bar(page).filter(has_text="Train")).to_be_visible()
        # In Streamlit's old mode the pages were listed by their file names.
        expect(page.get_by_text("2 train", exact=True)).to_have_count(0)


def test_the_bar_leads_to_a_page_and_the_wordmark_home(server, new_page):
    page = new_page(server.url)
    expect(top_bar(page).filter(has_text="Home")).to_have_count(0)
    top_bar(page).filter(has_text="Train").click()
    expect(page).to_have_url(re.compile(r"/train(\?|$)"))
    expect(page.get_by_role("heading", name="Is it learning?")).to_be_visible()
    page.get_by_test_id("stSidebarLogo").click()
    expect(page).to_have_url(re.compile(rf"^{re.escape(server.url)}/?(\?.*)?$"))


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
