"""What this server has for everybody: the run store, the images, the networks trained before."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_core.data import ImageSet
    from cnn_core.runs import RunStore

DEFAULT = "pretrained:lesson"  # what everybody looks at first
PRETRAINED = {
    "lesson": "Lesson convnet, ready trained",
    "mlp": "MLP, ready trained",
    "modern": "Modern convnet, ready trained",
}


def store() -> RunStore:
    """The run store of this server's settings."""
    from cnn_core.settings import settings

    return _store(settings().runs_dir)


@lru_cache(maxsize=4)  # Streamlit's cache takes longer to look a thing up than the store to answer
def _store(path: Path) -> RunStore:
    from cnn_core.runs import RunStore

    return RunStore(path)


def wake_runner() -> None:
    """Start the process that does the queued work, unless it is there. After each call that queues something.

    Raises StudentError where the folder of runs cannot be written.
    """
    from cnn_core.runs import ensure_runner

    ensure_runner(store())


def images(dataset: str = "mnist", split: str = "test") -> ImageSet:
    """The images that are on this machine now, for looking only: shared by all visitors, never to be changed.

    Never waits for a network; `.is_sample` and `.source` say what they are. A second call costs nothing.
    Raises StudentError where there are none (Fashion-MNIST before it was fetched).
    """
    from cnn_core.data import load_images

    return load_images(dataset, split, fetch=False)
