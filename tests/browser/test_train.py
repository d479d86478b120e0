"""What only a browser can show of a training: a curve that grows, a reload in the middle, a server killed."""

import re

import pytest
from playwright.sync_api import expect

from cnn_core.runs import RunStore
from tests.browser.conftest import free_port, ready, serving, wait_until

EMPTY = {"CONVSCOPE_DATA": "no-such-folder"}  # the 4,500 digits of the sample


def start_training(page) -> str:
    """Press Train; the run's id, from the address."""
    page.get_by_test_id("stBaseButton-primary").click()
    page.wait_for_url(re.compile(r"net=run(:|%3A)"))
    return re.search(r"net=run(?::|%3A)([\w-]{11})", page.url)[1]


def points(page) -> int:
    """Points of the training curve on the screen."""
    return page.evaluate(
        "() => { const plot = document.querySelector('.js-plotly-plot');"
        " return plot?.data ? plot.data[0].x.length : 0; }"
    )


@pytest.fixture(scope="module")
def training_server(tmp_path_factory, chromium):
    with serving(tmp_path_factory.mktemp("train"), **EMPTY) as running:
        yield running


def test_a_run_goes_on_through_reload_second_tab_and_page_change(training_server, new_page):
    page = new_page(training_server.url + "/train")
    run_id = start_training(page)
    wait_until(lambda: points(page) > 3, 60)

    before = points(page)
    page.reload()
    expect(page.locator(".st-key-stop button")).to_be_visible(timeout=20_000)  # still the owner
    wait_until(lambda: points(page) > before, 30)

    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text(re.compile("images/s|Finished"))).to_be_visible(timeout=30_000)

    page.get_by_role("link", name="Convolution", exact=True).first.click()
    expect(page.get_by_role("heading", name="What does a kernel do?")).to_be_visible(timeout=20_000)
    page.wait_for_url(re.compile(r"net=run"))
    page.go_back()
    expect(
        page.get_by_text(re.compile(r"of 500 digits it has never|of 500 test digits")).first
    ).to_be_visible(timeout=30_000)
    run = RunStore(training_server.runs).run(run_id)
    wait_until(lambda: run.status.state == "finished", 120)
    assert run.status.result["accuracy"] > 0.94  # the lesson's recipe on the offline sample
    expect(page.get_by_text(re.compile(r"Finished: .* of 500 test digits")).first).to_be_visible(
        timeout=15_000
    )
    # The list calls it by another name now, and it is still the one being looked at.
    chosen = page.get_by_role("combobox", name="Network")
    expect(chosen).to_have_value(re.compile(r"Lesson convnet, 9\d\.\d %"))


def test_a_killed_server_does_not_stop_a_training(tmp_path, new_page):
    port = free_port()
    with serving(tmp_path, port=port, **EMPTY) as server:
        page = new_page(server.url + "/train")
        run_id = start_training(page)
        run = RunStore(server.runs).run(run_id)
        wait_until(lambda: run.status.step > 20, 60)
        server.kill()
        step = run.status.step
        wait_until(lambda: run.status.step > step, 20)
    with serving(tmp_path, port=port, **EMPTY) as server:
        page.goto(server.url + f"/train?net=run:{run_id}")
        expect(
            page.get_by_text(re.compile("digits it has never been shown|test digits")).first
        ).to_be_visible(timeout=60_000)
        ready(page) if run.status.state == "finished" else None
        wait_until(lambda: run.status.state == "finished", 120)


def test_on_a_phone_nothing_scrolls_sideways(training_server, new_page):
    page = new_page(training_server.url + "/train", width=390, height=844)
    expect(page.get_by_test_id("stBaseButton-primary")).to_be_visible(timeout=20_000)
    overflow = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
