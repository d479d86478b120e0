"""Changes of light against Keras's own layers, given the same draws; and what stays as it was before there were any."""

import os

import pytest
import torch

from cnn_core.data import AugmentSpec, LightParams, apply_light, sample_affine, sample_light
from cnn_core.data.augment import apply_affine, augment
from cnn_core.errors import StudentError
from cnn_core.export.light import r_function, torchvision_steps
from cnn_core.lesson import Change, each_alone, read_changed, through_range
from cnn_core.lesson import drawn as drawn_changes
from cnn_core.lesson.augment_evidence import Light

SHAPE = (6, 3, 9, 14)
IMAGES = torch.rand(SHAPE, generator=torch.Generator().manual_seed(4))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(**settings) -> LightParams:
    return sample_light(AugmentSpec(**settings), SHAPE, chance(3))


@pytest.fixture(scope="module")
def layers():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras").layers


def of_keras(values) -> torch.Tensor:
    """(N, H, W, C) of Keras as (N, C, H, W)."""
    return torch.as_tensor(values).cpu().permute(0, 3, 1, 2)


def for_keras() -> torch.Tensor:
    return IMAGES.permute(0, 2, 3, 1).clone()


def test_contrast_is_that_of_keras_s_random_contrast(layers):
    params = drawn(contrast=0.7)
    layer = layers.RandomContrast((0.7, 0.7), value_range=(0, 1))
    factor = params.contrast[:, None, None, None]
    theirs = of_keras(layer.transform_images(for_keras(), {"contrast_factor": factor}))
    torch.testing.assert_close(apply_light(IMAGES, params), theirs, atol=1e-6, rtol=0)


def test_brightness_is_that_of_keras_s_random_brightness(layers):
    params = drawn(brightness=0.6)
    layer = layers.RandomBrightness(0.6, value_range=(0, 1))
    delta = params.brightness[:, None, None, None]
    theirs = of_keras(layer.transform_images(for_keras(), {"rgb_delta": delta}))
    torch.testing.assert_close(apply_light(IMAGES, params), theirs, atol=1e-6, rtol=0)


def test_a_patch_covers_the_pixels_that_keras_s_random_erasing_would_erase(layers):
    params = drawn(erasing=0.8)
    left, right, top, bottom = params.patch.t()
    layer = layers.RandomErasing((0.8, 0.8), fill_value=0.0, value_range=(0, 1))
    theirs = of_keras(
        layer.transform_images(
            for_keras(),
            {
                "apply_erasing": right > left,
                "batch_masks": layer._generate_batch_mask((6, 9, 14, 3), (left, right, top, bottom)),
                "fill_value": torch.zeros(6, 9, 14, 3),
            },
        )
    )
    assert 0 < (right > left).sum() < 6  # of these six images some are erased and some are not
    assert apply_light(IMAGES, params).equal(theirs)


def test_the_sides_of_a_patch_have_keras_s_share_of_the_image():
    params = sample_light(AugmentSpec(erasing=1), (5_000, 1, 10, 20), chance())
    left, right, top, bottom = params.patch.t()
    for share in (((right - left) / 20) ** 2, ((bottom - top) / 10) ** 2):  # uniform from 0.02 to 0.33
        assert share.min() >= 0.02 - 1e-6
        assert share.max() <= 0.33 + 1e-6
        assert share.mean() == pytest.approx(0.175, abs=0.005)
    assert left.min() >= 0
    assert right.max() <= 20
    assert bottom.max() <= 10


def test_noise_is_added_and_not_cut_off_as_by_keras_s_gaussian_noise():
    params = sample_light(AugmentSpec(noise=0.3), (40, 1, 28, 28), chance())
    black = torch.zeros(40, 1, 28, 28)
    added = apply_light(black, params)
    assert added.mean() == pytest.approx(0, abs=0.01)
    assert added.std() == pytest.approx(0.3, abs=0.01)
    assert torch.allclose(apply_light(black + 0.5, params) - 0.5, added, atol=1e-6)


def test_as_many_images_are_erased_as_the_probability_says():
    params = sample_light(AugmentSpec(erasing=0.25), (4_000, 1, 28, 28), chance())
    assert (params.patch[:, 1] > params.patch[:, 0]).float().mean() == pytest.approx(0.25, abs=0.02)


def test_one_range_more_leaves_the_other_draws_as_they_were():
    alone = sample_light(AugmentSpec(contrast=0.4), SHAPE, chance())
    more = sample_light(AugmentSpec(contrast=0.4, brightness=0.3, erasing=0.5), SHAPE, chance())
    assert alone.contrast.equal(more.contrast)


def test_without_changes_of_light_images_are_changed_bit_by_bit_as_before_there_were_any():
    images, spec = torch.rand(8, 1, 28, 28), AugmentSpec.lesson()
    before = apply_affine(images, sample_affine(spec, 8, (28, 28), chance(7)), "nearest", 0.0)
    assert augment(images, spec, chance(7)).equal(before)


def test_light_comes_after_the_move_and_leaves_the_move_as_it_was():
    images = torch.rand(8, 1, 28, 28)
    moved = augment(images, AugmentSpec(rotation_range=40), chance(7))
    both = augment(images, AugmentSpec(rotation_range=40, noise=1e-6), chance(7))
    torch.testing.assert_close(both, moved, atol=1e-4, rtol=0)
    assert not both.equal(moved)


def test_images_that_go_in_stay_as_they_are():
    before = IMAGES.clone()
    apply_light(IMAGES, drawn(contrast=0.5, brightness=0.5, noise=0.5, erasing=1))
    assert before.equal(IMAGES)


def test_a_set_of_changes_of_before_is_written_and_read_as_it_was():
    old = {k: v for k, v in AugmentSpec.lesson().to_dict().items() if k not in ("contrast", "brightness")}
    del old["noise"], old["erasing"]
    assert AugmentSpec.from_dict(old) == AugmentSpec.lesson()
    assert AugmentSpec.lesson().identity() == old
    assert AugmentSpec(noise=0.1).identity() == AugmentSpec().identity() | {"noise": 0.1}


@pytest.mark.parametrize("name", ["contrast", "brightness", "noise", "erasing"])
def test_each_change_of_light_is_a_change_and_moves_nothing(name):
    spec = AugmentSpec(**{name: 0.5})
    assert not spec.changes_nothing
    assert spec.moves_nothing
    with pytest.raises(StudentError, match=name):
        AugmentSpec(**{name: 1.5})


def test_torchvision_s_lines_run_and_change_the_light():
    v2 = pytest.importorskip("torchvision.transforms.v2")
    spec = AugmentSpec(contrast=0.3, brightness=0.2, noise=0.1, erasing=1)
    for step in torchvision_steps(spec):
        changed = eval(step, {"v2": v2, "torch": torch})(torch.rand(1, 28, 28))
        assert changed.shape == (1, 28, 28)
    assert len(torchvision_steps(spec)) == 4


def test_r_s_function_has_a_line_for_each_change_that_is_on():
    text = r_function(AugmentSpec(brightness=0.25, noise=0.5))
    assert "runif(1, -0.25, 0.25)" in text
    assert "sd = 0.5" in text
    assert "factor" not in text
    assert r_function(AugmentSpec.lesson()) == ""


# ---------------------------------------------------------------- the page's own draws of one digit


def test_the_draws_of_the_page_change_light_within_the_settings_and_move_as_before():
    spec = AugmentSpec(rotation_range=30, contrast=0.3, brightness=0.2, noise=0.1, erasing=0.5)
    changes = drawn_changes(spec, 200, seed=1)
    plain = drawn_changes(AugmentSpec(rotation_range=30), 200, seed=1)
    assert [change.turn for change in changes] == [change.turn for change in plain]
    assert all(change.light is None for change in plain)
    lights = [change.light for change in changes]
    assert all(0.7 <= light.contrast <= 1.3 and abs(light.brightness) <= 0.2 for light in lights)
    assert 70 < sum(light.patch is not None for light in lights) < 130
    assert len({light.noise_seed for light in lights}) == 200


def test_a_network_is_asked_about_the_image_with_its_light_changed_and_twice_about_the_same():
    seen = []

    class Asked:
        def predict(self, images):
            seen.append(images)
            return torch.full((len(images), 10), 0.1)

    image = torch.rand(1, 28, 28, generator=chance())
    light = Light(contrast=0.5, brightness=0.1, noise=0.2, noise_seed=3, patch=(2.0, 5.0, 0.0, 4.0))
    for _ in range(2):
        read_changed(Asked(), image, [Change(), Change(light=light)])
    assert seen[0][0].equal(image)
    assert seen[0][1, 0, 0:4, 2:5].eq(0).all()
    assert not torch.allclose(seen[0][1, :, 5:], image[:, 5:], atol=0.01)
    assert seen[0].equal(seen[1])


def test_each_change_of_light_alone_goes_through_its_range():
    spec = AugmentSpec(contrast=0.4, erasing=0.2)
    assert list(each_alone(spec)) == ["contrast", "erasing"]
    contrasts = [change.light.contrast for change in through_range(spec, "contrast", 3)]
    assert contrasts == pytest.approx([0.6, 1.0, 1.4])
    assert all(change.light.patch for change in through_range(spec, "erasing", 6))
