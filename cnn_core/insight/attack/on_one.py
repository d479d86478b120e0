"""One image under one attack, at every size of a slider: what the network is given, what it reads, and the control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.attack.aimed import aimed_signs, pgd_at, probabilities_at, with_pattern
from cnn_core.insight.attack.on_many import AIMED, ATTACKS
from cnn_core.insight.attack.plain import disturbed, random_signs
from cnn_core.insight.look.twin import checked_image
from cnn_core.model.network import Network

MOST_PATTERNS = 100


@dataclass(frozen=True, eq=False)
class Trial:
    """One image under an attack of each of S sizes.

    attack:   one of ATTACKS.
    label:    the class that is attacked.
    answer:   what the network reads in the image itself.
    image:    (C, H, W) in [0, 1].
    sizes:    S of them, in the attack's unit.
    given:    (S, C, H, W), what the network is given.
    probabilities: (S, classes), for that.
    signs:    of fgsm (C, H, W), the pattern at size 1: -1, 0 or 1. None of others.
    control:  of an aimed attack (S, classes), the mean over patterns of random signs as large. None of others.
    misled:   (S,) int64, how many of these patterns change the answer; zeros where there is no control.
    patterns: how many there are.
    """

    attack: str
    label: int
    answer: int
    image: Tensor
    sizes: tuple[float, ...]
    given: Tensor
    probabilities: Tensor
    signs: Tensor | None
    control: Tensor | None
    misled: Tensor
    patterns: int

    @property
    def is_misread(self) -> bool:
        """Whether it is read wrongly before anything was done: then there is nothing to attack."""
        return self.answer != self.label

    @property
    def answers(self) -> list[int]:
        """What is read at each size."""
        return self.probabilities.argmax(1).tolist()

    @property
    def smallest(self) -> int | None:
        """Place of the smallest size at which the answer is not `label` any more; None where it is so at none."""
        return next((place for place, read in enumerate(self.answers) if read != self.label), None)

    @property
    def unseen(self) -> Tensor:
        """(H, W) bool: pixels whose gradient is exactly 0, where the attack is fgsm; else none."""
        return (
            self.image[0].new_zeros(self.image.shape[1:]).bool()
            if self.signs is None
            else self.signs.eq(0).all(0)
        )

    def pattern(self, place: int) -> Tensor:
        """(C, H, W): what is added at this place among the sizes.

        Of fgsm as it is aimed, before a pixel stops at black or white; else what has become of each pixel.
        """
        if self.signs is not None:
            return self.signs * self.sizes[place]
        return self.given[place] - self.image


def under_attack(
    net: Network,
    image: Tensor,
    attack: str,
    sizes: Sequence[float],
    label: int | None = None,
    *,
    seed: int = 0,
    centre: tuple[float, float] = (0.5, 0.5),
    direction: float | None = None,
    patterns: int = 10,
) -> Trial:
    """Attack one image at each size.

    image:    (C, H, W) in [0, 1] or uint8.
    attack:   one of ATTACKS.
    sizes:    in the attack's own unit, as `disturbed` has it; of fgsm and pgd, of full contrast.
    label:    what it shows; None takes the network's own answer.
    seed, centre, direction: as `disturbed` takes them.
    patterns: of random signs, the control of an aimed attack; 0 makes none.
    Raises StudentError as `aimed_signs` and `disturbed` do.
    """
    if attack not in ATTACKS:
        raise StudentError(f"There is no attack {quoted(attack)}.", hint=f"Choose {', '.join(ATTACKS)}.")
    whole_number(patterns, "The number of patterns", 0, MOST_PATTERNS)
    pixels = checked_image(image, net.spec.input_shape).cpu()
    answer = int(net.predict(pixels)[0].argmax())
    target = answer if label is None else label
    signs = None
    if attack == "fgsm":
        signs = aimed_signs(net, pixels, torch.tensor([target]))
        given = torch.cat([with_pattern(pixels, signs, size) for size in sizes])
    elif attack == "pgd":
        given = pgd_at(net, pixels[0], target, sizes)
    else:
        given = torch.cat(
            [disturbed(pixels, attack, size, seed=seed, centre=centre, direction=direction) for size in sizes]
        )
    control, misled = None, torch.zeros(len(sizes), dtype=torch.int64)
    if attack in AIMED and patterns:
        control, misled = _by_lot(net, pixels, sizes, target, seed, patterns)
    return Trial(
        attack=attack,
        label=int(target),
        answer=answer,
        image=pixels[0],
        sizes=tuple(map(float, sizes)),
        given=given,
        probabilities=net.predict(given).cpu(),
        signs=None if signs is None else signs[0],
        control=control,
        misled=misled,
        patterns=patterns if control is not None else 0,
    )


def _by_lot(
    net: Network, pixels: Tensor, sizes: Sequence[float], target: int, seed: int, patterns: int
) -> tuple[Tensor, Tensor]:
    """(S, classes) mean probabilities with patterns of random signs, and (S,) how many of them change the answer."""
    answers = torch.stack(
        [
            probabilities_at(net, pixels, random_signs(pixels.shape, seed + number), sizes)
            for number in range(patterns)
        ]
    )
    return answers.mean(0), answers.argmax(2).ne(target).sum(0)
