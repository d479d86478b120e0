"""Attacks against the same thing written out: gradients by autograd and by differences, moves by shifting tensors."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter

from cnn_core.errors import StudentError
from cnn_core.insight import (
    DISTURBANCES,
    aimed_signs,
    attack_image,
    disturbed,
    fgsm,
    pgd,
    random_signs,
    robustness,
    smallest_steps,
)
from cnn_core.model import PRESETS, ModelSpec
from tests.core.designs import design, lived_in, random_spec


def lead_of(net, image, label):
    """Right score - best other score, of one image, by hand."""
    scores = net(image[None])[0]
    return scores[label] - max(score for other, score in enumerate(scores) if other != label)


@pytest.mark.parametrize("seed", range(5))
def test_the_pattern_is_the_sign_of_the_gradient_of_the_lead(seed):
    net = lived_in(random_spec(seed), seed)
    images = torch.rand(3, *net.spec.input_shape, generator=torch.Generator().manual_seed(seed))
    labels = torch.tensor([0, 1, 0])
    signs = aimed_signs(net, images, labels)
    for image, label, found in zip(images, labels.tolist(), signs, strict=True):
        pixels = image.clone().requires_grad_()
        (slope,) = torch.autograd.grad(-lead_of(net, pixels, label), pixels)
        clear = slope.abs() > 1e-6 * slope.abs().max()  # of the others rounding decides
        assert found[clear].equal(slope.sign()[clear])
    assert all(weight.grad is None and weight.requires_grad for weight in net.parameters())


def test_one_step_and_many_stay_within_their_size_and_many_hurt_more():
    net = lived_in(PRESETS["mlp"])
    images = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    labels = net.predict(images).argmax(1)
    one, many = fgsm(net, images, labels, 0.05), pgd(net, images, labels, 0.05, steps=10)
    for changed in (one, many):
        assert (changed - images).abs().max() <= 0.05 + 1e-6
        assert 0 <= changed.min() <= changed.max() <= 1
    leads = [
        torch.stack([lead_of(net, image, int(label)) for image, label in zip(batch, labels, strict=True)])
        for batch in (images, one, many)
    ]
    assert leads[0].sum() > leads[1].sum() > leads[2].sum()
    torch.testing.assert_close(
        fgsm(net, images, labels, 0.05), (images + 0.05 * aimed_signs(net, images, labels)).clamp(0, 1)
    )
    assert pgd(net, images, labels, 0.0).equal(images)
    assert pgd(net, images, labels, 0.03, steps=1).equal(
        (images + 0.075 * aimed_signs(net, images, labels)).clamp(images - 0.03, images + 0.03).clamp(0, 1)
    )


@pytest.mark.parametrize("preset", ["lesson", "mlp", "modern"])
def test_an_attack_finds_the_first_size_that_changes_the_answer(preset):
    net = lived_in(PRESETS[preset])
    image = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(1))
    found = attack_image(net, image, most=0.2)
    assert found.sizes[:3] == (0.0, 0.01, 0.02)
    assert len(found.sizes) == 21
    assert (found.label, found.is_misread) == (found.answer, False)
    answers = [
        int(net.predict((image + size * found.signs).clamp(0, 1)[None]).argmax()) for size in found.sizes
    ]
    first = next(
        (size for size, answer in zip(found.sizes, answers, strict=True) if answer != found.label), None
    )
    assert found.smallest == first
    torch.testing.assert_close(found.aimed[0], net.predict(image[None])[0])
    assert found.control.abs().eq(1).all()
    assert found.aimed.argmax(1).tolist() == answers


def test_pixels_that_the_lesson_net_never_sees_are_told():
    """28 → 26 → 13 → 11 → 10 of 11 rows pooled: the last two rows and columns of the image go nowhere."""
    found = attack_image(lived_in(PRESETS["lesson"]), torch.rand(1, 28, 28), most=0.0)
    assert found.unseen[26:].all()
    assert found.unseen[:, 26:].all()
    assert not found.unseen[:26, :26].all()


def test_a_misread_image_is_said_to_be_one_and_no_size_may_do():
    layers = [{"type": "flatten"}, {"type": "dense", "units": 2}]
    net = lived_in(ModelSpec.from_dict(design(*layers) | {"classes": 2}))
    with torch.no_grad():
        net.dense_1.dense.weight.fill_(0.0)
        net.dense_1.dense.bias.copy_(torch.tensor([1.0, 0.0]))
    assert attack_image(net, torch.rand(1, 28, 28), label=1).is_misread
    deaf = attack_image(net, torch.rand(1, 28, 28))
    assert (deaf.smallest, deaf.smallest_random) == (None, None)
    assert deaf.unseen.all()
    with pytest.raises(StudentError, match="no class 2"):
        attack_image(net, torch.rand(1, 28, 28), label=2)


def test_smallest_steps_and_accuracies_are_those_of_each_image_alone():
    net = lived_in(PRESETS["mlp"])
    images = torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    labels = net.predict(images).argmax(1)
    labels[0] = (labels[0] + 1) % 10  # this one is misread
    steps = smallest_steps(net, images, labels, most=0.1)
    alone = [
        attack_image(net, image, int(label), most=0.1) for image, label in zip(images, labels, strict=True)
    ]
    assert steps[0] == 0
    assert [None if step == torch.inf else round(step.item(), 6) for step in steps] == [
        one.smallest for one in alone
    ]
    found = robustness(net, images, labels, "fgsm", [0.0, 0.04])
    by_hand = net.predict(fgsm(net, images, labels, 0.04)).argmax(1).eq(labels).double().mean().item()
    assert (found.accuracy, found.images) == ((11 / 12, by_hand), 12)
    assert robustness(net, images, labels, "turn", [0]).accuracy == (11 / 12,)
    signs = robustness(net, images, labels, "signs", [0.3], seed=4).accuracy[0]
    noisy = (images + 0.3 * random_signs(images.shape, 4)).clamp(0, 1)
    assert signs == net.predict(noisy).argmax(1).eq(labels).double().mean().item()


def test_a_shift_to_the_right_and_a_turn_by_90_degrees_move_pixels_as_they_say():
    image = torch.rand(1, 3, 9, 9)
    right = disturbed(image, "shift", 2, direction=0)
    torch.testing.assert_close(right, F.pad(image, (2, 0))[..., :9])
    up = disturbed(image, "shift", 3, direction=90)
    torch.testing.assert_close(up, F.pad(image, (0, 0, 0, 3))[..., 3:, :], atol=1e-5, rtol=1e-5)
    turned = disturbed(image, "turn", 90, direction=1)
    torch.testing.assert_close(turned, image.rot90(1, (2, 3)), atol=1e-4, rtol=1e-4)


def test_a_patch_covers_its_square_and_is_cut_at_the_border():
    image = torch.ones(1, 1, 8, 8)
    middle = disturbed(image, "patch", 4)
    assert (middle == 0).sum() == 16
    assert middle[0, 0, 2:6, 2:6].sum() == 0
    corner = disturbed(image, "patch", 4, centre=(0.0, 1.0), shade=0.5)
    assert (corner == 0.5).nonzero()[:, 2:].tolist() == [[0, 6], [0, 7], [1, 6], [1, 7]]


def test_a_blur_is_pillows_within_its_rounding():
    """Pillow approximates the Gaussian by three boxes, so the two agree in the large only."""
    image = torch.zeros(1, 1, 28, 28)
    image[..., 9:19, 12:16] = 1
    theirs = Image.fromarray((image[0, 0] * 255).byte().numpy()).filter(ImageFilter.GaussianBlur(1.5))
    ours = disturbed(image, "blur", 1.5)[0, 0]
    assert (ours - torch.tensor(list(theirs.tobytes())).view(28, 28) / 255).abs().max() < 0.03
    assert ours.sum().item() == pytest.approx(40, abs=1e-3)


@pytest.mark.parametrize("kind", DISTURBANCES)
def test_size_zero_changes_nothing_and_the_same_seed_the_same(kind):
    images = torch.randint(0, 256, (2, 3, 12, 12), dtype=torch.uint8)
    assert disturbed(images, kind, 0).equal(images.float() / 255)
    one, two = (disturbed(images, kind, 2 if kind in ("patch", "shift") else 0.5, seed=9) for _ in range(2))
    assert one.equal(two)
    assert not one.equal(images.float() / 255)


def test_unknown_attacks_and_senseless_sizes_are_refused():
    with pytest.raises(StudentError, match="no attack “magic”"):
        disturbed(torch.rand(1, 1, 8, 8), "magic", 1)
    with pytest.raises(StudentError, match="The size"):
        disturbed(torch.rand(1, 1, 8, 8), "noise", -1)
    with pytest.raises(StudentError, match="no attack"):
        robustness(lived_in(PRESETS["mlp"]), torch.rand(1, 1, 28, 28), torch.tensor([0]), "magic", [1])
