"""How well the energy tells digits from what is none: `python -m tests.benchmarks.familiarity`.

Letters of matplotlib's fonts (those that look like no digit: no I, O, S, Z, B, l, o, g, q, …), doodles of lines and
rings, noise, and Fashion-MNIST where it is on this machine. Each is centred as a drawing is. Printed for each shipped
network: the share refused at the threshold that 95 of 100 test digits pass (by the energy, the largest score, and the
largest probability), and the area under the ROC curve of the energy (0.5 is chance).
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from cnn_core import pretrained
from cnn_core.data import load_images
from cnn_core.data.digits import centre_digit
from cnn_core.errors import StudentError
from cnn_core.insight import familiarity

LETTERS = "ACDEFHJKLMNPQRTUVWXYabdefhkmnrtuvwxy"
FONTS = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif-Italic", "DejaVuSans-Bold")
SIDE = 112  # pixels of a drawing before it is centred


def letters() -> Tensor:
    """Every letter in every font, (N, 1, 28, 28)."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts/ttf"
    pictures = []
    for name in FONTS:
        font = ImageFont.truetype(str(folder / f"{name}.ttf"), 80)
        for letter in LETTERS:
            paper = Image.new("L", (SIDE, SIDE))
            ImageDraw.Draw(paper).text((SIDE / 2, SIDE / 2), letter, 255, font, anchor="mm")
            pictures.append(_centred(paper))
    return torch.stack(pictures)


def doodles(count: int = 200) -> Tensor:
    """Houses, stars, smileys, ladders and scribbles by a pen of a digit's width, (N, 1, 28, 28)."""
    chance = random.Random(0)
    return torch.stack([_centred(_doodle(chance)) for _ in range(count)])


def _doodle(chance: random.Random) -> Image.Image:
    paper = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(paper)

    def point(low: int = 14, high: int = 98) -> tuple[int, int]:
        return chance.randint(low, high), chance.randint(low, high)

    kind = chance.choice(["house", "star", "smiley", "ladder", "scribble"])
    if kind == "house":
        pen.rectangle((30, 52, 84, 98), outline=255, width=9)
        pen.line([(24, 54), (chance.randint(46, 68), 16), (90, 54)], 255, 9, "curve")
    elif kind == "star":
        n, turn = chance.randint(4, 7), chance.random()
        for i in range(n):
            angle = 2 * math.pi * (i / n + turn)
            pen.line([(56, 56), (56 + 42 * math.cos(angle), 56 + 42 * math.sin(angle))], 255, 9)
    elif kind == "smiley":
        pen.ellipse((14, 14, 98, 98), outline=255, width=8)
        pen.ellipse((36, 38, 46, 50), fill=255)
        pen.ellipse((66, 38, 76, 50), fill=255)
        pen.arc((36, 46, 76, 82), 20, chance.randint(140, 160), 255, 8)
    elif kind == "ladder":
        pen.line([(32, 12), (32, 100)], 255, 9)
        pen.line([(80, 12), (80, 100)], 255, 9)
        for row in range(24, 96, chance.randint(18, 30)):
            pen.line([(32, row), (80, row)], 255, 8)
    else:
        pen.line([point() for _ in range(chance.randint(6, 9))], 255, 9, "curve")
    return paper


def _centred(paper: Image.Image) -> Tensor:
    pixels = torch.frombuffer(bytearray(paper.tobytes()), dtype=torch.uint8).view(SIDE, SIDE)
    return centre_digit(pixels.float() / 255)


def strangers() -> dict[str, Tensor]:
    """{what they are: images}, of all that can be had here."""
    generator = torch.Generator().manual_seed(0)
    every = {
        "letters": letters(),
        "doodles": doodles(),
        "noise": torch.rand(200, 1, 28, 28, generator=generator),
    }
    try:
        every["Fashion-MNIST"] = (
            load_images("fashion_mnist", "test", fetch=False).images[:2_000].float() / 255
        )
    except StudentError:
        print("Fashion-MNIST is not on this machine: left out.")
    return every


def area(digits: Tensor, others: Tensor) -> float:
    """How often a digit has a lower energy than one of the others: the area under the ROC curve."""
    return (digits[:, None] < others[None]).double().mean().item()


def main() -> None:
    """Print the table."""
    test = load_images("mnist", "test", fetch=False).take(2_000)
    others = strangers()
    print(f"{len(test)} test digits; refused at the threshold that 95 % of them pass")
    for name in pretrained.names():
        net, _ = pretrained.load_pretrained(name)
        digits, chances = familiarity(net, test.images), net.predict(test.images).amax(1)
        for what, images in others.items():
            found, sure = familiarity(net, images), net.predict(images).amax(1)
            refused = [
                (found.energy > digits.energy.quantile(0.95)).double().mean().item(),
                (found.largest < digits.largest.quantile(0.05)).double().mean().item(),
                (sure < chances.quantile(0.05)).double().mean().item(),
            ]
            text = " / ".join(f"{100 * share:.0f} %" for share in refused)
            over = (sure > 0.99).double().mean().item()
            print(
                f"{name:9} {what:14} energy / score / certainty: {text}; area {area(digits.energy, found.energy):.2f}, "
                f"over 99 % sure of {100 * over:.0f} %"
            )


if __name__ == "__main__":
    main()
