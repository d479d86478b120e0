"""A saved network becomes a run: read, tested, and written as if it had been trained here.

Whoever imports this pays for no torch; whoever adopts a network does.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.files import explain_disk_errors, write_json
from cnn_core.runs.ids import owner_of
from cnn_core.runs.run import Run
from cnn_core.runs.status import Status, change_status, evaluation_result
from cnn_core.runs.submission import clean_name, create_run
from cnn_core.runs.visitors import Visitors
from cnn_core.training.spec import TrainSpec

if TYPE_CHECKING:
    from cnn_core.data import ImagesLearntFrom
    from cnn_core.model import Network


def adopt(path: Path, content: bytes, name: str, token: str, dataset: str | None = None) -> Run:
    """Take in a saved network as a finished run of the visitor with this token.

    path: the store's folder.
    content: the bytes of a .safetensors file of ours; nothing in it is ever executed.
    name: what the run is to be called; "" calls it like the design.
    dataset: key of the data set whose images it reads, for a file that does not say it; None supposes MNIST.
    Raises StudentError for a file that is not one, whole and fitting, and where the folder cannot be written.
    """
    from cnn_core.training import dataset_of_file, images_learnt_from, load_model

    net, spec = load_model(content)
    learnt_from = images_learnt_from(content)
    read = next((key for key in (dataset_of_file(content), dataset) if key and _is_known(key)), "mnist")
    result = final_result(net, spec, learnt_from, read)
    card = {
        "kind": "training",
        "spec": spec.to_dict(),
        "recipe": TrainSpec(epochs=1).to_dict(),
        "dataset": read,
        "name": clean_name(name or spec.name),
        "adopted": True,
    }
    with explain_disk_errors("The folder for runs cannot be written"):
        return _write(path, net, card, learnt_from, result, owner_of(token))


def _is_known(dataset: str) -> bool:
    """Whether this server knows a data set of this key; a file may come from a later version."""
    try:
        dataset_of(dataset)
    except StudentError:
        return False
    return True


def _write(
    path: Path,
    net: Network,
    card: dict[str, Any],
    learnt_from: ImagesLearntFrom,
    result: dict[str, Any] | None,
    owner: str,
) -> Run:
    from cnn_core.training import save_model

    visitors = Visitors(path)
    visitors.make_folders(owner)
    with visitors.locked(owner):
        run = create_run(path, card, owner, Status(state="finished", ended=time.time()))
        snapshots = run.folder / "snapshots"
        write_json(run.folder / "learnt_from.json", learnt_from.to_dict())
        for snapshot in ("last", "step_00000000_epoch_0.0000"):  # the second is where more epochs begin
            file, dataset = snapshots / f"{snapshot}.safetensors", card["dataset"]
            save_model(file, net, net.spec, learnt_from=learnt_from, dataset=dataset)
        change_status(run.folder, step=1, epoch=1.0, epochs=1, saved_step=1, saved_epoch=1.0, result=result)
        visitors.add_run(owner, run.id)
    return run


def final_result(
    net: Network, spec: ModelSpec, learnt_from: ImagesLearntFrom, dataset: str = "mnist"
) -> dict[str, Any] | None:
    """What a worker would have written of this network at its end, on the test images of this machine.

    learnt_from: the images it learnt from, which may be among them.
    dataset: key of the data set whose images it reads.
    Returns None where its images do not fit the network, or are not on this machine.
    Raises StudentError for weights that are beyond all measure.
    """
    import torch

    from cnn_core.data import available, load_images
    from cnn_core.training import evaluate

    if not net.predict(torch.full((1, *spec.input_shape), 0.5)).isfinite().all():
        raise StudentError(
            f"The weights of “{spec.name}” are so large that it answers a grey image with no numbers.",
            hint="Open a snapshot from before its training went wrong.",
        )
    if not available(dataset).is_usable:
        return None
    test = load_images(dataset, "test", fetch=False)
    if spec.input_shape != tuple(test.images.shape[1:]) or spec.classes != len(test.classes):
        return None
    return evaluation_result(evaluate(net, test), test, learnt_from)
