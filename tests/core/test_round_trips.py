"""A network goes out as a file, and comes back: as good as before, to four digits; also after Keras trained it."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cnn_core.data import load_sample
from cnn_core.export import export_keras_h5, export_keras_v3, export_onnx, export_pytorch
from cnn_core.opening import open_network
from cnn_core.pretrained import load_pretrained

os.environ.setdefault("KERAS_BACKEND", "torch")

NETWORKS = ("lesson", "mlp", "modern")


def accuracy(net) -> float:
    """The share of the sample's 500 test digits that it reads correctly."""
    sample = load_sample("test")
    return float((net.predict(sample.images.float() / 255).argmax(1) == sample.labels).float().mean())


def as_keras_v3(net) -> tuple[bytes, str]:
    return export_keras_v3(net, dataset="mnist"), "net.keras"


def as_keras_h5(net) -> tuple[bytes, str]:
    return export_keras_h5(net, dataset="mnist"), "net.h5"


def as_onnx(net) -> tuple[bytes, str]:
    pytest.importorskip("onnx", reason="onnx is not installed")
    return export_onnx(net, dataset="mnist"), "net.onnx"


def as_pytorch(net) -> tuple[bytes, str]:
    """What a student saves who goes on with the exported program: `torch.save(net, path)`, its state."""
    namespace = program(net)
    theirs = namespace["build"]()
    save = io.BytesIO()
    with tempfile_of(net) as path:
        namespace["load_weights"](theirs, path)
    torch.save(theirs.state_dict(), save)
    return save.getvalue(), "net.pt"


def program(net) -> dict:
    import types

    module = types.ModuleType("exported_for_round_trips")
    sys.modules[module.__name__] = module  # its dataclasses look for themselves there
    exec(export_pytorch(net.spec), module.__dict__)
    return module.__dict__


def tempfile_of(net):
    from contextlib import contextmanager
    from tempfile import TemporaryDirectory

    @contextmanager
    def opened():
        with TemporaryDirectory() as folder:
            path = os.path.join(folder, "weights.safetensors")
            save_file(net.state_dict(), path)
            yield path

    return opened()


@pytest.mark.parametrize("write", [as_keras_v3, as_keras_h5, as_onnx, as_pytorch])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_goes_out_comes_back_as_good(name, write):
    net, spec = load_pretrained(name)
    content, file_name = write(net)
    back = open_network(content, file_name, spec if write is as_pytorch else None)
    assert round(accuracy(back.net), 4) == round(accuracy(net), 4)
    images = load_sample("test").images[:20].float() / 255
    np.testing.assert_allclose(back.net.predict(images), net.predict(images), atol=1e-4)


@pytest.mark.parametrize("write", [as_keras_v3, as_keras_h5])
def test_convscope_finds_again_what_it_learnt_from_and_nothing_where_it_was_not_told(write):
    net, _ = load_pretrained("mlp")
    content, file_name = write(net)
    assert open_network(content, file_name).dataset == "mnist"
    untold = export_keras_v3(net) if write is as_keras_v3 else export_keras_h5(net)
    assert b"own:" not in untold


IN_KERAS = """
import sys
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
given = np.load("digits.npz")
images, labels = given["images"], keras.utils.to_categorical(given["labels"], 10)
model.compile(keras.optimizers.SGD(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, epochs=1, batch_size=50, verbose=0)
test = given["test"]
np.save("answers.npy", model.predict(test, verbose=0))
model.save(sys.argv[2])
"""


@pytest.mark.parametrize(("write", "ending"), [(export_keras_v3, "keras"), (export_keras_h5, "h5")])
def test_trained_on_in_keras_it_comes_back_with_keras_s_answers(write, ending, tmp_path):
    pytest.importorskip("keras", reason="Keras is not installed")
    net, _ = load_pretrained("lesson")
    (tmp_path / f"ours.{ending}").write_bytes(write(net, dataset="mnist"))
    train, test = load_sample("train"), load_sample("test")

    def of_keras(images: torch.Tensor) -> np.ndarray:
        return (images.float() / 255).permute(0, 2, 3, 1).numpy()

    np.savez(
        tmp_path / "digits.npz",
        images=of_keras(train.images[:200]),
        labels=train.labels[:200].numpy(),
        test=of_keras(test.images),
    )
    done = subprocess.run(
        [sys.executable, "-c", IN_KERAS, f"ours.{ending}", f"theirs.{ending}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=110, env=os.environ | {"KERAS_BACKEND": "torch"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    back = open_network((tmp_path / f"theirs.{ending}").read_bytes(), f"theirs.{ending}")
    answers = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(back.net.predict(test.images.float() / 255), answers, atol=1e-4)
    theirs = float((answers.argmax(1) == test.labels.numpy()).mean())
    assert round(accuracy(back.net), 4) == round(theirs, 4)
    moved = back.net.state_dict()["dense_2.dense.weight"] - net.state_dict()["dense_2.dense.weight"]
    assert moved.abs().max() > 0  # it did learn
