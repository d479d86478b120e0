"""A trained network and how it came about: one record, whether it was a run or came with Convscope."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnn_core.data.learnt_from import ImagesLearntFrom
from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.network_name import NetworkName
from cnn_core.runs.run import is_number
from cnn_core.training.history import History
from pages.ui.visitor import networks, server
from pages.ui.wording.which_images import tested_on

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec, Network
    from cnn_core.pretrained import Card
    from cnn_core.runs import Run
    from cnn_core.runs.best import Best
    from cnn_core.training import TrainSpec

# How exported programs call the 500 test digits that come with Convscope.
_SAMPLE, _SAMPLE_IMAGES = "mnist_sample", 500


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    name:     as `networks.named` takes it: "run:<id>" or "pretrained:<name>".
    title:    its own name, for people.
    recipe:   None where nobody knows it: it was opened from a file, or cut out of another network, and not trained here
              since.
    dataset:  what it learnt from.
    history:  its curves; empty ones where none were kept.
    accuracy: a fraction of the test images; None before it was tested.
    loss:     mean cross-entropy on them; None likewise.
    count:    how many they are; 0 likewise.
    is_sample: whether they are a part that stands in for the whole data set.
    seen:     how many of them it had learnt from; then its accuracy is no test.
    learnt_from: which images it learnt from.
    steps:    changes of its weights, as far as they happened here; 0 where that is not known.
    own_rate: the learning rate that its owner chose while it trained; None where nobody touched it.
    seconds:  of training.
    state:    of a run; ours are finished.
    best:     of a run: its best epoch by the validation images.
    is_cut:   whether it was cut out of another network here, on the page Break it.
    apart:    its data set's name, in a list with others of its title that learnt from other images.
    """

    name: str
    title: str
    spec: ModelSpec
    recipe: TrainSpec | None
    dataset: str
    history: History = field(default_factory=History)
    accuracy: float | None = None
    loss: float | None = None
    count: int = 0
    is_sample: bool = False
    seen: int = 0
    learnt_from: ImagesLearntFrom = field(default_factory=ImagesLearntFrom)
    steps: int = 0
    own_rate: float | None = None
    seconds: float = 0.0
    state: str = "finished"
    best: Best | None = None
    is_cut: bool = False
    apart: str = ""

    @classmethod
    def of_run(cls, run: Run, moment: str = "") -> Trained:
        """A run as it stands now.

        moment: which of its weights, as `NetworkName` names them; "" is what it came to.
        """
        status = run.status
        result = _result(run, moment)
        return cls(
            name=str(NetworkName("run", run.id, moment=moment)),
            title=run.name + networks.moment_words(run, moment),
            spec=run.spec,
            recipe=run.recipe if run.has_recipe else None,
            dataset=run.dataset,
            history=run.history(),
            accuracy=result.get("accuracy"),
            loss=result.get("loss"),
            count=int(result.get("count", 0)),
            is_sample=result.get("is_sample", result.get("count") == _SAMPLE_IMAGES) is True,
            seen=int(result.get("seen", 0)),
            learnt_from=run.learnt_from,
            steps=status.step if run.has_recipe else 0,
            own_rate=run.control.get("learning_rate"),
            seconds=status.seconds,
            state=status.state,
            best=run.best() if run.has_recipe else None,
            is_cut=run.is_cut,
        )

    @classmethod
    def of_card(cls, card: Card) -> Trained:
        """One of the networks that come with Convscope."""
        return cls(
            name=f"pretrained:{card.name}",
            title=card.title,
            spec=card.spec,
            recipe=card.recipe,
            dataset=card.dataset,
            history=_history_of(card),
            accuracy=card.test_accuracy,
            loss=card.test_loss,
            count=card.test_images,
            learnt_from=card.learnt_from,
            steps=_history_of(card).train.step[-1] if len(_history_of(card).train) else 0,
            seconds=card.seconds,
        )

    @classmethod
    def named(cls, name: str) -> Trained:
        """The network of that name. Raises StudentError where there is none, or none that was trained."""
        from cnn_core import pretrained

        network = NetworkName.parse(name)
        if network.kind == "pretrained":
            return cls.of_card(pretrained.card(network.name))
        return cls.of_run(server.store().run(network.name), network.moment)

    @property
    def label(self) -> str:
        """Its title in a list of runs, where ours are marked."""
        return ", ".join(filter(None, [self.title, self.apart, "ours" if self.is_ours else ""]))

    @property
    def parameters(self) -> int:
        """How many weights and biases it learnt."""
        return sum(layer.parameters for layer in summarize(self.spec))

    @property
    def opened(self) -> bool:
        """Whether it comes from a file, or was cut out of another network, and was not trained here since."""
        return self.recipe is None

    @property
    def came_from(self) -> str:
        """Where it comes from, of one whose recipe nobody knows."""
        return "cut out of another network" if self.is_cut else "opened from a file"

    @property
    def has_curve(self) -> bool:
        """Whether there is anything to draw of its learning."""
        return bool(len(self.history.validation) or len(self.history.train))

    @property
    def design(self) -> tuple[str, TrainSpec | None, str, tuple[tuple[str, int], ...]]:
        """Equal for runs that differ by nothing but the seed."""
        images = tuple((portion.source, portion.count) for portion in self.learnt_from.portions)
        recipe = self.recipe and self.recipe.replace(seed=0, check_limits=False)
        return self.spec.fingerprint, recipe, self.dataset, images

    @property
    def is_ours(self) -> bool:
        """Whether it came with Convscope."""
        return NetworkName.parse(self.name).kind == "pretrained"

    @property
    def is_tested(self) -> bool:
        """Whether its accuracy is one on images that it certainly had not learnt from."""
        return self.accuracy is not None and self.seen == 0 and self.learnt_from.is_known

    @property
    def of_which_images(self) -> str:
        """What its accuracy is a share of."""
        return tested_on(self.dataset, self.count, self.is_sample)

    @property
    def stem(self) -> str:
        """The beginning of its files' names."""
        return file_stem(self.title)

    @property
    def source(self) -> str:
        """The images it was tested on, as exported programs know them."""
        return _SAMPLE if self.dataset == "mnist" and self.count == _SAMPLE_IMAGES else self.dataset

    @property
    def net(self) -> Network:
        """The network itself, shared by all visitors: in evaluation mode, for reading only."""
        return networks.named(self.name).net


def _result(run: Run, moment: str) -> dict[str, Any]:
    """How these weights of a run did on the test images; {} where that was not measured."""
    result = run.status.result or {}
    if moment in ("", run.moment):
        return result
    other = run.remeasured() if moment == "remeasured" else result.get("other")
    return other if isinstance(other, dict) and is_number(other.get("accuracy"), most=1) else {}


def file_stem(name: str, otherwise: str = "network") -> str:
    """A name that every file system takes; `otherwise` where nothing of it can be kept.

    >>> file_stem("Lesson convnet (2)"), file_stem("../../etc")
    ('lesson_convnet_2', 'etc')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or otherwise


def _history_of(card: Card) -> History:
    from cnn_core import pretrained

    try:
        return pretrained.history(card.name)
    except StudentError:
        return History()
