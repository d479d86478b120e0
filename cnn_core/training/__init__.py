"""Training as a story: a recipe goes in, events come out, and whoever listens decides how to show them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "spec": ["RECIPES", "TrainSpec"],
        "events": [
            "BatchDone",
            "Control",
            "Event",
            "Finished",
            "SnapshotDue",
            "Validated",
            "event_from_dict",
        ],
        "loop": ["TrainState", "train"],
        "evaluation": ["Evaluation", "evaluate", "wilson_interval"],
        "robustness": [
            "CHANGES",
            "accuracy_under",
            "calibration",
            "changed_images",
            "expected_calibration_error",
        ],
        "checkpoint": ["load_model", "load_training", "save_model", "save_training"],
        "optimizers": ["KerasRMSprop"],
    },
)
