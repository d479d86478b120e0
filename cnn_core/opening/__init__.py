"""Networks made elsewhere: a file of Keras, PyTorch or ONNX becomes a design and a network of ours.

Nothing in a file is ever run. A reader takes numbers and words out of it, and refuses by name what it does not know.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
