"""On a GPU: training with its passes recorded against asking for each kernel, sheets of filters, a large dream.

Not done unless asked for (`--only gpu`), and nothing where there is no CUDA device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

import torch

from cnn_core.data import ImageSet, load_images
from cnn_core.insight import dream, maximize_filters
from cnn_core.model import PRESETS, build
from cnn_core.pretrained import load_pretrained
from cnn_core.training import RECIPES, TrainSpec, train
from cnn_core.training.fast.recorded import RecordedPasses
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, alternate, in_milliseconds, per_second, repeat

SHEETS = (("lesson", "conv2d_3"), ("modern", "conv2d_4"))
DREAM_SIDE = 1_024


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    if not torch.cuda.is_available():
        return
    data = load_images("mnist", "train")
    for name in ("lesson", "modern", "mlp"):
        for recipe in ("lesson", "fast"):
            yield training(plan, name, data, RECIPES[recipe].replace(epochs=1), recipe)
    for name, layer in SHEETS:
        yield against_cpu(
            f"{name}: all pictures of {layer}", plan, name, lambda net, at=layer: maximize_filters(net, at)
        )
    photo = torch.rand(1, DREAM_SIDE, DREAM_SIDE, generator=torch.Generator().manual_seed(0))
    yield against_cpu(
        f"lesson: a dream of {DREAM_SIDE} pixels",
        plan,
        "lesson",
        lambda net: dream(net, photo, {"conv2d_2": 1.0}),
    )


def training(plan: Plan, name: str, data: ImageSet, recipe: TrainSpec, words: str) -> Line:
    """An epoch, recorded and not, in turns."""
    mine, theirs = alternate(
        lambda: learn(name, data, recipe), lambda: plainly(lambda: learn(name, data, recipe)), plan.rounds
    )
    title = f"{name}, {words} recipe, batches of {recipe.batch_size}, {len(data):,} images"
    note = f"{1e3 * median(mine) * recipe.batch_size / len(data):.2f} ms a step"
    rates = per_second(len(data), mine), per_second(len(data), theirs)
    return Line("gpu", title, "images/s", *rates, "each kernel asked for", note=note)


def learn(name: str, data: ImageSet, recipe: TrainSpec) -> None:
    """A training from new weights, every event listened to."""
    for _ in train(build(PRESETS[name]), data, recipe):
        pass


def plainly(work: Callable[[], None]) -> None:
    """Do it without recording."""
    recorded = RecordedPasses.__call__
    RecordedPasses.__call__ = lambda self, images, labels: self.passes(images, labels)  # type: ignore[method-assign]
    try:
        work()
    finally:
        RecordedPasses.__call__ = recorded  # type: ignore[method-assign]


def against_cpu(title: str, plan: Plan, name: str, work: Callable[..., object]) -> Line:
    """The same on the GPU, and on this machine's processor."""
    on_cpu, _ = load_pretrained(name)
    on_gpu, _ = load_pretrained(name)
    on_gpu.to("cuda")
    mine = repeat(lambda: work(on_gpu), plan.rounds)
    theirs = repeat(lambda: work(on_cpu), 1) * plan.rounds
    return Line(
        "gpu",
        title,
        "ms",
        in_milliseconds(mine),
        in_milliseconds(theirs),
        f"{torch.get_num_threads()} threads",
    )
