"""A saved network becomes a run: read, tested, and written as if it had been trained here.

Whoever imports this pays for no torch; whoever adopts a network does.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def adopt(path: Path, content: bytes, name: str, token: str) -> Run:
    """Take in a saved network as a finished run of the visitor with this token.

    path: the store's folder.
    content: the bytes of a .safetensors file of ours; nothing in it is ever executed.
    name: what the run is to be called; "" calls it like the design.
    Raises StudentError for a file that is not one, whole and fitting, and where the folder cannot be written.
    """
    from cnn_core.training import images_learnt_from, load_model

    net, spec = load_model(content)
    learnt_from = images_learnt_from(content)
    result = final_result(net, spec, learnt_from)
    card = {
        "kind": "training",
        "spec": spec.to_dict(),
        "recipe": TrainSpec(epochs=1).to_dict(),
        "dataset": "mnist",
        "name": clean_name(name or spec.name),
        "adopted": True,
    }
    with explain_disk_errors("The folder for runs cannot be written"):
        return _write(path, net, card, learnt_from, result, owner_of(token))


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
            save_model(snapshots / f"{snapshot}.safetensors", net, net.spec, learnt_from=learnt_from)
        change_status(run.folder, step=1, epoch=1.0, epochs=1, saved_step=1, saved_epoch=1.0, result=result)
        visitors.add_run(owner, run.id)
    return run


def final_result(net: Network, spec: ModelSpec, learnt_from: ImagesLearntFrom) -> dict[str, Any] | None:
    """What a worker would have written of this network at its end, on the MNIST test images of this machine.

    learnt_from: the images it learnt from, which may be among them.
    Returns None where MNIST's images do not fit it.
    Raises StudentError for weights that are beyond all measure.
    """
    import torch

    from cnn_core.data import load_images
    from cnn_core.training import evaluate

    if not net.predict(torch.full((1, *spec.input_shape), 0.5)).isfinite().all():
        raise StudentError(
            f"The weights of “{spec.name}” are so large that it answers a grey image with no numbers.",
            hint="Open a snapshot from before its training went wrong.",
        )
    if spec.input_shape != (1, 28, 28) or spec.classes != 10:
        return None
    test = load_images("mnist", "test", fetch=False)
    return evaluation_result(evaluate(net, test), test, learnt_from)
