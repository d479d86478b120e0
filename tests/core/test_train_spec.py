"""Recipes: only possible ones can be built, and they go through JSON unharmed."""

import json

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError, shown
from cnn_core.training import (
    RECIPES,
    BatchDone,
    Control,
    Finished,
    SnapshotDue,
    TrainSpec,
    Validated,
)

NAN = float("nan")


def test_the_defaults_are_the_lessons():
    spec = TrainSpec()
    assert RECIPES["lesson"] == spec
    assert (spec.optimizer, spec.learning_rate, spec.batch_size, spec.epochs) == ("rmsprop", 0.001, 64, 5)
    assert (spec.schedule, spec.augment, spec.train_size, spec.label_noise) == ("constant", None, None, 0)


def test_fast_means_adamw_one_cycle_128_images_and_two_epochs():
    fast = RECIPES["fast"]
    assert (fast.optimizer, fast.schedule, fast.batch_size, fast.epochs) == ("adamw", "one_cycle", 128, 2)


@pytest.mark.parametrize(
    "spec",
    [
        *RECIPES.values(),
        TrainSpec(
            augment=AugmentSpec.lesson(), train_size=1000, label_noise=0.2, seed=7, precision="float32"
        ),
        TrainSpec(optimizer="sgd", momentum=0.9, learning_rate=1, label_smoothing=0.1),
    ],
)
def test_a_recipe_survives_json(spec):
    assert TrainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_an_empty_mapping_is_the_lesson():
    assert TrainSpec.from_dict({}) == TrainSpec()


@pytest.mark.parametrize(
    ("field", "value"),
    [(count, bad) for count in ("epochs", "batch_size", "train_size") for bad in (0, -1)]
    + [(count, bad) for count in ("epochs", "batch_size", "seed") for bad in (None, [], True)]
    + [
        (number, bad)
        for number in (
            "epochs",
            "batch_size",
            "train_size",
            "seed",
            "learning_rate",
            "label_noise",
            "momentum",
        )
        for bad in ("5", NAN, 10**30, 10**400, 10**5_000, float("inf"), -1, 1e308, {}, "x" * 10_000, "\ud800")
    ]
    + [("epochs", 2.5), ("epochs", 51), ("batch_size", 4096), ("learning_rate", 0), ("learning_rate", 1e-30)]
    + [
        ("label_noise", 1),
        ("momentum", 1.0),
        ("momentum", 0.9),
        ("weight_decay", 0.1),
        ("label_smoothing", 1),
    ]
    + [("optimizer", "lion"), ("optimizer", None), ("optimizer", ["adam"]), ("schedule", "cosine")]
    + [("precision", "float16"), ("augment", 3), ("augment", "lesson"), ("augment", {"rotation": 90})]
    + [("learnig_rate", 0.1), (3, 4), ("\ud800", 1), (10**5_000, 1)],
    ids=shown,
)
def test_what_cannot_work_is_refused_with_the_value_in_a_short_sentence(field, value):
    with pytest.raises(StudentError) as caught:
        TrainSpec.from_dict({field: value})
    assert caught.value.hint
    assert 20 < len(str(caught.value).encode()) < 400  # a page can show it, half characters it cannot


@pytest.mark.parametrize("values", [None, [], "epochs", 3])
def test_a_recipe_is_a_mapping(values):
    with pytest.raises(StudentError):
        TrainSpec.from_dict(values)


def test_the_server_limits_epochs(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "3")
    assert TrainSpec(epochs=3).epochs == 3
    with pytest.raises(StudentError, match="between 1 and 3"):
        TrainSpec(epochs=4)


def test_our_recipes_exist_whatever_the_limit_and_what_is_made_of_them_is_held_to_it(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_EPOCHS", "3")
    assert TrainSpec.from_dict(RECIPES["lesson"].to_dict(), check_limits=False) == RECIPES["lesson"]
    for changed in (lambda: RECIPES["lesson"].replace(seed=1), lambda: TrainSpec.from_dict({"epochs": 5})):
        with pytest.raises(StudentError, match="between 1 and 3"):
            changed()
    with pytest.raises(StudentError):  # not even there
        TrainSpec(epochs=10**9, check_limits=False)
    with pytest.raises(StudentError, match="has no"):  # and no file or link can ask for it
        TrainSpec.from_dict({"check_limits": False})


@pytest.mark.parametrize(
    "event",
    [
        BatchDone(25, 0.1, 2.3, 0.1, 0.001, 5000.0),
        Validated(25, 0.1, 2.3, 0.1, 5000),
        SnapshotDue(8, 0.1, "scheduled"),
        Finished(4690, 5.0, 31.5),
    ],
)
def test_an_event_is_json_that_names_its_kind_and_its_step(event):
    line = json.loads(json.dumps(event.to_dict()))
    assert line.pop("kind") in ("batch", "validated", "snapshot", "finished")
    assert type(event)(**line) == event


def test_a_control_checks_the_learning_rate_it_carries():
    assert Control().learning_rate is None
    assert Control(learning_rate=1).learning_rate == 1.0
    with pytest.raises(StudentError):
        Control(learning_rate=NAN)
