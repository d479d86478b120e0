"""What every view of the Augmentation page asks about: a network, a digit, and whether it is still read as that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.kept import kept
from cnn_core.lesson import Change, Reading, drawn, read_changed
from pages.augmentation.words import other_images
from pages.ui.forms.digit_input import ChosenImage, article
from pages.ui.visitor import networks
from pages.ui.wording.numbers import shape_text


@kept(24)
def readings(
    keys: tuple[str, str],
    changes: tuple[Change, ...],
    fill: tuple[str, float],
    _network: Any,
    _image: Any,
) -> Reading:
    """What the network reads in the image, changed in each of these ways; computed once.

    keys: of the weights and of the image; the same keys, the same weights and the same image.
    fill: the mode, and the brightness that "constant" fills with.
    """
    return read_changed(_network.net, _image, changes, *fill)


@dataclass(frozen=True, eq=False)
class Trial:
    """A network, the digit whose class it ought to keep, and the random changes it is tried with.

    Raises StudentError for a network of other images.
    """

    network: networks.LoadedNetwork
    digit: ChosenImage
    spec: AugmentSpec

    def __post_init__(self) -> None:
        theirs, ours = self.network.spec.input_shape, tuple(self.digit.image.shape)
        if theirs != ours:
            raise StudentError(other_images(shape_text(theirs), shape_text(ours)), "Choose another one.")

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        _, height, width = self.digit.image.shape
        return height, width

    def draws(self, count: int, seed: int) -> tuple[Change, ...]:
        """So many random changes by the settings, sorted by their turn; the same seed, the same changes."""
        return tuple(drawn(self.spec, count, self.size, seed))

    def read(
        self, changes: tuple[Change, ...], fill_mode: str | None = None, digit: ChosenImage | None = None
    ) -> Reading:
        """What the network reads in the digit, changed in each of these ways.

        fill_mode: another than that of the settings.
        digit:     another than the one that was chosen.
        """
        one = digit or self.digit
        keys = self.network.weights_key, one.key
        fill = fill_mode or self.spec.fill_mode, self.spec.cval
        return readings(keys, changes, fill, self.network, one.image)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """What the network's answers are called."""
        return networks.classes_of(self.network)

    @cached_property
    def untouched_answer(self) -> int:
        """The class that the digit is read as before any change."""
        return self.read((Change(),)).answers[0]

    @property
    def label(self) -> int:
        """The class it ought to keep. A drawing has none: what counts is what it is read as untouched."""
        return self.untouched_answer if self.digit.label is None else self.digit.label

    @property
    def a_digit(self) -> str:
        """That class with its article: "a 7"."""
        return article(self.classes[self.label])

    @property
    def untouched_as(self) -> str | None:
        """What even the untouched digit is misread as ("a 1"); None where it is read rightly."""
        return None if self.untouched_answer == self.label else article(self.classes[self.untouched_answer])
