"""What a page shows is in its address, and a new visit to that address shows it again: there and back, page by page."""

from types import SimpleNamespace

import pytest
import streamlit as st

from cnn_core.data import AugmentSpec
from cnn_core.model import PRESETS
from pages.augmentation.own_address import read_own, written_own
from pages.convolution import kernel_choice
from pages.ui.frame import address, streamlit_inside
from tests.pages.app import OWNER, kept_run, open_page

SOBEL = [[[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]]
SAID = {  # page: (what its address says, {key of the session: value})
    "0_home": ({"show": "3"}, {"home_digit": 3}),
    "1_convolution": (
        {"kernel": "1_0_-1_2_0_-2_1_0_-1", "padding": "same", "strides": "2", "image": "ring"},
        {"convolution_edit": SOBEL, "convolution_kernel": "my own", "convolution_padding": "same",
         "convolution_stride": 2, "convolution_image": "ring, 8×8"},
    ),
    "2_train": (
        {"recipe": "own", "optimizer": "sgd", "rate": "0.05", "momentum": "0.9", "epochs": "3", "batch": "128",
         "seed": "4", "images": "300", "changes": "gentle", "data": "fashion_mnist"},
        {"recipe_kind": "own", "own_optimizer": "sgd", "own_rate": 0.05, "own_momentum": 0.9, "own_epochs": 3,
         "own_batch": 128, "recipe_seed": 4, "own_augment": "gentle", "recipe_dataset": "fashion_mnist"},
    ),
    "9_one_step": (
        {"stage": "4", "after": "0", "batch": "3", "marked": "2", "weight": "conv2d_2.41.23.2.1",
         "optimizer": "momentum", "faster": "on"},
        {"one_step_stage": 4, "one_step_after": 0, "one_step_batch": 3, "one_step_marked": 2,
         "one_step_weight": ("conv2d_2", (41, 23, 2, 1)), "one_step_optimiser": "momentum", "one_step_faster": True},
    ),
    "3_evaluate": ({"view": "mistakes"}, {"view": "mistakes"}),
    "4_feature_maps": (
        {"digit": "7", "pixel": "conv2d_1.3.5.1", "brightness": "shared", "layers": "all", "beside": "untrained"},
        {"digit": 7, "pixel": ("conv2d_1", 3, 5, 1), "maps_limits": "shared", "maps_every": True,
         "maps_beside": "untrained"},
    ),
    "5_filters": (
        {"filter": "conv2d_1.4", "recipe": "lesson", "steps": "3", "leak": "on", "grow": "on"},
        {"filter": ("conv2d_1", 4), "filters_recipe": "lesson", "filters_steps": 3, "filters_lesson_leak": True,
         "filter_grows": True},
    ),
    "6_deep_dream": (
        {"who": "mine", "digit": "5", "depth": "conv2d_1", "strength": "0.5", "octaves": "2", "size": "112"},
        {"dream_who": "mine", "digit": 5, "dream_strength": 0.5, "dream_octaves": 2, "dream_side_digit": 112},
    ),
    "7_augmentation": (
        {"changes": "own", "own": "turn-45_zoom-0.2_fill-wrap", "look": "alone", "draw_seed": "3", "digit": "1"},
        {"changes": "own", "look": "alone", "draw_seed": 3, "digit": 1,
         "augment_own": AugmentSpec(rotation_range=45, zoom_range=0.2, fill_mode="wrap")},
    ),
    "8_runs": (
        {"compare": "mlp~lesson", "measure": "loss"},
        {"runs_chosen": ["pretrained:mlp", "pretrained:lesson"], "runs_measure": "loss"},
    ),
    "9_my_data": ({"way": "upload"}, {"data_way": "upload"}),
}  # fmt: skip


def shown(app, keys):
    return {key: app.session_state[key] for key in keys}


def said(app):
    return {name: text for name, text in app.query_params.items() if name not in ("net", "design")}


def test_a_link_opens_each_page_as_it_says_and_the_page_says_it_again(app, no_runner):
    app.session_state["visitor"] = OWNER
    app.run()
    for page, (link, state) in SAID.items():
        app.query_params.clear()
        app.query_params.update(link)
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, page
        assert shown(app, state) == state, page
        assert said(app) == link, page


def test_a_recipe_in_a_link_is_all_of_it_whatever_the_visitor_chose_before(app, no_runner):
    open_page(
        app, "pages/2_train.py", recipe_kind="own", own_batch=512, recipe_seed=9, recipe_dataset="kmnist"
    )
    app.query_params.clear()
    app.query_params.update({"recipe": "own", "rate": "0.01"})
    app.session_state["address_page"] = "elsewhere"  # the link is opened in the same tab
    app.run()
    assert shown(app, ("own_rate", "own_batch", "recipe_seed", "recipe_dataset")) == {
        "own_rate": 0.01, "own_batch": 64, "recipe_seed": 0, "recipe_dataset": "mnist",
    }  # fmt: skip


def test_links_of_earlier_versions_open_tab_kernel_padding_and_view(app, no_runner):
    app.query_params.update(
        {
            "convolution_kernel": "kernel: blur",
            "convolution_padding": "padding “same”",
            "convolution_stride": "strides 2",
        }
    )
    open_page(app, "pages/1_convolution.py")
    assert shown(app, ("convolution_kernel", "convolution_padding", "convolution_stride")) == {
        "convolution_kernel": "blur", "convolution_padding": "same", "convolution_stride": 2,
    }  # fmt: skip
    assert said(app) == {"kernel": "blur", "padding": "same", "strides": "2"}
    app.query_params.clear()
    app.query_params.update(
        {"runs_view": "Replay", "net": "design"}
    )  # which keeps no moments: nothing is computed
    app.switch_page("pages/8_runs.py").run()
    assert app.session_state["runs_view"] == "Replay"
    assert said(app) == {"view": "replay"}


def test_a_run_of_somebody_s_is_compared_by_its_id(app, no_runner):
    run_id = kept_run(PRESETS["tiny"])
    app.query_params["compare"] = f"{run_id}~lesson"
    open_page(app, "pages/8_runs.py", owner="b" * 22)
    assert app.session_state["runs_chosen"] == [f"run:{run_id}", "pretrained:lesson"]
    assert said(app) == {"compare": f"{run_id}~lesson"}


# ---------------------------------------------------------------- plainly


@pytest.fixture
def tab(monkeypatch):
    """A browser's tab: its session, its address, and whether Back was pressed."""
    tab = SimpleNamespace(session_state={}, query_params={}, back=False)
    monkeypatch.setattr(st, "session_state", tab.session_state)
    monkeypatch.setattr(st, "query_params", tab.query_params)
    monkeypatch.setattr(streamlit_inside, "went_through_history", lambda: tab.back)
    address.arrive("page")
    return tab


SIZE = address.whole("size", "size_widget", 1, 9, 3)


def test_a_value_is_written_when_it_differs_and_taken_out_when_it_no_longer_does(tab):
    tab.session_state["size_widget"] = 5
    address.tell(SIZE)
    assert tab.query_params == {"size": "5"}
    tab.session_state["size_widget"] = 3
    address.tell(SIZE)
    assert tab.query_params == {}


@pytest.mark.parametrize("text", ["", "0", "10", "4.5", "x", "²", "NaN", "1e308", "9" * 400, "-3"])
def test_rubbish_is_left_out_and_the_address_no_longer_says_it(tab, text):
    tab.query_params["size"] = text
    assert address.follow(SIZE) == {"size"}
    address.tell(SIZE)
    assert tab.session_state.get("size_widget", 3) == 3
    assert tab.query_params == {}


def test_back_takes_a_value_back_and_does_not_write_it_again(tab):
    tab.session_state["size_widget"] = 5
    address.tell(SIZE)
    tab.query_params.clear()  # Back: the address of before
    tab.back = True
    address.follow(SIZE)
    address.tell(SIZE)
    assert tab.session_state["size_widget"] == 3
    assert tab.query_params == {}


def test_who_comes_back_to_a_page_by_its_name_finds_the_address_written_again(tab):
    tab.session_state["size_widget"] = 5
    address.tell(SIZE)
    tab.query_params.clear()
    address.arrive("another")
    address.settle()
    assert tab.query_params == {}
    address.arrive("page")
    assert not address.follow(SIZE)
    address.tell(SIZE)
    assert tab.query_params == {}
    address.settle()
    assert tab.query_params == {"size": "5"}


@pytest.mark.parametrize("name", kernel_choice.KERNELS)
def test_each_kernel_is_spelt_and_read_again(tab, name):
    tab.session_state["convolution_edit"] = [[[0.1234, -2.0], [1e-7, 3.0]]]
    text = kernel_choice.written_kernel(name)
    del tab.session_state["convolution_edit"]
    assert kernel_choice.read_kernel(text) == name
    if name == kernel_choice.MINE:
        (first, second), (third, fourth) = tab.session_state["convolution_edit"][0]
        assert (first, second, third, fourth) == pytest.approx((0.1234, -2, 1e-7, 3))


@pytest.mark.parametrize("text", ["", "1_2", "nan_1_1_1", "1_2_3_x", "1e400_1_1_1", "1_" * 64, "1" * 9_999])
def test_numbers_that_make_no_kernel_are_no_kernel(tab, text):
    assert kernel_choice.read_kernel(text) is None
    assert "convolution_edit" not in tab.session_state


@pytest.mark.parametrize(
    "spec", [AugmentSpec(), AugmentSpec.lesson(), AugmentSpec(shear_range=0.2, noise=0.1, vertical_flip=True)]
)
def test_own_changes_are_spelt_and_read_again(spec):
    assert (read_own(written_own(spec)) or AugmentSpec()) == spec


@pytest.mark.parametrize(
    "text", ["", "turn", "turn--5", "turn-181", "wide-0.6", "fill-x", "spin-4", "zoom-9" * 99]
)
def test_changes_that_no_widget_can_show_are_none(text):
    assert read_own(text) is None
