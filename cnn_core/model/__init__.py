"""From a design in plain numbers to a network: spec, presets, shapes, links, build, export."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"links"},
    submod_attrs={
        "spec": ["ModelSpec"],
        "layers": [
            "Conv2D",
            "MaxPooling2D",
            "AveragePooling2D",
            "GlobalAveragePooling2D",
            "BatchNormalization",
            "Dropout",
            "Flatten",
            "Dense",
            "Layer",
            "LAYER_TYPES",
            "ACTIVATIONS",
        ],
        "presets": ["PRESETS"],
        "shapes": ["LayerSummary", "summarize"],
        "draft": ["Draft", "Remedy", "inspect_draft"],
        "network": ["Network", "build", "untrained", "weights_hash"],
        "export": ["export_pytorch"],
        "export_keras_source": ["export_keras", "export_keras_r"],
        "onnx_file": ["export_onnx"],
        "notebook_file": ["export_notebook"],
        "report": ["export_report"],
    },
)
