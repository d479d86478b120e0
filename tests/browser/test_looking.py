"""What a student clicks while looking inside: a stroke, a map, a pixel, a cell of mistakes, a run, Play."""

import re

import pytest
from playwright.sync_api import expect

from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, save_model
from tests.browser.conftest import ready

OWNER = "a" * 22


def draw_a_seven(page) -> None:
    box = page.locator("canvas[role=img][tabindex='0']").first.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.25 * side, y + 0.25 * side)
    page.mouse.down()
    page.mouse.move(x + 0.7 * side, y + 0.25 * side, steps=8)
    page.mouse.move(x + 0.45 * side, y + 0.85 * side, steps=12)
    page.mouse.up()


def place(page):
    return page.get_by_text(re.compile("Click any map, then any pixel"))


def test_a_stroke_goes_through_the_network(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_text("Draw", exact=True).click()
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    draw_a_seven(page)
    expect(page.get_by_text(re.compile("The network answers 7"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^map 63,")).first).to_be_visible()


def test_a_map_and_then_a_pixel_of_it_are_taken_apart(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_role("button", name=re.compile("^map 5,")).nth(1).click()
    expect(place(page)).to_contain_text("conv2d_2, map 5")
    enlarged = page.get_by_label(re.compile("click a pixel"))
    box = enlarged.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 3.5 / 11, box["y"] + box["height"] * 7.5 / 11)
    expect(place(page)).to_contain_text("conv2d_2, map 5, row 7, column 3")


def test_a_cell_of_the_confusion_opens_its_images_and_an_image_its_maps(server, new_page):
    page = new_page(server.url + "/evaluate")
    expect(page.locator(".js-plotly-plot .heatmaplayer image, .js-plotly-plot .hm image")).to_be_visible()
    x, y = page.evaluate(
        """() => { const plot = document.querySelector('.js-plotly-plot'), l = plot._fullLayout;
          const box = plot.getBoundingClientRect();
          return [box.left + l.xaxis._offset + l.xaxis.d2p(2), box.top + l.yaxis._offset + l.yaxis.d2p(2)]; }"""
    )
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    expect(page.get_by_text(re.compile("a 2, read rightly"))).to_be_visible()
    page.get_by_role("button", name=re.compile("open its feature maps")).first.click()
    expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
    expect(page.get_by_text(re.compile("The network answers 2"))).to_be_visible()


@pytest.fixture
def my_run(server):
    store = RunStore(server.runs)
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    store.take(store.next_ticket())
    run = store.run(run_id)
    net = build(PRESETS["tiny"])
    for name in ("last", "step_00000000_epoch_0.0000"):
        save_model(run.folder / "snapshots" / f"{name}.safetensors", net, net.spec)
    result = {"accuracy": 0.9, "loss": 0.3, "count": 500}
    store.set_status(run, state="finished", step=62, saved_step=62, epoch=2.0, seconds=9.0, result=result)
    store.done(run_id)
    return run_id


def test_a_deleted_run_comes_back(server, new_page, my_run):
    page = new_page(server.url + "/")
    page.context.add_cookies([{"name": "convscope_visitor", "value": OWNER, "url": server.url}])
    page.goto(server.url + "/runs")
    ready(page)
    row = page.locator(f".st-key-row_run_{my_run}")
    row.get_by_role("button", name=re.compile("^More")).click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted “Tiny convnet”")).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()


def test_look_inside_opens_that_very_network(server, new_page):
    page = new_page(server.url + "/runs")
    row = page.locator(".st-key-row_pretrained_modern")
    row.get_by_role("button", name="Look inside").click()
    expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
    expect(page).to_have_url(re.compile("modern"))


def test_the_replay_plays(server, new_page):
    page = new_page(server.url + "/runs?runs_view=Replay")
    where = page.locator(".where")
    expect(where).to_have_text("step 4,690")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(where).to_have_text(re.compile(r"^step \d{1,3}$"))
    expect(page.get_by_text(re.compile("It reads .* of all test digits right"))).to_be_visible()


@pytest.mark.parametrize("path", ["feature_maps", "evaluate", "filters", "runs"])
def test_nothing_scrolls_sideways_on_a_phone(server, new_page, path):
    page = new_page(f"{server.url}/{path}", width=390)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wide = page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0
