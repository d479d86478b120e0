"""The sentences of the bar, of the tasks, and of what is only told."""

from __future__ import annotations

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, plural

CAT_STORY = (
    "**Edges, then parts, then a face**: maps of a large photo network at three depths. "
    "Click a map, and the photo lights up where it answers."
)

TRAIN_IT = (
    "Press **Train** above: the network learns from the images, as in the notebook. You can go on at once."
)
TRAIN_BOTH = (
    "Press **Train with and without** above: the same network learns twice, once with random changes. "
    "You can go on at once."
)


def in_training(title: str, epoch: float, epochs: int) -> str:
    """epoch: how far it is, of so many."""
    return f"“{plain(title)}” is learning: {epoch:.1f} of {plural(epochs, 'epoch')}. You can go on, it does not stop."


def is_trained(title: str) -> str:
    """Where the training is done."""
    return f"**“{plain(title)}” is trained.** From here on every step is about this network."


PAIR_GOES_ON = "Both are learning. You can go on, they do not stop."


def pair_answer(with_it: float, without: float, images: int) -> str:
    """with_it, without: accuracy on the untouched test images, fractions."""
    return (
        f"On {count(images)} untouched test images: **{100 * with_it:.1f} %** with random changes, "
        f"**{100 * without:.1f} %** without. Below, both are tested on changed ones too."
    )


# ---------------------------------------------------------------- the bar


def where(place: int, steps: int) -> str:
    """
    >>> where(9, 20)
    'Step 9 of 20'
    """
    return f"Step {place} of {steps}"


def you_were_at(place: int, steps: int, title: str) -> str:
    """For whoever comes back."""
    return f"You were at step {place} of {steps} of the lesson: **{title}**."


def cannot_ask(title: str, need: str) -> str:
    """title: of the network that is looked at.  need: a key of `asking.NEEDS`."""
    lacks = {
        "images": "there are no test images for it here",
        "maps": "it has no convolution, or no test images are here",
        "two convolutions": "this step needs two convolutions, and test images",
        "maps of digits": "this step is about a convnet that reads digits",
        "pooling of digits": "this step is about a network for digits that pools",
        "a photo network": "the photo network is not installed here",
    }.get(need, "it cannot be asked")
    return f"“{plain(title)}” cannot answer this: {lacks}."


def test_image(number: int) -> str:
    """number: of the image, from 0."""
    return f"Test image no. {number}"


NOT_IN_SCENE = "Your teacher’s scene leaves this step out: it needs something that the scene fixes or hides."
LESSON = "The lesson"
ANEW = "Begin anew"
DRAW_ABOVE = "Draw your curve above, then press **This is my curve**."
COMPARE_ABOVE = "Above: what you drew, and what was measured. **A network knows what it was shown.**"
EXPLANATIONS = {"cat_face": CAT_STORY}


def after(lead: str, question: str) -> str:
    """A question behind the sentence that it needs.

    >>> after("With strides 1 it asks 676 places.", "How many are left?")
    'With strides 1 it asks 676 places. How many are left?'
    """
    return f"{lead} {question}"


def look_at(title: str) -> str:
    """A button that chooses another network."""
    return f"Look at “{plain(title)}”"


GO_ON, NOT_NOW, BACK_TO_IT = "Go on", "Not now", "Back to it"
BACK, SKIP, LEAVE, NEXT, FINISH = "Back", "Skip", "Leave", "Next", "Finish"


def the_end(right: int, guesses: int, surprise: str, is_whole: bool = True) -> str:
    """surprise: what the visitor was most wrong about, as it was asked; "" where there is nothing.

    is_whole: no teacher's scene leaves steps out.
    """
    said = (
        f"You made {plural(guesses, 'prediction')}, {count(right)} of them right at once." if guesses else ""
    )
    most = f" What surprised you most: “{plain(surprise)}”" if surprise else ""
    end = (
        "That was the lesson."
        if is_whole
        else "That was the lesson, as far as it is part of your teacher’s scene."
    )
    return f"**{end}** {said}{most}".strip()
