"""The sentences of the Augmentation page about one digit: its changes, the settings, and what is read. No Streamlit.

What is said of two trainings stands in pair_words.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cnn_core.data.augment_spec import LIGHT
from cnn_core.lesson import largest_move, through_range
from pages.ui.wording.numbers import number, plural, probability, signed
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.data import AugmentSpec
    from cnn_core.lesson import Change
    from cnn_core.lesson.augment_evidence import Light

# ---------------------------------------------------------------- what it is

WHAT_IT_IS = (
    "**Augmentation** makes more of few images. Each time the network learns from an image, the image is first changed "
    "a little at random, so in every epoch it sees slightly different copies. The label stays, so a change must never "
    "make another class of the image."
)

# ---------------------------------------------------------------- one change


def degrees(value: float) -> str:
    """
    >>> degrees(25.2), degrees(-0.3)
    ('+25°', '0°')
    """
    return f"{signed(value, 0) if round(value) else '0'}°"


def lines_of(change: Change, spec: AugmentSpec, short: bool = False) -> list[str]:
    """The parameters of one draw, as short as they fit below a tile: only what the settings draw.

    short: for the smallest tiles.
    """
    lines = []
    if spec.rotation_range:
        lines.append(degrees(change.turn))
    if spec.width_shift_range or spec.height_shift_range:
        right, up = (signed(pixels, 0) if round(pixels) else "0" for pixels in (change.right, change.up))
        lines.append(f"{right} → {up} ↑")
    if spec.zoom_limits != (1, 1):
        lines.append(f"{'z' if short else 'zoom'} {number(change.across, 1)}·{number(change.down, 1)}")
    if abs(change.shear) >= 0.5:
        lines.append(f"shear {degrees(change.shear)}")
    if change.mirrored or change.upside_down:
        lines.append(flip_in_words(change))
    return lines


def flip_in_words(change: Change) -> str:
    """How an image is flipped; KeyError for one that is not."""
    return {
        (True, False): "mirrored",
        (False, True): "upside down",
        (True, True): "flipped twice",
    }[change.mirrored, change.upside_down]


def in_full(change: Change) -> str:
    """All parameters of one draw, for the tip and for those who cannot see it."""
    parts = [
        f"turned {degrees(change.turn)}",
        f"{signed(change.right, 1)} px right, {signed(change.up, 1)} px up",
        f"zoom {number(change.across)} across, {number(change.down)} down",
        f"shear {signed(change.shear, 1)}°",
    ]
    if change.mirrored or change.upside_down:
        parts.append(flip_in_words(change))
    if change.light:
        parts += light_in_words(change.light)
    return ", ".join(parts)


def light_in_words(light: Light) -> list[str]:
    """What is done to the light, one change a text; nothing of what is left as it was."""
    parts = []
    if light.contrast != 1:
        parts.append(f"contrast {number(light.contrast)} times")
    if light.brightness:
        parts.append(f"brightness {signed(light.brightness, 2)}")
    if light.noise:
        parts.append(f"noise {number(light.noise)}")
    if light.patch:
        left, right, top, bottom = light.patch
        parts.append(f"a black patch of about {number(right - left, 0)}×{number(bottom - top, 0)} pixels")
    return parts


def in_short(change: Change) -> str:
    """The one thing that such a change does: a turn, a flip, or a shift."""
    if change.turn:
        return f"turned {degrees(change.turn)}"
    if change.mirrored or change.upside_down:
        return flip_in_words(change)
    return f"{signed(change.right, 0)} → {signed(change.up, 0)} ↑"


# ---------------------------------------------------------------- the settings

SETTINGS = {
    "rotation_range": "rotation",
    "width_shift_range": "width shift",
    "height_shift_range": "height shift",
    "shear_range": "shear",
    "zoom_range": "zoom",
    "horizontal_flip": "horizontal flip",
    "vertical_flip": "vertical flip",
    "contrast": "contrast",
    "brightness": "brightness",
    "noise": "noise",
    "erasing": "black patch",
}
LIGHT_TITLE = "Light, noise, a black patch"
FLIPS = {  # (left to right, up to down) -> how it is called
    (False, False): "no flip",
    (True, False): "left to right",
    (False, True): "upside down",
    (True, True): "both ways",
}
FILLS = {
    "nearest": "repeat the border",
    "constant": "black",
    "reflect": "as in a mirror",
    "wrap": "begin again",
}


def fill_mode_text(mode: str) -> str:
    """
    >>> fill_mode_text("nearest")
    'nearest: repeat the border'
    """
    return f"{mode}: {FILLS[mode]}"


def short_words(spec: AugmentSpec) -> list[str]:
    """What is switched on, for the heading of a sheet: ["±90°", "shifts ±20 %", ...]."""
    words = [f"±{spec.rotation_range:g}°"] if spec.rotation_range else []
    words += _shifts(_shift(spec.width_shift_range), _shift(spec.height_shift_range))
    if spec.zoom_limits != (1, 1):
        words.append("zoom {:g} to {:g}".format(*(round(limit, 3) for limit in spec.zoom_limits)))
    if spec.shear_range:
        words.append(f"shear ±{spec.shear_range:g}°")
    flip = (spec.horizontal_flip, spec.vertical_flip)
    if any(flip):
        words.append(f"flipped {FLIPS[flip]}")
    words += [f"{name} ±{100 * getattr(spec, name):g} %" for name in LIGHT[:2] if getattr(spec, name)]
    words += [f"noise {spec.noise:g}"] * bool(spec.noise)
    words += [f"a patch in {100 * spec.erasing:g} %"] * bool(spec.erasing)
    return words or ["no change at all"]


def _shifts(across: str, down: str) -> list[str]:
    if across and across == down:
        return [f"shifts {across}"]
    return [f"sideways {across}"] * bool(across) + [f"up and down {down}"] * bool(down)


def _shift(shift: float) -> str:
    return "" if not shift else f"±{100 * shift:g} %" if shift < 1 else f"±{shift:g} px"


@lru_cache(maxsize=64)  # some matrices for one number
def shear_in_words(spec: AugmentSpec, size: tuple[int, int] = (28, 28)) -> str:
    """How much a shear is, which Keras takes in degrees and many a reader as a fraction.

    size: (rows, columns) of the images.
    """
    move = largest_move(through_range(spec, "shear_range", 2, size), size)
    almost = ": almost nothing. Try 20" if move < 0.5 else ""
    return (
        f"Keras counts shear in degrees. {spec.shear_range:g}° moves no pixel by more than {number(move)} "
        f"pixels{almost}."
    )


# ---------------------------------------------------------------- the answer

CANNOT_TELL = "This network cannot tell us anything about these changes: it has not been trained."
NOTHING_TO_TRAIN_ON = "To train with and without these changes takes the images of its data set."
NOTHING_CHANGES = "These settings change nothing. Turn one of them up."
_WHOSE = {"lesson": "the lesson’s", "gentle": "the gentle", "own": "your own"}
_AT_LEAST = (
    (1.0, "All of these."),
    (0.85, "Nearly all."),
    (0.65, "Most of them."),
    (0.45, "About half of them."),
    (0.2, "Fewer than half of them."),
    (0.0, "Only a few of them."),
)


def verdict(still: int, of: int, a_digit: str, kind: str, untouched_as: str | None = None) -> str:
    """The answer in one line, counted: `still` of so many draws are read as the digit that they are.

    a_digit:      what they are, with its article ("a 7").
    kind:         of the settings: "lesson", "gentle" or "own".
    untouched_as: what even the untouched digit is misread as ("a 1"); None where it is read rightly.
    """
    said = (
        f"{_judgement(still, of)} With {_WHOSE[kind]} settings this network still reads **{still} of {of}** "
        f"draws as {a_digit}."
    )
    return said if untouched_as is None else f"{said} But it reads even the untouched one as {untouched_as}."


def _judgement(still: int, of: int) -> str:
    if not still:
        return "None of these."
    if still == 1 < of:
        return "Only one of them."
    return next(words for share, words in _AT_LEAST if still >= share * of)


def how_many_draws(count: int, a_digit: str) -> str:
    """
    >>> how_many_draws(17, "a 7")
    'How many of these 17 does this network still read as a 7?'
    """
    return f"How many of these {count} does this network still read as {a_digit}?"


def why_so_many(read: Sequence[float], misread: Sequence[float]) -> str:
    """What was counted, and how the two sorts differ in their turn.

    read, misread: by how many degrees each draw is turned, whichever way.

    >>> why_so_many([10, 20], [60])
    'It still reads **2 of 3**. Those are turned by 15° on average, the misread ones by 60°.'
    >>> why_so_many([0, 0], [])
    'It still reads **2 of 2**.'
    """
    said = f"It still reads **{len(read)} of {len(read) + len(misread)}**."
    if not read or not misread or not any([*read, *misread]):
        return said
    mean, other = sum(read) / len(read), sum(misread) / len(misread)
    return f"{said} Those are turned by {mean:.0f}° on average, the misread ones by {other:.0f}°."


SUMMARY_WITHOUT = "Here one picture is changed at random. It is waited for: draw it, or send a photo."


def summary_of_changes(spec: AugmentSpec, a_digit: str, draws: int, answer: str) -> str:
    """The summary of the page.

    a_digit: what is changed, with its article.
    draws:   how many changed copies there are.
    answer:  the page's first line.
    """
    return summary(
        f"Here one picture, {a_digit}, is changed at random: {plural(draws, 'copy', 'copies')}. The settings: "
        f"{', '.join(short_words(spec))}.",
        answer,
        "Try: press Draw again, choose gentler changes, or move the slider of one change alone.",
    )


# ---------------------------------------------------------------- the sheets

NOT_TOLD = "?"  # under a draw, until it is guessed how many are read
NOTHING_SWITCHED_ON = "Nothing is switched on. Choose the lesson’s settings, or turn one of your own up."
WHAT_ONE_ALONE_SHOWS = (
    "Each row is one setting from one end of its range to the other, with all others switched off. Red: misread. "
    "The more red in a row, the more this setting disturbs the network."
)
WHAT_FILL_MODES_SHOW = (
    "The same draws four times; only what fills the empty places differs. Where the edge of an image is black, nearest "
    "and constant give the same; where something touches the edge, nearest draws it out. Reflect and wrap can "
    "bring in pieces that were never there."
)


def with_warning(lines: Sequence[str], a_digit: str, small: bool) -> list[str]:
    """The lines below a tile that is misread: what it is not comes first.

    >>> with_warning(["+25°"], "a 7", small=False), with_warning(["+25°"], "a 7", small=True)
    (['+25° · not a 7'], ['not a 7', '+25°'])
    """
    if small or not lines:
        return [f"not {a_digit}", *lines]
    return [f"{lines[0]} · not {a_digit}", *lines[1:]]


def what_draws_show(spec: AugmentSpec, a_digit: str) -> str:
    """What stands under each draw, and what red means."""
    parts = ["what the network reads and how sure it is"]
    if spec.rotation_range:
        parts.append("the turn in degrees (+ is to the left)")
    if spec.width_shift_range or spec.height_shift_range:
        parts.append("the shift in pixels, right and up")
    if spec.zoom_limits != (1, 1):
        parts.append("the zoom of width and height (above 1 makes it smaller)")
    return (
        f"Under each draw: {', then '.join(parts)}. Red: not read as {a_digit}. "
        f"Where you would not read {a_digit} either, the label has become wrong."
    )


def draws_heading(draws: int, spec: AugmentSpec) -> str:
    """The first words of the heading over the draws."""
    sorted_by = ", sorted by their turn" if spec.rotation_range else ""
    return f"{plural(draws, 'draw')}{sorted_by}"


def setting_in_words(setting: str, spec: AugmentSpec) -> str:
    """A setting and its value: "rotation 90", "zoom 0.8 to 1.2", "horizontal flip".  setting: a key of SETTINGS."""
    value = getattr(spec, setting)
    if isinstance(value, bool):
        return SETTINGS[setting]
    limits = value if isinstance(value, tuple) else (value,)
    return f"{SETTINGS[setting]} {' to '.join(f'{limit:g}' for limit in limits)}"


def still_read(still: int, of: int, a_digit: str) -> str:
    """How many of a row of pictures are read as what they are."""
    return f"still {a_digit} in {still} of {of}"


def what_moves(setting: str, pixels: float) -> str:
    """How far a setting moves pixels; of a change of light, that it moves none."""
    return "moves no pixel" if setting in LIGHT else moves_by(pixels)


def moves_by(pixels: float) -> str:
    """How far a setting moves the pixel that it moves most."""
    almost = ": almost nothing" if pixels < 0.5 else ""
    return f"moves a pixel by up to {number(pixels, 2 if pixels < 1 else 0)}{almost}"


def value_alone(setting: str, change: Change) -> str:
    """What one setting does in one picture, all others being off.  setting: a key of SETTINGS."""
    if setting in ("horizontal_flip", "vertical_flip"):
        return flip_in_words(change)
    if change.light:
        return ", ".join(light_in_words(change.light)) or "untouched"
    if setting == "shear_range":
        return f"{signed(change.shear, 2 if abs(change.shear) < 1 else 0)}°"
    if setting == "zoom_range":
        return number(change.across)
    parameter = {"rotation_range": "turn", "width_shift_range": "right", "height_shift_range": "up"}[setting]
    return value_in_words(parameter, value_of(parameter, change))


# ---------------------------------------------------------------- what is dragged


@dataclass(frozen=True)
class ParameterWords:
    """How a parameter of `cnn_core.lesson.PARAMETERS` is called."""

    verb: str  # what was done to the digit
    noun: str
    unit: str
    decimals: int


PARAMETER_WORDS = {
    "turn": ParameterWords("turned", "turns", "°", 0),
    "right": ParameterWords("shifted sideways", "shifts", " px", 1),
    "up": ParameterWords("shifted up or down", "shifts", " px", 1),
    "shear": ParameterWords("sheared", "shear", "°", 0),
    "zoom": ParameterWords("zoomed", "zoom", "", 2),
}
NOT_TRAINED = "This network has not been trained."
RECIPE_UNKNOWN = "How it was trained is not known: it was opened from a file."
CUT_OUT = "It was cut out of another network, on the page Break it, and not trained since."
LEFT_ALONE = "The present settings do not change this."
SHADED = "Shaded: as far as the settings go."


def value_of(parameter: str, change: Change) -> float:
    """How far a change goes in one parameter."""
    return change.across if parameter == "zoom" else getattr(change, parameter)


def value_in_words(parameter: str, value: float) -> str:
    """
    >>> value_in_words("turn", 25.0), value_in_words("right", -3.0), value_in_words("zoom", 0.8)
    ('+25°', '−3 px', '0.8')
    """
    if parameter == "zoom":
        return number(value, 1)
    words = PARAMETER_WORDS[parameter]
    text = signed(value, words.decimals) if abs(value) >= 0.05 else "0"
    return text.removesuffix(".0") + words.unit


def is_it_still(parameter: str, a_digit: str) -> str:
    """One choice of what is dragged."""
    return f"Only {PARAMETER_WORDS[parameter].verb}: is it {a_digit}?"


def read_as(name: str, sure: float) -> str:
    """What is read, with its article, and how sure that is.

    >>> read_as("a 7", 0.83)
    'read as a 7, 83 %'
    """
    return f"read as {name}, {probability(sure)}"


def how_far_it_stays(
    parameter: str, a_digit: str, limits: tuple[float, float] | None, all_the_way: bool
) -> str:
    """Between which values it is read as what it is.  limits: both; None where not even the untouched digit is."""
    if limits is None:
        return f"Even untouched, this network does not read it as {a_digit}."
    if all_the_way:
        return f"It stays {a_digit} all the way."
    first, last = (value_in_words(parameter, value) for value in limits)
    return f"It stays {a_digit} from {first} to {last}."


def trained_with(parameter: str, low: float, high: float) -> str:
    """How far a parameter went in the network's training."""
    noun = PARAMETER_WORDS[parameter].noun
    if low == high:
        return f"This network was trained without {noun}."
    return f"It was trained with {noun} from {value_in_words(parameter, low)} to {value_in_words(parameter, high)}."


# ---------------------------------------------------------------- where the label becomes wrong

LIES = {
    "quarter": "Turned by 90°, a 6 and a 9 look much alike: printed ones would be the same picture, with two labels.",
    "half": "A 6 that is turned upside down looks like a 9, and still carries the label 6.",
    "mirrored": "About every second image is mirrored. A mirrored 2 looks like a 5; a mirrored 4 or 7 is no digit.",
    "upside_down": "About every second image is flipped upside down: a 2 then looks like a 5, a 4 or a 7 is no digit.",
    "lost": "Shifted this far, a large part of the digit has left the picture.",
}
RED_IS_ANOTHER = (
    "Red: this network reads another digit than the label says. "
    "In a training with such pictures, the label would tell it that it is wrong."
)

# ---------------------------------------------------------------- the same in code, and training

KERAS_IS_EXACT = "The geometry of this page is Keras’s own, pixel for pixel."
TORCHVISION_IS_NEAR = "Nearly the same: torchvision zooms both axes alike and shifts by whole pixels."
DOES_IT_HELP = (
    "Does it help to learn from such pictures? Train the same network twice from one seed, with and without these "
    "changes, and compare both under turn and shift."
)


def other_images(theirs: str, ours: str) -> str:
    """A network that cannot be asked.  theirs, ours: shapes in words ("28×28×1")."""
    return f"This network takes images of {theirs}, and these are {ours}."
