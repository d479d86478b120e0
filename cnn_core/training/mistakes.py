"""Which mistakes a network makes: which class it takes for which, in which images, and how each class fares.

Everything here is read off an `Evaluation`: its confusion matrix, (K, K), whose [t, p] counts images of class t that
were taken for p, or its probabilities, (N, K).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor


def commonest_mistakes(confusion: Tensor, most: int = 12) -> list[tuple[int, int]]:
    """The (true class, taken for) that happened most often, at most `most` of them; none that never happened.

    confusion: (K, K) counts.
    """
    wrong = _off_the_diagonal(confusion)
    order = np.argsort(wrong, axis=None)[::-1][:most]
    cells = [divmod(int(index), wrong.shape[1]) for index in order]
    return [cell for cell in cells if wrong[cell]]


def commonest_mistake(confusion: Tensor) -> tuple[int, int]:
    """The (true class, taken for) that happened most often; of a network that is never wrong, (0, 0).

    confusion: (K, K) counts.
    """
    wrong = _off_the_diagonal(confusion)
    return divmod(int(wrong.argmax()), wrong.shape[1])


def _off_the_diagonal(confusion: Tensor) -> np.ndarray:
    wrong = confusion.numpy().copy()
    np.fill_diagonal(wrong, 0)
    return wrong


def images_in_cell(probabilities: Tensor, labels: Tensor, true: int, taken_for: int) -> list[int]:
    """The indices of the images of class `true` that were taken for `taken_for`, in their order.

    probabilities: (N, K).
    labels: (N,) int64.
    """
    return ((labels == true) & (probabilities.argmax(1) == taken_for)).nonzero()[:, 0].tolist()


def surest_mistakes(probabilities: Tensor, labels: Tensor) -> list[int]:
    """The indices of all images read wrongly, the one that the network was surest of first.

    probabilities: (N, K).
    labels: (N,) int64.
    """
    certainty, answers = probabilities.max(1)
    wrong = (answers != labels).nonzero()[:, 0]
    return wrong[certainty[wrong].argsort(descending=True)].tolist()


@dataclass(frozen=True)
class ClassScore:
    """How one class fares. The two fractions are None where there is nothing to divide by."""

    images: int  # of this class
    recall: float | None  # the fraction of them that was read as this class
    precision: float | None  # of all that was read as this class, the fraction that is


def class_scores(confusion: Tensor) -> list[ClassScore]:
    """Recall and precision of each class, in the order of the classes.

    confusion: (K, K) counts.
    """
    right, images, answers = (
        counts.tolist() for counts in (confusion.diagonal(), confusion.sum(1), confusion.sum(0))
    )
    return [
        ClassScore(of, hits / of if of else None, hits / said if said else None)
        for hits, of, said in zip(right, images, answers, strict=True)
    ]
