"""Photos of digits as students send them: MNIST's digits drawn by a pen, on paper, in some light, from a telephone.

Every photo is a function of its kind, its digit and a seed. Nothing here knows how photos are read; what varies within
every kind is the pen (from ball-pen to marker), the angle (to 15 degrees), size, place, paper, light and JPEG quality.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from skimage.morphology import skeletonize

HIGH = 480  # pixels of the box in which a stroke is drawn before it is laid on paper
WHITE, BLACK_INK, BLUE_INK = (236, 233, 226), (34, 34, 44), (36, 52, 140)


@dataclass
class Scene:
    """A sheet while it is drawn, and how it will be photographed.

    paper: float (H, W, 3), 0 to 255, what the sheet would look like in even white light.
    light: float (H, W), the share of light that falls on each place.
    """

    chance: np.random.Generator
    paper: np.ndarray
    light: np.ndarray
    ink: tuple[int, int, int]
    box: tuple[int, int, int, int]  # left, top, right, bottom of the digit
    blur: float = 0.0
    noise: float = 2.0
    strength: float = 0.93  # of the ink: a pencil's is less
    tilt: float = 0.0  # degrees of the printed lines
    after: list[Callable[[Image.Image], Image.Image]] = field(default_factory=list)
    exif: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width, height."""
        return self.paper.shape[1], self.paper.shape[0]

    def draw(
        self, draw: Callable[[ImageDraw.ImageDraw], None], colour: tuple[int, int, int], strength: float = 1
    ) -> None:
        """Lay on what `draw` paints in 255 on a black mask."""
        mask = Image.new("L", (2 * self.size[0], 2 * self.size[1]))
        draw(ImageDraw.Draw(mask))
        self.lay(np.asarray(mask.resize(self.size, Image.Resampling.BOX), np.float32) / 255, colour, strength)

    def lay(self, alpha: np.ndarray, colour: tuple[int, int, int], strength: float = 1) -> None:
        """Colour the paper by `alpha`, (H, W) in [0, 1]."""
        part = (alpha * strength)[..., None]
        self.paper = self.paper * (1 - part) + np.asarray(colour, np.float32) * part

    def line(
        self, start: tuple[float, float], end: tuple[float, float], width: float, colour, strength=1.0
    ) -> None:
        """A straight printed line, in pixels of the photo."""
        points = [2 * value for point in (start, end) for value in point]
        self.draw(lambda pen: pen.line(points, 255, max(1, round(2 * width))), colour, strength)


def stroke(digit: np.ndarray, width: float | None) -> np.ndarray:
    """The shape that a pen would leave for a digit of MNIST, float (HIGH, HIGH) in [0, 1].

    digit: uint8 (28, 28).
    width: of the pen, in shares of the digit's longer side; None keeps the strokes as thick as MNIST's.
    """
    large = Image.fromarray(digit).resize((HIGH, HIGH), Image.Resampling.BICUBIC)
    smooth = ndimage.gaussian_filter(np.asarray(large, np.float32), HIGH / 60)
    shape = smooth > 110
    if width is not None:
        rows, columns = np.nonzero(shape)
        longest = max(np.ptp(rows), np.ptp(columns))
        away = ndimage.distance_transform_edt(~skeletonize(shape))
        return np.clip(width * longest / 2 - away + 0.5, 0, 1).astype(np.float32)
    return ndimage.gaussian_filter(shape.astype(np.float32), 1.0)


def sprite(digit: np.ndarray, width: float | None, angle: float, height: int) -> np.ndarray:
    """A digit's stroke turned and cut out, `height` pixels on its longer side; float, in [0, 1]."""
    image = Image.fromarray((255 * stroke(digit, width)).astype(np.uint8))
    image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    left, top, right, bottom = image.point(lambda value: 255 * (value > 40)).getbbox()
    image = image.crop((left, top, right, bottom))
    scale = height / max(image.size)
    size = max(2, round(image.width * scale)), max(2, round(image.height * scale))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS), np.float32) / 255


def photo(digit: np.ndarray, kind: str, seed: int) -> bytes:
    """A JPEG of one digit.

    digit: uint8 (28, 28), light on dark.
    kind:  a key of KINDS.
    """
    chance = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    scene = sheet(digit, chance, KINDS[kind])
    return developed(scene)


def drawn_clean(digit: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """What is drawn in the photo of that kind and seed, by a pen of MNIST's width: float (H, W), light on dark."""
    chance = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    pen, angle = _hand(chance, KINDS[kind])
    return np.pad(sprite(digit, max(pen, 0.12) if pen else None, angle, 200), 20)


def _hand(chance: np.random.Generator, kind: Kind) -> tuple[float, float]:
    """The width of the pen, and degrees by which the digit is turned."""
    return float(chance.choice(kind.pens)), float(chance.uniform(-15, 15))


@dataclass(frozen=True)
class Kind:
    """What is particular about a kind of photo.

    pens:   widths to draw from, in shares of the digit's longer side; 0 stands for MNIST's own.
    sizes:  of the digit's longer side, in shares of the photo's shorter one.
    before, after: what is done to the scene before and after the digit is drawn.
    """

    before: Callable[[Scene], None] = lambda scene: None
    after: Callable[[Scene], None] = lambda scene: None
    pens: tuple[float, ...] = (0, 0, 0.03, 0.05, 0.08, 0.12)
    sizes: tuple[float, float] = (0.22, 0.62)
    ink: Callable[[np.random.Generator], tuple[int, int, int]] = lambda chance: (
        BLACK_INK if chance.random() < 0.6 else BLUE_INK
    )
    paper: Callable[[np.random.Generator], tuple[float, float, float]] = lambda chance: tuple(
        np.asarray(WHITE) * chance.uniform(0.88, 1.05) + chance.normal(0, 3, 3)
    )


def sheet(digit: np.ndarray, chance: np.random.Generator, kind: Kind) -> Scene:
    """The paper with the digit on it."""
    pen, angle = _hand(chance, kind)
    width, height = [(600, 800), (800, 600), (720, 960), (750, 1000)][chance.integers(4)]
    paper = np.ones((height, width, 3), np.float32) * np.asarray(kind.paper(chance), np.float32)
    grain = chance.normal(0, 1, (height // 2 + 1, width // 2 + 1)).repeat(2, 0).repeat(2, 1)[:height, :width]
    paper += grain[..., None] * chance.uniform(0.5, 3)
    longest = int(chance.uniform(*kind.sizes) * min(width, height))
    shape = sprite(digit, pen or None, angle, longest)
    tall, wide = shape.shape
    margin = 0.12
    left = int(chance.uniform(margin * width, (1 - margin) * width - wide))
    top = int(chance.uniform(margin * height, (1 - margin) * height - tall))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    towards = chance.uniform(0, 2 * np.pi)
    slope = (
        np.cos(towards) * (columns / width - 0.5) + np.sin(towards) * (rows / height - 0.5)
    ) * chance.uniform(0, 0.25)
    scene = Scene(
        chance,
        paper,
        (0.95 + slope) * chance.uniform(0.75, 1.05),
        kind.ink(chance),
        (left, top, left + wide, top + tall),
    )
    scene.tilt = chance.uniform(-3, 3)
    kind.before(scene)
    alpha = np.zeros((height, width), np.float32)
    alpha[top : top + tall, left : left + wide] = shape
    texture = 1 - chance.uniform(0, 0.12) * ndimage.gaussian_filter(chance.normal(0, 6, (height, width)), 6)
    scene.lay(np.clip(alpha * texture, 0, 1), scene.ink, scene.strength)
    kind.after(scene)
    return scene


def developed(scene: Scene) -> bytes:
    """The photo of a scene, as a file."""
    lit = np.clip(scene.paper * scene.light[..., None], 0, 255)
    image = Image.fromarray(lit.astype(np.uint8))
    for change in scene.after:
        image = change(image)
    if scene.blur:
        image = image.filter(ImageFilter.GaussianBlur(scene.blur))
    noisy = np.asarray(image, np.float32) + scene.chance.normal(
        0, scene.noise, (image.height, image.width, 1)
    )
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    exif = Image.Exif()
    if scene.exif != 1:
        turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        image = image.transpose(turn[scene.exif])
        exif[0x0112] = scene.exif
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(scene.chance.integers(45, 95)), exif=exif)
    return file.getvalue()


# ---------------------------------------------------------------- what can be on the paper, or in the way


def shaded(scene: Scene) -> None:
    """The light falls off strongly to one side."""
    height, width = scene.light.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    towards = scene.chance.uniform(0, 2 * np.pi)
    along = np.cos(towards) * columns / width + np.sin(towards) * rows / height
    along = (along - along.min()) / np.ptp(along)
    scene.light *= 1 - scene.chance.uniform(0.4, 0.65) * along


def table_edge(scene: Scene) -> None:
    """A strip of dark table along one side or two."""
    colour = np.asarray(scene.chance.uniform(25, 90)) * np.asarray([1.1, 0.9, 0.75])
    sides = scene.chance.choice(4, scene.chance.integers(1, 3), replace=False)
    width, height = scene.size
    lean = scene.chance.uniform(-0.03, 0.03)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for side in sides:
        away = (columns, rows, width - columns, height - rows)[side]
        along = (rows, columns, rows, columns)[side]
        strip = away + lean * along < scene.chance.uniform(0.015, 0.1) * min(width, height)
        scene.lay(ndimage.gaussian_filter(strip.astype(np.float32), 1), tuple(colour))


def desk(scene: Scene) -> None:
    """A dark desk all around the sheet."""
    table_colour = np.asarray(scene.chance.uniform(25, 100)) * np.asarray([1.1, 0.9, 0.75])
    width, height = scene.size
    left, top, right, bottom = scene.box
    corners = [
        (scene.chance.uniform(0.02, 0.6) * left, scene.chance.uniform(0.02, 0.6) * top),
        (width - scene.chance.uniform(0.02, 0.6) * (width - right), scene.chance.uniform(0.02, 0.6) * top),
        (
            width - scene.chance.uniform(0.02, 0.6) * (width - right),
            height - scene.chance.uniform(0.02, 0.6) * (height - bottom),
        ),
        (scene.chance.uniform(0.02, 0.6) * left, height - scene.chance.uniform(0.02, 0.6) * (height - bottom)),
    ]  # fmt: skip
    mask = Image.new("L", scene.size, 255)
    ImageDraw.Draw(mask).polygon(corners, fill=0)
    away = np.asarray(mask.filter(ImageFilter.GaussianBlur(1)), np.float32) / 255
    grain = scene.chance.normal(1, 0.08, (height, 1)).repeat(width, 1)
    scene.paper = scene.paper * (1 - away[..., None]) + table_colour * (away * grain)[..., None]


def ruled(scene: Scene) -> None:
    """Blue lines and perhaps a red margin."""
    width, height = scene.size
    step = scene.chance.uniform(0.03, 0.06) * height
    grey = scene.chance.uniform(0.35, 0.9)
    slope = np.tan(np.radians(scene.tilt))
    thick = scene.chance.uniform(1, 2.5)
    for top in np.arange(-0.1 * height, 1.1 * height, step):
        scene.line((0, top), (width, top + slope * width), thick, (110, 130, 180), grey)
    if scene.chance.random() < 0.5:
        left = scene.chance.uniform(0.05, 0.2) * width
        scene.line((left, 0), (left - slope * height, height), thick, (190, 90, 90), grey)


def squared(scene: Scene) -> None:
    """Squared paper."""
    width, height = scene.size
    step = scene.chance.uniform(0.025, 0.06) * height
    grey, thick = scene.chance.uniform(0.35, 0.9), scene.chance.uniform(1, 2)
    slope = np.tan(np.radians(scene.tilt))
    for place in np.arange(-0.2 * height, 1.3 * max(width, height), step):
        scene.line((0, place), (width, place + slope * width), thick, (125, 140, 175), grey)
        scene.line((place, 0), (place - slope * height, height), thick, (125, 140, 175), grey)


def framed(scene: Scene) -> None:
    """A frame drawn around the digit."""
    left, top, right, bottom = scene.box
    tall = max(right - left, bottom - top)
    room = scene.chance.uniform(0.08, 0.35) * tall
    middle = (left + right) / 2, (top + bottom) / 2
    half = tall / 2 + room
    turn = np.radians(scene.tilt)
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        corners.append(
            (
                middle[0] + half * (x * np.cos(turn) - y * np.sin(turn)),
                middle[1] + half * (x * np.sin(turn) + y * np.cos(turn)),
            )
        )
    thick = scene.chance.uniform(1.5, 7)
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        scene.line(start, end, thick, scene.ink, 0.95)


def sudoku(scene: Scene) -> None:
    """The lines of a Sudoku run on beyond its cell."""
    left, top, right, bottom = scene.box
    side = max(right - left, bottom - top) * scene.chance.uniform(1.25, 1.7)
    middle = (left + right) / 2, (top + bottom) / 2
    turn = np.radians(scene.tilt)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    reach = 3 * max(scene.size)
    for place in (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5):
        thick = scene.chance.choice([2, 3]) + 3 * (abs(place) == 1.5)
        for one, other in ((along, across), (across, along)):
            base = np.array(middle) + place * side * other
            scene.line(tuple(base - reach * one), tuple(base + reach * one), thick, (40, 40, 45), 0.9)


def smudge(scene: Scene) -> None:
    """A grey smear of the hand's side, away from the digit."""
    width, height = scene.size
    left, top, right, bottom = scene.box
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(scene.chance.integers(1, 3)):
        for _attempt in range(40):
            x, y = scene.chance.uniform(0, width), scene.chance.uniform(0, height)
            a, b = scene.chance.uniform(0.02, 0.07) * width, scene.chance.uniform(0.01, 0.04) * height
            if not (left - a - 25 < x < right + a + 25 and top - a - 25 < y < bottom + a + 25):
                break
        else:
            continue
        turn = scene.chance.uniform(0, np.pi)
        u = np.cos(turn) * (columns - x) + np.sin(turn) * (rows - y)
        v = -np.sin(turn) * (columns - x) + np.cos(turn) * (rows - y)
        scene.lay(np.exp(-((u / a) ** 2 + (v / b) ** 2)), (90, 90, 95), scene.chance.uniform(0.3, 0.8))


def page_number(scene: Scene) -> None:
    """A printed number at the foot or the head, and perhaps a printed word."""
    from PIL import ImageFont

    width, height = scene.size
    font = ImageFont.load_default(round(scene.chance.uniform(0.02, 0.04) * height) * 2)
    text = str(scene.chance.choice(["17", "3", "128", "page 5", "- 42 -", "Exercise 9"]))
    x = scene.chance.choice([0.08, 0.45, 0.82]) * width
    y = scene.chance.choice([0.03, 0.93]) * height
    scene.draw(lambda pen: pen.text((2 * x, 2 * y), text, 255, font=font), (30, 30, 30), 0.9)


def hand_shadow(scene: Scene) -> None:
    """The soft but clear edge of a hand's shadow over a corner or a side."""
    width, height = scene.size
    corner = scene.chance.integers(4)
    x, y = (0, width, width, 0)[corner], (0, 0, height, height)[corner]
    mask = Image.new("L", scene.size)
    points = []
    for angle in np.linspace(0, 2 * np.pi, 14, endpoint=False):
        reach = scene.chance.uniform(0.4, 0.8) * min(scene.size)
        points.append((x + reach * np.cos(angle), y + reach * np.sin(angle)))
    ImageDraw.Draw(mask).polygon(points, fill=255)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(scene.chance.uniform(2, 14))), np.float32) / 255
    scene.light *= 1 - scene.chance.uniform(0.3, 0.6) * soft


def finger(scene: Scene) -> None:
    """A finger that holds the sheet at one side."""
    width, height = scene.size
    side = scene.chance.integers(4)
    thick = scene.chance.uniform(0.08, 0.14) * width
    left, top, right, bottom = scene.box
    room = (left, top, width - right, height - bottom)[side]
    reach = min(room - thick / 2 - 12, scene.chance.uniform(0.05, 0.25) * width)
    if reach < 8:
        return
    along = scene.chance.uniform(0.2, 0.8)
    base = [(0, along * height), (along * width, 0), (width, along * height), (along * width, height)][side]
    way = [(1, 0), (0, 1), (-1, 0), (0, -1)][side]
    tip = base[0] + way[0] * reach, base[1] + way[1] * reach
    colour = tuple(np.asarray((205, 160, 135)) * scene.chance.uniform(0.35, 1.0))

    def paint(pen: ImageDraw.ImageDraw) -> None:
        pen.line(
            [2 * base[0] - 80 * way[0], 2 * base[1] - 80 * way[1], 2 * tip[0], 2 * tip[1]],
            255,
            round(2 * thick),
        )
        pen.ellipse([2 * tip[0] - thick, 2 * tip[1] - thick, 2 * tip[0] + thick, 2 * tip[1] + thick], 255)

    scene.draw(paint, colour)


def pencil(scene: Scene) -> None:
    """A pencil: grey, and it skips on the paper's grain."""
    scene.ink = (110, 110, 115)
    scene.strength = scene.chance.uniform(0.45, 0.8)


def perspective(scene: Scene) -> None:
    """Seen from one side."""
    width, height = scene.size
    slant = [scene.chance.uniform(0, 0.1) * side for side in (width, height) * 4]
    corners = (
        slant[0],
        slant[1],
        slant[2],
        height - slant[3],
        width - slant[4],
        height - slant[5],
        width - slant[6],
        slant[7],
    )
    scene.after.append(
        lambda image: image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    )


def blurred(scene: Scene) -> None:
    """Out of focus, or moved."""
    scene.blur = scene.chance.uniform(1.5, 4)


def noisy(scene: Scene) -> None:
    """Taken in a dark room: grain, and little light."""
    scene.noise = scene.chance.uniform(8, 18)
    scene.light *= scene.chance.uniform(0.45, 0.8)


def sideways(scene: Scene) -> None:
    """Turned by a note in the file only."""
    scene.exif = int(scene.chance.choice([3, 6, 8]))


def board(scene: Scene) -> None:
    """Chalk clouds on a blackboard."""
    cloud = ndimage.gaussian_filter(
        scene.chance.normal(0, 1, scene.light.shape), scene.chance.uniform(15, 40)
    )
    cloud /= np.abs(cloud).max()
    scene.paper += (cloud * scene.chance.uniform(3, 14))[..., None]
    scene.strength = scene.chance.uniform(0.6, 0.95)


def specks(scene: Scene) -> None:
    """Crumbs and dots."""
    width, height = scene.size
    for _ in range(scene.chance.integers(3, 25)):
        x, y, size = (
            scene.chance.uniform(0, 2 * width),
            scene.chance.uniform(0, 2 * height),
            scene.chance.uniform(1, 6),
        )
        scene.draw(
            lambda pen, x=x, y=y, size=size: pen.ellipse([x - size, y - size, x + size, y + size], 255),
            scene.ink,
            0.9,
        )


def folded(scene: Scene) -> None:
    """A sheet that was folded: each half takes the light in its own way, and the fold is a thin dark line."""
    width, height = scene.size
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = scene.chance.uniform(0, np.pi)
    away = np.cos(turn) * (columns - width * scene.chance.uniform(0.35, 0.65)) + np.sin(turn) * (
        rows - height * scene.chance.uniform(0.35, 0.65)
    )
    scene.light *= 1 - scene.chance.uniform(0.05, 0.2) / (1 + np.exp(-away / 3))
    scene.light *= 1 - scene.chance.uniform(0.05, 0.3) * np.exp(-((away / 2.5) ** 2))


def holes(scene: Scene) -> None:
    """The edge of a spiral block: dark holes in a row along one side."""
    width, height = scene.size
    size = scene.chance.uniform(0.012, 0.02) * height
    for y in np.arange(0.03 * height, height, 3 * size):
        scene.draw(
            lambda pen, y=y: pen.ellipse(
                [2 * 0.03 * width, 2 * y, 2 * 0.03 * width + 2 * size, 2 * y + 2 * size], 255
            ),
            (45, 40, 38),
            0.95,
        )


def both(*changes: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """One after the other."""

    def change(scene: Scene) -> None:
        for one in changes:
            one(scene)

    return change


def _of(*colours: tuple[int, int, int]) -> Callable[[np.random.Generator], tuple[int, int, int]]:
    return lambda chance: colours[chance.integers(len(colours))]


COLOURED = _of((238, 222, 130), (200, 225, 190), (240, 195, 200), (190, 215, 240), (196, 165, 125))
BOARDS = _of((48, 62, 55), (40, 42, 45), (60, 80, 68))
KINDS: dict[str, Kind] = {
    "plain": Kind(),
    "shaded": Kind(shaded),
    "table_edge": Kind(after=table_edge),
    "ruled": Kind(ruled),
    "framed": Kind(framed),
    "blue_on_yellow": Kind(ink=_of((38, 56, 160)), paper=_of((240, 224, 130))),
    "thin": Kind(pens=(0.012, 0.016, 0.02, 0.03), sizes=(0.3, 0.7)),
    "squared": Kind(squared),
    "sudoku": Kind(sudoku, sizes=(0.2, 0.5)),
    "smudge": Kind(after=smudge),
    "page_number": Kind(after=page_number, sizes=(0.25, 0.62)),
    "chalk": Kind(board, ink=_of((225, 225, 220), (230, 225, 170)), paper=BOARDS),
    "hand_shadow": Kind(after=hand_shadow),
    "pencil": Kind(pencil, pens=(0.02, 0.03, 0.05)),
    "desk": Kind(after=desk),
    "sideways": Kind(after=sideways),
    "coloured": Kind(ink=_of(BLACK_INK, BLUE_INK, (150, 30, 40), (20, 95, 60)), paper=COLOURED),
    "grey": Kind(paper=lambda chance: (chance.uniform(95, 165),) * 3),
    "perspective": Kind(after=perspective),
    "blur": Kind(after=blurred, pens=(0, 0.05, 0.08, 0.12)),
    "noise": Kind(after=noisy),
    "finger": Kind(after=finger),
    "small": Kind(sizes=(0.09, 0.16), pens=(0, 0.05, 0.08, 0.12)),
    "large": Kind(sizes=(0.66, 0.74)),
}  # fmt: skip
HELD_OUT: dict[str, Kind] = {
    "red_pen": Kind(ink=_of((200, 40, 45))),
    "specks": Kind(after=specks),
    "folded": Kind(after=folded),
    "holes": Kind(after=holes),
    "ruled_shadow": Kind(ruled, after=hand_shadow),
    "squared_pencil": Kind(both(squared, pencil), pens=(0.03, 0.05)),
    "framed_desk": Kind(framed, after=desk, sizes=(0.22, 0.5)),
    "sudoku_shaded": Kind(both(sudoku, shaded), sizes=(0.2, 0.5)),
    "ruled_perspective": Kind(ruled, after=perspective),
    "chalk_shaded": Kind(
        both(board, shaded), ink=_of((225, 225, 220)), paper=_of((48, 62, 55), (40, 42, 45))
    ),
}  # added when the constants were chosen; with seeds from 1000 on nobody looked at any before they were counted
KINDS |= HELD_OUT
