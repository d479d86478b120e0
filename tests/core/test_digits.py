"""A visitor's digit arrives as MNIST's makers would have made it, and no file can do harm."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from cnn_core.data import centre_digit, digit_from_pixels, digit_from_upload, load_images, photo_from_upload
from cnn_core.data.digits import MAX_UPLOAD_BYTES
from cnn_core.data.sources import SAMPLE_MIXED, SAMPLE_TEST
from cnn_core.errors import StudentError


@pytest.fixture(scope="module")
def digits():
    """100 genuine digits of MNIST, float (100, 1, 28, 28)."""
    images = load_images("mnist", "test", fetch=False).images
    if len(images) == SAMPLE_TEST:  # ten of each, as they lie in the sample's file
        images = images[np.argsort(np.random.RandomState(SAMPLE_MIXED).permutation(SAMPLE_TEST))]
    return images[:100].float() / 255


def file_of(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def picture_of(digit, side=280):
    """A digit as a large grey image, light on dark."""
    return Image.fromarray((digit[0] * 255).round().byte().numpy()).resize(
        (side, side), Image.Resampling.NEAREST
    )


def difference(a, b):
    return float((a - b).abs().mean())


# centre_digit


def test_a_digit_of_mnist_comes_back_as_it_is(digits):
    for digit in digits:
        assert torch.equal(centre_digit(digit), digit)


def test_where_and_how_large_a_digit_was_drawn_does_not_matter(digits):
    for digit in digits:
        large = F.interpolate(digit[None], scale_factor=7, mode="nearest")[0]
        moved = F.pad(large, (120, 3, 0, 260))
        assert difference(centre_digit(moved), digit) < 0.02


def test_centring_twice_is_centring_once(digits):
    for digit in digits[:20]:
        once = centre_digit(F.interpolate(digit[None], size=(150, 90), mode="bilinear")[0])
        assert difference(centre_digit(once), once) < 1e-6


def test_a_stroke_keeps_its_proportions_and_fills_the_box():
    drawing = torch.zeros(200, 300)
    drawing[10:110, 200:220] = 1  # 100 high, 20 wide: five to one
    rows, columns = centre_digit(drawing)[0].nonzero(as_tuple=True)
    assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (20, 4)


def test_the_centre_of_mass_comes_to_the_middle(digits):
    lopsided = torch.zeros(100, 100)
    lopsided[20:80, 20:30] = 1
    lopsided[70:80, 20:70] = 1  # an L
    for drawing in [lopsided, *digits]:
        image = centre_digit(drawing)[0]
        place = torch.arange(28.0)
        assert abs(float((image.sum(1) * place).sum() / image.sum()) - 14) <= 0.51
        assert abs(float((image.sum(0) * place).sum() / image.sum()) - 14) <= 0.51


def test_a_single_dot_becomes_a_blob_and_not_an_error():
    drawing = torch.zeros(28, 28)
    drawing[0, 27] = 1
    assert centre_digit(drawing).sum() == 400  # 20 × 20


@pytest.mark.parametrize(
    "drawing",
    [
        torch.zeros(28, 28),
        torch.full((28, 28), 0.01),
        torch.full((28, 28), float("nan")),
        torch.zeros(0, 5),
        torch.ones(28),
        torch.ones(3, 28, 28),
        torch.ones(28, 28, dtype=torch.uint8),
        torch.ones(1, 5000),
    ],
)
def test_what_is_no_drawing_is_refused(drawing):
    with pytest.raises(StudentError):
        centre_digit(drawing)


def test_the_drawing_is_left_alone(digits):
    drawing = F.pad(digits[0], (30, 0, 0, 0)) * 2 - 0.5  # out of range on purpose
    before = drawing.clone()
    image = centre_digit(drawing)
    assert torch.equal(drawing, before)
    assert image.shape == (1, 28, 28)
    assert 0 <= image.min() <= image.max() <= 1


# digit_from_pixels


@pytest.mark.parametrize("side", [28, 56])
def test_the_canvas_gives_the_digit_that_was_drawn_on_it(digits, side):
    canvas = F.interpolate(digits[3][None], size=side, mode="nearest")
    pixels = (canvas * 255).round().int().flatten().tolist()
    assert difference(digit_from_pixels(pixels), digits[3]) < 0.01
    assert torch.equal(digit_from_pixels(pixels, side), digit_from_pixels(pixels))


@pytest.mark.parametrize(
    "pixels",
    [
        None,
        "0" * 784,
        {},
        7,
        [],
        [255] * 783,
        [255] * 785,
        [255] * 10**6,
        [0] * 784,
        [0] * 783 + [256],
        [255] * 783 + [-1],
        [255] * 783 + [float("nan")],
        [255] * 783 + [10**400],
        [255] * 783 + ["255"],
        [255] * 783 + [True],
        [255] * 783 + [None],
        [255] * 783 + [[255]],
    ],
    ids=lambda pixels: repr(pixels)[-30:],
)
def test_what_no_canvas_sends_is_refused(pixels):
    with pytest.raises(StudentError):
        digit_from_pixels(pixels)


# digit_from_upload


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_digit_is_read_from_every_common_kind_of_file(digits, format):
    options = {"lossless": True} if format == "WEBP" else {}
    read = digit_from_upload(file_of(picture_of(digits[5]), format, **options))
    assert difference(read, digits[5]) < 0.03


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_a_digit_is_read_in_every_mode(digits, mode):
    picture = picture_of(digits[5])
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    else:
        picture = picture.convert("RGB").convert(mode)
    read = digit_from_upload(file_of(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert difference(read, digits[5]) < 0.04


def test_ink_on_paper_is_read_like_chalk_on_a_board(digits):
    chalk = np.asarray(picture_of(digits[7]), dtype=np.float32)
    assert (
        difference(digit_from_upload(file_of(Image.fromarray((255 - chalk).astype(np.uint8)))), digits[7])
        < 0.01
    )

    rng = np.random.default_rng(0)
    shadow = np.linspace(0.8, 0.95, chalk.shape[1])  # one side of the paper is darker
    paper = shadow * (1 - 0.8 * chalk / 255) + rng.normal(0, 0.01, chalk.shape)
    photo = Image.fromarray((255 * paper.clip(0, 1)).astype(np.uint8))
    assert difference(digit_from_upload(file_of(photo, "JPEG")), digits[7]) < 0.06


@pytest.mark.parametrize("ink", ["black", "white"])
def test_a_drawing_on_a_transparent_background_is_read(digits, ink):
    opacity = picture_of(digits[7])
    drawing = Image.new("RGBA", opacity.size, ink)
    drawing.putalpha(opacity)
    assert difference(digit_from_upload(file_of(drawing)), digits[7]) < 0.02


def test_a_photo_taken_sideways_is_set_upright(digits):
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation tag: to be turned clockwise by 90 degrees for display
    lying = picture_of(digits[7]).transpose(Image.Transpose.ROTATE_90)
    assert difference(digit_from_upload(file_of(lying, "JPEG", exif=exif, quality=95)), digits[7]) < 0.03


def test_of_an_animation_the_first_picture_counts(digits):
    first, second = picture_of(digits[1]), picture_of(digits[2])
    animation = file_of(first, "GIF", save_all=True, append_images=[second], duration=100)
    assert difference(digit_from_upload(animation), digits[1]) < 0.02


def test_a_very_wide_image_is_read(digits):
    strip = Image.new("L", (10_000, 280))
    strip.paste(picture_of(digits[1]), (9_000, 0))
    assert digit_from_upload(file_of(strip)).shape == (1, 28, 28)


def png_that_claims(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("read", [digit_from_upload, photo_from_upload])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"GIF89a",
        b"%PDF-1.4",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"<svg/>",
        None,
        "text",
        bytes(MAX_UPLOAD_BYTES + 1),
        file_of(Image.new("L", (1, 1), 255)),
        png_that_claims(9_000, 9_000),
        png_that_claims(30_000, 30_000),
        png_that_claims(2**31 - 1, 2**31 - 1),
        png_that_claims(0, 5),
        file_of(Image.effect_noise((300, 300), 50))[:2000],
        file_of(Image.effect_noise((300, 300), 50), "JPEG")[:2000],
    ],
    ids=lambda data: repr(data)[:24],
)
def test_what_is_no_usable_image_is_refused_with_a_sentence(read, data):
    with pytest.raises(StudentError) as refusal:
        read(data)
    assert refusal.value.message
    assert refusal.value.hint


def test_an_even_image_has_no_digit():
    for brightness in (0, 128, 255):
        with pytest.raises(StudentError, match="stands out"):
            digit_from_upload(file_of(Image.new("L", (100, 100), brightness)))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.filterwarnings("ignore")
def test_no_damage_to_a_file_gets_past_the_two_outcomes(digits, format):
    whole = file_of(picture_of(digits[0], 56).convert("P" if format in ("GIF", "PNG") else "RGB"), format)
    chance = random.Random(0)
    for attempt in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if attempt % 3 == 0:
            del data[chance.randint(len(data) // 4, len(data)) :]
        for read, shape in ((digit_from_upload, (1, 28, 28)), (photo_from_upload, None)):
            try:
                image = read(bytes(data))
            except StudentError:
                continue
            assert shape is None or image.shape == shape
            assert image.isfinite().all()
            assert 0 <= image.min() <= image.max() <= 1


# photo_from_upload


def test_a_photo_keeps_its_colours_and_its_proportions():
    photo = Image.new("RGB", (2000, 1000), (255, 51, 0))
    image = photo_from_upload(file_of(photo), longest=400)
    assert image.shape == (3, 200, 400)
    assert image.dtype == torch.float32
    assert torch.allclose(image[:, 100, 200], torch.tensor([1.0, 0.2, 0.0]))


def test_a_small_photo_is_not_enlarged():
    assert photo_from_upload(file_of(Image.new("L", (40, 30)))).shape == (3, 30, 40)


def test_what_is_transparent_in_a_photo_becomes_white():
    assert photo_from_upload(file_of(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))).eq(1).all()
