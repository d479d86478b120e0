"""Layers out of named tensors: "conv1.weight" and "conv1.bias" are one layer, and their shapes say of which kind.

A state dict lists its layers in the order in which the program made them, most often the order in which an image meets
them; a .safetensors file sorts its tensors. So the order is checked, and where it makes no chain, found by the shapes:
what one layer gives is what the next one takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch

from cnn_core.errors import StudentError, quoted, shown
from cnn_core.model.network import NORM_EPSILON
from cnn_core.opening.onto import Weighted
from cnn_core.opening.torch_tensors import Promise
from cnn_core.settings import settings

TORCH_EPSILON = 1e-5  # of nn.BatchNorm2d, unless one says otherwise
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.", "state_dict.")
_OURS = re.compile(r"(conv2d|depthwise_conv2d|dense|batch_normalization)_\d+(\.(conv|dense|norm))?")
_PARTS = ("weight", "bias", "running_mean", "running_var")
_TRIES = 20_000  # of orders, before we give up
_UNKNOWN = (
    ("in_proj", "attention, as transformers have it"),
    ("weight_ih", "a recurrent layer, which reads texts or sounds"),
    ("weight_hh", "a recurrent layer, which reads texts or sounds"),
    ("lora_", "a small addition to another network's weights (LoRA)"),
    ("weight_orig", "a layer under spectral normalisation or pruning"),
    ("weight_mask", "a layer under pruning"),
    ("weight_g", "a layer under weight normalisation"),
    ("original0", "a layer under weight normalisation"),
    ("parametrizations", "a layer under a parametrisation"),
    ("zero_point", "a quantised layer"),
    ("_packed_params", "a quantised layer"),
    ("relative_position", "attention, as transformers have it"),
)
_SHORTCUTS = ("downsample", "shortcut", "skip", "residual")


def layers_in(tensors: Mapping[str, Promise], is_ordered: bool) -> list[Weighted]:
    """The layers, in the order in which an image meets them. Raises StudentError for what is no chain of ours.

    is_ordered: whether the tensors stand in the order in which the program made them.
    """
    promises = _without_wrappers(
        {name: one for name, one in tensors.items() if not name.endswith("num_batches_tracked")}
    )
    _refuse_unknown(promises)
    _refuse_too_many(promises)
    groups: dict[str, dict[str, Promise]] = {}
    for name, promise in promises.items():
        owner, _, part = name.rpartition(".")
        groups.setdefault(owner, {})[part] = promise
    items = [_layer(owner, parts) for owner, parts in groups.items()]
    return in_order(items, is_ordered)


def _without_wrappers(tensors: Mapping[str, Promise]) -> dict[str, Promise]:
    """Names without what DataParallel, torch.compile or a class around the network put before all of them."""
    names = dict(tensors)
    for _ in range(6):
        wrapper = next((one for one in _WRAPPERS if all(name.startswith(one) for name in names)), None)
        if wrapper is None or not names:
            break
        names = {name.removeprefix(wrapper): promise for name, promise in names.items()}
    return names


def _refuse_unknown(promises: Mapping[str, Promise]) -> None:
    for name in promises:
        for sign, what in _UNKNOWN:
            if sign in name:
                raise StudentError(
                    f"{quoted(name)} belongs to {what}; such a layer is not one of ours.",
                    hint="Convolutions, dense layers and batch normalisations can be opened.",
                )
        parts = name.lower().split(".")
        if any(sign in part for sign in _SHORTCUTS for part in parts[:-1]):
            raise StudentError(
                f"{quoted(name)} belongs to a shortcut, as a ResNet has it: its layers are no chain.",
                hint="Open a network without shortcuts, such as LeNet or VGG.",
            )


def _refuse_too_many(promises: Mapping[str, Promise]) -> None:
    if not promises:
        raise StudentError("This file holds no weights.", hint="Save `net.state_dict()` again.")
    count, most = sum(_count(one.shape) for one in promises.values()), settings().max_parameters
    if count > most:
        raise StudentError(
            f"This file holds {shown(count)} weights. This server allows {most:,} in a network.",
            hint="Open a smaller network.",
        )


def _count(shape: Sequence[int]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _layer(owner: str, parts: Mapping[str, Promise]) -> Weighted:
    """One layer of its tensors. Raises StudentError for a kind that is none of ours."""
    where = owner or "the network"
    strange = next((part for part in parts if part not in _PARTS), None)
    if strange is not None:
        raise StudentError(
            f"{quoted(f'{owner}.{strange}'.lstrip('.'))} is no weight of a layer of ours.",
            hint="Convolutions, dense layers and batch normalisations can be opened.",
        )
    if "running_mean" in parts:
        return _norm(where, parts)
    if "weight" not in parts:
        raise StudentError(
            f"{quoted(where)} has a bias and no weights.", hint="Save `net.state_dict()` again."
        )
    sides = len(parts["weight"].shape)
    if sides not in (2, 4) or "running_var" in parts:
        raise StudentError(
            _NO_KIND.get(sides, _NO_KIND[0]).format(where=quoted(where)), hint=_KIND_HINTS[sides == 1]
        )
    if not parts["weight"].is_floating or not all(parts["weight"].shape):
        raise StudentError(
            f"The weights of {quoted(where)} are no numbers of a trained layer.",
            hint="Save the network again.",
        )
    tensors = {part: promise.numbers() for part, promise in parts.items()}
    return Weighted(where, "dense" if sides == 2 else "conv", tensors)


_NO_KIND = {
    0: "The weights of {where} have a shape that no layer of ours has.",
    1: "{where} has one weight per map and no running averages: a layer or group normalisation, a PReLU, or a "
    "batch normalisation of which only the parameters were saved.",
    3: "{where} is a convolution along one direction (Conv1d); images have two.",
    5: "{where} is a convolution along three directions (Conv3d); images have two.",
}
_KIND_HINTS = {
    True: "If it is a batch normalisation, save `net.state_dict()`: the averages are in it.",
    False: "Convolutions of images, dense layers and batch normalisations can be opened.",
}


def _norm(where: str, parts: Mapping[str, Promise]) -> Weighted:
    if "running_var" not in parts:
        raise StudentError(
            f"{quoted(where)} has a mean and no variance.", hint="Save `net.state_dict()` again."
        )
    tensors = {part: promise.numbers() for part, promise in parts.items()}
    mean = tensors["running_mean"]
    tensors.setdefault("weight", torch.ones_like(mean))
    tensors.setdefault("bias", torch.zeros_like(mean))
    if mean.ndim != 1 or any(one.shape != mean.shape for one in tensors.values()):
        raise StudentError(f"The numbers of {quoted(where)} have different shapes.", hint="Save it again.")
    if tensors["running_var"].lt(0).any():
        raise StudentError(f"{quoted(where)} holds a variance below 0.", hint="Save the network again.")
    return Weighted(where, "norm", tensors, NORM_EPSILON if _OURS.fullmatch(where) else TORCH_EPSILON)


# --- the order --------------------------------------------------------------------------------------


def in_order(items: Sequence[Weighted], is_ordered: bool) -> list[Weighted]:
    """The layers as an image meets them: convolutions, then dense layers, each with its batch normalisation."""
    listed = list(items) if is_ordered else sorted(items, key=lambda item: _natural(item.where))
    if (is_ordered or _are_counted(listed)) and _is_chain(listed):
        return listed
    convs = _chained([item for item in listed if item.kind == "conv"])
    denses = _chained([item for item in listed if item.kind == "dense"])
    return _with_norms([*convs, *denses], [item for item in listed if item.kind == "norm"])


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which "conv10" comes after "conv9"."""
    pieces = re.findall(r"\d{1,9}|\D+", name)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]


def _are_counted(items: Sequence[Weighted]) -> bool:
    """Whether all are places of one nn.Sequential: "0", "3", "7"."""
    owners = {item.where.rpartition(".")[0] for item in items}
    return len(owners) == 1 and all(item.where.rpartition(".")[2].isdigit() for item in items)


def _follows(one: Weighted, other: Weighted) -> bool:
    """Whether what `one` gives can be what `other` takes, pooling and flattening between them."""
    given = one.weight.shape[0]
    if other.kind == "norm":
        return other.weight.shape[0] == given
    if one.kind == "dense":
        return other.kind == "dense" and other.weight.shape[1] == given
    taken = other.weight.shape[1]
    if other.kind == "dense":
        return taken % given == 0
    return taken == given or (other.weight.shape[0] % given == 0 and given % taken == 0)


def _is_chain(items: Sequence[Weighted]) -> bool:
    return all(_follows(one, other) for one, other in pairwise(items)) and not any(
        one.kind == other.kind == "norm" for one, other in pairwise(items)
    )


def _chained(items: Sequence[Weighted]) -> list[Weighted]:
    """The same in an order in which each can follow the one before; as they are where there is none."""
    if all(_follows(one, other) for one, other in pairwise(items)):
        return list(items)
    tries = 0
    ways: list[list[int]] = [[first] for first in reversed(range(len(items)))]
    while ways and tries < _TRIES:
        tries += 1
        way = ways.pop()
        if len(way) == len(items):
            return [items[place] for place in way]
        left = [place for place in range(len(items)) if place not in way]
        ways += [[*way, place] for place in reversed(left) if _follows(items[way[-1]], items[place])]
    return list(items)


def _with_norms(items: Sequence[Weighted], norms: Sequence[Weighted]) -> list[Weighted]:
    """Each batch normalisation behind a layer that gives as many maps: of the same number, else the next."""
    after: dict[int, Weighted] = {}
    for norm in norms:
        free = [i for i, item in enumerate(items) if i not in after and _follows(item, norm)]
        if not free:
            raise StudentError(
                f"{quoted(norm.where)} evens out {norm.weight.shape[0]:,} maps or units, "
                "and no layer gives as many that has none yet.",
                hint="Only a chain of layers can be opened.",
            )
        number = _last_number(norm.where)
        same = [i for i in free if _last_number(items[i].where) == number]
        after[(same or free)[0]] = norm
    return [one for i, item in enumerate(items) for one in (item, after.get(i)) if one is not None]


def _last_number(name: str) -> str:
    return (re.findall(r"\d+", name) or [""])[-1]
