"""The strip and the popover in which a visitor chooses how to train: data set, recipe, and every number of a recipe.

Used wherever a training can be started. What makes sense is said by the core (`TrainSpec`, `AugmentSpec`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import DATASETS, AugmentSpec, available
from cnn_core.data.own.shelf import Shelf
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import preset_of
from cnn_core.settings import settings
from cnn_core.training import EXAMPLES, RECIPES, TrainSpec
from cnn_core.training.spec import (
    LATER,
    MAX_BATCH_SIZE,
    MONITORS,
    NO_DECAY,
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
)
from pages.ui.forms import make_link, recipe_address
from pages.ui.forms.recipe_memory import remember, remembered
from pages.ui.frame import address
from pages.ui.visitor import design, scene, who
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import plural
from pages.ui.wording.recipes import example_title

TITLES = {"lesson": "Lesson", "fast": "Fast", "example": "its design’s", "own": "My own"}
KIND = "recipe_kind"
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
GENTLE = AugmentSpec(rotation_range=10, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1)
AUGMENTATIONS: dict[str, AugmentSpec | None] = {
    "none": None,
    "gentle": GENTLE,
    "lesson": AugmentSpec.lesson(),
    "light": AugmentSpec(contrast=0.2, brightness=0.2, noise=0.1),
    "patch": AugmentSpec(erasing=0.5),
}
AUGMENTATION_WORDS = {
    "none": "no random changes",
    "gentle": "gentle: ±10°, ±10 %",
    "lesson": "the lesson’s: ±90°, ±20 %",
    "light": "light: contrast, brightness, noise",
    "patch": "a black patch, half the time",
}
_SEED = (
    "The number that every random choice begins with: the first weights, the order of the images. The same seed gives "
    "the same run."
)
_SCHEDULE = (
    "Constant keeps the rate. One cycle raises it for a quarter of the steps, then lowers it to about 0."
)
_PRECISION = (
    "How exact the numbers are. Auto uses shorter ones (bfloat16) where that is faster on this processor."
)
_CHANGES = (
    "Each image is changed at random, in a new way each time it is shown: turned, shifted and zoomed; or its light; or "
    "a part of it is painted black."
)
_MOMENTUM = (
    "This share of the last step is added to the next one, as a rolling ball keeps its speed. 0.9 is usual."
)
_NESTEROV = "Take the slope where the momentum is about to lead, not where the weights are."
_LESS_USED = "L2, weight decay, smoothing, attacks"
_L2 = (
    "The loss grows by this number times the sum of the squares of all kernel weights: kernel_regularizer in Keras. So "
    "large weights cost something. 0.0001 is usual, 0 is off. The loss in the charts is without it."
)
_DECAY = (
    "AdamW makes each weight a little smaller in each step, whatever the loss says. With sgd and adam a part of each "
    "weight is added to its slope, like an L2 penalty of half as much, but on all weights."
)
_NOISE = "This share of the training labels is replaced by wrong ones. So you can see what a network learns by heart."
_PATIENCE = (
    "Stop when so many epochs in a row brought nothing better on the images kept aside, and take the weights of "
    "the best epoch: EarlyStopping in Keras. 0 trains all epochs."
)
_MONITORED = {"val_accuracy": "a higher accuracy", "val_loss": "a lower loss"}
_MONITOR = (
    "What makes an epoch the best one, on the images kept aside. Keras calls it monitor, val_accuracy or val_loss; "
    "its own choice is val_loss."
)
_AGAINST = (
    "Train against attacks: before each step every second image of the batch is changed. Each pixel goes this much up "
    "or down, whichever weakens the right answer. From black to white is 1. The page “What breaks it?” shows such "
    "attacks."
)
_SMOOTHING = "0.1 asks the network to be about 91 % sure of the right answer instead of 100 %."

_STAYS: dict[str, Any] = {"persist_state": "session"}  # a widget's value outlives a page change
_BARE: dict[str, Any] = _STAYS | {"label_visibility": "collapsed"}

T = TypeVar("T")


@dataclass(frozen=True)
class Choice:
    """What is to be trained on, and how; `problem` where the numbers do not make a recipe."""

    dataset: str
    title: str  # "Lesson", "Fast", "Sprint", "My own"
    recipe: TrainSpec
    problem: StudentError | None = None


def data_set_and_recipe() -> Choice:
    """Draw the widgets of the control strip, in the container that is open. Their values outlive a page change."""
    names = data_sets()
    parts = recipe_address.of_every_recipe(list(names))
    numbers = recipe_address.of_own_recipe(list(AUGMENTATIONS))
    if asked := address.follow(*parts, *numbers):
        meant = (*parts, *numbers) if st.session_state.get(KIND) == "own" else parts
        address.reset(*(part for part in meant if part.name not in asked))
    choice = _ask(names, bool(asked))
    address.tell(*parts)
    (address.tell if st.session_state.get(KIND) == "own" else address.leave_out)(*numbers)
    make_link.remember_recipe(choice.recipe if choice.problem is None else None)
    return choice


def _ask(names: dict[str, str], asked: bool) -> Choice:
    """names: of the data sets.  asked: whether a link asks for a recipe, which then is all of it."""
    title = _kind()
    if st.session_state.get("recipe_dataset", "mnist") not in names:  # an own one that was removed
        del st.session_state["recipe_dataset"]
    dataset = st.selectbox(
        "Data set",
        list(names),
        index=_place(list(names), remembered("recipe_dataset", "mnist")),
        format_func=names.__getitem__,
        key="recipe_dataset",
        filter_mode=None,
        width=176,  # beside the sidebar of a projector the whole strip has 634
        **_BARE,
    )
    with st.popover("Options", icon=":material/tune:", width="content"):
        return _options(str(dataset or "mnist"), title, asked)


def example_of(draft: design.Draft) -> TrainSpec | None:
    """The recipe that belongs to a design, as to Keras's examples; None for most designs."""
    return EXAMPLES.get(preset_of(draft) or "")


def _title(kind: str) -> str:
    return example_title(preset_of(design.shown())) if kind == "example" else TITLES[kind]


def choose_example(draft: design.Draft) -> None:
    """For a callback: where a recipe belongs to the design, it is chosen with it."""
    if example_of(draft) is not None:
        st.session_state[KIND] = "example"


def _kind() -> str:
    """Draw the choice among the recipes; one that belongs to a design is among them only beside it."""
    shown = example_of(design.shown())
    titles = [kind for kind in TITLES if kind != "example" or shown is not None]
    chosen = st.session_state.get(KIND)
    if chosen is None:
        first = remembered(KIND, "lesson")
        chosen = st.session_state[KIND] = first if first in titles else "lesson"
    elif chosen not in titles:
        st.session_state[KIND] = "lesson"
    kind = st.segmented_control(
        "Recipe",
        titles,
        format_func=_title,
        required=True,
        key=KIND,
        width="content",
        **_BARE,
    )
    return str(kind or "lesson")


def data_sets() -> dict[str, str]:
    """{key: title} of what can be trained on: the catalogue, and the visitor's own sets that have enough pictures."""
    own = [one for one in Shelf().of(who.visitor()) if one.problem() is None]
    return DATASETS | {one.key: f"{one.name} (my data)" for one in own}


def _options(dataset: str, kind: str, asked: bool) -> Choice:
    images = available(dataset).train or dataset_of(dataset).count("train")
    try:
        recipe = _size_and_seed(_base(kind), images, asked)
    except StudentError as error:
        return Choice(dataset, _title(kind), RECIPES["lesson"], error)
    return Choice(dataset, _title(kind), recipe)


def _base(kind: str) -> TrainSpec:
    """A ready recipe, said in one line, or the visitor's own numbers. Raises StudentError where they are no recipe."""
    if kind == "own":
        return _own_numbers()
    recipe = example_of(design.shown()) if kind == "example" else RECIPES.get(kind)
    # What we call by a name may be other numbers than when a teacher's link was made: that holds its own.
    kept = scene.kept_recipe()
    recipe = kept or recipe or RECIPES["lesson"]
    caption(
        f"{_title(kind)} recipe: {recipe.optimizer}, learning rate {recipe.learning_rate:g}, "
        f"{_spaced(recipe.schedule)}, batches of {recipe.batch_size}, "
        f"{plural(recipe.epochs, 'epoch')}{_betas(recipe)}."
        f"{'' if kept else ' Choose “My own” to change them.'}"
    )
    return recipe


def _betas(recipe: TrainSpec) -> str:
    usual = (recipe.beta_1, recipe.beta_2) == (LATER["beta_1"], LATER["beta_2"])
    return "" if usual else f", β1 {recipe.beta_1:g} and β2 {recipe.beta_2:g}"


def _size_and_seed(base: TrainSpec, images: int, asked: bool) -> TrainSpec:
    """images: how many there are to learn from; all of them is no limit."""
    sizes = recipe_address.sizes(images)
    part = recipe_address.size(sizes, f"recipe_size_{images}")
    if not address.follow(part) and asked:
        address.reset(part)
    left, right = st.columns(2)
    size = left.select_slider(
        "Images to learn from",
        sizes,
        value=size if (size := remembered("recipe_size", images)) in sizes else images,
        format_func=lambda size: f"{size:,}",
        key=f"recipe_size_{images}",
        **_STAYS,
    )
    seed = right.number_input(
        "Seed", 0, 2**31, remembered("recipe_seed", 0), key="recipe_seed", help=_SEED, **_STAYS
    )
    address.tell(part)
    remember(0 if size == images else int(size))
    return base.replace(train_size=None if size == images else int(size), seed=int(seed))


def _spaced(name: str) -> str:
    return name.replace("_", " ")


# ---------------------------------------------------------------- every number


def _own_numbers() -> TrainSpec:
    """Two widgets a line, in the order in which a beginner needs them. StudentError where they make no recipe."""
    left, right = st.columns(2)
    optimizer = _one_of(left, "Optimiser", "own_optimizer", OPTIMIZERS)
    rate, momentum = _rate(right), 0.0
    if has_momentum := optimizer == "sgd":
        momentum = _momentum(left)
    return TrainSpec(
        optimizer=optimizer,
        learning_rate=rate,
        momentum=momentum,
        nesterov=has_momentum and _nesterov(right, possible=momentum > 0),
        epochs=_epochs(left),
        batch_size=_batch(right),
        schedule=_one_of(left, "Schedule", "own_schedule", SCHEDULES, _spaced, _SCHEDULE),
        precision=_one_of(right, "Precision", "own_precision", PRECISIONS, help=_PRECISION),
        augment=_random_changes(left),
        label_noise=_wrong_labels(right) / 100,
        patience=_patience(left) or None,
        monitor=_one_of(right, "Better is", "own_monitor", MONITORS, _MONITORED.__getitem__, _MONITOR),
        **_less_used(optimizer),
    )


def _less_used(optimizer: str) -> dict[str, Any]:
    """What most recipes leave alone, folded away: fields of a TrainSpec."""
    with st.expander(_LESS_USED):
        left, right = st.columns(2)
        return {
            "l2": _l2(left),
            "weight_decay": _decay(right, possible=optimizer not in NO_DECAY),
            "label_smoothing": _smoothing(left),
            "adversarial": _against_attacks(right),
        }


def _one_of(
    column: DeltaGenerator,
    label: str,
    key: str,
    options: Sequence[T],
    format_func: Callable[[T], str] = str,
    help: str | None = None,
) -> T:
    return column.selectbox(
        label,
        options,
        index=_place(options, remembered(key, options[0])),
        format_func=format_func,
        key=key,
        filter_mode=None,
        help=help,
        **_STAYS,
    )


def _place(options: Sequence[T], value: object) -> int:
    return list(options).index(value) if value in options else 0  # type: ignore[arg-type]


def _rate(column: DeltaGenerator) -> float:
    return column.number_input(
        "Learning rate",
        min_value=0.0,
        max_value=1.0,
        value=remembered("own_rate", RECIPES["lesson"].learning_rate),
        step=0.0005,
        format="%.5f",
        key="own_rate",
        **_STAYS,
    )


def _momentum(column: DeltaGenerator) -> float:
    value = remembered("own_momentum", 0.0)
    return column.number_input(
        "Momentum", 0.0, 0.99, value, 0.1, "%.2f", key="own_momentum", help=_MOMENTUM, **_STAYS
    )


def _nesterov(column: DeltaGenerator, possible: bool) -> bool:
    """possible: whether there is a momentum; without it the widget stays and says nothing."""
    wanted = column.selectbox(
        "Nesterov",
        (False, True),
        index=int(remembered("own_nesterov", False)),
        format_func=lambda is_on: "on" if is_on else "off",
        key="own_nesterov",
        filter_mode=None,
        help=_NESTEROV,
        disabled=not possible,
        **_STAYS,
    )
    return possible and bool(wanted)


def _l2(column: DeltaGenerator) -> float:
    value = remembered("own_l2", 0.0)
    return column.number_input("L2", 0.0, 1.0, value, 0.0001, "%.4f", key="own_l2", help=_L2, **_STAYS)


def _epochs(column: DeltaGenerator) -> int:
    most = settings().max_epochs
    value = remembered("own_epochs", min(most, RECIPES["lesson"].epochs))
    return int(column.number_input("Epochs", 1, most, value, key="own_epochs", **_STAYS))


def _batch(column: DeltaGenerator) -> int:
    value = remembered("own_batch", RECIPES["lesson"].batch_size)
    return int(column.number_input("Batch size", 1, MAX_BATCH_SIZE, value, key="own_batch", **_STAYS))


def _random_changes(column: DeltaGenerator) -> AugmentSpec | None:
    words = AUGMENTATION_WORDS.__getitem__
    return AUGMENTATIONS[
        _one_of(column, "Random changes", "own_augment", list(AUGMENTATIONS), words, _CHANGES)
    ]


def _decay(column: DeltaGenerator, possible: bool) -> float:
    """possible: whether the optimiser knows weight decay; without it the widget stays and says nothing."""
    decay = column.number_input(
        "Weight decay",
        0.0,
        1.0,
        remembered("own_decay", 0.0),
        0.005,
        format="%.3f",
        key="own_decay",
        help=_DECAY,
        disabled=not possible,
        **_STAYS,
    )
    return decay if possible else 0.0


def _smoothing(column: DeltaGenerator) -> float:
    return column.number_input(
        "Label smoothing",
        0.0,
        0.5,
        remembered("own_smoothing", 0.0),
        0.05,
        key="own_smoothing",
        help=_SMOOTHING,
        **_STAYS,
    )


def _against_attacks(column: DeltaGenerator) -> float:
    """The size of the attacks that are trained against, and what they cost; 0 for none."""
    size = column.number_input(
        "Attacks, ± a pixel (0: off)",
        0.0,
        0.5,
        remembered("own_against", 0.0),
        0.05,
        "%.2f",
        key="own_against",
        help=_AGAINST,
        **_STAYS,
    )
    if size:
        caption(cost_of_attacks(TrainSpec(adversarial=size).work))
    return size


def cost_of_attacks(work: float) -> str:
    """What a step against attacks costs.  work: in steps without one.

    >>> cost_of_attacks(1.5)
    'Each step is about 1.5 times as much work: half of the batch goes forwards and back once more.'
    """
    return (
        f"Each step is about {work:g} times as much work: half of the batch goes forwards and back once more."
    )


def _wrong_labels(column: DeltaGenerator) -> int:
    value = remembered("own_noise", 0)
    return column.slider("Wrong labels, %", 0, 90, value, 5, key="own_noise", help=_NOISE, **_STAYS)


def _patience(column: DeltaGenerator) -> int:
    """Epochs; 0 is no patience at all."""
    value = remembered("own_patience", 0)
    most = settings().max_epochs
    return int(
        column.number_input(
            "Patience, epochs (0: off)",
            0,
            most,
            min(value, most),
            key="own_patience",
            help=_PATIENCE,
            **_STAYS,
        )
    )
