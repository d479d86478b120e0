"""Whoever is in a teacher's scene: what is fixed stays, what is hidden is not sent, and a message changes neither."""

import secrets

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1.element_tree import ElementTree

from cnn_core.classroom import Scene
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, links
from cnn_core.training.spec import EARLIER, EXAMPLES, RECIPES
from pages.ui.visitor import server
from tests.pages.app import OWNER, open_page, text

TEACHER = secrets.token_urlsafe(16)
TINY = links.encode(PRESETS["tiny"].to_dict())


def opened(app, scene, **address):
    """Open the link of a scene, as a student; what else the address says."""
    app.session_state["visitor"] = OWNER
    app.query_params["scene"] = server.scenes().make(TEACHER, scene)
    app.query_params.update(address)
    app.run()
    assert not app.exception


def widgets(app):
    """{key: id} of all widgets that a browser is sent."""
    return {
        node.key: node.proto.id for node in app._tree if getattr(node, "key", None) and hasattr(node, "proto")
    }


def send(app, monkeypatch, *forged):
    """Send what a browser knows, and these states in place of its own, as whoever writes their own messages can."""
    honest, names = ElementTree.get_widget_states, {state.id for state in forged}

    def states(tree):
        mine = [one for one in honest(tree).widgets if one.id not in names]
        return WidgetStates(widgets=[*mine, *forged])

    with monkeypatch.context() as patch:
        patch.setattr(ElementTree, "get_widget_states", states)
        app.run()
    assert not app.exception


TRAINING = Scene(
    "Train it as it is",
    "train",
    {"design": TINY, "recipe": "fast", "data": "mnist", "seed": "5"},
    fixed=("layers", "train.recipe", "train.data"),
    hidden=("train", "train.seed", "save"),
    pages=("train", "evaluate"),
    note="Look at the numbers first.",
    recipe=RECIPES["fast"],
)


def test_a_hidden_control_is_not_sent_and_its_message_and_a_fixed_ones_are_refused(
    app, no_runner, monkeypatch
):
    open_page(app, "pages/2_train.py")
    before = widgets(app)
    assert {"train", "recipe_seed", "recipe_kind", "recipe_dataset", "preset-choice-1"} <= set(before)
    opened(app, TRAINING)
    now = widgets(app)
    assert not {"train", "recipe_seed", "save_open", "copy_link"} & set(now)
    held = {box.key: box.disabled for box in [*app.selectbox, *app.segmented_control]}
    assert held["recipe_dataset"]
    assert held["recipe_kind"]
    assert "Look at the numbers first." in text(app)

    def as_it_was():
        assert (app.session_state["recipe_dataset"], app.session_state["recipe_kind"]) == ("mnist", "fast")
        assert app.session_state["recipe_seed"] == 5
        assert app.session_state["design_link"] == TINY
        assert server.store().runs(OWNER) == []

    as_it_was()
    preset = next(key for key in now if key.startswith("preset-choice"))
    for forged, sentence in (
        (WidgetState(id=before["train"], trigger_value=True), "leaves out training"),
        (WidgetState(id=before["recipe_seed"], int_value=9), "leaves out the seed"),
        (WidgetState(id=now["recipe_dataset"], string_value="KMNIST"), "keeps the data set as it is"),
        (WidgetState(id=now[preset], string_value="MLP"), "keeps the layers as they are"),
        (WidgetState(id=now["clear_design"], trigger_value=True), "keeps the layers as they are"),
    ):
        send(app, monkeypatch, forged)
        as_it_was()
        assert sentence in text(app), sentence
    # The callbacks themselves refuse too, and so does what they call.
    with pytest.raises(StudentError, match="leaves out training"):
        server.store().submit(PRESETS["tiny"], RECIPES["fast"].replace(seed=5), "mnist", OWNER)

    for name, said, sentence in (
        ("recipe", "lesson", "keeps the recipe as it is"),
        ("data", "kmnist", "keeps the data set as it is"),
        ("seed", "9", "leaves out the seed"),
        ("scene", "aaaaaaaaaaaa", "this server has not made"),
    ):
        app.query_params[name] = said
        app.run()
        as_it_was()
        assert sentence in text(app), name


def test_a_fixed_recipe_has_the_numbers_of_its_day_also_where_we_call_others_by_its_name_now(app, no_runner):
    [earlier] = EARLIER["sprint"]
    assert earlier != EXAMPLES["sprint"]
    said = {"design": links.encode(PRESETS["sprint"].to_dict()), "recipe": "example"}
    opened(app, Scene("Sprint", "train", said, fixed=("layers", "train.recipe"), recipe=earlier))
    assert "learning rate 0.01, one cycle, batches of 128" in text(app)
    assert "to change them" not in text(app)
    app.button(key="train").click().run()
    assert not app.exception
    assert [run.recipe for run in server.store().runs(OWNER)] == [earlier]


def test_an_edited_address_a_new_tab_and_a_closed_page_do_not_lead_out_of_a_scene_but_its_button_does(
    app, no_runner
):
    opened(app, TRAINING)
    app.switch_page("pages/5_filters.py").run()
    assert "The page Filters is not part of your teacher’s scene." in text(app)
    assert "filters_layer" not in widgets(app)
    app.button(key="scene_page").click().run()
    assert app.session_state["recipe_seed"] == 5

    tab = type(app).from_file(app._script_path, default_timeout=30)
    tab.session_state["visitor"] = OWNER
    tab.query_params.update({"design": links.encode(PRESETS["mlp"].to_dict()), "net": "design"})
    tab.switch_page("pages/2_train.py").run()
    assert not tab.exception
    assert tab.session_state["design_link"] == TINY
    assert "train" not in widgets(tab)
    assert "keeps the layers as they are" in text(tab)

    tab.button(key="scene_leave").click().run()
    assert "train" in widgets(tab)
    app.run()
    assert "theater_comedy" not in text(app)


def test_a_teacher_makes_a_link_of_the_page_as_it_is_and_a_student_is_offered_none(app, no_runner):
    open_page(app, "pages/1_convolution.py")
    assert "make_link" not in widgets(app)
    app.switch_page("pages/9_teachers.py").run()
    assert not app.exception
    app.query_params.update({"kernel": "blur", "strides": "2"})
    app.switch_page("pages/1_convolution.py").run()
    app.button(key="make_link").click().run()
    # All at once: a dialog is a part of the page that AppTest does not run alone.
    app.text_input(key="make_link_title").set_value("Blur by two")
    app.multiselect(key="make_link_fixed").set_value(["convolution.kernel"])
    app.multiselect(key="make_link_hidden").set_value(["layers", "train"])
    app.multiselect(key="make_link_pages").set_value(["only"])
    app.button(key="make_link_make").click().run()
    assert not app.exception
    scene_id, _ = app.session_state["make_link_made"]
    scene = server.scenes().scene(scene_id)
    assert (scene.title, scene.page) == ("Blur by two", "convolution")
    assert scene.state == {"kernel": "blur", "strides": "2"}
    assert (scene.fixed, scene.pages) == (("convolution.kernel",), ("convolution",))
    assert set(scene.hidden) == {"layers", "train"}
    assert server.scenes().of(OWNER) is None  # whoever makes a link is not bound by it
