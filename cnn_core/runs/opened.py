"""What is known of a network that was opened from a file: what the file said, and what was measured here.

Its worker writes it down as `opened.json` in the run's folder. The weights as they were in the file stand beside it,
in `original.safetensors`: those of the snapshots may have another scale put into their first layer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnn_core.data.sources import KNOWN, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.ids import is_dataset

FILE, ORIGINAL, UPLOAD = "opened.json", "original.safetensors", "upload"
UNIT, BYTES = "unit", "bytes"
# What was done to an image in [0, 1] before it went into a network: (factor, offset). The fourth is what PyTorch's own
# example does with MNIST, (x − 0.1307) / 0.3081.
SCALES: dict[str, tuple[float, float]] = {
    UNIT: (1.0, 0.0),
    BYTES: (255.0, 0.0),
    "signed": (2.0, -1.0),
    "standard": (1 / 0.3081, -0.1307 / 0.3081),
    "inverted": (-1.0, 1.0),
}
DECIDERS = ("file", "measured", "visitor", "")
LEAST = 0.3  # of the images, for a data set that a network is said to read
CLEARLY = 0.02  # so much more another scale has to read than the usual, and leave half the mistakes at most
EQUAL = (
    0.001  # two accuracies that differ by less cannot be told apart: a tenth of a point, as they are written
)
_MOST_WORDS, _MOST_LETTERS = 20, 600


@dataclass(frozen=True)
class Trial:
    """How a network read some images of a data set, with one scale of its input.

    dataset:  a key of the catalogue.
    scale:    a key of SCALES.
    accuracy: a fraction of them.
    count:    how many.
    """

    dataset: str
    scale: str
    accuracy: float
    count: int

    @classmethod
    def from_dict(cls, values: object) -> Trial | None:
        """The inverse of `asdict`; None for what makes no sense."""
        if not isinstance(values, Mapping):
            return None
        dataset, scale = values.get("dataset"), values.get("scale")
        accuracy, count = values.get("accuracy"), values.get("count")
        is_number = isinstance(accuracy, int | float) and not isinstance(accuracy, bool)
        if not (is_dataset(dataset) and is_scale(scale) and is_number and type(count) is int):
            return None
        return cls(dataset, scale, float(accuracy), count) if 0 <= accuracy <= 1 else None  # type: ignore[operator,arg-type]


@dataclass(frozen=True)
class OpenedFile:
    """A file that was opened.

    name:    what it was called.
    bytes:   its size.
    kind:    of file, as `cnn_core.opening.kind_of` calls it.
    seconds: from its first byte read to the network tested.
    said_dataset, said_scale: what the file itself says; "" where it says nothing.
    dataset, scale: what is taken; dataset "" where the network reads none of the data sets.
    by:      who decided that: "file", "measured" or "visitor"; "" where nobody could.
    trials:  what was measured, in the order of the catalogue.
    remarks: whole sentences about what was changed so that it could be opened.
    guesses: whole sentences about what the file did not say, and was guessed.
    refusal: why the owner's last choice of a data set could not be measured; "" where it could.
    """

    name: str
    bytes: int = 0
    kind: str = ""
    seconds: float = 0.0
    said_dataset: str = ""
    said_scale: str = ""
    dataset: str = ""
    scale: str = UNIT
    by: str = ""
    trials: tuple[Trial, ...] = ()
    remarks: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    refusal: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> OpenedFile:
        """The inverse of `to_dict`; whatever makes no sense counts as absent."""
        trials = values.get("trials") if isinstance(values.get("trials"), list) else []
        return cls(
            name=_text(values.get("name"), 80),
            bytes=_number(values.get("bytes"), int, 0),
            kind=_text(values.get("kind"), 40),
            seconds=_number(values.get("seconds"), float, 0.0),
            said_dataset=_dataset(values.get("said_dataset")),
            said_scale=_one_of(values.get("said_scale"), SCALES, ""),
            dataset=_dataset(values.get("dataset")),
            scale=_one_of(values.get("scale"), SCALES, UNIT),
            by=_one_of(values.get("by"), DECIDERS, ""),
            trials=tuple(filter(None, map(Trial.from_dict, trials or []))),
            remarks=_sentences(values.get("remarks")),
            guesses=_sentences(values.get("guesses")),
            refusal=_text(values.get("refusal"), _MOST_LETTERS),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def trial_of(self, dataset: str, scale: str) -> Trial | None:
        """What was measured of this data set with this scale; None where that was not."""
        return next((t for t in self.trials if (t.dataset, t.scale) == (dataset, scale)), None)

    def scale_for(self, dataset: str) -> str:
        """The scale with which it clearly reads more of this data set; the usual one where that is not sure.

        A net that has learnt little may read a few points more with numbers it was not made for. One that was made for
        others halves its mistakes with them, or more.
        """
        best, usual = self.best_of(dataset), self.trial_of(dataset, UNIT)
        if best is None or usual is None:
            return UNIT
        is_ahead = best.accuracy - usual.accuracy >= CLEARLY
        return best.scale if is_ahead and 1 - best.accuracy <= (1 - usual.accuracy) / 2 else UNIT

    def best_of(self, dataset: str) -> Trial | None:
        """The scale with which it reads most of this data set; of equals the first. None where it was not tried."""
        return max(
            (trial for trial in self.trials if trial.dataset == dataset),
            key=lambda trial: trial.accuracy,
            default=None,
        )


def fitting_datasets(spec: ModelSpec) -> list[str]:
    """The data sets whose images and classes a network of this design could be for, whether they are here or not."""
    return [key for key in KNOWN if fits(spec, key)]


def fits(spec: ModelSpec, key: str) -> bool:
    """Whether a network of this design could be for a data set: its images have that size, and it as many classes."""
    try:
        dataset = dataset_of(key)
    except StudentError:  # one of a visitor's own that was removed
        return False
    return dataset.shape == spec.input_shape and len(dataset.classes) == spec.classes


def read_opened(folder: Path) -> OpenedFile | None:
    """What stands in the folder of a run; None where it was not opened from a file, or by a version before."""
    values = read_json(folder / FILE)
    return OpenedFile.from_dict(values) if values else None


def write_opened(folder: Path, opened: OpenedFile) -> None:
    """Keep it there. Raises OSError."""
    write_json(folder / FILE, opened.to_dict())


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _number(value: object, kind: type, otherwise: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return kind(value) if is_number and 0 <= value < 1e12 else otherwise  # type: ignore[operator]


def _dataset(value: object) -> str:
    return value if is_dataset(value) else ""


def is_scale(value: object) -> bool:
    """Whether it is a key of SCALES."""
    return isinstance(value, str) and value in SCALES


def _one_of(value: object, choices: Collection[str], otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _sentences(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list | tuple) else []
    return tuple(text[:_MOST_LETTERS] for text in texts[:_MOST_WORDS] if isinstance(text, str))
