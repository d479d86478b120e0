"""Hostile and broken files of PyTorch, safetensors, ONNX and JSON, made here: {what is wrong: (file name, bytes)}.

`python -m tests.core.hostile_networks write FOLDER` writes them, and `... hostile_networks FOLDER` opens each while
Python's audit hook listens, and prints what was said, how long it took and how much memory it all needed.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

NASTY = "<img src=x onerror=alert(1)>\u202e\n"


# --- .safetensors -----------------------------------------------------------------------------------


def safetensors(header: Any, numbers: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + numbers


def entry(shape: Any, begin: Any, end: Any, kind: str = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def of_safetensors() -> dict[str, bytes]:
    weight = np.zeros((10, 784), "<f4").tobytes()
    size = len(weight)
    fine = {"0.weight": entry([10, 784], 0, size)}
    nan = np.full((10, 784), np.nan, "<f4").tobytes()
    spec = {"layers": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]}
    ours = {"format": "1", "spec": json.dumps(spec)}
    return {
        "header cut": safetensors(fine, weight)[:20],
        "numbers cut": safetensors(fine, weight)[:-4],
        "header of 2**63 bytes": safetensors(b"{" + b" " * 50, b"", 2**63),
        "header longer than the file": safetensors(fine, weight, 10**9),
        "header of no JSON": safetensors(b"{nonsense", weight),
        "header nested deeply": safetensors(b'{"a":' * 90_000, weight),
        "header that is a list of bytes": safetensors(b"{}", weight),
        "offsets beyond the end": safetensors({"0.weight": entry([10, 784], 0, 2 * size)}, weight),
        "offsets that overlap": safetensors(
            {"0.weight": entry([10, 784], 0, size), "1.weight": entry([10, 10], 100, 500)}, weight
        ),
        "offsets below 0": safetensors({"0.weight": entry([10, 784], -size, 0)}, weight),
        "offsets turned round": safetensors({"0.weight": entry([10, 784], size, 0)}, weight),
        "offsets that are texts": safetensors({"0.weight": entry([10, 784], "0", "9")}, weight),
        "shape below 0": safetensors({"0.weight": entry([-10, -784], 0, size)}, weight),
        "shape of 10**18 numbers": safetensors({"0.weight": entry([10**9, 10**9], 0, size)}, weight),
        "shape of a hundred sides": safetensors({"0.weight": entry([1] * 100, 0, 4)}, weight),
        "shape of zeros": safetensors({"0.weight": entry([0, 784], 0, 0)}, b""),
        "shape that is a fraction": safetensors({"0.weight": entry([10.0, 784], 0, size)}, weight),
        "type unknown": safetensors({"0.weight": entry([10, 784], 0, size, "F8_E4M3")}, weight),
        "entry that is a text": safetensors({"0.weight": "here"}, weight),
        "NaN": safetensors({"0.weight": entry([10, 784], 0, size)}, nan),
        "100,000 tensors": safetensors({f"{i}.w": entry([0], 0, 0) for i in range(24_000)}),
        "names with markup": safetensors({NASTY: entry([10, 784], 0, size)}, weight),
        "4 x 10**8 zeros promised": safetensors({"0.weight": entry([400_000_000], 0, 4)}, weight),
        "metadata of ours with a broken design": safetensors(
            {"__metadata__": {"format": "1", "spec": "{"}} | fine, weight
        ),
        "metadata of ours, weights of another shape": safetensors(
            {"__metadata__": ours, "dense_1.dense.weight": entry([10, 784], 0, size)}, weight
        ),
        "metadata of ours, 10**12 units": safetensors(
            {"__metadata__": ours | {"spec": '{"layers": [{"type": "dense", "units": 1000000000000}]}'}} | fine, weight
        ),
    }  # fmt: skip


# --- the zip of torch.save --------------------------------------------------------------------------


class Runs:
    """Would run a program when it is unpickled."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.call = (module, name, arguments)

    def __reduce__(self) -> Any:
        import importlib

        module, name, arguments = self.call
        return getattr(importlib.import_module(module), name), arguments


def saved(value: Any, **settings: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **settings)
    return file.getvalue()


def archive(members: dict[str, bytes], packed: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tensor(
    shape: tuple[Any, ...], stride: tuple[Any, ...], offset: Any = 0, key: str = "0", kind: str = "Float"
) -> bytes:
    """A pickle of {"0.weight": such a tensor}, written by hand: no library would write it."""

    def plain(value: Any) -> bytes:
        return pickle.dumps(value, 2)[2:-1]

    reference = b"(" + plain("storage") + f"ctorch\n{kind}Storage\n".encode() + plain(key) + plain("cpu")
    reference += plain(7840) + b"tQ"
    arguments = b"(" + reference + plain(offset) + plain(shape) + plain(stride) + plain(False)
    arguments += b"ccollections\nOrderedDict\n)Rt"
    return b"\x80\x02}(" + plain("0.weight") + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Ru."


def zipped(pkl: bytes, data: bytes | None = bytes(7840 * 4), packed: bool = False) -> bytes:
    members = {"net/data.pkl": pkl, "net/version": b"3\n"} | (
        {"net/data/0": data} if data is not None else {}
    )
    return archive(members, packed)


def of_torch() -> dict[str, bytes]:
    fine = saved({"0.weight": torch.zeros(10, 784)})
    deep = b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b"."
    pairs = (
        b"\x80\x02N" + b"2\x86" * 80_000 + b"K\x01s."
    )  # a tuple of two, two, two, ...: 2**80000 to look through
    as_key = b"\x80\x02}N" + b"2\x86" * 60 + b"K\x01s."
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("net/data.pkl", b"\x80\x02" + b"N" * 300_000_000 + b".")
    many = b"".join(
        b"X\x04\x00\x00\x00" + f"{i:04d}".encode() + tensor((10, 784), (784, 1))[15:-2] for i in range(3)
    )
    return {
        "zip cut": fine[:-200],
        "zip cut in the middle": fine[: len(fine) // 2],
        "zip with a wrong byte": fine[:3000] + bytes([fine[3000] ^ 0xFF]) + fine[3001:],
        "os.system": saved({"a": Runs("os", "system", "touch owned")}),
        "os.system as the whole": saved(Runs("os", "system", "touch owned")),
        "eval": saved(OrderedDict(a=Runs("builtins", "eval", "open('owned', 'w')"))),
        "exec hidden beside sound weights": saved(
            {"state_dict": {"0.weight": torch.zeros(10, 784)}, "x": Runs("builtins", "exec", "open('owned','w')")}
        ),
        "subprocess": saved([Runs("subprocess", "Popen", "touch owned")]),
        "a file of the server": saved({"0.weight": Runs("builtins", "open", "/etc/passwd")}),
        "torch.load inside": saved({"0.weight": Runs("torch", "zeros", 4)}),
        "import by GLOBAL": zipped(b"\x80\x02cantigravity\nfly\n)R."),
        "STACK_GLOBAL": zipped(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x05touch\x85R."),
        "INST": zipped(b"(S'touch owned'\nios\nsystem\n."),
        "EXT": zipped(b"\x80\x02\x82\x01."),
        "BUILD on a name": zipped(b"\x80\x02cos\nenviron\n}b."),
        "pickle cut": zipped(tensor((10, 784), (784, 1))[:-30]),
        "pickle empty": zipped(b""),
        "pickle of nonsense": zipped(bytes(range(256)) * 20),
        "pickle without end": zipped(b"\x80\x02}"),
        "pickle with nothing on its stack": zipped(b"\x80\x02tttt."),
        "pickle nested deeply": zipped(deep),
        "pickle with 2**80000 pairs": zipped(pairs),
        "pickle with a key of 2**60 pairs": zipped(as_key),
        "pickle that remembers at 2**31": zipped(b"\x80\x02Nr\xff\xff\xff\x7f."),
        "pickle that promises 2 GB of text": zipped(b"\x80\x02X\xff\xff\xff\x7fabc."),
        "pickle that promises 2**62 bytes": zipped(b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc."),
        "pickle of 300 MB in a few": bomb.getvalue(),
        "pickle of a dictionary in itself": zipped(b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."),
        "storages missing": zipped(tensor((10, 784), (784, 1)), None),
        "storages packed": zipped(tensor((10, 784), (784, 1)), bytes(7840 * 4), packed=True),
        "storages shorter than the tensor": zipped(tensor((10, 784), (784, 1)), bytes(100)),
        "2 GB promised": zipped(tensor((500, 1_000_000), (1_000_000, 1))),
        "a tensor of 10**12 by steps of 0": zipped(tensor((10**6, 10**6), (0, 0))),
        "a shape below 0": zipped(tensor((-10, 784), (784, 1))),
        "a step below 0": zipped(tensor((10, 784), (-784, 1), 7839)),
        "a shape beyond 64 bits": zipped(tensor((2**70, 784), (784, 1))),
        "an offset beyond the end": zipped(tensor((10, 784), (784, 1), 10**9)),
        "a shape of texts": zipped(tensor(("10", 784), (784, 1))),
        "more steps than sides": zipped(tensor((10, 784), (784, 1, 1, 1))),
        "a storage outside of the zip": zipped(tensor((10, 784), (784, 1), key="../../../etc/passwd")),
        "a storage of an unknown type": zipped(tensor((10, 784), (784, 1), kind="Evil")),
        "NaN": saved({"0.weight": torch.full((10, 784), torch.nan)}),
        "infinite": saved({"0.weight": torch.full((10, 784), torch.inf)}),
        "float64 beyond float32": saved({"0.weight": torch.full((10, 784), 1e300, dtype=torch.float64)}),
        "complex": saved({"0.weight": torch.zeros(10, 784, dtype=torch.complex64)}),
        "names with markup": saved({NASTY: torch.zeros(10, 784)}),
        "names that are numbers": saved({1: torch.zeros(10, 784), None: torch.zeros(3)}),
        "legacy format": saved({"0.weight": torch.zeros(10, 784)}, _use_new_zipfile_serialization=False),
        "plain pickle": pickle.dumps(Runs("os", "system", "touch owned")),
        "thrice the same": zipped(b"\x80\x02}(" + many + b"u."),
        "a thousand layers": saved({f"{i}.weight": torch.zeros(2, 2) for i in range(990)}),
        "a thousand layers that fit in no order": saved(
            {f"{i}.weight": torch.zeros(3 + i % 2, 4 - i % 2) for i in range(40)} | {"x.weight": torch.zeros(9, 5)}
        ),
        "thirty convolutions": saved({f"{i}.weight": torch.zeros(1, 1, 3, 3) for i in range(30)} | {
            "fc.weight": torch.zeros(10, 7)}),
        "a kernel of 255": saved({"0.weight": torch.zeros(1, 1, 255, 255), "1.weight": torch.zeros(10, 784)}),
    }  # fmt: skip


# --- ONNX -------------------------------------------------------------------------------------------


def model(nodes: list[Any], weights: Any = (), given: Any = ("n", 1, 28, 28), **settings: Any) -> Any:
    graph = helper.make_graph(
        nodes,
        settings.pop("name", "net"),
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
        list(weights),
    )
    return helper.make_model(graph, ir_version=9, **settings)


def array(name: str, *shape: int, value: float = 0.0) -> Any:
    return numpy_helper.from_array(np.full(shape, value, np.float32), name)


def of_onnx() -> dict[str, bytes]:
    node = helper.make_node
    flat, dense = node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "W"], ["y"], transB=1)
    fine = model([flat, dense], [array("W", 10, 784)])
    content = fine.SerializeToString()

    def changed(change: Callable[[Any], Any]) -> bytes:
        other = model([flat, dense], [array("W", 10, 784)])
        change(other)
        return other.SerializeToString()

    def outside(other: Any) -> None:
        tensor = other.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../etc/passwd")

    def shape(*sides: int) -> Callable[[Any], None]:
        def change(other: Any) -> None:
            other.graph.initializer[0].dims[:] = sides

        return change

    inner = helper.make_graph([node("Identity", ["x"], ["i"])], "inner", [], [])
    function = helper.make_function("own", "F", ["a"], ["b"], [node("Relu", ["a"], ["b"])], [])
    ints = numpy_helper.from_array
    side = ints(np.array([20_000, 20_000], np.int64), "big")
    grow = [node("ConstantOfShape", ["big"], ["W"]), flat, dense]
    doubled = [node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], axis=0) for i in range(60)]
    diamonds = [node("Add", [f"d{i}", f"d{i}"], [f"d{i + 1}"]) for i in range(140)]
    unknown = [node("Add", [f"u{i}", f"v{i}"], [f"{name}{i + 1}"]) for i in range(140) for name in "uv"]
    files = {
        "cut": content[: len(content) // 2],
        "cut before the end": content[:-1],
        "a length beyond the end": b"\x08\x09\x3a\xff\xff\xff\xff\x07" + content[:50],
        "a number without end": b"\x08\x09\x3a\x04\x0a\x02\x08" + b"\xff" * 30,
        "zeros": b"\x08\x09\x3a\x80\x10" + bytes(4096),
        "no nodes": changed(lambda other: other.graph.ClearField("node")),
        "no graph": b"\x08\x09\x3a\x00",
        "weights in another file": changed(outside),
        "weights cut": changed(lambda other: other.graph.initializer[0].__setattr__("raw_data", b"1234")),
        "a shape of 10**9": changed(shape(10**9, 784)),
        "a shape of 10**18": changed(shape(10**9, 10**9)),
        "a shape below 0": changed(shape(-10, -784)),
        "a shape of fifty sides": changed(shape(*[1] * 50)),
        "texts as weights": changed(lambda other: other.graph.initializer[0].__setattr__("data_type", 8)),
        "a type unknown": changed(lambda other: other.graph.initializer[0].__setattr__("data_type", 99)),
        "NaN": model([flat, dense], [array("W", 10, 784, value=np.nan)]),
        "a circle": model([node("Relu", ["x"], ["a"]), node("Relu", ["a"], ["x"])]),
        "a circle of constants": model(
            [node("Neg", ["b"], ["a"]), node("Neg", ["a"], ["b"]), node("Gemm", ["x", "a"], ["y"])]
        ),
        "a node that reads itself": model([node("Add", ["x", "a"], ["a"])]),
        "a graph inside": model([node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)]),
        "a loop": model([node("Loop", ["", "", "x"], ["y"], body=inner)]),
        "functions of its own": model([flat, dense], [array("W", 10, 784)], functions=[function]),
        "another domain": model([node("Shell", ["x"], ["y"], domain="evil")]),
        "no inputs": changed(lambda other: other.graph.ClearField("input")),
        "two inputs": changed(lambda other: other.graph.input.add(name="z")),
        "an input of seven sides": model([flat, dense], given=(1,) * 7),
        "an image of 10**9": model([flat, dense], [array("W", 10, 784)], (1, 1, 10**9, 10**9)),
        "an image of 0": model([flat, dense], [array("W", 10, 784)], (1, 0, 0, 0)),
        "a window of 10**9": model(
            [node("MaxPool", ["x"], ["y"], kernel_shape=[10**9] * 2, strides=[1, 1])]
        ),
        "strides of 0": model([node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[0, 0])]),
        "strides below 0": model(
            [node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[-1, -1])]
        ),
        "SAME with strides of 0": model(
            [node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[0, 0], auto_pad="SAME_UPPER")]
        ),
        "pads of 10**12": model(
            [node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], pads=[10**12] * 4)]
        ),
        "a window that is a text": model([node("MaxPool", ["x"], ["y"], kernel_shape="big")]),
        "dilations of 10**6": model(
            [node("Conv", ["x", "K"], ["y"], dilations=[10**6] * 2)], [array("K", 4, 1, 3, 3)]
        ),
        "groups below 0": model([node("Conv", ["x", "K"], ["y"], group=-1)], [array("K", 4, 1, 3, 3)]),
        "groups that make 1.3 GB": model(
            [node("Conv", ["x", "K"], ["a"]), node("Conv", ["a", "L"], ["y"], group=2048)],
            [array("K", 4096, 1, 1, 1), array("L", 4096, 2, 3, 3)],
        ),
        "400 million zeros computed": model(grow, [side]),
        "2**60 numbers joined": model(
            [*doubled, flat, node("Gemm", ["f", "c60"], ["y"])], [array("c0", 1)]
        ),
        "2**140 additions": model(
            [*diamonds, flat, node("Gemm", ["f", "d140"], ["y"])], [array("d0", 1)]
        ),
        "2**140 ways to nothing": model([*unknown, flat, node("Gemm", ["f", "u140"], ["y"])]),
        "broadcast to 10**12": model(
            [node("Add", ["p", "q"], ["W"]), flat, dense], [array("p", 1_000_000, 1), array("q", 1, 1_000_000)]
        ),
        "a reshape to 10**18": model(
            [node("Reshape", ["x", "s"], ["f"]), dense], [ints(np.array([10**9, 10**9]), "s"), array("W", 10, 784)]
        ),
        "a reshape to below 0": model(
            [node("Reshape", ["x", "s"], ["f"]), dense], [ints(np.array([-5, -7]), "s"), array("W", 10, 784)]
        ),
        "a transpose of places that are none": model([node("Transpose", ["x"], ["y"], perm=[0, 9, 9, 9])]),
        "a squeeze of places that are none": model([node("Squeeze", ["x", "s"], ["y"])], [ints(np.array([77]), "s")]),
        "names with markup": model([node("Sin", ["x"], ["y"], name=NASTY)], name=NASTY),
        "3,000 nodes": model(
            [node("Relu", [f"r{i}" if i else "x"], [f"r{i + 1}"]) for i in range(3000)]
        ),
        "1,900 activations": model(
            [node("Relu", [f"r{i}" if i else "x"], [f"r{i + 1}"]) for i in range(1900)]
        ),
        "nodes without inputs": model([node("Gemm", [], []), node("Reshape", ["x"], [])]),
        "a node with too few inputs": model([node("Gemm", ["x"], ["y"])]),
        "a branch": model(
            [node("Relu", ["x"], ["a"]), node("Neg", ["a"], ["b"]), node("Add", ["a", "b"], ["c"]), flat, dense],
            [array("W", 10, 784)],
        ),
    }  # fmt: skip
    return {what: one if isinstance(one, bytes) else one.SerializeToString() for what, one in files.items()}


def hostile() -> dict[str, tuple[str, bytes]]:
    """{what is wrong: (file name, bytes)}"""
    kinds = {"safetensors": of_safetensors, "pt": of_torch, "onnx": of_onnx}
    return {
        f"{ending}: {what}": (f"net.{ending}", content)
        for ending, make in kinds.items()
        for what, content in make().items()
    }


# --- opened, and watched ----------------------------------------------------------------------------

_FORBIDDEN = (
    *(
        "os.system",
        "subprocess.Popen",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "exec",
        "compile",
        "import",
        "socket",
    ),
    *("open", "pickle.find_class", "shutil", "os.remove", "os.mkdir"),
)


def watched(content: bytes, name: str) -> dict[str, Any]:
    """What is said when a file is opened, its CPU seconds, and all that Python's audit heard meanwhile."""
    from cnn_core.errors import StudentError
    from cnn_core.opening import open_network

    _heard.clear()
    start = time.process_time()
    try:
        opened = open_network(content, name)
        said: dict[str, Any] = {"opened": [*opened.remarks, *opened.guesses]}
    except StudentError as error:
        said = {"message": error.message, "hint": error.hint}
    except BaseException as error:
        said = {"crash": f"{type(error).__name__}: {error}"[:500]}
    return said | {"seconds": time.process_time() - start, "heard": sorted(_heard)}


_heard: set[str] = set()


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        _heard.add(f"{event} {arguments[0]!s:.80}" if arguments else event)


def write_files(folder: Path) -> None:
    """All of them, numbered, and an index; in a process of its own, for making them takes more memory than opening."""
    files = hostile()
    for number, (_, content) in enumerate(files.values()):
        (folder / str(number)).write_bytes(content)
    index = [(what, name) for what, (name, _) in files.items()]
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def main(folder: Path) -> None:
    """Open all files that `write_files` wrote, and print what happened as one line of JSON."""
    import resource

    from cnn_core.opening import open_network

    files = json.loads((folder / "index.json").read_text("utf-8"))
    for number, (what, name) in enumerate(
        files
    ):  # what the readers import when they are needed, they import now
        if what.endswith(("NaN", "a kernel of 255", "import by GLOBAL", "INST", "an image of 0", "a circle")):
            with suppress(ValueError):
                open_network((folder / str(number)).read_bytes(), name)
    contents = [(folder / str(number)).read_bytes() for number in range(len(files))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.addaudithook(listen)
    told = {what: watched(content, name) for content, (what, name) in zip(contents, files, strict=True)}
    most = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    print(json.dumps({"megabytes": most, "told": told}))


if __name__ == "__main__":
    main(Path(sys.argv[1])) if len(sys.argv) == 2 else write_files(Path(sys.argv[2]))
