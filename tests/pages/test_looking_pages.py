"""Home, Evaluate, Feature maps, Filters and Runs on every kind of network: each shows something true."""

import pytest

from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.training import save_model
from tests.pages.app import OWNER, kept_run, open_page, text

PAGES = {
    "evaluate": "pages/3_evaluate.py",
    "feature maps": "pages/4_feature_maps.py",
    "filters": "pages/5_filters.py",
    "runs": "pages/8_runs.py",
}


@pytest.fixture
def finished_run():
    return kept_run(PRESETS["tiny"])


def press(app, label):
    next(button for button in app.button if label in button.label).click().run()


def test_home_shows_a_digit_on_its_way_through_a_trained_network(asking_app):
    app = asking_app.run()
    assert not app.exception
    assert "**conv2d_3** :gray[64 maps of 3×3]" in text(app)
    assert "The network reads" not in text(app)  # first one guesses
    assert "**one-hot**: A label written as a list of numbers" in text(app)
    press(app, "Show the answer")
    assert "The network reads a **7**" in text(app)


def test_home_tells_a_guess_beside_the_answer_and_asks_only_once(asking_app):
    app = asking_app.run()
    for wrong in "12":
        assert "The network reads a **7**" not in text(app)
        app.button[[button.label for button in app.button].index(wrong)].click().run()
        assert ("The network gives 1 under 0.1 %." in text(app)) == (wrong == "1")
    assert "You said 2. The answer is 7. The network reads a **7**" in text(app)
    assert "1" not in [button.label for button in app.button]


def test_home_asks_of_a_drawing_and_asks_anew_when_the_pad_was_cleared(asking_app):
    stroke = [255 if 12 <= i // 56 <= 44 and 26 <= i % 56 <= 30 else 0 for i in range(56 * 56)]
    app = asking_app
    app.session_state["drawings"] = {"home_pad": [stroke, stroke]}
    app.run()
    assert not app.exception
    assert "What will the network read?" in text(app)
    press(app, "1")
    assert "The network reads a **1**" in text(app)
    app.session_state["drawings"] = {"home_pad": [None, None]}
    app.session_state["home_pad"] = {"pixels": None}
    app.run()
    app.session_state["drawings"] = {"home_pad": [stroke, stroke]}
    app.session_state["home_pad"] = {"pixels": stroke}
    app.run()
    assert "The network reads" not in text(app)


def test_home_begins_the_lesson_and_shows_no_maps_of_a_network_without_any(app):
    app.query_params["net"] = "pretrained:mlp"
    app.run()
    assert "This network has no convolution" in text(app)
    assert "Each tile" not in text(app)
    links = [link.proto.page for link in app.get("page_link")]
    assert links.index("convolution") < links.index("train")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("network", ["pretrained:lesson", "pretrained:mlp", "pretrained:modern"])
def test_every_page_opens_on_every_ready_network(app, page, network):
    open_page(app, PAGES[page], network)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("preset", ["lenet5", "tiny"])
def test_every_page_opens_on_an_untrained_design(app, page, preset):
    open_page(app, PAGES[page], "design", PRESETS[preset].to_dict())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_design_that_cannot_work(app, page):
    broken = PRESETS["lesson"].to_dict()
    broken["layers"] = broken["layers"][:-3]
    app = open_page(app, PAGES[page], "design", broken)
    assert "flatten" in text(app)  # the sidebar or the page says what is missing


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_run(app, page, finished_run):
    open_page(app, PAGES[page], f"run:{finished_run}")


def test_feature_maps_name_the_numbers_of_the_lesson(app):
    app = open_page(app, PAGES["feature maps"])
    for heading in ("32 maps of 26×26", "64 maps of 11×11", "64 maps of 3×3"):
        assert heading in text(app)
    # the first of the sample’s test digits
    assert "The network answers **7**, over 99.9 % sure." in text(app)
    assert "Where does this pixel come from?" in text(app)


def test_an_mlp_has_no_feature_maps_and_the_page_offers_the_convnet(app):
    app = open_page(app, PAGES["feature maps"], "pretrained:mlp")
    assert "This network has no feature maps: an MLP looks at all pixels at once." in text(app)
    next(button for button in app.button if button.label == "Look at the convnet").click().run()
    assert app.session_state["network"] == "pretrained:lesson"


def test_evaluate_counts_the_mistakes_on_the_digits_that_are_here(app):
    app = open_page(app, PAGES["evaluate"])
    assert "of 500 test images" in text(app)
    assert "between" in text(app)


def test_filters_say_how_many_have_a_picture(app):
    app = open_page(app, PAGES["filters"])
    assert "filters of conv2d_2 have a picture" in text(app)
    assert "best test image reaches" in text(app)


def test_runs_list_mine_beside_ours_and_delete_can_be_undone(app, finished_run):
    app = open_page(app, PAGES["runs"])
    assert "Tiny convnet" in text(app)
    assert "Lesson convnet, ours" in text(app)
    app.session_state["runs_deleted"] = (finished_run, "Tiny convnet")
    RunStore().delete(finished_run, OWNER)
    app.run()
    app.button(key="undo_delete").click().run()
    assert not app.exception
    assert RunStore().run(finished_run).status.state == "finished"


def test_the_replay_of_the_lesson_tells_how_it_came_to_read(app):
    app = open_page(app, PAGES["runs"])
    app.session_state["runs_view"] = "Replay"
    app.run()
    assert not app.exception
    assert "At the start it read no. 0, a 7, as 6. Now it reads it as **7**, over 99.9 % sure." in text(app)


def test_another_digit_has_its_own_strongest_pixel_until_one_is_clicked(app):
    app = open_page(app, PAGES["feature maps"])
    asked = {line for line in text(app).splitlines() if "Click any map, then any pixel" in line}
    app.session_state["digit"] = 5
    app.run()
    assert asked != {line for line in text(app).splitlines() if "Click any map, then any pixel" in line}
    app.session_state["pixel"] = ("conv2d_1", 3, 4, 5)
    app.run()
    assert "conv2d_1, map 3, row 4, column 5" in text(app)


def test_two_seeds_without_curves_yet_are_named_and_not_drawn(app, finished_run):
    store = RunStore()
    run = store.run(finished_run)
    other = store.submit(run.spec, run.recipe.replace(seed=1), owner=OWNER, name="Tiny, seed 1")
    app.session_state["runs_chosen"] = [f"run:{finished_run}", f"run:{other}"]
    app = open_page(app, PAGES["runs"])
    assert "2 seeds of Tiny convnet: wait until two have finished." in text(app)


def test_train_another_leaves_the_finished_run_for_its_design(app, finished_run):
    app = open_page(app, "pages/2_train.py", f"run:{finished_run}")
    app.button(key="again").click().run()
    assert not app.exception
    assert app.session_state["network"] == "design"
    assert "This network is not in training" in text(app)


def test_a_saved_network_is_tested_when_it_is_opened(tmp_path):
    store = RunStore()
    save_model(tmp_path / "net", load("lesson"), load("lesson").spec)
    content = (tmp_path / "net").read_bytes()
    result = store.run(store.adopt(content, "from a friend", OWNER)).status.result
    assert result["count"] in (500, 10_000)
    assert 0.98 <= result["accuracy"] <= 1


@pytest.mark.parametrize("view", ["confusion", "mistakes"])
@pytest.mark.parametrize(("network", "is_offered"), [("pretrained:mlp", False), ("pretrained:lesson", True)])
def test_evaluate_promises_feature_maps_only_of_a_network_that_has_some(app, view, network, is_offered):
    app.query_params["view"] = view
    app.query_params["net"] = network
    app = open_page(app, PAGES["evaluate"])
    assert not app.exception
    assert ("Click an image to see its feature maps." in text(app)) == is_offered


@pytest.mark.parametrize(
    ("page", "network", "lines"),
    [
        ("4_feature_maps", "pretrained:lesson", ["feature_maps(net, image)[layer]", "net.named_children()"]),
        ("5_filters", "pretrained:lesson", ["maximize_filters(net, ", "recipe = RECIPES["]),
        ("4_feature_maps", "design", ["ModelSpec.from_link(design)"]),
        ("6_deep_dream", "pretrained:lesson", ["dreamt = dream("]),
    ],
)
def test_the_code_of_a_picture_stands_beside_it(app, page, network, lines):
    app.query_params["net"] = network
    app = open_page(app, f"pages/{page}.py", code_maps=True, code_filters=True, code_dream=True)
    assert not app.exception
    blocks = list(app.code)
    for line in lines:
        assert any(line in block.value for block in blocks), line
    in_python = [block.value for block in blocks if block.language == "python"]
    assert len(in_python) >= len(blocks) / 2  # R stands beside it
    for block in in_python:
        compile(block, "cell", "exec")
