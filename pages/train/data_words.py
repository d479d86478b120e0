"""The sentences and the R code of the four steps by which images and labels are made ready. No Streamlit."""

from __future__ import annotations

from cnn_core.data.sources import dataset_of
from pages.ui.wording.numbers import count

TITLE = "What happens to the images before the network sees them"
WHOLE = 60_000  # training images of each data set, as Keras loads it
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def loaded(images: int, dataset: str, row: int, example: str) -> str:
    """The first step.

    images:  how many the network learns from here.
    row:     of the example, the one whose numbers are shown.
    example: the image that is shown ("test image no. 4, a 7").
    """
    return (
        f"**1. Loaded.** A training learns from **{count(images)}** images of {dataset_of(dataset).name}, each with "
        f"its label. Here is {example}. An image is 28 rows of 28 whole numbers, from 0 (black) to 255 (white). "
        f"This is row {row}, counted from 0:"
    )


def reshaped(images: int) -> str:
    """The second step."""
    return (
        f"**2. Reshaped.** {count(images)}×28×28 numbers become {count(images)}×28×28×1. No number changes. The 1 says "
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
    module = dataset_of(dataset).keras
    if module is None:
        return ""
    lines = [
        f"data = dataset_{module}()",
        "c(c(train_images, train_labels), c(test_images, test_labels)) %<-% data",
    ]
    if images < WHOLE:
        lines += [
            f"# it brings {count(WHOLE)}; here {count(images)} are learnt from",
            f"train_images = train_images[1:{images}, , ]",
            f"train_labels = train_labels[1:{images}]",
        ]
    return "\n".join(lines)


def r_reshaped(images: int) -> str:
    """R: `array_reshape`."""
    return f"train_images = array_reshape(\n  train_images, c({images}, 28, 28, 1))"


R_SCALED = "train_images = train_images / 255"
R_ONE_HOT = "train_labels = to_categorical(train_labels)"
SAME_FOR_TEST = (
    "The test images are reshaped and scaled in the same way, and their labels become one-hot too."
)
