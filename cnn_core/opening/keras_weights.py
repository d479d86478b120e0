"""Where in an HDF5 file the weights of each layer lie, for the ways in which Keras 1 to 3 have put them there.

An .h5 file of a whole network, and the weights files of Keras 2, have a group for each layer by its name, with a list
of its weights in their order. The weights of a .keras file, and the weights files of Keras 3, have a group for each
layer by its class, counted, in which the weights are numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from cnn_core.errors import StudentError, quoted
from cnn_core.opening.hdf5 import Hdf5
from cnn_core.opening.keras_config import KerasLayer
from cnn_core.opening.keras_layers import Need
from cnn_core.opening.kernels import Array

_BY_CLASS = ("layers", "_layer_checkpoint_dependencies")  # the second: Keras 2.12 to 2.15
_MOST_LISTED = 12


def weights_of(needs: Sequence[Need], file: Hdf5, is_own: bool) -> list[list[Array]]:
    """The arrays of each need, float32 and finite.

    is_own: the needs come from the file's own description, not from a design that it may not fit.
    Raises StudentError, before a number is read, unless each array is there in the expected shape.
    """
    base = next(
        (base for base in _BY_CLASS if any(path.startswith(f"{base}/") for path in file.datasets)), None
    )
    if base is not None:
        paths = [_numbered(need.owner, base, file) for need in needs]
    else:
        paths = _named(needs, file)
    paths = [
        its[: len(need.shapes)] if need.has_more else its for need, its in zip(needs, paths, strict=True)
    ]
    for need, its_paths in zip(needs, paths, strict=True):
        _check(need, its_paths, file, is_own)
    arrays = file.read([path for its_paths in paths for path in its_paths])
    for path, array in zip((path for its_paths in paths for path in its_paths), arrays, strict=True):
        if not np.isfinite(array).all():
            raise StudentError(
                f"The weights {quoted(path)} hold infinite numbers or none at all: its training has failed.",
                hint="Train it again with a smaller learning rate.",
            )
    each = iter(arrays)
    return [list(islice(each, len(its_paths))) for its_paths in paths]


def has_weights(file: Hdf5) -> bool:
    """Whether it looks like weights of Keras at all."""
    return any(path.startswith(tuple(f"{base}/" for base in _BY_CLASS)) for path in file.datasets) or any(
        "weight_names" in texts or "weight_names0" in texts for texts in file.attributes.values()
    )


def listed(file: Hdf5) -> str:
    """The layers with weights in a file, by their kernels: "conv2d 3×3×1×32, dense 576×64"."""
    kernels = [
        (path, numbers.shape)
        for path, numbers in file.datasets.items()
        if len(numbers.shape) in (2, 4) and "optimizer" not in path
    ]
    parts = [f"{_layer_in(path)} {'×'.join(map(str, shape))}" for path, shape in kernels[:_MOST_LISTED]]
    return ", ".join(parts) + (", ..." if len(kernels) > _MOST_LISTED else "")


def _layer_in(path: str) -> str:
    steps = [step for step in path.split("/") if step not in (*_BY_CLASS, "model_weights")]
    return steps[0][:30] if steps else "?"


def _check(need: Need, paths: Sequence[str], file: Hdf5, is_own: bool) -> None:
    if not all(path in file.datasets for path in paths):
        raise _missing(need.owner, need.owner.name)
    found = [file.datasets[path].shape for path in paths]
    if len(found) != len(need.shapes) or any(a != b for a, b in zip(found, need.shapes, strict=True)):
        has, wants = (
            ", ".join("×".join(map(str, s)) or "()" for s in shapes) for shapes in (found, need.shapes)
        )
        if is_own:
            raise need.owner.refusal(
                f"has weights of {has or 'no shape'}, and its settings need {wants}",
                "Save the network again with Keras.",
            )
        raise StudentError(
            f"These weights do not fit the design: {need.owner.name} needs {wants}, and the file has {has or 'none'}.",
            hint=f"Choose or build the design that they were saved from. The file has {listed(file)}.",
        )
    for path in paths:
        if file.datasets[path].type[1:] not in ("f2", "f4", "f8", "bf2"):
            raise need.owner.refusal(
                "keeps its weights in numbers that are not floating-point, or of which the file does not say so",
                "Save it with float32 weights, or in a .keras file.",
            )


# --- by class, counted ------------------------------------------------------------------------------


def _numbered(owner: KerasLayer, base: str, file: Hdf5) -> list[str]:
    """layers/conv2d_1/vars/0, /1, ...; inside another network layers/sequential/layers/conv2d_1/vars/0."""
    path = ""
    for depth, (group, number, name) in enumerate(owner.within):
        inside = base if depth == 0 or not _exists(f"{path}/layers", file) else "layers"
        path = f"{path}/{inside}".lstrip("/")
        is_last = depth == len(owner.within) - 1
        candidates = _groups(path, group, file, "vars/" if is_last else "")
        if number >= len(candidates):
            raise _missing(owner, name)
        path = f"{path}/{candidates[number]}"
    numbers = [p.rpartition("/")[2] for p in file.datasets if p.startswith(f"{path}/vars/")]
    return [f"{path}/vars/{n}" for n in sorted((n for n in numbers if n.isdecimal() and len(n) < 6), key=int)]


def _exists(path: str, file: Hdf5) -> bool:
    return any(other.startswith(f"{path}/") for other in file.datasets)


def _groups(path: str, group: str, file: Hdf5, below: str) -> list[str]:
    """Groups called conv2d, conv2d_1, ... that hold weights, by their number: some versions of Keras skip numbers."""
    names = set()
    for other in file.datasets:
        if other.startswith(f"{path}/"):
            name, _, rest = other[len(path) + 1 :].partition("/")
            stem, _, number = name.rpartition("_")
            if rest.startswith(below) and (name == group or (stem == group and number.isdecimal())):
                names.add(name)
    return sorted(names, key=lambda name: (len(name), name))


# --- by name ----------------------------------------------------------------------------------------


def _named(needs: Sequence[Need], file: Hdf5) -> list[list[str]]:
    """model_weights/conv2d/conv2d/kernel:0; in a file of weights alone without the first group."""
    base = "model_weights/" if any(path.startswith("model_weights/") for path in file.datasets) else ""
    lists = {group: _texts(file, f"{base}{group}".rstrip("/"), "weight_names") for group in _top(base, file)}
    if all(need.owner.within[0][2] in lists for need in needs):
        return [[f"{base}{path}" for path in _of_owner(need.owner, lists)] for need in needs]
    # A design has names of its own: then the order decides, as in Keras's load_weights.
    order = [group for group in _texts(file, base.rstrip("/"), "layer_names") if lists.get(group)]
    if len(order) != len(needs):
        what = f"The file has {len(order)} layers with weights, and the design has {len(needs)}."
        raise StudentError(what, hint=f"Choose or build the design of the file: {listed(file)}.")
    return [[f"{base}{group}/{name}" for name in lists[group]] for group in order]


def _top(base: str, file: Hdf5) -> list[str]:
    names = _texts(file, base.rstrip("/"), "layer_names")
    return list(
        dict.fromkeys(
            [*names, *(p[len(base) :].partition("/")[0] for p in file.datasets if p.startswith(base))]
        )
    )


def _of_owner(owner: KerasLayer, lists: dict[str, list[str]]) -> list[str]:
    group = owner.within[0][2]
    names = lists[group]
    if len(owner.within) > 1:  # a network inside: all its weights are in one list, each with its layer's name
        names = [name for name in names if owner.name in name.split("/")[:-1]]
    return [f"{group}/{name}" for name in names]


def _texts(file: Hdf5, group: str, key: str) -> list[str]:
    """A list of names; a long one is cut into pieces that are numbered."""
    texts = file.attributes.get(group, {})
    pieces = [texts[key]] if key in texts else []
    while not pieces or len(pieces) < 1_000:
        piece = texts.get(f"{key}{len(pieces)}") if key not in texts else None
        if piece is None:
            break
        pieces.append(piece)
    return [name for piece in pieces for name in ([piece] if isinstance(piece, str) else piece)]


def _missing(owner: KerasLayer, name: str) -> StudentError:
    return StudentError(
        f"The weights of {quoted(name)} are missing in the file.", hint="Save the network again with Keras."
    )
