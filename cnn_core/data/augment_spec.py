"""Which random changes an image may go through while a network learns, in Keras's names and units.

Plain numbers only, so that a recipe, a link or a file can hold them; `augment.py` draws and applies the
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from cnn_core.checks import is_number
from cnn_core.errors import StudentError, quoted, shown

PATCH_SHARE = (0.02, 0.33)  # Keras's `scale`: the square of a patch's side, as a fraction of the image's
FILL_MODES = ("nearest", "constant", "reflect", "wrap")
LIGHT = ("contrast", "brightness", "noise", "erasing")  # joined later: what is off, nothing of before knows


@dataclass(frozen=True)
class AugmentSpec:
    """The ranges to draw from. `AugmentSpec()` changes nothing; `AugmentSpec.lesson()` is the notebook's.

    rotation_range:     degrees, to either side.
    width_shift_range:  below 1: fraction of the width; from 1 on: pixels; to either side.
    height_shift_range: the same, of the height.
    shear_range:        degrees, to either side; 0.2 is almost nothing.
    zoom_range:         z means from 1 - z to 1 + z, a pair from one to the other; above 1 the image gets smaller.
    horizontal_flip:    for every second image, left becomes right.
    vertical_flip:      the same, top and bottom.
    fill_mode:          what fills the places the image has left: nearest, constant, reflect or wrap.
    cval:               the brightness of "constant", 0 black to 1 white.
    contrast:           c means a factor from 1 - c to 1 + c, of each pixel's distance to the image's mean.
    brightness:         up to so much is added to all pixels, or taken away: 1 makes black white.
    noise:              the spread of the normal noise that is added to each pixel.
    erasing:            the probability that a patch of the image is painted black.
    Source: Keras's `ImageDataGenerator`, whose names these are, up to `cval`; then its layers `RandomContrast`,
    `RandomBrightness`, `GaussianNoise` and `RandomErasing` (see `light.py`). Raises StudentError for impossible values.
    """

    rotation_range: float = 0.0
    width_shift_range: float = 0.0
    height_shift_range: float = 0.0
    shear_range: float = 0.0
    zoom_range: float | tuple[float, float] = 0.0
    horizontal_flip: bool = False
    vertical_flip: bool = False
    fill_mode: str = "nearest"
    cval: float = 0.0
    contrast: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    erasing: float = 0.0

    def __post_init__(self) -> None:
        self._check_number("rotation_range", 0, 360, "degrees")
        self._check_number("width_shift_range", 0, 1000, "(a fraction below 1, pixels from 1 on)")
        self._check_number("height_shift_range", 0, 1000, "(a fraction below 1, pixels from 1 on)")
        self._check_number("shear_range", 0, 89, "degrees")
        self._check_number("cval", 0, 1, "(0 is black, 1 is white)")
        self._check_number("contrast", 0, 1, "(0 leaves it as it is)")
        self._check_number("brightness", 0, 1, "(0 leaves it as it is)")
        self._check_number("noise", 0, 1, "(0.1 can be seen well)")
        self._check_number("erasing", 0, 1, "(a probability)")
        self._check_zoom()
        for name in ("horizontal_flip", "vertical_flip"):
            if not isinstance(getattr(self, name), bool):
                raise StudentError(
                    f"{name} is {shown(getattr(self, name))}.", hint="It must be true or false."
                )
        if not isinstance(self.fill_mode, str) or self.fill_mode not in FILL_MODES:
            raise StudentError(
                f"The fill mode {quoted(self.fill_mode)} is unknown.",
                hint=f"Choose one of {', '.join(FILL_MODES)}.",
            )

    @classmethod
    def lesson(cls) -> AugmentSpec:
        """The seven settings of the notebook's `image_data_generator`."""
        return cls(
            rotation_range=90.0,
            width_shift_range=0.2,
            height_shift_range=0.2,
            shear_range=0.2,
            zoom_range=0.2,
            horizontal_flip=False,
            fill_mode="nearest",
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AugmentSpec:
        """The inverse of `to_dict`; what is left out takes its default. StudentError for anything else."""
        if not isinstance(values, Mapping):
            raise StudentError(
                f"Augmentation settings must be names with values, not {shown(values)}.",
                hint='Write for instance {"rotation_range": 90}.',
            )
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise StudentError(
                    f"Augmentation has no setting {quoted(name)}.", hint=f"It knows {', '.join(known)}."
                )
        settings = dict(values)
        if isinstance(settings.get("zoom_range"), list):  # JSON has no tuples
            settings["zoom_range"] = tuple(settings["zoom_range"])
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: every field, a zoom pair as a list."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if isinstance(self.zoom_range, tuple):
            values["zoom_range"] = list(self.zoom_range)
        return values

    def identity(self) -> dict[str, Any]:
        """`to_dict` without the changes of light that are off: as it was written before there were any."""
        return {name: value for name, value in self.to_dict().items() if name not in LIGHT or value}

    @property
    def zoom_limits(self) -> tuple[float, float]:
        """The smallest and the largest zoom factor that may be drawn."""
        if isinstance(self.zoom_range, tuple):
            return self.zoom_range
        return (1 - self.zoom_range, 1 + self.zoom_range)

    @property
    def changes_nothing(self) -> bool:
        """True when every image comes out as it went in."""
        return self.moves_nothing and not self.changes_light

    @property
    def changes_light(self) -> bool:
        """Whether contrast, brightness, noise or a patch may change the numbers of pixels that stay where they are."""
        return any(getattr(self, name) for name in LIGHT)

    @property
    def moves_nothing(self) -> bool:
        """True when every pixel stays where it is."""
        ranges = (self.rotation_range, self.width_shift_range, self.height_shift_range, self.shear_range)
        return (
            not any(ranges)
            and self.zoom_limits == (1, 1)
            and not self.horizontal_flip
            and not self.vertical_flip
        )

    def _check_number(self, name: str, low: float, high: float, unit: str) -> None:
        value = getattr(self, name)
        if not _is_number(value) or not low <= value <= high:
            raise StudentError(
                f"{name} is {shown(value)}.", hint=f"Choose a number from {low} to {high} {unit}."
            )
        object.__setattr__(self, name, float(value))  # so that 90 and 90.0 are one recipe

    def _check_zoom(self) -> None:
        zoom = self.zoom_range
        if _is_number(zoom) and 0 <= zoom < 1:  # type: ignore[operator]
            object.__setattr__(self, "zoom_range", float(zoom))  # type: ignore[arg-type]
            return
        pair = tuple(zoom) if isinstance(zoom, tuple | list) else ()
        if len(pair) == 2 and all(map(_is_number, pair)) and 0.01 <= pair[0] <= pair[1] <= 100:
            object.__setattr__(self, "zoom_range", (float(pair[0]), float(pair[1])))
            return
        what = f"({shown(pair[0])}, {shown(pair[1])})" if len(pair) == 2 else shown(zoom)
        raise StudentError(
            f"zoom_range is {what}.",
            hint="Choose a number from 0 up to, but not, 1, or a pair such as (0.8, 1.2).",
        )


def _is_number(value: object) -> bool:
    return is_number(value) and abs(value) < 1e9  # false for NaN too


def in_pixels(shift_range: float, size: int) -> float:
    """A shift range as Keras reads it: below 1 a fraction of `size`, from 1 on pixels."""
    return shift_range * size if shift_range < 1 else shift_range
