"""Keras on TensorFlow, at work in an interpreter of its own: `python keras_side.py`, orders on stdin, one a line.

It knows nothing of Convscope. An order is JSON, {"do": "fit" | "filters", ...} with the path of an .npz; the answer is
one line of JSON when the work is done. What is asked for first is compiled; whoever measures asks twice.
"""

import functools
import json
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


@functools.cache
def lesson():
    """The notebook's model, compiled as there."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu", name="conv2d_1"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_2"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_3"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


@functools.cache
def digits(path):
    """Images as the notebook has them: float32 (N, 28, 28, 1) in [0, 1], labels one-hot."""
    with np.load(path) as file:
        images = file["images"].astype("float32")[..., None] / 255
        return images, keras.utils.to_categorical(file["labels"], 10)


def fit(path):
    """One epoch, batches of 64."""
    lesson().fit(*digits(path), epochs=1, batch_size=64, verbose=0)


def course(path, test_path, seed, epochs):
    """The notebook's whole training from new weights: after each epoch the seconds spent on it so far, and the test
    accuracy. Compiling is not counted."""
    keras.utils.set_random_seed(seed)
    lesson.cache_clear()
    images, labels = digits(path)
    start = lesson().get_weights()
    lesson().fit(images[:640], labels[:640], batch_size=64, verbose=0)
    lesson().set_weights(start)
    for slot in lesson().optimizer.variables[2:]:  # after the step count and the rate: RMSprop's mean squares
        slot.assign(tf.zeros_like(slot))
    spent, found = 0.0, {"seconds": [], "accuracy": []}
    for _ in range(epochs):
        begin = time.perf_counter()
        lesson().fit(images, labels, batch_size=64, verbose=0)
        spent += time.perf_counter() - begin
        found["seconds"].append(spent)
        found["accuracy"].append(lesson().evaluate(*digits(test_path), verbose=0)[1])
    return found


@functools.cache
def iterate(layer):
    """The notebook's `iterate`, one graph a layer; the filter is an argument, which spares Keras 159 compilations."""
    model = lesson()
    part = keras.Model(model.inputs, model.get_layer(layer).output)

    @tf.function
    def step(image, index):
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = tf.reduce_mean(tf.gather(part(image), index, axis=-1))
        gradient = tape.gradient(loss, image)
        return loss, gradient / (tf.sqrt(tf.reduce_mean(tf.square(gradient))) + 1e-5)

    return step


def filters(path, steps):
    """The notebook's `get_cnn_filters` for each layer in the file: its name -> starts (F, 28, 28, 1)."""
    with np.load(path) as file:
        for layer in file.files:
            for index, start in enumerate(file[layer]):
                image = tf.constant(start[None])
                for _ in range(steps):
                    _, gradient = iterate(layer)(image, tf.constant(index))
                    image = image + gradient


if __name__ == "__main__":
    print(json.dumps({"keras": keras.__version__, "tensorflow": tf.__version__}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        work = {"fit": fit, "filters": filters, "course": course}[order.pop("do")]
        print(json.dumps({"done": work(**order)}), flush=True)
