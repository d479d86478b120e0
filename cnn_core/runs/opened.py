"""What is known of a network that was opened from a file: what the file said, and what was measured here.

Its worker writes it down as `opened.json` in the run's folder. The weights as they were in the file stand beside it,
in `original.safetensors`: those of the snapshots may have another scale put into their first layer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnn_core.opening.preparations import BYTES, PREPARATIONS, UNIT, Trial, Verdict, verdict
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.ids import is_dataset

FILE, ORIGINAL, UPLOAD = "opened.json", "original.safetensors", "upload"
DECIDERS = ("file", "measured", "visitor", "")
_MOST_WORDS, _MOST_LETTERS = 20, 600


@dataclass(frozen=True)
class OpenedFile:
    """A file that was opened.

    name:    what it was called.
    bytes:   its size.
    kind:    of file, as `cnn_core.opening.kind_of` calls it.
    seconds: from its first byte read to the network tested.
    said_dataset, said_scale: what the file itself says; "" where it says nothing. The scale is BYTES or UNIT.
    dataset, preparation: what is taken; dataset "" where the network reads none of the data sets.
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
    preparation: str = UNIT
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
            said_scale=_one_of(values.get("said_scale"), (UNIT, BYTES), ""),
            dataset=_dataset(values.get("dataset")),
            preparation=_one_of(values.get("preparation"), PREPARATIONS, UNIT),
            by=_one_of(values.get("by"), DECIDERS, ""),
            trials=tuple(filter(None, map(_trial, trials or []))),
            remarks=_sentences(values.get("remarks")),
            guesses=_sentences(values.get("guesses")),
            refusal=_text(values.get("refusal"), _MOST_LETTERS),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    def trial_of(self, dataset: str, preparation: str) -> Trial | None:
        """What was measured of this data set prepared so; None where that was not."""
        return next((one for one in self.trials_of(dataset) if one.preparation == preparation), None)

    def trials_of(self, dataset: str) -> tuple[Trial, ...]:
        """What was measured of this data set, in the order of PREPARATIONS."""
        return tuple(trial for trial in self.trials if trial.dataset == dataset)

    def verdict_of(self, dataset: str) -> Verdict:
        """How it reads most of this data set, and what ties with that; nothing where it was not tried."""
        return verdict(self.trials_of(dataset), least=0)

    def preparation_for(self, dataset: str) -> str:
        """The one with which it clearly reads more of this data set; the usual one where that is not sure.

        A net that has learnt little may read a few points more with numbers it was not made for. One that was made for
        others halves its mistakes with them, or more.
        """
        best, usual = self.verdict_of(dataset).best, self.trial_of(dataset, UNIT)
        if best is None or usual is None or best.may_equal(usual):
            return UNIT
        return best.preparation if 1 - best.accuracy <= (1 - usual.accuracy) / 2 else UNIT


def read_opened(folder: Path) -> OpenedFile | None:
    """What stands in the folder of a run; None where it was not opened from a file, or by a version before."""
    values = read_json(folder / FILE)
    return OpenedFile.from_dict(values) if values else None


def write_opened(folder: Path, opened: OpenedFile) -> None:
    """Keep it there. Raises OSError."""
    write_json(folder / FILE, opened.to_dict(), durable=True)


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _number(value: object, kind: type, otherwise: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return kind(value) if is_number and 0 <= value < 1e12 else otherwise  # type: ignore[operator]


def _dataset(value: object) -> str:
    return value if is_dataset(value) else ""


def is_preparation(value: object) -> bool:
    """Whether it is a key of PREPARATIONS."""
    return isinstance(value, str) and value in PREPARATIONS


def _trial(values: object) -> Trial | None:
    """The inverse of `asdict`; None for what makes no sense."""
    if not isinstance(values, Mapping):
        return None
    dataset, preparation = values.get("dataset"), values.get("preparation")
    accuracy, count = values.get("accuracy"), values.get("count")
    is_number = isinstance(accuracy, int | float) and not isinstance(accuracy, bool)
    if not (is_dataset(dataset) and is_preparation(preparation) and is_number):
        return None
    if type(count) is not int or count < 1 or not 0 <= accuracy <= 1:  # type: ignore[operator]
        return None
    return Trial(dataset, str(preparation), float(accuracy), count)  # type: ignore[arg-type]


def _one_of(value: object, choices: Collection[str], otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _sentences(value: object) -> tuple[str, ...]:
    texts = value if isinstance(value, list | tuple) else []
    return tuple(text[:_MOST_LETTERS] for text in texts[:_MOST_WORDS] if isinstance(text, str))
