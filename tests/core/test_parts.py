"""A batch in parts: the same gradients as in one go, and the same weights however busy the machine is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional as F

from cnn_core.data import ImageSet
from cnn_core.model import PRESETS, build
from cnn_core.training import RECIPES, SnapshotDue, train
from cnn_core.training.fast.parts import PassesInParts, one_thread, parts_for
from cnn_core.training.learner import cross_entropy

CPU = torch.device("cpu")
RECIPE = RECIPES["lesson"].replace(epochs=2, precision="float32")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits():
    chance = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (150, 1, 28, 28), dtype=torch.uint8, generator=chance)
    return ImageSet("noise", "train", images, torch.arange(150) % 10, tuple("0123456789"), "noise")


def by_autograd(net, images, labels):
    """The textbook's way: the mean loss of these images, and its gradients."""
    loss = F.cross_entropy(net(images), labels)
    return loss.detach(), torch.autograd.grad(loss, list(net.parameters()))


def trained(digits):
    net = build(PRESETS["tiny"], seed=0)
    for _ in train(net, digits, RECIPE):
        pass
    return net.state_dict()


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("count", [64, 37, 1])  # 37: parts of 19 and 18; 1: a part alone
def test_the_parts_gradients_add_up_to_those_of_the_whole_batch(digits, count):
    net = build(PRESETS["tiny"], seed=0)
    images, labels = digits.images[:count].float() / 255, digits.labels[:count]
    loss, gradients = by_autograd(net, images, labels)
    in_parts = PassesInParts(net, half=False, slope=cross_entropy, parts=2)
    for _ in range(2):  # nothing is left of the first time in the second
        found, right = in_parts(images, labels)
        assert found == pytest.approx(loss.item(), rel=1e-5)
        assert right == (net(images).argmax(1) == labels).sum()
        for weight, gradient in zip(net.parameters(), gradients, strict=True):
            torch.testing.assert_close(weight.grad, gradient, rtol=1e-4, atol=1e-6)


def test_a_training_by_two_threads_is_that_of_two_parts_one_after_the_other(digits, monkeypatch):
    together, asked = trained(digits), []

    def one_after_the_other(self, images, labels):
        twins, found = self.twins, []
        asked.append(len(labels))
        for part in zip(twins, images.chunk(2), labels.chunk(2), strict=True):
            found.append(part[0].learn(*part[1:], self.slope, len(labels)))
        for weight, first, second in zip(self.weights, *(twin.grads() for twin in twins), strict=True):
            weight.grad = first + second
        return found[0][0] + found[1][0], found[0][1] + found[1][1]

    monkeypatch.setattr(PassesInParts, "__call__", one_after_the_other)
    alone = trained(digits)
    assert equal(together, alone)
    assert asked == [64, 64, 22] * 2  # every batch came this way


def test_it_goes_on_from_a_snapshot_to_the_same_weights(digits):
    net, moments = build(PRESETS["tiny"], seed=0), []
    for event in train(net, digits, RECIPE):
        if isinstance(event, SnapshotDue):
            moments.append(({name: value.clone() for name, value in net.state_dict().items()}, event.state))
    weights, state = next(moment for moment in moments if moment[1].step > 0)
    assert state.step < moments[-1][1].step  # in the middle
    again = build(PRESETS["tiny"], seed=1)
    again.load_state_dict(weights)
    list(train(again, digits, RECIPE, state=state))
    assert equal(again.state_dict(), net.state_dict())


def test_a_batch_stays_whole_where_its_images_meet_and_where_it_is_small():
    assert parts_for(build(PRESETS["lesson"]), 64, CPU) == 2
    assert parts_for(build(PRESETS["lesson"]), 31, CPU) == 1
    assert parts_for(build(PRESETS["modern"]), 64, CPU) == 1  # batch normalization
    assert parts_for(torch.nn.Linear(3, 2), 64, CPU) == 1
    torch.set_num_threads(1)
    assert parts_for(build(PRESETS["lesson"]), 64, CPU) == 1


def test_torch_has_its_threads_back_also_after_an_error():
    def fail():
        with one_thread():
            assert torch.get_num_threads() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert torch.get_num_threads() == 2
