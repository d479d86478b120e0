"""The way out: a network as a file that needs no Convscope, in PyTorch, Keras, R, ONNX, a notebook, a report."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "pytorch": ["export_pytorch"],
        "keras": ["export_keras"],
        "keras_r": ["export_keras_r"],
        "onnx": ["export_onnx"],
        "notebook": ["export_notebook"],
        "report": ["export_report"],
    },
)
