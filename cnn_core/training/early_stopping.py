"""Early stopping: end a training that gets no better, and go back to its best epoch.

The rule is Keras's `EarlyStopping(monitor="val_accuracy", patience=n, restore_best_weights=True)`. At the end of each
epoch the network reads the validation images. It is better only where it reads more of them than at the end of any
epoch before; with `monitor="val_loss"`, Keras's own choice, only where its loss on them is lower. After n epochs in a
row that are not better the training ends, and whether it ended so or ran through all its epochs, the weights of the
best one are put back.
Source: Prechelt 1998, "Early Stopping - But When?"; the details are Keras's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnn_core.training.events import BestSoFar


class EarlyStopping:
    """Watches the validations of one training.

    patience: of the recipe; None watches nothing, ends nothing and puts nothing back.
    best:     of an earlier `TrainState`, to go on from there.
    monitor:  one of MONITORS.
    """

    def __init__(
        self, patience: int | None, best: BestSoFar | None = None, monitor: str = "val_accuracy"
    ) -> None:
        self.patience = patience
        self.monitor = monitor
        self.best = best if patience is not None else None

    @property
    def is_over(self) -> bool:
        """Whether so many epochs were no better that the training ends."""
        return self.patience is not None and self.best is not None and self.best.waited >= self.patience

    def epoch_ended(self, value: float, net: nn.Module) -> None:
        """Take note of the validation at the end of an epoch.

        value: what `monitor` says: the accuracy, a fraction of the validation images, or the loss on them.
        net:   with the weights it was measured with; the best ones are copied.
        """
        if self.patience is None:
            return
        if self.best is None or is_better(value, self.best.value, self.monitor):
            self.best = BestSoFar(value, 0, _copied(net))
        else:
            self.best = BestSoFar(self.best.value, self.best.waited + 1, self.best.weights)

    def put_back(self, net: nn.Module) -> None:
        """Give `net` the weights of the best epoch, where one was kept."""
        if self.best is None:
            return
        with torch.no_grad():
            for name, weight in net.state_dict().items():
                weight.copy_(self.best.weights[name])


def is_better(value: float, best: float, monitor: str) -> bool:
    """Whether a validation is better than the best before it. monitor: one of MONITORS.

    >>> is_better(0.9, 0.9, "val_accuracy"), is_better(0.1, 0.2, "val_loss")
    (False, True)
    """
    return value < best if monitor == "val_loss" else value > best


def _copied(net: nn.Module) -> dict[str, Tensor]:
    return {
        name: value.detach().to("cpu", copy=True).contiguous() for name, value in net.state_dict().items()
    }
