"""From a design in plain numbers to a network: spec, presets, shapes, links, build."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"links"},
    submod_attrs={
        "spec": ["ModelSpec", "summarize"],
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
        "summary": ["LayerSummary"],
        "draft": ["Draft", "Remedy", "inspect_draft"],
        "network": ["Network", "build", "in_eval_mode", "untrained", "weights_hash"],
    },
)
