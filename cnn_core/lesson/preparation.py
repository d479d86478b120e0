"""What happens to an image and its label before a network sees them, in the numbers of one image. No torch.

The lesson's four lines: load, `array_reshape`, divide by 255, `to_categorical`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WHITE = 255  # the largest grey value that is stored


@dataclass(frozen=True)
class Preparation:
    """One image on its way into the network.

    row:     the number of the row that is shown, counted from 0.
    stored:  its grey values as they lie in the file, whole numbers from 0 to 255.
    scaled:  the same as the network gets them, 0 to 1.
    one_hot: the label as the network gets it, one number for each class.
    """

    row: int
    stored: tuple[int, ...]
    scaled: tuple[float, ...]
    one_hot: tuple[int, ...]


def prepare(image: Sequence[Sequence[int]], label: int, classes: int) -> Preparation:
    """The steps for one image, shown in the row that has most different grey values.

    image:   rows of whole numbers from 0 to 255.
    label:   from 0 to `classes` - 1.

        >>> prepare([[0, 0], [0, 255]], label=2, classes=3)
        Preparation(row=1, stored=(0, 255), scaled=(0.0, 1.0), one_hot=(0, 0, 1))
    """
    row = max(range(len(image)), key=lambda i: len(set(image[i])))
    stored = tuple(int(value) for value in image[row])
    scaled = tuple(value / WHITE for value in stored)
    return Preparation(row, stored, scaled, one_hot(label, classes))


def one_hot(label: int, classes: int) -> tuple[int, ...]:
    """A 1 at the label's index, counted from 0, and 0 everywhere else.

    >>> one_hot(7, 10)
    (0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
    """
    return tuple(int(index == label) for index in range(classes))
