"""Where a walk along an ONNX graph is: what its axes stand for, what was padded, and the layers made so far.

Exporters of PyTorch keep maps as (batch, channels, rows, columns), as we do; those of Keras and TensorFlow as (batch,
rows, columns, channels), with transpositions around each convolution. So a walk remembers what each axis stands for,
and where a list came out of maps in another order, the dense layer that reads it gets its columns put right.
"""

from __future__ import annotations

from collections import defaultdict
from math import isqrt, prod

import numpy as np
import torch
from torch import Tensor

from cnn_core.errors import StudentError, quoted, shown
from cnn_core.model.common_settings import MAX_PIXELS
from cnn_core.opening import onnx_bends
from cnn_core.opening.chain import Chain
from cnn_core.opening.onnx_constants import Constants
from cnn_core.opening.onnx_wire import Graph, Node

PIXELS_255 = (
    "The file multiplies pixels from 0 to 255 itself; here images are in [0, 1] already, so that is left out."
)

_INSTEAD = {
    "ConvTranspose": "It makes maps larger; a network that reads images has a convolution in its place.",
    "LayerNormalization": "Batch normalisation could stand there, after a new training.",
    "InstanceNormalization": "Batch normalisation could stand there, after a new training.",
    "GroupNormalization": "Batch normalisation could stand there, after a new training.",
    "LRN": "Batch normalisation could stand there, after a new training.",
    "Reshape": "Only maps that become a list, or a list that becomes an image, can be followed.",
    "Transpose": "Only images whose channels come first or last can be followed.",
    "Squeeze": "Only axes of one can be left out.",
    "Pad": "A border of zeros in front of a convolution can be opened.",
    "LSTM": "It reads texts or sounds, one after another; here images are read.",
    "GRU": "It reads texts or sounds, one after another; here images are read.",
    "Attention": "It is part of a transformer; here convolutional networks are read.",
    "QLinearConv": "The weights were made smaller (quantised). Export the network before that.",
    "DequantizeLinear": "The weights were made smaller (quantised). Export the network before that.",
    "QuantizeLinear": "The weights were made smaller (quantised). Export the network before that.",
    "Concat": "Only a chain can be opened, and here two ways meet.",
    "If": "It holds a program of its own. Export the network in evaluation mode.",
    "Loop": "It holds a program of its own. Export the network in evaluation mode.",
    "Scan": "It holds a program of its own. Export the network in evaluation mode.",
    "Resize": "It changes the size of maps; a pooling could stand there, after a new training.",
}


class Walk:
    """One walk along a graph, from its input to its output.

    order: what the axes of the present value stand for: N, C, H, W for maps, F for a list, a full stop for an axis
           of one. turned: of a list that came out of maps in another order, our place of each of its numbers.
    """

    def __init__(self, graph: Graph, side: int | None, is_forgiving: bool) -> None:
        self.graph = graph
        self.constants = Constants(graph)
        self.is_forgiving = is_forgiving
        self.consumers: dict[str, list[Node]] = defaultdict(list)
        for node in graph.nodes:
            for name in dict.fromkeys(node.inputs):
                if name and node.operator != "Shape":
                    self.consumers[name].append(node)
        self.value, sizes = image_input(graph, self.constants)
        self.batch = sizes[0] if sizes and sizes[0] else 1
        self.turned: np.ndarray | None = None
        self.pad: tuple[list[int], float] | None = None
        self.start: tuple[Tensor, Tensor] | None = (torch.ones(1), torch.zeros(1))
        self.order, self.chain = self._begin(sizes, side)
        self.seen: set[int] = set()

    # --- where it begins and ends ---

    def _begin(self, sizes: list[int | None], side: int | None) -> tuple[str, Chain]:
        if any(one > MAX_PIXELS for one in (sizes[1:] if len(sizes) > 2 else ()) if one is not None):
            raise StudentError(
                f"This network takes images of {'×'.join(shown(one) for one in sizes[1:])}.",
                hint=f"At most {MAX_PIXELS}×{MAX_PIXELS} pixels can be read here.",
            )
        if len(sizes) == 2:
            return "NF", Chain(_image_of(sizes[1] or 784))
        if len(sizes) == 3:
            rows, columns = sizes[1] or side, sizes[2] or side
            return "NHW", Chain((1, rows or 28, columns or 28))
        if len(sizes) != 4:
            raise StudentError(
                f"The input of this network has {len(sizes)} axes, and a batch of images has four.",
                hint="Export it with an example of the shape (1, 1, 28, 28).",
            )
        if sizes[1] not in (1, 3) and (sizes[3] in (1, 3) or sizes[1] is not None):
            order, channels = "NHWC", sizes[3] or 1
            rows, columns = sizes[1] or side, sizes[2] or side
        else:
            order, channels = "NCHW", sizes[1] or self._first_depth()
            rows, columns = sizes[2] or side, sizes[3] or side
        return order, Chain((channels, rows or 28, columns or 28))

    def _first_depth(self) -> int:
        for node in self.graph.nodes:
            if node.operator == "Conv" and len(node.inputs) > 1 and node.inputs[1] in self.graph.constants:
                shape = self.graph.constants[node.inputs[1]].shape
                return shape[1] if len(shape) == 4 else 1
        return 1

    # --- words ---

    def where(self, node: Node) -> str:
        """Which node it is, as a student finds it in Netron."""
        name = f", {quoted(node.name)}" if node.name else ""
        operator = "".join(c for c in node.operator[:30] if c.isprintable())
        return f"Node {node.place} of {len(self.graph.nodes)} ({operator}{name})"

    def unknown(self, node: Node) -> StudentError:
        instead = onnx_bends.instead_of(node) or _INSTEAD.get(node.operator, "")
        if onnx_bends.instead_of(node):
            instead += " Or put the weights onto the design in the sidebar, with that activation."
        return StudentError(
            f"{self.where(node)} is no layer of ours.",
            hint=instead
            or "Layers that can be opened: convolution, dense, pooling, batch normalisation, flatten.",
        )

    def remark(self, text: str) -> None:
        if text not in self.chain.remarks:
            self.chain.remarks.append(text)

    # --- the present value, as the file has it ---

    def their_shape(self) -> tuple[int, ...]:
        """Its shape in the file, batch included."""
        shape = self.chain.shape
        if len(shape) == 1 or "F" in self.order:
            sides = {"F": prod(shape)}
        else:
            sides = dict(zip("CHW", shape, strict=True))
        return tuple(self.batch if axis == "N" else sides.get(axis, 1) for axis in self.order)

    def weight(self, node: Node, place: int, what: str = "weights") -> Tensor | None:
        """An input that must be constant, as float32; None where it is left out."""
        name = node.inputs[place] if place < len(node.inputs) else ""
        if not name:
            return None
        array = self.constants.get(name)
        if array is None:
            raise StudentError(
                f"{self.where(node)} gets its {what} from another layer, not from the file.",
                hint="Only a chain of layers with weights of their own can be opened.",
            )
        return as_float32(array)

    def needs_maps(self, node: Node) -> None:
        """Raise StudentError unless channels come second, as ONNX's convolutions and poolings read maps."""
        self.flush(self.where(node))
        if self.order != "NCHW":
            raise StudentError(
                f"{self.where(node)} does not read maps in the order batch, channels, rows, columns.",
                hint="Export the network again, with images as (batch, channels, rows, columns).",
            )

    def to_list(self) -> None:
        """Flatten maps, and remember in which order the file has their numbers."""
        if "F" not in self.order:
            order = [axis for axis in self.order if axis in "CHW"]
            self.turned = self._turned(order)
            self.chain.flatten("Flatten")
        self.order = "NF"

    def _turned(self, order: list[str]) -> np.ndarray | None:
        shape = self.chain.shape
        if len(shape) != 3:
            return None
        axes = ["CHW".index(axis) for axis in order]
        axes += [axis for axis in range(3) if axis not in axes]  # axes of one that the file leaves out
        places = np.arange(prod(shape)).reshape(shape).transpose(axes).reshape(-1)
        return None if (places == np.arange(places.size)).all() else places

    def ours(self, numbers: Tensor) -> Tensor:
        """Numbers of a list, (..., F), in our order."""
        if self.turned is None or numbers.shape[-1] != self.turned.size:
            return numbers
        right = torch.empty_like(numbers)
        right[..., torch.from_numpy(self.turned)] = numbers
        return right

    def list_first(self, node: Node) -> None:
        """A list as the input: it is an image that was flattened before."""
        if self.order == "NF" and len(self.chain.shape) == 3:
            self.chain.flatten(self.where(node))

    # --- what is multiplied and added before the first layer ---

    def flush(self, where: str) -> None:
        if self.start is None:
            return
        (factor, summand), self.start = self.start, None
        if factor.abs().max() <= 0.02:  # for pixels up to 255
            factor = factor * 255
            self.remark(PIXELS_255)
        if not (torch.allclose(factor, torch.ones(1), atol=1e-5) and summand.abs().max() < 1e-7):
            self.chain.affine(where, factor, summand)

    def affine(self, node: Node, factor: Tensor, summand: Tensor) -> None:
        if self.start is not None and not self.chain.layers:
            before, after = self.start
            self.start = (before * factor, after * factor + summand)
        else:
            self.list_first(node)
            self.chain.affine(self.where(node), factor, summand)


def as_float32(array: np.ndarray) -> Tensor:
    """A copy of its own; a number beyond float32 becomes infinite, and is refused later."""
    with np.errstate(all="ignore"):
        return torch.from_numpy(np.array(array, np.float32))


def image_input(graph: Graph, constants: Constants) -> tuple[str, list[int | None]]:
    """The one input that is an image. Older files list their weights among the inputs too."""
    inputs = {name: sizes for name, sizes in graph.inputs.items() if name not in graph.constants}
    if len(inputs) != 1:
        raise StudentError(
            f"This network takes {len(inputs)} inputs, and ours takes one image.",
            hint="Export only the part that reads the image.",
        )
    return next(iter(inputs.items()))


def _image_of(count: int) -> tuple[int, int, int]:
    """The image whose numbers a list of `count` holds: 784 is 28×28 in grey, 3,072 is 32×32 in colour."""
    for channels in (1, 3):
        side = isqrt(max(count, 0) // channels)
        if side and channels * side * side == count:
            return channels, side, side
    raise StudentError(
        f"This network reads {count:,} numbers, which are no square image.",
        hint="784 numbers are an image of 28×28.",
    )
