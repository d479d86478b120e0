"""Whoever looks at any page keeps their place in the queue."""

import os
import time

import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.presence import still_here
from cnn_core.training import RECIPES
from pages.ui.frame.shell import PAGES
from pages.ui.visitor import presence
from tests.pages.app import OWNER, open_page

OTHER = "b" * 22


def all_silent(store, seconds=1000.0):
    for seen in store.path.glob("visitors/*/seen"):
        os.utime(seen, (time.time() - seconds,) * 2)


def test_who_asked_first_and_then_looks_at_convolution_stays_before_who_watches_train(app):
    store = RunStore()
    mine = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    theirs = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OTHER)
    all_silent(store)
    store.seen(OTHER)
    assert (store.place(mine), store.place(theirs)) == (1, 0)
    open_page(app, "pages/1_convolution.py")
    assert (store.place(mine), store.place(theirs)) == (0, 1)


@pytest.mark.parametrize("file", [page.file for page in PAGES])
def test_whatever_page_a_visitor_looks_at_they_are_there(app, no_runner, file):
    store = RunStore()
    store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    app.session_state["visitor"] = OWNER
    app.run()
    all_silent(store)
    (seen,) = store.path.glob("visitors/*/seen")
    before = seen.stat().st_mtime
    app.switch_page(file).run()
    assert not app.exception
    assert seen.stat().st_mtime > before


def test_a_page_says_so_again_only_where_something_of_the_visitors_waits(tmp_path):
    store = RunStore(tmp_path)
    assert not still_here(store, OWNER)
    assert not store.path.joinpath("visitors").exists()  # nothing is kept of a passer-by
    run_id = store.submit(PRESETS["tiny"], RECIPES["fast"], owner=OWNER)
    assert still_here(store, OWNER)
    assert not still_here(store, OTHER)
    store.control(run_id, OWNER, "stop")
    assert not still_here(store, OWNER)


def test_two_signs_of_life_may_be_lost_before_a_visitor_counts_as_gone(monkeypatch):
    assert presence._seconds() == 60
    monkeypatch.setenv("CONVSCOPE_AWAY_SECONDS", "30")
    assert presence._seconds() == 10
