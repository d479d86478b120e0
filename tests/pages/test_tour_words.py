"""The lesson's steps as data, and that each says what is true of the network it asks, whatever that is."""

import random
import re
from dataclasses import replace
from functools import cache
from itertools import groupby

import pytest
import torch
import torch.nn.functional as F

from cnn_core.lesson.guess_questions import ChoiceQuestion, CurveQuestion, NumberQuestion
from cnn_core.lesson.notebook_lines import NOTEBOOK
from cnn_core.model import PRESETS
from pages.tour import learning_words, words
from pages.tour.asking import NEEDS, About, convolutions_of
from pages.tour.questions import QUESTIONS
from pages.tour.steps import GROUPS, STEPS, neighbour
from pages.ui.frame.shell import PAGES, ROOT
from pages.ui.visitor import networks, server

PREDICTIONS = [step for step in STEPS if step.kind == "prediction"]


@cache
def network(name):
    """A network of ours by its name, or a design of that name before any training."""
    return networks.ours(name) if name in server.PRETRAINED else networks.untrained(PRESETS[name])


@cache
def asked(step, name="lesson", seed=0):
    return QUESTIONS[step](About(network(name), random.Random(seed)))


@cache
def measured(step, name="lesson", seed=0):
    return asked(step, name, seed).measured


def digit_of(one):
    """The test image that a question's page shows, (1, 28, 28) in [0, 1]."""
    return server.images().images[int(one.state["digit"])].float() / 255


# ---------------------------------------------------------------- the list


def test_each_step_has_an_id_of_its_own_a_page_that_exists_and_the_notebooks_lines():
    assert len({step.id for step in STEPS}) == len(STEPS)
    assert {step.page for step in STEPS} <= {page.url_path for page in PAGES}
    assert [step.id for step in STEPS] == list(NOTEBOOK)
    assert {step.needs for step in STEPS} <= set(NEEDS)


def test_a_group_is_a_stretch_of_the_lesson_and_they_stand_in_their_order():
    assert [group for group, _ in groupby(STEPS, lambda step: step.group)] == list(GROUPS)


def test_a_step_predicts_or_is_a_task_or_is_read_and_each_prediction_has_its_question():
    assert {step.id for step in PREDICTIONS} == set(QUESTIONS)
    assert {step.id for step in STEPS if step.kind == "explanation"} == set(words.EXPLANATIONS)
    assert [step.id for step in STEPS if step.kind == "task"] == ["training", "with_and_without"]


def test_the_lesson_begins_and_ends():
    assert neighbour(STEPS[-1], 1) is None
    assert neighbour(STEPS[0], -1) is None


@cache
def names_of(page):
    """What an address of the page may say, by the table of docs/addresses.md."""
    rows = (ROOT / "docs" / "addresses.md").read_text("utf-8").splitlines()
    mine = [row for row in rows if re.match(rf"\| {page}[ ,]", row)]
    return {name for row in mine for name in re.findall(r"`(\w+)`", row.split("|")[2])}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_a_step_says_in_the_address_only_what_its_page_reads_there(step):
    said = set(step.state)
    if step.kind == "prediction":
        by_prediction = set(asked(step.id).state) | set(asked(step.id).after)
        assert set(step.sets) == by_prediction
        said |= by_prediction
    assert said <= names_of(step.page)


# ---------------------------------------------------------------- every question, of every network that can be asked


HEAVY = {
    "against_mlp",
    "all_filters",
    "without_picture",
    "one_filter",
    "evaluating",
}  # of the largest network


@pytest.mark.parametrize("name", ["lesson", "tiny", "mlp"])
@pytest.mark.parametrize("step", PREDICTIONS, ids=lambda step: step.id)
def test_what_is_measured_can_be_said_and_the_words_stay_short(step, name):
    if not NEEDS[step.needs](network(name)) or (name == "tiny" and step.id in HEAVY):
        return
    one, found = asked(step.id, name), measured(step.id, name)
    question = one.question
    assert len(question.asked) <= 160
    assert len(re.sub(r"[*\\]", "", found.why)) <= 150
    assert question.asked.endswith("?") or isinstance(question, CurveQuestion)
    assert question.id == f"tour.{step.id}"
    assert question.page == step.page
    guess = question.guess(found.value)  # refuses what cannot be said
    assert guess.said == found.value or list(guess.said) == list(found.value)
    if isinstance(question, ChoiceQuestion) and question.answer is not None:
        assert question.answer == found.value
        assert set(question.hints) == set(question.options) - {question.answer}
    # Nothing that a student sees before the guess says what is measured.
    shown = [*one.state.values(), *(question.options if isinstance(question, ChoiceQuestion) else [])]
    if isinstance(question, NumberQuestion):
        assert str(found.value) not in shown


def test_the_filter_that_is_asked_about_is_the_one_that_is_chosen_and_its_card_keeps_the_answer():
    one = asked("one_filter")
    assert one.question.about.endswith(f"/{one.state['filter']}")
    layer, index = one.state["filter"].split(".")
    assert f"filter {index} of {layer}" in one.question.asked.replace("\\", "")
    assert one.hides == ("filters.peaks",)


def test_another_visitor_has_other_numbers_and_one_keeps_theirs():
    draws = [
        [QUESTIONS[step](About(network("lesson"), random.Random(seed))).question.about for seed in range(8)]
        for step in ("kernel", "padding", "strides", "scaling", "one_hot", "rmsprop", "pooling")
    ]
    assert all(len(set(kinds)) > 1 for kinds in draws)
    again = QUESTIONS["scaling"](About(network("lesson"), random.Random(3))).question
    assert again == QUESTIONS["scaling"](About(network("lesson"), random.Random(3))).question


def test_a_network_without_maps_is_not_asked_about_maps():
    left_out = {step.id for step in STEPS if not NEEDS[step.needs](network("mlp"))}
    assert left_out == {
        *("feature_map", "pooling", "layers", "against_mlp", "maps_of_layers"),
        *("one_filter", "gradient_size", "all_filters", "without_picture"),
    }


# ---------------------------------------------------------------- true by another way


@pytest.mark.parametrize("seed", range(4))
def test_a_kernel_on_flat_ground_gives_what_torch_gives(seed):
    from cnn_core.lesson import NAMED_KERNELS

    kernel = torch.tensor(NAMED_KERNELS[asked("kernel", seed=seed).question.about]).float()
    total = float(F.conv2d(torch.ones(1, 1, 3, 3), kernel[None, None]))
    assert float(measured("kernel", seed=seed).value) == total


@pytest.mark.parametrize("seed", range(4))
def test_the_corner_lies_in_so_many_windows_when_they_are_counted_one_by_one(seed):
    size = int(asked("padding", seed=seed).state["size"])
    margin = size // 2
    windows = [
        (top, left)
        for top in range(-margin, 28 - margin)
        for left in range(-margin, 28 - margin)
        if top <= 0 < top + size and left <= 0 < left + size
    ]
    assert int(measured("padding", seed=seed).value) == len(windows)


@pytest.mark.parametrize("seed", range(3))
def test_strides_leave_so_many_places_when_they_are_counted(seed):
    step = int(asked("strides", seed=seed).after["strides"])
    places = len(range(0, 28 - 3 + 1, step))
    assert measured("strides", seed=seed).value == places**2
    assert f"**{places**2}**" in measured("strides", seed=seed).why


def test_the_zeros_of_the_first_maps_are_those_of_torch():
    one = asked("feature_map")
    weights = network("lesson").net.state_dict()
    kernel, bias = (weights[f"conv2d_1.conv.{name}"] for name in ("weight", "bias"))
    maps = F.relu(F.conv2d(digit_of(one)[None], kernel, bias))
    assert measured("feature_map").value == pytest.approx(100 * float(maps.eq(0).float().mean()), abs=0.06)


def test_the_change_before_and_after_pooling_is_that_of_torch():
    one = asked("pooling")
    weights = network("lesson").net.state_dict()
    kernel, bias = (weights[f"conv2d_1.conv.{name}"] for name in ("weight", "bias"))
    still = digit_of(one)
    moved = torch.zeros_like(still)
    moved[..., 1:] = still[..., :-1]
    a, b = (F.max_pool2d(F.relu(F.conv2d(image[None], kernel, bias)), 2) for image in (still, moved))
    far = float((a - b).norm() / (a.norm() ** 2 + b.norm() ** 2).sqrt())
    assert measured("pooling").value == round(100 * far)


def test_twice_as_many_filters_below_give_the_parameters_that_torch_counts():
    wide = torch.nn.Conv2d(64, 64, 3)
    assert measured("layers").value == f"{sum(weights.numel() for weights in wide.parameters()):,}"


@pytest.mark.parametrize("seed", range(3))
def test_rmsprop_moves_both_weights_as_far_by_torch_too(seed):
    times = int(asked("rmsprop", seed=seed).question.about)
    weights = torch.nn.Parameter(torch.zeros(2))
    weights.grad = torch.tensor([0.1, 0.1 * times])
    torch.optim.RMSprop([weights], lr=0.001, alpha=0.9, eps=1e-7).step()
    near, far = (-weights.detach()).tolist()
    assert far / near == pytest.approx(1, rel=1e-3)
    assert measured("rmsprop", seed=seed).value == "just as far"
    assert f"{near:.4f}" in measured("rmsprop", seed=seed).why


def test_the_loss_before_any_step_is_near_that_of_an_even_guess():
    assert measured("compile").value == pytest.approx(2.303, abs=0.1)


def test_the_file_is_as_large_as_what_save_writes():
    parameters = sum(weights.numel() for weights in network("lesson").net.parameters())
    least, most = learning_words.file_size(4 * parameters), learning_words.file_size(4 * parameters + 4_000)
    size = int(measured("saving").value.split()[0])
    assert int(least.split()[0]) <= size <= int(most.split()[0])


def test_how_sure_it_is_of_its_mistakes_is_counted_image_by_image():
    test, net = server.images(), network("lesson").net
    sure = []
    for image, label in zip(test.images, test.labels, strict=True):
        chances = net.predict(image[None].float() / 255)[0]
        if int(chances.argmax()) != int(label):
            sure.append(float(chances.max()))
    assert measured("evaluating").value == pytest.approx(100 * sum(sure) / len(sure), abs=0.1)
    assert f"misreads {len(sure)} of {len(test)}" in asked("evaluating").question.asked


def test_one_number_of_the_last_convolution_depends_on_so_many_pixels_by_its_gradient():
    net, last = network("lesson").net, convolutions_of(network("lesson").spec)[-1]
    torch.manual_seed(0)
    touched = torch.zeros(28, 28, dtype=torch.bool)
    for _ in range(8):
        image = torch.rand(1, 1, 28, 28, requires_grad=True)
        x = image
        for name, layer in net.named_children():
            x = layer(x)
            if name == last:
                break
        (gradient,) = torch.autograd.grad(x[0, :, 1, 1].sum(), image)
        touched |= gradient[0, 0] != 0
    rows, columns = touched.any(1).sum(), touched.any(0).sum()
    assert int(rows) <= measured("maps_of_layers").value  # a maximum may leave a pixel at the edge out
    assert int(max(rows, columns)) >= measured("maps_of_layers").value - 2


def test_filters_that_stay_noise_are_those_whose_page_says_no_slope():
    from cnn_core.insight import maximize_filters

    pictures = maximize_filters(network("lesson").net, "conv2d_3", steps=40, recipe="lesson")
    dead = sum(why is not None for why in pictures.why)
    assert measured("all_filters").value == dead
    assert f"{dead} of 64" in asked("without_picture").question.asked
    assert measured("without_picture").value <= dead


def test_the_mlp_reads_as_many_shifted_digits_as_when_they_are_shifted_here():
    from cnn_core.training import changed_images

    pixels = int(re.search(r"shifted by (\d)", asked("against_mlp").question.asked)[1])
    test, net = server.images().take(2_000), network("mlp").net
    right = net.predict(changed_images(test.images, "shift", pixels)).argmax(1).eq(test.labels)
    assert measured("against_mlp").value == pytest.approx(100 * float(right.float().mean()), abs=0.11)


def test_of_the_draws_so_many_are_read_rightly_and_a_turn_is_read_as_measured():
    from cnn_core.data import AffineParams, apply_affine

    one, net = asked("turned"), network("lesson").net
    image = server.images().images[int(one.after["digit"])][None].float() / 255
    label = int(server.images().labels[int(one.after["digit"])])
    params = replace(AffineParams.unchanged(1), theta=torch.tensor([90.0]))
    turned = apply_affine(image, params, fill_mode="nearest")
    assert measured("turned").value[-1] == pytest.approx(100 * float(net.predict(turned)[0, label]), abs=0.1)
    assert 0 <= measured("four_draws").value <= 64
    assert f"**{measured('four_draws').value}** of 64" in measured("four_draws").why


def test_the_cat_is_no_cat_any_more_after_the_dream():
    found = measured("cat_and_dream")
    assert found.value == "something else"
    assert "terrier" in found.why


# ---------------------------------------------------------------- the sentences that depend on the numbers


def test_a_sentence_never_claims_what_its_numbers_deny():
    from pages.tour import inside_words, layer_words, photo_words

    assert "stays the largest" in layer_words.pooling_answer(40, 28)
    assert "crossed the borders" in layer_words.pooling_answer(40, 41)
    assert "relu turns" in layer_words.zeros_answer("relu", 60)
    assert "not in relu" in layer_words.zeros_answer("elu", 1)
    assert "nothing but black" in layer_words.zeros_answer("linear", 70)
    assert "anew" in learning_words.mlp_answer(80, 40)
    assert "as well" in learning_words.mlp_answer(30, 40)
    assert "not trained" in learning_words.sure_answer(400, 12, is_trained=False)
    assert "right all the same" in learning_words.sure_answer(0, 51, is_trained=True)
    assert "None" in inside_words.noise_answer(0, 64)
    assert "nothing that occurs" in inside_words.silent_answer(8, 8, 500)
    assert photo_words.turned_answer("a 7", None, "a 1", "a 2") == "Even untouched it is not read as a 7."
    assert "at −90° as a 2" in photo_words.turned_answer("a 7", (-30, 90), "a 2", "a 7")
    assert "**12 parameters**" not in learning_words.parameters_answer("conv2d_2", 32, 12, 12)
    assert "as before" in learning_words.parameters_answer("conv2d_2", 32, 12, 12)


def test_the_end_tells_what_was_right_and_what_surprised():
    assert words.the_end(3, 10, "How many?") == (
        "**That was the lesson.** You made 10 predictions, 3 of them right at once. "
        "What surprised you most: “How many?”"
    )
    assert words.the_end(0, 0, "") == "**That was the lesson.**"
