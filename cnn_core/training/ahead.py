"""Validation above training: which reason holds, from what was measured.

A network is often better on images it has never been shown than on those it learns from, and then nothing is wrong.
The training curve is measured on each batch before its step, as the network meets it: turned and shifted, half of
it attacked, with units switched off, against labels of which some may be wrong. The validation images are read
after the step, unchanged, by all units, with their true labels. (Smoothed labels are no reason here: no reported
loss has any smoothing in it.)
"""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.model.layers import Dropout
from cnn_core.model.spec import ModelSpec
from cnn_core.significance import beyond_chance
from cnn_core.training.history import Curve, History
from cnn_core.training.spec import TrainSpec

LATELY = 0.25  # epochs before a validation whose batches it is compared with
MEASURED_IMAGES = 500  # training images that are read as the validation images are
AT_LEAST = 0.005  # a lead that is worth a word, a fraction


@dataclass(frozen=True)
class Ahead:
    """A validation that is above training, in fractions of images.

    training:     the mean over the batches of the last quarter epoch.
    validation:   of the images kept aside.
    measured:     of training images, read as those are; None where that was not measured.
    dropout, changes: whether the recipe or the design has them.
    wrong_labels: the share of labels that are wrong.
    attacks:      the size of the attacks on every second image, of full contrast; 0 for none.
    is_explained: whether training images that are read alike are about as good, but for chance; None likewise.
    """

    training: float
    validation: float
    measured: float | None
    dropout: bool
    changes: bool
    wrong_labels: float
    is_explained: bool | None
    attacks: float = 0.0


def validation_ahead(
    spec: ModelSpec,
    recipe: TrainSpec,
    history: History,
    validation_images: int,
    measured_images: int = MEASURED_IMAGES,
) -> Ahead | None:
    """Why the last validation is above training; None where it is not, or by no more than chance.

    validation_images, measured_images: how many were read.
    """
    curve = history.validation
    lately = _lately(history.train, curve.epoch[-1] if len(curve) else 0.0)
    if not len(curve) or not lately or not validation_images:
        return None
    training, validation = sum(lately) / len(lately), curve.accuracy[-1]
    batches = max(1, len(lately)) * recipe.batch_size
    if validation - training < AT_LEAST or not beyond_chance(
        training, validation, batches, validation_images
    ):
        return None
    measured = _measured_at(history.measured, curve.step[-1])
    explained = (
        None
        if measured is None
        else measured >= validation
        or not beyond_chance(measured, validation, measured_images, validation_images)
    )
    return Ahead(
        training=training,
        validation=validation,
        measured=measured,
        dropout=has_dropout(spec),
        changes=recipe.augment is not None and not recipe.augment.changes_nothing,
        wrong_labels=recipe.label_noise,
        is_explained=explained,
        attacks=recipe.adversarial,
    )


def has_dropout(spec: ModelSpec) -> bool:
    """Whether some units are switched off while it learns."""
    return any(isinstance(layer, Dropout) and layer.rate > 0 for layer in spec.layers)


def _lately(train: Curve, end: float) -> list[float]:
    """The accuracies of the batches shortly before `end`, in epochs; at least of the last point before it."""
    before = [(at, value) for at, value in zip(train.epoch, train.accuracy, strict=True) if at <= end]
    lately = [value for at, value in before if at > end - LATELY]
    return lately or [value for _, value in before[-1:]]


def _measured_at(measured: Curve, step: int) -> float | None:
    return measured.accuracy[-1] if len(measured) and measured.step[-1] == step else None
