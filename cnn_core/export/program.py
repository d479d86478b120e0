"""What all exported programs share: the layers with their shapes, the recipe, and where the images come from.

A program is one file that builds the network, reads our weights, trains by the recipe and tests. The numbers are ours
in every language: padding "same" is Keras's, leaky relu has slope 0.2, batch normalisation epsilon 0.001. Names come
from strangers, so a name is only ever written into a comment, by `repr`, on one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cnn_core.data.catalog.record import Dataset, IdxFiles
from cnn_core.data.learnt_from import ImagesLearntFrom, Portion
from cnn_core.data.sources import KNOWN, SAMPLE_TRAIN, raw_folder
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.model.layers import Layer
from cnn_core.model.shapes import Shape
from cnn_core.model.spec import ModelSpec, summarize


class Recipe(Protocol):
    """What an export needs to know of a training; `cnn_core.training.TrainSpec` is one."""

    @property
    def optimizer(self) -> str: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def schedule(self) -> str: ...
    @property
    def augment(self) -> Any: ...
    @property
    def train_size(self) -> int | None: ...
    @property
    def label_noise(self) -> float: ...
    @property
    def seed(self) -> int: ...


def patience_of(recipe: Recipe) -> int | None:
    """After how many epochs without a better validation it stops; None for a recipe that knows no patience."""
    return getattr(recipe, "patience", None)


def monitor_of(recipe: Recipe) -> tuple[str, str]:
    """What makes an epoch better, and in which direction, as Keras says it: ("val_loss", "min")."""
    monitor = getattr(recipe, "monitor", "val_accuracy")
    return monitor, "min" if monitor == "val_loss" else "max"


def not_in_the_program(recipe: Recipe, indent: str = "") -> str:
    """A line of comment, in Python and in R alike, for what a recipe did that the program does not; "" for nothing."""
    size = getattr(recipe, "adversarial", 0.0)
    if not size:
        return ""
    said = f"The recipe also attacked every second image of a batch (FGSM, {size!r} a pixel)"
    return f"{indent}# {said}; this program does not.\n"


FILE_FORMAT = "1"  # of our .safetensors files, as `training.checkpoint` reads them


@dataclass(frozen=True)
class Source:
    """Where an exported program reads its images."""

    title: str
    torchvision: str  # its class
    keras: str | None  # its module; None where Keras does not have it
    address: str = ""  # where its files are, where Keras does not have it
    kept_aside: int = 5_000  # training images the dashboard never learns from: it measures itself on them
    is_sample: bool = False
    key: str = "mnist"  # of the data set that its images are from
    count: int = SAMPLE_TRAIN  # training images, those kept aside included
    shape: tuple[int, int, int] = (1, 28, 28)  # of an image, (channels, height, width)
    picked: tuple[int, ...] = ()  # the labels that its classes have in the files; () is all, in their order
    folder: str = ""  # of its files, in the data folder
    files: tuple[str, ...] = ()  # images and labels to learn from, and to test with; for IDX files
    first_label: int = 0
    is_transposed: bool = False


def _source(dataset: Dataset) -> Source:
    files = dataset.files
    plain = isinstance(files, IdxFiles)
    return Source(
        dataset.name,
        dataset.in_torchvision,
        dataset.keras,
        dataset.address,
        kept_aside=split_sizes(dataset.count("train"))[1],
        key=dataset.key,
        count=dataset.count("train"),
        shape=dataset.shape,
        picked=() if isinstance(files, IdxFiles) else files.picked,
        folder=raw_folder(dataset, Path()).as_posix(),
        files=(*files.train, *files.test) if plain else (),
        first_label=files.first_label if isinstance(files, IdxFiles) else 0,
        is_transposed=isinstance(files, IdxFiles) and files.is_transposed,
    )


SOURCES = {key: _source(dataset) for key, dataset in KNOWN.items()}
SOURCES["mnist_sample"] = Source("MNIST, 5,000 of its digits", "", None, kept_aside=500, is_sample=True)


@dataclass(frozen=True)
class Step:
    """One layer with the shapes around it, (C, H, W) or (units,)."""

    name: str
    layer: Layer
    before: Shape
    after: Shape
    is_last: bool

    @property
    def activation(self) -> str:
        """The layer's own; "linear" where it has none."""
        return getattr(self.layer, "activation", "linear")

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """(left, right, top, bottom) in pixels, of a layer that slides a window; zeros for others."""
        window = self.layer.window()
        if window is None:
            return 0, 0, 0, 0
        _, height, width = self.before
        return (*window.border(width), *window.border(height))


def steps(spec: ModelSpec) -> list[Step]:
    """The layers of a network in order, with their names and shapes."""
    rows = summarize(spec)
    before = [tuple(spec.input_shape), *(tuple(row.output_shape) for row in rows)]
    last = len(spec.layers) - 1
    return [
        Step(row.name, layer, before[i], tuple(row.output_shape), i == last)
        for i, (row, layer) in enumerate(zip(rows, spec.layers, strict=True))
    ]


def moves(step: Step) -> tuple[int, int]:
    """Side and stride of the window that a layer slides."""
    window = step.layer.window()
    assert window is not None
    return window.side, window.stride


def in_a_comment(text: str) -> str:
    """A stranger's text on one line of printable characters: `repr` leaves no line break and no control."""
    return repr(str(text)[:80])


def ends_in_softmax(spec: ModelSpec) -> bool:
    """Whether the last layer's activation makes probabilities of its numbers."""
    return getattr(spec.layers[-1], "activation", None) == "softmax"


def source_of(dataset: str) -> Source:
    """Raises StudentError for a data set no export knows; "mnist_sample" is the offline part of MNIST."""
    if dataset not in SOURCES:
        raise StudentError(
            f"No export knows the data set “{dataset[:40]}”.", hint=f"Use {', '.join(SOURCES)}."
        )
    return SOURCES[dataset]


def images_of(recipe: Recipe, dataset: str) -> ImagesLearntFrom:
    """Which images an exported program learns from by this recipe, as our own files say it."""
    source = source_of(dataset)
    count = source.count - source.kept_aside
    size = recipe.train_size
    chosen, seed = (size, recipe.seed) if size is not None and size < count else (None, 0)
    part = Portion(
        source.key,
        "sample" if source.is_sample else "complete",
        chosen or count,
        source.kept_aside,
        chosen,
        seed,
    )
    return ImagesLearntFrom((part,))


def arguments(*pairs: tuple[str, Any, Any]) -> str:
    """`, name=value` for each (name, value, default) whose value is not the default."""
    return "".join(f", {name}={value!r}" for name, value, default in pairs if value != default)


def channels_last(shape: Shape) -> Shape:
    """(C, H, W), as we write a shape, as Keras does."""
    return (*shape[1:], shape[0])


def l2_of(recipe: Recipe) -> float:
    """Keras's `kernel_regularizer=L2(l2)`, of every kernel; 0 for a recipe that knows none."""
    return getattr(recipe, "l2", 0.0)


def betas_of(recipe: Recipe) -> tuple[tuple[str, float, float], ...]:
    """(name, value, usual value) of what adam keeps from one step to the next, as Keras calls them."""
    return tuple(
        (name, getattr(recipe, name, usual), usual) for name, usual in (("beta_1", 0.9), ("beta_2", 0.999))
    )


def decay_of_gradient(recipe: Recipe) -> float:
    """The weight decay that is added to the gradient; adamw's is not, and Keras has that one itself."""
    return 0.0 if recipe.optimizer == "adamw" else getattr(recipe, "weight_decay", 0.0)
