"""A student at the sidebar: builds, breaks, mends, takes back, reloads and sends the link to a friend."""

import re

import pytest
from playwright.sync_api import expect

from cnn_core.model import LAYER_TYPES
from pages.ui.forms.sidebar import CHANGING
from tests.browser.conftest import turn_to

LESSON = [
    "input",
    "conv2d_1",
    "max_pooling2d_1",
    "conv2d_2",
    "max_pooling2d_2",
    "conv2d_3",
    "flatten_1",
    "dense_1",
    "dense_2",
]


def menu_gloss(title):
    """What the menu says beside the name of a kind of layer."""
    return next(kind.in_short for kind in LAYER_TYPES.values() if kind.title == title)


@pytest.fixture
def sidebar(server, new_page):
    """The sidebar of a fresh page, in the browser of somebody who was never here."""
    return lambda query="", **options: Sidebar(new_page(f"{server.url}/{query}", **options))


class Sidebar:
    """What a student sees of the sidebar, and what they can do there."""

    def __init__(self, page):
        self.page = page

    def layers(self):
        return self.page.locator("ol .name")

    def row(self, name):
        return self.page.get_by_role("button", name=re.compile(rf"^{name},"))

    def network(self):
        return self.page.get_by_role("combobox", name="Network")

    def setting(self, label):
        return self.page.get_by_test_id("stSidebar").get_by_label(label, exact=True)

    def choose(self, label, option):
        self.page.get_by_role("combobox", name=label, exact=True).click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def add(self, kind):
        self.page.get_by_role("button", name="Add a layer").click()
        self.page.get_by_role("menuitem", name=f"{kind} {menu_gloss(kind)}", exact=True).click()

    def press(self, key):
        button = self.page.locator(f".st-key-{key} button:visible")
        expect(button).to_have_count(1)
        button.click()

    def type_number(self, label, number):
        self.setting(label).fill(str(number))
        self.setting(label).press("Enter")


def test_a_first_visitor_sees_the_trained_lesson_net_and_a_clean_address(sidebar):
    s = sidebar()
    expect(s.layers()).to_have_text(LESSON)
    expect(s.network()).to_have_value("Lesson convnet, ready trained")
    expect(s.page.get_by_text("93,322 parameters")).to_be_visible()
    assert "?" not in s.page.url


def test_changing_a_trained_net_makes_it_a_design_and_undo_brings_the_trained_one_back(sidebar):
    s = sidebar()
    s.row("conv2d_2").click()
    expect(s.page.get_by_text(CHANGING)).to_be_visible()
    s.type_number("Filters", 48)
    expect(s.row("conv2d_2")).to_contain_text("11×11×48")
    expect(s.row("conv2d_2")).to_contain_text("13,872")  # 48 x (3 x 3 x 32 + 1)
    expect(s.network()).to_have_value("My design, not trained yet")
    s.press("undo")
    expect(s.row("conv2d_2")).to_contain_text("11×11×64")
    expect(s.network()).to_have_value("Lesson convnet, ready trained")
    expect(s.setting("Filters")).to_have_count(1)  # the editor stayed open
    expect(s.setting("Filters")).to_have_value("64")


def test_an_impossible_layer_is_barred_and_the_remedy_mends_it(sidebar):
    s = sidebar("?net=design")
    s.row("max_pooling2d_2").click()
    s.add("Max pooling")
    expect(s.page.locator(".wrong .name")).to_have_text("conv2d_3")
    expect(s.row("conv2d_3")).to_contain_text("does not fit")
    expect(s.row("flatten_1")).to_contain_text("?")
    expect(s.page.get_by_text("This network can be trained.")).to_have_count(0)
    s.page.get_by_role("button", name="Remove max_pooling2d_3").click()
    expect(s.page.get_by_text("This network can be trained.")).to_be_visible()
    expect(s.layers()).to_have_text(LESSON)
    s.press("undo")
    expect(s.page.locator(".wrong")).to_have_count(1)
    s.press("undo")
    expect(s.layers()).to_have_text(LESSON)


def test_layers_move_and_go_and_the_chosen_one_stays_chosen(sidebar):
    s = sidebar("?net=design")
    s.row("dense_1").click()
    s.add("Dropout")
    expect(s.layers()).to_have_text([*LESSON[:8], "dropout_1", "dense_2"])
    expect(s.row("dropout_1")).to_have_attribute("aria-pressed", "true")
    s.press("layer_up")
    expect(s.layers()).to_have_text([*LESSON[:7], "dropout_1", "dense_1", "dense_2"])
    expect(s.row("dropout_1")).to_have_attribute("aria-pressed", "true")
    s.press("layer_remove")
    expect(s.layers()).to_have_text(LESSON)


def test_a_design_survives_reload_page_change_and_the_way_to_a_friend(sidebar, new_page, server):
    s = sidebar(permissions=["clipboard-read", "clipboard-write"])
    s.row("conv2d_1").click()
    s.choose("Kernel size", "5×5")
    expect(s.row("conv2d_1")).to_contain_text("24×24×32")
    turn_to(s.page, "Train")
    expect(s.page).to_have_url(re.compile("/train.*design="))
    expect(s.row("conv2d_1")).to_contain_text("24×24×32")
    s.page.reload()
    expect(s.row("conv2d_1")).to_contain_text("24×24×32")
    s.page.get_by_role("button", name="Copy link").click()
    expect(s.page.get_by_role("button", name="Copied")).to_be_visible()
    link = s.page.evaluate("navigator.clipboard.readText()")

    friend = Sidebar(new_page(link))
    expect(friend.row("conv2d_1")).to_contain_text("24×24×32")
    expect(friend.network()).to_have_value("My design, not trained yet")


def test_an_impossible_design_can_be_sent_too(sidebar, new_page):
    s = sidebar("?net=design")
    s.row("flatten_1").click()
    s.press("layer_remove")
    expect(s.page.locator(".wrong .name")).to_have_text("dense_1")
    expect(s.page).to_have_url(re.compile("design="))
    friend = Sidebar(new_page(s.page.url))
    expect(friend.page.locator(".wrong .name")).to_have_text("dense_1")


@pytest.mark.parametrize(
    "query", ["?design=1.nonsense", "?net=run:AAAAAAAAAAA", "?net=<b>", "?design=" + "A" * 9000]
)
def test_a_broken_link_opens_the_default_with_one_sentence(sidebar, query):
    s = sidebar(query)
    expect(s.page.get_by_text(re.compile("in this link"))).to_be_visible()
    expect(s.layers()).to_have_text(LESSON)
    s.row("conv2d_1").click()
    s.type_number("Filters", 16)
    expect(s.page.get_by_text(re.compile("in this link"))).to_have_count(0)
    expect(s.row("conv2d_1")).to_contain_text("26×26×16")


def test_back_and_forward_walk_through_the_edits(sidebar):
    s = sidebar("?net=design")
    s.row("conv2d_1").click()
    link = ""
    for filters in (16, 24):
        s.type_number("Filters", filters)
        expect(s.row("conv2d_1")).to_contain_text(f"26×26×{filters}")
        expect(s.page).to_have_url(re.compile(f"design=(?!{re.escape(link)}$)"))
        link = s.page.url.partition("design=")[2]
    s.page.go_back()
    expect(s.row("conv2d_1")).to_contain_text("26×26×16")
    s.page.go_forward()
    expect(s.row("conv2d_1")).to_contain_text("26×26×24")


SLOW_ANSWERS = """
const add = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (kind, act, options) {
  const late = kind === "message" ? (event) => setTimeout(() => act.call(this, event), 400) : act;
  return add.call(this, kind, late, options);
};
"""


def test_no_edit_is_lost_or_revived_when_answers_are_slow(sidebar):
    s = sidebar("?net=design", fresh=True)
    s.page.add_init_script(SLOW_ANSWERS)
    s.page.reload()
    expect(s.row("conv2d_1")).to_be_visible()
    s.row("conv2d_1").click()
    expect(s.setting("Filters")).to_have_value("32")

    s.type_number("Filters", 16)  # and on at once: the browser has not heard of the 16 yet
    s.add("Dropout")
    expect(s.row("dropout_1")).to_be_visible()
    expect(s.row("conv2d_1")).to_contain_text("16 filters")

    s.row("conv2d_1").click()
    expect(s.setting("Filters")).to_have_value("16")
    s.type_number("Filters", 8)
    expect(s.row("conv2d_1")).to_contain_text("8 filters")
    s.press("undo")
    s.row("dense_1").click()  # repeats the 8 that was just taken back
    expect(s.setting("Units")).to_have_value("64")
    expect(s.row("conv2d_1")).to_contain_text("16 filters")


def test_the_list_can_be_used_without_a_mouse(sidebar):
    s = sidebar()
    s.row("conv2d_1").focus()
    s.page.keyboard.press("ArrowDown")
    s.page.keyboard.press("ArrowDown")
    s.page.keyboard.press("Enter")
    expect(s.row("conv2d_2")).to_have_attribute("aria-pressed", "true")
    expect(s.row("conv2d_2")).to_be_focused()
    expect(s.setting("Filters")).to_have_value("64")
    s.page.keyboard.press("Enter")
    expect(s.setting("Filters")).to_have_count(0)


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_wraps_or_runs_over_the_edge(sidebar, width):
    s = sidebar("?net=pretrained:modern", width=width)
    if width == 390:
        s.page.get_by_test_id("stExpandSidebarButton").click()
    s.row("global_average_pooling2d_1").click()
    expect(s.page.locator(".st-key-layer_remove button:visible")).to_be_visible()
    heights = s.page.locator("ol > li").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert set(heights) == {42}
    tops = [
        s.page.locator(f".st-key-{key} button:visible").bounding_box()["y"]
        for key in ("layer_up", "layer_remove")
    ]
    assert tops[0] == tops[1]
    bar = s.page.get_by_test_id("stSidebarContent")
    assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")


def test_the_diagram_tells_what_a_layer_is(server, new_page):
    page = new_page(server.url + "/train?net=design")
    figure = page.locator(".js-plotly-plot").first
    figure.locator(".bglayer, .plot").first.wait_for(state="attached")
    box = figure.bounding_box()
    middle = 0.455 * box["width"]  # conv2d_2 of the lesson's nine blocks
    for step in range(3):
        page.mouse.move(box["x"] + middle + step, box["y"] + 90)
    expect(figure.locator(".hoverlayer")).to_have_text(
        re.compile("conv2d_2.*11×11×64.*18,496 parameters.*8×8 pixels")
    )


def test_a_net_is_built_by_keyboard_alone_from_an_empty_design(sidebar):
    s = sidebar("?net=design")
    keys = s.page.keyboard
    s.page.get_by_role("button", name="Clear layers", exact=True).focus()
    keys.press("Enter")
    expect(s.layers()).to_have_text(["input", "flatten_1", "dense_1"])
    for place, kind in ((1, "depthwise_conv2d_1"), (2, "max_pooling2d_1")):
        s.page.get_by_role("button", name="Add a layer").focus()
        keys.press("Enter")
        expect(s.page.get_by_role("menu", name="Add a layer", exact=True)).to_be_visible()
        items = s.page.get_by_role("menuitem")
        items.nth(place).focus()
        expect(items.nth(place)).to_have_attribute("data-focused", "true")
        keys.press("Enter")
        expect(s.row(kind)).to_have_attribute("aria-pressed", "true")
    expect(s.layers()).to_have_text(
        ["input", "depthwise_conv2d_1", "max_pooling2d_1", "flatten_1", "dense_1"]
    )
    s.page.get_by_role("button", name="Move up", exact=True).focus()
    keys.press("Enter")
    expect(s.layers()).to_have_text(
        ["input", "max_pooling2d_1", "depthwise_conv2d_1", "flatten_1", "dense_1"]
    )
    s.page.get_by_role("button", name="Remove", exact=True).focus()
    keys.press("Enter")
    expect(s.layers()).to_have_text(["input", "depthwise_conv2d_1", "flatten_1", "dense_1"])


def test_a_design_is_renamed_where_it_is_seen_and_its_link_carries_the_name(sidebar, new_page):
    s = sidebar("?net=design")
    field = s.page.get_by_role("textbox", name="Name of the design")
    expect(field).to_have_value("Lesson convnet")
    field.fill("Eva’s net")
    field.press("Enter")
    expect(s.page).to_have_url(re.compile("design="))
    friend = Sidebar(new_page(s.page.url))
    expect(friend.page.get_by_role("textbox", name="Name of the design")).to_have_value("Eva’s net")
