"""An own data set in the place of one of the catalogue: what is known of it, and its images as tensors.

A key never fails to say what a network's outputs are called, also after the set was changed or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnn_core.data.catalog.record import Dataset
from cnn_core.data.own.contents import Contents, OwnClass, Part, Picture
from cnn_core.data.own.names import key_of, parts_of
from cnn_core.data.own.own_set import OwnSet
from cnn_core.data.own.room import mark_used
from cnn_core.data.own.shelf import Shelf
from cnn_core.errors import StudentError

if TYPE_CHECKING:
    from torch import Tensor


def own_dataset(key: str) -> Dataset:
    """What is known of an own data set.  key: "own:<id>", or with the signs of the classes that are meant."""
    one, contents, numbers = _meant(key)
    return Dataset(
        key=key,
        name=one.name,
        title=one.name,
        noun="pictures",
        singular="picture",
        folder="",
        classes=tuple(_name(contents, number) for number in numbers),
        keras=None,
        shape=one.shape,
        of_strokes=one.shape[0] == 1 and contents.is_drawn(),
        is_centred_by_mass=True,
        counts=(len(_pictures(contents, numbers, "train")), len(_pictures(contents, numbers, "test"))),
    )


def why_missing(key: str) -> str:
    """A sentence where there is nothing to learn from or nothing to test with; else "".

    A set whose pictures are all for testing is not missing: it was made for that.
    """
    one, contents, _ = _meant(key)
    if not one.card:
        return "The pictures that it learnt from are not on this server."
    if one.is_elsewhere:
        return f"“{one.name}” is a data set of another server: its pictures are not on this one."
    if one.is_removed:
        return f"The pictures of “{one.name}” were removed from this server."
    train, test = own_dataset(key).counts
    if not test or not (train or contents.is_for_testing):
        return f"“{one.name}” has too few pictures to learn from and to test with."
    return ""


def own_images(key: str, part: Part) -> tuple[Tensor, Tensor]:
    """The pictures of one part of an own data set: (N, C, H, W) uint8, and their (N,) int64 labels.

    Those to learn from come in such an order that any stretch of them, as the end that is kept for validation, holds
    the classes about as often as the whole. Raises StudentError where there are none.
    """
    import torch

    one, contents, numbers = _meant(key)
    mark_used(one.folder)
    pictures = _spread(contents, numbers, part)
    if not pictures:
        what = "to learn from: all of them are for testing" if part == "train" else "to test with"
        why = why_missing(key) or f"“{one.name}” has no pictures {what}."
        raise StudentError(
            why,
            hint="What needs no pictures still works: Filters, and Feature maps of a drawing or photo of your own.",
        )
    joined = bytearray(b"".join(picture.pixels for picture in pictures))
    return (
        torch.frombuffer(joined, dtype=torch.uint8).view(len(pictures), *one.shape),
        torch.tensor([numbers.index(picture.number) for picture in pictures], dtype=torch.int64),
    )


def frozen_key(key: str) -> str:
    """The same data set, its classes of now said in the key, as a network that learns from it needs it.

    Raises StudentError where nothing can learn from it (yet).
    """
    one, contents, numbers = _meant(key)
    if one.is_removed or not one.card:
        raise StudentError(why_missing(key), hint="Choose another data set.")
    problem = one.problem()
    if problem is not None:
        raise problem
    for number in numbers:
        if number not in contents.numbers:
            raise StudentError(
                f"“{_name(contents, number)}” was taken out of “{one.name}”.", hint="Train on the set anew."
            )
    return key_of(one.id, numbers)


def said_of(key: str) -> dict[str, Any]:
    """What a file of weights says of an own set besides its key; `Shelf.remember` reads it on another server."""
    record = own_dataset(key)
    return {"name": record.name, "classes": list(record.classes)}


def fingerprint(key: str) -> str:
    """The same for the same pictures in the same parts: two trainings on these could come to the same weights."""
    _, contents, numbers = _meant(key)
    return contents.fingerprint(numbers)


def sentence(dataset: Dataset) -> str:
    """What there is, for people."""
    train, test = dataset.counts
    if not train:
        return f"{dataset.name}: {test:,} pictures for testing, and none to learn from."
    return f"{dataset.name}: {train:,} pictures to learn from and {test:,} for testing."


def _meant(key: str) -> tuple[OwnSet, Contents, tuple[int, ...]]:
    """(the set, what is in it, the numbers of the classes that the key means)."""
    set_id, numbers = parts_of(key)
    one = OwnSet(Shelf().path / set_id)
    contents = one.contents()
    return one, contents, contents.numbers if numbers is None else numbers


def _name(contents: Contents, number: int) -> str:
    known: dict[int, OwnClass] = {one.number: one for one in contents.all_classes}
    return known[number].name if number in known else f"class {number + 1}"


def _pictures(contents: Contents, numbers: Sequence[int], part: Part) -> list[Picture]:
    return [one for one in contents.pictures if one.part == part and one.number in numbers]


def _spread(contents: Contents, numbers: Sequence[int], part: Part) -> list[Picture]:
    """The k-th of a class's n pictures stands at (k + ½) / n of the way."""
    places = []
    for number in numbers:
        of_class = contents.of_class(number, part)
        places += [((k + 0.5) / len(of_class), number, one) for k, one in enumerate(of_class)]
    return [one for _, _, one in sorted(places, key=lambda place: (place[0], place[1]))]
