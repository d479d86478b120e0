"""What is asked of a network, in plain values: hashable, so that equal questions are asked once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """One question to a network.

    job:     a key of `jobs.JOBS`: "evaluation", "pictures", ...
    dataset: whose test images it is asked about.
    images:  how many of them, the first; all there are where there are fewer.
    asked:   the job's other arguments, (name, value) in the order of the names.
    """

    job: str
    dataset: str
    images: int
    asked: tuple[tuple[str, Hashable], ...] = ()

    @classmethod
    def of(cls, job: str, dataset: str, images: int, **asked: Hashable) -> Question:
        """A question with these arguments."""
        return cls(job, dataset, images, tuple(sorted(asked.items())))

    @property
    def arguments(self) -> dict[str, Any]:
        """The job's other arguments."""
        return dict(self.asked)
