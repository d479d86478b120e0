"""Networks we trained ourselves on the full MNIST, each with a card that says how.

`python -m cnn_core.pretrained` trains them again.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
