"""Training as a story: a recipe goes in, events come out, and whoever listens decides how to show them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
