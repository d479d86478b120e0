"""The sidebar without a browser: what an edit makes of a draft, what a link may hold, what the widgets then show."""

import copy
import doctest
import itertools
import math
import unicodedata

import pytest
from streamlit.testing.v1 import AppTest

from cnn_core.errors import StudentError
from cnn_core.model import (
    EMPTY,
    LAYER_TYPES,
    PRESETS,
    Conv2D,
    Dense,
    Flatten,
    ModelSpec,
    draft_edits,
    inspect_draft,
    links,
    preset_of,
    summarize,
)
from pages.ui.drawing.diagram import diagram_alt, network_diagram
from pages.ui.forms import layer_editor, share, sidebar
from pages.ui.visitor import design

LESSON = PRESETS["lesson"].to_dict()


def kinds(draft):
    return [layer["type"] for layer in draft["layers"]]


# ---------------------------------------------------------------- edits


@pytest.mark.parametrize(
    ("kind", "selected", "place"),
    [
        ("conv2d", 1, 2),  # after the chosen layer
        ("conv2d", None, 5),  # before flatten: no maps after it
        ("conv2d", 6, 5),  # a dense layer is chosen: the nearest place with maps
        ("flatten", 0, 5),  # there is one place where maps become a list
        ("dense", None, 7),  # before the last layer, which gives the answer
        ("dense", 0, 6),  # not before flatten
        ("dense", 7, 7),
        ("dropout", 3, 4),  # anywhere
        ("dropout", None, 7),
        ("batch_normalization", 0, 1),
    ],
)
def test_a_new_layer_lands_after_the_chosen_one_or_where_it_makes_sense(kind, selected, place):
    after, at = draft_edits.inserted(LESSON, kind, selected)
    assert at == place
    assert kinds(after) == [*kinds(LESSON)[:place], kind, *kinds(LESSON)[place:]]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", LAYER_TYPES)
def test_every_kind_of_layer_can_be_added_to_every_preset(preset, kind):
    before = PRESETS[preset].to_dict()
    for selected in (None, *range(len(before["layers"]))):
        after, place = draft_edits.inserted(before, kind, selected)
        assert after["layers"][place]["type"] == kind
        assert after["layers"][-1] == before["layers"][-1]
        assert draft_edits.readable(links.decode(links.encode(after))) == after


def test_what_the_button_adds_next_to_a_layer_of_its_kind_fits():
    for kind, selected in [
        ("conv2d", 0),
        ("max_pooling2d", 0),
        ("dense", 6),
        ("dropout", 6),
        ("batch_normalization", 2),
    ]:
        after, _ = draft_edits.inserted(LESSON, kind, selected)
        problem = inspect_draft(after).problem
        assert problem is None or kind == "max_pooling2d"  # one pool more leaves too little for conv2d_3


def test_edits_leave_the_draft_they_were_given_as_it_was():
    before = copy.deepcopy(LESSON)
    draft_edits.changed(before, 0, filters=5)
    draft_edits.inserted(before, "dense", None)
    draft_edits.removed(before, 0)
    draft_edits.moved(before, 0, 1)
    draft_edits.renamed(before, "other")
    assert before == LESSON


def test_moving_a_layer_down_and_up_again_changes_nothing():
    down, place = draft_edits.moved(LESSON, 2, 1)
    assert place == 3
    assert draft_edits.moved(down, place, -1)[0]["layers"] == LESSON["layers"]
    assert draft_edits.moved(LESSON, 0, -1)[1] == 0
    assert draft_edits.moved(LESSON, 7, 1)[1] == 7


def test_a_pool_goes_on_stepping_by_its_own_length_until_told_otherwise():
    wider = draft_edits.changed(LESSON, 1, pool_size=3)
    assert wider["layers"][1]["strides"] == 3
    apart = draft_edits.changed(draft_edits.changed(LESSON, 1, strides=1), 1, pool_size=3)
    assert apart["layers"][1]["strides"] == 1


def test_an_edited_preset_no_longer_bears_the_presets_name():
    assert draft_edits.changed(LESSON, 0, filters=5)["name"] == "Lesson convnet, changed"
    named = draft_edits.renamed(LESSON, "  Eva's  net ")
    assert draft_edits.changed(named, 0, filters=5)["name"] == "Eva's net"


def by_hand(*added):
    """A design as a student builds it from the empty one: (kind, settings), one layer after the other."""
    draft, place = EMPTY.to_dict(), None
    for kind, settings in added:
        draft, place = draft_edits.inserted(draft, kind, place)
        draft = draft_edits.changed(draft, place, **settings)
    return draft


LESSON_BY_HAND = (
    ("conv2d", {"filters": 32}),
    ("max_pooling2d", {}),
    ("conv2d", {"filters": 64}),
    ("max_pooling2d", {}),
    ("conv2d", {"filters": 64}),
    ("dense", {"units": 64}),
)


def test_the_lessons_net_built_by_hand_is_called_so():
    built = by_hand(*LESSON_BY_HAND)
    assert built["layers"] == LESSON["layers"]
    assert built["name"] == "Lesson convnet"
    assert design.is_lesson(built)


def test_a_preset_edited_into_another_is_called_by_what_it_is_now():
    tiny = PRESETS["tiny"].to_dict()
    draft = draft_edits.changed(tiny, 0, filters=32)
    assert draft["name"] == "Tiny convnet, changed"
    draft = draft_edits.changed(draft, 2, filters=64)
    draft, _ = draft_edits.inserted(draft, "conv2d", 3)
    draft = draft_edits.changed(draft, 4, filters=64)
    draft, _ = draft_edits.inserted(draft, "dense", 5)
    assert draft["layers"] == LESSON["layers"]
    assert draft["name"] == "Lesson convnet"
    assert draft_edits.changed(draft, 0, filters=5)["name"] == "Lesson convnet, changed"


def test_a_net_is_never_called_by_a_presets_name_that_it_is_not():
    other = draft_edits.changed(LESSON, 0, filters=5)
    assert draft_edits.renamed(other, "MLP")["name"] == "MLP, changed"
    assert draft_edits.renamed(other, "")["name"] == "My design"
    assert draft_edits.renamed(LESSON, "")["name"] == "Lesson convnet"


def test_an_omitted_setting_is_the_default_when_a_preset_is_recognised():
    short = copy.deepcopy(LESSON)
    for name in ("strides", "padding", "kernel_size"):
        short["layers"][0].pop(name)
    assert preset_of(short) == "lesson"
    assert preset_of({**short, "name": "Eva's"}) == "lesson"
    assert preset_of(draft_edits.changed(short, 0, strides=2)) is None
    assert preset_of({}) is None


def test_the_empty_design_can_be_trained_and_each_kind_can_be_added_to_it():
    assert inspect_draft(EMPTY.to_dict()).problem is None
    assert [row.output_shape for row in summarize(EMPTY)] == [(784,), (10,)]
    for kind in LAYER_TYPES:
        after, place = draft_edits.inserted(EMPTY.to_dict(), kind, None)
        assert after["layers"][place]["type"] == kind
        assert after["name"] == "My design"
    convolution, _ = draft_edits.inserted(EMPTY.to_dict(), "conv2d", None)
    assert kinds(convolution) == ["conv2d", "flatten", "dense"]
    assert inspect_draft(convolution).problem is None


# ---------------------------------------------------------------- links


def with_first_layer(**settings):
    return {**LESSON, "layers": [{**LESSON["layers"][0], **settings}, *LESSON["layers"][1:]]}


@pytest.mark.parametrize(
    "hostile",
    [
        {},
        {"layers": []},
        {**LESSON, "layers": {}},
        {**LESSON, "layers": LESSON["layers"] * 100},
        {**LESSON, "layers": [1, None]},
        {**LESSON, "layers": [{"type": ["dense"]}]},
        {**LESSON, "layers": [{"type": "conv2d"}]},
        {**LESSON, "name": 3},
        {**LESSON, "name": "x" * 1000},
        {**LESSON, "input_shape": [1, 10**6, 10**6]},
        {**LESSON, "classes": "ten"},
        with_first_layer(filters="32"),
        with_first_layer(filters=10**30),
        with_first_layer(filters=True),
        with_first_layer(filters=None),
        with_first_layer(kernel_size=2.5),
        with_first_layer(activation=["relu"]),
        with_first_layer(color="red"),
    ],
)
def test_a_draft_that_the_editor_could_not_show_is_refused(hostile):
    with pytest.raises(StudentError):
        draft_edits.readable(hostile)


def test_an_impossible_draft_is_a_draft_all_the_same():
    impossible = with_first_layer(kernel_size=200, filters=0)
    assert draft_edits.readable(impossible) == impossible


# ---------------------------------------------------------------- rows and diagram


def test_rows_say_shape_and_parameters_and_question_marks_after_a_problem():
    broken = draft_edits.removed(LESSON, 5)
    rows = layer_editor.rows_of(broken, inspect_draft(broken))
    assert [(row.name, row.shape, row.parameters, row.state) for row in rows[5:]] == [
        ("conv2d_3", "3×3×64", "36,928", ""),
        ("dense_1", "does not fit", "", "wrong"),
        ("dense_2", "?", "?", "unknown"),
    ]
    assert rows[0].fixed
    assert not any(row.fixed for row in rows[1:])


def test_blocks_are_as_high_as_the_map_and_never_thinner_than_can_be_seen():
    rows = layer_editor.rows_of(LESSON, inspect_draft(LESSON))
    assert [row.height for row in rows] == [28, 26, 13, 11, 5, 3, 3, 3, 3]
    assert max(row.width for row in rows) <= 31


@pytest.mark.parametrize("preset", PRESETS)
def test_the_diagram_draws_every_layer_and_names_each_without_touching_its_neighbour(preset):
    spec = PRESETS[preset]
    figure = network_diagram(spec, "light")
    bars, layout = figure["data"][0], figure["layout"]
    assert len(bars["x"]) == 1 + len(spec.layers)
    for row, hover in zip(summarize(spec), bars["hovertext"][1:], strict=True):
        assert hover.startswith(f"<b>{row.name}</b>")
    axis, margin = layout["xaxis"], layout["margin"]
    shapes = [design_text(spec.input_shape), *(design_text(row.output_shape) for row in summarize(spec))]
    names = ["input", *spec.layer_names]
    assert axis["ticktext"] == [f"{name} {shape}" for name, shape in zip(names, shapes, strict=True)]
    low, high = axis["range"]
    scale = (346 - margin["l"] - margin["r"]) / (high - low)  # pixels of a unit, on a phone
    angle = math.radians(axis["tickangle"])
    for x, next_x in itertools.pairwise(axis["tickvals"]):
        # A line of 12 pixels that hangs aslant: how far the next one is, across its direction.
        assert (next_x - x) * scale * math.sin(angle) >= 0.75 * axis["tickfont"]["size"]
    for x, label in zip(axis["tickvals"], axis["ticktext"], strict=True):
        length = 5.6 * len(label)  # measured: letters and digits of 12 pixels
        assert length * math.sin(angle) + 4 <= margin["b"]
        assert length * math.cos(angle) <= (high - x) * scale + margin["r"]
    assert spec.layer_names[-1] in diagram_alt(spec)


def design_text(shape):
    """As Keras writes a shape: 26×26×32, or 64 of a list."""
    return "×".join(f"{n:,}" for n in (*shape[1:], shape[0]))


def test_a_network_of_sixty_layers_names_those_that_find_room():
    spec = ModelSpec(
        "long",
        (1, 28, 28),
        10,
        (*[Conv2D(2, padding="same")] * 58, Flatten(), Dense(10, activation="softmax")),
    )
    axis = network_diagram(spec, "light")["layout"]["xaxis"]
    assert axis["ticktext"][0] == "input 28×28×1"
    assert axis["ticktext"][-1] == "dense_1 10"
    assert 8 < len(axis["ticktext"]) < 61


def test_the_chosen_layer_alone_is_drawn_in_the_accent():
    plain = {shape["fillcolor"] for shape in network_diagram(PRESETS["lesson"], "dark")["layout"]["shapes"]}
    chosen = {
        shape["fillcolor"]
        for shape in network_diagram(PRESETS["lesson"], "dark", "conv2d_2")["layout"]["shapes"]
    }
    assert len(plain) == 1
    assert len(chosen) == 2


@pytest.mark.parametrize("module", [layer_editor, sidebar])
def test_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("label", share.CODE)
def test_each_download_writes_the_network_as_code(label):
    function, ending, _ = share.CODE[label]
    text = share._written(function, PRESETS["lesson"])()
    assert text.lower().count("conv") >= 3
    if ending.endswith(".py"):
        compile(text, label, "exec")


# ---------------------------------------------------------------- the sidebar itself


ALONE = """
import streamlit as st
from pages.ui.forms.sidebar import sidebar
with st.sidebar:
    sidebar()
"""


@pytest.fixture
def app():
    """The sidebar beside an empty page, not yet run."""
    return AppTest.from_string(ALONE, default_timeout=30)


@pytest.fixture
def home(app):
    """The same as a first visitor sees it."""
    return app.run()


def box(app, label):
    return next(widget for widget in app.selectbox if widget.label == label)


def press(app, key):
    return next(button for button in app.button if button.key == key).click().run()


def select(app, index):
    app.session_state["selected_layer"] = index
    app.session_state["selected_layer_of"] = app.session_state["network"]
    return app.run()


def test_the_first_visit_looks_at_the_trained_lesson_net(home):
    assert not home.exception
    assert home.session_state["network"] == "pretrained:lesson"
    assert box(home, "Network").options[-1] == "My design, not trained yet"
    assert box(home, "Start the design from").value == "lesson"
    assert any(
        "**93,322 parameters** · 2.79\u00a0M\u00a0multiply\u2011adds" in text.value for text in home.markdown
    )


def test_a_preset_becomes_the_design_and_undo_takes_it_back(home):
    box(home, "Start the design from").set_value("mlp").run()
    assert home.session_state["network"] == "design"
    assert any("**407,050 parameters**" in text.value for text in home.markdown)
    press(home, "undo")
    assert home.session_state["network"] == "pretrained:lesson"
    assert box(home, "Start the design from").value == "lesson"


def test_a_setting_of_a_trained_net_changes_a_copy(home):
    select(home, 0)
    filters = next(widget for widget in home.number_input if widget.label == "Filters")
    filters.set_value(16).run()
    assert home.session_state["network"] == "design"
    drafted = links.decode(home.session_state["design"])
    assert drafted["layers"][0]["filters"] == 16
    assert drafted["layers"][1:] == LESSON["layers"][1:]
    assert box(home, "Start the design from").value == "own"


def test_every_edit_can_be_undone_and_the_stack_is_bounded(home):
    select(home, 0)
    for filters in range(1, design.MOST_UNDO + 6):
        next(widget for widget in home.number_input if widget.label == "Filters").set_value(filters).run()
    assert len(home.session_state["design_undo"]) == design.MOST_UNDO


def test_removing_flatten_bars_dense_1_and_a_remedy_is_offered(home):
    select(home, 5)
    press(home, "layer_remove")
    assert any(":red[" in text.value and "dense" in text.value for text in home.markdown)
    assert not any("can be trained" in text.value for text in home.markdown)
    remedy = next(button for button in home.button if button.key == "remedy_0")
    assert "flatten" in remedy.label
    remedy.click().run()
    assert any("can be trained" in text.value for text in home.markdown)


def field(app, label):
    return next(widget for widget in app.text_input if widget.label == label)


def test_a_design_has_a_name_that_is_seen_and_can_be_changed(home):
    assert "Name of the design" not in [
        widget.label for widget in home.text_input
    ]  # it is in the list of networks
    box(home, "Start the design from").set_value("tiny").run()
    assert field(home, "Name of the design").value == "Tiny convnet"
    select(home, 0)
    home.number_input[0].set_value(9).run()
    assert field(home, "Name of the design").value == "Tiny convnet, changed"
    field(home, "Name of the design").set_value("Eva’s net").run()
    assert links.decode(home.session_state["design"])["name"] == "Eva’s net"
    assert field(home, "Name of the design").value == "Eva’s net"
    field(home, "Name of the design").set_value("").run()
    assert field(home, "Name of the design").value == "My design"


def test_a_link_of_before_opens_under_the_name_of_the_preset_that_it_is(app):
    """An older version called the lesson's net, built by hand from the tiny one, "Tiny convnet, changed"."""
    app.query_params["design"] = links.encode({**LESSON, "name": "Tiny convnet, changed"})
    app.query_params["net"] = "design"
    app.run()
    assert field(app, "Name of the design").value == "Lesson convnet"
    assert app.session_state["design_draft"] == LESSON
    assert app.session_state["network"] == "design"


def test_one_click_clears_the_design_and_says_what_to_add_first(home):
    press(home, "clear_design")
    assert box(home, "Start the design from").value == "empty"
    assert home.session_state["design_draft"] == EMPTY.to_dict()
    assert any("Add a convolution" in text.value for text in home.markdown)
    assert any("can be trained" in text.value for text in home.markdown)
    assert not any(":red[" in text.value for text in home.markdown)
    assert "clear_design" not in [button.key for button in home.button]
    press(home, "undo")
    assert box(home, "Start the design from").value == "lesson"


def test_the_buttons_of_the_editor_have_words_for_names(home):
    select(home, 1)
    names = {button.key: button.label for button in home.button}
    assert names["layer_up"] == "Move up"
    assert names["layer_down"] == "Move down"
    assert names["layer_remove"] == "Remove"


@pytest.mark.parametrize("index", range(8))
def test_every_control_of_the_editor_has_its_help(home, index):
    select(home, index)
    of_layer = [w for w in (*home.selectbox, *home.number_input) if w.key and w.key.startswith("layer-")]
    assert all(widget.help for widget in of_layer)
    kind = LAYER_TYPES[LESSON["layers"][index]["type"]]
    assert len(of_layer) == len(kind.settings())
    assert any(kind.about in text.value for text in home.markdown)


def curated(words):
    """As axe-core compares a name with what can be seen: punctuation left out, spaces made one."""
    kept = "".join(" " if unicodedata.category(sign).startswith("P") else sign for sign in words)
    return " ".join(kept.lower().split())


def test_what_a_screen_reader_says_of_a_row_holds_what_can_be_seen_of_it():
    for draft in (LESSON, draft_edits.removed(LESSON, 5), EMPTY.to_dict()):
        for row in layer_editor.rows_of(draft, inspect_draft(draft))[1:]:
            visible = " ".join((row.name, row.settings, row.shape, row.parameters))
            assert curated(visible) in curated(layer_editor._label(row))


def test_the_menu_of_layers_is_named_in_plain_words(home):
    menu = next(one.proto for one in home.get("menu_button"))
    assert menu.label == "Add a layer"


@pytest.mark.parametrize("preset", PRESETS)
def test_the_editor_opens_for_every_layer_of_every_preset(home, preset):
    box(home, "Start the design from").set_value(preset).run() if preset != "lesson" else None
    for index in range(len(PRESETS[preset].layers)):
        select(home, index)
        assert not home.exception


def test_a_link_with_unusual_but_honest_numbers_can_be_shown_and_corrected(app):
    odd = {**with_first_layer(filters=0, kernel_size=9, strides=7, activation="swish"), "name": "Eva’s net"}
    odd["layers"].insert(2, {"type": "dropout", "rate": 0.123})
    app.query_params["design"] = links.encode(odd)
    app.run()
    for index in range(len(odd["layers"])):
        select(app, index)
        assert not app.exception
    assert links.decode(app.session_state["design"]) == odd


@pytest.mark.parametrize(
    "text", ["1.", "1.x", "A" * 100_000, "1.AAAA", "../../etc", "null", links.encode({"layers": 3})]
)
def test_a_broken_link_opens_the_lesson_with_one_sentence(app, text):
    app.query_params["design"] = text
    app.run()
    assert not app.exception
    assert app.session_state["network"] == "pretrained:lesson"
    said = [text.value for text in app.markdown if "in this link" in text.value]
    assert len(said) == 1


@pytest.mark.parametrize(
    "network", ["run:AAAAAAAAAAA", "run:../../x", "pretrained:none", "nonsense", "design:x"]
)
def test_a_network_that_is_not_here_is_replaced_and_said_so(app, network):
    app.query_params["net"] = network
    app.run()
    assert not app.exception
    assert app.session_state["network"] == "pretrained:lesson"
    assert any("not on this server" in text.value for text in app.markdown)


def test_runs_are_listed_and_a_strangers_run_can_be_watched(app):
    from cnn_core.runs import RunStore
    from cnn_core.training import TrainSpec

    store = RunStore()
    theirs = store.submit(PRESETS["tiny"], TrainSpec(), dataset="mnist", owner="a stranger's secret token")
    mine = [
        store.submit(PRESETS["mlp"], TrainSpec(seed=seed), dataset="mnist", owner="m" * 22) for seed in (1, 2)
    ]
    app.session_state["visitor"] = "m" * 22
    app.query_params["net"] = f"run:{theirs}"
    app.run()
    assert not app.exception
    options = box(app, "Network").options
    assert options[3:] == [
        "My run, waiting",
        "My run, waiting (2)",
        "Shared run, waiting",
        "My design, not trained yet",
    ]
    assert box(app, "Network").value == f"run:{theirs}"
    assert box(app, "Start the design from").value == "tiny"
    box(app, "Network").set_value(f"run:{mine[0]}").run()
    assert app.session_state["network"] == f"run:{mine[0]}"
    assert box(app, "Start the design from").value == "mlp"


# ---------------------------------------------------------------- a design is checked once, and never read back


WITH_THE_NETWORK = """
import streamlit as st
from pages.ui.forms.sidebar import sidebar
from pages.ui.visitor import networks
with st.sidebar:
    sidebar()
st.session_state["parameters"] = sum(weight.numel() for weight in networks.current().net.parameters())
"""


@pytest.fixture
def calls(monkeypatch):
    """How often a design was checked, and how often a link was read."""
    counted = {"inspected": 0, "decoded": 0}

    def counting(name, function):
        def counted_call(*args):
            counted[name] += 1
            return function(*args)

        return counted_call

    monkeypatch.setattr(design, "inspect_draft", counting("inspected", inspect_draft))
    monkeypatch.setattr(links, "decode", counting("decoded", links.decode))
    design.of_a_preset.cache_clear()  # what another test had checked
    return counted


def test_from_the_sidebar_to_the_built_network_a_design_is_checked_once_and_no_link_is_read(calls):
    app = AppTest.from_string(WITH_THE_NETWORK, default_timeout=30).run()
    calls.update(inspected=0, decoded=0)
    box(app, "Start the design from").set_value("mlp").run()
    assert app.session_state["parameters"] == 407_050
    assert calls == {"inspected": 1, "decoded": 0}
    app.run()
    assert calls == {"inspected": 1, "decoded": 0}  # nothing changed, so nothing is checked again
    press(app, "undo")
    assert app.session_state["parameters"] == 93_322
    assert calls == {"inspected": 1, "decoded": 0}  # a preset as it comes is checked once for everybody


def test_a_link_that_was_opened_is_read_once(calls):
    app = AppTest.from_string(WITH_THE_NETWORK, default_timeout=30)
    app.query_params["design"] = links.encode(with_first_layer(filters=7))
    app.run().run()
    assert calls == {"inspected": 1, "decoded": 1}
    assert box(app, "Start the design from").value == "own"


def test_a_page_cannot_change_the_design_by_what_it_was_given(home):
    box(home, "Start the design from").set_value("mlp").run()
    before = copy.deepcopy(home.session_state["design_draft"])
    inspected = home.session_state["design_inspection"][0]
    inspected["layers"].clear()
    home.run()
    assert home.session_state["design_draft"] == before
    assert any("**407,050 parameters**" in text.value for text in home.markdown)
