"""Files that Keras writes, made on the spot: by the Keras that is here, and in the layout of Keras 2 by hand.

Layout of Keras 2 as its `model.save("model.h5")` writes it, seen in files of TensorFlow 2.15 and R's keras: attributes
`model_config` and `keras_version`, a group `model_weights` with `layer_names`, in it a group for each layer with
`weight_names`, and the arrays under those names.
"""

import io
import json
import tempfile
from pathlib import Path

import h5py
import numpy as np


def saved(model, ending: str) -> bytes:
    """What Keras writes for this ending: ".keras", ".h5", ".weights.h5"."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{ending}"
        model.save_weights(path) if ending == ".weights.h5" else model.save(path)
        return path.read_bytes()


def live_in(model, seed: int = 0) -> None:
    """Weights that tell a mistake: no zeros, no ones, and moving variances above 0."""
    chance = np.random.default_rng(seed)
    for layer in _flat(model):
        values = []
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True):
            name = variable.path.rpartition("/")[2]
            drawn = chance.standard_normal(value.shape) * 0.3
            values.append(np.abs(drawn) + 0.5 if name in ("moving_variance", "gamma") else drawn)
        if not hasattr(layer, "adapt"):
            layer.set_weights(values)


def _flat(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _flat(layer)
        else:
            yield layer


def in_layout_of_keras_2(model, weights_only: bool = False, turn=np.asarray) -> bytes:
    """An .h5 file of Keras 2, with this model's design and weights; `turn` changes each array."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        if not weights_only:
            file.attrs["model_config"] = json.dumps(config_of_keras_2(model)).encode()
            file.attrs["keras_version"] = b"2.15.0"
            file.attrs["backend"] = b"tensorflow"
        group = file if weights_only else file.create_group("model_weights")
        put_layers(group, model.layers, turn)
    return buffer.getvalue()


def put_layers(group, layers, turn) -> None:
    group.attrs["layer_names"] = np.array([layer.name.encode() for layer in layers])
    for layer in layers:
        its_group = group.create_group(layer.name)
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        names = [_name_of_keras_2(layer, weight) for weight in weights]
        its_group.attrs["weight_names"] = np.array([name.encode() for name in names])
        for name, weight in zip(names, weights, strict=True):
            its_group.create_dataset(name, data=turn(weight.numpy()))


def _name_of_keras_2(layer, weight) -> str:
    parts = weight.path.split("/")
    return "/".join(parts[-2:]) + ":0" if hasattr(layer, "layers") else f"{layer.name}/{parts[-1]}:0"


def config_of_keras_2(model) -> dict:
    return _older({"class_name": type(model).__name__, "config": model.get_config()})


def _older(layer: dict) -> dict:
    """One layer, or a network, as Keras 2 describes it."""
    config = dict(layer["config"])
    if isinstance(config.get("dtype"), dict):
        config["dtype"] = config["dtype"]["config"]["name"]
    if "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    if "negative_slope" in config and layer["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    if "layers" in config:
        config.pop("build_input_shape", None)
        config["layers"] = [_older(one) for one in config["layers"]]
        for key in ("input_layers", "output_layers"):
            if key in config and isinstance(config[key][0], str):
                config[key] = [config[key]]
    older = {"class_name": layer["class_name"], "config": config}
    if "inbound_nodes" in layer:
        older["name"] = layer["name"]
        histories = [node["args"][0]["config"]["keras_history"] for node in layer["inbound_nodes"]]
        older["inbound_nodes"] = [[[*history, {}]] for history in histories]
    return older
