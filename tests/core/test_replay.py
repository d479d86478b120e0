"""Replay: every snapshot of a training, seen through one filter, the same whether at once or bit by bit."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F

from cnn_core.errors import StudentError
from cnn_core.insight import feature_maps, next_from, replay
from cnn_core.model import PRESETS, build


@pytest.fixture(scope="module")
def snapshots(digits):
    """(step, net) at steps 0, 1, 2, 4, 8 and 16 of a real training."""
    net, kept = build(PRESETS["tiny"], seed=0), []
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(17):
        if step in (0, 1, 2, 4, 8, 16):
            kept.append((step, copy.deepcopy(net)))
        batch = slice(64 * step, 64 * step + 64)
        optimizer.zero_grad()
        F.cross_entropy(net(digits[0][batch]), digits[1][batch]).backward()
        optimizer.step()
    return kept


def test_each_frame_is_what_its_own_net_says(snapshots, digits):
    image = digits[0][7]
    frames = list(replay(snapshots, image, "conv2d_2", 3))
    assert [frame.step for frame in frames] == [0, 1, 2, 4, 8, 16]
    for frame, (_, net) in zip(frames, snapshots, strict=True):
        assert frame.kernel.equal(net.conv2d_2.conv.weight[3])
        assert frame.bias == net.conv2d_2.conv.bias[3].item()
        assert frame.map.equal(feature_maps(net, image)["conv2d_2"][3])
        torch.testing.assert_close(frame.probabilities, net.predict(image[None])[0])
        assert frame.predicted == frame.probabilities.argmax()
        assert frame.picture.shape == (1, 28, 28)
        assert 0 <= frame.picture.min() <= frame.picture.max() <= 1
        if not frame.dead:
            assert frame.score > 0


def test_a_training_that_goes_on_is_followed_frame_by_frame(snapshots, digits):
    at_once = list(replay(snapshots, digits[0][7], "conv2d_1", 2))
    first = list(replay(snapshots[:3], digits[0][7], "conv2d_1", 2))
    rest = list(replay(snapshots[3:], digits[0][7], "conv2d_1", 2, before=next_from(first[-1])))
    for frame, same in zip(at_once, first + rest, strict=True):
        assert frame.picture.equal(same.picture)
        assert frame.score == same.score


def test_snapshots_are_loaded_one_at_a_time_and_may_be_in_half_precision(snapshots, digits):
    loaded = []

    def loader(net):
        def load():
            loaded.append(net)
            return copy.deepcopy(net).half()

        return load

    frames = replay([(step, loader(net)) for step, net in snapshots], digits[0][7], "conv2d_2", 3)
    frame = next(frames)
    assert len(loaded) == 1
    assert frame.map.dtype == frame.picture.dtype == torch.float32
    torch.testing.assert_close(
        frame.map, feature_maps(snapshots[0][1], digits[0][7])["conv2d_2"][3], atol=5e-3, rtol=5e-3
    )


def test_a_layer_of_plain_numbers_has_a_map_of_one_number(snapshots, digits):
    layer = snapshots[0][1].spec.layer_names[-1]
    frame = next(replay(snapshots, digits[0][7], layer, 4))
    assert frame.map.shape == (1, 1)
    assert frame.kernel.equal(getattr(snapshots[0][1], layer).dense.weight[4])


def test_a_wrong_layer_or_filter_is_refused_at_the_first_frame(snapshots, digits):
    with pytest.raises(StudentError, match="no layer"):
        next(replay(snapshots, digits[0][7], "conv2d_9", 0))
    with pytest.raises(StudentError, match="no filter"):
        next(replay(snapshots, digits[0][7], "conv2d_1", 999))
