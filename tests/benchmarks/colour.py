"""`python -m tests.benchmarks.colour`: a preset on CIFAR-10's photos, beside the same net in Keras on torch.

    python -m tests.benchmarks.colour --seeds 3 --epochs 4

Both learn from the same images (all but the last, which are kept aside), as often, by RMSprop in batches of 64,
and are tested on the same test images at the end. CONVSCOPE_DATA has to hold CIFAR-10, or a sample of it.
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import mean, median

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("CONVSCOPE_OFFLINE", "1")

import torch

from cnn_core.data import ImageSet, load_images, split_sizes
from cnn_core.model import PRESETS, ModelSpec, build, fitted
from cnn_core.training import RECIPES, evaluate, train


def main() -> None:
    """Print each training's test accuracy, then both medians and both means, and their differences."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.colour")
    parser.add_argument("--preset", choices=list(PRESETS), default="small_vgg")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=RECIPES["lesson"].epochs)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    data, test = load_images("cifar10", "train"), load_images("cifar10", "test")
    learn, _ = data.split_off(split_sizes(len(data))[1])
    spec = fitted(PRESETS[asked.preset], learn.images.shape[1:], len(learn.classes))
    print(f"{spec.name}, {len(learn):,} images, {asked.epochs} epochs, tested on {len(test):,}", flush=True)
    found: dict[str, list[float]] = {"ours": [], "Keras": []}
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for name, course in (("ours", ours), ("Keras", keras)):
            begun = time.perf_counter()
            found[name].append(course(spec, learn, test, seed, asked.epochs))
            print(
                f"seed {seed}, {name}: {found[name][-1]:.2%} in {time.perf_counter() - begun:.0f} s",
                flush=True,
            )
    for what, middle in (("median", median), ("mean", mean)):
        mine, theirs = middle(found["ours"]), middle(found["Keras"])
        print(f"{what}: ours {mine:.2%}, Keras {theirs:.2%}, difference {100 * (mine - theirs):+.2f} points")


def ours(spec: ModelSpec, learn: ImageSet, test: ImageSet, seed: int, epochs: int) -> float:
    """The test accuracy of one training, a fraction."""
    net = build(spec, seed=seed)
    for _ in train(net, learn, RECIPES["lesson"].replace(epochs=epochs, seed=seed)):
        pass
    return evaluate(net, test).accuracy


def keras(spec: ModelSpec, learn: ImageSet, test: ImageSet, seed: int, epochs: int) -> float:
    """The same net with Keras's own first weights, optimiser and order of the images."""
    import keras as library

    from tests.core.keras_twin import new_network, to_keras

    library.utils.set_random_seed(seed)
    model = new_network(spec.to_dict())
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    images, tested = (to_keras(data.images.numpy()).astype("float32") / 255 for data in (learn, test))
    model.fit(images, learn.labels.numpy(), batch_size=64, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(tested, test.labels.numpy(), batch_size=500, verbose=0)
    return float(accuracy)


if __name__ == "__main__":
    main()
