"""What comes out of a file that was made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec


@dataclass(frozen=True)
class Opened:
    """A network from a file: its design, its weights, and what the file says of them.

    spec:    its design.
    net:     the network, in evaluation mode. To scale · x, for x in [0, 1], it answers what the file's own does.
    dataset: key of the data set that it learnt from, where the file says it; None where it does not.
    scale:   what an image in [0, 1] is to be multiplied by before it: 1, or 255 where the file itself shows that it
             was trained on numbers from 0 to 255. `trial.with_scale(net, scale)` takes images in [0, 1].
    remarks: whole sentences about what was changed so that it could be opened, and still answers the same.
    guesses: whole sentences about what the file does not say, and was guessed.
    """

    spec: ModelSpec
    net: Network
    dataset: str | None = None
    scale: int = 1
    remarks: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
