"""A hosted server: what it says of itself and to whom, and that it may be ended and replaced in mid-training."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request

import pytest

from cnn_core.runs import RunStore
from tests.browser.conftest import free_port, wait_until
from tests.faults.conftest import go_on, stand_still
from tests.faults.test_runs_survive import RECIPE, SPEC, weights
from tests.hosting.conftest import TOKEN, hosted


def ask(url: str, path: str, **headers: str):
    """(status, headers, text) of an address."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url + path, headers=headers), timeout=20
        ) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def lines(log) -> list[dict]:
    """What a server, its runner and its workers logged; all of it is JSON."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_rolling_restart_in_mid_training_loses_nothing_and_the_weights_are_those_of_an_undisturbed_run(
    tmp_path,
):
    owner, recipe = (
        "a" * 22,
        RECIPE.replace(epochs=12, train_size=800),
    )  # some seconds, so that it cannot end by itself
    with hosted(tmp_path) as first:
        store = RunStore(first.runs)
        run = store.run(store.submit(SPEC, recipe, owner=owner))  # no page is open: the server sees to it
        wait_until(lambda: run.status.step > 5, 90)
        assert stand_still(run)  # so that the test need not be quick
        status, headers, body = ask(first.url, "/healthz")
        health = json.loads(body)
        assert (status, health["status"], health["runner"], health["queue"]["at_work"]) == (
            200,
            "ok",
            "alive",
            1,
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"].split("; ")
        for path in ("/metrics", "/_stcore/metrics"):
            assert ask(first.url, path)[0] == 404
            assert ask(first.url, path, Authorization="Bearer wrong")[0] == 404
            assert ask(first.url, path, Authorization=f"Bearer {TOKEN}")[0] == 200
        assert health["classes"] == {"open": 0, "most_open": 50}
        figures = ask(first.url, "/metrics", Authorization=f"Bearer {TOKEN}")[2]
        assert 'convscope_queue{state="at_work"} 1.0\n' in figures
        assert re.search(r'convscope_memory_bytes\{process="workers"\} [1-9]', figures)
        assert 'convscope_memory_bytes{process="lookers"} 0.0\n' in figures  # nobody has looked yet
        with hosted(tmp_path, free_port()) as second:  # the new one is there before the old one goes
            first.process.send_signal(signal.SIGTERM)
            go_on(run.status.pid)
            assert first.process.wait(40) in (0, -signal.SIGTERM)
            assert run.status.state != "finished"
            wait_until(lambda: not run.status.unfinished, 150)
            assert run.status.state == "finished", run.status.reason
            again = store.run(store.submit(SPEC, recipe, owner=owner, again=True))
            wait_until(lambda: not again.status.unfinished, 150)
            assert weights(run) == weights(again)
    told = [line for log in (first.log, second.log) for line in lines(log) if line["event"] == "run"]
    assert [(line["run"], line["state"]) for line in told] == [(run.id, "finished"), (again.id, "finished")]
    assert owner not in first.log.read_text() + second.log.read_text()


def test_a_setting_that_makes_no_sense_stops_the_start_with_its_sentence(tmp_path):
    with pytest.raises(RuntimeError, match=r"cannot start\. CONVSCOPE_WORKERS is “0”"):
        with hosted(tmp_path, CONVSCOPE_WORKERS="0"):
            pass
