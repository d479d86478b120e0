"""Networks we trained ourselves on the full MNIST, each with a card that says how. `python -m cnn_core.pretrained`
trains them again."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cards": ["Card", "Curve", "History", "card", "history", "names"],
        "weights": ["Replay", "load", "load_pretrained", "replay"],
    },
)
