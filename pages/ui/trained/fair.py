"""A fair race: a convnet, an MLP and one's own network, trained by one recipe on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, fitted
from cnn_core.runs.together import Wish, submit_all
from cnn_core.training import RECIPES
from pages.ui.trained.trained import Trained
from pages.ui.visitor import server, who

if TYPE_CHECKING:
    from cnn_core.data import ImagesLearntFrom
    from cnn_core.model import ModelSpec

RIVALS = ("lesson", "mlp")  # designs that race against one's own
LOOKED_AT = 30  # of a visitor's newest runs


def same_images(one: ImagesLearntFrom, other: ImagesLearntFrom) -> bool:
    """Whether two networks certainly learnt from the same images."""
    return one.is_known and other.is_known and one.portions == other.portions


def is_fair(networks: Sequence[Trained]) -> bool:
    """Whether they all learnt from the same images; one that has not begun is no reason to doubt it."""
    learnt = [one.learnt_from for one in networks if has_learnt(one)]
    return all(same_images(learnt[0], other) for other in learnt[1:])


def has_learnt(one: Trained) -> bool:
    """Whether it learnt from anything yet, known or not."""
    return bool(one.learnt_from.portions) or not one.learnt_from.is_known


def trained_on_the_same(learnt_from: ImagesLearntFrom, spec: ModelSpec) -> str | None:
    """The name of the visitor's newest finished run of this design on the same images; None without one."""
    for run in server.store().runs(owner=who.visitor(), limit=LOOKED_AT):
        if run.kind != "training" or run.status.state != "finished":
            continue
        with suppress(StudentError):
            if run.spec.fingerprint == spec.fingerprint and same_images(run.learnt_from, learnt_from):
                return f"run:{run.id}"
    return None


def race(own: Trained) -> list[str]:
    """Start what is missing of a fair race with this network. Returns the names of its runs, one's own first.

    One that was trained so before is not trained again. A network whose recipe nobody knows, or which learnt from
    images that are no longer those at hand, is trained anew with the others.
    Raises StudentError, and starts none, where the visitor's queue has no room for all that is missing.
    """
    recipe = own.recipe or RECIPES["lesson"]
    dataset = own.dataset or "mnist"
    if not _images_are_at_hand(own):
        # With the same seed the store would return the old one.
        recipe = recipe.replace(seed=recipe.seed + 1, check_limits=False)
    record = dataset_of(dataset)
    specs = {own.spec.fingerprint: own.spec} if own.spec.input_shape == record.shape else {}
    for name in RIVALS:
        rival = fitted(PRESETS[name], record.shape, len(record.classes))
        specs.setdefault(rival.fingerprint, rival)
    wishes = [
        Wish(spec, recipe, dataset, own.title if spec.fingerprint == own.spec.fingerprint else spec.name)
        for spec in specs.values()
    ]
    runs = submit_all(server.store(), wishes, who.visitor())
    server.wake_runner()
    return [f"run:{run.id}" for run in runs]


def _images_are_at_hand(own: Trained) -> bool:
    """Whether a training that is started now would learn from the images that this one learnt from."""
    from cnn_core.data import available

    state = available(own.dataset or "mnist").state
    return all(portion.source == state for portion in own.learnt_from.portions) and own.learnt_from.is_known
