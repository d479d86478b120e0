"""Contact sheets: each number becomes exactly one pixel, in the colour its scale says."""

import io

import numpy as np
import pytest
from PIL import Image

from pages.ui.drawing.contact_sheet import (
    as_picture,
    colour,
    contact_sheet,
    image_sheet,
    ink_on,
    mosaic,
    png,
    signed_picture,
    signed_sheet,
    table,
)
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


def test_grey_images_are_drawn_as_they_are():
    images = np.stack([np.zeros((1, 4, 4)), np.full((1, 4, 4), 0.5)]).astype(np.float32)
    assert image_sheet(images).png == contact_sheet(images[:, 0], "grey", (0.0, 1.0)).png


def test_three_channels_are_red_green_and_blue():
    images = np.zeros((5, 3, 2, 4), np.float32)
    images[0, 0], images[1, 1], images[2, 2], images[3] = 1.0, 1.0, 1.0, 0.5
    sheet = image_sheet(images)
    assert [tuple(tile[0, 0]) for tile in tiles_of(sheet)] == [
        (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (0, 0, 0)
    ]  # fmt: skip
    assert (sheet.low, sheet.high, sheet.dark.tolist()) == (0.0, 1.0, [False] * 4 + [True])
    assert np.array_equal(as_picture(images[0]), tiles_of(sheet)[0])


@pytest.mark.parametrize("count", [1, 2, 5, 32])
def test_every_colour_tile_can_be_cut_out_again(count):
    bytes_ = np.random.RandomState(0).randint(0, 256, (count, 3, 3, 4))
    assert np.array_equal(tiles_of(image_sheet(bytes_ / 255)), bytes_.transpose(0, 2, 3, 1))


def test_a_stretched_colour_picture_has_one_range_for_its_three_channels():
    """Each channel stretched by itself would make a grey picture of an orange one."""
    image = np.array([[[2.0, 2.0]], [[1.0, 1.0]], [[0.0, 0.0]]])
    assert tuple(as_picture(image, "own")[0, 0]) == (255, 128, 0)


def test_a_kernel_over_colours_is_drawn_about_grey():
    kernel = np.array([[[[0.0, 2.0]], [[-2.0, 0.0]], [[1.0, -1.0]]]])  # (1, 3, 1, 2)
    (tile,) = tiles_of(signed_sheet(kernel))
    assert tuple(tile[0, 0]) == (127, 0, 190)  # red 0, green the least, blue half way up
    assert tuple(tile[0, 1]) == (254, 127, 64)
    assert np.array_equal(signed_picture(kernel[0]), tile)
    assert tuple(tiles_of(signed_sheet(np.zeros((1, 3, 2, 2))))[0, 0, 0]) == (127, 127, 127)


def test_a_kernel_over_one_channel_keeps_its_blue_and_orange():
    kernel = np.array([[[[-2.0, 0.0, 2.0]]]])
    assert signed_sheet(kernel).png == contact_sheet(kernel[:, 0], "signed").png


def test_of_two_channels_nobody_knows_the_colours_and_the_mean_is_drawn():
    image = np.array([[[0.0, 1.0]], [[1.0, 1.0]]])
    assert np.array_equal(as_picture(image)[0], [[128] * 3, [255] * 3])


def test_a_mosaic_stretches_each_map_and_leaves_a_line_between_them():
    maps = np.stack([np.full((2, 3), value) for value in (1.0, -4.0, 0.0)])
    picture = mosaic(maps)
    assert picture.shape == (2 * (2 + 1), 2 * (3 + 1))
    assert np.array_equal(picture[:2, :3], np.ones((2, 3)))
    assert np.array_equal(picture[:2, 4:7], -np.ones((2, 3)))
    assert not picture[3:].any()  # a map of zeros, and no fourth one
    assert not picture[2].any()
    assert not picture[:, 3].any()
