"""The page "My data", and every other page on a network that learnt from own pictures, also when these have changed."""

import numpy as np
import pytest

from cnn_core.data.own import Brought, NewPicture, Shelf, bring_zip, frozen_key
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, fitted
from cnn_core.runs import RunStore
from pages.my_data.reading import Reading
from tests.pages.app import OWNER, kept_run, open_page, text

PAGE = "pages/9_my_data.py"
GUEST = "g" * 22
OTHERS = [
    "pages/2_train.py",
    "pages/3_evaluate.py",
    "pages/4_feature_maps.py",
    "pages/5_filters.py",
    "pages/6_deep_dream.py",
    "pages/7_augmentation.py",
    "pages/8_runs.py",
    PAGE,
]

pytestmark = pytest.mark.usefixtures("no_runner")


def filled(counts=(18, 16, 7), colour=False):
    one = Shelf().make(OWNER, colour=colour, classes=("house", "fish", "star")[: len(counts)])
    rng = np.random.default_rng(0)
    for number, count in enumerate(counts):
        size = 3072 if colour else 784
        pixels = [rng.integers(0, 256, size, dtype=np.uint8).tobytes() for _ in range(count)]
        one.add(OWNER, number, [NewPicture(each, "thing" if colour else "draw") for each in pixels])
    return one


def test_a_visitor_without_pictures_sees_a_pad_and_what_to_do(app):
    page = open_page(app, PAGE)
    assert "Two things or more, and about ten pictures of each" in text(page)
    assert page.button(key="data_train").disabled
    assert Shelf().of(OWNER) == []  # looking makes nothing


def test_a_set_is_shown_with_its_counts_and_how_little_two_say(app):
    filled()
    page = open_page(app, PAGE)
    assert "Three classes, **41** pictures." in text(page)
    assert "of 7 pictures of star only 2 are kept for testing, and two say little" in text(page)
    assert "learns from 27. 3 show during training how it gets on, and 11 test it" in text(page)
    assert page.button(key="data_train").label.count("Train on 41") == 1


def test_train_asks_for_a_run_with_small_batches_and_random_changes_on_these_classes(app):
    one = filled()
    page = open_page(app, PAGE)
    page.button(key="data_train").click().run()
    assert not page.exception
    run = RunStore().latest(OWNER)
    assert run.dataset == frozen_key(one.key)
    assert (run.spec.classes, run.recipe.batch_size, run.recipe.epochs) == (3, 16, 20)
    assert run.recipe.augment is not None
    assert run.name == "My set 1"


def test_without_random_changes_none_are_made(app):
    filled()
    page = open_page(app, PAGE)
    page.toggle(key="data_changes").set_value(False).run()
    page.button(key="data_train").click().run()
    assert RunStore().latest(OWNER).recipe.augment is None


def test_more_pictures_make_another_run_and_the_same_pictures_the_same(app):
    one = filled()
    spec = fitted(PRESETS["tiny"], one.shape, 3)
    from cnn_core.training import TrainSpec

    store = RunStore()
    first = store.submit(spec, TrainSpec(), one.key, OWNER)
    assert store.submit(spec, TrainSpec(), one.key, OWNER) == first
    one.add(OWNER, 0, [NewPicture(bytes(range(256)) * 3 + bytes(16), "draw")])
    assert store.submit(spec, TrainSpec(), one.key, OWNER) != first


def test_a_class_is_added_renamed_taken_out_and_brought_back(app):
    one = filled((3, 3))
    page = open_page(app, PAGE)
    page.button(key="data_add_class").click().run()
    assert [own.name for own in one.contents().classes] == ["house", "fish", "first thing"]
    page.button(key="data_class_out_1").click().run()
    assert [own.name for own in one.contents().classes] == ["house", "first thing"]
    assert "3 pictures taken out with fish." in text(page)
    page.button(key="data_undo").click().run()
    assert [own.name for own in one.contents().classes] == ["house", "fish", "first thing"]
    names = {field.label: field for field in page.text_input}
    names["Name of class 1"].set_value("<i>hut</i>").run()
    assert not page.exception
    assert one.contents().classes[0].name == "i hut /i"


def test_a_link_lets_somebody_else_in_and_shows_them_nothing_to_change_it_with(app):
    one = filled((3, 3))
    app.query_params["data"] = one.share(OWNER)
    page = open_page(app, PAGE, owner=GUEST)
    assert "Two classes, **6** pictures." in text(page)
    assert one.is_guest(GUEST)
    keys = {button.key for button in page.button}
    assert not keys & {"data_add_class", "data_remove", "data_class_out_0", "data_link", "data_stop"}


def test_a_link_that_leads_nowhere_is_said_on_the_page(app):
    app.query_params["data"] = "x" * 11
    page = open_page(app, PAGE, owner=GUEST)
    assert "This link leads to no data set" in text(page)


def test_the_owner_sees_who_added_what_and_takes_it_out(app):
    one = filled((3, 3))
    Shelf().open_link(one.share(OWNER), GUEST).add(GUEST, 0, [NewPicture(bytes(784), "draw")], "Ana")
    page = open_page(app, PAGE)
    assert "Ana :gray[· 1 picture]" in text(page)
    page.button(key=f"data_out_{one.contents().contributors()[-1].by}").click().run()
    assert one.contents().count() == 6
    page.button(key="data_stop").click().run()
    assert not one.link_key


def test_one_button_removes_the_set(app):
    one = filled((3, 3))
    page = open_page(app, PAGE)
    page.button(key="data_remove").click().run()
    assert not page.exception
    assert one.is_removed
    assert Shelf().of(OWNER) == []
    assert "Two things or more, and about ten pictures of each" in text(page)


def test_own_sets_can_be_chosen_on_the_train_page(app):
    one = filled()
    page = open_page(app, "pages/2_train.py")
    choice = page.selectbox(key="recipe_dataset")
    assert "My set 1 (my data)" in choice.options
    choice.set_value(one.key).run()
    assert not page.exception
    one.remove(OWNER)
    page.run()
    assert not page.exception


@pytest.mark.parametrize("since", ["as it was", "changed", "removed", "wiped"])
@pytest.mark.parametrize("colour", [False, True])
def test_every_page_opens_on_a_network_that_learnt_from_own_pictures(app, since, colour):
    one = filled(colour=colour)
    spec = fitted(PRESETS["tiny"], one.shape, 3)
    run = kept_run(spec, one.key)
    if since == "changed":
        one.take_out_class(OWNER, 1)
        one.add_class(OWNER, "moon")
        one.take_out(OWNER, [picture.id for picture in one.contents().pictures[:5]])
    elif since == "removed":
        one.remove(OWNER)
    elif since == "wiped":
        import shutil

        shutil.rmtree(one.folder)
    for file in OTHERS:
        page = open_page(app, file, network=f"run:{run}")
        if since == "removed" and file == "pages/3_evaluate.py":
            assert "The pictures of “My set 1” were removed from this server." in text(page)
        if (
            since in ("removed", "wiped") and file == "pages/5_filters.py"
        ):  # what needs no pictures still works
            assert "have a picture" in text(page)
            assert not page.error


@pytest.mark.parametrize(("colour", "way"), [(True, "thing"), (False, "thing"), (False, "draw")])
def test_a_network_is_confused_in_the_way_its_pictures_came(app, colour, way):
    one = Shelf().make(OWNER, colour=colour, classes=("house", "fish"))
    rng = np.random.default_rng(0)
    for number in range(2):
        size = 3072 if colour else 784
        one.add(OWNER, number, [NewPicture(rng.bytes(size), way) for _ in range(6)])
    run = kept_run(fitted(PRESETS["tiny"], one.shape, 2), one.key)
    page = open_page(app, "pages/3_evaluate.py", network=f"run:{run}", view="draw")
    asks_for_photos = "Show it one of your things" in text(page)
    assert asks_for_photos == (way == "thing")


@pytest.mark.parametrize("way", ["draw", "upload"])
def test_feature_maps_takes_a_photo_for_a_network_of_photos(app, way):
    run = kept_run(fitted(PRESETS["tiny"], (3, 32, 32), 3), filled(colour=True).key)
    page = open_page(app, "pages/4_feature_maps.py", network=f"run:{run}", digit_way=way)
    assert not page.exception


@pytest.mark.parametrize(
    "value",
    [None, 3, "x", [3], [[1, 0]], [["1", 0, [9] * 3136]], [[1, 0, [300] * 3136]], [[1, 0, [9] * 3135]],
     [[True, 0, [9] * 3136]],
     [[1, None, [9] * 3136]], [[0, 0, [9] * 3136]], [[2**60, 0, [9] * 3136]], [[1, 0, [0] * 3136]]],
)  # fmt: skip
def test_what_a_browser_says_that_it_holds_is_looked_at_first(value):
    from pages.ui.forms.canvas import _waiting

    assert _waiting(value, 0) == []


def test_a_drawing_that_is_told_twice_is_taken_once():
    from pages.ui.forms.canvas import _waiting

    held = [[3, 0, [9] * 3136], [2, 1, [8] * 3136]]
    assert [(number, drawing.target) for number, drawing in _waiting(held, 1)] == [(2, 1), (3, 0)]
    assert [number for number, _ in _waiting(held, 2)] == [3]


def test_an_upload_that_takes_long_says_how_far_it_is_and_then_what_it_came_to(app):
    one = filled()
    page = open_page(app, PAGE)
    reading = page.session_state["data_reading"] = Reading("data_add", is_a_set=True)
    reading.told(120, 400)
    page.run()
    assert [bar.proto.text for bar in page.get("progress")] == ["120 of 400 pictures read"]
    reading.run(lambda told: (one, Brought(398, refused=(("x.png", StudentError("It is no image.")),) * 2)))
    page.run()
    assert "398 pictures added. 2 were left out: It is no image." in text(page)
    assert not page.get("progress")
    reading = page.session_state["data_reading"] = Reading("data_add")
    reading.run(lambda told: bring_zip(one, "", b"no zip", "thing"))
    page.run()
    assert "The file is not a zip that can be read." in text(page)


def test_how_many_of_its_test_pictures_it_reads_is_guessed_before_it_is_told(asking_app):
    one, store = filled(), RunStore()
    run_id = kept_run(fitted(PRESETS["tiny"], one.shape, 3), one.key)
    store.set_status(store.run(run_id), result={"accuracy": 8 / 11, "loss": 0.9, "count": 11})
    page = open_page(asking_app, PAGE)
    assert "reads **8** of 11 test pictures" not in text(page)
    next(button for button in page.button if button.label.startswith("I say 50 %")).click().run()
    assert not page.exception
    assert "reads **8** of 11 test pictures" in text(page)
    assert (
        "It reads **72.7 %**. Someone who picks one of 3 classes at random is right in 33.3 % of cases."
        in text(page)
    )
    (guess,) = store.notebooks.of(OWNER).guesses
    assert (guess.said, guess.measured) == (50, 72.7273)
