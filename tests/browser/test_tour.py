"""The whole lesson as a student walks it: with a network trained on the way, on a phone, by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from pages.tour.steps import STEPS
from tests.browser.conftest import ready, serving

EMPTY = {"CONVSCOPE_DATA": "no-such-folder"}  # the 5,000 digits of the sample
TINY = "recipe=own&optimizer=rmsprop&epochs=1&images=300"
LONG = 30_000  # milliseconds: two busy cores, and a network that is asked 2,000 times


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


def train_a_tiny_one(page, server):
    page.goto(f"{server.url}/train?step=training&{TINY}")
    expect(bar(page)).to_contain_text("Press Train", timeout=LONG)
    page.locator(".st-key-train button").click()
    expect(bar(page)).to_contain_text("is trained.", timeout=90_000)


def test_the_whole_lesson_on_ones_own_freshly_trained_network_left_and_taken_up_again(lesson, new_page):
    page = new_page(f"{lesson.url}/convolution?step=kernel")
    for step in STEPS:
        if step.id == "training":
            train_a_tiny_one(page, lesson)
        is_at(page, step)
        if step.id == "layers":
            page = leave_and_come_back(page)
        if step.kind == "prediction":
            predict(page, step)
        if step.id == "evaluating":  # the visitor's own network, and not ours
            expect(page).to_have_url(re.compile(r"net=run(:|%3A)"))
        if step.id == "with_and_without":
            button(page, "skip").click()
        else:
            next_one(page)
    expect(bar(page)).to_contain_text("That was the lesson. You made 21 predictions", timeout=LONG)
    button(page, "finish").click()
    expect(bar(page)).to_have_count(0)


def leave_and_come_back(page):
    """To another page and back to the step; out of the lesson, and in again by the door of another session."""
    step = next(one for one in STEPS if one.id == "layers")
    page.get_by_role("button", name="Navigate to home page").click()
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


def test_on_a_phone_the_bar_is_within_the_screen_and_covers_nothing_that_it_speaks_of(lesson, new_page):
    page = new_page(f"{lesson.url}/convolution?step=kernel", width=390, height=844)
    shorter = ("kernel", "strides", "feature_map", "training", "cat_face", "turned")  # one of each sort
    for step in (one for one in STEPS if one.id in shorter):
        page.goto(f"{lesson.url}/{step.page}?step={step.id}")
        is_at(page, step)
        ready(page)
        fits(page)
        if step.kind == "prediction":
            predict(page, step)
            fits(page)
    # On another device the link alone is enough.
    other = new_page(page.url, width=390, height=844)
    expect(bar(other)).to_contain_text("Turned digits", timeout=LONG)


def fits(page):
    box = page.get_by_test_id("stBottom").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["height"] < 300
    main = page.get_by_test_id("stMain")
    assert main.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    # What can be pressed in the bar is not below anything else.
    under = page.evaluate(
        """() => [...document.querySelectorAll('.st-key-tour_bar button')].filter((one) => {
          const { x, y, width, height } = one.getBoundingClientRect();
          return width && !one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        }).map((one) => one.innerText)"""
    )
    assert under == []


def test_by_keyboard_alone_a_step_is_answered_and_the_next_one_has_the_focus(lesson, new_page):
    page = new_page(f"{lesson.url}/convolution?step=padding")
    focused(page, "tour_bar")
    expect(bar(page)).to_have_accessible_name(f"The lesson, step 2 of {len(STEPS)}: Padding")
    tab_to(page, "guess_")
    page.keyboard.press("Enter")
    expect(bar(page)).to_contain_text("Try once more", timeout=LONG)
    tab_to(page, "guess_")
    page.keyboard.press("Enter")
    expect(button(page, "next")).to_be_visible(timeout=LONG)
    tab_to(page, "tour_next")
    page.keyboard.press("Enter")
    expect(bar(page)).to_contain_text("Strides", timeout=LONG)
    focused(page, "tour_bar")
    tab_to(page, "guess_number")
    page.keyboard.press("ArrowLeft")
    tab_to(page, "guess_say")
    expect(page.locator(":focus")).to_contain_text("I say 337 places")
    page.keyboard.press("Enter")
    expect(bar(page)).to_contain_text("measured", timeout=LONG)


def focused(page, key):
    expect(page.locator(f".st-key-{key}:focus, .st-key-{key} :focus").first).to_be_attached(timeout=LONG)


def tab_to(page, key):
    """Tab until something enabled of this key has the focus; not by way of the whole page."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("key => document.activeElement.closest(`[class*='st-key-${key}']`) !== null", key):
            return
    raise AssertionError(f"no Tab leads to {key}")


def test_all_but_what_a_step_speaks_of_steps_back_for_a_while_and_comes_forward_under_the_pointer(
    lesson, new_page
):
    page = new_page(f"{lesson.url}/convolution?step=kernel")
    ready(page)
    title = page.locator("[data-testid='stElementContainer']:has(h1)").first
    sweep = page.locator(".st-key-convolution_sweep").first
    expect(title).to_have_css("opacity", "0.34", timeout=LONG)
    expect(sweep).to_have_css("opacity", "1")
    title.hover()
    expect(title).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    expect(title).to_have_css("opacity", "1", timeout=20_000)  # by itself: faint text is hard to read
    page.locator(".st-key-tour_bar").hover()
    expect(title).to_have_css("opacity", "0.34")
