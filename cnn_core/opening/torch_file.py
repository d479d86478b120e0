"""Files of PyTorch: state dicts (`.pt`, `.pth`) and `.safetensors`, ours and strangers'.

A file of ours says its design. Others hold weights only: their shapes find the layers, and for what stands between them
there are guesses, which can be looked at, changed in the layer editor, and replaced by a design of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cnn_core.model import ModelSpec
from cnn_core.opening.chain import ONE_NUMBER
from cnn_core.opening.onto import Weighted, put_onto
from cnn_core.opening.opened import Opened
from cnn_core.opening.torch_guess import Guess, guesses_for
from cnn_core.opening.torch_names import TORCH_EPSILON, layers_in
from cnn_core.opening.torch_tensors import in_safetensors, in_torch_zip, safetensors_header
from cnn_core.training.checkpoint import dataset_of_file, load_model

SUPPOSED = "The file holds weights only. Supposed: {words}."
CHECK = "What stands between its layers is a guess: compare it with your program."
OTHERS = "{count} other designs fit these weights too."
ONE_OTHER = "One other design fits these weights too."
EPSILON_SUPPOSED = "The epsilon of its batch normalisations is not in the file: PyTorch’s 1e-05 was supposed."


def read(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    """The network in a file of PyTorch, or one that Convscope saved.

    onto: a design for weights that come without one; None for the likeliest that fits. A file of ours has its own.
    Raises StudentError for what cannot be opened, or does not fit `onto`.
    """
    if is_ours(content):
        net, spec = load_model(content)
        return Opened(spec, net, dataset=dataset_of_file(content))
    items, remarks = _layers(content)
    guessed: list[str] = []
    if onto is None:
        found = guesses_for(items, title_of(name))
        guessed += [SUPPOSED.format(words=found[0].words), CHECK]
        guessed += [ONE_OTHER if len(found) == 2 else OTHERS.format(count=len(found) - 1)] * (len(found) > 1)
        onto = found[0].spec
    spec, net, more = put_onto(items, onto)
    guessed += [EPSILON_SUPPOSED] * any(
        item.epsilon == TORCH_EPSILON for item in items if item.kind == "norm"
    )
    return Opened(spec, net, remarks=(*remarks, *more), guesses=tuple(guessed))


def guesses(content: bytes, name: str) -> tuple[Guess, ...]:
    """Designs that the weights in a file fit, the likeliest first; none for a file that says its own.

    `read(content, name, guess.spec)` puts the weights onto one of them. Raises StudentError where nothing fits.
    """
    if is_ours(content):
        return ()
    items, _ = _layers(content)
    return guesses_for(items, title_of(name))


def is_ours(content: bytes) -> bool:
    """Whether Convscope, or a program that it exported, wrote its design into the file."""
    if content[:2] == b"PK":
        return False
    metadata = safetensors_header(content)[0].get("__metadata__")
    return isinstance(metadata, dict) and "spec" in metadata and "format" in metadata


def title_of(name: str) -> str:
    """What a network is called after its file."""
    text = "".join(sign for sign in name.rsplit(".", 1)[0] if sign.isprintable()).strip()
    return text[:80].strip() or "From PyTorch"


def _layers(content: bytes) -> tuple[list[Weighted], list[str]]:
    is_zip = content[:2] == b"PK"
    tensors = in_torch_zip(content) if is_zip else in_safetensors(content)
    items = layers_in(tensors, is_ordered=is_zip)
    return _two_of_one(items)


def _two_of_one(items: Sequence[Weighted]) -> tuple[list[Weighted], list[str]]:
    """One number z for yes or no says what two numbers, 0 and z, say with a softmax."""
    last = items[-1]
    if last.kind != "dense" or last.weight.shape[0] != 1:
        return list(items), []
    tensors = {key: torch.cat([torch.zeros_like(one), one]) for key, one in last.tensors.items()}
    return [*items[:-1], Weighted(last.where, "dense", tensors)], [ONE_NUMBER]
