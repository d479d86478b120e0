"""The visitor's own random changes in an address: "turn-45_zoom-0.2_fill-wrap", what is not off, in any order."""

from __future__ import annotations

import re

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError

_NUMBERS = {  # in an address -> (in Keras, the most that the page's widgets can show)
    "turn": ("rotation_range", 180),
    "wide": ("width_shift_range", 0.5),
    "high": ("height_shift_range", 0.5),
    "shear": ("shear_range", 60),
    "zoom": ("zoom_range", 0.8),
    "contrast": ("contrast", 0.9),
    "brightness": ("brightness", 0.9),
    "noise": ("noise", 0.5),
    "patch": ("erasing", 1),
}
_FLIPS = {"flip-h": "horizontal_flip", "flip-v": "vertical_flip"}
_PIECE = re.compile(r"([a-z]+)-(\d{1,3}(?:\.\d{1,6})?)", re.ASCII)
_NOTHING = "none"


def read_own(text: str) -> AugmentSpec | None:
    """The changes that a link spells; None where they make none.

    >>> read_own("turn-45_zoom-0.2") == AugmentSpec(rotation_range=45.0, zoom_range=0.2), read_own("turn-x")
    (True, None)
    """
    values: dict[str, float | bool | str] = {}
    for piece in [] if text == _NOTHING else text.split("_"):
        if piece in _FLIPS:
            values[_FLIPS[piece]] = True
        elif piece.startswith("fill-"):
            values["fill_mode"] = piece.removeprefix("fill-")
        else:
            found = _PIECE.fullmatch(piece)
            name, most = _NUMBERS.get(found[1], ("", 0)) if found else ("", 0)
            if not found or not name or float(found[2]) > most:
                return None
            values[name] = float(found[2])
    try:
        return AugmentSpec.from_dict(values)
    except StudentError:
        return None


def written_own(spec: AugmentSpec) -> str:
    """What a link says of them; nothing of what no link can spell, such as a zoom of two numbers.

    >>> written_own(AugmentSpec(rotation_range=45, horizontal_flip=True)), written_own(AugmentSpec())
    ('turn-45_flip-h', 'none')
    """
    values = spec.to_dict()
    numbers = {short: values[name] for short, (name, _) in _NUMBERS.items()}
    pieces = [f"{short}-{value:g}" for short, value in numbers.items() if isinstance(value, float) and value]
    pieces += [short for short, name in _FLIPS.items() if values[name]]
    if spec.fill_mode != "nearest":
        pieces.append(f"fill-{spec.fill_mode}")
    text = "_".join(pieces) or _NOTHING
    return text if read_own(text) == spec else ""
