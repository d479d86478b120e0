"""Looking at a network that takes long: done beside the server, told how long, and the same numbers."""

import logging
import threading
import time
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch

from cnn_core.data import load_images
from cnn_core.data.learnt_from import ImagesLearntFrom
from cnn_core.data.own import NewPicture, Shelf
from cnn_core.insight import fitted_photo, maps_at_depth, photo_answers, photo_network
from cnn_core.lesson import cat_photo
from cnn_core.looking import Answers, Asked, GivenUp, Question, Speeds, Work, hash_of, jobs, key_of, work
from cnn_core.model import PRESETS, build
from cnn_core.runs.jobs.looks import look_at
from cnn_core.training import RECIPES, evaluate
from pages.break_it import outcomes
from pages.ui.forms import photo_seen
from pages.ui.visitor import networks, server
from pages.ui.wording import first_look, looking
from pages.ui.wording.looking import how_long, weights_hash
from pages.ui.wording.numbers import percent
from tests.pages.app import kept_run, open_page, text


def test_heavy_work_is_done_beside_the_server_and_the_page_says_the_same(app, monkeypatch):
    def never(*_):
        raise AssertionError("in the server")

    monkeypatch.setattr(work, "LIGHT", 0)
    monkeypatch.setattr(jobs, "answer", never)  # of this process; the one beside it has its own
    design = PRESETS["tiny"]
    said = text(open_page(app, "pages/3_evaluate.py", network="design", design=design))
    there = evaluate(build(design, 0), load_images("mnist", "test", fetch=False))
    assert percent(there.accuracy) in said
    found = looking.look(networks.untrained(design), "evaluation", 500)  # kept: it is not asked again
    assert found.loss == there.loss
    assert found.probabilities.equal(there.probabilities)


def test_what_was_computed_before_anybody_looked_is_what_the_pages_ask(app, monkeypatch):
    for room in ("evaluate.exam", "one_step.stepping"):  # as `load_rooms` does
        import_module(f"pages.{room}")
    first_look.warm_up()
    asked = []
    monkeypatch.setattr(jobs, "answer", lambda net, question, tell: asked.append(question))
    monkeypatch.setattr(ImagesLearntFrom, "overlap", lambda *_: asked.append("which images it learnt from"))
    monkeypatch.setattr(outcomes, "OperatingTable", lambda *_, **__: asked.append("what it reads untouched"))
    for page in ("9_one_step", "9_break_it", "3_evaluate", "4_feature_maps", "5_filters"):
        open_page(app, f"pages/{page}.py", network="pretrained:lesson")
    for layer in ("conv2d_1", "conv2d_3"):  # a click on Filters
        app.session_state["filters_layer"] = layer
        app.run()
        assert f"**{layer}** :gray[" in text(app)  # the heading of its sheet
    assert not asked


@pytest.mark.parametrize("name", ["pretrained:mlp", "pretrained:modern", "a run"])
def test_what_a_runner_looked_at_ahead_is_all_that_the_pages_ask(app, monkeypatch, name):
    if name == "a run":
        name = f"run:{kept_run(PRESETS['tiny'])}"
    assert look_at(server.store().path, name) > 3
    asked = []
    monkeypatch.setattr(jobs, "answer", lambda net, question, tell: asked.append(question))
    monkeypatch.setattr(looking, "_lookers", lambda: asked.append("a process"))
    for page in ("3_evaluate", "4_feature_maps", "5_filters"):
        open_page(app, f"pages/{page}.py", network=name)
    if name == "pretrained:mlp":
        app.session_state["filters_recipe"] = "lesson"
        app.run()
        app.query_params.clear()
        for page in ("3_evaluate", "5_filters"):  # and of those whose run waits in a queue
            open_page(app, f"pages/{page}.py", network="design", design=PRESETS["mlp"])
    assert not [
        one for one in asked if one.arguments.get("filters") != (9,)
    ]  # on its card, before the training


def test_a_page_shares_what_is_on_its_way_and_does_not_wait_for_one_that_gets_nowhere(monkeypatch):
    network, question = networks.ours("mlp"), Question.of("ranges", "mnist", 50)
    kept = Answers(server.store().path)
    key = key_of(hash_of(network.net), 500, question)
    asked = []
    monkeypatch.setattr(jobs, "answer", lambda net, question, tell: asked.append(question) or "from here")
    answers = []
    with kept.coming(key):
        page = threading.Thread(target=lambda: answers.append(looking.look(network, "ranges", 50)))
        page.start()
        time.sleep(0.05)
        kept.put(key, {"dense_1": torch.zeros(2)})
    page.join()
    assert not asked
    assert answers[0]["dense_1"].equal(torch.zeros(2))
    with kept.coming(key_of(hash_of(network.net), 500, Question.of("ranges", "mnist", 60))):
        assert looking.look(network, "ranges", 60) == "from here"
    assert len(asked) == 1


@pytest.mark.parametrize(("spent", "expected"), [
    (0.0, True),   # it gets no processor
    (0.1, True),   # a third of one: four seconds more, where two would do
    (0.25, False), # most of one
])  # fmt: skip
def test_who_waits_for_one_that_is_starved_has_it_done_here(spent, expected):
    worker = SimpleNamespace(done=0.7 + spent)  # of two seconds of work
    assert looking._is_starved(worker, 0.7, 0.3, 2.0) is expected


def test_what_is_nearly_done_is_waited_for_however_slow():
    assert not looking._is_starved(SimpleNamespace(done=1.95), 1.9, 0.3, 2.0)


@pytest.mark.parametrize(("so_far", "part", "bars"), [(0.0, False, 0), (5.0, False, 1), (0.3, True, 0)])
def test_a_bar_tells_how_long_what_is_light_takes_once_the_page_was_silent_for_a_moment(
    monkeypatch, so_far, part, bars
):
    drawn = []
    place = SimpleNamespace(progress=lambda share, text: drawn.append(text), empty=lambda: drawn.append(None))
    monkeypatch.setattr(looking, "st", SimpleNamespace(empty=lambda: place))
    monkeypatch.setattr(looking.streamlit_inside, "session_id", lambda: "a tab")
    monkeypatch.setattr(looking.streamlit_inside, "is_part", lambda: part)
    monkeypatch.setattr(looking.turns, "seconds_so_far", lambda: so_far)
    monkeypatch.setattr(looking, "LOOK_SECONDS", 20.0)
    monkeypatch.setattr(looking, "_speeds", Speeds())
    begun, evaluation = threading.Event(), Question.of("evaluation", "mnist", 500)

    def compute():
        assert begun.wait(20)
        return "done"

    timer = threading.Timer(0.1, begun.set)
    timer.start()
    done = looking.here((so_far, part), evaluation, work.work_of(evaluation, PRESETS["lesson"]), compute)
    assert done == "done"
    assert [text for text in drawn if text] == [
        "About 1 s: 500 images through 2.79 M multiply-adds each."
    ] * bars
    assert drawn[bars:] == [None] * bars


def test_what_is_computed_for_nobody_warns_of_no_missing_tab():
    told = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    lines = []

    def keep(line):
        lines.append(line)
        return True

    told.addFilter(keep)
    try:
        network = networks.ours("mlp")
        thread = threading.Thread(target=looking.look, args=(network, "ranges", 40))
        thread.start()
        thread.join()
    finally:
        told.removeFilter(keep)
    assert looking.peek(network, "ranges", 40)
    assert not lines


def test_heavy_work_that_was_done_ahead_asks_no_process(monkeypatch):
    network, question = networks.ours("modern"), Question.of("evaluation", "mnist", 500)
    monkeypatch.setattr(work, "LIGHT", 0)
    monkeypatch.setattr(looking, "_lookers", lambda: pytest.fail("a process was asked"))
    there = evaluate(network.net, load_images("mnist", "test", fetch=False))
    Answers(server.store().path).put(key_of(hash_of(network.net), 500, question), there)
    assert looking.look(network, "evaluation", 500).probabilities.equal(there.probabilities)


def test_how_long_it_takes_is_said_with_the_reason():
    heavy = Work(10_000, 197_000_000)
    evaluation = Question.of("evaluation", "mnist", 10_000)
    assert how_long(evaluation, heavy, 41.2) == (
        "About 41 s: 10,000 images through 197 M multiply-adds each."
    )
    assert how_long(evaluation, heavy, 41.2, before=64.0).startswith(
        "Another question comes first, about 1 min. Then about 41 s: 10,000 images"
    )
    curve = Question.of("accuracy_curve", "mnist", 2_000, change="shift")
    assert how_long(curve, heavy, 60) == (
        "About 1 min: 2,000 images at each of 7 strengths, through 197 M multiply-adds each."
    )
    photo = Question.of("photo", "", 1, is_read=False)
    assert how_long(photo, Work(1, 612_000_000), 1) == (
        "About 1 s: one photo through 612 M multiply-adds, once the network is read from its file."
    )
    step = Question.of("one_step", "mnist", 0, steps=50, recipe=RECIPES["lesson"])
    assert how_long(step, work.work_of(step, PRESETS["lesson"]), 3) == (
        "About 3 s: 50 steps of 64 images, with 2.79 M multiply-adds forwards and twice as many back."
    )


def test_equal_weights_have_one_name_wherever_they_come_from():
    one, same, other = (build(PRESETS["tiny"], seed) for seed in (0, 0, 1))
    assert weights_hash("a", one) == weights_hash("b", same) != weights_hash("c", other)


@pytest.mark.parametrize("before", ["one", None])
def test_widgets_see_their_session_one_value_at_a_time_as_they_saw_it_whole(before):
    from streamlit.testing.v1 import AppTest

    def script(before):
        import streamlit as st
        from streamlit.runtime.state import get_session_state

        from pages.ui.frame import streamlit_inside

        streamlit_inside.one_value_at_a_time()
        st.session_state.setdefault("words", before)
        st.text_input("Words", key="words")
        st.selectbox("No key", ["a"])
        state = get_session_state()
        assert dict(state.filtered_state) == streamlit_inside._all_values(state)
        assert state.filtered_state["words"] == before
        assert "others" not in state.filtered_state

    app = AppTest.from_function(script, args=(before,)).run()
    assert not app.exception
    assert app.text_input[0].value == before


@pytest.mark.parametrize(("kind", "expected"), [("none", False), ("poll", True)])
def test_files_of_modules_are_looked_for_only_where_they_are_watched(monkeypatch, kind, expected):
    from streamlit import config
    from streamlit.watcher import local_sources_watcher
    from streamlit.watcher.local_sources_watcher import LocalSourcesWatcher

    from pages.ui.frame import streamlit_inside

    monkeypatch.setattr(
        LocalSourcesWatcher, "update_watched_modules", LocalSourcesWatcher.update_watched_modules
    )
    looked = []
    monkeypatch.setattr(
        local_sources_watcher, "get_module_paths", lambda module: looked.append(module) or set()
    )
    streamlit_inside.watch_no_modules.__wrapped__()
    monkeypatch.setattr(config, "get_option", lambda name: kind if name == "server.fileWatcherType" else "")
    watcher = LocalSourcesWatcher.__new__(LocalSourcesWatcher)
    watcher._is_closed, watcher._cached_sys_modules = False, set()
    monkeypatch.setattr(watcher, "_exclude_blacklisted_paths", lambda paths: paths)
    watcher.update_watched_modules()
    assert bool(looked) == expected


def test_a_glance_never_waits_and_fetches_what_came_and_asks_anew_when_own_pictures_changed(monkeypatch):
    one = Shelf().make("a" * 22, classes=("0", "1"), for_testing=True)
    first = one.add("a" * 22, 0, [NewPicture(bytes(783) + b"\1", "draw")])
    sent = []

    class NoProcess:
        def ask(self, key, seconds, message, patience):
            sent.append(Asked(key, seconds, message, patience))
            return sent[-1]

    monkeypatch.setattr(looking, "is_small", lambda: False)
    monkeypatch.setattr(looking, "_lookers", NoProcess)
    network = networks.ours("mlp")

    def glance():
        return looking.glance(network, "evaluation", 10, dataset=one.key)

    assert (glance(), glance(), len(sent)) == (None, None, 1)
    sent[0].settle(error=GivenUp())
    assert glance() is None
    assert (glance(), len(sent)) == (None, 2)
    sent[1].settle("the answer")
    assert (glance(), glance(), len(sent)) == ("the answer", "the answer", 2)
    # As many pictures as before, and another among them.
    one.take_out("a" * 22, first.ids)
    one.add("a" * 22, 0, [NewPicture(bytes(783) + b"\2", "draw")])
    assert (glance(), len(sent)) == (None, 3)


@pytest.mark.parametrize(
    ("workers", "gigabytes", "waits"), [("2", 4, True), ("1", 4, False), ("2", 2, False)]
)
def test_a_process_waits_for_questions_only_where_the_server_is_no_small_one(
    monkeypatch, workers, gigabytes, waits
):
    ready = []
    monkeypatch.setattr(looking, "_lookers", lambda: SimpleNamespace(be_ready=lambda: ready.append(True)))
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: gigabytes * 1_000_000_000)
    monkeypatch.setenv("CONVSCOPE_WORKERS", workers)
    looking.be_ready()
    assert bool(ready) is waits


def test_a_photo_is_looked_at_once_beside_the_page_and_each_depth_has_its_own_maps(monkeypatch):
    threads, see = [], photo_seen.photo_answers

    def answers(net, photo):
        threads.append(threading.current_thread())
        return see(net, photo)

    monkeypatch.setattr(photo_seen, "photo_answers", answers)
    photo = cat_photo()
    first, again = (photo_seen.answers_of("cat", photo) for _ in range(2))
    upside_down = photo_seen.answers_of("a cat that falls", photo.flip(1))
    assert len(threads) == 2
    assert threading.current_thread() not in threads
    assert first is again
    for found, of in ((first, photo), (upside_down, photo.flip(1))):
        expected = photo_answers(photo_network(), fitted_photo(of))
        assert [one.name for one in found] == [one.name for one in expected]
    for depth in ("lines", "creatures"):
        expected = maps_at_depth(photo_network(), fitted_photo(photo), depth)
        assert photo_seen.maps_of("cat", depth, photo).maps.equal(expected.maps)
