"""One image at every size of an attack, against the same thing done one size at a time."""

from __future__ import annotations

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import attack_image, disturbed, pgd, pgd_at, random_signs, under_attack
from cnn_core.looking import Question, work_of
from cnn_core.looking.jobs import answer
from cnn_core.model import PRESETS
from tests.core.designs import lived_in

SIZES = (0.0, 0.05, 0.1, 0.2)


@pytest.fixture(scope="module")
def net():
    return lived_in(PRESETS["mlp"])


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(4))


def test_a_trial_by_the_gradient_s_sign_is_the_attack_at_these_sizes(net, image):
    trial, known = under_attack(net, image, "fgsm", SIZES), attack_image(net, image, most=0.2, grain=0.05)
    places = [known.sizes.index(size) for size in SIZES]
    torch.testing.assert_close(trial.probabilities, known.aimed[places])
    assert trial.signs.equal(known.signs)
    assert (trial.label, trial.answer, trial.is_misread) == (known.label, known.answer, False)
    assert trial.pattern(2).equal(known.signs * 0.1)
    assert trial.given[3].equal((image + 0.2 * known.signs).clamp(0, 1))
    first = next(
        (size for size in SIZES if known.aimed[known.sizes.index(size)].argmax() != known.label), None
    )
    assert (None if trial.smallest is None else trial.sizes[trial.smallest]) == first


def test_many_small_steps_of_all_sizes_together_are_those_of_each_alone(net, image):
    label = int(net.predict(image[None]).argmax())
    together = pgd_at(net, image, label, SIZES, steps=5)
    for size, moved in zip(SIZES, together, strict=True):
        torch.testing.assert_close(moved[None], pgd(net, image[None], torch.tensor([label]), size, steps=5))
    trial = under_attack(net, image, "pgd", (0.1,), patterns=0)
    torch.testing.assert_close(trial.given, pgd(net, image[None], torch.tensor([label]), 0.1))
    assert trial.pattern(0).abs().max() <= 0.1 + 1e-6
    assert (trial.control, trial.patterns, trial.unseen.any().item()) == (None, 0, False)


def test_the_control_is_the_mean_over_patterns_and_counts_those_that_mislead(net, image):
    trial = under_attack(net, image, "fgsm", SIZES, seed=3, patterns=4)
    for place, size in enumerate(SIZES):
        noisy = [
            (image[None] + size * random_signs((1, 1, 28, 28), 3 + number)).clamp(0, 1) for number in range(4)
        ]
        answers = net.predict(torch.cat(noisy))
        torch.testing.assert_close(trial.control[place], answers.mean(0))
        assert trial.misled[place] == answers.argmax(1).ne(trial.label).sum()


def test_what_is_not_aimed_is_as_it_was_and_has_no_control(net, image):
    trial = under_attack(net, image, "patch", (0, 6), centre=(0.25, 0.75))
    assert trial.given[1:].equal(disturbed(image[None], "patch", 6, centre=(0.25, 0.75)))
    assert trial.pattern(1).equal(trial.given[1] - image)
    assert trial.control is None
    assert under_attack(net, image, "shift", (1,), label=(trial.answer + 1) % 10, direction=0).is_misread
    with pytest.raises(StudentError, match="no attack"):
        under_attack(net, image, "magic", (1,))


def test_beside_the_server_the_same_comes_out_and_its_work_is_counted(net, image):
    question = Question.of(
        "one_under_attack",
        "mnist",
        0,
        image=image.numpy().tobytes(),
        attack="fgsm",
        sizes=SIZES,
        label=None,
        centre=(0.5, 0.5),
        direction=None,
        patterns=2,
    )
    there = answer(net, question, lambda done: None)
    assert there.probabilities.equal(under_attack(net, image, "fgsm", SIZES, patterns=2).probabilities)
    assert work_of(question, net.spec).passes == 3 + 4 * (1 + 2)
