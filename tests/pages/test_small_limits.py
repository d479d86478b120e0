"""Limits bind what is asked for. What exists, ours or a visitor's, is shown by every page, however small they are."""

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.training import RECIPES
from pages.ui.frame.shell import PAGES
from tests.pages.app import OWNER, kept_run, open_page, text

LOOKED_AT = ("pretrained:lesson", "run", "design")


@pytest.fixture(autouse=True)
def nobody_works(no_runner):
    """What is submitted waits."""


def make_small(monkeypatch) -> None:
    for name in ("EPOCHS", "PARAMETERS", "MACS"):
        monkeypatch.setenv(f"CONVSCOPE_MAX_{name}", "1")


@pytest.mark.parametrize("looked_at", LOOKED_AT)
@pytest.mark.parametrize("file", [page.file for page in PAGES])
def test_no_page_fails_where_an_operator_allows_next_to_nothing(app, monkeypatch, file, looked_at):
    run_id = kept_run(PRESETS["tiny"])
    make_small(monkeypatch)
    open_page(app, file, f"run:{run_id}" if looked_at == "run" else looked_at)
    assert not app.exception
    if looked_at == "run":
        assert "not on this server" not in text(app)
        [choice] = [box for box in app.sidebar.selectbox if box.label == "Network"]
        assert choice.value == f"run:{run_id}"


def test_a_run_beyond_later_limits_keeps_its_design_recipe_and_weights_and_asks_for_no_more(monkeypatch):
    from cnn_core.training import load_model

    store, run_id = RunStore(), kept_run(PRESETS["tiny"])
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "1")
    run = RunStore().run(run_id)
    assert (run.spec, run.recipe) == (PRESETS["tiny"], RECIPES["fast"])
    assert load_model(run.snapshot_path("last"), check_limits=False)[1] == PRESETS["tiny"]
    with pytest.raises(StudentError, match="allows 1"):
        store.submit(run.spec, run.recipe.replace(seed=7), owner=OWNER)


def test_a_run_of_a_design_now_too_large_is_not_trained_for_longer(monkeypatch):
    store = RunStore()
    run_id = store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER)
    store.take(store.next_ticket())
    store.set_status(store.run(run_id), state="finished", step=315, epoch=5.0)
    store.done(run_id)
    (store.run(run_id).folder / "snapshots" / "last.safetensors").touch()
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "1")
    with pytest.raises(StudentError, match="allows 1"):
        store.extend(run_id, OWNER, 2)
    monkeypatch.delenv("CONVSCOPE_MAX_PARAMETERS")
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "6")
    with pytest.raises(StudentError, match="between 1 and 6"):
        store.extend(run_id, OWNER, 2)
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "7")
    store.extend(run_id, OWNER, 2)
    assert store.run(run_id).recipe.epochs == 7
