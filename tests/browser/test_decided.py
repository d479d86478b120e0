"""Why 4 and not 9: from the maps to the filters that decided, to the card of one, and back to an answer that leaned."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ready, seen


def test_why_4_and_not_9_leads_to_a_filter_and_back_to_an_answer_that_leaned_on_it(server, new_page):
    page = new_page(server.url + "/feature_maps?digit=100&layer=conv2d_1")
    page.get_by_text("Who decided", exact=True).click()
    expect(page.get_by_role("heading", name="Which filters decided?")).to_be_visible()
    expect(page.get_by_role("button", name="Why 4 and not 9")).to_be_visible()
    page.get_by_role("button", name="less than half").click()  # a guess first
    rows = page.get_by_role("button", name=re.compile(r"^filter \d+: \+.*for 4\. Opens its card"))
    expect(rows).to_have_count(6)
    expect(
        seen(page, re.compile("Without the 5 filters that speak most for 4 and against 9"))
    ).to_be_visible()
    number = re.search(r"\d+", rows.first.get_attribute("aria-label")).group()
    rows.first.click()
    expect(page.get_by_role("heading", name=f"Filter {number}", exact=True)).to_be_visible()
    assert f"filter=conv2d_1.{number}" in page.url
    page.get_by_text("Whose answers leaned on it most?").click()
    leaning = page.get_by_role("button", name=re.compile("of a lead of .* Opens why"))
    expect(leaning).to_have_count(9)
    leaning.first.click()
    expect(page.get_by_role("heading", name="Which filters decided?")).to_be_visible()
    ready(page)
    digit = re.search(r"digit=(\d+)", page.url).group(1)
    expect(page.get_by_label(re.compile(f"The image: no. {digit},"))).to_be_visible()
