"""What students do besides looking and clicking: draw, send photos, look at heavy designs, lose the line and return."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from cnn_core.model import ModelSpec, links
from cnn_core.model.layers import Conv2D, Dense, GlobalAveragePooling2D
from tests.load.student import Answer, Student

PADS = ("feature_maps", "evaluate", "augmentation")  # pages where a digit may be drawn or sent
SLEEP = 2.0  # seconds that a telephone sleeps, at most


@cache
def heavy_design() -> str:
    """A link's design near the limit of 200 million multiply-adds an image: what a curious student builds."""
    layers = [Conv2D(64, padding="same", activation="relu") for _ in range(7)]
    spec = ModelSpec(
        "Heavy", (1, 28, 28), 10, (*layers, GlobalAveragePooling2D(), Dense(10, activation="softmax"))
    )
    return links.encode(spec.to_dict())


@cache
def phone_photo() -> bytes:
    """A JPEG of 12 million pixels: a dark stroke on light paper."""
    paper = np.full((3024, 4032), 225, np.uint8)
    paper[900:2100, 1900:2080] = 30
    noise = np.random.default_rng(0).integers(0, 20, (378, 504), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(paper - np.kron(noise, np.ones((8, 8), np.uint8))).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def drawing(dice: random.Random) -> list[int]:
    """A stroke on the pad of 56×56."""
    pad = np.zeros((56, 56), int)
    place = dice.randrange(15, 35)
    for row in range(8, 48):
        pad[row, place + row // 12 : place + row // 12 + 4] = dice.randrange(150, 256)
    return pad.ravel().tolist()


async def draw(student: Student, dice: random.Random) -> None:
    """Draw a digit: the page follows the pen three times."""
    if await _way(student, dice, "Draw"):
        for _ in range(3):
            await student.tell("digit_pad", pixels=drawing(dice))
            await student.think(0.1)


async def send_photo(student: Student, dice: random.Random) -> None:
    """Send a telephone's photo, which is looked at for a digit."""
    if await _way(student, dice, "Upload", pages=[page for page in PADS if page != "evaluate"]):
        await student.upload("None", [("photo.jpg", phone_photo())])


async def collect(student: Student, dice: random.Random) -> None:
    """Put a drawing into a data set of one's own."""
    student.drawn += 1
    if await _way(student, dice, "Draw", pages=["my_data"]):
        await student.tell("data_pad", waiting=[[student.drawn, 0, drawing(dice)]])


async def look_at_heavy(student: Student, dice: random.Random) -> None:
    """Open a link to a heavy design where most is computed of it, and go elsewhere without waiting for all of it.

    On a busy machine all of it takes minutes. Whoever is told so has an answer.
    """
    student.is_hasty = True
    try:
        await student.open(dice.choice(("evaluate", "filters", "feature_maps")), design=heavy_design())
    finally:
        student.is_hasty = False


async def lose_the_line(student: Student, dice: random.Random) -> None:
    """A telephone goes to sleep, and its tab is connected again."""
    student.drop()
    await asyncio.sleep(SLEEP * dice.random())
    await student.come_back()


async def visit_again(student: Student, dice: random.Random) -> None:
    """Close the tab; open its address another day."""
    await student.visit_again()


ACTS = (draw, send_photo, collect, look_at_heavy, lose_the_line, visit_again)


async def act(student: Student, dice: random.Random) -> None:
    """One of them by lot."""
    chosen = dice.choice(ACTS)
    student.is_acting = True
    try:
        await chosen(student, dice)
    except LookupError as error:  # the page has not what the act needs
        student.answers.append(Answer(student.page, "act", float("nan"), 0, [f"{chosen.__name__}: {error}"]))
    finally:
        student.is_acting = False


async def _way(student: Student, dice: random.Random, label: str, pages: Sequence[str] = PADS) -> bool:
    """Turn to one of these pages, and choose how the picture comes. False where the network there takes none so."""
    await student.turn_to(dice.choice(pages))
    for widget in (widget for widget in student.choices() if widget.kind == "button_group"):
        options = [option.content for option in widget.element.options]
        if label in options:
            answer = await student.choose(widget, options.index(label))
            return not answer.errors
    return False
