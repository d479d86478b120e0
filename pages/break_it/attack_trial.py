"""What the view "Attack a digit" computes: one image of one network at every size on the slider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.break_it.attack_asking import Asked, nearest
from pages.break_it.attack_kinds import KINDS, sizes_of
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import Trial
    from pages.ui.visitor.networks import LoadedNetwork

PATTERNS = 5  # of random signs, beside an aimed one


def trial_of(
    network: LoadedNetwork,
    image: Tensor,
    label: int | None,
    asked: Asked,
    *,
    farther: bool | None = None,
    patterns: int = PATTERNS,
) -> Trial:
    """One image under the attack that is asked for.

    image:    (C, H, W) in [0, 1].
    label:    the class that is attacked; None takes the network's own answer.
    farther:  whether the sizes go on to where every pixel can be grey; None: where nothing less changes the answer,
              or a larger size is asked for.
    patterns: of random signs, the control of an aimed attack.
    Raises StudentError for a network that looks at other images.
    """
    if farther is None:
        trial = trial_of(network, image, label, asked, farther=False, patterns=patterns)
        wants_more = asked.size is not None and asked.size > trial.sizes[-1]
        if not KINDS[asked.kind].farther or trial.is_misread or not (wants_more or trial.smallest is None):
            return trial
        farther = True
    height, width = image.shape[1:]
    return look(
        network,
        "one_under_attack",
        0,
        image=image.contiguous().numpy().tobytes(),
        attack=asked.kind,
        sizes=sizes_of(asked.kind, min(height, width), farther),
        label=label,
        centre=asked.centre(height, width),
        direction=asked.degrees,
        patterns=patterns,
    )


def place_of(trial: Trial, asked: Asked) -> int:
    """Where the slider stands: at the size that was asked for, else at the smallest that works, else at its end."""
    if asked.size is not None:
        return nearest(trial.sizes, asked.size)
    return len(trial.sizes) - 1 if trial.smallest is None else trial.smallest


def rival_of(trial: Trial, place: int) -> int:
    """The class that is drawn beside the attacked one.

    It is what is read at this place; where that is the attacked one, what is read first instead of it; where nothing
    is, the next best at the end.
    """
    if trial.answers[place] != trial.label:
        return trial.answers[place]
    if trial.smallest is not None:
        return trial.answers[trial.smallest]
    last = trial.probabilities[-1].clone()
    last[trial.label] = -1
    return int(last.argmax())
