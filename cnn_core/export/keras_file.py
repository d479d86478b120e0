"""A trained network as Keras's own files, made without Keras: `.keras` for Keras 3, `.h5` for Keras 2, 3 and R.

Both hold a description in JSON and the weights in HDF5. We flatten (channels, rows, columns) and Keras (rows, columns,
channels), so the weights behind a `Flatten` are written in Keras's order, and the layers stand as in the lesson.
Sources of the forms: `keras/src/saving/saving_lib.py` and `keras/src/legacy/saving/legacy_h5_format.py` of Keras 3.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_core.export.keras_layers import KerasLayer
from cnn_core.export.layers import KERAS_ACTIVATIONS, LAYERS
from cnn_core.export.program import Step, betas_of, channels_last, ends_in_softmax, steps
from cnn_core.model.activations import is_usual, parts_of
from cnn_core.model.shapes import Shape

if TYPE_CHECKING:
    from cnn_core.export.program import Recipe
    from cnn_core.model.network import Network

KERAS_3, KERAS_2 = "3.15.1", "2.15.0"  # the versions whose form a file has
_MADE = (1980, 1, 1, 0, 0, 0)  # a zip wants a date; the same network shall give the same file


def export_keras_v3(net: Network, recipe: Recipe | None = None, *, dataset: str | None = None) -> bytes:
    """The bytes of a `.keras` file: `keras.saving.load_model(path)` gives the network, compiled.

    net:     in use, as it stands; its numbers go out as float32.
    recipe:  how it was trained, for `compile`; the optimizer's own memory is not in the file. None: rmsprop.
    dataset: a key of DATASETS, noted in the file's metadata, where Convscope finds it again.
    """
    layers = _layers(net, legacy=False)
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": _batch(net.spec.input_shape), "dtype": "float32", "name": "input_layer"},
        "registered_name": None,
    }
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "trainable": True,
            "dtype": "float32",
            "layers": [first, *(one.as_keras_3() for one in layers)],
            "build_input_shape": _batch(net.spec.input_shape),
        },
        "registered_name": None,
        "build_config": {"input_shape": _batch(net.spec.input_shape)},
        "compile_config": {**_compiled(net, recipe, in_module=True), "weighted_metrics": None},
    }
    metadata = {"keras_version": KERAS_3, "date_saved": "", **_ours(dataset)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, part in (
            ("metadata.json", json.dumps(metadata).encode()),
            ("config.json", json.dumps(config).encode()),
            ("model.weights.h5", _weights_file(layers)),
        ):
            file.writestr(zipfile.ZipInfo(name, _MADE), part)
    return content.getvalue()


def export_keras_h5(net: Network, recipe: Recipe | None = None, *, dataset: str | None = None) -> bytes:
    """The bytes of a `.h5` file: for `load_model` of Keras 2 and 3, and for R's `load_model_hdf5`.

    net, recipe, dataset: as in `export_keras_v3`.
    """
    layers = _layers(net, legacy=True)
    first = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": _batch(net.spec.input_shape), "dtype": "float32", "name": "input_1"},
    }
    config = {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": [first, *(one.as_keras_2() for one in layers)]},
    }
    compiled = _compiled(net, recipe)
    training = {
        "loss": compiled["loss"],
        "metrics": compiled["metrics"],
        "weighted_metrics": None,
        "loss_weights": None,
        "optimizer_config": compiled["optimizer"],
    }

    def write(file: Any) -> None:
        file.attrs["keras_version"] = KERAS_2
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["training_config"] = json.dumps(training)
        for key, value in _ours(dataset).items():
            file.attrs[key] = json.dumps(value)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = _names(one.name for one in layers)
        root.attrs["backend"], root.attrs["keras_version"] = "tensorflow", KERAS_2
        for one in layers:
            group = root.create_group(one.name)
            names = [f"{one.name}/{name}:0" for name, _ in one.weights]
            group.attrs["weight_names"] = _names(names)
            for name, (_, values) in zip(names, one.weights, strict=True):
                group.create_dataset(name, data=values)

    return _hdf5(write)


# --- layers and their weights -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Written:
    """One layer of the file.

    name:        its own, which is also that of its weights.
    class_name:  Keras's.
    config:      its settings, `name` included.
    weights:     [(Keras's name, float32 array)], in Keras's order.
    input_shape: what comes in, as Keras writes it.
    """

    name: str
    class_name: str
    config: dict[str, Any]
    weights: list[tuple[str, np.ndarray]]
    input_shape: list[int | None]

    def as_keras_3(self) -> dict[str, Any]:
        return {
            "module": "keras.layers",
            "class_name": self.class_name,
            "config": self.config,
            "registered_name": None,
            "build_config": {"input_shape": self.input_shape},
        }

    def as_keras_2(self) -> dict[str, Any]:
        return {"class_name": self.class_name, "config": self.config}


def _layers(net: Network, legacy: bool) -> list[_Written]:
    tensors = {name: value.detach().cpu().float().numpy() for name, value in net.state_dict().items()}
    written, order = [], None
    for step in steps(net.spec):
        if step.layer.flattens and len(step.before) == 3:
            order = _order_of_keras(step.before)
        for part in _parts(step, legacy):
            weights = [(one.name, one.change(tensors[f"{step.name}.{one.ours}"])) for one in part.weights]
            if order is not None:
                weights = [(name, _reordered(step, name, values, order)) for name, values in weights]
            name = f"{step.name}_{part.suffix}" if part.suffix else step.name
            config = {"name": name, "trainable": True, "dtype": "float32", **part.config}
            written.append(_Written(name, part.class_name, config, weights, _batch(step.before)))
        if step.layer.has_units:
            order = None
    return written


def _parts(step: Step, legacy: bool) -> list[KerasLayer]:
    """The layer, and where Keras has no word for its activation, that as a layer of its own."""
    layer = LAYERS[step.layer.type].keras_file(step)
    kind, number = parts_of(step.activation)
    has_no_word = kind == "leaky_relu" and legacy  # Keras 2
    if is_usual(step.activation) and not has_no_word:
        return [layer]
    setting = "negative_slope" if kind == "leaky_relu" and not legacy else "alpha"
    bend = KerasLayer(KERAS_ACTIVATIONS[kind], {setting: number})
    if layer.class_name == "Activation":
        return [bend]
    plain = KerasLayer(layer.class_name, {**layer.config, "activation": "linear"}, layer.weights)
    return [plain, replace(bend, suffix=kind)]


def _order_of_keras(shape: Shape) -> np.ndarray:
    """For each number of Keras's flat list its place in ours."""
    return np.arange(int(np.prod(shape))).reshape(shape).transpose(1, 2, 0).ravel()


def _reordered(step: Step, name: str, values: np.ndarray, order: np.ndarray) -> np.ndarray:
    # A dense layer's kernel has a row for each incoming number; what treats each number alone has one for each as well.
    return values if step.layer.has_units and name != "kernel" else values[order]


# --- the rest of the file ---------------------------------------------------------------------------


def _compiled(net: Network, recipe: Recipe | None, in_module: bool = False) -> dict[str, Any]:
    """What `compile` is told; labels are one-hot, as in the lesson.

    in_module: whether a class is told with its module, as Keras 3 wants it.
    """

    def made(module: str, class_name: str, **config: object) -> dict[str, Any]:
        where = {"module": f"keras.{module}", "registered_name": None} if in_module else {}
        return {"class_name": class_name, "config": config, **where}

    name = recipe.optimizer if recipe is not None else "rmsprop"
    rate = recipe.learning_rate if recipe is not None else 0.001
    betas = (
        {} if recipe is None else {name: value for name, value, usual in betas_of(recipe) if value != usual}
    )
    from_logits = made("losses", "CategoricalCrossentropy", from_logits=True)
    return {
        "optimizer": made("optimizers", _OPTIMIZERS[name], learning_rate=rate, **betas),
        "loss": "categorical_crossentropy" if ends_in_softmax(net.spec) else from_logits,
        "loss_weights": None,
        "metrics": ["accuracy"],
    }


_OPTIMIZERS = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "adadelta": "Adadelta"}


def _ours(dataset: str | None) -> dict[str, Any]:
    return {"convscope": {"dataset": dataset}} if dataset else {}


def _batch(shape: Shape) -> list[int | None]:
    """A shape as Keras writes it: channels last, after a batch of any size."""
    return [None, *(channels_last(shape) if len(shape) == 3 else shape)]


def _weights_file(layers: list[_Written]) -> bytes:
    """Keras 3's own: a group for each layer, its weights by number. Groups are called after their kind and counted."""
    counts: dict[str, int] = {}

    def write(file: Any) -> None:
        file.create_group("vars")
        for one in layers:
            kind = _snake(one.class_name)
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            group = file.create_group(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars")
            for index, (_, values) in enumerate(one.weights):
                group.create_dataset(str(index), data=values)

    return _hdf5(write)


def _snake(class_name: str) -> str:
    """As Keras names what it counts.

    >>> _snake("MaxPooling2D"), _snake("Conv2D"), _snake("BatchNormalization")
    ('max_pooling2d', 'conv2d', 'batch_normalization')
    """
    text = "".join(
        f"_{letter}" if letter.isupper() and index and class_name[index - 1].islower() else letter
        for index, letter in enumerate(class_name)
    )
    return text.lower()


def _hdf5(write: Callable[[Any], None]) -> bytes:
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write(file)
    return content.getvalue()


def _names(names: Any) -> np.ndarray:
    return np.array([name.encode() for name in names], dtype="S") if (names := list(names)) else np.array([])
