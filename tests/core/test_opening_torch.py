"""Weights that PyTorch saved open as networks of ours: held against the very nn.Modules that they come from."""

import argparse
import io
import sys
import zipfile

import pytest
import torch
from safetensors.torch import save as as_safetensors
from torch import nn
from torch.nn import functional as F

from cnn_core.data import load_images
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.opening import open_network
from cnn_core.opening.torch_file import guesses
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.reading import COMPARED, likeliest, reads
from cnn_core.runs.opened import ORIGINAL, read_opened
from cnn_core.training import evaluate, load_model
from tests.core.designs import lived_in


def saved(value: object, **settings) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **settings)
    return file.getvalue()


class LeNet(nn.Module):
    """With everything between the layers in `forward`, where no file can say it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Normed(nn.Module):
    """Batch normalisations declared after all convolutions, which have no bias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.out = nn.Linear(8 * 49, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.out(x.flatten(1))


def chain(*modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(*modules)


NETS = {
    "lenet": LeNet,
    "batch norms of their own": Normed,
    "lesson": lambda: chain(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10)),
    "two convolutions, one pool": lambda: chain(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(), nn.Flatten(),
        nn.Linear(16 * 144, 32), nn.ReLU(), nn.Linear(32, 10)),
    "mlp": lambda: chain(nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10)),
    "stride 2, padding 1": lambda: chain(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 49, 10)),
    "global average": lambda: chain(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
    "pytorch's tutorial on CIFAR-10": lambda: chain(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10)),
    "vgg": lambda: chain(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 64, 10)),
    "depthwise": lambda: chain(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1, groups=8), nn.ReLU(),
        nn.Conv2d(16, 16, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 196, 10)),
    "in two groups": lambda: chain(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, groups=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(200, 10)),
}  # fmt: skip


def lived(net: nn.Module) -> nn.Module:
    """With averages as after a training."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.1, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return net.eval()


def made(key: str) -> nn.Module:
    torch.manual_seed(3)
    return lived(NETS[key]())


def images(spec: ModelSpec, count: int = 4) -> torch.Tensor:
    return torch.rand(count, *spec.input_shape, generator=torch.Generator().manual_seed(5))


# --- what opens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pt", "safetensors"])
@pytest.mark.parametrize("key", NETS)
@torch.no_grad()
def test_the_likeliest_guess_is_the_network_itself(key, form):
    net = made(key)
    content = saved(net.state_dict()) if form == "pt" else as_safetensors(net.state_dict())
    opened = open_network(content, f"net.{form}")
    given = images(opened.spec)
    torch.testing.assert_close(opened.net(given), net(given), atol=1e-4, rtol=1e-4)
    assert opened.dataset is None
    assert any(sentence.startswith("The file holds weights only.") for sentence in opened.guesses)


@torch.no_grad()
def test_what_is_no_first_guess_is_among_the_others_or_put_onto_a_design():
    torch.manual_seed(3)
    net = chain(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Sigmoid(),
                nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 10)).eval()  # fmt: skip
    content = saved(net.state_dict())
    designs = [guess for guess in guesses(content, "lenet.pt") if guess.spec.input_shape == (1, 28, 28)]
    given = images(designs[0].spec)
    answers = [open_network(content, "lenet.pt", guess.spec).net(given) for guess in designs]
    alike = [torch.allclose(answer, net(given), atol=1e-4) for answer in answers]
    assert sum(alike) == 1
    assert "average pooling 2×2" in designs[alike.index(True)].words
    assert "sigmoid" in designs[alike.index(True)].words
    assert open_network(content, "lenet.pt", designs[alike.index(True)].spec).guesses == ()


def test_every_guess_can_be_put_under_the_weights():
    for key in NETS:
        content = saved(made(key).state_dict())
        for guess in guesses(content, "net.pt"):
            opened = open_network(content, "net.pt", guess.spec)
            assert opened.net(images(guess.spec)).shape == (4, 10)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda net: {"epoch": 3, "model_state_dict": net.state_dict(), "loss": 0.1},
        lambda net: {"state_dict": {f"model.{name}": one for name, one in net.state_dict().items()}},
        lambda net: {f"module._orig_mod.{name}": one for name, one in net.state_dict().items()},
        lambda net: {"net": net.state_dict(), "args": argparse.Namespace(lr=1)},
        lambda net: dict(net.named_parameters()),
    ],
)  # fmt: skip
def test_what_is_around_the_weights_is_left_alone(wrapped):
    net = made("lenet")
    opened = open_network(saved(wrapped(net)), "net.pth")
    torch.testing.assert_close(opened.net.conv2d_2.conv.weight, net.conv2.weight)


def test_a_checkpoint_of_a_training_opens_without_its_optimiser():
    net = made("lesson")
    optimiser = torch.optim.Adam(net.parameters())
    net(torch.rand(2, 1, 28, 28)).sum().backward()
    optimiser.step()
    content = saved({"optimizer_state_dict": optimiser.state_dict(), "model_state_dict": net.state_dict()})
    opened = open_network(content, "checkpoint.pt")
    torch.testing.assert_close(opened.net.dense_2.dense.weight, net[11].weight)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("form", ["pt", "safetensors"])
def test_numbers_of_other_types_become_float32(kind, form):
    net = made("mlp").to(kind)
    content = saved(net.state_dict()) if form == "pt" else as_safetensors(net.state_dict())
    opened = open_network(content, f"net.{form}")
    torch.testing.assert_close(opened.net.dense_1.dense.weight, net[1].weight.float())
    assert opened.net.dense_1.dense.weight.dtype == torch.float32


def test_weights_that_lie_in_memory_in_another_order_or_in_one_piece_are_read_rightly():
    net = made("vgg").to(memory_format=torch.channels_last)
    opened = open_network(saved(net.state_dict(), pickle_protocol=4), "net.pt")
    torch.testing.assert_close(opened.net.conv2d_2.conv.weight, net[2].weight.contiguous())
    whole = torch.rand(100)
    shared = {
        "0.weight": whole[:64].reshape(16, 4),
        "0.bias": whole[64:80],
        "1.weight": whole[:32].view(16, 2).t(),
    }
    opened = open_network(saved(shared), "net.pt")
    torch.testing.assert_close(opened.net.dense_2.dense.weight, whole[:32].view(16, 2).t().contiguous())


def test_a_network_that_says_yes_or_no_by_one_number_gets_two_classes():
    torch.manual_seed(0)
    net = chain(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1800, 1)).eval()
    opened = open_network(saved(net.state_dict()), "cats.pt")
    given = images(opened.spec)
    torch.testing.assert_close(opened.net.predict(given)[:, 1:], net(given).sigmoid().detach())


def test_weights_sorted_by_name_are_put_into_the_order_of_their_shapes():
    torch.manual_seed(0)
    named = {"input": (30, 784), "hidden": (20, 30), "answer": (10, 20)}
    middle = {f"{name}.weight": torch.rand(shape) for name, shape in named.items()}
    opened = open_network(as_safetensors(middle), "net.safetensors")
    assert [layer.units for layer in opened.spec.layers[1:]] == [30, 20, 10]


# --- onto a design ----------------------------------------------------------------------------------

LESSON_DESIGN = PRESETS["lesson"]


def test_weights_go_onto_a_design_of_ones_own():
    net = made("lesson")
    opened = open_network(saved(net.state_dict()), "net.pt", LESSON_DESIGN)
    assert opened.spec == LESSON_DESIGN
    given = images(LESSON_DESIGN)
    torch.testing.assert_close(opened.net(given), net(given), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda layers: layers[4].update(filters=48), r"“6” are 64×64×3×3, and conv2d_3 needs 48×64×3×3"),
        (lambda layers: layers[0].update(kernel_size=5), r"“0” are 32×1×3×3, and conv2d_1 needs 32×1×5×5"),
        (lambda layers: layers[1].update(pool_size=3, strides=3), r"“9” are 64×576, and dense_1 needs 64×64"),
        (lambda layers: layers.pop(6), r"has 5 layers with weights \(0, 3, 6, 9, 11\), and the design has 4 \(conv2d"),
        (lambda layers: layers.__setitem__(4, {"type": "batch_normalization"}), "“6” in the file is a convolution, "),
    ],
)  # fmt: skip
def test_a_design_that_does_not_fit_is_told_with_the_layer_and_both_shapes(change, sentence):
    design = LESSON_DESIGN.to_dict()
    change(design["layers"])
    with pytest.raises(StudentError, match=sentence) as told:
        open_network(saved(made("lesson").state_dict()), "net.pt", ModelSpec.from_dict(design))
    assert told.value.hint


def test_a_shifted_border_is_told():
    design = ModelSpec.from_dict(
        {"layers": [{"type": "conv2d", "filters": 8, "strides": 2, "padding": "same", "activation": "relu"},
                    {"type": "conv2d", "filters": 16, "strides": 2, "padding": "same", "activation": "relu"},
                    {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]}
    )  # fmt: skip
    net = made("stride 2, padding 1")
    opened = open_network(saved(net.state_dict()), "net.pt", design)
    assert any("shifted by a pixel" in remark for remark in opened.remarks)
    assert not torch.allclose(opened.net(images(design)), net(images(design)), atol=1e-3)


# --- measured ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def padded():
    """(a network that reads digits, the file of its weights): three padded convolutions with three pools.

    The same shapes come of the lesson's way without padding, which is the likelier guess; and its names say nothing.
    """
    net = chain(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 10),
    )  # fmt: skip
    torch.manual_seed(0)
    nn.init.xavier_uniform_(net[0].weight)
    data = load_images("mnist", "train", fetch=False).take(1500)
    pixels, labels = data.images.float() / 255, data.labels
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for batch in torch.arange(1500).repeat(3).split(50):
        optimiser.zero_grad()
        F.cross_entropy(net(pixels[batch]), labels[batch]).backward()
        optimiser.step()
    layers = [module for module in net if isinstance(module, nn.Conv2d | nn.Linear)]
    names = ("conv1", "conv2", "conv3", "fc")
    state = {f"{name}.{part}": getattr(layer, part) for name, layer in zip(names, layers, strict=True)
             for part in ("weight", "bias")}  # fmt: skip
    return net.eval(), saved(state)


def test_the_right_one_of_two_guesses_shows_itself_by_its_accuracy(padded):
    net, content = padded
    test = load_images("mnist", "test", fetch=False).take(300)
    best = likeliest(content, "net.pt", "torch")
    pixels = test.images.float() / 255
    with torch.no_grad():
        theirs = net(pixels)
        ours = best.net(pixels)
        first = open_network(content, "net.pt").net(pixels)
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(first, theirs, atol=0.1)
    few = load_images("mnist", "test", fetch=False).take(COMPARED)
    right = (net(few.images.float() / 255).argmax(1) == few.labels).float().mean().item()
    assert reads(best) == pytest.approx(right)


def test_a_file_that_is_brought_gets_the_design_that_reads_most(padded, tmp_path):
    net, content = padded
    store = RunStore(tmp_path / "runs")
    run = store.run(store.adopt(content, "padded", "a" * 22))
    assert [layer.padding for layer in run.spec.layers if layer.type == "conv2d"] == ["same"] * 3
    test = load_images("mnist", "test", fetch=False)
    with torch.no_grad():
        theirs = (net(test.images.float() / 255).argmax(1) == test.labels).float().mean().item()
    assert run.dataset == "mnist"
    as_in_the_file = evaluate(load_model(run.folder / ORIGINAL)[0], test)
    assert as_in_the_file.accuracy == pytest.approx(theirs, abs=0.0005)
    assert "padding everywhere" in read_opened(run.folder).guesses[0]


# --- what does not open -----------------------------------------------------------------------------


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.downsample = nn.Sequential(nn.Conv2d(8, 8, 1))
        self.fc = nn.Linear(8, 10)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (lambda: made("lenet"), "a whole network as a Python object of the class “LeNet”"),
        (lambda: {"model": made("lenet"), "epoch": 1}, "a whole network as a Python object of the class “LeNet”"),
        (lambda: torch.rand(3), "no list of named weights"),
        (lambda: {"a": 1}, "no list of named weights"),
        (lambda: Residual().state_dict(), "belongs to a shortcut, as a ResNet has it"),
        (lambda: nn.LSTM(28, 10).state_dict(), "a recurrent layer"),
        (lambda: nn.TransformerEncoderLayer(16, 2).state_dict(), "attention"),
        (lambda: nn.Sequential(nn.Linear(784, 10), nn.LayerNorm(10)).state_dict(), "layer or group normalisation"),
        (lambda: nn.Sequential(nn.Conv1d(1, 8, 3), nn.Linear(8, 10)).state_dict(), "along one direction"),
        (lambda: {"w.weight": torch.full((10, 784), float("nan"))}, "infinite numbers or none at all"),
        (lambda: nn.Linear(99, 10).state_dict(), "reads 99 numbers, which are no square image"),
        (lambda: {"0.weight": torch.rand(8, 1, 3, 3), "1.weight": torch.rand(10, 7)}, "reads 7 numbers"),
        (lambda: nn.Linear(784, 8000).state_dict(), "This server allows 5,000,000"),
        (lambda: {"0.weight": torch.rand(10, 784).to_sparse()}, "no plain tensor"),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(784, 10)).state_dict(), "weight normalisation"),
    ],
)  # fmt: skip
def test_what_is_no_chain_of_ours_is_refused_in_a_sentence(value, sentence):
    with pytest.raises(StudentError, match=sentence) as told:
        open_network(saved(value()), "net.pt")
    assert told.value.hint


def test_a_torchscript_file_is_refused_in_words(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
        archive.writestr("net/code/__torch__.py", "import os")
    with pytest.raises(StudentError, match="TorchScript file: it holds a program"):
        open_network((tmp_path / "net.pt").read_bytes(), "net.pt")


def test_the_format_of_before_is_refused_in_words():
    content = saved(made("mlp").state_dict(), _use_new_zipfile_serialization=False)
    with pytest.raises(StudentError, match=r"format of before version 1\.6") as told:
        open_network(content, "net.pt")
    assert "torch.save" in told.value.hint


# --- ours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["modern", "lesson"])
def test_a_file_of_ours_that_lost_its_design_still_opens_by_its_names(key):
    """As `save_file(net.state_dict(), ...)` wrote it in programs exported by earlier versions: without metadata."""
    net = lived_in(PRESETS[key])
    state = {f"{name.split('.')[0]}.{name.split('.')[-1]}": one for name, one in net.state_dict().items()}
    content = as_safetensors(state)
    opened = open_network(content, "trained.safetensors", PRESETS[key])
    given = images(net.spec)
    torch.testing.assert_close(opened.net(given), net(given), atol=1e-5, rtol=1e-5)
    assert not any("epsilon" in remark for remark in opened.remarks)


def test_nothing_is_imported_or_run(monkeypatch):
    """`torch.load` is never called, and no module is imported for a name in a file."""
    monkeypatch.setattr(torch, "load", None)
    content = saved(build(PRESETS["tiny"]))
    before = set(sys.modules)
    with pytest.raises(StudentError, match="class “Network”"):
        open_network(content, "net.pt")
    assert {name for name in set(sys.modules) - before if not name.startswith("cnn_core.")} == set()
