"""Training against attacks: which images are changed, that nothing else is, and older recipes as they were."""

from __future__ import annotations

import orjson
import pytest
import torch

from cnn_core.data.datasets import ImageSet
from cnn_core.errors import StudentError
from cnn_core.export.keras import export_keras
from cnn_core.export.pytorch import export_pytorch
from cnn_core.insight import fgsm
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.training import TrainSpec, train
from cnn_core.training.adversarial import attacked_in_part
from tests.core.designs import design, same_weights

SMALL = ModelSpec.from_dict(
    design(
        {"type": "conv2d", "filters": 3, "strides": 3, "activation": "relu"},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.3},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    )
)


@pytest.fixture
def digits_set():
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (96, 1, 28, 28), dtype=torch.uint8, generator=chance)
    return ImageSet(
        "mnist", "train", images, torch.arange(96) % 10, tuple("0123456789"), "drawn by lot", True
    )


def weights_after(data, **settings):
    net = build(SMALL, seed=1)
    for _ in train(net, data, TrainSpec(epochs=1, batch_size=32, seed=5, **settings)):
        pass
    return net


def test_every_second_image_is_attacked_as_fgsm_does_and_the_network_stays_as_it_was():
    net = build(SMALL, seed=0).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    images, labels = torch.rand(5, 1, 28, 28), torch.arange(5)
    changed = attacked_in_part(net, net.modules(), images.clone(), labels, 0.1)
    assert changed[1::2].equal(images[1::2])
    torch.testing.assert_close(changed[::2], fgsm(net, images[::2], labels[::2], 0.1))
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert all(module.training for module in net.modules())
    assert all(weight.grad is None for weight in net.parameters())


def test_the_same_seed_gives_the_same_weights_and_other_ones_than_without(digits_set):
    one, two = (weights_after(digits_set, adversarial=0.1) for _ in range(2))
    assert same_weights(one, two)
    assert not same_weights(one, weights_after(digits_set))


def test_a_recipe_of_before_is_read_as_one_without_and_is_known_again():
    older = {name: value for name, value in TrainSpec().to_dict().items() if name != "adversarial"}
    assert TrainSpec.from_dict(older) == TrainSpec()
    assert "adversarial" not in TrainSpec().identity()
    against = TrainSpec(adversarial=0.1)
    assert TrainSpec.from_dict(orjson.loads(orjson.dumps(against.to_dict()))) == against
    assert against.identity()["adversarial"] == 0.1
    assert (TrainSpec().work, against.work) == (1.0, 1.5)
    with pytest.raises(StudentError, match="adversarial"):
        TrainSpec(adversarial=0.6)


@pytest.mark.parametrize("export", [export_keras, export_pytorch])
def test_an_exported_program_says_that_it_does_not_attack(export):
    said = "attacked every second image of a batch (FGSM, 0.1 a pixel); this program does not"
    assert said in export(PRESETS["lesson"], TrainSpec(adversarial=0.1))
    assert "attacked" not in export(PRESETS["lesson"], TrainSpec())
