"""Settings that several kinds of layer have: what may be chosen, and what is said to whoever meets them first."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.model.activations import ACTIVATIONS
from cnn_core.model.setting import Bend, Dilation, Padding, Side, Stride

MAX_FILTERS = 4_096  # of one convolution
MAX_MULTIPLIER = 64  # filters of a depthwise convolution over each map
MAX_UNITS = 65_536  # of one dense layer
MAX_PIXELS = 256  # a side of a kernel, a pool, a step or an image

KERNEL = Side(
    label="Kernel size",
    help="Height and width of the window that slides over the map, in pixels. A larger kernel sees more at once.",
    noun="kernel",
    most=MAX_PIXELS,
    offered=(1, 2, 3, 4, 5, 6, 7),
)
POOL = Side(
    label="Pool size",
    help="Height and width of the window, in pixels. A 2×2 window makes one number out of four.",
    noun="pool",
    most=MAX_PIXELS,
    offered=(2, 3, 4),
)
STRIDES_HELP = (
    "How many pixels the window moves at each step. With strides of 2, the map that comes out is half as "
)
STRIDES_HELP += "high and half as wide as with strides of 1 (rounded up)."
STRIDES = Stride(help=STRIDES_HELP, most=MAX_PIXELS, unsaid=1)
POOL_STRIDES = Stride(help=STRIDES_HELP, most=MAX_PIXELS)
DILATION = Dilation(
    help="How far apart the kernel’s numbers lie on the map. With 2, a 3×3 kernel takes every second pixel of a 5×5 "
    "window: it sees more, with the same weights. Strides must then be 1.",
    most=MAX_PIXELS,
    later=True,
)
PADDING = Padding(
    help="“valid”: the kernel stays inside the map, so a kernel larger than 1×1 leaves a smaller map. “same”: a border "
    "of zeros is put around the map, so that with strides of 1 the map keeps its size."
)
POOL_PADDING = Padding(
    help="“valid”: the window stays inside the map; a rest at the right and lower edge is left out. “same”: the window "
    "may reach over the edge, and only the numbers inside the map count."
)
ACTIVATION_HELP = (
    "What happens to each number at the end of the layer. “linear” leaves it as it is, “relu” turns negative "
    "numbers into 0. "
)
INNER_ACTIVATION = Bend(
    help=ACTIVATION_HELP + "Without a bend such as relu, two layers can do no more than one.",
    offered=ACTIVATIONS[:-1],  # softmax is for the last layer
    added="relu",
)
ANY_ACTIVATION = Bend(
    help=ACTIVATION_HELP + "“softmax” is for the last layer: it makes one probability per class.",
    added="relu",
)


def check_moves(strides: int, dilation: int) -> None:
    """Raise StudentError for a convolution with both, which Keras refuses too."""
    if strides > 1 and dilation > 1:
        raise StudentError(
            f"a convolution with dilation {dilation} moves by one pixel, and its strides are {strides}.",
            hint="Set strides or dilation_rate to 1.",
        )
