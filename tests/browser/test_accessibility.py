"""Every page for whoever does not see it, does not point, or wants nothing to move: axe-core, and the real keyboard."""

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from pages.ui.frame.shell import PAGES, tab_title
from tests.browser.conftest import ready

# What Streamlit has in its own frame and we cannot mend: (rule, selector) -> why. As few as possible.
STREAMLITS_OWN = {}

# The views of a page that are not open at first: what is pressed to open them.
VIEWS = {
    "convolution": ("Pooling", "How a cat’s face is learnt", "Check yourself"),
    "evaluate": ("Mistakes", "Shift and turn", "Map", "Draw"),
    "feature_maps": ("Draw",),
    "augmentation": ("One alone", "Fill modes"),
    "my_data": ("Upload",),
    "runs": ("Replay",),
}

FOLDED = "[data-testid=stMain] [data-testid=stExpander] details:not([open]) > summary"
BOXES = "[data-testid=stMain] [data-testid=stPopoverButton]"
OPEN_BOX = "[data-testid=stPopoverBody]"

# Serious and critical findings, and heading jumps. Of a place on the page, or of all of it.
AXE = """async ([place, only]) => {
  const contrast = { "color-contrast": { enabled: only !== "form" } };
  const found = await axe.run(place ?? document, { resultTypes: ["violations"],
    ...(only === "colours" ? { runOnly: { type: "rule", values: ["color-contrast"] } } : { rules: contrast }) });
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact) || one.id === "heading-order")
    .flatMap((one) => one.nodes.map((node) => [one.id, node.target.flat().join(" "), node.html.slice(0, 160)]));
}"""

NAMELESS = r"""() => {
  const bad = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (!element.checkVisibility() || element.closest("[aria-hidden=true]")) continue;
      const name = element.getAttribute("alt") ?? element.getAttribute("aria-label") ?? "";
      const isPicture = element.tagName === "IMG" || element.getAttribute("role") === "img";
      if (isPicture && /^\d*$/.test(name.trim())) bad.push(element.outerHTML.slice(0, 160));
    }
  };
  walk(document);
  return bad;
}"""

HEADINGS = """() => {
  const levels = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (/^H[1-6]$/.test(element.tagName) && element.checkVisibility()) levels.push(Number(element.tagName[1]));
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return levels;
}"""


def findings(page, place=None, only=None):
    """What axe finds, as text; without what is Streamlit's own.

    place: a selector; None is the whole page.
    only:  "colours", or "form", which is all else: colours are the same at each width, and all else in each theme.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(AXE, [place, only])
    return [
        " | ".join(one)
        for one in found
        if not any(one[0] == rule and selector in one[1] for rule, selector in STREAMLITS_OWN)
    ]


def settled(page):
    page.wait_for_timeout(250)  # Streamlit gathers what was pressed before it begins to run
    ready(page)


def unfold(page):
    """Open all that is folded on the page."""
    for _ in range(20):
        folded = page.locator(FOLDED).first
        if not folded.is_visible():
            return
        folded.click()
        settled(page)


def look(page, name, only=None):
    """All findings of what is on the screen now, each beginning with `name`."""
    levels = page.evaluate(HEADINGS)
    jumps = [b for a, b in zip([0, *levels], levels, strict=False) if b > a + 1]
    found = [
        *findings(page, only=only),
        *page.evaluate(NAMELESS),
        *(f"heading jumps to h{level}" for level in jumps),
    ]
    return [f"{name}: {one}" for one in found]


def look_into_boxes(page, name, only=None):
    """The findings of each box that a button opens, one after the other."""
    found = []
    for place in range(page.locator(BOXES).count()):
        button = page.locator(BOXES).nth(place)
        if not button.is_visible() or button.is_disabled():
            continue
        button.click()
        settled(page)
        found += [f"{name}, box {place}: {one}" for one in findings(page, OPEN_BOX, only)]
        page.keyboard.press("Escape")
        expect(page.locator(OPEN_BOX)).to_have_count(0)
    return found


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.url_path or "home")
def test_axe_finds_nothing_serious_and_no_heading_jump(server, new_page, entry):
    page = new_page(f"{server.url}/{entry.url_path}", height=900)
    expect(page.get_by_role("heading", name=entry.question)).to_be_visible()
    expect(page).to_have_title(tab_title(entry.url_path))
    expect(page.get_by_role("region", name="Summary of this page")).to_have_text(
        re.compile(r"^Here .*Try: |^Bring")
    )
    settled(page)
    found = []
    for view in (None, *VIEWS.get(entry.url_path, ())):
        if view is not None:
            page.get_by_test_id("stMain").get_by_text(view, exact=True).first.click()
            settled(page)
        unfold(page)
        found += look(page, f"{view}, light") + look_into_boxes(page, f"{view}, light")
    for width, height, dark, only in (
        (390, 844, False, "form"),
        (390, 844, True, "colours"),
        (1400, 900, True, "colours"),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        settled(page)
        found += look(page, f"{width} px, {'dark' if dark else 'light'}", only)
    found += look_into_boxes(page, "dark", "colours")
    assert not found, "\n".join(found)
