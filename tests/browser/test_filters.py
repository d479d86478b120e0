"""A path followed upstream: from a class to the unit that helps it most, and on to the filters that feed that one."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_a_path_is_followed_upstream_by_mouse_and_by_keys(server, new_page):
    page = new_page(server.url + "/filters?view=made_of&filter=dense_2.4")
    graph = page.get_by_role("group", name=re.compile("^Who feeds unit 4 of dense_2"))
    expect(graph.get_by_role("button")).to_have_count(6, timeout=20_000)
    strongest = graph.get_by_role("button").first
    unit = re.match(r"unit (\d+) of dense_1, gives", strongest.get_attribute("aria-label"))[1]
    strongest.click()
    page.wait_for_url(re.compile(rf"filter=dense_1\.{unit}\b"))
    graph = page.get_by_role("group", name=f"Who feeds unit {unit} of dense_1, and whom it feeds")
    expect(graph.get_by_role("button")).to_have_count(7, timeout=20_000)  # six below, and the class
    below = graph.get_by_role("button").first
    filter = re.match(r"filter (\d+) of conv2d_3, gives", below.get_attribute("aria-label"))[1]
    below.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"filter=conv2d_3\.{filter}\b"))
    expect(page.get_by_role("heading", name=f"Filter {filter}", exact=True)).to_be_visible(timeout=20_000)
    middle = page.get_by_role("img", name=f"filter {filter} of conv2d_3, in the middle")
    expect(middle).to_be_focused()
    page.reload()  # the address has kept where one is
    expect(page.get_by_role("heading", name=f"Filter {filter}", exact=True)).to_be_visible(timeout=20_000)
