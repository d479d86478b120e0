"""The sentences of the lesson's steps. Numbers come from whoever asks; what is said must hold for any of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, log

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, probability

# ---------------------------------------------------------------- what a layer does


def flat_ground(kernel: str) -> str:
    """The first question: what a kernel answers where nothing changes."""
    return f"Where all nine pixels are white (1), what does the kernel “{kernel}” answer?"


NEGATIVE_WEIGHTS_COUNT = "The negative weights count too."
TIMES_ITS_WEIGHT = "Each pixel is first multiplied by its own weight."


def flat_answer(positive: int, negative: int) -> str:
    """positive: the sum of the weights above zero.  negative: of those below, without its sign."""
    left = positive - negative
    what = (
        "On flat ground, black or white, it is silent: it answers to changes"
        if left == 0
        else "Flat ground stays as it is: only at changes does it do anything"
    )
    return f"The weights add up: **{positive} − {negative} = {left}**. {what}."


def corner_with_same(size: int) -> str:
    """size: of the kernel, pixels per side."""
    return f"With padding “same”, in how many windows of {size}×{size} does the corner pixel lie?"


ZEROS_MAKE_ROOM = "The zeros around the image make room for more windows over the corner."
THE_CORNER_STAYS_A_CORNER = (
    "So many see a pixel in the middle. Around the corner half of them, each way, are missing."
)


def corner_answer(size: int, corner: int, middle: int) -> str:
    """corner, middle: how many windows look at the pixel in the corner, and at one in the middle."""
    half = (size + 1) // 2
    return f"**{half} × {half} = {corner}** instead of 1; in the middle {middle}. Now the image’s edge counts more."


def places_now(places: int) -> str:
    """What the page shows before the strides change."""
    return f"With strides 1 the kernel asks {count(places)} places."


def places_left(step: int) -> str:
    """step: pixels a move."""
    return f"With strides {step}, how many places are left?"


def strides_answer(side: int, kernel: int, step: int, before: int) -> str:
    """before: places with strides 1."""
    exact = (side - kernel) / step + 1
    after = int(exact)
    down = "" if exact == after else ", rounded down"
    share = round(100 * after**2 / before)
    return (
        f"({side} − {kernel}) / {step} + 1 = {after}{down}, along both sides: {after} × {after} = "
        f"**{count(after**2)}**, or {share} % of {count(before)}."
    )


def many_numbers(layer: str, shape: tuple[int, ...], name: str) -> str:
    """shape: of the maps, (C, H, W).  name: of the image's class, with its article."""
    channels, height, width = shape
    return f"{layer} makes {plural(channels, 'map')} of {height}×{width} from this image of {plain(name)}."


SHARE_OF_ZEROS = "How many of their numbers are exactly 0?"


def zeros_answer(activation: str, share: float) -> str:
    """share: of the numbers that are 0, per cent."""
    if activation == "relu":
        return f"**{share:.0f} %**: relu turns sums below zero into 0. A filter speaks only where it finds its pattern."
    if share < 50:
        return (
            f"**{share:.0f} %**: this layer ends in {activation}, not in relu, and lets sums below zero pass."
        )
    return f"**{share:.0f} %**: where a filter meets nothing but black, its sum is 0."


def change_before(name: str, layer: str, change: int) -> str:
    """change: of the layer's maps, per cent."""
    return f"Move {name} one pixel to the right: the maps of {layer} change by {change} %."


def change_after_pooling(layer: str) -> str:
    """layer: that pools."""
    return f"By how much do they change after {layer}?"


def pooling_answer(before: int, after: int) -> str:
    """before, after: the change of the maps, per cent."""
    if after < before:
        why = "The largest of a window stays the largest while it moves inside the window."
    elif after == before:
        why = "Here as much as before: what moved crossed the borders of its windows."
    else:
        why = "More than before: what moved crossed the borders of its windows."
    return f"**{before} %** before pooling, **{after} %** after. {why}"


# ---------------------------------------------------------------- how it learns


def parameters_now(layer: str, parameters: int) -> str:
    """What the design has now."""
    return f"{layer} has {count(parameters)} parameters."


def twice_as_wide(first: str, filters: int, second: str) -> str:
    """filters: of the first layer now."""
    return f"With {count(2 * filters)} filters instead of {count(filters)} in {first}, how many would {second} have?"


def a_kernel_for_each_map(layer: str) -> str:
    """The first mistake: that a layer's size does not depend on the one before."""
    return f"Each filter of {layer} has a kernel for every map that it reads."


AS_MANY_FILTERS = "The number of its own filters stays; only what each of them reads doubles."


def parameters_answer(layer: str, filters: int, now: int, then: int) -> str:
    """now, then: parameters of the second layer."""
    if then == now:
        return f"**{count(then)}** as before: {layer} reads something else than those maps."
    return f"**{count(then)}**: each filter of {layer} reads {count(2 * filters)} maps, and has a kernel for every one."


def a_stored_pixel(digit: int, stored: int) -> str:
    """digit: number of the test image.  stored: the pixel in the file."""
    return f"In the file, a pixel of test image no. {digit} is {stored}, on a scale from 0 to 255."


WHAT_THE_NETWORK_GETS = "Which number does the network get?"
FROM_0_TO_1 = (
    "Such large numbers would make the first steps of the training too long: it is scaled to 0 to 1."
)
GREY_STAYS_GREY = "Grey stays grey: nothing is rounded."


def scaling_answer(stored: int, scaled: str) -> str:
    """scaled: as it is written."""
    return f"{stored} / 255 = **{scaled}**. Weights begin near 0, and get on best with numbers of their size."


def a_class(name: str, label: int, classes: int) -> str:
    """label: the class's number, from 0."""
    number_of = "" if name == str(label) else f" is class no. {label} of {classes}, counted from 0, and"
    return f"“{plain(name)}”{number_of} becomes a list of {classes} numbers."


WHICH_LABEL = "Which list is it?"
HOW_MANY_ZEROS = "How many of them are 0?"
ONE_AND_NOT_ITS_NUMBER = "The list holds a 1, and not the number of the class: 1 means “surely this one”."
A_NUMBER_FOR_EACH_CLASS = "There is one number for each class."
ONE_IS_NOT_ZERO = "The right class has another number."


def counted_from_0(label: int) -> str:
    """label: of the right class."""
    return f"Places are counted from 0: number {label} is the {_ordinal(label + 1)} in the list."


def _ordinal(place: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10 if place % 100 not in (11, 12, 13) else 0, "th")
    return f"{place}{ending}"


def one_hot_answer(label: int, classes: int) -> str:
    """What a one-hot label is for."""
    zeros = plural(classes - 1, "zero")
    return (
        f"A **1** at place {label}, counted from 0, and {zeros}: what a network says that is sure and right."
    )


WHAT_LOSS_IS = "The loss is −ln of the chance that the right class gets: 0 for “surely right”."
LOSS_BEFORE = "How large is it before the first step, on average?"


def loss_answer(classes: int, loss: float) -> str:
    """loss: of the untrained network, measured."""
    return (
        f"Who knows nothing gives each of {classes} classes 1/{classes}: −ln(1/{classes}) = {number(log(classes))}. "
        f"This design before any step, measured: **{number(loss)}**."
    )


TWO_WEIGHTS = "rmsprop has to move two weights."


def how_far_it_moves(times: int) -> str:
    """times: how many times as steep."""
    return f"The slope of one is {times} times as steep. How far does it move in the first step?"


THAT_IS_SGD = "That is sgd: it follows the slope as it is. rmsprop divides each slope by its own size."
BOTH_ROOTS = "Close: it divides by the root of the slope’s square, which is the slope’s whole size."


def rmsprop_answer(near: float, far: float) -> str:
    """near, far: how far the two weights were moved."""
    return f"By {near:.4f} and **{far:.4f}**: it divides each slope by its recent size. Flat directions learn as fast."


def numbers_in_file(title: str, parameters: int) -> str:
    """title: of the network."""
    return f"“{plain(title)}” has {count(parameters)} parameters, and each is saved in 4 bytes."


HOW_LARGE_IS_THE_FILE = "How large is the file?"
FOUR_BYTES_EACH = "Four bytes each: multiply. 1,000 bytes are 1 kB, 1,000 kB are 1 MB."


def file_size(size: float) -> str:
    """Bytes in words, with two or three digits.

    >>> file_size(373_288), file_size(37_328), file_size(3_732_880), file_size(840)
    ('373 kB', '37 kB', '3.7 MB', '840 bytes')
    """
    if size < 1_000:
        return f"{size:.0f} bytes"
    value, unit = (size / 1e3, "kB") if size < 999_500 else (size / 1e6, "MB")
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def saving_answer(parameters: int, size: int) -> str:
    """size: of the file, bytes."""
    return (
        f"{count(parameters)} × 4 bytes, and a few that say what they are: **{file_size(size)}** hold all it has "
        "learnt. “Save” in the sidebar gives you the file."
    )


def it_misreads(missed: int, images: int, title: str) -> str:
    """missed: how many of so many test images."""
    if not missed:
        return f"“{plain(title)}” reads all {count(images)} test images rightly."
    return f"“{plain(title)}” misreads {count(missed)} of {count(images)} test images."


def how_sure_when_wrong(missed: int) -> str:
    """missed: how many images it misreads."""
    return (
        "How sure is it of its wrong answers, on average?"
        if missed
        else "How sure is it where it is least sure?"
    )


def sure_answer(missed: int, sure: float, is_trained: bool) -> str:
    """sure: per cent."""
    if not missed:
        return f"**{sure:.0f} %**, and right all the same."
    if not is_trained:
        return f"**{sure:.0f} %**: it is not trained yet, and no class is much ahead of the others."
    return f"**{sure:.0f} %** sure, and wrong. That number compares the classes; it does not promise to be right."


def all_are_shifted(pixels: int) -> str:
    """pixels: how far."""
    return f"Every test digit is shifted by {pixels} pixels, each in another direction."


MLP_READS = "How many of them does the MLP, trained by us, still read?"


def mlp_answer(own: float, mlp: float) -> str:
    """own, mlp: per cent of the shifted digits that each reads."""
    if own > mlp:
        why = "A kernel asks every place the same; the MLP learns each place anew."
    else:
        why = "The MLP holds out as well: this network’s kernels have not learnt enough."
    return f"The MLP **{mlp:.0f} %**, this network {own:.0f} %. {why}"


# ---------------------------------------------------------------- inside


def maps_get_smaller(shape: tuple[int, ...], layer: str) -> str:
    """shape: of the layer's maps."""
    channels, height, width = shape
    return f"{layer} has {plural(channels, 'map')} of only {height}×{width} numbers."


def how_far_it_sees(layer: str) -> str:
    """layer: the last convolution."""
    return f"How many pixels of the image, from side to side, does one number of {layer} see?"


def field_answer(seen: Sequence[tuple[str, int]], side: int) -> str:
    """seen: (layer, pixels per side that one of its numbers sees), in the network's order.  side: of the image."""
    steps = [seen[0]] + [after for before, after in pairwise(seen) if after[1] != before[1]]
    chain = " → ".join(str(pixels) for _, pixels in steps)
    whole = " That is the whole image." if seen[-1][1] == side else ""
    return f"Layer by layer {chain}: **{seen[-1][1]}** of {side}. Each gathers what the one before has seen.{whole}"


def climbed_for(layer: str, index: int, steps: int) -> str:
    """index: of the filter."""
    return f"From noise, {steps} steps uphill make a picture for filter {index} of {layer}."


MORE_THAN_ANY_IMAGE = "Does it excite the filter more than any test image?"
MORE_OR_LESS = ("more", "about as much", "less")


def peak_answer(own: float, best: float, images: int) -> str:
    """own, best: the filter's strongest number for its picture, and for the best of so many test images."""
    return (
        f"The picture reaches **{number(own)}**, the best of {count(images)} test images {number(best)}. "
        "The climb counts the whole map, this its strongest place."
    )


def no_picture_answer(best: float, images: int) -> str:
    """Where the climb found no way.  best: as in `peak_answer`."""
    return (
        f"This filter has no picture: the climb found no slope. The best of {count(images)} test images "
        f"reaches {number(best)}."
    )


def slopes_at_first(layer: str) -> str:
    """layer: of the filters."""
    return f"Before the first step uphill, each filter of {layer} has a slope of its own."


HOW_MUCH_STEEPER = "How many times as steep as the flattest is the steepest?"
STEEPER = {"under 3": 3.0, "3 to 10": 10.0, "10 to 100": 100.0, "over 100": inf}  # each up to so much


def slopes_answer(least: float, most: float) -> str:
    """least, most: the size of the slope, of the filters that have one."""
    times = most / least
    written = number(times, 1) if times < 10 else count(round(times))
    why = "Divided by its size, each slope moves its picture equally far."
    return f"From {least:.1g} to {most:.1g}, **{written} times**. {why}"


def notebook_climb(layer: str, width: int) -> str:
    """width: how many filters are climbed for."""
    return (
        f"The notebook’s climb follows relu’s own slope, for each of the {count(width)} filters of {layer}."
    )


HOW_MANY_STAY_NOISE = "For how many does the picture stay noise?"


def noise_answer(dead: int, width: int) -> str:
    """dead: filters without a picture."""
    if not dead:
        return f"**None** of {count(width)}: each had a slope to climb from this noise."
    return f"**{count(dead)}** of {count(width)}: where relu is off at every place, the slope is 0 and nothing moves."


def some_have_none(dead: int, width: int, layer: str) -> str:
    """dead: filters without a picture, of so many."""
    some = count(dead) if dead else "None"
    return f"{some} of {count(width)} filters of {layer} got no picture from the notebook’s climb."


def how_many_never_fire(dead: int, images: int) -> str:
    """dead: filters without a picture; without any, all are asked about."""
    which = "these" if dead else "all filters"
    return f"How many of {which} fire on none of {count(images)} test images either?"


def silent_answer(silent: int, of: int, images: int) -> str:
    """silent: filters that fire on no image, of so many."""
    never = f"**{count(silent)}** of {count(of)} fire on none of {count(images)} images"
    if silent == of:
        return f"{never}: they look for nothing that occurs there."
    return f"{never}. No picture is not “nothing learnt”: noise was the wrong place to begin."


# ---------------------------------------------------------------- a photo, and few images

CAT_STORY = (
    "**Edges, then parts, then a face**: maps of a large photo network at three depths. "
    "Click a map, and the photo lights up where it answers."
)
WHAT_IS_IT_NOW = "What does the same network call the picture after the dream?"
AFTER_THE_DREAM = ("the same, less surely", "the same, more surely", "something else")


def before_the_dream(name: str, sure: float) -> str:
    """name, sure: the network's answer to the untouched photo."""
    return f"The photo network calls the cat “{plain(name)}”, {probability(sure)} sure."


def dream_answer(name: str, sure: float, now: str, sure_now: float) -> str:
    """now, sure_now: its answer to the dream."""
    if name == now:
        return f"“{plain(now)}” still, **{probability(sure_now)}** sure instead of {probability(sure)}."
    return (
        f"**“{plain(now)}”**, {probability(sure_now)} sure: a dream enlarges what looked a little like something it "
        "knows, and 118 of its 1,000 classes are dogs."
    )


def degrees(turn: int) -> str:
    """
    >>> degrees(-45), degrees(0), degrees(90)
    ('−45°', '0°', '+90°')
    """
    return f"{'+' if turn > 0 else '−' if turn else ''}{abs(turn)}°"


def another_digit(index: int, name: str) -> str:
    """name: of the class, with its article."""
    return f"Test image no. {index} is {plain(name)}. It is turned, + is to the left."


def draw_the_curve(name: str) -> str:
    """name: of the class, with its article."""
    return f"How sure is the network that it is still {name}? Draw the curve."


def turned_answer(name: str, limits: tuple[int, int] | None, left_end: str, right_end: str) -> str:
    """limits: the turns between which it is read as what it is, degrees.

    left_end, right_end: what it is read as at the two ends of the curve.
    """
    if limits is None:
        return f"Even untouched it is not read as {plain(name)}."
    low, high = limits
    if (low, high) == (-90, 90):
        return f"It is read as {plain(name)} at every turn here."
    ends = [
        f"at {degrees(end)} as {plain(read)}"
        for end, read in ((-90, left_end), (90, right_end))
        if read != name
    ]
    also = f", {' and '.join(ends)}" if ends else ""
    return f"It is read as {plain(name)} from **{degrees(low)} to {degrees(high)}**{also}."


def of_the_four(still: int, draws: int, name: str) -> str:
    """still: of so many draws, those that are read as what they are."""
    return f"Of these {draws} random changes, {still} {'is' if still == 1 else 'are'} still read as {plain(name)}."


def how_many_of_draws(draws: int, name: str) -> str:
    """name: of the class, with its article."""
    return f"Of {draws} draws, how many are read as {name}?"


def draws_answer(still: int, draws: int, name: str) -> str:
    """still: of so many draws."""
    return f"**{still}** of {draws}; four were too few to tell. Far turned, {plain(name)} may become another class."


# ---------------------------------------------------------------- tasks

TRAIN_IT = (
    "Press **Train** above: the network learns from the images, as in the notebook. You can go on at once."
)
TRAIN_BOTH = (
    "Press **Train with and without** above: the same network learns twice, once with random changes. "
    "You can go on at once."
)


def in_training(title: str, epoch: float, epochs: int) -> str:
    """epoch: how far it is, of so many."""
    return f"“{plain(title)}” is learning: {epoch:.1f} of {plural(epochs, 'epoch')}. You can go on, it does not stop."


def is_trained(title: str) -> str:
    """Where the training is done."""
    return f"**“{plain(title)}” is trained.** From here on every step is about this network."


PAIR_GOES_ON = "Both are learning. You can go on, they do not stop."


def pair_answer(with_it: float, without: float, images: int) -> str:
    """with_it, without: accuracy on the untouched test images, fractions."""
    return (
        f"On {count(images)} untouched test images: **{100 * with_it:.1f} %** with random changes, "
        f"**{100 * without:.1f} %** without. Below, both are tested on changed ones too."
    )


# ---------------------------------------------------------------- the bar


def where(place: int, steps: int) -> str:
    """
    >>> where(9, 20)
    'Step 9 of 20'
    """
    return f"Step {place} of {steps}"


def you_were_at(place: int, steps: int, title: str) -> str:
    """For whoever comes back."""
    return f"You were at step {place} of {steps} of the lesson: **{title}**."


def cannot_ask(title: str, need: str) -> str:
    """title: of the network that is looked at.  need: a key of `asking.NEEDS`."""
    lacks = {
        "images": "there are no test images for it here",
        "maps": "it has no convolution, or no test images are here",
        "two convolutions": "this step needs two convolutions, and test images",
        "maps of digits": "this step is about a convnet that reads digits",
        "pooling of digits": "this step is about a network for digits that pools",
        "a photo network": "the photo network is not installed here",
    }.get(need, "it cannot be asked")
    return f"“{plain(title)}” cannot answer this: {lacks}."


LESSON = "The lesson"
ANEW = "Begin anew, with other numbers"
DRAW_ABOVE = "Draw your curve above, then press **This is my curve**."
COMPARE_ABOVE = "Above: what you drew, and what was measured. **A network knows what it was shown.**"
EXPLANATIONS = {"cat_face": CAT_STORY}


def after(lead: str, question: str) -> str:
    """A question behind the sentence that it needs.

    >>> after("With strides 1 it asks 676 places.", "How many are left?")
    'With strides 1 it asks 676 places. How many are left?'
    """
    return f"{lead} {question}"


def look_at(title: str) -> str:
    """A button that chooses another network."""
    return f"Look at “{plain(title)}”"


GO_ON, NOT_NOW, BACK_TO_IT = "Go on", "Not now", "Back to it"
BACK, SKIP, LEAVE, NEXT, FINISH = "Back", "Skip", "Leave", "Next", "Finish"


def the_end(right: int, guesses: int, surprise: str) -> str:
    """surprise: what the visitor was most wrong about, as it was asked; "" where there is nothing."""
    said = (
        f"You made {plural(guesses, 'prediction')}, {count(right)} of them right at once." if guesses else ""
    )
    most = f" What surprised you most: “{plain(surprise)}”" if surprise else ""
    return f"**That was the lesson.** {said}{most}".strip()
