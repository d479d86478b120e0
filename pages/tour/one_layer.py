"""What the first steps ask: a kernel on flat ground, padding, strides, the zeros of a map, and what pooling forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.insight import feature_maps
from cnn_core.lesson import NAMED_KERNELS, difference, nudge, sweep, visits
from cnn_core.lesson.convolution import named_kernel, output_size
from cnn_core.lesson.guess_questions import ChoiceQuestion, NumberQuestion
from pages.tour import layer_words as words
from pages.tour.asking import About, Asked, Measured, pooling_of
from pages.tour.words import after
from pages.ui.visitor import server
from pages.ui.wording.classes import article

if TYPE_CHECKING:
    from cnn_core.lesson import Sweep
    from cnn_core.lesson.convolution import Padding

FLAT = (
    "vertical edges",
    "horizontal edges",
    "sharpen",
    "emboss",
)  # kernels whose weights of both signs are worth adding


def kernel(about: About) -> Asked:
    """What a kernel answers where all pixels are white."""
    name = about.chance.choice(FLAT)
    weights = [weight for row in NAMED_KERNELS[name] for weight in row]
    total, positive = round(sum(weights)), round(sum(w for w in weights if w > 0))
    right = f"{total:g}"
    return Asked(
        ChoiceQuestion(
            id="tour.kernel",
            asked=words.flat_ground(name),
            page="convolution",
            about=name,
            options=tuple(f"{value:g}" for value in sorted({total, positive, len(weights)})),
            answer=right,
            hints={
                f"{positive:g}": words.NEGATIVE_WEIGHTS_COUNT,
                f"{len(weights):g}": words.TIMES_ITS_WEIGHT,
            },
        ),
        lambda: Measured(right, words.flat_answer(positive, positive - total)),
        state={"kernel": name.replace(" ", "-")},
    )


def padding(about: About) -> Asked:
    """In how many windows the corner lies, once there are zeros around the image."""
    size = about.chance.choice([3, 5])
    corners, middle = (int(visits(_laid(size, padding="same"))[place]) for place in ((0, 0), (14, 14)))
    return Asked(
        ChoiceQuestion(
            id="tour.padding",
            asked=words.corner_with_same(size),
            page="convolution",
            about=str(size),
            options=tuple(f"{value}" for value in (1, corners, middle)),
            answer=str(corners),
            hints={"1": words.ZEROS_MAKE_ROOM, str(middle): words.THE_CORNER_STAYS_A_CORNER},
        ),
        lambda: Measured(str(corners), words.corner_answer(size, corners, middle)),
        state={"size": str(size)},
        after={"padding": "same"},
    )


def _laid(size: int, padding: Padding = "valid") -> Sweep:
    image = server.images().images[0].float() / 255
    return sweep(image, named_kernel("vertical edges", size)[None], 1, padding)


def strides(about: About) -> Asked:
    """How many places are left when the kernel moves several pixels at a time."""
    step = about.chance.choice([2, 3])
    before, side = output_size(28, 3) ** 2, output_size(28, 3, step)
    return Asked(
        NumberQuestion(
            id="tour.strides",
            asked=after(words.places_now(before), words.places_left(step)),
            page="convolution",
            about=str(step),
            least=0,
            most=before,
            unit="places",
        ),
        lambda: Measured(side**2, words.strides_answer(28, 3, step, before)),
        after={"strides": str(step)},
    )


def feature_map(about: About) -> Asked:
    """How much of the first layer's maps is exactly 0."""
    network, digit, layer = about.network, about.digit(), about.convolutions[0]
    test = about.test
    image = test.images[digit].float() / 255
    maps = feature_maps(network.net, image, [layer])[layer]
    name = article(test.classes[int(test.labels[digit])])
    bends = getattr(about.spec.layers[about.spec.layer_names.index(layer)], "activation", "linear")
    share = 100 * float((maps == 0).float().mean())
    return Asked(
        NumberQuestion(
            id="tour.feature_map",
            asked=after(words.many_numbers(layer, tuple(maps.shape), name), words.SHARE_OF_ZEROS),
            network=network.title,
            page="feature_maps",
            about=f"{network.weights_key}/{digit}",
            least=0,
            most=100,
            unit="%",
        ),
        lambda: Measured(round(share, 1), words.zeros_answer(bends, share)),
        state={"digit": str(digit)},
    )


def pooling(about: About) -> Asked:
    """How much the maps still change after pooling, when the digit moves by a pixel."""
    found = pooling_of(about.spec)
    assert found is not None, "a network that pools: asking.NEEDS"
    before, pools = found
    digits = server.images()
    digit = about.chance.randrange(min(50, len(digits)))
    image = digits.images[digit].float() / 255
    still, moved = (
        feature_maps(about.network.net, one, [before, pools]) for one in (image, nudge(image, 1, 0))
    )
    change, pooled = (round(100 * difference(still[name], moved[name])) for name in (before, pools))
    return Asked(
        NumberQuestion(
            id="tour.pooling",
            asked=after(
                words.change_before(article(digits.classes[int(digits.labels[digit])]), before, change),
                words.change_after_pooling(pools),
            ),
            network=about.network.title,
            page="convolution",
            about=f"{about.network.weights_key}/{digit}",
            least=0,
            most=100,
            unit="%",
        ),
        lambda: Measured(pooled, words.pooling_answer(change, pooled)),
        state={"digit": str(digit)},
        after={"move": "1"},
    )
