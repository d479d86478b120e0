"""The sentences and the R code of the four steps by which images and labels are made ready. No Streamlit."""

from __future__ import annotations

from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.model.shapes import shape_text
from pages.ui.wording.numbers import count

TITLE = "What happens to the images before the network sees them"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def loaded(images: int, dataset: str, row: int, example: str, of: str) -> str:
    """The first step.

    images:  how many the network learns from here.
    row:     of the example, the one whose numbers are shown; of a colour image those of its red light.
    example: the image that is shown ("test image no. 4, a 7").
    of:      the data set of the example.
    """
    data, shown = dataset_of(dataset), dataset_of(of)
    _, height, width = shown.shape
    here = f"Here is {example}."
    if shown != data:
        here = f"They are not on this machine yet, so here is {example} of {shown.name}."
    if shown.is_colour:
        pixels = (
            f"An image is {height} rows of {width} pixels, and each pixel is three whole numbers from 0 (no light) to "
            f"255 (full light): red, green and blue. This is row {row} of the red ones, counted from 0:"
        )
    else:
        pixels = (
            f"An image is {height} rows of {width} whole numbers, from 0 (black) to 255 (white). "
            f"This is row {row}, counted from 0:"
        )
    turned = f" {TRANSPOSED}" if getattr(data.files, "is_transposed", False) else ""
    return (
        f"**1. Loaded.** A training learns from **{count(images)}** images of {data.name}, each with "
        f"its label.{turned} {here} {pixels}"
    )


TRANSPOSED = "The files hold columns where rows belong; they are exchanged while they are read."


def reshaped(images: int, dataset: str) -> str:
    """The second step."""
    channels, height, width = dataset_of(dataset).shape
    size = f"{count(images)}×{height}×{width}"
    if channels > 1:
        return (
            f"**2. Shape.** These are {size}×{channels} numbers, and the network takes them in this shape. The "
            f"{channels} says that each pixel has {channels} channels: how much red, green and blue light it has."
        )
    return (
        f"**2. Reshaped.** {size} numbers become {size}×1. No number changes. The 1 says "
        "that each pixel has one channel, its grey value; a colour image would have 3 there."
    )


SCALED = (
    "**3. Scaled.** Every number is divided by 255, so that it lies between 0 and 1. "
    "The first weights are small random numbers, and they suit such inputs. The same row:"
)


def one_hot(label: int, name: str, classes: int) -> str:
    """The fourth step.

    label: of the example, an index counted from 0.
    name:  of that class; for a digit the same as its index.

    >>> one_hot(7, "7", 10)[:54]
    '**4. One-hot.** The label 7 becomes 10 numbers: a 1 at'
    """
    called = name if name == str(label) else f"{label} ({name})"
    return (
        f"**4. One-hot.** The label {called} becomes {classes} numbers: a 1 at index {label} and 0 elsewhere. It "
        f"counts from 0, so this is the {ordinal(label)} place; R counts from 1 and calls it [{label + 1}]. "
        "The network answers with as many probabilities, and the two lists are compared place by place."
    )


def ordinal(index: int) -> str:
    """
    >>> ordinal(7), ordinal(11)
    ('eighth', '12th')
    """
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


def r_loaded(images: int, dataset: str) -> str:
    """R: load, and take as many images as here. Of a data set that Keras does not have, "" ."""
    data = dataset_of(dataset)
    if data.keras is None:
        return ""
    whole, every = data.count("train"), ", " * (3 if data.is_colour else 2)
    lines = [
        f"data = dataset_{data.keras}()",
        "c(c(train_images, train_labels), c(test_images, test_labels)) %<-% data",
    ]
    if picked := getattr(data.files, "picked", ()):
        places = ", ".join(map(str, picked))
        lines += [
            f"# {' and '.join(data.classes)} are its classes {places}; the test images are chosen alike",
            f"chosen = train_labels %in% c({places})",
            f"train_images = train_images[chosen{every}]",
            f"train_labels = match(train_labels[chosen], c({places})) - 1",
        ]
    if images < whole:
        lines += [
            f"# {'these are' if picked else 'it brings'} {count(whole)}; here {count(images)} are learnt from",
            f"train_images = train_images[1:{images}{every}]",
            f"train_labels = train_labels[1:{images}]",
        ]
    return "\n".join(lines)


def r_reshaped(images: int, dataset: str) -> str:
    """R: `array_reshape`; of colour images, which have their shape already, "" ."""
    channels, height, width = dataset_of(dataset).shape
    if channels > 1:
        return ""
    return f"train_images = array_reshape(\n  train_images, c({images}, {height}, {width}, 1))"


def fit_label(dataset: Dataset) -> str:
    """Of the button that makes a design fit a data set, keeping its layers.

    >>> fit_label(dataset_of("cifar10"))
    'Fit these layers to 32×32×3 and 10 classes'
    """
    return f"Fit these layers to {shape_text(dataset.shape)} and {len(dataset.classes)} classes"


def misfit_way_out(dataset: Dataset) -> str:
    """What to do about a design that is for other images than the data set's."""
    return f"Take a design for {dataset.name}, or choose another data set. Undo in the sidebar brings this one back."


R_SCALED = "train_images = train_images / 255"
R_ONE_HOT = "train_labels = to_categorical(train_labels)"
SAME_FOR_TEST = "The same is done to the test images, and their labels become one-hot too."
