"""One training in a process of its own, with one thread: `python -m tests.benchmarks.one_training IMAGES`.

It prints a line when it is warm, and then one after each training, which it begins when a line comes in.
"""

import sys

import torch

from cnn_core.data import load_images
from cnn_core.model import PRESETS, build
from cnn_core.training import RECIPES, train

if __name__ == "__main__":
    torch.set_num_threads(1)
    data = load_images("mnist", "train").take(int(sys.argv[1]))
    once = RECIPES["lesson"].replace(epochs=1)
    for _ in train(build(PRESETS["lesson"]), data.take(640), once):
        pass
    print("warm", flush=True)
    for _line in sys.stdin:
        for _ in train(build(PRESETS["lesson"]), data, once):
            pass
        print("done", flush=True)
