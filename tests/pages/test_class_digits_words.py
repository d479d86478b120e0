"""What the digits of a class are said to show: who reads them best, and how much worse than MNIST's."""

import pytest

from cnn_core.classroom.drawn import OUT, Drawing
from cnn_core.classroom.handwriting import Reader, Score
from pages.classroom import digits_words as words


def score(right, count=100, who="Ada", title="MLP", on_mnist=None, of_mnist=0):
    return Score(Reader("run:x", title, who, (), on_mnist, of_mnist), right, count)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            score(80, on_mnist=0.98, of_mnist=10_000),
            "Of MNIST’s 10,000 test digits Ada: MLP reads 98.0 %: it reads yours worse, by 18.0 points. They are of "
            "the same collection as the digits that it learnt from; yours were drawn on a screen, by others.",
        ),
        (
            score(99, on_mnist=0.5, of_mnist=500),
            "Of MNIST’s 500 test digits Ada: MLP reads 50.0 %: it reads yours better, by 49.0 points.",
        ),
        (
            score(9, 10, on_mnist=0.98, of_mnist=500),
            "Of MNIST’s 500 test digits Ada: MLP reads 98.0 %: with so few digits of yours, the difference can be "
            "chance.",
        ),
        (
            Score(Reader("run:x", "MLP", "Ada", (), 0.98, 500, of_sample=True), 9, 10),
            "Of 500 test digits that come with Convscope Ada: MLP reads 98.0 %: with so few digits of yours, the "
            "difference can be chance.",
        ),
        (score(80), ""),
    ],
)
def test_the_gap_to_mnist_is_said_with_its_numbers_and_chance_is_told(one, said):
    assert words.the_gap(one).replace("\\", "") == said


def test_who_reads_best_is_one_or_several_between_whom_nobody_can_tell():
    best, near, far = score(90, who="Ada"), score(88, who="Ben"), score(87, who="Cleo")
    said = "**Ada: MLP** reads **90** of your class’s 100 digits rightly, 90.0 %"
    assert words.who_reads_best([best], 0) == said + "."
    assert words.who_reads_best([best], 3) == said + ": more than every other network of your class."
    assert words.who_reads_best([best, near, far], 1) == (
        f"{said}. Ben: MLP and Cleo: MLP may be as good: so small a difference can be chance."
    )
    many = [best, *[score(89, who=name) for name in "BCDEF"]]
    assert "B: MLP, C: MLP, D: MLP and 2 others may be as good" in words.who_reads_best(many, 0)


def test_a_name_is_only_ever_text():
    hostile = score(90, who="<b>[x](y)", title="`$` | *a*")
    assert "\\<b\\>\\[x\\]" in words.named(hostile)
    row = words.score_table([hostile]).splitlines()[2]
    assert row.replace("\\|", "").count("|") == 4  # a bar in a name begins no column


@pytest.mark.parametrize(
    ("said", "decided", "told"),
    [
        ({}, None, "You drew a 7. It waits until two others have looked at it."),
        ({"a": 1}, None, "You drew a 7. It waits until one more has looked at it."),
        ({"a": 7, "b": 7}, None, "You drew a 7. Two others read the same: it counts."),
        (
            {"a": 7, "b": None},
            None,
            "You drew a 7. Others read: 7, cannot tell. It is in dispute. A third student may settle it, or your "
            "teacher.",
        ),
        ({"a": 1, "b": 1}, None, "You drew a 7. Others read: 1, 1. It is in dispute. Your teacher decides."),
        ({"a": 1, "b": 1}, 1, "You drew a 7. Your teacher says that it is a 1: it counts."),
        ({"a": 1, "b": 1}, OUT, "You drew a 7. Your teacher took it out: it does not count."),
    ],
)
def test_a_student_is_told_what_became_of_a_drawing(said, decided, told):
    assert words.state_of(Drawing("m.d", "m", 7, b"", said, decided)) == told
