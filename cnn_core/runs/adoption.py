"""A saved network becomes a run at once, in the process that asks: for a notebook. The pages have a worker do it.

Whoever imports this pays for no torch; whoever adopts a network does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cnn_core.runs.files import explain_disk_errors
from cnn_core.runs.ids import owner_of
from cnn_core.runs.openings import KIND
from cnn_core.runs.run import LONGEST_NAME, Run
from cnn_core.runs.status import Status
from cnn_core.runs.submission import clean_name, create_run
from cnn_core.runs.visitors import Visitors


def adopt(path: Path, content: bytes, name: str, token: str, dataset: str | None = None) -> Run:
    """Take in a saved network as a finished run of the visitor with this token.

    path: the store's folder.
    content: the bytes of a file that `cnn_core.opening` reads; nothing in it is ever executed.
    name: what the run is to be called; "" calls it like the design.
    dataset: key of the data set whose images it reads, for a file that does not say it; None has it measured.
    Raises StudentError for a file that is not one, whole and fitting, and where the folder cannot be written.
    """
    from cnn_core.runs.jobs.opening_job import open_run

    owner, visitors = owner_of(token), Visitors(path)
    called = clean_name(name) if name else ""
    with explain_disk_errors("The folder for runs cannot be written"):
        visitors.make_folders(owner)
        card = {"kind": KIND, "name": called, "file": called[:LONGEST_NAME] or "network", "dataset": dataset}
        run = create_run(path, card, owner, Status(), upload=content)
        try:
            open_run(run)
        except BaseException:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        visitors.add_run(owner, run.id)
    return Run(run.folder)
