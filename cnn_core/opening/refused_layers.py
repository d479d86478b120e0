"""Layers of Keras that have no kind here: what each is, in a few words, and what could stand in its place."""

from __future__ import annotations

from cnn_core.errors import StudentError, quoted
from cnn_core.opening.keras_config import KerasLayer

_JOINS = "joins several ways, and here a network is one chain of layers"
_SEQUENCE = "reads sequences, and the networks here read pictures"
_SHAPE = "moves numbers about, and here maps stay maps until a flatten"
_LARGER = "makes maps larger, and no layer here does"
_CROP = "cuts the edges off its maps, and no layer here does"
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
    **dict.fromkeys(("Cropping2D", "CenterCrop"), (_CROP, "Use a convolution with padding “valid” instead.")),
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
    "TFOpLambda": ("is a function of TensorFlow between the layers", "Use a layer of Keras in its place."),
    "SlicingOpLambda": ("cuts a part out of its numbers", "Leave it out."),
    "TFSMLayer": ("runs a program of TensorFlow", "Build the network from Keras's own layers."),
}


def refusal_of(layer: KerasLayer) -> StudentError:
    """Why this layer cannot be opened."""
    if layer.kind in _KNOWN:
        what, hint = _KNOWN[layer.kind]
        return layer.refusal(f"is a {layer.kind}: it {what}", hint)
    return layer.refusal(
        f"is of the class {quoted(layer.kind)}, which is not known here",
        "Use convolutions, poolings, batch normalisation, activations, dropout, flatten and dense layers.",
    )
