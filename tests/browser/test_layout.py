"""Nothing too pale, too small, cut off or squeezed: on a desk, a projector, a wall, a phone, and twice enlarged."""

import re

import pytest
from playwright.sync_api import expect

from pages.ui.frame.shell import PAGES
from tests.browser.conftest import ready, turn_to
from tests.browser.test_shell import contrast

# Each word's ink and ground as numbers, and its size. Words on pictures are left out (their ground is no colour of the
# page), those that cannot be pressed, which the guidelines leave out as well, dashes of a legend, and the value over
# a slider's knob (it lies in the knob, whose colour it has, and stands on the page).
WORDS = """() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const parent = (e) => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null;
  const every = [];
  const walk = (root) => { for (const e of root.querySelectorAll("*")) {
    every.push(e); if (e.shadowRoot) walk(e.shadowRoot); } };
  walk(document.querySelector("[data-testid=stApp]"));
  const found = [];
  for (const e of every) {
    const words = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join(" ").trim();
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!words || /^[━ ]*$/.test(words)) continue;
    if (box.width < 4 || box.height < 4 || style.visibility === "hidden") continue;
    if (style.fontFamily.includes("Material")) continue;
    if (e.closest("style, [disabled], [aria-disabled=true], .face, .board, .hm")) continue;
    if (e.closest("[data-testid=stSliderThumbValue]")) continue;
    const ground = [];
    let shown = true, clear = 1;
    for (let x = e; x && shown; x = parent(x)) {
      const s = getComputedStyle(x);
      if (s.backgroundImage !== "none" || s.clipPath !== "none" || s.opacity === "0") shown = false;
      clear *= Number(s.opacity);
      const color = rgba(s.backgroundColor);
      if (color[3]) ground.push(color);
      if (color[3] === 1) break;
    }
    if (!shown) continue;
    const paper = ground.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    const ink = rgba(e instanceof SVGElement ? style.fill : style.color);
    ink[3] *= clear;
    found.push({ words: words.slice(0, 40), size: parseFloat(style.fontSize), ink: over(ink, paper), paper });
  }
  return found;
}"""


def pale_words(page) -> list[str]:
    """What is written on the page and has less contrast than small letters need, or large ones."""
    words = page.evaluate(WORDS)
    assert len(words) > 20
    return [
        f"{one['words']} {contrast(one['ink'], one['paper']):.2f}"
        for one in words
        if contrast(one["ink"], one["paper"]) < (3 if one["size"] >= 24 else 4.5)
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_a_view_that_was_just_chosen_and_is_still_pointed_at_can_be_read(server, new_page, dark):
    page = new_page(server.url + "/runs", dark=dark)
    page.get_by_role("radio", name="Replay").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=60_000)
    page.get_by_role("radio", name="Replay").hover()
    assert pale_words(page) == []


def test_in_the_dark_the_button_of_an_open_box_can_be_read(server, new_page):
    page = new_page(server.url + "/feature_maps", dark=True)
    page.get_by_role("button", name="The code of this picture").click(timeout=60_000)
    expect(page.get_by_text("In plain PyTorch")).to_be_visible()
    assert pale_words(page) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("path", "wait_for"),
    [
        ("/runs", "Our networks"),
        ("/train", "What to expect"),  # the code of its folded box is in the page
        ("/augmentation", "The same in your own code"),
        ("/evaluate?view=Map", "Click a sign"),
        ("/evaluate?view=Shift+and+turn", "What they are asked to read"),
    ],
)
def test_coloured_words_of_legends_codes_and_maps_can_be_read(server, new_page, dark, path, wait_for):
    page = new_page(server.url + path, dark=dark)
    expect(page.get_by_text(wait_for).first).to_be_visible(timeout=60_000)
    ready(page)
    assert pale_words(page) == []


def test_on_a_projector_the_input_digit_has_three_pixels_for_each_of_its_own(server, new_page):
    page = new_page(server.url + "/feature_maps", width=1024, height=768)
    digit = page.locator(".st-key-maps_input canvas").first
    expect(digit).to_be_visible(timeout=30_000)
    box = digit.bounding_box()
    assert (box["width"], box["height"]) == (84, 84)  # it shrank to 28


SIZES = """() => [...document.querySelectorAll(".js-plotly-plot text")].map(
  (e) => parseFloat(getComputedStyle(e).fontSize))"""


def test_on_a_wall_the_letters_of_charts_grow_with_the_page(server, new_page):
    sizes = []
    for width in (1400, 1920):
        page = new_page(server.url + "/evaluate", width=width, height=1080)
        expect(page.locator(".js-plotly-plot .annotation-text").first).to_be_visible(timeout=60_000)
        sizes.append(sorted(page.evaluate(SIZES)))
    assert len(sizes[0]) > 20
    assert sizes[1] == pytest.approx([1.25 * size for size in sizes[0]])


CUT = """() => [...document.querySelectorAll("[data-testid=stMain] *")].filter((e) => {
  // Its own words alone: those within it that are only spoken stand beside them, and would seem cut.
  const texts = [...e.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim());
  if (!texts.length || e.closest("style, svg, [role=tablist]")) return false;
  const lines = texts.flatMap((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return [...range.getClientRects()];
  });
  const right = Math.max(...lines.map((line) => line.right));
  if (!lines.some((line) => line.width >= 4)) return false;
  let isCut = false;
  for (let x = e; x && x.dataset?.testid !== "stMain"; x = x.parentElement) {
    const style = getComputedStyle(x), box = x.getBoundingClientRect();
    if (style.visibility === "hidden" || style.clipPath !== "none" || style.opacity === "0") return false;
    if (["hidden", "clip"].includes(style.overflowX) && right > box.right + 1) isCut = true;
  }
  return isCut;
}).map((e) => e.textContent)"""


@pytest.mark.parametrize(
    ("path", "wait_for"),
    [
        ("/", "Train your own"),
        ("/augmentation", "Train with and without"),
        ("/train", "What to expect"),
        ("/feature_maps", "How sure is it?"),
        ("/runs", "Our networks"),
    ],
)
@pytest.mark.parametrize("size", [(700, 500), (1024, 768)])  # 1400×1000 at 200 %, and a projector
def test_no_word_is_cut_and_nothing_scrolls_sideways(server, new_page, path, wait_for, size):
    page = new_page(server.url + path, width=size[0], height=size[1])
    expect(page.get_by_text(wait_for).first).to_be_attached(timeout=60_000)
    ready(page)
    assert page.evaluate(CUT) == []  # "Only turned: is" it was
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0


def answered(page) -> None:
    """Pages ask before they tell."""
    page.get_by_role("button", name="Show the answer").first.click(timeout=60_000)
    ready(page)


OUTSIDE = """() => [...document.querySelectorAll(".js-plotly-plot text")].filter((e) => {
  const words = e.getBoundingClientRect(), chart = e.closest(".main-svg").getBoundingClientRect();
  return words.width && (words.left < chart.left - 1 || words.right > chart.right + 1);
}).map((e) => e.textContent)"""


WIDTH = "Number(document.querySelector('.js-plotly-plot .main-svg').getAttribute('width'))"


def test_no_words_of_a_chart_are_cut_at_its_edge(server, new_page):
    page = new_page(server.url + "/feature_maps", width=1024, height=1080)
    answered(page)
    last = page.locator(".js-plotly-plot .annotation-text").nth(7)  # of two charts
    expect(last).to_be_attached(timeout=60_000)
    ready(page)
    assert page.evaluate(OUTSIDE) == []  # "28 other maps" was "her maps"
    for width in (1400, 1920, 390):
        before = page.evaluate(WIDTH)
        page.set_viewport_size({"width": width, "height": 1080})
        page.wait_for_function(f"{WIDTH} !== {before}")
        page.wait_for_function(f"({OUTSIDE})().length === 0", timeout=10_000)


SHARE = """plot => plot._fullLayout._size.w / plot.getBoundingClientRect().width"""


@pytest.mark.parametrize("path", ["/runs", "/evaluate?view=Shift+and+turn"])
def test_on_a_phone_the_lines_of_a_chart_have_all_of_its_width(server, new_page, path):
    page = new_page(server.url + path, width=390, height=844)
    if "Shift" in path:
        answered(page)
    plot = page.locator(".js-plotly-plot").first
    expect(plot).to_be_visible(timeout=60_000)
    page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout?._size")
    assert plot.evaluate(SHARE) >= 0.8  # the rest is for the numbers of the axis; it was 0.67
    assert plot.bounding_box()["width"] >= 390 - 2 * 20


def test_under_the_diagram_of_train_there_is_no_hole(server, new_page):
    page = new_page(server.url + "/train")
    below = page.get_by_text(re.compile("^What you see. Each block")).bounding_box()
    next_words = page.get_by_text(re.compile("^It learns from")).bounding_box()
    assert next_words["y"] - (below["y"] + below["height"]) < 120  # it was 250


def test_the_bar_leads_to_every_page_beside_the_sidebar_of_a_projector(server, new_page):
    page = new_page(server.url, width=1024, height=768)
    expect(page.get_by_text(re.compile(r"^\d more$"))).to_have_count(0)
    listed = page.get_by_test_id("stTopNavLink").all_inner_texts()
    for box in page.get_by_test_id("stTopNavSection").all():
        box.click()
        expect(page.get_by_role("menuitem").last).to_be_in_viewport(ratio=1)
        listed += page.get_by_role("menuitem").all_inner_texts()
        page.keyboard.press("Escape")
    assert listed == [entry.title for entry in PAGES if entry.in_bar]


def test_on_a_phone_what_a_tap_opens_comes_to_the_finger_and_all_else_to_the_thumb(server, new_page):
    page = new_page(server.url + "/feature_maps", width=390, height=844)
    tile = page.get_by_role("button", name=re.compile("^map 12,")).first
    card = page.locator(".st-key-pixel_card")
    expect(card).not_to_be_in_viewport()
    words = page.get_by_test_id("stMain").text_content()
    assert re.search("[0-9]\u00a0%", words)
    assert not re.search("[0-9] %", words)  # "9.3" and "%" stood in two lines
    tile.click()
    expect(card).to_contain_text("conv2d_1, map 12")
    expect(card.get_by_role("button", name="Close")).to_be_focused()
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844 + 1
    assert 300 < box["height"] < 0.65 * 844
    expect(tile).to_be_in_viewport(ratio=1)
    assert (
        tile.bounding_box()["y"] + tile.bounding_box()["height"] <= box["y"] + 30
    )  # not under what it opened
    page.keyboard.press("Escape")
    expect(card).not_to_be_in_viewport()
    expect(tile).to_be_focused()

    def chosen(title: str, heading: str) -> None:
        page.get_by_role("button", name="Pages").click()
        page.get_by_role("menuitem", name=title).click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=30_000)
        ready(page)
        assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth") <= 0

    chosen("Filters", "What does one filter look for?")
    grow = page.get_by_role("button", name=re.compile("^Watch filter 41")).bounding_box()
    assert 844 - 60 < grow["y"] < grow["y"] + grow["height"] < 844
    page.get_by_role("button", name=re.compile("^filter 9,")).click()
    expect(page.locator(".st-key-filter_card")).to_contain_text("Filter 9")
    expect(page.get_by_role("heading", name="Filter 9")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", name="Filter 9")).not_to_be_in_viewport()


# As it is seen: enlarged by all that is around it.
SEEN = (
    """elements => elements.map((e) => parseFloat(getComputedStyle(e).fontSize) * (e.currentCSSZoom ?? 1))"""
)


def test_in_projector_mode_the_last_row_reads_grids_and_charts_on_every_page(server, new_page):
    page = new_page(server.url + "/feature_maps?screen=wall", width=1920, height=1080)
    numbers = page.locator(".st-key-pixel_card [role=img][aria-label*=row] > div")
    expect(numbers.first).to_be_visible(timeout=30_000)
    assert min(numbers.evaluate_all(SEEN)) >= 18
    letters = page.locator(".js-plotly-plot text")
    expect(letters.first).to_be_attached(timeout=30_000)
    assert min(letters.evaluate_all(SEEN)) >= 18
    assert page.evaluate(OUTSIDE) == []
    assert page.get_by_test_id("stSidebar").get_attribute("data-collapsed") == "true"
    turn_to(page, "Convolution")
    numbers = page.locator(".triple .grid > *")
    expect(numbers.first).to_be_visible(timeout=30_000)
    assert min(numbers.evaluate_all(SEEN)) >= 18
    expect(page).to_have_url(re.compile("screen=wall"))
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_text("Projector mode", exact=True).click()
    expect(page).not_to_have_url(re.compile("screen=wall"))


def test_the_sidebar_leaves_three_quarters_of_a_window_enlarged_twice_and_its_box_opens_high_enough(
    server, new_page
):
    page = new_page(server.url + "/train", width=960, height=540)  # 1920×1080 at 200 %
    assert page.get_by_test_id("stSidebar").bounding_box()["width"] <= 0.3 * 960
    page.set_viewport_size({"width": 1400, "height": 900})
    page.get_by_role("button", name="Save").click()
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box["height"] > 400  # it was 81
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 900
