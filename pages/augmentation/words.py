"""The sentences of the Augmentation page, and how its settings are called."""

from __future__ import annotations

from cnn_core import pretrained
from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.lesson import Change, Reading, span
from pages.augmentation.reading import Asked
from pages.ui.forms.digit_input import article
from pages.ui.visitor import networks, server
from pages.ui.wording.numbers import number, signed

DRAGGED = {
    "turn": ("turned", "°", 0),
    "right": ("shifted sideways", " px", 1),
    "up": ("shifted up or down", " px", 1),
    "shear": ("sheared", "°", 0),
    "zoom": ("zoomed", "", 2),
}


SETTINGS = {
    "rotation_range": "rotation",
    "width_shift_range": "width shift",
    "height_shift_range": "height shift",
    "shear_range": "shear",
    "zoom_range": "zoom",
    "horizontal_flip": "horizontal flip",
    "vertical_flip": "vertical flip",
}


def degrees(value: float) -> str:
    return f"{signed(value, 0) if round(value) else '0'}°"


def lines_of(change: Change, spec: AugmentSpec) -> list[str]:
    """The parameters of one draw, as short as they fit below a tile: only what the settings draw."""
    lines = []
    if spec.rotation_range:
        lines.append(degrees(change.turn))
    if spec.width_shift_range or spec.height_shift_range:
        right, up = (signed(v, 0) if round(v) else "0" for v in (change.right, change.up))
        lines.append(f"{right} → {up} ↑")
    if spec.zoom_limits != (1, 1):
        lines.append(f"zoom {number(change.across, 1)}·{number(change.down, 1)}")
    if abs(change.shear) >= 0.5:
        lines.append(f"shear {degrees(change.shear)}")
    if change.mirrored or change.upside_down:
        lines.append(flipped(change))
    return lines


def flipped(change: Change) -> str:
    return {(True, False): "mirrored", (False, True): "upside down", (True, True): "flipped twice"}[
        change.mirrored, change.upside_down
    ]


def in_full(change: Change) -> str:
    """All parameters of one draw, for the tip and for those who cannot see it."""
    parts = [
        f"turned {degrees(change.turn)}",
        f"{signed(change.right, 1)} px right, {signed(change.up, 1)} px up",
    ]
    parts.append(f"zoom {number(change.across)} across, {number(change.down)} down")
    parts.append(f"shear {signed(change.shear, 1)}°")
    if change.mirrored or change.upside_down:
        parts.append(flipped(change))
    return ", ".join(parts)


def verdict(asked: Asked, reading: Reading, settings: str) -> str:
    """The answer in one line, counted."""
    if not asked.shown.trained:
        return "Nobody can tell from this network: it has not been trained."
    if asked.spec.changes_nothing:
        return "All of none: these settings change nothing. Turn one of them up."
    kept, of = reading.kept(asked.label), len(reading)
    judged = next(
        words
        for share, words in (
            (1.0, "All of these."),
            (0.85, "Nearly all."),
            (0.65, "Most of them."),
            (0.0, "Fewer than one hopes."),
        )
        if kept >= share * of
    )
    if kept == 0:
        judged = "None of these."
    told = f"{judged} With {settings} settings this network still reads **{kept} of {of}** draws as {asked.a_digit}."
    if asked.original.answers[0] != asked.label:
        said = article(asked.classes[asked.original.answers[0]])
        told += f" But it reads even the untouched one as {said}."
    return told


def taught(shown: networks.LoadedNetwork) -> AugmentSpec | None:
    """The random changes the network was trained with, or None."""
    try:
        if shown.kind == "run" and shown.run_id:
            return server.store().run(shown.run_id).recipe.augment
        if shown.kind == "pretrained":
            return pretrained.card(shown.weights_key.partition(":")[2]).recipe.augment
    except StudentError:
        pass
    return None


def recipe_known(shown: networks.LoadedNetwork) -> bool:
    try:
        return not shown.run_id or server.store().run(shown.run_id).has_recipe
    except StudentError:
        return False


def taught_words(shown: networks.LoadedNetwork, parameter: str) -> str:
    if not shown.trained:
        return "This network has not been trained."
    if not recipe_known(shown):
        return "How it was trained is not known: it was opened from a file."
    noun = {"turn": "turns", "right": "shifts", "up": "shifts", "shear": "shear", "zoom": "zoom"}[parameter]
    spec = taught(shown)
    low, high = span(spec, parameter) if spec else (0.0, 0.0)
    if low == high:
        return f"This network was trained without {noun}."
    return f"It was trained with {noun} from {place(parameter, low)} to {place(parameter, high)}."


def place(parameter: str, value: float) -> str:
    _, unit, decimals = DRAGGED[parameter]
    if parameter == "zoom":
        return number(value, 1)
    text = signed(value, decimals) if abs(value) >= 0.05 else "0"
    return text.removesuffix(".0") + unit


def alone_words(setting: str, change: Change) -> str:
    if setting in ("horizontal_flip", "vertical_flip"):
        return flipped(change)
    if setting == "shear_range":
        return f"{signed(change.shear, 2 if abs(change.shear) < 1 else 0)}°"
    if setting == "zoom_range":
        return number(change.across)
    parameter, value = {
        "rotation_range": ("turn", change.turn),
        "width_shift_range": ("right", change.right),
        "height_shift_range": ("up", change.up),
    }[setting]
    return place(parameter, value)


def value_of(parameter: str, change: Change) -> float:
    return change.across if parameter == "zoom" else getattr(change, parameter)


LIES = {
    "quarter": "Turned this far, a 6 lying on its back and a 9 lying on its face are one picture with two labels.",
    "half": "A 6 turned by 180° is a 9, and still carries the label 6.",
    "mirrored": "Every second image is mirrored. A mirrored 2 looks like a 5, and most mirrored digits are no digits.",
    "upside_down": "Every second image stands on its head: a 2 becomes a 5, a 4 or a 7 no digit at all.",
    "lost": "Shifted this far, half of the digit has left the picture.",
}


def told_short(change: Change) -> str:
    if change.turn:
        return f"turned {degrees(change.turn)}"
    return (
        flipped(change)
        if change.mirrored or change.upside_down
        else f"{signed(change.right, 0)} → {signed(change.up, 0)} ↑"
    )
