"""Whose network reads a class's handwriting best: by a plain loop, by hand-worked counts, and with chance told."""

import random

import pytest
import torch

from cnn_core.classroom.handwriting import Reader, best, hard_digits, scores
from cnn_core.data import ImageSet
from cnn_core.pretrained import load_pretrained
from cnn_core.training import evaluate

LABELS = [7, 7, 1, 0, 3, 9, 9, 2]


def reader(name, answers, **more):
    return Reader(f"run:{name}", name, name, tuple(answers), **more)


def test_the_share_that_is_read_is_what_a_loop_counts_and_what_evaluate_says():
    net, _ = load_pretrained("mlp")
    images = (torch.rand(40, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 255).to(torch.uint8)
    labels = torch.arange(40) % 10
    evaluation = evaluate(net, ImageSet("own", "test", images, labels, tuple("0123456789"), ""))
    right = 0
    with torch.no_grad():
        for image, label in zip(images, labels, strict=True):
            right += int(net(image[None].float() / 255).argmax() == label)
    answers = evaluation.probabilities.argmax(1).tolist()
    (score,) = scores([reader("mlp", answers)], labels.tolist())
    assert (score.right, score.count) == (right, 40)
    assert score.accuracy == pytest.approx(evaluation.accuracy)
    assert score.interval == pytest.approx(evaluation.interval)


def test_the_best_comes_first_and_who_may_be_as_good_by_chance_shares_its_place():
    draw, labels = random.Random(0), [place % 10 for place in range(100)]

    def right(count):  # the first `count` rightly, the others wrongly
        return [label if place < count else (label + 1) % 10 for place, label in enumerate(labels)]

    nets = [
        reader(name, right(count)) for name, count in (("a", 60), ("b", 95), ("c", 90), ("d", 95), ("e", 85))
    ]
    draw.shuffle(nets)
    ranked = scores(nets, labels)
    assert [one.right for one in ranked] == [95, 95, 90, 85, 60]
    # 1.96 · sqrt(2 · 0.925 · 0.075 / 100) = 0.073 lies above 0.05; 1.96 · sqrt(2 · 0.9 · 0.1 / 100) = 0.083 below 0.10
    assert {one.reader.title for one in best(ranked)} == {"b", "c", "d"}
    assert scores([reader("of other digits", [1, 2])], labels) == ()


def test_how_much_worse_than_on_mnist_and_whether_that_may_be_chance():
    labels, answers = [1] * 50, [1] * 40 + [7] * 10
    (clear,) = scores([reader("a", answers, on_mnist=0.99, of_mnist=10_000)], labels)
    assert clear.gap == pytest.approx(0.19)
    assert not clear.gap_may_be_chance
    (close,) = scores([reader("a", answers, on_mnist=0.85, of_mnist=10_000)], labels)
    assert close.gap_may_be_chance
    (untested,) = scores([reader("a", answers)], labels)
    assert (untested.gap, untested.gap_may_be_chance) == (None, True)


def test_what_nobody_and_what_few_read_is_listed_with_what_most_said():
    labels = [7, 7, 1, 3]
    nets = [
        reader("a", [1, 7, 1, 8]),
        reader("b", [1, 7, 7, 5]),
        reader("c", [2, 7, 7, 8]),
        reader("d", [1, 7, 4, 5]),
    ]
    hard = hard_digits(nets, labels)
    assert [(one.place, one.label, one.right, one.said, one.votes) for one in hard] == [
        (0, 7, 0, (1,), 3),
        (3, 3, 0, (5, 8), 2),  # said equally often
        (2, 1, 1, (7,), 2),  # one of four: few
    ]
    assert [one.place for one in hard_digits(nets[:3], labels)] == [0, 3]  # one of three is not few
    assert hard_digits([], labels) == ()
