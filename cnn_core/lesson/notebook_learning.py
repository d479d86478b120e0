"""The notebook's lines of the lesson's first half: what a layer does, and how a network learns. No torch."""

from __future__ import annotations

from cnn_core.lesson.notebook_step import NotebookLines

_BY_HAND = "cnn_core.lesson.convolution"
_INSIDE = "cnn_core.insight.look.features"

LEARNING: dict[str, NotebookLines] = {
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
        ours=(f"{_INSIDE}:feature_maps", f"{_INSIDE}:outputs"),
        is_from_notebook=False,
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
    "scaling": NotebookLines(
        r="""\
mnist = dataset_mnist()
c(c(train_images, train_labels), c(test_images, test_labels)) %<-% mnist
train_images = array_reshape(train_images, c(60000, 28, 28, 1))
train_images = train_images / 255
test_images = array_reshape(test_images, c(10000, 28, 28, 1))
test_images = test_images / 255
""",
        python="""\
(train_images, train_labels), (test_images, test_labels) = keras.datasets.mnist.load_data()
train_images = train_images.reshape(-1, 28, 28, 1) / 255
test_images = test_images.reshape(-1, 28, 28, 1) / 255
""",
        ours=("cnn_core.data.datasets:load_images", "cnn_core.lesson.preparation:prepare"),
        note="`prepare` shows the steps on one row of one image; a training divides whole batches at once.",
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
        ours=("cnn_core.training.learner:cross_entropy",),
        note="Keras keeps the loss for `fit`. Ours is called at each step of a training.",
    ),
    "rmsprop": NotebookLines(
        r="""\
# what compile(optimizer = "rmsprop") stands for
optimizer_rmsprop(learning_rate = 0.001, rho = 0.9, epsilon = 1e-7)
""",
        python="""\
optimizer = keras.optimizers.RMSprop(learning_rate=0.001, rho=0.9, epsilon=1e-7)
weight = keras.Variable([1.0])
optimizer.apply([keras.ops.array([2.0])], [weight])  # one step along a slope of 2
""",
        ours=(
            "cnn_core.training.optimizers:optimizer_for",
            "cnn_core.training.optimizers:KerasRMSprop.step",
            "cnn_core.training.optimizers:KerasRMSprop._step",
        ),
        is_from_notebook=False,
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
# compiled and trained like model_cnn; then both are asked about digits moved 2 pixels to the right
shifted = array(0, dim = dim(test_images))
shifted[,, 3:28,] = test_images[,, 1:26,]
model_cnn %>% evaluate(shifted, test_labels)
model_mlp %>% evaluate(shifted, test_labels)
""",
        python="""\
import numpy as np

model_mlp = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Flatten(),
    layers.Dense(512, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model_mlp.compile(loss="categorical_crossentropy", metrics=["accuracy"])
shifted = np.zeros_like(test_images)
shifted[:, :, 2:] = test_images[:, :, :-2]
of_cnn = model_cnn.evaluate(shifted, test_labels)
of_mlp = model_mlp.evaluate(shifted, test_labels)  # after training it like model_cnn
""",
        ours=(
            "cnn_core.training.robustness:accuracy_under",
            "cnn_core.training.robustness:changed_images",
            "cnn_core.training.evaluation:evaluate",
        ),
        is_from_notebook=False,
        note="The notebook says it in words only. Ours moves each digit in a direction of its own.",
    ),
}
