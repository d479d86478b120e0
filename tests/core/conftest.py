"""Nets to look into: trained within seconds on the digits that are always here; their filters mean something."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from cnn_core.data import load_images
from cnn_core.model import PRESETS, build


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """2,000 training digits, float (2000, 1, 28, 28) in [0, 1], and their labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_DATA", str(tmp_path_factory.mktemp("no_data")))
        sample = load_images("mnist", "train", fetch=False).take(2_000)
    return sample.images.float() / 255, sample.labels


@pytest.fixture(scope="session")
def lesson_net(digits):
    """The lesson's net after two short epochs: about 90 %, and filters that are edges."""
    return trained("lesson", *digits, epochs=2)


@pytest.fixture(scope="session")
def modern_net(digits):
    """Batch normalisation, "same" padding and global pooling, its moving statistics moved."""
    return trained("modern", *digits, epochs=1, count=640)


@pytest.fixture(scope="session")
def mlp_net(digits):
    return trained("mlp", *digits, epochs=1)


def trained(preset, images, labels, epochs, count=2_000):
    """A plain loop of its own, so that these tests stand without `cnn_core.training`."""
    net = build(PRESETS[preset], seed=0)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for batch in torch.randperm(len(images[:count]), generator=generator).split(64):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
    optimizer.zero_grad()
    return net
