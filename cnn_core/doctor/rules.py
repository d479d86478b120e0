"""All rules of the doctor in one table, the gravest first, and what they find in a case."""

from __future__ import annotations

from cnn_core.doctor import course, plans
from cnn_core.doctor.case import Case, Finding, Rule

MOST_FINDINGS = 3

_MEASURED = "measured: tests/core/doctor_cases.py"
RULES = (
    Rule(
        "diverged", course.diverged, "Goodfellow, Bengio & Courville 2016, section 8.2.4", ("rate_too_high",)
    ),
    Rule(
        "vanishing_gradient",
        course.vanishing_gradient,
        "Glorot & Bengio 2010, “Understanding the difficulty of training deep feedforward neural networks”",
        ("loss_not_moving",),
    ),
    Rule(
        "dead_filters",
        course.dead_filters,
        "Lu et al. 2020, “Dying ReLU and initialization”; shares " + _MEASURED,
        ("loss_not_moving", "rate_too_high"),
    ),
    Rule(
        "rate_too_high",
        course.rate_too_high,
        "Bengio 2012, “Practical recommendations for gradient-based training”, section 3.1",
        ("loss_not_moving",),
    ),
    Rule(
        "last_activation",
        plans.last_activation,
        "Bishop 2006, section 4.3.4 (softmax takes any scores); " + _MEASURED,
        ("loss_not_moving",),
    ),
    Rule("rate_too_low", course.rate_too_low, "Bengio 2012, section 3.1", ("loss_not_moving",)),
    Rule("one_class", course.one_class, _MEASURED),
    Rule("loss_not_moving", course.loss_not_moving, _MEASURED),
    Rule(
        "unsettled_averages",
        course.unsettled_averages,
        "Ioffe & Szegedy 2015, section 3.1; momentum to the power of the steps",
    ),
    Rule("overfitting", course.overfitting, "Prechelt 1998, “Early stopping – but when?”"),
    Rule("high_rate", plans.high_rate, _MEASURED),
    Rule("low_rate", plans.low_rate, _MEASURED),
    Rule("vanishing_map", plans.vanishing_map, "Dumoulin & Visin 2016 (what padding adds)"),
    Rule("small_view", plans.small_view, "Araujo, Norris & Sim 2019 (receptive fields); " + _MEASURED),
    Rule("too_few_images", plans.too_few_images, _MEASURED),
    Rule("one_dense_layer", plans.one_dense_layer, "Lin, Chen & Yan 2013, “Network in network”, section 3.2"),
)


def findings(case: Case) -> list[Finding]:
    """What is the matter with a case, the gravest first; at most three, and none while all is well."""
    found: list[Finding] = []
    explained: set[str] = set()
    for rule in RULES:
        if rule.name in explained:
            continue
        if (finding := rule.finding(case)) is not None:
            found.append(finding)
            explained |= set(rule.explains)
    return found[:MOST_FINDINGS]
