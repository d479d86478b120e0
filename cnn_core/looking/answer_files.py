"""Answers as bytes, and back: numbers in safetensors' format, beside them plain values. Nothing in it is executed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cnn_core.insight import AscentRecipe, Examples, FilterPictures
from cnn_core.training import Evaluation

KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Evaluation, Examples, FilterPictures)}
_TENSORS = "tensors"  # the kind of an answer that is {name: tensor}


def encoded(answer: Any) -> bytes:
    """answer: of one of KINDS, or {name: tensor}."""
    if isinstance(answer, dict):
        return save({name: _apart(tensor) for name, tensor in answer.items()}, {"kind": _TENSORS})
    values = {field.name: getattr(answer, field.name) for field in fields(answer)}
    tensors = {name: _apart(value) for name, value in values.items() if isinstance(value, Tensor)}
    plain = {name: _plain(value) for name, value in values.items() if name not in tensors}
    return save(tensors, {"kind": type(answer).__name__, "plain": json.dumps(plain)})


def decoded(content: bytes) -> Any | None:
    """The answer, or None where these bytes are none."""
    try:
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        said = json.loads(content[8 : 8 + length])["__metadata__"]
        if said["kind"] == _TENSORS:
            return tensors
        plain = {
            name: _BACK.get(name, _same)(value) if value is not None else None
            for name, value in json.loads(said["plain"]).items()
        }
        return KINDS[said["kind"]](**tensors, **plain)
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None


def _apart(tensor: Tensor) -> Tensor:
    # The format wants each in a memory of its own, row by row.
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _plain(value: Any) -> Any:
    if isinstance(value, AscentRecipe):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


def _same(value: Any) -> Any:
    return value


def _recipe(values: dict[str, Any]) -> AscentRecipe:
    return AscentRecipe(**values | {"noise": tuple(values["noise"])})


_BACK: dict[str, Callable[[Any], Any]] = {"filters": tuple, "recipe": _recipe}
