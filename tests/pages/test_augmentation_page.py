"""The Augmentation page: what it counts, shows and warns of, and what its buttons put into the store."""

import re

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, find_pairs
from cnn_core.training import save_model
from pages.augmentation.dragged import parameter_of
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page, text

PAGE = "pages/7_augmentation.py"

pytestmark = pytest.mark.usefixtures("no_runner")


@pytest.fixture
def page(app):
    return open_page(app, PAGE)


def kept_and_of(app) -> tuple[int, int]:
    match = re.search(r"\*\*(\d+) of (\d+)\*\* draws", text(app))
    return int(match[1]), int(match[2])


def test_it_opens_with_a_7_the_lesson_s_settings_and_a_count(page):
    assert "draws as a 7." in text(page)  # the sample's first test digit is a 0
    kept, of = kept_and_of(page)
    assert of == 17
    assert 0 < kept < 17  # a network that never saw a turned digit
    assert "17 draws, sorted by their turn" in text(page)
    assert "±90° · shifts ±20 % · zoom 0.8 to 1.2 · shear ±0.2° · seed 0" in text(page)
    assert "0.2° moves no pixel by more than 0.05 pixels: almost nothing" in text(page)
    assert "This network was trained without turns." in text(page)


def test_draw_again_takes_the_next_seed(page):
    page.button(key="draw_again").click().run()
    assert not page.exception
    assert "seed 1" in text(page)
    page.number_input(key="draw_seed").set_value(0).run()
    assert "seed 0" in text(page)


@pytest.mark.parametrize("count", [4, 64])
def test_four_draws_as_in_the_lesson_or_many(page, count):
    page.selectbox(key="draws").select(count).run()
    assert not page.exception
    assert kept_and_of(page)[1] == count


def test_gentle_changes_leave_nearly_every_7_a_7(page):
    page.segmented_control(key="changes").set_value("gentle").run()
    kept, of = kept_and_of(page)
    assert kept >= of - 2
    assert "Where the label becomes wrong" not in [header.value for header in page.header]


def widget(app, label):
    """The newest widget with that label: those of the popover change their keys."""
    return next(w for kind in (app.slider, app.selectbox, app.number_input) for w in kind if w.label == label)


def test_touching_a_setting_makes_the_settings_one_s_own_and_leaves_the_others(page):
    widget(page, "Turn, ± degrees").set_value(180).run()
    assert not page.exception
    assert page.session_state["changes"] == "own"
    assert "±180° · shifts ±20 %" in text(page)
    assert "A 6 that is turned upside down looks like a 9" in text(page)
    widget(page, "Flip, every second image").select((True, False)).run()
    assert "flipped left to right" in text(page)
    assert "About every second image is mirrored" in text(page)
    page.segmented_control(key="changes").set_value("lesson").run()
    assert widget(page, "Turn, ± degrees").value == 90
    page.segmented_control(key="changes").set_value("own").run()
    assert widget(page, "Turn, ± degrees").value == 180


def test_settings_that_change_nothing_say_so_and_cannot_be_trained(page):
    widget(page, "Turn, ± degrees").set_value(0).run()
    for label in ("Shift sideways, ± %", "Shift up and down, ± %", "Zoom, ± %"):
        widget(page, label).set_value(0).run()
    widget(page, "Shear, ± degrees").set_value(0.0).run()
    assert not page.exception
    assert "These settings change nothing. Turn one of them up." in text(page)
    assert page.button(key="train_pair").disabled


def test_each_setting_alone_and_shear_is_almost_nothing(page):
    page.segmented_control(key="look").set_value("alone").run()
    assert not page.exception
    shown = text(page)
    assert all(
        f"**{name}" in shown for name in ("rotation 90", "width shift 0.2", "height shift 0.2", "zoom 0.2")
    )
    assert "**shear 0.2** :gray[still a 7 in 6 of 6 · moves a pixel by up to 0.05: almost nothing]" in shown


def test_four_fill_modes_are_compared(page):
    page.segmented_control(key="look").set_value("fill").run()
    assert not page.exception
    assert all(f"**{mode}** :gray[" in text(page) for mode in ("nearest", "constant", "reflect", "wrap"))
    assert "in use" in text(page)


def test_a_parameter_in_the_words_of_another_digit_is_the_first_one():
    said = ["Only turned: is it a 3?", None, [], "zoom"]
    assert [parameter_of(one) for one in said] == ["turn", "turn", "turn", "zoom"]


@pytest.mark.parametrize("parameter", ["turn", "right", "up", "shear", "zoom"])
def test_every_parameter_can_be_dragged(page, parameter):
    page.selectbox(key="dragged").select(parameter).run()
    assert not page.exception
    assert "It stays a 7" in text(page)


def test_the_same_in_keras_and_in_torchvision(page):
    code = [block.value for block in page.code]
    assert any("ImageDataGenerator(rotation_range=90.0" in block for block in code)
    assert any("v2.RandomAffine(degrees=90" in block for block in code)


def test_train_with_this_starts_one_run_with_the_settings(page):
    page.button(key="train_one").click().run()
    (run,) = RunStore().runs(OWNER)
    assert run.recipe.augment == AugmentSpec.lesson()
    assert run.spec.fingerprint == PRESETS["lesson"].fingerprint
    assert page.session_state["network"] == f"run:{run.id}"


def test_with_and_without_starts_two_runs_that_differ_in_nothing_else(page):
    page.button(key="train_pair").click().run()
    assert not page.exception
    (pair,) = find_pairs(RunStore(), OWNER)
    assert pair.augment == AugmentSpec.lesson()
    assert "**With changes** :small[:gray[Getting ready" in text(page)
    assert page.button(key="train_pair").disabled  # while they wait
    page.button(key="stop_pair").click().run()
    assert [run.status.state for run in pair.runs] == ["stopped", "stopped"]


@pytest.mark.parametrize("button", ["train_pair", "train_one"])
def test_a_runner_that_cannot_be_started_is_said_at_once_and_the_runs_are_kept(page, monkeypatch, button):
    def refuse():
        raise StudentError("The folder of runs cannot be written.", "Ask whoever runs this server.")

    monkeypatch.setattr(server, "wake_runner", refuse)
    page.button(key=button).click().run()
    assert not page.exception
    assert "The folder of runs cannot be written." in text(page)
    assert RunStore().runs(OWNER)


def finish(store, run, net):
    store.take(store.next_ticket())
    save_model(run.folder / "snapshots" / "last.safetensors", net, run.spec)
    result = {"accuracy": 0.9, "count": 500, "loss": 0.3}
    store.set_status(run, state="finished", step=9, saved_step=9, epoch=2.0, result=result, seconds=3.0)
    store.done(run.id)


def test_a_finished_pair_is_found_again_and_compared(page):
    from cnn_core.pretrained import load_pretrained

    page.button(key="train_pair").click().run()
    store = RunStore()
    (pair,) = find_pairs(store, OWNER)
    net, _ = load_pretrained("lesson")
    for run in pair.runs:
        finish(store, run, net)
    page.switch_page("pages/8_runs.py").run()
    page.switch_page(PAGE).run()
    assert not page.exception
    shown = text(page)
    assert "With and without" in [header.value for header in page.header]
    # Both are the same net here, so nothing but chance could tell them apart.
    assert "a difference that **could be chance**" in shown
    assert "a difference that could be chance" in shown
    assert len(page.get("plotly_chart")) == 2


def test_an_untrained_design_is_not_asked_to_judge(app):
    app.session_state["visitor"] = OWNER
    app.run()
    app.session_state["network"] = "design"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert "it has not been trained" in text(app)


def test_a_drawn_digit_is_held_to_what_it_is_read_as(page):
    pixels = [0] * 784
    for row in range(4, 24):
        for column in (13, 14):
            pixels[28 * row + column] = 255
    page.session_state["digit_pad"] = {"pixels": pixels}
    page.segmented_control(key="digit_way").set_value("draw").run()
    assert not page.exception
    assert "draws as a 1." in text(page)


def test_nothing_drawn_yet_shows_nothing_and_breaks_nothing(page):
    page.segmented_control(key="digit_way").set_value("draw").run()
    assert not page.exception
    assert "Draw a digit in the square" in text(page)
