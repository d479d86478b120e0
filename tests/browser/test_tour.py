"""The whole lesson as a student walks it: on a phone with a network trained on the way, and by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from pages.tour.steps import STEPS
from tests.browser.conftest import ready, serving

EMPTY = {"CONVSCOPE_DATA": "no-such-folder"}  # the 5,000 digits of the sample
TINY = "recipe=own&optimizer=rmsprop&epochs=1&images=300"
LONG = 30_000  # milliseconds: two busy cores, and a network that is asked 2,000 times
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def lesson(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("lesson"), **EMPTY) as running:
        yield running


def bar(page):
    return page.locator(".st-key-tour_bar")


def is_at(page, step):
    """Wait until the bar is at this step, on its page."""
    place = next(i for i, one in enumerate(STEPS, 1) if one.id == step.id)
    expect(bar(page)).to_contain_text(f"Step {place} of {len(STEPS)} · {step.title}", timeout=LONG)
    expect(page).to_have_url(re.compile(rf"/{step.page}\?.*step={step.id}"), timeout=LONG)
    expect(bar(page).locator(".st-key-tour_return")).to_have_count(0)
    if step.id != "training":  # its page goes on and on
        ready(page)


def button(page, key):
    return page.locator(f".st-key-tour_{key} button")


def next_one(page):
    expect(button(page, "next")).to_be_visible(timeout=LONG)
    button(page, "next").click()


def options(page):
    return bar(page).locator("[class*='st-key-guess_'] button:not([disabled])")


def say(page):
    """Commit to what slider or curve says."""
    page.locator("[class*='st-key-guess_say'] button").click()


def predict(page, step):
    """Commit to a guess, right or wrong as it comes; a choice may need a second try."""
    answered = bar(page).get_by_role("button", name="Next", exact=True)
    control = page.locator("[class*='st-key-guess_'] button:not([disabled])").first
    expect(control.or_(page.locator(".plot.open")).first).to_be_visible(timeout=LONG)
    if step.id == "turned":
        draw(page)
        say(page)
    elif page.locator("[class*='st-key-guess_number']").count():
        say(page)
    else:
        options(page).first.click()
        hint = bar(page).locator("[role=status]").filter(has_text="Try once more")
        expect(answered.or_(hint)).to_be_visible(timeout=LONG)
        if hint.count():
            assert not answered.count()  # a hint, and not the solution
            options(page).first.click()
    expect(answered).to_be_visible(timeout=LONG)


def draw(page):
    plot = page.locator(".plot.open")
    expect(plot).to_be_visible(timeout=LONG)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] * 0.8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4, steps=6)
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] * 0.8, steps=6)
    page.mouse.up()
    expect(page.locator("[class*='st-key-guess_say'] button")).to_be_enabled(timeout=LONG)


def fits(page):
    """The bar is within a phone's window, and low; the page is no wider; nothing covers what can be pressed."""
    box = page.get_by_test_id("stBottom").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert box["height"] < 300
    main = page.get_by_test_id("stMain")
    assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    under = page.evaluate(
        """() => [...document.querySelectorAll('.st-key-tour_bar button')].filter((one) => {
          const { x, y, width, height } = one.getBoundingClientRect();
          return width && !one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        }).map((one) => one.innerText)"""
    )
    assert under == []


# ---------------------------------------------------------------- on a phone, with one's own network


def test_the_whole_lesson_on_a_phone_on_ones_own_freshly_trained_network_left_and_taken_up_again(
    lesson, new_page
):
    page = new_page(f"{lesson.url}/convolution?step=kernel", **PHONE)
    for step in STEPS:
        if step.id == "training":
            train_a_tiny_one(page, lesson)
        is_at(page, step)
        if step.id == "layers":
            page = leave_and_come_back(page)
        fits(page)
        if step.kind == "prediction":
            predict(page, step)
            fits(page)
        if step.id == "saving":
            the_way_to_save_is_shown(page)
        if step.id == "evaluating":  # the visitor's own network, and not ours
            expect(page).to_have_url(re.compile(r"net=run(:|%3A)"))
        if step.id == "with_and_without":
            button(page, "skip").click()
        else:
            next_one(page)
    expect(bar(page)).to_contain_text("That was the lesson. You made 21 predictions", timeout=LONG)
    button(page, "finish").click()
    expect(bar(page)).to_have_count(0)


def train_a_tiny_one(page, server):
    """All but what the step speaks of steps back for a while, comes forward under the pointer, and then by itself."""
    page.goto(f"{server.url}/train?step=training&{TINY}")
    expect(bar(page)).to_contain_text("Press Train", timeout=LONG)
    title, lit = (
        page.locator("[data-testid='stElementContainer']:has(h1)").first,
        page.locator(".st-key-train"),
    )
    expect(title).to_have_css("opacity", "0.34", timeout=LONG)
    expect(lit).to_have_css("opacity", "1")
    title.hover()
    expect(title).to_have_css("opacity", "1")
    lit.get_by_role("button").click()
    expect(bar(page)).to_contain_text("is trained.", timeout=90_000)
    expect(title).to_have_css("opacity", "1", timeout=20_000)  # faint text is hard to read
    bar(page).hover()
    expect(title).to_have_css("opacity", "0.34")


def leave_and_come_back(page):
    """To another page and back to the step; out of the lesson, and in again by the door of another session."""
    step = next(one for one in STEPS if one.id == "layers")
    page.get_by_test_id("stToolbar").get_by_role("button", name="Navigate to home page").click()
    button(page, "return").click()
    is_at(page, step)
    button(page, "leave").click()
    expect(bar(page)).to_have_count(0)
    page.goto(page.url.partition("/train")[0])
    expect(bar(page)).to_contain_text("You were at step 6", timeout=LONG)
    button(page, "go_on").click()
    is_at(page, step)
    page.go_back()
    page.go_forward()
    is_at(page, step)
    return page


def the_way_to_save_is_shown(page):
    """The button of the sidebar has a ring, and in the sidebar Save; it is in sight there."""
    way, save = page.get_by_test_id("stExpandSidebarButton"), page.locator(".st-key-save_open button").first
    expect(way).to_have_css("outline-style", "solid")
    way.click()
    expect(save).to_have_css("outline-style", "solid")
    expect(save).to_be_in_viewport(timeout=LONG)
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()


# ---------------------------------------------------------------- by keyboard alone


def test_the_whole_lesson_by_keyboard_alone_with_what_a_step_speaks_of_unfolded(lesson, new_page):
    page = new_page(f"{lesson.url}/convolution?step=kernel")  # another visitor: the link alone is enough
    for place, step in enumerate(STEPS, 1):
        is_at(page, step)
        focused(page, "tour_wide" if step.id == "turned" else "tour_bar")
        if step.id == "kernel":
            expect(bar(page)).to_have_accessible_name(f"The lesson, step 1 of {len(STEPS)}: Kernel")
        if step.id == "one_filter":  # the card keeps the answer to itself
            expect(page.get_by_text("the picture reaches").locator("..")).to_contain_text("?")
        folded = page.locator(".st-key-train_data_steps details")
        if step.id in ("scaling", "one_hot"):
            expect(folded).not_to_have_attribute("open", "")
        if step.kind == "prediction":
            predict_by_keys(page, step)
        if step.id in ("scaling", "one_hot"):
            expect(folded).to_have_attribute("open", "")
        if place == len(STEPS):
            tab_to(page, "tour_skip")
        else:
            tab_to(page, "tour_next")
        page.keyboard.press("Enter")
    expect(bar(page)).to_contain_text("That was the lesson.", timeout=LONG)


def predict_by_keys(page, step):
    """Say something to the step's question; at some of them what is wrong or right on purpose."""
    said = bar(page)
    if step.id == "turned":
        tab_to(page, "guess_curve")
        press(page, "ArrowRight", "ArrowUp", "ArrowUp", "ArrowRight")
        expect(page.locator("[class*='st-key-guess_say'] button")).to_be_enabled(timeout=LONG)
        tab_to(page, "guess_say")
        press(page, "Enter")
        focused(page, "tour_bar")  # the question stood above the page: from there Next would be far
    elif step.id == "maps_of_layers":
        # A 3 by 3 kernel, 2 by 2 pooling: 3, 4, 8, 10, 18 pixels to a side. The slider begins in the middle, at 14.
        tab_to(page, "guess_number")
        press(page, *["ArrowRight"] * 4)
        expect(said).to_contain_text("I say 18 pixels", timeout=LONG)
        tab_to(page, "guess_say")
        press(page, "Enter")
        expect(said).to_contain_text("measured 18 pixels", timeout=LONG)
    elif step.id == "padding":
        choose(page, "1")  # the corner lies in one window without zeros around the image
        expect(said).to_contain_text("Try once more", timeout=LONG)
        choose(page, "4" if "of 3×3" in said.inner_text() else "9")  # 2 by 2, or 3 by 3 windows
        expect(said).to_contain_text("at your second try", timeout=LONG)
    elif step.id == "one_hot":
        digit = int(re.search(r"“(\d)” becomes", said.inner_text())[1])
        choose(page, "".join("1" if place == digit else "0" for place in range(10)))
        expect(said).to_contain_text("and so it is", timeout=LONG)
    elif page.locator("[class*='st-key-guess_number']").count():
        tab_to(page, "guess_say")
        press(page, "Enter")
    else:
        tab_to(page, "guess_")
        press(page, "Enter")
        hint = said.locator("[role=status]").filter(has_text="Try once more")
        expect(button(page, "next").or_(hint)).to_be_visible(timeout=LONG)
        if hint.count():
            tab_to(page, "guess_")
            press(page, "Enter")
    expect(button(page, "next")).to_be_visible(timeout=LONG)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def choose(page, option):
    """Take this option of a choice."""
    for _ in range(4):
        tab_to(page, "guess_")
        if page.locator(":focus").inner_text().strip() == option:
            return press(page, "Enter")
    raise AssertionError(f"no {option}")


def focused(page, key):
    expect(page.locator(f".st-key-{key}:focus, .st-key-{key} :focus").first).to_be_attached(timeout=LONG)


def tab_to(page, key):
    """Tab until something enabled of this key has the focus; not by way of the whole page."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("key => document.activeElement.closest(`[class*='st-key-${key}']`) !== null", key):
            return
    raise AssertionError(f"no Tab leads to {key}")
