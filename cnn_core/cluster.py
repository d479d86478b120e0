"""A Ray cluster as Convscope uses it: how a process connects, and what its work takes of a machine. No torch.

Trainings take processors. Short work takes one unit of the resource `convscope_short`, of which each machine has as
many as its operator gave it: so it has a place of its own beside the trainings, or none where no machine offers any.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

SHORT = "convscope_short"
WORKER_BYTES = 500_000_000  # of memory, for each training: a worker takes 300 MB and its images


def connected(address: str) -> Any:
    """Connect this process, and return the module `ray`. Raises what Ray raises where no cluster answers.

    Where the cluster's head goes later, Ray ends this process: no server and no runner connects itself.
    """
    import ray

    ray.init(address=address, namespace="convscope", log_to_driver=False, logging_level="WARNING")
    return ray


def settings_here() -> dict[str, str]:
    """What a machine that works for this one has to know: our settings."""
    return {name: value for name, value in os.environ.items() if name.startswith("CONVSCOPE_")}


def take_over(settings: Mapping[str, str]) -> None:
    """On a machine that works for another one: what its own operator has set there holds."""
    for name, value in settings.items():
        os.environ.setdefault(name, value)
