"""Early stopping: end a training that gets no better, and go back to its best epoch.

The rule is Keras's `EarlyStopping(monitor="val_accuracy", patience=n, restore_best_weights=True)`. At the end of each
epoch the network reads the validation images. It is better only where it reads more of them than at the end of any
epoch before. After n epochs in a row that are not better the training ends, and whether it ended so or ran through all
its epochs, the weights of the best one are put back.
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
    """

    def __init__(self, patience: int | None, best: BestSoFar | None = None) -> None:
        self.patience = patience
        self.best = best if patience is not None else None

    @property
    def is_over(self) -> bool:
        """Whether so many epochs were no better that the training ends."""
        return self.patience is not None and self.best is not None and self.best.waited >= self.patience

    def epoch_ended(self, accuracy: float, net: nn.Module) -> None:
        """Take note of the validation at the end of an epoch.

        accuracy: a fraction of the validation images.
        net:      with the weights it was measured with; the best ones are copied.
        """
        if self.patience is None:
            return
        if self.best is None or accuracy > self.best.accuracy:
            self.best = BestSoFar(accuracy, 0, _copied(net))
        else:
            self.best = BestSoFar(self.best.accuracy, self.best.waited + 1, self.best.weights)

    def put_back(self, net: nn.Module) -> None:
        """Give `net` the weights of the best epoch, where one was kept."""
        if self.best is None:
            return
        with torch.no_grad():
            for name, weight in net.state_dict().items():
                weight.copy_(self.best.weights[name])


def _copied(net: nn.Module) -> dict[str, Tensor]:
    return {
        name: value.detach().to("cpu", copy=True).contiguous() for name, value in net.state_dict().items()
    }
