"""Which network is in a file: the one that it describes, or for weights alone the likeliest that they fit.

Weights of PyTorch say nothing of what stands between them. Then several designs fit, and the one that reads most of the
images here is taken: the design in the sidebar, where it fits, or one of the guesses. Its owner may know better.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from cnn_core.data import ImageSet, load_images
from cnn_core.data.sources import available
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.opening import Opened, fitting, open_network
from cnn_core.training import evaluate

COMPARED = 100  # images of each data set that fits, for each design
AHEAD = 0.02  # a share of them; a design that reads so little more than one before it may be ahead by chance


def likeliest(
    content: bytes, name: str, kind: str, onto: ModelSpec | None = None, insists: bool = False
) -> Opened:
    """The network in a file.

    kind:    as `cnn_core.opening.dispatch.kind_of` calls it.
    onto:    a design for weights alone; a file that describes its own layers keeps those.
    insists: whether it has to be `onto`, also where another design was guessed or is in the file.
    Raises StudentError for what cannot be opened.
    """
    if insists or kind in ("keras", "hdf5"):
        opened = open_network(content, name, onto)
        is_onto = onto is not None and opened.spec is onto
        return replace(opened, remarks=(*opened.remarks, ONTO)) if is_onto else opened
    if kind in ("torch", "safetensors"):
        return _of_torch(content, name, onto)
    return open_network(content, name)


def _of_torch(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    from cnn_core.opening import torch_file

    if torch_file.is_ours(content):
        return open_network(content, name)
    best, most = None, -1.0
    for opened in _candidates(content, name, onto):
        share = reads(opened)
        if share > most + AHEAD:
            best, most = opened, share
    return best or open_network(content, name, onto)


def _candidates(content: bytes, name: str, onto: ModelSpec | None) -> Iterator[Opened]:
    """The design in the sidebar, where the weights fit it, then what can be guessed, the likeliest first."""
    from cnn_core.opening import torch_file

    if onto is not None:
        with suppress(StudentError):
            opened = torch_file.read(content, name, onto)
            yield replace(opened, guesses=(FITS, *opened.guesses))
    guesses = torch_file.guesses(content, name)
    others = len(guesses) - 1
    more = (
        (torch_file.ONE_OTHER,)
        if others == 1
        else (torch_file.OTHERS.format(count=others),)
        if others
        else ()
    )
    for guess in guesses:
        supposed = (torch_file.SUPPOSED.format(words=guess.words), torch_file.CHECK, *more)
        opened = torch_file.read(content, name, guess.spec)
        yield replace(opened, guesses=(*supposed, *opened.guesses))


ONTO = "The file holds weights only. They were put onto the design that was in the sidebar."
FITS = "The file holds weights only. They fit the design that was in the sidebar, so its layers were taken."


def reads(opened: Opened) -> float:
    """The largest share of a few test images that it reads, of any data set here that fits; 0 where none does."""
    shares = [0.0]
    for test in _images_for(opened.spec):
        shares.append(evaluate(opened.net, test.take(min(COMPARED, len(test)))).accuracy)
    return max(shares)


def _images_for(spec: ModelSpec) -> Iterator[ImageSet]:
    for key in fitting(spec):
        with suppress(StudentError):
            if available(key).is_usable:
                yield load_images(key, "test", fetch=False)
