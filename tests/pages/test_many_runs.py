"""A visitor with more runs than the sidebar lists looks at each of them as at the newest."""

import pytest

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from pages.ui.forms.sidebar import MOST_RUNS
from tests.pages.app import OWNER, open_page, text


@pytest.fixture(autouse=True)
def nobody_works(no_runner, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "100")


def finished(owner: str, count: int) -> list[str]:
    """Ids of so many finished runs, the oldest first."""
    store, ids = RunStore(), []
    for seed in range(count):
        recipe = RECIPES["fast"].replace(seed=seed)
        run_id = store.submit(PRESETS["tiny"], recipe, owner=owner, name=f"number {seed}")
        store.take(store.next_ticket())
        result = {"accuracy": 0.9, "loss": 0.3, "count": 500}
        store.set_status(store.run(run_id), state="finished", step=62, epoch=2.0, result=result)
        store.done(run_id)
        ids.append(run_id)
    return ids


def counted_reruns(monkeypatch) -> list[int]:
    """Fails the tenth `st.rerun` of the Train page: a page that begins anew for ever never comes to its end."""
    from pages.train import live, strip

    calls: list[int] = []

    def rerun(original):
        def counting(*args, **kwargs):
            calls.append(1)
            assert len(calls) < 10, "the page begins anew for ever"
            original(*args, **kwargs)

        return counting

    for module in (live, strip):
        monkeypatch.setattr(module.st, "rerun", rerun(module.st.rerun))
    return calls


def test_the_oldest_of_more_runs_than_are_listed_is_shown_whole_and_at_once(app, monkeypatch):
    oldest, *_ = finished(OWNER, MOST_RUNS + 1)
    calls = counted_reruns(monkeypatch)
    open_page(app, "pages/2_train.py", f"run:{oldest}")
    assert not calls
    assert {metric.label: metric.value for metric in app.metric}["Test accuracy"] == "90.0 %"
    [choice] = [box for box in app.sidebar.selectbox if box.label == "Network"]
    assert choice.value == f"run:{oldest}"
    assert "number 0, 90.0 %" in choice.options
    assert not any("Shared" in option for option in choice.options)


def test_a_training_behind_many_dreams_is_shown_too(app, monkeypatch):
    [oldest] = finished(OWNER, 1)
    store = RunStore()
    for seed in range(4 * MOST_RUNS):
        store.submit_dream({"network": "pretrained:lesson", "seed": seed}, b"png", owner=OWNER)
    calls = counted_reruns(monkeypatch)
    open_page(app, "pages/2_train.py", f"run:{oldest}")
    assert not calls
    assert "Test accuracy" in [metric.label for metric in app.metric]


def test_somebody_elses_run_is_still_called_shared(app, monkeypatch):
    [run_id] = finished("b" * 22, 1)
    calls = counted_reruns(monkeypatch)
    open_page(app, "pages/2_train.py", f"run:{run_id}")
    assert not calls
    [choice] = [box for box in app.sidebar.selectbox if box.label == "Network"]
    assert "Shared: number 0, 90.0 %" in choice.options
    assert "you are watching" in text(app)


def test_however_many_runs_there_are_a_look_at_the_list_draws_a_part_and_the_chosen_stay_compared(
    app, monkeypatch
):
    from pages.runs import compare

    monkeypatch.setattr(compare, "SHOWN", 2)
    monkeypatch.setattr(compare, "PART", 3)
    ids = finished(OWNER, 7)

    def listed():
        return [
            place
            for place, run_id in enumerate(ids)
            if f"pick_run:{run_id}" in {box.key for box in app.checkbox}
        ]

    open_page(app, "pages/8_runs.py")
    assert listed() == [5, 6]
    app.button(key="runs_older").click().run()
    assert listed() == [2, 3, 4]
    assert "number 6" in text(app)  # it is compared all the same
    app.button(key="runs_older").click().run()
    assert listed() == [0, 1]
    assert "runs_older" not in {button.key for button in app.button}
    for _ in range(2):
        app.button(key="runs_newer").click().run()
    assert listed() == [5, 6]
    assert not app.exception
