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
    "augmentation": ("One alone",),
    "my_data": ("Upload",),
    "runs": ("Replay",),
}

MAIN = "[data-testid=stMain]"  # sidebar and bar are the same on every page: a test of their own
FOLDED = "[data-testid=stMain] [data-testid=stExpander] details:not([open]) > summary"
BOXES = "[data-testid=stMain] [data-testid=stPopoverButton]"
OPEN_BOX = "[data-testid=stPopoverBody]"

# Serious and critical findings, and heading jumps. Of a place on the page, or of all of it.
AXE = """async ([place, only]) => {
  const contrast = { "color-contrast": { enabled: only !== "form" } };
  const found = await axe.run(place ?? document, { resultTypes: ["violations"], preload: false,
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


def turn_dark(page):
    """Let the evening come: the server draws the page anew, the wordmark with it."""
    logo = page.get_by_test_id("stSidebarLogo").or_(page.get_by_test_id("stHeaderLogo")).first
    before = logo.get_attribute("src")
    page.emulate_media(color_scheme="dark")
    expect(logo).not_to_have_attribute("src", before)
    ready(page)


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
        *findings(page, MAIN, only),
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
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    found += look(page, "phone, light", "form")
    page.set_viewport_size({"width": 1400, "height": 900})
    turn_dark(page)
    found += look(page, "dark", "colours") + look_into_boxes(page, "dark", "colours")
    page.set_viewport_size({"width": 390, "height": 844})
    settled(page)
    found += look(page, "phone, dark", "colours")
    assert not found, "\n".join(found)


def menus(page):
    """The findings of the frame, and of each of its menus and boxes when it is open."""
    found = [f"frame: {one}" for one in findings(page)]
    for opener in (
        page.get_by_role("button", name="Add a layer"),
        page.get_by_test_id("stSidebar").get_by_role("button", name="Save"),
        page.get_by_test_id("stMainMenuButton"),
    ):
        opener.click()
        page.get_by_role("menu").or_(page.locator(OPEN_BOX)).first.wait_for()
        settled(page)
        found += [f"{opener}: {one}" for one in findings(page)]
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu").or_(page.locator(OPEN_BOX))).to_have_count(0)
    return found


def test_axe_finds_nothing_serious_in_the_frame_and_its_open_menus(server, new_page):
    page = new_page(f"{server.url}/open_network")
    page.get_by_test_id("stSidebar").get_by_role("button", name="conv2d_1").click()
    expect(page.get_by_role("button", name="Move down")).to_be_visible()
    found = menus(page)
    turn_dark(page)
    found += menus(page)
    assert not found, "\n".join(found)
