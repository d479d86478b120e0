"""The sentences of the Runs page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnn_core.data.sources import dataset_of
from cnn_core.runs.best import Best
from pages.runs.verdicts import beyond_chance
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, direction, epochs, percent, plural, probability
from pages.ui.wording.screen_summary import summary
from pages.ui.wording.which_images import how_many

# ---------------------------------------------------------------- comparing

NO_RUNS = "You have no runs yet, so these are ours. Train one, and it appears here."
NONE_IN_A_SCENE = "You have no runs, so these are ours."  # where a teacher's scene leaves out training
OPEN_YOUR_OWN = "Open your own network: from Keras, PyTorch, ONNX, or saved here"
MY_RECORD = "My record: networks, predictions and pictures to print"
SOMEBODY_ELSE = "I am somebody else"
FORGET_ME = "Forget me on this computer"
_A_SEAT = (
    "Your place in the class “{}” stays, with what you did there, and nobody can be there under your name. "
    "If that is not what you want, leave the class first."
)
_A_DESK = "You teach the class “{}”. You get back to it by a teacher’s link alone; the page Class makes one."
OTHER_TABS = "Close the other tabs of Convscope as well: they keep what they show until then."
OLDER_RUNS = "To keep an older one, look inside it and copy its address."
CHOOSE = "Choose runs below, up to six."
CURVES = (
    "One colour per run: solid on images kept aside, dotted on the images being learnt. Beside each name stands the "
    "last value of its solid line."
)
BAND = "The band reaches from the worst to the best of the seeds, the line is their mean."
MEASURES = {"accuracy": "accuracy", "top": "its top, enlarged", "loss": "loss"}
NO_DIFFERENCE = "They differ in nothing."
NO_KNOWN_DIFFERENCE = "They differ in nothing that is known; how one of them was trained is not known."
FAIR_RACE = "Train a convnet and an MLP on the same images"
RACE_THEM = "Set up a race of these"


def list_heading(has_own: bool) -> str:
    """What stands above the list of networks.  has_own: whether one of the visitor's is among them."""
    return "My networks and ours" if has_own else "Our networks"


def verdict(runs: Sequence[Trained], told: bool = True) -> str:
    """How each of them did in the test, the visitor's own first, and whether the best is ahead by more than chance.

    told: whether the last may be said.
    """
    if not runs:
        return CHOOSE
    tested = sorted(
        (run for run in runs if run.accuracy is not None), key=lambda run: (run.is_ours, -(run.accuracy or 0))
    )
    if not tested:
        return "None has finished yet."
    sentences = [_accuracies(tested)]
    sentences += [f"{plain(run.label)} has not finished." for run in runs if run.accuracy is None]
    sentences += [_no_test(run) for run in tested if not run.is_tested]
    sentences += [_lead(tested, told)] if len(tested) > 1 else []
    if len(runs) == 1:
        sentences.append("Choose a second one below to compare.")
    return " ".join(filter(None, sentences))


def summary_of_runs(mine: int, compared: Sequence[str], answer: str) -> str:
    """The summary of the view that compares.

    mine:     how many runs of the visitor's own the list holds.
    compared: names of the chosen ones.
    answer:   the page's first line.
    """
    chosen = f"Compared are {', '.join(map(plain, compared))}." if compared else ""
    listed = f"{plural(mine, 'run')} of yours, and ours" if mine else "runs of ours"
    return summary(
        f"Here runs are compared. The list holds {listed}.",
        chosen,
        answer,
        "Try: tick another run in the list, or look inside one.",
    )


def _accuracies(tested: Sequence[Trained]) -> str:
    """Each with its accuracy, those together that were tested on the same images."""
    groups: dict[str, list[str]] = {}
    for run in tested:
        text = f"**{plain(run.label)}**: {percent(run.accuracy or 0)}"
        groups.setdefault(run.of_which_images, []).append(text)
    return " ".join(f"{', '.join(texts)} of {images}." for images, texts in groups.items())


def _no_test(run: Trained) -> str:
    if run.seen:
        share = f"{count(run.seen)} of its {count(run.count)} test images"
        return f"{plain(run.label)} learnt from {share}: that is no test."
    return f"Which images {plain(run.label)} learnt from is not known: that may be no test."


CHANCE = ("more than chance", "it may be chance")


class Lead(NamedTuple):
    """The best of some networks and the second; whether its lead is more than chance, None where they read as much."""

    best: Trained
    second: Trained
    is_sure: bool | None

    @property
    def images(self) -> int:
        """How many more of the test images the best reads."""
        return round(((self.best.accuracy or 0) - (self.second.accuracy or 0)) * self.best.count)


def lead(runs: Sequence[Trained]) -> Lead | None:
    """Who is ahead; None where that cannot be said: fewer than two are tested, on the same images, in earnest."""
    tested = [run for run in runs if run.accuracy is not None]
    if len(tested) < 2 or _on_different_images(tested):
        return None
    best, second = sorted(tested, key=lambda run: (-(run.accuracy or 0), run.is_ours))[:2]
    if not (best.is_tested and second.is_tested):
        return None
    is_equal = direction((best.accuracy or 0) - (second.accuracy or 0)) == 0
    return Lead(best, second, None if is_equal else beyond_chance(best, second))


def _on_different_images(tested: Sequence[Trained]) -> bool:
    return len({(run.dataset, run.of_which_images) for run in tested}) > 1


def _lead(tested: Sequence[Trained], told: bool) -> str:
    """How far the best is ahead of the second, and what that is worth.  told: whether that may be said."""
    if _on_different_images(tested):
        return "They were tested on different images, so that says little."
    one = lead(tested)
    if one is None or (one.is_sure is not None and not told):
        return ""  # the question says it
    names = plain(one.best.label), plain(one.second.label)
    if one.is_sure is None:
        return f"{names[0]} reads the same share as {names[1]}."
    sure = "more than chance" if one.is_sure else "within chance: another seed could turn it round"
    # Images, not points: 99.6 % and 99.1 % may be 0.6 points apart, which nobody reads who subtracts them.
    said = (
        f"{names[0]} reads {one.images} more of the {one.best.count:,} test images rightly than {names[1]}."
    )
    return f"{said} That is {sure}."


def is_it_chance(one: Lead) -> str:
    """Whether the lead is luck, as a question."""
    return (
        f"{plain(one.best.label)} reads {one.images} more of {one.best.count:,} test images than "
        f"{plain(one.second.label)}. Is that more than chance?"
    )


def why_chance(one: Lead) -> str:
    """What it means that a lead is, or is not, more than chance."""
    cases = "fewer" if one.is_sure else "more"
    return f"Luck alone puts two equally good networks so far apart in {cases} than one of twenty tests of this size."


def unfair(runs: Sequence[Trained]) -> str:
    """That they did not learn from the same images, and from how many each did; two or more of them."""
    numbers: dict[str, list[str]] = {}
    for run in sorted(runs, key=lambda run: run.is_ours):
        numbers.setdefault(how_many(run.learnt_from), []).append(plain(run.label))
    each = "; ".join(f"{' and '.join(names)}: {number}" for number, names in numbers.items())
    return f"This is no fair race: they did not learn from the same images. Images learnt from: {each}."


def seeds_in_words(group: Sequence[Trained]) -> str:
    """How far seeds alone make the accuracy vary, so that a difference can be held against it."""
    accuracies = [run.accuracy for run in group if run.accuracy is not None]
    title = plain(group[0].label)
    if len(accuracies) < 2:
        return f"{plural(len(group), 'seed')} of {title}: wait until two have finished."
    low, high, mean = min(accuracies), max(accuracies), sum(accuracies) / len(accuracies)
    spread = (high - low) * 100
    return (
        f"{plural(len(accuracies), 'seed')} of **{title}** end between {percent(low)} and {percent(high)}, on "
        f"average {percent(mean)}. "
        f"A difference below about {max(spread, 0.1):.1f} points between two runs means nothing."
    )


def without_curve(runs: Sequence[Trained]) -> str:
    """Which of the chosen runs are not in the chart."""
    return f"No curve yet, or none was kept: {'; '.join(plain(run.label) for run in runs)}."


def where_they_differ(settings: int) -> str:
    """Heading of the table. settings: how many differ."""
    return f"Where they differ: {plural(settings, 'setting')}"


# ---------------------------------------------------------------- the list


def best_epoch(best: Best) -> str:
    """In a run's row, after its time: its best epoch, by the images kept aside.

    >>> best_epoch(Best(70, 7.0, 0.931))
    ' · best epoch 7'
    """
    return f" · best epoch {epochs(best.epoch)}"


def share_in_row(one: Trained) -> str:
    """A row's accuracy, and of how many images; its state before it was tested."""
    if one.accuracy is None:
        return one.state
    note = "no test" if one.seen else f"of {count(one.count)}"
    return f"{percent(one.accuracy)} :gray[{note}]"


def compare_box(name: str) -> str:
    """What a screen reader says of a row's checkbox.

    >>> compare_box("Tiny convnet")
    'Compare Tiny convnet'
    """
    return f"Compare {plain(name)}"


def look_inside(name: str) -> str:
    """A row's button. The name is for the ear: `names_for_the_ear` takes what is coloured off the screen."""
    return f"Look inside :gray[{plain(name)}]"


def more(name: str) -> str:
    """The label of a row's menu. The name is for the ear alone, as in `look_inside`."""
    return f"More :gray[about {plain(name)}]"


def from_its_weights(dataset: str) -> str:
    """By what a network that was opened from a file is trained further.  dataset: its key; "" where nobody knows.

    >>> from_its_weights("cifar10")
    'By the lesson’s recipe on CIFAR-10, beginning with these weights.'
    """
    images = f" on {dataset_of(dataset).name}" if dataset else ""
    return f"By the lesson’s recipe{images}, beginning with these weights."


RATE_IS_GONE = "Its learning rate ended near zero (one cycle), so more epochs would change almost nothing."
WEIGHTS = {"last": "last epoch", "best": "best epoch", "remeasured": "averages anew"}
OPENED = "Opened from a file: Convscope does not know how it was trained before."
CUT = "Cut out of another network, on the page Break it."
SEEDS = "The same design and recipe with other random choices: how much is luck?"


def deleted(name: str) -> str:
    """Beside the button that brings a run back."""
    return f"Deleted “{plain(name)}”. It can be brought back for a day."


# ---------------------------------------------------------------- the replay

JUST_BEGUN = "This run has just begun: its first moments appear here as soon as they are made."
NOT_KEPT = (
    "The course of this network’s training was not kept. The lesson’s convnet and your runs have theirs."
)


def what_replay_shows(has_curve: bool, has_maps: bool = True) -> str:
    """What the flipbook shows.

    has_curve: whether the accuracy is drawn below.
    has_maps:  whether it is about a filter; a unit of a dense layer has neither a map nor a kernel.

    >>> what_replay_shows(has_curve=False, has_maps=False)
    'The picture shows the same unit, from the first weights of its training to the last. Watch how it changes.'
    """
    first_to_last = "from the first weights of its training to the last"
    if not has_maps:
        meanwhile = ", and what the accuracy does meanwhile" if has_curve else ""
        return f"The picture shows the same unit, {first_to_last}. Watch how it changes{meanwhile}."
    rises = ", and whether the accuracy rises at that moment" if has_curve else ""
    return (
        f"Every picture shows the same filter at the same moment, {first_to_last}. "
        f"Watch when its map becomes clear{rises}."
    )


def looking(moments: int) -> str:
    """While the pictures are made."""
    return f"Looking into {count(moments)} moments of the training …"


def share_of(noun: str, number: int | None) -> str:
    """What an accuracy so far is a share of. number: how many were read; None for all there are.

    >>> share_of("digits", 500), share_of("clothes", None)
    ('500 test digits', 'all test clothes')
    """
    return f"all test {noun}" if number is None else f"{count(number)} test {noun}"


def came_to_see(first: str, last: str, image: str, sure: float) -> str:
    """The answer in one line.

    first, last: the classes read at the two ends of the training.
    image:       its title.
    sure:        how sure the network is of the last one, a fraction.
    """
    comma = "," if "," in image else ""
    return f"At the start it read {image}{comma} as {first}. Now it reads it as **{last}**, {probability(sure)} sure."


def moment(read: str, sure: float, right: float | None, of: str, is_silent: bool) -> str:
    """Under the pictures of one moment.

    read:      the class that the network reads.
    sure:      how sure it is of that, a fraction.
    right:     what it reads rightly of the test images, a fraction; None where there are none here.
    of:        which images those are, as `share_of` says it.
    is_silent: whether its filter has no picture.
    """
    silent = " Its filter finds nothing to look for yet." if is_silent else ""
    tested = "" if right is None else f"; {percent(right)} of {of} right"
    return f"It reads {read}, {probability(sure)} sure{tested}.{silent}"


KERNEL_IN_COLOUR = "its kernel; grey is 0"


def kernel_title(maps: int, heaviest: int) -> str:
    """Of the picture of a filter's heaviest kernel. maps: how many there are below it.

    >>> kernel_title(1, 0), kernel_title(32, 7)
    ('its kernel', 'its kernel over map 7')
    """
    return "its kernel" if maps == 1 else f"its kernel over map {heaviest}"


# ---------------------------------------------------------------- on a shared computer


def what_forgetting_means(states: Sequence[str]) -> str:
    """What becomes of a visitor's runs when the browser forgets whose they are.

    states: of all their runs, as a `Status` has them.
    """
    why = "Whoever opens Convscope next in this browser is taken for you, and may change your runs."
    if not states:
        return f"{why}\n\nYou have no runs here. A data set that you made stays, and only its link finds it then."
    stay = f"your {plural(len(states), 'run')} {'stays' if len(states) == 1 else 'stay'} on this server"
    working = sum(state in ("queued", "running", "interrupted") for state in states)
    parts = [f"{plural(working, 'that is', 'that are')} not done yet {'goes' if working == 1 else 'go'} on"]
    paused = states.count("paused")
    parts = (parts if working else []) + (
        [f"{paused} paused {'stays' if paused == 1 else 'stay'} so"] if paused else []
    )
    return (
        f"{why}\n\nIf you are forgotten, {'; '.join([stay, *parts])}. Only their links find them then, to look at: "
        "nobody can rename, stop or delete them any more. A data set that you made stays too, and only its link finds "
        "it.\n\nTo take a network with you, save it first: **More**, in its row."
    )


def what_becomes_of_a_seat(title: str, is_teacher: bool) -> str:
    """Of a place in a class, when the browser forgets its visitor."""
    return (_A_DESK if is_teacher else _A_SEAT).format(plain(title))
