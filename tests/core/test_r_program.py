"""The exported R program: for both of R's packages, and its pictures are read as the page reads them.

Neither package can be had on every machine, so what a program asks of them is compared with the list of what they have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from cnn_core.data import AugmentSpec, load_images, read_photo
from cnn_core.export import export_keras_r
from cnn_core.export.program import SOURCES
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from cnn_core.training import RECIPES, TrainSpec
from tests.benchmarks.photos import photo

needs_r = pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed")

EVERY_LAYER = ModelSpec(
    "every layer",
    (1, 28, 28),
    10,
    (
        Conv2D(4, padding="same", activation="leaky_relu"),
        DepthwiseConv2D(3),
        BatchNormalization(),
        Activation("leaky_relu"),
        MaxPooling2D(2),
        AveragePooling2D(2),
        Dropout(0.1),
        Conv2D(4),
        Flatten(),
        Dense(10),
    ),
)
AVERAGED = ModelSpec(
    "averaged",
    (1, 28, 28),
    10,
    (Conv2D(4, activation="elu"), GlobalAveragePooling2D(), Dense(10, activation="softmax")),
)
RECIPES_OF_ALL_KINDS = (
    *RECIPES.values(),
    *(TrainSpec(optimizer=name, weight_decay=0.01) for name in ("sgd", "adam", "adamw")),
    TrainSpec(optimizer="adadelta"),
    TrainSpec(
        patience=3,
        schedule="one_cycle",
        augment=AugmentSpec.lesson(),
        train_size=500,
        label_noise=0.1,
        l2=0.001,
    ),
)
# Source: NAMESPACE of keras3, and the reference of keras 2.15; each of these is in both.
IN_BOTH = {
    *("array_reshape", "callback_early_stopping", "callback_lambda", "compile", "evaluate", "fit", "get_weights"),
    *("keras_model_sequential", "predict", "set_weights", "to_categorical", "regularizer_l2", "%>%", "%<-%"),
    *("dataset_mnist", "dataset_fashion_mnist", "dataset_cifar10", "loss_categorical_crossentropy"),
    *(f"optimizer_{name}" for name in ("rmsprop", "adam", "sgd", "adadelta")),
    *(f"layer_{name}" for name in ("conv_2d", "depthwise_conv_2d", "max_pooling_2d", "average_pooling_2d")),
    *(f"layer_{name}" for name in ("global_average_pooling_2d", "batch_normalization", "activation", "dropout")),
    *(f"layer_{name}" for name in ("flatten", "dense", "permute", "activation_leaky_relu")),
}  # fmt: skip
UNKNOWN = """
known = c(strsplit(commandArgs(TRUE)[1], ' ')[[1]], 'library')
for (path in list.files('.', 'R$')) {
  tokens = getParseData(parse(path, keep.source = TRUE, encoding = 'UTF-8'))
  qualified = tokens$parent[tokens$token == 'NS_GET']
  calls = tokens[tokens$token %in% c('SYMBOL_FUNCTION_CALL', 'SPECIAL'), ]
  calls = calls[!(calls$parent %in% qualified), ]
  methods = which(tokens$token == "'$'") + 1  # of Python's objects
  calls = calls[!(rownames(calls) %in% rownames(tokens)[methods]), ]
  own = tokens$text[which(tokens$token %in% c('EQ_ASSIGN')) - 2]
  names = setdiff(unique(calls$text), c(known, own, '%%', '%in%'))
  names = names[!sapply(names, exists, envir = globalenv())]
  if (length(names)) cat(path, names, '\\n')
}
"""


def programs(folder) -> None:
    for number, spec in enumerate((PRESETS["lesson"], EVERY_LAYER, AVERAGED)):
        for turn, recipe in enumerate(RECIPES_OF_ALL_KINDS):
            (folder / f"{number}_{turn}.R").write_text(export_keras_r(spec, recipe), encoding="utf-8")
    for key in SOURCES:
        program = export_keras_r(PRESETS["lesson"], RECIPES["lesson"], dataset=key)
        (folder / f"{key}.R").write_text(program, encoding="utf-8")


def r(folder, script: str, *arguments: str, **settings: str) -> str:
    (folder / "script.txt").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "script.txt", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=110, env=os.environ | settings,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@needs_r
def test_every_program_can_be_parsed_and_calls_what_both_packages_have(tmp_path):
    programs(tmp_path)
    assert r(tmp_path, UNKNOWN, " ".join(sorted(IN_BOTH))).strip() == ""


@needs_r
def test_a_function_that_only_one_package_has_would_be_found(tmp_path):
    (tmp_path / "old.R").write_text("x %>% layer_dense(1)\nk_set_value(x, 1)\ny$flow(2)\n")
    assert r(tmp_path, UNKNOWN, " ".join(sorted(IN_BOTH))).split() == ["old.R", "k_set_value"]


def test_a_program_says_for_which_packages_it_is_and_loads_the_one_that_is_there():
    program = export_keras_r(PRESETS["lesson"], RECIPES["lesson"])
    assert "keras3, and for keras" in program.splitlines()[0]
    assert "if (is_keras_3) library(keras3) else library(keras)" in program
    assert "keras_model_sequential(input_shape = c(28, 28, 1))" in program


RETICULATE = """
if (!requireNamespace('reticulate', quietly = TRUE)) { cat('null'); quit() }
lines = readLines('net.R', encoding = 'UTF-8')
code = parse(text = lines, encoding = 'UTF-8')
for (one in code) if (deparse(one)[1] != '' && as.character(one)[2] == 'picture_code') eval(one)
reticulate::py_run_string(picture_code)
path = commandArgs(TRUE)[1]
numbers = reticulate::py_eval(sprintf('read_picture("%s").astype(float).ravel().tolist()', path))
cat('[', paste(sprintf('%.9g', numbers), collapse = ','), ']')
"""


@needs_r
def test_r_reads_a_photo_as_the_page_does(tmp_path):
    digits = load_images("mnist", "test")
    path = tmp_path / "four.jpg"
    path.write_bytes(photo(digits.images[4, 0].numpy(), "shaded", seed=4))
    (tmp_path / "net.R").write_text(export_keras_r(PRESETS["lesson"], RECIPES["lesson"]), encoding="utf-8")
    answer = json.loads(r(tmp_path, RETICULATE, str(path), RETICULATE_PYTHON=sys.executable))
    if answer is None:
        pytest.skip("R's package reticulate is not installed")
    ours = read_photo(path.read_bytes()).image.numpy()
    np.testing.assert_allclose(np.array(answer).reshape(28, 28), ours[0], atol=1e-6)
