"""One setting of a layer: which values are allowed, which are usual, how a form asks for it, how a list says it.

A layer declares its settings where it has them, `filters: Annotated[int, Count(label="Filters", most=4_096, ...)]`,
and whoever checks, mends, asks or says one reads it there. No torch here, and no screen: labels are words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from cnn_core.checks import choice, is_number, whole
from cnn_core.errors import StudentError, shown
from cnn_core.model.activations import ACTIVATIONS, checked_activation

MOST_NUMBER = 1_000_000  # in a draft: far above what can be trained, still a number to correct


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all settings have.

    label:   beside its field in a form.
    help:    what it does, for somebody who meets it for the first time.
    usual:   the value that mends a wrong one; None: the default.
    added:   what "Add a layer" sets; None: the usual value.
    offered: a form's choices; empty: any number may be typed.
    later:   files are older than the setting: where it has its default, it is not written into them either.
    least_remedy: a network that is too large may be mended by halving the value, so far down; 0: it may not.
    """

    label: str
    help: str
    usual: Any = None
    added: Any = None
    offered: tuple[Any, ...] = ()
    later: bool = False
    least_remedy: int = 0

    asks: ClassVar[str] = "how many {} it has"  # completes "it does not say ..."

    def checked(self, name: str, value: Any) -> Any:
        """`value`, as it is kept. Raises StudentError for one that no layer can have."""
        raise NotImplementedError

    def can_be_shown(self, value: object) -> bool:
        """Whether a form can show the value, be it impossible, so that it can be corrected there."""
        return type(value) is int and 0 <= value <= MOST_NUMBER

    def as_choice(self, value: Any) -> str:
        """The value among a form's choices."""
        return str(value)

    def words(self, value: Any) -> str:
        """The value in the list of layers, after what other settings say; "" where it goes without saying."""
        return ""

    def amount(self, value: int) -> str:
        """The value in a remedy: "32 filters"."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Count(Setting):
    """How many there are of something.

    one, many: what is counted, "filter" and "filters".  most: that a layer may have.
    """

    one: str
    many: str
    most: int
    least_remedy: int = 8

    def checked(self, name: str, value: Any) -> int:
        return whole(name, value, self.most)

    def words(self, value: int) -> str:
        return f", {value:,} {self.one if value == 1 else self.many}"

    def amount(self, value: int) -> str:
        return f"{value:,} {self.many}"


@dataclass(frozen=True, kw_only=True)
class Side(Setting):
    """Pixels per side of the window that slides. noun: what the window is called."""

    noun: str
    most: int
    least_remedy: int = 2

    def checked(self, name: str, value: Any) -> int:
        return whole(name, value, self.most)

    def as_choice(self, value: int) -> str:
        return f"{value}×{value}"

    def words(self, value: int) -> str:
        return f" {value}×{value}"

    def amount(self, value: int) -> str:
        return f"a {value}×{value} {self.noun}"


@dataclass(frozen=True, kw_only=True)
class Stride(Setting):
    """Pixels per move. unsaid: the value that goes without saying."""

    most: int
    label: str = "Strides"
    offered: tuple[int, ...] = (1, 2, 3, 4)
    unsaid: int | None = None

    def checked(self, name: str, value: Any) -> int:
        return whole(name, value, self.most)

    def can_be_shown(self, value: object) -> bool:
        return value is None or super().can_be_shown(value)  # None: as the layer usually moves

    def words(self, value: int) -> str:
        return "" if value == self.unsaid else f", strides {value}"


@dataclass(frozen=True, kw_only=True)
class Dilation(Setting):
    """Pixels from one cell of the window to the next; 1: they touch."""

    most: int
    label: str = "Dilation"
    offered: tuple[int, ...] = (1, 2, 3, 4)

    def checked(self, name: str, value: Any) -> int:
        return whole(name, value, self.most)

    def words(self, value: int) -> str:
        return "" if value == 1 else f", dilation {value}"


@dataclass(frozen=True, kw_only=True)
class Choice(Setting):
    """One of a few words."""

    choices: tuple[str, ...]

    asks: ClassVar[str] = "which {} it has"

    def checked(self, name: str, value: Any) -> str:
        return choice(name, value, self.choices)

    def can_be_shown(self, value: object) -> bool:
        return isinstance(value, str) and len(value) <= 24

    def words(self, value: str) -> str:
        return f", {value}"


@dataclass(frozen=True, kw_only=True)
class Bend(Choice):
    """An activation. One with an unusual number may come in a file or a link; a form offers those of Keras."""

    label: str = "Activation"
    choices: tuple[str, ...] = ACTIVATIONS
    offered: tuple[str, ...] = ACTIVATIONS

    def checked(self, name: str, value: Any) -> str:
        return checked_activation(name, value)


@dataclass(frozen=True, kw_only=True)
class Padding(Choice):
    """What stands around a map: nothing, "valid", or a border, "same", so that a stride of 1 keeps its size."""

    label: str = "Padding"
    choices: tuple[str, ...] = ("valid", "same")
    offered: tuple[str, ...] = ("valid", "same")

    def words(self, value: str) -> str:
        return ", same" if value == "same" else ""


@dataclass(frozen=True, kw_only=True)
class Share(Setting):
    """A fraction of the values, 0 <= share < 1."""

    asks: ClassVar[str] = "which {} it has"

    def checked(self, name: str, value: Any) -> float:
        # A comparison with NaN is false, one with 10^400 is exact: nothing slips through, nothing overflows.
        if isinstance(value, bool) or not isinstance(value, Real):
            raise StudentError(f"{name} is {shown(value)}, not a number.", hint="Try 0.25.")
        if not 0 <= value < 1:  # type: ignore[operator]
            raise StudentError(
                f"a {name} of {shown(value)} cannot be used; it is the share of values that are dropped.",
                hint="Use a number from 0 to below 1, such as 0.25.",
            )
        return float(value)

    def can_be_shown(self, value: Any) -> bool:
        return is_number(value) and 0 <= value <= 1

    def as_choice(self, value: float) -> str:
        return f"{100 * value:g} %"

    def words(self, value: float) -> str:
        return f", drops {100 * value:g} % while training"


def sentence(settings: Mapping[str, Setting], values: Mapping[str, Any]) -> str:
    """What a layer's settings say together, in the fewest words; "" where they say nothing."""
    return "".join(setting.words(values[name]) for name, setting in settings.items()).strip(" ,")
