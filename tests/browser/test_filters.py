"""A path followed upstream: from a class to the filter that gives it most, and on to those that feed that one."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from cnn_core.model import PRESETS, links

TINY = links.encode(PRESETS["tiny"].to_dict())  # 8 filters, 12 filters, 10 units


def test_a_path_is_followed_upstream_by_mouse_and_by_keys(server, new_page):
    page = new_page(f"{server.url}/filters?net=design&design={TINY}&view=made_of&filter=dense_1.4")
    graph = page.get_by_role("group", name="Who feeds unit 4 of dense_1, and whom it feeds")
    expect(graph.get_by_role("button")).to_have_count(6, timeout=20_000)
    strongest = graph.get_by_role("button").first
    filter = re.match(r"filter (\d+) of conv2d_2, gives", strongest.get_attribute("aria-label"))[1]
    strongest.click()
    page.wait_for_url(re.compile(rf"filter=conv2d_2\.{filter}\b"))
    graph = page.get_by_role("group", name=f"Who feeds filter {filter} of conv2d_2, and whom it feeds")
    expect(graph.get_by_role("button")).to_have_count(7, timeout=20_000)  # six below, and the class
    below = graph.get_by_role("button").first
    filter = re.match(r"filter (\d+) of conv2d_1, gives", below.get_attribute("aria-label"))[1]
    below.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"filter=conv2d_1\.{filter}\b"))
    middle = page.get_by_role("img", name=f"filter {filter} of conv2d_1, in the middle")
    expect(middle).to_be_focused(timeout=20_000)
    expect(page.get_by_text(re.compile("^Made of the image alone"))).to_be_visible()
    page.reload()  # the address has kept where one is
    expect(page.get_by_role("heading", name=f"Filter {filter}", exact=True)).to_be_visible(timeout=20_000)
