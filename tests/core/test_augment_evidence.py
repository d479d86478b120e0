"""What augmentation does to a digit and to a network: in an eye's words, lies found, and a real training twice."""

import math
from dataclasses import replace

import pytest
import torch

from cnn_core.data import AffineParams, AugmentSpec, apply_affine, load_images, sample_affine
from cnn_core.errors import StudentError
from cnn_core.lesson import (
    PARAMETERS,
    Change,
    Reading,
    drawn,
    each_alone,
    largest_move,
    lies,
    read_changed,
    span,
    stays,
    through_range,
    walk,
    worth_dragging,
)
from cnn_core.lesson.augment_evidence import changes_of, params_of
from cnn_core.model import PRESETS, build
from cnn_core.training import CHANGES, RECIPES, accuracy_under, train

LESSON = AugmentSpec.lesson()
EVERYTHING = replace(LESSON, shear_range=20.0, horizontal_flip=True, vertical_flip=True)


@pytest.fixture
def dot():
    """One bright pixel right of the middle and above it: row 9, column 18."""
    image = torch.zeros(1, 28, 28)
    image[0, 9, 18] = 1.0
    return image


def brightest(image):
    return divmod(int(image.argmax()), 28)


def changed(image, **how):
    return apply_affine(image[None], params_of([Change(**how)]), "constant")[0]


def test_right_and_up_move_the_picture_where_they_say(dot):
    assert brightest(changed(dot, right=3.0)) == (9, 21)
    assert brightest(changed(dot, up=4.0)) == (5, 18)


def test_a_turn_is_counter_clockwise(dot):
    # From the centre (13.5, 13.5): 4.5 right, 4.5 up. A quarter turn to the left makes it 4.5 left, 4.5 up.
    assert brightest(changed(dot, turn=90.0)) == (9, 9)
    assert brightest(changed(dot, mirrored=True)) == (9, 9)
    assert brightest(changed(dot, upside_down=True)) == (18, 18)


def test_a_zoom_above_one_makes_it_smaller(dot):
    row, column = brightest(changed(dot, across=1.5, down=1.5))
    assert (row, column) in {(10, 16), (10, 17), (11, 16), (11, 17)}  # 4.5 / 1.5 = 3 from the centre


def test_eye_words_and_parameters_say_the_same():
    params = sample_affine(EVERYTHING, 50, generator=torch.Generator().manual_seed(1))
    back = params_of(changes_of(params))
    for name in AffineParams.__dataclass_fields__:
        assert torch.allclose(getattr(params, name), getattr(back, name), atol=1e-6), name


def test_draws_come_sorted_by_turn_from_their_seed_and_within_the_settings():
    changes = drawn(LESSON, 17, seed=3)
    assert changes == drawn(LESSON, 17, seed=3)
    assert changes != drawn(LESSON, 17, seed=4)
    assert [c.turn for c in changes] == sorted(c.turn for c in changes)
    assert all(abs(c.turn) <= 90 and abs(c.right) <= 5.6 and abs(c.up) <= 5.6 for c in changes)
    assert all(0.8 <= c.across <= 1.2 and 0.8 <= c.down <= 1.2 and abs(c.shear) <= 0.2 for c in changes)
    assert not any(c.mirrored or c.upside_down for c in changes)


def test_drawing_leaves_the_world_s_chance_alone():
    before = torch.get_rng_state()
    drawn(LESSON, 8)
    assert torch.get_rng_state().equal(before)


def test_each_setting_alone_does_one_thing():
    alone = each_alone(EVERYTHING)
    assert set(alone) == {
        "rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range",
        "horizontal_flip", "vertical_flip",
    }  # fmt: skip
    assert alone["rotation_range"] == AugmentSpec(rotation_range=90.0)
    assert each_alone(AugmentSpec(fill_mode="wrap")) == {}


def test_through_a_range_goes_from_one_end_to_the_other():
    assert [c.turn for c in through_range(LESSON, "rotation_range", 5)] == [-90, -45, 0, 45, 90]
    assert [c.across for c in through_range(LESSON, "zoom_range", 3)] == [0.8, 1.0, 1.2]
    assert [c.right for c in through_range(LESSON, "width_shift_range", 2)] == [-5.6, 5.6]
    assert through_range(EVERYTHING, "horizontal_flip") == [Change(mirrored=True)]
    with pytest.raises(StudentError, match="rotation"):
        through_range(LESSON, "turn")


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_parameter_can_be_walked_and_stands_still_in_the_middle(parameter, dot):
    low, high = worth_dragging(LESSON, parameter)
    least, most = span(LESSON, parameter)
    assert low <= least <= most <= high
    changes = walk(parameter, low, high, 61)
    assert changes[30] == Change()
    assert changed(dot, **vars(changes[30])).equal(dot)
    assert not changed(dot, **vars(changes[60])).equal(dot)


def test_a_wider_setting_widens_what_can_be_dragged():
    assert worth_dragging(replace(LESSON, rotation_range=180.0), "turn") == (-180, 180)
    assert worth_dragging(replace(LESSON, rotation_range=360.0), "turn") == (-180, 180)
    with pytest.raises(StudentError, match="colour"):
        walk("colour", 0, 1, 2)


def test_the_lesson_s_shear_moves_no_pixel_by_a_twentieth():
    corner = 13.5  # pixels from the centre; the row above and the column beside it
    expected = corner * math.hypot(math.sin(math.radians(0.2)), 1 - math.cos(math.radians(0.2)))
    assert largest_move([Change(shear=0.2)]) == pytest.approx(expected, rel=1e-6)
    assert expected < 0.05
    assert largest_move([Change(right=3.0, up=4.0)]) == pytest.approx(5.0)
    assert largest_move([Change(), Change(turn=180.0)]) == pytest.approx(2 * corner * math.sqrt(2))


def answers(*classes):
    probabilities = torch.nn.functional.one_hot(torch.tensor(classes), 10).float()
    return Reading(torch.zeros(len(classes), 1, 28, 28), (Change(),) * len(classes), probabilities)


def test_it_stays_what_it_was_as_far_as_the_answers_around_the_untouched_one():
    assert stays(answers(7, 2, 7, 7, 7, 3, 7), label=7, unchanged=3) == (2, 4)
    assert stays(answers(7, 7, 7), label=7, unchanged=1) == (0, 2)
    assert stays(answers(7, 2, 7), label=7, unchanged=1) is None
    assert answers(7, 2, 7).kept(7) == 2
    assert answers(7, 2, 3).take([2, 0]).answers == [3, 7]


def test_the_network_reads_what_is_shown_and_the_digit_stays_as_it_was():
    net = build(PRESETS["tiny"], seed=0).eval()
    image = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
    before = image.clone()
    changes = drawn(LESSON, 9)
    reading = read_changed(net, image, changes)
    for i, change in enumerate(changes):
        alone = apply_affine(image[None], params_of([change]), "nearest")
        assert torch.allclose(reading.images[i], alone[0], atol=1e-6)
        assert torch.allclose(reading.probabilities[i], net.predict(alone)[0], atol=1e-5)
    assert image.equal(before)


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        (AugmentSpec(), []),
        (AugmentSpec(rotation_range=10, width_shift_range=0.1, zoom_range=0.1), []),  # gentle
        (LESSON, ["quarter"]),  # a 6 to the left and a 9 to the right are one picture
        (AugmentSpec(rotation_range=180), ["quarter", "half"]),
        (AugmentSpec(horizontal_flip=True), ["mirrored"]),
        (AugmentSpec(horizontal_flip=True, vertical_flip=True), ["half", "mirrored", "upside_down"]),
        (AugmentSpec(width_shift_range=0.5), ["lost"]),
    ],
)
def test_a_label_becomes_a_lie_where_an_eye_would_say_so(spec, kinds):
    assert [lie.kind for lie in lies(spec)] == kinds


def test_the_digit_that_is_looked_at_comes_first_among_the_examples():
    (mirrored,) = lies(AugmentSpec(horizontal_flip=True), label=4)
    assert mirrored.examples[0].label == 4
    _, half = lies(AugmentSpec(rotation_range=180), label=9)
    assert (half.examples[0].label, half.examples[0].looks_like) == (9, 6)


def test_a_6_turned_left_and_a_9_turned_right_are_one_picture():
    six = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
    nine = changed(six, turn=180.0)  # whatever is drawn: a 9 is a 6 on its head
    assert torch.allclose(changed(six, turn=90.0), changed(nine, turn=-90.0), atol=1e-3)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_DATA", str(tmp_path_factory.mktemp("no_data")))
        return load_images("mnist", "train", fetch=False), load_images("mnist", "test", fetch=False)


def test_who_learnt_from_turned_digits_reads_turned_digits_better(sample):
    learn, test = sample
    augment = AugmentSpec(rotation_range=90)
    found = {}
    for name, changes in (("with", augment), ("without", None)):
        net = build(PRESETS["lesson"], seed=0)
        recipe = RECIPES["fast"].replace(epochs=3, augment=changes, train_size=3_000, precision="float32")
        for _ in train(net, learn, recipe):
            pass
        found[name] = accuracy_under(net.eval(), test, "rotation")
    at = CHANGES["rotation"][0].index(75)
    # Measured with seeds 0 to 3: 77 to 81 % against 15 to 18 %. Half of that gap is asked for.
    assert found["with"][at] > found["without"][at] + 0.3, found
    assert found["without"][0] > 0.9  # it did learn, only nothing about turns
