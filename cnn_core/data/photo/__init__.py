"""A photo of one's own digit: the paper around it, the lines on it, which thing is the digit, and its 28×28 pixels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
