"""Trainings and dreams that outlive the page: the store keeps them, the runner and its workers do them (`jobs`).

A page or the runner looks at runs without paying for torch; only a worker's jobs import it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "run": ["Run", "Sample", "Snapshot"],
        "status": ["Status", "STATES", "UNFINISHED"],
        "store": ["RunStore"],
        "history": ["Curve", "History"],
        "pairs": ["Gain", "Gap", "Pair", "find_pairs", "gain", "submit_pair"],
        "jobs.runner": ["ensure_runner", "runner_is_alive"],
    },
)
