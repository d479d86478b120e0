"""Exported code is run, not read: its numbers are compared with ours, and strangers' names are tried on it."""

import ast
import base64
import copy
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import types
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cnn_core.data import AugmentSpec, apply_affine, load_images
from cnn_core.data.augment import AffineParams
from cnn_core.data.sources import SAMPLE_MIXED
from cnn_core.errors import StudentError
from cnn_core.export import (
    export_keras,
    export_keras_r,
    export_notebook,
    export_onnx,
    export_pytorch,
    export_report,
)
from cnn_core.export.program import SOURCES, steps
from cnn_core.model import ACTIVATIONS, PRESETS, ModelSpec, build
from cnn_core.model.shapes import same_padding
from cnn_core.training import RECIPES, TrainSpec
from tests.core.designs import lived_in, random_spec

EVERYTHING = ModelSpec.from_dict(
    {
        "name": "everything",
        "input_shape": [1, 28, 28],
        "classes": 10,
        "layers": [
            {"type": "conv2d", "filters": 5, "kernel_size": 4, "strides": 2, "padding": "same",
             "activation": "leaky_relu"},
            {"type": "batch_normalization"},
            {"type": "max_pooling2d", "pool_size": 2, "strides": 1, "padding": "same"},
            {"type": "conv2d", "filters": 6, "kernel_size": 3, "padding": "same", "activation": "gelu"},
            {"type": "average_pooling2d", "pool_size": 3, "strides": 2, "padding": "same"},
            {"type": "dropout", "rate": 0.25},
            {"type": "conv2d", "filters": 4, "kernel_size": 2, "activation": "elu"},
            {"type": "flatten"},
            {"type": "dense", "units": 12, "activation": "tanh"},
            {"type": "batch_normalization"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)  # fmt: skip


BENT = ModelSpec.from_dict(
    {
        "name": "every activation by itself",
        "layers": [
            {"type": "conv2d", "filters": 4, "strides": 3},
            {"type": "batch_normalization"},
            *({"type": "activation", "activation": name} for name in ACTIVATIONS[:-1]),
            {"type": "flatten"},
            {"type": "activation", "activation": "tanh"},
            {"type": "dense", "units": 10},
            {"type": "activation", "activation": "softmax"},
        ],
    }
)
DEEP = ModelSpec.from_dict(
    {
        "name": "depthwise",
        "layers": [
            {"type": "depthwise_conv2d", "kernel_size": 5, "depth_multiplier": 6, "strides": 2, "padding": "same",
             "activation": "leaky_relu"},
            {"type": "conv2d", "filters": 8, "kernel_size": 1, "activation": "relu"},
            {"type": "depthwise_conv2d", "padding": "same", "activation": "tanh"},
            {"type": "depthwise_conv2d", "kernel_size": 2, "depth_multiplier": 2, "activation": "leaky_relu(0.01)"},
            {"type": "batch_normalization"},
            {"type": "activation", "activation": "elu(0.5)"},
            {"type": "global_average_pooling2d"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)  # fmt: skip
DRAWN = {
    f"random {seed}": random_spec(seed, last="softmax", input_shape=[1, 28, 28], classes=10)
    for seed in range(6)
}
SPECS = {**PRESETS, "everything": EVERYTHING, "bent": BENT, "deep": DEEP, **DRAWN}
IMAGES = torch.rand(7, 1, 28, 28, generator=torch.Generator().manual_seed(5))


def run_source(source: str) -> dict:
    """Execute an exported Python file without its main part."""
    module = types.ModuleType("exported")
    sys.modules["exported"] = module  # a dataclass looks up the module that it stands in
    exec(compile(source, "exported.py", "exec"), module.__dict__)
    return vars(module)


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory):
    """A data folder in torchvision's layout with 5,100 images of noise for training and 200 for testing."""
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    chance = np.random.default_rng(0)
    for split, count in (("train", 5100), ("t10k", 200)):
        images = chance.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = np.array([0x0803, count, 28, 28], ">i4").tobytes()
        (raw / f"{split}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = chance.integers(0, 10, count, dtype=np.uint8)
        header = np.array([0x0801, count], ">i4").tobytes()
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return root


# --- PyTorch ---


@pytest.mark.parametrize("key", SPECS)
def test_exported_pytorch_gives_our_logits(key, tmp_path):
    net = lived_in(SPECS[key])
    save_file(net.state_dict(), tmp_path / "weights.safetensors")
    exported = run_source(export_pytorch(SPECS[key], RECIPES["lesson"]))
    theirs = exported["build"]()
    exported["load_weights"](theirs, tmp_path / "weights.safetensors")
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval()(IMAGES), net(IMAGES), atol=1e-5, rtol=1e-5)


def test_exported_pytorch_starts_as_keras_starts():
    net = run_source(export_pytorch(PRESETS["lesson"]))["build"]()
    bound = (6 / (32 * 9 + 64 * 9)) ** 0.5  # Glorot: 32 maps in, 64 out, nine weights each
    weight = net.conv2d_2.weight
    assert 0.99 * bound < weight.abs().max() <= bound
    assert not net.conv2d_2.bias.any()


@pytest.mark.parametrize(
    "recipe",
    [
        TrainSpec(epochs=1, label_noise=0.2, train_size=60),
        TrainSpec(
            epochs=1, optimizer="adamw", schedule="one_cycle", weight_decay=0.01, augment=AugmentSpec.lesson()
        ),
        TrainSpec(
            epochs=1, optimizer="sgd", momentum=0.9, augment=AugmentSpec(fill_mode="constant", zoom_range=0.5)
        ),
        TrainSpec(epochs=1, optimizer="adam", label_smoothing=0.1, augment=AugmentSpec(fill_mode="wrap")),
        TrainSpec(epochs=3, optimizer="adamw", patience=1, beta_1=0.7, beta_2=0.9),
    ],
    ids=lambda recipe: f"{recipe.optimizer} {recipe.patience}",
)
def test_exported_pytorch_trains_by_its_recipe(recipe, tiny_mnist, monkeypatch, capsys):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tiny_mnist))
    exported = run_source(export_pytorch(PRESETS["tiny"], recipe))
    net = exported["build"]()
    before = [weight.clone() for weight in net.parameters()]
    exported["train"](net)
    assert any(not torch.equal(new, old) for new, old in zip(net.parameters(), before, strict=True))
    assert "Epoch 1: loss " in capsys.readouterr().out


def test_exported_rmsprop_takes_the_same_steps_as_ours():
    from cnn_core.training import KerasRMSprop

    start = torch.linspace(-1, 1, 5)
    ours, theirs = start.clone().requires_grad_(), start.clone().requires_grad_()
    exported = run_source(export_pytorch(PRESETS["tiny"], RECIPES["lesson"]))
    for weight, optimizer in ((ours, KerasRMSprop([ours])), (theirs, exported["KerasRMSprop"]([theirs]))):
        for step in range(6):
            weight.grad = torch.linspace(1e-5, 1, 5) * (step - 2)
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect"])
def test_exported_augmentation_moves_pixels_as_ours_does(fill_mode, monkeypatch):
    spec = AugmentSpec(
        rotation_range=50, width_shift_range=0.2, height_shift_range=3, shear_range=20, zoom_range=(0.7, 1.3),
        fill_mode=fill_mode, cval=0.25,
    )  # fmt: skip
    drawn = []

    def lot(empty, low, high):  # the order of the draws in the exported text
        values = empty.copy_(torch.rand(empty.shape) * (high - low) + low)
        drawn.append(values.flatten().clone())
        return values

    monkeypatch.setattr(torch.Tensor, "uniform_", lot)
    moved = run_source(export_pytorch(PRESETS["tiny"], TrainSpec(augment=spec)))["augment"](IMAGES)
    zoom_columns, zoom_rows, shear, right, down, turn = drawn
    params = AffineParams(
        theta=turn, tx=right * 0.2 * 28, ty=down * 3, shear=shear, zx=zoom_columns, zy=zoom_rows
    )  # fmt: skip
    ours = apply_affine(IMAGES, params, fill_mode=fill_mode, cval=0.25)
    assert ((moved - ours).abs() < 2e-3).float().mean() > 0.985


def test_exported_learning_rate_cycles_as_ours_does(monkeypatch):
    from cnn_core.training.schedule import learning_rate_at

    source = export_pytorch(PRESETS["tiny"], RECIPES["fast"])
    [function] = [node for node in ast.walk(ast.parse(source)) if getattr(node, "name", "") == "part_of_rate"]
    names = {"steps": 40, "math": __import__("math")}
    exec(ast.unparse(function), names)
    for step in range(40):
        assert names["part_of_rate"](step) == pytest.approx(learning_rate_at(step + 1, 40, 1.0, "one_cycle"))


def test_the_offline_sample_is_read_and_parted_as_ours_is(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    exported = run_source(export_pytorch(PRESETS["tiny"], RECIPES["lesson"], dataset="mnist_sample"))
    for train in (True, False):
        ours = load_images("mnist", "train" if train else "test", fetch=False)
        images, labels = exported["read"](train=train)
        assert ours.is_sample
        if not train:  # the same digits to test with; here they are mixed, which changes no accuracy
            mixed = np.random.RandomState(SAMPLE_MIXED).permutation(500)
            images, labels = images[mixed], labels[mixed]
        assert torch.equal(labels, ours.labels)
        torch.testing.assert_close(images, ours.images.float() / 255)


def test_the_exported_file_runs_by_itself(tiny_mnist, tmp_path):
    net = lived_in(PRESETS["tiny"])
    save_file(net.state_dict(), tmp_path / "weights.safetensors")
    (tmp_path / "net.py").write_text(export_pytorch(PRESETS["tiny"], RECIPES["lesson"]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "net.py", "weights.safetensors"],
        cwd=tmp_path, env=os.environ | {"CONVSCOPE_DATA": str(tiny_mnist)}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Test accuracy: 0\.\d{4}\n", done.stdout)


def test_an_unknown_data_set_is_refused_in_words():
    with pytest.raises(StudentError, match="No export knows"):
        export_pytorch(PRESETS["tiny"], dataset="imagenet")


# --- Keras ---

IN_KERAS = """
import importlib.util, pathlib, sys
import numpy as np
for source in sorted(pathlib.Path(sys.argv[1]).glob("*/net_keras.py")):
    module = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("exported", source))
    spec.loader.exec_module(module)
    model = module.build()
    module.load_weights(model, str(source.parent / "weights.safetensors"))
    images = np.load(pathlib.Path(sys.argv[1]) / "images.npy")
    np.save(source.parent / "theirs.npy", np.asarray(model.predict(images, verbose=0)))
    if hasattr(module, "augmentation"):
        module.keras.Sequential(module.augmentation())(images, training=True)
"""


@pytest.fixture(scope="session")
def keras_answers(tmp_path_factory):
    """{key: (our probabilities, Keras's)} for all specs, from one process with Keras on its torch backend."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    root = tmp_path_factory.mktemp("keras")
    np.save(root / "images.npy", IMAGES.permute(0, 2, 3, 1).numpy())
    recipes = [
        RECIPES["lesson"],
        RECIPES["fast"],
        TrainSpec(augment=AugmentSpec.lesson(), label_smoothing=0.1),
    ]
    folders = {}
    for number, (key, spec) in enumerate(SPECS.items()):
        folders[key] = folder = root / str(number)
        folder.mkdir()
        save_file(lived_in(spec).state_dict(), folder / "weights.safetensors")
        source = export_keras(spec, recipes[number % 3])
        (folder / "net_keras.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", IN_KERAS, str(root)],
        env=os.environ | {"KERAS_BACKEND": "torch"}, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    ours = {key: lived_in(spec).predict(IMAGES).numpy() for key, spec in SPECS.items()}
    return {key: (ours[key], np.load(folder / "theirs.npy")) for key, folder in folders.items()}


def averages_over_uneven_padding(spec: ModelSpec) -> bool:
    pools = [step for step in steps(spec) if step.layer.type == "average_pooling2d"]
    return any(
        left != right or top != bottom for left, right, top, bottom in (pool.padding for pool in pools)
    )


@pytest.mark.parametrize("key", SPECS)
def test_exported_keras_gives_our_probabilities(key, keras_answers):
    if averages_over_uneven_padding(SPECS[key]):
        pytest.skip(
            "Keras 3.15's torch backend miscounts uneven padding; its TensorFlow backend agrees with us"
        )
    ours, theirs = keras_answers[key]
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


@pytest.mark.parametrize("dataset", SOURCES)
@pytest.mark.parametrize(
    "recipe",
    [
        RECIPES["lesson"],
        RECIPES["fast"],
        TrainSpec(augment=AugmentSpec.lesson()),
        TrainSpec(optimizer="sgd", momentum=0.9, weight_decay=0.01, label_noise=0.1, train_size=500),
        TrainSpec(patience=3),
        TrainSpec(patience=3, schedule="one_cycle", augment=AugmentSpec.lesson(), train_size=500),
    ],
)
def test_exported_r_can_be_parsed(dataset, recipe, tmp_path):
    if not shutil.which("Rscript"):
        pytest.skip("R is not installed")
    sources = [
        export_keras_r(spec, recipe, dataset=dataset) for spec in (*PRESETS.values(), EVERYTHING, BENT, DEEP)
    ]
    (tmp_path / "net.R").write_text("\n".join(sources), encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "-e", "invisible(parse('net.R', encoding = 'UTF-8'))"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


IN_KERAS_THREE_STEPS = """
import sys
import numpy as np
for program in sys.argv[2:]:  # in one process: to import Keras takes longer than all that it does here
    names = {"__name__": "exported"}
    exec(compile(open(program).read(), program, "exec"), names)
    given = np.load("numbers.npz")
    names["raw"] = lambda train: (given["images"], given["labels"])  # as many kept aside, of nothing but zeros
    model = names["build"]()
    names["load_weights"](model, sys.argv[1])
    names["train"](model, learn=True)
    np.savez(program + ".npz", *[np.asarray(weight) for weight in model.get_weights()])
"""


def test_exported_keras_takes_our_steps_weight_decay_included(tmp_path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    from cnn_core.training.optimizers import optimizer_for

    spec = ModelSpec.from_dict(
        {"input_shape": [1, 28, 28], "classes": 10, "layers": [
            {"type": "max_pooling2d", "pool_size": 14}, {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"}]}
    )  # fmt: skip
    short = TrainSpec(epochs=3, batch_size=4, weight_decay=0.3, optimizer="adam")
    recipes = {
        "adam.py": short,
        "sgd.py": short.replace(optimizer="sgd", momentum=0.5, learning_rate=0.1),
        "adamw.py": short.replace(optimizer="adamw"),
    }
    begun = lived_in(spec)
    save_file(begun.state_dict(), tmp_path / "weights.safetensors")
    images = (IMAGES[:4, 0] * 255).byte()
    labels = torch.arange(4)
    aside = torch.zeros(5000, 28, 28, dtype=torch.uint8)
    np.savez(
        tmp_path / "numbers.npz",
        images=torch.cat([images, aside]).numpy(), labels=torch.cat([labels, torch.zeros(5000).long()]).numpy(),
    )  # fmt: skip
    for program, recipe in recipes.items():
        (tmp_path / program).write_text(export_keras(spec, recipe), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", IN_KERAS_THREE_STEPS, "weights.safetensors", *recipes],
        cwd=tmp_path, env=os.environ | {"KERAS_BACKEND": "torch"}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    for program, recipe in recipes.items():
        net = copy.deepcopy(begun)
        optimizer = optimizer_for(recipe, list(net.parameters()))
        for _ in range(3):  # all four images at once, three times
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(images[:, None].float() / 255), labels).backward()
            optimizer.step()
        kernel, bias = np.load(tmp_path / f"{program}.npz").values()
        np.testing.assert_allclose(
            kernel, net.dense_1.dense.weight.detach().numpy().T, atol=1e-5, err_msg=program
        )
        np.testing.assert_allclose(bias, net.dense_1.dense.bias.detach().numpy(), atol=1e-5, err_msg=program)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_no_exported_program_drops_the_weight_decay(optimizer):
    recipe = TrainSpec(optimizer=optimizer, weight_decay=0.0375)
    for export in (export_pytorch, export_keras, export_keras_r):
        assert "0.0375" in export(PRESETS["modern"], recipe)
        assert "decay" not in export(PRESETS["modern"], TrainSpec(optimizer="sgd"))


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_loss"])
def test_exported_pytorch_with_patience_stops_and_goes_back_to_its_best_epoch(
    tiny_mnist, monkeypatch, capsys, monitor
):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tiny_mnist))
    recipe = TrainSpec(epochs=40, patience=2, optimizer="adam", learning_rate=0.02, monitor=monitor)
    exported = run_source(export_pytorch(PRESETS["tiny"], recipe))
    torch.manual_seed(0)
    net = exported["build"]()
    exported["train"](net)
    lines = capsys.readouterr().out.splitlines()
    told = [float(line.split()[1]) for line in lines if line.strip().startswith("validation")]
    of_best = max(told) if monitor == "val_accuracy" else min(told)
    best = told.index(of_best)
    assert len(told) == min(40, best + 3)  # two epochs that were no better, and the end
    images, labels = exported["read"](train=True)
    kept, their_labels = images[-5000:], labels[-5000:]
    with torch.no_grad():
        answers = net.eval()(kept)
    loss = torch.nn.functional.cross_entropy(answers, their_labels)
    accuracy = (answers.argmax(1) == their_labels).float().mean()
    measured = accuracy if monitor == "val_accuracy" else loss
    assert measured.item() == pytest.approx(of_best, abs=1e-4)


def test_every_exported_program_has_the_patience_of_its_recipe_and_none_without():
    spec = PRESETS["tiny"]
    for export, sign in (
        (export_keras, "callbacks=[keras.callbacks.EarlyStopping("),
        (export_keras_r, "callback_early_stopping(monitor = 'val_accuracy', mode = 'max', patience = 4, "),
        (export_pytorch, "if waited >= 4:"),
    ):
        assert sign in export(spec, TrainSpec(patience=4))
        assert sign not in export(spec, TrainSpec())
        assert "patience" not in export(spec, TrainSpec())
    for export, sign in (
        (export_keras, '"val_loss", mode="min", patience=4'),
        (export_keras_r, "callback_early_stopping(monitor = 'val_loss', mode = 'min', patience = 4, "),
        (export_pytorch, "if validation < best:"),
    ):
        assert sign in export(spec, TrainSpec(patience=4, monitor="val_loss"))
    cells = json.loads(export_notebook(spec, TrainSpec(patience=4)))["cells"]
    assert any("if waited >= 4:" in "".join(cell["source"]) for cell in cells) == any(
        "def train" in "".join(cell["source"]) for cell in cells
    )


def test_exported_r_reads_like_the_lesson():
    source = export_keras_r(PRESETS["lesson"], RECIPES["lesson"])
    assert (
        "model_cnn = keras_model_sequential(input_shape = c(28, 28, 1)) %>%\n  layer_conv_2d(filters = 32"
        in source
    )
    assert "layer_dense(units = 10, activation = 'softmax'" in source
    assert "epochs = 5,\n  batch_size = 64" in source


# --- ONNX ---


@pytest.mark.parametrize("key", SPECS)
def test_onnx_gives_our_logits_in_onnxruntime(key):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    net = lived_in(SPECS[key])
    content = export_onnx(net)
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for count in (7, 1):  # the batch is free
        logits, probabilities = session.run(["logits", "probabilities"], {"images": IMAGES[:count].numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(logits, net(IMAGES[:count]).numpy(), atol=1e-4)
        np.testing.assert_allclose(probabilities, net.predict(IMAGES[:count]).numpy(), atol=1e-4)


def test_onnx_carries_the_shape_of_every_layer():
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    graph = onnx.load_from_string(export_onnx(build(PRESETS["lesson"]))).graph
    shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info]
    assert ["batch", 32, 26, 26] in shapes
    assert ["batch", 64, 3, 3] in shapes


# --- notebook and report ---


def run_notebook(content: bytes, folder) -> "object":
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def test_the_notebook_finds_the_dashboards_accuracy_and_draws_a_sheet(tiny_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tiny_mnist))
    # Streamlit sets it, and a notebook's kernel would inherit it.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    spec = PRESETS["lesson"]
    net = lived_in(spec)
    save_file(net.state_dict(), tmp_path / "weights.safetensors")
    from torchvision.datasets import MNIST

    test = MNIST(tiny_mnist, train=False)
    with torch.no_grad():
        right = net(test.data[:, None].float() / 255).argmax(1) == test.targets
    notebook = run_notebook(export_notebook(spec, RECIPES["fast"], right.float().mean().item()), tmp_path)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("on the dashboard" in output.get("text", "") for output in outputs)
    [sheet] = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert base64.b64decode(sheet).startswith(b"\x89PNG")


def test_the_notebook_of_an_mlp_has_no_maps_and_is_valid_without_an_accuracy():
    notebook = json.loads(export_notebook(PRESETS["mlp"]))
    assert notebook["nbformat"] == 4
    assert "imshow" not in json.dumps(notebook)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "data", "action")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data):
        self.text.append(data)


def a_curve(epochs, loss):
    return SimpleNamespace(epoch=epochs, loss=loss, accuracy=[1 - value / 3 for value in loss])


def png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (4, 4), 128).save(file, "PNG")
    return file.getvalue()


def test_the_report_holds_settings_curves_and_pictures_and_fetches_nothing():
    history = SimpleNamespace(
        train=a_curve([0.1, 1.0, 2.0], [2.3, 0.4, float("nan")]), validation=a_curve([1.0, 2.0], [0.3, 0.1])
    )
    page = export_report(
        PRESETS["lesson"], TrainSpec(seed=41, augment=AugmentSpec.lesson()).to_dict(), title="mine",
        facts={"Data": "MNIST"}, test_accuracy=0.9903, history=history, pictures=[("maps", png())],
    )  # fmt: skip
    tags = Tags()
    tags.feed(page)
    assert tags.seen.count("svg") == 2
    assert tags.seen.count("polyline") == 4
    assert all(link.startswith("data:image/png;base64,") for link in tags.links)
    text = " ".join(tags.text)
    assert "99.0 %" in text
    assert "93,322 parameters" in text
    assert "41" in text
    assert "nan" not in page


# --- strangers' names ---

NASTY = [
    '"""\nimport os; os.environ[\'OWNED\'] = \'1\'\n"""',
    "'''\nraise SystemExit\n'''",
    "a'b\"c\\",
    "\r\nsystem('true')\n#",
    "\u2028import this\u2029\x0c\x0b\x85",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{name}{0} %s $x `id`",
    "lone \ud800 surrogate",
    "]]> --> \x00",
]


def named(name: str, key: str = "tiny") -> ModelSpec:
    """A design with any name at all, also one that `ModelSpec` would refuse: exports do not lean on that."""
    spec = ModelSpec.from_dict(PRESETS[key].to_dict())
    object.__setattr__(spec, "name", name)
    return spec


@pytest.mark.parametrize("name", NASTY)
def test_a_name_never_becomes_code(name, tmp_path):
    spec, plain = named(name), named("plain")
    for export in (export_pytorch, export_keras):
        source = export(spec, RECIPES["lesson"])
        assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(export(plain, RECIPES["lesson"])))
        source.encode("utf-8")
    r, plain_r = (export_keras_r(each, RECIPES["lesson"]).splitlines() for each in (spec, plain))
    assert [line for line in r if not line.startswith("#")] == [
        line for line in plain_r if not line.startswith("#")
    ]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_never_becomes_markup(name):
    tags = Tags()
    page = export_report(
        named(name), {"optimizer": name}, title=name, facts={name: name}, pictures=[(name, png())]
    )
    tags.feed(page)
    page.encode("utf-8")
    assert not {"script", "iframe", "link", "object"} & set(tags.seen)
    assert tags.seen.count("img") == 1
    notebook = json.loads(export_notebook(named(name)))
    plain = json.loads(export_notebook(named("plain")))
    assert [c for c in notebook["cells"] if c["cell_type"] == "code"] == [
        c for c in plain["cells"] if c["cell_type"] == "code"
    ]
    assert "<" not in notebook["cells"][0]["source"]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_only_a_name_in_onnx(name):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    onnx.checker.check_model(onnx.load_from_string(export_onnx(build(named(name)))))


# --- activations of their own ---


def test_an_activation_of_its_own_is_a_layer_in_every_language():
    lines = export_keras_r(BENT, RECIPES["lesson"]).splitlines()
    assert "  layer_activation(activation = 'relu', name = 'activation_2') %>%" in lines
    assert "  layer_activation_leaky_relu(0.2, name = 'activation_3') %>%" in lines
    assert "  layer_activation(activation = 'softmax', name = 'activation_9')" in lines
    assert 'loss="categorical_crossentropy"' in export_keras(BENT, RECIPES["lesson"])  # of probabilities
    assert '("activation_1", nn.Identity()),' in export_pytorch(BENT)  # linear


def test_an_activation_of_its_own_is_an_operator_of_onnx():
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    nodes = onnx.load_from_string(export_onnx(build(BENT))).graph.node
    assert "activation_2" in {node.name for node in nodes if node.op_type == "Relu"}


# --- depthwise convolution ---


def test_an_exported_depthwise_kernel_starts_as_ours():
    exported = run_source(export_pytorch(DEEP))["build"]()
    ours = build(DEEP)
    for name in ("depthwise_conv2d_1", "depthwise_conv2d_3"):
        kernel, mine = getattr(exported, name).weight, getattr(ours, name).conv.weight
        assert kernel.shape == mine.shape
        assert kernel.abs().max().item() == pytest.approx(mine.abs().max().item(), rel=0.2)
        assert not getattr(exported, name).bias.any()


def test_a_depthwise_convolution_is_a_layer_of_r():
    recipe = TrainSpec(optimizer="sgd", weight_decay=0.01)
    (line,) = [line for line in export_keras_r(DEEP, recipe).splitlines() if "depthwise_conv2d_3" in line]
    assert line == (
        "  layer_depthwise_conv_2d(kernel_size = c(2, 2), strides = c(1, 1), padding = 'valid', "
        "depth_multiplier = 2, depthwise_regularizer = decay, bias_regularizer = decay, "
        "name = 'depthwise_conv2d_3') %>%"
    )


# --- padding ---


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (28, 3, 1, (1, 1)),
        (28, 3, 2, (0, 1)),  # the odd pixel goes after
        (5, 2, 1, (0, 1)),
        (7, 1, 3, (0, 0)),  # windows with gaps between them need nothing
    ],
)
def test_same_padding_is_keras_padding(size, kernel, stride, expected):
    assert same_padding(size, kernel, stride) == expected
