"""The doctor: each rule fires on its bad training and says true numbers; good trainings hear nothing.

Trainings of seconds are really done here; longer ones were, by `python -m tests.core.doctor_cases`.
"""

import math
import re
from dataclasses import replace

import pytest

from cnn_core.data.augment_spec import AugmentSpec
from cnn_core.doctor import RULES, Case, Check, Comparison, Health, bent_scores, findings
from cnn_core.doctor.case import Cure
from cnn_core.doctor.cures import end_of, view_of, with_relu, with_softmax
from cnn_core.doctor.health import LayerHealth
from cnn_core.model import PRESETS, ModelSpec, summarize
from cnn_core.model.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from cnn_core.training import RECIPES, Curve, History, TrainSpec
from tests.core import doctor_cases as cases

LESSON, RECIPE = PRESETS["lesson"], RECIPES["lesson"]


def rules_of(case: Case) -> list[str]:
    return [finding.rule for finding in findings(case)]


def the(rule: str, case: Case):
    [finding] = [one for one in findings(case) if one.rule == rule]
    return finding


def plan(spec: ModelSpec = LESSON, recipe: TrainSpec = RECIPE, available: int = 4_000) -> Case:
    return Case(spec, recipe, available, "digits", tuple("0123456789"))


def design(*layers) -> ModelSpec:
    return ModelSpec("A design", (1, 28, 28), 10, layers)


@pytest.fixture(scope="module")
def recorded():
    return cases.recorded()


# The table


def test_every_rule_has_a_name_of_its_own_and_a_source():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 16
    assert all(rule.source for rule in RULES)
    assert {name for rule in RULES for name in rule.explains} <= set(names)


def test_three_findings_at_most_and_the_gravest_first():
    bad = design(Conv2D(8, 1, activation="relu"), GlobalAveragePooling2D(), Dense(10, activation="relu"))
    recipe = RECIPE.replace(train_size=100, learning_rate=0.1)
    found = rules_of(plan(bad, recipe))
    assert found == ["last_activation", "high_rate", "small_view"]  # too few images would be the fourth


# Silent while all is well


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("images", [4_000, 55_000])
def test_no_preset_is_remarked_on_before_it_is_trained(preset, recipe, images):
    assert rules_of(plan(PRESETS[preset], RECIPES[recipe], images)) == []


@pytest.mark.parametrize("name", ["lesson", "mlp", "lenet5", "tiny", "modern", "lesson, fast"])
def test_no_preset_is_remarked_on_after_its_training(recorded, name):
    case = recorded[f"preset {name}"]
    assert case.history.validation.accuracy[-1] > 0.85
    assert rules_of(case) == []


@pytest.mark.parametrize("name", ["lesson", "mlp", "lenet5", "tiny", "modern", "lesson, fast"])
def test_no_preset_is_remarked_on_at_any_moment_of_its_training(recorded, name):
    case = recorded[f"preset {name}"]
    for count in range(1, len(case.health.checks) + 1):
        assert rules_of(as_it_was(case, case.health.checks[count - 1].step)) == []


def as_it_was(case: Case, step: int) -> Case:
    """The same training while it went on, after so many steps."""

    def cut(curve: Curve) -> Curve:
        many = sum(one <= step for one in curve.step)
        return Curve(curve.step[:many], curve.epoch[:many], curve.loss[:many], curve.accuracy[:many])

    train = cut(case.history.train)
    history = History(train, cut(case.history.validation), case.history.learning_rates[: len(train)])
    checks = tuple(check for check in case.health.checks if check.step <= step)
    health = Health(checks, case.health.with_relu)
    return replace(case, state="running", reason="", step=step, history=history, health=health)


@pytest.mark.parametrize("seed", range(5))  # 3 s each; the first 20 were tried as well
def test_a_good_design_drawn_by_lot_hears_nothing(seed):
    spec, recipe = cases.good_design(seed)
    assert rules_of(plan(spec, recipe)) == []
    case = cases.course(spec, recipe)
    assert case.history.validation.accuracy[-1] > 0.7  # it is a good one
    assert rules_of(case) == []
    assert rules_of(as_it_was(case, case.health.checks[2].step)) == []


# The gradient of each layer


def test_sigmoids_in_a_row_starve_the_first_layer(recorded):
    case = recorded["sigmoid"]
    finding = the("vanishing_gradient", case)
    gradients = case.health.checks[-1].gradients
    worst = min(gradients, key=gradients.get)
    ratio = gradients["dense_2"] / gradients[worst]
    said = re.search(r"\*\*([\d,]+) times\*\*", finding.sentence)
    assert said is not None
    assert int(said[1].replace(",", "")) == pytest.approx(ratio, rel=0.01)
    assert ratio > 100
    assert f"reaches **{worst}**" in finding.sentence
    assert "four sigmoids in a row" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.spec == LESSON.replace(name=case.spec.name)
    assert "loss_not_moving" not in rules_of(case)  # the same, seen from outside


def test_what_the_net_with_relu_reads_was_measured_or_is_not_said(recorded):
    case = recorded["sigmoid"]
    compared = case.health.with_relu
    assert compared is not None
    assert 0 < compared.steps <= 100  # as many as it had time for
    assert compared.accuracy > 0.5
    finding = the("vanishing_gradient", case)
    assert finding.cure is not None
    assert (
        f"read {100 * compared.accuracy:.0f} % of 500 digits after {compared.steps} steps"
        in finding.cure.keeps
    )
    assert all(bar.with_relu for bar in finding.bars)
    unmeasured = replace(case, health=Health(case.health.checks))
    silent = the("vanishing_gradient", unmeasured)
    assert silent.cure is not None
    assert silent.cure.keeps == "The run so far is kept."
    assert not any(bar.with_relu for bar in silent.bars)


def test_the_bars_are_shares_of_the_last_layers_gradient():
    check = Check(100, 1.0, 2.3, (LayerHealth("conv2d_1", 0.002), LayerHealth("dense_1", 0.02)))
    compared = Comparison(100, 0.9, 500, {"conv2d_1": 0.03, "dense_1": 0.06})
    from cnn_core.doctor import gradient_bars

    bars = gradient_bars(Health((check,), compared))
    assert [(bar.name, bar.share, bar.with_relu) for bar in bars] == [
        ("conv2d_1", pytest.approx(0.1), pytest.approx(0.5)),
        ("dense_1", 1.0, 1.0),
    ]


def starving(ratio: float, loss: float, steps=(100, 200)) -> Case:
    checks = tuple(
        Check(step, 1.0, loss, (LayerHealth("conv2d_1", ratio), LayerHealth("dense_2", 1.0)))
        for step in steps
    )
    return replace(
        plan(cases.with_activation("sigmoid")), state="running", step=steps[-1], health=Health(checks)
    )


@pytest.mark.parametrize(
    ("ratio", "loss", "steps", "is_said"),
    [
        (0.009, 2.30, (100, 200), True),
        (0.011, 2.30, (100, 200), False),  # above a hundredth
        (0.009, 2.24, (100, 200), False),  # it learns: more than 0.05 below ln 10 = 2.303
        (0.009, 2.26, (100, 200), True),
        (0.009, 2.30, (200,), False),  # one check is none
    ],
)
def test_a_hundredth_in_two_checks_running_at_the_loss_of_guessing(ratio, loss, steps, is_said):
    assert ("vanishing_gradient" in rules_of(starving(ratio, loss, steps))) is is_said


# Silent filters, and the rate


def test_a_rate_of_a_hundredth_silences_filters_before_anybody_sees_it_in_the_curve(recorded):
    case = recorded["rate 0.01"]
    assert case.history.validation.accuracy[-1] > 0.85  # the curve looks well
    finding = the("dead_filters", case)
    last = case.health.checks[-1].silent
    worst = max(last, key=last.get)
    assert f"**{100 * last[worst]:.0f} %**" in finding.sentence
    assert worst in finding.sentence
    assert finding.cure == Cure(
        "Start again with rate 0.001",
        "The run so far is kept.",
        recipe=case.recipe.replace(learning_rate=0.001),
    )


def test_the_step_since_which_filters_are_silent_is_the_first_check_that_saw_so_many():
    shares = {50: 0.1, 100: 0.5, 150: 0.2, 200: 0.5, 250: 0.5, 300: 0.5}
    checks = tuple(
        Check(step, 1.0, 0.5, (LayerHealth("conv2d_1", 1.0, value),), labels=(8,) * 10)
        for step, value in shares.items()
    )
    case = replace(plan(), state="running", step=300, health=Health(checks))
    finding = the("dead_filters", case)
    assert "**50 %** of the filters of conv2d_1 give 0 for each of 80 digits" in finding.sentence
    assert "At least a third of them have done so since step 200." in finding.sentence
    assert finding.cure is not None  # the rate is the usual one, so it is not the rate
    assert finding.cure.label == "Use leaky relu and start again"


def test_a_rate_that_kills_the_net_is_too_high(recorded):
    for name in ("rate 0.03", "sgd rate 1"):
        case = recorded[name]
        first = findings(case)[0]
        assert first.rule in ("dead_filters", "rate_too_high")
        assert first.cure is not None
        assert first.cure.label == f"Start again with rate {0.1 if 'sgd' in name else 0.001:g}"


def test_a_net_that_died_answers_one_class_and_that_is_said_after_its_cause(recorded):
    assert rules_of(recorded["sgd rate 1"]) == ["dead_filters", "one_class"]


def test_a_loss_beyond_all_doubt_is_told_at_once():
    case = cases.course(cases.WITHOUT_BENDS, RECIPE.replace(learning_rate=1.0, epochs=1))
    assert case.step == 63
    assert case.history.train.loss[-1] > 1e6
    assert rules_of(case) == ["rate_too_high"]


def falling(losses, rate: float, **changes) -> Case:
    """A run in its second epoch whose training loss is told every ten steps."""
    steps = [10 * (i + 1) for i in range(len(losses))]
    train = Curve(steps, [step / 63 for step in steps], losses, [0.5] * len(losses))
    recipe = RECIPE.replace(learning_rate=rate)
    history = History(train, Curve(), [rate] * len(losses))
    return replace(plan(LESSON, recipe), state="running", step=steps[-1], history=history, **changes)


def test_a_loss_above_guessing_or_risen_again_is_a_rate_too_high_and_one_button_lowers_it():
    above = the("rate_too_high", falling([2.3] * 10 + [2.6] * 10, 0.02))
    assert "The training loss is **2.60**, and guessing costs 2.30." in above.sentence
    assert above.cure == Cure("Go on with rate 0.001", "It goes on from its weights.", rate=0.001)
    risen = the("rate_too_high", falling([1.0] * 5 + [0.5] * 5 + [0.9] * 10, 0.001))
    assert "has risen from 0.50 to **0.90**" in risen.sentence
    assert risen.cure is not None
    assert risen.cure.rate == pytest.approx(0.0001)  # a tenth, where the rate was the usual one
    assert rules_of(falling([1.0] * 5 + [0.5] * 5 + [0.45] * 10, 0.001)) == []


def test_nothing_is_said_of_a_rate_before_it_had_ninety_steps_to_show_what_it_does():
    case = falling([2.3] * 10 + [2.6] * 10, 0.02)
    lowered = replace(case, rate=0.001)  # asked for and not heard yet
    assert rules_of(lowered) == []
    rates = [0.02] * 15 + [0.001] * 5
    heard = replace(lowered, history=replace(case.history, learning_rates=rates))
    assert rules_of(heard) == []


def test_a_rate_too_low_is_told_with_what_is_usual():
    case = cases.course(cases.SMALL, RECIPE.replace(learning_rate=0.00002, epochs=3))
    finding = the("rate_too_low", case)
    assert "50 times this one" in finding.sentence  # 0.001 / 0.00002
    assert finding.cure is not None
    assert finding.cure.recipe is not None
    assert finding.cure.recipe.learning_rate == 0.001
    going_on = the("rate_too_low", replace(case, state="running"))
    assert going_on.cure is not None
    assert going_on.cure.rate == 0.001


def test_a_training_that_breaks_off_says_at_which_step_and_offers_a_smaller_rate():
    case = cases.course(cases.WITHOUT_BENDS, RECIPE.replace(optimizer="sgd", learning_rate=10.0, epochs=1))
    assert case.state == "failed"
    [finding] = findings(case)[:1]
    assert finding.rule == "diverged"
    assert re.match(r"At step [\d,]+ the (loss became|weights grew)", finding.sentence)
    assert finding.cure is not None
    assert finding.cure.recipe is not None
    assert finding.cure.recipe.learning_rate == 0.001  # as the reason says


def test_a_run_that_failed_for_another_reason_is_not_the_rates_fault():
    case = replace(plan(), state="failed", reason="The disk of this server is full. Make room.")
    assert rules_of(case) == []


# One class, no movement


def test_one_answer_to_everything_is_named_with_its_share():
    labels = (20, 30, 25, 25, 25, 25, 25, 25, 25, 31)
    answers = tuple(256 if i == 1 else 0 for i in range(10))
    checks = tuple(Check(step, 1.0, 2.3, (), answers, labels) for step in (100, 200))
    case = replace(plan(), state="running", step=200, health=Health(checks))
    finding = the("one_class", case)
    assert "It answers **1** to each of 256 digits." in finding.sentence
    assert "For 30 of them that is right: 12 % is their share" in finding.sentence  # 30 / 256 = 11.7 %
    one_other = (*answers[:1], 255, 1, *answers[3:])
    almost = Health((checks[0], replace(checks[1], answers=one_other)))
    assert "one_class" not in rules_of(replace(case, health=almost))


def test_a_deep_net_of_sigmoids_neither_moves_nor_answers_anything_else():
    case = cases.course(cases.SIGMOID_MLP, RECIPE.replace(epochs=2))
    found = rules_of(case)
    assert found[0] == "vanishing_gradient"
    assert "loss_not_moving" not in found
    # Without the measurements only the curve is left to judge by.
    blind = replace(case, health=Health())
    finding = the("loss_not_moving", blind)
    assert "Guessing among 10 classes costs 2.30" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.label == "Use relu and start again"


def test_a_loss_that_stands_and_has_no_other_cause_is_offered_another_seed():
    case = falling([2.302] * 20, 0.001)
    finding = the("loss_not_moving", case)
    assert "After 200 steps it is **2.30**" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.recipe == case.recipe.replace(seed=1)


# Learning by heart


def test_a_net_that_learns_300_digits_by_heart_is_told_since_when():
    recipe = TrainSpec(optimizer="adam", learning_rate=0.003, epochs=50, train_size=300)
    case = cases.course(cases.SMALL, recipe)
    finding = the("overfitting", case)
    curve = case.history.validation
    best = min(range(len(curve)), key=lambda i: curve.loss[i])
    assert f"Since epoch {curve.epoch[best]:g} its loss" in finding.sentence
    assert f"from {curve.loss[best]:.2f} to {curve.loss[-1]:.2f}" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.label == "Start again with all 4,000 digits"
    assert finding.cure.recipe == recipe.replace(train_size=None)


def by_heart(last_loss: float, own: float = 0.99, others: float = 0.92, **changes) -> Case:
    steps, epochs = [63 * (i + 1) for i in range(6)], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    validation = Curve(
        steps, epochs, [0.6, 0.4, 0.3, 0.3 + (last_loss - 0.3) / 3, 0.35, last_loss], [others] * 6
    )
    train = Curve(steps, epochs, [0.7, 0.4, 0.2, 0.1, 0.05, 0.02], [own] * 6)
    history = History(train, validation, [0.001] * 6)
    return replace(plan(), state="finished", step=378, history=history, **changes)


@pytest.mark.parametrize(
    ("case", "is_said"),
    [
        (by_heart(0.5), True),
        (by_heart(0.36), False),  # less than 15 % and 0.03 above 0.30
        (by_heart(0.5, own=0.93, others=0.92), False),  # no gap
    ],
)
def test_learning_by_heart_is_a_loss_that_rises_and_a_gap(case, is_said):
    assert ("overfitting" in rules_of(case)) is is_said


def test_what_helps_against_learning_by_heart_is_what_is_not_done_yet():
    first = the("overfitting", by_heart(0.5)).cure
    assert first is not None
    assert first.recipe is not None
    assert first.recipe.augment == AugmentSpec(
        rotation_range=10, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1
    )
    second = the("overfitting", replace(by_heart(0.5), recipe=first.recipe)).cure
    assert second is not None
    assert second.spec is not None
    assert [type(layer) for layer in second.spec.layers][-2:] == [Dropout, Dense]
    assert the("overfitting", replace(by_heart(0.5), recipe=first.recipe, spec=second.spec)).cure is None


# Averages


def test_averages_after_few_steps_are_told_by_momentum_to_the_power_of_the_steps(recorded):
    finding = the("unsettled_averages", recorded["modern, 315 steps"])
    assert round(100 * 0.99**315, 1) == 4.2
    assert "after 315 steps 4.2 % of what these began with is still in them" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.epochs == 5  # 315 + 5 x 63 = 630 steps, beyond 1.2 x 500


def test_a_small_net_with_batch_normalisation_after_25_steps_has_most_of_its_start_left():
    case = cases.course(cases.NORMALISED, RECIPE.replace(train_size=320, epochs=5))
    assert case.step == 25
    assert (
        "after 25 steps 78 % of what these began with" in the("unsettled_averages", case).sentence
    )  # 0.99^25
    assert "unsettled_averages" not in rules_of(replace(case, state="running"))  # they may settle yet


# Before a training: the design


def test_one_dense_layer_with_nearly_all_parameters_by_hand():
    spec = design(
        Conv2D(32, activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(128, activation="relu"),
        Dense(10, activation="softmax"),
    )
    dense = 13 * 13 * 32 * 128 + 128
    total = 32 * 10 + dense + 129 * 10
    pooled = 32 * 10 + (4 * 4 * 32 * 128 + 128) + 129 * 10  # 13 pooled by 3: below 100,000 in that layer
    finding = the("one_dense_layer", plan(spec))
    assert f"**{100 * dense / total:.1f} %** of its {total:,} parameters are in dense_1" in finding.sentence
    assert f"With one more pooling, 3×3, before it the network has {pooled:,}." in finding.sentence
    assert finding.cure is not None
    assert finding.cure.spec is not None
    assert sum(row.parameters for row in summarize(finding.cure.spec)) == pooled
    assert rules_of(plan(PRESETS["mlp"])) == []  # 98.7 % of it, and nothing else to be


@pytest.mark.parametrize(
    ("sides", "view"),
    [((1, 1), 1), ((3, 1), 3), ((3, 3), 5), ((5, 3), 7)],  # by hand: 1 + the sum of (side - 1)
)
def test_a_view_smaller_than_a_stroke_is_said_where_maps_are_averaged(sides, view):
    maps = [Conv2D(8, side, padding="same", activation="relu") for side in sides]
    averaged = design(*maps, GlobalAveragePooling2D(), Dense(10, activation="softmax"))
    assert view_of(averaged) == view
    assert ("small_view" in rules_of(plan(averaged))) is (view < 6)
    flat = design(*maps, MaxPooling2D(4), Flatten(), Dense(10, activation="softmax"))
    assert "small_view" not in rules_of(plan(flat))  # a dense layer puts the image together
    assert "small_view" not in rules_of(replace(plan(averaged), of_strokes=False))
    if view < 6:
        cure = the("small_view", plan(averaged)).cure
        assert cure is not None
        assert cure.spec is not None
        assert view_of(cure.spec) >= 6


def test_a_kernel_on_a_map_of_one_pixel_meets_mostly_border():
    poolings = [MaxPooling2D(4), MaxPooling2D(7)]  # 28 -> 7 -> 1
    spec = design(
        Conv2D(8, padding="same", activation="relu"),
        *poolings,
        Conv2D(8, padding="same", activation="relu"),
        Flatten(),
        Dense(10, activation="softmax"),
    )
    finding = the("vanishing_map", plan(spec))
    assert "conv2d_2 is maps of **1×1**" in finding.sentence
    assert "8 only ever meet the zeros" in finding.sentence
    assert finding.cure is not None
    assert finding.cure.spec is not None
    assert rules_of(plan(finding.cure.spec)) == []


@pytest.mark.parametrize(
    ("size", "is_said"), [(100, True), (300, True), (500, False), (1_000, False), (None, False)]
)
def test_fewer_than_fifty_images_per_class_are_few(size, is_said):
    case = plan(recipe=RECIPE.replace(train_size=size))
    assert ("too_few_images" in rules_of(case)) is is_said
    if is_said:
        assert f"**{size}** digits are about {size // 10} per class" in the("too_few_images", case).sentence


def test_all_the_images_of_a_small_set_are_not_too_few():
    assert rules_of(plan(available=120)) == []  # one's own drawings


@pytest.mark.parametrize(
    ("recipe", "found"),
    [
        (RECIPE.replace(learning_rate=0.03), ["high_rate"]),  # 30 x 0.001
        (RECIPE.replace(learning_rate=0.02), []),
        (RECIPE.replace(optimizer="sgd", learning_rate=0.3), []),
        (RECIPE.replace(optimizer="sgd", learning_rate=0.01, momentum=0.9), []),
        (RECIPE.replace(learning_rate=0.00001), ["low_rate"]),  # 315 steps: 0.003 in all
        (RECIPE.replace(learning_rate=0.0001), []),  # 0.03
        (RECIPE.replace(optimizer="sgd", learning_rate=0.001), ["low_rate"]),
    ],
)
def test_a_rate_far_from_the_usual_is_remarked_on_before(recipe, found):
    assert rules_of(plan(recipe=recipe)) == found


def test_how_far_a_weight_can_move_is_rate_times_steps():
    sentence = the("low_rate", plan(recipe=RECIPE.replace(learning_rate=0.00001))).sentence
    assert "In 315 steps no weight moves by more than about 0.0032." in sentence  # 5 x 63 x 0.00001 = 0.00315


# The last layer


@pytest.mark.parametrize("name", ["softmax", "linear"])
def test_softmax_or_nothing_at_the_end_is_not_remarked_on(name):
    assert bent_scores(cases.with_activation("relu", last=name)) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("relu", "makes every score below zero alike: a class may never be found again"),
        (
            "sigmoid",
            f"at most **{100 * math.e / (math.e + 9):.0f} %** sure of one, and the loss cannot fall below 1.46",
        ),
        (
            "tanh",
            f"at most **{100 * math.e**2 / (math.e**2 + 9):.0f} %** sure of one, and the loss cannot fall below 0.80",
        ),
        ("gelu", "between −0.17 and 0"),
        ("elu", "between −1 and 0"),
        ("leaky_relu", "five times smaller"),
    ],
)
def test_what_an_activation_does_to_the_scores_is_true(name, words):
    spec = cases.with_activation("relu", last=name)
    remark = bent_scores(spec)
    assert remark is not None
    assert words in remark.sentence
    assert remark.cure is not None
    assert remark.cure.label == "Use softmax"
    assert remark.cure.spec == LESSON


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_no_net_with_bounded_scores_is_surer_than_the_remark_says(name):
    import torch

    from cnn_core.doctor.plans import surest_answer
    from cnn_core.model import build

    net = build(design(Flatten(), Dense(10, activation=name)))
    with torch.no_grad():
        net.dense_1.dense.weight.copy_(torch.randn(10, 784) * 50)  # scores far out at both ends
    probabilities = net.predict(torch.rand(500, 1, 28, 28))
    most = surest_answer(0 if name == "sigmoid" else -1, 1, 10)
    assert probabilities.max() <= most + 1e-6
    assert probabilities.max() < {"sigmoid": 0.2321, "tanh": 0.4510}[name]


def test_gelu_never_gives_less_than_the_remark_says():
    import torch

    values = torch.nn.functional.gelu(torch.linspace(-10, 10, 100_001, dtype=torch.float64))
    assert values.min().item() == pytest.approx(-0.17, abs=0.0005)
    assert torch.nn.functional.elu(torch.tensor(-50.0)).item() == pytest.approx(-1)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ([Dense(10, activation="relu"), Activation("softmax")], (1, "relu")),
        ([Dense(10), Activation("relu")], (2, "relu")),
        ([Dense(10, activation="tanh"), Dropout(0.1)], (1, "tanh")),
        ([Dense(10, activation="relu"), BatchNormalization()], (2, "linear")),  # it moves them apart again
        ([Dense(10), Activation("softmax")], (2, "linear")),
    ],
)
def test_what_bends_the_scores_is_found_through_layers_that_do_nothing(end, expected):
    spec = design(Flatten(), *end)
    assert end_of(spec) == expected
    mended = with_softmax(spec)
    assert (mended is None) is (expected[1] == "linear")
    assert mended is None or bent_scores(mended) is None


def test_relu_for_sigmoids_leaves_softmax_at_the_end():
    mended = with_relu(cases.with_activation("sigmoid", last="sigmoid"))
    assert mended == LESSON
    assert with_relu(LESSON) is None


def test_during_a_run_the_last_layer_is_said_only_where_an_answer_is_missing(recorded):
    case = recorded["relu at the end"]
    assert 0 in case.health.checks[-1].answers
    finding = the("last_activation", case)
    assert finding.cure is not None
    assert finding.cure.label == "Use softmax and start again"
    missing = [str(i) for i, answers in enumerate(case.health.checks[-1].answers) if not answers]
    assert f"It gives none of 256 digits the answer **{', '.join(missing)}**." in finding.sentence
    check = case.health.checks[-1]
    whole = replace(check, answers=check.labels)
    assert "last_activation" not in rules_of(replace(case, health=Health((whole, whole))))
