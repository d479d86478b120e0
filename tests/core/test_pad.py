"""A small digit in a corner of the drawing pad survives, because 56×56 numbers come."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from cnn_core import pretrained
from cnn_core.data import digit_from_pixels

PAD, FINE = 280, 4  # the pad's own pixels, and how much finer it is drawn here
EIGHT = [(0.5, 0.5), (0.28, 0.36), (0.3, 0.16), (0.5, 0.08), (0.7, 0.16), (0.72, 0.36), (0.5, 0.5), (0.26, 0.64),
         (0.26, 0.86), (0.5, 0.95), (0.74, 0.86), (0.74, 0.64), (0.5, 0.5)]  # fmt: skip


def sent(size: float, pen: int) -> list[int]:
    """What the pad sends of an 8 that is `size` of its side, near its corner, by a pen of so many pixels."""
    paper = Image.new("L", (PAD * FINE, PAD * FINE))
    draw = ImageDraw.Draw(paper)
    places = [((0.03 + size * x) * PAD * FINE, (0.03 + size * y) * PAD * FINE) for x, y in EIGHT]
    draw.line(places, 255, pen * FINE, "curve")
    for x, y in places:
        draw.ellipse((x - pen * FINE / 2, y - pen * FINE / 2, x + pen * FINE / 2, y + pen * FINE / 2), 255)
    return list(paper.resize((56, 56), Image.Resampling.BOX).tobytes())


@pytest.mark.parametrize(("size", "pen"), [(0.9, 22), (70 / 252, 22), (70 / 252, 12), (70 / 252, 8)])
def test_a_small_eight_in_the_corner_is_an_eight(size, pen):
    net, _ = pretrained.load_pretrained("lesson")
    assert net.predict(digit_from_pixels(sent(size, pen))[None]).argmax().item() == 8
