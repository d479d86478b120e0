"""Counting right and wrong, against counting by hand and against scikit-learn."""

import pytest
import torch
from sklearn.metrics import confusion_matrix, log_loss
from torch import nn

from cnn_core.data import ImageSet
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, build
from cnn_core.training import evaluate
from cnn_core.training.evaluation import wilson_interval


def image_set(images, labels, classes=10):
    names = tuple(str(c) for c in range(classes))
    return ImageSet("made", "test", images, labels, names, "made for a test")


def random_set(count=300, seed=0):
    chance = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8, generator=chance)
    return image_set(images, torch.randint(0, 10, (count,), generator=chance))


def linear_net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.BatchNorm1d(784), nn.Linear(784, 10))


class AnswersBrightness(nn.Module):
    """Says class k to an image that is k / 10 bright, with 100 % certainty."""

    def forward(self, images):
        k = (images.mean((1, 2, 3)) * 10).round().long()
        return 100.0 * nn.functional.one_hot(k, 10)


def test_confusion_has_true_classes_in_rows_and_answers_in_columns():
    brightness = torch.tensor([0, 0, 51, 77, 77])  # 0, 0, 2, 3 and 3 tenths of 255
    images = brightness.to(torch.uint8).view(5, 1, 1, 1).expand(5, 1, 28, 28)
    result = evaluate(AnswersBrightness(), image_set(images, torch.tensor([0, 7, 2, 3, 4])))
    expected = torch.zeros(10, 10, dtype=torch.int64)
    for true, answer in [(0, 0), (7, 0), (2, 2), (3, 3), (4, 3)]:
        expected[true, answer] += 1
    assert result.confusion.equal(expected)
    assert result.accuracy == pytest.approx(3 / 5)
    assert result.loss == pytest.approx(2 * 100 / 5)  # two answers, wrong by 100 nats each
    assert result.count == 5


def test_the_numbers_are_scikit_learns():
    data, net = random_set(), linear_net()
    result = evaluate(net, data)
    answers, exact = result.probabilities.argmax(1), result.probabilities.double()
    exact /= exact.sum(1, keepdim=True)  # float32 rows sum to 1 up to rounding
    assert torch.from_numpy(confusion_matrix(data.labels, answers, labels=range(10))).equal(result.confusion)
    assert result.loss == pytest.approx(log_loss(data.labels, exact, labels=range(10)), rel=1e-5)
    assert result.accuracy == (answers == data.labels).double().mean().item()
    torch.testing.assert_close(result.probabilities.sum(1), torch.ones(300))


def test_the_batch_size_changes_nothing():
    data, net = random_set(), linear_net()
    one, other = evaluate(net, data, batch_size=7), evaluate(net, data, batch_size=10_000)
    assert one.loss == pytest.approx(other.loss, rel=1e-6)
    assert one.confusion.equal(other.confusion)


def test_bytes_and_floats_from_0_to_1_are_the_same_images():
    class Floats:
        def __init__(self, data):
            self.images, self.labels = data.images / 255, data.labels

    data, net = random_set(), linear_net()
    assert evaluate(net, Floats(data)).loss == evaluate(net, data).loss


def test_evaluate_leaves_the_world_as_found():
    data, net = random_set(), linear_net()
    net[1].eval()  # a mixed state, to be kept as it is
    net[3].weight.grad = torch.ones(10, 784)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes, chance, pixels = [m.training for m in net.modules()], torch.get_rng_state(), data.images.clone()
    evaluate(net, data)
    assert [m.training for m in net.modules()] == modes
    assert torch.get_rng_state().equal(chance)
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert net[3].weight.grad.eq(1).all()
    assert data.images.equal(pixels)


def test_modes_come_back_after_an_error_too():
    net = nn.Sequential(nn.Flatten(), nn.Linear(5, 10)).train()
    with pytest.raises(RuntimeError):
        evaluate(net, random_set())
    assert net.training
    assert net[1].training


def test_float32_is_used_unless_asked_otherwise():
    seen = []

    class Listens(nn.Module):
        def forward(self, images):
            seen.append((images.dtype, torch.is_autocast_enabled("cpu"), torch.is_grad_enabled()))
            return images.mean((2, 3)).expand(-1, 10)

    evaluate(Listens(), random_set(4))
    evaluate(Listens(), random_set(4), precision="bfloat16")
    assert seen == [(torch.float32, False, False), (torch.float32, True, False)]


def test_no_images_are_an_error():
    empty = image_set(torch.zeros(0, 1, 28, 28, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(ValueError, match="no images"):
        evaluate(linear_net(), empty)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"input_shape": [1, 14, 14]}, "reads images of 14×14×1, and these have 28×28×1"),
        ({"input_shape": [3, 28, 28]}, "reads images of 28×28×3, and these have 28×28×1"),
        ({"classes": 5}, "5 classes apart, and there are images of class 9"),
    ],
)
def test_a_network_designed_for_other_images_is_told_so(others, says):
    last = {"type": "dense", "units": others.get("classes", 10)}
    layers = [{"type": "conv2d", "filters": 4}, {"type": "global_average_pooling2d"}, last]
    net = build(ModelSpec.from_dict({"layers": layers, **others}))
    with pytest.raises(StudentError, match=says):
        evaluate(net, random_set())


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        (9900, 10_000, 0.98785, 0.99177),  # statsmodels.stats.proportion.proportion_confint(method="wilson")
        (500, 500, 0.99238, 1.0),  # all right is not certainty
        (0, 10, 0.0, 0.27753),
        (5, 10, 0.23659, 0.76341),
    ],
)
def test_the_interval_is_wilsons(right, count, low, high):
    assert wilson_interval(right / count, count) == pytest.approx((low, high), abs=2e-5)
