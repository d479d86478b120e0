"""The lesson by hand, slowly: convolution and pooling, questions, a cat's face, and what augmentation may do."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
