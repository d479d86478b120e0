"""Images as tensors, and what may be done to them: data sets, augmentation, and a visitor's own digit."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
