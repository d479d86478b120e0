"""What the Train page says beside the curves: numbers worked out by hand, sentences true for their run."""

import doctest

import pytest

from cnn_core.model import PRESETS, ModelSpec
from cnn_core.runs import RunStore
from cnn_core.runs.best import Best, write_best
from cnn_core.training import RECIPES
from cnn_core.training.ahead import Ahead
from pages.train import end_words
from pages.ui.wording import run_states
from tests.pages.test_train import OWNER, batch, tell, validated

LESSON = RECIPES["lesson"]


@pytest.fixture
def store():
    return RunStore()


def a_run(store, *events, preset="lesson", recipe=LESSON, best=None, **status):
    run_id = store.submit(PRESETS[preset], recipe, owner=OWNER)
    store.take(store.next_ticket())
    tell(store, run_id, *events, **status)
    run = store.run(run_id)
    if best is not None:
        (run.folder / "snapshots" / "best.safetensors").touch()
        write_best(run.folder, best)
    return run


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(end_words).failed == 0


def test_the_best_epoch_stands_beside_where_the_run_is_now(store):
    curve = validated(70, 7.0, 0.931), validated(90, 9.0, 0.910)
    run = a_run(store, *curve, best=Best(70, 7.0, 0.931), state="running", step=90)
    assert end_words.best_line(run, 500) == (
        "**Best: epoch 7, 93.1 %**; now 91.0 %.  \n"
        ":small[:gray[Both on 500 images kept aside. The best epoch is chosen by them.]]"
    )
    store.set_status(run, state="stopped")
    assert "at the end 91.0 %" in end_words.best_line(run, 500)
    assert "Both on 1 image kept aside. The best epoch is chosen by it." in end_words.best_line(run, 1)


def test_where_the_latest_epoch_is_the_best_it_says_so(store):
    run = a_run(store, validated(70, 7.0, 0.931), best=Best(70, 7.0, 0.931), state="running", step=71)
    assert end_words.best_line(run, 500) == "Best: epoch 7, the latest one, 93.1 %."


def test_before_the_first_epoch_has_ended_none_is_best(store):
    assert end_words.best_line(a_run(store, state="running"), 500) == ""


def test_both_tests_are_told_of_their_own_weights(store):
    result = {"accuracy": 0.912, "count": 500, "other": {"accuracy": 0.928, "loss": 0.2, "count": 500}}
    best = Best(70, 7.0, 0.931)
    run = a_run(store, best=best, state="finished", step=90, epoch=9.0, result=result)
    store.done(run.id)
    assert "On 500 test images: 92.8 % with the weights of epoch 7, 91.2 % with the last ones." in (
        end_words.both_tested(run)
    )
    # With patience the run's own result is that of the best.
    patient = a_run(
        store, best=best, recipe=LESSON.replace(patience=2), state="finished", epoch=4.0, result=result
    )
    assert "91.2 % with the weights of epoch 7, 92.8 % with the last ones." in end_words.both_tested(patient)
    assert end_words.patience_over(patient) == (
        "It stopped by itself: 2 epochs in a row brought nothing better. "
        "It has the weights of its best one, epoch 7."
    )
    store.done(patient.id)
    by_loss = a_run(
        store,
        validated(20, 4.0, 0.9),
        best=best,
        recipe=LESSON.replace(patience=2, monitor="val_loss"),
        state="finished",
        epoch=4.0,
    )
    assert "2 epochs in a row brought no lower loss." in end_words.patience_over(by_loss)
    assert "goes on without patience, from its last epoch" in run_states.more_epochs(patient)
    store.set_status(patient, epoch=5.0)  # it ran through all its epochs
    assert run_states.more_epochs(patient) is None
    assert end_words.patience_over(patient) == "It has the weights of its best one, epoch 7."


def test_after_25_steps_78_per_cent_of_the_averages_are_their_beginning(store):
    curves = batch(25, 5.0, 0.02, 0.993), validated(25, 5.0, 0.114)
    result = {"accuracy": 0.114, "loss": 3.0, "count": 500}
    run = a_run(store, *curves, preset="modern", state="finished", step=25, epoch=5.0, result=result)
    assert end_words.has_old_averages(run)
    assert "after 25 steps **78 %** of them are still the numbers they began with" in end_words.old_averages(
        run
    )
    assert "On its last batches it was right for 99.3 %." in end_words.old_averages(run)
    store.set_status(run, step=900)
    assert not end_words.has_old_averages(run)


def test_averages_measured_anew_name_both_accuracies(store):
    from cnn_core.runs.files import write_json

    run = a_run(store, preset="modern", state="finished", step=25, result={"accuracy": 0.114, "count": 500})
    write_json(run.folder / "remeasured.json", {"accuracy": 0.92, "count": 500, "images": 300})
    assert end_words.remeasured(run) == (
        "With averages measured anew from 300 training images it reads **92.0 %** of 500 test digits, "
        "instead of 11.4 %. Both networks are kept."
    )


def test_batches_of_one_are_explained_by_what_is_left_of_them():
    flat = ModelSpec.from_dict(
        {
            "name": "flat",
            "layers": [
                {"type": "flatten"},
                {"type": "dense", "units": 8},
                {"type": "batch_normalization"},
                {"type": "dense", "units": 10, "activation": "softmax"},
            ],
        }
    )
    assert "0 is left of it, whatever the image" in end_words.lacks_batch(flat, 1)
    assert "measured against itself" in end_words.lacks_batch(PRESETS["modern"], 1)
    assert end_words.lacks_batch(PRESETS["modern"], 2) == ""
    assert end_words.lacks_batch(PRESETS["lesson"], 1) == ""


def lead(**changes):
    usual = {
        "training": 0.91,
        "validation": 0.96,
        "measured": 0.962,
        "dropout": False,
        "changes": False,
        "wrong_labels": 0.0,
        "is_explained": True,
    }
    return end_words.ahead(Ahead(**(usual | changes)), 500)


def test_a_lead_of_validation_is_told_with_its_numbers_and_this_recipes_reason():
    assert lead(dropout=True) == (
        "**Validation is above training**: 96.0 % against 91.0 % over the last quarter of an epoch. "
        "Dropout switches units off only while it learns. "
        "500 training images, read as the validation images are, give 96.2 %: nothing is left of the lead."
    )
    assert "30 % of the labels it learns from are wrong" in lead(wrong_labels=0.3)
    assert "every second image is attacked" in lead(attacks=0.1)
    assert "attacked" not in lead(dropout=True)
    assert "the random changes act only while it learns" in lead(dropout=True, changes=True)
    assert "the network has become better since" in lead()
    assert "ropout" not in lead(changes=True)
    assert lead(measured=0.955).endswith("what is left, +0.5 points, is within chance.")
    assert lead(measured=0.92, is_explained=False).endswith(
        "+4.0 points are left, so the images kept aside are also easier for it."
    )
    assert "500 training images" not in lead(measured=None)


def test_what_was_trained_already_is_named_with_its_seed_and_its_other_name(store):
    run = a_run(store, state="finished")
    words = end_words.trained_already(run, run.name, run.created)
    assert words.startswith("**You have trained this already**, today at ")
    assert "the same layers, recipe, images and seed 0." in words
    assert "called" not in words
    assert "It is called “Lesson convnet” and has the same layers." in end_words.trained_already(run, "Mine")
    assert " on " in end_words.trained_already(run, run.name, run.created + 3 * 86400)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"state": "running", "epoch": 0.5}, "Training has begun."),
        ({"state": "running", "epoch": 2.1}, "2 epochs of 5 done. Validation accuracy 95.1 %."),
        ({"state": "running", "epoch": 2.8}, "2 epochs of 5 done."),
        ({"state": "paused", "epoch": 2.8}, "Paused."),
        ({"state": "finished", "result": {"accuracy": 0.99}}, "Finished. Test accuracy 99.0 %."),
    ],
)
def test_a_screen_reader_hears_of_epochs_and_of_the_end(store, status, words):
    assert end_words.spoken(a_run(store, validated(126, 2.0, 0.951), **status)) == words


def test_a_run_that_goes_on_is_named_with_what_it_reads_so_far(store):
    run = a_run(store, validated(20, 0.3, 0.65), state="running")
    assert end_words.goes_on(run) == "Your run of Lesson convnet goes on: 65.0 % so far."


def test_going_on_says_from_where(store):
    assert end_words.from_where(0).startswith("It goes on from its beginning.")
    assert "from step 1,240, the last one with a sound loss" in end_words.from_where(1240)
    assert end_words.go_on(True, 0.001) == "Go on with rate 0.001"
    assert end_words.go_on(False, 0.001) == "Go on"
