"""Every page for whoever does not see it, does not point, or wants nothing to move: axe-core, and the real keyboard."""

import contextlib
import re

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import TimeoutError, expect

from pages.tour.steps import STEPS
from pages.ui.frame.shell import PAGES, tab_title
from pages.ui.frame.shell import entry as page_at
from tests.browser.conftest import PAD, ready

# The views of a page, the one that is open at first before the others: what is pressed to open them.
VIEWS = {
    "convolution": ("One kernel", "Pooling", "How a cat’s face is learnt", "Check yourself"),
    "break_it": ("Take filters out", "Attack a digit"),
    "evaluate": ("Who for whom", "Mistakes", "Shift and turn", "Map", "Draw"),
    "feature_maps": ("Maps", "Who decided"),
    "augmentation": ("Draws", "One alone", "Fill modes"),
    "my_data": ("Draw", "Upload"),
    "runs": ("Compare", "Race", "Replay"),
}

MAIN = "[data-testid=stMain]"  # sidebar and bar are the same on every page: a test of their own
LONG = 90_000  # milliseconds
DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
NEXT = f"{MAIN} [class*=st-key-next_] a"
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

UNFOLD = """() => {
  const folded = [...document.querySelectorAll(
    "[data-testid=stMain] [data-testid=stExpander] details:not([open]) > summary")].filter((one) => one.offsetHeight);
  for (const one of folded) one.click();
  return folded.length;
}"""

# Each box that a button of the page opens, one after the other, with all that axe finds in it.
BOXES = """async ([only]) => {
  const until = async (holds) => {
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((go) => setTimeout(go, 25)))
      if (holds()) return;
    throw new Error("A box did not open, or not close: " + last);
  };
  const box = () => document.querySelector("[data-testid=stPopoverBody]");
  const rests = () => document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]");
  const found = [];
  let last = "";
  for (const one of document.querySelectorAll("[data-testid=stMain] [data-testid=stPopoverButton]")) {
    if (!one.offsetHeight || one.disabled || !one.isConnected) continue;
    last = one.innerText;
    one.click();
    await until(() => box()?.innerText.trim() && rests());
    for (const finding of await (AXE)([box(), only])) found.push([one.innerText.trim(), ...finding]);
    one.click();
    await until(() => !box() && rests());
  }
  return found;
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

SMALL = """() => {
  const small = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!isText || !element.checkVisibility()) continue;
      const size = parseFloat(getComputedStyle(element).fontSize);
      if (size < 12) small.push(`${size} px: ${element.outerHTML.slice(0, 120)}`);
    }
  };
  walk(document.querySelector("[data-testid=stApp]"));
  return small;
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
    """What axe finds, as text.

    place: a selector; None is the whole page.
    only:  "colours", or "form", which is all else: colours are the same at each width, and all else in each theme.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    return [" | ".join(one) for one in page.evaluate(AXE, [place, only])]


def turn(page, scheme):
    """Let the evening come, or the morning: the server draws the page anew, the wordmark with it."""
    logo = page.get_by_test_id("stSidebarLogo").or_(page.get_by_test_id("stHeaderLogo")).first
    before = logo.get_attribute("src")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(logo).not_to_have_attribute("src", before, timeout=LONG)
    settled(page)


def settled(page):
    """Wait until the page is drawn; what it computes at its first visit may take long on a busy machine."""
    app = "[data-testid=stApp][data-test-script-state={}]"
    with contextlib.suppress(TimeoutError):  # Streamlit gathers what was pressed before it begins to run
        page.wait_for_selector(app.format("running"), state="attached", timeout=250)
    page.wait_for_selector(app.format("notRunning"), state="attached", timeout=LONG)
    ready(page)


def unfold(page):
    """Open all that is folded on the page, and what is folded in that."""
    while page.evaluate(UNFOLD):
        settled(page)


def look(page, name, only=None):
    """All findings of what is on the screen now, each beginning with `name`."""
    levels = page.evaluate(HEADINGS)
    jumps = [b for a, b in zip([0, *levels], levels, strict=False) if b > a + 1]
    found = [
        *findings(page, MAIN, only),
        *page.evaluate(NAMELESS),
        *page.evaluate(SMALL),
        *(f"heading jumps to h{level}" for level in jumps),
    ]
    return [f"{name}: {one}" for one in found]


def look_into_boxes(page, name, only=None):
    """The findings of all boxes that a button on the page opens."""
    found = page.evaluate(BOXES.replace("AXE", AXE), [only])
    return [f"{name}, box " + " | ".join(one) for one in found]


def look_at_views(page, entry, views, only=None):
    """The findings of each of these views: everything unfolded, and every box opened."""
    found = []
    for view in views:
        if len(views) > 1:
            page.locator(MAIN).get_by_text(view, exact=True).first.click()
            settled(page)
        unfold(page)
        found += look(page, f"{entry.title}, {view}, {only or 'all'}", only)
        found += look_into_boxes(page, f"{entry.title}, {view}, {only or 'all'}", only)
    return found


def look_at(page, entry, is_dark):
    """All findings of a page on a desk in both themes, in that of now first, and on a phone by day."""
    expect(page).to_have_title(tab_title(entry.url_path))
    summary = page.get_by_role("region", name="Summary of this page")
    expect(summary).to_have_count(1)
    assert re.match(r"Here .*\. ", summary.text_content()), summary.text_content()
    views, found = VIEWS.get(entry.url_path, ("",)), []
    # Names, roles and headings are the same by night; colours are the same at each width.
    for scheme in ("dark", "light") if is_dark else ("light", "dark"):
        if scheme != ("dark" if is_dark else "light"):
            turn(page, scheme)
            views = views[::-1]  # the last one is open
        found += look_at_views(page, entry, views, "colours" if scheme == "dark" else None)
        if scheme == "light":
            page.set_viewport_size(PHONE)
            settled(page)
            found += look(page, f"{entry.title}, phone", "form")
            page.set_viewport_size(DESK)
    return found


def walk(page, server):
    """Follow the links to the next page, in one tab: a page that is loaded anew costs much more. Then the others."""
    found, left, is_dark = [], {entry.url_path for entry in PAGES}, False
    while left:
        here = re.search(r"//[^/]+/(\w*)", page.url)[1]
        if here not in left:
            page.goto(f"{server.url}/{min(left)}")
            continue
        left.remove(here)
        entry = page_at(here)
        expect(page.get_by_role("heading", name=entry.question)).to_be_visible(timeout=LONG)
        settled(page)
        found += look_at(page, entry, is_dark)
        is_dark = not is_dark
        if page.locator(NEXT).count():
            page.keyboard.press("Alt+n")
            page.wait_for_url(lambda url, here=here: f"/{here}" not in url)
    return found


def test_axe_finds_nothing_serious_on_any_page_nor_in_any_of_its_boxes_by_day_and_by_night(server, new_page):
    page = new_page(server.url + "/convolution", **DESK)
    page.emulate_media(reduced_motion="reduce")
    found = walk(page, server)
    assert not found, "\n".join(found)


def menus(page, *openers):
    """The findings of the frame, and of each of its menus and boxes when it is open."""
    found = [f"frame: {one}" for one in findings(page)]
    for opener in openers:
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
    openers = (
        page.get_by_role("button", name="Add a layer"),
        page.get_by_test_id("stSidebar").get_by_role("button", name="Save"),
        page.get_by_test_id("stMainMenuButton"),
    )
    found = menus(page, *openers)
    turn(page, "dark")
    found += menus(page, *openers)
    page.set_viewport_size(PHONE)
    settled(page)
    found += menus(page, page.get_by_role("button", name="Pages"))
    assert not found, "\n".join(found)


# ---------------------------------------------------------------- the keyboard alone


def tab_to(page, control, key="Tab", most=90):
    """Go on from control to control until this one has the focus."""
    control.wait_for()
    for _ in range(most):
        page.keyboard.press(key)
        if control.evaluate("element => element.getRootNode().activeElement === element"):
            return
    raise AssertionError(f"{control} is not reached by {key}")


def press(page, keys):
    """One after the other, each as often as it says: "ArrowLeft*6"."""
    for key in keys.split():
        name, _, times = key.partition("*")
        for _ in range(int(times or 1)):
            page.keyboard.press(name)


def test_by_keyboard_a_layer_is_changed_a_network_trained_and_a_pixel_chosen(server, new_page):
    page = new_page(server.url + "/train")
    sidebar, main = page.get_by_test_id("stSidebar"), page.get_by_test_id("stMain")
    layers = sidebar.locator("ol li button")
    tab_to(page, sidebar.get_by_role("button", name="Clear layers"))
    page.keyboard.press("Enter")
    expect(layers).to_have_count(2)  # flatten, and the ten answers
    # The first entry of a menu takes Enter, and the focus is at its button again.
    opener = sidebar.get_by_role("button", name="Add a layer")
    tab_to(page, opener, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(layers).to_have_count(3)
    expect(opener).to_be_focused()
    filters = sidebar.get_by_role("spinbutton", name="Filters")
    tab_to(page, filters)
    press(page, "Control+a 4 Enter")
    expect(layers.first).to_have_accessible_name(re.compile("conv2d_1, 4 filters"))
    tab_to(page, main.get_by_role("button", name="Train", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^Finished\. Test accuracy"))).to_be_attached(timeout=120_000)
    for url_path in ("one_step", "evaluate", "runs", "feature_maps"):
        press(page, "Alt+n")
        expect(page.get_by_role("heading", name=page_at(url_path).question)).to_be_visible(timeout=LONG)
        settled(page)
    tab_to(page, page.locator(".tile[tabindex='0']").first)
    press(page, "Home ArrowRight Enter")
    place = page.get_by_text(re.compile(r"^conv2d_1, map 1, row \d+, column \d+, all counted"))
    expect(place).to_be_visible(timeout=LONG)
    row, column = map(int, re.search(r"row (\d+), column (\d+)", place.inner_text()).groups())
    # The keys begin at the number that is chosen, not in the corner.
    tab_to(page, page.get_by_role("application", name=re.compile("conv2d_1, map 1")))
    press(page, "ArrowLeft Enter" if column else "ArrowRight Enter")
    beside = column - 1 if column else 1
    expect(
        page.get_by_text(re.compile(f"^conv2d_1, map 1, row {row}, column {beside}, all counted"))
    ).to_be_visible()


def test_the_bar_leads_to_each_page_by_keyboard(server, new_page):
    page = new_page(server.url + "/open_network")
    reached = []
    for link in page.get_by_test_id("stTopNavLink").all():
        tab_to(page, link)
        reached.append(link.inner_text())
    for group in page.get_by_test_id("stTopNavSection").all():
        tab_to(page, group)
        page.keyboard.press("Enter")
        links = page.get_by_test_id("stTopNavDropdownLink")
        expect(links.first).to_be_focused()
        for link in links.all():
            expect(link).to_be_focused()
            reached.append(link.inner_text())
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        expect(links).to_have_count(0)
    assert sorted(reached) == sorted(entry.title for entry in PAGES if entry.in_bar)


def test_a_seven_is_drawn_by_keyboard_and_its_pen_says_where_it_is(server, new_page):
    page = new_page(server.url + "/evaluate?view=draw")
    pad, said = page.locator(PAD), page.locator(".pad .said")
    tab_to(page, pad)
    expect(page.get_by_text("Arrow keys move the pen, Space draws")).to_be_visible()
    press(page, "ArrowLeft*6 ArrowUp*8 Space")
    expect(said).to_have_text("Pen down, 29 % from the left, 21 % from the top")
    press(page, "ArrowRight*12" + " ArrowDown*2 ArrowLeft" * 8 + " Space")
    expect(said).to_have_text("Pen up, 43 % from the left, 79 % from the top")
    expect(page.get_by_text(re.compile("It reads 7"))).to_be_visible()
    press(page, "Control+z")
    expect(said).to_have_text("The last stroke is taken back.")
    expect(page.get_by_text(re.compile("It reads"))).to_have_count(0)


def test_with_less_motion_nothing_is_animated_and_what_is_asked_for_still_plays(server, new_page):
    page = new_page(server.url + "/convolution")
    page.emulate_media(reduced_motion="reduce")
    place = page.locator(".place")
    expect(place).to_be_visible()
    slow = page.evaluate(
        """() => [...document.querySelectorAll("[data-testid=stApp] *")].filter((element) => {
          const style = getComputedStyle(element);
          return [style.transitionDuration, style.animationDuration].some((text) =>
            text.split(",").some((part) => parseFloat(part) > (part.includes("ms") ? 10 : 0.01)));
        }).map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert slow == []
    before = place.inner_text()
    press(page, "Alt+s")
    one_on = place.inner_text()
    assert one_on != before
    press(page, "Alt+Shift+s")
    assert place.inner_text() == before
    press(page, "Alt+p")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(place).not_to_have_text(one_on)
    press(page, "Alt+p")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_where_the_keyboard_is_looks_other_than_what_is_chosen(server, new_page):
    page = new_page(server.url + "/feature_maps")
    chosen = page.locator(".tile.selected").first
    expect(chosen).to_be_visible(timeout=30_000)
    look_of = """tile => { const style = getComputedStyle(tile.querySelector(".face"));
      return [style.outlineStyle, style.outlineColor, style.boxShadow] }"""
    at_rest = chosen.evaluate(look_of)
    tab_to(page, chosen)
    both = chosen.evaluate(look_of)
    press(page, "ArrowRight")
    alone = page.locator(".tile:focus").evaluate(look_of)
    assert at_rest[0] == "none"
    assert alone[0] == both[0] == "solid"
    # The ring is of the text's colour, which has more than 4.5:1 on the page; the chosen frame has its own.
    assert alone[1] == page.get_by_role("heading", level=1).evaluate("title => getComputedStyle(title).color")
    assert alone[1] not in at_rest[2]
    assert len({at_rest[2], both[2], alone[2]}) == 3


def test_axe_finds_nothing_serious_in_the_lesson(server, new_page):
    page, found = new_page(server.url), []
    # What a step does not speak of is faint until it is pointed at; not for whoever wants more contrast.
    page.emulate_media(contrast="more", reduced_motion="reduce")
    for step in (
        one for one in STEPS if one.id in ("padding", "turned", "training")
    ):  # a choice, a curve, a task
        page.goto(f"{server.url}/{step.page}?step={step.id}")
        ready(page)
        expect(page.locator(".st-key-tour_bar")).to_be_visible()
        settled(page)
        found += [f"{step.id}: {one}" for one in findings(page)]
    turn(page, "dark")
    found += [f"dark: {one}" for one in findings(page, only="colours")]
    assert not found, "\n".join(found)
