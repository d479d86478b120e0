"""The sentences of the view "Which filters decided?"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.model.layer_files import kind_named
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, probability, short, signed
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from pages.feature_maps.deciding import Decision

MAPS, DECIDED = "Maps", "Who decided"
FOR, AGAINST, COMPUTED = "What speaks for", "and against", "How it is computed"
BY = {"gradient": "activation × gradient", "lrp": "handed down (LRP)"}
ANOTHER = "Another close call"
LOOKS_FOR = "looks for"
IS_IT_TRUE = "## Is that true? Take them out"
FROM_THE_TOP, AT_RANDOM = "from the top", "at random"

# ---------------------------------------------------------------- the strip


def question(has_filters: bool) -> str:
    """The title of the view.  has_filters: whether the network has any; else it has units."""
    return f"Which {'filters' if has_filters else 'units'} decided?"


def why_and_not(answer: str, rival: str) -> str:
    """
    >>> why_and_not("4", "9")
    'Why 4 and not 9'
    """
    return f"Why {plain(answer)} and not {plain(rival)}"


def its_answer(name: str) -> str:
    return f"its answer: {name}"


def its_rival(name: str) -> str:
    return f"the strongest other: {name}"


def how_reckoned(by: str) -> str:
    """What the two ways do.  by: a key of BY."""
    if by == "lrp":
        return (
            "Handed down (layer-wise relevance propagation, epsilon rule): the lead goes down, layer by layer. Each "
            "number gets as large a part as it gave to the sum above. This needs a chain of layers, and every network "
            "here is one."
        )
    return (
        "Activation × gradient: how strong a map or a unit is, times how much the lead would grow if it were a little "
        "stronger."
    )


# ---------------------------------------------------------------- the answer


def word(layer: str) -> str:
    """What one of a layer's own is called.

    >>> word("conv2d_2"), word("dense_1")
    ('filter', 'unit')
    """
    return "filter" if kind_named(layer).has_filters else "unit"


def verdict(decision: Decision, names: tuple[str, ...], is_trained: bool) -> str:
    """The answer in one line: what changes without the filters that speak most, and without others.

    names: of the classes.
    """
    found, out = decision.found, decision.out
    answer, rival = plain(names[found.answer]), plain(names[found.rival])
    whole, without = float(decision.top[0]), float(decision.top[out])
    chance = float(decision.chance[:, out].mean())
    speak = "speaks" if out == 1 else "speak"
    most = f"Without the {plural(out, word(found.layer))} that {speak} most for {answer} and against {rival}"
    if decision.is_by_lead:
        lead = f"the lead of {answer}" if whole >= 0 else f"the score of {answer} less that of {rival}"
        text = (
            f"{most}, {lead} is **{number(without, 1)}** instead of {number(whole, 1)}; without {out} at "
            f"random, {number(chance, 1)} on average."
        )
    else:
        text = (
            f"{most}, it is **{probability(without)}** sure of {answer} instead of {probability(whole)}; without {out} "
            f"at random, {probability(chance)} on average."
        )
    return text if is_trained else f"{text} It has not been trained: this is chance."


def nothing_between(singular: str) -> str:
    """
    >>> nothing_between("digit")
    'This network has one layer with weights, and its units are the answers: between the digit and them nobody speaks.'
    """
    return (
        f"This network has one layer with weights, and its units are the answers: between the {singular} and them "
        "nobody speaks."
    )


def read_as(names: tuple[str, ...], probabilities: list[float]) -> str:
    """What the network answers, and what comes next, in short lines."""
    first, second = sorted(range(len(names)), key=lambda i: -probabilities[i])[:2]
    sure, next_sure = (probability(probabilities[i]).replace(" %", "\u00a0%") for i in (first, second))
    return f"read as  \n**{plain(names[first])}** :gray[{sure}]  \n:gray[then {plain(names[second])}, {next_sure}]"


# ---------------------------------------------------------------- the rows


def heads(layer: str, answer: str, rival: str) -> tuple[str, str, str, str]:
    """Over the pictures, the maps, and the two sides of the bars.

    >>> heads("conv2d_2", "4", "9"), heads("dense_1", "4", "9")[1]
    (('looks for', 'its map', 'for 9', 'for 4'), 'gives')
    """
    return LOOKS_FOR, "its map" if word(layer) == "filter" else "gives", f"for {rival}", f"for {answer}"


def value(part: float, largest: float) -> str:
    """A part of the lead, with its sign; in two figures where even the largest is small.

    >>> value(1.9, 1.9), value(-0.0004, 0.0021), value(0.0, 0.0021)
    ('+1.90', '−0.00040', '0')
    """
    if largest >= 0.1:
        return signed(part)
    text = short(part)
    return text if text.startswith("−") or text == "0" else f"+{text}"


def row_label(layer: str, filter: int, text: str, side: str, opens: bool) -> str:
    """All of a row in words.  side: the class it speaks for.

    >>> row_label("conv2d_2", 43, "+1.90", "4", True)
    'filter 43: +1.90, for 4. Opens its card.'
    """
    return f"{word(layer)} {filter}: {text}, for {side}.{' Opens its card.' if opens else ''}"


def others(count_of_them: int) -> str:
    """
    >>> others(55), others(1)
    ('55 others', '1 other')
    """
    return plural(count_of_them, "other")


def rows_alt(layer: str, answer: str, rival: str) -> str:
    return f"What each {word(layer)} of {layer} adds to the lead of {answer} over {rival}"


def what_you_see(decision: Decision, names: tuple[str, ...], *, opens: bool) -> str:
    """What a bar is, and what all bars give together.  opens: whether a row can be clicked."""
    found = decision.found
    answer, rival, one = plain(names[found.answer]), plain(names[found.rival]), word(found.layer)
    what = "map" if one == "filter" else "number"
    if found.way == "lrp":
        bar = f"A bar is the part of the lead of {answer} over {rival} that is handed down to a {one}."
    else:
        bar = (
            f"A bar is a {one}’s {what} times the gradient of (score of {answer} − score of {rival})"
            f"{', added up' if what == 'map' else ''}."
        )
    largest = max(abs(found.total), abs(found.lead))
    total, lead = value(found.total, largest), value(found.lead, largest)
    all_of_them = f"{count(len(found.values))} {one}s together give {total}; the true lead is {lead}."
    rest = "" if total == lead else f" {_the_rest(found.way)}"
    card = f" A row opens its {one}’s card." if opens else ""
    return f"{bar} All {all_of_them}{rest} Orange speaks for {answer}, blue for {rival}.{card}"


def _the_rest(by: str) -> str:
    if by == "lrp":
        return "The rest stays with the biases, and with epsilon: a number that is added to each sum."
    return (
        "The rest belongs to no bar: biases of the layers above add to the lead too, and with tanh, gelu and others "
        "like them a gradient holds only nearby."
    )


# ---------------------------------------------------------------- the check


def most_of_all(decision: Decision, names: tuple[str, ...]) -> str:
    """The answer in one line, until it is guessed what follows without those that speak most."""
    found = decision.found
    first, largest = found.order[0], float(found.values.abs().max())
    answer, rival = plain(names[found.answer]), plain(names[found.rival])
    who = f"{word(found.layer).title()} **{first}** of {found.layer}"
    return (
        f"{who} speaks most for {answer} and against {rival}: {value(float(found.values[first]), largest)}."
    )


LEFT = "more than half", "less than half"


def ahead(rival: str) -> str:
    """The third answer beside LEFT."""
    return f"none: {rival} is ahead"


def how_much_is_left(out: int, layer: str, answer: str, rival: str, lead: float) -> str:
    """
    >>> how_much_is_left(5, "conv2d_2", "4", "9", 6.24)
    'The score of 4 is 6.2 above that of 9. Without the 5 filters that speak most for 4, how much of that is left?'
    """
    speak = "speaks" if out == 1 else "speak"
    return (
        f"The score of {plain(answer)} is {number(lead, 1)} above that of {plain(rival)}. Without the "
        f"{plural(out, word(layer))} that {speak} most for {plain(answer)}, how much of that is left?"
    )


def what_was_left(lead: float, left: float, by_chance: float, out: int) -> str:
    """
    >>> what_was_left(6.24, 1.31, 5.9, 5)
    'It was 6.2, and is 1.3 without them; without 5 at random it is 5.9 on average.'
    """
    return (
        f"It was {number(lead, 1)}, and is {number(left, 1)} without {'it' if out == 1 else 'them'}; without {out} at "
        f"random it is {number(by_chance, 1)} on average."
    )


def check_says(decision: Decision, names: tuple[str, ...]) -> str:
    """What the lines of the check are."""
    found, chance = decision.found, decision.check.chance
    answer, rival = plain(names[found.answer]), plain(names[found.rival])
    what = (
        f"How far the score of {answer} is above that of {rival}"
        if decision.is_by_lead
        else f"How sure it is of {answer}"
    )
    return (
        f"{what}, while {word(found.layer)}s of {found.layer} are taken out. Thin lines: {count(len(chance))} "
        f"orders at random among all {count(len(found.values))}; the thick one: their mean. If the bars said nothing, "
        "the orange line would lie among them. The answer itself need not change."
    )


def check_alt(decision: Decision) -> str:
    """The chart in a sentence."""
    top, chance = decision.top, decision.chance.mean(0)
    last = len(top) - 1
    whole, without, random = (
        number(float(v), 1) if decision.is_by_lead else probability(float(v))
        for v in (top[0], top[last], chance[last])
    )
    measure = "The lead" if decision.is_by_lead else "How sure it is"
    return f"{measure}: {whole} at first, {without} without {last} from the top, {random} without {last} at random."


def axis(layer: str) -> str:
    """
    >>> axis("conv2d_2")
    'filters taken out'
    """
    return f"{word(layer)}s taken out"


# ---------------------------------------------------------------- for whoever cannot see it


def summary_of_decided(
    title: str, image: str, decision: Decision, names: tuple[str, ...], answer: str
) -> str:
    """The summary of the view.

    title:  of the network.
    image:  what is looked at.
    answer: the line under the title.
    """
    found = decision.found
    one, first = word(found.layer), found.order[0]
    most = value(float(found.values[first]), float(found.values.abs().max()))
    return summary(
        f"Here a network, {plain(title)}, reads an image, {image}, and each {one} of {found.layer} has a number: how "
        f"much it speaks for {plain(names[found.answer])} and against {plain(names[found.rival])}.",
        answer,
        f"{one.title()} {first} speaks most for it: {most}.",
        "Try: choose two other classes behind the button Why; or press Another close call.",
    )
