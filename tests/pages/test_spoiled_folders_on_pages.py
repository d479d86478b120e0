"""Whatever has become of a run's folder, its pages show what is left of it, or say what is not."""

import json
import shutil

from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from tests.pages.app import OWNER, kept_run, text

CANNOT = "What “Tiny convnet” was asked to do cannot be read any more."
SAMPLE = {
    "step": 1,
    "epoch": 1.0,
    "indices": list(range(12)),
    "labels": [1] * 12,
    "probabilities": [[0.1] * 10] * 12,
}


def edited(folder, name, **changes):
    values = json.loads((folder / name).read_text()) if (folder / name).exists() else {}
    (folder / name).write_text(json.dumps(values | changes))


def told(folder, *values):
    lines = (
        {
            "kind": kind,
            "step": step,
            "epoch": float(step),
            "loss": loss,
            "accuracy": accuracy,
            "learning_rate": 0.1,
        }
        for kind in ("batch", "validated")
        for step, (loss, accuracy) in enumerate(values, start=1)
    )
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


SPOILT = {  # how: what Train says of it
    "a recipe of nonsense": (lambda f: edited(f, "run.json", recipe={"epochs": "x"}), CANNOT),
    "no recipe": (lambda f: edited(f, "run.json", recipe=7), CANNOT),
    "no data set": (lambda f: edited(f, "run.json", dataset="../x"), CANNOT),
    "a data set of elsewhere": (lambda f: edited(f, "run.json", dataset="nothing"), CANNOT),
    "no epochs": (lambda f: edited(f, "changes.json", epochs=-3), "Finished"),
    "epochs without end": (lambda f: edited(f, "changes.json", epochs=10**12), "Finished"),
    "labels that are no classes": (lambda f: edited(f, "samples.json", **SAMPLE | {"labels": [99] * 12}), "Finished"),
    "labels below 0": (lambda f: edited(f, "samples.json", **SAMPLE | {"labels": [-9] * 12}), "Finished"),
    "images of nowhere": (lambda f: edited(f, "samples.json", **SAMPLE | {"indices": [10**9] * 12}), "Finished"),
    "empty probabilities": (lambda f: edited(f, "samples.json", **SAMPLE | {"probabilities": [[]] * 12}), "Finished"),
    "more classes than there are": (
        lambda f: edited(f, "samples.json", **SAMPLE | {"probabilities": [[0.05] * 20] * 12}),
        "Finished",
    ),
    "numbers without end": (lambda f: told(f, (1e308, 0.5), (1e308, 1e308), (-1e308, -5)), "Finished"),
    "no snapshots": (lambda f: shutil.rmtree(f / "snapshots"), "Finished"),
    "no status": (lambda f: (f / "status.json").unlink(), ""),
}  # fmt: skip


def test_no_page_of_a_spoiled_run_is_an_error_box(app, no_runner):
    run_id = kept_run(PRESETS["tiny"])
    folder, whole = RunStore().path / run_id, RunStore().path.parent / "whole"
    edited(folder, "samples.json", **SAMPLE)
    shutil.copytree(folder, whole)
    app.session_state["visitor"] = OWNER
    app.query_params["net"] = f"run:{run_id}"
    app.run()
    for way, (spoil, says) in SPOILT.items():
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        spoil(folder)
        app.session_state["network"] = f"run:{run_id}"
        app.switch_page("pages/2_train.py").run()
        assert not app.exception, way
        assert says in text(app), way
    told(folder, (1e308, 0.5), (1e308, 1e308))
    app.switch_page("pages/8_runs.py").run()
    assert not app.exception
