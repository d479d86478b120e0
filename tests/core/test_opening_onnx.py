"""ONNX files open as layers of ours: held against onnxruntime, against PyTorch itself, and against what Keras said."""

import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from cnn_core.errors import StudentError
from cnn_core.export import export_onnx
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.opening import open_network
from tests.core.designs import lived_in, random_spec
from tests.core.test_export import BENT, DEEP, EVERYTHING

FOLDER = Path(__file__).parents[1] / "data" / "opening"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))
OURS = {**PRESETS, "everything": EVERYTHING, "bent": BENT, "deep": DEEP}
OURS |= {
    f"random {seed}": random_spec(seed, last="softmax", input_shape=[1, 28, 28], classes=10)
    for seed in range(6)
}
CHANCE = np.random.default_rng(7)


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(5))


def of_onnxruntime(content: bytes, given: torch.Tensor) -> torch.Tensor:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {session.get_inputs()[0].name: given.numpy()})[0])


def exported(net: nn.Module, *shape: int, **settings) -> bytes:
    """What PyTorch's exporter of before onnxscript writes."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net.eval(), (images(*shape),), file, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}},
            **settings,
        )  # fmt: skip
    return file.getvalue()


def graph(nodes, weights: dict[str, np.ndarray], given=("n", 1, 28, 28), classes: int = 10) -> bytes:
    """A model of these nodes: its input is "x", its output "y"."""
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "by hand",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(given))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", classes])],
            [numpy_helper.from_array(value, name) for name, value in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    return model.SerializeToString()


def weight(*shape: int) -> np.ndarray:
    return CHANCE.normal(0, 0.3, shape).astype(np.float32)


node = helper.make_node
HEAD = [node("Flatten", ["m"], ["f"]), node("Gemm", ["f", "W", "b"], ["y"], transB=1)]


def head(inputs: int) -> dict[str, np.ndarray]:
    return {"W": weight(10, inputs), "b": weight(10)}


# --- round trip -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", OURS)
def test_what_we_export_comes_back_with_the_same_answers(key):
    net = lived_in(OURS[key])
    opened = open_network(export_onnx(net), "net.onnx")
    given = images(5, *net.spec.input_shape)
    torch.testing.assert_close(opened.net.predict(given), net.predict(given), atol=1e-5, rtol=0)
    assert opened.spec.name == net.spec.name
    assert opened.spec.input_shape == net.spec.input_shape


def test_what_we_export_comes_back_as_the_same_layers():
    opened = open_network(export_onnx(lived_in(PRESETS["lesson"])), "net.onnx")
    assert opened.spec == PRESETS["lesson"]
    assert opened.remarks == ()
    assert opened.scale == 1


def test_a_dilated_kernel_keeps_its_dilation_where_ours_can_have_it():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, dilation=3, padding=3), nn.ReLU(), nn.Flatten(), nn.Linear(3136, 10)
    )
    opened = open_network(exported(net, 2, 1, 28, 28), "net.onnx")
    assert opened.spec.layers[0].to_dict() | {"kernel_size": 3, "dilation_rate": 3, "padding": "same"} == (
        opened.spec.layers[0].to_dict()
    )
    assert opened.remarks == ()


# --- PyTorch's exporters ----------------------------------------------------------------------------

TORCH_NETS = {
    "lenet": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    "batch norm": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.BatchNorm2d(6, eps=0.1), nn.Flatten(), nn.Linear(6 * 13 * 13, 12), nn.BatchNorm1d(12), nn.ELU(),
        nn.Dropout(), nn.Linear(12, 10), nn.Softmax(1)),
    "stride 2, padding 1": lambda: nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.GELU(), nn.Conv2d(4, 6, 5, stride=2, padding=2), nn.Sigmoid(),
        nn.Flatten(), nn.Linear(294, 10), nn.LogSoftmax(1)),
    "dilated and in groups": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, dilation=2, padding=2), nn.LeakyReLU(0.2), nn.Conv2d(8, 12, 3, groups=4), nn.ReLU(),
        nn.Conv2d(12, 24, 3, groups=12, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10)),
    "rectangles": lambda: nn.Sequential(
        nn.Conv2d(1, 4, (1, 5), padding=(0, 2)), nn.LeakyReLU(), nn.Conv2d(4, 4, (5, 1), padding=(2, 0)), nn.ReLU(),
        nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(4, 4, 4), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 10)),
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 16, bias=False), nn.ReLU(), nn.Linear(16, 10)),
}  # fmt: skip


def lived(net: nn.Module) -> nn.Module:
    """With averages as after a training."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.1, 2)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return net.eval()


@pytest.mark.parametrize("key", TORCH_NETS)
@torch.no_grad()
def test_a_file_of_pytorchs_exporter_answers_as_pytorch(key):
    torch.manual_seed(0)
    net = lived(TORCH_NETS[key]())
    content = exported(net, 2, 1, 28, 28)
    given = images(5, 1, 28, 28)
    theirs = net(given)
    if not isinstance(net[-1], nn.Softmax):  # softmax of a log-softmax is the softmax itself
        theirs = theirs.softmax(1)
    torch.testing.assert_close(
        open_network(content, "net.onnx").net.predict(given), theirs, atol=1e-5, rtol=0
    )


class Functional(nn.Module):
    """Shapes asked of the batch, as programs of before nn.Flatten do it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5, padding=2)
        self.last = nn.Linear(4 * 16 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.max_pool2d(torch.relu(self.conv((x - 0.5) / 0.25)), 2)
        return self.last(x.view(x.size(0), -1))


def test_a_shape_asked_of_the_batch_and_a_change_of_scale_before_it_are_followed():
    torch.manual_seed(0)
    net = Functional().eval()
    content = exported(net, 2, 3, 32, 32)
    opened = open_network(content, "net.onnx")
    given = images(4, 3, 32, 32)
    torch.testing.assert_close(opened.net(given), net(given), atol=1e-4, rtol=1e-4)
    assert any("multiplied and added" in remark for remark in opened.remarks)


@pytest.mark.parametrize("name", EXPECTED)
def test_files_of_keras_and_of_the_newer_exporter_answer_as_their_networks_did(name):
    opened = open_network((FOLDER / f"{name}.onnx").read_bytes(), f"{name}.onnx")
    answers = opened.net.predict(images(2, *opened.spec.input_shape))
    torch.testing.assert_close(answers, torch.tensor(EXPECTED[name]), atol=1e-4, rtol=0)
    assert opened.scale == 1
    is_rescaling = any("0 to 255" in remark for remark in opened.remarks)
    assert is_rescaling == (name == "keras_sequential")


# --- by hand: what exporters may write --------------------------------------------------------------


def same_as_onnxruntime(content: bytes, *shape: int, is_last: bool = False) -> ModelSpec:
    """Compare the answers; images are as the file wants them, ours as (B, C, H, W)."""
    given = images(4, *shape)
    theirs = of_onnxruntime(content, given)
    opened = open_network(content, "net.onnx")
    ours = given.permute(0, 3, 1, 2) if is_last else given.reshape(4, *opened.spec.input_shape)
    torch.testing.assert_close(opened.net.predict(ours), theirs.softmax(1), atol=1e-5, rtol=0)
    return opened.spec


def test_images_with_channels_last_are_followed_through_every_transposition():
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        node("Conv", ["t", "K"], ["c"], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Transpose", ["c"], ["u"], perm=[0, 2, 3, 1]),
        node("Add", ["u", "B"], ["a"]),
        node("Relu", ["a"], ["r"]),
        node("Reshape", ["r", "shape"], ["f"]),
        node("Mul", ["f", "scale"], ["s"]),
        node("MatMul", ["s", "W"], ["m"]),
        node("Add", ["m", "b"], ["y"]),
    ]
    weights = {
        "K": weight(5, 3, 3, 3), "B": weight(5), "shape": np.array([-1, 5 * 256], np.int64), "scale": weight(1280),
        "W": weight(1280, 10), "b": weight(10),
    }  # fmt: skip
    spec = same_as_onnxruntime(graph(nodes, weights, ("n", 32, 32, 3)), 32, 32, 3, is_last=True)
    assert spec.input_shape == (3, 32, 32)


def test_a_batch_normalisation_of_a_list_out_of_channels_last_keeps_its_places():
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        node("Conv", ["t", "K"], ["c"]),
        node("Transpose", ["c"], ["u"], perm=[0, 2, 3, 1]),
        node("Reshape", ["u", "shape"], ["f"]),
        node("BatchNormalization", ["f", "g", "h", "mean", "var"], ["n"]),
        node("Gemm", ["n", "W", "b"], ["y"], transB=1),
    ]
    n = 2 * 26 * 26
    weights = {
        "K": weight(2, 1, 3, 3), "shape": np.array([0, -1], np.int64), "g": weight(n), "h": weight(n),
        "mean": weight(n), "var": weight(n) ** 2, **head(n),
    }  # fmt: skip
    same_as_onnxruntime(graph(nodes, weights, ("n", 28, 28, 1)), 28, 28, 1, is_last=True)


@pytest.mark.parametrize("shape", [(784,), (28, 28)])
def test_a_list_or_a_sheet_may_become_an_image(shape):
    nodes = [
        node("Reshape", ["x", "shape"], ["i"]),
        node("Conv", ["i", "K", "B"], ["m"], strides=[3, 3]),
        *HEAD,
    ]
    weights = {"shape": np.array([-1, 1, 28, 28]), "K": weight(3, 1, 4, 4), "B": weight(3), **head(243)}
    same_as_onnxruntime(graph(nodes, weights, ("n", *shape)), *shape)


def test_a_list_of_784_numbers_is_an_image():
    spec = same_as_onnxruntime(
        graph([node("Gemm", ["x", "W", "b"], ["y"], transB=1)], head(784), ("n", 784)), 784
    )
    assert spec.input_shape == (1, 28, 28)


GELU = [
    node("Div", ["m", "root"], ["d"]), node("Erf", ["d"], ["e"]), node("Add", ["e", "one"], ["p"]),
    node("Mul", ["m", "p"], ["q"]), node("Mul", ["q", "half"], ["g"]),
]  # fmt: skip


def test_gelu_in_five_nodes_is_recognised_by_its_values():
    nodes = [
        node("Conv", ["x", "K"], ["m"]),
        *GELU,
        node("GlobalAveragePool", ["g"], ["m2"]),
        node("Flatten", ["m2"], ["f"]),
        HEAD[1],
    ]
    weights = {
        "K": weight(4, 1, 5, 5), "root": np.array(2**0.5, np.float32), "one": np.array(1, np.float32),
        "half": np.array(0.5, np.float32), **head(4),
    }  # fmt: skip
    spec = same_as_onnxruntime(graph(nodes, weights), 1, 28, 28)
    assert spec.layers[0].activation == "gelu"


@pytest.mark.parametrize("size", [27, 28])
@pytest.mark.parametrize(("kernel", "stride", "pad"), [(3, 2, 1), (5, 2, 2), (7, 2, 3), (4, 2, 1), (3, 3, 1)])
def test_padding_on_every_side_with_strides_is_exact_or_refused(size, kernel, stride, pad):
    nodes = [
        node("Conv", ["x", "K"], ["m"], strides=[stride] * 2, pads=[pad] * 4),
        node("GlobalAveragePool", ["m"], ["a"]),
        node("Flatten", ["a"], ["f"]),
        HEAD[1],
    ]
    content = graph(nodes, {"K": weight(4, 1, kernel, kernel), **head(4)}, ("n", 1, size, size))
    if (size, kernel) == (27, 4):  # 13 places, and ours are 14
        with pytest.raises(StudentError, match="no window of ours"):
            open_network(content, "net.onnx")
    else:
        same_as_onnxruntime(content, 1, size, size)


def test_max_pooling_with_a_border_that_ours_has_not_is_refused_by_its_place():
    nodes = [node("Relu", ["x"], ["r"]), node("MaxPool", ["r"], ["m"], kernel_shape=[3, 3], strides=[2, 2],
                                              pads=[1, 1, 1, 1], name="pool1"), *HEAD]  # fmt: skip
    with pytest.raises(
        StudentError, match=r"Node 2 of 4 \(MaxPool, “pool1”\): a 3×3 pool that moves by 2"
    ) as told:
        open_network(graph(nodes, head(196)), "net.onnx")
    assert "valid" in told.value.hint


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([node("Sin", ["x"], ["m"], name="wave"), *HEAD], r"Node 1 of 3 \(Sin, “wave”\) is no layer of ours"),
        ([node("LeakyRelu", ["x"], ["m"], alpha=1.5), *HEAD], r"Its slope is 1.5; a leaky_relu with one between"),
        ([node("HardSwish", ["x"], ["m"]), *HEAD], r"gelu, tanh or sigmoid could stand there"),
        (
            [node("Relu", ["x"], ["r"]), node("Tanh", ["x"], ["t"]), node("Concat", ["r", "t"], ["m"], axis=1), *HEAD],
            r"The way parts: Node 1 of 5 \(Relu\) and Node 2 of 5 \(Tanh\)",
        ),
        ([node("Conv", ["x", "K"], ["m"], kernel_shape=[3, 3]), *HEAD], "weighs 784 numbers, and 2,028 come in"),
        ([node("Resize", ["x"], ["m"]), *HEAD], "a pooling could stand there"),
        ([node("Relu", ["x"], ["m"], domain="com.example"), *HEAD], "is no layer of ours"),
        ([node("AveragePool", ["x"], ["m"], kernel_shape=[2, 2], pads=[1, 1, 1, 1], strides=[2, 2],
               count_include_pad=1), *HEAD], "no window of ours"),
    ],
)  # fmt: skip
def test_what_is_none_of_our_layers_is_refused_with_its_place(nodes, sentence):
    with pytest.raises(StudentError, match=sentence):
        open_network(graph(nodes, {"K": weight(3, 1, 3, 3), **head(784)}), "net.onnx")


def test_two_activations_that_are_not_ours_give_way_to_a_design_of_ones_own():
    nodes = [node("Conv", ["x", "K"], ["c"]), node("LeakyRelu", ["c"], ["m"], alpha=1.5), *HEAD]
    content = graph(nodes, {"K": weight(4, 1, 5, 5), **head(4 * 576)})
    with pytest.raises(StudentError, match="put the weights onto the design in the sidebar"):
        open_network(content, "net.onnx")
    design = ModelSpec.from_dict(
        {"layers": [{"type": "conv2d", "filters": 4, "kernel_size": 5, "activation": "relu"}, {"type": "flatten"},
                    {"type": "dense", "units": 10, "activation": "softmax"}]}
    )  # fmt: skip
    opened = open_network(content, "net.onnx", design)
    assert opened.spec == design
    loaded = onnx.load_from_string(content)
    kernel = numpy_helper.to_array(loaded.graph.initializer[0])
    np.testing.assert_array_equal(opened.net.conv2d_1.conv.weight.detach().numpy(), kernel)


def test_one_number_for_yes_or_no_becomes_two_classes_with_the_same_probability():
    nodes = [
        node("Flatten", ["x"], ["f"]),
        node("Gemm", ["f", "W", "b"], ["z"], transB=1),
        node("Sigmoid", ["z"], ["y"]),
    ]
    content = graph(nodes, {"W": weight(1, 784), "b": weight(1)}, classes=1)
    given = images(4, 1, 28, 28)
    opened = open_network(content, "net.onnx")
    assert opened.spec.classes == 2
    torch.testing.assert_close(
        opened.net.predict(given)[:, 1:], of_onnxruntime(content, given), atol=1e-5, rtol=0
    )


def test_weights_in_a_second_file_are_refused_and_never_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = onnx.load_from_string(graph(HEAD[1:], head(784), ("n", 784)))
    model.graph.node[0].input[0] = "x"
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(StudentError, match="in a second one, “/etc/passwd”") as told:
        open_network(model.SerializeToString(), "net.onnx")
    assert "external_data=False" in told.value.hint
