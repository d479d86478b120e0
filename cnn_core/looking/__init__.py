"""Looking into a network by whole test sets, in processes beside the one that asks: shared, told how long, given up."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
