"""Photos of digits: the paper around counts, and of all that stands out the digit is found."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from cnn_core.data import digit_from_drawing, digit_from_upload, load_images, read_photo
from cnn_core.data.digits import fitted
from cnn_core.data.photo.lines import without_lines
from cnn_core.data.photo.paper import darkness
from cnn_core.data.photo.stroke import stroke_width
from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError
from cnn_core.pretrained import load
from tests.benchmarks.photos import HELD_OUT, KINDS, photo

PAPER, INK = 230, 40


@pytest.fixture(scope="module")
def digits():
    """500 test digits: uint8 (N, 1, 28, 28), and their labels."""
    return load_images("mnist", "test", fetch=False)


@pytest.fixture(scope="module")
def modern():
    return load("modern")


def page(draw=lambda pen: None, size=(576, 768), paper=PAPER):
    """A sheet on which `draw` drew, as numbers (H, W)."""
    image = Image.new("L", size, paper)
    draw(ImageDraw.Draw(image))
    return np.asarray(image, np.float32)


def two(pen, x=200, y=250, ink=INK, width=26):
    """An L-like stroke at x, y: 150 wide, 200 high."""
    pen.line([x, y, x, y + 200], ink, width)
    pen.line([x - width // 2, y + 200, x + 150, y + 200], ink, width)


def file_of(values, format="PNG", **options):
    noisy = np.asarray(values) + np.random.default_rng(0).normal(0, 1.5, np.shape(values))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, format, **options)
    return file.getvalue()


def shade(values, least=0.45):
    return values * np.linspace(1, least, values.shape[1])[None]


def box_of(values, **options):
    reading = read_photo(file_of(values), **options)
    return reading.pieces[reading.main].box


def near(box, other, by=6):
    return all(abs(mine - theirs) <= by for mine, theirs in zip(box, other, strict=True))


ALONE = (250, 187, 464, 351)  # top, left, bottom, right of `two`


# what is in the way


def test_a_stroke_alone_is_found_where_it_was_drawn():
    assert near(box_of(shade(page(two))), ALONE)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("frame", lambda pen: pen.rectangle([120, 180, 440, 540], outline=INK, width=5)),
        ("edge", lambda pen: pen.rectangle([0, 0, 40, 800], fill=50)),
        ("small", lambda pen: [pen.ellipse([x, 700, x + 14, 714], fill=INK) for x in (80, 300, 500)]),
        ("lines", lambda pen: [pen.line([0, y, 600, y + 9], 150, 3) for y in range(20, 800, 45)]),
        ("lines", lambda pen: [pen.line([x, 0, x - 8, 800], 120, 3) for x in range(30, 600, 60)]),
        ("pale", lambda pen: pen.ellipse([420, 560, 560, 760], fill=140)),
    ],
)
def test_what_is_on_the_paper_beside_the_digit_is_left_out(name, draw):
    sheet = page(lambda pen: (draw(pen), two(pen)))
    reading = read_photo(file_of(shade(sheet, 0.8)))
    assert near(reading.pieces[reading.main].box, ALONE)
    assert len(reading.pieces) == 1
    alone = read_photo(file_of(shade(page(two), 0.8)))
    assert float((reading.image - alone.image).abs().mean()) < 0.02


def test_a_shadow_changes_neither_the_place_nor_what_the_network_gets():
    even, hand = page(two), page(two)
    hand[300:, 260:] *= 0.5  # over a part of the digit, with a sharp edge
    once, again = (read_photo(file_of(shade(values, 0.9))) for values in (even, hand))
    assert near(once.pieces[0].box, again.pieces[0].box)
    assert float((once.image - again.image).abs().mean()) < 0.02


def test_the_darkness_of_ink_beside_its_paper_does_not_depend_on_the_light():
    sheet = page(two) / 255
    for light in (1.0, 0.5, np.linspace(1, 0.5, 576)[None]):
        values = darkness(np.repeat((sheet * light)[..., None], 3, 2).astype(np.float32), False).values
        assert np.median(values[300:400, 195:205]) == pytest.approx(1 - INK / PAPER, abs=0.03)
        assert np.median(values[:100]) < 0.02


def test_chalk_on_a_board_is_ink_on_paper_turned_over():
    ink = read_photo(file_of(shade(page(two), 0.9)))
    chalk = read_photo(file_of(255 - shade(page(two), 0.9)))
    assert (ink.light_on_dark, chalk.light_on_dark) == (False, True)
    assert float((ink.image - chalk.image).abs().mean()) < 0.01


def test_a_loose_bar_belongs_to_its_digit_and_a_digit_beside_it_does_not():
    def loose(pen):
        two(pen)
        pen.line([220, 225, 330, 225], INK, 26)  # above the stroke, apart from it

    top, _left, bottom, _right = box_of(shade(page(loose)))
    assert top < 220
    assert bottom > 455

    reading = read_photo(file_of(shade(page(lambda pen: (two(pen, 80), two(pen, 330))))))
    assert [round(piece.box[1], -1) for piece in reading.pieces] == [70, 320]  # from left to right


def test_a_line_under_a_digit_is_no_part_of_it():
    sheet = page(lambda pen: (two(pen), pen.line([150, 500, 400, 500], INK, 9)))
    reading = read_photo(file_of(shade(sheet, 0.8)))
    assert near(reading.pieces[0].box, ALONE)
    assert "lines" in reading.left_out


@pytest.mark.parametrize("place", [(200, 260), (300, 260), (150, 350)])
def test_of_a_note_on_a_grained_desk_the_writing_is_found_and_no_strip_of_its_paper(place):
    """Between the writing and the note's edge there is a strip of light; chalk would end at all its sides."""
    left, top = place
    grain = np.random.default_rng(0).normal(0, 1, (768, 1)) * 14
    desk = np.repeat(85 + grain, 576, 1)
    desk[170:600, 90:490] = PAPER
    note = page(lambda pen: two(pen, left, top, width=10), paper=255)
    reading = read_photo(file_of(np.where(note < 255, note, desk)))
    assert not reading.light_on_dark
    assert near(reading.pieces[reading.main].box, (top, left - 5, top + 205, left + 151), by=8)


def test_a_picture_in_black_and_white_alone_whose_greys_are_dots_is_read():
    dotted = Image.fromarray(shade(page(two), 0.8).astype(np.uint8)).convert("1")
    file = io.BytesIO()
    dotted.save(file, "PNG")
    reading = read_photo(file.getvalue())
    assert near(reading.pieces[reading.main].box, ALONE)


def test_a_line_is_taken_out_and_the_stroke_it_crosses_is_not_cut():
    stroke = np.zeros((400, 400), np.float32)
    stroke[60:340, 190:214] = 0.8
    lines = stroke.copy()
    for y in range(20, 400, 40):
        lines[y : y + 3] = np.maximum(lines[y : y + 3], 0.5)
    rest, count = without_lines(lines, 0.3)
    assert count == 10
    assert rest[stroke > 0.3].all()
    assert rest[stroke == 0].sum() < 0.01 * (lines[stroke == 0] > 0).sum()


def test_an_upright_stroke_alone_is_no_printed_line():
    stroke = np.zeros((400, 400), np.float32)
    stroke[80:320, 200:204] = 0.8
    rest, count = without_lines(stroke, 0.3)
    assert count == 0
    assert rest.sum() == 240 * 4


def test_a_blank_page_is_refused_and_a_frame_by_hand_offered():
    with pytest.raises(StudentError, match="stands out") as refusal:
        read_photo(file_of(shade(page())))
    assert "frame" in refusal.value.hint


# what the network gets


def test_a_thin_stroke_is_made_as_thick_as_mnists_and_that_is_said():
    thin, thick = (read_photo(file_of(shade(page(lambda pen, w=w: two(pen, width=w))))) for w in (5, 26))
    assert thin.pieces[0].was_thin
    assert not thick.pieces[0].was_thin
    assert thin.image.max() == 1
    column = (thin.image[0, 8:16] > 0.5).sum(dim=1).float().mean()  # across the upright stroke
    assert 2 <= column <= 4


def test_the_width_of_a_stroke_is_measured():
    bar = np.zeros((200, 200), bool)
    bar[50:150, 90:110] = True
    assert stroke_width(bar) == pytest.approx(20, abs=2)


def test_the_limit_is_a_choice_and_what_is_found_by_itself_can_be_set_by_hand():
    data = file_of(shade(page(two)))
    itself = read_photo(data)
    assert 0.1 < itself.limit < 0.7
    by_hand = read_photo(data, limit=itself.limit)
    assert torch.equal(by_hand.image, itself.image)
    assert read_photo(data, limit=0.6).ink.sum() <= read_photo(data, limit=0.2).ink.sum()


def test_within_a_frame_by_hand_nothing_outside_counts():
    sheet = page(lambda pen: (two(pen, 80, 100), two(pen, 330, 500)))
    reading = read_photo(file_of(shade(sheet)), frame=(0.5, 0.4, 1, 1))
    assert len(reading.pieces) == 1
    with pytest.raises(StudentError, match="frame"):
        read_photo(file_of(sheet), frame=(0.5, 0.5, 0.5, 0.5))


# data sets


def clothes(count=40):
    """Garment-like images: bars and patches of several greys that touch two sides, uint8 (N, 28, 28)."""
    chance = np.random.default_rng(0)
    images = np.zeros((count, 28, 28), np.uint8)
    for image in images:
        half = int(chance.integers(4, 13))
        image[:, 14 - half : 14 + half] = chance.integers(60, 255, (28, 1))
        image[4:9, max(0, 14 - half - 3) : 14 + half] = chance.integers(60, 255)
    return images


def images_of(dataset):
    if dataset == "mnist":
        return load_images("mnist", "test", fetch=False).images[::10, 0].numpy()
    return clothes()


@pytest.mark.parametrize("dataset", [key for key, data in KNOWN.items() if not data.is_colour])
@pytest.mark.parametrize(
    ("format", "inverted"), [("PNG", False), ("PNG", True), ("JPEG", False), ("JPEG", True)]
)
def test_an_enlarged_test_image_comes_back_as_itself(dataset, format, inverted):
    for image in images_of(dataset):
        large = image.repeat(10, 0).repeat(10, 1)
        file = io.BytesIO()
        Image.fromarray(255 - large if inverted else large).save(file, format)
        again = digit_from_upload(file.getvalue(), dataset)
        assert float((again[0] - torch.from_numpy(image) / 255).abs().mean()) < 0.015


def test_a_garment_fills_28_pixels_with_its_box_in_the_middle_and_keeps_its_greys():
    sheet = page(
        lambda pen: (
            pen.rectangle([200, 100, 400, 500], fill=115),
            pen.rectangle([200, 100, 300, 500], fill=58),
        )
    )
    image = read_photo(file_of(sheet), "fashion_mnist").image[0]
    rows, columns = (image > 0.05).nonzero(as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 27, 7, 20)
    assert float(image[14, 9]) == pytest.approx(1 - 58 / PAPER, abs=0.03)  # negated, beside the ground
    assert float(image[14, 18]) == pytest.approx(1 - 115 / PAPER, abs=0.03)


def test_the_data_set_says_how_its_images_are_fitted():
    drawing = torch.zeros(56, 56)
    drawing[10:30, 10:20] = 1
    grey = {name: record for name, record in KNOWN.items() if not record.is_colour}
    rows = {name: int((fitted(drawing, record)[0] > 0).any(1).sum()) for name, record in grey.items()}
    assert rows == {"mnist": 20, "fashion_mnist": 28, "kmnist": 28, "emnist_letters": 24}


@pytest.mark.parametrize("side", [28, 56])
def test_a_small_drawing_in_a_corner_is_the_large_one(side, digits):
    digit = digits.images[3].float()[0] / 255
    drawing = torch.zeros(side, side)
    half = side // 2
    drawing[half:, half:] = torch.nn.functional.interpolate(
        digit[None, None], size=(half, half), mode="area"
    )[0, 0]
    assert float((digit_from_drawing(drawing.numpy()) - digit).abs().mean()) < (0.08 if side == 28 else 0.02)


def test_a_drawing_of_another_size_is_refused():
    with pytest.raises(StudentError, match="56"):
        digit_from_drawing(np.ones((30, 30), np.float32))


# files


def test_a_photo_of_12_million_pixels_is_reduced_on_arrival():
    large = np.asarray(Image.fromarray(shade(page(two)).astype(np.uint8)).resize((3000, 4000)))
    reading = read_photo(file_of(large, "JPEG", quality=90))
    assert max(reading.photo.shape) <= 768
    assert near(reading.pieces[0].box, ALONE, 10)


def test_a_heic_photo_is_read():
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.from_pillow(Image.fromarray(shade(page(two)).astype(np.uint8)).convert("RGB"))
    file = io.BytesIO()
    heif.save(file, quality=80)
    assert near(read_photo(file.getvalue()).pieces[0].box, ALONE, 10)


# many photos; `python -m tests.benchmarks.photo_reading` counts more


def test_photos_of_all_kinds_are_read_by_the_shipped_network(digits, modern):
    wrong = []
    for place, kind in enumerate(kind for kind in KINDS if kind not in HELD_OUT):
        index = 20 * place % len(digits)
        image = digit_from_upload(photo(digits.images[index, 0].numpy(), kind, 2000 + place))
        label = int(digits.labels[index])
        clean, answer = (
            int(modern.predict(one)[0].argmax()) for one in (digits.images[index][None] / 255, image[None])
        )
        # A digit that the network misreads without any photo is no fault of the photo's.
        wrong += [(kind, label, answer)] * (clean == label and answer != label)
    assert len(wrong) <= 1, wrong
