"""Home asks before it tells: from opening the address to the first prediction answered."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_looking import draw_a_seven

# The words that can be seen on the page up to where it leads on, in components too.
WORDS = r"""() => {
  const words = [];
  const isSeen = (element) => {
    const style = getComputedStyle(element);
    return style.display !== "none" && style.visibility !== "hidden" && !style.clipPath.startsWith("inset")
      && parseFloat(style.opacity) > 0;
  };
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim().startsWith("Where next?")) return false;
      words.push(...node.data.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)));
      return true;
    }
    if (node.nodeType === Node.ELEMENT_NODE && (/^(STYLE|SCRIPT)$/.test(node.tagName) || !isSeen(node))) return true;
    return [...(node.shadowRoot ?? node).childNodes].every(walk);
  };
  walk(document.querySelector("[data-testid=stMain]"));
  return words;
}"""


@pytest.mark.parametrize("width", [1400, 390])
def test_the_first_prediction_is_answered_after_a_stroke_a_click_and_at_most_sixty_words(
    server, new_page, width
):
    page = new_page(server.url, width=width, height=900)
    expect(page.get_by_text("What will the network read?", exact=True)).to_be_visible(timeout=30_000)
    words = page.evaluate(WORDS)
    assert "Draw" in words
    assert "9" in words
    assert 20 < len(words) <= 60, words
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    draw_a_seven(page)
    expect(page.get_by_role("button", name="a 7")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="7", exact=True).click()
    expect(page.get_by_text(re.compile("^You said 7, and so it is. The network reads a 7"))).to_be_visible()
    for way in (
        "The lesson, step by step",
        "Look inside this network",
        "Train your own",
        "Open your own network",
    ):
        expect(page.get_by_role("link", name=way)).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name="a 3").click()  # and once more, of another digit
    expect(page.get_by_text("What will the network read?", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("show=3"))
    page.get_by_role("link", name="The lesson, step by step").click()
    expect(page.get_by_role("heading", name="What does a kernel do?")).to_be_visible(timeout=30_000)
    expect(page).to_have_url(re.compile("step=kernel"))
