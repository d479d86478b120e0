"""Networks that Keras saved, opened without Keras: the same answers, whatever the file's form.

The oracle is Keras's own `predict`, with weights that no mistake survives.
"""

import importlib.util
import io
import json
import os
import zipfile

import h5py
import numpy as np
import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.model import LAYER_TYPES, PRESETS, ModelSpec
from cnn_core.opening import open_network, with_scale
from cnn_core.opening.keras_file import chain_of
from cnn_core.opening.keras_layers import translated
from cnn_core.opening.keras_operations import as_layer, is_operation
from tests.core.designs import LESSON_LAYERS, design, lived_in, random_spec, same_weights
from tests.core.keras_files import in_layout_of_keras_2, live_in, saved
from tests.core.keras_networks import CASES

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed, and it is the oracle here", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    # Keras's torch backend hands NumPy its tensors in a way of which NumPy 2 says that it will go.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # It is told of .h5 that .keras is newer, and of layers that were handed over with an input_shape.
    pytest.mark.filterwarnings("ignore:.*HDF5 file.*:UserWarning"),
]


def network(name, seed=0):
    import keras

    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    model = CASES[name](keras, keras.layers)
    live_in(model, seed)
    return model


def images_for(opened, count=6, seed=1):
    """Images in the range that the file's network takes."""
    chance = torch.Generator().manual_seed(seed)
    return opened.scale * torch.rand(count, *opened.spec.input_shape, generator=chance)


def keras_says(model, opened, images):
    """What Keras predicts for these images, in the shape that its network takes."""
    given = images.numpy()
    if model.input_shape[1:] != tuple(given.shape[1:]):  # channels come last, or there is but one list
        given = given.transpose(0, 2, 3, 1).reshape(-1, *model.input_shape[1:])
    return model(given, training=False).detach().numpy()


def our_answer(opened, images):
    softmax = getattr(opened.spec.layers[-1], "activation", "") == "softmax"
    with torch.no_grad():
        return (opened.net.predict(images) if softmax else opened.net(images)).numpy()


FORMS = {
    "a .keras file": ("model.keras", lambda model: saved(model, ".keras")),
    "an .h5 file of Keras 3": ("model.h5", lambda model: saved(model, ".h5")),
    "an .h5 file of Keras 2": ("old.h5", in_layout_of_keras_2),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_network_answers_as_in_keras_from_each_form_of_file(name):
    model = network(name)
    files = {form: open_network(write(model), title) for form, (title, write) in FORMS.items()}
    opened = files["a .keras file"]
    images = images_for(opened)
    expected = keras_says(model, opened, images)
    for form, other in files.items():
        assert np.abs(our_answer(other, images) - expected).max() < 1e-4, form
        assert (other.spec.layers, other.scale, other.remarks) == (
            opened.spec.layers,
            opened.scale,
            opened.remarks,
        )


WEIGHTS_FILES = {
    "of Keras 3": lambda model: saved(model, ".weights.h5"),
    "of Keras 2": lambda model: in_layout_of_keras_2(model, weights_only=True),
}
ONTO = [
    "lesson",
    "batch_normalisation_and_dropout_between_flatten_and_dense",
    "strides_and_same",
    "functional",
]


@pytest.mark.parametrize("name", ONTO)
@pytest.mark.parametrize("generation", WEIGHTS_FILES)
def test_a_file_of_weights_alone_fits_the_design_it_was_saved_from(generation, name):
    model = network(name)
    whole = open_network(saved(model, ".keras"), "model.keras")
    other_seed = open_network(saved(network(name, seed=5), ".keras"), "model.keras")
    opened = open_network(WEIGHTS_FILES[generation](model), "model.weights.h5", onto=whole.spec)
    assert opened.spec == whole.spec
    assert same_weights(opened.net, whole.net)
    assert not same_weights(opened.net, other_seed.net)


@pytest.mark.parametrize("generation", WEIGHTS_FILES)
def test_weights_that_do_not_fit_say_what_the_file_holds(generation):
    content = WEIGHTS_FILES[generation](network("lesson"))
    other = ModelSpec.from_dict(design(*LESSON_LAYERS[:3], *LESSON_LAYERS[5:]))
    fitting = "conv2d_1 needs 3×3×1×32, 32, and the file has 3×3×1×8, 8"
    with pytest.raises(StudentError, match=fitting) as error:
        open_network(content, "model.weights.h5", onto=other)
    assert "3×3×8×6" in error.value.hint
    with pytest.raises(StudentError, match="weights alone") as error:
        open_network(content, "model.weights.h5")
    assert "3×3×8×6" in error.value.hint


def test_a_design_in_the_sidebar_does_not_change_what_a_whole_network_is():
    content = saved(network("functional"), ".keras")
    assert (
        open_network(content, "a.keras", onto=PRESETS["lesson"]).spec == open_network(content, "a.keras").spec
    )


def test_numbers_of_16_bits_are_read_and_a_remark_tells_of_them():
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, activation="relu", dtype="mixed_float16"),
            layers.Flatten(dtype="mixed_float16"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )
    live_in(model)
    opened = open_network(saved(model, ".keras"), "model.keras")
    images = images_for(opened)
    assert np.abs(our_answer(opened, images) - keras_says(model, opened, images)).max() < 5e-3
    assert any("16 bits" in remark for remark in opened.remarks)


def test_weights_kept_in_16_bits_are_those_numbers():
    def shrink(value):
        return value.astype("f2")

    model = network("lesson")
    content = in_layout_of_keras_2(model, turn=shrink)
    opened = open_network(content, "small.h5")
    bias = model.layers[0].get_weights()[1]
    assert opened.net.conv2d_1.conv.bias.tolist() == shrink(bias).astype("f4").tolist()


@pytest.mark.parametrize("last", ["sigmoid", None])
def test_one_number_for_yes_or_no_becomes_two_classes_with_its_probabilities(last):
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(1, activation=last)]
    )
    live_in(model)
    opened = open_network(saved(model, ".keras"), "cat_or_dog.keras")
    images = images_for(opened)
    said = keras_says(model, opened, images)[:, 0]
    expected = said if last else 1 / (1 + np.exp(-said))
    assert opened.spec.classes == 2
    assert np.abs(opened.net.predict(images)[:, 1].numpy() - expected).max() < 1e-4
    assert any("second class" in remark for remark in opened.remarks)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("lesson", None),
        ("functional", None),
        ("inputs_from_0_to_255", "range of its input is part of the weights"),
        ("inputs_from_minus_1_to_1_before_a_border_of_zeros", "depthwise convolution of 1×1 in front"),
        ("many_kinds_of_dropout", "in use it does nothing: “gaussian_noise”, “spatial_dropout2d”"),
        ("batch_normalisation_without_scale_and_centre_first", "epsilon 0.1 and momentum 0.99"),
        ("separable", "a depthwise convolution and a 1×1 convolution"),
        ("without_softmax", "has no softmax"),
        ("a_list_of_784_numbers", "784 numbers in a row"),
    ],
)
def test_what_was_changed_is_told_and_nothing_else(name, part):
    remarks = open_network(saved(network(name), ".keras"), "model.keras").remarks
    assert (part in " ".join(remarks)) if part else remarks == ()


def test_a_network_for_0_to_255_says_so_and_takes_0_to_1_afterwards():
    model = network("inputs_from_0_to_255")
    opened = open_network(saved(model, ".keras"), "model.keras")
    assert opened.scale == 255
    images = images_for(opened) / 255
    with torch.no_grad():
        ours = with_scale(opened.net, opened.scale).predict(images).numpy()
    assert np.abs(ours - keras_says(model, opened, 255 * images)).max() < 1e-4


def test_a_layer_is_refused_by_its_name_and_its_place():
    import keras

    layers = keras.layers
    images = keras.Input((28, 28, 1))
    maps = layers.Conv2D(4, 3, padding="same", name="eye")(images)
    both = layers.Add(name="both")([maps, layers.Conv2D(4, 3, padding="same", name="other")(maps)])
    model = keras.Model(images, layers.Dense(10)(layers.Flatten()(both)))
    for content in (saved(model, ".keras"), saved(model, ".h5")):
        with pytest.raises(StudentError, match=r"Layer 3 of 5, “both”, is a layer \(Add\) that joins 2 ways"):
            open_network(content, "resnet.keras")
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Lambda(lambda x: x, name="lambda_1")]
    )
    with pytest.raises(
        StudentError, match="Layer 2 of 2, “lambda_1”, is a Lambda: Python code inside a file is never"
    ):
        open_network(saved(model, ".keras"), "lambda.keras")


OPERATIONS = {
    "a quotient": ((28, 28, 1), lambda ops, x: x / 255),
    "a product and a difference": ((28, 28, 1), lambda ops, x: x * 2 - 1),
    "a number less the image": ((28, 28, 1), lambda ops, x: 1 - x),
    "less than nothing": ((28, 28, 1), lambda ops, x: -(0.5 + x)),
    "relu": ((28, 28, 1), lambda ops, x: ops.relu(x - 0.5)),
    "a dimension more": ((28, 28), lambda ops, x: ops.expand_dims(x, -1)),
    "another shape": ((784,), lambda ops, x: ops.reshape(x, (-1, 28, 28, 1))),
}


def with_operation(change, shape):
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(0)
    keras.backend.clear_session()
    images = keras.Input(shape)
    maps = layers.Conv2D(4, 3, activation="relu")(change(keras.ops, images))
    model = keras.Model(images, layers.Dense(10, activation="softmax")(layers.Flatten()(maps)))
    live_in(model)
    return model


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("what", OPERATIONS)
def test_a_function_between_the_layers_is_the_layer_that_does_the_same(what, ending):
    shape, change = OPERATIONS[what]
    model = with_operation(change, shape)
    opened = open_network(saved(model, ending), f"model{ending}")
    images = images_for(opened)
    assert np.abs(our_answer(opened, images) - keras_says(model, opened, images)).max() < 1e-4
    assert opened.scale == (255 if what == "a quotient" else 1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda ops, x: ops.flip(x, 1), "Flip"),
        (lambda ops, x: 1 / (x + 1), "TrueDivide"),
        (lambda ops, x: ops.power(x, 2), "Power"),
    ],
)
def test_a_function_that_no_layer_does_is_refused_by_its_name(change, name):
    with pytest.raises(StudentError, match=rf"is an operation between the layers \({name}\)"):
        open_network(saved(with_operation(change, (28, 28, 1)), ".keras"), "model.keras")


@pytest.mark.parametrize(
    ("function", "y", "layer"),
    [
        ("math.truediv", 255.0, {"scale": 1 / 255, "offset": 0.0}),
        ("math.subtract", 0.5, {"scale": 1.0, "offset": -0.5}),
        ("math.multiply", 2, {"scale": 2.0, "offset": 0.0}),
        ("math.divide", 0, None),
        ("math.truediv", 10**400, None),
        ("image.flip_left_right", None, None),
    ],
)
def test_a_function_of_tensorflow_in_keras_2_is_read_as_keras_2_writes_it(function, y, layer):
    """As TensorFlow 2.15 writes `x / 255`."""
    named = {"name": None} | ({} if y is None else {"y": y})
    config = {"name": "tf.math.truediv", "trainable": True, "dtype": "float32", "function": function}
    written = {"class_name": "TFOpLambda", "config": config, "inbound_nodes": [["input_1", 0, 0, named]]}
    assert is_operation(written)
    kind, settings = as_layer("TFOpLambda", config, written)
    assert (kind, settings) == ("Rescaling", layer) if layer else kind.startswith("operation ")


def test_weights_in_the_upper_halves_of_float32_are_those_numbers():
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, dtype="bfloat16"),
            layers.Flatten(dtype="bfloat16"),
            layers.Dense(10, activation="softmax", dtype="bfloat16"),
        ]
    )
    live_in(model)
    opened = open_network(saved(model, ".keras"), "model.keras")
    kernel = model.layers[0].kernel.value.detach().float().permute(3, 2, 0, 1)
    assert torch.equal(opened.net.conv2d_1.conv.weight.detach(), kernel)
    assert any("second digit" in remark for remark in opened.remarks)


@pytest.mark.parametrize("kind", ["Dense", "BatchNormalization"])
def test_what_works_on_the_rows_of_a_picture_without_channels_is_told_so(kind):
    import keras

    layers = keras.layers
    first = layers.Dense(6) if kind == "Dense" else layers.BatchNormalization()
    model = keras.Sequential([keras.Input((28, 28)), first, layers.Flatten(), layers.Dense(10)])
    with pytest.raises(StudentError, match="works on each row of the picture by itself") as error:
        open_network(saved(model, ".keras"), "rows.keras")
    assert error.value.hint == "Put a Flatten before it, or give the network an input of (28, 28, 1)."


def test_a_mean_for_each_place_of_a_picture_is_refused():
    import keras

    layers = keras.layers
    every = layers.Normalization(axis=(1, 2, 3))
    every.adapt(np.random.default_rng(0).random((5, 8, 8, 1)))
    model = keras.Sequential([keras.Input((8, 8, 1)), every, layers.Flatten(), layers.Dense(10)])
    with pytest.raises(StudentError, match="learnt a mean for each place of the picture"):
        open_network(saved(model, ".keras"), "places.keras")


def test_the_name_of_a_design_is_that_of_its_file():
    content = saved(network("lesson"), ".keras")
    for name, title in [
        ("C:\\nets\\my net.keras", "my net"),
        ("a/b.weights.h5", "b"),
        ("\u202e.h5", "My design"),
    ]:
        assert open_network(content, name).spec.name == title


def rewritten(content, change):
    """A .keras file whose weights `change(old, new)` has written anew."""
    buffer, weights = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        with h5py.File(io.BytesIO(old.read("model.weights.h5"))) as source, h5py.File(weights, "w") as target:
            change(source, target)
        for name in ("metadata.json", "config.json"):
            new.writestr(name, old.read(name))
        new.writestr("model.weights.h5", weights.getvalue())
    return buffer.getvalue()


def test_keras_2_12_has_another_group_and_leaves_out_every_second_number():
    """Its layers stand twice in the dictionary that it writes, and are numbered twice: conv2d, conv2d_2, conv2d_4."""

    def change(source, target):
        for name in source["layers"]:
            stem, _, number = name.rpartition("_")
            doubled = f"{stem}_{2 * int(number)}" if number.isdecimal() else name
            source.copy(source["layers"][name], target, f"_layer_checkpoint_dependencies/{doubled}")

    content = saved(network("strides_and_same"), ".keras")
    opened = open_network(content, "new.keras")
    assert same_weights(open_network(rewritten(content, change), "old.keras").net, opened.net)


def test_eleven_layers_of_a_class_are_taken_by_number_and_not_by_alphabet():
    import keras

    layers = [keras.layers.Dense(10, activation="relu") for _ in range(12)]
    model = keras.Sequential([keras.Input((4, 4)), keras.layers.Flatten(), *layers])
    live_in(model)
    opened = open_network(saved(model, ".keras"), "deep.keras")
    images = images_for(opened)
    assert np.abs(our_answer(opened, images) - keras_says(model, opened, images)).max() < 1e-4


def test_a_description_that_is_a_list_as_before_keras_2_2_opens():
    model = network("lesson")

    def older(config):
        return config | {"config": config["config"]["layers"][1:]}

    content = in_layout_of_keras_2(model)
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        first = config["config"]["layers"][1]["config"]
        first["batch_input_shape"] = [None, 28, 28, 1]
        file.attrs["model_config"] = json.dumps(older(config))
    assert same_weights(open_network(buffer.getvalue(), "a.h5").net, open_network(content, "a.h5").net)


def test_long_lists_of_names_are_cut_into_pieces():
    """HDF5 holds no attribute above 64 kB, so Keras writes weight_names0, weight_names1, ..."""
    content = in_layout_of_keras_2(network("lesson"))
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        for group in file["model_weights"].values():
            names = group.attrs["weight_names"]
            del group.attrs["weight_names"]
            for number, name in enumerate(names):
                group.attrs[f"weight_names{number}"] = [name]
        names = file["model_weights"].attrs["layer_names"]
        del file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs["layer_names0"], file["model_weights"].attrs["layer_names1"] = (
            names[:3],
            names[3:],
        )
    assert same_weights(open_network(buffer.getvalue(), "a.h5").net, open_network(content, "a.h5").net)


@pytest.mark.parametrize("seed", range(40))
def test_a_design_of_ours_described_as_keras_would_is_that_design_again(seed):
    spec = random_spec(seed)
    way = translated(chain_of(spec))
    assert (tuple(way.layers), way.input_shape, way.shape) == (spec.layers, spec.input_shape, (spec.classes,))
    assert len(way.needs) == sum("weight" in name for name in lived_in(spec).state_dict())


def test_every_kind_of_layer_that_a_design_may_have_is_read():
    drawn = {layer.type for seed in range(40) for layer in random_spec(seed).layers}
    assert drawn == set(LAYER_TYPES)


def test_a_server_without_h5py_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StudentError, match="lacks the package h5py"):
        open_network(b"\x89HDF\r\n\x1a\n", "a.h5")
