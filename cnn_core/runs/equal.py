"""Whether a run did just what is asked for now: then its weights would come out again, and nobody need wait."""

from __future__ import annotations

import math

from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.runs.run import Run
from cnn_core.training.schedule import steps_per_epoch


def kept_its_recipe(run: Run) -> bool:
    """Whether nobody changed the learning rate while it trained.

    Raises StudentError for a run that this server cannot read.
    """
    recipe = run.recipe
    if run.control.get("learning_rate") not in (None, recipe.learning_rate):
        return False
    if recipe.schedule != "constant":
        return True
    return all(
        math.isclose(rate, recipe.learning_rate, rel_tol=1e-6) for rate in run.history().learning_rates
    )


def same_images(run: Run) -> bool:
    """Whether it learnt from as many images of its data set as are here now: a few first, and all of them later.

    True where the run has not counted its images yet.
    """
    from cnn_core.data import available  # here: a store that is only looked at needs no data

    status, here = run.status, available(run.dataset)
    is_sample = (status.result or {}).get("is_sample")
    if isinstance(is_sample, bool) and here.train and is_sample != (here.state == "sample"):
        return False
    if not status.steps or not here.train:
        return True
    recipe, learn = run.recipe, split_sizes(here.train)[0]
    per_epoch = steps_per_epoch(min(learn, recipe.train_size or learn), recipe.batch_size)
    return status.steps == per_epoch * recipe.epochs


def is_equal(run: Run, epochs: int) -> bool:
    """Whether a run with the same design, recipe, data set and seed has the weights that are asked for.

    epochs: that are asked for; the run may have been given more since, and 0 is no training.
    """
    if run.status.state in ("failed", "stopped"):
        return False
    if not epochs:
        return True
    try:
        return run.recipe.epochs == epochs and kept_its_recipe(run) and same_images(run)
    except StudentError:
        return False
