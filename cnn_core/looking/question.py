"""What is asked of a network, in plain values: hashable, so that equal questions are asked once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


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


@dataclass(frozen=True)
class Pixels:
    """An image of a visitor's own as a value that a question can hold.

    shape:   (C, H, W).
    content: its float32 numbers in [0, 1], row by row.
    """

    shape: tuple[int, ...]
    content: bytes

    @classmethod
    def of(cls, image: Tensor) -> Pixels:
        """image: (C, H, W) in [0, 1]."""
        return cls(tuple(image.shape), image.float().contiguous().numpy().tobytes())

    def tensor(self) -> Tensor:
        """The image again, (C, H, W) float32."""
        import torch

        return torch.frombuffer(bytearray(self.content), dtype=torch.float32).view(self.shape)
