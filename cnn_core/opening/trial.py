"""A network from a file tried out on test images, each time prepared in another way; and a way put into its weights.

Once a way is chosen, `with_input` puts it into the network, which from then on takes images in [0, 1] like every
network here. What the trials say is told in `preparations`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnn_core.data.datasets import ImageSet
from cnn_core.errors import StudentError
from cnn_core.model.network import Network
from cnn_core.opening.input_scale import exchanged, taken_up
from cnn_core.opening.preparations import PREPARATIONS, Trial
from cnn_core.training.evaluation import evaluate


def with_input(net: Network, preparation: str) -> Network:
    """A network that takes images in [0, 1] and answers what `net` answers to them when they are prepared so.

    preparation: a key of PREPARATIONS.
    `net` is left as it is. Most often it is the same design with other weights; where a border of zeros stands in the
    way, a depthwise convolution of 1×1 goes in front: ask `.spec` of what comes back.
    Raises StudentError where that would be too large for this server, and where rows and columns cannot be exchanged.
    """
    prepared = PREPARATIONS[preparation]
    if prepared.is_exchanged:
        net = exchanged(net)
    return taken_up(net, [prepared.factor], [prepared.offset]).net


def with_scale(net: Network, scale: float) -> Network:
    """A network that answers to x what `net` answers to scale · x, exactly but for rounding; see `with_input`."""
    return taken_up(net, [scale], [0]).net


def tried(
    net: Network,
    images: ImageSet,
    preparations: Sequence[str] = tuple(PREPARATIONS),
    between: Callable[[], None] = lambda: None,
) -> tuple[Trial, ...]:
    """How many of some test images the network reads, prepared in each way.

    net:     as it came from the file.  images: of its shape, with as many classes; 1,000 tell 94 from 91 %.
    between: called before each trial; what it raises ends them.
    A way that the network's design or the shape of its images does not allow is left out.
    """
    trials = []
    for preparation in preparations:
        if PREPARATIONS[preparation].is_exchanged and len({*net.spec.input_shape[1:]}) > 1:
            continue
        between()
        try:
            prepared = with_input(net, preparation)
        except StudentError:
            continue
        trials.append(
            Trial(images.name, preparation, evaluate(prepared, images).accuracy, len(images.labels))
        )
    return tuple(trials)
