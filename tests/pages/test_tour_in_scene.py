"""The lesson in a teacher's scene: no step asks for what the scene fixes or hides, and none is a dead end."""

import pytest

from cnn_core.classroom import READY_SCENES, Scene
from pages.augmentation import settings
from pages.convolution import kernel_choice, pooling
from pages.tour import words
from pages.tour.in_scene import USUAL, fits
from pages.tour.steps import STEPS
from pages.ui.visitor import server
from tests.pages.app import OWNER, text
from tests.pages.test_tour import choose, html, keys, press

ALL = [step.id for step in STEPS]
SAME = {"padding": "same"}


@pytest.mark.parametrize(
    ("scene", "left"),
    [
        (Scene("Free", "convolution"), ALL),
        (Scene("Layers", "convolution", hidden=("layers", "open")), ALL),
        # The kernel is free; the image, the tab and the padding are what the step speaks of.
        (READY_SCENES["five-kernels"], ["kernel"]),
        (
            READY_SCENES["convnet-against-mlp"],
            ["feature_map", "evaluating", "against_mlp", "maps_of_layers"],
        ),
        (
            Scene("Look", "train", hidden=("train", "save")),
            [one for one in ALL if one not in ("training", "saving", "with_and_without")],
        ),
        (
            Scene("Same", "convolution", SAME, fixed=("convolution.padding",)),
            [one for one in ALL if one not in ("kernel", "padding", "strides")],
        ),
        # Fixed where it is as usual: only the step whose answer changes it has to go.
        (
            Scene("Valid", "convolution", fixed=("convolution.padding",)),
            [one for one in ALL if one != "padding"],
        ),
        (
            Scene("One digit", "feature_maps", {"digit": "7"}, fixed=("feature_maps.digit",)),
            [one for one in ALL if one not in ("feature_map", "maps_of_layers")],
        ),
    ],
    ids=lambda one: one.title if isinstance(one, Scene) else "",
)
def test_a_scene_leaves_the_steps_whose_page_is_open_and_shows_what_they_speak_of(scene, left):
    assert [step.id for step in STEPS if fits(scene, step)] == left


def test_what_no_address_says_is_what_the_pages_begin_with():
    parts = {
        "convolution": (*kernel_choice._PARTS, *pooling._PARTS),
        "augmentation": settings._PARTS,
    }
    for page, usual in USUAL.items():
        begins = {part.name: part for part in parts[page]}
        assert all(
            begins[name].read(text) == begins[name].standard for name, text in usual.items() if name != "tab"
        )


def test_the_bar_passes_over_what_a_scene_leaves_out_and_says_so_where_a_link_leads_there(app, no_runner):
    def at(step):
        app.query_params["step"] = step
        app.run()
        assert not app.exception

    app.session_state["visitor"] = OWNER
    app.query_params["scene"] = "five-kernels"
    app.run()
    at("kernel")
    assert "Step 1 of" in html(app)
    assert not {word for word in ("padding?", "strides?") if f"Why {word}" in text(app)}  # they are not there
    assert "Your teacher’s scene" not in text(
        app
    )  # it asks for nothing that is fixed otherwise, the tab included
    wrong, right = (
        "9",
        next(one.label for one in app.button if one.key.startswith("guess_") and one.label in "01"),
    )
    choose(app, wrong)
    choose(app, right)
    press(app, "tour_next")
    assert "That was the lesson, as far as it is part of your teacher’s scene." in text(app)
    press(app, "tour_finish")

    at("padding")
    assert words.NOT_IN_SCENE in text(app)
    assert {"tour_next", "tour_back", "tour_leave"} <= keys(app)
    assert "tour_skip" not in keys(app)
    assert "padding" not in app.query_params
    press(app, "tour_back")
    assert "Step 1 of" in html(app)
    at("training")  # of a page that the scene closes
    press(app, "tour_return")
    assert "as far as it is part of your teacher’s scene" in text(app)

    # A network that cannot be asked, in a scene that keeps it: no other is offered, and the step can be skipped.
    held = Scene("This net", "feature_maps", {"net": "pretrained:mlp"}, fixed=("net",))
    app.query_params["scene"] = server.scenes().make("t" * 22, held)
    app.run()
    at("feature_map")
    assert "cannot answer this" in text(app)
    assert "tour_skip" in keys(app)
    assert "tour_look" not in keys(app)
