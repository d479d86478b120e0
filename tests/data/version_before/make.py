"""How the files beside this one were made, by the code of commit b1ec6ef: before the packages were cut anew.

From a checkout of that commit: `PYTHONPATH=. python make.py <empty folder>`. They are never made again: what a student
kept of that version must open in every later one, and tests/core/test_version_before.py opens it.

In the folder: runs/ (a training and a dream, as the workers left them), network.safetensors (a saved network, as the
page Runs lets one download), expected.json (names, links, hashes of weights) and answers.npz (what the network said).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

OWNER = "version-before-visitor"  # 22 characters, as a visitor's cookie holds
LINKED = {  # a design with every kind of layer there was
    "name": "Everything, linked",
    "input_shape": [1, 28, 28],
    "classes": 10,
    "layers": [
        {
            "type": "conv2d",
            "filters": 5,
            "kernel_size": 4,
            "strides": 2,
            "padding": "same",
            "activation": "gelu",
        },
        {"type": "batch_normalization"},
        {"type": "max_pooling2d", "pool_size": 2, "strides": 1, "padding": "same"},
        {"type": "dropout", "rate": 0.25},
        {"type": "average_pooling2d", "pool_size": 3, "strides": None, "padding": "valid"},
        {"type": "conv2d", "filters": 4, "activation": "leaky_relu"},
        {"type": "global_average_pooling2d"},
        {"type": "flatten"},
        {"type": "dense", "units": 12, "activation": "tanh"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ],
}
CANNOT_WORK = {**LINKED, "name": "No answer", "layers": LINKED["layers"][:4]}


def main(folder: Path) -> None:
    os.environ.update(CONVSCOPE_DATA=str(folder / "no_data"), CONVSCOPE_OFFLINE="1", CONVSCOPE_DEVICE="cpu")
    torch.set_num_threads(1)
    from cnn_core.data import load_images
    from cnn_core.insight import feature_maps, maximize_filters
    from cnn_core.model import PRESETS, ModelSpec, build, links, weights_hash
    from cnn_core.runs import RunStore
    from cnn_core.training import evaluate, load_model, save_model

    store = RunStore(folder / "runs")
    run = train(store)
    net, spec = load_model(run.snapshot_path("last"))
    save_model(folder / "network.safetensors", net, spec)
    digits = load_images("mnist", "test", fetch=False).take(20)
    dream = dream_of(store, run, digits.images[0])
    pictures = maximize_filters(net, "conv2d_2", steps=20).images
    np.savez_compressed(
        folder / "answers.npz",
        digits=digits.images.numpy(),
        probabilities=evaluate(net, digits).probabilities.numpy(),
        maps=feature_maps(net, digits.images[0])["conv2d_2"].numpy(),
        filters=(pictures * 255).round().byte().numpy(),
    )
    files = [*run.folder.glob("snapshots/*"), folder / "network.safetensors"]
    expected = {
        "owner": OWNER,
        "training": run.id,
        "dream": dream.id,
        "history": asdict(run.history()),
        "sample": asdict(run.sample()),
        "weights": {path.name: weights_hash(load_model(path)[0]) for path in sorted(files)},
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)},
        "beginnings": {name: weights_hash(build(preset, seed=3)) for name, preset in PRESETS.items()},
        "fingerprints": {name: preset.fingerprint for name, preset in PRESETS.items()},
        "links": [
            {"link": links.encode(design), "design": design}
            for design in (LINKED, ModelSpec.from_dict(LINKED).to_dict(), CANNOT_WORK)
        ],
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")


def train(store):
    """A finished training of 600 of the packaged digits, three times over."""
    from cnn_core.data import AugmentSpec
    from cnn_core.model import PRESETS
    from cnn_core.runs.worker import work
    from cnn_core.training import TrainSpec

    recipe = TrainSpec(
        learning_rate=0.004,
        batch_size=64,
        epochs=3,
        augment=AugmentSpec(rotation_range=10),
        train_size=600,
        seed=3,
        precision="float32",
    )
    run = store.run(store.submit(PRESETS["tiny"], recipe, owner=OWNER, name="Kept from before"))
    do(store, run, work)
    return run


def dream_of(store, run, digit):
    """A finished dream of a digit at 56×56 pixels, by what that run had learnt."""
    from cnn_core.insight.animation import to_png

    from cnn_core.insight import DreamSpec
    from cnn_core.runs.worker import work

    spec = DreamSpec(
        f"run:{run.id}:{run.status.saved_step}", (("conv2d_2", 1.0),), octaves=2, steps=4, jitter=4
    )
    picture = digit.float().repeat_interleave(2, -1).repeat_interleave(2, -2) / 255  # (1, 56, 56)
    dream = store.run(store.submit_dream(spec.to_dict(), to_png(picture), owner=OWNER))
    do(store, dream, work)
    return dream


def do(store, run, work) -> None:
    assert store.take(store.next_ticket())
    work(store.path, run.id)
    assert run.status.state == "finished", run.status
    store.done(run.id)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
