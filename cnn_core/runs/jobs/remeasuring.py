"""The job "measure the averages anew": of a finished run, by one pass over the images it learnt from.

Its outcome stands beside the run: `snapshots/remeasured.safetensors` and `remeasured.json`. The run itself, its weights
and its result stay as they are, whatever happens here.
"""

from __future__ import annotations

import logging

from cnn_core.data import load_images
from cnn_core.errors import StudentError
from cnn_core.runs.files import condition_of, write_json
from cnn_core.runs.jobs.leaving import DONE
from cnn_core.runs.jobs.training_job import learning_images
from cnn_core.runs.run import Run
from cnn_core.training import evaluate, load_model, measure_averages, save_model

log = logging.getLogger("convscope.worker")


def remeasure_run(run: Run) -> str:
    """Do it; returns DONE. What could not be done stands in the file, as a sentence for the run's owner."""
    file = run.folder / "remeasured.json"
    try:
        write_json(file, _remeasured(run), durable=True)
    except StudentError as error:
        write_json(file, {"error": str(error)})
    except Exception as error:
        if condition_of(error):  # the disk's, and not this run's: it is tried again
            raise
        log.warning("run %s: its averages could not be measured", run.id, exc_info=True)
        write_json(file, {"error": "The averages could not be measured. Try again later."})
    return DONE


def _remeasured(run: Run) -> dict[str, float]:
    images, validation = learning_images(run.dataset)
    recipe = run.recipe
    learnt_from = images.take(recipe.train_size, seed=recipe.seed) if recipe.train_size else images
    net, spec = load_model(run.snapshot_path(run.moment), check_limits=False)
    measure_averages(net, learnt_from)
    path = run.folder / "snapshots" / "remeasured.safetensors"
    save_model(path, net, spec, learnt_from=run.learnt_from, dataset=run.dataset, durable=True)
    result = evaluate(net, load_images(run.dataset, "test"))
    return {
        "accuracy": result.accuracy,
        "loss": result.loss,
        "count": result.count,
        "validation": evaluate(net, validation).accuracy,
        "images": len(learnt_from),
        "step": run.status.step,
    }
