"""The functions that “Ours” names for a step are those that the step's page really calls, or the worker it starts."""

from __future__ import annotations

import pytest

from cnn_core.insight import DreamSpec
from cnn_core.insight.dream.animation import to_png
from cnn_core.lesson import cat_photo
from cnn_core.lesson.core_source import function_of, source_of
from cnn_core.lesson.notebook_lines import NOTEBOOK
from cnn_core.model import PRESETS
from cnn_core.pretrained import load_pretrained
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.dream_job import dream_run
from cnn_core.runs.jobs.training_job import train_run
from cnn_core.runs.pairs import find_pairs
from cnn_core.training import RECIPES, load_model
from pages.tour.steps import STEPS
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page
from tests.pages.test_augmentation_page import finish
from tests.spying import calls_of

OURS = {name: function_of(name) for lines in NOTEBOOK.values() for name in lines.ours}


@pytest.fixture
def here(monkeypatch):
    """What is heavy is done in the test's own process, and nobody else takes up work."""
    monkeypatch.setattr("pages.ui.wording.looking.is_small", lambda: True)
    monkeypatch.setattr(server, "wake_runner", lambda: None)
    monkeypatch.setattr("pages.augmentation.outcome.IMAGES", 20)  # behind each point of the two curves


def test_every_step_of_the_lesson_has_its_lines_and_no_line_lacks_a_step():
    assert set(NOTEBOOK) == {step.id for step in STEPS}


def do(work, run_id: str) -> None:
    """Do a run as a worker does, here."""
    store = RunStore()
    store.take(store.next_ticket())
    work(store, store.run(run_id))
    store.done(run_id)


def a_pair_is_trained(app) -> set[str]:
    """What is called by the button that trains both, and by the page when they have come to their end."""
    with calls_of(OURS) as names:
        app.button(key="train_pair").click().run()
        store = RunStore()
        (pair,) = find_pairs(store, OWNER)
        for run in pair.runs:
            finish(store, run, load_pretrained("lesson")[0])
        app.run()
        assert not app.exception
        return set(names)


def test_the_functions_named_for_a_step_are_called_by_its_page(app, here):
    called: dict[str, set[str]] = {}
    for name in OURS:
        source_of(name)  # is kept: a page may show it while its code is exchanged

    def look(
        page: str, file: str, network: str = "pretrained:lesson", address: dict | None = None, **session
    ):
        app.query_params.clear()
        app.query_params.update(address or {})
        with calls_of(OURS) as names:
            open_page(app, f"pages/{file}.py", network, **session)
            called[page] = called.get(page, set()) | names

    with calls_of(OURS) as names:  # what Train and Augmentation start is done by a worker
        recipe = RECIPES["lesson"].replace(epochs=1, train_size=128)
        run_id = RunStore().submit(PRESETS["tiny"], recipe, "mnist", OWNER)
        do(train_run, run_id)
        load_model(RunStore().run(run_id).snapshot_path())
        called["train"] = set(names)
    with calls_of(OURS) as names:
        spec = DreamSpec("efficientnet_lite0", (("animals", 1.0),), octaves=1, steps=1)
        photo = to_png(cat_photo()[:, :64, :64])
        do(dream_run, RunStore().submit_dream(spec.to_dict(), photo, owner=OWNER))
        called["deep_dream"] = set(names)
    look("convolution", "1_convolution")
    look("convolution", "1_convolution", address={"tab": "pooling"})
    look("convolution", "1_convolution", address={"tab": "cat"})
    look("train", "2_train", network="design")
    look("evaluate", "3_evaluate", address={"view": "robust"})
    look("feature_maps", "4_feature_maps")
    look(
        "filters",
        "5_filters",
        address={"filter": "conv2d_1.4", "recipe": "clean", "steps": "1", "grow": "on"},
    )
    look("augmentation", "7_augmentation", address={"look": "alone"})
    look("augmentation", "7_augmentation", address={"look": "draws"})
    called["augmentation"] |= a_pair_is_trained(app)
    missing = {step.id: set(NOTEBOOK[step.id].ours) - called[step.page] for step in STEPS}
    assert {step: names for step, names in missing.items() if names} == {}
