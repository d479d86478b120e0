"""The sentences of the Train page, each from a run in the store; no page is drawn."""

import doctest

import pytest

from cnn_core.model import PRESETS, Conv2D, Dense, Flatten, ModelSpec, summarize
from cnn_core.runs import RunStore
from cnn_core.runs.expectation import Expectation
from cnn_core.training import RECIPES
from pages.train import words
from pages.train.live import seconds_between
from pages.ui.wording import run_states
from tests.pages.test_train import OWNER, batch, tell, validated

LESSON = RECIPES["lesson"]


@pytest.fixture
def store():
    return RunStore()


def a_run(store, *events, preset="lesson", recipe=LESSON, **status):
    """A run that a worker has told this of; without a state it waits."""
    run_id = store.submit(PRESETS[preset], recipe, owner=OWNER)
    if status:
        store.take(store.next_ticket())
        tell(store, run_id, *events, **status)
    return store.run(run_id)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


def test_a_run_is_drawn_sooner_while_its_first_step_may_come_at_any_moment(store):
    run, before = a_run(store), store.submit(PRESETS["mlp"], LESSON, owner="b" * 22)
    assert seconds_between(run) < 1.0
    assert seconds_between(store.run(before)) == 1.0  # it waits for its turn
    store.take(store.next_ticket())
    told = [
        ({"reason": "Getting ready."}, False),
        ({"state": "running", "reason": ""}, False),
        ({"reason": "Fetching MNIST: 12 %."}, True),
        ({"reason": "", "step": 1, "steps": 315}, True),
    ]
    for change, is_calm in told:
        tell(store, run.id, **change)
        assert (seconds_between(run.at_once()) == 1.0) is is_calm, change
    tell(store, run.id, state="finished", result={"accuracy": 0.97, "count": 500})
    store.done(run.id)
    assert seconds_between(run.at_once()) is None


def test_a_run_that_waits_has_a_place_and_no_answer(store):
    run = a_run(store)
    # Nobody is ahead: then it does not wait, it gets ready.
    assert words.verdict(run, 500) == "It is getting ready."
    assert words.state(run) == "Getting ready. You may leave this page."
    later = store.run(store.submit(run.spec, LESSON.replace(seed=9), owner=OWNER))
    assert words.verdict(later, 500) == "Not yet: it waits for its turn."
    assert words.state(later).startswith("Waiting: 1 run is ahead of yours")


@pytest.mark.parametrize(
    ("epoch", "accuracy", "answer"),
    [
        (2.5, 0.951, "Yes. After 2.5 of 5 epochs it reads **95.1 %** of 500 digits it has never been shown."),
        (0.2, 0.2, "It has just begun. After 0.2 of 5 epochs it reads **20.0 %** of 500 digits"),
        (1.0, 0.11, "of 500 digits it has never been shown. Guessing gives 10.0 %."),
    ],
)
def test_the_answer_of_a_run_in_training_holds_it_against_guessing(store, epoch, accuracy, answer):
    run = a_run(store, validated(100, epoch, accuracy), state="running", step=100, epoch=epoch)
    assert answer in words.verdict(run, 500)


def test_the_violet_line_says_what_makes_its_images_harder(store):
    run = a_run(store, preset="tiny", recipe=LESSON.replace(adversarial=0.1, label_noise=0.2))
    attacked = "every second one attacked by ±0.1 per pixel and with 20 % wrong labels. The amber"
    assert attacked in words.curves(run, 0)
    assert "attacked" not in words.curves(a_run(store, preset="tiny"), 0)


def test_before_the_first_validation_it_only_begins(store):
    assert words.verdict(a_run(store, state="running"), 500) == "It is about to begin."


def test_what_it_learns_is_told_before_the_first_validation(store):
    run = a_run(store, batch(50, 0.8, 1.1, 0.654), state="running", step=50)
    assert (
        words.verdict(run, 500)
        == "It has begun: of the digits in its last batches it read **65.4 %** rightly."
    )


def test_the_end_names_what_was_tested(store):
    result = {"accuracy": 0.9903, "loss": 0.03, "count": 500}
    run = a_run(store, state="finished", epoch=5.0, step=315, seconds=43.0, result=result)
    assert words.verdict(run, 500) == "Finished: **99.0 %** of 500 test digits, in 43 s."
    assert words.state(run) == "Finished · 43 s of training, 315 steps"


def test_batch_normalisation_is_blamed_only_while_it_trains(store):
    curves = batch(100, 0.1, 0.2, 0.95), validated(100, 0.1, 0.11)
    run = a_run(store, *curves, preset="modern", state="running", step=100)
    assert words.YOUNG_AVERAGES in words.verdict(run, 500)
    store.set_status(run, state="stopped")
    assert words.YOUNG_AVERAGES not in words.verdict(run, 500)


def test_a_state_says_what_is_going_on_in_the_words_of_every_page(store):
    run = a_run(store, state="running", step=9, images_per_second=6382.0, eta=22.0, reason="On one thread.")
    assert words.state(run) == (
        ":small[Running · 6,380 images/s · about 22 s left]  \n:small[:gray[On one thread.]]"
    )
    store.set_status(run, state="paused", epoch=2.5)
    assert words.state(run) == run_states.state_words(run) == "Paused after 2.5 epochs. Nothing is lost."
    store.set_status(run, state="failed", epoch=1.2, reason="The loss became infinite.")
    assert words.state(run) == (
        ":red[:material/error: This run failed after 1.2 epochs\\: the loss became infinite.]"
    )
    store.set_status(run, state="interrupted", reason="", saved_epoch=1.0)
    assert words.state(run) == "The machine was restarted. It goes on from epoch 2."


@pytest.mark.parametrize(
    ("recipe", "name", "images"),
    [
        (LESSON, "Lesson recipe", "MNIST digits"),
        # The same but for its length, and for how many images: both are said.
        (
            LESSON.replace(epochs=2, seed=7, train_size=100),
            "Lesson recipe, 2 epochs",
            "MNIST digits, 100 of them",
        ),
        (RECIPES["fast"], "Fast recipe", "MNIST digits"),
        (LESSON.replace(batch_size=32), "Own recipe", "MNIST digits"),
    ],
)
def test_a_run_is_named_by_its_recipe(store, recipe, name, images):
    assert words.facts(a_run(store, recipe=recipe)) == (
        f"**Lesson convnet** :gray[·] {name} :gray[· {images} · batches of {recipe.batch_size}]"
    )


def test_where_nobody_knows_the_accuracy_nothing_is_promised():
    nobody = Expectation(None, "nothing")
    assert words.expected_accuracy(nobody.low, nobody.high, is_sample=False) == "not known yet"
    assert words.why_expected(nobody, "clothes") == (
        "Nobody has trained such a network by this recipe on so many images yet."
    )
    assert words.expected_time(nobody) == "not known yet"
    assert "once something was trained on this machine" in words.why_this_long(nobody)
    assert words.expected_time(Expectation(103.0, "machine")) == "1 min 40 s"


def test_an_expected_accuracy_names_the_trainings_it_comes_from():
    here = Expectation(20.0, "design", 0.952, 0.952, True, "", (4_000, 4_000), 1)
    assert words.why_expected(here, "digits") == (
        "That is what 1 training of this design reached on this server, from 4,000 digits by the same recipe."
    )
    table = Expectation(20.0, "machine", 0.90, 0.96, False, "convnets with relu", (1_000, 2_000), 12)
    assert words.expected_accuracy(table.low, table.high, is_sample=True) == "90 to 96 %"
    assert words.why_expected(table, "digits") == (
        "That is what 12 trainings of convnets with relu reached when we measured it, from 1,000 or 2,000 digits "
        "by the same recipe."
    )


def test_every_image_has_its_use():
    assert words.images_used(4000, 5, 500, 500, "digits") == (
        "It learns from 4,000 digits, 5 times over. 500 are kept aside to see whether it understands or only "
        "remembers, and 500 more are read at the end."
    )
    assert "from 55,000 digits, once. 5,000" in words.images_used(55_000, 1, 5_000, 10_000, "digits")


def test_the_words_about_the_drawn_net_are_true_of_this_net():
    wide_to_small = words.about_diagram(PRESETS["lesson"])
    assert words.SMALLER_AND_MORE in wide_to_small
    assert words.COLUMNS in wide_to_small
    mlp = words.about_diagram(PRESETS["mlp"])
    assert "maps" not in mlp
    assert "a list of numbers" in mlp
    same = ModelSpec(
        "26, 26, 24",
        (1, 28, 28),
        10,
        (
            Conv2D(8),
            Conv2D(8, kernel_size=1),
            Conv2D(8),
            Flatten(),
            Dense(10, activation="softmax"),
        ),
    )
    assert [row.output_shape[1] for row in summarize(same)[:3]] == [26, 26, 24]
    assert words.SMALLER_AND_MORE not in words.about_diagram(same)  # 8, 8 and 8 maps
    assert words.SMALLER_AND_MORE not in words.about_diagram(
        ModelSpec(
            "fewer", (1, 28, 28), 10, (Conv2D(16), Conv2D(8), Flatten(), Dense(10, activation="softmax"))
        )
    )
    assert words.STRONG_AND_FAINT in words.about_diagram(same)  # true on paper and on black


def test_a_run_that_failed_at_once_is_not_said_to_have_never_begun(store):
    run = a_run(store, batch(5, 0.5, 3.0, 0.1), state="failed", step=5, epoch=0.5, reason="It exploded.")
    assert words.verdict(run, 500) == "No. It failed before it was validated for the first time."


@pytest.mark.parametrize(
    ("kept", "asked_for"),
    [
        ((), ["Choose a network in the sidebar and a recipe here.", "change the recipe, or a layer in the sidebar"]),
        (("train.recipe",), ["Change the layers in the sidebar, then press Train.", "change a layer in the sidebar"]),
        (("layers",), ["Choose a recipe here, then press Train.", "Try: change the recipe, and press Train"]),
        (("layers", "train.recipe"), ["nothing so far. Press Train.", "Try: press Train."]),
        (("train",), ["your teacher’s scene leaves training out."]),
    ],
)  # fmt: skip
def test_nobody_is_asked_to_change_what_a_scene_keeps(kept, asked_for):
    said = words.not_in_training(False, kept)
    heard = words.summary_before(PRESETS["tiny"], "mnist", RECIPES["fast"], False, kept)
    assert all(one in f"{said} {heard}" for one in asked_for)
    assert ("recipe" in said) == (not {"train", "train.recipe"} & set(kept))
    assert ("ress Train" in f"{said}{heard}") == ("train" not in kept)
