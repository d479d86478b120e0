"""The words of the field, each in one or two short sentences: the one place where they are explained.

They stand in the order in which a reader can understand them: a meaning uses only words that stand above it. Pages show
a meaning where its word is first met, and as the help of a control. No torch, no screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Term:
    """A word of the field.

    name:      as it is written in the middle of a sentence.
    meaning:   one or two short sentences, without any markup.
    spellings: other ways to write it, besides a plural with -s: "strides" needs no entry, "optimizer" does.
    """

    name: str
    meaning: str
    spellings: tuple[str, ...] = ()


_IMAGES = (
    Term("pixel", "One point of an image. Its brightness is one number; its colour would be three."),
    Term(
        "channel",
        "One number for every pixel. A grey image has one channel, a colour image three: red, green and blue.",
    ),
    Term("class", "One of the possible answers. For digits there are ten, 0 to 9.", ("classes",)),
    Term("label", "The right answer that comes with an image: the class it belongs to."),
    Term(
        "one-hot",
        "A label written as a list of numbers, one for each class: a 1 at the right class, 0 everywhere else.",
    ),
    Term("seed", "A number that fixes all random choices. The same seed gives the same choices again."),
    Term(
        "variance",
        "How widely numbers are spread: the average of their squared distances from their mean.",
    ),
    Term(
        "standard deviation",
        "The square root of the variance: about how far numbers lie from their mean.",
    ),
    Term(
        "RMS",
        "Root mean square: square all numbers, take the mean, then the square root. A typical size of the numbers.",
        ("root mean square",),
    ),
    Term(
        "moving average",
        "An average over time. New numbers enter it one by one, and old ones count less and less.",
    ),
)

_LAYERS = (
    Term("layer", "One stage of a network. It takes the numbers of the stage before and passes new ones on."),
    Term("weight", "A number that an input is multiplied by. It is changed while the network learns."),
    Term("bias", "A learnt number that is added to a sum. It does not depend on the image.", ("biases",)),
    Term("parameter", "A number that the network learns, for example a weight or a bias."),
    Term(
        "multiply-add",
        "One multiplication and one addition. Their count says how much work it is to compute something.",
    ),
    Term("unit", "One number that a layer computes from all its inputs, each with a weight, and a bias."),
    Term("dense layer", "A layer in which every unit reads all numbers of the layer before.", ("dense",)),
    Term("MLP", "Multilayer perceptron: a network made of dense layers only."),
    Term("kernel", "A small grid of weights, for example 3×3, that is laid on one place after another."),
    Term(
        "filter",
        "One kernel for each channel that comes in, and one bias. At each place it gives one number.",
    ),
    Term("feature map", "The grid of numbers that one filter gives: one number for each place."),
    Term(
        "convolution",
        "A layer whose filters move over the whole image. A filter uses the same weights at every place.",
    ),
    Term(
        "depthwise convolution",
        "A convolution in which every filter reads only one feature map instead of all.",
    ),
    Term(
        "separable convolution",
        "A depthwise convolution, and then a convolution of 1×1 that mixes its feature maps.",
    ),
    Term("stride", "By how many pixels the kernel moves from one place to the next."),
    Term(
        "padding",
        "What happens at the border. “valid” adds nothing; “same” adds zeros around the image, so that with "
        "strides of 1 the size stays.",
    ),
    Term(
        "dilation",
        "How far apart the pixels under a kernel are. With 2, one pixel is left out between two neighbours.",
    ),
    Term("receptive field", "The part of the image that one number of a feature map depends on."),
    Term(
        "pooling",
        "A layer that makes feature maps smaller: of each small window it keeps the largest number, or the average.",
    ),
    Term("global average pooling", "Each feature map is replaced by its average: one number for each map."),
    Term("flatten", "Write all numbers of all feature maps in one long row, for a dense layer to read."),
    Term(
        "activation",
        "A simple function applied to each sum of a layer. Without it, many layers could do no more than one.",
        ("activation function",),
    ),
    Term("relu", "An activation: a number below zero becomes 0, any other stays as it is."),
    Term("sigmoid", "An activation that brings any number into the range from 0 to 1."),
    Term("tanh", "An activation that brings any number into the range from −1 to 1."),
    Term(
        "logit",
        "The score that the network gives to one class, before scores become probabilities. It can be any number.",
    ),
    Term(
        "softmax",
        "It turns the scores of all classes into probabilities: each is between 0 and 1, and together they make 1.",
    ),
)

_LEARNING = (
    Term("training image", "An image that the network learns from.", ("training set",)),
    Term(
        "validation",
        "Images kept aside during a training. They show how well the network does on what it did not learn from.",
        ("validation set", "validation image"),
    ),
    Term(
        "test set",
        "Images used only at the end, to measure the finished network. It has not learnt from them.",
        ("test image",),
    ),
    Term("accuracy", "The share of images that get the right class."),
    Term(
        "loss",
        "One number that says how wrong the answers are. Training tries to make it small.",
        ("losses",),
    ),
    Term(
        "cross-entropy",
        "A loss: minus the logarithm of the probability that the right class got. Sure and wrong costs most.",
    ),
    Term(
        "gradient",
        "For each number that can be changed: how much the result would change if that number grew a little.",
    ),
    Term("batch", "The images that the network looks at before it changes its weights once.", ("batches",)),
    Term("step", "One change of the weights, after one batch."),
    Term("epoch", "Once through all training images."),
    Term(
        "optimiser",
        "The rule that makes a step: it turns the gradient of the loss into a change of every weight.",
        ("optimizer",),
    ),
    Term(
        "learning rate",
        "How large the steps are. If it is too small, learning is slow; if too large, the loss jumps or grows.",
    ),
    Term("schedule", "How the learning rate changes from the first step to the last."),
    Term("momentum", "Each step also keeps a part of the step before it, as a rolling ball keeps its speed."),
    Term(
        "RMSprop",
        "An optimiser. It divides the gradient of each weight by the size that it had lately.",
    ),
    Term("Adam", "An optimiser like RMSprop, with momentum."),
    Term(
        "weight decay",
        "At every step all weights are made a little smaller, so that none grows without need.",
    ),
    Term(
        "batch normalisation",
        "It brings each feature map to mean 0 and variance 1, then scales and shifts it by two learnt numbers.",
        ("batch normalization", "batch norm"),
    ),
    Term(
        "dropout",
        "While the network learns, some numbers are set to 0 at random. When it answers, all are used.",
    ),
    Term(
        "label smoothing",
        "The label asks for a little less than 1 at the right class, so that the network does not become too sure.",
    ),
    Term(
        "overfitting",
        "The network gets better on its training images and not on new ones: it learns them by heart.",
        ("overfit", "overfits"),
    ),
    Term(
        "augmentation",
        "Each time an image is learnt from, it is first changed a little at random. Its label stays.",
    ),
    Term("fill mode", "How the empty places are filled when an image was turned or moved."),
    Term("shear", "It slants an image: one edge slides sideways while the middle stays."),
    Term("early stopping", "A training ends when its validation has not become better for some epochs."),
    Term("patience", "How many epochs early stopping waits for something better."),
    Term("snapshot", "The weights as they were after one step, kept in a file."),
    Term(
        "bfloat16",
        "A short way to store a number: faster to compute with, but only 2 or 3 figures are exact.",
    ),
)

_LOOKING = (
    Term(
        "confusion matrix",
        "A table: one row for each right class, one column for each answer. It shows what is taken for what.",
    ),
    Term("recall", "Of all images of one class: the share that the network finds."),
    Term("precision", "Of all images that the network gives one class: the share that really belongs to it."),
    Term(
        "confidence interval",
        "A range around a measured value. Of 100 such ranges about 95 hold the true value.",
    ),
    Term(
        "PCA",
        "Principal component analysis: it draws many numbers as one point, along the directions in which they "
        "differ most.",
    ),
    Term(
        "t-SNE",
        "It draws many numbers as one point, so that similar ones are neighbours. Large distances mean little.",
    ),
    Term(
        "gradient ascent",
        "An image is changed again and again in the direction of the gradient, so that one chosen number grows.",
    ),
    Term(
        "Deep Dream",
        "Gradient ascent that begins with a photo, so that what a layer sees in it grows stronger.",
    ),
    Term(
        "octave",
        "One size of the picture in Deep Dream. It begins with a small size and goes on with larger ones.",
    ),
    Term("saliency", "How much each pixel could change the answer: the size of its gradient."),
    Term("occlusion", "A part of the image is covered, to see how much the answer changes."),
    Term(
        "Grad-CAM",
        "It marks the places whose feature maps raise the score of one class.",
    ),
    Term("dead filter", "A filter that gives 0 at every place of every image that was tried."),
)

GLOSSARY: dict[str, Term] = {term.name: term for term in (*_IMAGES, *_LAYERS, *_LEARNING, *_LOOKING)}


def meaning(name: str) -> str:
    """What a word means.  name: as in GLOSSARY, or one of its other spellings. KeyError for another.

    >>> meaning("relu")
    'An activation: a number below zero becomes 0, any other stays as it is.'
    """
    return _by_spelling()[name.lower()].meaning


def spelling(name: str) -> str:
    """A regular expression for all ways in which a word is written; upper or lower case is the caller's choice.

    name: as in GLOSSARY. KeyError for another.

    >>> bool(re.fullmatch(spelling("stride"), "strides")), bool(re.fullmatch(spelling("optimiser"), "optimizers"))
    (True, True)
    """
    term = GLOSSARY[name]
    ways = "|".join(re.escape(way) for way in sorted((term.name, *term.spellings), key=len, reverse=True))
    return rf"\b(?:{ways})s?\b"


@cache
def _by_spelling() -> dict[str, Term]:
    return {way.lower(): term for term in GLOSSARY.values() for way in (term.name, *term.spellings)}
