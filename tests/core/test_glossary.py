"""The glossary: short, true to its own words, and never in a circle."""

import re
from itertools import pairwise

import pytest

from cnn_core.lesson.glossary import GLOSSARY, meaning, spelling

NAMES = list(GLOSSARY)
# Words of the field that no meaning may lean on without their being explained here themselves.
JARGON = (
    "tensor", "jacobian", "hyperparameter", "regularisation", "backpropagation", "nonlinearity", "manifold", "latent",
    "embedding", "logits", "covariance", "eigenvector", "entropy", "neuron", "perceptron", "converge", "norm",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_meaning_is_read_at_once(name):
    words = meaning(name).split()
    assert 4 <= len(words) <= 30
    assert max(len(sentence.split()) for sentence in re.split(r"[.;:] ", meaning(name))) <= 24
    assert meaning(name)[0].isupper()
    assert meaning(name).endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_meaning_uses_only_words_that_stand_above_it(name):
    below = NAMES[NAMES.index(name) + 1 :]
    later = [other for other in below if re.search(spelling(other), meaning(name), re.IGNORECASE)]
    assert later == []


@pytest.mark.parametrize("name", NAMES)
def test_a_meaning_needs_no_word_that_is_not_explained(name):
    known = meaning(name).lower()
    for other in NAMES:
        known = re.sub(spelling(other).lower(), "", known)
    # An MLP's long name is how it is met elsewhere, and the loss's own name is in its formula
    unexplained = [word for word in JARGON if re.search(rf"\b{word}\b", known)]
    assert unexplained == (["perceptron"] if name == "MLP" else [])


@pytest.mark.parametrize("name", NAMES)
def test_a_meaning_has_no_markup(name):
    # It stands within other Markdown, within HTML, and in the help of a control.
    assert not set(meaning(name)) & set("*_[]<>`$#~|\\")
    assert not re.search(r":\w", meaning(name))


def test_every_word_is_there_once_however_it_is_written():
    ways = [way.lower() for term in GLOSSARY.values() for way in (term.name, *term.spellings)]
    assert len(ways) == len(set(ways))


def test_the_words_that_the_lesson_and_the_pages_use_are_explained():
    for name in (
        "parameter", "multiply-add", "relu", "bias", "seed", "variance", "PCA", "recall", "precision", "octave",
        "gradient", "softmax", "logit", "loss", "cross-entropy", "epoch", "batch", "step", "kernel", "filter", "stride",
        "padding", "pooling", "activation", "dropout", "one-hot", "validation", "overfitting", "augmentation", "t-SNE",
        "optimizer", "momentum",
        "learning rate", "feature map", "receptive field", "batch normalisation", "test set", "confusion matrix",
        "weight decay", "label smoothing", "early stopping",
    ):  # fmt: skip
        assert meaning(name)


def test_relu_does_what_its_meaning_says():
    import torch

    assert torch.relu(torch.tensor([-1.5, 0.0, 2.5])).tolist() == [0.0, 0.0, 2.5]


def test_a_plural_is_the_same_word_and_a_longer_word_is_not():
    assert re.search(spelling("stride"), "with strides of 2")
    assert not re.search(spelling("unit"), "a united class")
    assert not re.search(spelling("loss"), "glossary")


def test_no_two_words_have_one_meaning():
    meanings = sorted(term.meaning for term in GLOSSARY.values())
    assert all(one != other for one, other in pairwise(meanings))
