"""None of these: the energy of a picture, and what a limit for "I do not know" costs on real digits."""

from __future__ import annotations

import math

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import Familiarity, familiarity, last_activation, refusals_at, share_below
from cnn_core.model import PRESETS, build


def test_the_energy_is_minus_the_log_of_the_sum_of_powers(lesson_net, digits):
    images = digits[0][:20]
    found = familiarity(lesson_net, images, digits[1][:20])
    with torch.no_grad():
        logits = lesson_net.eval()(images).double()
    for i in range(20):
        assert found.energy[i].item() == pytest.approx(
            -math.log(sum(math.exp(x) for x in logits[i].tolist()))
        )
    assert found.largest.tolist() == logits.max(1).values.tolist()
    assert found.right.equal(logits.argmax(1) == digits[1][:20])


def test_it_keeps_what_softmax_divides_away():
    """The same probabilities, another size of the scores."""
    net = build(PRESETS["mlp"], seed=0).eval()
    image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    before, chances = familiarity(net, image), net.predict(image)
    with torch.no_grad():
        net[-1].dense.bias.add_(3.0)
    torch.testing.assert_close(net.predict(image), chances)
    assert familiarity(net, image).energy.item() == pytest.approx(before.energy.item() - 3.0, abs=1e-5)


def test_the_cost_of_a_limit_is_counted():
    known = Familiarity(
        torch.zeros(5),
        torch.tensor([-9.0, -8.0, -3.0, -2.0, -1.0]),
        torch.tensor([True, True, True, False, True]),
    )
    cost = refusals_at(known, -3.0)
    assert (cost.refused, cost.right, cost.images) == (2, 1, 5)  # −3 itself still passes
    assert refusals_at(known, 0.0).refused == 0
    assert share_below(torch.tensor([1.0, 2.0, 3.0, 4.0]), 3.0) == 0.5


def test_images_of_another_shape_are_refused(lesson_net):
    with pytest.raises(StudentError):
        familiarity(lesson_net, torch.rand(2, 1, 8, 8))


def test_the_last_activation_is_known():
    assert last_activation(PRESETS["lesson"]) == "softmax"
