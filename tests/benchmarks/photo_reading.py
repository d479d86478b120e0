"""How many photos of digits are read rightly, kind by kind, by the shipped networks.

    python -m tests.benchmarks.photo_reading                    ten photos of each kind
    python -m tests.benchmarks.photo_reading --each 40 --seed 500
    python -m tests.benchmarks.photo_reading --folder FOLDER    of files KIND_DIGIT.jpg instead

"drawn wrongly" counts the digits that the modern network misreads even without a photo: drawn by the pen of
`tests.benchmarks.photos`, turned, and handed over clean. They are in the count, and are not the photo's fault.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cnn_core.data import centre_digit, load_images, read_photo
from cnn_core.errors import StudentError
from cnn_core.pretrained import load
from tests.benchmarks.photos import HELD_OUT, KINDS, drawn_clean, photo


@dataclass
class Count:
    """Of one kind. seconds: of processor time, for reading the file and finding the digit."""

    photos: int = 0
    modern: int = 0
    lesson: int = 0
    refused: int = 0
    several: int = 0
    drawn_wrongly: int = 0
    seconds: float = 0.0

    def __add__(self, other: Count) -> Count:
        return Count(
            *(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True))
        )


def made(each: int, seed: int, kinds: list[str]) -> Iterator[tuple[str, int, bytes, np.ndarray | None]]:
    """(kind, digit, file, the drawn digit without a photo); test digits in turn, all ten as often as MNIST has them."""
    test = load_images("mnist", "test", fetch=False)
    for turn in range(each):
        for place, kind in enumerate(kinds):
            index = ((seed + turn) * len(kinds) + place) * 7 % len(test)
            digit = test.images[index, 0].numpy()
            data = photo(digit, kind, seed + turn)
            yield kind, int(test.labels[index]), data, drawn_clean(digit, kind, seed + turn)


def files(folder: Path) -> Iterator[tuple[str, int, bytes, np.ndarray | None]]:
    """The same, of files that are there; the last number of a file's name is the digit."""
    for path in sorted(folder.glob("*.jpg")):
        yield path.stem.rpartition("_")[0].rstrip("0123456789_"), int(path.stem[-1]), path.read_bytes(), None


def count(photos: Iterator[tuple[str, int, bytes, np.ndarray | None]]) -> dict[str, Count]:
    """Per kind."""
    modern, lesson = load("modern"), load("lesson")
    counts: dict[str, Count] = defaultdict(Count)
    for kind, label, data, clean in photos:
        of_kind = counts[kind]
        of_kind.photos += 1
        if clean is not None:
            of_kind.drawn_wrongly += _answer(modern, centre_digit(torch.from_numpy(clean))) != label
        start = time.process_time()
        try:
            reading = read_photo(data)
        except StudentError:
            of_kind.refused += 1
            continue
        finally:
            of_kind.seconds += time.process_time() - start
        of_kind.modern += _answer(modern, reading.image) == label
        of_kind.lesson += _answer(lesson, reading.image) == label
        of_kind.several += len(reading.pieces) > 1
    return counts


def _answer(net: torch.nn.Module, image: torch.Tensor) -> int:
    return int(net.predict(image[None])[0].argmax())


def table(counts: dict[str, Count]) -> str:
    """The counts as Markdown."""
    rows = [
        "| kind | photos | modern right | lesson right | refused | more than one digit | drawn wrongly | s a photo |"
    ]
    rows.append("|---|---|---|---|---|---|---|---|")
    whole = sum(counts.values(), Count())
    for kind, of_kind in [*sorted(counts.items()), ("all", whole)]:
        name = f"{kind} (held out)" if kind in HELD_OUT else kind
        right, lesson = (f"{100 * part / of_kind.photos:.1f} %" for part in (of_kind.modern, of_kind.lesson))
        cells = [of_kind.photos, right, lesson, of_kind.refused, of_kind.several, of_kind.drawn_wrongly]
        rows.append(f"| {name} | {' | '.join(map(str, cells))} | {of_kind.seconds / of_kind.photos:.2f} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.photo_reading")
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument(
        "--seed", type=int, default=1000, help="seeds below 1000 were used to choose constants"
    )
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(table(count(files(asked.folder) if asked.folder else made(asked.each, asked.seed, asked.kinds))))


if __name__ == "__main__":
    main()
