"""Over a training: sizes against the weights themselves, and forgetting against a loop over a table written by hand."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnn_core.data import load_images
from cnn_core.doctor.measure import CheckImages, check
from cnn_core.errors import StudentError
from cnn_core.insight import (
    NEVER,
    AnswersOverTime,
    PlacesOverTime,
    answers_over,
    feature_maps,
    places_over,
    sizes_over,
)
from cnn_core.insight import replay as follow
from cnn_core.insight.filters.replaying import FIRST_STEPS, NEXT_STEPS
from cnn_core.looking import Pixels, Question, work_of
from cnn_core.looking.jobs import answer
from cnn_core.looking.work import FIRST_CLIMB, NEXT_CLIMB, OF_A_CLIMB
from cnn_core.model import PRESETS, build, summarize
from cnn_core.pretrained import load, replay
from cnn_core.pretrained.cards import replay_path
from cnn_core.training import save_model

TABLE = torch.tensor(
    # image:  0  1  2  3  4    what is read at each of four moments
    [[0, 1, 9, 3, 4],
     [9, 1, 2, 3, 4],
     [0, 1, 9, 9, 4],
     [0, 1, 9, 3, 9]]
)  # fmt: skip
LABELS = torch.tensor([0, 8, 2, 3, 4])


@pytest.fixture
def answers():
    return AnswersOverTime((0, 1, 2, 4), TABLE, LABELS, 10)


@pytest.fixture(scope="module")
def training():
    """Four moments of a small training, by a plain loop."""
    net = build(PRESETS["mlp"], seed=0)
    chance = torch.Generator().manual_seed(0)
    images, labels = torch.rand(40, 1, 28, 28, generator=chance), torch.arange(40) % 10
    optimizer, moments = torch.optim.SGD(net.parameters(), lr=0.1), [(0, copy.deepcopy(net).eval())]
    for step in (1, 2, 3, 4):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
        if step != 3:
            moments.append((step, copy.deepcopy(net).eval()))
    return moments, images, labels


def test_first_right_since_and_forgotten_are_counted_as_on_paper(answers):
    assert answers.first_right.tolist() == [0, NEVER, 1, 0, 0]
    assert answers.right_since.tolist() == [2, NEVER, NEVER, 3, NEVER]
    assert answers.forgettings.tolist() == [1, 0, 1, 1, 1]
    assert answers.unforgettable.tolist() == [False] * 5
    assert answers.most_forgotten(2) == [0, 2]
    assert answers.accuracy == [0.6, 0.6, 0.4, 0.4]
    assert answers.first_right_at(0) == [0, 3, 4]
    assert answers.first_right_at(NEVER) == [1]
    assert answers.stays_above(0.9)[:5] == [2, NEVER, NEVER, 3, NEVER]
    assert answers.gained == [3, 1, 1, 1]
    assert answers.lost == [0, 1, 2, 1]


def test_the_same_by_a_loop_over_every_image():
    chance = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (60,), generator=chance)
    table = torch.randint(0, 3, (9, 60), generator=chance)
    table[5:, :20] = labels[:20]
    found = AnswersOverTime(tuple(range(9)), table, labels, 3)
    for image in range(60):
        course = [int(answer) == int(labels[image]) for answer in table[:, image]]
        assert found.first_right[image] == (course.index(True) if True in course else NEVER)
        since = next((t for t in range(9) if all(course[t:])), NEVER)
        assert found.right_since[image] == since
        assert found.forgettings[image] == sum(a and not b for a, b in pairwise(course))


def test_the_accuracy_of_each_class_is_read_off_its_row(answers):
    of_classes = answers.accuracy_of_classes
    assert of_classes[:, 2].tolist() == [0, 1, 0, 0]
    assert of_classes[:, 8].tolist() == [0, 0, 0, 0]
    assert of_classes[:, 5].isnan().all()
    assert answers.confusion[0, 2, 9] == 1
    assert answers.confusion.sum((1, 2)).tolist() == [5] * 4


def test_answers_are_those_of_each_snapshot_and_loaders_are_called_when_wanted(training):
    moments, images, labels = training
    loaded = []

    def load(step, net):
        loaded.append(step)
        return net

    told = []
    found = answers_over(
        [(step, lambda s=step, n=net: load(s, n)) for step, net in moments], images, labels, told.append
    )
    assert loaded == [0, 1, 2, 4] == list(found.steps)
    assert told == [1, 2, 3, 4]
    assert found.answers.equal(torch.stack([net.predict(images).argmax(1) for _, net in moments]))
    half = [(step, copy.deepcopy(net).half()) for step, net in moments]
    assert answers_over(half, images, labels).answers.eq(found.answers).float().mean() > 0.9


def test_sizes_are_the_doctors_and_movements_those_of_the_weights(training):
    moments, images, labels = training
    found = list(sizes_over(moments, images, labels))
    for (step, net), one in zip(moments, found, strict=True):
        theirs = check(net, CheckImages((images * 255).byte(), labels), step, 0.0)
        assert one.gradient == pytest.approx(theirs.gradients, rel=0.05)  # of bytes: rounded pixels
        weight = net.dense_1.dense.weight.detach().double()
        assert one.weight["dense_1"] == pytest.approx(weight.square().mean().sqrt().item())
    assert found[0].moved == {}
    far = moments[3][1].dense_1.dense.weight - moments[2][1].dense_1.dense.weight
    assert found[3].moved["dense_1"] == pytest.approx(far.square().mean().sqrt().item() / 2, rel=1e-5)
    whole = moments[3][1].dense_1.dense.weight - moments[0][1].dense_1.dense.weight
    assert found[3].from_start["dense_1"] == pytest.approx(whole.square().mean().sqrt().item(), rel=1e-5)
    assert found[3].loss < found[0].loss
    # One plain step moves each weight by the rate times its gradient.
    assert found[1].moved["dense_2"] == pytest.approx(0.1 * found[0].gradient["dense_2"], rel=1e-4)


def test_the_plane_has_the_axes_of_the_last_moment_throughout(training):
    moments, images, _ = training
    found = places_over(moments, images)
    assert found.places.shape == (4, 40, 2)
    assert np.abs(found.places[-1]).max() == pytest.approx(1)
    values = (
        torch.stack([feature_maps(moments[-1][1], image)["dense_1"] for image in images]).double().numpy()
    )
    centred = values - values.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    for axis, direction in enumerate((directions[:, -1], directions[:, -2])):
        own = centred @ direction
        assert abs(np.corrcoef(own, found.places[-1, :, axis])[0, 1]) == pytest.approx(1, abs=1e-5)
        early = (
            torch.stack([feature_maps(moments[0][1], image)["dense_1"] for image in images]).double().numpy()
        )
        then = (early - values.mean(0)) @ direction / np.abs(own).max()
        np.testing.assert_allclose(np.abs(found.places[0, :, axis]), np.abs(then), atol=1e-4)


def test_on_a_plane_written_by_hand_the_nearest_ones_are_counted():
    near = [[[0, 0], [0.1, 0], [1, 1], [1, 0.8]], [[0, 0], [1, 1], [0.1, 0], [1, 0.8]]]
    found = PlacesOverTime((0, 1), np.array(near, np.float32))
    assert found.alike_beside(torch.tensor([3, 3, 5, 5])) == [1.0, 0.0]
    assert found.alike_beside(torch.tensor([3, 3, 5, 6])) == [0.5, 0.0]


def test_moments_that_came_later_are_put_behind_those_before(training):
    moments, images, labels = training
    whole = answers_over(moments, images, labels)
    joined = answers_over(moments[:2], images, labels).joined(answers_over(moments[2:], images, labels))
    assert joined.steps == whole.steps
    assert joined.answers.equal(whole.answers)


def test_without_a_snapshot_there_is_nothing_to_look_back_at(training):
    _, images, labels = training
    with pytest.raises(StudentError, match="No moment"):
        answers_over([], images, labels)
    with pytest.raises(StudentError, match="No moment"):
        places_over([], images)


def saved_in(folder, moments):
    """Each moment in a file, as ((step, path), ...)."""
    for step, net in moments:
        save_model(folder / f"{step}", net, net.spec)
    return tuple((step, str(folder / f"{step}")) for step, _ in moments)


def test_a_process_beside_the_server_loads_the_snapshots_itself(training, tmp_path):
    moments, _, _ = training
    paths = saved_in(tmp_path, moments)
    last, told = moments[-1][1], []
    found = answer(last, Question.of("answers_over", "mnist", 30, snapshots=paths), told.append)
    digits = load_images("mnist", "test", fetch=False)
    expected = answers_over(moments, digits.images[:30], digits.labels[:30])
    assert found.answers.equal(expected.answers)
    assert told[-1] == 1
    sizes = answer(last, Question.of("sizes_over", "mnist", 20, snapshots=paths), told.append)
    assert [one.step for one in sizes] == [0, 1, 2, 4]
    places = answer(last, Question.of("places_over", "mnist", 20, snapshots=paths), told.append)
    np.testing.assert_allclose(places.places, places_over(moments, digits.images[:20]).places)
    question = Question.of("sizes_over", "mnist", 20, snapshots=paths)
    assert work_of(question, last.spec).passes == 20 * 4 * 3
    accuracies = answer(last, Question.of("accuracies_over", "mnist", 30, snapshots=paths), told.append)
    few = digits.take(30)
    by_hand = [
        (net.predict(few.images.float() / 255).argmax(1) == few.labels).double().mean().item()
        for _, net in moments
    ]
    assert accuracies == pytest.approx(by_hand)


def test_one_filter_is_followed_through_files_as_through_networks(tmp_path):
    moments = [(step, build(PRESETS["tiny"], seed).eval()) for seed, step in enumerate((0, 1, 2, 4))]
    paths = saved_in(tmp_path, moments)
    image, told = load_images("mnist", "test", fetch=False).images[3].float() / 255, []
    asked = {"image": Pixels.of(image), "layer": "conv2d_1", "filter": 2}
    question = Question.of("filter_over", "mnist", 0, snapshots=paths, before=None, **asked)
    found = answer(moments[-1][1], question, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
    for frame, expected in zip(found, follow(moments, image, "conv2d_1", 2), strict=True):
        assert frame.picture.equal(expected.picture)
        assert frame.maps.equal(expected.maps)
    start = Pixels.of(found[1].picture)
    question = Question.of("filter_over", "mnist", 0, snapshots=paths[2:], before=start, **asked)
    later = answer(moments[-1][1], question, told.append)
    assert [frame.step for frame in later] == [2, 4]
    assert later[-1].picture.equal(found[-1].picture)


def test_the_work_of_following_a_filter_counts_each_step_that_every_moment_takes():
    assert (FIRST_CLIMB, NEXT_CLIMB) == (FIRST_STEPS, NEXT_STEPS)
    spec = PRESETS["lesson"]
    below = {row.name: row.macs for row in summarize(spec)}["conv2d_1"]
    paths = tuple((step, "") for step in range(4))
    asked = {"snapshots": paths, "image": None, "layer": "conv2d_1", "filter": 2}
    first, later = (
        work_of(Question.of("filter_over", "mnist", 0, before=before, **asked), spec)
        for before in (None, "a picture")
    )
    assert first.macs == below
    assert first.total - later.total == pytest.approx(30 * (3 * below + OF_A_CLIMB), rel=1e-2)
    assert later.total == pytest.approx(4 * below + 40 * (3 * below + OF_A_CLIMB), rel=1e-2)


def test_the_shipped_lesson_at_many_moments_lies_in_one_file():
    kept = replay("lesson")
    steps = kept.steps[::12]
    paths = tuple((step, str(replay_path("lesson"))) for step in steps)
    found = answer(load("lesson"), Question.of("answers_over", "mnist", 20, snapshots=paths), lambda _: None)
    digits = load_images("mnist", "test", fetch=False)
    by_hand = torch.stack([kept.load(step).predict(digits.images[:20]).argmax(1) for step in steps])
    assert found.answers.equal(by_hand)
    assert found.accuracy[-1] > found.accuracy[0]
