"""Validation above training: it is noticed beyond chance only, and each reason is one that this very recipe has."""

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.training import TrainSpec
from cnn_core.training.ahead import validation_ahead
from cnn_core.training.history import Curve, History

DROPPING = ModelSpec.from_dict(
    {
        "name": "dropping",
        "layers": [
            {"type": "flatten"},
            {"type": "dropout", "rate": 0.5},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)
PLAIN = PRESETS["tiny"]


def history(training=0.80, validation=0.95, measured=0.951):
    points = 20  # to the end of the second epoch
    train = Curve(
        list(range(points)),
        [2 * (i + 1) / points for i in range(points)],
        [0.5] * points,
        [training] * points,
    )
    read = Curve([0, points - 1], [1.0, 2.0], [0.2, 0.2], [0.5, validation])
    alike = Curve() if measured is None else Curve([0, points - 1], [1.0, 2.0], [0.2, 0.2], [0.5, measured])
    return History(train, read, measured=alike)


def test_with_nothing_that_makes_learning_harder_only_the_change_of_the_network_is_left():
    lead = validation_ahead(PLAIN, TrainSpec(label_smoothing=0.1), history(), 5_000)
    assert (lead.training, lead.validation, lead.measured) == (pytest.approx(0.80), 0.95, 0.951)
    assert (lead.dropout, lead.changes, lead.wrong_labels) == (False, False, 0.0)
    assert lead.is_explained


@pytest.mark.parametrize(
    ("spec", "recipe", "reasons"),
    [
        (DROPPING, TrainSpec(), (True, False, 0.0)),
        (PLAIN, TrainSpec(augment=AugmentSpec.lesson()), (False, True, 0.0)),
        (PLAIN, TrainSpec(augment=AugmentSpec()), (False, False, 0.0)),  # changes nothing
        (PLAIN, TrainSpec(label_noise=0.3), (False, False, 0.3)),
        (DROPPING, TrainSpec(label_noise=0.1, augment=AugmentSpec.lesson()), (True, True, 0.1)),
    ],
)
def test_the_reasons_are_those_of_design_and_recipe(spec, recipe, reasons):
    lead = validation_ahead(spec, recipe, history(), 5_000)
    assert (lead.dropout, lead.changes, lead.wrong_labels) == reasons


def test_attacked_images_are_a_reason_too():
    assert validation_ahead(PLAIN, TrainSpec(adversarial=0.1), history(), 5_000).attacks == 0.1
    assert validation_ahead(PLAIN, TrainSpec(), history(), 5_000).attacks == 0


@pytest.mark.parametrize(
    ("training", "validation"), [(0.95, 0.90), (0.95, 0.95), (0.95, 0.953), (0.95, 0.96)]
)
def test_below_alike_or_within_chance_nothing_is_said(training, validation):
    assert validation_ahead(PLAIN, TrainSpec(), history(training, validation), 500) is None


def test_a_lead_that_remains_when_both_are_read_alike_is_not_explained_by_the_reading():
    assert validation_ahead(DROPPING, TrainSpec(), history(measured=0.85), 5_000).is_explained is False
    assert validation_ahead(DROPPING, TrainSpec(), history(measured=0.945), 5_000).is_explained is True
    assert validation_ahead(DROPPING, TrainSpec(), history(measured=None), 5_000).is_explained is None


def test_before_the_first_validation_there_is_nothing_to_compare():
    assert validation_ahead(PLAIN, TrainSpec(), History(), 500) is None
