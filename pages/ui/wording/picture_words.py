"""What a chart or a picture shows, in the sentence that stands for it where it cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.numbers import epochs, loss_text, number, percent, probability

if TYPE_CHECKING:
    import numpy as np

    from cnn_core.training.history import Curve

MOST_NAMED = 3  # classes beside the answer


def how_sure(probabilities: Sequence[float], classes: Sequence[str]) -> str:
    """The bars of an answer: the answer, the next ones, and the most that is left for any other class.

    probabilities: one a class, sum 1.

    >>> how_sure([0.02, 0.83, 0.15], "012")
    'Probability of each class: 1 83 %, 2 15 %, 0 2 %.'
    >>> how_sure([0.9995, *[0.0001] * 5], "012345")
    'Probability of each class: 0 over 99.9 %, all others under 0.1 %.'
    """
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    named = [order[0], *(i for i in order[1 : MOST_NAMED + 1] if probabilities[i] >= 0.001)]
    said = [f"{classes[i]} {probability(probabilities[i])}" for i in named]
    if rest := order[len(named) :]:
        most = probabilities[rest[0]]
        said.append(f"all others {'' if most < 0.001 else 'at most '}{probability(most)}")
    return f"Probability of each class: {', '.join(said)}."


def course(name: str, curve: Curve) -> str:
    """How one curve of a training runs, from its first value to its last; what it is called where it has none yet.

    >>> from cnn_core.training.history import Curve
    >>> course("Validation", Curve([1, 9], [0.5, 2.0], [2.1, 0.31], [0.2, 0.91]))
    'Validation: accuracy 20.0 % after 0.5 epochs, 91.0 % after 2; loss 2.10, then 0.310.'
    >>> course("Training", Curve([2], [0.5], [2.1], [0.2]))
    'Training: accuracy 20.0 % after 0.5 epochs; loss 2.10.'
    >>> course("Training", Curve([4], [1.0], [2.1], [0.2]))
    'Training: accuracy 20.0 % after 1 epoch; loss 2.10.'
    """
    if not len(curve):
        return f"{name}: nothing is measured yet."
    begun = epochs(curve.epoch[0])
    begun += " epoch" if begun == "1" else " epochs"
    if len(curve) == 1:
        accuracy, loss = percent(curve.accuracy[0]), loss_text(curve.loss[0])
        return f"{name}: accuracy {accuracy} after {begun}; loss {loss}."
    return (
        f"{name}: accuracy {percent(curve.accuracy[0])} after {begun}, "
        f"{percent(curve.accuracy[-1])} after {epochs(curve.epoch[-1])}; loss {loss_text(curve.loss[0])}, then "
        f"{loss_text(curve.loss[-1])}."
    )


def in_rows(values: np.ndarray, digits: int = 2) -> str:
    """The numbers of a small grid, row by row.

    values: (H, W).

    >>> import numpy
    >>> in_rows(numpy.array([[0, 0.5], [-1, 2]]))
    '0.00, 0.50; −1.00, 2.00'
    """
    return "; ".join(", ".join(number(float(value), digits) for value in row) for row in values)
