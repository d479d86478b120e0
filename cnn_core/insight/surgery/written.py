"""An operation as a short text, for a link: "conv2d_2:out:0-7_12~conv2d_1:x0.5:3".

Items stand with ~ between them, each a layer, what is done, and to which of its filters or weights:

    conv2d_2:out:0-7_12       filters 0 to 7, and 12, are muted
    conv2d_2:x0.5:3_4         what these two leave is half as strong
    conv2d_2:at1.25:3         this one always gives 1.25
    conv2d_2:w-0.5:41_3_0_2   a weight of filter 41: on map 3, row 0, column 2
    conv2d_2:w0:41            the bias of filter 41
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from cnn_core.errors import StudentError, quoted
from cnn_core.insight.surgery.operation import NOTHING, Edit, Operation, Touch

LONGEST = 4_000  # letters, so that an address stays one
MOST_FILTERS = 5_000  # of one layer

_ITEM = re.compile(r"([a-z0-9_]{1,60}):(out|x|at|w)([0-9.e-]{0,25}):([0-9_-]{1,4000})")


def written_operation(operation: Operation) -> str:
    """The operation as a text; "" for nothing, and for one that is too long for an address.

    >>> written_operation(NOTHING.mute("conv2d_2", [0, 1, 2, 7]).scale("conv2d_1", [3], 0.5))
    'conv2d_1:x0.5:3~conv2d_2:out:0-2_7'
    """
    text = "~".join([*_touches(operation), *_edits(operation)])
    return text if len(text) <= LONGEST else ""


def operation_from(text: str) -> Operation:
    """The inverse of `written_operation`, whether a network has such filters or not: that says `check_operation`.

    Raises StudentError for any other text.

    >>> operation_from("conv2d_2:out:0-2_7").muted("conv2d_2") == {0, 1, 2, 7}
    True
    """
    if len(text) > LONGEST:
        raise _unreadable(text)
    touches: dict[tuple[str, int], Touch] = {}
    edits: dict[tuple[str, int, tuple[int, ...]], Edit] = {}
    for item in text.split("~") if text else ():
        found = _ITEM.fullmatch(item)
        part = None if found is None else _item(*found.groups())
        if part is None:
            raise _unreadable(text)
        touches |= {(one.layer, one.filter): one for one in part.touches}
        edits |= {(one.layer, one.filter, one.place): one for one in part.edits}
    return Operation(tuple(sorted(touches.values())), tuple(sorted(edits.values())))


def _touches(operation: Operation) -> Iterator[str]:
    for (layer, what), touches in groupby(operation.touches, lambda one: (one.layer, _what(one))):
        yield f"{layer}:{what}:{_ranges([touch.filter for touch in touches])}"


def _what(touch: Touch) -> str:
    if touch.held is not None:
        return f"at{_number(touch.held)}"
    return f"x{_number(touch.factor)}" if touch.factor else "out"


def _edits(operation: Operation) -> Iterator[str]:
    for edit in operation.edits:
        where = "_".join(map(str, (edit.filter, *edit.place)))
        yield f"{edit.layer}:w{_number(edit.value)}:{where}"


def _number(value: float) -> str:
    """All its figures, so that the same comes back.

    >>> _number(0.5), _number(-3.0), _number(0.1)
    ('0.5', '-3', '0.1')
    """
    return repr(float(value)).removesuffix(".0").replace("e+", "e")


def _ranges(numbers: list[int]) -> str:
    """
    >>> _ranges([0, 1, 2, 7, 9, 10])
    '0-2_7_9-10'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return "_".join(f"{first}-{last}" if last > first else f"{first}" for first, last in spans)


def _item(layer: str, what: str, value: str, where: str) -> Operation | None:
    """What one item says; None where that is nothing. Raises StudentError for a strength that cannot be."""
    try:
        if what == "w":
            filter, *place = _places(where)
            return NOTHING.edit(layer, filter, tuple(place), float(value))
        filters = _filters(where)
        if what == "x":
            return NOTHING.scale(layer, filters, float(value))
        if what == "at":
            return NOTHING.hold(layer, dict.fromkeys(filters, float(value)))
        return None if value else NOTHING.mute(layer, filters)
    except ValueError:
        return None


def _places(where: str) -> list[int]:
    places = [int(part) for part in where.split("_")]
    if min(places) < 0 or max(places) >= MOST_FILTERS:
        raise ValueError(where)
    return places


def _filters(where: str) -> list[int]:
    filters: list[int] = []
    for part in where.split("_"):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if not span or span[-1] >= MOST_FILTERS:
            raise ValueError(where)
        filters += span
    return filters


def _unreadable(text: str) -> StudentError:
    return StudentError(
        f"The link says {quoted(text)}, and that is nothing that can be done to a network.",
        hint="Copy the whole link once more.",
    )
