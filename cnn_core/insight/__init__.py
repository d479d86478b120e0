"""Looking inside any trained net: what each layer sees, and why the answer is what it is."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
