"""Trainings and dreams that outlive the page: the store keeps them, the runner and its workers do them (`jobs`).

A page or the runner looks at runs without paying for torch; only a worker's jobs import it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
