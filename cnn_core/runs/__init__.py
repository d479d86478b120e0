"""Trainings and dreams that outlive the page: the store keeps them, the runner and its workers do them.

Everything here but the worker is free of torch: a page or the runner looks at runs without paying for it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
