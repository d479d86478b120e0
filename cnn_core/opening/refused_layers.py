"""Layers of Keras that have no kind here: what each is, in a few words, and what could stand in its place."""

from __future__ import annotations

from cnn_core.errors import StudentError, quoted
from cnn_core.opening.keras_config import KerasLayer
from cnn_core.opening.keras_operations import OPERATION

_JOINS = "joins several ways, and here a network is one chain of layers"
_SEQUENCE = "reads sequences, and the networks here read pictures"
_SHAPE = "moves numbers about, and here maps stay maps until a flatten"
_LARGER = "makes maps larger, and no layer here does"
_ONE_CHAIN = "Leave one way out, train it as a chain, and save that."
_PICTURES = "Open a network of convolutions and dense layers for pictures."
_KNOWN: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Dot"),
        (_JOINS, _ONE_CHAIN),
    ),
    **dict.fromkeys(
        (
            *(
                "LSTM",
                "GRU",
                "SimpleRNN",
                "RNN",
                "Bidirectional",
                "TimeDistributed",
                "Embedding",
                "ConvLSTM2D",
            ),
            *("Conv1D", "SeparableConv1D", "MaxPooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling1D"),
            *("TextVectorization", "Masking", "AveragePooling1D", "RepeatVector"),
        ),
        (_SEQUENCE, _PICTURES),
    ),
    **dict.fromkeys(
        ("Conv3D", "MaxPooling3D", "AveragePooling3D", "GlobalAveragePooling3D", "Conv3DTranspose"),
        ("reads rooms or films, and the networks here read pictures", _PICTURES),
    ),
    **dict.fromkeys(
        ("Conv2DTranspose", "UpSampling2D"), (_LARGER, "Open the part of the network that reads pictures.")
    ),
    "Permute": (_SHAPE, "Leave it out: Convscope turns channels by itself."),
    "LayerNormalization": ("evens out each picture by itself", "Train it with BatchNormalization instead."),
    "GroupNormalization": ("evens out groups of maps", "Train it with BatchNormalization instead."),
    "UnitNormalization": ("gives each list the same length", "Train it with BatchNormalization instead."),
    "RMSNormalization": ("evens out each picture by itself", "Train it with BatchNormalization instead."),
    "SpectralNormalization": ("bounds the weights of another layer", "Train it without."),
    "PReLU": ("is a relu that learns its slope", "Train it with LeakyReLU(0.2) instead."),
    "ThresholdedReLU": ("is a relu with a threshold", "Train it with a plain ReLU instead."),
    "MultiHeadAttention": ("looks at several places at once (attention)", _ONE_CHAIN),
    "Attention": ("looks at several places at once (attention)", _ONE_CHAIN),
    "SlicingOpLambda": ("cuts a part out of its numbers", "Leave it out."),
    **dict.fromkeys(
        ("AutoContrast", "Equalization"),
        ("spreads the greys of each picture by itself", "Do it to the pictures before."),
    ),
    "TFSMLayer": ("runs a program of TensorFlow", "Build the network from Keras's own layers."),
}


def with_article(kind: str) -> str:
    """A class in a sentence.

    >>> with_article("Embedding"), with_article("LSTM"), with_article("UpSampling2D"), with_article("UnitNormalization")
    ('an Embedding', 'an LSTM', 'an UpSampling2D', 'a UnitNormalization')
    """
    begins = ("A", "E", "I", "O", "Up", "LSTM", "RNN", "RMS")
    return f"{'an' if kind.startswith(begins) else 'a'} {kind}"


def refusal_of(layer: KerasLayer) -> StudentError:
    """Why this layer cannot be opened."""
    if layer.kind in _KNOWN:
        what, hint = _KNOWN[layer.kind]
        return layer.refusal(f"is {with_article(layer.kind)}: it {what}", hint)
    if layer.kind.startswith(OPERATION):
        return layer.refusal(
            f"is an operation between the layers ({layer.kind.removeprefix(OPERATION)}), and only a few are read here",
            "Use a layer of Keras in its place.",
        )
    return layer.refusal(
        f"is of the class {quoted(layer.kind)}, which is not known here",
        "Use convolutions, poolings, batch normalisation, activations, dropout, flatten and dense layers.",
    )
