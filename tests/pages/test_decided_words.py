"""Which filters decided: its sentences are true of any layer, any two classes and any data."""

import pytest
import torch

from cnn_core.insight import NOTHING, muting_check, relevance, with_operation
from cnn_core.model import PRESETS, ModelSpec, build
from pages.feature_maps import decided_words as words
from pages.feature_maps.decided_asking import standard_layer
from pages.feature_maps.deciding import Decision
from pages.filters import leaning_words
from pages.ui.wording.numbers import number, probability
from tests.core.designs import design, lived_in

DIGITS = tuple("0123456789")


def image():
    return torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(3))


def decision(net, layer, answer=None, rival=None, way="gradient"):
    found = relevance(net, image(), layer, answer, rival, way=way)
    return Decision(found, muting_check(net, image(), found))


@pytest.mark.parametrize("preset", ["lesson", "mlp", "modern"])
def test_the_sentence_says_what_surgery_leaves(preset):
    net = lived_in(PRESETS[preset])
    layer = standard_layer(net.spec)
    one = decision(net, layer, 4, 9)
    muted = with_operation(net, NOTHING.mute(layer, one.found.order[:5]))(image()[None])[0]
    whole = net(image()[None])[0]
    said = words.verdict(one, DIGITS, is_trained=True)
    assert f"Without the 5 {words.word(layer)}s that speak most for 4 and against 9" in said
    if one.is_by_lead:
        before, after = whole[4] - whole[9], muted[4] - muted[9]
        assert f"the lead of 4 is **{number(after, 1)}** instead of {number(before, 1)}" in said
    else:
        before, after = whole.softmax(0)[4], muted.softmax(0)[4]
        assert f"it is **{probability(after)}** sure of 4 instead of {probability(before)}" in said


def test_a_curve_of_how_sure_it_is_needs_its_own_answer_and_something_that_falls():
    net = lived_in(PRESETS["lesson"])
    answer = int(net(image()[None]).argmax())
    other = (answer + 1) % 10
    assert decision(net, "conv2d_2", other, answer).is_by_lead  # of another class it is hardly sure at all
    own = decision(net, "conv2d_2", answer, other)
    assert own.is_by_lead == bool((own.check.certainty > 0.9).all())
    assert torch.equal(own.top, own.check.lead if own.is_by_lead else own.check.certainty)


def test_all_filters_are_in_the_rows_once_alone_or_among_the_others():
    many = decision(lived_in(PRESETS["lesson"]), "conv2d_2")
    top, bottom = many.shown
    assert (len(top), len(bottom)) == (6, 3)
    values = many.found.values
    assert min(values[top]) >= max(float(v) for i, v in enumerate(values) if i not in [*top])
    assert max(values[bottom]) <= min(float(v) for i, v in enumerate(values) if i not in [*bottom])
    few = decision(lived_in(PRESETS["tiny"]), "conv2d_1")
    assert sorted(few.shown[0]) == list(range(8))
    assert few.shown[1] == []


def test_where_bars_and_lead_are_apart_it_says_why():
    net = lived_in(PRESETS["modern"])
    for way, why in (("gradient", "biases of the layers above"), ("lrp", "epsilon")):
        one = decision(net, "conv2d_2", way=way)
        said = words.what_you_see(one, DIGITS, opens=True)
        assert f"All {len(one.found.values)} filters together give" in said
        assert why in said
    biasless = lived_in(PRESETS["mlp"])
    with torch.no_grad():
        for name, value in biasless.state_dict().items():
            if name.endswith("bias"):
                value.zero_()
    said = words.what_you_see(decision(biasless, "dense_1"), DIGITS, opens=True)
    assert "The rest" not in said
    assert "A bar is a unit’s number times the gradient" in said
    assert "added up" not in said  # one number has no places


def test_of_an_untrained_network_nothing_is_claimed():
    one = decision(build(PRESETS["tiny"]).eval(), "conv2d_2")
    assert words.verdict(one, DIGITS, is_trained=False).endswith("It has not been trained: this is chance.")


def test_a_layer_of_two_filters_is_told_in_the_singular_where_one_is_out():
    spec = design(
        {"type": "conv2d", "filters": 1}, {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}
    )  # fmt: skip
    one = decision(lived_in(ModelSpec.from_dict(spec)), "conv2d_1")
    said = words.verdict(one, DIGITS, is_trained=True)
    assert "Without the 1 filter that speaks most" in said
    assert "without 1 at random" in said
    assert words.check_alt(one).startswith("The lead: " if one.is_by_lead else "How sure it is: ")


def test_what_a_class_is_called_does_nothing_to_the_text():
    names = ("a*b*", "<i>", *DIGITS[2:])
    one = decision(lived_in(PRESETS["tiny"]), "conv2d_1", 0, 1)
    for said in (
        words.verdict(one, names, True),
        words.what_you_see(one, names, opens=False),
        words.why_and_not(*names[:2]),
    ):
        assert "\\*b\\*" in said
        assert "<i>" not in said.replace("\\<i\\>", "")


def test_the_card_says_how_those_that_excite_and_those_that_lean_differ():
    lean = ["4"] * 6 + ["9"] * 3
    said = leaning_words.differ(0, 9, ["7"] * 9, lean, "dense_1")
    assert said.startswith(
        "None of these 9 is also among those that excite it most. There 9 are of class 7, here 6 of"
    )
    assert "What excites a unit" in said
    assert leaning_words.differ(9, 9, lean, lean, "conv2d_1").startswith(
        "All 9 are also the ones that excite it most."
    )
    assert "1 of these 9 is also" in leaning_words.differ(1, 9, lean, lean, "conv2d_1")
