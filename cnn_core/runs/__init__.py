"""Trainings and dreams that outlive the page: the store keeps them, the runner and its workers do them.

Everything here but the worker is free of torch: a page or the runner looks at runs without paying for it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "store": ["Run", "RunStore", "Sample", "Snapshot", "Status", "STATES", "UNFINISHED"],
        "history": ["Curve", "History"],
        "pairs": ["Gain", "Gap", "Pair", "find_pairs", "gain", "submit_pair"],
        "runner": ["ensure_runner", "runner_is_alive"],
    },
)
