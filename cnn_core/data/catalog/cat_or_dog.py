"""Cat or dog: two of CIFAR-10's ten classes, the question of the book's next lesson. Its files are CIFAR-10's."""

from dataclasses import replace

from cnn_core.data.catalog.cifar10 import CIFAR10
from cnn_core.data.catalog.record import CifarFiles

_NAMES = ("cat", "dog")
CAT_OR_DOG = replace(
    CIFAR10,
    key="cat_or_dog",
    name="Cat or dog",
    title="Cat or dog photos (of CIFAR-10)",
    classes=_NAMES,
    axis_begins=52,
    counts=(10_000, 2_000),
    files=CifarFiles(picked=tuple(map(CIFAR10.classes.index, _NAMES))),
)
