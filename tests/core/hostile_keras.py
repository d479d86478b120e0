"""Files that look like networks of Keras and are none, or harm whoever believes them; a function makes each."""

import io
import json
import pickle
import random
import struct
import zipfile

import h5py
import numpy as np

FILES: dict[str, tuple[str, object, str]] = {}  # what it is -> (name, maker, words of the refusal)


def bad(name, words):
    def register(make):
        FILES[make.__name__.replace("_", " ")] = (name, make, words)
        return make

    return register


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def conv(**changes):
    config = {"name": "conv2d", "filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid"}
    return layer("Conv2D", **{**config, "data_format": "channels_last", "activation": "relu", **changes})


def dense(**changes):
    return layer("Dense", **{"name": "dense", "units": 10, "activation": "softmax", **changes})


def layer(kind, **config):
    return {"module": "keras.layers", "class_name": kind, "config": {"name": kind.lower(), **config}}


INPUT = layer("InputLayer", name="input", batch_shape=[None, 8, 8, 1])


def sequential(*layers):
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def simple(*between, first=INPUT, last=None):
    return sequential(first, conv(), *between, layer("Flatten"), last or dense())


def keras(config, weights=b"none"):
    text = config if isinstance(config, str | bytes) else json.dumps(config)
    return zipped({"metadata.json": "{}", "config.json": text, "model.weights.h5": weights})


def hdf5(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def good_weights(file, kernel=None, **options):
    file.create_dataset(
        "layers/conv2d/vars/0", data=np.ones((3, 3, 1, 2), "f4") if kernel is None else kernel, **options
    )
    file.create_dataset("layers/conv2d/vars/1", data=np.ones(2, "f4"))
    file.create_dataset("layers/dense/vars/0", data=np.ones((72, 10), "f4"))
    file.create_dataset("layers/dense/vars/1", data=np.ones(10, "f4"))


def with_weights(fill):
    return keras(simple(), hdf5(fill))


# --- what is wrong with the zip ---


@bad("a.keras", "list of files cannot be read")
def a_zip_that_ends_too_early():
    return keras(simple())[:-40]


@bad("a.keras", "damaged")
def a_zip_with_a_wrong_checksum():
    whole = bytearray(zipped({"config.json": b"{}" * 400, "model.weights.h5": b""}, zipfile.ZIP_STORED))
    whole[80] ^= 255
    return bytes(whole)


@bad("a.keras", "larger than it looks")
def a_zip_bomb_for_a_description():
    return zipped({"config.json": b" " * 50_000_000, "model.weights.h5": b""})


@bad("a.keras", "larger than it looks")
def a_zip_bomb_for_weights():
    return zipped({"config.json": json.dumps(simple()), "model.weights.h5": bytes(80_000_000)})


@bad("a.keras", "damaged")
def a_locked_zip():
    whole = bytearray(keras(simple()))
    at = whole.find(b"PK\x01\x02")
    while at >= 0:
        whole[at + 8] |= 1
        at = whole.find(b"PK\x01\x02", at + 1)
    return bytes(whole)


@bad("a.keras", "damaged")
def a_zip_with_two_descriptions():
    buffer = io.BytesIO()
    import warnings

    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr("config.json", json.dumps(simple()))
        archive.writestr("model.weights.h5", b"")
    return buffer.getvalue()


@bad("a.keras", "a zip of 3,000 files")
def a_zip_of_thousands():
    return zipped({f"{n}": b"" for n in range(3_000)}, zipfile.ZIP_STORED)


@bad("a.keras", "inside a folder")
def a_network_in_a_folder():
    return zipped({"model/config.json": "{}", "model/metadata.json": "{}", "model/model.weights.h5": ""})


@bad("a.keras", "without its weights")
def a_network_without_weights():
    return zipped({"config.json": "{}", "metadata.json": "{}"})


@bad("a.zip", "SavedModel")
def a_saved_model():
    return zipped({"m/saved_model.pb": b"\x08\x01", "m/variables/variables.index": b""})


@bad("a.zip", "without a network")
def a_zip_that_climbs():
    return zipped({"../../etc/passwd": b"x"})


@bad("a.zip", "other files")
def a_zip_of_networks():
    return zipped({"a/net.h5": b"", "b/net.keras": b""})


@bad("a.npz", "NumPy arrays")
def arrays():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.ones(3))
    return buffer.getvalue()


# --- what is wrong with the description ---

DESCRIPTIONS = {
    "no JSON": ("{", "cannot be read"),
    "JSON without end": ("[" * 100_000, "cannot be read"),
    "nothing": ("", "cannot be read"),
    "a list": ("[]", "makes no sense"),
    "null": ("null", "makes no sense"),
    "a number beyond all": ('{"class_name": ' + "9" * 5_000 + "}", "cannot be read"),
    "bytes that are no text": (b'{"class_name": "\xff\xfe"}', "cannot be read"),
    "no layers": (sequential(), "lists no layers"),
    "layers that are none": (sequential(1, None), "has no class"),
    "a class of its author": (
        {"module": "__main__", "class_name": "Net", "config": {}},
        "author's own Python code",
    ),
    "a class without a module": ({"class_name": "Net", "config": {}}, "author's own Python code"),
    "a lambda": (simple(layer("Lambda", name="lambda_1")), "Layer 2 of 4, “lambda_1”, is a Lambda"),
    "a custom layer": (
        simple(
            {
                "module": "mine",
                "class_name": "Swish",
                "config": {"name": "s"},
                "registered_name": "Custom>Swish",
            }
        ),
        "“Swish”, which is its author's own",
    ),
    "a custom layer of Keras 2": (simple({"class_name": "Custom>Evil", "config": {}}), "author's own"),
    "a layer that nobody knows": (simple(layer("Frobnicate")), "“Frobnicate”, which is not known here"),
    "a permutation": (simple(layer("Permute", dims=[2, 1, 3])), "is a Permute"),
    "a layer for sequences": (simple(layer("LSTM", units=3)), "reads sequences"),
    "a relu that learns": (simple(layer("PReLU")), "is a PReLU"),
    "another activation": (simple(last=dense(activation="swish")), "“swish”"),
    "an activation that is a list": (simple(last=dense(activation=[1])), "for an activation"),
    "an activation that is code": (
        simple(last=dense(activation={"class_name": "__lambda__", "config": {"value": "4wAA"}})),
        "the activation",
    ),
    "another slope": (simple(layer("LeakyReLU", alpha=-0.3)), "slope -0.3"),
    "a relu with an end": (simple(layer("ReLU", max_value=6.0)), "ends at 6"),
    "an elu with another alpha": (simple(layer("ELU", alpha=-0.5)), "alpha -0.5"),
    "softmax in the middle": (simple(layer("Softmax")), "only the last layer"),
    "filters below 0": (sequential(INPUT, conv(filters=-3), layer("Flatten"), dense()), "−3"),
    "half a filter": (sequential(INPUT, conv(filters=2.5), layer("Flatten"), dense()), "2.5"),
    "true filters": (sequential(INPUT, conv(filters=True), layer("Flatten"), dense()), "filters = true"),
    "a billion filters": (sequential(INPUT, conv(filters=10**9), layer("Flatten"), dense()), "1,000,000,000"),
    "units without number": (simple(last=layer("Dense", name="dense")), "does not say its units"),
    "65,536 units twice": (
        sequential(
            INPUT,
            layer("Flatten"),
            dense(units=65_536, activation="relu"),
            dense(name="d", units=60_000, activation="relu"),
            dense(name="e"),
        ),
        "parameters",
    ),
    "a list of a billion": (
        sequential(
            layer("InputLayer", batch_shape=[None, 256, 256, 3]),
            conv(filters=4_096),
            layer("Flatten"),
            dense(),
        ),
        "parameters|multiply-adds",
    ),
    "a kernel of a million": (
        sequential(INPUT, conv(kernel_size=[10**6] * 2), layer("Flatten")),
        "kernel_size",
    ),
    "a kernel larger than its map": (sequential(INPUT, conv(kernel_size=[9, 9]), layer("Flatten")), "9×9"),
    "an oblong kernel": (sequential(INPUT, conv(kernel_size=[3, 5]), layer("Flatten"), dense()), "3×5"),
    "strides that differ": (sequential(INPUT, conv(strides=[1, 2]), layer("Flatten"), dense()), "1×2"),
    "another padding": (sequential(INPUT, conv(padding="causal"), layer("Flatten"), dense()), "“causal”"),
    "a wide border": (
        sequential(
            INPUT, layer("ZeroPadding2D", padding=[[5, 5], [5, 5]]), conv(), layer("Flatten"), dense()
        ),
        "no square kernel",
    ),
    "a border before a pooling": (
        sequential(
            INPUT, layer("ZeroPadding2D", padding=1), layer("MaxPooling2D", pool_size=2), layer("Flatten")
        ),
        "after a border of zeros",
    ),
    "two data formats": (simple(conv(name="second", data_format="channels_first")), "mixes"),
    "no input": (sequential(conv(), layer("Flatten"), dense()), "does not say which pictures"),
    "an input of four channels": (
        simple(first=layer("InputLayer", batch_shape=[None, 8, 8, 4])),
        "4 channels",
    ),
    "an input of a film": (simple(first=layer("InputLayer", batch_shape=[None, 5, 8, 8, 1])), "4 dimensions"),
    "an input below 0": (simple(first=layer("InputLayer", batch_shape=[None, -8, 8, 1])), "−8"),
    "an input of 5,000 pixels": (simple(first=layer("InputLayer", batch_shape=[None, 5000, 8, 1])), "5,000"),
    "an input of words": (
        simple(first=layer("InputLayer", batch_shape=[None, "a", "b", "c"])),
        "has the shape",
    ),
    "1,000 numbers in a row": (
        sequential(layer("InputLayer", batch_shape=[None, 1000]), dense()),
        "no square picture",
    ),
    "another axis": (simple(layer("BatchNormalization", axis=[1])), "axis 1"),
    "renorm": (simple(layer("BatchNormalization", axis=-1, renorm=True)), "renorm"),
    "a dropout of all": (simple(layer("Dropout", rate=1.0)), "share of 1"),
    "a rate of words": (simple(layer("Dropout", rate="half")), "rate"),
    "a reshape in the middle": (
        simple(layer("Reshape", target_shape=[6, 3, 4])),
        "neither a flatten nor the first step",
    ),
    "a reshape that does not fit": (simple(layer("Reshape", target_shape=[7, -1, 5])), "cannot put"),
    "a rescaling of five channels": (simple(layer("Rescaling", scale=[1.0] * 5)), "does not fit its input"),
    "a cropping of everything": (simple(layer("Cropping2D", cropping=[[3, 3], [3, 3]])), "not all"),
    "a cropping of less than nothing": (
        simple(layer("Cropping2D", cropping=[[-1, 0], [0, 0]])),
        "makes no sense",
    ),
    "a cropping of words": (simple(layer("Cropping2D", cropping="all")), "makes no sense"),
    "a normalisation along a word": (simple(layer("Normalization", axis="x")), "for each place"),
    "a normalisation without its numbers": (simple(layer("Normalization", axis=-1)), "missing"),
    "maps at the end": (sequential(INPUT, conv()), "leaves maps"),
    "one number at the end": (simple(last=dense(units=1, activation="relu")), "single number"),
    "weights of eight bits": (
        simple(last=dense(dtype={"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}})),
        "few bits",
    ),
    "10,000 layers": (sequential(INPUT, *[layer("Dropout", rate=0.1)] * 10_000), "10,001 layers"),
    "70 layers": (simple(*[layer("Dropout", rate=0.1)] * 70), "Use 64 at most"),
    "a dense layer before maps": (sequential(INPUT, layer("Flatten"), conv(), dense()), "comes in"),
    "a name with markup": (
        simple(layer("Frobnicate", name="<script>alert(1)</script>\u202e\n" * 50)),
        "not known here",
    ),
}
for _what, (_config, _words) in DESCRIPTIONS.items():
    FILES[f"a description with {_what}"] = ("a.keras", lambda config=_config: keras(config), _words)


def node(name, kind, *sources, **config):
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"shape": [None], "keras_history": [s, 0, 0]}}
        for s in sources
    ]
    nodes = [{"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {}}] if tensors else []
    return {**layer(kind, **{**config, "name": name}), "name": name, "inbound_nodes": nodes}


def functional(*nodes, outputs=("out",)):
    ends = [[name, 0, 0] for name in outputs]
    config = {"name": "f", "layers": list(nodes), "input_layers": [["in", 0, 0]], "output_layers": ends}
    return {"module": "keras", "class_name": "Functional", "config": config}


ENTRY = node("in", "InputLayer", batch_shape=[None, 8, 8, 1])
GRAPHS = {
    "joins two ways": (
        functional(
            ENTRY,
            node("a", "Flatten", "in"),
            node("b", "Flatten", "in"),
            node("both", "Add", "a", "b"),
            node("out", "Dense", "both", units=10),
        ),
        r"Layer 3 of 4, “both”, is a layer \(Add\) that joins 2 ways: “a”, “b”",
    ),
    "goes round": (
        functional(ENTRY, node("a", "ReLU", "out"), node("out", "ReLU", "a")),
        "round in a circle",
    ),
    "misses a layer": (functional(ENTRY, node("out", "Dense", "nobody", units=10)), "“nobody” is missing"),
    "has two outputs": (functional(ENTRY, node("a", "Flatten", "in"), outputs=("a", "in")), "2 outputs"),
    "has no output": (functional(ENTRY, outputs=()), "0 outputs"),
    "has two of a name": (functional(ENTRY, ENTRY, node("out", "Flatten", "in")), "two layers are called"),
    "begins nowhere": (functional(ENTRY, node("out", "Dense", units=10)), "has no input"),
    "uses a layer twice": (
        functional(
            ENTRY,
            {
                **node("out", "Flatten", "in"),
                "inbound_nodes": node("x", "Flatten", "in")["inbound_nodes"] * 2,
            },
        ),
        "is used 2 times",
    ),
}
for _what, (_config, _words) in GRAPHS.items():
    FILES[f"a graph that {_what}"] = ("a.keras", lambda config=_config: keras(config), _words)


@bad("a.keras", "too deep inside one another")
def networks_in_networks():
    model = simple()
    for _ in range(40):
        model = sequential(INPUT, model)
    return keras(model)


# --- what is wrong with the HDF5 ---


@bad("a.h5", "end is missing")
def hdf5_that_ends_too_early():
    return hdf5(good_weights)[:3_000]


@bad("a.h5", "end is missing")
def only_the_beginning_of_hdf5():
    return b"\x89HDF\r\n\x1a\n" + bytes(60)


@bad("a.h5", "no network of Keras")
def empty_hdf5():
    return hdf5(lambda file: None)


@bad("a.h5", "weights alone")
def weights_alone():
    return hdf5(good_weights)


@bad("a.keras", "damaged")
def weights_that_are_no_hdf5():
    return keras(simple(), b"\x89HDF\r\n\x1a\n" + random.Random(1).randbytes(3_000))


@bad("a.keras", "leads to another file")
def a_link_to_another_file():
    def fill(file):
        good_weights(file)
        file["layers/conv2d_1"] = h5py.ExternalLink("/etc/passwd", "/")

    return with_weights(fill)


@bad("a.keras", "is a link")
def a_soft_link():
    def fill(file):
        good_weights(file)
        file["again"] = h5py.SoftLink("/again")

    return with_weights(fill)


@bad("a.keras", "holds itself")
def a_group_that_holds_itself():
    def fill(file):
        good_weights(file)
        file["layers/dense/round"] = file["layers"]

    return with_weights(fill)


@bad("a.keras", "lie too deep")
def groups_without_end():
    return with_weights(lambda file: file.create_group("/".join("g" * 400)))


@bad("a.keras", "more than 5,000 parts")
def parts_without_end():
    def fill(file):
        for number in range(5_100):
            file.create_group(str(number))

    return with_weights(fill)


@bad("a.keras", "lie in another file")
def numbers_in_another_file():
    def fill(file):
        good_weights(file)
        file.create_dataset("secret", (4,), "u1", external=[("/etc/passwd", 0, 4)])

    return with_weights(fill)


@bad("a.keras", "put together from other files")
def numbers_put_together():
    def fill(file):
        good_weights(file)
        layout = h5py.VirtualLayout((4,), "u1")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        file.create_virtual_dataset("secret", layout)

    return with_weights(fill)


@bad("a.keras", "needs a plugin")
def a_filter_of_a_plugin():
    return with_weights(lambda file: good_weights(file, chunks=True, compression="lzf"))


@bad("a.keras", "too large pieces")
def a_chunk_of_a_gigabyte():
    def fill(file):
        good_weights(file)
        options = {"maxshape": (None,), "chunks": (250_000_000,), "compression": "gzip"}
        file.create_dataset("secret", (1,), "f4", **options)

    return with_weights(fill)


@bad("a.keras", "has weights of 1000000×1000000")
def a_promise_of_terabytes():
    def fill(file):
        good_weights(file)
        del file["layers/dense/vars/0"]
        file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=(10, 10))

    return with_weights(fill)


def _with_kernel(value, kind="f4"):
    return with_weights(lambda file: good_weights(file, np.full((3, 3, 1, 2), value, kind)))


@bad("a.keras", "infinite numbers")
def weights_that_are_no_numbers():
    return _with_kernel(np.nan)


@bad("a.keras", "infinite numbers")
def weights_without_end():
    return _with_kernel(-np.inf)


@bad("a.keras", "infinite numbers")
def weights_too_large_for_32_bits():
    return _with_kernel(1e300, "f8")


@bad("a.keras", "not floating-point")
def weights_of_whole_numbers():
    return _with_kernel(3, "i8")


@bad("a.keras", "not floating-point")
def weights_of_two_parts():
    return _with_kernel(1j, "c8")


@bad("a.keras", "not floating-point")
def weights_of_words():
    return with_weights(lambda file: good_weights(file, np.full((3, 3, 1, 2), b"x", "S4")))


@bad("a.keras", "has weights of 5×5×1×2, 2, and its settings need 3×3×1×2, 2")
def weights_of_another_shape():
    return with_weights(lambda file: good_weights(file, np.ones((5, 5, 1, 2), "f4")))


@bad("a.keras", "“dense” are missing")
def weights_that_are_missing():
    def fill(file):
        good_weights(file)
        del file["layers/dense"]

    return with_weights(fill)


@bad("a.keras", "has weights of")
def a_weight_too_many():
    def fill(file):
        good_weights(file)
        file.create_dataset("layers/dense/vars/2", data=np.ones(10, "f4"))

    return with_weights(fill)


@bad("a.keras", "variance below 0")
def a_variance_below_0():
    def fill(file):
        good_weights(file)
        for number in range(4):
            file.create_dataset(f"layers/batch_normalization/vars/{number}", data=-np.ones(2, "f4"))

    norm = layer("BatchNormalization", axis=-1, epsilon=0.001, scale=True, center=True)
    return keras(simple(norm), hdf5(fill))


def of_keras_2(fill):
    """model_config as an attribute, and what `fill` adds."""

    def write(file):
        file.attrs["model_config"] = json.dumps(simple())
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"conv2d", b"dense"]
        for name in ("conv2d", "dense"):
            group.create_group(name).attrs["weight_names"] = [
                f"{name}/kernel:0".encode(),
                f"{name}/bias:0".encode(),
            ]
        fill(group)

    return hdf5(write)


@bad("a.h5", "are missing")
def names_of_weights_that_are_not_there():
    return of_keras_2(lambda group: group.create_dataset("x", data=[1.0]))


@bad("a.h5", "missing|has weights of")
def names_of_weights_that_climb():
    def fill(group):
        group.create_dataset("x", data=[1.0])
        group["conv2d"].attrs["weight_names"] = [b"../../../etc/passwd", b"/"]

    return of_keras_2(fill)


@bad("a.h5", "no network of Keras")
def a_description_of_numbers():
    return hdf5(lambda file: file.attrs.__setitem__("model_config", np.arange(100)))


@bad("a.h5", "text in it is too long|damaged|cannot be read")
def a_description_without_end():
    return hdf5(lambda file: file.attrs.__setitem__("model_config", " " * 5_000_000))


@bad("a.h5", "no network of Keras")
def a_table_of_pandas():
    return hdf5(lambda file: file.create_dataset("df/block0_values", data=np.ones((5, 3))))


def flipped(seed):
    """A good file in which some bytes are others."""
    whole = bytearray(of_keras_2(lambda group: good_weights(group)))
    chance = random.Random(seed)
    for _ in range(40):
        whole[chance.randrange(8, len(whole))] = chance.randrange(256)
    return bytes(whole)


# --- what is none of it ---

STRANGERS = {
    "nothing": ("a.h5", b"", "is empty"),
    "one byte": ("a.h5", b"\x00", "cannot be read here"),
    "a pickle": ("a.pkl", pickle.dumps([1]), "pickle"),
    "a pickle of joblib": ("a.joblib", pickle.dumps({"a": 1}, protocol=3), "pickle"),
    "an old pickle": ("a.h5", b"\x80\x02ccopy_reg\n", "pickle"),
    "an object of R": ("a.rds", b"\x1f\x8b\x08" + bytes(20), "R"),
    "an unpacked object of R": ("a.rds", b"X\n\x00\x00\x00\x03", "R"),
    "a PNG": ("a.png", b"\x89PNG\r\n\x1a\n", "picture"),
    "a JPEG": ("a.h5", b"\xff\xd8\xff\xe0", "picture"),
    "a model of TensorFlow Lite": ("a.tflite", b"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"),
    "a graph of TensorFlow": ("a.pb", b"\x08\x01\x12\x04abcd", "graph of TensorFlow"),
    "a web page": ("a.h5", b"<!DOCTYPE html><html>", "web page"),
    "a pointer of Git LFS": ("a.h5", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "a text": ("a.h5", b"import keras\nmodel = ...\n", "a text"),
    "a tar": ("a.tar", bytes(257) + b"ustar" + bytes(300), "tar"),
    "a PDF": ("a.pdf", b"%PDF-1.7", "PDF"),
    "an array": ("a.npy", b"\x93NUMPY\x01\x00", "NumPy"),
    "a program": ("a.h5", b"\x7fELF\x02", "program"),
    "noise": (
        "<b>a</b>.h5",
        struct.pack("<20I", *range(3_000_000_000, 3_000_000_020)),
        "cannot be read here",
    ),
}
for _what, (_name, _content, _words) in STRANGERS.items():
    FILES[_what] = (_name, lambda content=_content: content, _words)
