"""Every sentence of the view "Take filters out" that is longer than a label. Pure; nothing here draws."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnn_core.model.layer_files import kind_named
from pages.ui.wording.blocks import plain
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import (
    count,
    loss_text,
    number,
    percent,
    plural,
    points,
    signed,
)
from pages.ui.wording.screen_summary import summary

# ---------------------------------------------------------------- the views


def views(layers: Collection[str], singular: str) -> dict[str, str]:
    """What the two views are called.

    layers:   those that something can be taken out of.
    singular: what one image of the data set shows.

    >>> views(["conv2d_1", "dense_1"], "digit")
    {'filters': 'Take filters out', 'attack': 'Attack a digit'}
    >>> views(["dense_1"], "photo")
    {'filters': 'Take units out', 'attack': 'Attack an image'}
    """
    has_filters = not layers or not all(kind_named(name).has_units for name in layers)
    return {
        "filters": f"Take {'filters' if has_filters else 'units'} out",
        "attack": f"Attack {'a digit' if singular == 'digit' else 'an image'}",
    }


# ---------------------------------------------------------------- the answer


def whole(accuracy: float, images: int, noun: str, layer: str, one: str) -> str:
    """The answer while nothing is taken out.

    >>> whole(0.98, 500, "digits", "conv2d_2", "filter")
    'Nothing is taken out yet: it reads **98.0 %** of 500 test digits. Click a filter of conv2d_2 to take it out.'
    """
    share = _share(accuracy, images, noun)
    return f"Nothing is taken out yet: it reads {share}. Click a {one} of {layer} to take it out."


def without(
    out: int, of: int, one: str, layer: str, accuracy: float, images: int, noun: str, which: str = ""
) -> str:
    """The answer while filters of one layer are out, and nothing else is changed.

    which: "most" or "least" where they are those it needs so.

    >>> without(32, 64, "filter", "conv2d_2", 0.877, 10_000, "digits", "most")
    'Without the **32 of 64 filters** of conv2d_2 that it needs most, it reads **87.7 %** of 10,000 test digits.'
    >>> without(1, 64, "filter", "conv2d_2", 0.98, 500, "digits")
    'Without **1 of 64 filters** of conv2d_2 it reads **98.0 %** of 500 test digits.'
    """
    those = f"**{count(out)} of {plural(of, one)}** of {layer}"
    if which:
        return f"Without the {those} that it needs {which}, it reads {_share(accuracy, images, noun)}."
    return f"Without {those} it reads {_share(accuracy, images, noun)}."


def changed(what: str, accuracy: float, images: int, noun: str) -> str:
    """The answer while something else is done.  what: `in_short`.

    >>> changed("2 out and 1 weight changed", 0.877, 500, "digits")
    'With 2 out and 1 weight changed, it reads **87.7 %** of 500 test digits.'
    """
    return f"With {what}, it reads {_share(accuracy, images, noun)}."


def done(what: str) -> str:
    """What is done, as a question about it begins.  what: `in_short`.

    >>> done("2 out and 1 weight changed")
    'With 2 out and 1 weight changed'
    """
    return f"With {what}"


def done_in(layer: str, out: int, of: int, one: str) -> str:
    """The same where filters of one layer are out, and nothing else is done.

    >>> done_in("conv2d_2", 8, 64, "filter")
    'Without 8 of 64 filters of conv2d_2'
    """
    return f"Without {count(out)} of {plural(of, one)} of {layer}"


def guess_first(done: str) -> str:
    """The answer, until it is guessed.

    >>> guess_first("Without 8 of 64 filters of conv2d_2")
    'Without 8 of 64 filters of conv2d_2: guess first how much it still reads.'
    """
    return f"{done}: guess first how much it still reads."


def how_much_is_left(done: str, before: float, images: int, noun: str) -> str:
    """
    >>> how_much_is_left("With 3 held", 0.993, 2_000, "digits")
    'Whole, it reads 99.3 % of 2,000 test digits. With 3 held, how much does it still read?'
    """
    share = f"{percent(before)} of {count(images)} test {noun}"
    return f"Whole, it reads {share}. {done}, how much does it still read?"


WHY_SO_MUCH_IS_LEFT = "Nothing is learnt anew: all other weights stay as they are."


def in_short(out: int, held: int, scaled: int, edited: int) -> str:
    """What is done, in numbers.

    >>> in_short(2, 0, 1, 1), in_short(0, 3, 0, 0)
    ('2 out, 1 scaled and 1 weight changed', '3 held')
    """
    parts = [
        f"{count(number)} {word}"
        for number, word in ((out, "out"), (held, "held"), (scaled, "scaled"))
        if number
    ]
    if edited:
        parts.append(f"{plural(edited, 'weight')} changed")
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else "nothing changed"


def _share(accuracy: float, images: int, noun: str) -> str:
    return f"**{percent(accuracy)}** of {count(images)} test {noun}"


# ---------------------------------------------------------------- the sheet


def sheet_facts(filters: int, drawn: int, one: str, out: int) -> tuple[str, ...]:
    """Behind the layer's name, above its sheet.

    drawn: how many of them have a tile.

    >>> sheet_facts(64, 64, "filter", 32)
    ('64 filters, each drawn as what it looks for', '32 out')
    >>> sheet_facts(512, 128, "unit", 0)
    ('128 of 512 units, each drawn as what it looks for', '')
    """
    some = plural(filters, one) if drawn == filters else f"{count(drawn)} of {plural(filters, one)}"
    return f"{some}, each drawn as what it looks for", f"{count(out)} out" if out else ""


def tile_label(layer: str, one: str, index: int, mark: str, why: str | None) -> str:
    """What is read of a tile.

    mark: what is done to it, "" for nothing.
    why:  there is no picture.

    >>> tile_label("conv2d_2", "filter", 4, "out", None), tile_label("dense_1", "unit", 4, "", "no slope")
    ('filter 4 of conv2d_2, out', 'unit 4 of dense_1, in, no picture: no slope')
    """
    return f"{one} {index} of {layer}, {mark or 'in'}{f', no picture: {why}' if why else ''}"


def sheet_alt(layer: str, one: str) -> str:
    """What the sheet is."""
    return f"The {one}s of {layer}: press one to take it out or put it back"


def what_you_see(one: str, has_averages: bool) -> str:
    """Under the sheet.

    has_averages: whether batch normalisation stands directly above, which makes another number of a 0.
    """
    struck = "a struck one gives 0 everywhere"
    if has_averages:
        struck += ", and batch normalisation above it makes one fixed number of that"
    return (
        f"One tile is one {one}; {struck}. Click to take it out, click again to put it back. "
        "Nothing is learnt anew: all other weights stay as they are."
    )


def not_drawn(one: str, drawn: int) -> str:
    """Of a layer with more than a sheet holds."""
    return f"Only the first {count(drawn)} {one}s have a tile. The menu reaches all of them."


NOTHING_TO_TAKE_OUT = (
    "Nothing can be taken out of this network: its only layer with weights gives the answers."
)


def not_judged(why: str) -> str:
    """why: there are no test images.

    >>> not_judged("CIFAR-10 is not on this machine.")
    'CIFAR-10 is not on this machine. So nobody can tell here what it still reads without a filter.'
    """
    return f"{plain(why)} So nobody can tell here what it still reads without a filter."


# ---------------------------------------------------------------- the number


def compared(before: float, chance: Sequence[float] | None, out: int, judged: int) -> str:
    """Under the number: the whole network, and chance.

    chance: accuracies without as many at random; None while that is not known.
    out:    how many are out; 0 where that is no fair comparison.

    >>> compared(0.993, (0.975, 0.988, 0.983), 32, 2_000)
    'Whole: 99.3 %. Without 32 at random: 97.5 to 98.8 % (3 tries, 2,000 images).'
    >>> compared(0.993, None, 32, 2_000), compared(0.993, None, 0, 2_000)
    ('Whole: 99.3 %. Without 32 at random: …', 'Whole: 99.3 %.')
    """
    text = f"Whole: {percent(before)}."
    if not out:
        return text
    if chance is None:
        return f"{text} Without {count(out)} at random: …"
    low, high = (number(100 * one, 1) for one in (min(chance), max(chance)))
    span = f"{low} %" if low == high else f"{low} to {high} %"
    return f"{text} Without {count(out)} at random: {span} ({len(chance)} tries, {plural(judged, 'image')})."


def judged_on(images: int, everything: int, noun: str, is_coming: bool) -> str:
    """On which images that is.

    >>> judged_on(2_000, 10_000, "digits", True)
    'Of the first 2,000 test digits; all 10,000 follow.'
    >>> judged_on(500, 500, "digits", False)
    'Of all 500 test digits.'
    """
    if images == everything:
        return f"Of all {count(images)} test {noun}."
    follow = f"; all {count(everything)} follow" if is_coming else f" of {count(everything)}"
    return f"Of the first {count(images)} test {noun}{follow}."


def difference(fall: float) -> str:
    """
    >>> difference(0.116)
    '−11.6 points'
    """
    return points(-fall)


# ---------------------------------------------------------------- what broke

FEW = 10  # images: of fewer it says nothing, of which classes most are
BROKEN_ALT = "Some images that were read rightly before, and what is read in them now"


def broken_heading(broken: int, noun: str, mostly: str) -> str:
    """
    >>> broken_heading(1_167, "digits", "mostly 1s and 8s"), broken_heading(0, "digits", "")
    ('**Broken: 1,167 digits** :gray[· mostly 1s and 8s]', '**Broken: no digits**')
    """
    what = f"**Broken: {plural(broken, noun.removesuffix('s')) if broken else f'no {noun}'}**"
    return f"{what} :gray[· {mostly}]" if mostly else what


def mostly(broken_of: Sequence[int], classes: Sequence[str]) -> str:
    """Of which classes most of the broken images are: at most three that make up more than half.

    "" where it takes more classes, and of fewer than FEW images.

    broken_of: how many of each class.

    >>> mostly([172, 428, 0, 0, 219, 0, 0, 0, 244, 104], "0123456789")
    'mostly 1s and 8s'
    >>> mostly([5] * 10, "0123456789"), mostly([17, 0], ["Ankle boot", "Bag"]), mostly([1, 0], "ab")
    ('', 'mostly Ankle boot', '')
    """
    total = sum(broken_of)
    order = sorted(range(len(broken_of)), key=lambda one: -broken_of[one])
    for few in (1, 2, 3):
        some = order[:few]
        if total >= FEW and 2 * sum(broken_of[one] for one in some) > total:
            names = [f"{classes[one]}s" if classes[one].isdigit() else plain(classes[one]) for one in some]
            return "mostly " + " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return ""


def wrong_answer(answer: str, truth: str) -> str:
    """
    >>> wrong_answer("3", "1"), wrong_answer("9", "8")
    ('3, is a 1', '9, is an 8')
    """
    return f"{answer}, is {article(truth)}"


def mended(images: int) -> str:
    """
    >>> mended(12), mended(1), mended(0)
    ('12 that were wrong are right now.', '1 that was wrong is right now.', '')
    """
    if not images:
        return ""
    return f"{count(images)} that {'was' if images == 1 else 'were'} wrong {'is' if images == 1 else 'are'} right now."


# ---------------------------------------------------------------- the ranking


def ranking_heading(one: str) -> str:
    """
    >>> ranking_heading("filter")
    '**Which filter does it need most?**'
    """
    return f"**Which {one} does it need most?**"


def ranked_by(whole_loss: float, images: int, noun: str) -> str:
    """What the bars are.

    >>> ranked_by(0.0252, 2_000, "digits")
    'Rise of the loss, 0.0252, with this one alone out; on 2,000 training digits, so not on those it is judged on.'
    """
    return (
        f"Rise of the loss, {loss_text(whole_loss)}, with this one alone out; on {count(images)} training {noun}, "
        "so not on those it is judged on."
    )


def rise(value: float) -> str:
    """
    >>> rise(0.0016), rise(-0.00131), rise(0.25), rise(0.00000001)
    ('+0.0016', '−0.0013', '+0.2500', '+0.0000')
    """
    return signed(value, 4)


def others(between: int) -> str:
    """
    >>> others(56)
    '… 56 others …'
    """
    return f"… {count(between)} others …"


def ranking(layer: str, one: str) -> str:
    """While it is not known.

    >>> ranking("conv2d_2", "filter")
    'Taking out each filter of conv2d_2 in turn …'
    """
    return f"Taking out each {one} of {layer} in turn …"


def ranking_alt(layer: str, one: str) -> str:
    """What the bars are."""
    return f"The {one}s of {layer} that it needs most and least, by the rise of the loss"


def what_ranking_says(below_zero: int, one: str) -> str:
    """Under the bars.

    below_zero: how many it is better off without, by the loss.

    >>> what_ranking_says(9, "filter"), what_ranking_says(0, "filter")
    ('Blue: the loss is lower without it. That is so for 9 filters.', '')
    """
    if not below_zero:
        return ""
    return f"Blue: the loss is lower without it. That is so for {plural(below_zero, one)}."


UNTRAINED = "This network has not been trained, so it needs no filter more than another yet."
IN_TRAINING = "It is in training: the ranking comes when its weights stay."

# ---------------------------------------------------------------- the summary


def summary_of_surgery(title: str, answer: str, layer: str, one: str) -> str:
    """The summary of the page."""
    return summary(
        f"Here {one}s of a network, {plain(title)}, are taken out, and it is seen what it still reads.",
        answer,
        f"Try: choose a {one} of {layer} with the arrow keys and press Enter.",
    )
