"""What is known about a data set before any of it is here. No network, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")


@dataclass(frozen=True)
class IdxFiles:
    """Images and labels in the format of MNIST: for each split a file of images and a file of labels.

    train, test:   their names, without ".gz".
    first_label:   the number that the files give to the first class.
    is_transposed: whether the files hold rows where columns belong.
    """

    train: tuple[str, str] = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    test: tuple[str, str] = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    first_label: int = 0
    is_transposed: bool = False


@dataclass(frozen=True)
class CifarFiles:
    """Images in the format of CIFAR-10's binary version: one byte for the label, then 3,072 for the image.

    train, test:     their names.
    images_per_file: records in each.
    labels:          how many labels the files know.
    picked:          those that are the classes of this data set, in its order; () takes all.
    """

    train: tuple[str, ...] = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
    test: tuple[str, ...] = ("test_batch.bin",)
    images_per_file: int = 10_000
    labels: int = 10
    picked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Archive:
    """One packed file that holds a whole data set, at its makers' address.

    address:  of the file.
    md5:      of its bytes.
    size:     bytes, at most.
    members:  the folder inside it that the files lie in, ending in /.
    """

    address: str
    md5: str
    size: int
    members: str


@dataclass(frozen=True)
class Dataset:
    """What is known about a data set before any of it is here.

    key:           its name in a recipe: "mnist".
    name:          its own: "MNIST".
    title:         for people, with what it holds.
    noun:          what its images show, plural.
    singular:      what one of them shows.
    folder:        of its files in the data folder, in torchvision's layout.
    classes:       their names, in the order of the labels.
    keras:         its module in `keras.datasets`; None where Keras does not have it.
    address:       where its files are, for a program that Keras cannot help.
    of_strokes:    whether its images are lines on black, not surfaces.
    is_centred_by_mass: whether its images were fitted into 20×20 and their centre of mass put to the middle, as
                   MNIST's; others fill the 28×28 with their longer side, and the box around them is in the middle.
    axis_begins:   per cent of accuracy at which a chart of its trainings begins when its top is enlarged.
    counts:        images to train with, and to test with.
    system_folder: where a package of the operating system puts the files.
    has_sample:    whether 5,000 of its images are always here.
    shape:         of an image: (channels, height, width).
    files:         which files hold it.
    archive:       the one file to fetch; None where the files are fetched one by one.
    mirrors:       addresses ending in / that have them, each packed by gzip, as torchvision knows them.
    md5:           of the packed files: images and labels to train with, images and labels to test with.
    torchvision:   the name of torchvision's class; "" is that of the folder.
    margin:        pixels that its images leave free at each side, where they are not centred by mass.
    sample_zip:    the file in the data folder that may hold some of its images as pictures; "" where there is none.
    """

    key: str
    name: str
    title: str
    noun: str
    singular: str
    folder: str
    classes: tuple[str, ...]
    keras: str | None
    address: str = ""
    of_strokes: bool = True
    is_centred_by_mass: bool = False
    axis_begins: int = 0
    counts: tuple[int, int] = (60_000, 10_000)
    system_folder: Path | None = None
    has_sample: bool = False
    shape: tuple[int, int, int] = (1, 28, 28)
    files: IdxFiles | CifarFiles = IdxFiles()
    archive: Archive | None = None
    mirrors: tuple[str, ...] = ()
    md5: tuple[str, ...] = ()
    torchvision: str = ""
    margin: int = 0
    sample_zip: str = ""

    def count(self, split: Split) -> int:
        """Images of that split."""
        return self.counts[SPLITS.index(split)]

    def shapes(self, split: Split) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the IDX file of images and of the one of labels."""
        return (self.count(split), *self.shape[1:]), (self.count(split),)

    def names(self, split: Split) -> tuple[str, ...]:
        """Of the files of that split."""
        return self.files.train if split == "train" else self.files.test

    @property
    def is_colour(self) -> bool:
        """Whether its images have three channels: red, green and blue."""
        return self.shape[0] == 3

    @property
    def in_torchvision(self) -> str:
        """The name of torchvision's class."""
        return self.torchvision or self.folder


def shape_words(shape: tuple[int, int, int]) -> str:
    """(channels, height, width) as pages write it.

    >>> shape_words((3, 32, 32))
    '32×32×3'
    """
    channels, height, width = shape
    return f"{height}×{width}×{channels}"
