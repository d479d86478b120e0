"""What only a browser can show of a training: a curve that grows, a reload in the middle, a server killed."""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES, TrainSpec
from tests.browser.conftest import free_port, ready, seen, serving, turn_to, wait_until
from tests.faults.conftest import go_on, stand_still
from tests.load.classroom import end_runner, processes

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


def visitor_of(page) -> str:
    """The token in the browser's cookie."""
    page.wait_for_function("document.cookie.includes('convscope_visitor=')")
    return next(c["value"] for c in page.context.cookies() if c["name"] == "convscope_visitor")


def long_run(server, page, epochs=20):
    """A run of this visitor that lasts longer than a few clicks, on the screen, frozen in the middle."""
    store = RunStore(server.runs)
    run = store.run(store.submit(PRESETS["tiny"], TrainSpec(epochs=epochs), owner=visitor_of(page)))
    page.goto(f"{server.url}/train?net=run:{run.id}")
    wait_until(lambda: run.status.step > 5, 60)
    assert stand_still(run)
    return run


def press(page, key):
    page.locator(f".st-key-{key} button").click()


@pytest.fixture(scope="module")
def training_server(tmp_path_factory, chromium):
    """One worker, so that there is a queue; with one thread, for two that meet other work wait for each other."""
    few = {"CONVSCOPE_WORKERS": "1", "CONVSCOPE_THREADS": "1", "CONVSCOPE_IDLE_SECONDS": "60"}
    with serving(tmp_path_factory.mktemp("train"), **few, **EMPTY) as running:
        yield running
        end_runner(running.runs)


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
    expect(seen(second, re.compile("images/s|Finished"))).to_be_visible(timeout=30_000)

    turn_to(page, "Convolution")
    expect(page.get_by_role("heading", name="What does a kernel do?")).to_be_visible(timeout=20_000)
    page.wait_for_url(re.compile(r"net=run"))
    page.go_back()
    expect(seen(page, re.compile(r"of 500 digits it has never|of 500 test digits")).first).to_be_visible(
        timeout=30_000
    )
    run = RunStore(training_server.runs).run(run_id)
    wait_until(lambda: run.status.state == "finished", 120)
    assert run.status.result["accuracy"] > 0.94  # the lesson's recipe on the offline sample
    expect(seen(page, re.compile(r"Finished: .* of 500 test digits")).first).to_be_visible(timeout=15_000)
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
        expect(seen(page, re.compile("digits it has never been shown|test digits")).first).to_be_visible(
            timeout=60_000
        )
        ready(page) if run.status.state == "finished" else None
        wait_until(lambda: run.status.state == "finished", 120)


def test_everything_killed_and_started_again_ends_with_the_weights_of_an_undisturbed_run(tmp_path, new_page):
    # The runner must still be there for the second run, however late a busy machine lets us ask for it: nobody else
    # would begin one for a run that no page looks at.
    port, kept = free_port(), {"CONVSCOPE_THREADS": "1", "CONVSCOPE_IDLE_SECONDS": "120", **EMPTY}
    with serving(tmp_path, port=port, **kept) as server:
        page = new_page(server.url + "/train")
        run = RunStore(server.runs).run(start_training(page))
        wait_until(lambda: run.status.step > 20, 60)
        assert stand_still(run)
        found = processes(server.runs)
        server.kill()
        for process in found["runner"] + found["workers"]:
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not any(p.is_running() and p.status() != "zombie" for p in found["workers"]))
        assert 20 < run.status.step < 315
    with serving(tmp_path, port=port, **kept) as server:
        page.goto(f"{server.url}/train?net=run:{run.id}")
        expect(seen(page, re.compile("It goes on from |Finished")).first).to_be_visible(timeout=60_000)
        wait_until(lambda: run.status.state == "finished", 120)
        store = RunStore(server.runs)
        undisturbed = store.run(store.submit(PRESETS["lesson"], RECIPES["lesson"], owner="somebody else"))
        wait_until(lambda: undisturbed.status.state == "finished", 120)
        end_runner(server.runs)
    assert weights(run) == weights(undisturbed)


def weights(run):
    from safetensors.numpy import load_file

    return {name: value.tobytes() for name, value in load_file(run.snapshot_path("last")).items()}


def test_a_run_is_paused_resumed_changed_and_stopped_with_the_buttons(training_server, new_page):
    page = new_page(training_server.url + "/train")
    run = long_run(training_server, page)
    press(page, "pause")
    go_on(run.status.pid)
    expect(seen(page, "Nothing is lost.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("combobox", name="Network")).to_have_value("My run, paused")
    stands_at = run.status.step
    page.reload()
    press(page, "resume")
    wait_until(lambda: run.status.step > stands_at, 60)
    assert stand_still(run)
    other_tab = page.context.new_page()
    other_tab.goto(page.url)
    choose_rate(other_tab, "0.0003")
    wait_until(lambda: run.control.get("learning_rate") == 0.0003)
    rate = page.get_by_role("combobox", name="Learning rate")
    expect(rate).to_have_value("learning rate 0.0003", timeout=10_000)  # this tab hears of it
    choose_rate(page, "0.01")
    wait_until(lambda: run.control.get("learning_rate") == 0.01)
    expect(other_tab.get_by_role("combobox", name="Learning rate")).to_have_value(
        "learning rate 0.01", timeout=10_000
    )
    other_tab.close()
    press(page, "stop")
    wait_until(lambda: run.control.get("action") == "stop")
    go_on(run.status.pid)
    expect(seen(page, re.compile("Stopped by you after .*; the weights so far are kept"))).to_be_visible(
        timeout=20_000
    )
    assert run.status.step < run.status.steps
    expect(page.locator(".st-key-again button")).to_have_text(re.compile("Train another"))


def choose_rate(page, rate: str) -> None:
    page.get_by_role("combobox", name="Learning rate").click()
    page.get_by_role("option", name=f"learning rate {rate}", exact=True).click()


def test_two_epochs_more_go_on_from_the_end_as_the_same_run(training_server, new_page):
    page = new_page(training_server.url + "/train")
    run = long_run(training_server, page, epochs=8)
    go_on(run.status.pid)
    expect(seen(page, re.compile("Finished: "))).to_be_visible(timeout=60_000)
    before = run.status.step
    [runner] = processes(training_server.runs)["runner"]
    runner.suspend()  # the two epochs could be over before the page has drawn them once
    try:
        press(page, "extend")
        expect(seen(page, "Getting ready. You may leave this page.")).to_be_visible(timeout=30_000)
        assert run.recipe.epochs == 10
        runner.resume()
        wait_until(lambda: run.status.state == "finished" and run.status.step > before, 60)
        assert run.status.step == before * 10 // 8
        done = re.compile(rf"Finished · .* {before * 10 // 8} steps")
        expect(seen(page, done)).to_be_visible(timeout=20_000)
        expect(seen(page, re.compile("Finished: "))).to_be_visible(timeout=20_000)
    finally:
        runner.resume()


def test_visitors_wait_in_turn_and_see_their_place(training_server, new_page):
    first = new_page(training_server.url + "/train")
    running = long_run(training_server, first, epochs=10)
    second, third = (new_page(training_server.url + "/train") for _ in range(2))
    runs = [RunStore(training_server.runs).run(start_training(page)) for page in (second, third)]
    expect(seen(second, re.compile("Waiting: yours is next"))).to_be_visible(timeout=20_000)
    expect(seen(third, re.compile("Waiting: 1 run is ahead of yours"))).to_be_visible(timeout=20_000)
    press(third, "stop")  # who waits can go
    expect(seen(third, re.compile("Stopped by you"))).to_be_visible(timeout=20_000)
    press(first, "stop")  # and who is at work makes way for who is next
    go_on(running.status.pid)
    wait_until(lambda: runs[0].status.step > 0, 60)
    assert running.status.state == "stopped"
    assert runs[1].status.state == "stopped"


def test_on_a_phone_nothing_scrolls_sideways(training_server, new_page):
    page = new_page(training_server.url + "/train", width=390, height=844)
    expect(page.get_by_test_id("stBaseButton-primary")).to_be_visible(timeout=20_000)
    overflow = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
