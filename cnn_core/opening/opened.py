"""What comes out of a file that was made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec


@dataclass(frozen=True)
class Opened:
    """A network from a file, ready to be used like one trained here.

    spec:    its design.
    net:     the network, in evaluation mode. It takes images (B, C, H, W) in [0, 1], as every network here.
    dataset: key of the data set that it learnt from, where the file says it; None where it does not.
    scale:   what its first layer wants an image in [0, 1] to be multiplied by: 1, or 255 where the file itself shows
             that it was trained on numbers from 0 to 255. The network does not do that yet: `trial.with_scale` puts the
             factor into its first layer.
    remarks: whole sentences about what was changed so that it could be opened, and still answers the same.
    guesses: whole sentences about what the file does not say, and was guessed.
    """

    spec: ModelSpec
    net: Network
    dataset: str | None = None
    scale: int = 1
    remarks: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
