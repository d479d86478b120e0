"""The notebook beside it: for each step of the lesson the lines of R, the same in Python, who did it here. No torch.

The R is the lesson's own notebook, shortened to what the step is about; where the notebook says a thing in words or
pictures only, `is_from_notebook` is False and the lines are ours, in its style. The Python is for Keras 3. Its lines
follow one another as in a notebook: a name such as `model_cnn` comes from a step before. Where a slope is asked for,
they need Keras's torch backend, for each backend has its own way to take one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotebookLines:
    """One step, written three times.

    r, python: code.
    ours: functions of our core that did it on the page, as `core_source.source_of` takes them.
    is_from_notebook: whether the R stands in the lesson's notebook.
    note: what differs between the three; may be empty.
    """

    r: str
    python: str
    ours: tuple[str, ...]
    is_from_notebook: bool = True
    note: str = ""


def lines_of(step: str) -> NotebookLines:
    """The lines of a step of the lesson. KeyError for a step that there is not."""
    return NOTEBOOK[step]


_ASCENT = "cnn_core.insight.filters.ascent"
_BY_HAND = "cnn_core.lesson.convolution"

NOTEBOOK: dict[str, NotebookLines] = {
    "kernel": NotebookLines(
        r="""\
model_cnn = keras_model_sequential() %>%
  layer_conv_2d(input_shape = c(28, 28, 1),
                kernel_size = c(3, 3),
                filters = 32,
                activation = "relu",
                padding = 'valid',
                strides = 1)
""",
        python="""\
import keras
from keras import layers

model_cnn = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(32, (3, 3), activation="relu", padding="valid", strides=1),
])
""",
        ours=(f"{_BY_HAND}:sweep",),
        note="R and Keras make a layer of 32 kernels here. Ours lays one kernel on one place after the other.",
    ),
    "padding": NotebookLines(
        r="""\
layer_conv_2d(filters = 32, kernel_size = c(3, 3), padding = "same")
""",
        python="""\
layer = layers.Conv2D(32, (3, 3), padding="same")
layer.compute_output_shape((1, 28, 28, 1))  # as many rows and columns as the input: (1, 28, 28, 32)
""",
        ours=(f"{_BY_HAND}:padding_cells", f"{_BY_HAND}:output_size"),
        is_from_notebook=False,
    ),
    "strides": NotebookLines(
        r="""\
layer_conv_2d(filters = 32, kernel_size = c(3, 3), strides = 2)
""",
        python="""\
layer = layers.Conv2D(32, (3, 3), strides=2)
layer.compute_output_shape((1, 28, 28, 1))  # half as many rows and columns: (1, 13, 13, 32)
""",
        ours=(f"{_BY_HAND}:output_size", f"{_BY_HAND}:visits"),
        is_from_notebook=False,
    ),
    "feature_map": NotebookLines(
        r="""\
first = keras_model(inputs = model_cnn$input, outputs = model_cnn$layers[[1]]$output)
maps = first %>% predict(batch)  # batch: one image, c(1, 28, 28, 1)
dim(maps)  # 1 26 26 32: one feature map for each of the 32 filters
""",
        python="""\
first = keras.Model(model_cnn.inputs, model_cnn.layers[0].output)
maps = first.predict(test_images[:1])
maps.shape  # (1, 26, 26, 32): one feature map for each of the 32 filters
""",
        ours=(f"{_BY_HAND}:sweep",),
        is_from_notebook=False,
        note="In ours `output` is the feature map, before any relu. A layer does this once for each filter.",
    ),
    "pooling": NotebookLines(
        r="""\
model_cnn = model_cnn %>% layer_max_pooling_2d(pool_size = c(2, 2),
                                               padding='valid')
""",
        python="""\
model_cnn.add(layers.MaxPooling2D((2, 2), padding="valid"))
""",
        ours=(f"{_BY_HAND}:pool",),
    ),
    "layers": NotebookLines(
        r="""\
(model_cnn = model_cnn %>%
  layer_conv_2d(filters = 64, kernel_size = c(3, 3), activation = "relu") %>%
  layer_max_pooling_2d(pool_size = c(2, 2)) %>%
  layer_conv_2d(filters = 64, kernel_size = c(3, 3), activation = "relu"))
(model_cnn = model_cnn %>%
  layer_flatten() %>%
  layer_dense(units = 64, activation = "relu") %>%
  layer_dense(units = 10, activation = "softmax"))
""",
        python="""\
model_cnn.add(layers.Conv2D(64, (3, 3), activation="relu"))
model_cnn.add(layers.MaxPooling2D((2, 2)))
model_cnn.add(layers.Conv2D(64, (3, 3), activation="relu"))
model_cnn.add(layers.Flatten())
model_cnn.add(layers.Dense(64, activation="relu"))
model_cnn.add(layers.Dense(10, activation="softmax"))
model_cnn.summary()
""",
        ours=("cnn_core.model.summary:walk",),
        note="Ours counts shapes and parameters by arithmetic alone, before there is any network.",
    ),
    "loading": NotebookLines(
        r="""\
mnist = dataset_mnist()
c(c(train_images, train_labels), c(test_images, test_labels)) %<-% mnist
""",
        python="""\
(train_images, train_labels), (test_images, test_labels) = keras.datasets.mnist.load_data()
""",
        ours=("cnn_core.data.datasets:load_images",),
    ),
    "scaling": NotebookLines(
        r="""\
train_images = array_reshape(train_images, c(60000, 28, 28, 1))
train_images = train_images / 255
test_images = array_reshape(test_images, c(10000, 28, 28, 1))
test_images = test_images / 255
""",
        python="""\
train_images = train_images.reshape(-1, 28, 28, 1) / 255
test_images = test_images.reshape(-1, 28, 28, 1) / 255
""",
        ours=("cnn_core.lesson.preparation:prepare",),
        note="Ours shows the steps on one row of one image; in a training whole batches are divided at once.",
    ),
    "one_hot": NotebookLines(
        r="""\
train_labels = to_categorical(train_labels)
test_labels = to_categorical(test_labels)
""",
        python="""\
train_labels = keras.utils.to_categorical(train_labels, 10)
test_labels = keras.utils.to_categorical(test_labels, 10)
""",
        ours=("cnn_core.lesson.preparation:one_hot",),
    ),
    "compile": NotebookLines(
        r="""\
model_cnn %>% compile(
  optimizer = "rmsprop",
  loss = "categorical_crossentropy",
  metrics = c("accuracy")
)
""",
        python="""\
model_cnn.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
""",
        ours=(
            "cnn_core.training.learner:cross_entropy",
            "cnn_core.training.optimizers:optimizer_for",
            "cnn_core.training.optimizers:KerasRMSprop.step",
        ),
        note="Keras keeps the loss and the optimizer for `fit`. Ours are two functions that each step calls.",
    ),
    "training": NotebookLines(
        r="""\
model_cnn %>% fit(
  train_images,
  train_labels,
  epochs = 5,
  batch_size=64
)
""",
        python="""\
model_cnn.fit(train_images, train_labels, epochs=5, batch_size=64)
""",
        ours=("cnn_core.training.loop:train", "cnn_core.training.learner:Learner.step"),
    ),
    "saving": NotebookLines(
        r="""\
model_cnn$save('data/mnist_cnn.h5')
model_cnn$save_weights('data/mnist_cnn_w.h5')
model_cnn = load_model_hdf5('data/mnist_cnn.h5')
model_cnn$load_weights('data/mnist_cnn_w.h5')
""",
        python="""\
model_cnn.save("mnist_cnn.keras")
model_cnn.save_weights("mnist_cnn.weights.h5")
model_cnn = keras.saving.load_model("mnist_cnn.keras")
model_cnn.load_weights("mnist_cnn.weights.h5")
""",
        ours=("cnn_core.training.checkpoint:save_model", "cnn_core.training.checkpoint:load_model"),
        note="Keras 3 asks for these endings of the names. Ours is one file with the design and the weights.",
    ),
    "evaluating": NotebookLines(
        r="""\
model_cnn %>% evaluate(test_images, test_labels)
""",
        python="""\
model_cnn.evaluate(test_images, test_labels)
""",
        ours=("cnn_core.training.evaluation:evaluate", "cnn_core.significance:wilson_interval"),
        note="Keras gives the loss and the accuracy. Ours adds the confusion matrix and how sure the accuracy is.",
    ),
    "against_mlp": NotebookLines(
        r="""\
model_mlp = keras_model_sequential() %>%
  layer_flatten(input_shape = c(28, 28, 1)) %>%
  layer_dense(units = 512, activation = "relu") %>%
  layer_dense(units = 10, activation = "softmax")
# compiled and trained like model_cnn; then: how many of 10,000 does each read correctly?
prop.test(c(right_cnn, right_mlp), c(10000, 10000), correct = FALSE)
""",
        python="""\
import math

model_mlp = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Flatten(),
    layers.Dense(512, activation="relu"),
    layers.Dense(10, activation="softmax"),
])

def chance_difference(one, other, count):  # fractions of so many images each
    pooled = (one + other) / 2
    return 1.96 * math.sqrt(pooled * (1 - pooled) * 2 / count)
""",
        ours=("cnn_core.significance:beyond_chance", "cnn_core.significance:chance_difference"),
        is_from_notebook=False,
        note="All three test two proportions: R gives a p value, the others how far apart luck alone would put them.",
    ),
    "maps_of_layers": NotebookLines(
        r="""\
(activation_model = keras_model(inputs = model_cnn$input,
                                outputs = list(model_cnn$layers[[1]]$output, # one
                                               #model_cnn$layers[[2]]$output,
                                               model_cnn$layers[[3]]$output, # two
                                               #model_cnn$layers[[4]]$output,
                                               model_cnn$layers[[5]]$output))) # and three
batch = array_reshape(test_images[1,,,], c(1, 28, 28, 1))
activations = activation_model %>% predict(batch)
layer = 1
for(i in seq_len(32)){
  activations[[layer]][,,,i] %>% range01 %>% as.raster %>% plot
}
""",
        python="""\
activation_model = keras.Model(model_cnn.inputs, [model_cnn.layers[i].output for i in (0, 2, 4)])
batch = test_images[:1]
activations = activation_model.predict(batch)
""",
        ours=("cnn_core.insight.look.features:feature_maps", "cnn_core.insight.look.features:outputs"),
        note="R counts from 1, Python and ours from 0: model_cnn$layers[[1]] is model_cnn.layers[0].",
    ),
    "one_filter": NotebookLines(
        r="""\
K <- backend()
layer_name <- "conv2d_1"
(layer_output = get_layer(model_cnn, layer_name)$output)
filter_index = 2
kernel = layer_output[,,,filter_index]
(loss = K$mean(kernel))
(grads = K$gradients(loss, model_cnn$input)[[1]])
grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
(iterate = K$`function`(inputs = c(model_cnn$input),
                        outputs = c(loss, grads)))
input_img_data = array(runif(28 * 28 * 1), dim = c(1, 28, 28, 1))
for (i in 1:40) {
  c(loss_value, grads_value) %<-% iterate(list(input_img_data))
  input_img_data <- input_img_data + grads_value
}
""",
        python="""\
import torch  # Keras's torch backend: KERAS_BACKEND=torch

filter_model = keras.Model(model_cnn.inputs, model_cnn.layers[0].output)
filter_index = 1

def iterate(image):
    image = image.detach().requires_grad_()
    loss = filter_model(image)[..., filter_index].mean()
    (grads,) = torch.autograd.grad(loss, image)
    grads = grads / (grads.square().mean().sqrt() + 1e-5)
    return loss.detach(), grads

input_img_data = torch.rand(1, 28, 28, 1)
for i in range(40):
    loss_value, grads_value = iterate(input_img_data)
    input_img_data = input_img_data + grads_value
""",
        ours=(f"{_ASCENT}:maximize_filters", f"{_ASCENT}:_Climber._climb_chunk", f"{_ASCENT}:_slope"),
        note="R counts filters from 1: its filter 2 is filter 1 in Python and on our pages.",
    ),
    "gradient_size": NotebookLines(
        r="""\
(loss = K$mean(kernel))
(grads = K$gradients(loss, model_cnn$input)[[1]])
grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
""",
        python="""\
image = torch.rand(1, 28, 28, 1, requires_grad=True)
loss = filter_model(image)[..., filter_index].mean()
(grads,) = torch.autograd.grad(loss, image)
size = grads.square().mean().sqrt()
grads = grads / (size + 1e-5)
""",
        ours=(f"{_ASCENT}:_rms", f"{_ASCENT}:FilterPictures.slopes"),
        note=(
            "The notebook calls this the L2 norm. With the mean under the root it is the root mean square: the L2 "
            "norm divided by 28, the root of the 784 pixels."
        ),
    ),
    "all_filters": NotebookLines(
        r="""\
get_cnn_filters = function(layer_name, filters){
  layer_output = get_layer(model_cnn, layer_name)$output
  for(filter_index in seq_len(filters)){
    loss = K$mean(layer_output[,,,filter_index])
    grads = K$gradients(loss, model_cnn$input)[[1]]
    grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
    iterate = K$`function`(inputs = c(model_cnn$input), outputs = c(loss, grads))
    input_img_data = array(runif(28 * 28 * 1), dim = c(1, 28, 28, 1))
    for (i in 1:40) {
      c(loss_value, grads_value) %<-% iterate(list(input_img_data))
      input_img_data = input_img_data + grads_value
    }
    input_img_data[1,,,] %>% range01 %>% as.raster %>% plot
  }
}
get_cnn_filters("conv2d_1", 32)
get_cnn_filters("conv2d_2", 64)
get_cnn_filters("conv2d_3", 64)
""",
        python="""\
def get_cnn_filters(layer, filters):
    model = keras.Model(model_cnn.inputs, layer.output)
    pictures = []
    for filter_index in range(filters):
        image = torch.rand(1, 28, 28, 1)
        for i in range(40):
            image.requires_grad_()
            (grads,) = torch.autograd.grad(model(image)[..., filter_index].mean(), image)
            image = (image + grads / (grads.square().mean().sqrt() + 1e-5)).detach()
        pictures.append(image)
    return pictures

pictures = get_cnn_filters(model_cnn.layers[0], 32)
""",
        ours=(f"{_ASCENT}:maximize_filters", f"{_ASCENT}:_Climber.climb"),
    ),
    "without_picture": NotebookLines(
        r="""\
get_cnn_filters("conv2d_2", 64)
""",
        python="""\
model = keras.Model(model_cnn.inputs, model_cnn.layers[2].output)
without_slope = []
for filter_index in range(64):
    image = torch.rand(1, 28, 28, 1, requires_grad=True)
    (grads,) = torch.autograd.grad(model(image)[..., filter_index].mean(), image)
    if not grads.any():  # exactly zero: the picture stays the noise it began as
        without_slope.append(filter_index)
""",
        ours=(f"{_ASCENT}:_Climb.why", f"{_ASCENT}:_rescue"),
        note="The notebook draws these filters as white noise. Python counts them, and ours gives them other starts.",
    ),
    "cat_and_dream": NotebookLines(
        r="""\
layer_output = get_layer(model_cnn, "conv2d_2")$output
loudness = K$mean(K$square(layer_output))
grads = K$gradients(loudness, model_cnn$input)[[1]]
step = 0.012 * grads / K$mean(K$abs(grads))
""",
        python="""\
dreamer = keras.Model(model_cnn.inputs, model_cnn.layers[2].output)
picture = torch.tensor(test_images[:1], dtype=torch.float32, requires_grad=True)
loudness = dreamer(picture).square().mean()
(grads,) = torch.autograd.grad(loudness, picture)
step = 0.012 * grads / grads.abs().mean()
""",
        ours=(
            "cnn_core.insight.dream.seen:maps_at_depth",
            "cnn_core.insight.dream.deepdream:dream",
            "cnn_core.insight.dream.deepdream:_Climb.step",
        ),
        is_from_notebook=False,
        note="One step of a dream. Ours makes many, from small pictures to large ones, and shakes the picture.",
    ),
    "four_draws": NotebookLines(
        r="""\
batch = array_reshape(test_images[1,,,], c(1, 28, 28, 1))
batch_large = array_reshape(c(batch, batch, batch, batch), c(4, 28, 28, 1))
datagen = image_data_generator(rescale = 1,
                               rotation_range = 90,
                               width_shift_range = 0.2,
                               height_shift_range = 0.2,
                               shear_range = 0.2,
                               zoom_range = 0.2,
                               horizontal_flip = F,
                               fill_mode = "nearest"
)
augmentation_generator <- flow_images_from_data(batch_large,
                                                generator = datagen,
                                                batch_size = 4
)
distorted = generator_next(augmentation_generator)
""",
        python="""\
from tensorflow.keras.preprocessing.image import ImageDataGenerator

batch_large = test_images[[0, 0, 0, 0]]
datagen = ImageDataGenerator(
    rotation_range=90, width_shift_range=0.2, height_shift_range=0.2,
    shear_range=0.2, zoom_range=0.2, horizontal_flip=False, fill_mode="nearest",
)
distorted = next(datagen.flow(batch_large, batch_size=4))
""",
        ours=("cnn_core.data.augment:sample_affine", "cnn_core.data.augment:apply_affine"),
    ),
    "with_and_without": NotebookLines(
        r="""\
changed = flow_images_from_data(train_images, train_labels, generator = datagen, batch_size = 64)
model_cnn %>% fit(changed, epochs = 5)
""",
        python="""\
changed = datagen.flow(train_images, train_labels, batch_size=64)
model_cnn.fit(changed, epochs=5)
""",
        ours=("cnn_core.runs.pairs:submit_pair", "cnn_core.significance:gain"),
        is_from_notebook=False,
        note="Ours trains two networks alike, one with the changes and one without, and compares them.",
    ),
}
