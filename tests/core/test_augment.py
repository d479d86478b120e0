"""The geometry of augmentation is Keras's: against scipy with Keras's matrix, and against Keras where it is."""

import json
import math
import os
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.utils._python_dispatch import TorchDispatchMode

from cnn_core.data import AffineParams, AugmentSpec, apply_affine, sample_affine
from cnn_core.data.augment import augment
from cnn_core.errors import StudentError, shown
from cnn_core.export.augmentation import EXCHANGED, keras_line, keras_r_lines, torchvision_line

NAMES = ("theta", "tx", "ty", "shear", "zx", "zy")
EACH_ALONE = {
    "rotation": {"theta": 33.0},
    "a quarter": {"theta": 90.0},
    "other way": {"theta": -70.0},
    "tx": {"tx": 2.6},
    "ty": {"ty": -3.3},
    "whole pixels": {"tx": 2.0, "ty": 1.0},
    "far away": {"tx": 90.0, "ty": -75.5},
    "shear": {"shear": 25.0},
    "the lesson's shear": {"shear": 0.2},
    "zx": {"zx": 1.3},
    "zy": {"zy": 0.7},
    "flip": {"zx": -1.0},
    "flip and zoom": {"zx": -1.2, "zy": -0.8},
    "all": {"theta": 41.0, "tx": -3.7, "ty": 4.4, "shear": 17.0, "zx": 1.25, "zy": 0.8},
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def one(**values):
    changed = {name: torch.tensor([float(value)]) for name, value in values.items()}
    return replace(AffineParams.unchanged(1), **changed)


def keras_matrix(theta, tx, ty, shear, zx, zy, rows, columns):
    """Written down once more from Keras's source, in (column, row, 1), about the centre."""
    theta, shear = math.radians(theta), math.radians(shear)
    rotation = np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    shearing = np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    zoom = np.diag([zx, zy, 1])
    x, y = columns / 2 - 0.5, rows / 2 - 0.5
    there, back = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]), np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    return there @ rotation @ shift @ shearing @ zoom @ back


def slowly(images, params, fill_mode, cval):
    """One image and one channel at a time, by scipy, whose coordinates are (row, column)."""
    rows, columns = images.shape[-2:]
    swap = [1, 0, 2]
    results = []
    for index, image in enumerate(images.double().numpy()):
        values = [float(getattr(params, name)[index]) for name in NAMES]
        matrix = keras_matrix(*values, rows, columns)[swap][:, swap]
        results.append(
            [
                ndimage.affine_transform(
                    channel, matrix[:2, :2], matrix[:2, 2], order=1, mode=fill_mode, cval=cval
                )
                for channel in image
            ]
        )
    return torch.tensor(np.array(results), dtype=torch.float32)


def agreeing(a, b):
    """The fraction of pixels that agree within 2e-3."""
    return float(((a - b).abs() < 2e-3).float().mean())


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect"])
@pytest.mark.parametrize("change", EACH_ALONE.values(), ids=EACH_ALONE.keys())
def test_each_change_is_that_of_keras(change, fill_mode):
    images = torch.rand(1, 1, 28, 28, generator=generator())
    ours = apply_affine(images, one(**change), fill_mode, cval=0.3)
    assert agreeing(ours, slowly(images, one(**change), fill_mode, 0.3)) > 0.999


@pytest.mark.parametrize("size", [(28, 28), (20, 33), (5, 4)])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect"])
def test_a_batch_of_everything_at_once_is_that_of_keras_image_by_image(fill_mode, size):
    wild = AugmentSpec(180, 0.4, 0.3, 40, (0.5, 2), True, True)
    for spec in (AugmentSpec.lesson(), wild):
        params = sample_affine(spec, 12, size, generator(1))
        images = torch.rand(12, 3, *size, generator=generator(2))
        ours = apply_affine(images, params, fill_mode, cval=0.7)
        assert agreeing(ours, slowly(images, params, fill_mode, 0.7)) > 0.999


def test_wrap_begins_again_after_a_whole_image():
    params = sample_affine(AugmentSpec(180, 0.4, 0.3, 40, (0.5, 3), True, True), 8, (9, 14), generator())
    images = torch.rand(8, 1, 9, 14, generator=generator(3))
    tiled = images.repeat(1, 1, 9, 9)  # the same image on all sides, far enough
    # About the middle of the middle one the tiles are transformed like the image itself.
    slow = slowly(tiled, params, "nearest", 0)[:, :, 4 * 9 : 5 * 9, 4 * 14 : 5 * 14]
    assert agreeing(apply_affine(images, params, "wrap"), slow) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_keras_itself_agrees():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras_image = pytest.importorskip("keras.src.legacy.preprocessing.image")
    images = torch.rand(16, 2, 28, 28, generator=generator())
    params = sample_affine(AugmentSpec.lesson(), 16, (28, 28), generator(5))
    for fill_mode in ("nearest", "constant", "reflect"):
        ours = apply_affine(images, params, fill_mode, cval=0.2)
        theirs = [
            keras_image.apply_affine_transform(
                image.numpy(),
                **{name: float(getattr(params, name)[index]) for name in NAMES},
                fill_mode=fill_mode,
                cval=0.2,
            )
            for index, image in enumerate(images)
        ]
        assert agreeing(ours, torch.tensor(np.stack(theirs))) > 0.999


# Conventions that can be checked by eye


def test_a_shift_looks_to_the_right_and_so_moves_the_picture_to_the_left():
    image = torch.zeros(1, 1, 5, 7)
    image[0, 0, 2, 4] = 1
    moved = apply_affine(image, one(tx=2), "constant")
    assert moved[0, 0, 2, 2] == pytest.approx(1, abs=1e-5)
    moved = apply_affine(image, one(ty=1), "constant")
    assert moved[0, 0, 1, 4] == pytest.approx(1, abs=1e-5)


def test_a_quarter_turn_is_counter_clockwise():
    image = torch.rand(1, 1, 6, 6, generator=generator())
    for fill_mode in ("nearest", "constant", "reflect"):
        turned = apply_affine(image, one(theta=90), fill_mode)
        assert torch.allclose(turned, image.rot90(1, (2, 3)), atol=1e-5)


def test_half_a_turn_keeps_the_border():
    image = torch.ones(1, 1, 28, 28)
    assert apply_affine(image, one(theta=180), "constant").eq(1).all()
    assert apply_affine(image, one(theta=360), "constant").eq(1).all()


def test_a_flip_is_a_negative_zoom():
    image = torch.rand(1, 3, 5, 8, generator=generator())
    assert torch.allclose(apply_affine(image, one(zx=-1)), image.flip(3), atol=1e-5)
    assert torch.allclose(apply_affine(image, one(zy=-1)), image.flip(2), atol=1e-5)


def test_a_zoom_above_one_shows_the_image_smaller():
    image = torch.ones(1, 1, 28, 28)
    assert apply_affine(image, one(zx=2, zy=2), "constant").sum() == 14 * 14


def test_constant_is_exactly_the_value_and_never_a_mixture():
    moved = apply_affine(torch.ones(1, 1, 8, 8), one(tx=0.4), "constant", cval=0.25)
    assert moved[..., -1].eq(0.25).all()  # looks 0.4 pixels outside: a mixture would be 0.7
    assert torch.allclose(moved[..., :-1], torch.ones(1, 1, 8, 7))


@pytest.mark.parametrize(
    ("fill_mode", "row"),
    [
        ("nearest", [3, 4, 4, 4]),
        ("constant", [3, 4, 9, 9]),
        ("reflect", [3, 4, 4, 3]),  # the border twice: mirrored about the half pixel
        ("wrap", [3, 4, 1, 2]),
    ],
)
def test_fill_modes_continue_the_row_1_2_3_4(fill_mode, row):
    image = torch.tensor([1.0, 2, 3, 4]).view(1, 1, 1, 4)
    assert apply_affine(image, one(tx=2), fill_mode, cval=9).flatten().tolist() == pytest.approx(
        row, abs=1e-5
    )


def test_an_image_of_one_pixel_stays_one():
    for fill_mode in ("nearest", "reflect", "wrap"):
        assert apply_affine(torch.ones(1, 1, 1, 1), one(theta=30, tx=5), fill_mode).item() == pytest.approx(1)


# Drawing


def test_what_is_drawn_lies_in_its_range_and_fills_it():
    spec = AugmentSpec(90, 0.25, 0.5, 10, 0.2)
    params = sample_affine(spec, 5000, (20, 40), generator())
    for name, low, high in [
        ("theta", -90, 90),
        ("tx", -10, 10),  # a quarter of 40 columns
        ("ty", -10, 10),  # half of 20 rows
        ("shear", -10, 10),
        ("zx", 0.8, 1.2),
        ("zy", 0.8, 1.2),
    ]:
        values = getattr(params, name)
        assert values.shape == (5000,)
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low))
    assert (params.zx - params.zy).abs().max() > 0.3  # drawn independently, as in Keras


def test_shifts_from_one_on_are_pixels():
    params = sample_affine(AugmentSpec(width_shift_range=3), 1000, (28, 28), generator())
    assert 2.9 < params.tx.abs().max() <= 3


def test_a_flip_turns_every_second_image():
    params = sample_affine(AugmentSpec(horizontal_flip=True), 2000, generator=generator())
    assert set(params.zx.tolist()) == {-1.0, 1.0}
    assert params.zx.mean().abs() < 0.1
    assert params.zy.eq(1).all()


def test_the_same_generator_draws_the_same_and_no_other_chance_is_touched():
    state = torch.get_rng_state()
    images = torch.rand(4, 1, 28, 28, generator=generator())
    assert torch.equal(
        augment(images, AugmentSpec.lesson(), generator(7)),
        augment(images, AugmentSpec.lesson(), generator(7)),
    )
    assert torch.equal(torch.get_rng_state(), state)


def test_moving_one_slider_leaves_the_other_draws_as_they_were():
    more = replace(AugmentSpec.lesson(), rotation_range=10.0, horizontal_flip=True)
    before = sample_affine(AugmentSpec.lesson(), 9, generator=generator())
    after = sample_affine(more, 9, generator=generator())
    assert torch.equal(before.tx, after.tx)
    assert torch.equal(before.zy, after.zy)
    assert torch.allclose(before.theta / 9, after.theta)


def test_the_empty_spec_changes_nothing_at_all():
    images = torch.rand(3, 1, 28, 28, generator=generator())
    for fill_mode in ("nearest", "constant", "reflect", "wrap"):
        result = augment(images, AugmentSpec(fill_mode=fill_mode), generator())
        assert torch.equal(result, images)
        assert result.data_ptr() != images.data_ptr()


def test_inputs_are_left_alone_and_the_kind_of_number_stays():
    params = sample_affine(AugmentSpec.lesson(), 2, generator=generator())
    before = [getattr(params, field.name).clone() for field in fields(params)]
    for kind in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        images = torch.rand(2, 1, 28, 28, generator=generator()).to(kind)
        original = images.clone()
        for fill_mode in ("nearest", "constant", "reflect", "wrap"):
            assert apply_affine(images, params, fill_mode).dtype == kind
        assert torch.equal(images, original)
    assert all(
        torch.equal(a, getattr(params, field.name)) for a, field in zip(before, fields(params), strict=True)
    )


@pytest.mark.parametrize("shape", [(0, 1, 28, 28), (2, 0, 28, 28), (2, 1, 0, 0), (2, 1, 0, 5)])
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_no_images_or_images_of_no_pixels_stay_what_they_are(shape, fill_mode):
    params = sample_affine(AugmentSpec.lesson(), shape[0], generator=generator())
    assert apply_affine(torch.rand(shape), params, fill_mode).shape == shape


@pytest.mark.parametrize(
    ("images", "count", "fill_mode"),
    [
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), 2, "nearest"),
        (torch.zeros(2, 28, 28), 2, "nearest"),
        (torch.zeros(2, 1, 28, 28), 3, "nearest"),
        (torch.zeros(2, 1, 28, 28), 2, "mirror"),
        (torch.zeros(2, 1, 28, 28), 2, None),
        (torch.zeros(2, 1, 28, 28), 2, np.array(["nearest", "wrap"])),
    ],
)
def test_what_cannot_be_changed_is_refused(images, count, fill_mode):
    with pytest.raises(StudentError):
        apply_affine(images, AffineParams.unchanged(count), fill_mode)


class Operations(TorchDispatchMode):
    """Counts what torch is asked to compute inside a `with` block."""

    count = 0

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        self.count += 1
        return operation(*arguments, **(options or {}))


def test_a_batch_of_64_takes_no_more_operations_than_a_batch_of_2():
    needed = []
    for count in (2, 64):
        with Operations() as operations:
            augment(torch.rand(count, 1, 28, 28), AugmentSpec.lesson(), generator())
        needed.append(operations.count)
    assert needed[0] == needed[1] > 0


# AugmentSpec


def test_the_lesson_has_the_notebooks_settings():
    assert AugmentSpec.lesson() == AugmentSpec(
        rotation_range=90,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=False,
        fill_mode="nearest",
    )
    assert not AugmentSpec.lesson().changes_nothing
    assert AugmentSpec().changes_nothing
    assert AugmentSpec(zoom_range=(1, 1), fill_mode="wrap").changes_nothing


@pytest.mark.parametrize(
    "spec", [AugmentSpec(), AugmentSpec.lesson(), AugmentSpec(zoom_range=(0.5, 1), cval=0.2)]
)
def test_a_spec_survives_json(spec):
    assert AugmentSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert hash(AugmentSpec.from_dict(spec.to_dict())) == hash(spec)


def brackets(depth):
    """[[[...]]], too deep for Python to print."""
    nested = []
    for _ in range(depth):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "values",
    [
        {"rotation_range": -1},
        {"rotation_range": 361},
        {"rotation_range": "90"},
        {"rotation_range": float("nan")},
        {"rotation_range": True},
        {"rotation_range": None},
        {"width_shift_range": 10**400},
        {"height_shift_range": [0.1, 0.2]},
        {"shear_range": 90},
        {"zoom_range": 1},
        {"zoom_range": -0.1},
        {"zoom_range": [0, 1]},
        {"zoom_range": [1.2, 0.8]},
        {"zoom_range": [0.8, 1.0, 1.2]},
        {"zoom_range": ["a", "b"]},
        {"zoom_range": "x" * 10**6},
        {"horizontal_flip": 1},
        {"vertical_flip": "yes"},
        {"fill_mode": "mirror"},
        {"fill_mode": ["nearest"]},
        {"cval": 255},
        *({name: 10**5_000} for name in ("rotation_range", "zoom_range", "vertical_flip", "fill_mode")),
        *({name: brackets(10_000)} for name in ("cval", "zoom_range", "horizontal_flip", "fill_mode")),
        {"zoom_range": [0.8, 10**5_000]},
        {"fill_mode": np.array(["nearest", "wrap"])},
        {"fill_mode": "\ud800"},
        {10**5_000: 1},
        10**5_000,
        {"rotation": 90},
        {7: 90},
        [],
        None,
        "lesson",
    ],
    ids=lambda values: shown(next(iter(values.values())) if isinstance(values, dict) else values),
)
def test_a_spec_that_cannot_work_is_refused_in_few_words(values):
    with pytest.raises(StudentError) as refusal:
        AugmentSpec.from_dict(values)
    assert len(str(refusal.value).encode()) < 400  # a page can show it, half characters it cannot


def test_a_pair_of_zooms_the_wrong_way_round_is_quoted():
    with pytest.raises(StudentError, match=r"zoom_range is \(1.2, 0.8\)"):
        AugmentSpec(zoom_range=(1.2, 0.8))


# The same in other libraries


def test_the_keras_line_makes_the_same_settings():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras_image = pytest.importorskip("keras.src.legacy.preprocessing.image")
    line = keras_line(AugmentSpec.lesson()).splitlines()[-1]
    scope = {"ImageDataGenerator": keras_image.ImageDataGenerator}
    exec(line, scope)
    made = scope["augmentation"]
    assert (made.rotation_range, made.shear_range, list(made.zoom_range)) == (90, 0.2, [0.8, 1.2])
    assert (made.width_shift_range, made.height_shift_range, made.fill_mode) == (0.2, 0.2, "nearest")


def test_the_keras_line_moves_columns_by_the_width_although_keras_does_not():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras_image = pytest.importorskip("keras.src.legacy.preprocessing.image")
    scope = {"ImageDataGenerator": keras_image.ImageDataGenerator}
    exec(keras_line(AugmentSpec(width_shift_range=0.3)).splitlines()[-1], scope)
    draws = [scope["augmentation"].get_random_transform((28, 28, 1), seed=seed) for seed in range(20)]
    assert any(draw["tx"] for draw in draws)  # which apply_affine_transform takes for columns
    assert not any(draw["ty"] for draw in draws)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize(
    "spec",
    [AugmentSpec.lesson(), AugmentSpec(0, 7, 0.1), AugmentSpec(zoom_range=(0.5, 0.8), vertical_flip=True)],
    ids=["lesson", "shifts", "zoom and flip"],
)
def test_the_torchvision_line_gives_the_same_picture_on_average(spec, fill_mode):
    spec = replace(spec, fill_mode=fill_mode, cval=1.0)
    image = torch.zeros(1, 28, 28)
    image[:, :9, :16] = 1
    ours = augment(image.expand(400, 1, 28, 28), spec, generator()).mean(0)
    scope = {}
    exec(torchvision_line(spec), scope)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = torch.stack([scope["augmentation"](image) for _ in range(400)]).mean(0)
    assert theirs.shape == (1, 28, 28)
    # The rest is chance, and for "constant" the half pixel between the centre and the end of the border's pixels.
    assert (ours - theirs).abs().mean() < 0.25 * (ours - image).abs().mean()


def test_the_torchvision_line_of_no_change_changes_nothing():
    scope = {}
    exec(torchvision_line(AugmentSpec()), scope)
    image = torch.rand(1, 28, 28)
    assert torch.equal(scope["augmentation"](image), image)


def test_the_r_lines_are_the_lessons():
    lines = keras_r_lines(AugmentSpec.lesson()).splitlines()
    assert lines[:2] == ["library(keras)", "datagen = image_data_generator("]
    arguments = dict(line.strip(" ,").split(" = ") for line in lines[2:] if line.startswith("  "))
    assert arguments == {
        "rotation_range": "90",
        "width_shift_range": "0.2",
        "height_shift_range": "0.2",
        "shear_range": "0.2",
        "zoom_range": "0.2",
    }
    assert lines[-1].startswith("changed = flow_images_from_data(")


def test_r_writes_truth_lists_and_text_in_its_own_way():
    spec = AugmentSpec(zoom_range=(0.5, 1.5), horizontal_flip=True, fill_mode="wrap", width_shift_range=0.3)
    lines = keras_r_lines(spec)
    assert "zoom_range = c(0.5, 1.5)" in lines
    assert "horizontal_flip = TRUE" in lines
    assert 'fill_mode = "wrap"' in lines
    assert "height_shift_range = 0.3" in lines  # exchanged, as in Python
    assert EXCHANGED in lines
    assert "image_data_generator()" in keras_r_lines(AugmentSpec())
