"""The strip and the popover in which a visitor chooses how to train: data set, recipe, and every number of a recipe.

Used wherever a training can be started. What makes sense is said by the core (`TrainSpec`, `AugmentSpec`).
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnn_core.data import DATASETS, AugmentSpec, available
from cnn_core.errors import StudentError
from cnn_core.settings import settings
from cnn_core.training import RECIPES, TrainSpec
from cnn_core.training.spec import MAX_BATCH_SIZE, OPTIMIZERS, PRECISIONS, SCHEDULES
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import plural

TITLES = {"lesson": "Lesson", "fast": "Fast", "own": "My own"}
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
GENTLE = AugmentSpec(rotation_range=10, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1)
AUGMENTATIONS: dict[str, AugmentSpec | None] = {
    "none": None,
    "gentle": GENTLE,
    "lesson": AugmentSpec.lesson(),
}
_AUGMENTATION_WORDS = {
    "none": "no random changes",
    "gentle": "gentle: ±10°, ±10 %",
    "lesson": "the lesson’s: ±90°, ±20 %",
}


@dataclass(frozen=True)
class Choice:
    """What is to be trained on, and how; `problem` where the numbers do not make a recipe."""

    dataset: str
    title: str  # "Lesson", "Fast", "My own"
    recipe: TrainSpec
    problem: StudentError | None = None


def data_set_and_recipe() -> Choice:
    """Draw the widgets of the control strip, in the container that is open. Their values outlive a page change."""
    kept = {"persist_state": "session", "label_visibility": "collapsed"}
    title = st.segmented_control(
        "Recipe",
        list(TITLES),
        format_func=TITLES.__getitem__,
        default="lesson",
        required=True,
        key="recipe_kind",
        width="content",
        **kept,
    )
    dataset = st.selectbox(
        "Data set",
        list(DATASETS),
        format_func=DATASETS.__getitem__,
        key="recipe_dataset",
        filter_mode=None,
        width=190,
        **kept,
    )
    with st.popover("Options", icon=":material/tune:", width="content"):
        return _options(str(dataset or "mnist"), str(title or "lesson"))


def _options(dataset: str, kind: str) -> Choice:
    base = RECIPES.get(kind, RECIPES["lesson"])
    kept = {"persist_state": "session"}
    images = available(dataset).train or 60_000
    try:
        if kind == "own":
            base = _own_numbers(kept)
        else:
            caption(
                f"{TITLES[kind]} recipe: {base.optimizer}, learning rate {base.learning_rate:g}, "
                f"{base.schedule.replace('_', ' ')}, batches of {base.batch_size}, "
                f"{plural(base.epochs, 'epoch')}. Choose “My own” to change them."
            )
        left, right = st.columns(2)
        train_size = left.select_slider(
            "Images to learn from",
            _sizes(images),
            value=images,
            format_func=lambda size: f"{size:,}",
            key=f"recipe_size_{images}",
            **kept,
        )
        seed = right.number_input("Seed", 0, 2**31, 0, key="recipe_seed", help=_SEED, **kept)
        recipe = base.replace(train_size=None if train_size == images else int(train_size), seed=int(seed))
    except StudentError as error:
        return Choice(dataset, TITLES[kind], RECIPES["lesson"], error)
    return Choice(dataset, TITLES[kind], recipe)


_SEED = (
    "Every random choice follows from it: the first weights, the order of the images. Same seed, same run."
)


def _sizes(images: int) -> list[int]:
    return [size for size in (100, 300, 1_000, 3_000, 10_000, 30_000) if size < images] + [images]


def _own_numbers(kept: dict) -> TrainSpec:
    left, right = st.columns(2)
    lesson = RECIPES["lesson"]
    optimizer = left.selectbox("Optimiser", OPTIMIZERS, key="own_optimizer", filter_mode=None, **kept)
    rate = right.number_input(
        "Learning rate",
        min_value=0.0,
        max_value=1.0,
        value=lesson.learning_rate,
        step=0.0005,
        format="%.5f",
        key="own_rate",
        **kept,
    )
    most = settings().max_epochs
    epochs = left.number_input("Epochs", 1, most, min(most, lesson.epochs), key="own_epochs", **kept)
    batch = right.number_input("Batch size", 1, MAX_BATCH_SIZE, lesson.batch_size, key="own_batch", **kept)
    schedule = left.selectbox(
        "Schedule",
        SCHEDULES,
        format_func=lambda name: name.replace("_", " "),
        key="own_schedule",
        filter_mode=None,
        help="Constant keeps the learning rate. One cycle lets it rise for the first part and fall to zero.",
        **kept,
    )
    precision = right.selectbox(
        "Precision", PRECISIONS, key="own_precision", filter_mode=None, help=_PRECISION, **kept
    )
    augmentation = left.selectbox(
        "Random changes",
        list(AUGMENTATIONS),
        format_func=_AUGMENTATION_WORDS.__getitem__,
        key="own_augment",
        filter_mode=None,
        help="Each image is turned, shifted and zoomed a little, anew every time it is shown.",
        **kept,
    )
    noise = right.slider(
        "Wrong labels, %",
        0,
        90,
        0,
        5,
        key="own_noise",
        help="That many labels are replaced by a wrong one: see a network learn by heart what makes no sense.",
        **kept,
    )
    decay = left.number_input(
        "Weight decay",
        0.0,
        1.0,
        0.0,
        0.005,
        format="%.3f",
        key="own_decay",
        disabled=optimizer == "rmsprop",
        **kept,
    )
    smoothing = right.number_input(
        "Label smoothing", 0.0, 0.5, 0.0, 0.05, key="own_smoothing", help=_SMOOTHING, **kept
    )
    return TrainSpec(
        optimizer=optimizer,
        learning_rate=rate,
        batch_size=int(batch),
        epochs=int(epochs),
        schedule=schedule,
        augment=AUGMENTATIONS[augmentation],
        label_noise=noise / 100,
        precision=precision,
        weight_decay=0.0 if optimizer == "rmsprop" else decay,
        label_smoothing=smoothing,
    )


_PRECISION = "Auto multiplies with half the digits (bfloat16) where the processor is faster that way."
_SMOOTHING = "0.1 asks the network to be about 91 % sure of the right answer instead of 100 %."
