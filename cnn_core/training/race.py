"""A fair race: two to four designs or recipes, on the same images, in the same order, from the same seeds. No torch.

What is compared is a racer: a design and a recipe. Which images they learn from, how many, and the seed belong to the
race, so that nothing but the racers differs. How a race is run is in `cnn_core.runs.races`.

The racers as a piece of an address: "lesson:fast~mlp:fast". Between racers stands ~, between design and recipe a colon;
either is a name of ours or a link (`model.links`), and without a recipe it is the lesson's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cnn_core.checks import whole
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError, quoted, shown
from cnn_core.model import PRESETS, ModelSpec, fitted, links
from cnn_core.training.spec import EXAMPLES, MAX_SEED, RECIPES, TrainSpec, example_of_recipe

LEAST, MOST = 2, 4  # racers; more than four lines over each other nobody tells apart
SEEDS = (1, 3)  # of each racer: one, or as many as make a band
_BETWEEN, _BEFORE_RECIPE = "~", ":"  # in no name and in no link
_BETWEEN_WORDS = " · "  # of a name: a comma would be read as the next racer
_OF_THE_RACE = ("seed", "train_size")  # settings of a recipe that all racers share
_NAMED = RECIPES | EXAMPLES


@dataclass(frozen=True)
class Racer:
    """A design and a recipe; the recipe's own seed and number of images are put aside."""

    spec: ModelSpec
    recipe: TrainSpec

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", shared_apart(self.recipe))

    @property
    def identity(self) -> tuple[str, str]:
        """Equal for two racers that would come to the same weights."""
        return self.spec.fingerprint, repr(sorted(self.recipe.identity().items()))


class Entry(NamedTuple):
    """One training of a race: what is trained and how, and what it is called."""

    spec: ModelSpec
    recipe: TrainSpec
    title: str


@dataclass(frozen=True)
class Race:
    """Who races, and what is the same for all.

    racers:     two to four, all different.
    dataset:    key of the images; designs for others are fitted to them.
    train_size: how many of them are learnt from; None: all.
    seed:       the first one.
    seeds:      how many of each racer are trained: 1 or 3.

    Raises StudentError for what is no race: too few or too many, two alike, a design that cannot stand on such images.
    """

    racers: tuple[Racer, ...]
    dataset: str = "mnist"
    train_size: int | None = None
    seed: int = 0
    seeds: int = 1

    def __post_init__(self) -> None:
        _check_count(len(self.racers))
        if self.seeds not in SEEDS:
            raise StudentError(f"A race has no {shown(self.seeds)} seeds.", hint="Use 1 or 3.")
        whole("The seed", self.seed, MAX_SEED - max(SEEDS), least=0)
        fitting = tuple(Racer(_on_images(racer.spec, self.dataset), racer.recipe) for racer in self.racers)
        object.__setattr__(self, "racers", fitting)
        places: dict[tuple[str, str], int] = {}
        for place, racer in enumerate(fitting, start=1):
            if (before := places.setdefault(racer.identity, place)) != place:
                raise StudentError(
                    f"Number {before} and number {place} are the same design and the same recipe.",
                    hint="Change one of them: with the same seed both would come to the same weights.",
                )

    @property
    def titles(self) -> tuple[str, ...]:
        """What tells each racer from the others: its design, its recipe, or both."""
        return titles_of(self.racers)

    @property
    def one_design(self) -> str:
        """The name of the design, where all have the same; else ""."""
        return self.racers[0].spec.name if _have_one_design(self.racers) else ""

    def heat(self, number: int) -> tuple[Entry, ...]:
        """The trainings with the same seed, one a racer.  number: of the heat, from 0."""
        seed = self.seed + number
        before, behind = self.one_design, f"seed {seed}" if self.seeds > 1 else ""
        return tuple(
            Entry(
                racer.spec,
                racer.recipe.replace(seed=seed, train_size=self.train_size, check_limits=False),
                _BETWEEN_WORDS.join(filter(None, (before, title, behind))),
            )
            for racer, title in zip(self.racers, self.titles, strict=True)
        )

    @property
    def heats(self) -> tuple[tuple[Entry, ...], ...]:
        """All trainings of the race, seed by seed."""
        return tuple(self.heat(number) for number in range(self.seeds))


def shared_apart(recipe: TrainSpec) -> TrainSpec:
    """A recipe without what all racers share: its seed, and how many images it learns from."""
    return recipe.replace(seed=0, train_size=None, check_limits=False)


def _on_images(spec: ModelSpec, dataset: str) -> ModelSpec:
    record = dataset_of(dataset)
    try:
        return fitted(spec, record.shape, len(record.classes))
    except StudentError as error:
        raise StudentError(
            f"“{spec.name}” cannot learn from {record.name}: {error.message}",
            hint="Choose another design, or other images.",
        ) from None


def _check_count(racers: int) -> None:
    if not LEAST <= racers <= MOST:
        raise StudentError(
            f"A race of {racers} is none: it takes {LEAST} to {MOST}.",
            hint="Add one." if racers < LEAST else f"Leave out {racers - MOST}.",
        )


# ---------------------------------------------------------------- what they are called


def titles_of(racers: Sequence[Racer]) -> tuple[str, ...]:
    """A name for each, no two alike: the design's, the recipe's where they have one design, or both.

    >>> lesson = PRESETS["lesson"]
    >>> titles_of([Racer(lesson, RECIPES["lesson"]), Racer(PRESETS["mlp"], RECIPES["lesson"])])
    ('Lesson convnet', 'MLP')
    >>> titles_of([Racer(lesson, RECIPES["lesson"]), Racer(lesson, TrainSpec("sgd", 0.01))])
    ('lesson recipe', 'sgd · rate 0.01')
    """
    names, recipes = [racer.spec.name for racer in racers], [recipe_name(racer.recipe) for racer in racers]
    if _have_one_design(racers):
        names = recipes
    elif len({racer.recipe for racer in racers}) > 1:
        names = [_BETWEEN_WORDS.join(both) for both in zip(names, recipes, strict=True)]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    )


def _have_one_design(racers: Sequence[Racer]) -> bool:
    return len({racer.spec.fingerprint for racer in racers}) == 1


def recipe_name(recipe: TrainSpec) -> str:
    """A recipe's own name, or how it differs from the lesson's.

    >>> recipe_name(RECIPES["fast"].replace(seed=3)), recipe_name(TrainSpec("sgd", 0.05, momentum=0.9, epochs=2))
    ('fast recipe', 'sgd · rate 0.05 · 2 epochs · momentum 0.9')
    """
    apart = shared_apart(recipe)
    for name, ours in _NAMED.items():
        if apart.identity() == ours.identity():
            return f"recipe of {PRESETS[name].name}" if name in EXAMPLES else f"{name} recipe"
    if (earlier := example_of_recipe(apart)) is not None:
        return f"earlier recipe of {PRESETS[earlier].name}"
    lesson, values = RECIPES["lesson"].identity(), apart.identity()
    return _BETWEEN_WORDS.join(
        _setting(name, value) for name, value in values.items() if value != lesson.get(name)
    )


def _setting(name: str, value: Any) -> str:
    if name == "epochs":
        return "1 epoch" if value == 1 else f"{value} epochs"
    if name == "augment":
        return "random changes" if value else "no random changes"
    if name == "label_noise":
        return f"{100 * value:g} % wrong labels"
    spelt = {
        "optimizer": f"{value}",
        "learning_rate": f"rate {value}",
        "batch_size": f"batches of {value}",
        "schedule": "one cycle",
        "adversarial": f"attacked by {value}",
        "nesterov": "nesterov",
        "beta_1": f"β1 {value}",
        "beta_2": f"β2 {value}",
    }
    return spelt.get(name, f"{name.replace('_', ' ')} {value}")


# ---------------------------------------------------------------- as a piece of an address


def written(racers: Sequence[Racer]) -> str:
    """The racers as text for an address; "" where they are too large for one."""
    texts = []
    for racer in racers:
        try:
            recipe = _recipe_text(racer.recipe)
            texts.append(_design_text(racer.spec) + (_BEFORE_RECIPE + recipe if recipe else ""))
        except StudentError:  # too large for a link of its own
            return ""
    text = _BETWEEN.join(texts)
    return text if len(text) <= links.MAX_TEXT else ""


def _design_text(spec: ModelSpec) -> str:
    ours = next((key for key, preset in PRESETS.items() if preset == spec), None)
    return ours or spec.to_link()


def _recipe_text(recipe: TrainSpec) -> str:
    ours = next((name for name, one in _NAMED.items() if one.identity() == recipe.identity()), None)
    if ours is not None:
        return "" if ours == "lesson" else ours
    lesson, values = RECIPES["lesson"].identity(), recipe.identity()
    return links.encode({name: value for name, value in values.items() if value != lesson.get(name)})


def read(text: str) -> tuple[Racer, ...]:
    """The inverse of `written`, of whatever a stranger wrote. Raises StudentError, and nothing else.

    Reads at most 8,000 characters; each design is held to this server's limits.
    """
    if len(text) > links.MAX_TEXT:
        raise StudentError(
            f"This race has {len(text):,} characters.", hint=f"Ours have {links.MAX_TEXT:,} at most."
        )
    pieces = text.split(_BETWEEN)
    _check_count(len(pieces))
    return tuple(_racer(piece) for piece in pieces)


def _racer(text: str) -> Racer:
    design, _, recipe = text.partition(_BEFORE_RECIPE)
    spec = PRESETS[design] if design in PRESETS else ModelSpec.from_link(_link(design))
    if not recipe:
        return Racer(spec, RECIPES["lesson"])
    if recipe in _NAMED:
        return Racer(spec, _NAMED[recipe])
    values = links.decode(_link(recipe))
    for name in _OF_THE_RACE:
        values.pop(name, None)
    return Racer(spec, TrainSpec.from_dict(values))


def _link(text: str) -> str:
    if "." not in text:
        names = ", ".join(PRESETS)
        raise StudentError(
            f"A race knows no {quoted(text)}.",
            hint=f"Designs are called {names}; recipes {', '.join(_NAMED)}.",
        )
    return text
