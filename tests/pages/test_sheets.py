"""Contact sheets: each number becomes exactly one pixel, in the colour its scale says."""

import io

import numpy as np
import pytest
from PIL import Image

from pages.ui.drawing.contact_sheet import colour, contact_sheet, image_sheet, ink_on, png, table
from pages.ui.drawing.palette import ACTIVATION, SIGNED


def tiles_of(sheet):
    """Cut the PNG up again: (count, H, W, 3)."""
    whole = np.asarray(Image.open(io.BytesIO(sheet.png)).convert("RGB"))
    h, w = sheet.tile_height, sheet.tile_width
    return np.stack(
        [
            whole[i // sheet.columns * h :, i % sheet.columns * w :][:h, :w]
            for i in range(sheet.count)
        ]
    )  # fmt: skip


def rgb(color):
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("count", [1, 2, 5, 32, 64, 65])
def test_every_tile_can_be_cut_out_again(count):
    tiles = np.arange(count * 12, dtype=float).reshape(count, 3, 4) % 256
    sheet = contact_sheet(tiles, "grey", (0, 255))
    assert np.array_equal(tiles_of(sheet)[..., 0], tiles.astype(np.uint8))


def test_zero_is_black_and_the_maximum_pale_yellow():
    sheet = contact_sheet(np.array([[[0.0, 2.0]], [[0.0, 4.0]]]))
    assert tuple(tiles_of(sheet)[0, 0, 0]) == rgb(ACTIVATION[0])
    assert tuple(tiles_of(sheet)[0, 0, 1]) == rgb(ACTIVATION[-1])


def test_with_shared_limits_a_weaker_tile_is_darker():
    tiles = np.array([[[0.0, 2.0]], [[0.0, 4.0]]])
    own, shared = tiles_of(contact_sheet(tiles)), tiles_of(contact_sheet(tiles, limits="shared"))
    assert own[0, 0, 1].sum() > shared[0, 0, 1].sum()
    assert np.array_equal(own[1], shared[1])


def test_activation_zero_is_black_even_where_a_tile_has_none():
    sheet = contact_sheet(np.array([[[3.0, 4.0]]]))
    assert tiles_of(sheet)[0, 0, 0].sum() > 100  # 3 of 4 is bright, not black


def test_signed_zero_is_the_middle_and_opposites_are_opposite():
    row = tiles_of(contact_sheet(np.array([[[-2.0, 0.0, 2.0, -1.0]]]), "signed"))[0, 0]
    assert [tuple(pixel) for pixel in row[:3]] == [rgb(SIGNED[0]), rgb(SIGNED[3]), rgb(SIGNED[6])]


def test_grey_stretches_each_tile_to_its_own_range():
    row = tiles_of(contact_sheet(np.array([[[5.0, 6.0, 7.0]]]), "grey"))[0, 0, :, 0]
    assert list(row) == [0, 128, 255]


def test_a_tile_of_one_value_and_one_of_nan_are_no_error():
    tiles = np.array([[[0.0, 0.0]], [[np.nan, np.inf]], [[7.0, 7.0]]])
    with np.errstate(all="raise"):
        for scale in ("activation", "signed", "grey"):
            contact_sheet(tiles, scale)


def test_ranges_are_those_of_the_numbers_and_dark_tiles_are_known():
    sheet = contact_sheet(np.array([[[0.0, 2.5]], [[0.0, 0.0]]]))
    assert sheet.ranges.tolist() == [[0, 2.5], [0, 0]]
    assert sheet.dark.tolist() == [False, True]
    assert (sheet.low, sheet.high) == (0, 2.5)


def test_an_empty_sheet_is_no_error():
    assert contact_sheet(np.zeros((0, 3, 3))).count == 0


def test_a_tensor_is_as_good_as_an_array():
    torch = pytest.importorskip("torch")
    assert contact_sheet(torch.ones(2, 3, 3)).png == contact_sheet(np.ones((2, 3, 3))).png


def test_one_picture_has_the_same_colours_as_a_sheet():
    values = np.array([[0.0, 1.0], [0.5, 0.25]])
    assert np.array_equal(colour(values, "activation"), tiles_of(contact_sheet(values[None]))[0])
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(png(colour(values, "signed"))))), colour(values, "signed")
    )


def test_lightness_of_the_activation_scale_rises_without_a_dip():
    luminance = table("activation").astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) >= -0.5).all()


def test_numbers_in_cells_can_be_read_on_every_colour():
    assert ink_on(np.array([0, 0, 4])) == "#FFFFFF"
    assert ink_on(np.array([252, 255, 164])) == "#000000"


def test_a_sheet_of_images_is_grey_from_black_0_to_white_1_whatever_is_in_them():
    images = np.full((3, 1, 4, 5), 0.4, dtype=np.float32)
    sheet = image_sheet(images)
    assert (sheet.count, sheet.tile_height, sheet.tile_width) == (3, 4, 5)
    assert (tiles_of(sheet) == 102).all()


def test_a_sheet_of_images_says_which_shape_it_takes():
    with pytest.raises(AssertionError, match="one channel"):
        image_sheet(np.zeros((2, 3, 4, 4)))
    with pytest.raises(AssertionError, match="N, C, H, W"):
        image_sheet(np.zeros((2, 4, 4)))
