"""The way out: a network as a file that needs no Convscope, in PyTorch, Keras, R, ONNX, a notebook, a report."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
