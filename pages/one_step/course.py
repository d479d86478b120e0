"""The training that a step belongs to: its recipe, where it begins, and at which of its moments one can look."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core import pretrained
from cnn_core.data.splits import split_sizes
from cnn_core.looking import LIGHT, Question, work_of
from cnn_core.network_name import NetworkName
from cnn_core.runs.memory import training_needs
from cnn_core.training import RECIPES, TrainSpec
from cnn_core.training.schedule import Timetable
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork

Moment = int | str  # so many steps done, or END
END = "end"  # as the network is that the sidebar shows
MOMENTS = (0, 1, 10, 50, 200, 800)
FIRST_CHOICE = (10, 1, 0)  # early: a network that has learnt all has no gradient left to see
MOST_WORK = 1e12  # multiply-adds to get there, about a minute
MOST_MEMORY = 300e6  # bytes that a step of the training takes, in the pages' own process

# With the rates that are usual for each: Keras's, and of adadelta that of its paper.
OPTIMISERS: dict[str, dict[str, float | str]] = {
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 0.001},
    "adam": {"optimizer": "adam", "learning_rate": 0.001},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.01},
    "momentum": {"optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9},
    "adadelta": {"optimizer": "adadelta", "learning_rate": 1.0},
}
OWN = ""  # the recipe's own optimiser


@dataclass(frozen=True)
class Course:
    """One training.

    now:       the network as the sidebar shows it.
    own:       the recipe of the training, or the lesson's.
    recipe:    how it learns here: the same, perhaps with another optimiser.
    is_known:  whether it was, or is being, trained by this recipe; if not, nobody has, or nobody here knows how.
    optimiser: a key of OPTIMISERS that stands in the place of the recipe's own, or OWN.
    steps:     of the whole training, on the images that are here.
    moments:   at which one can look.
    """

    now: LoadedNetwork
    own: TrainSpec
    recipe: TrainSpec
    is_known: bool
    optimiser: str
    steps: int
    moments: tuple[Moment, ...]

    @property
    def standard(self) -> Moment:
        """Where the page begins: an early moment that is reached at once."""
        light = (
            at for at in FIRST_CHOICE if at in self.moments and _work(self.now, self.recipe, at) <= LIGHT
        )
        return next(light, self.moments[0])

    def at(self, moment: Moment) -> LoadedNetwork:
        """The network that is trained on to a moment: before its first step, or of END as it is."""
        return self.now if moment == END else networks.untrained(self.now.spec, self.recipe.seed)


def course_of(network: LoadedNetwork, optimiser: str = OWN) -> Course:
    """Of the network that is looked at.  optimiser: a key of OPTIMISERS, or OWN.

    Raises StudentError where there are no images to learn from on this machine.
    """
    known = _own_recipe(network)
    own = known or RECIPES["lesson"]
    recipe = _by(optimiser, own)
    images = len(server.images(network.dataset, "train"))
    learn = split_sizes(images)[0] if images > 1 else images
    steps = Timetable.of(recipe, min(learn, recipe.train_size or learn), 0).total
    has_room = training_needs(network.spec, recipe.batch_size) <= MOST_MEMORY
    moments: list[Moment] = [
        at
        for at in MOMENTS
        if at <= steps and (at == 0 or (has_room and _work(network, recipe, at) <= MOST_WORK))
    ]
    if network.trained:
        moments.append(END)
    return Course(network, own, recipe, known is not None, optimiser, steps, tuple(moments))


def _work(network: LoadedNetwork, recipe: TrainSpec, steps: Moment) -> float:
    """Multiply-adds to get to that moment, and to look at its next step."""
    asked = Question.of("one_step", network.dataset, 0, steps=steps, recipe=recipe)
    return work_of(asked, network.spec).total


def _own_recipe(network: LoadedNetwork) -> TrainSpec | None:
    """By which it was trained from its first step, or is being trained; None where nobody knows, or nobody has."""
    if network.kind == "pretrained":
        return pretrained.card(NetworkName.parse(network.weights_key).name).recipe
    if network.run_id is None:
        return None
    run = server.store().run(network.run_id)
    return None if run.is_opened else run.recipe


def _by(optimiser: str, recipe: TrainSpec) -> TrainSpec:
    """The same recipe with another optimiser, without the settings that only its own has."""
    if optimiser == OWN:
        return recipe
    plain: dict[str, float | str | bool] = {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    plain |= {"beta_1": 0.9, "beta_2": 0.999}
    return recipe.replace(check_limits=False, **(plain | OPTIMISERS[optimiser]))
