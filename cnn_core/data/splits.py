"""Which of a data set's training images a run learns from, and how many it keeps aside. Arithmetic, no torch."""

from __future__ import annotations

VALIDATION_IMAGES = 5_000  # of 60,000; a ninth of a smaller set


def split_sizes(images: int) -> tuple[int, int]:
    """Of so many training images: how many a run learns from, and how many it is validated on, the last ones.

    >>> split_sizes(60_000), split_sizes(4_500)
    ((55000, 5000), (4000, 500))
    """
    validation = min(VALIDATION_IMAGES, max(1, images // 9))
    return images - validation, validation
