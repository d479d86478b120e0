"""Does a changed digit still count as what it was? Random changes, or one setting's range, and a net's answer to each.

`cnn_core.data.augment` changes the images. Here its parameters get a meaning a person can check by eye (turned left,
moved right), the net's answers stand beside them, and what is known about digits says where a label becomes a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from cnn_core.data import AffineParams, AugmentSpec, affine_matrices, apply_affine, sample_affine
from cnn_core.data.augment_spec import LIGHT, in_pixels
from cnn_core.data.light import LightParams, apply_light, sample_light
from cnn_core.errors import StudentError


class Predicts(Protocol):
    """Any network that gives probabilities."""

    def predict(self, images: Tensor) -> Tensor:
        """images: (N, C, H, W) in [0, 1].  Returns probabilities (N, K)."""


@dataclass(frozen=True)
class Light:
    """What happens to the light of one image, as `cnn_core.data.light` does it.

    contrast:   factor of each pixel's distance to the mean.
    brightness: added to each pixel, in units of full contrast.
    noise:      spread of the noise that is added.  noise_seed: of its draws.
    patch:      what is painted black: left, right, top and bottom edge in pixels; None for nothing.
    """

    contrast: float = 1.0
    brightness: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0
    patch: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Change:
    """What happens to one image, as an eye would describe it.

    turn:        degrees, counter-clockwise.
    right, up:   pixels the picture moves.
    shear:       degrees.
    across:      Keras's zoom of the width, above 0: 2 makes the picture half as wide.
    down:        the same, of the height.
    mirrored:    left becomes right.
    upside_down: top becomes bottom.
    light:       what happens to its light; None for nothing.
    """

    turn: float = 0.0
    right: float = 0.0
    up: float = 0.0
    shear: float = 0.0
    across: float = 1.0
    down: float = 1.0
    mirrored: bool = False
    upside_down: bool = False
    light: Light | None = None


def changes_of(params: AffineParams) -> list[Change]:
    """The same changes, one for each image, in an eye's words."""
    return [
        Change(theta, -tx, ty, shear, abs(zx), abs(zy), zx < 0, zy < 0)
        for theta, tx, ty, shear, zx, zy in zip(
            *(getattr(params, field.name).tolist() for field in fields(params)), strict=True
        )
    ]


def params_of(changes: Sequence[Change]) -> AffineParams:
    """The inverse of `changes_of`."""

    def column(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32)

    return AffineParams(
        theta=column([change.turn for change in changes]),
        tx=column([-change.right for change in changes]),
        ty=column([change.up for change in changes]),
        shear=column([change.shear for change in changes]),
        zx=column([-change.across if change.mirrored else change.across for change in changes]),
        zy=column([-change.down if change.upside_down else change.down for change in changes]),
    )


@dataclass(frozen=True, eq=False)
class Reading:
    """One image, changed in N ways, and what a net reads each time.

    images:        (N, C, H, W) in [0, 1].
    changes:       one for each image.
    probabilities: (N, K), the net's answers.
    """

    images: Tensor
    changes: tuple[Change, ...]
    probabilities: Tensor

    def __len__(self) -> int:
        return len(self.changes)

    @cached_property
    def answers(self) -> list[int]:
        """The most probable class of each."""
        return self.probabilities.argmax(1).tolist()

    @cached_property
    def certainty(self) -> list[float]:
        """The probability of that class."""
        return self.probabilities.max(1).values.tolist()

    def kept(self, label: int) -> int:
        """How many are still read as `label`."""
        return self.answers.count(label)

    def take(self, indices: Sequence[int]) -> Reading:
        """Some of them, in this order."""
        rows = list(indices)
        return Reading(self.images[rows], tuple(self.changes[i] for i in rows), self.probabilities[rows])


def read_changed(
    net: Predicts, image: Tensor, changes: Sequence[Change], fill_mode: str = "nearest", cval: float = 0.0
) -> Reading:
    """Change an image in each of these ways and ask the net about every result.

    image:           (C, H, W) in [0, 1].
    fill_mode, cval: as in `apply_affine`.
    """
    copies = image.expand(len(changes), *image.shape)
    images = apply_affine(copies, params_of(changes), fill_mode, cval)
    if any(change.light for change in changes):
        images = apply_light(images, _light_of(changes, images))
    return Reading(images, tuple(changes), net.predict(images))


def _light_of(changes: Sequence[Change], images: Tensor) -> LightParams:
    """The light of each change, for images (N, C, H, W)."""
    lights = [change.light or Light() for change in changes]
    noise = [
        light.noise * torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(light.noise_seed))
        for light in lights
    ]
    return LightParams(
        contrast=torch.tensor([light.contrast for light in lights]),
        brightness=torch.tensor([light.brightness for light in lights]),
        noise=torch.stack(noise),
        patch=torch.tensor([light.patch or (0.0, 0.0, 0.0, 0.0) for light in lights]),
    )


# ---------------------------------------------------------------- which changes


def drawn(spec: AugmentSpec, count: int, size: tuple[int, int] = (28, 28), seed: int = 0) -> list[Change]:
    """Random changes within `spec`, in the order of their turn, so that a trend can be seen among them.

    size: (rows, columns) of the images.
    """
    generator = torch.Generator().manual_seed(seed)
    changes = changes_of(sample_affine(spec, count, size, generator))
    if spec.changes_light:
        lights = _lights(spec, count, size, generator)
        changes = [replace(change, light=light) for change, light in zip(changes, lights, strict=True)]
    return sorted(changes, key=lambda c: (c.turn, c.right, c.up))


def _lights(spec: AugmentSpec, count: int, size: tuple[int, int], generator: torch.Generator) -> list[Light]:
    params = sample_light(replace(spec, noise=0.0), (count, 1, *size), generator)
    seeds = torch.randint(2**31, (count,), generator=generator).tolist()
    return [
        Light(contrast, brightness, spec.noise, seed, (left, right, top, bottom) if right > left else None)
        for contrast, brightness, seed, (left, right, top, bottom) in zip(
            params.contrast.tolist(), params.brightness.tolist(), seeds, params.patch.tolist(), strict=True
        )
    ]


# What makes a setting do nothing; the fill mode alone never does anything.
_OFF: dict[str, Any] = {
    "rotation_range": 0.0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "shear_range": 0.0,
    "zoom_range": 0.0,
    "horizontal_flip": False,
    "vertical_flip": False,
    **dict.fromkeys(LIGHT, 0.0),
}


def each_alone(spec: AugmentSpec) -> dict[str, AugmentSpec]:
    """{setting: `spec` with all others switched off}, for those that do something."""
    specs = {
        name: replace(spec, **{other: off for other, off in _OFF.items() if other != name}) for name in _OFF
    }
    return {name: alone for name, alone in specs.items() if not alone.changes_nothing}


def through_range(
    spec: AugmentSpec, setting: str, count: int = 6, size: tuple[int, int] = (28, 28)
) -> list[Change]:
    """From one end of a setting's range to the other in even steps; of a flip, the one thing that it does."""
    rows, columns = size
    if setting == "horizontal_flip":
        return [Change(mirrored=True)]
    if setting == "vertical_flip":
        return [Change(upside_down=True)]
    if setting in LIGHT:
        return _through_light(spec, setting, count, size)
    if setting == "zoom_range":
        smallest, largest = spec.zoom_limits
        return walk("zoom", smallest, largest, count)
    ranges = {
        "rotation_range": ("turn", spec.rotation_range),
        "width_shift_range": ("right", in_pixels(spec.width_shift_range, columns)),
        "height_shift_range": ("up", in_pixels(spec.height_shift_range, rows)),
        "shear_range": ("shear", spec.shear_range),
    }
    if setting not in ranges:
        raise StudentError(
            f"No setting is called “{setting[:40]}”.", hint=f"Choose one of {', '.join(_OFF)}."
        )
    parameter, reach = ranges[setting]
    return walk(parameter, -reach, reach, count)


def _through_light(spec: AugmentSpec, setting: str, count: int, size: tuple[int, int]) -> list[Change]:
    """Contrast and brightness from end to end; of noise and of patches so many draws."""
    reach = getattr(spec, setting)
    ways = [2 * i / max(count - 1, 1) - 1 for i in range(count)]
    if setting == "contrast":
        lights = [Light(contrast=round(1 + reach * way, 6)) for way in ways]
    elif setting == "brightness":
        lights = [Light(brightness=round(reach * way, 6)) for way in ways]
    elif setting == "noise":
        lights = [Light(noise=reach, noise_seed=i) for i in range(count)]
    else:
        lights = _lights(AugmentSpec(erasing=1.0), count, size, torch.Generator().manual_seed(0))
    return [Change(light=light) for light in lights]


class Parameter(NamedTuple):
    """Something to be dragged: the value that changes nothing, and how far it is worth looking."""

    neutral: float
    lowest: float
    highest: float


PARAMETERS: dict[str, Parameter] = {
    "turn": Parameter(0.0, -90.0, 90.0),  # degrees
    "right": Parameter(0.0, -12.0, 12.0),  # pixels
    "up": Parameter(0.0, -12.0, 12.0),
    "shear": Parameter(0.0, -60.0, 60.0),  # degrees
    "zoom": Parameter(1.0, 0.4, 1.6),
}


def walk(parameter: str, low: float, high: float, count: int) -> list[Change]:
    """Changes of one parameter and nothing else, from `low` to `high` in even steps.

    parameter: a key of PARAMETERS. Raises StudentError for another.
    count:     how many changes.
    """
    if parameter not in PARAMETERS:
        raise StudentError(
            f"Nothing is called “{parameter[:40]}” here.", hint=f"Choose one of {', '.join(PARAMETERS)}."
        )
    # Rounded, so that the middle of -90 to 90 is 0 and not 1e-15.
    values = [round(low + (high - low) * i / max(count - 1, 1), 6) for i in range(count)]
    if parameter == "zoom":
        return [Change(across=value, down=value) for value in values]
    named: dict[str, Callable[[float], Change]] = {
        "turn": lambda value: Change(turn=value),
        "right": lambda value: Change(right=value),
        "up": lambda value: Change(up=value),
        "shear": lambda value: Change(shear=value),
    }
    return [named[parameter](value) for value in values]


def span(spec: AugmentSpec, parameter: str, size: tuple[int, int] = (28, 28)) -> tuple[float, float]:
    """From where to where `spec` lets a parameter of PARAMETERS go."""
    rows, columns = size
    if parameter == "zoom":
        return spec.zoom_limits
    reach = {
        "turn": spec.rotation_range,
        "right": in_pixels(spec.width_shift_range, columns),
        "up": in_pixels(spec.height_shift_range, rows),
        "shear": spec.shear_range,
    }[parameter]
    return -reach, reach


def worth_dragging(
    spec: AugmentSpec, parameter: str, size: tuple[int, int] = (28, 28)
) -> tuple[float, float]:
    """The range to look at: PARAMETERS', or that of `spec` where it goes further (half a turn, or the image's size)."""
    _, low, high = PARAMETERS[parameter]
    least, most = span(spec, parameter, size)
    limit = {"turn": 180.0, "right": float(size[1]), "up": float(size[0]), "shear": 89.0}.get(parameter, 4.0)
    return max(min(low, least), -limit), min(max(high, most), limit)


def stays(reading: Reading, label: int, unchanged: int) -> tuple[int, int] | None:
    """First and last index, around `unchanged`, between which every answer is `label`; None where it is not itself."""
    answers = reading.answers
    if answers[unchanged] != label:
        return None
    first = last = unchanged
    while first > 0 and answers[first - 1] == label:
        first -= 1
    while last < len(answers) - 1 and answers[last + 1] == label:
        last += 1
    return first, last


def largest_move(changes: Sequence[Change], size: tuple[int, int] = (28, 28)) -> float:
    """How far, in pixels, the pixel that moves most is moved by any of these changes. It is always a corner.

    >>> f"{largest_move([Change(shear=0.2)]):.2f}"  # the lesson's shear
    '0.05'
    """
    rows, columns = size
    x, y = (columns - 1) / 2, (rows - 1) / 2
    corners = torch.tensor([[sx * x, sy * y, 1.0] for sx in (-1, 1) for sy in (-1, 1)], dtype=torch.float64)
    places = torch.einsum("nij,kj->nki", affine_matrices(params_of(changes)), corners)  # (N, 4, 2)
    return (places - corners[:, :2]).norm(dim=2).max().item()


# ---------------------------------------------------------------- where the label becomes a lie

# What an eye makes of a changed digit, in the shapes that MNIST's writers use. Our own observation.
HALF_TURNED = {6: 9, 9: 6}
MIRRORED = {2: 5, 5: 2}  # roughly
MIRROR_IS_NO_DIGIT = (7, 4, 3, 9, 6)
UPSIDE_DOWN = {2: 5, 5: 2}
UPSIDE_DOWN_IS_NO_DIGIT = (7, 4, 9, 6)
HALF_LOST = 0.4  # shifted by more of its side than this (11 of 28), a digit of 20 pixels loses over a third


@dataclass(frozen=True)
class Example:
    """A digit, what is done to it, and the digit it then looks like (None: like no digit)."""

    label: int
    change: Change
    looks_like: int | None = None


@dataclass(frozen=True)
class Lie:
    """A way in which a spec makes pictures that their label no longer fits, with examples to ask a net about.

    kind: "quarter" (6 and 9 turned until they are one picture), "half", "mirrored", "upside_down" or "lost".
    """

    kind: str
    examples: tuple[Example, ...]


def lies(spec: AugmentSpec, label: int | None = None, size: tuple[int, int] = (28, 28)) -> list[Lie]:
    """Where training digits by `spec` would teach something wrong.

    label: the digit that comes first among the examples, where it is one of those that break.
    size:  (rows, columns) of the images.
    """
    every = [*_turned(spec), *_flipped(spec, label), *_lost(spec, label, size)]
    return [replace(lie, examples=_first(lie.examples, label)) for lie in every]


def _turned(spec: AugmentSpec) -> Iterator[Lie]:
    if spec.rotation_range >= 90:
        yield Lie("quarter", (Example(6, Change(turn=90.0)), Example(9, Change(turn=-90.0))))
    if spec.rotation_range >= 135 or (spec.horizontal_flip and spec.vertical_flip):
        half = [Example(digit, Change(turn=180.0), like) for digit, like in HALF_TURNED.items()]
        yield Lie("half", tuple(half))


def _flipped(spec: AugmentSpec, label: int | None) -> Iterator[Lie]:
    if spec.horizontal_flip:
        yield Lie("mirrored", _examples(Change(mirrored=True), MIRRORED, MIRROR_IS_NO_DIGIT, label))
    if spec.vertical_flip:
        upside_down = _examples(Change(upside_down=True), UPSIDE_DOWN, UPSIDE_DOWN_IS_NO_DIGIT, label)
        yield Lie("upside_down", upside_down)


def _lost(spec: AugmentSpec, label: int | None, size: tuple[int, int]) -> Iterator[Lie]:
    rows, columns = size
    right, up = in_pixels(spec.width_shift_range, columns), in_pixels(spec.height_shift_range, rows)
    far_right, far_up = right > HALF_LOST * columns, up > HALF_LOST * rows
    if far_right or far_up:
        far = Change(right=right if far_right else 0.0, up=up if far_up else 0.0)
        digits = [7 if label is None else label, *(digit for digit in (0, 4, 8) if digit != label)]
        yield Lie("lost", tuple(Example(digit, far) for digit in digits[:4]))


def _examples(
    change: Change, becomes: dict[int, int], no_digit: Sequence[int], label: int | None
) -> tuple[Example, ...]:
    likes: dict[int, int | None] = {**becomes, **dict.fromkeys(no_digit)}
    order = sorted(likes, key=lambda digit: digit != label)  # stable: the rest as they stand
    return tuple(Example(digit, change, likes[digit]) for digit in order[:4])


def _first(examples: tuple[Example, ...], label: int | None) -> tuple[Example, ...]:
    return tuple(sorted(examples, key=lambda example: example.label != label))
