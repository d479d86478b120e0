"""What only a browser can show of augmentation: a slider that is dragged, settings in a popover, two real trainings."""

import re

import pytest
from playwright.sync_api import expect

from cnn_core.runs import RunStore
from tests.browser.conftest import ready, turn_to, wait_until


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


@pytest.fixture
def page(server, new_page):
    opened = new_page(server.url + "/augmentation")
    opened.get_by_role("button", name="Show the answer").click()
    expect(opened.get_by_text(re.compile("^[A-Z][a-z ]+[.] With.* draws as a 7[.]$"))).to_be_visible(
        timeout=30_000
    )
    return opened


def slider(page):
    return page.locator(".st-key-augment_drag input[type=range]")


def test_dragging_turns_the_digit_and_says_what_is_read(page):
    place, said = (page.locator(f".st-key-augment_drag .now {tag}") for tag in ("b", "i"))
    expect(place).to_have_text("0°")
    expect(said).to_have_text(re.compile("read as a 7"))
    slider(page).scroll_into_view_if_needed()
    box = slider(page).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=6)
    expect(place).to_have_text(re.compile(r"−4\d°"))  # while the button is still down
    page.mouse.move(box["x"] + 2, middle, steps=6)
    page.mouse.up()
    expect(place).to_have_text("−90°")
    expect(page.locator(".st-key-augment_drag .now.wrong")).to_have_count(1)
    expect(said).to_have_text(re.compile("read as an? [^7]"))
    page.keyboard.press("End")
    expect(place).to_have_text("+90°")
    page.locator(".st-key-augment_drag .mark").nth(2).click()
    expect(place).to_have_text("0°")


def test_another_parameter_begins_untouched(page):
    page.locator(".st-key-augment_drag .mark").nth(0).click()
    page.locator(".st-key-dragged").get_by_role("combobox").click()
    page.get_by_role("option", name="Only zoomed").click()
    expect(page.locator(".st-key-augment_drag .now b")).to_have_text("1.0")
    expect(slider(page)).to_have_attribute("aria-label", "Zoomed")


def test_the_popover_shows_the_settings_in_use_and_touching_one_makes_them_own(page):
    page.get_by_role("button", name="Draw again").click()
    expect(page.get_by_text("seed 1", exact=False).first).to_be_visible()
    page.get_by_role("button", name="All settings").click()
    turn = page.get_by_role("slider", name="Turn, ± degrees")
    expect(turn).to_have_value("90")
    # Set while the popover was closed.
    expect(page.get_by_role("spinbutton", name="Seed of the draws")).to_have_value("1")
    turn.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("±100° · shifts ±20 %")).to_be_visible(timeout=10_000)
    page.keyboard.press("Escape")
    page.reload()  # the seed is in the address
    ready(page)
    expect(page.get_by_text("seed 1", exact=False).first).to_be_visible()


def test_with_and_without_is_trained_compared_and_found_again_after_a_reload(server, page):
    page.get_by_role("button", name="Recipe").click()
    page.get_by_text("Fast, 2 epochs").click()
    ready(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Train with and without").click()
    store = RunStore(server.runs)
    wait_until(lambda: len(store.runs()) == 2, 20)
    turn_to(page, "Evaluate")  # leaving the page stops nothing
    wait_until(lambda: all(run.status.state == "finished" for run in store.runs()), 180)
    turn_to(page, "Augmentation")
    expect(
        page.get_by_text(re.compile(r"Turned by \d+°: .* with changes, .* without, \+[\d.]+ points"))
    ).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-pair_rotation .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-pair_shift .js-plotly-plot")).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile(r"Turned by \d+°: "))).to_be_visible(timeout=60_000)
    assert len(store.runs()) == 2


def test_on_a_phone_nothing_scrolls_sideways(server, new_page):
    page = new_page(server.url + "/augmentation", width=390, height=844)
    expect(page.get_by_role("strong").filter(has_text="as a 7?")).to_be_visible(timeout=30_000)
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.get_by_role("button", name="Show the answer").click()
    expect(page.get_by_text(re.compile("^[A-Z][a-z ]+[.] With.* draws as a 7[.]$"))).to_be_visible(
        timeout=30_000
    )
    assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
