"""What the lessons for teachers say is true: computed here by hand, by the cards, or measured on what is shipped."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cnn_core import pretrained
from cnn_core.classroom import READY_SCENES
from cnn_core.data import load_sample
from cnn_core.lesson import named_kernel
from cnn_core.model import PRESETS, ModelSpec, summarize
from cnn_core.model.layers import Conv2D
from cnn_core.significance import beyond_chance
from cnn_core.training import accuracy_under
from pages.teachers import lessons, words
from pages.teachers.lessons import LESSONS, SHIFT
from pages.teachers.one_lesson import worksheet

ROOT = Path(__file__).parents[2]


def said(lesson):
    return "\n".join(answer for _, answer in LESSONS[lesson].answered()).replace("\xa0", " ")


def test_each_lesson_has_a_scene_a_row_in_the_readme_a_plan_of_15_minutes_and_a_sheet_without_its_answers():
    readme = (ROOT / "README.md").read_text()
    assert list(LESSONS) == list(READY_SCENES)
    for name, lesson in LESSONS.items():
        assert f"| {lesson.title} | `/?scene={name}` |" in readme
        assert READY_SCENES[name].title == lesson.title
        times = [tuple(map(int, minutes.split("–"))) for minutes, _ in lesson.plan]
        assert times[0][0] == 0
        assert times[-1][1] == 15
        assert [start for start, _ in times[1:]] == [end for _, end in times[:-1]]
        assert words.plan_table(lesson).count("\n") == len(lesson.plan) + 1
        assert lesson.title in words.summary_of(lesson)
        page = worksheet(lesson)
        for question, answer in lesson.answered():
            assert question.split("’")[0] in page.replace("&#x27;", "'")
            assert answer not in page


def conv(image, kernel):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def test_the_five_kernels_do_what_their_answers_say():
    draw = torch.Generator().manual_seed(3)
    image = torch.rand(28, 28, generator=draw)
    assert torch.equal(conv(image, named_kernel("identity")), image[1:-1, 1:-1])
    assert conv(image, named_kernel("identity")).shape == (26, 26)
    blurred = conv(image, torch.full((3, 3), 1 / 9))
    assert blurred[5, 7] == pytest.approx(image[5:8, 7:10].mean().item(), rel=1e-5)
    assert blurred.max() <= image.max()
    edges = named_kernel("vertical edges")
    assert edges.tolist() == [[-1, 0, 1]] * 3
    assert edges.sum() == 0
    assert conv(torch.full((9, 9), 0.7), edges).abs().max() < 1e-6

    stroke = torch.zeros(9, 15)
    stroke[:, 6:9] = 1.0  # bright from column 6 to 8; the output's column c lies under the image's c + 1
    left = conv(stroke, edges).relu()
    assert set(left.sum(0).nonzero().flatten().tolist()) == {4, 5}  # around its left edge, and nowhere else
    right = conv(stroke, -edges).relu()
    assert set(right.sum(0).nonzero().flatten().tolist()) == {7, 8}
    lying = named_kernel("horizontal edges")
    assert lying.tolist() == [[-1] * 3, [0] * 3, [1] * 3]
    assert torch.equal(lying, edges.T)
    assert conv(stroke, lying).abs().max() == 0
    assert "320: 9 weights and 1 bias for each of the 32" in said("five-kernels")
    assert summarize(PRESETS["lesson"])[0].parameters == 320


def test_convnet_and_mlp_are_told_apart_as_they_are():
    text, convnet, mlp = said("convnet-against-mlp"), pretrained.card("lesson"), pretrained.card("mlp")
    assert "99.06 % against 98.17 % of 10,000 test digits. It makes 94 mistakes, the MLP 183" in text
    assert (convnet.test_accuracy, mlp.test_accuracy) == (0.9906, 0.9817)
    assert beyond_chance(0.9906, 0.9817, 10_000, 10_000)
    assert "407,050 against 93,322, more than four times" in text
    assert mlp.parameters / convnet.parameters > 4
    assert "2,794,240 times against 406,528" in text  # 784 × 512 + 512 × 10
    assert convnet.recipe == mlp.recipe


def test_a_shift_hurts_both_about_as_much_as_is_said():
    sample = load_sample("test")
    for name, told in lessons.READ_WHEN_SHIFTED.items():
        read = accuracy_under(pretrained.load(name), sample, "shift")[SHIFT]
        assert read == pytest.approx(told, abs=0.06)  # of 500 digits 95 % lie within 4.4 points
        assert f"{100 * told:.1f} %" in said("convnet-against-mlp")


def test_the_parameters_of_the_third_lesson_add_up():
    def parameters(spec):
        return [row.parameters for row in summarize(spec)]

    tiny, text = PRESETS["tiny"], said("ninety-nine-percent")
    assert (sum(parameters(tiny)), parameters(tiny)[-1]) == (3_966, 3_010)
    *body, flat, dense = tiny.layers
    last = Conv2D(64, activation="relu")
    large = ModelSpec("large", tiny.input_shape, 10, (*body, last, flat, dense))
    assert parameters(large)[-3::2] == [6_976, 5_770]
    assert sum(parameters(large)) == 13_702
    solution = lessons.solution()
    assert sum(parameters(solution)) == lessons.SOLVED_PARAMETERS < 10_000
    assert "13,702 in all" in text
    assert f"{lessons.SOLVED_PARAMETERS:,} parameters" in text
    assert min(lessons.SOLVED) >= 0.99 > lessons.BEGIN
    scene = READY_SCENES["ninety-nine-percent"]
    scene.check_training(solution, scene.recipe, "mnist")
    numbers = re.findall(r"\d\d\.\d\d %", text)
    assert numbers == [
        f"{100 * one:.2f} %" for one in (lessons.BEGIN, min(lessons.SOLVED), max(lessons.SOLVED))
    ]
