"""The sentences of the replay's views beside that of one filter, whose words stand in `words`."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, percent, plural
from pages.ui.wording.screen_summary import summary

VIEWS = {
    "filter": "One filter",
    "mistakes": "Who for whom",
    "map": "Map",
    "learnt": "Learnt, forgotten",
    "gradients": "Gradients",
}
OTHER_CLASSES = (
    "This network does not have the classes of its data set, so nobody knows which answers are right."
)
_TO_TRY = {
    "filter": "press Play, or move the slider step by step; choose another layer, filter or image above.",
    "mistakes": "press Play, or move the slider step by step.",
    "map": "press Play, or move the slider step by step.",
    "learnt": "choose which images are shown, and open one of them.",
    "gradients": "choose what is drawn: the gradient, or how far the weights have come.",
}
MOST_NAMED = 3  # classes in a sentence


def summary_of(view: str, answer: str, moments: int) -> str:
    """The summary of a view that looks back.  answer: its first line.  moments: how many there are."""
    return summary(
        f"Here one network is looked at in {plural(moments, 'moment')} of its training: {VIEWS[view]}.",
        answer,
        f"Try: {_TO_TRY[view]}",
    )


def images(number: int, noun: str) -> str:
    """How many of which images.

    >>> images(1000, "digits"), images(1, "digits")
    ('1,000 test digits', '1 of the test digits')
    """
    return f"{count(number)} test {noun}" if number != 1 else f"1 of the test {noun}"


# ---------------------------------------------------------------- who for whom


def came_to_read(steps: Sequence[int], accuracy: Sequence[float], of: str) -> str:
    """The line above it.  accuracy: at each moment, a fraction of the images that `of` names.

    >>> came_to_read([0, 64, 500], [0.1, 0.7, 0.98], "1,000 test digits")
    'After 0 steps it read 10.0 % of 1,000 test digits rightly, after 500 steps **98.0 %**.'
    """
    return (
        f"After {plural(steps[0], 'step')} it read {percent(accuracy[0])} of {of} rightly, after "
        f"{plural(steps[-1], 'step')} **{percent(accuracy[-1])}**."
    )


def order_of_classes(classes: Sequence[str], since: Sequence[int | None]) -> str:
    """Which classes were learnt first and last.

    since: of each class the step from which nine of ten of its images stayed right; None for never.

    >>> order_of_classes("012", [64, 8, 512])
    'The first class of which nine of ten stayed right was 1, from step 8 on. The last was 2, from step 512 on.'
    >>> order_of_classes("012", [64, None, 64])
    'The first classes of which nine of ten stayed right were 0 and 2, from step 64 on. It never came to that for 1.'
    >>> order_of_classes("012", [None, None, None])
    'There is no class of which nine of ten stayed right.'
    """
    there = sorted({step for step in since if step is not None})
    if not there:
        return "There is no class of which nine of ten stayed right."
    names = _named(classes, since, there[0])
    class_was = "class of which nine of ten stayed right was"
    said = f"The first {class_was if len(names) == 1 else 'classes of which nine of ten stayed right were'} "
    said += f"{_in_a_row(names)}, from step {count(there[0])} on."
    if failed := _named(classes, since, None):
        return f"{said} It never came to that for {_in_a_row(failed)}."
    if len(there) == 1:
        return said
    names = _named(classes, since, there[-1])
    verb = "was" if len(names) == 1 else "were"
    return f"{said} The last {verb} {_in_a_row(names)}, from step {count(there[-1])} on."


def _named(classes: Sequence[str], since: Sequence[int | None], step: int | None) -> list[str]:
    return [plain(name) for name, then in zip(classes, since, strict=True) if then == step]


def _in_a_row(names: list[str]) -> str:
    """The first few of them by name."""
    if (more := len(names) - MOST_NAMED) > 0:
        names = [*names[:MOST_NAMED], plural(more, "other")]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def mistakes_then(accuracy: float, of: str, worst: tuple[str, str, int] | None) -> str:
    """Under the table, of one moment.

    worst: a class, what it was most often taken for, and how often; None where nothing was read wrongly.

    >>> mistakes_then(0.5, "40 test digits", ("4", "9", 1))
    '50.0 % of 40 test digits right. Most often 4 was taken for 9: 1 time.'
    """
    if worst is None:
        return f"All of {of} right."
    true, taken_for, times = worst
    return f"{percent(accuracy)} of {of} right. Most often {true} was taken for {taken_for}: {plural(times, 'time')}."


TABLE = "down: what it is; across: what it is taken for"
HEAD = "right"
WHAT_THE_TABLE_SHOWS = (
    "Each number says how many images of a row were read as the class of the column. The deeper the colour, the larger "
    "the part of the row. The numbers without colour are right. At the end of a row a bar says how much of it is right."
)


# ---------------------------------------------------------------- the map


def moved_together(steps: Sequence[int], alike: Sequence[float], of: str) -> str:
    """The line above the map.  alike: at each moment, the fraction of images beside one of their own class.

    >>> moved_together([0, 500], [0.4, 0.9], "300 test digits")
    'Of 300 test digits 40.0 % were next to one of their own class after 0 steps, after 500 steps **90.0 %** were.'
    """
    return (
        f"Of {of} {percent(alike[0])} were next to one of their own class after {plural(steps[0], 'step')}, after "
        f"{plural(steps[-1], 'step')} **{percent(alike[-1])}** were."
    )


def neighbours_then(alike: float, wrong: int, of: str) -> str:
    """Under the map, of one moment.

    >>> neighbours_then(0.9, 12, "300 test digits")
    '90.0 % of 300 test digits are next to one of their own class; 12 are read wrongly.'
    """
    verb = "is" if wrong == 1 else "are"
    return f"{percent(alike)} of {of} are next to one of their own class; {count(wrong)} {verb} read wrongly."


MAP = "where the last hidden layer puts each image"
NEIGHBOURS = "images next to one of their own class, %"


def what_the_map_shows(classes: Sequence[str], written: Sequence[str]) -> str:
    """written: what each class is written as.

    >>> what_the_map_shows(["cat", "horse", "deer"], ["cat", "hor", "dee"]).split("In short: ")[1]
    'hor is horse, dee is deer.'
    """
    shortened = [
        f"{short} is {plain(name)}" for short, name in zip(written, classes, strict=True) if short != name
    ]
    names = f" In short: {', '.join(shortened)}." if shortened else ""
    return (
        "Each sign is a test image, written as its class. It is red while the network reads it wrongly. Images that "
        "the last hidden layer takes for alike lie near each other. The axes are those of the last moment, at every "
        f"moment.{names}"
    )


# ---------------------------------------------------------------- learnt and forgotten

GROUPS = {"forgotten": "Forgotten most often", "never": "Never right", "first": "First right at …"}
CLICK = "Click an image to see what each layer makes of it now."


def what_became_of_them(kept: int, forgotten: int, never: int, of: str) -> str:
    """The line above it; the three numbers make up all images.

    >>> what_became_of_them(65, 33, 2, "100 test digits")
    'Of 100 test digits **33** were forgotten at least once, 65 stayed right from the first time, 2 were never right.'
    """
    return (
        f"Of {of} **{count(forgotten)}** {'was' if forgotten == 1 else 'were'} forgotten at least once, "
        f"{count(kept)} stayed right from the first time, {count(never)} {'was' if never == 1 else 'were'} never right."
    )


def how_many_forgotten(of: str, moments: int) -> str:
    """
    >>> how_many_forgotten("1,000 test digits", 20)
    'It was asked at 20 moments. How many of 1,000 test digits were read rightly once, and wrongly at a later moment?'
    """
    return (
        f"It was asked at {plural(moments, 'moment')}. How many of {of} were read rightly once, and wrongly at a later "
        "moment?"
    )


def why_forgotten(never: int, of: str) -> str:
    """
    >>> why_forgotten(12, "1,000 test digits")
    'A step that mends one image may spoil another. 12 of 1,000 test digits were never right, and so never forgotten.'
    """
    return f"A step that mends one image may spoil another. {count(never)} of {of} {_was_never(never)}."


def _was_never(number: int) -> str:
    return f"{'was' if number == 1 else 'were'} never right, and so never forgotten"


def where_is_it_largest(step: int) -> str:
    """
    >>> where_is_it_largest(840)
    'In which layer is the gradient largest at the end, after step 840?'
    """
    return f"In which layer is the gradient largest at the end, after step {count(step)}?"


def it_is_largest_there(size: str, others: str) -> str:
    """
    >>> it_is_largest_there("0.0210", "0.00910")
    'Its size there is 0.0210; the next is 0.00910.'
    """
    return f"Its size there is {size}; the next is {others}."


def what_forgotten_means(moments: int) -> str:
    """Under the bars."""
    return (
        "Upwards: images that had become right since the moment before; in the first bar all that were right then. "
        "Downwards, in red: images that had become wrong. An image is forgotten when it is right at one moment and "
        f"wrong at the next (Toneva 2019). Seen are {plural(moments, 'moment')}: between them more may have happened."
    )


def bars_alt(gained: int, lost: int) -> str:
    """What a reader who cannot see the bars is told: of all moments together."""
    return f"Over the training images became right {plural(gained, 'time')}, and wrong again {plural(lost, 'time')}."


def none_in(group: str, of: str) -> str:
    """Where a group is empty."""
    if group == "first":
        return f"None of {of} was right at any moment."
    if group == "never":
        return f"Each of {of} was right at one moment at least."
    return f"None of {of} was forgotten at these moments."


def shown_of(shown: int, number: int) -> str:
    """Above the images: how many of a group there are.

    >>> shown_of(24, 333)
    '**24 of 333 images**, and the step after which each was first right'
    """
    many = f"{shown} of {count(number)} images" if shown < number else plural(number, "image")
    return f"**{many}**, and the step after which each was first right"


def first_at(step: int, number: int) -> str:
    """A moment in the list, with how many images were right then for the first time.

    >>> first_at(64, 143)
    'step 64: 143'
    """
    return f"step {count(step)}: {count(number)}"


def tile(name: str, first_step: int | None, forgettings: int) -> tuple[str, str]:
    """Under an image: its class, and when it was first right.

    >>> tile("4", 32, 2), tile("4", None, 0)
    (('4', 'step 32\\nforgotten 2×'), ('4', 'never right'))
    """
    if first_step is None:
        return name, "never right"
    lost = f"\nforgotten {forgettings}×" if forgettings else ""
    return name, f"step {count(first_step)}{lost}"


def tile_label(number: int, name: str, first_step: int | None, forgettings: int) -> str:
    """The same, read out.

    >>> tile_label(7, "4", 32, 2)
    'no. 7, 4, first right after 32 steps, forgotten 2 times'
    """
    when = "never right" if first_step is None else f"first right after {plural(first_step, 'step')}"
    lost = f", forgotten {plural(forgettings, 'time')}" if forgettings else ""
    return f"no. {number}, {name}, {when}{lost}"
