"""The sentences and charts of the view "Attack a digit", of trials made up by hand; no page is drawn."""

import doctest

import pytest
import torch

from cnn_core.insight import ATTACKS, Robustness, Trial, disturbed
from pages.break_it import (
    attack_asking,
    attack_chart,
    attack_kinds,
    attack_many,
    attack_trial,
    attack_words,
)
from pages.break_it.attack_asking import Asked

DIGITS = tuple("0123456789")


@pytest.mark.parametrize("module", [attack_asking, attack_chart, attack_kinds, attack_many, attack_words])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


def a_trial(answers, attack="fgsm", label=4, misled=None, sure=0.8, first=None):
    """An image of 2x2 that is read so at each size, and `sure` each time."""
    probabilities = torch.full((len(answers), 10), (1 - sure) / 9)
    for place, read in enumerate(answers):
        probabilities[place, read] = sure
    is_aimed = attack in attack_kinds.AIMED
    return Trial(
        attack=attack,
        label=label,
        answer=answers[0] if first is None else first,
        image=torch.zeros(1, 2, 2),
        sizes=tuple(attack_kinds.sizes_of(attack, 28)[: len(answers)]),
        given=torch.zeros(len(answers), 1, 2, 2),
        probabilities=probabilities,
        signs=torch.tensor([[[1.0, -1.0], [0.0, 1.0]]]) if attack == "fgsm" else None,
        control=probabilities if is_aimed else None,
        misled=torch.tensor(misled or [0] * len(answers)),
        patterns=5 if is_aimed else 0,
    )


def said(trial, place, direction="", is_trained=True):
    return attack_words.verdict(trial, place, DIGITS, direction, "digit", is_trained=is_trained)


def test_an_aimed_change_is_told_beside_its_control():
    trial = a_trial([4, 4, 9], misled=[0, 0, 2])
    assert said(trial, 2) == (
        "A change of **±0.02** per pixel, aimed: the network reads **a 9** where it read a 4. "
        "As much with random signs changes it too, in 2 of 5 tries."
    )
    assert said(trial, 1) == (
        "A change of **±0.01** per pixel, aimed, does not change the answer: still **a 4**, 80 % sure."
    )
    assert said(trial, 0).startswith("As it is, the network reads **a 4**, 80 % sure.")


def test_other_changes_are_told_by_what_they_do():
    shifted = a_trial([4, 4, 4, 8], "shift")
    assert said(shifted, 3, "up") == (
        "With a shift of 3 pixels upwards the network reads **an 8** where it read a 4."
    )
    assert said(a_trial([4, 4], "noise"), 1) == "With noise of 0.05 it still reads **a 4**, 80 % sure."


def test_an_image_that_is_misread_already_is_not_attacked_and_an_untrained_network_is_named():
    assert said(a_trial([9, 9]), 1) == (
        "Nothing to attack: the network reads **a 9** in this digit, and it is a 4. Take another one."
    )
    assert said(a_trial([4, 4]), 1, is_trained=False).endswith(
        "This network is not trained yet, so its answers mean nothing."
    )


def test_the_smallest_size_is_told_in_grey_levels_and_none_is_said_to_be_none():
    found = a_trial([4] * 11 + [9])
    assert attack_words.about_smallest(found) == "28 grey levels of 255 per pixel, found in steps of 0.01."
    assert attack_words.holds_out_until(found, DIGITS) == ("±0.11", "then reads a 9")
    steadfast = a_trial([4] * 31)
    assert attack_words.about_smallest(steadfast) == "Nothing up to ±0.30 changes its mind."
    assert attack_words.holds_out_until(steadfast, DIGITS)[0] == "over ±0.30"
    assert attack_words.holds_out_until(a_trial([9, 9]), DIGITS) == ("–", "reads a 9 before anything is done")


def test_what_you_see_names_only_what_is_there():
    aimed = attack_words.what_you_see(a_trial([4, 9]), "a 4", False)
    assert "Pale: 1 pixel without influence here. Dotted: as much with random signs, mean of 5." in aimed
    covered = attack_words.what_you_see(a_trial([4, 9], "patch"), "a 4", False)
    assert "Dotted" not in covered
    assert "Pale" not in covered
    assert "Grey: 1 pixel" in attack_words.what_you_see(a_trial([4, 9]), "a 4", True)


def test_the_slider_begins_where_the_answer_changes_and_stays_where_it_is_put():
    trial = a_trial([4, 4, 9, 4])
    auto, by_hand = (Asked("fgsm", size, "", None) for size in (None, 0.012))
    assert attack_trial.place_of(trial, auto) == 2
    assert attack_trial.place_of(trial, by_hand) == 1
    assert attack_trial.place_of(a_trial([4, 4, 4]), auto) == 2
    assert attack_trial.rival_of(trial, 1) == attack_trial.rival_of(trial, 2) == 9


def test_the_curve_has_the_answer_its_rival_and_the_dotted_control():
    trial = a_trial([4, 9])
    values = trial.probabilities[:, 4].tolist()
    figure = attack_chart.sure_chart(
        trial.sizes, ("a 4", values), ("a 9", [0.1, 0.8]), ("by lot", values), 1, "size", "light"
    )
    assert [trace["line"]["dash"] for trace in figure["data"]] == ["dot", "solid", "solid"]
    assert figure["layout"]["shapes"][0]["x0"] == 0.01
    assert "the answer changes first at ±0.01" in attack_words.curve_alt(trial, DIGITS, 9)


def test_many_digits_are_told_beside_random_signs():
    aimed, by_lot = (
        Robustness(attack, (0.0, 0.1, 0.2), accuracy, 2_000)
        for attack, accuracy in (("fgsm", (0.99, 0.88, 0.39)), ("signs", (0.99, 0.988, 0.988)))
    )
    assert attack_words.what_is_lost("Lesson", aimed, by_lot) == (
        "Lesson reads 99.0 % of them, and at ±0.10 **88.0 %**; with random signs as large 98.8 %."
    )
    assert attack_words.what_is_lost("Lesson", aimed, None).endswith("**88.0 %**.")
    assert "Lesson: 99.0 % at ±0.00, 39.0 % at ±0.20" in attack_words.many_alt([("Lesson", aimed)])


def test_all_kinds_are_known_to_the_core_named_and_bounded_by_it():
    assert set(attack_kinds.KINDS) <= set(ATTACKS)
    assert set(attack_kinds.KINDS) == set(attack_words.MENU) == set(attack_words.SLIDERS)
    for kind in set(attack_kinds.KINDS) - set(attack_kinds.AIMED):
        changed = disturbed(torch.rand(1, 3, 32, 32), kind, attack_kinds.sizes_of(kind, 32)[-1])
        assert changed.shape == (1, 3, 32, 32)


def test_a_shift_goes_where_its_name_says():
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4, 4] = 1
    for name, (row, column) in {"right": (4, 6), "left": (4, 2), "up": (2, 4), "down": (6, 4)}.items():
        moved = disturbed(image, "shift", 2, direction=attack_kinds.DIRECTIONS["shift"][name])
        assert moved[0, 0].argmax() == 9 * row + column, name
    image = torch.zeros(1, 1, 9, 9)
    image[..., 1, 4] = 1  # above the middle: turned to the right, it lies at the right
    turned = disturbed(image, "turn", 90, direction=attack_kinds.DIRECTIONS["turn"]["right"])
    assert turned[0, 0].argmax() == 9 * 4 + 7
