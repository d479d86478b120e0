"""What is said where a picture of the visitor's own may be none of the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.ui.wording.numbers import count, number, percent

if TYPE_CHECKING:
    from cnn_core.insight import Refusals

TITLE = "And if it is none of these?"
THRESHOLD = "Above this energy it says “I do not know”"
HELP = (
    "The line in the chart. Move it to the left and it refuses more strange pictures, and more real ones too."
)


def no_none(classes: int, activation: str) -> str:
    """Why every picture gets an answer.

    classes: how many the network knows.
    activation: of the last layer.
    """
    text = (
        f"**Softmax has no “none of these”.** It shares 100 % out among {count(classes)} classes, so a letter or a "
        "horse gets one of them too, often with near certainty. What it divides away is how large the scores are. The "
        "**energy** keeps it: minus the logarithm of the sum of e to the power of each score. The lower, the more "
        "familiar the picture is to the network."
    )
    if activation in ("sigmoid", "tanh"):
        text += (
            f" The last layer of this network has a {activation}, so no score is larger than 1. Then the energy has "
            "little room, and tells little."
        )
    elif activation == "relu":
        text += " The last layer of this network has a relu, so no score is below 0; many are exactly 0."
    return text


def this_picture(largest: float, energy: float, smaller: float, higher: float, noun: str) -> str:
    """This picture among the test images.

    largest, energy: of this picture.
    smaller: the fraction of test images with a smaller largest score.
    higher: the fraction of test images with a higher energy.
    noun: what the images show, "digits".
    """
    return (
        f"Its largest score is **{number(largest, 1)}**: {percent(smaller)} of the test {noun} have a smaller one. "
        f"Its energy is **{number(energy, 1)}**: {percent(higher)} have a higher one."
    )


def nothing_beside(largest: float, energy: float) -> str:
    """This picture, where there are no test images to put it among.

    >>> nothing_beside(7.3, -7.4)
    'Its largest score is **7.3**, its energy **−7.4**. Whether that is unusual only test images could show.'
    """
    return (
        f"Its largest score is **{number(largest, 1)}**, its energy **{number(energy, 1)}**. "
        "Whether that is unusual only test images could show."
    )


def at_threshold(threshold: float, energy: float, cost: Refusals, noun: str) -> str:
    """What the network would say of this picture, and what that costs.

    threshold, energy: as the slider and the picture have them.
    cost: on the test images.
    noun: what they show.
    """
    says = "say **“I do not know”**" if energy > threshold else "still **answer**"
    text = f"With the limit at {number(threshold, 1)} it would {says} for your picture."
    if not cost.refused:
        return f"{text} It would refuse none of {count(cost.images)} real test {noun}."
    return (
        f"{text} It would refuse {count(cost.refused)} of {count(cost.images)} real test {noun} too; "
        f"{count(cost.right)} of them {'is' if cost.right == 1 else 'are'} read rightly now."
    )


def honest(is_of_digits: bool) -> str:
    """What the measure can do, and what not.

    is_of_digits: measured on digits; of other images nothing was measured.
    """
    text = "It is a help and no proof. A letter A that is drawn like a 4 looks like a 4 by this number too."
    if is_of_digits:
        text += (
            " We measured it on our own networks, at a limit that 5 of 100 test digits do not pass. Of printed letters "
            "and doodles, 45 to 78 in 100 did not pass either; by softmax’s own certainty, 41 to 78. Which of the two "
            "is the better guard differs from network to network. Plain "
            "noise was refused always by our lesson convnet, and never by our MLP and our modern convnet."
        )
    return text


def what_you_see(images: int, noun: str) -> str:
    """What the chart shows."""
    return (
        f"How many of {count(images)} test {noun} have which energy. The teal line is your picture, the dashed one the "
        "limit above which the network would not answer."
    )
