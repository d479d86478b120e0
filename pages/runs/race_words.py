"""The sentences of a race: what is fair about it, where it stands, who is ahead by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnn_core import significance
from cnn_core.model import ModelSpec, summarize
from cnn_core.runs.status import Status
from cnn_core.training import TrainSpec
from cnn_core.training.race import recipe_name
from pages.runs import words
from pages.ui.trained.trained import Trained
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import about, count, direction, epochs, percent, plural
from pages.ui.wording.screen_summary import summary

CONVNET_OR_MLP, NORMALISED = "Convnet or MLP?", "With batch normalisation?"
OPTIMIZERS, RATES, CHANGES = "Which optimiser?", "Which learning rate?", "With random changes?"
START = "Start the race"
NOT_BEGUN = (
    "A fair race: the same images, in the same order, from the same seed. They differ in what you choose and in "
    "nothing else."
)
THREE_SEEDS = "Three seeds each"
WHY_THREE = (
    "Another seed gives other first weights and another order of the images. Three of each show how much of a "
    "difference is luck."
)
ONE_AT_A_TIME = "One of your runs is at work at a time, so they race by epochs and not by the clock."
ONE_SEED = "This is one seed of each. Three seeds show how much the seed matters."
CHART = "One colour for each: solid on images kept aside, dotted on the images being learnt."
BANDS = (
    "One colour for each. A band reaches from the worst to the best of its seeds, and the line is their mean. A line "
    "without a band is one seed."
)
NOBODY = "no difference beyond chance"
PAUSED = "The race is paused. Nothing is lost."
NOT_COMPLETE = "This race is not complete. What is missing can be started; what is done is kept."
OTHER_NUMBERS = "All other numbers of a recipe are on Train: what is chosen there is in the list here."
OTHER_CHANGES = "others"
COMPARE = "Compare them, setting by setting"
ANOTHER = "Another race"
CONTROLS = {"pause": "Pause all", "resume": "Go on", "stop": "Stop all"}


# ---------------------------------------------------------------- before it starts


def recipe_label(recipe: TrainSpec) -> str:
    """A recipe in a list.

    >>> from cnn_core.training import RECIPES
    >>> recipe_label(RECIPES["fast"])
    'Fast recipe'
    """
    name = recipe_name(recipe)
    return name[:1].upper() + name[1:] if "recipe" in name else name


def change(number: int) -> str:
    """The button that opens the numbers of a racer's recipe.

    >>> change(2)
    'Change recipe 2'
    """
    return f"Change recipe {number}"


def with_parameters(spec: ModelSpec) -> str:
    """A design in a list with another of its name.

    >>> from cnn_core.model import PRESETS
    >>> with_parameters(PRESETS["lesson"])
    'Lesson convnet, 93,322 parameters'
    """
    return f"{spec.name}, {count(sum(layer.parameters for layer in summarize(spec)))} parameters"


def cost(runs: int, seconds: float | None) -> str:
    """What is still to be trained.  seconds: of all, one after the other; None where nothing was trained here yet.

    >>> cost(2, 83.0)
    '2 runs, one after the other, about 1 min 20 s.'
    >>> cost(0, 0.0)
    'All of it was trained before: nothing has to be trained again.'
    """
    if not runs:
        return "All of it was trained before: nothing has to be trained again."
    one_by_one = ", one after the other" if runs > 1 else ""
    if seconds is None:
        return f"{plural(runs, 'run')}{one_by_one}. How long that takes is not known: nothing was trained here yet."
    return f"{plural(runs, 'run')}{one_by_one}, {about(seconds)}."


def what_is_shared(images: int, noun: str, seed: int, seeds: int) -> str:
    """What no racer differs in.  images: that each learns from.

    >>> what_is_shared(54_000, "digits", 0, 1)
    'Each learns from the same 54,000 digits, in the same order, with seed 0.'
    >>> what_is_shared(300, "clothes", 4, 3)
    'With each of the seeds 4, 5 and 6, all learn from the same 300 clothes, in the same order.'
    """
    if seeds == 1:
        return f"Each learns from the same {count(images)} {noun}, in the same order, with seed {seed}."
    which = f"the seeds {seed}, {seed + 1} and {seed + 2}"
    return f"With each of {which}, all learn from the same {count(images)} {noun}, in the same order."


def three_seeds_cost(runs: int, seconds: float | None) -> str:
    """What three seeds would cost in all; "" where nobody knows.

    >>> three_seeds_cost(6, 249.0)
    'Three seeds of each: 6 runs, one after the other, about 4 min 10 s.'
    """
    return "" if seconds is None else f"Three seeds of each: {cost(runs, seconds)}"


def in_parts(most: int) -> str:
    """Where three seeds do not go into the queue at once.  most: unfinished trainings that a visitor may have."""
    return (
        f"This server allows a visitor {most} unfinished trainings, so not all seeds begin at once. The next ones "
        "begin by themselves when these are done, while this page stays open."
    )


def start_label(seed: int, heat: int | None, is_begun: bool) -> str:
    """The button that begins what is missing.

    seed: the race's first.
    heat: the number of the first seed of which something is missing, from 0.

    >>> start_label(0, 0, False), start_label(4, 1, True), start_label(0, 0, True)
    ('Start the race', 'Go on with seed 5', 'Start what is missing')
    """
    if not is_begun:
        return START
    return f"Go on with seed {seed + heat}" if heat else "Start what is missing"


# ---------------------------------------------------------------- while it goes on


def stands(statuses: Sequence[Status], diverged: Sequence[bool], seeds: int, is_told: bool = True) -> str:
    """Where one racer stands, of all its seeds.

    statuses: of its runs, one a seed, as far as there are any.
    diverged: of each, whether its loss became infinite.
    is_told:  whether its accuracy may be said.

    >>> stands([Status(state="running", epoch=1.5, epochs=5, eta=22)], [False], 1)
    'epoch 2 of 5, about 22 s left'
    >>> stands([Status(state="queued")], [False], 1)
    'waits for its turn'
    """
    if not statuses:
        return "is not started"
    if seeds > 1:
        done = sum(diverged) + sum(status.state == "finished" for status in statuses)
        working = next((status for status in statuses if status.state == "running"), None)
        more = "" if working is None else f"; now {_one(working, False, is_told)}"
        return f"{done} of {plural(seeds, 'seed')} done{more}"
    return _one(statuses[0], diverged[0], is_told)


def _one(status: Status, is_diverged: bool, is_told: bool) -> str:
    if status.state == "running":
        left = "" if status.eta is None else f", {about(status.eta)} left"
        return f"epoch {min(int(status.epoch) + 1, max(status.epochs, 1))} of {status.epochs}{left}"
    if status.state == "finished":
        accuracy = (status.result or {}).get("accuracy")
        return (
            f"finished: {percent(accuracy)} in the test" if is_told and accuracy is not None else "finished"
        )
    if is_diverged:
        return f"lost: its loss became infinite after {plural_epochs(status.epoch)}"
    if status.state in ("stopped", "failed", "paused"):
        return f"{status.state} after {plural_epochs(status.epoch)}" if status.epoch else status.state
    return "waits for its turn"


def plural_epochs(done: float) -> str:
    """Epochs that are done.

    >>> plural_epochs(1.0), plural_epochs(2.5)
    ('1 epoch', '2.5 epochs')
    """
    return f"{epochs(done)} epoch" + ("" if epochs(done) == "1" else "s")


def one_design(name: str) -> str:
    """Under the racers, where only their recipes differ.

    >>> one_design("Lesson convnet")
    'All of them are the design Lesson convnet.'
    """
    return f"All of them are the design {plain(name)}."


def goes_on(finished: int, runs: int) -> str:
    """The answer while it goes on.

    >>> goes_on(0, 2), goes_on(1, 2)
    ('The race is on: none of its 2 runs has finished yet.', 'The race is on: 1 of its 2 runs has finished.')
    """
    if not finished:
        return f"The race is on: none of its {count(runs)} runs has finished yet."
    has = "has" if finished == 1 else "have"
    return f"The race is on: {count(finished)} of its {plural(runs, 'run')} {has} finished."


# ---------------------------------------------------------------- the verdict


@dataclass(frozen=True)
class Ended:
    """One racer at the end.

    title: what it is called in the race.
    seeds: its finished networks, one a seed.
    lost:  how many of its seeds had a loss that became infinite.
    """

    title: str
    seeds: tuple[Trained, ...]
    lost: int = 0

    @property
    def accuracies(self) -> list[float]:
        """Of its seeds, fractions of the test images."""
        return [one.accuracy for one in self.seeds if one.accuracy is not None]

    @property
    def mean(self) -> float:
        """Their mean; 0 where there is none."""
        return sum(self.accuracies) / len(self.accuracies) if self.accuracies else 0.0

    @property
    def count(self) -> int:
        """How many test images these are fractions of."""
        return self.seeds[0].count if self.seeds else 0


def is_sure(best: Ended, second: Ended) -> bool | None:
    """Whether the best is ahead by more than chance; None where both read the same share."""
    if direction(best.mean - second.mean) == 0:
        return None
    return significance.seeds_beyond_chance(best.accuracies, second.accuracies, best.count)


def in_order(racers: Sequence[Ended]) -> list[Ended]:
    """Those that have an accuracy, the best first."""
    return sorted((one for one in racers if one.accuracies), key=lambda one: -one.mean)


def winner(racers: Sequence[Ended]) -> str:
    """The title of the one that is ahead by more than chance, or NOBODY."""
    ranked = in_order(racers)
    if len(ranked) < 2:
        return ranked[0].title if ranked else NOBODY
    return ranked[0].title if is_sure(ranked[0], ranked[1]) else NOBODY


def verdict(racers: Sequence[Ended], is_told: bool) -> str:
    """What each of them reads, and who won.  is_told: whether that may be said already."""
    if not is_told:
        return "The race is over."
    ranked = in_order(racers)
    lost = [f"{plain(one.title)} has lost: {_lost(one)}." for one in racers if one.lost]
    if not ranked:
        return " ".join(["No network came to an end.", *lost])
    shares = [f"**{plain(one.title)}**: {_share(one)}" for one in ranked]
    said = f"{', '.join(shares)} of {ranked[0].seeds[0].of_which_images}."
    lead = _lead(ranked[0], ranked[1]) if len(ranked) > 1 else ""
    return " ".join(filter(None, [said, *lost, lead]))


def _lost(one: Ended) -> str:
    runs = len(one.seeds) + one.lost
    which = "its loss" if runs == 1 else f"the loss of {count(one.lost)} of its {plural(runs, 'seed')}"
    return f"{which} became infinite"


def _share(one: Ended) -> str:
    if len(one.accuracies) == 1:
        return percent(one.mean)
    ends = f"{percent(min(one.accuracies))} to {percent(max(one.accuracies))}"
    return f"{percent(one.mean)} on average ({ends})"


def _lead(best: Ended, second: Ended) -> str:
    names, sure = (plain(best.title), plain(second.title)), is_sure(best, second)
    if sure is None:
        return f"{names[0]} reads the same share as {names[1]}."
    images = round((best.mean - second.mean) * best.count)
    name = f"On average {names[0]}" if len(best.accuracies) > 1 else names[0]
    said = (
        f"{name} reads {count(images)} more of the {count(best.count)} test images rightly than {names[1]}."
    )
    return f"{said} {'That is more than chance.' if sure else 'That may be chance.'}"


def why(racers: Sequence[Ended]) -> str:
    """What it means that the lead of the best is, or is not, more than chance."""
    ranked = in_order(racers)
    if len(ranked) < 2:
        return "No other came to its end."
    best, second = ranked[:2]
    names, sure = (plain(best.title), plain(second.title)), is_sure(best, second)
    if sure is None:
        return f"{names[0]} and {names[1]} read the same share."
    if len(best.accuracies) == 1 and len(second.accuracies) == 1:
        one = words.Lead(best.seeds[0], second.seeds[0], sure)
        return f"{words.why_chance(one)} {ONE_SEED}"
    if sure:
        return f"Each seed of {names[0]} reads more than each seed of {names[1]}."
    if min(best.accuracies) <= max(second.accuracies):
        return f"Their seeds overlap: one seed of {names[1]} reads as much as one of {names[0]}, or more."
    return f"Their seeds do not overlap, but a test of {count(best.count)} images cannot tell so small a difference."


# ---------------------------------------------------------------- the guess, and the summary


def which_reads_more(noun: str, racers: int, seeds: int) -> str:
    """The question before the curves are seen.

    >>> which_reads_more("digits", 2, 1)
    'Which will read more of the test digits?'
    >>> which_reads_more("clothes", 3, 3)
    'Which will read most of the test clothes on average?'
    """
    average = " on average" if seeds > 1 else ""
    return f"Which will read {'more' if racers == 2 else 'most'} of the test {noun}{average}?"


def summary_of_race(titles: Sequence[str], said: str, is_begun: bool) -> str:
    """The summary of the view.  said: its answer."""
    return summary(
        f"Here networks race: {' against '.join(map(plain, titles))}.",
        said,
        "Try: compare them setting by setting, in the view Compare."
        if is_begun
        else "Try: choose designs and recipes, and press Start the race.",
    )


def chart_alt(titles: Sequence[str], ends: Sequence[str]) -> str:
    """The chart, for whoever cannot see it.  ends: the last value of each line, "" where there is none yet.

    >>> chart_alt(["A", "B"], ["98.0 %", ""])
    'Accuracy on images kept aside, against epochs. A: 98.0 %. B: no value yet.'
    """
    each = " ".join(f"{title}: {end or 'no value yet'}." for title, end in zip(titles, ends, strict=True))
    return f"Accuracy on images kept aside, against epochs. {each}"
