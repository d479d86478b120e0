"""A recipe: how to train, apart from what. Plain numbers, no torch; a file, a link and a form can hold one.

Where it runs (which device, how many threads) is the machine's business and stands in `cnn_core.settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from cnn_core.checks import choice, number
from cnn_core.errors import StudentError, quoted, shown
from cnn_core.settings import settings

if TYPE_CHECKING:
    from cnn_core.data.augment_spec import AugmentSpec

OPTIMIZERS = ("rmsprop", "adam", "adamw", "sgd", "adadelta")
WITH_BETAS = ("adam", "adamw")
NO_DECAY = ("rmsprop", "adadelta")  # these optimizers of ours know no weight decay
SCHEDULES = ("constant", "one_cycle")
MONITORS = ("val_accuracy", "val_loss")  # as Keras calls them
PRECISIONS = ("auto", "float32", "bfloat16")
MAX_BATCH_SIZE = 2_048  # the lesson's convnet needs about half a megabyte an image while it learns
MAX_SEED = 2**32 - 1
LATER: dict[str, Any] = {
    "patience": None,
    "monitor": "val_accuracy",
    "nesterov": False,
    "l2": 0.0,
    "adversarial": 0.0,
    "beta_1": 0.9,
    "beta_2": 0.999,
}  # settings that joined later, when off
ATTACK_WORK = 1.5  # counted; measured on one core 1.3 (MLP, modern) to 1.65 (lesson)
MOST_EPOCHS = 10_000  # even where no server's limit is asked for


@dataclass(frozen=True)
class TrainSpec:
    """How a network is trained. The defaults are the lesson's. One that exists can be run.

    check_limits: our own recipes and cards exist however few epochs an operator allows; all others are held to it.
    Raises StudentError, naming the value, for anything that is not a number of the right kind and size,
    and for more epochs than this server allows.
    """

    optimizer: str = "rmsprop"  # rmsprop is Keras's: epsilon inside the root
    learning_rate: float = 0.001  # with one_cycle: its highest value
    batch_size: int = 64  # images a step
    epochs: int = 5  # times through all images
    schedule: str = "constant"
    augment: AugmentSpec | None = None  # drawn anew for each image and step
    train_size: int | None = None  # use only so many images; None or more than there are: all
    label_noise: float = 0.0  # fraction of the labels replaced by a wrong one, once, before training
    seed: int = 0  # of the order, the dropout, the augmentation and the noise; not of the first weights
    precision: str = "auto"  # bfloat16 where the hardware multiplies it faster; weights are always float32
    momentum: float = 0.0  # sgd only
    weight_decay: float = 0.0  # adamw: decoupled; sgd and adam: added to the gradient
    label_smoothing: float = 0.0  # 0.1 asks for 91 % certainty of ten classes, not 100 %
    # Stop when so many epochs brought no better validation, and take the best epoch's weights; None: never.
    patience: int | None = None
    nesterov: bool = False  # of sgd's momentum: the slope is taken where the momentum is about to lead
    # Keras's `kernel_regularizer=L2(l2)` on every layer: l2 times the sum of the squares of all kernels is a part of
    # the loss that is learnt from. Biases and batch normalisation are left out, and no reported loss has it in it.
    l2: float = 0.0
    monitor: str = "val_accuracy"  # what makes an epoch better: a higher accuracy, or a lower loss
    # Change every second image of a batch by so much a pixel, in the way that hurts most (`adversarial.py`); 0: none.
    adversarial: float = 0.0
    # Of adam and adamw, as Keras calls them: how much of the slopes' mean, and of the mean of their squares, is kept
    # from one step to the next. With 0.9 a slope is half forgotten after 7 steps, with 0.999 after 693.
    beta_1: float = 0.9
    beta_2: float = 0.999
    check_limits: InitVar[bool] = True

    def __post_init__(self, check_limits: bool) -> None:
        for name, choices in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
            ("monitor", MONITORS),
        ):
            choice(name, getattr(self, name), choices)
        most, why = (settings().max_epochs, "as this server allows") if check_limits else (MOST_EPOCHS, "")
        self._set("epochs", _whole("epochs", self.epochs, 1, most, why))
        self._set("batch_size", _whole("batch_size", self.batch_size, 1, MAX_BATCH_SIZE))
        self._set("seed", _whole("seed", self.seed, 0, MAX_SEED))
        if self.train_size is not None:
            self._set("train_size", _whole("train_size", self.train_size, 1, 10**9))
        if self.patience is not None:
            self._set("patience", _whole("patience", self.patience, 1, MOST_EPOCHS))
        self._set("learning_rate", checked_learning_rate(self.learning_rate))
        self._set("label_noise", number("label_noise", self.label_noise, 0.0, 1.0, below=True))
        self._set("momentum", number("momentum", self.momentum, 0.0, 1.0, below=True))
        self._set("weight_decay", number("weight_decay", self.weight_decay, 0.0, 10.0))
        self._set("label_smoothing", number("label_smoothing", self.label_smoothing, 0.0, 1.0, below=True))
        if self.momentum and self.optimizer != "sgd":
            raise StudentError(
                f"{self.optimizer} takes no momentum, and it is {self.momentum:g}.",
                hint="Set momentum to 0, or choose sgd.",
            )
        self._set("l2", number("l2", self.l2, 0.0, 10.0))
        self._set("adversarial", number("adversarial", self.adversarial, 0.0, 0.5))
        self._check_betas()
        if not isinstance(self.nesterov, bool):
            raise StudentError(f"nesterov is {shown(self.nesterov)}.", hint="It must be true or false.")
        if self.nesterov and not self.momentum:
            raise StudentError(
                "Nesterov is a way to use momentum, and there is none.",
                hint="Use sgd with a momentum of 0.9, or leave out nesterov.",
            )
        if self.weight_decay and self.optimizer in NO_DECAY:
            raise StudentError(
                f"Our {self.optimizer} is Keras's and has no weight decay, and it is {self.weight_decay:g}.",
                hint="Set weight_decay to 0, or choose adamw.",
            )
        if self.augment is not None:
            from cnn_core.data.augment_spec import AugmentSpec

            if not isinstance(self.augment, AugmentSpec):
                raise StudentError(
                    f"augment is {shown(self.augment)}, not a set of augmentations.",
                    hint="Use AugmentSpec(...) or leave it out.",
                )

    def _check_betas(self) -> None:
        for name in ("beta_1", "beta_2"):
            self._set(name, number(name, getattr(self, name), 0.0, 1.0, below=True))
            if self.optimizer not in WITH_BETAS and getattr(self, name) != LATER[name]:
                raise StudentError(
                    f"{self.optimizer} has no {name}, and it is {getattr(self, name):g}.",
                    hint=f"Leave out {name}, or choose adam or adamw.",
                )

    def _set(self, name: str, value: float | int) -> None:
        # 1 becomes 1.0 where a float belongs, so that equal specs look equal.
        object.__setattr__(self, name, value)

    @property
    def work(self) -> float:
        """What a step costs, in plain steps: an attack is a forward and a backward pass more, of half the batch."""
        return ATTACK_WORK if self.adversarial else 1.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every field present."""
        numbers = {field.name: getattr(self, field.name) for field in fields(self)}
        return numbers | {"augment": None if self.augment is None else self.augment.to_dict()}

    def identity(self) -> dict[str, Any]:
        """What makes this recipe, JSON-ready: `to_dict` without later settings that are off.

        So whatever was asked for, measured or kept before there were these settings is known again.
        """
        values = self.to_dict() | {"augment": None if self.augment is None else self.augment.identity()}
        if self.patience is None:
            del values["monitor"]  # nobody watches it
        return {name: value for name, value in values.items() if name not in LATER or value != LATER[name]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, check_limits: bool = True) -> TrainSpec:
        """The inverse of `to_dict`; omitted fields take the lesson's values. Raises StudentError."""
        if not isinstance(values, Mapping):
            raise StudentError(
                f"A recipe is a set of named values, not {shown(values)}.", hint="Start from {}."
            )
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise StudentError(f"A recipe has no {quoted(key)}.", hint=f"It has {', '.join(known)}.")
        settings_of_recipe = dict(values)
        if isinstance(values.get("augment"), Mapping):
            from cnn_core.data.augment_spec import AugmentSpec

            settings_of_recipe["augment"] = AugmentSpec.from_dict(values["augment"])
        return cls(**settings_of_recipe, check_limits=check_limits)

    def replace(self, **changes: Any) -> TrainSpec:
        """A copy with some values changed, checked like any other."""
        return replace(self, **changes)


def checked_learning_rate(value: object) -> float:
    """`value` as a learning rate. Raises StudentError unless it is a number above 0 and up to 10."""
    rate = number("learning_rate", value, 0.0, 10.0)
    if rate < 1e-12:
        raise StudentError(f"With a learning rate of {rate:g} nothing is learnt.", hint="Try 0.001.")
    return rate


def _whole(name: str, value: object, least: int, most: int, why: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise StudentError(f"{name} is {shown(value)}, and must be a whole number.", hint=f"Try {least}.")
    if not least <= value <= most:
        limits = f"between {least:,} and {most:,}"
        raise StudentError(
            f"{name} is {shown(value)}.", hint=f"Choose a whole number {limits}{why and ', ' + why}."
        )
    return value


RECIPES: dict[str, TrainSpec] = {
    # They exist however few epochs an operator allows; training by one is another matter.
    "lesson": TrainSpec(check_limits=False),
    # Tuned on the last 5,000 training images, never on the test set. With three seeds the lesson's convnet there reads
    # 99.3 % after two epochs and 99.1 % after one; without smoothing, at 0.006, it was 99.15 % and 98.95 %.
    "fast": TrainSpec(
        optimizer="adamw",
        learning_rate=0.008,
        batch_size=128,
        epochs=2,
        schedule="one_cycle",
        weight_decay=0.01,
        label_smoothing=0.1,
        check_limits=False,
    ),
}

# Recipes that belong to the designs of the same names among `PRESETS`: ours for a hurry, two of Keras's examples.
EXAMPLES: dict[str, TrainSpec] = {
    # Tuned on the last 10,000 training images, never on the test set. Learning from the 50,000 others, it reads 99.03 %
    # of them after its one epoch (mean of eight seeds). Batches of 128 at a rate of 0.01 read 99.06 %, and take 1.1 to
    # 1.2 times as long.
    "sprint": TrainSpec(
        optimizer="adamw",
        learning_rate=0.015,
        beta_1=0.7,
        beta_2=0.9,
        batch_size=192,
        epochs=1,
        schedule="one_cycle",
        weight_decay=0.01,
        label_smoothing=0.1,
        check_limits=False,
    ),
    # keras/examples/mnist_cnn.py, which states 99.25 % of the test digits after 12 epochs. It was written when Keras's
    # Adadelta began with a rate of 1.0; with 0.001, its default since, it hardly learns (keras-team/keras#13815).
    "mnist_cnn": TrainSpec(
        optimizer="adadelta", learning_rate=1.0, batch_size=128, epochs=12, check_limits=False
    ),
    # keras.io/examples/vision/mnist_convnet, "Simple MNIST convnet", which states about 99 %
    "simple_convnet": TrainSpec(optimizer="adam", batch_size=128, epochs=15, check_limits=False),
}

# What these were before they were tuned anew. Runs and links hold the numbers, and are still called by the name.
EARLIER: dict[str, tuple[TrainSpec, ...]] = {
    "sprint": (EXAMPLES["sprint"].replace(learning_rate=0.01, batch_size=128, check_limits=False),),
}


def example_of_recipe(recipe: TrainSpec) -> str | None:
    """The key in EXAMPLES of what a recipe is now or was earlier, whatever its seed and number of images; or None."""
    apart = recipe.replace(seed=0, train_size=None, check_limits=False)
    return next((name for name, ours in EXAMPLES.items() if apart in (ours, *EARLIER.get(name, ()))), None)
