"""What a student clicks while looking inside: a stroke, a map, a pixel, a cell of mistakes, a run, Play."""

import re
from itertools import count

import pytest
from playwright.sync_api import expect

from cnn_core.data import load_images
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore, ensure_runner
from cnn_core.training import RECIPES, TrainSpec, save_model
from pages.ui.frame.shell import PAGES
from pages.ui.visitor.who import COOKIE
from tests.browser.conftest import PAD, ready, seen, serving, turn_to, wait_until

OWNER = "a" * 22
SEEDS = count()


@pytest.fixture(scope="module")
def server(own_server):
    return own_server


def draw_a_seven(page) -> None:
    box = page.locator(PAD).first.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.25 * side, y + 0.25 * side)
    page.mouse.down()
    page.mouse.move(x + 0.7 * side, y + 0.25 * side, steps=8)
    page.mouse.move(x + 0.45 * side, y + 0.85 * side, steps=12)
    page.mouse.up()


def place(page):
    return seen(page, re.compile("Click any map, then any pixel"))


def test_a_stroke_goes_through_the_network(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_text("Draw", exact=True).click()
    expect(page.get_by_text("Draw a digit in the square")).to_be_visible()
    draw_a_seven(page)
    expect(seen(page, re.compile("^The network answers 7"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^map 63,")).first).to_be_visible()


def test_a_map_and_then_a_pixel_of_it_are_taken_apart(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_role("button", name=re.compile("^map 5,")).nth(1).click()
    expect(place(page)).to_contain_text("conv2d_2, map 5")
    enlarged = page.get_by_label(re.compile("Choose one of its pixels"))
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
    expect(seen(page, re.compile("a 2, read rightly"))).to_be_visible()
    page.get_by_role("button", name=re.compile("open its feature maps")).first.click()
    expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
    expect(seen(page, re.compile("The network answers 2"))).to_be_visible()


@pytest.fixture
def my_run(server):
    store = RunStore(server.runs)
    # Each time another seed: the same training asked for again would be the same run.
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"].replace(seed=next(SEEDS)), owner=OWNER)
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
    expect(where).to_have_text("step 4,650")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(where).to_have_text(re.compile(r"^step \d{1,3}$"))
    expect(page.get_by_text(re.compile("It reads .* of all test digits right"))).to_be_visible()


def test_of_another_filter_the_replay_draws_anew_what_changed_and_keeps_what_did_not(server, new_page):
    page = new_page(server.url + "/runs?runs_view=Replay")
    expect(page.get_by_text("map 7 of conv2d_1")).to_be_visible()
    choose = page.get_by_role("combobox").and_(page.get_by_label("Filter"))
    choose.click()
    page.get_by_role("option", name="filter 8", exact=True).click()
    expect(page.get_by_text("map 8 of conv2d_1")).to_be_visible()  # the sheet of all maps is the one before
    expect(page.locator(".where")).to_have_text("step 4,650")
    expect(page.get_by_text("Component Error")).to_have_count(0)


TABLE = """() => [...document.querySelectorAll('*')].flatMap((e) => e.shadowRoot
  ? [...e.shadowRoot.querySelectorAll('.matrix .cell')] : []).map(
  (c) => [c.className.includes('same'), +c.textContent])"""


def test_a_table_follows_the_training_and_a_forgotten_digit_opens_in_feature_maps(server, new_page, my_run):
    snapshots = RunStore(server.runs).run(my_run).folder / "snapshots"
    nets = [build(PRESETS["tiny"], seed) for seed in range(3)]
    for step, net in enumerate(nets):
        save_model(snapshots / f"step_{step:08d}_epoch_{step}.0000.safetensors", net, net.spec)
    page = new_page(f"{server.url}/runs?view=replay&replay=mistakes&net=run:{my_run}")
    slider = page.get_by_role("slider", name="steps of training")
    expect(slider).to_be_visible(timeout=30_000)
    digits = load_images("mnist", "test", fetch=False).take(
        500
    )  # the sample is 500 digits, and has no others
    for step, net in enumerate(nets):
        slider.fill(str(step))
        cells = page.evaluate(TABLE)
        assert (len(cells), sum(n for _, n in cells)) == (100, 500)
        rights = int((net.predict(digits.images / 255).argmax(1) == digits.labels).sum())
        assert sum(n for is_right, n in cells if is_right) == rights
    # Opened by a link, the page had no summary until its question was answered, in a part of it.
    page.goto(page.url.replace("replay=mistakes", "replay=learnt"))
    page.get_by_role("button", name="Show the answer").first.click()
    summary = page.get_by_role("region", name="Summary of this page")
    expect(summary).to_contain_text("forgot")
    expect(summary).to_have_count(1)
    # Not no. 0, which an address leaves out.
    page.get_by_role("button", name=re.compile(r"^no\. [1-9].*forgotten [0-9]+ time")).first.click()
    expect(page.get_by_role("heading", name="What does each layer see?")).to_be_visible()
    expect(page).to_have_url(re.compile(f"(?=.*net=run.*{my_run})(?=.*digit=)"))


@pytest.mark.parametrize("path", ["feature_maps", "evaluate", "filters", "runs"])
def test_nothing_scrolls_sideways_on_a_phone(server, new_page, path):
    page = new_page(f"{server.url}/{path}", width=390)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wide = page.get_by_test_id("stMain").evaluate("node => node.scrollWidth - node.clientWidth")
    assert wide <= 0


SEEN = """() => [...document.querySelectorAll('.st-key-maps_conv2d_2 *')].flatMap((e) => e.shadowRoot
  ? [...e.shadowRoot.querySelectorAll('.tile canvas')].map((c) => c.toDataURL()) : []).join()"""


def test_maps_and_answer_follow_the_pen_before_it_is_lifted(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_text("Draw", exact=True).click()
    expect(seen(page, "Give it a digit")).to_be_visible()
    box = page.locator(PAD).first.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.5 * side, y + 0.15 * side)
    page.mouse.down()
    page.mouse.move(x + 0.5 * side, y + 0.85 * side, steps=10)
    expect(seen(page, re.compile("The network answers 1"))).to_be_visible()  # the pen is still down
    wait_until(lambda: page.evaluate(SEEN))
    stroke = page.evaluate(SEEN)
    page.mouse.move(x + 0.85 * side, y + 0.85 * side, steps=10)
    wait_until(lambda: page.evaluate(SEEN) != stroke, 5)
    page.mouse.up()
    corner = page.evaluate(SEEN)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(seen(page, "Give it a digit")).to_be_visible()
    draw_a_seven(page)
    expect(seen(page, re.compile("^The network answers 7"))).to_be_visible()
    assert page.evaluate(SEEN) != corner


def test_the_sum_of_the_clicked_pixel_is_the_value_on_the_map(server, new_page):
    page = new_page(server.url + "/feature_maps")
    page.get_by_role("button", name=re.compile("^map 9,")).nth(1).click()
    expect(place(page)).to_contain_text("conv2d_2, map 9")
    enlarged = page.get_by_label(re.compile("conv2d_2, map 9, .* Choose one of its pixels"))
    box = enlarged.bounding_box()
    at = box["x"] + box["width"] * 4.5 / 11, box["y"] + box["height"] * 3.5 / 11
    page.mouse.click(*at)
    expect(place(page)).to_contain_text("row 3, column 4")
    page.mouse.move(at[0], at[1] + 1)
    value = page.locator(".st-key-pixel_map .tip").inner_text().rpartition(": ")[2]
    total = page.get_by_text(re.compile("^All together ")).inner_text()
    assert value in re.findall(r"−?\d+\.\d\d", total) or "leaves it" in total
    page.reload()  # the address has kept it
    expect(place(page)).to_contain_text("conv2d_2, map 9, row 3, column 4", timeout=20_000)


def test_a_filter_is_chosen_watched_and_kept_by_a_reload(server, new_page):
    page = new_page(server.url + "/filters")
    page.get_by_role("button", name=re.compile("^filter 12,")).click()
    expect(page.get_by_role("heading", name="Filter 12")).to_be_visible()
    page.get_by_role("button", name="Watch filter 12 grow").click()
    where = page.locator(".where")
    expect(where).to_have_text("step 0 of 40")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(where).to_have_text("step 40 of 40", timeout=20_000)
    page.reload()
    expect(page.get_by_role("heading", name="Filter 12")).to_be_visible(timeout=20_000)


@pytest.fixture
def long_training(tmp_path, monkeypatch):
    """A server, and a real training on the sample that is far from its end: (server, store, run). Both end with us."""
    monkeypatch.setenv("CONVSCOPE_IDLE_SECONDS", "3")
    monkeypatch.setenv("CONVSCOPE_WORKERS", "2")
    with serving(tmp_path, CONVSCOPE_DATA=str(tmp_path / "data"), CONVSCOPE_WORKERS="2") as server:
        store = RunStore(server.runs)
        run = store.run(store.submit(PRESETS["lesson"], TrainSpec(epochs=40), owner=OWNER))
        ensure_runner(store)
        yield server, store, run
        for one in store.runs():
            if one.status.unfinished:
                store.control(one.id, OWNER, "stop")
        wait_until(lambda: not any(one.status.unfinished for one in store.runs()), 60)


def as_owner(new_page, server, path):
    """The page as the owner of `long_training` sees it."""
    page = new_page(server.url + "/convolution")
    page.context.add_cookies([{"name": COOKIE, "value": OWNER, "url": server.url}])
    page.goto(server.url + path)
    return page


def test_the_replay_of_a_run_in_training_gets_more_moments(long_training, new_page):
    server, _, run = long_training
    wait_until(lambda: len(run.snapshots()) > 3, 60)
    page = as_owner(new_page, server, f"/runs?runs_view=Replay&net=run:{run.id}")
    slider = page.get_by_role("slider", name="steps of training")
    expect(slider).to_be_visible(timeout=20_000)
    expect(page.get_by_text(re.compile("of 500 test digits right"))).to_be_visible()
    slider.fill("1")
    first = int(slider.get_attribute("max"))
    wait_until(lambda: int(slider.get_attribute("max")) > first, 60)
    expect(page.locator(".where")).to_have_text("step 1")  # more moments leave the place as it was
    assert run.status.unfinished


def test_a_dream_and_a_training_at_once_leave_every_page_answering(long_training, new_page):
    server, store, training = long_training
    page = as_owner(new_page, server, f"/deep_dream?net=run:{training.id}")
    page.get_by_role("button", name="Options").click()
    page.locator(".st-key-dream_steps input").fill("40")
    page.locator(".st-key-dream_steps input").press("Enter")
    page.keyboard.press("Escape")
    page.get_by_test_id("stBaseButton-primary").click()
    page.wait_for_url(re.compile(r"dream=[\w-]{11}"))
    dream = store.run(re.search(r"dream=([\w-]{11})", page.url)[1])
    wait_until(lambda: training.status.state == dream.status.state == "running", 60)
    both = 0
    for entry in (one for one in PAGES if one.in_bar):
        turn_to(page, entry.title)
        expect(page.get_by_role("heading", level=1, name=entry.question)).to_be_visible(timeout=10_000)
        # What stands last on the page: its script has run through.
        last = page.get_by_text("Open your own network" if entry.title == "Runs" else "Next:").first
        expect(last).to_be_visible(timeout=20_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        both += training.status.state == dream.status.state == "running"
    assert both > 2  # they went on meanwhile


def test_on_a_phone_the_pad_stays_under_the_first_stroke(server, new_page):
    page = new_page(server.url + "/feature_maps", width=390, height=844)
    page.get_by_text("Draw", exact=True).click()
    expect(seen(page, "Give it a digit")).to_be_visible()
    pad = page.locator(PAD).first
    before = pad.bounding_box()["y"]
    draw_a_seven(page)
    expect(seen(page, re.compile("^The network answers 7"))).to_be_visible()
    assert pad.bounding_box()["y"] == before


def test_back_leads_out_of_a_page_whose_digit_and_map_were_chosen(server, new_page):
    page = new_page(server.url + "/convolution")
    turn_to(page, "Feature maps")
    page.get_by_role("button", name=re.compile("^map 9,")).nth(1).click()
    page.wait_for_url(re.compile("pixel=conv2d_2.9"))
    page.go_back()
    page.wait_for_url(re.compile(r"feature_maps$"))
    page.go_back()
    expect(page.get_by_role("heading", name="What does a kernel do?")).to_be_visible()
