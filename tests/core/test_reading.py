"""Weights that say nothing of what stands between them: the design is taken that reads most of the images here."""

import io

import pytest
import torch

from cnn_core.data import load_images
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.pretrained import load
from cnn_core.runs.jobs.reading import FITS, likeliest, reads
from cnn_core.training import evaluate


@pytest.fixture(scope="module")
def lesson_as_a_state_dict():
    """As a plain nn.Sequential of the lesson's layers would have been saved by PyTorch."""
    values = iter(load("lesson").state_dict().values())
    state = {}
    for place in (0, 3, 6, 9, 11):  # relu and pooling stand between them; then relu, flatten; then relu
        state[f"{place}.weight"], state[f"{place}.bias"] = next(values).clone(), next(values).clone()
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def accuracy(opened):
    return evaluate(opened.net, load_images("mnist", "test", fetch=False)).accuracy


def test_a_guess_that_reads_the_images_is_taken_and_told(lesson_as_a_state_dict):
    opened = likeliest(lesson_as_a_state_dict, "net.pt", "torch")
    assert accuracy(opened) > 0.9
    assert any("Supposed:" in sentence for sentence in opened.guesses)


def test_the_design_in_the_sidebar_is_taken_where_the_weights_fit_it(lesson_as_a_state_dict):
    opened = likeliest(lesson_as_a_state_dict, "net.pt", "torch", PRESETS["lesson"])
    assert opened.spec.layers == PRESETS["lesson"].layers
    assert opened.guesses[0] == FITS
    assert accuracy(opened) == evaluate(load("lesson"), load_images("mnist", "test", fetch=False)).accuracy


def test_a_design_in_the_sidebar_that_does_not_fit_is_in_nobody_s_way(lesson_as_a_state_dict):
    assert accuracy(likeliest(lesson_as_a_state_dict, "net.pt", "torch", PRESETS["mlp"])) > 0.9


def test_whoever_insists_on_a_design_hears_where_it_does_not_fit(lesson_as_a_state_dict):
    with pytest.raises(StudentError):
        likeliest(lesson_as_a_state_dict, "net.pt", "torch", PRESETS["mlp"], insists=True)


def test_how_much_a_network_reads_is_the_most_of_any_data_set(lesson_as_a_state_dict):
    opened = likeliest(lesson_as_a_state_dict, "net.pt", "torch", PRESETS["lesson"])
    few = load_images("mnist", "test", fetch=False).take(100)
    assert reads(opened) == evaluate(load("lesson"), few).accuracy
