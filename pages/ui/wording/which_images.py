"""Which images a network learnt from, which it is tested on, and whether that is a test: in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.data.own.names import is_own
from cnn_core.data.sources import KNOWN, dataset_of
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count

if TYPE_CHECKING:
    from cnn_core.data.catalog.record import Dataset
    from cnn_core.data.learnt_from import ImagesLearntFrom, Overlap, Portion

NOT_KNOWN = "not known"


def learnt_from_words(learnt_from: ImagesLearntFrom) -> str:
    """Which images a network learnt from, in a few words.

    Several portions stand in the order in which they were learnt from.
    """
    texts = [_portion(portion) for portion in learnt_from.portions]
    if not learnt_from.is_known:
        texts = ["images that are not known", *texts]
    return ", later from ".join(texts) or "none"


def _portion(portion: Portion) -> str:
    dataset = dataset_of(portion.dataset)
    if is_own(portion.dataset):
        gone = "" if sum(dataset.counts) else ", which were removed since"
        return f"{count(portion.count)} pictures of {dataset.name}{gone}"
    if portion.source == "sample" and not dataset.has_sample:
        return f"{count(portion.count)} {dataset.noun} of a sample of {dataset.name}"
    if portion.source == "sample":
        return f"{count(portion.count)} of the 5,000 {dataset.noun} that come with Convscope"
    return f"{count(portion.count)} of {dataset.name}’s {count(dataset.count('train'))} training images"


def no_test_images(why: str, dataset: Dataset) -> str:
    """Where a page asks for an image and there are no test images.

    why: a sentence, of the core.

    >>> no_test_images("Fashion-MNIST is not here.", KNOWN["fashion_mnist"])
    'Fashion-MNIST is not here. A drawing or photo of your own needs no test images.'
    """
    own = "photo" if dataset.is_colour else "drawing or photo"
    return f"{plain(why)} A {own} of your own needs no test images."


def how_many(learnt_from: ImagesLearntFrom) -> str:
    """How many images a network learnt from, and by which chance they were chosen.

    Where it went on with others later, these are added: "4,000, later 55,000".
    """
    texts = [
        count(portion.count) + (f", chosen by seed {portion.seed}" if portion.chosen is not None else "")
        for portion in learnt_from.portions
    ]
    if not learnt_from.is_known:
        texts = [NOT_KNOWN, *texts]
    return ", later ".join(texts) or "none"


def taken_from(learnt_from: ImagesLearntFrom) -> str:
    """What these images are a part of."""
    texts = []
    for portion in learnt_from.portions:
        dataset = dataset_of(portion.dataset)
        if is_own(portion.dataset):
            texts.append(f"the pictures of {dataset.name}")
            continue
        sample = f"a sample of {dataset.name}"
        if dataset.has_sample:
            sample = f"the 5,000 {dataset.noun} that come with Convscope"
        whole = f"{dataset.name}’s {count(dataset.count('train'))} training images"
        texts.append(sample if portion.source == "sample" else whole)
    if not learnt_from.is_known:
        texts = [NOT_KNOWN, *texts]
    return ", later ".join(texts) or "none"


def tested_on(dataset: str, images: int, is_sample: bool) -> str:
    """Which images an accuracy is a share of.

    >>> tested_on("mnist", 500, True), tested_on("fashion_mnist", 10_000, False)
    ('500 test digits that come with Convscope', 'Fashion-MNIST’s 10,000 test clothes')
    >>> tested_on("cifar10", 2_000, True)
    '2,000 test photos of a sample of CIFAR-10'
    """
    is_known = dataset in KNOWN or is_own(dataset)
    noun = dataset_of(dataset).noun if is_known else "images"
    if is_sample and is_known and not dataset_of(dataset).has_sample:
        return f"{count(images)} test {noun} of a sample of {dataset_of(dataset).name}"
    if is_sample:
        return f"{count(images)} test {noun} that come with Convscope"
    owner = f"{dataset_of(dataset).name}’s " if is_known else ""
    return f"{owner}{count(images)} test {noun}"


def no_test(overlap: Overlap, noun: str = "images") -> str:
    """Why an accuracy on these images is no test; "" where it is one.

    noun: what the images show, plural.
    """
    if overlap.is_test:
        return ""
    if overlap.seen == overlap.count:
        return f"It learnt from all of these {count(overlap.count)} {noun}: this is no test."
    if overlap.seen:
        verb = "is" if overlap.seen == 1 else "are"
        return (
            f"{count(overlap.seen)} of these {count(overlap.count)} {noun} {verb} among those it learnt from: "
            "this is no test."
        )
    return f"It may have learnt from some of these {count(overlap.count)} {noun}, so this may be no test."
